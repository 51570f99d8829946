"""Rulings on plugins that carry a copy of a provider's library with them, in a folder that does not say so."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken
from tests.checks.test_stock import ruled

_GATEWAY = """<?php
class WC_Gateway_Kiosk extends WC_Payment_Gateway {
    public function process_payment( $order_id ) {
        $order = wc_get_order( $order_id );
        %s
        return array( 'result' => 'success', 'redirect' => $this->get_return_url( $order ) );
    }
}
"""
_OMISE = """<?php
class OmiseApiResource {
    protected static function g_create($url, $params) {
        $resource = new static();
        $resource->execute($url, 'POST', $params);
        return $resource;
    }
    protected function execute($url, $method, $params = null) {
        $ch = curl_init($url);
        curl_setopt($ch, CURLOPT_POSTFIELDS, http_build_query($params));
        curl_setopt($ch, CURLOPT_TIMEOUT, 60);
        return json_decode(curl_exec($ch), true);
    }
}
class OmiseCharge extends OmiseApiResource {
    public static function create($params) { return parent::g_create('https://api.omise.co/charges', $params); }
    public static function retrieve($id) { return new static($id); }
    public function refund($params) { return $this->execute('https://api.omise.co/charges/' . $this->id . '/refunds', 'POST', $params); }
}
"""
_STRIPE = """<?php
namespace Stripe;
class Charge extends ApiResource {
    public static function create($params = null, $options = null) { return self::_create($params, $options); }
}
"""
_CHARGE = "$charge = {call}( array( 'amount' => {amount}, 'currency' => $order->get_currency(), 'source' => $_POST['token'] ) );"


@pytest.mark.parametrize("call", ["OmiseCharge::create", "\\Stripe\\Charge::create"])
def test_what_a_carried_library_is_asked_for_is_asked_of_the_provider(tmp_path: Path, call: str) -> None:
    library = {"lib/omise/OmiseCharge.php": _OMISE, "lib/stripe/Charge.php": _STRIPE}
    raw = _GATEWAY % _CHARGE.format(call=call, amount="$order->get_total() * 100")
    assert [r for r, _, _ in ruled(tmp_path / "raw", "payment/amount-unit", {"kiosk.php": raw, **library})] == ["broken"]
    assert broken(tmp_path / "raw", "payment/amount-unit", {"kiosk.php": raw, **library}) == [("kiosk.php", 5)]
    decimals = "(int) round( $order->get_total() * pow( 10, wc_get_price_decimals() ) )"
    sound = _GATEWAY % _CHARGE.format(call=call, amount=decimals)
    assert broken(tmp_path / "sound", "payment/amount-unit", {"kiosk.php": sound, **library}) == []


def test_a_refund_is_asked_of_what_a_carried_library_has_fetched(tmp_path: Path) -> None:
    gateway = """<?php
class WC_Gateway_Kiosk extends WC_Payment_Gateway {
    public function process_refund( $order_id, $amount = null, $reason = '' ) {
        $order = wc_get_order( $order_id );
        $charge = OmiseCharge::retrieve( $order->get_transaction_id() );
        $charge->refund( array( 'amount' => %s ) );
        return true;
    }
}
"""
    files = {"kiosk.php": gateway % "$amount * 100", "lib/omise/OmiseCharge.php": _OMISE}
    assert broken(tmp_path / "raw", "payment/amount-unit", files) == [("kiosk.php", 6)]
    files["kiosk.php"] = gateway % "(int) round( $amount * pow( 10, wc_get_price_decimals() ) )"
    assert broken(tmp_path / "sound", "payment/amount-unit", files) == []


def test_a_class_of_ours_that_bears_a_providers_name_is_ours(tmp_path: Path) -> None:
    """A pack speaks of the facade ``Paystack`` and its method ``getPaymentData``; this class has no such method."""
    own = """<?php
