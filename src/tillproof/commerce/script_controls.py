"""What guards the scripts of a page that takes cards: a content security policy, and digests of what is loaded from elsewhere."""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.addresses import in_comment
from tillproof.source.files import SourceFile
from tillproof.source.text import read

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LARGEST = 400_000
_POLICY = re.compile(
    rb"content-security-policy(?:-report-only)?[\"']?\s*[,:=]|content-security-policy\s+[\"']?[\w-]+-src"
    rb"|http-?equiv\s*=\s*[\"'{]*content-security-policy"
    rb"|key[\"']?\s*:\s*[\"']content-security-policy|contentSecurityPolicy\s*[:(=]\s*[{\w]|\bCSP_(?:SCRIPT|DEFAULT)_SRC\s*="
    rb"|\b(?:SECURE_CSP|CONTENT_SECURITY_POLICY)\s*=|\bcontent_security_policy\b\s*[=(]",
    re.IGNORECASE,
)
_REPORT_ONLY = re.compile(rb"content-security-policy-report-only|reportOnly\s*:\s*true", re.IGNORECASE)
_HELMET = re.compile(
    rb"\bhelmet\s*\(\s*\)|\bhelmet\s*\(\s*\{(?![^}]{0,400}contentSecurityPolicy\s*:\s*false)|\bTalisman\(|\bCSPMiddleware\b"
)
_OFF = re.compile(rb"contentSecurityPolicy\s*:\s*false|content_security_policy\s*=\s*None")
# Files that may set a header and hold no code: of servers, hosts and build tools.
_SERVER_FILES = re.compile(
    r"nginx.*\.conf|.*\.nginx|default\.conf|httpd\.conf|\.htaccess|_headers|vercel\.json|netlify\.toml|firebase\.json"
    r"|staticwebapp\.config\.json|web\.config|caddyfile",
    re.IGNORECASE,
)
_SCRIPT = re.compile(rb"<script\b([^>]{0,800}?)>", re.IGNORECASE)
_SRC = re.compile(rb"\bsrc\s*=\s*[\"']?\s*((?:https?:)?//[^\s\"'>]{3,200})", re.IGNORECASE)


class Control(NamedTuple):
    """A line that guards scripts, or fails to. ``note`` says what it is."""

    file: str
    line: int
    note: str


class ScriptControls:
    """Answers for pages; what was read is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def policy(self, page: str) -> Control | None:
        """The content security policy of a page: its own, or one that its unit sends with every page."""
        own = self._in_text(page, self._text(page))
        if own is not None:
            return own
        unit = self.model.program.files[page].unit
        return next((c for u, c in self._policies if u == unit), next((c for u, c in self._policies if u == "."), None))

    @cached_property
    def _policies(self) -> list[tuple[str, Control]]:
        """Policies that code and server files set, with their units."""
        out: list[tuple[str, Control]] = []
        for path, source in self.model.program.sources.items():
            if (b"ecurity" in source or b"CSP_" in source or b"helmet" in source or b"Talisman" in source) and (
                found := self._in_text(path, source)
            ):
                out.append((self.model.program.unit(path), found))
        for path, file in self.model.program.files.items():
            if (
                file.role not in ("test", "docs", "vendored")
                and _SERVER_FILES.fullmatch(PurePosixPath(path).name)
                and file.size <= _LARGEST
            ):
                found = self._in_text(path, self._read(path))
                if found is not None:
                    out.append((file.unit, found))
        return out

    def _in_text(self, path: str, text: bytes) -> Control | None:
        if _OFF.search(text):
            return None
        for match in (*_POLICY.finditer(text), *_HELMET.finditer(text)):
            if not in_comment(text, match.start(), text.rfind(b"\n", 0, match.start()) + 1):
                only = " that only reports" if _REPORT_ONLY.search(text) else ""
                return Control(path, text.count(b"\n", 0, match.start()) + 1, f"a content security policy{only} is set")
        return None

    def loose_scripts(self, page: str) -> Iterator[Control]:
        """Scripts of others that a page loads without a digest, those of payment providers left out: they change without notice and may not
        be pinned."""
        text = self._text(page)
        hosts = [
            h.encode()
            for p in self.model.knowledge.providers.values()
            if p.kind == "payment"
            for h in (*p.hosts, *(s.partition("//")[2].partition("/")[0] for s in p.scripts))
        ]
        for match in _SCRIPT.finditer(text):
            source = _SRC.search(match[1])
            if source and b"integrity" not in match[1] and not any(h in source[1] for h in hosts):
                line = text.count(b"\n", 0, match.start()) + 1
                if not in_comment(text, match.start(), text.rfind(b"\n", 0, match.start()) + 1):
                    host = source[1].split(b"//", 1)[1].split(b"/", 1)[0].decode("utf-8", "replace")
                    yield Control(page, line, f"a script of {host} is loaded beside the form without an integrity digest")

    def _text(self, path: str) -> bytes:
        return self.model.program.sources.get(path) or self._read(path)

    def _read(self, path: str) -> bytes:
        file: SourceFile | None = self.model.program.files.get(path)
        if file is None or file.size > _LARGEST or self.model.root is None:
            return b""
        return read(self.model.root, path)[0] or b""
