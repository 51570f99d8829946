"""Retries that queues make, that are planned for later, and that are written in the ways of their frameworks: flawed and sound twins."""

from pathlib import Path

import pytest

from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

BACKOFF, REFUSED = "resilience/retry-without-backoff", "resilience/retry-on-client-error"
CHARGE = """\
const intent = await stripe.paymentIntents.create({{ amount: sub.amount, currency: 'eur', customer: sub.customer, confirm: true }}{key});"""
MODELS = """\
const { Sequelize, DataTypes } = require('sequelize');
const db = new Sequelize(process.env.DB);
exports.Subscription = db.define('Subscription', { amount: DataTypes.INTEGER, status: DataTypes.STRING });
"""
STRIPE = (
    "const Stripe = require('stripe');\nmodule.exports = new Stripe(process.env.STRIPE_KEY, { timeout: 10000, maxNetworkRetries: 0 });\n"
)
PACKAGES = '{"dependencies": {"stripe": "^14.0.0", "bullmq": "^5.0.0", "bull": "^4.0.0", "sequelize": "^6", "axios": "^1.6.0"}}'


def reviewed(folder: Path, files: dict[str, str]) -> Report:
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return review(folder, Settings(use_cache=False, checks=(BACKOFF, REFUSED)))


def found(report: Report) -> list[tuple[str, str, int, str]]:
    return sorted((f.check.rpartition("-")[2], f.file, f.start_line, f.severity) for f in report.findings)


# --- a queue's options, and what the job behind them lets out


def worker(options: str, body: str, extra: str = "") -> dict[str, str]:
    queue = (
        "const { Queue } = require('bullmq');\n"
        "class Renewals {\n"
        "  constructor(name, connection) {\n"
        f"    this.queue = new Queue(name, {{ connection, defaultJobOptions: {options} }});\n"
        "  }\n"
        "  add(sub) { return this.queue.add('renew', { id: sub.id }); }\n"
        "}\n"
        "module.exports = new Renewals('renewal-payments', { host: 'redis' });\n"
    )
    run = (
        f"const {{ Worker{extra} }} = require('bullmq');\n"
        "const stripe = require('./stripe');\n"
        "const { Subscription } = require('./models');\n"
        "module.exports = new Worker('renewal-payments', async (job) => {\n"
        "  const sub = await Subscription.findByPk(job.data.id);\n"
        f"{body}\n"
        "}, { connection: { host: 'redis' } });\n"
    )
    return {"package.json": PACKAGES, "stripe.js": STRIPE, "models.js": MODELS, "queue.js": queue, "worker.js": run}


def test_a_worker_that_raises_whatever_it_caught_repeats_declines(tmp_path: Path) -> None:
    body = "  try {\n    " + CHARGE.format(key="") + "\n    await sub.update({ status: 'active', intentId: intent.id });\n"
    body += "  } catch (error) {\n    throw new Error('renewal failed: ' + error);\n  }"
    report = reviewed(tmp_path, worker("{ attempts: 5, backoff: { type: 'exponential', delay: 5000 } }", body))
    assert found(report) == [("backoff", "queue.js", 4, "low"), ("error", "worker.js", 9, "high")]


def test_a_worker_that_gives_up_on_declines_is_sound(tmp_path: Path) -> None:
    body = "  try {\n    " + CHARGE.format(key=", { idempotencyKey: `renew-${sub.id}-${sub.period}` }")
    body += "\n    await sub.update({ status: 'active', intentId: intent.id });\n  } catch (error) {\n"
    body += "    if (error.type === 'StripeCardError') throw new UnrecoverableError(error.message);\n    throw error;\n  }"
    options = "{ attempts: 5, backoff: { type: 'exponential', delay: 5000, jitter: 0.5 } }"
    assert found(reviewed(tmp_path, worker(options, body, ", UnrecoverableError"))) == []


def test_options_of_a_queue_are_not_laid_at_another_queues_door(tmp_path: Path) -> None:
    files = worker("{ attempts: 5, backoff: { type: 'exponential', delay: 5000, jitter: 0.5 } }", "  await sub.update({ status: 'seen' });")
    files["other.js"] = files["worker.js"].replace("renewal-payments", "monthly-payments").replace(
        "  await sub.update({ status: 'seen' });", CHARGE.format(key="")
    )  # fmt: skip
    assert found(reviewed(tmp_path, files)) == []


