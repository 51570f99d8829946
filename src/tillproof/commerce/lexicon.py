"""The words of commerce, matched: is a name an amount of money, does a value say that something is paid?"""

import re
from functools import cache, lru_cache
from typing import Literal, TypeAlias
from unicodedata import combining, normalize

from tillproof.knowledge.schema import Lexicon

_QUANTITIES = ("qty", "quantity", "count", "amount", "units", "number")
_OF_GOODS = re.compile(r"(product|prod|variant|item|article|sku|book)_(?=(qty|quantity)$)")

CardPart: TypeAlias = Literal["number", "code", "track", ""]

_CARD_PARTS: tuple[tuple[CardPart, str], ...] = (
    ("number", "card_number_fields"),
    ("code", "card_code_fields"),
    ("track", "card_track_fields"),
)
_BRACKETED = re.compile(r"\[\s*['\"]?([^\]'\"]*)['\"]?\s*\]\Z")
_MONEY_ITSELF = re.compile(r"(^|_)(payment|transaction|charge|transfer|deposit|top_?up|refund)s?$")
_UNDER_WAY = ("processing", "in_process", "in_progress", "preparing")
_BILL = re.compile(r"(^|_)(invoice|bill|quote|estimate|proposal|payment|payment_(link|request)|reminder|dunning)s?$")
_HANDED_OVER = ("sent", "delivered", "dispatched")
_ONE_STROKE = str.maketrans("ıłđøŁĐØ", "ildoLDO")
"""Letters whose mark is no accent that can be taken away."""
# Two words that many write as one: `shippingcost`, `totalprice`, `orderstatus`.
_GLUED = re.compile(
    r"(?:(?<=_)|^)(grand|final|total|unit|item|sales?|selling|product|order|cart|base|net|gross|shipping|delivery|discount|coupon|service"
    r"|paid|payable|payment|booking|room|ticket|offer|special)(price|amount|amt|costs?|fees?|charges?|qty|quantity|status|state|total|tax|id)"
    r"(?=_|$)"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One of the patterns of a kind of words; made when that kind is first asked for."""
    return re.compile("|".join(f"(?:{p})" for p in patterns) or r"(?!)")


class Words:
    """Questions to the lexicon. Names are put in lower snake case first."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._patterns: dict[str, re.Pattern[str]] = {}
        self.has = lru_cache(maxsize=20_000)(self._has)

    def _has(self, kind: str, name: str) -> bool:
        pattern = self._patterns.get(kind)
        if pattern is None:
            pattern = self._patterns[kind] = _any_of(getattr(self._lexicon, kind))
        return bool(pattern.fullmatch(snake(name)))

    def money(self, name: str) -> bool:
        """Whether a field holds an amount of money, of whatever sort."""
        return not self.has("not_money", name) and any(
            self.has(k, name) for k in ("money_fields", "tax_fields", "shipping_fields", "discount_fields")
        )

    def says_state(self, name: str) -> bool:
        """Whether a field says how far an order or payment has come."""
        return self.has("status_fields", name) or self.has("paid_fields", name) or self.has("state_fields", name)

    def entity(self, name: str) -> bool:
        """Whether a name is that of a customer's order, payment or the like."""
        return self.has("order_entities", name) and not self.has("supply_entities", name)

    def fulfils(self, name: str) -> bool:
        """Whether a function's name says that something counts as paid or goes out."""
        return self.has("fulfil_verbs", name) and not self.has("not_fulfil_verbs", name)

    def card(self, name: str) -> CardPart:
        """Which part of a payment card a field holds in full; empty for none."""
        plain = field_name(name)
        if not self.has("not_card", plain):
            for part, kind in _CARD_PARTS:
                if self.has(kind, plain):
                    return part
        return ""

    def beside_card(self, name: str) -> bool:
        """Whether a field holds a card's number or code if it stands beside one that surely does."""
        return self.has("card_beside_fields", field_name(name))

    def secret(self, name: str) -> bool:
        """Whether a setting, variable or header holds a credential of ours to another system."""
        plain = field_name(name)
        if self.has("secret_headers", plain):
            return True
        return self.has("secret_fields", plain) and not self.has("public_fields", plain) and not self.has("not_secret", plain)


@cache
def snake(name: str) -> str:
    """``unitPrice``, ``unit-price``, ``UNIT_PRICE`` and ``unitprice`` as ``unit_price``; ``payé`` as ``paye``."""
    text = _unaccented(name.strip("'\"$ "))
    if not text.isupper():
        text = _HUMP.sub("_", text)
    return _GLUED.sub(r"\1_\2", text.replace("-", "_").replace(" ", "_").lower())


def _unaccented(text: str) -> str:
    """Shops write the words of their own languages with and without the marks."""
    if text.isascii():
        return text
    return "".join(c for c in normalize("NFKD", text).translate(_ONE_STROKE) if not combining(c))


def counts(name: str) -> bool:
    """Whether a field means stock where it stands in what keeps goods; its name may say of which: ``product.product_quantity``."""
    return _OF_GOODS.sub("", snake(name)) in _QUANTITIES


def under_way(entity: str, state: str) -> bool:
    """Whether a payment is still on its way: an order that is "processing" is paid, a payment that is has not come
    yet, and a bill that was "sent" is what somebody is asked to pay."""
    if snake(state) in _HANDED_OVER:
        return bool(_BILL.search(snake(entity)))
    return bool(_MONEY_ITSELF.search(snake(entity))) and snake(state) in _UNDER_WAY


def field_name(name: str) -> str:
    """The field that a dotted or bracketed name ends in: ``payment[cc_number]`` and ``form.cc_number`` are about ``cc_number``."""
    name = name.rstrip("[]")
    if bracketed := _BRACKETED.search(name + "]" if "[" in name else name):
        return bracketed[1]
    return name.rpartition(".")[2]
