"""The staff's area: orders, returns, products."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select

from shop import mail, pricing
from shop.addresses import WAREHOUSE
from shop.dependencies import ErpDep, GatewaysDep, PartnersDep, SessionDep
from shop.models import Order, OrderStatus, PhoneCard, Product, Return, ReturnStatus
from shop.routes.checkout import CheckoutRequest
from shop.security import require_staff
from shop.services import captures, checkout, orders, refunds, stock, stock_sync

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/admin", dependencies=[Depends(require_staff)])

KEEP_UNPAID_FOR = timedelta(hours=24)


class ProductChange(BaseModel):
    price_cents: int | None = Field(default=None, gt=0)
    active: bool | None = None


class Shipment(BaseModel):
    tracking_code: str | None = Field(default=None, max_length=60)


class CaptureRequest(BaseModel):
    amount_cents: int = Field(gt=0)


class CreditRequest(BaseModel):
    amount: float = Field(gt=0)
    reason: str = Field(max_length=500)


class PhoneOrder(CheckoutRequest):
    card_number: str
    exp_month: int
    exp_year: int
    cvc: str


class Restock(BaseModel):
    quantity: int = Field(gt=0)


@router.get("/orders")
def list_orders(session: SessionDep, status: OrderStatus | None = None) -> list[dict[str, Any]]:
    query = select(Order).order_by(Order.id.desc()).limit(200)
    if status is not None:
        query = query.where(Order.status == status)
    return [
        {
            "id": order.id,
            "email": order.email,
            "status": order.status,
            "total_cents": order.total_cents,
            "refunded_cents": order.refunded_cents,
            "attention": order.attention,
        }
        for order in session.scalars(query)
    ]


@router.post("/orders/{order_id}/ship")
def ship_order(order_id: int, session: SessionDep, background: BackgroundTasks, shipment: Shipment | None = None) -> dict[str, str]:
    order = _order(session, order_id)
    order.status = OrderStatus.SHIPPED
    order.tracking_code = shipment.tracking_code if shipment else None
    session.commit()
    background.add_task(mail.order_shipped, order.email, order.reference)
    return {"status": order.status}


@router.post("/orders/{order_id}/cancel")
def cancel_order(order_id: int, session: SessionDep, gateways: GatewaysDep) -> dict[str, str]:
    order = _order(session, order_id)
    try:
        checkout.cancel(session, order, gateways)
    except orders.InvalidTransition as error:
        raise HTTPException(409, f"order is {order.status}") from error
    return {"status": order.status}


@router.post("/orders/{order_id}/capture")
def capture_order(order_id: int, taken: CaptureRequest, session: SessionDep, gateways: GatewaysDep) -> dict[str, Any]:
    """What was made to order is ready: take the money for it. May be repeated after an error."""
    order = _order(session, order_id)
    captures.capture(session, order, taken.amount_cents, gateways)
    return {"status": order.status}


@router.post("/orders/{order_id}/credit", status_code=201)
def credit_order(order_id: int, wanted: CreditRequest, session: SessionDep, gateways: GatewaysDep) -> dict[str, Any]:
    """A gesture: give some of the money back, and leave the goods where they are."""
    order = _order(session, order_id)
    return {"refund": refunds.credit(order, int(wanted.amount * 100), wanted.reason, gateways)}


@router.post("/phone-orders", status_code=201)
def place_phone_order(wanted: PhoneOrder, session: SessionDep, gateways: GatewaysDep, partners: PartnersDep) -> dict[str, Any]:
    """Somebody orders by telephone and reads out his card."""
    logger.info("phone order of %s with card %s", wanted.email, wanted.card_number)
    try:
        quote = pricing.quote(session, wanted.items, wanted.coupon, WAREHOUSE, wanted.service, partners)
        order = orders.place(session, wanted.email, WAREHOUSE, quote, wanted.provider)
    except (pricing.UnknownProduct, stock.OutOfStock) as error:
        raise HTTPException(409, "not for sale") from error
    session.add(PhoneCard(email=wanted.email, card_number=wanted.card_number, exp_month=wanted.exp_month, exp_year=wanted.exp_year))
    session.commit()
    checkout.start_payment(session, order, gateways)
    gateways.stripe.charge_card(order, wanted.card_number, wanted.exp_month, wanted.exp_year, wanted.cvc)
    return {"id": order.id, "total_cents": order.total_cents}


@router.post("/stock/sync")
def sync_stock(session: SessionDep, erp: ErpDep) -> dict[str, Any]:
    """Take over what the warehouse has counted; called by cron."""
    report = stock_sync.run(session, erp)
    return {"updated": report}


@router.post("/orders/expire")
def expire_orders(session: SessionDep, gateways: GatewaysDep) -> dict[str, int]:
    """Give back the stock that unpaid orders hold; called by cron."""
    cancelled = 0
    for order in orders.forgotten(session, datetime.now(UTC) - KEEP_UNPAID_FOR):
        try:
            checkout.cancel(session, order, gateways)
        except orders.InvalidTransition:
            continue  # paid while we were looking
        cancelled += 1
    return {"cancelled": cancelled}


@router.get("/returns")
def list_returns(session: SessionDep) -> list[dict[str, Any]]:
    waiting = select(Return).where(Return.status.in_((ReturnStatus.REQUESTED, ReturnStatus.SENDING)))
    return [
        {"id": item.id, "amount_cents": item.amount_cents, "reason": item.reason, "status": item.status}
        for item in session.scalars(waiting)
    ]


@router.post("/returns/{return_id}/approve")
def approve_return(return_id: int, session: SessionDep, gateways: GatewaysDep) -> dict[str, str]:
    """The goods are back: refund them. May be repeated after an error."""
    returned = session.get(Return, return_id)
    if returned is None:
        raise HTTPException(404, "no such return")
    try:
        refunds.approve(session, returned, gateways)
    except refunds.NotReturnable as error:
        raise HTTPException(409, str(error)) from error
    return {"status": returned.status}


@router.patch("/products/{product_id}")
def change_product(product_id: int, change: ProductChange, session: SessionDep) -> dict[str, Any]:
    product = _product(session, product_id)
    for field, value in change.model_dump(exclude_none=True).items():
        setattr(product, field, value)
    session.commit()
    return {"sku": product.sku, "price_cents": product.price_cents, "active": product.active}


@router.post("/products/{product_id}/restock")
def restock_product(product_id: int, delivery: Restock, session: SessionDep) -> dict[str, Any]:
    product = _product(session, product_id)
    stock.put_back(session, product.id, delivery.quantity)
    session.commit()
    session.refresh(product)
    return {"sku": product.sku, "stock": product.stock}


def _order(session: SessionDep, order_id: int) -> Order:
    order = session.get(Order, order_id)
    if order is None:
        raise HTTPException(404, "no such order")
    return order


def _product(session: SessionDep, product_id: int) -> Product:
    product = session.get(Product, product_id)
    if product is None:
        raise HTTPException(404, "no such product")
    return product
