"""One payment for order after order: the browser names the payment and the order, and the provider is asked for the payment alone."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tests.commerce.small_models import files_of

_CHECK = "idempotency/handler-not-idempotent"

_NEXT = """\
=== package.json
{"dependencies":{"next":"14","@prisma/client":"5","next-auth":"4"}}
=== app/api/verify/route.ts
import { prisma } from '@/lib/prisma';
export async function POST(req: Request) {
  const { reference, orderId } = await req.json();
  const r = await fetch(`https://api.paystack.co/transaction/verify/${reference}`, { headers: { Authorization: process.env.KEY } });
  const data = await r.json();
  if (data.data.status !== 'success') return new Response('', { status: 402 });
  const order = await prisma.order.findFirst({ where: { id: orderId } });
  if (!order) return new Response('', { status: 404 });
  if (data.data.amount < order.total || data.data.currency !== 'NGN') return new Response('', { status: 402 });
  await prisma.order.update({ where: { id: order.id }, data: { status: 'PAID' } });
  return Response.json({ ok: true });
}
=== lib/prisma.ts
import { PrismaClient } from '@prisma/client';
export const prisma = new PrismaClient();
"""
_UNIQUE = """\
=== package.json
{"dependencies":{"next":"14","@prisma/client":"5","next-auth":"4"}}
=== app/api/verify/route.ts
import { prisma } from '@/lib/prisma';
export async function POST(req: Request) {
  const { reference, orderId } = await req.json();
  const r = await fetch(`https://api.paystack.co/transaction/verify/${reference}`, { headers: { Authorization: process.env.KEY } });
  const data = await r.json();
  if (data.data.status !== 'success') return new Response('', { status: 402 });
  const order = await prisma.order.findFirst({ where: { id: orderId } });
  if (!order || data.data.amount !== order.total || data.data.currency !== 'NGN') return new Response('', { status: 402 });
  await prisma.order.update({ where: { id: order.id }, data: { status: 'PAID', reference } });
  return Response.json({ ok: true });
}
=== lib/prisma.ts
import { PrismaClient } from '@prisma/client';
export const prisma = new PrismaClient();
=== prisma/schema.prisma
model Order {
  id String @id
  total Int
  status String
  reference String? @unique
}
"""
_TOLD = """\
=== package.json
{"dependencies":{"next":"14","@prisma/client":"5","next-auth":"4"}}
=== app/api/verify/route.ts
import { prisma } from '@/lib/prisma';
export async function POST(req: Request) {
  const { reference, orderId } = await req.json();
  const r = await fetch(`https://api.paystack.co/transaction/verify/${reference}`, { headers: { Authorization: process.env.KEY } });
  const data = await r.json();
  if (data.data.status !== 'success' || data.data.metadata.orderId !== orderId) return new Response('', { status: 402 });
  const order = await prisma.order.findFirst({ where: { id: orderId } });
  if (!order || data.data.amount !== order.total || data.data.currency !== 'NGN') return new Response('', { status: 402 });
  await prisma.order.update({ where: { id: order.id }, data: { status: 'PAID' } });
  return Response.json({ ok: true });
}
=== lib/prisma.ts
import { PrismaClient } from '@prisma/client';
export const prisma = new PrismaClient();
"""
_DJANGO = """\
=== shop/models.py
from django.db import models
class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    total = models.IntegerField()
    status = models.CharField(max_length=20)
=== shop/views.py
import requests
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from .models import Order
@login_required
def verify(request):
    reference, order_id = request.POST["reference"], request.POST["order_id"]
    asked = f"https://api.paystack.co/transaction/verify/{reference}"
    data = requests.get(asked, headers={"Authorization": settings.PAYSTACK}, timeout=10).json()["data"]
    order = Order.objects.get(pk=order_id, user=request.user)
    if data["status"] != "success" or data["amount"] != order.total * 100 or data["currency"] != "NGN":
        return JsonResponse({}, status=402)
    order.status = "paid"
    order.save()
    return JsonResponse({"ok": True})
=== shop/urls.py
from django.urls import path
from . import views
urlpatterns = [path("verify/", views.verify)]
"""


@pytest.mark.parametrize(
    ("shop", "where"), [(_NEXT, ("app/api/verify/route.ts", 10)), (_DJANGO, ("shop/views.py", 14))], ids=["Next", "Django"]
)
def test_an_order_that_the_browser_names_is_not_tied_to_the_payment(tmp_path: Path, shop: str, where: tuple[str, int]) -> None:
    assert ruled(tmp_path, _CHECK, files_of(shop)) == [("broken", *where)]


@pytest.mark.parametrize("shop", [_UNIQUE, _TOLD], ids=["the database takes the payment once", "the provider tells for which order it was"])
def test_a_payment_that_is_good_for_one_order(tmp_path: Path, shop: str) -> None:
    assert ruled(tmp_path, _CHECK, files_of(shop)) == [("held", "app/api/verify/route.ts", 2)]
