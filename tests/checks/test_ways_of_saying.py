"""The same thing said in other ways: each way that is right beside one that looks like it and is wrong."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_MOLLIE = r"""<?php
namespace App\Http\Controllers;
use App\Models\Booking;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\DB;
use Mollie\Laravel\Facades\Mollie;
class MollieHook extends Controller
{
    public function __invoke(Request $request)
    {
        $id = $request->input('id');
        $payment = Mollie::api()->payments->get($id);
        DB::transaction(function () use ($payment, $id) {
            $booking = Booking::where('payment_id', $id)->lockForUpdate()->firstOrFail();
            ASKED
        });
        return response('');
    }
}
"""
_HOOK_ROUTE = r"""<?php
use App\Http\Controllers\MollieHook;
use Illuminate\Support\Facades\Route;
Route::post('/hooks/mollie', MollieHook::class);
"""


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("if ($payment->isPaid()) { $booking->update(['status' => 'paid']); }", False),
        ("$booking->update(['status' => 'paid']);", True),
    ],
)
def test_the_answer_of_the_provider_is_looked_at_inside_a_transaction(tmp_path: Path, asked: str, wrong: bool) -> None:
    files = {"app/Http/Controllers/MollieHook.php": _MOLLIE.replace("ASKED", asked), "routes/api.php": _HOOK_ROUTE}
    checks = ("payment/webhook-unverified", "payment/fulfil-on-redirect")
    assert any(found(tmp_path / str(n), files, check) for n, check in enumerate(checks)) is wrong


_START = r"""<?php
namespace App\Http\Controllers;
use App\Models\Booking;
use Illuminate\Http\Request;
use Stripe\StripeClient;
class PayController extends Controller
{
    public function start(GIVEN, StripeClient $stripe)
    {
        return $stripe->paymentIntents->create(
            ['amount' => TOTAL, 'currency' => 'eur'], ['idempotency_key' => 'b' . $booking->id]
        );
    }
}
"""
_START_ROUTE = r"""<?php
use App\Http\Controllers\PayController;
use Illuminate\Support\Facades\Route;
Route::middleware('auth')->post('/bookings/{booking}/pay', [PayController::class, 'start']);
"""


@pytest.mark.parametrize(
    ("given", "total", "wrong"),
    [("Booking $booking", "$booking->total_cents", False), ("Request $booking", "$booking->total_cents", True)],
)
def test_a_record_that_is_looked_up_by_the_path_is_not_what_was_sent(tmp_path: Path, given: str, total: str, wrong: bool) -> None:
    start = _START.replace("GIVEN", given).replace("TOTAL", total)
    files = {"app/Http/Controllers/PayController.php": start, "routes/web.php": _START_ROUTE}
    assert bool(found(tmp_path, files, "payment/client-amount")) is wrong


_RECEIVED = """\
const router = require('express').Router();
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('./order.model');

router.post('/orders/:id/pay', async (req, res) => {
  const order = await Order.findOne({ _id: req.params.id, user: req.user.id });
  res.json(await stripe.paymentIntents.create({ amount: order.cents, currency: 'eur' }, { idempotencyKey: order.id }));
});
router.post('/orders/:id/received', async (req, res) => {
  WRITE
  res.sendStatus(204);
});
module.exports = router;
"""
_ORDERS = """\
const { Schema, model } = require('mongoose');
module.exports = model('Order', new Schema({ user: String, cents: Number, status: String }));
"""
_MARKED = "{ $set: { status: 'completed' } }"


@pytest.mark.parametrize(
    ("write", "wrong"),
    [
        (f"await Order.findOneAndUpdate({{ _id: req.params.id, status: 'shipped' }}, {_MARKED});", False),
        (f"await Order.findOneAndUpdate({{ _id: req.params.id, status: 'pending' }}, {_MARKED});", True),
        (
            (
                "const order = await Order.findOne({ _id: req.params.id, status: 'delivered' });\n"
                "order.status = 'completed'; await order.save();"
            ),
            False,
        ),
        ("const order = await Order.findOne({ _id: req.params.id }); order.status = 'completed'; await order.save();", True),
    ],
)
def test_an_order_that_has_to_be_sent_already_is_paid(tmp_path: Path, write: str, wrong: bool) -> None:
    files = {"orders.js": _RECEIVED.replace("WRITE", write), "order.model.js": _ORDERS}
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) is wrong


_CAPTURE = """\
from django import forms
from django.shortcuts import get_object_or_404, redirect
import stripe

from .models import Payment


