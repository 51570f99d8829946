"""What providers and the carrier tell us. An error answers non-2xx, so that they deliver again."""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request

from shop import mail
from shop.dependencies import CacheDep, CarrierEvent, MollieDep, PayPalEvent, SessionDep, StripeEvent
from shop.services import gift_cards, payment_events, shipments

router = APIRouter(prefix="/webhooks")


@router.post("/stripe")
def stripe_webhook(event: StripeEvent, session: SessionDep, background: BackgroundTasks) -> dict[str, bool]:
    order = payment_events.apply_stripe(session, event)
    if order is not None:
        background.add_task(mail.order_paid, order.email, order.reference)
    return {"received": True}


@router.post("/paypal")
def paypal_webhook(event: PayPalEvent, session: SessionDep, background: BackgroundTasks) -> dict[str, bool]:
    order = payment_events.apply_paypal(session, event)
    if order is not None:
        background.add_task(mail.order_paid, order.email, order.reference)
    return {"received": True}


async def _mollie_payment(request: Request) -> str:
    """Mollie says no more than which payment has changed."""
    named = parse_qs((await request.body()).decode())
    if "id" not in named:
        raise HTTPException(400, "no payment is named")
    return named["id"][0]


@router.post("/mollie")
def mollie_webhook(
    payment_id: Annotated[str, Depends(_mollie_payment)], session: SessionDep, mollie: MollieDep, background: BackgroundTasks
) -> dict[str, bool]:
    card = gift_cards.settle(session, payment_id, mollie)
    if card is not None:
        background.add_task(mail.gift_card_paid, card.email, card.code)
    return {"received": True}


@router.post("/carrier")
def carrier_webhook(event: CarrierEvent, session: SessionDep, cache: CacheDep, background: BackgroundTasks) -> dict[str, bool]:
    order = shipments.apply(session, cache, event)
    if order is not None:
        background.add_task(mail.order_delivered, order.email, order.reference)
    return {"received": True}
