"""Orders, stock and prices that look wrong and are right."""

from pathlib import Path

from tests.checks.test_python_shops import found
from tests.commerce.small_models import model_of

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
