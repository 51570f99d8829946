"""What a customer has with the shop and buys with, by its names: a balance, credit or points, in a wallet or on his own record."""

import re
from functools import cache

from tillproof.commerce.lexicon import snake

_BALANCE = re.compile(
    r"(\w+_)?(balance|wallet|purse|credits?|funds|coins|points)(_(balance|amount|available|cents|credits|left))?"
    r"|available_(balance|credits?|funds)|(\w+_)?balance_[a-z]{2,6}"
)
_PURSE = re.compile(r"(\w+_)?(wallet|purse|balance|credits?|funds|coins|gift_?card|gift_?certificate)")
_SUM = ("amount", "total", "value", "remaining", "balance")
_PERSON = re.compile(r"((app|auth|shop)_)?(user|customer|member|player|rider|driver|student|subscriber|account|profile)s?")
_HELD = ("amount", "money", "cash")


def is_balance(field: str) -> bool:
    """Whether a field holds such a balance whatever record it is of."""
    return _BALANCE.fullmatch(snake(field)) is not None


def is_purse(record: str) -> bool:
    """Whether a record is kept for a balance alone: ``wallet``, ``gift_card``."""
    return _PURSE.fullmatch(snake(record)) is not None


def holds_balance(record: str, field: str) -> bool:
    """Whether a field of a record is a balance: ``user.credits``, ``wallet.amount``, or the money that stands on somebody's own record,
    ``user.amount``."""
    name = snake(field)
    return is_balance(name) or (name in _SUM and is_purse(record)) or (name in _HELD and is_person(record))


def is_person(record: str) -> bool:
    """Whether a record is somebody who buys."""
    return _PERSON.fullmatch(snake(record)) is not None


@cache
def may_be_balance(field: str) -> bool:
    """Whether a field may be a balance, of one record or another."""
    return is_balance(field) or snake(field) in _HELD
