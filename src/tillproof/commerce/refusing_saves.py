"""Records that refuse a change of their state themselves: a ``save()`` of the model that looks at the state it had and throws."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import flat
from tillproof.commerce.touches import Touch
from tillproof.flow.facts import Condition
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Instance, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SAVES = {"python": ("save",), "php": ("boot", "booted", "save")}
_CALLED_BY_SAVE = ("clean", "full_clean", "validate", "_validate_transition", "validate_transition")
_REGISTERS = frozenset(["updating", "saving"])


def refuses_itself(model: "Model", touch: Touch) -> bool:
    """Whether what saves an object that is changed throws where its state may not change so. A change of many rows at once passes it by."""
    if touch.record is None or model.program.body(touch.fn).op[touch.instr] != Op.SET_FIELD:
        return False
    kinds = {o.cls for o in options(touch.record) if isinstance(o, Instance)}
    table = model.schema.table(touch.entity, touch.fn.file)
    if table is not None and table.model is not None:
        kinds.add(table.model)
    return any(class_refuses(model, cls) for cls in kinds)


def class_refuses(model: "Model", cls: ClassId) -> bool:
    """Whether what saves an object of a class throws on a condition that asks for its state."""
    return any(_throws(model, fn) for fn in _run(model, cls))


def _run(model: "Model", cls: ClassId) -> Iterator[Fn]:
    """The methods of a class that its being saved runs, and the functions that these register for it."""
    scope, language = model.evaluator.scope, model.program.language(cls.file)
    for name in _SAVES.get(language, ()):
        fn = scope.method(cls, name)
        if fn is None:
            continue
        said = model.vocabulary.tokens(fn)
        yield fn
        if language == "php" and not said.isdisjoint(_REGISTERS):
            yield from (f for f in model.program.all_functions(fn.file) if model.program.parent(f) == fn)
        yield from (m for called in _CALLED_BY_SAVE if called in said and (m := scope.method(cls, called)) is not None)


def _throws(model: "Model", fn: Fn) -> bool:
    """Whether a function throws on a condition that asks for a state."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op != Op.RAISE:
            continue
        led = (f for f in model.effects.facts(fn).at(i) if isinstance(f, Condition))
        atoms = (a for f in led for a in flat(model.conditions.of(fn, f.instr, f.truth, None)))
        if any(model.words.says_state(r.field) for a in atoms for r in model.states.reads(a)):
            return True
    return False
