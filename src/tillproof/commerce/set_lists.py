"""The columns of an UPDATE whose list is put together from the keys of a record: ``Object.keys(fields).map((k) => `${k} = ?`)``."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.flow.copied import gone_through
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Element, Mix, Overlay, Record, Result, Seq, Value, options, pieces
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.chains import Link
    from tillproof.commerce.model import Model

_KEYS_OF = ("Object.keys", "Object.entries", "array_keys")
_OWN_KEYS = ("keys", "items")
_PIECES = 40
_MOST_KEYS = 30


def set_by_keys(model: "Model", link: "Link", holes: Iterable[Value], bound: Sequence[Value]) -> dict[str, Value]:
    """What is set, by column, where one record is gone through for the list, or is itself given for it (``SET ?``); else nothing.

    ``holes``: what stands in the statement and is not written out there; ``bound``: the values that are sent beside it.
    """
    parts = list(pieces(list(holes), _PIECES, model.evaluator.made_of))
    if not parts:
        sent = [item for o in options(bound[0]) for item in (o.items[:1] if isinstance(o, Seq) else (o,))] if bound else []
        return next((sets for value in sent if (sets := _fields(model, value))), {})
    rows = {id(r): r for piece in parts if (r := gone_through(model.evaluator, piece)) is not None}
    direct = [sets for r in rows.values() if (sets := _fields(model, r))]
    if len(direct) == 1:
        return direct[0]
    places = {(link.fn, link.ctx)} | {(p.fn, p.ctx) for p in parts if isinstance(p, (Result, Mix))}
    found: dict[tuple[str, ...], dict[str, Value]] = {}
    for fn, ctx in places:
        for row in _gone_through(model, fn):
            if sets := _fields(model, model.evaluator.value(fn, row, ctx)):
                found.setdefault(tuple(sorted(sets)), sets)
    return next(iter(found.values())) if len(found) == 1 else {}


def _gone_through(model: "Model", fn: Fn) -> Iterator[int]:
    """The values whose keys a function goes through."""
    body = model.program.body(fn)
    of_keys = model.program.language(fn.file) == "python"  # who goes through a dictionary goes through its keys
    for i, op in enumerate(body.op):
        if op == Op.KEY or (op == Op.ELEMENT and of_keys):
            yield body.args(i)[0]
        elif op == Op.CALL:
            callee, arguments = body.call(i)
            if body.op[callee] == Op.FIELD and body.name(callee) in _OWN_KEYS and not arguments:
                yield body.args(callee)[0]
            elif arguments and written(model.program, fn, callee) in _KEYS_OF:
                yield arguments[0][1]


def _fields(model: "Model", value: Value) -> dict[str, Value]:
    """The fields of a record that is written out somewhere; of one that is copied key by key from another, those of the other."""
    if not any(isinstance(o, (Record, Overlay)) for o in options(value)):
        return {}
    got = shape(model.evaluator, value)
    held = {**got.may, **got.must}
    if not held:
        copied = (e.base for e in pieces([value], _PIECES, model.evaluator.made_of) if isinstance(e, Element))
        held = next((found for base in copied if (found := _fields_of_entries(model, base))), {})
    return held if len(held) <= _MOST_KEYS else {}


def _fields_of_entries(model: "Model", entries: Value) -> dict[str, Value]:
    for option in options(entries):
        if isinstance(option, Result) and option.instr >= 0 and _gives_keys(model, option):
            for _, given in model.evaluator.arguments(option):
                return _fields(model, given)
    return {}


def _gives_keys(model: "Model", called: Result) -> bool:
    return written(model.program, called.fn, model.program.body(called.fn).args(called.instr)[0]) in _KEYS_OF
