"""Ways of writing a shop in Python that hide what happens: small shops, reviewed whole."""

from pathlib import Path

from tests.commerce.small_models import model_of
from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings


def found(root: Path, files: dict[str, str], check: str) -> list[Finding]:
    """The findings of one check on a tree."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return review(root, Settings(checks=(check,), use_cache=False)).findings


def test_who_asks_whether_the_shop_is_live_sets_no_mode(tmp_path: Path) -> None:
    routes = """\
from mollie.api.client import Client
from shop.routing import event_url

client = Client()
urls = [event_url("hook/", SWITCH=False)]
"""
    check = "payment/test-credentials-in-prod"
    assert found(tmp_path / "a", {"shop/urls.py": routes.replace("SWITCH", "require_live")}, check) == []
    assert len(found(tmp_path / "b", {"shop/urls.py": routes.replace("SWITCH", "mollie_live")}, check)) == 1


SYNC = """\
import os
from datetime import datetime

import shopify
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class Parcel(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    status = db.Column(db.String(20))


class SyncLog(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    message = db.Column(db.String(200))
    payload = db.Column(db.Text)


def note(message, payload=None):
    try:
        db.session.add(SyncLog(FIELDS))
        db.session.commit()
    except Exception:
        db.session.rollback()


def carry_over(order):
    try:
        parcel = Parcel.query.filter_by(id=order["id"]).first()
        parcel.status = "paid"
        db.session.commit()
        return True, "done"
    except Exception as error:
        note(str(error), order)
        return False, str(error)


@app.route("/webhooks/shopify/orders", methods=["POST"])
def orders():
    if not shopify.Session.validate_hmac(request.headers["X-Shopify-Hmac-Sha256"]):
        return "no", 401
    done, message = carry_over(request.json)
    ANSWER
"""


def test_a_failure_that_is_handed_on_as_a_value_and_only_noted_is_lost(tmp_path: Path) -> None:
    def lines(name: str, fields: str, answer: str) -> list[int]:
        code = SYNC.replace("FIELDS", fields).replace("ANSWER", answer)
        files = {"app.py": code, "requirements.txt": "ShopifyAPI"}
        return [f.start_line for f in found(tmp_path / name, files, "resilience/swallowed-failure")]

    calm = 'app.logger.info("ok" if done else message)\n    return "ok", 200'
    assert lines("a", "message=message", calm) == [46]  # where nobody asks what it answered
    assert lines("b", "message=message", 'return ("ok", 200) if done else (message, 500)') == []
    assert lines("c", "message=message, payload=payload", calm) == []


def test_a_mail_that_a_job_sends_is_guarded_where_the_job_is_queued(tmp_path: Path) -> None:
    view = """\
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

from shop.tasks import thank


def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_HOOK)
    if event["type"] == "checkout.session.completed":
        thank.delay(event["data"]["object"]["customer_details"]["email"])
    return HttpResponse(status=200)


urlpatterns = [path("hook/", hook)]
"""
    task = """\
from celery import shared_task
from django.core.mail import send_mail


@shared_task
def thank(address):
    send_mail("Thank you", "It was a pleasure.", None, [address])
"""
    files = {"manage.py": "", "shop/views.py": view, "shop/tasks.py": task}
    (finding,) = found(tmp_path, files, "idempotency/handler-not-idempotent")
    assert (finding.file, finding.start_line) == ("shop/views.py", 12)


def test_a_price_with_fractions_of_a_cent_is_in_cents_all_the_same(tmp_path: Path) -> None:
    models = """\
from django.db import models


class Parcel(models.Model):
    price = models.DecimalField(max_digits=9, decimal_places=2)
"""
    view = """\
import stripe
from django.shortcuts import get_object_or_404, redirect
from django.urls import path

from shop.models import Parcel


def pay(request, pk):
    parcel = get_object_or_404(Parcel, pk=pk)
    lines = []
    lines.append({"quantity": 1, "price_data": {"currency": "eur", "unit_amount_decimal": SUM}})
    session = stripe.checkout.Session.create(mode="payment", line_items=lines, success_url="https://shop.example/")
    return redirect(session.url)


urlpatterns = [path("pay/<int:pk>/", pay)]
"""

    def titles(name: str, sum_: str) -> list[str]:
        files = {"manage.py": "", "shop/models.py": models, "shop/views.py": view.replace("SUM", sum_)}
        return [f.title for f in found(tmp_path / name, files, "payment/amount-unit")]

    assert titles("a", "parcel.price") == ["The sum is given in major units"]
    assert titles("b", "parcel.price * 100") == []


def test_whether_a_refusal_of_others_loses_anything_is_asked(tmp_path: Path) -> None:
    view = """\
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

from MODULE import QuotaExceeded
from shop.models import Seat


def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_HOOK)
    try:
        seat = Seat.objects.get(pk=event["data"]["object"]["metadata"]["seat"])
        seat.status = "paid"
        seat.save()
    except QuotaExceeded:
        pass
    return HttpResponse(status=200)


