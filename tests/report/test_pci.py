"""The PCI note: who takes the card, and what level follows from it; on small trees of real files."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tillproof.commerce.boundaries import find_boundaries
from tillproof.contract import Obligation, ObligationSite, Pci
from tillproof.report.pci import pci_note


def note(root: Path, files: dict[str, str]) -> Pci:
    model, tree = model_of(root, files)
    return pci_note(model, find_boundaries(model, tree, []))


SESSION = "import stripe\n\n\ndef pay(o):\n    return stripe.checkout.Session.create(mode='payment', line_items=o.items)\n"
ORDER = "const Razorpay = require('razorpay')\nconst rzp = new Razorpay({})\nexports.pay = (o) => rzp.orders.create({ amount: o.total })\n"
CHARGE = "import stripe\n\n\ndef pay(o):\n    return stripe.Charge.create(amount=o.total, currency='eur', source=o.token)\n"
CARD = "from django.db import models\n\n\nclass Card(models.Model):\n    cvv = models.CharField(max_length=4)\n"
SPA = "import { useState } from 'react'\nexport const F = () => (\n  <input\n    autoComplete='cc-number' />\n)\n"
SENDS = """import axios from 'axios'
import { useState } from 'react'
export const F = () => {
  const [card, setCard] = useState({ cardNumber: '', cvv: '' })
  const pay = () => axios.post('/api/pay', card)
  return <input name='cardNumber' onChange={setCard} />
}
"""
JAVA = (
    "package a;\nimport com.stripe.param.checkout.SessionCreateParams;\nclass P { Object p() { return SessionCreateParams.builder(); } }\n"
)
CARD_PAGE = "resources/views/shop/pay/card.blade.php"
FORM = "<form method='post'>\n<input type='text' name='card_number'>\n</form>\n"
IPN = """from flask import Flask, request
app = Flask(__name__)


@app.route('/paypal/ipn', methods=['POST'])
def ipn():
    if request.form['payment_status'] == 'Completed' and request.form['receiver_email'] == 'us@example.com':
        print(request.form['txn_id'], request.form['mc_gross'])
    return ''
"""
COINS = """import requests


def invoice(amount):
    return requests.post("https://api.coingate.com/api/v2/orders", json={"price_amount": amount, "price_currency": "EUR"}, timeout=9).json()
"""
BILL = "import os\n\n\nasync def bill(bot, chat, prices):\n"
BILL += "    await bot.send_invoice(chat, 'Plan', 'Plan', 'x', provider_token=%s, currency='EUR', prices=prices)\n"
HEARS = """import stripe
from flask import Flask, request
app = Flask(__name__)


@app.post('/stripe/webhook')
def hook():
    event = stripe.Webhook.construct_event(request.data, request.headers['Stripe-Signature'], app.config['HOOK_SECRET'])
    if event['type'] == '%s':
        print(event['id'])
    return ''
