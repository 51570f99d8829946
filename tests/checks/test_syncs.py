"""Runs between systems: where failures of items are noted, and what one call for all operations is asked to do."""

from pathlib import Path

from tests.checks.test_stock import ruled

DROPS = "inventory/sync-drops-failures"

_NOTED = {
    "py/run.py": """import logging
import os

import requests

SHOP = os.environ["SHOP"]


def put(row):
    requests.post(f"https://{SHOP}.myshopify.com/admin/api/2024-07/products.json", json=row, timeout=9).raise_for_status()


def counted(rows):
    result = {"done": 0, "failed": 0}
    for row in rows:
        try:
            put(row)
        except Exception as error:
            logging.error(error)
            result["failed"] += 1
    return result


def listed(rows):
    result = {"errors": []}
    for row in rows:
        try:
            put(row)
        except Exception as error:
            result["errors"].append(str(error))
    return result


def told(rows):
    results = []
    for row in rows:
        try:
            put(row)
        except Exception as error:
            results.append({"sku": row["sku"], "status": "error", "why": str(error)})
    return results


def forgotten(rows):
    result = {"done": 0}
    for row in rows:
        try:
            put(row)
            result["done"] += 1
        except Exception as error:
            logging.error(error)
    return result
""",
    "js/package.json": '{"dependencies": {"shopify-api-node": "^3.12.0"}}',
    "js/run.js": """const Shopify = require('shopify-api-node');
const shopify = new Shopify({ shopName: process.env.SHOP, accessToken: process.env.TOKEN });
const SET = `mutation Set($input: ProductInput!) { productUpdate(input: $input) { userErrors { message } } }`;

async function answered(rows) {
  return Promise.all(rows.map(async (row) => {
    try { await shopify.product.create(row); return { id: row.id, ok: true }; }
    catch (error) { return { id: row.id, ok: false, why: error.message }; }
  }));
}

async function unread(rows) {
  await Promise.all(rows.map(async (row) => {
    try { await shopify.product.create(row); } catch (error) { console.log(error); }
  }));
}

async function together(rows) {
  await Promise.all(rows.map(async (row) => { await shopify.product.create(row); })).catch((error) => console.log(error));
}

async function document(rows) {
  for (const row of rows) {
    try { await shopify.graphql(SET, { input: row }); } catch (error) { console.error(error); }
  }
}

async function question(rows) {
  for (const row of rows) {
    try { await shopify.graphql(`query { product(id: "${row.id}") { title } }`); } catch (error) { console.error(error); }
  }
}

module.exports = { answered, unread, together, document, question };
""",
    "php/composer.json": '{"require": {"automattic/woocommerce": "^3.1"}}',
    "php/Run.php": """<?php
use Automattic\\WooCommerce\\Client;

class Run
{
    private $shop;
    private $stats = ['failed' => 0];

    public function __construct() { $this->shop = new Client(getenv('URL'), getenv('KEY'), getenv('SECRET'), ['version' => 'wc/v3']); }

    public function counted(array $rows)
    {
        foreach ($rows as $row) {
            try { $this->shop->put('products/' . $row['id'], $row); } catch (\\Exception $e) { $this->stats['failed']++; }
        }
    }

    public function forgotten(array $rows)
    {
        foreach ($rows as $row) {
            try { $this->shop->put('products/' . $row['id'], $row); } catch (\\Exception $e) { error_log($e->getMessage()); }
        }
    }
}
""",
    "odoo/__manifest__.py": "{'name': 'Shop', 'depends': ['sale']}\n",
    "odoo/pull.py": """import logging

import requests
from odoo import models


class Backend(models.Model):
    _name = 'shop.backend'

    def _rows(self):
        return requests.get('https://shop.example.org/wp-json/wc/v3/orders', timeout=20).json()

    def import_orders(self):
        for row in self._rows():
            try:
                order = self.env['sale.order'].search([('client_order_ref', '=', row['id'])])
                order.write({'state': row['status']})
                for line in row['lines']:
                    self.env['sale.order.line'].create({'order_id': order.id, 'product_uom_qty': line['quantity']})
            except Exception as error:
                logging.exception(error)

    def import_products(self):
        for row in self._rows():
            self.env['product.product'].search([('default_code', '=', row['sku'])]).write({'list_price': row['price']})
""",
    "rpc/push.py": """import logging
import os
import xmlrpc.client

models = xmlrpc.client.ServerProxy(f"{os.environ['ODOO_URL']}/xmlrpc/2/object")


def call(model, method, given):
    return models.execute_kw("db", 2, os.environ["ODOO_PASSWORD"], model, method, given)


def push(orders):
    for order in orders:
        try:
            call("sale.order", "create", [order])
        except Exception as error:
            logging.error(error)


def look(orders):
    for order in orders:
        try:
            call("sale.order", "search_read", [[]])
        except Exception as error:
            logging.error(error)
""",
}


def _said(source: str, words: str) -> int:
    """The line on which something is first written, from one."""
    return source[: source.index(words)].count("\n") + 1


