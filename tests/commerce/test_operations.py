"""Where providers are asked for something, in code that does not say so in every file."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tillproof.flow.program import Fn
from tillproof.flow.values import Result
from tillproof.ir.ops import Op

HEADER = "<?php\nnamespace Adyen\\Payment;\n"


def test_in_a_plugin_for_one_provider_a_word_that_stands_everywhere_still_tells(tmp_path: Path) -> None:
    files = {"composer.json": '{"require": {"adyen/php-api-library": "^2.1"}}'}
    files |= {f"src/Part{n}.php": f"{HEADER}class Part{n} {{ public $adyen; }}\n" for n in range(80)}
    files["src/Authorise.php"] = f"""{HEADER}
class Authorise
{{
    public function place($request)
    {{
        $service = new \\Adyen\\Service\\Payment($this->client);
        return $service->authorise($request);
    }}
}}
"""
    model, _ = model_of(tmp_path, files)
    assert [(s.operation.op, s.fn.file) for s in model.operations.sites] == [("payment.create", "src/Authorise.php")]


def test_a_trait_that_sends_by_wordpress_is_asked_what_its_callers_send(tmp_path: Path) -> None:
    sends = """<?php
trait Sends {
    private function send(string $url, array $args) {
        $args['timeout'] = 30;
        return wp_remote_get($url, $args);
    }
}
"""
    refunds = """<?php
// PayPal: what goes back.
class PayPalRefunds {
    use Sends;
    public function refund($capture) {
        $url = trailingslashit($this->host) . 'v2/payments/captures/' . $capture . '/refund';
        return $this->send($url, ['method' => 'POST', 'headers' => ['Prefer' => 'return=representation']]);
    }
}
"""
    model, _ = model_of(tmp_path, {"src/Sends.php": sends, "src/PayPalRefunds.php": refunds})
    assert [(s.provider.id, s.operation.op, s.fn.file) for s in model.operations.sites] == [("paypal", "refund.create", "src/Sends.php")]


def test_a_folder_that_is_called_like_an_sdk_does_not_stand_for_it(tmp_path: Path) -> None:
    code = "import stripe as sdk\n\n\ndef give_back(charge):\n    return sdk.Refund.create(charge=charge)\n"
    files = {
        "shop/links/stripe/__init__.py": "",
        "shop/links/stripe/service.py": code,
        "shop/money/stripe.py": code,
    }
    model, _ = model_of(tmp_path, files)
    found = [("shop/links/stripe/service.py", "refund.create"), ("shop/money/stripe.py", "refund.create")]
    assert sorted((s.fn.file, s.operation.op) for s in model.operations.sites) == found


@pytest.mark.parametrize(
    "url",
    [
        '"https://api.mollie.com/v2/payments/{}/refunds".format(payment.remote_id)',
        '"{base}/payments/{id}/refunds".format(id=payment.remote_id, base=API)',
        "PATH.format(API, payment.remote_id)",
        '"%s/payments/%s/refunds" % (API, payment.remote_id)',
    ],
)
def test_an_address_is_known_whose_holes_a_format_fills(tmp_path: Path, url: str) -> None:
    code = f"""\
import requests

API = "https://api.mollie.com/v2"
PATH = "{{0}}/payments/{{1}}/refunds"


def give_back(payment, body):
    return requests.post({url}, json=body)
"""
    model, _ = model_of(tmp_path, {"refunds.py": code})
    assert [(s.provider.id, s.operation.op) for s in model.operations.sites] == [("mollie", "refund.create")]


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("https://api.paystack.co/", "transaction/initialize"),
        ("https://api.paystack.co/", "/transaction/initialize"),
        ("https://api.paystack.co", "transaction/initialize"),
        ("https://api.paystack.co/v0/old", "/transaction/initialize"),
    ],
)
def test_an_address_is_known_that_is_joined(tmp_path: Path, base: str, path: str) -> None:
    code = f"""\
from urllib.parse import urljoin
import requests
class Client:
    base = {base!r}
    def send(self, path, body):
        return requests.post(urljoin(self.base, path), json=body, timeout=9)
    def begin(self, amount):
        return self.send({path!r}, {{"amount": amount}})
"""
    model, _ = model_of(tmp_path, {"pay.py": code})
    assert [(s.provider.id, s.operation.op) for s in model.operations.sites] == [("paystack", "checkout.create")]


def test_a_format_that_writes_a_number_is_no_text_with_holes(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path, {"sums.py": 'def told(total):\n    return "{:.2f}".format(total)\n'})
    (fn,) = model.program.functions_by_name["told"]
    body = model.program.body(fn)
    (end,) = (i for i, op in enumerate(body.op) if op == Op.RETURN)
    assert isinstance(model.evaluator.value(fn, body.args(end)[0]), Result)


_TAX_MODULE = """<?php
namespace Acme\\Tax\\Model;

use Laminas\\Http\\Request;
use Magento\\Framework\\HTTP\\LaminasClientFactory;

class Rates
{
    public function __construct(private LaminasClientFactory $clients, private QuoteLogFactory $logs) {}

    public function forOrder(array $order): array
    {
        $client = $this->prepared('https://api.taxjar.com/v2/taxes');
        $client->setRawBody(json_encode($order));
        $this->logs->create()->remember($order);
        return json_decode($client->send()->getBody(), true);
    }

    private function prepared(string $url)
    {
        $client = $this->clients->create();
        $client->setUri($url);
        $client->setMethod(Request::METHOD_POST);
        return $client;
    }
}
"""
_QUOTE_LOG = """<?php
namespace Acme\\Tax\\Model;

class QuoteLog
{
    public function remember(array $order): void {}
}
"""


def test_factories_that_magento_writes_give_clients_and_objects_of_ours(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path, {"Model/Rates.php": _TAX_MODULE, "Model/QuoteLog.php": _QUOTE_LOG})
    assert [(s.provider.id, s.operation.op) for s in model.operations.sites] == [("taxjar", "tax.calculate")]
    remember = Fn("Model/QuoteLog.php", 0)
    assert [fn.file for fn, _, _ in model.callers.of(remember)] == ["Model/Rates.php"]


def test_an_address_that_is_joined_of_base_and_path_is_the_provider_s(tmp_path: Path) -> None:
    code = """import requests
from urllib.parse import urljoin

BASE = "https://secure.przelewy24.pl/api/v1/"


def settle(session, amount):
    return requests.put(urljoin(BASE, "transaction/verify"), json={"sessionId": session, "amount": amount, "currency": "PLN"})
"""
    model, _ = model_of(tmp_path, {"shop/przelewy24.py": code})
    assert [(s.provider.id, s.operation.op) for s in model.operations.sites] == [("przelewy24", "payment.confirm")]


def test_query_arguments_that_wordpress_adds_leave_the_address_what_it_is(tmp_path: Path) -> None:
    code = """<?php
class PagSeguro_Notices {
    public function look_up($code) {
        $url = add_query_arg(['email' => $this->email], 'https://ws.pagseguro.uol.com.br/v3/transactions/notifications/' . $code);
        return wp_remote_get($url);
    }
}
"""
    model, _ = model_of(tmp_path, {"includes/notices.php": code})
    assert [(s.provider.id, s.operation.op) for s in model.operations.sites] == [("pagseguro", "payment.retrieve")]
