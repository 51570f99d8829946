"""What looks wrong at first sight and is right: small shops, reviewed whole, each beside one that is wrong."""

from pathlib import Path

from tests.checks.test_python_shops import found
from tests.commerce.small_models import model_of
from tillproof.flow.values import constant

_ADMIN = """\
from django.contrib import admin
from django.db import models

from billing.work import book


class Notice(models.Model):
    kind = models.CharField(max_length=40)
    payload = models.JSONField()


class Sheets:
    actions = ["export"]


class NoticeAdmin(Sheets, admin.ModelAdmin):
    ACTIONS

    def run_webhooks(self, request, queryset):
        for notice in queryset:
            book(notice.kind, notice.payload)
"""
_WORK = """\
from billing.models import Order


def book(kind, payload):
    if kind == "charge.success":
        Order.objects.filter(reference=payload["reference"]).update(status="paid")
"""


def test_an_action_of_the_admin_site_is_nobodys_webhook(tmp_path: Path) -> None:
    def lines(name: str, actions: str) -> list[int]:
        files = {"manage.py": "", "billing/admin.py": _ADMIN.replace("ACTIONS", actions) + "# paystack", "billing/work.py": _WORK}
        return [f.start_line for f in found(tmp_path / name, files, "payment/webhook-unverified")]

    assert lines("a", 'actions = Sheets.actions + ["run_webhooks"]') == []


def test_a_header_that_is_sent_on_tells_of_no_sender(tmp_path: Path) -> None:
    view = """\
import json

import requests

from billing.work import book


class Endpoints:
    def test(self, request):
        HEADER
        book(json.loads(request.body)["event"], json.loads(request.body)["data"])
"""

    def lines(name: str, header: str) -> list[int]:
        files = {"manage.py": "", "billing/views.py": view.replace("HEADER", header), "billing/work.py": _WORK}
        return [f.start_line for f in found(tmp_path / name, files, "payment/webhook-unverified")]

    assert lines("a", 'print(request.headers.get("X-Paystack-Signature"))') != []
    assert lines("b", 'requests.post("https://mirror.example", headers={"X-Paystack-Signature": "none"})') == []


def test_what_is_refused_for_being_nothing_is_no_free_order(tmp_path: Path) -> None:
    view = """\
from django.http import JsonResponse
from django.urls import path
from shop.models import Order


def move(request):
    amount = int(request.POST["amount"])
    if amount <= 0:
        ZERO
    order = Order.objects.create(note="moved")
    return JsonResponse({"order": order.pk})


urlpatterns = [path("orders/", move)]
"""

    def lines(name: str, zero: str) -> list[int]:
        files = {"manage.py": "", "shop/views.py": view.replace("ZERO", zero)}
        return [f.start_line for f in found(tmp_path / name, files, "payment/client-amount")]

    assert lines("a", "return JsonResponse({}, status=400)") == []
    assert lines("c", "pass\n    return JsonResponse({})") == []
    assert lines("b", 'Order.objects.create(note="free")') == [8]


def test_who_gives_says_how_much(tmp_path: Path) -> None:
    route = """\
const express = require('express')
const stripe = require('stripe')(process.env.STRIPE_KEY)
const router = express.Router()

router.post('/PLACE', async (req, res) => {
  const intent = await stripe.paymentIntents.create({ amount: req.body.amount, currency: 'eur' }, { idempotencyKey: req.body.key })
  res.json({ secret: intent.client_secret })
})

module.exports = router
"""

    def count(name: str, place: str) -> int:
        return len(found(tmp_path / name, {"package.json": "{}", "routes/pay.js": route.replace("PLACE", place)}, "payment/client-amount"))

    assert count("a", "donations") == 0
    assert count("b", "gift-cards/:number/funds") == 0
    assert count("c", "orders") == 1


def test_a_folder_from_which_a_program_is_started_is_on_the_path(tmp_path: Path) -> None:
    view = """\
from django.http import HttpResponse
from django.urls import path

from shop.steps.closing import Closing
from shop.models import Order


def close(request):
    Closing.confirm_payment(Order.objects.get(pk=request.POST["order"]))
    return HttpResponse()


urlpatterns = [path("orders/close/", close)]
"""
    closing = """\
class Closing:
    @classmethod
    def confirm_payment(cls, order):
        STEP
"""

    def paid(name: str, step: str) -> bool:
        files = {
            "site/__init__.py": "",
            "site/manage.py": "",
            "site/shop/__init__.py": "",
            "site/shop/steps/__init__.py": "",
            "site/shop/steps/closing.py": closing.replace("STEP", step),
            "site/shop/views.py": view,
        }
        return bool(found(tmp_path / name, files, "payment/fulfil-on-redirect"))

    assert not paid("a", "print(order)")
    assert paid("b", 'order.status = "paid"; order.save()')


