"""What is paid back or out once: whether it was is asked of a row that is only written when the provider has answered."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tests.commerce.small_models import files_of

_DJANGO = """\
=== shop/models.py
from django.db import models
class Order(models.Model):
    status = models.CharField(max_length=20)
    payment_intent = models.CharField(max_length=80)
    total = models.DecimalField(max_digits=10, decimal_places=2)
class Refund(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    refund_id = models.CharField(max_length=80)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
=== shop/views.py
import stripe
from django.contrib.admin.views.decorators import staff_member_required
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from .models import Order, Refund

@staff_member_required
def refund(request, pk):
    order = get_object_or_404(Order, pk=pk)
    if Refund.objects.filter(order=order).exists():
        return JsonResponse({"error": "already refunded"}, status=400)
    r = stripe.Refund.create(payment_intent=order.payment_intent, amount=int(order.total * 100))
    Refund.objects.create(order=order, refund_id=r.id, amount=order.total)
    return JsonResponse({"ok": True})
=== shop/urls.py
from django.urls import path
from . import views
urlpatterns = [path("orders/<int:pk>/refund/", views.refund)]
"""
_PRISMA = """\
=== package.json
{"dependencies":{"express":"4","stripe":"14","@prisma/client":"5"}}
=== src/app.js
const express = require('express');
const Stripe = require('stripe');
const { PrismaClient } = require('@prisma/client');
const { requireAdmin } = require('./auth');
const prisma = new PrismaClient();
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);
const app = express();
app.use(express.json());
app.post('/admin/orders/:id/refund', requireAdmin, async (req, res) => {
  const order = await prisma.order.findUnique({ where: { id: req.params.id } });
  if (!order) return res.status(404).end();
  const existing = await prisma.refund.findFirst({ where: { orderId: order.id } });
  if (existing) return res.status(409).json({ error: 'already refunded' });
  const refund = await stripe.refunds.create({ payment_intent: order.paymentIntentId, amount: order.total });
  await prisma.refund.create({ data: { orderId: order.id, stripeId: refund.id, amount: order.total } });
  res.json({ ok: true });
});
app.listen(3000);
=== src/auth.js
exports.requireAdmin = (req, res, next) => { if (!req.user || req.user.role !== 'admin') return res.status(403).end(); next(); };
"""
_LARAVEL = """\
=== composer.json
{"require":{"laravel/framework":"^10","stripe/stripe-php":"^10"}}
=== routes/web.php
<?php
use App\\Http\\Controllers\\PayoutController;
Route::post('/admin/payouts/{seller}', [PayoutController::class, 'pay'])->middleware(['auth', 'can:admin']);
=== app/Http/Controllers/PayoutController.php
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Payout;
use App\\Models\\Order;
use Stripe\\StripeClient;
class PayoutController extends Controller
{
    public function pay($orderId)
    {
        $order = Order::findOrFail($orderId);
        if (Payout::where('order_id', $order->id)->exists()) {
            return back()->with('error', 'Already paid out');
        }
        $stripe = new StripeClient(config('services.stripe.secret'));
        $transfer = $stripe->transfers->create([
            'amount' => $order->seller_amount,
            'currency' => 'eur',
            'destination' => $order->seller->stripe_account,
        ]);
        Payout::create(['order_id' => $order->id, 'transfer_id' => $transfer->id, 'amount' => $order->seller_amount]);
        return back();
    }
}
"""
_LOCKED = """\
=== shop/models.py
from django.db import models
class Order(models.Model):
    status = models.CharField(max_length=20)
    payment_intent = models.CharField(max_length=80)
    total = models.DecimalField(max_digits=10, decimal_places=2)
