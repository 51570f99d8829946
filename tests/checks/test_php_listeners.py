"""Rulings on PHP listeners, shops and modules: postbacks, flags of errors, container names, bundled libraries, Shopware's state machine."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken
from tests.checks.test_stock import ruled

WEAK = "payment/webhook-weak-verification"

# --- the answer of a postback

_IPN = """<?php
include 'db.php';
$ch = curl_init('https://ipnpb.paypal.com/cgi-bin/webscr');
curl_setopt($ch, CURLOPT_POSTFIELDS, 'cmd=_notify-validate&' . file_get_contents('php://input'));
$answer = curl_exec($ch);
{before}if ({asked}) {{
    mysqli_query($db, "UPDATE orders SET status = 'paid' WHERE id = '" . (int) $_POST['custom'] . "'");
}}
"""


@pytest.mark.parametrize(
    ("asked", "genuine"),
    [
        ('strcmp($answer, "VERIFIED") == 0', True),
        ('!strcmp($answer, "VERIFIED")', True),
        ('strpos($answer, "VERIFIED") !== false', True),
        ('in_array("VERIFIED", array_keys($parsed), true)', True),
        ('strcmp($answer, "VERIFIED")', False),
        ('strcmp($answer, "INVALID") != 0', False),
        ('strpos($answer, "INVALID") === false', False),
    ],
)
def test_an_answer_is_looked_at_by_whatever_call(tmp_path: Path, asked: str, genuine: bool) -> None:
    before = "parse_str($answer, $parsed);\n" if "$parsed" in asked else ""
    found = broken(tmp_path, WEAK, {"db.php": "<?php\n$db = mysqli_connect();\n", "ipn.php": _IPN.format(asked=asked, before=before)})
    assert bool(found) is not genuine


@pytest.mark.parametrize(("asked", "genuine"), [('"VERIFIED" in', True), ('"VERIFIED" not in', False)])
def test_what_is_in_an_answer_of_python(tmp_path: Path, asked: str, genuine: bool) -> None:
    code = f"""import requests
from flask import Flask, request
from models import Order, db

app = Flask(__name__)


@app.post("/ipn")
def ipn():
    answer = requests.post("https://ipnpb.paypal.com/cgi-bin/webscr", data=b"cmd=_notify-validate&" + request.get_data(), timeout=9)
    if {asked} answer.text:
        Order.query.get(request.form["custom"]).status = "paid"
        db.session.commit()
    return ""
