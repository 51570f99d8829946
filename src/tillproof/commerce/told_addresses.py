"""Addresses of our own that a payment provider is told when a payment begins: where to send its messages, and the browser."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.operations import STARTS, OperationSite
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Seq, Value, options, pattern
from tillproof.ir.body import Body, entries
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Use = Literal["message", "browser"]

_MESSAGES = re.compile(
    r"(\w+_)?(notif\w*|notify|web_?hooks?|ipn|postback|server_callback|ipn_callback)_?(ur[il]|address|endpoint)|(web_?hook|ipn)"
)
_BROWSER = re.compile(r"(\w+_)?(return|success|redirect|approve|complete|completion|back|accept|finish)_?(to_?)?(ur[il])|surl")
_BROWSER_UNDER = re.compile(r"(back|redirect|return|callback)_?ur[il]s?|callbacks?")
_SUCCESS = re.compile(r"success|return|approved?|accept|finish|return_?ur[il]")
_ORIGIN = re.compile(r"^(?:(?:https?:)?//[^/]*|(?:\{\})+)(?=/|$)")
_HOLE = re.compile(r"\{\}|[{<:\[][^/]*")
_PAGES = re.compile(
    r"(\$?\{[^{}`]*|[\w.]*|\(['\"][\w.]*)(front|client|(?<![a-z])(web|app|spa|ui)_?(ur[il]|host|origin|base))[\w.]*"
    r"(['\"]\s*\))?\s*(\}|\+|\.\s*['\"])",
    re.IGNORECASE,
)
_KEYED = re.compile(rb"(return|success|redirect|back|notify|notification|ipn|web_?hook|callback|response)_?ur[il]", re.IGNORECASE)
_TOLD_WITH = ("error", "errors", "message")
_WENT = ("success", "ok", "status", "result")
_DEEPEST = 5
_MOST = 60


class Told(NamedTuple):
    """An address that a provider is told: its path, by segments, with ``{}`` for what is not known of one."""

    provider: str
    use: Use
    path: tuple[str, ...]


class ToldAddresses:
    """Found once; asked by route."""

    def __init__(self, model: "Model") -> None:
        found = (told for site in model.operations.sites if site.operation.op in STARTS for told in _told(model, site))
        self.all = list(dict.fromkeys((*found, *_put_together(model))))

    def of(self, entry: Entry) -> list[Told]:
        """What is told of the address of an entry point."""
        route = tuple(s for s in (entry.route or "").strip("/").split("/") if s)
        return [told for told in self.all if route and _is_same(told.path, route)]

    def to(self, entry: Entry, use: Use) -> frozenset[str]:
        """The providers that are told the address of an entry point for a use."""
        return frozenset(told.provider for told in self.of(entry) if told.use == use)

    def leads_nowhere(self, provider: str, entries: Iterable[Entry]) -> str | None:
        """The address that a provider is told for its messages, where it is one of our own that no route takes, though those beside it are
        known: ``/payments/ipn`` beside ``/payments/success/{id}``."""
        told = [t for t in self.all if t.provider == provider and t.use == "message"]
        asked = [e.route for e in entries if e.methods != ("NONE",)]
        if None in asked:  # its path is not known
            return None
        routes = [tuple(s for s in route.strip("/").split("/") if s) for route in asked if route]
        lost = all(_stands_beside(t.path, routes) and not any(_takes(route, t.path) for route in routes) for t in told)
        return "/" + "/".join(told[0].path) if told and lost else None


def is_for_messages(key: str) -> bool:
    """Whether a name says that an address is where messages go: ``notify_url``."""
    return _MESSAGES.fullmatch(snake(key)) is not None


def _told(model: "Model", site: OperationSite) -> Iterator[Told]:
    body = model.program.body(site.fn)
    for key, row in body.call(site.instr)[1]:
        for use, value in _addresses(model, key, model.evaluator.value(site.fn, row, site.ctx), "", 0):
            if (path := _path(model, value)) is not None:
                yield Told(site.provider.id, use, path)


def _put_together(model: "Model") -> Iterator[Told]:
    """The addresses in what a page of the provider is sent with, which no call of it is: ``data["vnp_ReturnUrl"] = RETURN_URL``."""
    program = model.program
    paying = [p for p in model.knowledge.providers.values() if p.kind == "payment" and any(i.kind == "redirect-return" for i in p.inbound)]
    for file in sorted(model.operations.telling_files):
        mine = [p for p in paying if model.recogniser.mentions(p, file)] if _KEYED.search(program.sources[file]) else []
        for fn in program.all_functions(file) if mine else ():
            body = program.body(fn)
            for key, row in (entry for i in range(len(body.op)) if not _answers_page(body, i) for entry in entries(body, i)):
                use = _use(snake(key), "")
                if use is not None and row >= 0 and (path := _path(model, model.evaluator.value(fn, row))) is not None:
                    yield from (Told(p.id, use, path) for p in mine)


def _answers_page(body: Body, i: int) -> bool:
    """Whether a record says beside an address how it went: what our own page is answered, ``{'success': False, 'redirect_url': …}``."""
    for key, row in entries(body, i) if body.op[i] == Op.RECORD else ():
        const = body.const(row)
        if snake(key) in _TOLD_WITH or (key in _WENT and const is not None and const[0] == Kind.BOOL):
            return True
    return False


def _use(name: str, under: str) -> Use | None:
    """What an address is for, as the key says under which it is told, and the one ``under`` which that stands."""
    if _MESSAGES.fullmatch(name):
        return "message"
    return "browser" if _BROWSER.fullmatch(name) or (_BROWSER_UNDER.fullmatch(under) and _SUCCESS.fullmatch(name)) else None


def _addresses(model: "Model", key: str, value: Value, under: str, depth: int) -> Iterator[tuple[Use, Value]]:
    """What is told under a key that says what the address is for, however deep in a record."""
    name = snake(key)
    if (use := _use(name, under)) is not None:
        yield use, value
    if depth > _DEEPEST or isinstance(value, Const):
        return
    for option in options(value):
        if isinstance(option, Seq):
            for item in option.items[:1]:
                yield from _addresses(model, "", item, name, depth + 1)
    got = shape(model.evaluator, value)
    for inner, entry in list({**got.may, **got.must}.items())[:_MOST]:
        yield from _addresses(model, inner, entry, name, depth + 1)


def _path(model: "Model", value: Value) -> tuple[str, ...] | None:
    """The path of an address, without host and query; None where nothing of it is known."""
    for option in options(value):
        if _of_pages(model, option):
            continue
        text = pattern(option).strip("'\"`") if not isinstance(option, Const) or option.kind == Kind.STRING else ""
        origin = _ORIGIN.match(text)
        path = text[origin.end() :] if origin is not None else text if text.startswith("/") else ""
        segments = tuple(s for s in re.split(r"[?#]", path)[0].strip("/").split("/") if s)
        if any(s != "{}" for s in segments):
            return segments
    return None


def _is_same(told: tuple[str, ...], route: tuple[str, ...]) -> bool:
    """Whether an address leads to a route: segment by segment from their ends, since either may leave out what a proxy or router adds.
    One word alone says too little."""
    least = min(len(told), len(route))
    if least == 0 or (least == 1 and len(told) != len(route)):
        return False
    pairs = list(zip(reversed(told), reversed(route), strict=False))
    written = [t.lower() == r.lower() for t, r in pairs if not (_HOLE.fullmatch(t) and _HOLE.fullmatch(r))]
    return bool(written) and all(written)


def _stands_beside(told: tuple[str, ...], routes: list[tuple[str, ...]]) -> bool:
    """Whether the folder of an address, all but its last word, is written out and is that of a route."""
    folder = tuple(t.lower() for t in told[:-1])
    written = bool(folder) and not any(_HOLE.fullmatch(t) for t in told)
    return written and any(tuple(r.lower() for r in route[: len(folder)]) == folder and len(route) > len(folder) for route in routes)


def _takes(route: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether a route may take an address: word by word from their ends, a parameter any word, and one for the rest all of it."""
    if any("*" in r or "+" in r or "..." in r for r in route):
        return True
    least = min(len(route), len(path))
    pairs = zip(reversed(route[-least:]), reversed(path), strict=False)
    return least > 0 and all(_HOLE.fullmatch(r) or r.lower() == p.lower() for r, p in pairs)


def _of_pages(model: "Model", value: Value) -> bool:
    """Whether an address is that of the pages beside the server: it is put together with what is called ``FRONTEND_URL``."""
    return _PAGES.search(model.program.line_text(value.at[0], value.at[1])) is not None
