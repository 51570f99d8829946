"""Where goods come from and where they go."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Destination:
    country: str
    postal_code: str
    state: str = ""


WAREHOUSE = Destination("DE", "20457")
HOME = WAREHOUSE.country
