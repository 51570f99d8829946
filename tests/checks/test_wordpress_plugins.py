"""Rulings on plugins of WordPress: its constants, its answers, its actions, and what it keeps beside posts, users and the site."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken
from tests.checks.test_python_shops import found
from tests.checks.test_stock import ruled

# --- answers that are sent by a function of the plugin's own

_ANSWERS = """<?php
add_action( 'woocommerce_api_kiosk', array( new Kiosk_Hook(), 'told' ) );
class Kiosk_Hook {
    public function told() {
        $event = \\Stripe\\Webhook::constructEvent( file_get_contents( 'php://input' ), $_SERVER['HTTP_STRIPE_SIGNATURE'], KIOSK_SECRET );
        try {
            $order = wc_get_order( $event->data->object->metadata->order_id );
            if ( ! $order->is_paid() ) { $order->payment_complete( $event->data->object->id ); }
            echo 'OK';
        } catch ( Exception $e ) {
            error_log( $e->getMessage() );
            $this->end( $e );
        }
        exit;
    }
    private function end( $e ) { %s }
}
"""
_ENDS = {
    "header( 'HTTP/1.1 400 Bad Request', true, 400 ); exit;": "held",
    "status_header( 500 ); exit;": "held",
    "http_response_code( 500 ); echo 'no';": "held",
    "wp_send_json( array( 'error' => 'no' ), 503 );": "held",
    "http_response_code( 200 ); echo 'no'; exit;": "broken",
    "error_log( $e->getMessage(), 500 );": "broken",
}


@pytest.mark.parametrize(("ends", "ruling"), _ENDS.items(), ids=_ENDS)
def test_an_error_may_be_answered_by_a_function_of_its_own(tmp_path: Path, ends: str, ruling: str) -> None:
    assert [r for r, _, _ in ruled(tmp_path, "resilience/swallowed-failure", {"kiosk.php": _ANSWERS % ends})] == [ruling]


# --- tables that are named by constants of another file

_MAIN = """<?php
/* Plugin Name: Kiosk */
%s
require __DIR__ . '/forms.php';
"""
_DEFINED = {
    "beside": "define( 'KIOSK_TABLE', 'kiosk_payments' );",
    "in a method": "final class Kiosk { private function constants() { define( 'KIOSK_TABLE', 'kiosk_payments' ); } }",
    "by a method": "final class Kiosk { private function constants() { $this->define( 'KIOSK_TABLE', 'kiosk_payments' ); } }",
}
_FORM = """<?php
namespace kiosk\\forms;
add_action( 'wp_ajax_nopriv_kiosk_submit', 'kiosk\\forms\\submit' );
function submit() {
    global $wpdb;
    $table = esc_sql( $wpdb->prefix . KIOSK_TABLE );
    $price = %s;
    $wpdb->insert( $table, array( 'email' => $_POST['email'], 'amount' => $price, 'paid' => 0 ) );
    wp_send_json_success();
}
"""


@pytest.mark.parametrize("defined", _DEFINED.values(), ids=_DEFINED)
def test_a_table_is_named_by_a_constant_of_another_file(tmp_path: Path, defined: str) -> None:
    check, files = "payment/client-amount", {"kiosk.php": _MAIN % defined, "forms.php": _FORM % "(int) $_POST['amount']"}
    assert [r for r, _, _ in ruled(tmp_path / "sent", check, files)] == ["broken"]
    files["forms.php"] = _FORM % "(int) get_post_meta( (int) $_POST['form'], '_price', true )"
    assert [r for r, _, _ in ruled(tmp_path / "own", check, files)] == ["held"]


_MAIL = """<?php
add_action( 'wp_ajax_nopriv_kiosk_invoice', array( new Kiosk_Email_Invoice(), 'send' ) );
class Kiosk_Email_Invoice {
    public $amount;
    public function send() {
        $this->amount = $_POST['amount'];
        wp_mail( get_option( 'admin_email' ), 'Invoice', 'Wanted: ' . $this->amount );
    }
}
"""


def test_a_mail_of_an_invoice_is_no_invoice(tmp_path: Path) -> None:
    check = "payment/client-amount"
    assert ruled(tmp_path / "mail", check, {"kiosk.php": _MAIL}) == []
    assert [r for r, _, _ in ruled(tmp_path / "kept", check, {"kiosk.php": _MAIL.replace("Email_", "")})] == ["broken"]


# --- a sum that is compared on one way, and not on another

_CONFIRM = """<?php
add_action( 'wp_ajax_nopriv_kiosk_confirm', 'kiosk_confirm' );
function kiosk_confirm() {
    global $wpdb;
    $table  = $wpdb->prefix . 'kiosk_payments';
    $row    = $wpdb->get_row( $wpdb->prepare( "SELECT * FROM $table WHERE id = %%d", $_POST['row'] ) );
    $answer = wp_remote_get( 'https://api.paystack.co/transaction/verify/' . $_POST['ref'], array( 'timeout' => 20 ) );
    $told   = json_decode( wp_remote_retrieve_body( $answer ) );
    if ( 'success' !== $told->data->status || $row->paid ) {
        wp_send_json_error( 'no', 400 );
    }
    if ( 'plan' === get_post_meta( $row->post_id, '_kind', true ) ) {
        %s
        $wpdb->update( $table, array( 'paid' => 1 ), array( 'id' => $row->id ) );
    } elseif ( (int) $told->data->amount === (int) $row->amount ) {
        $wpdb->update( $table, array( 'paid' => 1 ), array( 'id' => $row->id ) );
    }
    wp_send_json_success();
}
"""


def test_a_sum_that_is_compared_on_one_way_only(tmp_path: Path) -> None:
    check = "payment/amount-not-reconciled"
    assert [r for r, _, _ in ruled(tmp_path / "one", check, {"kiosk.php": _CONFIRM % ""})] == ["broken"]
    both = "if ( (int) $told->data->amount !== (int) $row->amount ) { wp_send_json_error( 'no', 400 ); }"
    assert [r for r, _, _ in ruled(tmp_path / "both", check, {"kiosk.php": _CONFIRM % both})] == ["held"]


# --- what WordPress keeps beside posts, users and the site

_KEPT = """<?php
add_action( 'wp_ajax_nopriv_kiosk_confirm', 'kiosk_confirm' );
add_action( 'kiosk_receipt', 'kiosk_send', 10, 1 );
function kiosk_send( $row ) { wp_mail( $row->email, 'Paid', 'Thank you' ); }
function kiosk_confirm() {
    global $wpdb;
    $row    = $wpdb->get_row( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}kiosk_payments WHERE reference = %%s", $_POST['ref'] ) );
    $answer = wp_remote_get( 'https://api.paystack.co/transaction/verify/' . $_POST['ref'], array( 'timeout' => 20 ) );
    $told   = json_decode( wp_remote_retrieve_body( $answer ) );
    if ( 'success' !== $told->data->status || (int) $told->data->amount !== (int) $row->amount ) {
        wp_send_json_error( 'no', 400 );
    }
    %s
    wp_send_json_success();
}
"""
_MAIL_IT = "wp_mail( $row->email, 'Paid', 'Thank you' );"
_DONE = {
    "a flag beside the post": ("get_post_meta( $row->post_id, '_done', true )", "update_post_meta( $row->post_id, '_done', 1 )"),
    "a word beside the post": (
        "'yes' === get_post_meta( $row->post_id, '_done', true )",
        "update_post_meta( $row->post_id, '_done', 'yes' )",
    ),
    "a time beside the user": (
        "! empty( get_user_meta( $row->user_id, 'paid', true ) )",
        "update_user_meta( $row->user_id, 'paid', time() )",
    ),
    "an option by the payment": ("get_option( 'done_' . $row->id )", "update_option( 'done_' . $row->id, 1 )"),
}


@pytest.mark.parametrize(("asked", "noted"), _DONE.values(), ids=_DONE)
def test_what_is_noted_beside_a_post_lets_nothing_happen_twice(tmp_path: Path, asked: str, noted: str) -> None:
    check, guard = "idempotency/handler-not-idempotent", f"if ( {asked} ) {{ wp_send_json_success(); }}"
    for number, told in enumerate((_MAIL_IT, "do_action( 'kiosk_receipt', $row );")):
        kept = _KEPT % f"{guard} {told} {noted};"
        assert [r for r, _, _ in ruled(tmp_path / f"kept{number}", check, {"kiosk.php": kept})] == ["held"]
        bare = _KEPT % f"{told} {noted};"
        assert [r for r, _, _ in ruled(tmp_path / f"bare{number}", check, {"kiosk.php": bare})] == ["broken"]
        other = _KEPT % f"{guard.replace('done', 'seen').replace('paid', 'seen')} {told} {noted};"
        assert [r for r, _, _ in ruled(tmp_path / f"other{number}", check, {"kiosk.php": other})] == ["broken"]


def test_a_count_beside_a_post_goes_up_with_every_call(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    adds = "update_post_meta( $row->post_id, '_sold', 1 + (int) get_post_meta( $row->post_id, '_sold', true ) ); wp_mail( 'a', 'b', 'c' );"
    assert "broken" in [r for r, _, _ in ruled(tmp_path / "adds", check, {"kiosk.php": _KEPT % adds})]
    guard = "if ( get_post_meta( $row->post_id, '_done', true ) ) { wp_send_json_success(); } "
    done = f"{guard} {adds} update_post_meta( $row->post_id, '_done', 1 );"
    assert {r for r, _, _ in ruled(tmp_path / "once", check, {"kiosk.php": _KEPT % done})} == {"held"}


def test_a_balance_beside_a_user_is_credited_again(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    credit = "update_user_meta( $row->user_id, 'balance', (float) get_user_meta( $row->user_id, 'balance', true ) + $row->amount );"
    assert [r for r, _, _ in ruled(tmp_path / "again", check, {"kiosk.php": _KEPT % credit})] == ["broken"]
    claim = "UPDATE {$wpdb->prefix}kiosk_payments SET paid = 1 WHERE paid = 0 AND id = %d"
    claimed = f'if ( ! $wpdb->query( $wpdb->prepare( "{claim}", $row->id ) ) ) {{ wp_send_json_success(); }}'
    assert {r for r, _, _ in ruled(tmp_path / "once", check, {"kiosk.php": _KEPT % f"{claimed} {credit}"})} == {"held"}
    shown = "update_user_meta( $row->user_id, 'last_payment', $row->reference );"
    assert "broken" not in [r for r, _, _ in ruled(tmp_path / "shown", check, {"kiosk.php": _KEPT % shown})]


_STOCK = """<?php
add_action( 'wp_ajax_nopriv_kiosk_take', 'kiosk_take' );
function kiosk_take() {
    $stock = (int) get_post_meta( $_POST['id'], '_stock', true );
    %s
    wp_send_json_success();
}
"""


def test_stock_that_is_kept_beside_a_post(tmp_path: Path) -> None:
    check = "inventory/non-atomic-write"
    taken = "update_post_meta( $_POST['id'], '_stock', $stock - 1 );"
    assert broken(tmp_path / "taken", check, {"kiosk.php": _STOCK % taken}) == [("kiosk.php", 5)]
    told = "update_post_meta( $_POST['id'], '_stock', (int) $_POST['stock'] );"
    assert broken(tmp_path / "set", check, {"kiosk.php": _STOCK % told}) == []


# --- a verifier that is handed the secret among the settings

_GATEWAY = """<?php
class Kiosk_Gateway extends WC_Payment_Gateway {
    public function __construct() {
        $this->id = 'kiosk';
        $this->init_settings();
        $this->signs = new Kiosk_Signs();
        add_action( 'woocommerce_api_kiosk', array( $this, 'told' ) );
    }
    public function told() {
        $sent = $_GET;
        $order = wc_get_order( intval( $sent['Cart'] ) );
        if ( intval( $sent['Success'] ) !== 1 ) {
            wp_mail( get_option( 'admin_email' ), 'kiosk', 'a payment failed' );
            $order->update_status( 'pending' );
            return wp_safe_redirect( wc_get_checkout_url() );
        }
        if ( $this->signs->is_genuine( $sent['Signature'], $sent['Cart'], %s ) ) {
            $order->payment_complete();
        }
    }
}
"""
_SIGNS = """<?php
class Kiosk_Signs {
    public function is_genuine( $signature, $cart, $word ) {
        return $signature === md5( $word . $cart . $word );
    }
}
"""


@pytest.mark.parametrize(
    ("word", "forged"),
    [("$this->settings['secret-key']", False), ("$this->settings['title']", True), ("$sent['ShopID']", True)],
)
def test_a_digest_with_the_secret_of_the_settings_proves_that_money_came(tmp_path: Path, word: str, forged: bool) -> None:
    files = {"kiosk.php": _GATEWAY % word, "signs.php": _SIGNS}
    assert any(f.severity == "critical" for f in found(tmp_path, files, "payment/webhook-unverified")) is forged
