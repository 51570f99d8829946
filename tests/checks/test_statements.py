"""Shops that write their statements themselves: through cursors, and through functions of their own that run what they are handed."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_CHECKS = ("order/unguarded-transition", "idempotency/handler-not-idempotent", "idempotency/dedup-race")
_HOOK = """\
import psycopg2
import stripe
from flask import Flask, request

app = Flask(__name__)


@app.route("/stripe/webhook", methods=["POST"])
def hook():
    event = stripe.Webhook.construct_event(request.get_data(), request.headers["Stripe-Signature"], app.config["SECRET"])
    order_id = event["data"]["object"]["metadata"]["order_id"]
    conn = psycopg2.connect(app.config["DATABASE"])
    cur = conn.cursor()
ASKED
    cur.execute("UPDATE orders SET status = 'paid' WHERE id = %s", (order_id,))
    cur.execute("UPDATE products SET stock = stock - 1 WHERE order_id = %s", (order_id,))
    conn.commit()
    return "", 200
"""
_READ = '    cur.execute("SELECT id, status FROM orders WHERE id = %s", (order_id,))\n'
_LOCKED = _READ.replace('%s"', '%s FOR UPDATE"')
_LEAVES = '        return "", 200'
_DATABASE = """\
import mysql.connector

from config import Config


def run(query, params=None, fetch=False):
    conn = mysql.connector.connect(host=Config.HOST, autocommit=True)
    if not conn:
        return None
    try:
        cursor = conn.cursor(dictionary=True)
        cursor.execute(query, params or ())
        if fetch:
            rows = cursor.fetchall() if query.startswith("SELECT") else cursor.fetchone()
            return rows
        return True
    finally:
        conn.close()
"""
_ORDERS = """\
from database import run


class Orders:
    @staticmethod
    def find(order_id):
        rows = run("SELECT id, payment_status FROM orders WHERE id = %s", (order_id,), fetch=True)
        if rows:
            order = rows[0] if isinstance(rows, list) else rows
            return order
        return None

    @staticmethod
    def pay(order_id):
        return run("UPDATE orders SET payment_status = 'paid' WHERE id = %s", (order_id,))

    @staticmethod
    def take(product_id):
        return run("UPDATE products SET stock = stock - 1 WHERE id = %s", (product_id,))
"""
_ROUTES = """\
import stripe
from flask import Flask, request

from orders import Orders

app = Flask(__name__)


@app.route("/stripe/webhook", methods=["POST"])
def hook():
    event = stripe.Webhook.construct_event(request.get_data(), request.headers["Stripe-Signature"], app.config["SECRET"])
    data = event["data"]["object"]["metadata"]
    order = Orders.find(data["order_id"])
ASKED
    Orders.pay(data["order_id"])
    Orders.take(data["product_id"])
    return "", 200
"""


def rulings(root: Path, files: dict[str, str]) -> dict[str, str]:
    write(root, files)
    return {o.check: o.ruling for o in review(root, Settings(use_cache=False, checks=_CHECKS)).obligations}


@pytest.mark.parametrize(
    "asked",
    [
        _READ + '    row = cur.fetchone()\n    if row["status"] == "paid":\n' + _LEAVES,
        _READ + '    row = cur.fetchone()\n    if row[1] == "paid":\n' + _LEAVES,
        _READ + '    row = cur.fetchone()\n    if row and row["status"] == "paid":\n' + _LEAVES,
        _READ + '    _, status = cur.fetchone()\n    if status == "paid":\n' + _LEAVES,
        _READ + '    for row in cur:\n        if row[1] == "paid":\n            return "", 200',
    ],
    ids=["by name", "by its place", "if there is one", "taken apart", "gone through"],
)
def test_a_row_is_of_the_statement_that_the_cursor_ran_last(tmp_path: Path, asked: str) -> None:
    assert rulings(tmp_path, {"app.py": _HOOK.replace("ASKED", asked)}) == {
        "order/unguarded-transition": "held",
        "idempotency/handler-not-idempotent": "held",
        "idempotency/dedup-race": "broken",
    }


def test_another_column_is_no_guard(tmp_path: Path) -> None:
    asked = _READ + '    row = cur.fetchone()\n    if row[0] == "paid":\n' + _LEAVES
    found = rulings(tmp_path, {"app.py": _HOOK.replace("ASKED", asked)})
    assert (found["order/unguarded-transition"], found["idempotency/handler-not-idempotent"]) == ("broken", "broken")


def test_a_row_that_is_locked_is_asked_by_one_at_a_time(tmp_path: Path) -> None:
    asked = _LOCKED + '    row = cur.fetchone()\n    if row["status"] == "paid":\n' + _LEAVES
    assert set(rulings(tmp_path, {"app.py": _HOOK.replace("ASKED", asked)}).values()) == {"held"}


def test_how_many_rows_a_conditional_update_met_says_who_was_first(tmp_path: Path) -> None:
    claim = "    cur.execute(\"UPDATE orders SET status = 'paid' WHERE id = %s AND status <> 'paid'\", (order_id,))\n"
    code = _HOOK.replace("ASKED", claim + "    if cur.rowcount == 0:\n" + _LEAVES)
    code = code.replace("    cur.execute(\"UPDATE orders SET status = 'paid' WHERE id = %s\", (order_id,))\n", "")
    assert set(rulings(tmp_path, {"app.py": code}).values()) == {"held"}


def test_an_event_that_was_noted_is_not_handled_again(tmp_path: Path) -> None:
    asked = (
        '    cur.execute("SELECT 1 FROM events WHERE event_id = %s", (event["id"],))\n    if cur.fetchone():\n'
        + _LEAVES
        + '\n    cur.execute("INSERT INTO events (event_id) VALUES (%s)", (event["id"],))'
    )
    found = rulings(tmp_path, {"app.py": _HOOK.replace("ASKED", asked)})
    assert (found["order/unguarded-transition"], found["idempotency/handler-not-idempotent"]) == ("broken", "held")


def test_statements_go_through_a_function_that_runs_what_it_is_handed(tmp_path: Path) -> None:
    files = {"database.py": _DATABASE, "orders.py": _ORDERS, "config.py": "class Config:\n    HOST = 'db'\n"}
    bare = rulings(tmp_path, {**files, "app.py": _ROUTES.replace("ASKED\n", "")})
    assert (bare["order/unguarded-transition"], bare["idempotency/handler-not-idempotent"]) == ("broken", "broken")
    asked = '    if order and order["payment_status"] == "paid":\n' + _LEAVES
    found = rulings(tmp_path, {**files, "app.py": _ROUTES.replace("ASKED", asked)})
    assert (found["order/unguarded-transition"], found["idempotency/handler-not-idempotent"]) == ("held", "held")
