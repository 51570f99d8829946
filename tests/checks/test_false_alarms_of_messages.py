"""Messages and payments that look wrong and are right."""

from pathlib import Path

from tests.checks.test_python_shops import found
from tests.commerce.small_models import model_of

_ADMIN = """\
from django.contrib import admin
from django.db import models

from billing.work import book


class Notice(models.Model):
    kind = models.CharField(max_length=40)
    payload = models.JSONField()


class Sheets:
    actions = ["export"]


class NoticeAdmin(Sheets, admin.ModelAdmin):
    ACTIONS

    def run_webhooks(self, request, queryset):
        for notice in queryset:
            book(notice.kind, notice.payload)
"""

_WORK = """\
from billing.models import Order


def book(kind, payload):
    if kind == "charge.success":
        Order.objects.filter(reference=payload["reference"]).update(status="paid")
"""


def test_an_action_of_the_admin_site_is_nobodys_webhook(tmp_path: Path) -> None:
    def lines(name: str, actions: str) -> list[int]:
        files = {"manage.py": "", "billing/admin.py": _ADMIN.replace("ACTIONS", actions) + "# paystack", "billing/work.py": _WORK}
        return [f.start_line for f in found(tmp_path / name, files, "payment/webhook-unverified")]

    assert lines("a", 'actions = Sheets.actions + ["run_webhooks"]') == []


def test_a_header_that_is_sent_on_tells_of_no_sender(tmp_path: Path) -> None:
    view = """\
import json

import requests

from billing.work import book


class Endpoints:
    def test(self, request):
        HEADER
        book(json.loads(request.body)["event"], json.loads(request.body)["data"])
"""

    def lines(name: str, header: str) -> list[int]:
        files = {"manage.py": "", "billing/views.py": view.replace("HEADER", header), "billing/work.py": _WORK}
        return [f.start_line for f in found(tmp_path / name, files, "payment/webhook-unverified")]

    assert lines("a", 'print(request.headers.get("X-Paystack-Signature"))') != []
    assert lines("b", 'requests.post("https://mirror.example", headers={"X-Paystack-Signature": "none"})') == []


def test_what_is_refused_for_being_nothing_is_no_free_order(tmp_path: Path) -> None:
    view = """\
from django.http import JsonResponse
from django.urls import path
from shop.models import Order


def move(request):
    amount = int(request.POST["amount"])
    if amount <= 0:
        ZERO
    order = Order.objects.create(note="moved")
    return JsonResponse({"order": order.pk})


urlpatterns = [path("orders/", move)]
"""

    def lines(name: str, zero: str) -> list[int]:
        files = {"manage.py": "", "shop/views.py": view.replace("ZERO", zero)}
        return [f.start_line for f in found(tmp_path / name, files, "payment/client-amount")]

    assert lines("a", "return JsonResponse({}, status=400)") == []
    assert lines("c", "pass\n    return JsonResponse({})") == []
    assert lines("b", 'Order.objects.create(note="free")') == [8]


def test_who_gives_says_how_much(tmp_path: Path) -> None:
    route = """\
const express = require('express')
const stripe = require('stripe')(process.env.STRIPE_KEY)
const router = express.Router()

router.post('/PLACE', async (req, res) => {
  const intent = await stripe.paymentIntents.create({ amount: req.body.amount, currency: 'eur' }, { idempotencyKey: req.body.key })
  res.json({ secret: intent.client_secret })
})

module.exports = router
"""

    def count(name: str, place: str) -> int:
        return len(found(tmp_path / name, {"package.json": "{}", "routes/pay.js": route.replace("PLACE", place)}, "payment/client-amount"))

    assert count("a", "donations") == 0
    assert count("b", "gift-cards/:number/funds") == 0
    assert count("c", "orders") == 1


