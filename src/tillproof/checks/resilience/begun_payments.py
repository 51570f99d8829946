"""What has to be stored once a payment was begun, for the provider's message and the returning customer to find an order."""

from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.touches import Touch


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
