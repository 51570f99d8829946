"""The class at the other end of a relation that a field declares: ``owner = ForeignKey(Account)``, ``relationship("Item")``."""

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.members import static_member
from tillproof.flow.program import ClassId, Program
from tillproof.flow.values import ClassV, Const, Result, Value, names, options

_RELATIONS = ("ForeignKey", "OneToOneField", "ManyToManyField", "relationship", "Relationship")


def other_end(evaluator: Evaluator, field: Value) -> ClassId | None:
    """The class that a declared field relates to; None where it declares something else, or nobody knows a class of that name."""
    for option in options(field):
        if isinstance(option, Result) and option.instr >= 0 and _called(option) in _RELATIONS:
            to = next((v for k, v in evaluator.arguments(option) if k in ("", "to")), None)
            if isinstance(to, ClassV):
                return to.cls
            if isinstance(to, Const):
                return _by_name(evaluator.program, to.text.strip("'\"").rpartition(".")[2], option.at[0])
    return None


def related(evaluator: Evaluator, holder: ClassId, name: str) -> ClassId | None:
    """The class at the other end of a relation of a class, by the name of its field."""
    place = (holder.file, evaluator.program.cls(holder).line)
    return other_end(evaluator, static_member(evaluator.scope, ClassV(place, holder), name, place))


def _called(value: Result) -> str:
    found = names(value.callee)
    return found[0].rpartition(".")[2].replace("()", "") if found else ""


def _by_name(program: Program, name: str, file: str) -> ClassId | None:
    found = program.classes_by_name.get(name, [])
    near = [c for c in found if c.file == file] or [c for c in found if program.unit(c.file) == program.unit(file)]
    return near[0] if len(near) == 1 else None
