"""Rulings on clients that PHP modules write for themselves: requests of PSR-18, keys made inside, libraries with a module's own files."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

MISSING, UNSTABLE = "idempotency/missing-key", "idempotency/unstable-key"

# --- a request whose headers are set one after the other

_GATEWAY = """<?php
namespace Shop\\PayPal;

use Psr\\Http\\Client\\ClientInterface;
use Psr\\Http\\Message\\RequestFactoryInterface;
use Psr\\Http\\Message\\StreamFactoryInterface;

final class Gateway
{
    public function __construct(
        private ClientInterface $http,
        private RequestFactoryInterface $requests,
        private StreamFactoryInterface $streams,
        private NumbersInterface $numbers,
    ) {
    }

    public function post(string $path, string $token, array $data, array $extra = []): array
    {
        return $this->send('POST', $path, $token, $data, array_merge($extra, ['PayPal-Request-Id' => $this->numbers->next()]));
    }

    private function send(string $method, string $path, string $token, array $data, array $extra): array
    {
        $headers = array_merge(['Authorization' => 'Bearer ' . $token, 'Content-Type' => 'application/json'], $extra);
        $request = $this->requests->createRequest($method, 'https://api-m.paypal.com/' . $path);
        foreach ($headers as $name => $value) {
            $request = $request->withHeader($name, $value);
        }
        $request = $request->withBody($this->streams->createStream(json_encode($data)));
        $response = $this->http->sendRequest($request);
        if ($response->getStatusCode() >= 300) {
            throw new \\RuntimeException('PayPal refused');
        }

        return json_decode((string) $response->getBody(), true);
    }
}
"""
_NUMBERS = """<?php
namespace Shop\\PayPal;

use Ramsey\\Uuid\\Uuid;

interface NumbersInterface
{
    public function next(): string;
}

final class Numbers implements NumbersInterface
{
    public function next(): string
    {
        return Uuid::uuid4()->toString();
    }
}
"""
_REFUNDS = """<?php
namespace Shop\\PayPal;

final class Refunds
{
    public function __construct(private Gateway $gateway)
    {
    }

    public function refund(string $token, string $capture, string $amount, string $currency): array
    {
        return $this->gateway->post(
            sprintf('v2/payments/captures/%s/refund', $capture),
            $token,
            ['amount' => ['value' => $amount, 'currency_code' => $currency]],
        );
    }

