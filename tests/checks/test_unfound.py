"""Payments whose order is not found: a webhook that answers success drops them; flawed and sound twins in each language."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

CHECK = "resilience/swallowed-failure"
TITLE = "A payment whose order is not found is dropped without a word"


def places(folder: Path, files: dict[str, str]) -> list[tuple[str, int]]:
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    report = review(folder, Settings(use_cache=False, checks=(CHECK,)))
    return [(f.file, f.start_line) for f in report.findings if f.title == TITLE]


NODE = """\
const express = require('express');
const stripe = require('stripe')(process.env.KEY);
const {{ prisma, pool, Order, settle }} = require('./store');
const router = express.Router();
router.post('/hook', express.raw({{ type: '*/*' }}), async (req, res) => {{
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  if (event.type === 'checkout.session.completed') {{
    const session = event.data.object;
{work}
  }}
  res.json({{ received: true }});
}});
module.exports = router;
"""
STORE = """\
const mongoose = require('mongoose');
const { PrismaClient } = require('@prisma/client');
const { Pool } = require('pg');
const Order = mongoose.model('Order', new mongoose.Schema({ sessionId: String, status: String, isPaid: Boolean }));
const settle = async (sessionId) => {
  const order = await Order.findOne({ sessionId });
  if (!order) {
    console.error(`no order for ${sessionId}`);
    return;
  }
  order.status = 'paid';
  await order.save();
};
module.exports = { Order, prisma: new PrismaClient(), pool: new Pool(), settle };
"""
MONGOOSE = "    const order = await Order.findOne({ sessionId: session.id });\n"
PAY = "    order.status = 'paid';\n    await order.save();"
PG = "    const { rows } = await pool.query('SELECT * FROM orders WHERE session_id = $1', [session.id]);\n"
PG += "    if (rows.length === 0) return res.sendStatus(200);\n"
PG += "    await pool.query(\"UPDATE orders SET status = 'paid' WHERE id = $1\", [rows[0].id]);"
KEPT = "    await pool.query('INSERT INTO webhook_events (id, payload) VALUES ($1, $2) ON CONFLICT DO NOTHING', [event.id, event]);\n"


@pytest.mark.parametrize(
    ("work", "file", "line"),
    [
        (MONGOOSE + "    if (!order) { console.error('none'); return res.json({ received: true }); }\n" + PAY, "hook.js", 10),
        (MONGOOSE + "    if (order) {\n      order.isPaid = true;\n      await order.save();\n    }", "hook.js", 10),
        (PG, "hook.js", 10),
        ("    await settle(session.id);", "store.js", 7),
    ],
)
def test_node_drops_what_it_does_not_find(tmp_path: Path, work: str, file: str, line: int) -> None:
    assert places(tmp_path, {"package.json": "{}", "hook.js": NODE.format(work=work), "store.js": STORE}) == [(file, line)]


@pytest.mark.parametrize(
    "work",
    [
        MONGOOSE + "    if (!order) return res.status(404).json({ error: 'no order' });\n" + PAY,
        MONGOOSE + "    if (!order) throw new Error('no order ' + session.id);\n" + PAY,
        MONGOOSE + "    if (!order) return res.status(500).end();\n    if (order.status === 'paid') return res.end();\n" + PAY,
        MONGOOSE + "    if (order) return res.end();\n    await Order.create({ sessionId: session.id, status: 'paid' });",
        KEPT + PG,
    ],
)
def test_node_that_answers_an_error_keeps_the_event_or_makes_the_order_is_sound(tmp_path: Path, work: str) -> None:
    assert places(tmp_path, {"package.json": "{}", "hook.js": NODE.format(work=work), "store.js": STORE}) == []


DJANGO = """\
import logging
import stripe
from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from shop.models import Order

log = logging.getLogger(__name__)


@csrf_exempt
def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.META["HTTP_STRIPE_SIGNATURE"], settings.SECRET)
    if event["type"] == "checkout.session.completed":
        session = event["data"]["object"]
        {look}
        order.paid = True
        order.save()
    return HttpResponse(status=200)
"""
SHOP = "from django.db import models\n\n\nclass Order(models.Model):\n    session_id = models.CharField(max_length=80)\n"
SHOP += "    paid = models.BooleanField(default=False)\n"
URLS = "from django.urls import path\nfrom shop import views\n\nurlpatterns = [path('hook/', views.hook)]\n"
FILTERED = "order = Order.objects.filter(session_id=session['id']).first()\n"
TRIED = "try:\n            order = Order.objects.get(session_id=session['id'])\n"
TRIED += "        except Order.DoesNotExist:\n            log.error('none')\n"


@pytest.mark.parametrize(
    ("look", "flawed"),
    [
        (TRIED + "            return HttpResponse(status=200)", True),
        (TRIED + "            return HttpResponse(status=404)", False),
        (
            "order = Order.objects.filter(session_id=session['id']).first()\n        if order is None:\n            return HttpResponse()",
            True,
        ),
        ("order = Order.objects.get(session_id=session['id'])", False),
    ],
)
def test_django(tmp_path: Path, look: str, flawed: bool) -> None:
    files = {"requirements.txt": "Django\nstripe\n", "shop/models.py": SHOP, "shop/urls.py": URLS, "shop/__init__.py": ""}
    assert bool(places(tmp_path, {**files, "shop/views.py": DJANGO.format(look=look)})) is flawed


LARAVEL = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class HookController extends Controller
{
    public function hook(Request $request)
    {
        $data = app('alipay')->verify($request->all());
        $order = Order::where('no', $data->out_trade_no)->first();
        if (!$order) {
            return ANSWER;
        }
        $order->update(['status' => 'paid']);
        return app('alipay')->success();
    }
}
"""


@pytest.mark.parametrize("answer", ["'fail'", "response('unknown order', 404)"])
def test_an_answer_that_the_provider_reads_as_a_failure_loses_nothing(tmp_path: Path, answer: str) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^10", "yansongda/pay": "^2"}}',
        "routes/api.php": "<?php\nRoute::post('/alipay/notify', [\\App\\Http\\Controllers\\HookController::class, 'hook']);\n",
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
        "app/Http/Controllers/HookController.php": LARAVEL.replace("ANSWER", answer),
    }
    assert places(tmp_path, files) == []
