"""Apps of Frappe and ERPNext: what documents are made of, what a payment request books, what a doctype lets in once, and what is sent."""

import json
from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings

FIELDS: list[dict[str, object]] = [
    {"fieldname": "reference", "fieldtype": "Data", "reqd": 1, "unique": 1},
    {"fieldname": "amount", "fieldtype": "Currency"},
    {"fieldname": "break", "fieldtype": "Section Break"},
]
DOCTYPE: dict[str, object] = {
    "doctype": "DocType",
    "name": "Gateway Log",
    "autoname": "hash",
    "fields": FIELDS,
}
HOOK = """\
import frappe
import requests


@frappe.whitelist(allow_guest=True)
def webhook(reference):
    key = frappe.get_single("Gateway Settings").get_password("secret_key")
    answer = requests.get(
        f"https://api.paystack.co/transaction/verify/{reference}", headers={"Authorization": f"Bearer {key}"}, timeout=10
    ).json()
    data = frappe._dict(answer["data"])
    LOG
    request = frappe.get_doc("Payment Request", data.metadata["docname"])
    PAID
"""
LOG = """frappe.get_doc(
        {"doctype": "Gateway Log", "reference": data.reference, "amount": data.amount}
    ).insert(ignore_permissions=True)"""
BOOKS = 'request.run_method("on_payment_authorized", "Completed")'
UNRECONCILED, REPEATED, UNGUARDED = "payment/amount-not-reconciled", "idempotency/handler-not-idempotent", "order/unguarded-transition"


def found(root: Path, code: str, *checks: str, doctype: dict[str, object] | None = None) -> list[Finding]:
    told = json.dumps(doctype or DOCTYPE, indent=1)
    write(
        root,
        {
            "setup.py": "from setuptools import setup\nsetup(name='shop', install_requires=['frappe'])\n",
            "shop/__init__.py": "",
            "shop/hooks.py": "app_name = 'shop'\n",
            "shop/api/pay.py": code,
            "shop/shop/doctype/gateway_log/gateway_log.json": told,
            "shop/shop/doctype/gateway_log/gateway_log.py": (
                "from frappe.model.document import Document\n\n\nclass GatewayLog(Document):\n    pass\n"
            ),
        },
    )
    return review(root, Settings(checks=checks, use_cache=False)).findings


COMPARED = """if data.status != "success" or data.amount != request.grand_total * 100 or data.currency != request.currency:
        frappe.throw("no")
"""


@pytest.mark.parametrize("paid", [BOOKS, 'request.on_payment_authorized("Completed")', "request.set_as_paid()"])
@pytest.mark.parametrize(("before", "owed"), [("", 1), (COMPARED + "    ", 0)])
def test_a_payment_request_is_paid_whatever_came_unless_it_is_compared(tmp_path: Path, paid: str, before: str, owed: int) -> None:
    code = HOOK.replace("LOG", "").replace("PAID", before + paid)
    assert len(found(tmp_path, code, UNRECONCILED)) == owed


@pytest.mark.parametrize(
    ("log", "fields", "again"),
    [
        ("", {}, 1),
        (LOG, {}, 0),
        (LOG, {"unique": 0}, 1),
        ("log = " + LOG.replace(".insert(ignore_permissions=True)", "") + "\n    log.insert(ignore_permissions=True)", {}, 0),
    ],
)
def test_a_doctype_lets_a_unique_field_in_once(tmp_path: Path, log: str, fields: dict[str, int], again: int) -> None:
    doctype = DOCTYPE | {"fields": [FIELDS[0] | fields, *FIELDS[1:]]}
    code = HOOK.replace("LOG", log).replace("PAID", BOOKS)
    assert len(found(tmp_path, code, REPEATED, doctype=doctype)) == again


def test_the_name_that_a_field_gives_is_taken_once(tmp_path: Path) -> None:
    fields: list[dict[str, object]] = [{"fieldname": "reference", "fieldtype": "Data"}, {"fieldname": "amount", "fieldtype": "Currency"}]
    code = HOOK.replace("LOG", LOG).replace("PAID", BOOKS)
    assert found(tmp_path, code, REPEATED, doctype=DOCTYPE | {"autoname": "field:reference", "fields": fields}) == []


SETS = """\
import frappe


@frappe.whitelist()
def settle(order, state):
    SET
"""


@pytest.mark.parametrize(
    "code",
    [
        'frappe.db.set_value("Sales Order", order, "status", state)',
        'frappe.db.set_value("Sales Order", order, {"status": state})',
        'frappe.get_doc("Sales Order", order).db_set("status", state)',
        'doc = frappe.get_doc("Sales Order", order)\n    doc.db_set({"status": state})',
        'doc = frappe.get_doc("Sales Order", order)\n    doc.status = state\n    doc.save(ignore_permissions=True)',
    ],
)
def test_a_column_is_named_beside_its_value(tmp_path: Path, code: str) -> None:
    assert len(found(tmp_path, SETS.replace("SET", code), UNGUARDED)) == 1


QUEUED = """\
import frappe
import requests


@frappe.whitelist(allow_guest=True)
def verify(transaction):
    frappe.enqueue(look, transaction=transaction)


def look(transaction):
    transaction = frappe._dict(frappe.parse_json(transaction))
    key = frappe.get_single("Gateway Settings").get_password("secret_key")
    answer = requests.get(
        f"https://api.paystack.co/transaction/verify/{transaction.reference}", headers={"Authorization": f"Bearer {key}"}, timeout=10
    ).json()
    if answer["data"]["status"] == "success":
        request = frappe.get_doc("Payment Request", answer["data"]["metadata"]["docname"])
        request.run_method("on_payment_authorized", "Completed")
"""


def test_what_was_sent_is_sent_in_the_job_as_well(tmp_path: Path) -> None:
    """It is called a transaction there, and is no record of ours whose payment is asked for."""
    assert [f.severity for f in found(tmp_path, QUEUED, UNRECONCILED)] == ["critical"]


CANCELLED = """\
import frappe


@frappe.whitelist()
def cancel(order):
    frappe.enqueue(JOB, order=order)


def cancel_order(order):
    doc = frappe.get_doc("Sales Order", order)
    GUARD
    doc.status = "Cancelled"
    doc.save()
"""
JOBS = ["cancel_order", "method=cancel_order", '"shop.pay.cancel_order"', 'queue="long", method="shop.pay.cancel_order"']


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize(("guard", "ruling"), [("pass", "broken"), ('if doc.status != "Draft":\n        return', "held")])
def test_a_job_is_told_as_a_function_or_by_its_path(tmp_path: Path, job: str, guard: str, ruling: str) -> None:
    write(tmp_path, {"requirements.txt": "frappe\n", "shop/pay.py": CANCELLED.replace("JOB", job).replace("GUARD", guard)})
    report = review(tmp_path, Settings(use_cache=False, checks=("order/unguarded-transition",)))
    assert [o.ruling for o in report.obligations] == [ruling]
