"""What is set off once, whatever it moves: goods that are taken, sums that are added. And CommonJS modules that are one function each."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tests.commerce.small_models import files_of

_RACE = "idempotency/dedup-race"

_CONFIRMED = """\
=== package.json
{"dependencies":{"express":"4","sequelize":"6"}}
=== db.js
const { Sequelize, DataTypes } = require('sequelize');
const s = new Sequelize(process.env.DB);
exports.Orders = s.define('Orders', {
  status: DataTypes.INTEGER, preferenceId: DataTypes.STRING, qty: DataTypes.INTEGER, productId: DataTypes.INTEGER,
});
exports.Products = s.define('Products', { stock: DataTypes.INTEGER });
=== app.js
const express = require('express');
const { Orders, Products } = require('./db');
const app = express();
app.use(express.json());
app.post('/orders/:id/confirm', async (req, res) => {
  const order = await Orders.findByPk(req.params.id);
  if (order.status !== 0) return res.status(409).end();
  await Products.decrement({ stock: order.qty }, { where: { id: order.productId } });
  await order.update({ status: 1 });
  res.end();
});
app.listen(1);
"""
_CHOSEN = """\
=== package.json
{"dependencies":{"express":"4","sequelize":"6"}}
=== db.js
const { Sequelize, DataTypes } = require('sequelize');
const s = new Sequelize(process.env.DB);
exports.Orders = s.define('Orders', {
  status: DataTypes.INTEGER, preferenceId: DataTypes.STRING, qty: DataTypes.INTEGER, productId: DataTypes.INTEGER,
});
exports.Products = s.define('Products', { stock: DataTypes.INTEGER });
=== app.js
const express = require('express');
const { Orders, Products } = require('./db');
const app = express();
app.use(express.json());
app.post('/payment', async (req, res) => {
  const order = await Orders.findOne({ where: { status: 0, preferenceId: req.body.preference_id } });
  if (!order) return res.status(404).end();
  await order.update({ status: 1 });
  await Products.decrement({ stock: order.qty }, { where: { id: order.productId } });
  res.end();
});
app.listen(1);
"""
_TOPPED_UP = """\
=== shop/models.py
from django.db import models
class Wallet(models.Model):
    user = models.OneToOneField("auth.User", on_delete=models.CASCADE)
    balance = models.DecimalField(max_digits=10, decimal_places=2)
class Topup(models.Model):
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    status = models.CharField(max_length=20, default="pending")
=== shop/views.py
from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import F
from django.http import JsonResponse
from .models import Topup, Wallet
@staff_member_required
def approve(request, pk):
    topup = Topup.objects.get(pk=pk)
    if topup.status != "pending":
        return JsonResponse({"error": "done"}, status=409)
    Wallet.objects.filter(pk=topup.wallet_id).update(balance=F("balance") + topup.amount)
    topup.status = "approved"
    topup.save()
    return JsonResponse({"ok": True})