def test_what_a_container_hands_out_may_be_a_payment_system_that_nobody_knows(tmp_path: Path) -> None:
    controller = """\
<?php

namespace App\\Http\\Controllers;

use App\\Models\\Order;

class PaymentController extends Controller
{
    public function notice()
    {
        $told = CALL;
        $order = Order::where('number', $told->number)->first();
        $order->update(['paid_at' => now(), 'payment_method' => 'bank']);

        return response('ok');
    }
}
"""
    routes = """\
<?php
use App\\Http\\Controllers\\PaymentController;
use Illuminate\\Support\\Facades\\Route;

Route::post('/payment/notice', [PaymentController::class, 'notice']);
"""

    def count(name: str, call: str) -> int:
        files = {
            "composer.json": '{"require": {"laravel/framework": "^10"}}',
            "routes/web.php": routes,
            "app/Http/Controllers/PaymentController.php": controller.replace("CALL", call),
        }
        return len(found(tmp_path / name, files, "payment/fulfil-on-redirect"))

    assert count("a", "app('bank_pay')->verify()") == 0
    assert count("b", "app('mailer')->last()") == 1


def test_handlers_may_stand_in_a_table(tmp_path: Path) -> None:
    view = """\
import stripe
from django.http import HttpResponse
from django.urls import path
from shop.models import Order


class Work:
    def __init__(self, event):
        self.event = event

    def run(self):
        steps = {"checkout.session.completed": self.paid}
        step = steps.get(self.event.type, lambda: HttpResponse(status=422))
        return step()

    def paid(self):
        Order.objects.filter(session=self.event.data.object.id).update(status="paid")
        return HttpResponse()


def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], "set elsewhere")
    return Work(event).run()


urlpatterns = [path("hook/", hook)]
"""

    model, _ = model_of(tmp_path, {"manage.py": "", "shop/views.py": view})
    (entry,) = [e for e in model.entries if e.route == "/hook/"]
    assert [e.touch.entity for e in model.effects.of(entry.target) if e.touch is not None] == ["order"]


_PAYOUTS = """\
from django.http import HttpResponse
from django.urls import path
from django.contrib.auth.decorators import login_required
from shop.models import Payout, Transaction


@login_required
def close(request, number):
    payout = Payout.objects.get(pk=number, owner=request.user)
    FIRST
    payout.status = "done"
    payout.save()
    payout.transaction.status = "success"
    payout.transaction.save()
    return HttpResponse()


@login_required
def begin(request):
    code = f"T-{request.user.pk}-{request.POST['number']}"
    MADE
    Transaction.objects.filter(code=code).update(status="success")
    return HttpResponse()


urlpatterns = [path("payouts/<int:number>/close/", close), path("payouts/", begin)]
"""


def test_a_state_may_be_asked_of_the_record_that_another_hangs_on_and_a_new_one_has_none(tmp_path: Path) -> None:
    def lines(name: str, first: str, made: str) -> list[int]:
        files = {"manage.py": "", "shop/views.py": _PAYOUTS.replace("FIRST", first).replace("MADE", made)}
        return [f.start_line for f in found(tmp_path / name, files, "order/unguarded-transition")]

    asked = 'assert payout.status == "waiting"'
    new = 'Transaction.objects.create(code=code, status="pending")'
    assert lines("a", asked, new) == []
    assert lines("b", "pass", new) == [13]
    assert lines("c", asked, "pass") == [22]


def test_a_column_may_say_of_itself_that_the_number_is_masked(tmp_path: Path) -> None:
    models = """\
from django.db import models


class Payment(models.Model):
    card_number = models.CharField(
        max_length=30,
        help_text="HELP",
    )
"""

    def count(name: str, told: str) -> int:
        return len(found(tmp_path / name, {"manage.py": "", "shop/models.py": models.replace("HELP", told)}, "pci/card-data-stored"))

    assert count("a", "마스킹된 카드번호") == 0
    assert count("b", "as the customer typed it") == 1


