"""Text out of the code under review on its way into HTML. Whatever is not ``Markup`` made here is escaped by the template engine."""

import re

from markupsafe import Markup, escape

from tillproof.report import escape as harmless

_CODE_SPAN = re.compile(r"`([^`]+)`")
_WEB = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[\w./~%+@:?&=#,;!*-]*)?", re.ASCII)
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]")


def plain(value: object) -> object:
    """What every expression of a template goes through: one line, and nothing in it that moves or hides other text."""
    return harmless.line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def prose(text: str) -> Markup:
    """A sentence of ours that may quote code in backticks."""
    parts = _CODE_SPAN.split(harmless.line(text))
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts))


def path(text: str) -> Markup:
    """A path that may break after its slashes, and nowhere else."""
    return Markup("/<wbr>").join(harmless.line(text).split("/"))


def shell(text: str) -> Markup:
    """Lines of shell as they stand."""
    return Markup("\n").join(escape(line) for line in harmless.code_lines(text))


def address(text: str) -> str | None:
    """A reference that may become a link; None for one that stays text."""
    shown = harmless.line(text)
    return shown if _WEB.fullmatch(shown) else None


def anchor(kind: str, name: str) -> str:
    """An id for an element."""
    return f"{kind}-{_NOT_IN_ID.sub('-', name)[:64]}"


def shortened(text: str, letters: int) -> str:
    """The end of a long name, which tells more than its beginning."""
    shown = harmless.line(text)
    if len(shown) <= letters:
        return shown
    parts = shown.split("/")
    whole = next((tail for n in range(1, len(parts)) if len(tail := "…/" + "/".join(parts[n:])) <= letters), None)
    return whole or "…" + shown[1 - letters :]
