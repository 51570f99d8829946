"""Orders that count as paid, or cost what they cost, because the sender says so by a way round."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_REDIRECT, _AMOUNT, _SUMS = "payment/fulfil-on-redirect", "payment/client-amount", "payment/amount-not-reconciled"

_PAY = """\
const express = require('express');
const clean = require('CLEANER');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const router = express.Router();
router.post('/done', async (req, res) => {
    const db = req.app.locals.db;
    BEFORE
    const order = { total: req.session.total, status, created: new Date() };
    await db.orders.insertOne(order);
    res.json({ ok: true });
});
module.exports = router;
"""
_APP = """\
const express = require('express');
const { MongoClient } = require('mongodb');
const app = express();
app.use(express.json());
app.use('/pay', require('./pay'));
MongoClient.connect(process.env.MONGO_URL).then((client) => {
    app.locals.db = { orders: client.db('shop').collection('orders') };
});
"""
_UNLESS = "let status = 'paid'; if (req.body.code !== 'OK') { status = 'failed'; }"
_IF = "let status = 'failed'; if (req.body.code === 'OK') { status = 'paid'; }"
_TURNED = "let status = 'failed'; if (req.body.code !== 'OK') { status = 'paid'; }"
_ASKED = """const intent = await stripe.paymentIntents.retrieve(req.session.intent);
    let status = 'paid'; if (intent.status !== 'succeeded') { status = 'failed'; }"""


@pytest.mark.parametrize(
    ("before", "cleaner", "wrong"),
    [
        (_UNLESS, "clean-text", [(_REDIRECT, 9)]),
        (_IF, "clean-text", [(_REDIRECT, 9)]),
        (_TURNED, "clean-text", []),
        (_ASKED, "clean-text", []),
        ("const status = clean(req.body.status);", "string-strip-html", [(_REDIRECT, 9)]),
        ("const status = clean(req.body.status);", "state-machine", []),
    ],
)
def test_a_state_that_the_senders_word_leaves_as_it_is(tmp_path: Path, before: str, cleaner: str, wrong: list[tuple[str, int]]) -> None:
    files = {"app.js": _APP, "pay.js": _PAY.replace("CLEANER", cleaner).replace("BEFORE", before)}
    assert [(_REDIRECT, line) for _, line in broken(tmp_path, _REDIRECT, files)] == [(c, line + before.count("\n")) for c, line in wrong]


_CARTS = """\
import stripe
from django.http import JsonResponse
from .models import Order, Product


def add(request):
    CART
    return JsonResponse({"ok": True})


def pay(request):
    total = sum(float(line["price"]) for line in request.session.get("cart", {}).values())
    intent = stripe.PaymentIntent.create(amount=round(total * 100), currency="eur")
    return JsonResponse({"secret": intent.client_secret})
"""
_LINE = '{"price": request.POST["price"]}'


@pytest.mark.parametrize(
    ("cart", "wrong"),
    [
        (f'cart = request.session.setdefault("cart", {{}})\n    cart[request.POST["id"]] = {_LINE}', True),
        (f'request.session["cart"].update({{request.POST["id"]: {_LINE}}})', True),
        (f'request.session["cart"].append({_LINE})', True),
        ('request.session["cart"].append({"price": Product.objects.get(pk=request.POST["id"]).price})', False),
        (f'kept = {{}}\n    kept[request.POST["id"]] = {_LINE}', False),
    ],
)
def test_a_cart_that_was_read_of_the_session_is_the_sessions(tmp_path: Path, cart: str, wrong: bool) -> None:
    files = {
        "shop/views.py": _CARTS.replace("CART", cart),
        "shop/models.py": "from django.db import models\n\n\nclass Order(models.Model):\n    total = models.IntegerField()\n\n\n"
        "class Product(models.Model):\n    price = models.IntegerField()\n",
        "shop/urls.py": "from django.urls import path\nfrom . import views\n\n"
        'urlpatterns = [path("add", views.add), path("pay", views.pay)]\n',
    }
    assert bool(broken(tmp_path, _AMOUNT, files)) is wrong


_GATEWAY = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
class Gateway {
  async pay(data) {
    this.data = GIVEN;
    return this.charge();
  }
  async charge() {
    return stripe.paymentIntents.create({ amount: this.data.amount, currency: 'eur' });
  }
}
module.exports = { Gateway };
"""
_ROUTE = """\
const express = require('express');
const { Gateway } = require('./gateway');
const app = express();
app.use(express.json());
app.post('/pay', async (req, res) => res.json(await new Gateway().pay(req.body)));
"""


