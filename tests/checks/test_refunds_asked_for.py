"""Refunds that a customer asks for and staff let through: what is stored between is still what was sent."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/refund-exceeds-capture"

_REFUNDS = """\
import Stripe from 'stripe';
import { PrismaClient } from '@prisma/client';

const prisma = new PrismaClient();
const stripe = new Stripe(process.env.STRIPE_KEY!);

export async function ask(orderId: string, userId: string, amount: number, reason: string) {
  const order = await prisma.order.findFirstOrThrow({ where: { id: orderId, userId } });
  ASKED
  return prisma.refundRequest.create({ data: { orderId, amount, reason, status: 'open' } });
}

export async function agree(id: string) {
  const wanted = await prisma.refundRequest.findUniqueOrThrow({ where: { id }, include: { order: true } });
  if (wanted.status !== 'open') throw new Error('done before');
  AGREED
  const made = await stripe.refunds.create({ payment_intent: wanted.order.intent, amount: SENT }, { idempotencyKey: `r-${id}` });
  await prisma.refundRequest.update({ where: { id }, data: { status: 'refunded', refundId: made.id } });
}
"""
_APP = """\
import express from 'express';
import { member, staff } from './people';
import { agree, ask } from './refunds';

const app = express();
app.use(express.json());
app.post('/orders/:id/refund', member, async (req, res) => {
  const { amount, reason } = req.body;
  res.json(await ask(req.params.id, req.user.id, amount, reason));
});
app.post('/desk/refunds/:id', staff, async (req, res) => {
  await agree(req.params.id);
  res.sendStatus(204);
});
"""
_PEOPLE = """\
export const member = (req, res, next) => (req.user ? next() : res.sendStatus(401));
export const staff = (req, res, next) => (req.user?.role === 'admin' ? next() : res.sendStatus(403));
"""
_SCHEMA = """\
model Order {
  id String @id
  userId String
  total Int
  refunded Int @default(0)
  intent String
}
model RefundRequest {
  id String @id @default(cuid())
  orderId String
  order Order @relation(fields: [orderId], references: [id])
  amount Int
  reason String
  status String
  refundId String?
}
"""
_LIMIT = "throw new Error('too much');"
_ALL = "wanted.order.total - wanted.order.refunded"


@pytest.mark.parametrize(
    ("asked", "agreed", "sent", "wrong"),
    [
        ("", "", "wanted.amount", True),
        (f"if (amount <= 0 || amount > order.total - order.refunded) {_LIMIT}", "", "wanted.amount", False),
        ("", f"if (wanted.amount > {_ALL}) {_LIMIT}", "wanted.amount", False),
        ("", "", f"Math.min(wanted.amount, {_ALL})", False),
        ("amount = order.total - order.refunded;", "", "wanted.amount", False),
    ],
)
def test_what_was_asked_for_is_held_to_what_is_left(tmp_path: Path, asked: str, agreed: str, sent: str, wrong: bool) -> None:
    text = _REFUNDS.replace("ASKED", asked).replace("AGREED", agreed).replace("SENT", sent)
    files = {"src/refunds.ts": text, "src/app.ts": _APP, "src/people.ts": _PEOPLE, "prisma/schema.prisma": _SCHEMA}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_LARAVEL = """\
<?php

namespace App\\Http\\Controllers;

use App\\Models\\Order;
use App\\Models\\RefundRequest;
use Illuminate\\Http\\Request;
use Stripe\\StripeClient;

class RefundController extends Controller
{
    public function store(Request $request, Order $order)
    {
        abort_unless($order->user_id === $request->user()->id, 403);
        $data = $request->validate(['amount' => RULE]);
        RefundRequest::create(['order_id' => $order->id, 'amount' => $data['amount'], 'status' => 'open']);

        return back();
    }

    public function agree(RefundRequest $refundRequest, StripeClient $stripe)
    {
        abort_if($refundRequest->status !== 'open', 409);
        $sent = $stripe->refunds->create(
            ['charge' => $refundRequest->order->charge_id, 'amount' => $refundRequest->amount],
            ['idempotency_key' => 'r-' . $refundRequest->id]
        );
        $refundRequest->update(['status' => 'refunded', 'refund_id' => $sent->id]);

        return back();
    }
}
"""
_HEAD = "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
_MODEL = _HEAD + "class RefundRequest extends Model { public function order() { return $this->belongsTo(Order::class); } }\n"
_ROUTES = """\
<?php
use App\\Http\\Controllers\\RefundController;
use Illuminate\\Support\\Facades\\Route;

Route::post('orders/{order}/refund', [RefundController::class, 'store'])->middleware('auth');
Route::post('desk/refunds/{refundRequest}', [RefundController::class, 'agree'])->middleware(['auth', 'role:admin']);
"""


@pytest.mark.parametrize(("rule", "wrong"), [("'required|integer|min:1'", True), ("'required|integer|min:1|max:' . $order->total", False)])
def test_a_model_that_is_named_a_request_carries_none(tmp_path: Path, rule: str, wrong: bool) -> None:
    files = {
        "app/Http/Controllers/RefundController.php": _LARAVEL.replace("RULE", rule),
        "app/Models/RefundRequest.php": _MODEL,
        "app/Models/Order.php": _HEAD + "class Order extends Model {}\n",
        "routes/web.php": _ROUTES,
    }
    assert bool(found(tmp_path, files, _CHECK)) is wrong
