"""What webhook-unverified and webhook-weak-verification share: whether a handler is a site, and what it does first."""

import re

from tillproof.commerce.handlers import Handler, Walked
from tillproof.commerce.model import Model
from tillproof.flow.paths import Happening
from tillproof.flow.program import Fn

_VERIFIES = re.compile(r"(verif|signature|hmac|authentic|is_?valid|validate_?(webhook|request|ipn|signature|hmac)|check_?(sign|hash|hmac))", re.I)
_ORDINARY = {"validate", "is_valid", "isvalid", "full_clean", "validated_data", "email_verified", "verify_password"}
_RECORDS = ("order", "stock", "record", "refund", "user", "cart", "sql")


def is_site(handler: Handler) -> bool:
    """A handler owes a proof when it does something with the message, or asks which event it is."""
    return bool(handler.walked.happenings)


def unproven_acts(walked: Walked) -> list[Happening]:
    """What is done unproven, the gravest first: money and records before mail. To ask which event it is counts where nothing else is seen."""
    acts = [h for h in walked.unproven if h.kind != "dispatch"]
    if not acts and not walked.acts:
        acts = walked.unproven
    return sorted(acts, key=lambda h: h.kind.rstrip("?").split(".")[0] not in (*_RECORDS, "payment", "fulfil"))


def unresolved_verifier(model: Model, handler: Handler) -> tuple[Fn, int, str] | None:
    """A call by whose name it may verify the sender, and whose body is not there to read.

    A keyed digest is none: what it does is known, and unless its result is compared it proves nothing.
    """
    for fn, i, name in handler.closure.unresolved:
        near = handler.closure.functions.get(fn, 9) <= 3
        if near and _VERIFIES.search(name) and name.lower() not in _ORDINARY and not model.recogniser.is_("macs", fn, i, None):
            return fn, i, name
    return None