def test_a_page_that_notes_what_is_left_takes_nothing_from_it(tmp_path: Path) -> None:
    form = """\
<?php
class Booking_Form {
    public $stock = 0;

    public function show($room) {
        $this->stock = $room['beds'] - $room['stock'];
        $this->stock = $this->stock - 1;
        echo $this->stock > 0 ? 'free' : 'full';
    }
    MORE
}
(new Booking_Form())->show($_GET);
"""

    def count(name: str, more: str) -> int:
        return len(found(tmp_path / name, {"form.php": form.replace("MORE", more)}, "inventory/non-atomic-write"))

    assert count("a", "") == 0
    assert count("b", "public function save() { global $db; $db->query('UPDATE rooms SET stock = ' . $this->stock); }") == 1


def test_a_helper_that_only_raises_swallows_nothing(tmp_path: Path) -> None:
    app = """\
const express = require('express')
const stripe = require('stripe')(process.env.STRIPE_KEY)
const { Order } = require('./models')
const app = express()

function fail(error) {
  console.error(error)
  ENDS
}

async function markPaid(id) {
  try {
    await Order.updateOne({ session: id }, { status: 'paid' })
  } catch (error) {
    fail(error)
  }
}

app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK_SECRET)
  if (event.type === 'checkout.session.completed') await markPaid(event.data.object.id)
  res.json({ received: true })
})
"""

    def count(name: str, ends: str) -> int:
        return len(found(tmp_path / name, {"package.json": "{}", "app.js": app.replace("ENDS", ends)}, "resilience/swallowed-failure"))

    assert count("a", "throw new Error('not recorded')") == 0
    assert count("b", "console.error('not recorded')") == 1


def test_a_function_that_is_written_where_it_is_called_sees_what_its_function_was_given(tmp_path: Path) -> None:
    app = """\
const express = require('express')
const { PrismaClient } = require('@prisma/client')
const db = new PrismaClient()
const app = express()

async function settle(reference) {
  await db.$transaction(async (tx) => {
    await tx.payment.update({ where: { reference }, data: { status: 'paid' } })
  })
}

app.post('/settle', async (req, res) => {
  await settle('first')
  res.end()
})
"""
    model, _ = model_of(tmp_path, {"package.json": "{}", "app.js": app})
    (entry,) = model.entries
    keys = [v for e in model.effects.of(entry.target) if e.touch is not None for v in e.touch.keys.values()]
    assert [constant(v) for v in keys] == ["first"]


def test_what_went_back_whole_cannot_go_back_again(tmp_path: Path) -> None:
    app = """\
const express = require('express')
const stripe = require('stripe')(process.env.STRIPE_KEY)
const app = express()

app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK_SECRET)
  if (event.type === 'review.closed') await stripe.refunds.create({ payment_intent: event.data.object.payment_intent AMOUNT })
  res.json({ received: true })
})
"""

    def count(name: str, amount: str) -> int:
        files = {"package.json": "{}", "app.js": app.replace(" AMOUNT", amount)}
        return len(found(tmp_path / name, files, "idempotency/handler-not-idempotent"))

    assert count("a", "") == 0
    assert count("b", ", amount: 500") == 1


def test_a_payment_that_can_be_paid_once_needs_no_look_at_its_own_state(tmp_path: Path) -> None:
    view = """\
import stripe
from django.http import HttpResponse
from django.urls import path
from shop.models import Customer, Payment


def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], "set elsewhere")
    if event.type == "payment_intent.succeeded":
        customer = Customer.objects.select_for_update().get(pk=event.data.object.metadata.customer)
        FIRST
        customer.tried = True
        customer.save()
        Payment.objects.filter(intent=event.data.object.id).update(status="succeeded")
    return HttpResponse()


urlpatterns = [path("hook/", hook)]
"""

    def count(name: str, first: str) -> int:
        files = {"manage.py": "", "shop/views.py": view.replace("FIRST", first)}
        return len(found(tmp_path / name, files, "order/unguarded-transition"))

    assert count("a", "if customer.tried: return HttpResponse()") == 0
    assert count("b", "pass") == 1