def test_a_folder_from_which_a_program_is_started_is_on_the_path(tmp_path: Path) -> None:
    view = """\
from django.http import HttpResponse
from django.urls import path

from shop.steps.closing import Closing
from shop.models import Order


def close(request):
    Closing.confirm_payment(Order.objects.get(pk=request.POST["order"]))
    return HttpResponse()


urlpatterns = [path("orders/close/", close)]
"""
    closing = """\
class Closing:
    @classmethod
    def confirm_payment(cls, order):
        STEP
"""

    def paid(name: str, step: str) -> bool:
        files = {
            "site/__init__.py": "",
            "site/manage.py": "",
            "site/shop/__init__.py": "",
            "site/shop/steps/__init__.py": "",
            "site/shop/steps/closing.py": closing.replace("STEP", step),
            "site/shop/views.py": view,
        }
        return bool(found(tmp_path / name, files, "payment/fulfil-on-redirect"))

    assert not paid("a", "print(order)")
    assert paid("b", 'order.status = "paid"; order.save()')


def test_what_a_container_hands_out_may_be_a_payment_system_that_nobody_knows(tmp_path: Path) -> None:
    controller = """\
<?php

namespace App\\Http\\Controllers;

use App\\Models\\Order;

class PaymentController extends Controller
{
    public function notice()
    {
        $told = CALL;
        $order = Order::where('number', $told->number)->first();
        $order->update(['paid_at' => now(), 'payment_method' => 'bank']);

        return response('ok');
    }
}
"""
    routes = """\
<?php
use App\\Http\\Controllers\\PaymentController;
use Illuminate\\Support\\Facades\\Route;

Route::post('/payment/notice', [PaymentController::class, 'notice']);
"""

    def count(name: str, call: str) -> int:
        files = {
            "composer.json": '{"require": {"laravel/framework": "^10"}}',
            "routes/web.php": routes,
            "app/Http/Controllers/PaymentController.php": controller.replace("CALL", call),
        }
        return len(found(tmp_path / name, files, "payment/fulfil-on-redirect"))

    assert count("a", "app('bank_pay')->verify()") == 0
    assert count("b", "app('mailer')->last()") == 1


def test_handlers_may_stand_in_a_table(tmp_path: Path) -> None:
    view = """\
import stripe
from django.http import HttpResponse
from django.urls import path
from shop.models import Order


class Work:
    def __init__(self, event):
        self.event = event

    def run(self):
        steps = {"checkout.session.completed": self.paid}
        step = steps.get(self.event.type, lambda: HttpResponse(status=422))
        return step()

    def paid(self):
        Order.objects.filter(session=self.event.data.object.id).update(status="paid")
        return HttpResponse()


def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], "set elsewhere")
    return Work(event).run()


urlpatterns = [path("hook/", hook)]
"""

    model, _ = model_of(tmp_path, {"manage.py": "", "shop/views.py": view})
    (entry,) = [e for e in model.entries if e.route == "/hook/"]
    assert [e.touch.entity for e in model.effects.of(entry.target) if e.touch is not None] == ["order"]


def test_a_signed_in_customers_page_is_no_system_and_a_folder_of_ours_names_none(tmp_path: Path) -> None:
    view = """\
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path

from trading.models import Payment


DECORATED
def confirm(request):
    payment = Payment.objects.get(pk=request.POST["payment"])
    payment.status = "paid"
    payment.save()
    return HttpResponse(status=202)


urlpatterns = [path("payments/confirm/", confirm)]
"""

    def handlers(name: str, decorated: str) -> list[str]:
        files = {
            "manage.py": "",
            "trading/__init__.py": "",
            "trading/models.py": "",
            "trading/views.py": view.replace("DECORATED", decorated),
        }
        model, _ = model_of(tmp_path / name, files)
        return [h.provider.name for h in model.handlers.all]

    assert handlers("a", "@login_required") == []
    assert handlers("b", "# open") == ["Payment"]


