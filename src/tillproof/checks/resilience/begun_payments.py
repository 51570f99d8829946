"""What has to be stored once a payment was begun, for the provider's message and the returning customer to find an order."""

from tillproof.checks.resilience.losses import Lost
from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.operations import STARTS
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_onward
from tillproof.ir.ops import Op

_MOST = 60


def stored_after(model: Model, effects: list[Effect], begun: int) -> list[Effect]:
    """The orders that are first created after a payment was begun, and what notes the payment's id in one that was stored before, where
    that is how the provider's messages and the returning customer find it."""
    stored = {e.touch.entity for e in effects[:begun] if e.touch is not None and e.touch.kind == "create"}
    after = [e for e in effects[begun + 1 :] if e.touch is not None]
    made = [e for e in after if e.touch is not None and e.touch.entity not in stored and keeps_payment(model, e.touch)]
    return made + [e for e in after if e.touch is not None and e.touch.entity in stored and notes_payment(model, e.touch)]


def notes_payment(model: Model, touch: Touch) -> bool:
    """Whether an order is given the provider's own id of its payment, and whoever confirms the payment speaks of that field."""
    noted = {n for n in touch.fields if PAYMENT_ID.fullmatch(snake(n))}
    if touch.kind != "write" or not noted or not model.words.entity(touch.entity):
        return False
    return any(noted & model.vocabulary.tokens(fn) for h in model.handlers.all for fn in h.closure.functions)


def keeps_payment(model: Model, touch: Touch) -> bool:
    """Whether the order is created under the provider's own id of its payment: without it the provider's message finds no order."""
    return touch.kind == "create" and model.words.entity(touch.entity) and any(PAYMENT_ID.fullmatch(snake(n)) for n in touch.fields)


def is_withheld(model: Model, end: Lost) -> bool:
    """Whether the same failure keeps from the customer what he would pay with: the page to which he would have been sent, or the secret of
    the payment, is given to him behind what failed, and nowhere behind the place where the failure ends."""
    touch, here = end.effect.touch, next((place.instr for place in end.effect.way if place.fn == end.fn), -1)
    if touch is None or min(end.instr, here) < 0 or not (keeps_payment(model, touch) or notes_payment(model, touch)):
        return False
    body, held = model.program.body(end.fn), _holding_begun(model, end.fn)
    block_of = model.evaluator.defuse(end.fn).block_of
    failing = reached_onward(body, block_of[end.instr])
    uses = [i for i, op in enumerate(body.op) if op == Op.NAME and body.name(i) in held]
    return any(i > here and block_of[i] not in failing for i in uses) and not any(block_of[i] in failing for i in uses)


def _holding_begun(model: Model, fn: Fn) -> set[str]:
    """The variables of a function that hold the answer to a call by which a payment is begun, or what is made of it."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    known = ((i, model.operations.at(fn, i)) for i, op in enumerate(body.op) if op == Op.CALL)
    waiting = [i for i, k in known if k is not None and getattr(k.thing, "op", "") in STARTS]
    found, seen = set[str](), set[int]()
    while waiting and len(seen) < _MOST:
        here = waiting.pop()
        for user in (u for u in defuse.uses(here) if u not in seen):
            seen.add(user)
            if body.op[user] == Op.STORE:
                found.add(body.name(user))
            elif body.op[user] in (Op.FIELD, Op.INDEX, Op.AWAIT, Op.CAST, Op.CALL):
                waiting.append(user)
    return found
