"""Credentials that stand in what we send: headers of authorization, user name and password of a request, keys in an address; and those of
systems that no pack knows, which are known by where the file sends them."""

import base64
import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.credentials import Credential
from tillproof.commerce.hosts import is_example, is_local
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stand_ins import is_random
from tillproof.commerce.written_parts import Written
from tillproof.knowledge.schema import Provider
from tillproof.source.files import SourceFile

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# A whole header of authorization, written out: the credential stands behind the scheme, that of Basic in Base64.
_BY_SCHEME = re.compile(rb"[\"'`](?P<scheme>Basic|Bearer) (?P<text>[A-Za-z0-9+/=._-]{16,600})[\"'`]", re.IGNORECASE)
_BY_NAME = re.compile(
    rb"authorization[\"'\]]{0,2}\s*(?:=>|:|,|=)\s*[\"'`]?\s*(?:(?P<scheme>[A-Za-z][\w-]{1,15})\s+)?(?P<text>[A-Za-z0-9+/=._-]{16,600})[\"'`]",
    re.IGNORECASE,
)
_HEADER = rb"[aA]uthorization[\"'\]]{0,2}\s*(?:=>|:|,|=)"
_IN_ADDRESS = re.compile(
    rb"https?://(?P<host>[\w.-]+)[^\n<>]{0,300}?[?&](?P<name>\w*(?:key|token|secret|passw?o?r?d?)|auth(?:orization)?)=(?P<text>[A-Za-z0-9_-]{16,200})(?![\w-])",
    re.IGNORECASE,
)
# The address of one picture or document, with what opens it and nothing else: whoever is shown it has it.
_OF_A_FILE = re.compile(rb"\.(?:png|jpe?g|gif|webp|avif|svg|ico|bmp|mp[34]|webm|mov|pdf|woff2?|ttf)\?|[?&]alt=media\b", re.IGNORECASE)
_HOST = re.compile(rb"https?://([\w-]+(?:\.[\w-]+)+)")
# The key of one order of WooCommerce, by which a guest sees it.
_OF_AN_ORDER = "wc_order_"
# Addresses that nobody sends anything to: names of schemas, documentation, licences.
_NOBODY = re.compile(
    r"(?:^|\.)(?:w3\.org|schema\.org|github\.com|opensource\.org|mozilla\.org|stackoverflow\.com|php\.net|npmjs\.com)$|^docs?\.|^developers?\."
)
_SENDS = re.compile(
    rb"\b(?:fetch|axios(?:\.\w+)?|got|request|urlopen|curl_init|curl_setopt|curl_setopt_array|wp_(?:safe_)?remote_\w+|file_get_contents"
    rb"|SoapClient|needle|superagent)\s*\(|\brequests\.\w+\(|\bhttpx\.|\bGuzzleHttp\b|\bHttp::|HttpClient|UrlFetchApp"
)
# A system that takes money says so in its host, whoever sends what there.
_TAKES_MONEY = re.compile(r"(?:^|[.-])(?:api|secure|pay\w*|\w*pay|payments?|checkout|gateway|ipg)[.-]")
# What a system gives out to those who call it by its API. A bare ``token`` or ``secret`` may be anything of our own.
_OF_AN_API = re.compile(
    r"(?:\w+_)?(?:(?:api|access|app|client|consumer|service|account|private|secret|merchant|transaction)_?(?:key|token|secret)"
    r"|(?:auth|bearer)_?token|(?:auth|signature|signing|hash|integrity|checksum|security)_?key)"
    r"(?:_\w+)?"
)
_LONG = 20