@pytest.mark.parametrize(("given", "wrong"), [("data", True), ("await Order.findById(data.id)", False)])
def test_what_a_method_keeps_for_the_next_is_what_it_was_given(tmp_path: Path, given: str, wrong: bool) -> None:
    assert bool(broken(tmp_path, _AMOUNT, {"gateway.js": _GATEWAY.replace("GIVEN", given), "app.js": _ROUTE})) is wrong


_FRAPPE = """\
import frappe
import stripe
from frappe.model.document import Document


class CardSettings(Document):
    def create_request(self, data):
        self.data = frappe._dict(data)
        return self.charge()

    def charge(self):
        return stripe.Charge.create(amount=self.data.amount, currency="eur", source=self.data.token)
"""
_GUEST = """\
import json
import frappe


@frappe.whitelist(allow_guest=True)
def pay(data, reference):
    data = json.loads(data)
    return frappe.get_doc("Card Settings").create_request(GIVEN)
"""


@pytest.mark.parametrize(("given", "wrong"), [("data", True), ('frappe.get_doc("Sales Order", reference)', False)])
def test_what_a_document_keeps_for_its_next_method_is_what_it_was_given(tmp_path: Path, given: str, wrong: bool) -> None:
    files = {"pay/card_settings.py": _FRAPPE, "pay/page.py": _GUEST.replace("GIVEN", given), "pay/hooks.py": 'app_name = "pay"\n'}
    assert bool(broken(tmp_path, _AMOUNT, files)) is wrong


_MADE = """\
const express = require('express');
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.use(express.json());
app.post('/custom', async (req, res) => {
  const { title, price } = req.body;
  const product = await prisma.product.create({ data: { title, price: PRICE } });
  NEXT
  res.json(product);
});
"""
_ORDERED = "await prisma.order.create({ data: { productId: product.id, total: product.price } });"


@pytest.mark.parametrize(
    ("price", "next_", "lines"),
    [("price", _ORDERED, [8]), ("DEFAULT_PRICE", _ORDERED, []), ("price", "", [])],
)
def test_an_article_that_is_made_for_an_order_costs_what_is_sent(tmp_path: Path, price: str, next_: str, lines: list[int]) -> None:
    files = {"app.js": _MADE.replace("PRICE", price).replace("NEXT", next_)}
    assert [line for _, line in broken(tmp_path, _AMOUNT, files)] == lines


_RETURN = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('./order');
const app = express();
app.get('/return', async (req, res) => {
  const intent = await stripe.paymentIntents.retrieve(req.query.payment_intent);
  if (intent.status !== 'succeeded') return res.redirect('/failed');
  const order = await Order.findById(req.query.order);
  COMPARED
  order.status = 'paid';
  await order.save();
  if (order.renews) await stripe.subscriptions.create({ customer: order.customer, items: [{ price: process.env.PRICE }] });
  res.redirect('/thanks');
});
"""
_CART_OF_NOW = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Order = require('./order');
const app = express();
app.post('/begin', async (req, res) => {
  const intent = await stripe.paymentIntents.create({ amount: req.session.total, currency: 'eur', metadata: { kind: 'single' } });
  res.json(intent.client_secret);
});
app.get('/return', async (req, res) => {
  const intent = await stripe.paymentIntents.retrieve(req.query.payment_intent);
  if (intent.status !== 'succeeded') return res.redirect('/failed');
  await Order.create({ status: 'paid', items: HELD });
  res.redirect('/thanks');
});
"""
_MODEL = """\
const mongoose = require('mongoose');
module.exports = mongoose.model('Order', new mongoose.Schema({ status: String, total: Number }));
"""


