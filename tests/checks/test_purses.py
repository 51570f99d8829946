"""Purses, payouts and transfers between customers: money that moves without anybody buying."""

from pathlib import Path

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

SHOP = {
    "requirements.txt": """django
djangorestframework
requests
""",
    "shop/models.py": """from django.db import models
KIND_TRANSFER = "transfer"
STATUS_SUCCESS = "success"
class Wallet(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    balance = models.DecimalField(max_digits=12, decimal_places=2)
class Transaction(models.Model):
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    transaction_type = models.CharField(max_length=20)
    status = models.CharField(max_length=20)
class Settlement(models.Model):
    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE)
    status = models.CharField(max_length=20)
    def mark_as_success(self):
        self.status = STATUS_SUCCESS
        self.save()
""",
    "shop/urls.py": """from django.urls import path
from . import views
urlpatterns = [path("transfer", views.transfer), path("settle", views.settle), path("paystack/init", views.init)]
""",
    "shop/views.py": """import requests
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import JsonResponse
from .models import Settlement, Transaction, Wallet, KIND_TRANSFER, STATUS_SUCCESS
@login_required
def init(request):
    res = requests.post("https://api.paystack.co/transaction/initialize", json={"email": request.user.email, "amount": 5000}, timeout=5)
    return JsonResponse(res.json())
@login_required
def transfer(request):
    with transaction.atomic():
        mine = Wallet.objects.select_for_update().get(user=request.user)
        theirs = Wallet.objects.select_for_update().get(pk=request.POST["to"])
        amount = int(request.POST["amount"])
        if amount <= 0 or mine.balance < amount:
            return JsonResponse({}, status=400)
        txn = Transaction.objects.create(wallet=mine, amount=amount, transaction_type=KIND_TRANSFER, status="pending")
        mine.balance -= amount
        mine.save()
        theirs.balance += amount
        theirs.save()
        txn.status = STATUS_SUCCESS
        txn.save()
    return JsonResponse({"id": txn.pk})
@login_required
def settle(request):
    s = Settlement.objects.create(wallet=Wallet.objects.get(user=request.user), status="pending")
    s.mark_as_success()
    return JsonResponse({})
""",
}


def _found(tmp_path: Path, shop: dict[str, str]) -> list[str]:
    write(tmp_path, shop)
    return [f.title for f in review(tmp_path, Settings(checks=("payment/fulfil-on-redirect",), use_cache=False)).findings]


def test_a_transfer_between_purses_and_a_payout_are_no_order_that_is_paid(tmp_path: Path) -> None:
    assert _found(tmp_path, SHOP) == []


def test_the_same_transaction_of_a_purchase_is_one(tmp_path: Path) -> None:
    bought = SHOP["shop/models.py"].replace('KIND_TRANSFER = "transfer"', 'KIND_TRANSFER = "purchase"')
    views = SHOP["shop/views.py"].replace("            mine.balance -= amount\n", "").replace("mine.balance < amount", "amount > 9000")
    assert len(_found(tmp_path, {**SHOP, "shop/models.py": bought, "shop/views.py": views})) == 1
