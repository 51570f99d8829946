"""Ways that nobody can take: what was asked of one record before and what is asked of it again cannot both be so."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.field_reads import FieldRead
from tillproof.flow.program import Fn
from tillproof.flow.values import Const
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SAME = {"==": True, "===": True, "is": True, "!=": False, "!==": False, "is not": False}


def never_runs(model: "Model", effect: Effect) -> bool:
    """Whether the conditions on the way to an effect want two values of one field of a record that was fetched once:
    ``if ($entry['done'] == DONE) finish($entry)``, and in ``finish`` ``if ($entry['done'] == OPEN)`` before the effect."""
    return contradicts_itself(model, effect.way)


def contradicts_itself(model: "Model", way: Iterable[Place]) -> bool:
    """The same of the calls that lead to a place."""
    wanted: dict[tuple[str, str, Fn, int, int], str] = {}
    for held in (h for place in way for h in model.effects.held_at(place)):
        for atom in model.conditions.behind(held):
            found = _wanted(model, atom) if isinstance(atom, Atom) else None
            if found is None:
                continue
            read, text = found
            if wanted.setdefault((read.entity, read.field, read.fn, read.instr, id(read.ctx)), text) != text:
                return True
    return False


def _wanted(model: "Model", atom: Atom) -> tuple[FieldRead, str] | None:
    """The field that a condition wants to be one written value, and that value."""
    body, value = model.program.body(atom.fn), model.evaluator.value
    if body.op[atom.instr] != Op.BINARY or _SAME.get(body.text(body.args(atom.instr)[0])) is not atom.truth or atom.truth is None:
        return None
    sides = [(i, value(atom.fn, i, atom.ctx)) for i in body.args(atom.instr)[1:3]]
    texts = [v.text.strip("'\"") for _, v in sides if isinstance(v, Const)]
    reads = [r for i, v in sides if not isinstance(v, Const) for r in model.states.field(atom.fn, i, atom.ctx)]
    return (reads[0], texts[0]) if len(texts) == 1 and len(reads) == 1 else None