=== shop/urls.py
from django.urls import path
from . import views
urlpatterns = [path("topups/<int:pk>/approve/", views.approve)]
"""
_CLAIMED = """\
=== package.json
{"dependencies":{"next":"14","@prisma/client":"5"}}
=== app/api/orders/[id]/claim/route.ts
import { prisma } from '@/lib/prisma';
import { auth } from '@/lib/auth';
export async function POST(req: Request, { params }: { params: { id: string } }) {
  const session = await auth();
  if (!session) return new Response('', { status: 401 });
  const order = await prisma.order.findFirst({ where: { id: params.id, userId: session.user.id } });
  if (!order || order.pointsClaimed) return new Response('', { status: 409 });
  await prisma.user.update({ where: { id: session.user.id }, data: { points: { increment: order.total } } });
  await prisma.order.update({ where: { id: order.id }, data: { pointsClaimed: true } });
  return Response.json({ ok: true });
}
=== lib/prisma.ts
import { PrismaClient } from '@prisma/client';
export const prisma = new PrismaClient();
=== lib/auth.ts
export async function auth(): Promise<any> { return null; }
=== prisma/schema.prisma
model Order {
  id String @id
  userId String
  total Int
  pointsClaimed Boolean @default(false)
}
model User {
  id String @id
  points Int @default(0)
}
"""
_BULK = """\
=== package.json
{"dependencies":{"express":"4","sequelize":"6"}}
=== db.js
const { Sequelize, DataTypes } = require('sequelize');
const s = new Sequelize(process.env.DB);
exports.Orders = s.define('Orders', { status: DataTypes.INTEGER, preferenceId: DataTypes.STRING });
exports.Ingredients = s.define('Ingredients', { stock: DataTypes.INTEGER, name: DataTypes.STRING });
=== helpers/reserve.js
const { Orders, Ingredients } = require('../db');
module.exports = async (orderId) => {
  let order = await Orders.findOne({ where: { id: orderId }, include: { model: Ingredients } });
  if (!order.details.some(({ amount, ingredient }) => amount > ingredient.stock)) {
    const left = order.details.map(({ amount, ingredient }) => ({ id: ingredient.id, stock: ingredient.stock - amount }));
    await Ingredients.bulkCreate(left, { updateOnDuplicate: ['stock'] });
    await order.update({ status: 2 });
    return true;
  }
  return false;
};
=== app.js
const express = require('express');
const { Orders } = require('./db');
const reserve = require('./helpers/reserve');
const app = express();
app.use(express.json());
app.post('/payment', async (req, res) => {
  let order;
  if (req.body?.status === 'approved') order = await Orders.findOne({ where: { status: 0, preferenceId: req.body.preference_id } });
  if (!order) return res.status(404).end();
  await order.update({ status: 1 });
  await reserve(order.id);
  res.end();
});
app.listen(1);
"""
_HELPER = """\
=== package.json
{"dependencies":{"express":"4","sequelize":"6"}}
=== db.js
const { Sequelize, DataTypes } = require('sequelize');
const s = new Sequelize(process.env.DB);
exports.Orders = s.define('Orders', { status: DataTypes.INTEGER, preferenceId: DataTypes.STRING });
exports.Ingredients = s.define('Ingredients', { stock: DataTypes.INTEGER, name: DataTypes.STRING });
=== helpers/reserve.js
const { Orders, Ingredients } = require('../db');
module.exports = async (orderId) => {
  let order = await Orders.findOne({ where: { id: orderId }, include: { model: Ingredients } });
  for (const d of order.details) await Ingredients.decrement({ stock: d.amount }, { where: { id: d.ingredientId } });
};
=== app.js
const express = require('express');
const { Orders } = require('./db');
const reserve = require('./helpers/reserve');
const app = express();
app.use(express.json());
app.post('/payment', async (req, res) => {
  let order;
  if (req.body?.status === 'approved') order = await Orders.findOne({ where: { status: 0, preferenceId: req.body.preference_id } });
  if (!order) return res.status(404).end();
  await order.update({ status: 1 });
  await reserve(order.id);
  res.end();
});
app.listen(1);
"""
_VERIFIER = """\
=== package.json
{"dependencies":{"express":"4","mongoose":"8"}}
=== models.js
const m = require('mongoose');
exports.Order = m.model('Order', new m.Schema({ ref: String, status: String }));
=== lib/verify.js
const crypto = require('crypto');
module.exports = function (req) {
  const h = crypto.createHmac('sha512', process.env.PAYSTACK_SECRET).update(req.rawBody).digest('hex');
  return crypto.timingSafeEqual(Buffer.from(h), Buffer.from(req.headers['x-paystack-signature'] || ''.padEnd(h.length)));
};
=== lib/settle.js
const { Order } = require('../models');
module.exports = async (reference) => Order.updateOne({ ref: reference }, { status: 'paid' });
=== app.js
const express = require('express');
const verify = require('./lib/verify');
const settle = require('./lib/settle');
const app = express();
app.use(express.json({ verify: (req, res, buf) => { req.rawBody = buf; } }));
app.post('/paystack/webhook', async (req, res) => {
  if (!verify(req)) return res.status(401).end();
  if (req.body.event === 'charge.success') await settle(req.body.data.reference);
  res.end();
});
app.listen(1);
"""
_REFUND = """\
=== package.json
{"dependencies":{"express":"4","mongoose":"8","stripe":"14"}}
=== models.js
const m = require('mongoose');
exports.Order = m.model('Order', new m.Schema({ intent: String, status: String, total: Number }));
=== lib/refund.js
const stripe = require('stripe')(process.env.SK);
module.exports = async (order) => stripe.refunds.create({ payment_intent: order.intent, amount: order.total });
=== app.js
const express = require('express');
const { Order } = require('./models');
const refund = require('./lib/refund');
const { admin } = require('./auth');
const app = express();
app.use(express.json());
app.post('/admin/refund/:id', admin, async (req, res) => {
  const order = await Order.findById(req.params.id);
  if (order.status === 'refunded') return res.status(409).end();
  await refund(order);
  order.status = 'refunded';
  await order.save();
  res.end();
});
app.listen(1);
=== auth.js
exports.admin = (req, res, next) => (req.user && req.user.isAdmin ? next() : res.status(403).end());
"""
_QUEUE = """\
=== package.json
{"dependencies":{"express":"4","bullmq":"5","stripe":"14","mongoose":"8"}}
=== models.js
const m = require('mongoose');
module.exports.User = m.model('User', new m.Schema({ credits: Number }));
=== queue.js
const { Queue, Worker } = require('bullmq');
const { User } = require('./models');
const queue = new Queue('stripe');
new Worker('stripe', async (job) => {
  const event = job.data;
  if (event.type === 'checkout.session.completed') {
    await User.updateOne({ _id: event.data.object.client_reference_id }, { $inc: { credits: 100 } });
  }
});
module.exports = queue;
=== app.js
const express = require('express');
const stripe = require('stripe')(process.env.SK);
const queue = require('./queue');
const app = express();
app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  let event;
  const signature = req.headers['stripe-signature'];
  try { event = stripe.webhooks.constructEvent(req.body, signature, process.env.WH); } catch (e) { return res.status(400).end(); }
  await queue.add('event', event);
  res.end();
});
app.listen(1);
"""


@pytest.mark.parametrize(
    ("shop", "look"),
    [
        (_CONFIRMED, ("app.js", 7)),
        (_CHOSEN, ("app.js", 6)),
        (_TOPPED_UP, ("shop/views.py", 8)),
        (_CLAIMED, ("app/api/orders/[id]/claim/route.ts", 7)),
        (_HELPER, ("app.js", 9)),
        (_BULK, ("app.js", 9)),
        (_REFUND, ("app.js", 9)),
    ],
    ids=["a state", "rows of a state", "a balance", "a mark", "goods in a module", "goods in one statement", "money in a module"],
)
def test_two_that_both_find_it_to_be_done(tmp_path: Path, shop: str, look: tuple[str, int]) -> None:
    assert ruled(tmp_path, _RACE, files_of(shop)) == [("broken", *look)]


def test_a_locked_row_keeps_two_apart(tmp_path: Path) -> None:
    locked = _TOPPED_UP.replace("@staff_member_required\ndef", "@staff_member_required\n@transaction.atomic\ndef")
    locked = locked.replace("objects.get(", "objects.select_for_update().get(")
    locked = locked.replace("from django.db.models import F", "from django.db import transaction\nfrom django.db.models import F")
    assert ruled(tmp_path, _RACE, files_of(locked)) == [("held", "shop/views.py", 8)]


def test_a_module_that_is_one_function_is_walked(tmp_path: Path) -> None:
    assert ruled(tmp_path / "asked", "payment/webhook-unverified", files_of(_VERIFIER)) == [("held", "app.js", 6)]
    unasked = _VERIFIER.replace("  if (!verify(req)) return res.status(401).end();\n", "")
    assert ruled(tmp_path / "unasked", "payment/webhook-unverified", files_of(unasked)) == [("broken", "lib/settle.js", 2)]


def test_a_module_that_is_one_queue_hands_over(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    assert ruled(tmp_path / "again", check, files_of(_QUEUE)) == [("broken", "queue.js", 7)]
    once = _QUEUE.replace("queue.add('event', event)", "queue.add('event', event, { jobId: event.id })")
    assert ruled(tmp_path / "once", check, files_of(once)) == [("held", "app.js", 5)]