"""
    assert bool(broken(tmp_path, WEAK, {"app.py": code})) is not genuine


# --- flags of errors

_FLAGGED = """<?php
/* Plugin Name: Rand pay */
class Rand_Gateway extends WC_Payment_Gateway {{
    public function __construct() {{
        $this->id = 'rand';
        $this->phrase = $this->get_option('passphrase');
        add_action('woocommerce_api_rand_gateway', array($this, 'itn'));
    }}
    public function itn() {{
        $this->handle(stripslashes_deep($_POST));
        header('HTTP/1.0 200 OK');
        flush();
    }}
    private function handle($data) {{
        $error = false;
        $done = false;
        $order = wc_get_order(absint($data['custom_str3']));
        if (!$error && !$done) {{
            $made = md5($this->text($data));
            if (!$this->signed($data, $made)) {{
                $error = true;
            }}
        }}
        if (!$error) {{
            if (!$this->confirmed($data)) {{
                {denied}
            }}
        }}
        if (!$error && !$done) {{
            if ({amounts}) {{
                $error = true;
            }}
        }}
        if (!$error && 'completed' === $order->get_status()) {{
            $done = true;
        }}
        if ($error) {{
            wp_mail(get_option('admin_email'), 'A notification was refused', $data['pf_payment_id']);
        }} elseif (!$done) {{
            if ('COMPLETE' === $data['payment_status']) {{
                $order->payment_complete($data['pf_payment_id']);
            }}
        }}
    }}
    private function text($data) {{
        return http_build_query($data) . '&passphrase=' . urlencode($this->phrase);
    }}
    private function signed($data, $made) {{
        return $data['signature'] === $made;
    }}
    private function confirmed($data) {{
        $answer = wp_remote_post('https://www.payfast.co.za/eng/query/validate', array('body' => $data, 'timeout' => 20));
        if (is_wp_error($answer) || empty($answer['body'])) {{
            return false;
        }}
        parse_str($answer['body'], $parsed);
        if (is_array($parsed) && in_array('VALID', array_keys($parsed), true)) {{
            return true;
        }} else {{
            return false;
        }}
    }}
    private function same($one, $other) {{
        return !(abs(floatval($one) - floatval($other)) > 0.01);
    }}
    private static function of($order, $what) {{
        $getter = array($order, 'get_' . $what);
        return is_callable($getter) ? call_user_func($getter) : null;
    }}
}}
"""
_COMPARED = "!$this->same($data['amount_gross'], self::of($order, 'order_total'))"
_SET = "$error = true;"


def flagged(denied: str = _SET, amounts: str = _COMPARED) -> dict[str, str]:
    return {"rand.php": _FLAGGED.format(denied=denied, amounts=amounts)}


def test_a_flag_that_is_set_where_a_check_fails(tmp_path: Path) -> None:
    rulings = [r for r in ruled(tmp_path, WEAK, flagged()) if r[0] == "broken"]
    assert [line for _, _, line in rulings] == [49]  # only that the digests are not compared in constant time


def test_a_flag_that_nobody_sets_where_the_answer_is_no(tmp_path: Path) -> None:
    unsigned = {"rand.php": flagged("error_log('no');")["rand.php"].replace("if (!$this->signed($data, $made)) {", "if (false) {")}
    assert [line for _, line in broken(tmp_path, WEAK, unsigned)] != []


def test_sums_that_are_compared_before_a_flag_is_set(tmp_path: Path) -> None:
    assert broken(tmp_path, "payment/amount-not-reconciled", flagged()) == []


def test_sums_that_are_not_compared(tmp_path: Path) -> None:
    assert [file for file, _ in broken(tmp_path, "payment/amount-not-reconciled", flagged(amounts="false"))] == ["rand.php"]


def test_a_postback_to_a_system_that_no_pack_knows_is_a_question(tmp_path: Path) -> None:
    check = "payment/webhook-unverified"
    code = flagged()["rand.php"].replace("https://www.payfast.co.za", "https://www.moneyhut.example").replace("pf_payment_id", "reference")
    assert [r for r, _, _ in ruled(tmp_path / "signed", check, {"hut.php": code})] == ["held"]
    unsigned = code.replace("return $data['signature'] === $made;", "return true;")
    assert [r for r, _, _ in ruled(tmp_path / "asked", check, {"hut.php": unsigned})] == ["unknown"]


# --- shops without Composer

_CHARGE = """<?php
require_once 'lib/stripe-php/init.php';
\\Stripe\\Stripe::setApiKey(getenv('STRIPE_KEY'));
$charge = \\Stripe\\Charge::create(array('amount' => $_POST['total'], 'currency' => 'usd', 'source' => $_POST['stripeToken']));
"""
_SDK = "<?php\nnamespace Stripe;\nclass Charge {\n    public static function create($params) {\n        return new self();\n    }\n}\n"


def test_a_library_that_is_bundled_is_not_the_shops(tmp_path: Path) -> None:
    files = {"pay.php": _CHARGE, "lib/stripe-php/composer.json": '{"name": "stripe/stripe-php"}', "lib/stripe-php/Charge.php": _SDK}
    assert broken(tmp_path, "payment/client-amount", files) == [("pay.php", 4)]


def test_a_table_is_named_after_whose_orders_it_keeps(tmp_path: Path) -> None:
    page = """<?php
