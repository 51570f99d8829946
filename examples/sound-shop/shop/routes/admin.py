"""The staff's area: orders, returns, products."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select

from shop import mail
from shop.dependencies import GatewaysDep, SessionDep
from shop.models import Order, OrderStatus, Product, Provider, Return, ReturnStatus
from shop.payments.errors import PaymentRefused
from shop.security import require_staff
from shop.services import orders, refunds, stock
from shop.services.checkout import Gateways

router = APIRouter(prefix="/admin", dependencies=[Depends(require_staff)])

KEEP_UNPAID_FOR = timedelta(hours=24)


class ProductChange(BaseModel):
    price_cents: int | None = Field(default=None, gt=0)
    active: bool | None = None


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
def ship_order(order_id: int, session: SessionDep, background: BackgroundTasks) -> dict[str, str]:
    order = _order(session, order_id)
    try:
        orders.move(session, order, OrderStatus.SHIPPED)
    except orders.InvalidTransition as error:
        raise HTTPException(409, f"order is {order.status}") from error
    session.commit()
    background.add_task(mail.order_shipped, order.email, order.reference)
    return {"status": order.status}


@router.post("/orders/{order_id}/cancel")
def cancel_order(order_id: int, session: SessionDep, gateways: GatewaysDep) -> dict[str, str]:
    order = _order(session, order_id)
    try:
        _cancel(session, order, gateways)
    except orders.InvalidTransition as error:
        raise HTTPException(409, f"order is {order.status}") from error
    return {"status": order.status}


@router.post("/orders/expire")
def expire_orders(session: SessionDep, gateways: GatewaysDep) -> dict[str, int]:
    """Give back the stock that unpaid orders hold; called by cron."""
    cancelled = 0
    for order in orders.forgotten(session, datetime.now(UTC) - KEEP_UNPAID_FOR):
        try:
            _cancel(session, order, gateways)
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


def _cancel(session: SessionDep, order: Order, gateways: Gateways) -> None:
    """The goods go back first. If the payment turns out to be made already, its webhook calls for attention."""
    orders.cancel(session, order)
    session.commit()
    if order.provider is Provider.STRIPE and order.payment_id is not None:
        with suppress(PaymentRefused):
            gateways.stripe.cancel_payment(order)


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
