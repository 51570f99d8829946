"""What bounds a request where nobody says so: SDKs that wait for ever, runtimes without a bound, and where code bounds them."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed, rulings

_XENDIT = """<?php
use GuzzleHttp\\Client;
use Xendit\\Invoice\\CreateInvoiceRequest;
use Xendit\\Invoice\\InvoiceApi;
class Checkout {{
    public function begin($order) {{
        $api = new InvoiceApi({client});
        return $api->createInvoice(new CreateInvoiceRequest(['external_id' => $order->id, 'amount' => $order->total]));
    }}
}}
"""


@pytest.mark.parametrize(
    ("client", "ruling"), [("", "broken"), ("null", "broken"), ("new Client(['timeout' => 20])", "held"), ("new Client()", "broken")]
)
def test_an_sdk_that_makes_a_plain_client_is_bounded_by_the_client_that_it_is_given(tmp_path: Path, client: str, ruling: str) -> None:
    report = reviewed(tmp_path, {"checkout.php": _XENDIT.format(client=client)}, "no-timeout")
    assert rulings(report) == [ruling]


_SSLCOMMERZ = """const SSLCommerzPayment = require('sslcommerz-lts');
exports.pay = async (id) => {
  const gateway = new SSLCommerzPayment(process.env.STORE, process.env.PASS, true);
  return gateway.validate({ val_id: id });
};
"""
_OMISE = """import * as omise from 'omise';
export class Payments {
  private client: any;
  constructor() { this.client = omise({ secretKey: process.env.OMISE_SECRET }); }
  async pay(order) { return this.client.charges.create({ amount: order.total, currency: 'thb', card: order.card }); }
}
"""
_MIDTRANS = """<?php
class Pay {
    public function token($order) {
        \\Midtrans\\Config::$serverKey = getenv('MIDTRANS');
        return \\Midtrans\\Snap::getSnapToken(['transaction_details' => ['order_id' => $order->id, 'gross_amount' => $order->total]]);
    }
}
"""


@pytest.mark.parametrize(
    ("file", "code"), [("pay.js", _SSLCOMMERZ), ("pay.ts", _OMISE), ("pay.php", _MIDTRANS)], ids=["sslcommerz", "omise", "midtrans"]
)
def test_sdks_that_wait_for_ever(tmp_path: Path, file: str, code: str) -> None:
    assert rulings(reviewed(tmp_path, {file: code}, "no-timeout")) == ["broken"]


_ROUTE = """{imports}
{serve}(async (req) => {{
  const { order } = await req.json();
  const answer = await fetch('https://api.razorpay.com/v1/orders', {{ method: 'POST', body: JSON.stringify(order){bound} }});
  return new Response(await answer.text());
}});
""".replace("{ order }", "{{ order }}")


@pytest.mark.parametrize(
    ("imports", "serve"),
    [
        ("import { serve } from 'https://deno.land/std@0.168.0/http/server.ts';", "serve"),
        ("import { createClient } from 'npm:@supabase/supabase-js@2';", "Deno.serve"),
        ("import 'jsr:@supabase/functions-js/edge-runtime.d.ts';", "Deno.serve"),
    ],
)
@pytest.mark.parametrize(("bound", "ruling"), [("", "broken"), (", signal: AbortSignal.timeout(9000)", "held")])
def test_the_fetch_of_deno_waits_for_ever(tmp_path: Path, imports: str, serve: str, bound: str, ruling: str) -> None:
    files = {"supabase/functions/create-order/index.ts": _ROUTE.format(imports=imports, serve=serve, bound=bound)}
    report = reviewed(tmp_path, files, "no-timeout")
    assert rulings(report) == [ruling]
    assert not any("300" in f.message for f in report.findings)


def test_a_route_that_creates_something_is_no_installer(tmp_path: Path) -> None:
    sent = "return fetch('https://api.razorpay.com/v1/orders', { method: 'POST', body: await req.text() });"
    code = f"export async function POST(req) {{ {sent} }}\n"
    package = {"packages/create-shop/index.js": code.replace("export async function POST", "async function load")}
    assert rulings(reviewed(tmp_path / "app", {"app/api/create-order/route.js": code}, "no-timeout")) == ["broken"]
    assert rulings(reviewed(tmp_path / "tool", package, "no-timeout")) in ([], ["held"])


_SERVICE = """const axios = require('axios');
const baseURL = process.env.{setting};
class AcmePayService {{
  constructor() {{
    this._axios = axios.create({{ baseURL, headers: {{ Accept: 'application/json' }}{bound} }});
  }}
  async transfer(body) {{
    const response = await this._axios.post('/payout/transfer', body);
    return response.data;
  }}
}}
module.exports = AcmePayService;
"""


@pytest.mark.parametrize(
    ("setting", "bound", "expected"),
    [
        ("ACMEPAY_BASEURL", "", ["broken"]),
        ("ACMEPAY_URL", ", timeout: 9000", []),
        ("ACMEPAY_API_ENDPOINT", "", ["broken"]),
        ("APP_BASE_URL", "", []),
    ],
)
def test_a_client_goes_where_the_setting_of_its_base_says(tmp_path: Path, setting: str, bound: str, expected: list[str]) -> None:
    report = reviewed(tmp_path, {"services/AcmepayService.js": _SERVICE.format(setting=setting, bound=bound)}, "no-timeout")
    assert [r for r in rulings(report) if r != "held"] == expected


def test_the_login_of_an_rpc_client_counts_as_a_call(tmp_path: Path) -> None:
    code = (
        "import xmlrpc.client\n\n\nclass Odoo:\n"
        "    def __init__(self, url, db, user, password):\n"
        '        self.common = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common")\n'
        "        self.uid = self.common.authenticate(db, user, password, {})\n"
    )
    report = reviewed(tmp_path, {"odoo_client.py": code}, "no-timeout")
    assert [(f.start_line, f.severity) for f in report.findings] == [(6, "medium")]


_MERCADOPAGO = """const mercadopago = require('mercadopago');
mercadopago.configure({ access_token: process.env.MP_TOKEN });
exports.begin = (order) => mercadopago.preferences.create({ items: [{ unit_price: order.total, quantity: 1 }] });
"""
_PAYSTACK_JS = """const paystack = require('paystack-api')(process.env.PAYSTACK_SECRET);
exports.begin = (order) => paystack.transaction.initialize({ amount: order.cents, email: order.email });
"""
_PAYSTACK_PY = """import os
from paystackapi.transaction import Transaction


