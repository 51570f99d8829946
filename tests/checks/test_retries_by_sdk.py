"""Retries of what a provider's SDK is asked for by methods that its pack does not name."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_WAITS, _REFUSED = "resilience/retry-without-backoff", "resilience/retry-on-client-error"
_PYTHON = """\
import os, random, time
import requests, stripe
from razorpay import Client
stripe.api_key = os.environ["STRIPE_KEY"]
client = Client(auth=(os.environ["ID"], os.environ["SECRET"]))

def work(order):
    for turn in range(3):
        try:
            return CALL
        except ERROR:
            WAIT
"""
_GROWS = "time.sleep(2 ** turn * random.random())"


@pytest.mark.parametrize(
    ("call", "error", "wait", "waits", "refused"),
    [
        ("client.customer.all()", "Exception", "time.sleep(0.5)", 1, 1),
        ("client.customer.all()", "Exception", _GROWS, 0, 1),
        ("client.customer.all()", "requests.ConnectionError", _GROWS, 0, 0),
        ("stripe.Product.list(limit=9)", "stripe.StripeError", "time.sleep(1)", 1, 1),
        ("client.utility.verify_webhook_signature(order.body, order.sign, order.secret)", "Exception", "time.sleep(1)", 0, 0),
    ],
)
def test_in_python(tmp_path: Path, call: str, error: str, wait: str, waits: int, refused: int) -> None:
    code = _PYTHON.replace("CALL", call).replace("ERROR", error).replace("WAIT", wait)
    assert len(found(tmp_path / "a", {"pay.py": code}, _WAITS)) == waits
    assert len(found(tmp_path / "b", {"pay.py": code}, _REFUSED)) == refused


_JAVASCRIPT = """\
const Razorpay = require('razorpay');
const rzp = new Razorpay({ key_id: process.env.ID, key_secret: process.env.SECRET });
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
async function again(work, turns = 3) {
  for (let i = 0; i < turns; i++) {
    try { return await work(); } catch (e) { HANDLER }
  }
}
exports.customers = () => again(() => rzp.customers.all());
"""


@pytest.mark.parametrize(
    ("handler", "waits", "refused"),
    [
        ("await sleep(500);", 1, 1),
        ("await sleep(500 * 2 ** i * (0.5 + Math.random()));", 0, 1),
        ("if (e.statusCode < 500) throw e; await sleep(500 * 2 ** i * (0.5 + Math.random()));", 0, 0),
    ],
)
def test_in_javascript(tmp_path: Path, handler: str, waits: int, refused: int) -> None:
    files = {"pay.js": _JAVASCRIPT.replace("HANDLER", handler), "package.json": "{}"}
    assert len(found(tmp_path / "a", files, _WAITS)) == waits
    assert len(found(tmp_path / "b", files, _REFUSED)) == refused


_TWO = """\
<?php
require 'vendor/autoload.php';
function work($order) {
    $api = new Razorpay\\Api\\Api(getenv('ID'), getenv('SECRET'));
    for ($i = 0; $i < 3; $i++) { try { $one = $api->customer->all(); break; } catch (\\Exception $e) { sleep(1); } }
    for ($i = 0; $i < 3; $i++) { try { return $api->item->all(); } catch (\\Exception $e) { sleep(1); } }
}
"""


def test_each_request_that_is_repeated_is_told(tmp_path: Path) -> None:
    assert [f.start_line for f in found(tmp_path, {"pay.php": _TWO}, _WAITS)] == [5, 6]


_CARRIED = """\
<?php
use PayPalCheckoutSdk\\Core\\PayPalHttpClient;
use PayPalCheckoutSdk\\Core\\ProductionEnvironment;
use PayPalCheckoutSdk\\Orders\\OrdersCaptureRequest;
class PayPal {
    private function client() {
        return new PayPalHttpClient(new ProductionEnvironment(getenv('ID'), getenv('SECRET')));
    }
    public function capture($id) {
        $request = new OrdersCaptureRequest($id);
        return $this->client()->execute($request);
    }
}
class Later {
    public function capture(PayPalHttpClient $client, $id) { return $client->execute(new OrdersCaptureRequest($id)); }
}
"""


def test_the_bound_belongs_to_the_client_that_a_request_is_handed(tmp_path: Path) -> None:
    files = {"src/PayPal.php": _CARRIED, "composer.json": '{"require": {"paypal/paypal-checkout-sdk": "1.0.1"}}'}
    assert [f.start_line for f in found(tmp_path, files, "resilience/no-timeout")] == [7]


@pytest.mark.parametrize("named", ["from twilio.rest import Client", "from twilio.rest import Client as Client"])
def test_a_client_of_a_module_of_the_package(tmp_path: Path, named: str) -> None:
    code = f"import os\n{named}\n\ndef tell(number):\n    Client(os.environ['SID'], os.environ['TOKEN']).messages.create(to=number)\n"
    assert [f.start_line for f in found(tmp_path, {"tell.py": code}, "resilience/no-timeout")] == [5]


_ROUNDS = """\
import Stripe from "stripe";
import { methods } from "./methods";

const stripe = new Stripe(process.env.STRIPE_KEY!);

export async function refund(payments: Payment[], total: number) {
  const made: Part[] = [];
  let left = total;
  do {
    const payment = payments.find((p) => !made.some((m) => m.payment === p.id))!;
    let method;
    let id = "";
    try {
      LOOKED
    } catch (e) {
      console.warn("not done", payment.id);
      CAUGHT
    }
    AFTER
    made.push({ payment: payment.id, id, amount: Math.min(payment.amount, left) });
    left = total - made.reduce((sum, part) => sum + part.amount, 0);
  } while (0 < left);
}
"""
_REFUNDED = "id = (await stripe.refunds.create({ payment_intent: payment.intent }, { idempotencyKey: payment.id })).id;"


def test_a_round_that_goes_on_whether_or_not_something_failed_repeats_nothing(tmp_path: Path) -> None:
    beside = (
        _ROUNDS.replace("LOOKED", "method = methods.get(payment.method);")
        .replace("AFTER", f"if (method) {_REFUNDED}")
        .replace("CAUGHT", "")
    )
    again = _ROUNDS.replace("LOOKED", _REFUNDED).replace("AFTER", "").replace("CAUGHT", "continue;")
    for name, code, told in (("beside", beside, 0), ("again", again, 1)):
        files = {"package.json": '{"dependencies": {"stripe": "^17"}}', "src/refunds.ts": code}
        assert len(found(tmp_path / name, files, "resilience/retry-without-backoff")) == told, name