class CaptureForm(forms.Form):
    amount = forms.IntegerField(min_value=1)

    def __init__(self, *args, payment, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["amount"] = forms.IntegerField(min_value=1, max_value=LARGEST)


def capture(request, pk):
    payment = get_object_or_404(Payment, pk=pk)
    form = CaptureForm(request.POST, payment=payment)
    if form.is_valid():
        stripe.PaymentIntent.capture(payment.intent, amount_to_capture=form.cleaned_data["amount"], idempotency_key=f"c{pk}")
    return redirect("payments")
"""
_CAPTURE_URLS = """\
from django.urls import path

from . import views

urlpatterns = [path("payments/<int:pk>/capture", views.capture)]
"""


@pytest.mark.parametrize(("largest", "wrong"), [("payment.authorized - payment.captured", False), ("100000", True)])
def test_a_form_says_how_much_may_be_captured(tmp_path: Path, largest: str, wrong: bool) -> None:
    files = {"pay/views.py": _CAPTURE.replace("LARGEST", largest), "pay/urls.py": _CAPTURE_URLS}
    assert bool(found(tmp_path, files, "payment/capture-exceeds-auth")) is wrong


_REFUND = r"""<?php
namespace App\Http\Controllers;
use App\Models\Payment;
use Illuminate\Http\Request;
use Stripe\StripeClient;
class RefundController extends Controller
{
    public function store(Request $request, Payment $payment, StripeClient $stripe)
    {
        $data = $request->validate(['amount' => ['required', 'integer', 'min:1', LARGEST]]);
        $stripe->refunds->create(['payment_intent' => $payment->intent, 'amount' => $data['amount']], ['idempotency_key' => $payment->id]);
        $payment->increment('refunded', $data['amount']);
        return back();
    }
}
"""
_REFUND_ROUTE = r"""<?php
use App\Http\Controllers\RefundController;
use Illuminate\Support\Facades\Route;
Route::middleware('auth')->post('/payments/{payment}/refund', [RefundController::class, 'store']);
"""


@pytest.mark.parametrize(
    ("largest", "wrong"), [("'max:' . ($payment->captured - $payment->refunded)", False), ("'max:' . config('shop.most')", True)]
)
def test_a_rule_says_how_much_may_be_refunded(tmp_path: Path, largest: str, wrong: bool) -> None:
    files = {"app/Http/Controllers/RefundController.php": _REFUND.replace("LARGEST", largest), "routes/web.php": _REFUND_ROUTE}
    assert bool(found(tmp_path, files, "order/refund-exceeds-capture")) is wrong


_CURRENCY_MODELS = """\
from django.db import models


class Booking(models.Model):
    total_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3DEFAULT)
"""
_CURRENCY_VIEWS = """\
import stripe
from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from .models import Booking


def pay(request, pk):
    booking = get_object_or_404(Booking, pk=pk)
    intent = stripe.PaymentIntent.create(amount=booking.total_cents, currency="usd", idempotency_key=f"b{booking.pk}")
    return JsonResponse({"secret": intent.client_secret})
"""


@pytest.mark.parametrize(("default", "wrong"), [("", True), (', default="usd"', False)])
def test_a_record_whose_maker_names_its_currency_has_one_of_its_own(tmp_path: Path, default: str, wrong: bool) -> None:
    files = {"pay/models.py": _CURRENCY_MODELS.replace("DEFAULT", default), "pay/views.py": _CURRENCY_VIEWS}
    assert bool(found(tmp_path, files, "payment/missing-currency")) is wrong


_MINOR = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const NONE = new Set(['JPY', 'KRW', 'VND']);
const THREE = new Set(['KWD', 'BHD', 'OMR']);

function minor(amount, currency) {
  const code = currency.toUpperCase();
  ASKED
  return Math.round(amount * 100);
}
exports.pay = (order) =>
  stripe.paymentIntents.create({ amount: minor(order.total, order.currency), currency: order.currency }, { idempotencyKey: order.id });
"""
_ASKED = "if (NONE.has(code)) return Math.round(amount); if (THREE.has(code)) return Math.round(amount * 100) * 10;"


@pytest.mark.parametrize(("asked", "wrong"), [(_ASKED, False), ("", True)])
def test_a_currency_is_asked_for_under_another_name(tmp_path: Path, asked: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"pay.js": _MINOR.replace("ASKED", asked)}, "payment/amount-unit")) is wrong


_TAX = r"""<?php
class Tax
{
    public function __construct(private \TaxJar\Client $client) {}

    public function of($cart)
    {
        $asked = [
            'from_country' => 'US', 'from_zip' => '10001', 'from_state' => 'NY',
            'to_country' => $cart->country, 'to_zip' => $cart->zip, 'to_state' => $cart->state, 'shipping' => $cart->shipping,
        ];
        foreach ($cart->lines as $line) {
            LINE
        }
        return $this->client->taxForOrder($asked)->amount_to_collect;
    }
}
"""


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (
            (
                "$asked['line_items'][] = ['id' => $line->id, 'quantity' => $line->qty, 'unit_price' => $line->price, "
                "'product_tax_code' => $line->code];"
            ),
            False,
        ),
        ("$this->seen[] = $line->id;", True),
    ],
)
def test_lines_are_put_under_a_key_one_by_one(tmp_path: Path, line: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"Tax.php": _TAX.replace("LINE", line)}, "tax-shipping/incomplete-tax-request")) is wrong


