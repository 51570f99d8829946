"""Stock: what is there, and who may have it."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.models import Product


class OutOfStock(Exception):
    """Not enough pieces left."""


def reserve(session: Session, product_id: int, quantity: int) -> None:
    """Take pieces off the shelf for an order. Raises ``OutOfStock``."""
    product = session.get_one(Product, product_id)
    if product.stock < quantity:
        raise OutOfStock(product_id)
    session.execute(update(Product).where(Product.id == product_id).values(stock=Product.stock - quantity))


def put_back(session: Session, product_id: int, quantity: int) -> None:
    product = session.get_one(Product, product_id)
    product.stock = product.stock + quantity
