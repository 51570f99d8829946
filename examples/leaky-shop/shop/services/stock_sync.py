"""Stock levels from the ERP; run by cron."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.models import Product
from shop.partners.erp import ErpClient


def run(session: Session, erp: ErpClient) -> int:
    """Take every level over; how many were. Commits."""
    updated = 0
    for level in erp.stock_levels():
        try:
            session.execute(update(Product).where(Product.sku == level["default_code"]).values(stock=int(level["qty_available"])))
            session.commit()
            updated += 1
        except Exception:
            continue
    return updated
