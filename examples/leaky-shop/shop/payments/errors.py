"""How a provider can fail us."""


class PaymentRefused(Exception):
    """The provider said no, and will say no again."""


class PaymentUnavailable(Exception):
    """No answer, or none that helps: the provider may or may not have acted. Ask again with the same key."""
