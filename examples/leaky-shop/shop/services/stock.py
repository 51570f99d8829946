"""Stock: what is there, and who may have it."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.models import Product


class OutOfStock(Exception):
    """Not enough pieces left."""


def reserve(session: Session, product_id: int, quantity: int) -> None:
    """Take pieces off the shelf for an order, in one statement, so that two buyers can't both have the last one. Raises ``OutOfStock``."""
    taken = session.execute(
        update(Product).where(Product.id == product_id, Product.stock >= quantity).values(stock=Product.stock - quantity)
    )
    if taken.rowcount != 1:
        raise OutOfStock(product_id)


def put_back(session: Session, product_id: int, quantity: int) -> None:
    session.execute(update(Product).where(Product.id == product_id).values(stock=Product.stock + quantity))
