"""Customers sending something back."""

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from shop.dependencies import SessionDep
from shop.models import ReturnStatus
from shop.services import orders, refunds

router = APIRouter(prefix="/returns")


class ReturnRequest(BaseModel):
    order: str
    line_id: int
    quantity: int = Field(ge=1)
    reason: str = Field(default="", max_length=500)


class ReturnAnswer(BaseModel):
    id: int
    amount_cents: int
    status: ReturnStatus


@router.post("", status_code=201)
def request_return(wanted: ReturnRequest, session: SessionDep) -> ReturnAnswer:
    order = orders.by_reference(session, wanted.order)
    if order is None:
        raise HTTPException(404, "no such order")
    try:
        returned = refunds.request(session, order, wanted.line_id, wanted.quantity, wanted.reason)
    except refunds.NotReturnable as error:
        raise HTTPException(409, "not returnable") from error
    session.commit()
    return ReturnAnswer(id=returned.id, amount_cents=returned.amount_cents, status=returned.status)
