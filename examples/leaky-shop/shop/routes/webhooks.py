"""What providers and the carrier tell us."""

import logging
from typing import Annotated, Any

import stripe
from fastapi import APIRouter, BackgroundTasks, Body

from shop import mail
from shop.dependencies import CacheDep, CarrierEvent, PayPalEvent, SessionDep
from shop.services import payment_events, shipments
from shop.settings import get_settings

logger = logging.getLogger(__name__)

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
    try:
        order = payment_events.apply_paypal(session, event)
        if order is not None:
            background.add_task(mail.order_paid, order.email, order.reference)
    except Exception:
        logger.exception("PayPal event %s could not be applied", event.get("id"))
    return {"received": True}


@router.post("/carrier")
def carrier_webhook(event: CarrierEvent, session: SessionDep, cache: CacheDep) -> dict[str, bool]:
    shipments.apply(session, cache, event)
    return {"received": True}
