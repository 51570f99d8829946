"""Conditions on an order's state that refuse too little: what ends an order elsewhere in the shop, and what the platform itself knows."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/unguarded-transition"
_MODELS = """\
from django.db import models


class Order(models.Model):
    STATES = [LISTED]
    status = models.CharField(max_length=20, choices=STATES)
    is_paid = models.BooleanField(default=False)
    session = models.CharField(max_length=80)
"""
_VIEWS = """\
import stripe
from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt

from .models import Order


@csrf_exempt
def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_WEBHOOK_SECRET)
    if event.type == "checkout.session.completed":
        order = Order.objects.get(session=event.data.object.id)
        if GUARD:
            return HttpResponse()
        order.status = "paid"
        order.save()
    return HttpResponse()


@staff_member_required
def call_off(request, pk):
    order = Order.objects.get(pk=pk)
    if order.status not in ("pending", "paid"):
        return HttpResponse(status=409)
    order.status = "ENDED"
    order.save()
    return HttpResponse()
"""
_URLS = (
    "from django.urls import path\nfrom . import views\nurlpatterns = [path('hook/', views.hook), path('off/<int:pk>/', views.call_off)]\n"
)


def _shop(guard: str, ended: str = "cancelled", listed: str = "") -> dict[str, str]:
    views = _VIEWS.replace("GUARD", guard).replace("ENDED", ended)
    return {"manage.py": "", "shop/models.py": _MODELS.replace("LISTED", listed), "shop/views.py": views, "shop/urls.py": _URLS}


@pytest.mark.parametrize(
    ("guard", "wrong"),
    [
        ('order.status == "paid"', True),
        ('order.status in ("paid", "shipped")', True),
        ("order.is_paid", True),
        ('order.status in ("paid", "cancelled")', False),
        ('order.status != "pending"', False),
        ('order.status not in ("pending", "failed")', False),
    ],
)
def test_a_payment_does_not_revive_what_was_called_off(tmp_path: Path, guard: str, wrong: bool) -> None:
    assert bool(found(tmp_path, _shop(guard), _CHECK)) is wrong


def test_what_may_be_paid_after_all_ends_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, _shop('order.status == "paid"', ended="failed"), _CHECK) == []


def test_an_end_that_only_the_columns_choices_list_counts(tmp_path: Path) -> None:
    listed = '("pending", "Open"), ("paid", "Paid"), ("refunded", "Refunded")'
    [finding] = found(tmp_path, _shop('order.status == "paid"', ended="failed", listed=listed), _CHECK)
    assert "`refunded`" in finding.title


_PLUGIN = """\
<?php
/* Plugin Name: Till
 * WC requires at least: 8.0 */
add_action('woocommerce_api_till', function () {
    $sent = file_get_contents('php://input');
    $made = hash_hmac('sha256', $sent, get_option('till_secret'));
    if (!hash_equals($made, $_SERVER['HTTP_X_TILL_SIGNATURE'])) {
        status_header(401);
        exit;
    }
    $told = json_decode($sent, true);
    $order = wc_get_order($told['order_id']);
    if (GUARD) {
        $order->update_status('processing');
    }
    exit;
});
"""


@pytest.mark.parametrize(
    ("guard", "wrong"),
    [
        ("!$order->has_status('processing')", True),
        ("$order->get_status() !== 'processing'", True),
        ("$order->has_status(['pending', 'on-hold'])", False),
        ("$order->needs_payment()", False),
        ("!$order->has_status(['processing', 'completed', 'cancelled', 'refunded'])", False),
    ],
)
def test_orders_of_a_platform_end_as_the_platform_says(tmp_path: Path, guard: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"till.php": _PLUGIN.replace("GUARD", guard)}, _CHECK)) is wrong


_SERVICE = """\
from enum import Enum
from fastapi import APIRouter, Depends, HTTPException
from app.db import get_session, signed_in
from app.models import Order

router = APIRouter()


class Status(str, Enum):
    OPEN = "open"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


@router.post("/orders/{order_id}/cancel")
def cancel(order_id: int, session=Depends(get_session), user=Depends(signed_in)):
    order = session.query(Order).filter_by(id=order_id, user_id=user.id).one()
    if GUARD:
        raise HTTPException(409)
    order.status = Status.CANCELLED
    session.commit()
    return {"ok": True}
"""
_TABLES = """\
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    user_id = Column(Integer)
    status = Column(String)
"""


@pytest.mark.parametrize(
    ("guard", "wrong"),
    [
        ("order.status in (Status.CANCELLED, Status.DELIVERED)", True),
        ("order.status in (Status.CANCELLED, Status.SHIPPED, Status.DELIVERED)", False),
        ("order.status not in (Status.OPEN, Status.PAID)", False),
    ],
)
def test_what_is_under_way_is_not_called_off(tmp_path: Path, guard: str, wrong: bool) -> None:
    files = {"app/routes.py": _SERVICE.replace("GUARD", guard), "app/models.py": _TABLES, "app/db.py": "def signed_in(): ...\n"}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


@pytest.mark.parametrize(("claim", "wrong"), [("claim_event(event.id)", True), ("claim_for_payment(order)", False)])
def test_a_claim_on_a_message_is_none_on_the_order(tmp_path: Path, claim: str, wrong: bool) -> None:
    shop = _shop(f"not {claim}")
    shop["shop/views.py"] = shop["shop/views.py"].replace("from .models", f"from till import {claim.partition('(')[0]}\nfrom .models")
    assert bool(found(tmp_path, shop, _CHECK)) is wrong
