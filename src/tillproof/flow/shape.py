"""Which keys a value certainly, possibly or perhaps has: through spreads, merges, later writes and options objects."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tillproof.flow.asked import reads
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.set_on import is_made, made_in_chain, set_on
from tillproof.flow.values import (
    Choice,
    Const,
    External,
    FunctionV,
    Instance,
    Member,
    Missing,
    Mix,
    Overlay,
    Record,
    Result,
    Seq,
    Text,
    Value,
    choice,
    names,
    pattern,
)  # fmt: skip
from tillproof.ir.ops import Op

_MERGES = {
    "array_merge", "array_replace", "object.assign", "dict", "wp_parse_args", "array_filter", "lodash.merge", "collections.chainmap",
    "array_merge_recursive",
}  # fmt: skip
_SAME = {
    "json.stringify", "json_encode", "wp_json_encode", "http_build_query", "urlsearchparams", "json.dumps", "urllib.parse.urlencode",
    "urllib.urlencode", "django.utils.http.urlencode",
    "querystring.stringify", "qs.stringify", "copy.copy", "copy.deepcopy", "structuredclone", "headers", "object.fromentries",
    "object.freeze", "types.simplenamespace",
}  # fmt: skip
_CARRIERS = ("header", "option", "config")
# Records inside a request in which a key may stand; in any other (metadata, line items) it is data of ours.
_HOLDERS = (*_CARRIERS, "body", "json", "data", "form", "payload", "params", "common")
_NOT_HOLDERS = ("metadata", "meta_data", "custom")
_CLASS = re.compile(r"(^|\.)[A-Z]\w*[a-z]\w*$")
_HEADER_LINE = re.compile(r"([A-Za-z][\w-]+): ?")
_FILTERS = {"apply_filters"}


def gathers(value: Value) -> bool:
    """Whether a value is what a call makes of the records that it is given: merged, written out, copied."""
    called = value.callee.name.lower() if isinstance(value, Result) and isinstance(value.callee, External) else ""
    return called in _SAME or called in _MERGES


_FILLED = ("Headers", "URLSearchParams", "FormData")
"""Objects of the web that are filled by calls."""
_PUTS = ("set", "append")


@dataclass(slots=True)
class Shape:
    """``must``: keys on every path. ``may``: keys on some. ``open``: values whose keys are not known and that may add any."""

    must: dict[str, Value] = field(default_factory=dict)
    may: dict[str, Value] = field(default_factory=dict)
    open: list[Value] = field(default_factory=list)


def shape(evaluator: Evaluator, value: Value, depth: int = 0) -> Shape:
    """The shape of a value that is used as a record."""
    out = Shape()
    if depth > 8:
        out.open.append(value)
        return out
    rule = next((rule for kind, rule in _RULES if isinstance(value, kind)), None)
    if rule is not None:
        rule(evaluator, out, value, depth)
    elif not isinstance(value, (Missing, Const, Text, FunctionV)):
        out.open.append(value)
    return out


def _of_record(evaluator: Evaluator, out: Shape, value: Record, depth: int) -> None:
    for key, entry in value.entries:
        if key is None:
            _add(out, shape(evaluator, entry, depth + 1))
        elif key == "?":
            out.open.append(entry)
        else:
            out.must[key] = entry


def _of_overlay(evaluator: Evaluator, out: Shape, value: Overlay, depth: int) -> None:
    _add(out, shape(evaluator, value.base, depth + 1))
    for key, written, certain in value.writes:
        if key in (None, "[]") and (header := _HEADER_LINE.match(pattern(written))):
            (out.must if certain else out.may)[header[1]] = written
        elif key in ("**", "[]"):
            below = shape(evaluator, written, depth + 1)
            _add(out, below if certain else Shape({}, {**below.must, **below.may}, below.open))
        elif key is not None:
            (out.must if certain else out.may)[key] = written


def _of_choice(evaluator: Evaluator, out: Shape, value: Choice, depth: int) -> None:
    _either(out, [shape(evaluator, o, depth + 1) for o in value.options])


def _of_sequence(evaluator: Evaluator, out: Shape, value: Seq, depth: int) -> None:
    for item in value.items:
        if isinstance(item, (Record, Overlay)):
            out.may.update(shape(evaluator, item, depth + 1).must)
        elif header := _HEADER_LINE.match(pattern(item)):
            out.must[header[1]] = item  # cURL takes headers as lines


def _of_instance(evaluator: Evaluator, out: Shape, value: Instance, depth: int) -> None:
    """The arguments with which an object was made; an object that came from elsewhere may hold anything."""
    if not value.made:
        out.open.append(value)
        return
    fn, i, ctx = value.made
    _of_arguments(evaluator, out, [(k, evaluator.value(fn, a, ctx)) for k, a in evaluator.program.body(fn).call(i)[1]], depth)


def _of_arguments(evaluator: Evaluator, out: Shape, arguments: list[tuple[str, Value]], depth: int) -> None:
    for key, given in arguments:
        if key and key not in ("*", "**"):
            out.must[key] = given
        else:
            _add(out, shape(evaluator, given, depth + 1))


def _of_result(evaluator: Evaluator, out: Shape, value: Result, depth: int) -> None:
    if value.instr < 0:
        out.open.append(value)
        return
    words = {n.replace("()", "").lower() for n in names(value.callee)}
    arguments = evaluator.arguments(value)
    if isinstance(value.callee, External) and value.new and value.callee.name in _FILLED:
        for _, given in arguments:
            _add(out, shape(evaluator, given, depth + 1))
        for key, entry, certain in _filled_in(evaluator, value):
            (out.must if certain else out.may)[key] = entry
    elif words & _MERGES:
        _of_arguments(evaluator, out, arguments, depth)
    elif words & _SAME and arguments:
        _add(out, shape(evaluator, arguments[0][1], depth + 1))
    elif words & _FILTERS and len(arguments) > 1:
        _add(out, shape(evaluator, arguments[1][1], depth + 1))
    elif isinstance(value.callee, Member) and value.callee.name in ("copy", "toArray", "to_dict", "dict", "model_dump"):
        _add(out, shape(evaluator, value.callee.base, depth + 1))
    elif is_made(value) and len(arguments) == 1 and isinstance(arguments[0][1], (Record, Overlay)):
        _add(out, shape(evaluator, arguments[0][1], depth + 1))
    elif isinstance(value.callee, External) and _CLASS.search(value.callee.name) and any(key.isidentifier() for key, _ in arguments):
        _of_arguments(evaluator, out, [(k, v) for k, v in arguments if k.isidentifier()], depth)  # `CreateOrderRequest(order_id=…)`
    elif (made := made_in_chain(value)) is not None and (sets := list(set_on(evaluator, made))):
        for key, entry, certain in sets:
            (out.must if certain else out.may)[key] = entry
    else:
        out.open.append(value)


def _filled_in(evaluator: Evaluator, made: Result) -> Iterator[tuple[str, Value, bool]]:
    """What is put into such an object in the function that makes it, and whether it is on the same way: ``headers.set('x-key', key)``."""
    body, defuse = evaluator.program.body(made.fn), evaluator.defuse(made.fn)
    for store in defuse.uses(made.instr):
        for read in reads(body, defuse, store) if body.op[store] == Op.STORE else ():
            for member in defuse.uses(read):
                calls = defuse.uses(member) if body.op[member] == Op.FIELD and body.name(member) in _PUTS else ()
                for call in (c for c in calls if body.op[c] == Op.CALL and body.args(c)[0] == member):
                    given = body.call(call)[1]
                    const = body.const(given[0][1]) if len(given) > 1 else None
                    if const is not None:
                        same = defuse.block_of[call] == defuse.block_of[made.instr]
                        yield const[1], evaluator.value(made.fn, given[1][1], made.ctx), same


def _of_mix(evaluator: Evaluator, out: Shape, value: Mix, depth: int) -> None:
    """Two records merged by an operator: ``defaults | given``; PHP's ``$given + $defaults``, where the first one has its way."""
    if value.op not in ("|", "+"):
        out.open.append(value)
        return
    for part in value.operands if value.op == "|" else reversed(value.operands):
        _add(out, shape(evaluator, part, depth + 1))


