"""Values that are chosen from constants on ways that mean something: ``const state = session.status === 'paid' ? 'PAID' : 'OPEN'``. What is
equal to one of them was chosen on its way."""

from collections.abc import Callable
from typing import TYPE_CHECKING

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