def test_what_failed_is_noted_wherever_it_is_kept(tmp_path: Path) -> None:
    found = ruled(tmp_path, DROPS, _NOTED)
    broken = {(file, line) for ruling, file, line in found if ruling == "broken"}
    assert broken == {
        ("py/run.py", _said(_NOTED["py/run.py"], "def forgotten") + 6),
        ("js/run.js", _said(_NOTED["js/run.js"], "async function unread") + 2),
        ("js/run.js", _said(_NOTED["js/run.js"], "async function together") + 1),
        ("js/run.js", _said(_NOTED["js/run.js"], "async function document") + 2),
        ("php/Run.php", _said(_NOTED["php/Run.php"], "function forgotten") + 3),
        ("odoo/pull.py", _said(_NOTED["odoo/pull.py"], "except Exception")),
        ("odoo/pull.py", _said(_NOTED["odoo/pull.py"], ".write({'list_price'")),
        ("rpc/push.py", _said(_NOTED["rpc/push.py"], "except Exception")),
    }
    assert sum(ruling == "held" for ruling, *_ in found) >= len(("counted", "listed", "told", "counted in PHP"))


_ONCE = {
    "wp/plugin.php": """<?php
/* Plugin Name: Parcels */
add_action('woocommerce_order_status_processing', 'push_lost');
add_action('woocommerce_order_status_completed', 'push_noted');
function push_lost($id) {
    $answer = wp_remote_post('https://ssapi.shipstation.com/orders/createorder', ['body' => wp_json_encode(['orderNumber' => $id])]);
    if (is_wp_error($answer)) {
        error_log($answer->get_error_message());
        return;
    }
    update_post_meta($id, '_pushed', 1);
}
function push_noted($id) {
    $order = wc_get_order($id);
    $answer = wp_remote_post('https://ssapi.shipstation.com/orders/createorder', ['body' => wp_json_encode(['orderNumber' => $id])]);
    if (is_wp_error($answer)) {
        $order->add_order_note('Not pushed: ' . $answer->get_error_message());
        return;
    }
    update_post_meta($id, '_pushed', 1);
}
""",
    "frappe/app/hooks.py": """app_name = "parcels"
doc_events = {"Sales Invoice": {"on_submit": "app.push.submitted", "on_cancel": ["app.push.cancelled"]}}
scheduler_events = {"cron": {"*/5 * * * *": ["app.push.often"]}}
""",
    "frappe/app/push.py": """import frappe
import requests

URL = "https://ssapi.shipstation.com/orders/createorder"


def submitted(doc, method):
    try:
        requests.post(URL, json={"orderNumber": doc.name}, timeout=9).raise_for_status()
    except Exception:
        print("not pushed")


def cancelled(doc, method):
    try:
        requests.post(URL, json={"orderNumber": doc.name}, timeout=9).raise_for_status()
    except requests.RequestException as error:
        frappe.throw(str(error))


def often():
    try:
        requests.post(URL, json={"orderNumber": frappe.db.get_value("Sales Invoice", {}, "name")}, timeout=9).raise_for_status()
    except Exception:
        print("again in five minutes")
""",
    "medusa/package.json": '{"dependencies": {"@medusajs/framework": "^2.8.0", "axios": "^1.6.0"}}',
    "medusa/src/subscribers/placed.ts": """import type { SubscriberArgs, SubscriberConfig } from "@medusajs/framework";
import { createStep, createWorkflow } from "@medusajs/framework/workflows-sdk";
import axios from "axios";

const push = createStep("push", async (id: string) => {
  try {
    await axios.post("https://ssapi.shipstation.com/orders/createorder", { orderNumber: id }, { timeout: 9000 });
  } catch (error) {
    console.error(error.message);
  }
});

const handOver = createWorkflow("hand-over", function (id: string) {
  push(id);
});

export default async function placed({ event: { data }, container }: SubscriberArgs<{ id: string }>) {
  await handOver(container).run({ input: data.id });
}

export const config: SubscriberConfig = { event: "order.placed" };
""",
}


def test_an_order_that_another_system_never_hears_of_is_told_of(tmp_path: Path) -> None:
    found = ruled(tmp_path, "resilience/swallowed-failure", _ONCE)
    assert {(file, line) for ruling, file, line in found if ruling == "broken"} == {
        ("wp/plugin.php", _said(_ONCE["wp/plugin.php"], "if (is_wp_error")),
        ("frappe/app/push.py", _said(_ONCE["frappe/app/push.py"], "except Exception")),
        ("medusa/src/subscribers/placed.ts", _said(_ONCE["medusa/src/subscribers/placed.ts"], "} catch")),
    }


_WORDS = """import os, time
import requests
URL = "https://api.stripe.com/v1/payment_intents"
KEY = os.environ["STRIPE_SECRET_KEY"]


def charge(body):
    for attempt in range(4):
        try:
            r = requests.post(URL, data=body, auth=(KEY, ""), timeout=9)
            r.raise_for_status()
            return r.json()
        except Exception as e:
            if "429" in str(e) or "rate limit" in str(e).lower():
                time.sleep(2 ** attempt)
                continue
            raise


def charge_all(body):
    for attempt in range(4):
        try:
            r = requests.post(URL, data=body, auth=(KEY, ""), timeout=9)
            r.raise_for_status()
            return r.json()
        except Exception as e:
            if "urgent" in str(e):
                raise
            time.sleep(2 ** attempt)
"""


def test_words_asked_of_a_message_say_whether_a_refusal_is_tried_again(tmp_path: Path) -> None:
    found = ruled(tmp_path, "resilience/retry-on-client-error", {"pay.py": _WORDS})
    assert [ruling for ruling, _, _ in found] == ["held", "broken"]
