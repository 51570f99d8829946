"""What is asked for as the own part of something: ``$order->getLastPayment()`` belongs to the order that it was asked of."""

from tillproof.flow.values import Member, Result, Value, options


def owner_of(option: Value) -> Value | None:
    """The object that a value was asked for as its own part; None when it was not."""
    asked = option.callee if isinstance(option, Result) else None
    return asked.base if isinstance(asked, Member) and asked.name.startswith("get") else None


def with_owners(value: Value) -> list[Value]:
    """A value, and the objects that it may have been asked of."""
    return [value, *(owner for o in options(value) if (owner := owner_of(o)) is not None)]