def _add(out: Shape, more: Shape) -> None:
    """Keys of ``more`` come later and win."""
    out.must.update(more.must)
    for key, value in more.may.items():
        if key not in out.must:
            out.may[key] = value
    out.open += more.open


def _either(out: Shape, shapes: list[Shape]) -> None:
    """A key that several alternatives have is one of their values."""
    if not shapes:
        return
    common = set(shapes[0].must).intersection(*(s.must for s in shapes[1:]))
    found: dict[str, list[Value]] = {}
    for one in shapes:
        for key, value in {**one.may, **one.must}.items():
            found.setdefault(key, []).append(value)
        out.open += one.open
    for key, values in found.items():
        (out.must if key in common else out.may)[key] = values[0] if len(values) == 1 else choice(values[0].at, values)


_RULES: "tuple[tuple[type[Value], Callable[[Evaluator, Shape, Any, int], None]], ...]" = (
    (Record, _of_record),
    (Overlay, _of_overlay),
    (Choice, _of_choice),
    (Seq, _of_sequence),
    (Result, _of_result),
    (Instance, _of_instance),
    (Mix, _of_mix),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A key that was looked for: its value, and whether it is there on every path."""

    value: Value
    certain: bool
    key: str


def find_key(evaluator: Evaluator, value: Value, wanted: set[str], depth: int = 0) -> tuple[Found | None, list[Value]]:
    """Look for one of ``wanted`` (lower case) in a record and the records in it; and the values that could hide it."""
    if depth > 3:
        return None, []
    got = shape(evaluator, value, 0)
    for keys, certain in ((got.must, True), (got.may, False)):
        for key, entry in keys.items():
            if key.lower() in wanted and not _empty(entry):
                return Found(entry, certain and not _maybe_empty(entry), key), []
    maybe, hidden = _find_below(evaluator, got, wanted, depth)
    if maybe:
        return maybe, []
    return None, [*got.open, *hidden]


def _find_below(evaluator: Evaluator, got: Shape, wanted: set[str], depth: int) -> tuple[Found | None, list[Value]]:
    """Look in the records that a record holds."""
    hidden: list[Value] = []
    maybe: Found | None = None
    for keys, certain in ((got.must, True), (got.may, False)):
        for name, entry in keys.items():
            if not _may_hold(name):
                continue
            if isinstance(entry, (Record, Overlay, Choice, Instance, Seq)) or (isinstance(entry, Result) and entry.instr >= 0):
                found, more = find_key(evaluator, entry, wanted, depth + 1)
                if found:
                    if found.certain and certain:
                        return found, []
                    maybe = Found(found.value, False, found.key)
                if any(w in name.lower() for w in _CARRIERS):
                    hidden += more
            elif any(w in name.lower() for w in _CARRIERS) and not isinstance(entry, Const):
                hidden.append(entry)
    return maybe, hidden


def _may_hold(name: str) -> bool:
    word = name.lower()
    return any(w in word for w in _HOLDERS) and not any(w in word for w in _NOT_HOLDERS)


def _empty(value: Value) -> bool:
    return isinstance(value, Missing) or (isinstance(value, Const) and value.falsy)


def _maybe_empty(value: Value) -> bool:
    return isinstance(value, Choice) and any(_empty(o) for o in value.options)
