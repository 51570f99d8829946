"""What staff or customers set off once, because a record says that it is still to be done: two requests at once both read that it is."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_DJANGO = {
    "requirements.txt": "django\nstripe\n",
    "shop/__init__.py": "",
    "shop/models.py": """\
from django.db import models


class Product(models.Model):
    stock = models.PositiveIntegerField(default=0)


class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    status = models.CharField(max_length=20, default="new")
    intent = models.CharField(max_length=80)
    refund_cents = models.IntegerField(default=0)


class Item(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    quantity = models.PositiveIntegerField()
""",
    "shop/urls.py": "from django.urls import path\nfrom shop import views\nurlpatterns = [path('orders/<int:pk>/end/', views.end)]\n",
}
_DJANGO_VIEW = """\
import stripe
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from shop.models import Item, Order, Product


@require_POST
@login_required
@transaction.atomic
def end(request, pk):
{body}
    return HttpResponse()
"""
_RESTOCK = """
    for item in order.items.all():
        Product.objects.filter(pk=item.product_id).update(stock=F("stock") + item.quantity)"""
_MONGO_MODELS = """\
const mongoose = require('mongoose');
exports.Product = mongoose.model('Product', new mongoose.Schema({ stock: Number }));
const items = [{ product: String, quantity: Number }];
exports.Order = mongoose.model('Order', new mongoose.Schema({ user: String, status: String, items }));
"""
_EXPRESS = """\
const express = require('express');
const mongoose = require('mongoose');
const { Order, Product } = require('./models');
const { auth } = require('./auth');
const app = express();
app.use(express.json());

app.post('/orders/:id/cancel', auth, async (req, res) => {
BODY
  res.json({ ok: true });
});
"""
_AUTH = (
    "exports.auth = (req, res, next) => { if (!req.session.user) return res.status(401).end(); req.user = req.session.user; next(); };\n"
)
_BACK = """
  for (const item of order.items) {
    await Product.updateOne({ _id: item.product }, { $inc: { stock: item.quantity } });
  }"""
_LARAVEL = """\
<?php

namespace App\\Http\\Controllers;

use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\DB;

class OrderController extends Controller
{
    public function cancel(Request $request, $id)
    {
BODY
        return response()->json(['ok' => true]);
    }
}
"""
_LARAVEL_REST = {
    "composer.json": '{"require": {"laravel/framework": "^11"}}',
    "routes/web.php": "<?php\nuse App\\Http\\Controllers\\OrderController;\nuse Illuminate\\Support\\Facades\\Route;\n"
    "Route::post('/orders/{id}/cancel', [OrderController::class, 'cancel'])->middleware('auth');\n",
    "app/Models/Order.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
    "class Order extends Model { protected $fillable = ['status']; public function items() { return $this->hasMany(Item::class); } }\n",
    "app/Models/Item.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
    "class Item extends Model { public function product() { return $this->belongsTo(Product::class); } }\n",
    "app/Models/Product.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
    "class Product extends Model { protected $fillable = ['stock']; }\n",
}
_LARAVEL_BACK = """
        foreach ($order->items as $item) {
            $item->product->increment('stock', $item->quantity);
        }"""


def django(body: str) -> dict[str, str]:
    return _DJANGO | {"shop/views.py": _DJANGO_VIEW.format(body=body.strip("\n"))}


def express(body: str) -> dict[str, str]:
    package = '{"dependencies": {"express": "4", "mongoose": "8"}}'
    return {"package.json": package, "models.js": _MONGO_MODELS, "auth.js": _AUTH, "app.js": _EXPRESS.replace("BODY", body.strip("\n"))}


def laravel(body: str) -> dict[str, str]:
    return _LARAVEL_REST | {"app/Http/Controllers/OrderController.php": _LARAVEL.replace("BODY", body.strip("\n"))}


_TWICE = [
    pytest.param(
        django(
            f"""
    order = get_object_or_404(Order, pk=pk, user=request.user)
    if order.status == "cancelled":
        return HttpResponse(status=409){_RESTOCK}
    order.status = "cancelled"
    order.save()"""
        ),
        "the goods go back into stock",
        id="Django: stock",
    ),
    pytest.param(
        django(
            """
    order = get_object_or_404(Order, pk=pk)
    if not request.user.is_staff or order.status != "returned":
        return HttpResponse(status=409)
    stripe.Refund.create(payment_intent=order.intent, amount=order.refund_cents)
    order.status = "refunded"
    order.save(update_fields=["status"])"""
        ),
        "the money goes back",
        id="Django: money",
    ),
    pytest.param(
        express(
            f"""
  const order = await Order.findOne({{ _id: req.params.id, user: req.user.id }});
  if (order.status === 'cancelled') return res.status(409).end();{_BACK}
  order.status = 'cancelled';
  await order.save();"""
        ),
        "the goods go back into stock",
        id="Mongoose: stock",
    ),
    pytest.param(
        laravel(
            f"""
        $order = Order::where('user_id', $request->user()->id)->findOrFail($id);
        if ($order->status === 'cancelled') {{
            abort(409);
        }}{_LARAVEL_BACK}
        $order->update(['status' => 'cancelled']);"""
        ),
        "the goods go back into stock",
        id="Laravel: stock",
    ),
]
_ONCE = [
    pytest.param(
        django(
            f"""
    order = get_object_or_404(Order.objects.select_for_update(), pk=pk, user=request.user)
    if order.status == "cancelled":
        return HttpResponse(status=409){_RESTOCK}
    order.status = "cancelled"
    order.save()"""
        ),
        id="Django: a locked row",
    ),
    pytest.param(
        django(
            f"""
    order = get_object_or_404(Order, pk=pk, user=request.user)
    if not Order.objects.filter(pk=pk, status="new").update(status="cancelled"):
        return HttpResponse(status=409){_RESTOCK}"""
        ),
        id="Django: a conditional update",
    ),
    pytest.param(
        django(
            """
    order = get_object_or_404(Order, pk=pk)
    if not request.user.is_staff or order.status != "returned":
        return HttpResponse(status=409)
    stripe.Refund.create(payment_intent=order.intent, amount=order.refund_cents, idempotency_key=f"refund-{order.pk}")
    order.status = "refunded"
    order.save(update_fields=["status"])"""
        ),
        id="Django: the provider takes it once",
    ),
    pytest.param(
        django(
            """
    order = get_object_or_404(Order, pk=pk)
    if not request.user.is_staff or order.status != "returned":
        return HttpResponse(status=409)
    stripe.Refund.create(payment_intent=order.intent)
    order.status = "refunded"
    order.save(update_fields=["status"])"""
        ),
        id="Django: all of the money goes back, which it does once",
    ),
    pytest.param(
        express(
            f"""
  const order = await Order.findOneAndUpdate({{ _id: req.params.id, user: req.user.id, status: 'new' }}, {{ status: 'cancelled' }});
  if (!order) return res.status(409).end();{_BACK}"""
        ),
        id="Mongoose: a conditional update",
    ),
    pytest.param(
        express(
            """
  const session = await mongoose.startSession();
  await session.withTransaction(async () => {
    const order = await Order.findOne({ _id: req.params.id, user: req.user.id }).session(session);
    if (order.status === 'cancelled') return;
    for (const item of order.items) {
      await Product.updateOne({ _id: item.product }, { $inc: { stock: item.quantity } }, { session });
    }
    order.status = 'cancelled';
    await order.save({ session });
  });"""
        ),
        id="Mongoose: a transaction that is refused",
    ),
    pytest.param(
        laravel(
            f"""
        DB::transaction(function () use ($request, $id) {{
        $order = Order::where('user_id', $request->user()->id)->lockForUpdate()->findOrFail($id);
        if ($order->status === 'cancelled') {{
            abort(409);
        }}{_LARAVEL_BACK}
        $order->update(['status' => 'cancelled']);
        }});"""
        ),
        id="Laravel: a locked row",
    ),
]


@pytest.mark.parametrize(("files", "what"), _TWICE)
def test_two_at_once_both_pass_a_plain_read(tmp_path: Path, files: dict[str, str], what: str) -> None:
    write(tmp_path, files)
    (finding,) = review(tmp_path, Settings(checks=("idempotency/dedup-race",), use_cache=False)).findings
    assert what in finding.title
    assert "status" in files[finding.file].splitlines()[finding.start_line - 1], finding.start_line


@pytest.mark.parametrize("files", _ONCE)
def test_two_at_once_do_not_both_pass(tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path, files)
    assert review(tmp_path, Settings(checks=("idempotency/dedup-race",), use_cache=False)).findings == []


_EARNINGS = """\
from django.db import models


class Earning(models.Model):
    seller = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    cents = models.IntegerField()
    paid_out = models.BooleanField(default=False)
"""
_PAY_OUT = """\
import stripe
from django.contrib.admin.views.decorators import staff_member_required
from django.db import transaction
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from shop.models import Earning


@require_POST
@staff_member_required
@transaction.atomic
def pay_out(request, pk):
BODY
    return HttpResponse()
"""


@pytest.mark.parametrize(
    ("chosen", "key", "ruling"),
    [
        ("", "", "broken"),
        (".select_for_update()", "", "held"),
        ("", ", idempotency_key=f'earnings-{pk}-{due[0].pk}'", "held"),
    ],
)
def test_earnings_that_are_chosen_as_unpaid_are_paid_out_once(tmp_path: Path, chosen: str, key: str, ruling: str) -> None:
    body = f"""\
    due = list(Earning.objects{chosen}.filter(seller_id=pk, paid_out=False))
    if not due:
        return HttpResponse(status=409)
    account = due[0].seller.profile.account
    stripe.Transfer.create(amount=sum(e.cents for e in due), currency="eur", destination=account{key})
    Earning.objects.filter(pk__in=[e.pk for e in due]).update(paid_out=True)"""
    urls = "from django.urls import path\nfrom shop import views\nurlpatterns = [path('sellers/<int:pk>/pay/', views.pay_out)]\n"
    code = _PAY_OUT.replace("BODY", body)
    write(tmp_path, {**_DJANGO, "shop/models.py": _EARNINGS, "shop/urls.py": urls, "shop/views.py": code})
    report = review(tmp_path, Settings(use_cache=False, checks=("idempotency/dedup-race",)))
    assert [o.ruling for o in report.obligations] == [ruling]


_OPEN = """\
from django.db import models


class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    cents = models.IntegerField()
    ordered = models.BooleanField(default=False)
"""
_PAY_NOW = """\
import stripe
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from shop.models import Order


@require_POST
@login_required
@transaction.atomic
def pay(request):
    order = Order.objects{chosen}.get(user=request.user, ordered=False)
    stripe.Charge.create(amount=order.cents, currency="eur", source=request.POST["token"])
    order.ordered = True
    order.save()
    return HttpResponse()
"""


@pytest.mark.parametrize(("chosen", "ruling"), [("", "broken"), (".select_for_update()", "held")])
def test_an_order_that_is_chosen_as_open_is_charged_once(tmp_path: Path, chosen: str, ruling: str) -> None:
    urls = "from django.urls import path\nfrom shop import views\nurlpatterns = [path('pay/', views.pay)]\n"
    write(tmp_path, {**_DJANGO, "shop/models.py": _OPEN, "shop/urls.py": urls, "shop/views.py": _PAY_NOW.format(chosen=chosen)})
    report = review(tmp_path, Settings(use_cache=False, checks=("idempotency/dedup-race",)))
    assert [o.ruling for o in report.obligations] == [ruling]
