"""Rulings on how PHP shops speak with payment systems by hand, and on Livewire, Doctrine, EDD, middleware and pages around it."""

from pathlib import Path

import pytest

from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings


def reviewed(folder: Path, files: dict[str, str], *checks: str) -> Report:
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return review(folder, Settings(use_cache=False, checks=checks))


# --- a client that tells by numbers how it went, and keeps the answer

_CLIENT = """<?php
class KnotPayments
{
    private $response;
    public $status;
    public function send($method, array $data)
    {
        $ch = curl_init();
        curl_setopt_array($ch, [
            CURLOPT_URL => 'https://api.knotpay.com/v1/' . $method,
            CURLOPT_RETURNTRANSFER => 1,
            CURLOPT_TIMEOUT => 10,
            CURLOPT_POSTFIELDS => http_build_query($data + ['key' => getenv('KNOTPAY_KEY')]),
        ]);
        $this->response = curl_exec($ch);
        curl_close($ch);
        if (!$this->response) {
            return false;
        }
        return true;
    }
    public function paymentStatus($id)
    {
        if (!$id) {
            return -3;
        }
        if (!$this->send('status', ['payment' => $id])) {
            return -4;
        }
        $this->status = json_decode($this->response, true)['status'];
        return 0;
    }
}
"""
_NOTIFY = """<?php
require 'client.php';
$pdo = new PDO('mysql:host=localhost');
$client = new KnotPayments();
$stmt = $pdo->prepare('SELECT * FROM orders WHERE id = ?');
$stmt->execute([$_GET['order']]);
$order = $stmt->fetch();
%s
if ($order['status'] !== 'open') { exit; }
if ($client->status === 'Success') {
    $pdo->prepare("UPDATE orders SET status = 'paid' WHERE id = ?")->execute([$order['id']]);
}
"""
_STOP = "{ http_response_code(500); exit; }"
_SENT = f"if ($client->paymentStatus($_GET['payment']) < 0) {_STOP}"
_ASKING = {
    "below": f"if (($code = $client->paymentStatus($order['payment_id'])) < 0) {_STOP}",
    "nought": f"if ($client->paymentStatus($order['payment_id']) !== 0) {_STOP}",
    "compared": f"if ($order['payment_id'] !== $_GET['payment']) {_STOP} {_SENT}",
    "other": f"if ($order['payment_id'] !== $_GET['old']) {_STOP} {_SENT}",
    "sent": _SENT,
    "above": f"if ($client->paymentStatus($order['payment_id']) > 0) {_STOP}",
    "ignored": "$client->paymentStatus($order['payment_id']);",
}


def test_a_client_of_ours_tells_by_numbers_and_asks_by_the_id_that_the_order_keeps(tmp_path: Path) -> None:
    files = {f"notify_{name}.php": _NOTIFY % asked for name, asked in _ASKING.items()} | {"client.php": _CLIENT}
    report = reviewed(tmp_path, files, "payment/webhook-unverified", "payment/webhook-weak-verification", "payment/amount-not-reconciled")
    rulings = {(o.check.partition("/")[2], o.site.file.removeprefix("notify_").removesuffix(".php")): o.ruling for o in report.obligations}
    proven = {name: rulings["webhook-unverified", name] for name in _ASKING}
    assert {name for name, ruling in proven.items() if ruling == "held"} == {"below", "nought", "compared", "other", "sent"}
    tied = {name for (check, name), ruling in rulings.items() if check == "amount-not-reconciled" and ruling == "held"}
    assert {"below", "nought", "compared"} <= tied
    assert tied.isdisjoint({"other", "sent"})


# --- Laravel and Livewire

