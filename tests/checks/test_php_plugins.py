"""Rulings on plugins of shop platforms: PrestaShop's, OpenCart's, Magento's, WooCommerce's and Sylius's ways of wiring."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tillproof.review import review
from tillproof.settings import Settings

# --- fields of classes

_KEYS = """<?php
class KnotKeys
{
    private static $secret = '';
    public static function setSecret($value) { %s }
    public static function getSecret() { return self::$secret; }
}
"""
_HOOK = """<?php
require 'keys.php';
KnotKeys::setSecret(getenv('STRIPE_WEBHOOK_SECRET'));
if (KnotKeys::getSecret() === '') {
    http_response_code(500);
    die('no secret');
}
$event = \\Stripe\\Webhook::constructEvent(file_get_contents('php://input'), $_SERVER['HTTP_STRIPE_SIGNATURE'], KnotKeys::getSecret());
if ($event->type === 'checkout.session.completed') {
    $db = new PDO(getenv('DSN'));
    $db->prepare('UPDATE orders SET status = ? WHERE session = ?')->execute(['paid', $event->data->object->id]);
}
"""


def test_a_static_field_holds_what_a_method_has_put_there(tmp_path: Path) -> None:
    files = {"hook.php": _HOOK, "keys.php": _KEYS % "self::$secret = $value;"}
    assert [r for r, _, _ in ruled(tmp_path / "set", "payment/webhook-unverified", files)] == ["held"]
    never = {"hook.php": _HOOK, "keys.php": _KEYS % "return $value;"}
    assert ruled(tmp_path / "never", "payment/webhook-unverified", never) == []  # it stops there, always


# --- WooCommerce

_GATEWAY = """<?php
/* Plugin Name: Knot */
class WC_Gateway_Knot extends WC_Payment_Gateway {
    public function __construct() {
        $this->id = 'knot';
        add_action('woocommerce_api_wc_gateway_knot', array($this, 'back'));
    }
    public function process_payment($order_id) {
        $order = wc_get_order($order_id);
        $made = Knot_Api::pay(array('amount' => %s, 'currency' => $order->get_currency(), 'links' => array('mandate' => 'MD1')));
        $order->update_meta_data(sprintf('_knot_%%s_id', 'payment'), $made['payments']['id']);
        $order->save();
        return array('result' => 'success');
    }
    public function back() {
        $order = wc_get_order($_GET['order']);
        $order->update_status('%s', 'he is back');
        wp_redirect($this->get_return_url($order));
        exit;
    }
}
"""
_API = """<?php
class Knot_Api {
    public static function pay($params) {
        return self::ask('payments', array('method' => 'POST', 'body' => wp_json_encode(array('payments' => $params))));
    }
    private static function ask($endpoint, $args) {
        $args = array_merge(array('timeout' => 30, 'headers' => array('Authorization' => 'Bearer ' . get_option('knot'))), $args);
        return json_decode(wp_remote_retrieve_body(wp_remote_request('https://api.gocardless.com/' . $endpoint, $args)), true);
    }
}
"""


def plugin(amount: str = "absint($order->get_total() * 100)", status: str = "on-hold") -> dict[str, str]:
    return {"knot/gateway.php": _GATEWAY % (amount, status), "knot/api.php": _API}


def test_a_status_that_a_platform_is_told_may_mean_paid(tmp_path: Path) -> None:
    check = "payment/fulfil-on-redirect"
    assert ruled(tmp_path / "paid", check, plugin(status="processing")) == [("broken", "knot/gateway.php", 17)]
    assert ruled(tmp_path / "waits", check, plugin()) == []


def test_a_sum_is_followed_through_two_wrappers(tmp_path: Path) -> None:
    check = "payment/amount-unit"
    cut = ruled(tmp_path / "cut", check, plugin(amount="intval(100 * $order->get_total())"))
    assert [r for r, _, _ in cut] == ["broken"]
    whole = ruled(tmp_path / "whole", check, plugin(amount="(int) round($order->get_total() * 100)"))
    assert [r for r, _, _ in whole] == ["held"]


_TOLD = """<?php
class Knot_Told {
    public function __construct() {
        add_action('woocommerce_api_gocardless_webhook', array($this, 'take'));
        add_action('knot_work_off_event', array($this, 'work'));
    }
    public function take() {
        $raw = file_get_contents('php://input');
        if (!hash_equals(hash_hmac('sha256', $raw, get_option('gocardless_webhook_secret')), $_SERVER['HTTP_WEBHOOK_SIGNATURE'])) {
            status_header(498);
            exit;
        }
        WC()->queue()->schedule_single(time() + 1, 'knot_work_off_event', array(json_decode($raw, true)));
    }
    public function work($payload) {
        foreach ($payload['events'] as $event) {
            $order = $this->found($event['links']['payment'], '%s');
            if ($event['action'] === 'confirmed') {
                $order->payment_complete($event['links']['payment']);
            } elseif ($event['action'] === 'failed') {
                $order->update_status('failed');
            }
        }
    }
    private function found($id, $kind) {
        global $wpdb;
        $key = sprintf('_knot_%%s_id', $kind);
        $asked = "SELECT post_id FROM {$wpdb->postmeta} WHERE meta_key = %%s AND meta_value = %%s";
        $found = $wpdb->get_var($wpdb->prepare($asked, $key, $id));
        return wc_get_order($found);
    }
}
"""


def test_what_the_queue_of_the_shop_runs_later_is_the_handlers_own_work(tmp_path: Path) -> None:
    files = plugin() | {"knot/told.php": _TOLD % "payment"}
    assert ruled(tmp_path, "order/event-order-assumed", files) == [("broken", "knot/told.php", 21)]


def test_an_order_found_by_the_payments_id_is_the_one_that_was_paid(tmp_path: Path) -> None:
    check = "payment/amount-not-reconciled"
    by_payment = ruled(tmp_path / "payment", check, plugin() | {"knot/told.php": _TOLD % "payment"})
    assert [r for r, _, _ in by_payment] == ["held"]
    by_email = ruled(tmp_path / "email", check, plugin() | {"knot/told.php": _TOLD % "customer"})
    assert [r for r, _, _ in by_email] == ["broken"]


# --- Magento

_COUNT = """<?php
namespace Knot\\Stock\\Model;
class Counter
{
    public function write($sku, $received)
    {
        $inventory = new \\stdClass;
        $inventory->qty = $received;
        $inventory->qty -= $this->reserved->execute($sku);
        $item = $this->items->create();
        $item->setSku($sku);
        $item->setQuantity($inventory->qty);
        $this->saver->execute([$item]);
    }
}
"""


def test_an_object_for_anything_is_no_row_of_stock(tmp_path: Path) -> None:
    assert ruled(tmp_path, "inventory/non-atomic-write", {"Model/Counter.php": _COUNT}) == []
    row = _COUNT.replace("new \\stdClass", "$this->inventoryRepository->getBySku($sku)")
    assert [r for r, _, _ in ruled(tmp_path / "row", "inventory/non-atomic-write", {"Model/Counter.php": row})] == ["broken"]


_MAGENTO_HOOK = """<?php
namespace Knot\\Pay\\Controller\\Webhook;
use Magento\\Framework\\App\\Action\\HttpPostActionInterface;
class Notify implements HttpPostActionInterface
{
    public function __construct(
        private \\Knot\\Pay\\Model\\Context $context,
        private \\Magento\\Framework\\App\\RequestInterface $request
    ) {}