def test_what_was_claimed_for_this_run_may_be_changed(tmp_path: Path) -> None:
    page = """\
<?php
require 'vendor/autoload.php';
$event = \\Stripe\\Webhook::constructEvent(file_get_contents('php://input'), $_SERVER['HTTP_STRIPE_SIGNATURE'], getenv('HOOK_SECRET'));
if ($event->type === 'payment_intent.succeeded') {
    $payment = Payment::where('intent', $event->data->object->id)->first();
    if (!$container['payments']->CALL) {
        exit;
    }
    $payment->status = 'paid';
    $payment->save();
}
"""

    def count(name: str, call: str) -> int:
        return len(found(tmp_path / name, {"hook.php": page.replace("CALL", call)}, "order/unguarded-transition"))

    assert count("a", "claimForProcessing($payment->id)") == 0
    assert count("b", "describe($payment->id)") == 1
    assert count("c", "claimForProcessing($event->id)") == 1, "whoever claims the message keeps its copies out, and no older message"
    assert count("d", "tryClaimEvent($payment->id)") == 1


def test_a_number_that_is_all_stars_but_its_end_is_masked(tmp_path: Path) -> None:
    page = """\
<?php
$told = $stripe->charges->retrieve($_GET['id'])->payment_method_details->card;
$cardNumber = NUMBER;
Payment::where('id', 1)->update(['card_number' => $cardNumber]);
"""

    def count(name: str, number: str) -> int:
        return len(found(tmp_path / name, {"done.php": page.replace("NUMBER", number)}, "pci/card-data-stored"))

    assert count("a", "sprintf('#### #### #### %d', $told->last4)") == 0
    assert count("b", "'**** **** **** ' . $told->last4") == 0
    assert count("c", "$_POST['card_number']") > 0


def test_a_signed_in_customers_page_is_no_system_and_a_folder_of_ours_names_none(tmp_path: Path) -> None:
    view = """\
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path

from trading.models import Payment


DECORATED
def confirm(request):
    payment = Payment.objects.get(pk=request.POST["payment"])
    payment.status = "paid"
    payment.save()
    return HttpResponse(status=202)


urlpatterns = [path("payments/confirm/", confirm)]
"""

    def handlers(name: str, decorated: str) -> list[str]:
        files = {
            "manage.py": "",
            "trading/__init__.py": "",
            "trading/models.py": "",
            "trading/views.py": view.replace("DECORATED", decorated),
        }
        model, _ = model_of(tmp_path / name, files)
        return [h.provider.name for h in model.handlers.all]

    assert handlers("a", "@login_required") == []
    assert handlers("b", "# open") == ["Payment"]


_CART_HOOK = """\
<?php
namespace App\\\\Http\\\\Controllers;

use App\\\\Models\\\\Cart;
use App\\\\Models\\\\Order;
use Illuminate\\\\Http\\\\Request;
use Stripe\\\\Webhook;

class HookController extends Controller
{
    public function hook(Request $request)
    {
        $event = Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('services.stripe.hook'));
        if ($event->type === 'checkout.session.completed') {
            $cart = Cart::find($event->data->object->metadata->cart);
            $order = $cart->order;
            FIRST
            Order::create(['cart_id' => $cart->id]);
        }
        return response('ok');
    }
}
"""


def test_an_order_that_a_cart_has_already_is_made_once(tmp_path: Path) -> None:
    routes = """\
<?php
use App\\\\Http\\\\Controllers\\\\HookController;
use Illuminate\\\\Support\\\\Facades\\\\Route;

Route::post('/hook', [HookController::class, 'hook']);
"""

    def count(name: str, first: str) -> int:
        files = {
            "composer.json": '{"require": {"laravel/framework": "^10"}}',
            "routes/api.php": routes,
            "app/Http/Controllers/HookController.php": _CART_HOOK.replace("FIRST", first),
        }
        return len(found(tmp_path / name, files, "idempotency/handler-not-idempotent"))

    assert count("a", "if ($order) { return response('ok'); }") == 0
    assert count("b", "") == 1


def test_a_relation_that_is_asked_of_the_settings_leads_to_the_records_of_the_class_beside(tmp_path: Path) -> None:
    models = """\
<?php
namespace App\\\\Models;

use Illuminate\\\\Database\\\\Eloquent\\\\Model;

class Remark extends Model {}

class Order extends Model
{
    public function remarks()
    {
        return $this->hasMany(config('shop.remark', Remark::class), 'order_id')->orderBy('created_at');
    }

    public function remark(string $text)
    {
        return $this->remarks()->create(['text' => $text]);
    }
}
"""
    model, _ = model_of(tmp_path, {"composer.json": '{"require": {"laravel/framework": "^10"}}', "app/Models/Order.php": models})
    fns = [fn for fn in model.program.all_functions("app/Models/Order.php") if model.program.name(fn) == "remark"]
    touches = [t for fn in fns for i in range(len(model.program.body(fn).op)) if (t := model.records.touch(fn, i, None)) is not None]
    assert [(t.kind, t.entity) for t in touches if t.writes] == [("create", "remark")]


