"""Objects that only carry what is said and are kept nowhere: the answer that a route gives, a list that is gone through."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.names import fits
from tillproof.flow.program import ClassId
from tillproof.flow.values import ClassV, Instance, Record, Result, Seq, Value, before_writes, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

MADE_BY = ("model_validate", "model_construct", "parse_obj", "from_orm", "construct")
_SAYS_SO = re.compile(r"(Response|Out|Output|Read|Schema|Public|Summary|View|Dto|DTO|Result|Payload|Reply)$")
_TELLS = re.compile(
    r"([a-z](ed|Paid|Sent|Made)|Event|Message|Command|Query|Notification|Mail|Mailable|Email|Job|Listener|Request|Response|Exception|Error|DTO|Dto)$"
)
"""What a class is called whose objects say what has happened or shall be done, and are read by whoever hears of it."""


def carries(model: "Model", value: Value) -> bool:
    """Whether an object, whichever of those that it may be, only carries what is said: to set a field of it writes nothing down."""
    found = [_class_of(model, o) for o in options(value)]
    return bool(found) and all(cls is not None and _is_carrier(model, cls) for cls in found)


def is_collection(value: Value, language: str) -> bool:
    """Whether something is a list or a map of the program's own: ``rows = []`` and ``rows.insert(0, row)``. A row of a table is written
    down as a map in other languages too, and has no methods there."""
    value = before_writes(value)
    return isinstance(value, Seq) or (isinstance(value, Record) and language == "python")


def _class_of(model: "Model", value: Value) -> ClassId | None:
    value = before_writes(value)
    if isinstance(value, Instance):
        return value.cls
    if not isinstance(value, Result) or value.instr < 0:
        return None
    body = model.program.body(value.fn)
    callee = body.args(value.instr)[0]
    if body.op[callee] != Op.FIELD or body.name(callee) not in MADE_BY:
        return None
    of = model.evaluator.value(value.fn, body.args(callee)[0], value.ctx)
    return of.cls if isinstance(of, ClassV) else None


def _is_carrier(model: "Model", cls: ClassId) -> bool:
    """Whether a class is of the kind that carries, and not the shape in which a shop without tables keeps its orders: its name says that
    it answers, or the table of that name is another class."""
    if _TELLS.search(model.program.cls(cls).name) and model.schema.table(cls) is None:
        return True
    bases = [base for framework in model.knowledge.frameworks.values() for base in framework.carriers]
    if not any(fits(base, foreign) for foreign in model.evaluator.scope.foreign_bases(cls) for base in bases):
        return False
    if _SAYS_SO.search(model.program.cls(cls).name):
        return True
    table = model.schema.table(cls)
    return table is not None and table.model is not None and table.model != cls