urlpatterns = [path("hook/", hook)]
"""
    models = """\
from django.db import DatabaseError, models


class QuotaExceeded(Exception):
    pass


class Seat(models.Model):
    status = models.CharField(max_length=9)

    def book(self):
        try:
            self.save()
        except DatabaseError as error:
            raise QuotaExceeded from error
"""
    check = "resilience/swallowed-failure"
    files = {
        "manage.py": "",
        "shop/views.py": view.replace("MODULE", "ticketing"),
        "shop/models.py": models.replace("class Quota", "class No").replace("raise Quota", "raise No"),
    }
    assert found(tmp_path / "a", files, check) == []
    files = {"manage.py": "", "shop/views.py": view.replace("MODULE", "shop.models").replace("save", "book"), "shop/models.py": models}
    assert [f.start_line for f in found(tmp_path / "b", files, check)] == [16]


def test_a_message_that_is_marked_as_failed_is_not_lost(tmp_path: Path) -> None:
    code = """\
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

from shop.models import Order, PaymentEvent


def hook(request):
    told = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_HOOK)
    kept = PaymentEvent.objects.create(remote_id=told["id"], payload=request.body.decode())
    try:
        Order.objects.filter(pk=told["data"]["object"]["metadata"]["order"], status="open").update(status="paid")
    except Exception:
        MARK
    return HttpResponse(status=200)


urlpatterns = [path("hook/", hook)]
"""
    models = """\
from django.db import models


class Order(models.Model):
    status = models.CharField(max_length=9)


class PaymentEvent(models.Model):
    remote_id = models.CharField(max_length=80, unique=True)
    payload = models.TextField()
    status = models.CharField(max_length=9)
"""

    def lines(name: str, mark: str) -> list[int]:
        files = {"manage.py": "", "shop/models.py": models, "shop/views.py": code.replace("MARK", mark)}
        return [f.start_line for f in found(tmp_path / name, files, "resilience/swallowed-failure")]

    assert lines("a", 'kept.status = "failed"\n        kept.save()') == []
    assert lines("b", "print('no')") == [14]


def test_what_is_only_shown_is_not_written(tmp_path: Path) -> None:
    models = """\
from django.db import models


class Order(models.Model):
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    COLUMN
"""
    view = """\
import stripe
from django.shortcuts import render
from django.urls import path

from shop.models import Order


def history(request):
    orders = Order.objects.filter(owner=request.user)
    for order in orders:
        order.is_paid = True
        order.save()
    return render(request, "history.html", {"orders": orders, "key": stripe.api_version})


urlpatterns = [path("history/", history)]
"""

    def lines(name: str, column: str) -> list[int]:
        files = {"manage.py": "", "shop/models.py": models.replace("COLUMN", column), "shop/views.py": view}
        return [f.start_line for f in found(tmp_path / name, files, "payment/fulfil-on-redirect")]

    assert lines("a", "note = models.TextField()") == []
    assert lines("b", "is_paid = models.BooleanField(default=False)") == [11]


def test_a_receiver_may_name_the_class_of_its_sender(tmp_path: Path) -> None:
    models = """\
