"""What a handler hands to a task, a job, a queue or an event is among its effects."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

PYTHON = """\
import json
from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
import stripe
from .tasks import fail
@csrf_exempt
def webhook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], "secret")
    if event["type"] == "payment_intent.payment_failed":
        CALL
    return HttpResponse(status=200)
"""
TASKS = """\
from celery import shared_task
from .models import Order
@shared_task(HOW)
def fail(ARGUMENTS):
    Order.objects.filter(pk=order_id).update(status="failed")
"""
URLS = "from django.urls import path\nfrom .views import webhook\nurlpatterns = [path('stripe/webhook', webhook)]\n"
ORDER = "from django.db import models\nclass Order(models.Model):\n    status = models.CharField(max_length=20)\n"


def unguarded(tmp_path: Path, files: dict[str, str]) -> list[tuple[str, int]]:
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, "order/unguarded-transition")
    return [(finding.file, finding.start_line) for finding in report.findings]


@pytest.mark.parametrize(
    ("call", "how", "arguments"),
    [
        ("fail.delay(event['data']['object']['metadata']['order'])", "", "order_id"),
        ("fail.apply_async(args=[event['data']['object']['metadata']['order']])", "bind=True", "self, order_id"),
    ],
)
def test_a_task_of_celery(tmp_path: Path, call: str, how: str, arguments: str) -> None:
    tasks = TASKS.replace("HOW", how).replace("ARGUMENTS", arguments)
    files = {"shop/views.py": PYTHON.replace("CALL", call), "shop/tasks.py": tasks, "shop/urls.py": URLS, "shop/models.py": ORDER}
    assert unguarded(tmp_path, files) == [("shop/tasks.py", 5)]


@pytest.mark.parametrize(("how", "arguments"), [("", "order_id"), ("bind=True, max_retries=3", "self, order_id")])
def test_a_task_is_given_what_the_call_is_given(tmp_path: Path, how: str, arguments: str) -> None:
    """The order is that of the payment, which was begun with its id: known only where the id is followed into the task."""
    begin = """\
def pay(request, pk):
    order = Order.objects.get(pk=pk)
    intent = stripe.PaymentIntent.create(amount=order.total, currency="eur", metadata={"order": order.id})
    return HttpResponse(intent.client_secret)