$db = mysqli_connect();
$id = (int) $_GET['invoice'];
mysqli_query($db, "UPDATE orders_customers SET status = 'Pending' WHERE orderid = '$id'");
"""
    assert broken(tmp_path, "order/unguarded-transition", {"status.php": page}) == [("status.php", 4)]


# --- Laravel: a list that is handed back

_CART = """<?php
namespace App\\Helpers;
use App\\Models\\{Product, CartItem};
class Cart {
    public static function load(): array {
        $lines = CartItem::where('user_id', auth()->id())->get();
        $products = Product::query()->whereIn('id', $lines->pluck('product_id'))->get();
        return [$products, $lines->keyBy('product_id')];
    }
}
"""
_MODEL = """<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class {name} extends Model {{ protected $guarded = []; }}
"""
_CHECKOUT = """<?php
namespace App\\Http\\Controllers;
use App\\Helpers\\Cart;
use App\\Models\\Order;
use Illuminate\\Support\\Facades\\DB;
class CheckoutController extends Controller {
    public function store() {
        [$products, $lines] = Cart::load();
        DB::beginTransaction();
        foreach ($products as $product) {
            $n = $lines[$product->id]->quantity;
            if ($product->quantity < $n) {
                return back();
            }
            $product->quantity -= $n;
            $product->save();
        }
        $session = \\Stripe\\Checkout\\Session::create(['mode' => 'payment', 'line_items' => []]);
        Order::create(['session_id' => $session->id, 'status' => 'unpaid']);
        DB::commit();
        return redirect($session->url);
    }
}
"""


def laravel() -> dict[str, str]:
    return {
        "composer.json": '{"require": {"laravel/framework": "^11", "stripe/stripe-php": "^10"}}',
        "app/Helpers/Cart.php": _CART,
        "app/Models/Product.php": _MODEL.format(name="Product"),
        "app/Models/CartItem.php": _MODEL.format(name="CartItem"),
        "app/Models/Order.php": _MODEL.format(name="Order"),
        "app/Http/Controllers/CheckoutController.php": _CHECKOUT,
        "routes/web.php": "<?php\nuse App\\Http\\Controllers\\CheckoutController;\n"
        "Route::middleware('auth')->group(function () {\n    Route::post('/checkout', [CheckoutController::class, 'store']);\n});\n",
    }


def test_records_in_a_list_that_a_function_hands_back(tmp_path: Path) -> None:
    assert broken(tmp_path, "inventory/oversell-race", laravel()) == [("app/Http/Controllers/CheckoutController.php", 15)]


def test_a_quantity_of_goods_is_written_while_a_provider_is_waited_for(tmp_path: Path) -> None:
    assert broken(tmp_path, "inventory/sync-in-payment", laravel()) == [("app/Http/Controllers/CheckoutController.php", 18)]


# --- Shopware

_SERVICES = """services:
  _defaults:
    public: true
  hut.states:
    class: 'Hut\\Pay\\States'
