"""Records of refunds that a platform's function answers with an error instead of making, and that nobody notices."""

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Place
from tillproof.commerce.idleness import Idleness
from tillproof.commerce.outcomes import ERROR_TESTS
from tillproof.flow.asked import own_side, reads
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


class Unbooked(NamedTuple):
    """``place``: the call that would make the record. ``logged``: where its error is logged and then passed over; -1 where nobody asks for
    its answer."""

    place: Place
    logged: int


class RefundErrors:
    """Found once."""

    def __init__(self, model: "Model", idleness: Idleness) -> None:
        self.model = model
        self.idleness = idleness

    @cached_property
    def all(self) -> list[Unbooked]:
        """In order of file and line."""
        found = (self._unbooked(place) for place in self._booking())
        return sorted(one for one in found if one is not None)

    def _booking(self) -> list[Place]:
        """The calls that book a refund and answer with the error when they cannot."""
        program, recogniser = self.model.program, self.model.recogniser
        packs: list[Framework | Provider] = [*self.model.knowledge.frameworks.values(), *self.model.knowledge.providers.values()]
        wanted = [e for pack in packs for e in pack.effects if e.effect == "refund.record" and e.returns_error]
        names = sorted({name.rpartition(".")[2] for e in wanted for names in e.calls.values() for name in names})
        out: dict[Place, None] = {}
        for name in names:
            for file in program.mentioning(name):
                for fn in program.functions_calling_name(file, name):
                    body = program.body(fn)
                    for i, op in enumerate(body.op):
                        if op == Op.CALL and body.called(i) == name and (got := recogniser.effect(fn, i)) is not None and got[0] in wanted:
                            out[Place(fn, i, None)] = None
        return list(out)

    def _unbooked(self, place: Place) -> Unbooked | None:
        body, defuse = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn)
        if all(body.op[use] == Op.STORE and not reads(body, defuse, use) for use in defuse.uses(place.instr)):
            return Unbooked(place, -1)
        for branch in self.model.outcomes.about(place):
            asked, fails = body.args(branch)[0], True
            while body.op[asked] == Op.UNARY:
                asked, fails = body.args(asked)[1], not fails
            own = own_side(body, defuse, branch, fails) if body.op[asked] == Op.CALL and body.called(asked) in ERROR_TESTS else None
            rows = sorted(body.rows(own)) if own else []
            calls = [i for i in rows if body.op[i] == Op.CALL]
            if calls and all(body.op[i] != Op.RETURN for i in rows) and self.idleness.of(place.fn, rows):
                return Unbooked(place, calls[0])
        return None
