"""Forms of the languages, from the page that lists them: what is followed through one of them is followed through all."""

import re
from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_FORMS = Path(__file__).parent / "forms"
_FORM = re.compile(
    r"^### (?P<name>.+)\n\n```(?P<language>\w+)\n(?P<code>(?s:.*?))\n```\n(?:\n```\w+ models\n(?P<models>(?s:.*?))\n```\n)?",
    re.MULTILINE,
)

_SUMS = {
    "python": ("app.py", "import stripe\nfrom flask import Flask, request\napp = Flask(__name__)\n"),
    "javascript": (
        "app.js",
        "const express = require('express'); const app = express(); const stripe = require('stripe')(process.env.K);\n",
    ),
    "typescript": (
        "app.ts",
        "import express from 'express'; import Stripe from 'stripe'; const app = express(); const stripe = new Stripe(process.env.K!);\n",
    ),
    "php": ("routes/web.php", "<?php\nuse Illuminate\\Support\\Facades\\Route;\nuse Illuminate\\Http\\Request;\n"),
}
_KEYS = {
    "python": ("app.py", "import stripe, requests\nfrom flask import Flask, request\napp = Flask(__name__)\n"),
    "javascript": ("app.js", _SUMS["javascript"][1] + "const axios = require('axios');\n"),
    "php": ("routes/web.php", _SUMS["php"][1] + "use Illuminate\\Support\\Facades\\Http;\n"),
}
_EXEMPT = "from django.views.decorators.csrf import csrf_exempt\nfrom .models import Order\n"
_HOOKS = {
    "python": (
        "shop/views.py",
        "import json, stripe\nfrom django.conf import settings\nfrom django.http import HttpResponse\n" + _EXEMPT,
    ),
    "javascript": (
        "app.js",
        _SUMS["javascript"][1] + "const mongoose = require('mongoose');\n"
        "const Order = mongoose.model('Order', new mongoose.Schema({ status: String, total: Number }));\n",
    ),
    "php": ("routes/api.php", _SUMS["php"][1] + "use App\\Models\\Order;\n"),
}
_AROUND = {
    "python": {
        "shop/__init__.py": "",
        "shop/models.py": "from django.db import models\nclass Order(models.Model):\n    status = models.CharField(max_length=20)\n",
        "shop/urls.py": 'from django.urls import path\nfrom . import views\nurlpatterns = [path("stripe/webhook/", views.hook)]\n',
    },
    "javascript": {},
    "php": {
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\n"
        "class Order extends Model { protected $fillable = ['status']; }\n",
    },
}
_GUARDED = {
    "python": (
        "shop/views.py",
        _HOOKS["python"][1].replace(_EXEMPT, "from django.views.decorators.csrf import csrf_exempt\nfrom django.core.cache import cache\n")
        + "from django.db import IntegrityError, transaction\nfrom django.db.models import F\nfrom .models import Order, Wallet, Seen\n",
        'Wallet.objects.filter(user=obj["metadata"]["user"]).update(balance=F("balance") + 10)',
    ),
    "javascript": (
        "app.js",
        _HOOKS["javascript"][1] + "const redis = new (require('ioredis'))();\n"
        "const Wallet = mongoose.model('Wallet', new mongoose.Schema({ user: String, balance: Number }));\n"
        "const Seen = mongoose.model('Seen', new mongoose.Schema({ eventId: { type: String, unique: true } }));\n",
        "await Wallet.updateOne({ user: obj.metadata.user }, { $inc: { balance: 10 } });",
    ),
    "php": (
        "routes/api.php",
        _HOOKS["php"][1] + "use App\\Models\\Wallet;\nuse App\\Models\\Seen;\n"
        "use Illuminate\\Support\\Facades\\DB;\nuse Illuminate\\Support\\Facades\\Cache;\n",
        "Wallet::where('user', $obj->metadata->user)->increment('balance', 10);",
    ),
}
_TABLES = {
    "python": {
        "shop/models.py": (
            "from django.db import models\n"
            "class Order(models.Model):\n    status = models.CharField(max_length=20)\n"
            "class Wallet(models.Model):\n    user = models.IntegerField(unique=True)\n    balance = models.IntegerField(default=0)\n"
            "class Seen(models.Model):\n    event_id = models.CharField(max_length=80, unique=True)\n"
        ),
    },
    "javascript": {},
    "php": {
        "database/migrations/2024_01_01_000000_a.php": (
            "<?php\nuse Illuminate\\Database\\Migrations\\Migration;\nuse Illuminate\\Support\\Facades\\Schema;\n"
            "return new class extends Migration { public function up() {\n"
            "Schema::create('seens', function ($t) { $t->id(); $t->string('event_id')->unique(); });\n"
            "Schema::create('orders', function ($t) { $t->id(); $t->string('status'); });\n"
            "Schema::create('wallets', function ($t) { $t->id(); $t->string('user'); $t->integer('balance'); }); } };\n"
        ),
        **{f"app/Models/{name}.php": _AROUND["php"]["app/Models/Order.php"].replace("Order", name) for name in ("Wallet", "Seen")},
    },
}
_MODELS = {"python": "shop/models.py", "php": "app/Models/Order.php"}
_EVENTS = {
    "python": (
        "json.loads(request.body)",
        'stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.STRIPE_WEBHOOK_SECRET)',
    ),
    "javascript": (
        "JSON.parse(req.body)",
        "stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.WHSEC)",
    ),
    "php": (
        "json_decode($r->getContent())",
        "\\Stripe\\Webhook::constructEvent($r->getContent(), $r->header('Stripe-Signature'), config('services.stripe.secret'))",
    ),
}