"""
    hook = PYTHON.replace("payment_failed", "succeeded").replace("CALL", "fail.delay(event['data']['object']['metadata']['order'])")
    views = hook.replace("from .tasks import fail", "from .models import Order\nfrom .tasks import fail") + begin
    tasks = TASKS.replace("HOW", how).replace("ARGUMENTS", arguments).replace("failed", "paid")
    urls = URLS.replace("import webhook", "import pay, webhook").replace("[path", "[path('pay/<int:pk>', pay), path")
    models = ORDER + "    total = models.IntegerField()\n"
    files = {"shop/views.py": views, "shop/tasks.py": tasks, "shop/urls.py": urls, "shop/models.py": models}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, "payment/amount-not-reconciled")
    assert [o.ruling for o in report.obligations] == ["held"]


@pytest.mark.parametrize(
    ("call", "how"),
    [
        ("celery.current_app.send_task('shop.tasks.fail', args=[ORDER])", ""),
        ("celery.current_app.send_task('orders.fail', args=[ORDER])", "name='orders.fail'"),
        ("celery.current_app.send_task('orders.fail', args=[ORDER])", "bind=False, name='orders.fail', max_retries=3"),
    ],
)
def test_a_task_that_is_sent_by_its_name(tmp_path: Path, call: str, how: str) -> None:
    view = PYTHON.replace("import stripe\nfrom .tasks import fail\n", "import celery\nimport stripe\n")
    view = view.replace("CALL", call.replace("ORDER", "event['data']['object']['metadata']['order']"))
    files = {
        "shop/views.py": view,
        "shop/tasks.py": TASKS.replace("HOW", how).replace("ARGUMENTS", "order_id"),
        "shop/urls.py": URLS,
        "shop/models.py": ORDER,
    }
    assert unguarded(tmp_path, files) == [("shop/tasks.py", 5)]


HOOK = """\
<?php
namespace App\\Http\\Controllers;
use App\\Jobs\\FailOrder;
use App\\Events\\PaymentFailed;
use Illuminate\\Http\\Request;
use Stripe\\Webhook;
class WebhookController extends Controller
{
    public function handle(Request $request)
    {
        $event = Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('services.stripe.secret'));
        if ($event->type === 'payment_intent.payment_failed') {
            CALL;
        }
        return response()->noContent();
    }
}
"""
JOB = """\
<?php
namespace App\\Jobs;
use App\\Models\\Order;
class FailOrder
{
    public function __construct(public string $intent) {}
    public function handle()
    {
        Order::where('intent', $this->intent)->update(['status' => 'failed']);
    }
}
"""
EVENT = """\
<?php
namespace App\\Events;
class PaymentFailed
{
    public function __construct(public string $intent) {}
}
"""
LISTENER = """\
<?php
namespace App\\Listeners;
use App\\Events\\PaymentFailed;
use App\\Models\\Order;
class FailOrderOfPayment
{
    public function handle(PaymentFailed $event)
    {
        Order::where('intent', $event->intent)->update(['status' => 'failed']);
    }
}
"""
MODEL = "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\nclass Order extends Model {}\n"
ROUTES = "<?php\nuse App\\Http\\Controllers\\WebhookController;\nRoute::post('/stripe/webhook', [WebhookController::class, 'handle']);\n"


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("FailOrder::dispatch($event->data->object->id)", ("app/Jobs/FailOrder.php", 9)),
        ("dispatch(new FailOrder($event->data->object->id))", ("app/Jobs/FailOrder.php", 9)),
        ("event(new PaymentFailed($event->data->object->id))", ("app/Listeners/FailOrderOfPayment.php", 9)),
    ],
)
def test_jobs_and_listeners_of_laravel(tmp_path: Path, call: str, found: tuple[str, int]) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11", "stripe/stripe-php": "^13"}}',
        "app/Http/Controllers/WebhookController.php": HOOK.replace("CALL", call),
        "app/Jobs/FailOrder.php": JOB,
        "app/Events/PaymentFailed.php": EVENT,
        "app/Listeners/FailOrderOfPayment.php": LISTENER,
        "app/Models/Order.php": MODEL,
        "routes/api.php": ROUTES,
    }
    assert unguarded(tmp_path, files) == [found]


SERVER = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);
const { hand } = require('./later');
const app = express();
app.post('/stripe/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  if (event.type === 'payment_intent.payment_failed') {
    await hand(event.data.object.id);
  }
  res.json({});
});
"""
QUEUE = """\
const { Queue, Worker } = require('bullmq');
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const queue = new Queue('failed-payments');
exports.hand = (id) => queue.add('fail', { id });
new Worker('failed-payments', async (job) => {
  await prisma.order.updateMany({ where: { intent: job.data.id }, data: { status: 'failed' } });
});
"""
EMITTER = """\
const { EventEmitter } = require('events');
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const bus = new EventEmitter();
exports.hand = (id) => bus.emit('payment.failed', id);
bus.on('payment.failed', async (id) => {
  await prisma.order.updateMany({ where: { intent: id }, data: { status: 'failed' } });
});
"""


HOLES = EMITTER.replace(
    "exports.hand = (id) => bus.emit('payment.failed', id)", "exports.hand = (id, kind) => bus.emit(`payment.hook.${kind}`, id)"
)
HOLES = HOLES.replace("bus.on('payment.failed'", "bus.subscribe('payment.hook.failed'")


@pytest.mark.parametrize("later", [QUEUE, EMITTER, HOLES])
def test_workers_and_listeners_in_javascript(tmp_path: Path, later: str) -> None:
    assert unguarded(tmp_path, {"server.js": SERVER, "later.js": later}) == [("later.js", 7)]


def test_an_event_of_another_name_is_not_heard(tmp_path: Path) -> None:
    later = HOLES.replace("bus.subscribe('payment.hook.failed'", "bus.subscribe('refund.hook.failed'")
    assert unguarded(tmp_path, {"server.js": SERVER, "later.js": later}) == []
