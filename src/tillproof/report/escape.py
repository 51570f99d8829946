"""Text out of the code under review, made harmless for the place where it is shown.

File names, routes and snippets were written by strangers. In a terminal they must not move the cursor or reorder a line;
in Markdown and Mermaid they must not become markup. The terminal format needs no escaping of markup beyond ``line``: it
builds ``rich.text.Text``, never rich markup.
"""

import re
import unicodedata

_TAB = 4
_CODE_SPAN = re.compile(r"`([^`]+)`")
_INLINE = re.compile(r"[\\`*\[\]~$]|(?<![^\W_])_|_(?![^\W_])")
_LINE_START = re.compile(r"^(#{1,6}|[-+=]+|\d+[.)])(?=\s|$)")
_MERMAID_PLAIN = re.compile(r"[^\w .,:/()+@-]", re.ASCII)


def line(text: str) -> str:
    """One line: white space becomes one space, what cannot be seen is written out as an escape."""
    return _visible(" ".join(text.split()))


def code_lines(text: str) -> list[str]:
    """The lines of a snippet without their common indentation, tabs widened, what cannot be seen written out."""
    lines = [each.expandtabs(_TAB).rstrip() for each in text.replace("\r\n", "\n").rstrip().split("\n")]
    margin = min((len(each) - len(each.lstrip()) for each in lines if each), default=0)
    return [_visible(each[margin:]) for each in lines]


def visible_code(line: str) -> str:
    """A line of code with its indentation, tabs widened, what cannot be seen written out."""
    return _visible(line.expandtabs(_TAB).rstrip())


def _visible(text: str) -> str:
    """Without control, bidirectional, zero-width and tag characters, which can make code read as what it is not, and lone surrogates."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _written_out(ord(each)) for each in text)


def _written_out(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def prose(text: str) -> str:
    """Markdown for a sentence of ours that may quote code. Only `code` in backticks stays markup."""
    return _prose(text, table=False)


def cell(text: str) -> str:
    """``prose`` for a table cell."""
    return _prose(text, table=True)


def _prose(text: str, table: bool) -> str:
    parts = _CODE_SPAN.split(line(text))
    shown = [_span(part, table) if index % 2 else _plain(part) for index, part in enumerate(parts)]
    return _LINE_START.sub(r"\\\1", "".join(shown))


def _plain(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "&#124;")
    return _INLINE.sub(lambda match: "\\" + match.group(), text)


def code(text: str) -> str:
    """Markdown code span of any text: a path, a name."""
    return _span(line(text), table=False)


def code_cell(text: str) -> str:
    """``code`` for a table cell."""
    return _span(line(text), table=True)


def _span(text: str, table: bool) -> str:
    if not text:
        return ""
    if table and "|" in text:
        # Parsers of tables disagree on backslashes before a bar, so no bar is written at all.
        return f"<code>{_plain(text)}</code>"
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(text: str, language: str) -> list[str]:
    """A fenced block; the fence is longer than any run of backticks inside."""
    lines = code_lines(text)
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return [fence + language, *lines, fence]


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def mermaid(text: str) -> str:
    """The inside of a quoted Mermaid label: all but plain characters become numeric entities."""
    return _MERMAID_PLAIN.sub(lambda match: f"#{ord(match.group())};", unicodedata.normalize("NFC", line(text)))
