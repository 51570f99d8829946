"""Gift cards: bought here, spent at the counter."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.models import GiftCard, GiftCardStatus
from shop.money import cents
from shop.payments.mollie_client import MollieClient
from shop.security import new_reference


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


def settle(session: Session, card: GiftCard, mollie: MollieClient) -> bool:
    """Fill a card whose payment has arrived. Commits."""
    payment = mollie.payment(str(card.payment_id))
    if payment["status"] != "paid" or cents(payment["amount"]["value"]) != card.amount_cents:
        return False
    session.execute(
        update(GiftCard)
        .where(GiftCard.id == card.id)
        .values(status=GiftCardStatus.ACTIVE, balance_cents=GiftCard.balance_cents + card.amount_cents)
    )
    session.commit()
    session.refresh(card)
    return True