class Paystack {
    public function begin($amount) {
        $ch = curl_init('https://api.paystack.co/transaction/initialize');
        curl_setopt($ch, CURLOPT_POSTFIELDS, http_build_query(['amount' => $amount, 'email' => 'a@b.c', 'currency' => 'NGN']));
        curl_setopt($ch, CURLOPT_TIMEOUT, 20);
        return json_decode(curl_exec($ch));
    }
}
"""
    page = "<?php\nrequire 'Paystack.php';\n$paystack = new Paystack();\n$paystack->begin(%s);\n"
    files = {"Paystack.php": own, "pay.php": page % "$_POST['total']"}
    assert [file for file, _ in broken(tmp_path / "theirs", "payment/client-amount", files)] != []
    files["pay.php"] = page % "1000"
    assert broken(tmp_path / "fixed", "payment/client-amount", files) == []


_REFUND = """<?php
use Razorpay\\Api\\Api;
class WC_Gateway_Kiosk extends WC_Payment_Gateway {
    public function process_refund( $order_id, $amount = null, $reason = '' ) {
        $order = wc_get_order( $order_id );
        $api = new Api( $this->key, $this->secret );
        %s
        $api->payment->fetch( $order->get_transaction_id() )->refund( array( 'amount' => (int) round( $amount * 100 ) ) );
        return true;
    }
}
"""


def test_the_header_that_the_client_is_given_is_a_refunds_key(tmp_path: Path) -> None:
    key = "$api->setHeader( 'X-Refund-Idempotency', 'refund-' . $order_id . '-' . count( $order->get_refunds() ) );"
    assert broken(tmp_path / "none", "idempotency/missing-key", {"kiosk.php": _REFUND % ""}) == [("kiosk.php", 8)]
    assert broken(tmp_path / "given", "idempotency/missing-key", {"kiosk.php": _REFUND % key}) == []


# --- one address for several messages

_HOOK = """<?php
use Razorpay\\Api\\Api;
add_action( 'woocommerce_api_kiosk', 'kiosk_hook' );
function kiosk_hook() {
    $body = file_get_contents( 'php://input' );
    $api = new Api( get_option( 'kiosk_key' ), get_option( 'kiosk_secret' ) );
    $api->utility->verifyWebhookSignature( $body, $_SERVER['HTTP_X_RAZORPAY_SIGNATURE'], get_option( 'kiosk_hook_secret' ) );
    $event = json_decode( $body, true );
    $entity = $event['payload']['payment']['entity'];
    switch ( $event['event'] ) {
        case 'payment.authorized':
            kiosk_take( $api, $entity );
            break;
        case 'payment.captured':
            kiosk_taken( $api, $entity );
            break;
    }
}
function kiosk_take( $api, $entity ) {
    $order = wc_get_order( $entity['notes']['order'] );
    $api->payment->fetch( $entity['id'] )->capture( array( 'amount' => (int) round( $order->get_total() * 100 ), 'currency' => 'INR' ) );
    $order->payment_complete( $entity['id'] );
}
function kiosk_taken( $api, $entity ) {
    $order = wc_get_order( $entity['notes']['order'] );
    $payment = $api->payment->fetch( $entity['id'] );
    if ( 'captured' !== $payment['status']%s ) {
        return;
    }
    $order->payment_complete( $entity['id'] );
}
"""


def test_a_sum_that_one_message_has_captured_says_nothing_of_what_another_tells(tmp_path: Path) -> None:
    check = "payment/amount-not-reconciled"
    assert broken(tmp_path / "any", check, {"kiosk.php": _HOOK % ""}) == [("kiosk.php", 30)]
    compared = " || (int) round( $order->get_total() * 100 ) !== (int) $payment['amount']"
    assert broken(tmp_path / "held", check, {"kiosk.php": _HOOK % compared}) == []


_OPENPAYU = """<?php
class OpenPayU_Order extends OpenPayU {
    public static function consumeNotification($data) {
        self::verifyDocumentSignature($data, OpenPayU_HttpCurl::getSignature(OpenPayU_Util::getRequestHeaders()));
        return OpenPayU_Order::verifyResponse(array('response' => $data, 'code' => 200), 'OrderNotifyRequest');
    }
}
"""
_NOTIFIED = """<?php
class WC_Gateway_PayU extends WC_Payment_Gateway {
    public function __construct() { add_action('woocommerce_api_wc_gateway_payu', array($this, 'ipn')); }
    public function ipn() {
        $body = trim(file_get_contents('php://input'));
        try {
            $told = CONSUMED->order;
        } catch (Exception $e) {
            header('HTTP/1.1 400', true, 400);
            die();
        }
        $order = wc_get_order((int) $told->extOrderId);
        if ($told->status === 'COMPLETED' && !$order->is_paid()) {
            $order->payment_complete($told->orderId);
        }
    }
}
"""


@pytest.mark.parametrize("carried", [True, False])
def test_payus_library_takes_no_message_that_is_not_signed(tmp_path: Path, carried: bool) -> None:
    library = {"includes/lib/OpenPayU/v2/Order.php": _OPENPAYU} if carried else {"composer.json": '{"require":{"openpayu/openpayu":"2"}}'}
    sound = _NOTIFIED.replace("CONSUMED", "OpenPayU_Order::consumeNotification($body)->getResponse()")
    assert broken(tmp_path / "sound", "payment/webhook-unverified", {"payu.php": sound, **library}) == []
    raw = _NOTIFIED.replace("CONSUMED", "json_decode($body)")
    assert broken(tmp_path / "raw", "payment/webhook-unverified", {"payu.php": raw, **library}) != []


_UNIREST = """<?php
namespace Unirest;
class Request {
    public static function post($url, $headers = array(), $body = null) { return self::send('POST', $url, $body, $headers); }
    public static function timeout($seconds) { self::$timeout = $seconds; }
    public static function verifyPeer($enabled) { self::$verifyPeer = $enabled; }
    public static function send($method, $url, $body = null, $headers = array()) {
        $handle = curl_init();
        curl_setopt_array($handle, array(CURLOPT_URL => $url, CURLOPT_POSTFIELDS => $body, CURLOPT_TIMEOUT => self::$timeout));
        return new Response(curl_exec($handle));
    }
}
"""
_PAYPAL = """<?php
class Paypal {
    public function open($order, $token) {
        $headers = ['Authorization' => "Bearer $token"HEADERS];
        $unit = ['amount' => ['value' => number_format($order->total, 2, '.', ''), 'currency_code' => 'EUR']];
        $body = json_encode(['intent' => 'CAPTURE', 'purchase_units' => [$unit]]);
        Unirest\\Request::verifyPeer(CHECKED);
        BEFORE
        return Unirest\\Request::post('https://api-m.paypal.com/v2/checkout/orders', $headers, $body);
    }
}
"""
_OF_CLIENT = ("boundary/insecure-transport", "idempotency/missing-key", "resilience/no-timeout")


def test_a_client_for_http_that_is_carried_along_is_the_client_that_it_is_a_copy_of(tmp_path: Path) -> None:
    library = {"lib/external/Unirest/Request.php": _UNIREST}
    careless = _PAYPAL.replace("HEADERS", "").replace("CHECKED", "false").replace("BEFORE", "")
    found = {check: broken(tmp_path / "careless", check, {"pay/Paypal.php": careless, **library}) for check in _OF_CLIENT}
    assert found == {
        "boundary/insecure-transport": [("pay/Paypal.php", 7)],
        "idempotency/missing-key": [("pay/Paypal.php", 9)],
        "resilience/no-timeout": [("pay/Paypal.php", 9)],
    }
    careful = _PAYPAL.replace("HEADERS", ", 'PayPal-Request-Id' => \"order-{$order->id}\"").replace("CHECKED", "true")
    careful = careful.replace("BEFORE", "Unirest\\Request::timeout(15);")
    assert all(broken(tmp_path / "careful", check, {"pay/Paypal.php": careful, **library}) == [] for check in _OF_CLIENT)
