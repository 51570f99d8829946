"""What a function found out before an order counts as paid, and of which the object that it gives back tells: whether that decides is not
seen."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Effect, Place, way_to
from tillproof.commerce.reconciling import COMPARES, Reconciling
from tillproof.flow.facts import Passed
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def told_by_object(model: "Model", reconciling: Reconciling, effect: Effect) -> Place | None:
    """A comparison of what was paid with what is owed in a function that is called before a paid transition, sets members of an object and
    gives it back: ``$result = $this->check($payment)``, then ``$result->status``."""
    asked = {(atom.fn, atom.instr) for held in model.effects.held(effect) for atom in flat(model.conditions.behind(held))}
    on_way = {place.fn for place in effect.way}
    for place in effect.way:
        body = model.program.body(place.fn)
        calls = (i for i in range(place.instr) if body.op[i] == Op.CALL)
        values = (model.evaluator.value(place.fn, body.args(i)[0], place.ctx) for i in calls)
        for fn in dict.fromkeys(o.fn for v in values for o in options(v) if isinstance(o, FunctionV) and o.fn not in on_way):
            inner = model.program.body(fn)
            compared = (i for i, op in enumerate(inner.op) if op == Op.BINARY and inner.text(inner.args(i)[0]) in COMPARES)
            for i in compared if _tells_by_object(model, fn) else ():
                atom = Atom(fn, i, True, None)
                if (fn, i) not in asked and reconciling.sums.holds(atom) and not reconciling.sums.only_caps(atom):
                    return Place(fn, i, None)
    return None


def asked_for_object(model: "Model", way: Iterable[Place], asking: Place) -> Place | None:
    """Where the provider is asked in a function that tells by an object what came of it, and that is not on the way to what is paid: some
    member is set to a word only behind the asking, so that whoever reads that word knows. None where each word is set without it, too."""
    on_way = {place.fn for place in way}
    for place in way_to(asking):
        if place.fn not in on_way and _tells_by_object(model, place.fn) and _tells_apart(model, place):
            return place
    return None


def _tells_apart(model: "Model", asking: Place) -> bool:
    """Whether a function sets a member of an object to a constant only where it has asked."""
    body, facts, value = model.program.body(asking.fn), model.effects.facts(asking.fn), model.evaluator.value
    behind: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    for i, op in enumerate(body.op):
        if op == Op.SET_FIELD:
            asked = any(f.instr == asking.instr for f in facts.at(i) if isinstance(f, Passed))
            told = (o.text for o in options(value(asking.fn, body.args(i)[2], asking.ctx)) if isinstance(o, Const) and not o.falsy)
            (behind if asked else before)[body.name(i)].update(told)
    return any(words - before[name] for name, words in behind.items())


def _tells_by_object(model: "Model", fn: Fn) -> bool:
    """Whether a function sets members of an object and gives it back."""
    body = model.program.body(fn)
    holders = (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.SET_FIELD)
    set_on = {body.name(holder) for holder in holders if body.op[holder] == Op.NAME}
    given = (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0)
    return any(body.op[i] == Op.NAME and body.name(i) in set_on for i in given)