def test_the_state_of_an_address_is_no_state_of_an_order(tmp_path: Path) -> None:
    view = """\
from django.http import HttpResponse
from django.urls import path
from shop.models import Invoice


def address(request, number):
    invoice = Invoice.objects.get(pk=number)
    invoice.FIELD = request.POST["state"]
    invoice.save()
    return HttpResponse()


urlpatterns = [path("invoices/<int:number>/address/", address)]
"""

    def count(name: str, field: str) -> int:
        return len(found(tmp_path / name, {"manage.py": "", "shop/views.py": view.replace("FIELD", field)}, "order/unguarded-transition"))

    assert count("a", "bill_to_state") == 0
    assert count("b", "status") == 1


def test_what_a_form_hands_out_may_be_a_record_with_a_price_of_its_own(tmp_path: Path) -> None:
    view = """\
from django.http import HttpResponse
from django.urls import path
from shop.forms import JoinForm
from shop.models import Invoice


def join(request):
    form = JoinForm(request.POST)
    if form.is_valid():
        plan = form.cleaned_data["plan"]
        Invoice.objects.create(total=SUM)
    return HttpResponse()


urlpatterns = [path("join/", join)]
"""

    def count(name: str, total: str) -> int:
        return len(found(tmp_path / name, {"manage.py": "", "shop/views.py": view.replace("SUM", total)}, "payment/client-amount"))

    assert count("a", "plan.price") == 0
    assert count("b", 'form.cleaned_data["total"]') == 1


def test_a_price_that_only_staff_may_send_is_no_customers_choice(tmp_path: Path) -> None:
    view = """\
from django.http import HttpResponse
from django.urls import path
from shop.models import Order, Price


def order(request):
    total = Price.objects.get(pk=request.POST["price"]).amount
    if ASKED:
        total = request.POST["total"]
    Order.objects.create(total=total)
    return HttpResponse()


urlpatterns = [path("orders/", order)]
"""

    def count(name: str, asked: str) -> int:
        return len(found(tmp_path / name, {"manage.py": "", "shop/views.py": view.replace("ASKED", asked)}, "payment/client-amount"))

    assert count("a", "request.user.is_superuser") == 0
    assert count("b", "request.user.is_authenticated") == 1


def test_a_digest_may_be_of_a_text_that_is_put_together(tmp_path: Path) -> None:
    view = """\
import hashlib

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import path
from shop.models import Payment


def silent_post(request):
    payment = Payment.objects.get(pk=request.POST["x_invoice_num"])
    made = "{}{}{}".format(KEY, request.POST["x_trans_id"], request.POST["x_amount"])
    if hashlib.md5(made.encode()).hexdigest().lower() != request.POST["x_MD5_Hash"].lower():
        raise Http404
    if request.POST["x_response_code"] == "1":
        payment.status = "paid"
        payment.save()
    return HttpResponse("ok")


urlpatterns = [path("authorizenet/silent-post/", silent_post)]
"""

    def count(name: str, key: str) -> int:
        return len(found(tmp_path / name, {"manage.py": "", "shop/views.py": view.replace("KEY", key)}, "payment/webhook-unverified"))

    assert count("a", "settings.RESPONSE_KEY") == 0
    assert count("b", 'request.POST["x_login"]') == 1


def test_whoever_may_edit_an_invoice_may_be_staff(tmp_path: Path) -> None:
    view = """\
from django.http import Http404, HttpResponse
from django.urls import path
from shop.models import Invoice


def mark_as_paid(request, number):
    invoice = Invoice.objects.get(pk=number)
    if not invoice.ASKED(request.user):
        raise Http404
    invoice.status = "paid"
    invoice.save()
    return HttpResponse()


urlpatterns = [path("invoices/<int:number>/mark-as-paid/", mark_as_paid)]
"""

    def count(name: str, asked: str) -> int:
        return len(found(tmp_path / name, {"manage.py": "", "shop/views.py": view.replace("ASKED", asked)}, "payment/fulfil-on-redirect"))

    assert count("a", "allow_edit_by") == 0
    assert count("b", "is_shown_to") == 1