@pytest.mark.parametrize(
    ("strategy", "flawed"),
    [("(n) => 1000 * 2 ** n * (0.5 + Math.random() / 2)", False), ("(n) => 1000 * n", True)],
)
def test_the_wait_of_a_kind_of_our_own_is_read_from_its_function(tmp_path: Path, strategy: str, flawed: bool) -> None:
    code = (
        "const Bull = require('bull');\nconst axios = require('axios');\n"
        f"const captures = new Bull('captures', process.env.REDIS, {{ settings: {{ backoffStrategies: {{ ours: {strategy} }} }} }});\n"
        "captures.process(async (job) => {\n  try {\n"
        "    await axios.post(`https://api.klarna.com/ordermanagement/v1/orders/${job.data.id}/captures`, {}, { timeout: 5000 });\n"
        "  } catch (e) {\n    if (e.response && e.response.status < 500) await job.discard();\n    throw e;\n  }\n});\n"
        "exports.push = (order) => captures.add({ id: order.id }, { attempts: 4, backoff: { type: 'ours' } });\n"
    )
    report = reviewed(tmp_path, {"package.json": PACKAGES, "captures.js": code})
    assert [f.check for f in report.findings] == ([BACKOFF] if flawed else [])


# --- jobs that send nothing, but settle what a sale hangs on

TASK = """\
from celery import shared_task
from django.db import transaction
from shop.models import Order


@shared_task(max_retries=5, default_retry_delay=10)
def finalize(order_id):
    try:
        with transaction.atomic():
            order = Order.objects.select_for_update().get(pk=order_id)
            order.status = "paid"
            order.save(update_fields=["status"])
    except Exception as e:
        raise finalize.retry(exc=e{wait})
"""
SHOP = """\
from django.db import models
import stripe


class Order(models.Model):
    status = models.CharField(max_length=20)


def pay(order):
    return stripe.PaymentIntent.create(amount=order.total, currency="eur", idempotency_key=str(order.pk))
"""


@pytest.mark.parametrize(("wait", "line"), [("", 6), (", countdown=2 ** finalize.request.retries * random.uniform(0.5, 1.5)", 0)])
def test_a_task_that_settles_a_payment_backs_off_too(tmp_path: Path, wait: str, line: int) -> None:
    task = ("import random\n" if wait else "") + TASK.format(wait=wait)
    report = reviewed(tmp_path, {"requirements.txt": "celery\nstripe\n", "shop/models.py": SHOP, "shop/tasks.py": task})
    assert [(f.start_line, f.title.partition(" is ")[0]) for f in report.findings] == ([(line, "A failed job")] if line else [])


def test_a_task_that_only_mails_owes_nothing(tmp_path: Path) -> None:
    task = TASK.format(wait="").replace('order.status = "paid"', "send_mail('Hello', 'x', None, [order.email])")
    task = task.replace('            order.save(update_fields=["status"])\n', "").replace(
        "from shop", "from django.core.mail import send_mail\nfrom shop"
    )
    report = reviewed(tmp_path, {"requirements.txt": "celery\nstripe\n", "shop/models.py": SHOP, "shop/tasks.py": task})
    assert report.findings == []


# --- the time of the next attempt is kept

OUTBOX = """\
from datetime import timedelta
import random
import requests
from django.db import models
from django.utils import timezone


class Outbox(models.Model):
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)


def deliver(event):
    try:
        answer = requests.post("https://api.easypost.com/v2/shipments", json=event.payload, timeout=8)
        {ask}answer.raise_for_status()
        event.status = "sent"
    except requests.RequestException:
        event.attempts += 1
        event.next_attempt_at = timezone.now() + {wait}
    event.save()
"""
TURNED = "if 400 <= answer.status_code < 500:\n            event.status = 'refused'\n            event.save()\n            return\n        "


@pytest.mark.parametrize(
    ("wait", "ask", "flaws"),
    [
        ("timedelta(minutes=5)", "", [("backoff", "medium"), ("error", "low")]),
        ("timedelta(seconds=30 * 2 ** event.attempts)", TURNED, [("backoff", "low")]),
        ("timedelta(seconds=30 * 2 ** event.attempts * random.uniform(0.5, 1))", TURNED, []),
        ("timedelta(days=1)", TURNED, []),
    ],
)
def test_the_wait_is_read_off_the_time_that_is_kept(tmp_path: Path, wait: str, ask: str, flaws: list[tuple[str, str]]) -> None:
    report = reviewed(tmp_path, {"requirements.txt": "Django\nrequests\n", "outbox.py": OUTBOX.format(wait=wait, ask=ask)})
    assert [(c, s) for c, _, _, s in found(report)] == flaws


