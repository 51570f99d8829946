"""What to call a message, answer or request that is shown or kept whole, and what is in it."""

from tillproof.commerce.payloads import Payload
from tillproof.commerce.payment_places import PaymentPlace

_WHOLE = {
    "message": "a whole message of the provider",
    "event": "a whole event of the provider",
    "answer": "a whole answer of the provider",
    "request": "a whole request to the provider",
}
_PAYER = "names, addresses and e-mail of the payer, what paid and its last digits"
_HOLDS = {
    "message": _PAYER,
    "event": _PAYER,
    "answer": "the payer's data and what is known of the card or account",
    "request": "the customer, the billing address and the payment method",
}


def whole(payload: Payload, place: PaymentPlace | None) -> tuple[str, str]:
    """(what it is, what it holds), as parts of a sentence. What the customer's browser sends is no message of the provider."""
    handler = place.handler if place else None
    if payload.kind == "message" and (handler is None or handler.kind == "redirect-return"):
        return "a whole request, as it came", "whatever the sender put in: names, addresses, session and payment references"
    return _WHOLE[payload.kind], _HOLDS[payload.kind]