def begin(order):
    return Transaction.initialize(reference=order.ref, amount=order.cents, email=order.email)
"""
_RESEND = """import { Resend } from 'resend';
const resend = new Resend(process.env.RESEND_API_KEY);
export const confirm = (order) => resend.emails.send({ from: 'shop@shop.test', to: order.email, subject: 'Thank you' });
"""
_SENDGRID = """import os
from sendgrid import SendGridAPIClient


def confirm(message):
    return SendGridAPIClient(os.environ["SENDGRID_API_KEY"]).send(message)
"""


@pytest.mark.parametrize(
    ("file", "code"),
    [("pay.js", _PAYSTACK_JS), ("pay.py", _PAYSTACK_PY), ("mail.ts", _RESEND), ("mail.py", _SENDGRID)],
    ids=["paystack-api", "paystackapi", "resend", "sendgrid"],
)
def test_more_sdks_that_wait_for_ever(tmp_path: Path, file: str, code: str) -> None:
    report = reviewed(tmp_path, {file: code}, "no-timeout")
    assert [f.severity for f in report.findings] == ["low" if file.startswith("mail") else "medium"]


@pytest.mark.parametrize(("version", "ruling"), [("^1.5.15", "broken"), ("^2.0.9", "held")])
def test_an_sdk_is_bounded_since_a_version(tmp_path: Path, version: str, ruling: str) -> None:
    files = {"pay.js": _MERCADOPAGO, "package.json": f'{{"dependencies": {{"mercadopago": "{version}"}}}}'}
    assert rulings(reviewed(tmp_path, files, "no-timeout")) == [ruling]


_RATES = """<?php
use Illuminate\\Support\\Facades\\Http;
class Rates {{
    public function of($city) {{
        return Http::withHeaders(['key' => env('KEY')]){bound}
            ->post('https://api.rajaongkir.com/starter/cost', ['origin' => $city])->json();
    }}
}}
"""


@pytest.mark.parametrize(
    ("version", "bound", "ruling"),
    [("^8.40", "", "broken"), ("^7.0", "", "broken"), ("^8.40", "->timeout(9)", "held"), ("^10.0", "", "held")],
)
def test_laravels_client_is_bounded_since_its_ninth_version(tmp_path: Path, version: str, bound: str, ruling: str) -> None:
    composer = f'{{"require": {{"laravel/framework": "{version}"}}}}'
    files = {"composer.json": composer, "app/Rates.php": _RATES.format(bound=bound)}
    assert rulings(reviewed(tmp_path, files, "no-timeout")) == [ruling]


@pytest.mark.parametrize(("file", "found"), [("helpers/modelsMock.js", 0), ("src/seedProducts.js", 0), ("src/mockPayment.js", 1)])
def test_what_fills_a_database_waits_for_nobody(tmp_path: Path, file: str, found: int) -> None:
    code = "const axios = require('axios');\nmodule.exports = () => axios.get('https://api.easypost.com/v2/rates');\n"
    assert len(reviewed(tmp_path, {file: code}, "no-timeout").findings) == found


_CHOSEN = """<?php
use Illuminate\\Support\\Facades\\Http;
class Pay {{
    private function call($method, $path, $data) {{
        return Http::withToken(env('K')){bound}->{{$method}}('https://api.paystack.co' . $path, $data)->json();
    }}
    public function begin($order) {{
        return $this->call('post', '/transaction/initialize', ['amount' => $order->cents, 'email' => $order->email]);
    }}
}}
"""


@pytest.mark.parametrize(("bound", "ruling"), [("", "broken"), ("->timeout(9)", "held")])
def test_a_method_in_braces_is_called(tmp_path: Path, bound: str, ruling: str) -> None:
    files = {"composer.json": '{"require": {"laravel/framework": "^8.0"}}', "app/Pay.php": _CHOSEN.format(bound=bound)}
    assert rulings(reviewed(tmp_path, files, "no-timeout")) == [ruling]


_LENT = {
    "pay.py": """import requests

