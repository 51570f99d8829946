"""Where the address of a payment page is read off what a payment system answered that no pack knows: there the customer is sent to pay."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_READ = re.compile(
    rb"(?:->|\.|\[\s*['\"])(?!get_checkout_payment_url)(?:get_?)?(?:hosted_?)?(?:payment_?|checkout_?|gateway_?|pay_?)?"
    rb"(?:page_?|redirect_?|checkout_?|payment_?)(?:url|link|uri)\b(?!['\"]?\s*\]?\s*=[^=>])",
    re.IGNORECASE,
)
_SHORT = 4


def strange_pages(model: "Model") -> Iterator[tuple[str, str, int]]:
    """(system, file, line) of the first such place of each file that speaks of the system."""
    heard = sorted({h.provider.id for h in model.handlers.all} & model.strangers.systems.keys())
    systems = [s for s in heard if len(s) >= _SHORT and s != "unknown"]
    for file in model.program.indices if systems else ():
        source = model.program.sources[file]
        match = _READ.search(source) if model.program.files[file].role == "source" else None
        if match is None:
            continue
        spoken = (file.encode() + source).lower()
        system = next((s for s in systems if s.encode() in spoken), None)
        if system is not None:
            yield system, file, source.count(b"\n", 0, match.start()) + 1