_MIRROR = """\
const express = require('express');
const crypto = require('crypto');
const { pool } = require('./db');
const { licences } = require('./licences');

const app = express();

app.post('/mirror/shopify', express.json(), async (req, res) => {
  const topic = req.get('X-Shopify-Topic');
  if (topic === 'orders/paid') {
    const row = [req.body.id, req.body.total_price];
    await pool.query('INSERT INTO orders (id, total) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET total = $2', row);
    SERVED
  }
  res.sendStatus(200);
});
"""


def test_a_forged_message_that_only_changes_our_copy_of_a_shop_is_no_free_order(tmp_path: Path) -> None:
    def severity(name: str, served: str) -> list[str]:
        mailer = "exports.licences = { issue: async (to) => mailer.sendMail({ to, text: newKey() }) };\n"
        files = {
            "server.js": _MIRROR.replace("SERVED", served),
            "licences.js": "const mailer = require('nodemailer').createTransport({});\n" + mailer,
        }
        return [f.severity for f in found(tmp_path / name, {"package.json": "{}", **files}, "payment/webhook-unverified")]

    assert severity("copied", "") == ["high"]
    assert severity("served", "await licences.issue(req.body.email);") == ["critical"]


_COUNTED = """\
import { PrismaClient } from "@prisma/client";

const db = new PrismaClient();

export async function countAgain(productId: string) {
  const product = await db.product.findUniqueOrThrow({ where: { id: productId }, include: { variants: true } });
  let stock = BEGIN;
  for (const variant of product.variants) {
    stock = stock + variant.stock;
  }
  await db.product.update({ where: { id: productId }, data: { stock } });
}
"""


def test_a_stock_that_is_added_up_from_nothing_is_not_changed_by_an_amount(tmp_path: Path) -> None:
    def lines(name: str, begin: str) -> list[int]:
        files = {"src/count.ts": _COUNTED.replace("BEGIN", begin), "package.json": "{}"}
        return [f.start_line for f in found(tmp_path / name, files, "inventory/non-atomic-write")]

    assert lines("summed", "0") == []
    assert lines("changed", "product.stock") == [11]


_SOLD = """\
export async function soldMost(lines: { productId: string; quantity: number }[], products: Map<string, any>) {
  MADE
  for (const line of lines) {
    const known = products.get(line.productId);
    if (known) {
      known.qty += line.quantity;
    }
    products.set(line.productId, ENTRY);
  }
  return products;
}
"""


def test_figures_in_a_map_of_the_programs_own_are_no_stock(tmp_path: Path) -> None:
    def lines(name: str, made: str, entry: str) -> list[int]:
        code = _SOLD.replace("MADE", made).replace("ENTRY", entry)
        return [f.start_line for f in found(tmp_path / name, {"src/sold.ts": code, "package.json": "{}"}, "inventory/non-atomic-write")]

    assert lines("own", "products = new Map();", "{ name: line.productId, qty: line.quantity }") == []
    assert lines("given", "", "line") == [6]


_FORM = """\
import { useEffect, useState } from "react";
import { api } from "../api";

export function EasyPostSettings() {
  BEGIN
  return settings.easypost_test_mode;
}
"""


def test_a_form_of_settings_begins_in_the_test_world(tmp_path: Path) -> None:
    def lines(name: str, begin: str) -> list[int]:
        files = {"src/labels.tsx": _FORM.replace("BEGIN", begin), "package.json": "{}"}
        return [f.start_line for f in found(tmp_path / name, files, "payment/test-credentials-in-prod")]

    assert lines("form", "const [settings, setSettings] = useState({ easypost_enabled: false, easypost_test_mode: true });") == []
    assert lines("set", "const settings = easypost({ easypost_enabled: false, easypost_test_mode: true });") == [5]


_RATES = """\
const { Client, Environment } = require("square");
const client = new Client({ environment: Environment.Sandbox, accessToken: process.env.SQUARE_TOKEN });
client.paymentsApi.listPayments().then(console.log);
"""


def test_a_script_that_tries_a_system_out_is_not_what_production_runs(tmp_path: Path) -> None:
    def lines(name: str, path: str) -> list[int]:
        return [f.start_line for f in found(tmp_path / name, {path: _RATES, "package.json": "{}"}, "payment/test-credentials-in-prod")]

    assert lines("script", "test-rates.js") == []
    assert lines("code", "src/rates.js") == [2]


_CALLS = """\
import client from "../client";

export const addToCart = async (itemId) => {
  try {
    return await client.post("/cart", { itemId });
  } catch (error) {
    console.error("cart", error);
    throw error;
  }
};

export const emptyCart = async () => {
  try {
    return await client.delete("/cart");
  } catch (error) {
    console.error("cart", error);
    throw error;
  }
};
"""
_CALLER = 'import axios from "axios";\n\nexport default axios.create({ headers: { "auth-token": TOKEN } });\n'