def test_a_digest_may_be_of_a_text_that_is_put_together(tmp_path: Path) -> None:
    view = """\
import hashlib

from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import path
from shop.models import Payment


def silent_post(request):
    payment = Payment.objects.get(pk=request.POST["x_invoice_num"])
    made = "{}{}{}".format(KEY, request.POST["x_trans_id"], request.POST["x_amount"])
    if hashlib.md5(made.encode()).hexdigest().lower() != request.POST["x_MD5_Hash"].lower():
        raise Http404
    if request.POST["x_response_code"] == "1":
        payment.status = "paid"
        payment.save()
    return HttpResponse("ok")


urlpatterns = [path("authorizenet/silent-post/", silent_post)]
"""

    def count(name: str, key: str) -> int:
        return len(found(tmp_path / name, {"manage.py": "", "shop/views.py": view.replace("KEY", key)}, "payment/webhook-unverified"))

    assert count("a", "settings.RESPONSE_KEY") == 0
    assert count("b", 'request.POST["x_login"]') == 1


_MIRROR = """\
const express = require('express');
const crypto = require('crypto');
const { pool } = require('./db');
const { licences } = require('./licences');

const app = express();

app.post('/mirror/shopify', express.json(), async (req, res) => {
  const topic = req.get('X-Shopify-Topic');
  if (topic === 'orders/paid') {
    const row = [req.body.id, req.body.total_price];
    await pool.query('INSERT INTO orders (id, total) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET total = $2', row);
    SERVED
  }
  res.sendStatus(200);
});
"""


def test_a_forged_message_that_only_changes_our_copy_of_a_shop_is_no_free_order(tmp_path: Path) -> None:
    def severity(name: str, served: str) -> list[str]:
        mailer = "exports.licences = { issue: async (to) => mailer.sendMail({ to, text: newKey() }) };\n"
        files = {
            "server.js": _MIRROR.replace("SERVED", served),
            "licences.js": "const mailer = require('nodemailer').createTransport({});\n" + mailer,
        }
        return [f.severity for f in found(tmp_path / name, {"package.json": "{}", **files}, "payment/webhook-unverified")]

    assert severity("copied", "") == ["high"]
    assert severity("served", "await licences.issue(req.body.email);") == ["critical"]


_HOOKS = """\
import { Controller, Headers, Param, Post, Req, UseGuards } from '@nestjs/common';
import { RolesGuard } from './roles.guard';
import { Roles } from './roles.decorator';
import { Hooks } from './hooks.service';

@Controller('payments')
export class PaymentsController {
  constructor(private readonly hooks: Hooks) {}

  @Post('webhook')
  async take(@Headers('stripe-signature') signature: string, @Req() request: any) {
    return this.hooks.take(signature, request.rawBody);
  }

  @Post('webhooks/:id/retry')
  @UseGuards(RolesGuard)
  @Roles('admin')
  async again(@Param('id') id: string) {
    return this.hooks.again(id);
  }
}
"""

_TAKEN = """\
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { PrismaService } from './prisma.service';

@Injectable()
export class Hooks {
  private readonly stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);

  constructor(private readonly prisma: PrismaService) {}

  async take(signature: string, body: Buffer) {
    const event = this.stripe.webhooks.constructEvent(body, signature, process.env.STRIPE_WEBHOOK_SECRET!);
    if (event.type === 'payment_intent.succeeded') {
      await this.prisma.order.update({ where: { intentId: event.data.object.id }, data: { status: 'paid' } });
    }
    if (event.type === 'charge.dispute.created' || event.type === 'payment_intent.payment_failed' || event.type === 'charge.refunded') {
      await this.prisma.order.updateMany({ where: { intentId: 'x' }, data: { note: event.type } });
    }
  }

  async again(id: string) {
    const stored = await this.prisma.message.findUnique({ where: { id } });
    await this.take('', Buffer.from(JSON.stringify(stored.payload)));
  }
}
"""