"""
DTO = "namespace A;\npublic record Pay(string CardNumber, string CardSecurityNumber);\n"


@pytest.mark.parametrize(
    ("files", "saq", "where"),
    [
        ({"a.py": "print('hello')\n"}, "none", None),
        ({"pay.py": SESSION}, "A", ("pay.py", 5)),
        ({"pay.html": '<p>\n<script src="https://js.stripe.com/v3/"></script>\n'}, "A", ("pay.html", 2)),
        ({"pay.js": ORDER}, "A", ("pay.js", 3)),
        ({"ipn.py": IPN}, "A", ("ipn.py", 6)),
        ({"pay.py": SESSION, CARD_PAGE: FORM}, "A", ("pay.py", 5)),
        ({"pay.py": SESSION, CARD_PAGE: FORM, "a.php": "<?php\n// return view('shop.pay.card');\n"}, "A", ("pay.py", 5)),
        ({"pay.py": SESSION, CARD_PAGE: FORM, "a.php": "<?php\nreturn view('shop.pay.card');\n"}, "D", (CARD_PAGE, 2)),
        ({"pay.py": SESSION, CARD_PAGE: FORM, "a.php": "<?php\nreturn view('shop.pay.' . $way);\n"}, "D", (CARD_PAGE, 2)),
        ({"pay.py": SESSION, CARD_PAGE: FORM, "resources/views/a.blade.php": "@include('shop.pay.card')\n"}, "D", (CARD_PAGE, 2)),
        ({"pay.py": CHARGE, "b.py": "import stripe\nx = {'client_secret': 1}\n"}, "A", ("b.py", 2)),
        ({"pay.py": CHARGE, "f.html": '<input data-stripe="number"><input name="cardNumber">\n'}, "A-EP", ("f.html", 1)),
        ({"pay.py": SESSION, "f.html": '<form>\n<input type="text" name="card_number">\n</form>\n'}, "D", ("f.html", 2)),
        ({"pay.py": SESSION, "f.jsx": SPA}, "unclear", ("f.jsx", 3)),
        ({"pay.py": SESSION, "f.jsx": SENDS}, "D", ("f.jsx", 6)),
        ({"pay.py": SESSION, "v.py": "def v(request):\n    return request.POST['card_number']\n"}, "D", ("v.py", 2)),
        ({"pay.py": SESSION, "v.js": "app.post('/x', (req) => {\n  const { cardNumber, cvv } = req.body\n})\n"}, "D", ("v.js", 2)),
        ({"pay.py": SESSION, "v.php": "<?php\n$n = $_POST['cc_number'];\n"}, "D", ("v.php", 2)),
        ({"pay.py": SESSION, "m.py": CARD}, "D", ("m.py", 5)),
        ({"pay.py": SESSION, "v.py": "def v(request):\n    return request.POST['gift_card_number']\n"}, "A", ("pay.py", 5)),
        ({"pay.py": SESSION, "v.php": "<?php\n// $n = $_POST['cc_number'];\n"}, "A", ("pay.py", 5)),
        ({"pay.py": SESSION, "tests/test_v.py": "def v(request):\n    return request.POST['card_number']\n"}, "A", ("pay.py", 5)),
        ({"coins.py": COINS}, "none", ("coins.py", 5)),
        ({"coins.py": COINS, "bills.py": BILL % "os.environ['CARDS']"}, "A", ("bills.py", 5)),
        ({"coins.py": COINS, "bills.py": BILL % "''"}, "none", ("coins.py", 5)),
        ({"coins.py": COINS, "pay.py": SESSION}, "A", ("pay.py", 5)),
        ({"coins.py": COINS, "f.html": '<form>\n<input type="text" name="card_number">\n</form>\n'}, "D", ("f.html", 2)),
        ({"hook.py": HEARS % "checkout.session.completed"}, "A", ("hook.py", 7)),
        ({"hook.py": HEARS % "payment_intent.succeeded"}, "none", None),
        ({"src/P.java": JAVA}, "A", ("src/P.java", 2)),
        ({"src/Pay.cs": DTO}, "D", ("src/Pay.cs", 2)),
    ],
)
def test_the_level_and_its_evidence(tmp_path: Path, files: dict[str, str], saq: str, where: tuple[str, int] | None) -> None:
    found = note(tmp_path, files)
    assert found.saq == saq
    assert [(s.file, s.line) for s in found.evidence][:1] == ([where] if where else [])
    assert found.statement.endswith(".")


def test_what_rests_on_words_alone_is_said(tmp_path: Path) -> None:
    assert "Java is not analysed" in note(tmp_path, {"src/P.java": JAVA}).statement


PAGE = """<html>
<script src="https://js.stripe.com/v3/"></script>
<script src="https://cdn.example.net/chat.js"></script>
</html>
"""


@pytest.mark.parametrize(
    "more",
    [
        {"s.py": "H = {'Content-Security-Policy': 'script-src https://js.stripe.com'}\n"},
        {"settings.py": "CSP_SCRIPT_SRC = ('https://js.stripe.com',)\n"},
        {"server.js": "const helmet = require('helmet')\napp.use(helmet())\n"},
        {"nginx.conf": "add_header Content-Security-Policy \"script-src 'self'\";\n"},
    ],
)
def test_a_policy_for_the_page_is_seen(tmp_path: Path, more: dict[str, str]) -> None:
    found = note(tmp_path, {"pay.html": PAGE, **more})
    assert "under a content security policy" in found.statement
    assert [s.file for s in found.evidence if s.kind == "guard"] == list(more)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"server.js": "app.use(helmet({ contentSecurityPolicy: false }))\n"},
        {"a.ts": "type Name = 'content-security-policy' | 'refresh'\n"},
    ],
)
def test_a_page_without_a_policy_owes_script_controls(tmp_path: Path, more: dict[str, str]) -> None:
    found = note(tmp_path, {"pay.html": PAGE, **more})
    assert "no content security policy was found" in found.statement
    assert [(s.file, s.line) for s in found.evidence if s.kind == "missing"] == [("pay.html", 1), ("pay.html", 3)]


def test_a_script_with_a_digest_is_no_loose_one(tmp_path: Path) -> None:
    page = PAGE.replace('chat.js"', 'chat.js" integrity="sha384-x"')
    assert [s.line for s in note(tmp_path, {"pay.html": page}).evidence if s.kind == "missing"] == [1]


def test_a_number_that_is_written_down_stands_against_the_level(tmp_path: Path) -> None:
    model, tree = model_of(tmp_path, {"pay.py": SESSION})
    site = ObligationSite(kind="card-literal", file="shop.html", line=9, unit=".")
    literal = Obligation(id="o", check="pci/card-data-literal", site=site, ruling="broken", because=None, evidence=[])
    said = pci_note(model, find_boundaries(model, tree, []), [literal])
    assert said.saq == "A"
    assert "no SAQ but D allows" in said.statement
    assert (said.evidence[0].file, said.evidence[0].line, said.evidence[0].kind) == ("shop.html", 9, "missing")


STRANGE = """from flask import Flask, request
import requests
from models import Order

app = Flask(__name__)


@app.post('/pay')
def pay():
    order = Order.query.get(request.json['id'])
    answer = requests.post('https://api.nordpay.example/payments', json={'amount': order.total}, timeout=9).json()
    return {'to': %s}


@app.post('/nordpay/callback')
def nordpay_callback():
    order = Order.query.get(request.json['order'])
    order.status = 'paid'
    order.save()
    return ''
"""


def test_the_page_of_a_system_that_no_pack_knows_is_the_one_that_it_answers_with(tmp_path: Path) -> None:
    said = note(tmp_path / "page", {"a.py": STRANGE % "answer['payment_url']"})
    assert (said.saq, said.evidence[0].line) == ("A", 12)
    assert "nordpay" in said.statement
    assert note(tmp_path / "none", {"a.py": STRANGE % "answer['id']"}).saq != "A"
