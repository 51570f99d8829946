"""What somebody gets for a payment: what it was begun for, or what stands in his cart by now, or what he says himself."""

import re

from tillproof.checks.payment.own_lines import CART
from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.touches import Touch

_MOST = 20
_HEAD = re.compile(r"[.\[]")
_GOODS = re.compile(
    r"(^|_)(plan|tier|package|product|items?|course|event|type|kind|level|size|quantity|qty|seats?|tickets?|credits?)(_id)?$"
)
"""Fields that say what it is that was bought, or how much of it."""
_RIGHTS = re.compile(
    r"(^|_)(plan|tier|package|credits?|seats?|membership|subscription(_(plan|type|tier|level))?)(_(id|name|type|balance))?$"
)
"""Fields of an account that say what its owner has bought."""
_ACCOUNT = re.compile(
    r"(\w+_)?(user|customer|member|account|profile|subscriber|subscription|membership|team|organi[sz]ation|workspace|tenant)"
)
OF_PAYMENT = re.compile(r"status|pay(er|ment)|transaction|txn|capture|session|intent|charge|amount|signature|token|result")
"""Names of what is said of a payment, and not of what it is for."""


def of_session(model: Model, effect: Effect) -> bool:
    """Whether a new order takes over the cart of the session: more may have been put into it since the payment was begun, and the payment
    that the visitor names may be that of another cart."""
    touch = effect.touch
    if touch is None or touch.kind != "create":
        return False
    held = (source for v in touch.fields.values() if v is not None for source, _ in model.requests.sources_in(v, _MOST))
    return any(source.kind == "session" and CART.fullmatch(snake(_HEAD.split(source.key or "")[0])) for source in held)


def says_what(model: Model, touch: Touch) -> bool:
    """Whether the sender says more of a new record than by which payment it is paid."""
    told = (
        (n, v) for n, v in touch.fields.items() if v is not None and not PAYMENT_ID.fullmatch(snake(n)) and not OF_PAYMENT.search(snake(n))
    )
    return any(_GOODS.search(snake(n)) and model.requests.sources_in(v, _MOST) for n, v in told)


def is_lifted(model: Model, effect: Effect) -> bool:
    """Whether an account that is there is given the plan, or as many credits, as the sender says."""
    touch = effect.touch
    if touch is None or touch.kind not in ("write", "upsert") or not _ACCOUNT.fullmatch(snake(touch.entity)):
        return False
    rights = (v for name, v in touch.fields.items() if v is not None and _RIGHTS.search(snake(name)))
    return any(s.kind in ("body", "query", "path") for v in rights for s, _ in model.requests.sources_in(v, _MOST))
