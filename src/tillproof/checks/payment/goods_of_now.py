"""What an order that is made for a payment holds: what the payment was begun for, or what stands in the visitor's cart by now."""

import re

from tillproof.checks.payment.own_lines import CART
from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model

_MOST = 20
_HEAD = re.compile(r"[.\[]")


def of_session(model: Model, effect: Effect) -> bool:
    """Whether a new order takes over the cart of the session: more may have been put into it since the payment was begun, and the payment
    that the visitor names may be that of another cart."""
    touch = effect.touch
    if touch is None or touch.kind != "create":
        return False
    held = (source for v in touch.fields.values() if v is not None for source, _ in model.requests.sources_in(v, _MOST))
    return any(source.kind == "session" and CART.fullmatch(snake(_HEAD.split(source.key or "")[0])) for source in held)
