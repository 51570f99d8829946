"""States that an order keeps in a part of itself, as stores of documents do: ``order.payment.status``, ``{'payment.status': 'paid'}``."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.lexicon import Words, snake
from tillproof.commerce.parts import Parts
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Record, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.records import Records

_PARTS = re.compile(
    r"(\w+_)?(payment|pay|transaction|delivery|shipping|shipment|fulfil?lment|refund|order|tracking|subscription|return|cancell?ation)"
    r"(_(info|information|details?|data|result|meta|state))?"
)


class Within(NamedTuple):
    """A state in a part of a record: whose, the name by which it is the record's own, and how the record was read."""

    entity: str
    field: str
    parts: Parts


def own_states(words: Words, touch: Touch, *, documents: bool) -> Touch:
    """What is done to a record, with the states in its parts as fields of its own: ``payment.status`` and, where the store keeps
    ``documents``, ``payment: {status: …}`` are both ``payment_status``."""
    if not documents and not any("." in name for name in (*touch.fields, *touch.keys, *touch.compared)):
        return touch
    fields: dict[str, Value | None] = {}
    for name, value in touch.fields.items():
        fields[_own(words, name)] = value
        if documents and isinstance(value, Record):
            inner = ((_joined(words, name, key), given) for key, given in value.entries if key is not None)
            fields.update((key, given) for key, given in inner if key)
    keys = {_own(words, name): value for name, value in touch.keys.items()}
    return replace(touch, fields=fields, keys=keys, compared=frozenset(_own(words, name) for name in touch.compared))


def _own(words: Words, name: str) -> str:
    head, _, last = name.rpartition(".")
    return (head and not name.startswith("meta:") and _joined(words, head.rpartition(".")[2], last)) or name


def _joined(words: Words, part: str, name: str) -> str:
    """The name of a state in a part of a record as one of the record; empty where it is none."""
    joined = f"{snake(part)}_{snake(name)}"
    return joined if words.says_state(name) and _PARTS.fullmatch(snake(part)) and words.says_state(joined) else ""


def within(records: "Records", fn: Fn, base: int, name: str, ctx: Ctx | None) -> Within | None:
    """The record that a field of one of its parts belongs to, where a document is declared to have such a part."""
    body = records.program.body(fn)
    if body.op[base] != Op.FIELD or not (joined := _joined(records.model.words, body.name(base), name)):
        return None
    owner, parts = records.holder(fn, body.args(base)[0], ctx)
    table = records.model.schema.table(owner, fn.file) if owner else None
    if table is None or not table.documents or table.column(f"{body.name(base)}.{name}") is None:
        return None
    return Within(owner, joined, parts)
