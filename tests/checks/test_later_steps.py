"""What a booking goes through after it was paid, who is told of that, and by what the browser comes back from paying."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_MODELS = """\
from django.db import models


class Booking(models.Model):
    customer = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    status = models.CharField(max_length=20, default="PENDING")
    payment_status = models.CharField(max_length=20, default="PENDING")
    total_amount = models.DecimalField(max_digits=10, decimal_places=2)
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    razorpay_order_id = models.CharField(max_length=40)
    razorpay_payment_id = models.CharField(max_length=40)
"""
_PAGES = """\
import razorpay
import requests
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone

from shop.models import Booking

client = razorpay.Client(auth=(settings.KEY, settings.SECRET))


def bring_up_to_date(booking):
    now = timezone.now()
    if booking.status == "BEFORE" and now >= booking.ends:
        booking.status = "COMPLETED"
        booking.save()


@login_required
def mine(request):
    for booking in Booking.objects.filter(customer=request.user):
        bring_up_to_date(booking)
    return render(request, "mine.html")


@login_required
def begin(request, pk):
    booking = get_object_or_404(Booking, pk=pk, customer=request.user)
    if booking.status != "PENDING":
        return JsonResponse({"success": False, "redirect_url": "/bookings/mine/"})
    order = client.order.create({"amount": int(booking.total_amount * 100), "currency": "INR"})
    booking.razorpay_order_id = order["id"]
    booking.save()
    return JsonResponse({"order_id": order["id"]})


def send_message(text):
    answer = requests.post(f"https://api.telegram.org/bot{settings.BOT}/sendMessage", json={"text": text}, timeout=5)
    if answer.status_code == 200:
        return True
    print(answer.text)
    return False


def send_payment_notification(booking):
    if not send_message(f"{booking.pk} paid {booking.total_amount}"):
        print("nobody was told")


@login_required
def verify_payment(request):
    data = request.POST
    booking = get_object_or_404(Booking, pk=data["booking_id"], customer=request.user)
    TOLD
    client.utility.verify_payment_signature(
        {
            "razorpay_order_id": data["razorpay_order_id"],
            "razorpay_payment_id": data["razorpay_payment_id"],
            "razorpay_signature": data["razorpay_signature"],
        }
    )
    booking.payment_status = "PAID"
    booking.save()
    return JsonResponse({"success": True})


urlpatterns = [
    path("bookings/mine/", mine),
    path("bookings/<int:pk>/begin/", begin),
    path("bookings/payment/verify/", verify_payment),
]
"""
_OURS = 'if booking.razorpay_order_id != data["razorpay_order_id"]:\n        return JsonResponse({"success": False}, status=400)'


def _files(before: str = "IN_PROGRESS", told: str = "pass") -> dict[str, str]:
    pages = _PAGES.replace("BEFORE", before).replace("TOLD", told)
    return {"manage.py": "", "requirements.txt": "django\nrazorpay\nrequests\n", "shop/views.py": pages, "shop/models.py": _MODELS}


@pytest.mark.parametrize(("before", "broken"), [("IN_PROGRESS", False), ("CONFIRMED", False), ("PENDING", True)])
def test_only_who_leaves_the_state_in_which_records_are_made_gets_something(tmp_path: Path, before: str, broken: bool) -> None:
    found = [one for one in ruled(tmp_path, "payment/fulfil-on-redirect", _files(before)) if one[0] == "broken"]
    assert bool(found) is broken


@pytest.mark.parametrize(("told", "held"), [("pass", False), ("send_payment_notification(booking)", False), (_OURS, True)])
def test_who_is_told_of_a_payment_does_not_confirm_it(tmp_path: Path, told: str, held: bool) -> None:
    found = [one for one in ruled(tmp_path, "payment/amount-not-reconciled", _files(told=told)) if one[1].endswith("views.py")]
    assert {one[0] for one in found} == {"held" if held else "broken"}


def test_an_address_that_our_own_page_is_answered_is_none_that_a_provider_is_told(tmp_path: Path) -> None:
    write(tmp_path, _files())
    report = review(tmp_path, Settings(use_cache=False))
    assert [h.route for h in report.handlers] == ["/bookings/payment/verify/"]
