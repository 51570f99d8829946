"""What a cart costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.addresses import HOME, Destination
from shop.models import Coupon, Product
from shop.partners.carrier import CarrierClient
from shop.partners.tax import TaxClient

SHIPPING_CENTS = 490
FREE_SHIPPING_FROM_CENTS = 6000


class UnknownProduct(Exception):
    """The cart names a product that the shop doesn't sell (any more)."""


class UnknownService(Exception):
    """The carrier doesn't go there in this way."""


class CartItem(Protocol):
    """A product in the cart, at the price that the customer was shown."""

    product_id: int
    quantity: int
    unit_price_cents: int


@dataclass(frozen=True)
class PricedLine:
    product_id: int
    quantity: int
    list_price_cents: int
    discount_cents: int
    grams: int
    tax_code: str
    made_to_order: bool

    @property
    def unit_price_cents(self) -> int:
        return self.list_price_cents - self.discount_cents


@dataclass(frozen=True)
class Quote:
    lines: list[PricedLine]
    goods_total_cents: int
    shipping_cents: int
    tax_cents: int

    @property
    def total_cents(self) -> int:
        return self.goods_total_cents + self.shipping_cents + self.tax_cents


@dataclass(frozen=True)
class Partners:
    """Who knows what an order abroad costs beside its goods."""

    tax: TaxClient
    carrier: CarrierClient


def quote(
    session: Session, items: Sequence[CartItem], coupon_code: str | None, destination: Destination, service: str, partners: Partners
) -> Quote:
    """Price a cart. An unknown coupon is no error, it takes nothing off.

    Raises ``UnknownProduct``, ``UnknownService`` and, for goods that leave the country, the errors of ``partners.sending``.
    """
    percent_off = _percent_off(session, coupon_code)
    lines = [_priced(session, item, percent_off) for item in items]
    items_total_cents = sum(line.list_price_cents * line.quantity for line in lines)
    discount_cents = sum(line.discount_cents * line.quantity for line in lines)
    goods_total_cents = items_total_cents - discount_cents
    if destination.country == HOME:
        shipping_cents = 0 if items_total_cents >= FREE_SHIPPING_FROM_CENTS else SHIPPING_CENTS
        return Quote(lines, goods_total_cents, shipping_cents, 0)
    rates = partners.carrier.rates(destination, sum(line.grams for line in lines))
    if service not in rates:
        raise UnknownService(service)
    shipping_cents = rates[service]
    return Quote(lines, goods_total_cents, shipping_cents, partners.tax.tax_cents(destination, shipping_cents))


def weight_grams(session: Session, items: Sequence[CartItem]) -> int:
    """What a cart weighs. Raises ``UnknownProduct``."""
    return sum(_priced(session, item, 0).grams for item in items)


def _priced(session: Session, item: CartItem, percent_off: int) -> PricedLine:
    product = session.get(Product, item.product_id)
    if product is None or not product.active:
        raise UnknownProduct(item.product_id)
    # The discount is taken per piece, so that a returned piece is worth exactly what was paid for it.
    return PricedLine(
        product.id,
        item.quantity,
        item.unit_price_cents,
        item.unit_price_cents * percent_off // 100,
        product.weight_grams * item.quantity,
        product.tax_code,
        product.made_to_order,
    )


def _percent_off(session: Session, code: str | None) -> int:
    if not code:
        return 0
    return session.scalar(select(Coupon.percent_off).where(Coupon.code == code, Coupon.active)) or 0
