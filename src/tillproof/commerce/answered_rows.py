"""Rows in what a database answers with: ``answer.rows[0]``, ``[order]``, ``{ data: order }``."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.parts import Parts
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Const, Element, Member, Result, Value

if TYPE_CHECKING:
    from tillproof.commerce.records import Records

_MOST = 3
_ROWS = ("row", "rows")
_TABLE = "from"  # the call that begins a statement whose answer is `{ data, error }`
_LINKS = 12


def answer_of(value: Value) -> Value:
    """The call's answer of which a value is the rows, or one of them; any other value as it is."""
    for _ in range(_MOST):
        if not isinstance(value, (Element, Member)) or not _leads_to_row(value):
            break
        value = value.base
    return value


def _leads_to_row(value: Element | Member) -> bool:
    if isinstance(value, Element):
        return value.key is None or (isinstance(value.key, Const) and value.key.text.isdigit())
    return value.name in _ROWS or value.name.isdigit() or (value.name == "data" and _beside_error(value.base))


def _beside_error(answer: Value) -> bool:
    """Whether a call answers with its rows beside an error: a statement of PostgREST's client, ``db.from("orders").insert(…).select()``."""
    for _ in range(_LINKS):
        if not isinstance(answer, Result) or not isinstance(answer.callee, Member):
            return False
        if answer.callee.name == _TABLE:
            return True
        answer = answer.callee.base
    return False


def narrowed(records: "Records", read: Touch, value: Value) -> Touch:
    """A read with what the calls after it ask for: ``Order.objects.select_related("user").exclude(status="paid").exists()``,
    ``db.select().from(orders).where(…)``."""
    if not isinstance(value, Result) or value.instr < 0:
        return read
    chain, parts = records.chains.of(value.fn, value.instr, value.ctx), Parts()
    if not any((link.fn, link.call) == (read.fn, read.instr) for link in chain.calls()):
        return read
    records.choices.chosen(chain, parts)
    keys, compared = {**parts.keys, **read.keys}, read.compared | parts.compared
    return replace(read, keys=keys, compared=compared, locked=read.locked or parts.locked)