def test_the_console_of_a_page_is_its_users_own_and_a_client_is_told_once(tmp_path: Path) -> None:
    def lines(name: str, needs: str) -> list[int]:
        token = 'localStorage.getItem("auth-token")' if "react" in needs else "process.env.WAREHOUSE_TOKEN"
        files = {
            "package.json": f'{{"dependencies": {{{needs}}}}}',
            "src/api/services/cart.js": _CALLS,
            "src/api/client.js": _CALLER.replace("TOKEN", token),
        }
        return [f.start_line for f in found(tmp_path / name, files, "boundary/secret-logged")]

    assert lines("page", '"axios": "1.6.0", "react": "18.2.0"') == []
    assert lines("built", '"axios": "1.6.0", "react": "18.2.0", "vite": "5.0.0", "firebase-admin": "13.0.0"') == []
    assert lines("server", '"axios": "1.6.0", "express": "4.18.0"') == [7]


_HOOKS = """\
import { Controller, Headers, Param, Post, Req, UseGuards } from '@nestjs/common';
import { RolesGuard } from './roles.guard';
import { Roles } from './roles.decorator';
import { Hooks } from './hooks.service';

@Controller('payments')
export class PaymentsController {
  constructor(private readonly hooks: Hooks) {}

  @Post('webhook')
  async take(@Headers('stripe-signature') signature: string, @Req() request: any) {
    return this.hooks.take(signature, request.rawBody);
  }

  @Post('webhooks/:id/retry')
  @UseGuards(RolesGuard)
  @Roles('admin')
  async again(@Param('id') id: string) {
    return this.hooks.again(id);
  }
}
"""
_TAKEN = """\
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { PrismaService } from './prisma.service';

@Injectable()
export class Hooks {
  private readonly stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);

  constructor(private readonly prisma: PrismaService) {}

  async take(signature: string, body: Buffer) {
    const event = this.stripe.webhooks.constructEvent(body, signature, process.env.STRIPE_WEBHOOK_SECRET!);
    if (event.type === 'payment_intent.succeeded') {
      await this.prisma.order.update({ where: { intentId: event.data.object.id }, data: { status: 'paid' } });
    }
    if (event.type === 'charge.dispute.created' || event.type === 'payment_intent.payment_failed' || event.type === 'charge.refunded') {
      await this.prisma.order.updateMany({ where: { intentId: 'x' }, data: { note: event.type } });
    }
  }

  async again(id: string) {
    const stored = await this.prisma.message.findUnique({ where: { id } });
    await this.take('', Buffer.from(JSON.stringify(stored.payload)));
  }
}
"""


def test_staff_who_have_a_stored_message_done_again_bring_none(tmp_path: Path) -> None:
    files = {"src/payments.controller.ts": _HOOKS, "src/hooks.service.ts": _TAKEN}
    model, _ = model_of(tmp_path, files)
    assert [h.entry.route for h in model.handlers.all] == ["/payments/webhook"]


_JOIN = """\
const express = require("express");
const stripe = require("stripe")(process.env.STRIPE_SECRET_KEY);
const { User } = require("./models");

const app = express();
app.use(express.json());

app.post("/pay", async (req, res) => {
  res.json(await stripe.paymentIntents.create({ amount: 900, currency: "eur" }));
});

app.post("/join", async (req, res) => {
  const { PERSON, isSubscribed } = req.body;
  res.json(await User.create({ PERSON, isSubscribed }));
});
"""


def test_who_joins_and_wants_news_has_paid_for_nothing(tmp_path: Path) -> None:
    def lines(name: str, person: str) -> list[int]:
        declared = 'mongoose.model("User", new mongoose.Schema({ isSubscribed: Boolean }))'
        models = f'const mongoose = require("mongoose");\nexports.User = {declared};\n'
        files = {"package.json": "{}", "app.js": _JOIN.replace("PERSON", person), "models.js": models}
        return [f.start_line for f in found(tmp_path / name, files, "payment/fulfil-on-redirect")]

    assert lines("news", "firstName, password") == []
    assert lines("pays", "plan") == [14]


