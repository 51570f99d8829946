"""What Stripe and PayPal tell us. An error answers non-2xx, so that the provider delivers again."""

from fastapi import APIRouter, BackgroundTasks

from shop import mail
from shop.dependencies import PayPalEvent, SessionDep, StripeEvent
from shop.services import payment_events

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
