"""Columns by which rows are asked for that are one customer's, or one row itself: such a question tells nothing of what others have."""

import re

from tillproof.commerce.lexicon import snake

_PERSON = re.compile(r"(.*_)?(user|customer|buyer|member|owner|account|email|phone|session|client|student|attendee)(_.*)?")
_ITSELF = re.compile(r"(_?id|pk|uuid|status|state|(.*_)?(payment|order|reference|ref|code|token|intent|transaction)(_\w+)?)")


def of_one_customer(column: str) -> bool:
    """Whether a column names a customer: ``user_id``, ``buyerEmail``."""
    return _PERSON.fullmatch(snake(column)) is not None


def of_one_row(column: str) -> bool:
    """Whether a column names the row itself, what it was paid by, or its state."""
    return _ITSELF.fullmatch(snake(column)) is not None
