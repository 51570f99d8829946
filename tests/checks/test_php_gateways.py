"""Rulings on gateways of payment systems that no pack knows: how WHMCS, Drupal Commerce, PrestaShop, OpenCart and WooCommerce wire them."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

# --- WHMCS

_CALLBACK = """<?php
require_once __DIR__ . '/../../../init.php';
$gateway = getGatewayVariables('knot');
$invoice = $_POST['invoice'];
$trans = $_POST['trans'];
$amount = $_POST['amount'];
%s
$invoice = checkCbInvoiceID($invoice, $gateway['name']);
%s
logTransaction($gateway['name'], $_POST, 'Success');
addInvoicePayment($invoice, $trans, %s, 0, 'knot');
"""
_SIGNED = "if ($_POST['hash'] != md5($invoice . $trans . $amount . $gateway['secretKey'])) { die('no'); }"
_KEYLESS = "if ($_POST['hash'] != md5($invoice . $trans . $amount)) { die('no'); }"


def _whmcs(root: Path, check: str, proof: str, once: str, amount: str) -> list[str]:
    files = {"modules/gateways/callback/knot.php": _CALLBACK % (proof, once, amount)}
    return [r for r, _, _ in ruled(root, check, files)]


def test_a_whmcs_callback_proves_its_sender(tmp_path: Path) -> None:
    once, check = "checkCbTransID($trans);", "payment/webhook-unverified"
    assert _whmcs(tmp_path / "signed", check, _SIGNED, once, "$amount") == ["held"]
    assert _whmcs(tmp_path / "unsigned", check, "", once, "$amount") == ["broken"]
    assert _whmcs(tmp_path / "keyless", check, _KEYLESS, once, "$amount") == ["broken"]


def test_whmcs_books_a_payment_each_time_unless_it_is_looked_for(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    assert _whmcs(tmp_path / "once", check, _SIGNED, "checkCbTransID($trans);", "$amount") == ["held"]
    looked = "if (WHMCS\\Database\\Capsule::table('tblaccounts')->where('transid', $trans)->exists()) { exit; }"
    assert _whmcs(tmp_path / "looked", check, _SIGNED, looked, "$amount") == ["held"]
    assert _whmcs(tmp_path / "again", check, _SIGNED, "", "$amount") == ["broken"]


def test_whmcs_holds_the_sum_that_it_is_told_against_the_invoice(tmp_path: Path) -> None:
    once, check = "checkCbTransID($trans);", "payment/amount-not-reconciled"
    assert _whmcs(tmp_path / "told", check, _SIGNED, once, "$amount") == ["held"]
    assert _whmcs(tmp_path / "untold", check, _SIGNED, once, "''") == ["broken"]


_RETURN = """<?php
require_once __DIR__ . '/../../../init.php';
require_once __DIR__ . '/sdk/autoload.php';
use Razorpay\\Api\\Api;
$gateway = getGatewayVariables('knot');
$invoice = checkCbInvoiceID($_GET['invoice'], $gateway['name']);
%s
try {
    proven($invoice, $_POST, $gateway);
    addInvoicePayment($invoice, $_POST['razorpay_payment_id'], $row['total'], 0, 'knot');
} catch (Exception $e) {
    logTransaction($gateway['name'], %s, 'No');
}
function proven($invoice, $sent, $gateway) {
    $api = new Api($gateway['keyId'], $gateway['keySecret']);
    $api->utility->verifyPaymentSignature([
        'razorpay_order_id' => $_SESSION['order' . $invoice],
        'razorpay_payment_id' => $sent['razorpay_payment_id'],
        'razorpay_signature' => $sent['razorpay_signature'],
    ]);
}
"""
_ROW = "$row = mysql_fetch_assoc(select_query('tblinvoices', '*', ['id' => $invoice]));\n"
_UNPAID = "if ($row['status'] === 'Paid') { exit; }"


def _brought_back(root: Path, check: str, look: str, logged: str = "'failed'") -> list[str]:
    return [r for r, _, _ in ruled(root, check, {"modules/gateways/knot/knot.php": _RETURN % (_ROW + look, logged)})]


def test_a_page_whose_sdk_judges_what_the_browser_brings_is_come_back_to_whatever_its_address(tmp_path: Path) -> None:
    assert _brought_back(tmp_path / "back", "payment/fulfil-on-redirect", "") == ["held"]
    assert _brought_back(tmp_path / "again", "idempotency/handler-not-idempotent", "") == ["broken"]


def test_a_platforms_function_that_is_told_a_table_reads_its_rows(tmp_path: Path) -> None:
    assert _brought_back(tmp_path / "looked", "idempotency/handler-not-idempotent", _UNPAID) == ["held"]
    assert _brought_back(tmp_path / "race", "idempotency/dedup-race", _UNPAID) == ["broken"]
    other = "$mail = mysql_fetch_assoc(select_query('tblemails', '*', ['id' => $invoice]));\nif ($mail['status'] === 'Paid') { exit; }"
    assert _brought_back(tmp_path / "other", "idempotency/handler-not-idempotent", other) == ["broken"]


def test_whmcs_keeps_what_a_gateway_is_said_to_have_been_sent(tmp_path: Path) -> None:
    assert _brought_back(tmp_path / "whole", "pci/card-data-logged", "", "$_POST") == ["broken"]
    assert _brought_back(tmp_path / "id", "pci/card-data-logged", "", "$_POST['razorpay_payment_id']") == ["held"]


# --- Drupal Commerce

_OFFSITE = """<?php
namespace Drupal\\commerce_knot\\Plugin\\Commerce\\PaymentGateway;
use Drupal\\commerce_order\\Entity\\OrderInterface;
use Drupal\\commerce_payment\\Exception\\PaymentGatewayException;
use Drupal\\commerce_payment\\Plugin\\Commerce\\PaymentGateway\\OffsitePaymentGatewayBase;
use Symfony\\Component\\HttpFoundation\\Request;
class Knot extends OffsitePaymentGatewayBase
{
  public function onReturn(OrderInterface $order, Request $request)
  {
    %s
    $payment = $this->entityTypeManager->getStorage('commerce_payment')->create([
      'state' => 'completed',
      'amount' => $order->getTotalPrice(),
      'order_id' => $order->id(),
      'remote_id' => $request->query->get('txn'),
    ]);
    $payment->save();
  }
}
"""
_PROVEN = """$sign = hash_hmac('sha256', $request->query->get('order') . $request->query->get('amount'), $this->configuration['secret']);
    if (!hash_equals($sign, $request->query->get('sign')) || $request->query->get('status') !== 'paid') {
      throw new PaymentGatewayException('no');
    }"""
_COMPARED = """
    if ($request->query->get('amount') != $order->getTotalPrice()->getNumber()) { throw new PaymentGatewayException('other'); }"""


def test_a_return_to_drupal_commerce_is_proven_and_compared(tmp_path: Path) -> None:
    name = "src/Plugin/Commerce/PaymentGateway/Knot.php"

    def rulings(case: str, check: str, lines: str) -> list[str]:
        return [r for r, _, _ in ruled(tmp_path / case, check, {name: _OFFSITE % lines})]

    assert rulings("blind", "payment/fulfil-on-redirect", "") == ["broken"]
    assert rulings("proven", "payment/fulfil-on-redirect", _PROVEN + _COMPARED) == ["held"]
    assert rulings("unbound", "payment/amount-not-reconciled", _PROVEN) == ["broken"]
    assert rulings("bound", "payment/amount-not-reconciled", _PROVEN + _COMPARED) == ["held"]
    assert rulings("once", "idempotency/handler-not-idempotent", _PROVEN + _COMPARED) == []  # its checkout has gone on


# --- PrestaShop

_MODULE = "<?php\nif (!defined('_PS_VERSION_')) { exit; }\nclass Knot extends PaymentModule {}\n"
_FRONT = (
    "<?php\nclass Knot%sModuleFrontController extends ModuleFrontController\n{\n    public function postProcess()\n    {\n%s\n    }\n}\n"
)
_ORDERS = """        $cart = $this->context->cart;
        %s
        $this->module->validateOrder($cart->id, %s, $cart->getOrderTotal(), 'Knot', null, array(), null, false, $cart->secure_key);"""


@pytest.mark.parametrize(
    ("before", "state", "expected"),
    [
        ("", "Configuration::get('PS_OS_PAYMENT')", ["broken"]),
        ("", "Configuration::get('KNOT_OS_WAITING')", []),
        ("", "(int) Configuration::get('KNOT_STATE')", []),  # its name does not say which
        ("$state = Configuration::get('KNOT_WAITPAYMENT'); if (!$state) { $made = new OrderState(); $state = $made->id; }", "$state", []),
    ],
)
def test_an_order_that_waits_for_its_payment_is_not_paid(tmp_path: Path, before: str, state: str, expected: list[str]) -> None:
    files = {"knot/knot.php": _MODULE, "knot/controllers/front/go.php": _FRONT % ("Go", _ORDERS % (before, state))}
    assert [r for r, _, _ in ruled(tmp_path, "payment/fulfil-on-redirect", files)] == expected


_HISTORY = """        $id = Tools::getValue('order');
        if (md5($id . Tools::getValue('amount') . Configuration::get('KNOT_KEY')) !== Tools::getValue('sign')) { die('no'); }
        $order = new Order((int) $id);
        if (%s) {
            $history = new OrderHistory();
            $history->id_order = (int) $order->id;
            $history->changeIdOrderState(Configuration::get('PS_OS_PAYMENT'), $order->id);
            $history->addWithemail(true);
        }
        die('OK');"""


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("$order->getCurrentState() != Configuration::get('PS_OS_PAYMENT')", "held"),
        ("$order->current_state == Configuration::get('KNOT_OS_WAITING')", "held"),
        ("$order->getCurrentState() != Configuration::get('PS_OS_CANCELED')", "broken"),
    ],
)
def test_states_that_settings_keep_are_compared_by_the_setting(tmp_path: Path, condition: str, expected: str) -> None:
    files = {"knot/knot.php": _MODULE, "knot/controllers/front/notify.php": _FRONT % ("Notify", _HISTORY % condition)}
    assert [r for r, _, _ in ruled(tmp_path, "idempotency/handler-not-idempotent", files)] == [expected]


# --- OpenCart

_RESULT = """<?php
class ControllerExtensionPaymentKnot extends Controller {
    public function result2() {
        $this->load->model('checkout/order');
        $parts = explode('.', file_get_contents('php://input'));
        $told = json_decode(base64_decode($parts[1]), true);
        %s
        if ($told['state'] === 'OK') {
            $this->model_checkout_order->addOrderHistory($told['order'], (int)($this->config->get('payment_knot_order_status_id') ?: 2));
        }
    }
}
"""


def test_the_state_that_a_gateways_setting_names_is_what_its_notice_brings(tmp_path: Path) -> None:
    name = "catalog/controller/extension/payment/knot.php"
    blind = {name: _RESULT % ""}
    assert [r for r, _, _ in ruled(tmp_path / "blind", "payment/webhook-unverified", blind)] == ["broken"]
    proof = "if (!hash_equals(hash_hmac('sha256', $parts[1], $this->config->get('payment_knot_key')), $parts[2])) { return; }"
    assert [r for r, _, _ in ruled(tmp_path / "signed", "payment/webhook-unverified", {name: _RESULT % proof})] == ["held"]


# --- WooCommerce, and PHP itself

_WOO = """<?php
class WC_Knot extends WC_Payment_Gateway {
    public function __construct() {
        $this->id = 'knot';
        add_action('woocommerce_api_wc_knot', array($this, 'notify'));
    }
    public function notify() {
        $order = %s;
        $made = hash_hmac('sha256', $_GET['order'] . $_GET['amount'], $this->get_option('secret'));
        if (!hash_equals($made, $_GET['sign'])) { wp_die('no'); }
        if ($_GET['amount'] == $order->get_total()) {
            $order->update_meta_data('_knot', $_GET['id']);
            $order->save();
            $order->payment_complete();
        }
    }
}
"""


def test_an_order_that_is_made_of_its_id_was_read(tmp_path: Path) -> None:
    for name, order in (("made", "new WC_Order((int) $_GET['order'])"), ("got", "wc_get_order((int) $_GET['order'])")):
        assert ruled(tmp_path / name, "idempotency/handler-not-idempotent", {"knot.php": _WOO % order}) == []


def test_a_sum_of_ours_is_compared_with_what_was_sent_whatever_that_is_called(tmp_path: Path) -> None:
    for name, order in (("made", "new WC_Order((int) $_GET['order'])"), ("got", "wc_get_order((int) $_GET['order'])")):
        files = {"knot.php": (_WOO % order).replace("$_GET['amount'] ==", "$_GET['x_betaling7'] ==")}
        assert [r for r, _, _ in ruled(tmp_path / name, "payment/amount-not-reconciled", files)] == ["held"]
    never = {"knot.php": (_WOO % "wc_get_order((int) $_GET['order'])").replace("$_GET['amount'] ==", "'' !=")}
    assert [r for r, _, _ in ruled(tmp_path / "never", "payment/amount-not-reconciled", never)] == ["broken"]


_OPENED = """<?php
function opened($sent, $key)
{
    return openssl_decrypt(pack('H*', $sent), 'AES-128-CBC', pack('H*', md5($key)), OPENSSL_RAW_DATA, str_repeat('0', 16));
}
parse_str(opened($_POST['encResp'], %s), $told);
if ($told['order_status'] === 'Success') {
    $db = new PDO(getenv('DSN'));
    $db->prepare("UPDATE orders SET status = 'paid' WHERE id = ?")->execute([$told['order_id']]);
}
header('Location: /thanks.php');
"""


def test_what_is_opened_with_our_key_was_closed_by_who_knows_it(tmp_path: Path) -> None:
    for name, key, expected in (("ours", "getenv('WORKING_KEY')", "held"), ("sent", "$_POST['key']", "broken")):
        files = {"response.php": _OPENED % key}
        assert [r for r, _, _ in ruled(tmp_path / name, "payment/fulfil-on-redirect", files)] == [expected]


_PAGE = """<?php
function genuine($data, $sign, $key)
{
    return openssl_verify($data, $sign, $key, OPENSSL_ALGO_SHA256);
}
function genuine_truth($data, $sign, $key): bool
{
    return openssl_verify($data, $sign, $key, OPENSSL_ALGO_SHA256);
}
$data = file_get_contents('php://input');
$sign = base64_decode($_SERVER['HTTP_X_SIGNATURE']);
$key = openssl_pkey_get_public(file_get_contents('/etc/shop/knot.pem'));
if (%s) {
    http_response_code(403);
    exit;
}
$event = json_decode($data, true);
if ($event['status'] === 'paid') {
    $db = new PDO(getenv('DSN'));
    $db->prepare('UPDATE orders SET status = ? WHERE id = ?')->execute(['paid', $event['order_id']]);
}
"""


@pytest.mark.parametrize(
    ("condition", "sound"),
    [
        ("openssl_verify($data, $sign, $key, OPENSSL_ALGO_SHA256) === false", False),
        ("genuine($data, $sign, $key) === false", False),
        ("false === genuine($data, $sign, $key)", False),
        ("genuine_truth($data, $sign, $key) === false", True),
        ("genuine($data, $sign, $key) !== 1", True),
        ("genuine($data, $sign, $key) === 0", True),
        ("!genuine($data, $sign, $key)", True),
    ],
)
def test_a_number_is_neither_true_nor_false(tmp_path: Path, condition: str, sound: bool) -> None:
    found = [r for r, _, _ in ruled(tmp_path, "payment/webhook-weak-verification", {"notify.php": _PAGE % condition})]
    assert ("broken" not in found) is sound


# --- EasyWeChat, whose pack says that it looks at the sign first

_WECHAT = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use EasyWeChat\\Factory;
use Illuminate\\Http\\Request;
class WechatController extends Controller
{
    public function notify(Request $request)
    {
        %s
            $order = Order::where('no', $message['out_trade_no'])->first();
            if (!$order || $order->status === 'paid') {
                return true;
            }
            if ($message['result_code'] === 'SUCCESS' && (int) $message['total_fee'] === $order->total) {
                $order->status = 'paid';
                $order->save();
            }
            return true;
        %s
    }
}
"""


def test_easywechat_calls_our_function_for_signed_notices_only(tmp_path: Path) -> None:
    def found(root: Path, before: str, after: str) -> list[str]:
        route = (
            "<?php\nuse App\\Http\\Controllers\\WechatController;\nRoute::post('/wechat/notify', [WechatController::class, 'notify']);\n"
        )
        files = {"app/Http/Controllers/WechatController.php": _WECHAT % (before, after), "routes/api.php": route}
        return [r for r, _, _ in ruled(root, "payment/webhook-unverified", files)]

    handed = "$app = Factory::payment(config('wechat')); return $app->handlePaidNotify(function ($message, $fail) {"
    assert found(tmp_path / "handed", handed, "});") == ["held"]
    assert found(tmp_path / "read", "$message = $request->all();", "") == ["broken"]
