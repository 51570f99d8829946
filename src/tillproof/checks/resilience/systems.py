"""Which systems requests go to, for the resilience checks: how to call them, and how much hangs on them."""

import re
from collections.abc import Sequence

from tillproof.commerce.model import Model
from tillproof.commerce.sendings import Sending

SALE = ("payment", "tax", "shipping", "erp", "pim", "marketplace", "platform", "warehouse")
"""Kinds of systems that a sale depends on."""
_COMMERCE = re.compile(
    r"pay|checkout|order|refund|invoice|billing|tax|ship|carrier|stock|inventor|gateway|bank|erp|price|cart|sync", re.IGNORECASE
)


def matters(model: Model, sending: Sending) -> bool:
    """Whether a sale depends on a request: by the system's kind, else by how its code is called."""
    if sending.provider is not None:
        return sending.provider.kind in SALE
    url = sending.request.url if sending.request else ""
    return bool(_COMMERCE.search(f"{sending.fn.file} {model.program.name(sending.fn)} {url}"))


def system(sending: Sending) -> str:
    """The name of the system, for people."""
    return sending.provider.name if sending.provider else "another system"


def named(model: Model, sendings: Sequence[Sending], file: str) -> str:
    """The systems that some requests go to; of a client's policy, the one that its unit talks to."""
    found = dict.fromkeys(s.provider.name for s in sendings if s.provider is not None)
    if not found and not sendings:
        unit = model.program.unit(file)
        found = dict.fromkeys(
            s.provider.name for s in model.sendings.all if s.provider is not None and model.program.unit(s.fn.file) == unit
        )
    names = list(found)
    return names[0] if len(names) == 1 else "a provider" if names else "another system"