from django.db import models


class Basket(models.Model):
    note = models.TextField()


class Order(models.Model):
    status = models.CharField(max_length=9)


class Parcel(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    status = models.CharField(max_length=9)
"""
    receiver = """\
from django.db.models.signals import post_save
from django.dispatch import receiver

from shop.models import Parcel


@receiver(post_save, sender="shop.SENDER")
def follow(sender, instance, **kwargs):
    parcel = Parcel.objects.get(order=instance)
    parcel.status = "cancelled"
    parcel.save()
"""
    view = """\
from django.http import HttpResponse
from django.urls import path

from shop.models import Basket


def keep(request):
    Basket.objects.create(note=request.POST["note"])
    return HttpResponse(status=201)


urlpatterns = [path("basket/", keep)]
"""

    def entities(name: str, sender: str) -> set[str]:
        files = {"manage.py": "", "shop/models.py": models, "shop/signals.py": receiver.replace("SENDER", sender), "shop/views.py": view}
        model, _ = model_of(tmp_path / name, files)
        (entry,) = [e for e in model.entries if e.route]
        return {e.touch.entity for e in model.effects.of(entry.target) if e.touch is not None and e.kind != "flush"}

    assert entities("a", "Order") == {"basket"}
    assert entities("b", "Basket") == {"basket", "parcel"}

    def heard(name: str, given: str, asked: str) -> bool:
        told = receiver.replace(', sender="shop.SENDER"', given).replace("    parcel =", f"    {asked}\n    parcel =")
        files = {"manage.py": "", "shop/models.py": models, "shop/signals.py": told, "shop/views.py": view}
        model, _ = model_of(tmp_path / name, files)
        (entry,) = [e for e in model.entries if e.route]
        return any(e.touch is not None and e.touch.entity == "parcel" for e in model.effects.of(entry.target))

    assert heard("c", "", "pass")
    assert not heard("d", ', sender=setting("USER_MODEL")', "pass")
    assert not heard("e", "", "if sender != Parcel: return")
    assert not heard("f", "", "if not isinstance(instance, Parcel): return")


def test_an_order_may_be_paid_from_what_the_customer_has_with_the_shop(tmp_path: Path) -> None:
    code = """\
import stripe
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path

from shop.models import Order, Wallet


def pay(request, pk):
    order = get_object_or_404(Order, pk=pk, owner=request.user)
    wallet = Wallet.objects.select_for_update().get(owner=request.user)
    if CONDITION:
        return HttpResponse(status=402)
    TAKE
    wallet.save()
    order.status = "paid"
    order.save()
    return HttpResponse(stripe.api_version)


urlpatterns = [path("pay/<int:pk>/", pay)]
"""
    models = """\
from django.db import models


class Order(models.Model):
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    total = models.DecimalField(max_digits=9, decimal_places=2)
    status = models.CharField(max_length=9)


class Wallet(models.Model):
    owner = models.OneToOneField("auth.User", on_delete=models.CASCADE)
    balance = models.DecimalField(max_digits=9, decimal_places=2)
"""

    def lines(name: str, condition: str, take: str) -> list[int]:
        view = code.replace("CONDITION", condition).replace("TAKE", take)
        files = {"manage.py": "", "shop/models.py": models, "shop/views.py": view}
        return [f.start_line for f in found(tmp_path / name, files, "payment/fulfil-on-redirect")]

    assert lines("a", "wallet.balance < order.total", "wallet.balance -= order.total") == []
    assert lines("b", "not (wallet.balance >= order.total)", "wallet.balance -= order.total") == []
    assert lines("c", "wallet.balance < order.total", "wallet.note = 'seen'") == [16]
    assert lines("d", "order.total < 0", "wallet.balance -= order.total") == [16]


def test_what_is_withdrawn_from_a_wallet_is_the_customers_to_choose(tmp_path: Path) -> None:
    code = """\
from decimal import Decimal

import stripe
from django.http import HttpResponse
from django.urls import path

from shop.models import Transaction, Wallet


def withdraw(request):
    amount = Decimal(request.POST["amount"])
    wallet = Wallet.objects.select_for_update().get(owner=request.user)
    if BOUND or amount > wallet.balance:
        return HttpResponse(stripe.api_version, status=400)
    wallet.balance -= amount
    wallet.save()
    Transaction.objects.create(owner=request.user, amount=amount)
    return HttpResponse(status=201)


urlpatterns = [path("withdraw/", withdraw)]
"""
    models = """\
from django.db import models


class Transaction(models.Model):
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=9, decimal_places=2)


