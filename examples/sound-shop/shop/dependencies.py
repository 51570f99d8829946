"""What routes ask for in their signatures."""

from functools import lru_cache
from typing import Annotated, Any

import stripe
from fastapi import Depends, Header, Request
from sqlalchemy.orm import Session

from shop import security
from shop.db import get_session
from shop.partners.carrier import Cache, CarrierClient
from shop.partners.erp import ErpClient
from shop.partners.tax import TaxClient
from shop.payments.mollie_client import MollieClient
from shop.payments.paypal_client import PayPalClient
from shop.payments.stripe_client import StripeClient
from shop.pricing import Partners
from shop.services.checkout import Gateways
from shop.settings import get_settings

SessionDep = Annotated[Session, Depends(get_session)]


@lru_cache
def get_gateways() -> Gateways:
    settings = get_settings()
    return Gateways(StripeClient(settings), PayPalClient(settings))


GatewaysDep = Annotated[Gateways, Depends(get_gateways)]


@lru_cache
def get_mollie() -> MollieClient:
    return MollieClient(get_settings())


MollieDep = Annotated[MollieClient, Depends(get_mollie)]


@lru_cache
def get_cache() -> Cache:
    import redis  # here, so that another cache can take its place where none is installed

    return redis.Redis.from_url(get_settings().redis_url)


CacheDep = Annotated[Cache, Depends(get_cache)]


def get_partners() -> Partners:
    return Partners(TaxClient(get_settings()), CarrierClient(get_settings(), get_cache()))


PartnersDep = Annotated[Partners, Depends(get_partners)]


@lru_cache
def get_erp() -> ErpClient:
    return ErpClient(get_settings())


ErpDep = Annotated[ErpClient, Depends(get_erp)]


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


def _carrier_event(request: Request, body: Annotated[bytes, Depends(_raw_body)]) -> dict[str, Any]:
    return security.genuine_carrier_event(body, request.headers.get("X-Hmac-Signature", ""), get_settings().easypost_webhook_secret)


CarrierEvent = Annotated[dict[str, Any], Depends(_carrier_event)]
