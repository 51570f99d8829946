"""Writes whose call names the column beside the value, ``doc.db_set('status', 'Paid')``, ``set_value('Order', id, 'status', 'Paid')``, and
those whose arguments say how it is written, and not what: ``get_doc({'doctype': 'Order'}).insert(ignore_permissions=True)``."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.parts import Parts
from tillproof.commerce.set_expressions import set_by_name
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Overlay, Record, Value, options
from tillproof.knowledge.schema import Effect

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def as_told(model: "Model", touch: Touch, effect: Effect) -> Touch:
    """A write with the fields that its call names, or that its record was made with."""
    if effect.column >= 0:
        return _by_column(model, touch, effect.column)
    return _of_record(model, touch) if effect.flags else touch


def _by_column(model: "Model", touch: Touch, place: int) -> Touch:
    evaluator, parts = model.evaluator, Parts()
    arguments = model.program.body(touch.fn).call(touch.instr)[1]
    given = [evaluator.value(touch.fn, v, touch.ctx) for key, v in arguments if key == ""]
    named = given[place : place + 2]
    if named and not set_by_name(named, parts):
        for option in options(named[0]):
            if isinstance(option, (Record, Overlay)):
                model.records.parts.record(option, parts, 0)
    keys: dict[str, Value] = {**touch.keys, "id": given[place - 1]} if 1 < place <= len(given) else touch.keys
    fields: dict[str, Value | None] = dict(parts.fields)
    return replace(touch, fields=fields, relative=frozenset(parts.relative), keys=keys, compared=touch.compared | set(keys))


def _of_record(model: "Model", touch: Touch) -> Touch:
    parts = Parts()
    for link in model.records.chains.of(touch.fn, touch.instr, touch.ctx).calls():
        for _, value in model.records.chains.arguments(link)[:1] if link.call != touch.instr else ():
            for option in options(value):
                if isinstance(option, (Record, Overlay)):
                    model.records.parts.record(option, parts, 0)
    kind = "create" if parts.fields and touch.kind == "write" else touch.kind
    return replace(touch, kind=kind, fields=dict(parts.fields), relative=frozenset(parts.relative))
