"""Messages that are dropped because another system, which the handler asks on the way, answered with an error status: the handler leaves as
it does for a message that is none of its business, and success is answered."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tillproof.checks.resilience.losses import goes_on_quietly
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_STATUS = ("status", "status_code", "get_status_code", "statuscode", "code")
_GOOD = ("ok", "is_ok", "is_success", "successful", "is_successful", "is_error")
_COMPARES = ("==", "!=", "===", "!==", "is", "is not", "in", "not in", "<", ">=")
_RAISES = "raise_for_status"


class Refused(NamedTuple):
    """What is left undone, the call that was answered with an error, and the question that leads past the work."""

    effect: Effect
    asked: Place
    dropped: Place


def refused(model: Model, effects: Sequence[Effect]) -> Refused | None:
    """The first effect that is left out in silence where a request on the way to it is answered with an error status. Of what the answer
    says besides nothing is known: a payment that was not made is rightly passed over."""
    for effect in effects:
        for n, place in enumerate(effect.way):
            for call, branch in _asking(model, place.fn):
                callers = effect.way[n + 1 :]
                if leads_past(model, place, branch) and (goes_on_quietly(model, callers) or _is_answer(model, callers)):
                    return Refused(effect, Place(place.fn, call, place.ctx), Place(place.fn, branch, place.ctx))
    return None


def _is_answer(model: Model, callers: Sequence[Place]) -> bool:
    """Whether each caller only hands on what it is answered, so that the last one gives it to whoever sent the message."""
    return bool(callers) and all(model.outcomes.answer(place) == "handed" for place in callers)


def _asking(model: Model, fn: Fn) -> Iterator[tuple[int, int]]:
    """The requests of a function whose library raises nothing for an error status, with each branch that asks for the status."""
    body = model.program.body(fn)
    if not any(body.op[i] == Op.FIELD and snake(body.name(i)) in (*_STATUS, *_GOOD) for i in range(len(body.op))):
        return
    for i, op in enumerate(body.op):
        if op == Op.CALL and (client := model.sendings.client_of(fn, i)) is not None and client.tells != "throws":
            yield from ((i, branch) for branch in model.outcomes.about(Place(fn, i, None)) if _asks_status(body, body.args(branch)[0]))


def _asks_status(body: Body, i: int) -> bool:
    """Whether a condition is whether an answer's status is one of success: ``r.ok``, ``r.status_code != 200``."""
    while body.op[i] == Op.UNARY:
        i = body.args(i)[1]
    if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) in _COMPARES:
        sides = body.args(i)[1:3]
        return any(_read(body, side) in _STATUS for side in sides) and any(_is_success(body, side) for side in sides)
    return _read(body, i) in _GOOD


def _read(body: Body, i: int) -> str:
    """The member that is read, or asked by a method of its name; in snake case."""
    if body.op[i] == Op.CALL:
        i = body.args(i)[0]
    return snake(body.name(i)) if body.op[i] == Op.FIELD else ""


def _is_success(body: Body, i: int) -> bool:
    """Whether all that a value may be is a status of success, or where those of errors begin."""
    numbers = [i] if body.op[i] == Op.CONST else body.args(i) if body.op[i] == Op.LIST else []
    said = [body.const(n) for n in numbers]
    return bool(said) and all(c is not None and c[0] == Kind.NUMBER and (c[1].startswith("2") or c[1] in ("300", "400")) for c in said)


def leads_past(model: Model, place: Place, branch: int) -> bool:
    """Whether one side of a branch leads to an instruction, and the other past it with nothing raised, answered as an error or done."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    target = defuse.block_of[place.instr]
    sides = body.blocks[defuse.block_of[branch]].onward
    past = [t for t in sides if target not in reached_from(body, t)]
    if len(sides) != 2 or len(past) != 1:
        return False
    own = reached_from(body, past[0]) - reached_from(body, next(t for t in sides if t != past[0]))
    raises = any(body.op[i] == Op.FIELD and body.name(i) == _RAISES for i in body.rows(own))
    return not raises and model.failures.quiet(place.fn, past[0]) and not model.failures.acts_in(place.fn, own)
