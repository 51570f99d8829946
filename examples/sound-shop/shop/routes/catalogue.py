"""What is for sale."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from shop.dependencies import SessionDep
from shop.models import Product
from shop.templates import templates

router = APIRouter()

_for_sale = select(Product).where(Product.active).order_by(Product.name)


@router.get("/")
def storefront(request: Request, session: SessionDep) -> HTMLResponse:
    return templates.TemplateResponse(request, "storefront.html", {"products": session.scalars(_for_sale).all()})


@router.get("/products")
def list_products(session: SessionDep) -> list[dict[str, Any]]:
    return [_public(product) for product in session.scalars(_for_sale)]


@router.get("/products/{sku}")
def show_product(sku: str, session: SessionDep) -> dict[str, Any]:
    product = session.scalar(_for_sale.where(Product.sku == sku))
    if product is None:
        raise HTTPException(404, "no such product")
    return _public(product)


def _public(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "sku": product.sku,
        "name": product.name,
        "price_cents": product.price_cents,
        "available": product.stock > 0,
    }