class Refund(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    refund_id = models.CharField(max_length=80)
=== shop/views.py
import stripe
from django.contrib.admin.views.decorators import staff_member_required
from django.db import transaction
from django.http import JsonResponse
from .models import Order, Refund

@staff_member_required
@transaction.atomic
def refund(request, pk):
    order = Order.objects.select_for_update().get(pk=pk)
    if Refund.objects.filter(order=order).exists():
        return JsonResponse({"error": "already refunded"}, status=400)
    r = stripe.Refund.create(payment_intent=order.payment_intent, amount=int(order.total * 100), idempotency_key=f"refund-{order.pk}")
    Refund.objects.create(order=order, refund_id=r.id)
    return JsonResponse({"ok": True})
=== shop/urls.py
from django.urls import path
from . import views
urlpatterns = [path("orders/<int:pk>/refund/", views.refund)]
"""
_CLAIMED = """\
=== shop/models.py
from django.db import models
class Order(models.Model):
    status = models.CharField(max_length=20)
    payment_intent = models.CharField(max_length=80)
    total = models.DecimalField(max_digits=10, decimal_places=2)
class Refund(models.Model):
    order = models.OneToOneField(Order, on_delete=models.CASCADE)
    refund_id = models.CharField(max_length=80, blank=True)
=== shop/views.py
import stripe
from django.contrib.admin.views.decorators import staff_member_required
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from .models import Order, Refund

@staff_member_required
def refund(request, pk):
    order = get_object_or_404(Order, pk=pk)
    if Refund.objects.filter(order=order).exists():
        return JsonResponse({"error": "already refunded"}, status=400)
    row = Refund.objects.create(order=order)
    r = stripe.Refund.create(payment_intent=order.payment_intent, amount=int(order.total * 100), idempotency_key=f"refund-{row.pk}")
    row.refund_id = r.id
    row.save()
    return JsonResponse({"ok": True})
=== shop/urls.py
from django.urls import path
from . import views
urlpatterns = [path("orders/<int:pk>/refund/", views.refund)]
"""
_SERIALIZER = """\
=== shop/models.py
from django.db import models
class Order(models.Model):
    razorpay_order_id = models.CharField(max_length=80)
    status = models.CharField(max_length=20)
class Payment(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    razorpay_payment_id = models.CharField(max_length=80)
    razorpay_signature = models.CharField(max_length=80)
    tax = models.CharField(max_length=80)
=== shop/serializers.py
from rest_framework import serializers
from .models import Payment
class PaymentSerializer(serializers.Serializer):
    razorpay_payment_id = serializers.CharField()
    razorpay_order_id = serializers.CharField()
    razorpay_signature = serializers.CharField()
    def create(self, validated_data):
        return Payment.objects.create(**validated_data)
=== shop/views.py
import razorpay
from django.conf import settings
from rest_framework.views import APIView
from rest_framework.response import Response
from rest_framework.permissions import IsAuthenticated
from .models import Order
from .serializers import PaymentSerializer
client = razorpay.Client(auth=(settings.RZP_KEY, settings.RZP_SECRET))
class PaymentSuccess(APIView):
    permission_classes = [IsAuthenticated]
    def post(self, request):
        s = PaymentSerializer(data=request.data)
        s.is_valid(raise_exception=True)
        client.utility.verify_payment_signature(dict(s.validated_data))
        order = Order.objects.get(razorpay_order_id=s.validated_data["razorpay_order_id"])
        s.save(order=order)
        order.status = "paid"
        order.save()
        return Response({"ok": True})
=== shop/urls.py
from django.urls import path
from .views import PaymentSuccess
urlpatterns = [path("payment/success/", PaymentSuccess.as_view())]
"""


@pytest.mark.parametrize(
    ("shop", "look"),
    [(_DJANGO, ("shop/views.py", 10)), (_PRISMA, ("src/app.js", 12)), (_LARAVEL, ("app/Http/Controllers/PayoutController.php", 11))],
    ids=["Django", "Prisma", "Laravel"],
)
def test_a_row_that_is_sought_before_and_made_after(tmp_path: Path, shop: str, look: tuple[str, int]) -> None:
    assert ruled(tmp_path, "idempotency/dedup-race", files_of(shop)) == [("broken", *look)]


@pytest.mark.parametrize("shop", [_LOCKED, _CLAIMED], ids=["a locked order", "a row that is made first"])
def test_two_do_not_both_find_none(tmp_path: Path, shop: str) -> None:
    assert [outcome for outcome, _, _ in ruled(tmp_path, "idempotency/dedup-race", files_of(shop))] == ["held"]


def test_a_serializer_that_writes_what_it_is_handed_decides_nothing(tmp_path: Path) -> None:
    found = ruled(tmp_path, "idempotency/handler-not-idempotent", files_of(_SERIALIZER))
    assert found == [("broken", "shop/views.py", 16)]