    public function execute()
    {
        $raw = $this->request->getContent();
        $signature = $this->request->getHeader('X-Knot-Signature');
        if (!hash_equals(hash_hmac('sha256', $raw, $this->context->getSecret()), $signature)) {
            throw new \\Exception('not from Knot');
        }
        $order = $this->context->getOrderFactory()->create();
        $this->context->getOrderResource()->load($order, json_decode($raw, true)['payment_id'], 'knot_payment_id');
        if ($order->getState() === 'pending_payment') {
            $order->setState('processing');
            $this->context->getOrderRepository()->save($order);
        }
        %s
        $this->context->getOrderSender()->send($order);
    }
}
"""
_MAGENTO_CONTEXT = """<?php
namespace Knot\\Pay\\Model;
class Context
{
    public function __construct(
        private \\Magento\\Sales\\Model\\OrderFactory $orderFactory,
        private \\Magento\\Sales\\Model\\ResourceModel\\Order $orderResource,
        private \\Magento\\Sales\\Api\\OrderRepositoryInterface $orderRepository,
        private \\Magento\\Sales\\Model\\Order\\Email\\Sender\\OrderSender $orderSender,
        private \\Magento\\Framework\\App\\Config\\ScopeConfigInterface $config
    ) {}
    public function getOrderFactory() { return $this->orderFactory; }
    public function getOrderResource() { return $this->orderResource; }
    public function getOrderRepository() { return $this->orderRepository; }
    public function getOrderSender() { return $this->orderSender; }
    public function getSecret() { return $this->config->getValue('payment/knot/secret'); }
}
"""
_MAGENTO_ROUTES = """<?xml version="1.0"?>
<config>
    <router id="standard"><route id="knotpay" frontName="knotpay"><module name="Knot_Pay" /></route></router>