def test_staff_who_have_a_stored_message_done_again_bring_none(tmp_path: Path) -> None:
    files = {"src/payments.controller.ts": _HOOKS, "src/hooks.service.ts": _TAKEN}
    model, _ = model_of(tmp_path, files)
    assert [h.entry.route for h in model.handlers.all] == ["/payments/webhook"]


_JOIN = """\
const express = require("express");
const stripe = require("stripe")(process.env.STRIPE_SECRET_KEY);
const { User } = require("./models");

const app = express();
app.use(express.json());

app.post("/pay", async (req, res) => {
  res.json(await stripe.paymentIntents.create({ amount: 900, currency: "eur" }));
});

app.post("/join", async (req, res) => {
  const { PERSON, isSubscribed } = req.body;
  res.json(await User.create({ PERSON, isSubscribed }));
});
"""


def test_who_joins_and_wants_news_has_paid_for_nothing(tmp_path: Path) -> None:
    def lines(name: str, person: str) -> list[int]:
        declared = 'mongoose.model("User", new mongoose.Schema({ isSubscribed: Boolean }))'
        models = f'const mongoose = require("mongoose");\nexports.User = {declared};\n'
        files = {"package.json": "{}", "app.js": _JOIN.replace("PERSON", person), "models.js": models}
        return [f.start_line for f in found(tmp_path / name, files, "payment/fulfil-on-redirect")]

    assert lines("news", "firstName, password") == []
    assert lines("pays", "plan") == [14]


_EVENTS = """\
import express from "express";
import mercadopago from "mercadopago";
import { PrismaClient } from "@prisma/client";

const db = new PrismaClient();
const app = express();
app.use(express.json());

app.VERB("/api/events", async (req, res) => {
  const wanted = req.WHERE.status;
  if (wanted === "cancelled") {
    await db.order.updateMany({ where: { event: req.WHERE.id }, data: { status: "cancelled" } });
  }
  res.json(await db.event.findMany({ where: { status: wanted } }));
});
"""


def test_a_list_of_events_that_a_browser_reads_is_no_webhook(tmp_path: Path) -> None:
    def routes(name: str, verb: str, where: str) -> list[str | None]:
        code = _EVENTS.replace("VERB", verb).replace("WHERE", where)
        model, _ = model_of(tmp_path / name, {"package.json": "{}", "src/app.ts": code})
        return [h.entry.route for h in model.handlers.all if h.provider.id == "mercadopago"]

    assert routes("listed", "get", "query") == []
    assert routes("told", "post", "body") == ["/api/events"]


_RACE = """\
import express from "express";
import { PrismaClient } from "@prisma/client";
import Stripe from "stripe";

const db = new PrismaClient();
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);
const app = express();

async function findByIntentForUpdate(tx: any, intent: string) {
  const [row] = await tx.$queryRaw<any[]>`SELECT * FROM payments WHERE intent_id = ${intent}LOCK`;
  return row ? { id: row.id, status: row.status } : undefined;
}

app.post("/hook", express.raw({ type: "*/*" }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers["stripe-signature"] as string, process.env.STRIPE_WEBHOOK_SECRET!);
  if (event.type === "payment_intent.succeeded") {
    await db.$transaction(async (tx) => {
      const payment = await findByIntentForUpdate(tx, event.data.object.id);
      if (!payment || payment.status === "paid") return;
      await tx.payment.update({ where: { id: payment.id }, data: { status: "paid" } });
      await tx.order.create({ data: { paymentId: payment.id } });
    });
  }
  res.json({});
});
"""


def test_a_lookup_that_locks_the_row_keeps_two_deliveries_apart(tmp_path: Path) -> None:
    def lines(name: str, lock: str) -> list[int]:
        files = {"package.json": "{}", "src/app.ts": _RACE.replace("LOCK", lock)}
        return [f.start_line for f in found(tmp_path / name, files, "idempotency/dedup-race")]

    assert lines("locked", " FOR UPDATE") == []
    assert lines("read", "") != []
