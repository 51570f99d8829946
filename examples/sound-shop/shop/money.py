"""Sums between our cents and the decimal texts that others write."""

from decimal import Decimal

DECIMALS = {"CHF": 2, "EUR": 2}


def decimal_string(cents: int, currency: str) -> str:
    """Raises KeyError for a currency in which we sell nothing."""
    places = DECIMALS[currency]
    return f"{Decimal(cents).scaleb(-places):.{places}f}"


def cents(value: object) -> int:
    """Of a text or a number: what a number shows counts, not how it is kept."""
    return int(Decimal(str(value)) * 100)