PLANNED = """\
import express from 'express';
import Stripe from 'stripe';
import {{ store }} from './store.js';
const stripe = new Stripe(process.env.KEY);
const app = express();

export const delayOf = (attempt, base, most) => {{
  const delay = base * 2 ** Math.max(0, attempt - 1);
  return Math.min(delay{spread}, most);
}};

app.post('/webhook', express.raw({{ type: '*/*' }}), async (req, res) => {{
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  store.insert(event);
  try {{
    await store.dispatch(event);
  }} catch (error) {{
    const nextRetryAt = Date.now() + delayOf(event.attempts, 1000, 60000);
    store.markRetry(event.id, nextRetryAt, String(error));
  }}
  res.json({{ received: true }});
}});
"""


@pytest.mark.parametrize(("spread", "lines"), [("", [8]), (" * (0.5 + Math.random() / 2)", [])])
def test_the_finding_stands_where_the_wait_is_worked_out(tmp_path: Path, spread: str, lines: list[int]) -> None:
    store = "export const store = { insert(e) {}, async dispatch(e) {}, markRetry(id, at, why) {} };\n"
    report = reviewed(tmp_path, {"package.json": PACKAGES, "app.js": PLANNED.format(spread=spread), "store.js": store})
    assert [f.start_line for f in report.findings if f.check == BACKOFF] == lines


# --- work that plans itself anew

WORDPRESS = """\
<?php
add_action( 'shop_retry_capture', 'shop_capture' );
function shop_capture( $order_id ) {
	$order    = wc_get_order( $order_id );
	$url      = 'https://api.stripe.com/v1/payment_intents/' . $order->get_meta( '_i' ) . '/capture';
	$response = wp_remote_post( $url, array( 'timeout' => 9 ) );
	if ( is_wp_error( $response ) || wp_remote_retrieve_response_code( $response ) >= 500 ) {
		$tries = (int) $order->get_meta( '_tries' );
		if ( $tries < 5 ) {
			as_schedule_single_action( time() + WAIT, 'shop_retry_capture', array( $order_id ) );
		}
		return;
	}
	$order->payment_complete();
}
"""


@pytest.mark.parametrize(("wait", "flawed"), [("300", True), ("60 * pow( 2, $tries ) + wp_rand( 0, 60 )", False)])
def test_an_action_that_plans_itself_anew(tmp_path: Path, wait: str, flawed: bool) -> None:
    report = reviewed(tmp_path, {"plugin.php": WORDPRESS.replace("WAIT", wait)})
    assert found(report) == ([("backoff", "plugin.php", 10, "medium")] if flawed else [])


def test_an_action_that_runs_in_turns_without_a_failure_is_no_retry(tmp_path: Path) -> None:
    code = WORDPRESS.replace("WAIT", "300").replace("is_wp_error( $response ) ||", "").replace(
        "wp_remote_retrieve_response_code( $response ) >= 500", "$order->get_meta( '_more' )"
    )  # fmt: skip
    assert found(reviewed(tmp_path, {"plugin.php": code})) == []


def test_a_laravel_job_that_is_released_waits_as_it_is_told(tmp_path: Path) -> None:
    code = """\
<?php
namespace App\\Jobs;
use Illuminate\\Contracts\\Queue\\ShouldQueue;
use Illuminate\\Queue\\InteractsWithQueue;
use Illuminate\\Support\\Facades\\Http;
class Capture implements ShouldQueue
{
    use InteractsWithQueue;
    public function __construct(public $order) {}
    public function handle()
    {
        try {
            Http::timeout(9)->post('https://api-m.paypal.com/v2/checkout/orders/'.$this->order->paypal_id.'/capture')->throw();
        } catch (\\Exception $e) {
            if ($this->attempts() < 5) {
                $this->release(30);
            }
        }
    }
}
"""
    report = reviewed(tmp_path, {"composer.json": '{"require": {"laravel/framework": "^10"}}', "app/Jobs/Capture.php": code})
    assert found(report) == [("backoff", "app/Jobs/Capture.php", 16, "medium"), ("error", "app/Jobs/Capture.php", 16, "medium")]


# --- loops


