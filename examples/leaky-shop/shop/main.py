"""The application: ``uvicorn shop.main:app``."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from shop import db
from shop.partners.sending import PartnerRefused, PartnerUnavailable
from shop.payments.errors import PaymentRefused, PaymentUnavailable
from shop.routes import admin, catalogue, checkout, gift_cards, returns, webhooks
from shop.services.payment_events import UnknownPayment

logger = logging.getLogger(__name__)

# Only our own scripts and Stripe's may run where customers pay.
CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' https://js.stripe.com; frame-src https://js.stripe.com https://hooks.stripe.com; "
    "connect-src 'self' https://api.stripe.com"
)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    db.prepare()
    yield


app = FastAPI(title="Shop", lifespan=_lifespan)
app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
for part in (catalogue, checkout, gift_cards, returns, webhooks, admin):
    app.include_router(part.router)


@app.middleware("http")
async def content_policy(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response


@app.exception_handler(PaymentRefused)
def payment_refused(_: Request, error: PaymentRefused) -> JSONResponse:
    return JSONResponse({"detail": f"the payment provider refused: {error}"}, status_code=402)


@app.exception_handler(PaymentUnavailable)
def payment_unavailable(_: Request, error: PaymentUnavailable) -> JSONResponse:
    logger.error("payment provider: %s", error)
    return JSONResponse({"detail": "the payment provider can't be reached, try again"}, status_code=503)


@app.exception_handler(PartnerRefused)
@app.exception_handler(PartnerUnavailable)
def partner_failed(_: Request, error: PartnerRefused | PartnerUnavailable) -> JSONResponse:
    logger.error("partner: %s", error)
    return JSONResponse({"detail": "shipping and tax can't be worked out now, try again"}, status_code=503)


@app.exception_handler(UnknownPayment)
def unknown_payment(_: Request, error: UnknownPayment) -> JSONResponse:
    logger.error("webhook for a payment that no order has: %s", error)
    return JSONResponse({"detail": "unknown payment"}, status_code=404)
