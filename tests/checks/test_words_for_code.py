"""What a text stands for: a class and a method that are called by their names, one of several states, a rule, a shop's own address; and
what is there for one request alone."""

from pathlib import Path

from tests.checks.test_python_shops import found
from tillproof.review import review
from tillproof.settings import Settings

_PLUGIN = """\
<?php
/**
 * Plugin Name: Shop
 */
use Shop\\Vendor\\Stripe\\Stripe;

class Shop_Api {
    public function request( $object, $method, ...$args ) {
        Stripe::setApiKey( get_option( 'shop_key' ) );
        $class = 'Shop\\\\Vendor\\\\Stripe\\\\' . $object;
        return call_user_func_array( array( $class, $method ), $args );
    }
}

function shop_request( $object, $method, ...$args ) {
    $api = new Shop_Api();
    return $api->request( $object, $method, ...$args );
}

function shop_set_status( $order, $status ) {
    if ( in_array( $status, array( 'completed', 'publish' ), true ) ) {
        $order->payment_complete();
        return;
    }
    $order->update_status( $status );
}

function shop_asked() {
    $kind   = 'setup' === $_POST['kind'] ? 'SetupIntent' : 'PaymentIntent';
    $intent = shop_request( $kind, 'retrieve', $_POST['intent'] );
    if ( 'succeeded' !== $intent->status ) {
        return;
    }
    wc_get_order( $intent->metadata->order_id )->payment_complete( $intent->id );
}
add_action( 'wp_ajax_nopriv_shop_asked', 'shop_asked' );

function shop_unasked() {
    $intent = shop_request( 'PaymentIntent', 'retrieve', $_POST['intent'] );
    wc_get_order( $intent->metadata->order_id )->payment_complete( $intent->id );
}
add_action( 'wp_ajax_nopriv_shop_unasked', 'shop_unasked' );

function shop_cancel() {
    shop_set_status( wc_get_order( $_POST['order'] ), 'failed' );
}
add_action( 'wp_ajax_nopriv_shop_cancel', 'shop_cancel' );

function shop_done() {
    shop_set_status( wc_get_order( $_POST['order'] ), 'completed' );
}
add_action( 'wp_ajax_nopriv_shop_done', 'shop_done' );

function shop_works() {
    return wp_remote_post( esc_url_raw( admin_url( 'admin-ajax.php' ) ), array( 'sslverify' => false ) );
}

function shop_verify() {
    $answer = wp_remote_post( 'https://ipnpb.paypal.com/cgi-bin/webscr', array( 'sslverify' => false, 'body' => $_POST ) );
    return 'VERIFIED' === wp_remote_retrieve_body( $answer );
}

function shop_stripe_fields() {
    $rules = array( 'token' => 'required|size:28|regex:/tok_[0-9a-zA-Z]{24}/' );
    return array( $rules, 'stripe_api_key' => 'shop.core::lang.settings.stripe.api_key' );
}

function shop_sandbox_tokens() {
    $live = new Shop_PayPal();
    $live->setMode( 'live' );
    $sandbox = new Shop_PayPal();
    $sandbox->setMode( 'sandbox' );
}

function shop_paypal() {
    $paypal = new Shop_PayPal();
    $paypal->setMode( 'sandbox' );
    return $paypal;
}
"""


def test_what_a_plugin_names_is_what_it_calls(tmp_path: Path) -> None:
    (tmp_path / "shop.php").write_text(_PLUGIN, encoding="utf-8")
    copied = tmp_path / "lib" / "copied"
    copied.mkdir(parents=True)
    (copied / "Refund.php").write_text("<?php\nnamespace Shop\\Vendor\\Stripe;\nclass Refund {}\n", encoding="utf-8")
    tool = '{"name": "shop/shop", "extra": {"strauss": {"target_directory": "lib/copied", "namespace_prefix": "Shop\\\\\\\\Vendor"}}}'
    (tmp_path / "composer.json").write_text(tool, encoding="utf-8")
    report = review(tmp_path, Settings(use_cache=False))
    at = [(f.check, _PLUGIN.split("\n")[f.start_line - 1].strip()) for f in report.findings]

    def lines(check: str) -> list[str]:
        return [line for name, line in at if name == check]

    paid = lines("payment/fulfil-on-redirect")
    assert len(paid) == 2  # of four: the provider was asked, and a failed order is none that is paid
    assert any("payment_complete( $intent->id )" in line for line in paid)
    assert any("'completed'" in line for line in paid)
    assert [("ipnpb" in line) for line in lines("boundary/insecure-transport")] == [True]
    assert lines("boundary/hardcoded-secret") == []
    sandbox = [f.start_line for f in report.findings if f.check == "payment/test-credentials-in-prod"]
    assert sandbox == [_PLUGIN[: _PLUGIN.rindex("setMode")].count("\n") + 1]
    assert report.target.languages["php"] == 1


_SHOP = {
    "shop/models.py": """\
from django.db import models


class Product(models.Model):
    stock = models.IntegerField()
""",
    "shop/settings.py": """\
import environ

env = environ.Env(BRAINTREE_USE_SANDBOX=(bool, True))
""",
    "shop/views.py": """\
from django.db.models import F

from shop.models import Product


def refused(request):
    product = Product.objects.get(pk=request.POST["id"])
    product.stock = F("stock") - 1
    product.save()
    product.refresh_from_db()
    if product.stock < 0:
        raise ValueError("sold out")
    place_order(product)


def noted(request):
    product = Product.objects.get(pk=request.POST["id"])
    product.stock = F("stock") - 1
    product.save()
    product.refresh_from_db()
    if product.stock < 0:
        print("sold out")
    place_order(product)
""",
    "shop/urls.py": """\
from django.urls import path

from shop import views

urlpatterns = [path("a", views.refused), path("b", views.noted)]
""",
}


def test_who_took_too_much_is_refused_after_the_write(tmp_path: Path) -> None:
    races = found(tmp_path / "a", _SHOP, "inventory/oversell-race")
    noted = _SHOP["shop/views.py"].partition("def noted")[0].count("\n")
    assert [f.start_line > noted for f in races] == [True]


def test_what_a_reader_of_settings_is_told_is_a_default(tmp_path: Path) -> None:
    mode = found(tmp_path / "b", _SHOP, "payment/test-credentials-in-prod")
    assert [f.severity for f in mode] == ["medium"]


_RETURN = """\
import stripe
from django.http import HttpResponse
from django.urls import path


def paid(request):
    intent_id = TAKEN
    if not intent_id:
        return HttpResponse(status=400)
    intent = stripe.PaymentIntent.retrieve(intent_id)
    if intent.status == "succeeded":
        stripe.Transfer.create(amount=intent.amount, currency=intent.currency, destination="acct_1")
    return HttpResponse("ok")


urlpatterns = [path("payment/return/", paid)]
"""


def test_what_is_taken_out_of_a_session_is_there_once(tmp_path: Path) -> None:
    def count(name: str, taken: str) -> int:
        return len(found(tmp_path / name, {"shop/urls.py": _RETURN.replace("TAKEN", taken)}, "idempotency/handler-not-idempotent"))

    assert count("sound", 'request.session.pop("intent", None)') == 0
    assert count("broken", 'request.session.get("intent")') == 1