def loop(ask: str, wait: str) -> dict[str, str]:
    code = (
        "const TRANSIENT = ['ECONNRESET', 'ETIMEDOUT'];\n"
        "async function taxFor(cart) {\n  for (let i = 0; ; i++) {\n    let res = null;\n    try {\n"
        "      res = await fetch('https://api.taxjar.com/v2/taxes', { method: 'POST', body: cart, signal: AbortSignal.timeout(3000) });\n"
        "    } catch (e) { if (i >= 2 || !TRANSIENT.includes(e.code)) throw e; }\n"
        f"    if (res && res.ok) return res.json();\n{ask}    if (i >= 2) throw new Error('TaxJar is down');\n{wait}  }}\n}}\n"
        "module.exports = { taxFor };\n"
    )
    return {"package.json": PACKAGES, "tax.js": code}


WAIT = "    await new Promise((r) => setTimeout(r, 300 * 2 ** i + Math.random() * 300));\n"


def test_a_loop_that_turns_refusals_away_by_their_answer_is_sound(tmp_path: Path) -> None:
    ask = "    if (res && res.status < 500 && res.status !== 429) throw new Error(`TaxJar ${res.status}`);\n"
    assert found(reviewed(tmp_path, loop(ask, WAIT))) == []


def test_a_loop_that_asks_nothing_of_the_answer_repeats_refusals(tmp_path: Path) -> None:
    assert [c for c, *_ in found(reviewed(tmp_path, loop("", WAIT)))] == ["error"]


def test_a_loop_that_speaks_of_no_attempts_is_a_retry_all_the_same(tmp_path: Path) -> None:
    ask = "    if (res && res.status < 500) throw new Error('refused');\n"
    assert [c for c, *_ in found(reviewed(tmp_path, loop(ask, "")))] == ["backoff"]


RAW = """\
<?php
use Razorpay\\Api\\Api;
use Razorpay\\Api\\Errors\\Error;
class Sync
{
    private $api;
    public function __construct() { $this->api = new Api(getenv('K'), getenv('S')); }
    public function call($method, $path, $body)
    {
        for ($n = 1; $n <= 3; $n++) {
            try {
                return $this->api->request->request($method, $path, $body);
            } catch (Error $e) {
                ASK
                sleep(2 ** $n + random_int(0, 3));
            }
        }
        return null;
    }
}
"""


@pytest.mark.parametrize(("ask", "flaws"), [("error_log($e->getMessage());", 1), ("if ($e->getHttpStatusCode() < 500) { throw $e; }", 0)])
def test_requests_by_the_transport_of_an_sdk_are_requests(tmp_path: Path, ask: str, flaws: int) -> None:
    report = reviewed(tmp_path, {"sync.php": RAW.replace("ASK", ask)})
    assert [f.check for f in report.findings] == [REFUSED] * flaws
    assert report.obligations


# --- what is done once a job has completed

LISTENED = """\
const { Worker } = require('bullmq');
const stripe = require('./stripe');
const { Subscription, Order, FailedOrder } = require('./models');
const worker = new Worker('renewal-payments', async (job) => {
  JOB
}, { connection: { host: 'redis' } });
worker.on('completed', async (job, answer) => {
  try {
    await Order.create({ subscriptionId: job.data.id, intentId: answer, status: 'paid' });
  } catch (error) {
    console.error('order of a renewal: ' + error);KEPT
  }
});
"""
TABLES = MODELS + "".join(
    f"exports.{n} = db.define('{n}', {{ status: DataTypes.STRING, intentId: DataTypes.STRING }});\n" for n in ("Order", "FailedOrder")
)
CHARGES = "return (await stripe.paymentIntents.create({ amount: job.data.amount, currency: 'eur', confirm: true })).id;"


@pytest.mark.parametrize(
    ("job", "kept", "lines"),
    [
        (CHARGES, "", [10]),
        (CHARGES, "\n    await FailedOrder.create({ intentId: answer });", []),
        ("return (await Subscription.findByPk(job.data.id)).status;", "", []),
    ],
)
def test_an_order_that_is_written_after_the_job_is_lost_when_that_fails(tmp_path: Path, job: str, kept: str, lines: list[int]) -> None:
    code = LISTENED.replace("JOB", job).replace("KEPT", kept)
    files = {"package.json": PACKAGES, "stripe.js": STRIPE, "models.js": TABLES, "worker.js": code}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = review(tmp_path, Settings(use_cache=False, checks=("resilience/swallowed-failure",)))
    assert [f.start_line for f in report.findings] == lines