_CART = r"""<?php
class Cart
{
    private const FREE_SHIPPING_MIN = 5000;

    public function subtotal(): int { return array_sum(array_column($this->items, 'price')); }
    public function discount(): int { return $this->coupon ? $this->coupon->amount : 0; }
    public function net(): int { return $this->subtotal() - $this->discount(); }
    public function shipping(): int { return $this->ASKED() >= self::FREE_SHIPPING_MIN ? 0 : 490; }
    public function total(): int { return $this->net() + $this->shipping(); }
}
"""


@pytest.mark.parametrize(("asked", "wrong"), [("net", False), ("subtotal", True)])
def test_sums_are_methods(tmp_path: Path, asked: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"Cart.php": _CART.replace("ASKED", asked)}, "tax-shipping/threshold-before-discount")) is wrong


_PARCEL = r"""<?php
namespace App\Http\Controllers;
use App\Mail\Delivered;
use App\Models\Order;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Mail;
class CarrierHook extends Controller
{
    public function __invoke(Request $request)
    {
        abort_unless(hash_equals(config('shop.hook_token'), (string) $request->header('X-Token')), 403);
        if ($request->input('parcel.status.message') === 'Delivered') {
            $order = Order::where('tracking_number', $request->input('parcel.tracking_number'))->firstOrFail();
            $order->update(['status' => 'delivered']);
            TOLD
        }
        return response()->noContent();
    }
}
"""
_PARCEL_ROUTE = r"""<?php
use App\Http\Controllers\CarrierHook;
use Illuminate\Support\Facades\Route;
Route::post('/hooks/sendcloud', CarrierHook::class);
"""


@pytest.mark.parametrize(("told", "wrong"), [("Mail::to($order->email)->queue(new Delivered($order));", False), ("", True)])
def test_a_carrier_is_known_by_its_name(tmp_path: Path, told: str, wrong: bool) -> None:
    files = {"app/Http/Controllers/CarrierHook.php": _PARCEL.replace("TOLD", told), "routes/api.php": _PARCEL_ROUTE}
    assert bool(found(tmp_path, files, "order/fulfilment-not-propagated")) is wrong


_DONE = """\
import stripe
from flask import Flask
from sqlalchemy import update

from shop.models import Order, Task, db

app = Flask(__name__)


@app.post("/orders/<int:pk>/pay")
def pay(pk):
    order = db.session.get(Order, pk)
    return stripe.PaymentIntent.create(amount=order.total_cents, currency="eur", idempotency_key=f"o{pk}").client_secret


@app.post("/orders/<int:pk>/done")
def done(pk):
    WRITE
    db.session.commit()
    return ""
"""
_SHOP_MODELS = """\
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    total_cents = db.Column(db.Integer)
    status = db.Column(db.String(20))


class Task(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    status = db.Column(db.String(20))
"""


@pytest.mark.parametrize(
    ("write", "wrong"),
    [
        ('Order.query.filter_by(id=pk).update({"status": "completed"})', True),
        ('db.session.execute(update(Order).where(Order.id == pk).values(status="completed"))', True),
        ('Order.query.filter(Order.id == pk, Order.status.in_(["shipped", "delivered"])).update({"status": "completed"})', False),
        ('Order.query.filter(Order.id == pk, Order.status.in_(["pending", "shipped"])).update({"status": "completed"})', True),
        ('Task.query.filter_by(id=pk).update({"status": "completed"})', False),
    ],
)
def test_a_statement_that_is_put_together_says_paid(tmp_path: Path, write: str, wrong: bool) -> None:
    files = {"shop/app.py": _DONE.replace("WRITE", write), "shop/models.py": _SHOP_MODELS}
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) is wrong


_SYNC = """\
import { PrismaClient } from '@prisma/client';

const prisma = new PrismaClient();

async function onHand(sku: string): Promise<number> {
  const answer = await fetch(`https://wms.warehouse-services.com/stock/${sku}`, { signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(`wms ${answer.status}`);
  return (await answer.json()).qty;
}

export async function syncStock() {
  const failed: string[] = [];
  const variants = await prisma.variant.findMany();
  RUN
}
"""
_ONE = "async (v) => { await prisma.variant.update({ where: { id: v.id }, data: { stock: await onHand(v.sku) } }); }"
_HUNG = "onHand(v.sku).then((qty) => prisma.variant.update({ where: { id: v.id }, data: { stock: qty } }))"
_TOLD = "if (failed.length) throw new Error(`${failed} not synchronised`);"


