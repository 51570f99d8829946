"""What is to be written names the order's own columns, the provider's own fields and the ORM in use, so that it can be pasted."""

from pathlib import Path

from tests.checks.every_page import PAGES
from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example, load
from tillproof.contract import Finding

RECONCILED, TRANSITION = "payment/amount-not-reconciled", "order/unguarded-transition"

HOOK = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Booking } = require('./models');
const app = express();
app.post('/hooks/stripe', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_SECRET);
  if (event.type === 'payment_intent.succeeded') {
    await Booking.updateOne({ _id: event.data.object.metadata.booking_id }, { status: 'paid' });
  }
  res.json({});
});
"""
BEGIN = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Booking, Basket } = require('./models');
const app = require('express')();
app.post('/pay', async (req, res) => {
  const { basket_id, booking_id } = req.body;
  const basket = await Basket.findById(basket_id);
  CHECKED
  const intent = await stripe.paymentIntents.create({ amount: basket.total, currency: 'eur', metadata: { basket_id, booking_id } });
  res.json({ secret: intent.client_secret });
});
"""
MODELS = """\
const mongoose = require('mongoose');
exports.Booking = mongoose.model('Booking', new mongoose.Schema({ grand_total: Number, currency: String, status: String }));
exports.Basket = mongoose.model('Basket', new mongoose.Schema({ total: Number }));
"""

ROUTES = """<?php
use App\\Http\\Controllers\\IpnController;
Route::post('/paypal/ipn', [IpnController::class, 'ipn']);
"""


def found(tmp_path: Path, check: str, **files: str) -> list[Finding]:
    named = {
        name.replace("__", "/").replace("_js", ".js").replace("_py", ".py").replace("_php", ".php"): text for name, text in files.items()
    }
    report = review_of(Example(title="", files=named, expect=[]), tmp_path, check)
    return [f for f in report.findings if f.check == check]


def test_the_comparison_names_both_sides(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, RECONCILED, server_js=HOOK, models_js=MODELS)
    assert "`currency` of Stripe's object with `grand_total`, `currency` of the booking" in finding.remediation
    assert "`if (paid.amount_received !== Math.round(booking.grand_total * 100) || paid.currency.toLowerCase() !== " in finding.remediation
    assert finding.severity == "high"


def test_a_payment_that_the_client_names_an_order_for_can_be_for_any_order(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, RECONCILED, server_js=HOOK, models_js=MODELS, begin_js=BEGIN.replace("CHECKED", ""))
    assert finding.severity == "critical"
    assert "(`booking_id`)" in finding.message
    assert [(s.file, s.line) for s in finding.trace if "names the order that is paid" in s.note] == [("begin.js", 8)]


def test_one_that_is_looked_up_where_the_payment_begins_is_ours(tmp_path: Path) -> None:
    looked_up = "const booking = await Booking.findById(booking_id); if (!booking) return res.sendStatus(404);"
    (finding,) = found(tmp_path, RECONCILED, server_js=HOOK, models_js=MODELS, begin_js=BEGIN.replace("CHECKED", looked_up))
    assert finding.severity == "high"


def test_sums_that_make_up_what_is_owed_are_added_and_a_form_has_its_own_names(tmp_path: Path) -> None:
    migration = """<?php
use Illuminate\\Database\\Migrations\\Migration;
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\Schema;
return new class extends Migration {
    public function up() {
        Schema::create('orders', function (Blueprint $table) {
            $table->id(); $table->float('goods_cost'); $table->float('postage_fee'); $table->string('status')->default('new');
        });
    }
};
"""
    ipn = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class IpnController extends Controller {
    public function ipn(Request $request) {
        $ch = curl_init('https://ipnpb.paypal.com/cgi-bin/webscr');
        curl_setopt($ch, CURLOPT_POSTFIELDS, 'cmd=_notify-validate&' . $request->getContent());
        curl_setopt($ch, CURLOPT_RETURNTRANSFER, 1);
        if (curl_exec($ch) !== 'VERIFIED') { abort(400); }
        if ($request->input('payment_status') !== 'Completed' || !$request->input('txn_id')) { return; }
        Order::where('id', $request->input('custom'))->update(['status' => 'paid']);
    }
}
"""
    files = {
        "app__Http__Controllers__IpnController_php": ipn,
        "database__migrations__2024_01_01_000000_orders_php": migration,
        "routes__web_php": ROUTES,
    }
    (finding,) = found(tmp_path, RECONCILED, **files)
    assert "round($paid->mc_gross, 2) !== round($order->goods_cost + $order->postage_fee, 2)" in finding.remediation


def test_a_change_of_state_is_written_in_the_orm_of_the_code(tmp_path: Path) -> None:
    views = """\