_COMPONENT = """<?php
namespace App\\Http\\Livewire;
use App\\Models\\Cart;
use App\\Models\\Order;
use Illuminate\\Support\\Facades\\Auth;
use Livewire\\Component;
class %s extends Component
{
    %s
    public function placeOrder()
    {
        $sum = 0;
        foreach (Cart::where('user_id', Auth::id())->get() as $item) {
            $sum += $item->product->price * $item->qty;
        }
        Order::create(['user_id' => Auth::id(), 'total' => $sum - $this->discount, 'status' => 'pending']);
    }
    public function render() { return view('checkout'); }
}
"""
_PAYPAL = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\DB;
use Srmklive\\PayPal\\Services\\PayPal as PayPalClient;
class PaypalController extends Controller
{
    public function create(Request $request)
    {
        $provider = new PayPalClient;
        $amount = ['currency_code' => 'PHP', 'value' => $request->input('total')];
        return $provider->createOrder(['intent' => 'CAPTURE', 'purchase_units' => [0 => ['amount' => $amount]]]);
    }
    public function capture(Request $request)
    {
        $provider = new PayPalClient;
        $result = $provider->capturePaymentOrder($request->input('paypal_order'));
        if ($result['status'] == 'COMPLETED') {
            $order = Order::find($request->input('order'));
            $order->status = 'ordered';
            $order->save();
        }
        return $result;
    }
    public function fromBalance(Request $request, Order $order)
    {
        $user = $request->user();
        if ($order->user_id !== $user->id || $order->status !== 'unpaid') {
            abort(403);
        }
        if ($user->balance < $order->total) {
            return back();
        }
        DB::transaction(function () use ($user, $order) {
            $user->decrement('balance', $order->total);
            $order->update(['status' => 'paid']);
        });
        return back();
    }
}
"""
_ROUTES = """<?php
use App\\Http\\Controllers\\PaypalController;
use Illuminate\\Support\\Facades\\Route;
Route::get('/open', App\\Http\\Livewire\\OpenCheckout::class);
Route::get('/closed', App\\Http\\Livewire\\ClosedCheckout::class);
Route::post('/order/create', [PaypalController::class, 'create']);
Route::post('/order/capture', [PaypalController::class, 'capture']);
Route::post('/order/{order}/balance', [PaypalController::class, 'fromBalance'])->middleware('auth');
"""


def test_properties_declared_together_numbered_lists_and_states_of_the_shops_own(tmp_path: Path) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^9", "livewire/livewire": "^2", "srmklive/paypal": "~3.0"}}',
        "routes/web.php": _ROUTES,
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
        "app/Http/Livewire/OpenCheckout.php": _COMPONENT % ("OpenCheckout", "public $voucher, $discount = 0, $shown;"),
        "app/Http/Livewire/ClosedCheckout.php": _COMPONENT % ("ClosedCheckout", "public $voucher; protected $discount = 0;"),
        "app/Http/Controllers/PaypalController.php": _PAYPAL,
    }
    checks = ("payment/client-amount", "tax-shipping/client-tax", "payment/amount-not-reconciled", "order/unguarded-transition")
    report = reviewed(tmp_path, files, *checks, "payment/fulfil-on-redirect")
    found = sorted((f.check, f.file.rpartition("/")[2], f.start_line) for f in report.findings)
    assert found == [
        ("order/unguarded-transition", "PaypalController.php", 21),
        ("payment/amount-not-reconciled", "PaypalController.php", 21),
        ("payment/client-amount", "PaypalController.php", 12),
        ("tax-shipping/client-tax", "OpenCheckout.php", 16),
    ]


# --- Doctrine

_PRODUCT = """<?php
namespace App\\Entity;
use Doctrine\\ORM\\Mapping as ORM;
/** @ORM\\Entity */
class Product
{
    /** @ORM\\Id @ORM\\Column(type="integer") */
    private $id;
    /** @ORM\\Column(type="integer") */
    private $quantity;
    public function getQuantity(): int { return $this->quantity; }
    public function setQuantity(int $quantity): self { $this->quantity = $quantity; return $this; }
}
"""
_TAKER = """<?php
namespace App\\Controller;
use App\\Entity\\Product;
use Doctrine\\DBAL\\LockMode;
use Doctrine\\ORM\\EntityManagerInterface;
use Symfony\\Bundle\\FrameworkBundle\\Controller\\AbstractController;
use Symfony\\Component\\Routing\\Annotation\\Route;
class %sController extends AbstractController
{
    private $em;
    private $rep;
    public function __construct(EntityManagerInterface $em)
    {
        $this->em = $em;
        $this->rep = $em->getRepository(Product::class);
    }
    /** @Route("/buy-%s/{name}", name="buy_%s") */
    public function buy(string $name)
    {
        $product = %s;
        $product->setQuantity($product->getQuantity() - 1);
        $this->em->flush();
        return $this->redirectToRoute('home');
    }
}
"""


def test_stock_is_taken_through_a_setter_from_a_repository_that_is_kept(tmp_path: Path) -> None:
    found_by = {"First": "$this->rep->findByName($name)[0]", "One": "$this->rep->findOneBy(['name' => $name])"}
    files = {f"src/Controller/{n}Controller.php": _TAKER % (n, n, n, how) for n, how in found_by.items()}
    files |= {
        "composer.json": '{"require": {"symfony/framework-bundle": "^5", "doctrine/orm": "^2.9"}}',
        "src/Entity/Product.php": _PRODUCT,
    }
    report = reviewed(tmp_path, files, "inventory/non-atomic-write", "inventory/oversell-race")
    assert sorted((f.check.partition("/")[2], f.file.rpartition("/")[2], f.start_line) for f in report.findings) == [
        ("non-atomic-write", "FirstController.php", 21),
        ("non-atomic-write", "OneController.php", 21),
        ("oversell-race", "FirstController.php", 21),
        ("oversell-race", "OneController.php", 21),
    ]


# --- WordPress: Easy Digital Downloads, REST callbacks, objects of cards

_EDD = """<?php
/* Plugin Name: Knot for Easy Digital Downloads */
function knot_pay($purchase_data) {
    $payment = edd_insert_payment(array('price' => $purchase_data['price'], 'status' => 'pending'));
    $made = wp_remote_post('https://api.knotpay.com/v1/payment', array('timeout' => 10, 'body' => array('order' => $payment)));
    if (is_wp_error($made)) {
        edd_update_payment_status($payment, 'failed');
        return;
    }
    wp_redirect(json_decode(wp_remote_retrieve_body($made))->link);
}
add_action('edd_gateway_knot', 'knot_pay');
function knot_guarded() {
    if (empty($_GET['order'])) return;
    $payment = edd_get_payment($_SESSION['knot_payment']);
    if ($payment->status != 'pending') return;
    edd_update_payment_status($payment->ID, 'failed');
}
add_action('edd_knot_guarded', 'knot_guarded');
function knot_cancel() {
    edd_update_payment_status($_GET['order'], 'abandoned');
}
add_action('edd_knot_cancel', 'knot_cancel');
function knot_back() {
    edd_update_payment_status($_GET['order'], 'publish');
}
add_action('edd_knot_back', 'knot_back');
function knot_routes() {
    $open = '__return_true';
    register_rest_route('knot/v1', '/webhook', array('methods' => 'POST', 'callback' => 'knot_webhook', 'permission_callback' => $open));
}
add_action('rest_api_init', 'knot_routes');
function knot_webhook($request) {
    $data = $request->get_json_params();
    error_log('knot webhook: ' . json_encode($data));
    edd_update_payment_status($data['order_id'], 'publish');
}
class Knot_Card {
    private $cardNumber; private $cvv; private $cardWithoutCvv;
    public function toObject() {
        $out = new stdClass();
        $out->cardNumber = $this->cardNumber;
        $out->cvv = $this->cvv;
        $out->cardWithoutCvv = $this->cardWithoutCvv->toObject();
        return $out;
    }
}
"""


def test_edd_is_told_a_state_and_sets_off_its_hooks_for_anybody(tmp_path: Path) -> None:
    checks = ("payment/fulfil-on-redirect", "payment/webhook-unverified", "order/unguarded-transition", "pci/card-data-logged")
    report = reviewed(tmp_path, {"knot.php": _EDD}, *checks, "pci/card-data-on-server", "payment/amount-not-reconciled")
    lines = [line.strip() for line in _EDD.splitlines()]
    found = sorted(
        {(f.check.partition("/")[2], lines[f.start_line - 1]) for f in report.findings if f.check != "order/unguarded-transition"}
    )
    assert found == [
        ("amount-not-reconciled", "edd_update_payment_status($data['order_id'], 'publish');"),
        ("card-data-logged", "error_log('knot webhook: ' . json_encode($data));"),
        ("fulfil-on-redirect", "edd_update_payment_status($_GET['order'], 'publish');"),
        ("webhook-unverified", "edd_update_payment_status($data['order_id'], 'publish');"),
    ]
    unguarded = {lines[f.start_line - 1] for f in report.findings if f.check == "order/unguarded-transition"}
    assert "edd_update_payment_status($_GET['order'], 'abandoned');" in unguarded
    assert not any("'failed'" in line for line in unguarded)


# --- middleware of Laravel, and pages that have a module hear

_MIDDLEWARE = """<?php
namespace App\\Http\\Middleware;
use Closure;
use Illuminate\\Support\\Facades\\Auth;
class %s
{
    public function handle($request, Closure $next)
    {
        %s
    }
}
"""
_PASSES = {
    "Positive": "if (Auth::user()->role === 'admin') { return $next($request); } return redirect('/');",
    "Both": "if (Auth::check() && Auth::user()->role == 'admin') { return $next($request); } return redirect('/');",
    "Nested": "if (Auth::check()) { if (Auth::user()->is_admin) { return $next($request); } return back(); } return redirect('/in');",
    "Turned": "if (Auth::user()->role === 'admin') { return redirect('/admin'); } return $next($request);",
    "Noted": "if (Auth::user()->role === 'admin') { logger('seen'); } return $next($request);",
}


def test_a_middleware_lets_pass_whom_it_hands_the_request_on_for(tmp_path: Path) -> None:
    aliases = "".join(f"        '{n.lower()}' => \\App\\Http\\Middleware\\{n}::class,\n" for n in _PASSES)
    routes = "".join(
        f"Route::post('/{n.lower()}/{{order}}', [OrderController::class, 'to{n}'])->middleware('{n.lower()}');\n" for n in _PASSES
    )
    methods = "".join(f"    public function to{n}(Order $order) {{ $order->status = 'paid'; $order->save(); }}\n" for n in _PASSES)
    files = {
        "composer.json": '{"require": {"laravel/framework": "^9"}}',
        "app/Http/Kernel.php": "<?php\nnamespace App\\Http;\nclass Kernel extends \\Illuminate\\Foundation\\Http\\Kernel {\n"
        f"    protected $routeMiddleware = [\n{aliases}    ];\n}}\n",
        "routes/web.php": "<?php\nuse App\\Http\\Controllers\\OrderController;\nuse Illuminate\\Support\\Facades\\Route;\n" + routes,
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
        "app/Http/Controllers/OrderController.php": "<?php\nnamespace App\\Http\\Controllers;\nuse App\\Models\\Order;\n"
        f"class OrderController extends Controller {{\n{methods}}}\n",
    }
    files |= {f"app/Http/Middleware/{n}.php": _MIDDLEWARE % (n, code) for n, code in _PASSES.items()}
    report = reviewed(tmp_path, files, "payment/fulfil-on-redirect")
    assert sorted(list(_PASSES)[f.start_line - 5] for f in report.findings) == ["Noted", "Turned"]


_MODULE = """<?php
class Knot extends PaymentModule
{
    public function handleNotify()
    {
        %s
        $order = new Order((int) $_POST['order']);
        $history = new OrderHistory();
        $history->id_order = (int) $order->id;
        $history->changeIdOrderState((int) Configuration::get('PS_OS_PAYMENT'), $order, true);
        $history->addWithemail(true);
    }
}
"""


def test_a_page_has_a_module_read_what_was_sent(tmp_path: Path) -> None:
    page = "<?php\ninclude(dirname(__FILE__).'/../../config/config.inc.php');\ninclude(dirname(__FILE__).'/knot.php');\n"
    page += "$knot = new Knot();\n$knot->handleNotify();\n"
    signed = "if (!hash_equals(md5($_POST['order'] . Configuration::get('KNOT_SECRET')), $_POST['sig'])) die('no');"
    for name, code in {"open": "", "signed": signed}.items():
        files = {"modules/knot/notify.php": page, "modules/knot/knot.php": _MODULE % code}
        report = reviewed(tmp_path / name, files, "payment/webhook-unverified")
        assert [o.ruling for o in report.obligations] == ["held" if code else "broken"]


_VOUCHER = """\
<?php

namespace App\\Livewire;

use App\\Models\\Order;
use Livewire\\Attributes\\Locked;
use Livewire\\Component;

class Checkout extends Component
{
    LOCKED
    public $total = 0;
    private $voucher = 5;

    public function applyVoucher()
    {
        $this->total = max(0, $this->total - $this->voucher);
    }

    public function pay()
    {
        Order::create(['total_price' => $this->total, 'status' => 'pending']);
    }
}
"""


@pytest.mark.parametrize(("locked", "wrong"), [("", True), ("#[Locked]", False)])
def test_a_field_may_be_bounded_by_what_it_was_before(tmp_path: Path, locked: str, wrong: bool) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11", "livewire/livewire": "^3"}}',
        "app/Livewire/Checkout.php": _VOUCHER.replace("LOCKED", locked),
    }
    assert bool(reviewed(tmp_path, files, "payment/client-amount").findings) is wrong
