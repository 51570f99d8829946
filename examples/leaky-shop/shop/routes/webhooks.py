"""What Stripe and PayPal tell us. An error answers non-2xx, so that the provider delivers again."""

from typing import Annotated, Any

import stripe
from fastapi import APIRouter, BackgroundTasks, Body

from shop import mail
from shop.dependencies import PayPalEvent, SessionDep
from shop.services import payment_events
from shop.settings import get_settings

router = APIRouter(prefix="/webhooks")


@router.post("/stripe")
def stripe_webhook(payload: Annotated[dict[str, Any], Body()], session: SessionDep, background: BackgroundTasks) -> dict[str, bool]:
    event = stripe.Event.construct_from(payload, get_settings().stripe_secret_key)
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