    public function open(string $token, array $order): array
    {
        return $this->gateway->post('v2/checkout/orders', $token, ['intent' => 'CAPTURE', 'purchase_units' => [$order]]);
    }
}
"""
_MADE = "array_merge($extra, ['PayPal-Request-Id' => $this->numbers->next()])"


def test_a_key_that_is_made_inside_a_client_is_the_clients(tmp_path: Path) -> None:
    files = {"Gateway.php": _GATEWAY, "Numbers.php": _NUMBERS, "Refunds.php": _REFUNDS}
    assert broken(tmp_path, UNSTABLE, files) == [("Gateway.php", 20)]
    assert broken(tmp_path, MISSING, files) == []


def test_a_key_that_callers_give_is_sent_with_the_other_headers(tmp_path: Path) -> None:
    gateway = _GATEWAY.replace("array $data, array $extra = [])", "array $data, string $reference, array $extra = [])")
    gateway = gateway.replace("$this->numbers->next()", "$reference")
    refunds = _REFUNDS.replace("$currency]],", '$currency]],\n            "refund-$capture-$amount",')
    refunds = refunds.replace("[$order]])", "[$order]], 'order-' . $order['reference_id'])")
    files = {"Gateway.php": gateway, "Numbers.php": _NUMBERS, "Refunds.php": refunds}
    assert broken(tmp_path, UNSTABLE, files) == broken(tmp_path, MISSING, files) == []


def test_headers_without_a_key_are_each_callers_flaw(tmp_path: Path) -> None:
    files = {"Gateway.php": _GATEWAY.replace(_MADE, "$extra"), "Numbers.php": _NUMBERS, "Refunds.php": _REFUNDS}
    assert [file for file, _ in broken(tmp_path, MISSING, files)] == ["Refunds.php", "Refunds.php"]


# --- what a module keeps next to a library

_SDK = '{{"name": "mollie/mollie-api-php", "autoload": {autoload}}}'
_OWN = """<?php
namespace Acme;
class Http {
    public function get($url) {
        $ch = curl_init();
        curl_setopt($ch, CURLOPT_SSL_VERIFYPEER, false);
        curl_setopt($ch, CURLOPT_URL, $url);
        curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
        return json_decode(curl_exec($ch), true);
    }
}
"""


@pytest.mark.parametrize(
    ("autoload", "own"),
    [
        ('{"psr-4": {"Mollie\\\\Api\\\\": "src/"}}', True),
        ('{"psr-4": {"Mollie\\\\Api\\\\": ["src/", "lib/"]}}', True),
        ('{"psr-4": {"Mollie\\\\Api\\\\": ""}}', False),
        ('{"classmap": ["./"]}', False),
        ('{"classmap": ["Http.php"]}', False),
        ("{}", False),
    ],
)
def test_a_class_beside_a_library_is_the_modules(tmp_path: Path, autoload: str, own: bool) -> None:
    folder = "system/library/mollie"
    files = {
        f"{folder}/composer.json": _SDK.format(autoload=autoload),
        f"{folder}/Http.php": _OWN,
        f"{folder}/src/Curl.php": _OWN,
        f"{folder}/lib/Curl.php": _OWN,
        "index.php": "<?php\n",
    }
    found = broken(tmp_path, "boundary/insecure-transport", files)
    assert found == ([(f"{folder}/Http.php", 6)] if own else [])


# --- what is asked of the objects that a client gave

_MODULE = """<?php
namespace Acme;
use Mollie\\Api\\MollieApiClient;
class Payments {{
    public function __construct(private MollieApiClient $mollie) {{}}
    public function act($order, $line) {{
        {act}
    }}
}}
"""
_KEY = "$this->mollie->setIdempotencyKey('order-' . $order->id . '-' . $line->id); "
_ACTS = [
    "$this->mollie->orders->get($order->mollie_id)->refundAll(['metadata' => ['order' => $order->id]]);",
    "$paid = $this->mollie->orders->get($order->mollie_id); $paid->refund(['lines' => [['id' => $line->mollie_id, 'quantity' => 1]]]);",
    "$customer = $this->mollie->customers->get($order->customer); $customer->createSubscription(['amount' => $line->amount]);",
    "$customer = $this->mollie->customers->get($order->customer); $customer->createPayment(['amount' => $line->amount]);",
]


@pytest.mark.parametrize("act", _ACTS)
def test_money_is_moved_by_a_method_of_what_was_fetched(tmp_path: Path, act: str) -> None:
    assert broken(tmp_path, MISSING, {"Payments.php": _MODULE.format(act=act)}) == [("Payments.php", 7)]


@pytest.mark.parametrize("act", _ACTS)
def test_a_key_is_set_before_it(tmp_path: Path, act: str) -> None:
    first, then = act.split("; ", 1) if "; " in act else ("", act)
    first += "; " if first else ""
    assert broken(tmp_path, MISSING, {"Payments.php": _MODULE.format(act=first + _KEY + then)}) == []


_HOOK = """<?php
require 'vendor/autoload.php';
$mollie = new \\Mollie\\Api\\MollieApiClient();
$mollie->setApiKey(getenv('MOLLIE_KEY'));
$db = new PDO(getenv('DSN'));
{asked}
    $db->prepare("UPDATE orders SET status = 'paid' WHERE link_id = ?")->execute([$_POST['id']]);
}}
"""


@pytest.mark.parametrize(
    ("asked", "lines"),
    [("$link = $mollie->paymentLinks->get($_POST['id']);\nif ($link->isPaid()) {", []), ("if ($_POST['status'] === 'paid') {", [7])],
)
def test_a_payment_link_is_asked_for_again(tmp_path: Path, asked: str, lines: list[int]) -> None:
    found = broken(tmp_path, "payment/webhook-unverified", {"mollie-webhook.php": _HOOK.format(asked=asked)})
    assert [line for _, line in found] == lines


# --- a failure that is noted in the answer

_DESK = """<?php
session_start();
require 'vendor/autoload.php';
if (empty($_SESSION['staff'])) {{ http_response_code(403); exit; }}
$mollie = new \\Mollie\\Api\\MollieApiClient();
$db = new PDO(getenv('DSN'));
$json = ['error' => ''];
try {{
    $mollie->payments->get($_POST['payment'])->refund(['amount' => ['currency' => 'EUR', 'value' => $_POST['amount']]]);
}} catch (\\Mollie\\Api\\Exceptions\\ApiException $e) {{
    error_log($e->getMessage());
    {noted}
}}
{asked}
    $db->prepare("UPDATE orders SET status = 'refunded' WHERE payment_id = ?")->execute([$_POST['payment']]);
}}
echo json_encode($json);
"""


@pytest.mark.parametrize(
    ("noted", "asked", "lines"),
    [
        ("$json['error'] = 'Not refunded';", "if (!$json['error']) {", []),
        ("$json['error'] = 'Not refunded';", "if (empty($json['error'])) {", []),
        ("", "if (!$json['error']) {", [10]),
        ("$json['note'] = 'Not refunded';", "if (!$json['error']) {", [10]),
    ],
)
def test_what_is_noted_of_a_failure_is_asked_for(tmp_path: Path, noted: str, asked: str, lines: list[int]) -> None:
    found = broken(tmp_path, "resilience/swallowed-failure", {"refund.php": _DESK.format(noted=noted, asked=asked)})
    assert [line for _, line in found] == lines
