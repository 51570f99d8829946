"""What looks like a flaw and is none, and what is one flaw wherever it shows, beyond the examples of the pages."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example
from tillproof.contract import Finding

TEST_WORLD = "payment/test-credentials-in-prod"
TRANSPORT = "boundary/insecure-transport"
CARDS = "pci/card-data-on-server"

LAID_OVER = """\
import Stripe from 'stripe';

export function connect(options) {{
  const settings = {{ {defaults} }};
  return new Stripe(settings.key, {{ host: settings.stripeSandbox ? 'localhost' : 'api.stripe.com' }});
}}
"""

HOOK = """\
<?php
class Stripe_Hook_Handler {
  public static function run($args = array()) {
    $args = wp_parse_args($args, array('event_id' => null, 'livemode' => false));
    $stripe = new \\Stripe\\StripeClient(get_option('stripe_key_' . ($args['livemode'] ? 'live' : 'sandbox')));
    return $stripe->events->retrieve($args['event_id']);
  }
  public static function found() {
    return array('stripe' => get_option('stripe_key'), 'braintree' => get_option('sandbox_braintree_connect_user_id'));
  }
}
"""

ASYNC = """\
<?php
class Background {
  public function send($data) { return wp_remote_post(esc_url_raw($this->address()), $this->arguments($data)); }
  protected function arguments($data) {
    return array('body' => $data, 'sslverify' => apply_filters('https_local_ssl_verify', false));
  }
}
"""

CURL = """\
<?php
class Net {
  public function pay($fields) {
    $request = curl_init('https://secure.authorize.net/gateway/transact.dll');
    curl_setopt($request, CURLOPT_POSTFIELDS, $fields);
    curl_setopt($request, CURLOPT_SSL_VERIFYPEER, false);
    return curl_exec($request);
  }
  public function void($fields) {
    $request = curl_init('https://secure.authorize.net/gateway/transact.dll');
    curl_setopt($request, CURLOPT_POSTFIELDS, $fields);
    curl_setopt($request, CURLOPT_SSL_VERIFYPEER, false);
    return curl_exec($request);
  }
}
"""


def findings(tmp_path: Path, check: str, files: dict[str, str]) -> list[Finding]:
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, check)
    return [f for f in report.findings if f.check == check]


@pytest.mark.parametrize(
    ("check", "files"),
    [
        pytest.param(TEST_WORLD, {"hook.php": HOOK}, id="a default that callers override, and a setting's name"),
        pytest.param(TRANSPORT, {"background.php": ASYNC}, id="a filter for requests of a site to itself"),
    ],
)
def test_nothing_is_found(tmp_path: Path, check: str, files: dict[str, str]) -> None:
    assert [(f.file, f.start_line, f.title) for f in findings(tmp_path, check, files)] == []


@pytest.mark.parametrize(
    ("defaults", "severity"),
    [
        ("stripeSandbox: true, ...options", ["medium"]),
        ("stripeLive: false, ...options", []),
        ("...options, stripeLive: false", ["medium"]),
    ],
)
def test_what_options_are_laid_over_is_a_default(tmp_path: Path, defaults: str, severity: list[str]) -> None:
    found = findings(tmp_path, TEST_WORLD, {"connect.js": LAID_OVER.format(defaults=defaults)})
    assert [f.severity for f in found] == severity


def test_the_same_option_turned_off_in_one_file_is_told_once(tmp_path: Path) -> None:
    found = findings(tmp_path, TRANSPORT, {"net.php": CURL})
    assert [f.start_line for f in found] == [6]
    assert [t.line for t in found[0].trace] == [6, 12]


def test_a_card_field_that_several_gateways_read_is_told_where_it_comes_in(tmp_path: Path) -> None:
    gateway = "def charge(request, order):\n    return send(order, request.POST['card_number'], request.POST['card_cvv'])\n"
    form = "from django import forms\n\n\nclass Pay(forms.Form):\n    card_number = forms.CharField()\n    card_cvv = forms.CharField()\n"
    found = findings(tmp_path, CARDS, {"shop/egate.py": gateway, "shop/forms.py": form, "shop/netpay.py": gateway})
    assert [(f.file, f.start_line) for f in found] == [("shop/forms.py", 5)]
    assert {t.file for t in found[0].trace} == {"shop/egate.py", "shop/forms.py", "shop/netpay.py"}


JOB = """\
<?php
namespace Shop\\Sync;
use Psr\\Log\\LoggerInterface;
use Symfony\\Component\\Messenger\\Attribute\\AsMessageHandler;

