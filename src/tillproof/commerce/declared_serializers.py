"""What a serializer lets through: ``validated_data`` holds the fields that its class declares, and nothing else that was sent."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import Const, Instance, Member, Param, Record, Result, Seq, Value, constant, names, options

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_HELD = "validated_data"
_FIELD = ("Field", "Serializer")
_OF_MODEL = ("ModelSerializer",)
_OF_MAPPINGS = frozenset(dir(dict))  # `validated_data.pop` is no field


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


def writable(evaluator: "Evaluator", cls: ClassId) -> tuple[frozenset[str] | None, frozenset[str]]:
    """The fields that whoever sends a request may fill in by a serializer or form, None for all, and those that he may not."""
    named, barred = (
        _listed(evaluator, cls, "Meta.fields"),
        _listed(evaluator, cls, "Meta.read_only_fields") | _listed(evaluator, cls, "Meta.exclude"),
    )
    barred |= _shown_by_option(evaluator, cls)
    top, own = Fn(cls.file, TOP), f"{evaluator.program.cls(cls).name}."
    for held, stores in evaluator.defuse(top).stores.items():
        field = held.removeprefix(own)
        if held.startswith(own) and "." not in field:
            barred |= {field for s in stores if _is_shown(evaluator, evaluator.value(top, s))}
    return (named or None) if "__all__" not in named else None, barred


def never_taken(evaluator: "Evaluator", cls: ClassId, name: str) -> bool:
    """Whether what a serializer has checked holds no such field of what was sent: it only shows it, or its list of fields leaves it out; no
    other field of it is kept under that name (``source="total"``)."""
    named, barred = writable(evaluator, cls)
    if name in _OF_MAPPINGS or name in _kept_as(evaluator, cls):
        return False
    return name in barred or (named is not None and name not in named and _is_whole(evaluator, cls))


def _is_whole(evaluator: "Evaluator", cls: ClassId) -> bool:
    """Whether a serializer lists its fields one by one: no part of the list is another's."""
    top = Fn(cls.file, TOP)
    stores = evaluator.defuse(top).stores.get(f"{evaluator.program.cls(cls).name}.Meta.fields", ())
    values = [o for s in stores for o in options(evaluator.value(top, s))]
    return all(isinstance(v, Seq) and all(constant(one) is not None for one in v.items) for v in values)


def _kept_as(evaluator: "Evaluator", cls: ClassId) -> frozenset[str]:
    """The names under which fields that may be sent are kept where those are not their own."""
    top, own, found = Fn(cls.file, TOP), f"{evaluator.program.cls(cls).name}.", set[str]()
    for held, stores in evaluator.defuse(top).stores.items():
        for field in (evaluator.value(top, s) for s in stores if held.startswith(own)):
            if isinstance(field, Result) and field.instr >= 0 and not _is_shown(evaluator, field):
                found |= {t.partition(".")[0] for k, v in evaluator.arguments(field) if k == "source" and (t := constant(v)) is not None}
    return frozenset(found)


def _shown_by_option(evaluator: "Evaluator", cls: ClassId) -> frozenset[str]:
    """The fields of which the options say that they are only shown: ``extra_kwargs = {"total": {"read_only": True}}``."""
    top = Fn(cls.file, TOP)
    stores = evaluator.defuse(top).stores.get(f"{evaluator.program.cls(cls).name}.Meta.extra_kwargs", ())
    kept = (entry for s in stores for o in options(evaluator.value(top, s)) if isinstance(o, Record) for entry in o.entries)
    return frozenset(
        field
        for field, told in kept
        if field and isinstance(told, Record) and any(k == "read_only" and _is_yes(v) for k, v in told.entries)
    )


def _listed(evaluator: "Evaluator", cls: ClassId, name: str) -> frozenset[str]:
    top = Fn(cls.file, TOP)
    stores = evaluator.defuse(top).stores.get(f"{evaluator.program.cls(cls).name}.{name}", ())
    values = [o for s in stores for o in options(evaluator.value(top, s))]
    return frozenset(t for v in values for one in (v.items if isinstance(v, Seq) else (v,)) if (t := constant(one)) is not None)


def _is_shown(evaluator: "Evaluator", field: Value) -> bool:
    """Whether a field of a class is only shown: ``read_only=True``, worked out by a method."""
    if not isinstance(field, Result) or field.instr < 0:
        return False
    told = any(k == "read_only" and not (isinstance(v, Const) and v.falsy) for k, v in evaluator.arguments(field))
    return told or any(n.endswith(("MethodField", "HiddenField")) for n in names(field.callee))


def _is_yes(value: Value) -> bool:
    return isinstance(value, Const) and not value.falsy


def _is_field(value: Value) -> bool:
    made = [o for o in options(value) if isinstance(o, (Result, Instance))]
    return any(isinstance(o, Instance) or any(n.replace("()", "").endswith(_FIELD) for n in names(o.callee)) for o in made)