_BOOKS = """\
import express from "express";
import { PrismaClient } from "@prisma/client";

const db = new PrismaClient();
const app = express();
app.use(express.json());

async function update(id: string, changes: { totalPaid?: number }) {
  return db.transaction.update({ where: { id }, data: { totalPaid: changes.totalPaid } });
}

app.patch("/books/:id", GUARD, async (req, res) => res.json(await update(req.params.id, { totalPaid: req.body.totalPaid })));
app.post("/books/:id/open", isSignedIn, async (req, res) => res.json(await update(req.params.id, { totalPaid: 0 })));
"""


def test_what_staff_write_by_a_function_that_customers_reach_too_is_theirs_to_say(tmp_path: Path) -> None:
    def lines(name: str, guard: str) -> list[int]:
        files = {"package.json": "{}", "src/app.ts": _BOOKS.replace("GUARD", guard)}
        return [f.start_line for f in found(tmp_path / name, files, "payment/client-amount")]

    assert lines("staff", "requireAdmin") == []
    assert lines("customer", "isSignedIn") != []


_EVENTS = """\
import express from "express";
import mercadopago from "mercadopago";
import { PrismaClient } from "@prisma/client";

const db = new PrismaClient();
const app = express();
app.use(express.json());

app.VERB("/api/events", async (req, res) => {
  const wanted = req.WHERE.status;
  if (wanted === "cancelled") {
    await db.order.updateMany({ where: { event: req.WHERE.id }, data: { status: "cancelled" } });
  }
  res.json(await db.event.findMany({ where: { status: wanted } }));
});
"""


def test_a_list_of_events_that_a_browser_reads_is_no_webhook(tmp_path: Path) -> None:
    def routes(name: str, verb: str, where: str) -> list[str | None]:
        code = _EVENTS.replace("VERB", verb).replace("WHERE", where)
        model, _ = model_of(tmp_path / name, {"package.json": "{}", "src/app.ts": code})
        return [h.entry.route for h in model.handlers.all if h.provider.id == "mercadopago"]

    assert routes("listed", "get", "query") == []
    assert routes("told", "post", "body") == ["/api/events"]


_RACE = """\
import express from "express";
import { PrismaClient } from "@prisma/client";
import Stripe from "stripe";

const db = new PrismaClient();
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);
const app = express();

async function findByIntentForUpdate(tx: any, intent: string) {
  const [row] = await tx.$queryRaw<any[]>`SELECT * FROM payments WHERE intent_id = ${intent}LOCK`;
  return row ? { id: row.id, status: row.status } : undefined;
}

app.post("/hook", express.raw({ type: "*/*" }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers["stripe-signature"] as string, process.env.STRIPE_WEBHOOK_SECRET!);
  if (event.type === "payment_intent.succeeded") {
    await db.$transaction(async (tx) => {
      const payment = await findByIntentForUpdate(tx, event.data.object.id);
      if (!payment || payment.status === "paid") return;
      await tx.payment.update({ where: { id: payment.id }, data: { status: "paid" } });
      await tx.order.create({ data: { paymentId: payment.id } });
    });
  }
  res.json({});
});
"""


def test_a_lookup_that_locks_the_row_keeps_two_deliveries_apart(tmp_path: Path) -> None:
    def lines(name: str, lock: str) -> list[int]:
        files = {"package.json": "{}", "src/app.ts": _RACE.replace("LOCK", lock)}
        return [f.start_line for f in found(tmp_path / name, files, "idempotency/dedup-race")]

    assert lines("locked", " FOR UPDATE") == []
    assert lines("read", "") != []


def test_what_stands_behind_a_return_or_a_raise_is_never_done(tmp_path: Path) -> None:
    def lines(name: str, before: str) -> list[int]:
        hook = f"""\
<?php
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Route;
Route::post('/stripe', function (Request $r) {{
    $e = \\Stripe\\Webhook::constructEvent($r->getContent(), $r->header('Stripe-Signature'), config('services.stripe.secret'));
    {before}
    Order::find($e->data->object->metadata->order_id)->update(['status' => 'paid']);
    return response('ok');
}});
"""
        files = {"composer.json": '{"require":{"laravel/framework":"^10"}}', "artisan": "", "routes/web.php": hook}
        return [f.start_line for f in found(tmp_path / name, files, "order/unguarded-transition")]

    assert lines("does", "\\Log::info('paid');") == [8]
    assert lines("raises", "throw new \\Exception('not yet');") == []
    assert lines("returns", "return response('not yet');") == []
    assert lines("may raise", "if (!$e) { throw new \\Exception('none'); }") == [8]