BASE = "https://api.paystack.co"


class Paystack:
    def _request(self, method, path, **kwargs):
        return method(BASE + path, **kwargs).json()

    def begin(self, order):
        return self._request(requests.post, "/transaction/initialize", json={"amount": order.cents, "email": order.email}BOUND)
""",
    "retried.py": """import time
import requests


def retry(call, *args, **kwargs):
    for n in range(3):
        try:
            return call(*args, **kwargs)
        except requests.ConnectionError:
            time.sleep(2**n)


def begin(order):
    return retry(requests.post, "https://api.paystack.co/transaction/initialize", json={"amount": order.cents}BOUND)
""",
    "pay.js": """const axios = require('axios');
const call = (send, path, data, more) => send(`https://api.paystack.co${path}`, data, more);
exports.begin = (o) => call(axios.post, '/transaction/initialize', { amount: o.cents }, { headers: { A: process.env.K }BOUND });
""",
    "retried.js": """const axios = require('axios');
async function again(call, ...args) {
  for (let n = 0; n < 3; n++) {
    try { return await call(...args); } catch (e) { await new Promise((r) => setTimeout(r, 2 ** n * 100)); }
  }
}
exports.begin = (o) => again(axios.post, 'https://api.paystack.co/transaction/initialize', { amount: o.cents }, { headers: {}BOUND });
""",
}


@pytest.mark.parametrize("file", _LENT)
@pytest.mark.parametrize("bounded", [True, False])
def test_what_sends_may_be_handed_to_a_helper(tmp_path: Path, file: str, bounded: bool) -> None:
    bound = "" if not bounded else ", timeout=9" if file.endswith("py") else ", timeout: 9000"
    report = reviewed(tmp_path, {file: _LENT[file].replace("BOUND", bound)}, "no-timeout")
    assert rulings(report) == ["held" if bounded else "broken"]