"""
_STATES = """<?php
namespace Hut\\Pay;
use Payrexx\\Models\\Response\\Transaction;
use Shopware\\Core\\Checkout\\Order\\Aggregate\\OrderTransaction\\OrderTransactionStateHandler;
class States {
    public function __construct(private OrderTransactionStateHandler $handler, private \\Payrexx\\Payrexx $payrexx) {}
    public function move($id, string $status, $context): void {
        switch ($status) {
            case Transaction::CONFIRMED:
                $this->handler->paid($id, $context);
                break;
            case Transaction::CANCELLED:
                $this->handler->cancel($id, $context);
                break;
        }
    }
    public function take(int $number): void {
        $asked = new \\Payrexx\\Models\\Request\\Transaction();
        $asked->setId($number);
        try {
            $this->payrexx->capture($asked);
        } catch (\\Payrexx\\PayrexxException $e) {
            {caught}
        }
    }
}
"""
_CANCEL = """<?php
namespace Hut\\Pay;
use Shopware\\Core\\Checkout\\Order\\Aggregate\\OrderTransaction\\OrderTransactionStates;
use Symfony\\Component\\HttpFoundation\\Request;
use Symfony\\Component\\Routing\\Attribute\\Route;
class Back {
    private static $kept = [];
    public function __construct(private $container) {}
    #[Route(path: '/payrexx/{{name}}', name: 'back', methods: ['GET'])]
    public function back(Request $request, $context) {
        $this->of('states')->move($request->query->get('id'), {{to}}, $context);
    }
    private function of($name) {
        $name = 'hut.' . $name;
        if (isset(self::$kept[$name])) {
            return self::$kept[$name];
        }
        self::$kept[$name] = $this->container->get($name);
        return self::$kept[$name];
    }
}
""".replace("{{name}}", "cancel").replace("{{to}}", "%s")
_LISTENER = """<?php
namespace Hut\\Pay;
use Symfony\\Component\\EventDispatcher\\EventSubscriberInterface;
class Shipped implements EventSubscriberInterface {
    public function __construct(private States $states) {}
    public static function getSubscribedEvents(): array {
        return ['order_delivery.written' => 'shipped'];
    }
    public function shipped($event): void {
        $this->states->take($event->getNumber());
    }
}
"""


def shopware(to: str, caught: str = "return;") -> dict[str, str]:
    return {
        "composer.json": '{"type": "shopware-platform-plugin", "require": {"shopware/core": "*", "payrexx/payrexx": "*"}}',
        "src/Resources/config/services.yml": _SERVICES,
        "src/States.php": _STATES.replace("{caught}", caught),
        "src/Back.php": _CANCEL % to,
        "src/Shipped.php": _LISTENER,
    }


@pytest.mark.parametrize(
    ("to", "found"),
    [("OrderTransactionStates::STATE_CANCELLED", []), ("\\Payrexx\\Models\\Response\\Transaction::CONFIRMED", [("src/Back.php", 11)])],
)
def test_a_constant_that_is_called_otherwise_opens_no_other_branch(tmp_path: Path, to: str, found: list[tuple[str, int]]) -> None:
    known = {(file, line) for file, line in broken(tmp_path, "payment/fulfil-on-redirect", shopware(to))}
    assert bool(known) == bool(found)


@pytest.mark.parametrize(("caught", "found"), [("return;", [("src/States.php", 21)]), ("$this->logger->error($e->getMessage());", [])])
def test_a_capture_of_a_listener_that_fails_without_a_word(tmp_path: Path, caught: str, found: list[tuple[str, int]]) -> None:
    files = shopware("OrderTransactionStates::STATE_CANCELLED", caught)
    assert [file for file, _ in broken(tmp_path, "resilience/swallowed-failure", files)] == [file for file, _ in found]


@pytest.mark.parametrize(
    ("path", "open_to_all", "found"),
    [
        ("/api/_action/hut/pay", "", False),
        ("/api/_action/hut/pay", ", defaults: ['auth_required' => false]", True),
        ("/payrexx/success", "", True),
    ],
)
def test_the_admin_api_of_the_platform_is_for_staff(tmp_path: Path, path: str, open_to_all: str, found: bool) -> None:
    files = shopware("\\Payrexx\\Models\\Response\\Transaction::CONFIRMED")
    back = files["src/Back.php"].replace("'/payrexx/cancel', name: 'back', methods: ['GET']", f"'{path}', name: 'back'{open_to_all}")
    assert bool(broken(tmp_path, "payment/fulfil-on-redirect", files | {"src/Back.php": back})) is found


def test_a_renewal_that_the_scheduler_hands_over_is_the_platforms(tmp_path: Path) -> None:
    code = """<?php
/* Plugin Name: Hut */
class Hut_Gateway extends WC_Payment_Gateway {
    public function __construct() {
        $this->id = 'hut';
        add_action('woocommerce_scheduled_subscription_payment_' . $this->id, array($this, 'renew'), 10, 2);
    }
    public function renew($amount, $order) {
        $order->update_status('failed', 'The renewal failed');
    }
}
"""
    assert broken(tmp_path, "order/unguarded-transition", {"hut.php": code}) == []