</config>
"""


def magento(asked: str) -> dict[str, str]:
    return {
        "Controller/Webhook/Notify.php": _MAGENTO_HOOK % asked,
        "Model/Context.php": _MAGENTO_CONTEXT,
        "etc/frontend/routes.xml": _MAGENTO_ROUTES,
    }


def test_a_mail_that_is_sent_once_by_its_mark_on_the_order_is_sent_once(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    kept = ruled(tmp_path / "kept", check, magento("if ($order->getEmailSent()) { return; }"))
    assert [r for r, _, _ in kept] == ["held"]
    again = ruled(tmp_path / "again", check, magento("$this->request->getParams();"))
    assert [r for r, _, _ in again] == ["broken"]


# --- systems that no pack knows

_CALLED_BACK = """<?php
/* Plugin Name: Nordpay */
class WC_Gateway_Nordpay extends WC_Payment_Gateway {
    public function __construct() {
        $this->id = 'nordpay';
        $this->endpoint = 'https://api.nordpay.example';
        add_action('woocommerce_api_wc_gateway_nordpay', array($this, 'request_handler'));
    }
    public function request_handler() {
        $data = json_decode(file_get_contents('php://input'), true);
        $order = wc_get_order($data['order']);
        if (%s) {
            $order->add_order_note('This may be a fraud.');
            return;
        }
        $order->payment_complete($data['payment']);
    }
    private function verify_payment($id) {
        $answer = wp_safe_remote_get($this->endpoint . '/payments/' . $id);
        return json_decode(wp_remote_retrieve_body($answer), true)['status'] === 'paid';
    }
}
"""


def test_the_address_of_a_gateway_hears_of_payments_whatever_it_is_called(tmp_path: Path) -> None:
    check = "payment/webhook-unverified"
    forged = {"nordpay.php": _CALLED_BACK % "empty($data['payment'])"}
    assert ruled(tmp_path / "forged", check, forged) == [("broken", "nordpay.php", 16)]
    asked = {"nordpay.php": _CALLED_BACK % "! $this->verify_payment($data['payment'])"}  # a remark on the order before that is none
    assert [r for r, _, _ in ruled(tmp_path / "asked", check, asked)] == ["unknown"]


_ASKING = """<?php
class Knot_Asking {
    public function __construct() {
        add_action('woocommerce_api_gocardless_webhook', array($this, 'take'));
    }
    public function take() {
        $raw = file_get_contents('php://input');
        if (!hash_equals(hash_hmac('sha256', $raw, get_option('knot_secret')), $_SERVER['HTTP_WEBHOOK_SIGNATURE'])) {
            status_header(498);
            exit;
        }
        foreach (json_decode($raw, true)['events'] as $event) {
            $this->settle($event['links']['payment']);
        }
    }
    private function settle($id) {
        $payment = wp_remote_get('https://api.gocardless.com/payments/' . $id, array('timeout' => 20));
        if (is_wp_error($payment)) {
            wc_get_logger()->info('not reached');
            %s
        }
        $order = wc_get_order(json_decode(wp_remote_retrieve_body($payment), true)['payments']['metadata']['order_id']);
        $order->payment_complete($id);
    }
}
"""


def test_an_error_that_is_an_answer_must_not_end_the_work_in_silence(tmp_path: Path) -> None:
    check = "resilience/swallowed-failure"
    silent = plugin() | {"knot/asking.php": _ASKING % "return false;"}
    assert ("broken", "knot/asking.php", 18) in ruled(tmp_path / "silent", check, silent)
    told = plugin() | {"knot/asking.php": _ASKING % "throw new Exception('again, please');"}
    assert [r for r, f, _ in ruled(tmp_path / "told", check, told) if f == "knot/asking.php"] == ["held"]


_CLIENT = """<?php
namespace Knot;
class Client {
    private $http;
    private $base;
    public function __construct($base) {
        $this->base = $base;
        $this->connect('https://api.stripe.com');
    }
    %s function connect($address) {
        $this->http = new \\GuzzleHttp\\Client(['base_uri' => $address%s]);
    }
    public function refund($id) {
        return $this->http->post('/v1/refunds', ['form_params' => ['charge' => $id]]);
    }
}
"""


def test_a_client_is_what_its_constructor_hands_to_the_method_that_makes_it(tmp_path: Path) -> None:
    check = "resilience/no-timeout"
    manifest = {"composer.json": '{"require": {"guzzlehttp/guzzle": "^7.0"}}'}
    waits = manifest | {"Client.php": _CLIENT % ("private", "")}
    assert [r for r, _, _ in ruled(tmp_path / "waits", check, waits)] == ["broken"]
    bounded = manifest | {"Client.php": _CLIENT % ("private", ", 'timeout' => 20")}
    assert [r for r, _, _ in ruled(tmp_path / "bounded", check, bounded)] == ["held"]
    open_ = {"Client.php": _CLIENT % ("public", "")}
    assert [r for r, _, _ in ruled(tmp_path / "keyless", "idempotency/missing-key", manifest | open_)] == ["broken"]


def test_a_customer_whom_a_script_sends_on_comes_back_to_the_shop(tmp_path: Path) -> None:
    gateway = _CALLED_BACK % "! $this->verify_payment($data['payment'])"
    failing = gateway.replace("$order->payment_complete($data['payment']);", """try {
            $order->payment_complete($data['payment']);
        } catch (Exception $e) {
            %s
        }""")  # fmt: skip
    check = "resilience/swallowed-failure"
    told = {"nordpay.php": failing % "error_log($e->getMessage());"}
    assert "broken" in [r for r, _, _ in ruled(tmp_path / "told", check, told)]
    back = {"nordpay.php": failing % """echo "<script>window.location.href = '" . wc_get_checkout_url() . "';</script>";"""}
    assert [r for r, _, _ in ruled(tmp_path / "back", check, back) if r == "broken"] == []


# --- WordPress: what the database's handle itself keeps of its last statement

_SYNC = """<?php
add_action( 'woocommerce_api_kiosk', 'kiosk_sync' );
function kiosk_sync() {
    global $wpdb;
    $body = file_get_contents( 'php://input' );
    if ( ! hash_equals( hash_hmac( 'sha256', $body, KIOSK_SECRET ), $_SERVER['HTTP_X_SIGNATURE'] ) ) {
        wp_send_json( array( 'error' => 'invalid signature' ), 403 );
        exit;
    }
    $told = json_decode( $body, true );
    $oid  = (int) $told['orderid'];
    %s
    $wco = wc_get_order( $oid );
    $wco->set_date_paid( $told['time'] );
    if ( in_array( $wco->get_status(), array( 'on-hold', 'pending', 'failed' ), true ) ) {
        $wco->set_status( 'processing' );
    }
    $wco->save();
    $wpdb->query( "INSERT INTO {$wpdb->prefix}kiosk_payments SET orderid = $oid" );
}
"""
_ASKED = """$wpdb->query( "SELECT orderid FROM {$wpdb->prefix}kiosk_payments WHERE orderid = $oid" );
    if ( 0 !== $wpdb->num_rows ) {
        return;
    }"""


def test_how_many_rows_were_met_may_be_asked_of_the_handle(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    assert [r for r, _, _ in ruled(tmp_path / "again", check, {"kiosk.php": _SYNC % ""})] == ["broken"]
    assert [r for r, _, _ in ruled(tmp_path / "once", check, {"kiosk.php": _SYNC % _ASKED})] == ["held"]


def test_when_an_order_was_paid_is_no_state_beside_its_status(tmp_path: Path) -> None:
    check = "order/unguarded-transition"
    assert [r for r, _, _ in ruled(tmp_path / "once", check, {"kiosk.php": _SYNC % _ASKED})] == ["held"]
    assert [r for r, _, _ in ruled(tmp_path / "again", check, {"kiosk.php": _SYNC % ""})] == ["broken"]


_FOLDER = """function kiosk_lock() {
    return @mkdir( get_temp_dir() . 'kiosk_lock' );
}
"""


def test_a_folder_that_only_one_can_make_is_a_lock(tmp_path: Path) -> None:
    check = "idempotency/dedup-race"
    sync = _SYNC % _ASKED
    assert [r for r, _, _ in ruled(tmp_path / "beside", check, {"kiosk.php": sync})] == ["broken"]
    alone = sync.replace("    $told = ", "    if ( ! kiosk_lock() ) {\n        wp_die( 'busy', 423 );\n    }\n    $told = ") + _FOLDER
    assert [r for r, _, _ in ruled(tmp_path / "alone", check, {"kiosk.php": alone})] == ["held"]
    plain = alone.replace("'kiosk_lock' )", "'kiosk' )")  # any folder is no lock
    assert [r for r, _, _ in ruled(tmp_path / "plain", check, {"kiosk.php": plain})] == ["broken"]


_RETURN = """<?php
use Razorpay\\Api\\Api;
add_action( 'woocommerce_api_kiosk_return', 'kiosk_return' );
function kiosk_return() {
    error_log( 'returned: ' . json_encode( $_POST ) );
    $api = new Api( KIOSK_KEY, KIOSK_SECRET );
    $order = wc_get_order( (int) $_GET['order'] );
    $api->utility->verifyPaymentSignature( array(
        'razorpay_order_id' => $order->get_meta( 'razorpay_order_id' ),
        'razorpay_payment_id' => $_POST['razorpay_payment_id'],
        'razorpay_signature' => $_POST['razorpay_signature'],
    ) );
    %s
    $order->payment_complete( $_POST['razorpay_payment_id'] );
}
"""


@pytest.mark.parametrize(("tells", "severity"), [("", "low"), ("$order->set_billing_email( $_POST['email'] );", "medium")])
def test_a_return_that_names_nobody_is_logged_at_less_harm(tmp_path: Path, tells: str, severity: str) -> None:
    (tmp_path / "kiosk.php").write_text(_RETURN % tells)
    report = review(tmp_path, Settings(use_cache=False, checks=("pci/card-data-logged",)))
    assert [f.severity for f in report.findings] == [severity]
