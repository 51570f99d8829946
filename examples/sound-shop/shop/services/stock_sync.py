"""Stock levels from the ERP; run by cron."""

import logging
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.models import Product, SyncFailure
from shop.partners.erp import ErpClient

logger = logging.getLogger(__name__)


class UnusableLevel(Exception):
    """A level that is not to be believed."""


@dataclass
class SyncReport:
    updated: int = 0
    failed: list[str] = field(default_factory=list)


def run(session: Session, erp: ErpClient) -> SyncReport:
    """Take every level over. One that can't be is put aside for a person, and the others go on. Commits."""
    report = SyncReport()
    for level in erp.stock_levels():
        try:
            _take_over(session, level)
        except UnusableLevel as error:
            logger.error("stock of %s not taken over: %s", level.get("default_code"), error)
            session.add(SyncFailure(sku=str(level.get("default_code")), reason=str(error)))
            report.failed.append(str(level.get("default_code")))
        else:
            report.updated += 1
        session.commit()
    return report


def _take_over(session: Session, level: dict[str, Any]) -> None:
    sku, available = level.get("default_code"), level.get("qty_available")
    if not isinstance(available, int) or available < 0:
        raise UnusableLevel(f"{available} pieces")
    updated = session.execute(update(Product).where(Product.sku == sku).values(stock=available))
    if updated.rowcount != 1:
        raise UnusableLevel("no such product")
