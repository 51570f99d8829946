"""Addresses that a library puts together: ``urljoin(BASE, "/v1/charges")``, ``new URL("/v1/charges", BASE).href``."""

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.values import Choice, Const, Member, Result, Seq, Text, Value, names
from tillproof.ir.ops import Kind

_BASE_FIRST = ("urljoin", "urllib.parse.urljoin", "parse.urljoin", "requests.compat.urljoin", "urlparse.urljoin", "url.resolve")
_BASE_LAST = ("URL", "url.URL", "node:url.URL", "globalThis.URL")
_AS_TEXT = ("href", "toString", "toJSON")
_STRINGS = ("String", "str")
_SLASH_JOINS = ("path.posix.join", "path/posix.join", "posixpath.join")
_DEEPEST = 3


def joined(evaluator: Evaluator, value: Value, depth: int = 0) -> Value:
    """An address as its parts tell it, where a library has joined them; any other value as it is."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, Choice):
        return Choice(value.at, tuple(joined(evaluator, o, depth + 1) for o in value.options))
    if isinstance(value, Member) and value.name in _AS_TEXT:
        parts = _parts(evaluator, value.base)
        return parts if parts is not None else value
    if isinstance(value, Result) and value.instr >= 0:
        if isinstance(value.callee, Member) and value.callee.name in _AS_TEXT:
            inner: Value | None = value.callee.base
        else:
            inner = next((v for _, v in evaluator.arguments(value)), None) if set(_STRINGS) & set(names(value.callee)) else value
        parts = _parts(evaluator, inner) if inner is not None else None
        return parts if parts is not None else value
    return value


def _parts(evaluator: Evaluator, value: Value) -> Value | None:
    """The parts of which a call makes an address, in their order."""
    if not isinstance(value, Result) or value.instr < 0:
        return None
    said = {n.replace("()", "") for n in names(value.callee)}
    given = [v for k, v in evaluator.arguments(value) if not k]
    if (strung := _strung(value, given, said)) is not None:
        return strung
    if said & set(_BASE_FIRST) and len(given) > 1:
        base, path = given[:2]
    elif said & set(_BASE_LAST) and given:
        if len(given) == 1:
            return given[0]
        path, base = given[:2]
    else:
        return None
    return Text(value.at, (base, Const(value.at, Kind.STRING, "/"), path))


def _strung(value: Result, given: list[Value], said: set[str]) -> Value | None:
    """The pieces that a join of a list or a concatenation strings together, in their order."""
    method, of = (value.callee.name, value.callee.base) if isinstance(value.callee, Member) else ("", None)
    if method == "concat" and of is not None and not isinstance(of, Seq):
        return Text(value.at, (of, *given))
    if said & set(_SLASH_JOINS):
        return _between(value, Const(value.at, Kind.STRING, "/"), tuple(given))
    if "implode" in said and len(given) > 1:
        of, given = given[1], given[:1]
    elif method == "join" and isinstance(of, (Const, Text)) and given:  # Python joins by the text, JavaScript the list
        of, given = given[0], [of]
    elif method != "join":
        return None
    return _between(value, given[0], of.items) if isinstance(of, Seq) and given else None


def _between(value: Result, separator: Value, items: tuple[Value, ...]) -> Value:
    return Text(value.at, tuple(piece for n, item in enumerate(items) for piece in ((separator, item) if n else (item,))))