@pytest.mark.parametrize(
    ("compared", "wrong"),
    [("", True), ("if (intent.amount !== order.total || intent.currency !== 'eur') return res.sendStatus(409);", False)],
)
def test_what_is_charged_once_an_order_counts_as_paid_is_another_payment(tmp_path: Path, compared: str, wrong: bool) -> None:
    files = {"app.js": _RETURN.replace("COMPARED", compared), "order.js": _MODEL}
    assert bool(broken(tmp_path, _SUMS, files)) is wrong


@pytest.mark.parametrize(("held", "wrong"), [("req.session.cart", True), ("[intent.metadata.kind]", False)])
def test_the_cart_of_now_may_be_another_than_the_one_that_was_paid(tmp_path: Path, held: str, wrong: bool) -> None:
    files = {"app.js": _CART_OF_NOW.replace("HELD", held), "order.js": _MODEL}
    assert bool(broken(tmp_path, _SUMS, files)) is wrong


_ABROAD = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const app = express();
app.use(express.json());
const CURRENCIES = { US: 'usd', IN: 'inr', JP: 'jpy' };
const PRICES = { US: { currency: 'usd', amount: 4900 }, JP: { currency: 'jpy', amount: 7000 } };
const currencyOf = (country) => CURRENCIES[country] || 'usd';
const session = (amount, currency) => stripe.paymentIntents.create({ amount, currency });
app.post('/pay', async (req, res) => {
  const country = req.query.country;
  let currency = 'usd';
  if (req.query.country === 'IN') { currency = 'inr'; }
  res.json(await stripe.paymentIntents.create({ amount: SUM, currency: CODE }));
});
"""


@pytest.mark.parametrize(
    ("amount", "code", "lines"),
    [
        ("4900", "CURRENCIES[country]", [13]),
        ("4900", "currencyOf(country)", [13]),
        ("4900", "currency", [13]),
        ("PRICES[country].amount", "PRICES[country].currency", []),
        ("4900", "process.env.HOME_COUNTRY === 'IN' ? 'inr' : 'usd'", []),
        ("4900", "{ US: 'usd', GB: 'gbp' }[country]", []),
    ],
)
def test_a_country_that_is_sent_decides_what_the_number_is_worth(tmp_path: Path, amount: str, code: str, lines: list[int]) -> None:
    files = {"app.js": _ABROAD.replace("SUM", amount).replace("CODE", code)}
    assert [line for _, line in broken(tmp_path, _AMOUNT, files)] == lines


_ASKS = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Http;

class PaymentController extends Controller
{
    public function success(Request $request)
    {
        $order = Order::where('transaction_id', $request->input('tran_id'))->firstOrFail();
        $answer = $this->ask($request->input('val_id'));
        if ($answer['success'] && (float) $answer['amount'] === (float) $order->total) {
            $order->update(['payment_status' => 'paid']);
            return view('thanks');
        }
        BEHIND
        return view('failed');
    }

    private function ask(?string $id): array
    {
        $asked = 'https://securepay.sslcommerz.com/validator/api/validationserverAPI.php';
        $answer = Http::timeout(10)->get($asked, ['val_id' => $id])->json();
        return ['success' => in_array($answer['status'] ?? '', ['VALID', 'VALIDATED']), 'amount' => $answer['amount'] ?? 0];
    }
}
"""


@pytest.mark.parametrize(
    ("behind", "wrong"),
    [
        ("if (config('pay.mode') === 'sandbox') { $order->update(['status' => 'delivered']); return view('thanks'); }", True),
        ("$order->update(['status' => 'failed']);", False),
    ],
)
def test_an_order_goes_on_though_the_answer_was_no(tmp_path: Path, behind: str, wrong: bool) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "routes/web.php": "<?php\nuse App\\Http\\Controllers\\PaymentController;\nuse Illuminate\\Support\\Facades\\Route;\n"
        "Route::get('/payment/success', [PaymentController::class, 'success']);\n",
        "app/Http/Controllers/PaymentController.php": _ASKS.replace("BEHIND", behind),
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
        "class Order extends Model { protected $guarded = []; }\n",
    }
    assert [line for _, line in broken(tmp_path, _REDIRECT, files)] == ([17] if wrong else [])
