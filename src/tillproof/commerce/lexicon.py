"""The words of commerce, matched: is a name an amount of money, does a value say that something is paid?"""

import re
from functools import lru_cache

from tillproof.knowledge.schema import Lexicon

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Words:
    """Questions to the lexicon. Names are put in lower snake case first."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._patterns = {
            kind: re.compile("|".join(f"(?:{p})" for p in getattr(lexicon, kind)) or r"(?!)")
            for kind in lexicon.__struct_fields__
            if isinstance(getattr(lexicon, kind), tuple)
        }
        self.has = lru_cache(maxsize=20_000)(self._has)

    def _has(self, kind: str, name: str) -> bool:
        return bool(self._patterns[kind].fullmatch(snake(name)))

    def money(self, name: str) -> bool:
        """Whether a field holds an amount of money, of whatever sort."""
        return not self.has("not_money", name) and any(
            self.has(k, name) for k in ("money_fields", "tax_fields", "shipping_fields", "discount_fields")
        )

    def says_state(self, name: str) -> bool:
        """Whether a field says how far an order or payment has come."""
        return self.has("status_fields", name) or self.has("paid_fields", name) or self.has("state_fields", name)

    def entity(self, name: str) -> bool:
        """Whether a name is that of an order, payment or the like."""
        return self.has("order_entities", name)

    def fulfils(self, name: str) -> bool:
        """Whether a function's name says that something counts as paid or goes out."""
        return self.has("fulfil_verbs", name) and not self.has("not_fulfil_verbs", name)


def snake(name: str) -> str:
    """``unitPrice``, ``unit-price`` and ``UNIT_PRICE`` as ``unit_price``."""
    text = name.strip("'\"$ ")
    if not text.isupper():
        text = _HUMP.sub("_", text)
    return text.replace("-", "_").replace(" ", "_").lower()