def _forms(page: str, wanted: str = "") -> list[object]:
    """The forms of a page; of one that tells them apart by their names, those that are ``wanted``."""
    every = _FORM.finditer((_FORMS / page).read_text(encoding="utf-8"))
    found = [m for m in every if m["name"].endswith(wanted)]
    return [pytest.param(m["language"], m["code"], m["models"], id=f"{m['language']}: {m['name']}") for m in found]


def _rulings(folder: Path, files: dict[str, str], check: str) -> set[str]:
    for name, text in {"composer.json": '{"require":{"laravel/framework":"^10"}}', **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return {o.ruling for o in review(folder, Settings(use_cache=False, checks=(check,))).obligations}


@pytest.mark.parametrize(("language", "code", "others"), _forms("amounts.md"))
def test_a_sum_of_the_request_is_followed_to_the_payment(language: str, code: str, others: None, tmp_path: Path) -> None:
    name, head = _SUMS[language]
    assert others is None
    assert "broken" in _rulings(tmp_path, {name: head + code}, "payment/client-amount")


@pytest.mark.parametrize(("language", "code", "others"), _forms("keys.md"))
def test_a_key_is_followed_to_the_payment(language: str, code: str, others: None, tmp_path: Path) -> None:
    name, head = _KEYS[language]
    assert others is None
    without = re.sub(r"@@.*?@@", "", re.sub(r"^(\s*)@@.*@@$", r"\1pass" if language == "python" else "", code, flags=re.MULTILINE))
    assert "held" in _rulings(tmp_path / "with", {name: head + code.replace("@@", "")}, "idempotency/missing-key")
    assert "broken" in _rulings(tmp_path / "without", {name: head + without}, "idempotency/missing-key")


@pytest.mark.parametrize(("language", "code", "models"), _forms("guards.md"))
def test_what_keeps_a_second_delivery_from_doing_it_again_is_found(language: str, code: str, models: str | None, tmp_path: Path) -> None:
    name, head, give = _GUARDED[language]
    files = {**_AROUND[language], **_TABLES[language], name: head + code.replace("{give}", give)}
    if models:
        files[_MODELS[language]] = models
    assert _rulings(tmp_path, files, "idempotency/handler-not-idempotent") == {"held"}


def _transitions(language: str, code: str, models: str | None, folder: Path) -> set[str]:
    name, head, _ = _GUARDED[language]
    files = {**_AROUND[language], **_TABLES[language], name: head + code}
    if models:
        files[_MODELS[language]] = models
    return _rulings(folder, files, "order/unguarded-transition")


@pytest.mark.parametrize(("language", "code", "models"), _forms("transitions.md", ", held"))
def test_the_question_for_the_present_state_is_found(language: str, code: str, models: str | None, tmp_path: Path) -> None:
    assert _transitions(language, code, models, tmp_path) == {"held"}


@pytest.mark.parametrize(("language", "code", "models"), _forms("transitions.md", ", broken"))
def test_a_state_that_is_set_without_a_question_is_found(language: str, code: str, models: str | None, tmp_path: Path) -> None:
    assert _transitions(language, code, models, tmp_path) == {"broken"}


@pytest.mark.parametrize("verified", [False, True], ids=["made-up", "verified"])
@pytest.mark.parametrize(("language", "code", "models"), _forms("webhooks.md"))
def test_what_a_webhook_does_is_found_and_what_proves_it(
    language: str, code: str, models: str | None, verified: bool, tmp_path: Path
) -> None:
    name, head = _HOOKS[language]
    files = {**_AROUND[language], name: head + code.replace("{event}", _EVENTS[language][verified])}
    if models:
        files["shop/models.py"] = models
    assert _rulings(tmp_path, files, "payment/webhook-unverified") == {"held" if verified else "broken"}


def _confirmations(language: str, code: str, folder: Path) -> set[str]:
    name, head = _HOOKS[language]
    files = {**_AROUND[language], name: head + code}
    if language == "python":
        files[name] = "import requests\n" + files[name]
        files["shop/urls.py"] = 'from django.urls import path\nfrom . import views\nurlpatterns = [path("thanks/", views.thanks)]\n'
    elif language == "javascript":
        files[name] = "const axios = require('axios');\n" + files[name]
    else:
        files["routes/web.php"] = files.pop(name)
    return _rulings(folder, files, "payment/fulfil-on-redirect")


@pytest.mark.parametrize(("language", "code", "others"), _forms("confirmations.md", ", held"))
def test_an_order_that_is_paid_only_when_the_provider_says_so_is_held(language: str, code: str, others: None, tmp_path: Path) -> None:
    assert others is None
    assert _confirmations(language, code, tmp_path) == {"held"}


@pytest.mark.parametrize(("language", "code", "others"), _forms("confirmations.md", ", broken"))
def test_an_order_that_is_paid_whatever_the_provider_says_is_found(language: str, code: str, others: None, tmp_path: Path) -> None:
    assert others is None
    assert _confirmations(language, code, tmp_path) == {"broken"}
