"""States of which each is a row of its own, put in beside those before it, so that the last one counts:
``$order->statuses()->create(['status' => 'failed'])``, ``OrderStatus.objects.create(order=order, status="shipped")``."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity, same
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Member, Result, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_STATES = re.compile(r"((?P<owner>\w+)_)?(status|state|status_?(history|log|change|update|event|entry))")


def as_change(model: "Model", touch: Touch, others: list[Touch]) -> Touch | None:
    """A state that is put in, as the change of the record whose state it is; None where that record keeps its state itself, and the row
    is a journal beside it. ``others``: what the same entry point does to records."""
    if touch.kind != "create" or not any(model.words.has("status_fields", name) for name in touch.fields):
        return None
    told = _STATES.fullmatch(touch.entity)
    found = next(_owners(model, touch, told["owner"] or ""), None) if told is not None else None
    if found is None or _keeps_state(model, touch, found[0], others):
        return None
    keys = {name: value for name, value in touch.keys.items() if not model.words.says_state(name)}
    return replace(touch, kind="write", entity=found[0], record=found[1], keys=keys, compared=frozenset(keys))


def _owners(model: "Model", touch: Touch, named: str) -> Iterator[tuple[str, Value | None]]:
    """What the row hangs on, by its kind and the object: that whose relation is asked to make it, or that which the row is given."""
    body = model.program.body(touch.fn)
    made = body.args(touch.instr)[0] if body.op[touch.instr] == Op.CALL else -1
    asked = body.args(made)[0] if made >= 0 and body.op[made] == Op.FIELD else -1
    while asked >= 0 and body.op[asked] in (Op.CALL, Op.FIELD):
        asked = body.args(asked)[0]
        if asked >= 0 and body.op[asked] != Op.FIELD:
            kind = model.records.holder(touch.fn, asked, touch.ctx)[0]
            if model.words.entity(kind) and not _STATES.fullmatch(kind):
                yield kind, model.evaluator.value(touch.fn, asked, touch.ctx)
    for name, value in touch.fields.items():
        kind = entity(re.sub(r"_?[iI]d$", "", name))
        if model.words.entity(kind) and (not named or same(named, kind)) and not _STATES.fullmatch(kind):
            yield kind, _row(value)


def _row(value: Value | None) -> Value | None:
    """The record itself, where its id is given."""
    found = options(value) if value is not None else ()
    if len(found) == 1 and isinstance(found[0], Member) and found[0].name in ("id", "pk", "_id", "uuid"):
        return found[0].base
    return value if len(found) == 1 and isinstance(found[0], (Result, Member)) else None


def _keeps_state(model: "Model", touch: Touch, owner: str, others: list[Touch]) -> bool:
    """Whether a record has a state of its own beside the rows: its table has a column for it, or it is written in the same run."""
    table = model.schema.table(owner, touch.fn.file)
    columns = (*table.columns, *(c.attribute for c in table.columns.values())) if table is not None else ()
    if any(model.words.has("status_fields", name) for name in columns if name):
        return True
    return any(t.writes and same(t.entity, owner) and any(model.words.has("status_fields", n) for n in t.fields) for t in others)
