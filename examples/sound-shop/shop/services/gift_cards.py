"""Gift cards: bought here, spent at the counter."""

import logging

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.models import GiftCard, GiftCardStatus
from shop.money import cents
from shop.payments.mollie_client import MollieClient
from shop.security import new_reference

logger = logging.getLogger(__name__)


def start(session: Session, email: str, amount_cents: int, currency: str, mollie: MollieClient) -> str:
    """A card that is worth nothing yet, and the page on which it is paid. Commits."""
    card = GiftCard(code=new_reference(), email=email, amount_cents=amount_cents, currency=currency)
    session.add(card)
    session.commit()
    payment = mollie.create_payment(card)
    card.payment_id = payment["id"]
    session.commit()
    return str(payment["_links"]["checkout"]["href"])


def by_code(session: Session, code: str) -> GiftCard | None:
    return session.scalar(select(GiftCard).where(GiftCard.code == code))


def settle(session: Session, payment_id: str, mollie: MollieClient) -> GiftCard | None:
    """Mollie says that something happened to a payment, so ask what; the card if it is paid by it now. Commits."""
    payment = mollie.payment(payment_id)
    card = session.scalar(select(GiftCard).where(GiftCard.payment_id == payment["id"]))
    if card is None or payment["status"] != "paid":
        logger.info("Mollie payment %s is %s", payment_id, payment["status"])
        return None
    amount = payment["amount"]
    if (cents(amount["value"]), amount["currency"]) != (card.amount_cents, card.currency):
        logger.error("gift card %s: paid %s %s by %s", card.id, amount["value"], amount["currency"], payment_id)
        return None
    filled = session.execute(
        update(GiftCard)
        .where(GiftCard.id == card.id, GiftCard.status == GiftCardStatus.PENDING)
        .values(status=GiftCardStatus.ACTIVE, balance_cents=card.amount_cents)
    )
    session.commit()
    if filled.rowcount != 1:
        return None
    logger.info("gift card %s paid: %s %s, payment %s", card.id, card.amount_cents, card.currency, payment_id)
    return card