from django.http import HttpResponse
from shop.models import Order

def cancel(request, number):
    order = Order.objects.get(pk=number)
    order.status = "cancelled"
    order.save()
    return HttpResponse()

def ask_refund(request, number):
    order = Order.objects.get(pk=number)
    order.refunded = True
    order.save()
    return HttpResponse()
"""
    urls = """\
from django.urls import path
from shop.views import ask_refund, cancel
urlpatterns = [path("orders/<int:number>/cancel/", cancel), path("orders/<int:number>/refund/", ask_refund)]
"""
    models = """\
from django.db import models

class Order(models.Model):
    status = models.CharField(max_length=20)
    refunded = models.BooleanField(default=False)
"""
    files = {"shop__views_py": views, "shop__urls_py": urls, "shop__models_py": models}
    said = {f.title: f for f in found(tmp_path, TRANSITION, **files)}
    cancelled = said["The order becomes `cancelled` whatever state it is in"]
    assert "Order.objects.filter(pk=order.pk, status__in=[…]).update(status='cancelled')" in cancelled.remediation
    assert "even when it is already paid, refunded or sent" in cancelled.message
    refunded = said["`refunded` of the order is set whatever state it is in"]
    assert "refunded__in=[False]).update(refunded=True)" in refunded.remediation
    assert "even when it was never paid, or its money is back already" in refunded.message


def test_what_is_scaled_and_the_columns_behind_it_are_named(tmp_path: Path) -> None:
    views = """\
import stripe
from django.http import HttpResponse
from shop.models import Order

def pay(request, number):
    order = Order.objects.get(pk=number)
    cents = int(order.goods_price * 100)
    stripe.Charge.create(amount=cents, currency="usd", customer=request.user.stripe_id)
    return HttpResponse()
"""
    models = """\
from django.db import models

class Order(models.Model):
    goods_price = models.FloatField()

"""
    urls = "from django.urls import path\nfrom shop.views import pay\nurlpatterns = [path('pay/<int:number>/', pay)]\n"
    files = {"shop__views_py": views, "shop__models_py": models, "shop__urls_py": urls}
    (lost,) = found(tmp_path / "unit", "payment/amount-unit", **files)
    assert lost.remediation.startswith("Round before it becomes an integer: `round(order.goods_price * 100)`.")
    assert lost.remediation.endswith("(`goods_price`)."), lost.trace
    (twice,) = found(tmp_path / "key", "idempotency/missing-key", **files)
    assert twice.title == "A payment is created without an idempotency key (Stripe Charge)"
    assert (twice.severity, "two clicks are two charges" in twice.message) == ("critical", True)
    assert "`attempt` is kept with the order" in twice.remediation


def test_a_row_that_is_not_there_yet_is_not_locked_but_refused(tmp_path: Path) -> None:
    page = load(PAGES["idempotency/dedup-race"])
    example = next(e for e in page.broken if "Django webhook looks and then creates" in e.title)
    said = " ".join(f.remediation for f in review_of(example, tmp_path, "idempotency/dedup-race").findings)
    assert said.startswith("Put a unique constraint on `event_id` of the processed event,")
    assert "PaymentEvent.objects.get_or_create(event_id=event_id)" in said


def test_an_option_that_allows_is_turned_on(tmp_path: Path) -> None:
    mail = "<?php\nreturn ['host' => env('MAIL_HOST'), 'stream' => ['ssl' => ['allow_self_signed' => true, 'verify_peer' => false]]];\n"
    (finding,) = found(tmp_path, "boundary/insecure-transport", config__mail_php=mail)
    assert finding.message.startswith("`allow_self_signed` is turned on: ")
    assert "links that set a new password" in finding.message
    assert "what shipping costs" not in finding.message
