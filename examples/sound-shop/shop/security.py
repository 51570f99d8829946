"""Who may do what, and who really sent what."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Annotated, Any

import stripe
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shop.payments.paypal_client import PayPalClient
from shop.payments.stripe_client import StripeClient
from shop.settings import Settings, get_settings

_bearer = HTTPBearer()


def new_reference() -> str:
    return secrets.token_urlsafe(24)


def require_staff(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(_bearer)], settings: Annotated[Settings, Depends(get_settings)]
) -> None:
    """Let only staff pass. Nobody is staff as long as no token is set."""
    if not settings.staff_token or not secrets.compare_digest(credentials.credentials.encode(), settings.staff_token.encode()):
        raise HTTPException(403, "staff only")


def genuine_stripe_event(client: StripeClient, body: bytes, signature: str) -> stripe.Event:
    try:
        return client.read_event(body, signature)
    except (ValueError, stripe.SignatureVerificationError) as error:
        raise HTTPException(400, "not from Stripe") from error


def genuine_paypal_event(client: PayPalClient, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    try:
        event: dict[str, Any] = json.loads(body)
    except ValueError as error:
        raise HTTPException(400, "not JSON") from error
    if not client.verify_webhook(headers, body):
        raise HTTPException(400, "not from PayPal")
    return event


def genuine_carrier_event(body: bytes, signature: str, secret: str) -> dict[str, Any]:
    """The event in EasyPost's message. As long as no secret is set, nothing is believed."""
    expected = "hmac-sha256-hex=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(expected.encode(), signature.encode()):
        raise HTTPException(400, "not from the carrier")
    event: dict[str, Any] = json.loads(body)
    return event