#[AsMessageHandler]
class StockHandler {
  public function __construct(private RunService $runs, private Stock $stock, private LoggerInterface $logger) {}
  public function __invoke(StockMessage $message): void {
    try {
      $this->stock->set($message->product, $message->quantity);
    } catch (\\Throwable $e) {
      $this->logger->critical((string) $e);
      FAILED
    }
  }
}
"""

RUNS = """\
<?php
namespace Shop\\Sync;
use Shopware\\Core\\Framework\\DataAbstractionLayer\\EntityRepository;

class RunService {
  public function __construct(private EntityRepository $runRepository) {}
  public function finish(string $run, string $status): void {
    $this->runRepository->update([['id' => $run, 'status' => $status]]);
  }
}
"""

STOCK = """\
<?php
namespace Shop\\Sync;
use Doctrine\\ORM\\EntityManagerInterface;

class Stock {
  public function __construct(private EntityManagerInterface $entityManager) {}
  public function set(string $id, int $quantity): void {
    $product = $this->entityManager->find(Product::class, $id);
    $product->stock = $quantity;
    $this->entityManager->flush();
  }
}
"""


def job(failed: str, **settings: str) -> dict[str, str]:
    code = {"src/StockHandler.php": JOB.replace("FAILED", failed), "src/RunService.php": RUNS, "src/Stock.php": STOCK}
    return code | {f"config/packages/{name}.yaml": text for name, text in settings.items()}


def test_a_job_whose_run_is_marked_as_failed_has_left_a_trace(tmp_path: Path) -> None:
    marked = job("$this->runs->finish($message->run, 'failed');")
    assert findings(tmp_path / "marked", "resilience/no-dead-letter", marked) == []
    (found,) = findings(tmp_path / "logged", "resilience/no-dead-letter", job("return;"))
    assert found.title == "A job that failed counts as done"


@pytest.mark.parametrize(("framework", "found"), [("framework:\n  csrf: true\n", 0), ("framework:\n  messenger:\n    transports: {}\n", 1)])
def test_settings_that_do_not_speak_of_the_queue_say_nothing_of_it(tmp_path: Path, framework: str, found: int) -> None:
    assert len(findings(tmp_path, "resilience/no-dead-letter", job("throw $e;", framework=framework))) == found


REFUND = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { randomUUID } = require('crypto');

exports.giveBack = (charge, careful) =>
  stripe.refunds.create({ charge }, careful ? { idempotencyKey: randomUUID() } : {});
"""


def test_a_key_that_is_new_every_time_is_told_as_that_alone(tmp_path: Path) -> None:
    assert findings(tmp_path, "idempotency/missing-key", {"refund.js": REFUND}) == []
    assert len(findings(tmp_path, "idempotency/unstable-key", {"refund.js": REFUND})) == 1


PAYPAL = """\
const express = require('express');
const { Order, AccessToken } = require('./models');
const app = express();
app.post('/paypal/webhook', express.json(), async (req, res) => {
  const answer = await fetch('https://api-m.paypal.com/v1/oauth2/token', { method: 'POST', body: 'grant_type=client_credentials' });
  await AccessToken.create({ value: (await answer.json()).access_token });
  await Order.updateOne({ paypal: req.body.resource.id }, { status: 'refunded' });
  res.end();
});
"""

MODELS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ paypal: String, status: String }));
exports.AccessToken = mongoose.model('AccessToken', new mongoose.Schema({ value: String }));
"""


def test_what_a_forged_message_does_is_shown_at_the_order_not_at_the_token_that_is_kept_on_the_way(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, "payment/webhook-unverified", {"server.js": PAYPAL, "models.js": MODELS})
    assert found.start_line == 7


STOCKED = """\
from django.db import models