class Wallet(models.Model):
    owner = models.OneToOneField("auth.User", on_delete=models.CASCADE)
    balance = models.DecimalField(max_digits=9, decimal_places=2)
"""

    def lines(name: str, bound: str) -> list[int]:
        files = {"manage.py": "", "shop/models.py": models, "shop/views.py": code.replace("BOUND", bound)}
        return [f.start_line for f in found(tmp_path / name, files, "payment/client-amount")]

    assert lines("a", "amount <= 0") == []
    assert lines("b", "wallet.locked") == [17]


def test_a_record_may_be_called_a_cache(tmp_path: Path) -> None:
    code = """\
from django.core.cache import cache
from django.db import models


class Cache(models.Model):
    payment_lock = models.CharField(max_length=9)


def pay(kept: Cache):
    if not cache.get("payment_lock"):
        Cache.objects.filter(pk=kept.pk).update(payment_lock="locked")
        kept.payment_lock = "processing"
        kept.save()
"""
    assert found(tmp_path, {"manage.py": "", "shop/models.py": code}, "idempotency/dedup-race") == []


_MAILED = """\
import smtplib
import ssl
import stripe
from email.mime.text import MIMEText
from flask import Flask, request
from models import Order, db

app = Flask(__name__)


def tell(order):
    try:
        tls = ssl.create_default_context()
        tls.check_hostname = False
        with smtplib.SMTP_SSL("mail.example", context=tls) as server:
            server.sendmail("shop@example.com", order.email, MIMEText("paid").as_string())
        MORE
    except Exception as error:
        app.logger.error("not sent: %s", error)


@app.route("/stripe", methods=["POST"])
def hook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], SECRET)
    order = Order.query.filter_by(intent=event["data"]["object"]["id"]).first()
    order.status = "paid"
    db.session.commit()
    tell(order)
    return "ok", 200
"""


def test_an_object_of_pythons_own_modules_is_no_record(tmp_path: Path) -> None:
    check = "resilience/swallowed-failure"
    assert found(tmp_path / "a", {"app.py": _MAILED.replace("MORE", "pass")}, check) == []
    written = "order.receipt_sent = True\n        order.shipped = True\n        db.session.commit()"
    assert len(found(tmp_path / "b", {"app.py": _MAILED.replace("MORE", written)}, check)) == 1


_CAST = """\
from typing import cast
import stripe
from flask import Flask, request
from models import Order, db

app = Flask(__name__)


@app.route("/stripe", methods=["POST"])
def hook():
    event = stripe.Webhook.construct_event(request.data, request.headers["Stripe-Signature"], SECRET)
    order = FOUND
    order.status = "paid"
    db.session.commit()
    return "ok", 200
"""


def test_what_is_only_cast_is_the_record_that_it_was(tmp_path: Path) -> None:
    row = 'Order.query.filter_by(intent=event["data"]["object"]["id"]).first()'
    for name, code in (("a", row), ("b", f"cast(Order, {row})")):
        assert len(found(tmp_path / name, {"app.py": _CAST.replace("FOUND", code)}, "order/unguarded-transition")) == 1
