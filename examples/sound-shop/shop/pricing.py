"""What a cart costs, from the shop's own prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import Coupon, Product

SHIPPING_CENTS = 490
FREE_SHIPPING_FROM_CENTS = 6000


class UnknownProduct(Exception):
    """The cart names a product that the shop doesn't sell (any more)."""


class CartItem(Protocol):
    """What a customer may choose: which product, and how many."""

    product_id: int
    quantity: int


@dataclass(frozen=True)
class PricedLine:
    product_id: int
    quantity: int
    unit_price_cents: int

    @property
    def total_cents(self) -> int:
        return self.unit_price_cents * self.quantity


@dataclass(frozen=True)
class Quote:
    lines: list[PricedLine]
    shipping_cents: int

    @property
    def total_cents(self) -> int:
        return sum(line.total_cents for line in self.lines) + self.shipping_cents


def quote(session: Session, items: Sequence[CartItem], coupon_code: str | None) -> Quote:
    """Price a cart. An unknown coupon is no error, it takes nothing off; raises ``UnknownProduct``."""
    percent_off = _percent_off(session, coupon_code)
    lines = [_priced(session, item, percent_off) for item in items]
    goods_cents = sum(line.total_cents for line in lines)
    return Quote(lines, 0 if goods_cents >= FREE_SHIPPING_FROM_CENTS else SHIPPING_CENTS)


def _priced(session: Session, item: CartItem, percent_off: int) -> PricedLine:
    product = session.get(Product, item.product_id)
    if product is None or not product.active:
        raise UnknownProduct(item.product_id)
    # The discount is taken per piece, so that a returned piece is worth exactly what was paid for it.
    return PricedLine(product.id, item.quantity, product.price_cents - product.price_cents * percent_off // 100)


def _percent_off(session: Session, code: str | None) -> int:
    if not code:
        return 0
    return session.scalar(select(Coupon.percent_off).where(Coupon.code == code, Coupon.active)) or 0
