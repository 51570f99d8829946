"""What a serializer's own method takes from what was sent: ``instance.status = validated_data.get("status", instance.status)``."""

from typing import TYPE_CHECKING

from tillproof.commerce.declared_serializers import writable
from tillproof.commerce.whole_bodies import sendable
from tillproof.flow.values import Member, Param, Result, Value, constant, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SENT = "validated_data"
_TAKES = ("get", "pop")


def sent_field(model: "Model", value: Value) -> str:
    """The column that a value brings where whoever sends the request may fill it in, unjudged; empty for any other value. A view may hand
    its own values over under other names (``serializer.save(total=…)``), which nobody sends."""
    holder, name = _taken(model, value)
    if not name or not isinstance(holder, Param) or holder.name != _SENT:
        return ""
    kind, cls = model.inherited.changed_by(holder.fn), model.program.method_class(holder.fn)
    if kind is None or cls is None or name not in sendable(model, cls, kind, holder.fn.file):
        return ""
    return name


def withheld(model: "Model", value: Value) -> bool:
    """Whether a value is a field that a serializer only shows, so that nobody can send it."""
    holder, name = _taken(model, value)
    if not name or not isinstance(holder, Param) or holder.name != _SENT:
        return False
    cls = model.program.method_class(holder.fn)
    named, barred = writable(model.evaluator, cls) if cls is not None else (None, frozenset())
    return name in barred or (named is not None and name not in named)


def _taken(model: "Model", value: Value) -> tuple[Value | None, str]:
    """What an entry is taken from, and its key."""
    if isinstance(value, Member):
        return value.base, value.name
    if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, Member) and value.callee.name in _TAKES:
        given = [v for k, v in model.evaluator.arguments(value) if k == ""]
        return value.callee.base, next((t for o in options(given[0]) if (t := constant(o))), "") if given else ""
    return None, ""
