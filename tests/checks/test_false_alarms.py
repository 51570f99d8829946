"""What looks wrong at first sight and is right: small shops, reviewed whole, each beside one that is wrong."""

from pathlib import Path

from tests.checks.test_python_shops import found
from tests.commerce.small_models import model_of
from tillproof.flow.values import constant


def test_a_column_may_say_of_itself_that_the_number_is_masked(tmp_path: Path) -> None:
    models = """\
from django.db import models


class Payment(models.Model):
    card_number = models.CharField(
        max_length=30,
        help_text="HELP",
    )
"""

    def count(name: str, told: str) -> int:
        return len(found(tmp_path / name, {"manage.py": "", "shop/models.py": models.replace("HELP", told)}, "pci/card-data-stored"))

    assert count("a", "마스킹된 카드번호") == 0
    assert count("b", "as the customer typed it") == 1


def test_a_helper_that_only_raises_swallows_nothing(tmp_path: Path) -> None:
    app = """\
const express = require('express')
const stripe = require('stripe')(process.env.STRIPE_KEY)
const { Order } = require('./models')
const app = express()

function fail(error) {
  console.error(error)
  ENDS
}

async function markPaid(id) {
  try {
    await Order.updateOne({ session: id }, { status: 'paid' })
  } catch (error) {
    fail(error)
  }
}

app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.HOOK_SECRET)
  if (event.type === 'checkout.session.completed') await markPaid(event.data.object.id)
  res.json({ received: true })
})
"""

    def count(name: str, ends: str) -> int:
        return len(found(tmp_path / name, {"package.json": "{}", "app.js": app.replace("ENDS", ends)}, "resilience/swallowed-failure"))

    assert count("a", "throw new Error('not recorded')") == 0
    assert count("b", "console.error('not recorded')") == 1


def test_a_function_that_is_written_where_it_is_called_sees_what_its_function_was_given(tmp_path: Path) -> None:
    app = """\
const express = require('express')
const { PrismaClient } = require('@prisma/client')
const db = new PrismaClient()
const app = express()

async function settle(reference) {
  await db.$transaction(async (tx) => {
    await tx.payment.update({ where: { reference }, data: { status: 'paid' } })
  })
}

app.post('/settle', async (req, res) => {
  await settle('first')
  res.end()
})
"""
    model, _ = model_of(tmp_path, {"package.json": "{}", "app.js": app})
    (entry,) = model.entries
    keys = [v for e in model.effects.of(entry.target) if e.touch is not None for v in e.touch.keys.values()]
    assert [constant(v) for v in keys] == ["first"]


def test_a_number_that_is_all_stars_but_its_end_is_masked(tmp_path: Path) -> None:
    page = """\
<?php
$told = $stripe->charges->retrieve($_GET['id'])->payment_method_details->card;
$cardNumber = NUMBER;
Payment::where('id', 1)->update(['card_number' => $cardNumber]);
"""

    def count(name: str, number: str) -> int:
        return len(found(tmp_path / name, {"done.php": page.replace("NUMBER", number)}, "pci/card-data-stored"))

    assert count("a", "sprintf('#### #### #### %d', $told->last4)") == 0
    assert count("b", "'**** **** **** ' . $told->last4") == 0
    assert count("c", "$_POST['card_number']") > 0


_FORM = """\
import { useEffect, useState } from "react";
import { api } from "../api";

export function EasyPostSettings() {
  BEGIN
  return settings.easypost_test_mode;
}
"""


def test_a_form_of_settings_begins_in_the_test_world(tmp_path: Path) -> None:
    def lines(name: str, begin: str) -> list[int]:
        files = {"src/labels.tsx": _FORM.replace("BEGIN", begin), "package.json": "{}"}
        return [f.start_line for f in found(tmp_path / name, files, "payment/test-credentials-in-prod")]

    assert lines("form", "const [settings, setSettings] = useState({ easypost_enabled: false, easypost_test_mode: true });") == []
    assert lines("set", "const settings = easypost({ easypost_enabled: false, easypost_test_mode: true });") == [5]


_RATES = """\
const { Client, Environment } = require("square");
const client = new Client({ environment: Environment.Sandbox, accessToken: process.env.SQUARE_TOKEN });
client.paymentsApi.listPayments().then(console.log);
"""


def test_a_script_that_tries_a_system_out_is_not_what_production_runs(tmp_path: Path) -> None:
    def lines(name: str, path: str) -> list[int]:
        return [f.start_line for f in found(tmp_path / name, {path: _RATES, "package.json": "{}"}, "payment/test-credentials-in-prod")]

    assert lines("script", "test-rates.js") == []
    assert lines("code", "src/rates.js") == [2]


_CALLS = """\
import client from "../client";

export const addToCart = async (itemId) => {
  try {
    return await client.post("/cart", { itemId });
  } catch (error) {
    console.error("cart", error);
    throw error;
  }
};

export const emptyCart = async () => {
  try {
    return await client.delete("/cart");
  } catch (error) {
    console.error("cart", error);
    throw error;
  }
};
"""

_CALLER = 'import axios from "axios";\n\nexport default axios.create({ headers: { "auth-token": TOKEN } });\n'


def test_the_console_of_a_page_is_its_users_own_and_a_client_is_told_once(tmp_path: Path) -> None:
    def lines(name: str, needs: str) -> list[int]:
        token = 'localStorage.getItem("auth-token")' if "react" in needs else "process.env.WAREHOUSE_TOKEN"
        files = {
            "package.json": f'{{"dependencies": {{{needs}}}}}',
            "src/api/services/cart.js": _CALLS,
            "src/api/client.js": _CALLER.replace("TOKEN", token),
        }
        return [f.start_line for f in found(tmp_path / name, files, "boundary/secret-logged")]

    assert lines("page", '"axios": "1.6.0", "react": "18.2.0"') == []
    assert lines("built", '"axios": "1.6.0", "react": "18.2.0", "vite": "5.0.0", "firebase-admin": "13.0.0"') == []
    assert lines("server", '"axios": "1.6.0", "express": "4.18.0"') == [7]
