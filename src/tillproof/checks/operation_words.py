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


# What is asked for by calls that only prepare a payment is called by its own name.
_BY_RESOURCE = {
    ("payment.create", "InvoiceItem"): ("line of an invoice", "is added", "a second line, which the customer is charged for too"),
    ("payment.create", "Invoice"): ("invoice", "is made", "a second invoice"),
    ("transfer.create", "CustomerBalanceTransaction"): ("credit", "is put on a customer's balance", "a second credit"),
    ("checkout.create", "Order"): ("order", "is opened", "a second order"),
}
_AGAIN = {
    "payment.create": "a second payment",
    "checkout.create": "a second payable session",
    "refund.create": "a second refund",
    "payout.create": "a second payout",
    "transfer.create": "a second transfer",
    "subscription.create": "a second subscription",
}


def thing(op: str) -> str:
    """What the call is about: ``payment``."""
    return _WORDS.get(op, (op.replace(".", " "), ""))[0]


def done(op: str, resource: str = "") -> str:
    """What the call does: ``a payment is created``."""
    what, verb = _BY_RESOURCE.get((op, resource), _WORDS.get(op, (op.replace(".", " "), "is asked for")))[:2]
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what} {verb}"


def again(op: str, resource: str = "") -> str:
    """What a repeated call makes: ``a second payment``."""
    named = _BY_RESOURCE.get((op, resource))
    return named[2] if named else _AGAIN.get(op, "a second attempt whose first result is lost")
