"""Idempotency keys where a client of the shop's own sends all requests, and where the SDK takes them for the whole client alone."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tillproof.review import review
from tillproof.settings import Settings

_ID = "idempotency/missing-key"
_PHP = """\
<?php
class Client
{
    public function __construct(private string $secret) {}
    private function request(string $method, string $path, array $params = [], ?string $key = null): array
    {
        $headers = ['Authorization: Bearer ' . $this->secret];
        LINE
        $ch = curl_init('https://api.stripe.com/v1' . $path);
        curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
        curl_setopt($ch, CURLOPT_CUSTOMREQUEST, $method);
        curl_setopt($ch, CURLOPT_HTTPHEADER, $headers);
        curl_setopt($ch, CURLOPT_POSTFIELDS, http_build_query($params));
        return json_decode(curl_exec($ch), true);
    }
    public function find(string $id): array
    {
        return $this->request('GET', '/payment_intents/' . $id);
    }
    public function begin(int $amount, int $order): array
    {
        return $this->request('POST', '/payment_intents', ['amount' => $amount, 'currency' => 'usd'], "order-$order");
    }
    public function refund(string $intent, int $refund): array
    {
        return $this->request('POST', '/refunds', ['payment_intent' => $intent, 'amount' => 5], "refund-$refund");
    }
}
"""
_LARAVEL = """\
<?php
namespace App\\Gateways;
use Illuminate\\Support\\Facades\\Http;
class Gateway
{
    private function request($method, $url, $data = [])
    {
        $http = Http::withToken(config('services.stripe.secret'))->asForm();
        return $http->$method('https://api.stripe.com/v1' . $url, $data)->throw()->object();
    }
    public function customer($id)
    {
        return $this->request('get', '/customers/' . $id);
    }
    public function open($invoice)
    {
        return $this->request('post', '/payment_intents', ['amount' => $invoice->cents, 'currency' => 'eur']);
    }
    public function charge($invoice)
    {
        return $this->request('post', '/payment_intents', ['amount' => $invoice->cents, 'confirm' => 'true', 'payment_method' => 'pm_1']);
    }
}
"""
_RAZORPAY = """\
const Razorpay = require('razorpay');
exports.refund = async (refund) => {
  const client = new Razorpay({ key_id: process.env.ID, key_secret: process.env.SECRET HEADERS });
  return client.payments.refund(refund.payment, { amount: refund.amount });
};
"""
_CREDIT = """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
exports.credit = async (customer, trial) => stripe.customers.createBalanceTransaction(customer, { amount: -1500, currency: 'usd' } OPTIONS);
"""


@pytest.mark.parametrize(
    ("line", "rulings"),
    [("if ($key !== null) {\n            $headers[] = 'Idempotency-Key: ' . $key;\n        }", ["held", "held"]), ("", ["broken"])],
)
def test_a_header_line_that_is_put_into_the_list_later_is_sent(tmp_path: Path, line: str, rulings: list[str]) -> None:
    found = ruled(tmp_path, _ID, {"src/Client.php": _PHP.replace("LINE", line)})
    assert [said for said, *_ in found] == rulings


def test_a_request_that_all_share_is_told_once_with_those_who_ask(tmp_path: Path) -> None:
    shop = {"composer.json": '{"require": {"laravel/framework": "^11.0"}}', "app/Gateways/Gateway.php": _LARAVEL}
    assert ruled(tmp_path, _ID, shop) == [("broken", "app/Gateways/Gateway.php", 9)]
    (finding,) = review(tmp_path, Settings(use_cache=False, checks=(_ID,))).findings
    assert {step.line for step in finding.trace if step.kind == "missing"} == {9, 17, 21}


@pytest.mark.parametrize(("headers", "ruling"), [(", headers: { 'X-Refund-Idempotency': `refund-${refund.id}` }", "held"), ("", "broken")])
def test_a_client_made_for_one_refund_sends_its_key(tmp_path: Path, headers: str, ruling: str) -> None:
    shop = {"package.json": '{"dependencies": {"razorpay": "2"}}', "refund.js": _RAZORPAY.replace(" HEADERS", headers)}
    assert [said for said, *_ in ruled(tmp_path, _ID, shop)] == [ruling]


@pytest.mark.parametrize(("options", "ruling"), [(", { idempotencyKey: `trial-${trial.id}` }", "held"), ("", "broken")])
def test_credit_on_a_balance_is_money(tmp_path: Path, options: str, ruling: str) -> None:
    shop = {"package.json": '{"dependencies": {"stripe": "14"}}', "credit.js": _CREDIT.replace(" OPTIONS", options)}
    assert [said for said, *_ in ruled(tmp_path, _ID, shop)] == [ruling]
