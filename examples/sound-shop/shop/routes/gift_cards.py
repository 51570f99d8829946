"""Gift cards."""

from typing import Literal

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from shop.dependencies import MollieDep, SessionDep
from shop.services import gift_cards
from shop.templates import templates

router = APIRouter(prefix="/gift-cards")


class GiftCardRequest(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)
    amount_cents: Literal[2500, 5000, 10000]
    currency: Literal["EUR", "CHF"] = "EUR"


@router.post("", status_code=201)
def buy_gift_card(wanted: GiftCardRequest, session: SessionDep, mollie: MollieDep) -> dict[str, str]:
    return {"pay_at": gift_cards.start(session, wanted.email, wanted.amount_cents, wanted.currency, mollie)}


@router.get("/thanks")
def thanks_page(request: Request, code: str, session: SessionDep) -> HTMLResponse:
    """Where Mollie sends the buyer. Whether the card is paid is what the webhook has heard."""
    card = gift_cards.by_code(session, code)
    if card is None:
        raise HTTPException(404, "no such gift card")
    return templates.TemplateResponse(request, "gift_card.html", {"card": card})