@pytest.mark.parametrize(
    ("run", "wrong"),
    [
        (f"await Promise.allSettled(variants.map({_ONE}));", True),
        (f"const ends = await Promise.allSettled(variants.map({_ONE})); if (ends.some((e) => e.status === 'rejected')) throw ends;", False),
        (f"await Promise.all(variants.map((v) => {_HUNG}.catch((err) => console.error(v.sku, err))));", True),
        (f"await Promise.all(variants.map((v) => {_HUNG}.catch((err) => failed.push(v.sku)))); {_TOLD}", False),
    ],
)
def test_items_are_carried_over_all_at_once(tmp_path: Path, run: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"sync.ts": _SYNC.replace("RUN", run)}, "inventory/sync-drops-failures")) is wrong


_PLACE = """\
import stripe
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Order, Product


def place(db: Session, user_id: int, product_id: int) -> Order:
    with db.begin():
        product = db.execute(select(Product).where(Product.id == product_id).with_for_update()).scalar_one()
        if product.stock < 1:
            raise ValueError("sold out")
        product.stock -= 1
        order = Order(user_id=user_id, product_id=product_id, total=product.price_cents)
        db.add(order)
        db.flush()
        INSIDE
    AFTER
    return order
"""
_CHARGED = 'stripe.PaymentIntent.create(amount=order.total, currency="eur", confirm=True, idempotency_key=f"o-{order.id}")'


@pytest.mark.parametrize(("inside", "after", "wrong"), [(_CHARGED, "", True), ("", _CHARGED, False)])
def test_a_service_waits_while_it_holds_stock_whoever_calls_it(tmp_path: Path, inside: str, after: str, wrong: bool) -> None:
    files = {"checkout.py": _PLACE.replace("INSIDE", inside or "pass").replace("AFTER", after)}
    assert bool(found(tmp_path, files, "inventory/sync-in-payment")) is wrong


_CLIENT = """\
import httpx


class Gateway:
    def __init__(self, key):
        self.client = httpx.Client(base_url="https://api.acme-pay.com", headers={"Authorization": f"Bearer {key}"}TIMEOUT)

    def charge(self, order):
        return self.client.post("/charges", json={"amount": order.total}, headers={"Idempotency-Key": str(order.id)})
"""


@pytest.mark.parametrize(("timeout", "wrong"), [(", timeout=None", True), (", timeout=20", False), ("", False)])
def test_a_library_that_gives_up_by_itself_is_told_not_to(tmp_path: Path, timeout: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {"gateway.py": _CLIENT.replace("TIMEOUT", timeout)}, "resilience/no-timeout")) is wrong


_CANCEL = """\
import { ConflictException, Injectable } from '@nestjs/common';
import { PrismaService } from './prisma.service';

@Injectable()
export class OrdersService {
  constructor(private readonly prisma: PrismaService) {}

  async place(userId: string, variantId: string, qty: number) {
    return this.prisma.$transaction(async (tx) => {
      const { count } = await tx.variant.updateMany({
        where: { id: variantId, stock: { gte: qty } }, data: { stock: { decrement: qty } },
      });
      if (count === 0) throw new ConflictException();
      return tx.order.create({ data: { userId, variantId, qty, status: 'PENDING' } });
    });
  }

  async cancel(order: { id: string; variantId: string; qty: number }) {
    const { count } = await this.prisma.order.updateMany({ where: { id: order.id, status: 'PENDING' }, data: { status: 'CANCELLED' } });
    if (count === 0) throw new ConflictException();
    BACK
  }
}
"""
_PRISMA = "import { PrismaClient } from '@prisma/client';\nexport class PrismaService extends PrismaClient {}\n"
_BACK = "await this.prisma.variant.update({ where: { id: order.variantId }, data: { stock: { increment: order.qty } } });"
_WHO = "import { orders } from './orders';\nexport const undo = async (o) => { await orders.cancel(o); await restock(o); };\n"


@pytest.mark.parametrize(("back", "elsewhere", "wrong"), [("", {}, True), (_BACK, {}, False), ("", {"undo.ts": _WHO}, False)])
def test_a_service_cancels_whoever_calls_it(tmp_path: Path, back: str, elsewhere: dict[str, str], wrong: bool) -> None:
    files = {"orders.service.ts": _CANCEL.replace("BACK", back), "prisma.service.ts": _PRISMA, **elsewhere}
    assert bool(found(tmp_path, files, "order/cancel-order")) is wrong
