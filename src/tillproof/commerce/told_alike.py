"""Whether a failure is told by the very value that says that all went well, so that no caller can tell the one from the other."""

from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch, reached_from
from tillproof.flow.values import Const, Record, Seq, Value

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 3


def told_alike(model: "Model", place: Place, catch: Catch) -> bool:
    """Whether a handler ends with what the work at a place ends with when it succeeds: ``except Exception: log()`` and ``return OK``
    behind both. False where either hangs on anything but constants."""
    body = model.program.body(place.fn)
    start = model.evaluator.defuse(place.fn).block_of[place.instr]
    well = _ends(model, place.fn, reached_from(body, start) - catch.blocks)
    own = _ends(model, place.fn, frozenset(b for start in catch.blocks for b in reached_from(body, start)))
    return bool(own) and own == well


def _ends(model: "Model", fn: Fn, blocks: frozenset[int]) -> set[str] | None:
    """What some blocks return, in words; None where anything of it is not known."""
    found: set[str] = set()
    for end in model.failures.ends(fn, blocks):
        said = _said(model.evaluator.value(fn, end), 0)
        if said is None:
            return None
        found.add(said)
    return found


def _said(value: Value, depth: int) -> str | None:
    if isinstance(value, Const):
        return f"{value.kind}:{value.text}"
    if depth >= _DEEPEST or not isinstance(value, (Seq, Record)):
        return None
    parts = [("", v) for v in value.items] if isinstance(value, Seq) else list(value.entries)
    said = [(key, _said(v, depth + 1)) for key, v in parts]
    return None if not said or any(s is None for _, s in said) else repr(said)
