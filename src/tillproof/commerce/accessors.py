"""What a model of Laravel's works out when a field is read: ``getTotalCentsAttribute()``, ``totalCents(): Attribute``."""

from typing import TYPE_CHECKING

from tillproof.flow.members import accessor
from tillproof.flow.program import ClassId
from tillproof.flow.values import FunctionV, Instance, Member, Result, Value, choice, names, options

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_MADE = ("Attribute.make", "Attribute.get", "Attribute")


def told_by_accessor(evaluator: "Evaluator", record: ClassId, value: Member) -> Value | None:
    """What the accessor of a field gives; None where the model has none.
    See https://laravel.com/docs/eloquent-mutators#accessors-and-mutators."""
    scope = evaluator.scope
    if scope.program.language(record.file) != "php":
        return None
    this = Instance(value.at, record, None, value.base)
    if (old := scope.method(record, accessor(value.name))) is not None:
        return evaluator.returned(FunctionV(value.at, old, None, this), old, 0, None)
    first, *others = value.name.split("_")
    new = scope.method(record, first[:1].lower() + first[1:] + "".join(part[:1].upper() + part[1:] for part in others))
    if new is None:
        return None
    made = [_gets(evaluator, o, this) for o in options(evaluator.returned(FunctionV(value.at, new, None, this), new, 0, None))]
    told = [m for m in made if m is not None]
    return choice(value.at, told) if told and len(told) == len(made) else None


def _gets(evaluator: "Evaluator", made: Value, this: Instance) -> Value | None:
    """What the function gives that an ``Attribute`` is made with."""
    if not isinstance(made, Result) or made.instr < 0 or not any(n.rpartition("\\")[2].endswith(_MADE) for n in names(made.callee)):
        return None
    given = evaluator.arguments(made)
    getter = next((v for k, v in given if k == "get"), next((v for k, v in given if k == ""), None))
    function = next((o for o in options(getter) if isinstance(o, FunctionV)), None) if getter is not None else None
    if function is None:
        return None
    return evaluator.returned(FunctionV(function.at, function.fn, function.outer, this), function.fn, 0, function.outer)
