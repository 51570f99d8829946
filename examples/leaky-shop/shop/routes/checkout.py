"""Placing and paying an order."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from shop import mail, pricing
from shop.addresses import HOME, Destination
from shop.dependencies import ErpDep, GatewaysDep, PartnersDep, SessionDep
from shop.models import Order, OrderStatus, Provider
from shop.services import checkout, orders, stock
from shop.settings import get_settings
from shop.templates import templates

router = APIRouter(prefix="/checkout")


class CartLine(BaseModel):
    product_id: int
    quantity: int = Field(ge=1, le=50)
    unit_price_cents: int = Field(gt=0)


class Address(BaseModel):
    country: str = Field(default=HOME, pattern=r"^[A-Z]{2}$")
    postal_code: str = Field(default="", max_length=20)
    state: str = Field(default="", max_length=3)


class CheckoutRequest(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)
    items: list[CartLine] = Field(min_length=1, max_length=50)
    address: Address = Address()
    service: str = "priority"
    shipping_cents: int | None = Field(default=None, ge=0)
    coupon: str | None = None
    provider: Provider = Provider.STRIPE


class CheckoutAnswer(BaseModel):
    reference: str
    total_cents: int
    client_secret: str | None
    approve_url: str | None
    publishable_key: str


def customers_order(order: str, session: SessionDep) -> Order:
    """The order whose reference is in the query."""
    found = orders.by_reference(session, order)
    if found is None:
        raise HTTPException(404, "no such order")
    return found


CustomersOrder = Annotated[Order, Depends(customers_order)]


@router.post("", status_code=201)
def place_order(wanted: CheckoutRequest, session: SessionDep, gateways: GatewaysDep, partners: PartnersDep, erp: ErpDep) -> CheckoutAnswer:
    destination = Destination(wanted.address.country, wanted.address.postal_code, wanted.address.state)
    try:
        quote = pricing.quote(session, wanted.items, wanted.coupon, destination, wanted.service, partners)
        if wanted.shipping_cents is not None:
            quote = replace(quote, shipping_cents=wanted.shipping_cents)
        order = orders.place(session, wanted.email, destination, quote, wanted.provider)
    except pricing.UnknownProduct as error:
        raise HTTPException(422, "unknown product") from error
    except pricing.UnknownService as error:
        raise HTTPException(422, "no such way of shipping") from error
    except stock.OutOfStock as error:
        raise HTTPException(409, "out of stock") from error
    erp.announce(order)
    return _pay(session, order, gateways)


@router.post("/pay")
def pay_order(order: CustomersOrder, session: SessionDep, gateways: GatewaysDep) -> CheckoutAnswer:
    """Go on with an order whose payment broke off."""
    if order.status is not OrderStatus.PENDING:
        raise HTTPException(409, f"order is {order.status}")
    return _pay(session, order, gateways)


@router.post("/rates")
def shipping_rates(wanted: CheckoutRequest, session: SessionDep, partners: PartnersDep) -> dict[str, int]:
    """The ways in which a cart may be sent abroad, and what each costs."""
    destination = Destination(wanted.address.country, wanted.address.postal_code, wanted.address.state)
    return partners.carrier.rates(destination, pricing.weight_grams(session, wanted.items))


@router.post("/cancel")
def cancel_order(order: CustomersOrder, session: SessionDep, gateways: GatewaysDep) -> dict[str, str]:
    """The customer has thought better of it, and has not paid."""
    try:
        orders.move(session, order, OrderStatus.CANCELLED)
    except orders.InvalidTransition as error:
        raise HTTPException(409, f"order is {order.status}") from error
    session.commit()
    checkout.give_up_payment(order, gateways)
    return {"status": order.status}


@router.get("/success")
def success_page(
    request: Request, order: CustomersOrder, session: SessionDep, background: BackgroundTasks, redirect_status: str = ""
) -> HTMLResponse:
    """Where Stripe and PayPal send the customer after the payment."""
    if redirect_status == "succeeded":
        if orders.mark_paid(session, order):
            background.add_task(mail.order_paid, order.email, order.reference)
        session.commit()
    return templates.TemplateResponse(request, "success.html", {"order": order})


@router.get("/paypal/return")
def paypal_return(
    token: str, order: CustomersOrder, session: SessionDep, gateways: GatewaysDep, background: BackgroundTasks
) -> RedirectResponse:
    """The buyer comes back from PayPal: take the money that was approved there, for the order that the address names."""
    if order.status is OrderStatus.PENDING and checkout.capture_paypal(session, order, token, gateways):
        background.add_task(mail.order_paid, order.email, order.reference)
    return RedirectResponse(f"/checkout/success?order={order.reference}", status_code=303)


def _pay(session: SessionDep, order: Order, gateways: GatewaysDep) -> CheckoutAnswer:
    start = checkout.start_payment(session, order, gateways)
    return CheckoutAnswer(
        reference=order.reference,
        total_cents=order.total_cents,
        client_secret=start.client_secret,
        approve_url=start.approve_url,
        publishable_key=get_settings().stripe_publishable_key,
    )
