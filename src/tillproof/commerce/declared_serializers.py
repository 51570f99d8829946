"""What a serializer lets through: ``validated_data`` holds the fields that its class declares, and nothing else that was sent."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import Instance, Member, Param, Result, Value, names, options

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_HELD = "validated_data"
_FIELD = ("Field", "Serializer")
_OF_MODEL = ("ModelSerializer",)


def serializer_of(evaluator: "Evaluator", value: Value) -> ClassId | None:
    """The class of the serializer whose checked data a value is."""
    if isinstance(value, Param) and value.name == _HELD:
        return evaluator.program.method_class(value.fn)
    if isinstance(value, Member) and value.name == _HELD and isinstance(value.base, Instance):
        return value.base.cls
    return None


def declared(evaluator: "Evaluator", cls: ClassId) -> frozenset[str] | None:
    """The fields of a serializer that declares each of them by itself; None for one whose fields are those of a model."""
    found: set[str] = set()
    for one in evaluator.scope.lineage(cls):
        held = evaluator.program.cls(one)
        if any(base.endswith(_OF_MODEL) for base in held.bases):
            return None
        top, own = Fn(one.file, TOP), f"{held.name}."
        for name, stores in evaluator.defuse(top).stores.items():
            field = name.removeprefix(own)
            if name.startswith(f"{own}Meta."):
                return None
            if name.startswith(own) and "." not in field and any(_is_field(evaluator.value(top, s)) for s in stores):
                found.add(field)
    return frozenset(found) or None


def _is_field(value: Value) -> bool:
    made = [o for o in options(value) if isinstance(o, (Result, Instance))]
    return any(isinstance(o, Instance) or any(n.replace("()", "").endswith(_FIELD) for n in names(o.callee)) for o in made)
