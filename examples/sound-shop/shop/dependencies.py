"""What routes ask for in their signatures."""

from functools import lru_cache
from typing import Annotated, Any

import stripe
from fastapi import Depends, Header, Request
from sqlalchemy.orm import Session

from shop import security
from shop.db import get_session
from shop.payments.paypal_client import PayPalClient
from shop.payments.stripe_client import StripeClient
from shop.services.checkout import Gateways
from shop.settings import get_settings

SessionDep = Annotated[Session, Depends(get_session)]


@lru_cache
def get_gateways() -> Gateways:
    settings = get_settings()
    return Gateways(StripeClient(settings), PayPalClient(settings))


GatewaysDep = Annotated[Gateways, Depends(get_gateways)]


async def _raw_body(request: Request) -> bytes:
    return await request.body()


def _stripe_event(
    gateways: GatewaysDep, body: Annotated[bytes, Depends(_raw_body)], stripe_signature: Annotated[str, Header()] = ""
) -> stripe.Event:
    return security.genuine_stripe_event(gateways.stripe, body, stripe_signature)


def _paypal_event(request: Request, gateways: GatewaysDep, body: Annotated[bytes, Depends(_raw_body)]) -> dict[str, Any]:
    return security.genuine_paypal_event(gateways.paypal, request.headers, body)


StripeEvent = Annotated[stripe.Event, Depends(_stripe_event)]
PayPalEvent = Annotated[dict[str, Any], Depends(_paypal_event)]