class Product(models.Model):
    num_in_stock = models.IntegerField(default=0)


class Variant(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    num_in_stock = models.IntegerField(default=0)

    def count(self, quantity):
        self.num_in_stock += quantity
        self.save()
        self.product.num_in_stock = self.num_in_stock
        self.product.save()

    def deduct_from_stock(self, wanted):
        taken = min(self.num_in_stock, wanted)
        self.num_in_stock -= taken
        self.save()
        return taken
"""


def test_a_copy_of_what_was_worked_out_is_no_second_flaw(tmp_path: Path) -> None:
    found = findings(tmp_path, "inventory/non-atomic-write", {"shop/models.py": STOCKED})
    assert [f.start_line for f in found] == [13, 20]


CLUB = """\
<?php
class Club_Gateway {
  public function charge($order) {
    $amount = number_format($order->subtotal, 2, '.', '');
    return Braintree_Transaction::sale(['amount' => $amount, 'paymentMethodNonce' => $order->nonce]);
  }
}
add_action('init', function () { new Club_Gateway(); });
"""


def test_whose_order_it_is_not_known_has_no_currency_of_its_own_until_it_is_asked(tmp_path: Path) -> None:
    asked = "<?php\nfunction club_shown($order) { return esc_html($order->get_currency()); }\n"
    (found,) = findings(tmp_path / "own", "payment/missing-currency", {"club.php": CLUB})
    assert found.severity == "info"
    (found,) = findings(tmp_path / "asked", "payment/missing-currency", {"club.php": CLUB, "shown.php": asked})
    assert found.severity == "high"


BOOKS = """\
from django.contrib.admin.views.decorators import staff_member_required
from django.db import models
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone


class Payment(models.Model):
    stripe_intent = models.CharField(max_length=40)
    amount_refunded = models.DecimalField(max_digits=9, decimal_places=2, default=0)
    refunded_on = models.DateTimeField(null=True)


@staff_member_required
def settle(request, pk):
    payment = Payment.objects.get(pk=pk)
    if {condition}:
        payment.refunded_on = timezone.now()
        payment.save()
    return HttpResponse("")


urlpatterns = [path("settle/<int:pk>/", settle)]
"""


@pytest.mark.parametrize(("condition", "found"), [("payment.amount_refunded", 0), ("payment.stripe_intent", 1)])
def test_a_refund_of_which_the_amount_is_kept_is_recorded(tmp_path: Path, condition: str, found: int) -> None:
    paid = "import stripe\n\n\ndef pay(amount):\n    return stripe.PaymentIntent.create(amount=amount, currency='eur')\n"
    files = {"shop/books.py": BOOKS.replace("{condition}", condition), "shop/pay.py": paid}
    assert len(findings(tmp_path, "order/refund-not-recorded", files)) == found


SHIPS = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order, Shipment } = require('./models');
const app = express();
app.post('/webhook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET);
  const order = await Order.findOne({ intent: event.data.object.id });
  try {
    await Shipment.create({ order: order.id });
  } catch (error) {
    console.error(error);
  }
  AFTER
  res.json({ ok: true });
});
"""

SHOP = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ intent: String, status: String }));
exports.Shipment = mongoose.model('Shipment', new mongoose.Schema({ order: String }));
"""


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ("await Order.updateOne({ _id: order.id }, { status: 'paid' });", "what failed here is missing beside"),
        ("", "a payment, refund or cancellation that happened is missing"),
    ],
)
def test_what_is_lost_is_said_by_whether_the_rest_goes_on(tmp_path: Path, after: str, told: str) -> None:
    found = findings(tmp_path, "resilience/swallowed-failure", {"server.js": SHIPS.replace("AFTER", after), "models.js": SHOP})
    assert [told in f.message for f in found] == [True]


@pytest.mark.parametrize(("password", "found"), [("QFZCWN5HZM8VBG7Q", 0), ("K7TR2WQ9ZM4XBH3P", 1)])
def test_what_the_documentation_signs_its_examples_with_is_nobodys_secret(tmp_path: Path, password: str, found: int) -> None:
    settings = f"PAYPAL_API_USERNAME = 'shop_api1.example.com'\nPAYPAL_API_PASSWORD = '{password}'\n"
    assert len(findings(tmp_path, "boundary/hardcoded-secret", {"shop/settings.py": settings})) == found


@pytest.mark.parametrize(("declares", "found"), [("def greet(cls, number):", 0), ("def handle_payment_success(cls, number):", 1)])
def test_a_method_that_a_class_does_not_have_fulfils_nothing(tmp_path: Path, declares: str, found: int) -> None:
    route = """\
