"""What has the words of a payment's way back in its address, or in what it is asked, and is none."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of

_PACKAGE = '{"dependencies": {"express": "4", "next": "14", "razorpay": "2", "stripe": "16"}}'
_API = """\
import express from 'express';
import Razorpay from 'razorpay';
import Order from './models/order';
const app = express();
const gateway = new Razorpay({ key_id: process.env.KEY, key_secret: process.env.SECRET });

app.post('/payments', async (req, res) => res.json(await gateway.orders.create({ amount: 100, currency: 'INR' })));
app.METHOD('ROUTE', async (req, res) => {
  const { FIELDS } = req.INPUT;
  res.json(await Order.find({ FIELDS }));
});
"""
_PAGE = """\
import type { Metadata } from 'next';
import { IMPORTED } from '@/lib/data/orders';
export const metadata: Metadata = { title: 'An order' };

/** @returns the page */
export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const found = await IMPORTED(id);
  return <main>{found.title}</main>;
}
"""
_PAYS = """\
import { NextResponse } from 'next/server';
import Stripe from 'stripe';
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);
export async function POST() {
  const session = await stripe.checkout.sessions.create({ mode: 'payment', success_url: process.env.DONE });
  return NextResponse.json({ url: session.url });
}
"""
_IDS = "razorpay_payment_id, razorpay_order_id"


@pytest.mark.parametrize(
    ("method", "route", "fields", "expected"),
    [
        ("get", "/payments", f"{_IDS}, page, limit", []),
        ("get", "/payments", _IDS, ["/payments"]),
        ("get", "/payments/return", f"{_IDS}, page", ["/payments/return"]),
        ("post", "/payments/confirm-payout", "payoutId", []),
        ("post", "/payments/confirm", "orderId", ["/payments/confirm"]),
    ],
)
def test_a_list_and_a_payout_are_no_way_back(tmp_path: Path, method: str, route: str, fields: str, expected: list[str]) -> None:
    code = _API.replace("METHOD", method).replace("ROUTE", route).replace("FIELDS", fields)
    files = {"package.json": _PACKAGE, "app.js": code.replace("INPUT", "query" if method == "get" else "body")}
    assert [h.entry.route for h in model_of(tmp_path, files)[0].handlers.all] == expected


@pytest.mark.parametrize(("imported", "expected"), [("retrieveReturnReasons", []), ("retrieveOrder", ["/user/orders/[id]/return"])])
def test_a_page_on_which_goods_are_sent_back_is_no_way_back(tmp_path: Path, imported: str, expected: list[str]) -> None:
    files = {
        "package.json": _PACKAGE,
        "app/user/orders/[id]/return/page.tsx": _PAGE.replace("IMPORTED", imported),
        "app/api/pay/route.ts": _PAYS,
    }
    assert [h.entry.route for h in model_of(tmp_path, files)[0].handlers.all] == expected
