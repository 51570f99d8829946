"""Values that are chosen from constants on ways that mean something: ``const state = session.status === 'paid' ? 'PAID' : 'OPEN'``. What is
equal to one of them was chosen on its way; and values that are there at all only on such a way."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tillproof.flow.program import TOP
from tillproof.flow.values import Const, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.implication import Implication

_DEEPEST = 4


def chosen_where_proven(of: "Implication", i: int, fits: Callable[[Value], bool]) -> bool:
    """Whether each constant among which a value is chosen, and that ``fits``, is chosen only where the proof holds. Not so where any of
    them is no constant, or where all of them fit or none does: then that it fits says nothing."""
    chosen = [(arm, of.value(arm)) for arm in _leaves(of, i, 0)]
    fitting = [arm for arm, value in chosen if fits(value)]
    if not all(isinstance(value, Const) for _, value in chosen) or not 0 < len(fitting) < len(chosen):
        return False
    return all(of.entry_after(arm) is True for arm in fitting)


def _leaves(of: "Implication", i: int, depth: int) -> list[int]:
    """What a value is chosen from in the end; nothing where it is not chosen."""
    arms = _arms(of, i) if depth < _DEEPEST else []
    return [leaf for arm in arms for leaf in _leaves(of, arm, depth + 1) or [arm]] if len(arms) > 1 else []


def _arms(of: "Implication", i: int) -> list[int]:
    body = of.body
    if body.op[i] == Op.CHOICE and body.text(body.args(i)[0]) in ("ternary", "match"):
        return [arm for arm in body.args(i)[1:] if arm >= 0]
    if body.op[i] == Op.NAME:
        reach = of.defuse.reaching(i, body.name(i))
        if reach.stores and not reach.entry and not reach.writes:
            stored = [body.args(store)[1] for store in reach.stores]
            return _arms(of, stored[0]) or stored if len(stored) == 1 else stored
    return []


def read_of_proven(of: "Implication", i: int, depth: int = 0) -> bool:
    """Whether a value is read off a variable that holds anything only where the proof was made: ``if ($body) $told = ask($body->id);``
    ``if ($told->state == 'paid')``. On the other ways there is nothing to read, and that is no word."""
    body = of.body
    op, args = body.op[i], body.args(i)
    if depth > _DEEPEST:
        return False
    if op in (Op.FIELD, Op.INDEX):
        return _held_where_proven(of, args[0]) or read_of_proven(of, args[0], depth + 1)
    if op == Op.NAME:
        reach = of.defuse.reaching(i, body.name(i))
        return len(reach.stores) == 1 and not reach.entry and read_of_proven(of, body.args(reach.stores[0])[1], depth + 1)
    return op in (Op.AWAIT, Op.CAST) and read_of_proven(of, args[0 if op == Op.AWAIT else 1], depth + 1)


def _held_where_proven(of: "Implication", i: int) -> bool:
    """Whether a variable is set to anything only where the proof was made; on other ways to nothing, or not at all in a function of PHP's,
    which sees no variable from around it."""
    body, program = of.body, of.walk.program
    if body.op[i] != Op.NAME:
        return False
    reach = of.defuse.reaching(i, body.name(i))
    parent = program.parent(of.fn)
    alone = program.language(of.fn.file) == "php" and of.fn.number != TOP and (parent is None or parent.number == TOP)
    told = [s for s in reach.stores if not (isinstance(v := of.value(body.args(s)[1]), Const) and v.falsy)]
    return bool(told) and (not reach.entry or alone) and all(of.entry_after(s) is True for s in told)
