"""What a provider is asked to do, in plain words."""

_WORDS = {
    "payment.create": ("payment", "is created"),
    "payment.confirm": ("payment", "is confirmed"),
    "payment.capture": ("payment", "is captured"),
    "payment.cancel": ("payment", "is cancelled"),
    "payment.update": ("payment", "is changed"),
    "payment.retrieve": ("payment", "is looked up"),
    "checkout.create": ("checkout", "is opened"),
    "refund.create": ("refund", "is made"),
    "payout.create": ("payout", "is made"),
    "transfer.create": ("transfer", "is made"),
    "subscription.create": ("subscription", "is begun"),
    "shipment.create": ("shipment", "is ordered"),
    "rates.quote": ("quote", "is asked for"),
    "tax.calculate": ("tax calculation", "is asked for"),
    "customer.create": ("customer", "is created"),
}


def thing(op: str) -> str:
    """What the call is about: ``payment``."""
    return _WORDS.get(op, (op.replace(".", " "), ""))[0]


def done(op: str) -> str:
    """What the call does: ``a payment is created``."""
    what, verb = _WORDS.get(op, (op.replace(".", " "), "is asked for"))
    return f"a {what} {verb}"