import hashlib, hmac
from fastapi import APIRouter, HTTPException, Request
from shop.desk import Desk
router = APIRouter()
@router.post("/razorpay/webhook")
async def hook(request: Request):
    body = await request.body()
    made = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(made, request.headers["X-Razorpay-Signature"]):
        raise HTTPException(400)
    told = await request.json()
    if told["event"] == "payment.captured":
        Desk.handle_payment_success(told["payload"]["payment"]["entity"]["order_id"])
"""
    desk = f"from shop.goods import unlock_course\nclass Desk:\n    @classmethod\n    {declares}\n        unlock_course(number)\n"
    goods = "from courses import unlock_course\n"
    files = {"shop/hook.py": route, "shop/desk.py": desk, "shop/goods.py": goods}
    assert len(findings(tmp_path, "idempotency/handler-not-idempotent", files)) == found


def test_what_a_payment_system_says_of_an_order_that_is_opened_pays_nothing(tmp_path: Path) -> None:
    view = """\
import razorpay
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from shop.models import Order

@login_required
def place_order(request):
    order = Order.objects.create(user=request.user, total=request.user.cart.total)
    client = razorpay.Client(auth=(settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET))
    opened = client.order.create({"amount": int(order.total * 100), "currency": "INR", "receipt": str(order.pk)})
    order.razorpay_order_id = opened["id"]
    order.amount_paid = opened["amount_paid"]
    order.save()
    return JsonResponse({"order": opened["id"]})
"""
    models = """\
from django.db import models

class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    amount_paid = models.PositiveBigIntegerField(default=0)
    razorpay_order_id = models.CharField(max_length=64, null=True)
"""
    urls = 'from django.urls import path\nfrom shop.views import place_order\nurlpatterns = [path("orders/place", place_order)]\n'
    files = {"shop/views.py": view, "shop/models.py": models, "shop/urls.py": urls}
    assert findings(tmp_path, "payment/fulfil-on-redirect", files) == []


def test_a_card_of_which_the_provider_masks_most_is_no_card(tmp_path: Path) -> None:
    view = """\
import requests
from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from billing.models import Transaction

@csrf_exempt
def sslcommerz_ipn(request):
    data = request.POST
    answer = requests.get(
        "https://securepay.sslcommerz.com/validator/api/validationserverAPI.php",
        params={"val_id": data["val_id"], "store_id": settings.STORE_ID, "store_passwd": settings.STORE_PASSWORD},
        timeout=10,
    ).json()
    if answer["status"] not in ("VALID", "VALIDATED"):
        return HttpResponse(status=400)
    Transaction.objects.create(tran_id=data["tran_id"], card_no=data["card_no"], bank_tran_id=data["bank_tran_id"])
    return HttpResponse("ok")
"""
    models = """\
from django.db import models

class Transaction(models.Model):
    tran_id = models.CharField(max_length=30, unique=True)
    bank_tran_id = models.CharField(max_length=80)
    card_no = models.CharField(max_length=55, null=True)
"""
    urls = (
        'from django.urls import path\nfrom billing.views import sslcommerz_ipn\nurlpatterns = [path("sslcommerz/ipn", sslcommerz_ipn)]\n'
    )
    files = {"billing/views.py": view, "billing/models.py": models, "billing/urls.py": urls}
    assert findings(tmp_path, "pci/card-data-on-server", files) == []
