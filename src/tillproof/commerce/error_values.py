"""Writes whose failure is told by a value: the client answers ``{ data, error }`` and raises nothing, so that who does not ask never
hears of it."""

from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.effects import Place
from tillproof.flow.asked import branches, own_side, reads
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_RAISES = "throwOnError"
_ERROR = "error"
_ADDS = ("push", "add", "append")


class Unheard(NamedTuple):
    """An error that nobody acts upon. ``instr``: the call whose answer is thrown away, or the branch that hears of the error and drops it.
    ``how``: which of the two. ``returns``: that branch leaves the function with a value, from which a caller may learn of it."""

    instr: int
    how: Literal["unread", "dropped"]
    returns: bool = False


class ErrorValues:
    """What becomes of the error that a call answers with; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[tuple[Fn, int], Unheard | None] = {}

    def unheard(self, place: Place) -> Unheard | None:
        """Where the error of a write ends without being acted upon; None when it is told, or when the write raises."""
        key = (place.fn, place.instr)
        if key not in self._known:
            self._known[key] = self._unheard(place.fn, place.instr)
        return self._known[key]

    def _unheard(self, fn: Fn, i: int) -> Unheard | None:
        body = self.model.program.body(fn)
        effect = self.model.recogniser.effect(fn, i) if body.op[i] == Op.CALL else None
        if effect is None or not effect[0].returns_error:
            return None
        end = self._end(fn, i)
        uses = list(self.model.evaluator.defuse(fn).uses(end)) if end is not None else []
        if len(uses) != 1 or body.op[uses[0]] != Op.AWAIT:
            return None  # handed on, or never sent
        read = self._read_of(fn, uses[0])
        if read is None:
            return None
        errors = [r for r in read if body.name(r) == _ERROR]
        if not any(self._is_used(fn, r) for r in read):
            return Unheard(i, "unread")
        return self._dropped(fn, errors) if errors else None

    def _end(self, fn: Fn, i: int) -> int | None:
        """The last call of a chain that begins with a call: ``update(row).eq("id", id).select()``; None for one that is told to raise."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        while True:
            members = [u for u in defuse.uses(i) if body.op[u] == Op.FIELD and body.args(u)[0] == i]
            calls = [c for m in members for c in defuse.uses(m) if body.op[c] == Op.CALL and body.args(c)[0] == m]
            if not calls:
                return i
            if any(body.name(m) == _RAISES for m in members):
                return None
            i = calls[0]

    def _read_of(self, fn: Fn, answer: int) -> list[int] | None:
        """The members of an answer that are read; None when it is handed on whole."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        found: list[int] = []
        for use in defuse.uses(answer):
            if body.op[use] == Op.STORE:
                held = [self._read_of(fn, n) for n in reads(body, defuse, use)]
                if any(h is None for h in held):
                    return None
                found += [f for h in held if h is not None for f in h]
            elif body.op[use] == Op.FIELD:
                found.append(use)
            else:
                return None
        return found

    def _is_used(self, fn: Fn, i: int) -> bool:
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        return any(body.op[u] != Op.STORE or bool(reads(body, defuse, u)) for u in defuse.uses(i))

    def _dropped(self, fn: Fn, errors: list[int]) -> Unheard | None:
        """The branch that hears of an error and goes on as if nothing were; None where any use of the error tells of it."""
        body, failures = self.model.program.body(fn), self.model.failures
        defuse = self.model.evaluator.defuse(fn)
        for branch, positive in (b for e in errors for b in branches(body, defuse, e)):
            own = own_side(body, defuse, branch, positive)
            if own is None:
                return None
            rows = list(body.rows(own))
            if failures.passes_on(fn, own) or failures.acts_in(fn, own) or self._noted(fn, rows):
                return None
            return Unheard(branch, "dropped", any(body.op[r] == Op.RETURN for r in rows))
        return None

    def _noted(self, fn: Fn, rows: list[int]) -> bool:
        """Whether some instructions keep for later that something failed: in a variable that is read elsewhere, in a list or a record."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        return any(
            body.op[r] in (Op.SET_FIELD, Op.SET_INDEX)
            or (body.op[r] == Op.CALL and body.called(r) in _ADDS)
            or (body.op[r] == Op.STORE and any(n not in rows for n in reads(body, defuse, r)))
            for r in rows
        )
