"""Python's calls that land for certain: through the class, on a private method, with nothing for an argument. What a sender's own sum is
compared with is his word."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings

UNVERIFIED, RECONCILED, RETURNED = "payment/webhook-unverified", "payment/amount-not-reconciled", "payment/fulfil-on-redirect"
MANIFEST = "{'name': 'payment_rave', 'version': '16.0', 'depends': ['payment'], 'data': []}\n"
CONTROLLER = """\
import json

from odoo import http
from odoo.http import request


class RaveController(http.Controller):
    @http.route("/payment/rave/notify", type="json", auth="public", csrf=False)
    def rave_notify(self):
        event = json.loads(request.httprequest.data)
        request.env["payment.acquirer"].sudo()._handle_rave(event, request.httprequest.headers.get("Verif-Hash"))
        return "OK"

    @http.route("/payment/rave/cancel", type="http", auth="public")
    def rave_cancel(self, **kwargs):
        tx = request.env["payment.transaction"].sudo().search([("reference", "=", kwargs["tx_ref"])])
        tx._rave_settle(CANCELLED, kwargs)
        return request.redirect("/shop")
"""
MODELS = """\
import requests
from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.tools import consteq


class Acquirer(models.Model):
    _inherit = "payment.acquirer"

    rave_secret_hash = fields.Char()
    rave_secret_key = fields.Char()

    def _rave_api(self):
        return "api.flutterwave.com/v3"

    def _handle_rave(self, data, received):
        tx = self.env["payment.transaction"].search([("reference", "=", data["tx_ref"])])
        PROOF
        Transaction._rave_verify(tx, data)

    def _check_rave(self, received):
        if not self.rave_secret_hash:
            raise ValidationError("no secret")
        if not consteq(self.rave_secret_hash, received):
            raise ValidationError("another's")


class Transaction(models.Model):
    _inherit = "payment.transaction"

    def _rave_verify(self, data):
        url = "https://%s/transactions/verify_by_reference" % (self.acquirer_id._rave_api())
        headers = {"Authorization": "Bearer %s" % (self.acquirer_id.rave_secret_key)}
        r = requests.get(url, headers=headers, params={"tx_ref": self.reference}, timeout=5)
        return self._rave_settle(r.json(), data)

    def _rave_settle(self, tree, data):
        if "cancelled" == data.get("status") and tree is None:
            self._set_transaction_cancel()
            return False
        status = tree.get("status")
        if status == "success" and tree["data"]["status"] == "successful" and COMPARED:
            self.write({"acquirer_reference": tree["data"]["flw_ref"]})
            self._set_transaction_done()
        return True
"""
OURS = 'tree["data"]["amount"] == self.amount and tree["data"]["currency"] == self.currency_id.name'
SENT = 'tree["data"]["amount"] == data["amount"] and tree["data"]["currency"] == data["currency"]'
CHECKED = "tx.acquirer_id._check_rave(received)"


def found(root: Path, proof: str = CHECKED, compared: str = OURS, cancelled: str = "None") -> list[Finding]:
    write(
        root,
        {
            "payment_rave/__manifest__.py": MANIFEST,
            "payment_rave/__init__.py": "from . import controllers, models\n",
            "payment_rave/controllers/__init__.py": "from . import main\n",
            "payment_rave/models/__init__.py": "from . import payment\n",
            "payment_rave/controllers/main.py": CONTROLLER.replace("CANCELLED", cancelled),
            "payment_rave/models/payment.py": MODELS.replace("PROOF", proof).replace("COMPARED", compared),
        },
    )
    return review(root, Settings(checks=(UNVERIFIED, RECONCILED, RETURNED), use_cache=False)).findings


def test_a_private_method_of_an_unknown_object_is_the_one_of_that_name(tmp_path: Path) -> None:
    assert found(tmp_path) == []


def test_a_charge_that_is_compared_with_the_request_alone_is_not_reconciled(tmp_path: Path) -> None:
    told = found(tmp_path, compared=SENT)
    assert [f.check for f in told] == [RECONCILED]


@pytest.mark.parametrize(("cancelled", "returned"), [("None", 0), ("kwargs", 1)])
def test_who_hands_over_nothing_fails_where_a_member_of_it_is_asked(tmp_path: Path, cancelled: str, returned: int) -> None:
    told = found(tmp_path, cancelled=cancelled)
    assert len([f for f in told if f.check == RETURNED]) == returned