class SentCredentials:
    """Reads one analysed file. ``only``: the one system of commerce that it speaks of."""

    def __init__(self, model: "Model", file: SourceFile, spoken_of: tuple[str, ...], only: Provider | None) -> None:
        self._model, self._file, self._spoken_of, self._only = model, file, spoken_of, only
        self._source = model.program.sources[file.path]

    def written(self) -> Iterator[Written]:
        """The credentials in headers and addresses that the file writes out."""
        lower = self._source.lower()
        taken: set[int] = set()
        for form in (_BY_SCHEME, _BY_NAME):
            for match in form.finditer(self._source) if b"basic " in lower or b"bearer " in lower or b"authorization" in lower else ():
                if match.start("text") not in taken:
                    taken.add(match.start("text"))
                    yield from self._in_header(match)
        for match in _IN_ADDRESS.finditer(self._source) if b"://" in lower else ():
            text, host = match["text"].decode(), match["host"].decode()
            if _OF_A_FILE.search(match[0]) or text.startswith(_OF_AN_ORDER):
                continue
            if is_random(text) and self._is_foreign(host) and not self._is_public(match["name"].decode()):
                owner = self._owner(host)
                credential = Credential("secret", "unknown", owner, f"key for {owner.name if owner else host}", text, sent=True)
                yield self._at(match.start("text"), credential, match["name"].decode())

    def named(self, names: tuple[str, ...], text: str, at: int) -> Credential | None:
        """The credential of a system that no pack knows, by the name that it stands under on line ``at``, where the file sends requests to
        somebody outside."""
        own = snake(names[0])
        if len(text) < _LONG or not is_random(text) or self._is_public(own):
            return None
        if not _OF_AN_API.fullmatch(own) and not self._is_put_in_header(names[0]):
            return None
        if not self._hosts or self._model.browser.runs(self._file.path):
            return None
        host = self._nearest(self._offset(at))
        if not _SENDS.search(self._source) and not _TAKES_MONEY.search(host):
            return None
        return Credential("secret", "unknown", self._owner(host), f"{own.replace('_', ' ')} for {host}", text)

    def _is_put_in_header(self, name: str) -> bool:
        """Whether a variable stands in a header of authorization, with its scheme or without: ``{"Authorization": f"Bearer {token}"}``."""
        variable = rb"[^\n,;]{0,40}?(?<![\w.])[$]?" + re.escape(name.lstrip("$").encode()) + rb"(?![\w(\[.])"
        return re.search(_HEADER + variable, self._source) is not None

    def _in_header(self, match: re.Match[bytes]) -> Iterator[Written]:
        text = match["text"].decode()
        parts = [text, *_decoded(text)] if (match["scheme"] or b"").lower() == b"basic" else [text]
        makes, by_make = self._model.credentials.makes, self._model.credentials.by_make
        made = next((m for part in parts if (m := makes.of(part, self._spoken_of))), None)
        if made is not None:
            yield self._at(match.start("text"), by_make(made, self._only)._replace(secret=text), "authorization")
        elif any(is_random(part) for part in parts[-2:]):
            host = self._nearest(match.start()) if self._hosts else ""
            owner = self._only or self._owner(host)
            if owner is not None or (host and _SENDS.search(self._source) and not self._model.browser.runs(self._file.path)):
                name = f"{owner.name} credential" if owner else f"credential for {host}"
                yield self._at(match.start("text"), Credential("secret", "unknown", owner, name, text), "authorization")

    def _at(self, offset: int, credential: Credential, name: str) -> Written:
        line = self._source.count(b"\n", 0, offset) + 1
        return Written(self._file, line, credential, (name,), (self._file.path, line))

    # --- to whom

    @cached_property
    def _hosts(self) -> list[tuple[int, str]]:
        """The hosts outside whose addresses stand in the file, with their places."""
        found = ((m.start(), m[1].decode()) for m in _HOST.finditer(self._source))
        return [(at, host) for at, host in found if self._is_foreign(host)]

    def _nearest(self, offset: int) -> str:
        """The host whose address stands nearest, behind a place first: a key is set before it is sent."""
        after = bisect_left(self._hosts, (offset, ""))
        return self._hosts[min(after, len(self._hosts) - 1)][1]

    def _offset(self, line: int) -> int:
        at = 0
        for _ in range(line - 1):
            at = self._source.find(b"\n", at) + 1
        return at

    @staticmethod
    def _is_foreign(host: str) -> bool:
        return not (is_local(host) or is_example(host) or _NOBODY.search(host))

    def _owner(self, host: str) -> Provider | None:
        every = self._model.knowledge.providers.values()
        return next((p for p in every if any(host == h or host.endswith("." + h) for h in (*p.hosts, *p.sandbox_hosts))), None)

    def _is_public(self, name: str) -> bool:
        return self._model.words.has("public_fields", snake(name))


def _decoded(text: str) -> list[str]:
    """User name and password in a header of Basic authorization; empty where it holds none."""
    try:
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return []
    user, colon, password = plain.partition(":")
    return [part for part in (user, password) if part] if colon and plain.isprintable() else []
