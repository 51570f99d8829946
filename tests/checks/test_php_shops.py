"""Rulings on PHP shops of several files: plain pages with a session, Laravel's repositories, modules of PrestaShop and Magento."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled
from tillproof.review import review
from tillproof.settings import Settings

Rulings = list[tuple[str, str, int]]


def broken(root: Path, check: str, files: dict[str, str]) -> list[tuple[str, int]]:
    return [(file, line) for ruling, file, line in ruled(root, check, files) if ruling == "broken"]


# --- plain pages

_DB = '<?php\n$db = mysqli_connect(getenv("DB_HOST"), getenv("DB_USER"), getenv("DB_PASS"), "shop");\n'
_PAY = """<?php
require 'razorpay-php/Razorpay.php';
session_start();
use Razorpay\\Api\\Api;
$api = new Api(getenv('RZP_KEY'), getenv('RZP_SECRET'));
$made = $api->order->create(['receipt' => $_SESSION['order'], 'amount' => (int) round($_SESSION['total'] * 100), 'currency' => 'INR']);
$_SESSION['razorpay_order_id'] = $made['id'];
"""
_DONE = """<?php
require 'razorpay-php/Razorpay.php';
include 'db.php';
session_start();
use Razorpay\\Api\\Api;
$genuine = {first};
if (!empty($_POST['razorpay_payment_id'])) {{
    $api = new Api(getenv('RZP_KEY'), getenv('RZP_SECRET'));
    try {{
        $api->utility->verifyPaymentSignature([
            'razorpay_order_id' => $_SESSION['razorpay_order_id'],
            'razorpay_payment_id' => $_POST['razorpay_payment_id'],
            'razorpay_signature' => $_POST['razorpay_signature'],
        ]);
        $genuine = true;
    }} catch (\\Exception $e) {{
        $genuine = false;
    }}
}}
if ($genuine === true) {{
    $order = $_SESSION['order'];
    mysqli_query($db, "UPDATE order_details SET status = 'paid' WHERE id = '$order'");
}}
"""


@pytest.mark.parametrize(("first", "found"), [("true", [("done.php", 22)]), ("false", [])])
def test_a_flag_that_begins_as_true_lets_who_sends_nothing_pass(tmp_path: Path, first: str, found: list[tuple[str, int]]) -> None:
    files = {"db.php": _DB, "pay.php": _PAY, "done.php": _DONE.format(first=first)}
    assert broken(tmp_path, "payment/fulfil-on-redirect", files) == found


def order_page(total: str) -> str:
    return f"""<?php
session_start();
include 'db.php';
$user = (int) $_SESSION['user'];
{total}
$method = $_POST['payment_method'];
mysqli_query($db, "INSERT INTO order_details (usr_id, total_price, status) VALUES ($user, $total, 'pending')");
$id = mysqli_insert_id($db);
$_SESSION['order'] = $id;
$_SESSION['total'] = $total;
if ($method == 'cashondelivery') {{
    mysqli_query($db, "UPDATE order_details SET status = 'processing' WHERE id = '$id'");
}} else {{
    header('Location: pay.php');
}}
"""


_SENT = "$total = $_POST['amount'];"
_OWN = """$rows = mysqli_query($db, "SELECT SUM(price * n) AS s FROM cart_item JOIN product USING (product_id) WHERE usr_id = $user");
$total = mysqli_fetch_assoc($rows)['s'];"""


def test_a_sum_that_the_form_brings_is_the_clients_where_it_is_stored_and_where_the_session_has_kept_it(tmp_path: Path) -> None:
    files = {"db.php": _DB, "pay.php": _PAY, "order.php": order_page(_SENT)}
    assert sorted(broken(tmp_path, "payment/client-amount", files)) == [("order.php", 7), ("pay.php", 6)]


def test_a_sum_of_the_database_that_the_session_has_kept_is_ours(tmp_path: Path) -> None:
    assert broken(tmp_path, "payment/client-amount", {"db.php": _DB, "pay.php": _PAY, "order.php": order_page(_OWN)}) == []


@pytest.mark.parametrize("check", ["payment/fulfil-on-redirect", "order/unguarded-transition"])
def test_an_order_to_be_paid_at_the_door_is_accepted_when_it_is_made(tmp_path: Path, check: str) -> None:
    assert broken(tmp_path, check, {"db.php": _DB, "pay.php": _PAY, "order.php": order_page(_OWN)}) == []


def edit_page(guard: str) -> str:
    return f"""<?php
session_start();
include '../db.php';
{guard}
$id = (int) $_GET['id'];
$status = $_POST['status'];
mysqli_query($db, "UPDATE orders SET status = '$status' WHERE id = '$id'");
"""


def test_a_page_that_writes_any_state_for_anybody(tmp_path: Path) -> None:
    files = {"db.php": _DB, "admin/edit.php": edit_page("")}
    assert broken(tmp_path, "order/unguarded-transition", files) == [("admin/edit.php", 7)]


def test_a_page_that_writes_any_state_for_staff(tmp_path: Path) -> None:
    guard = "if (empty($_SESSION['admin_id'])) { header('Location: login.php'); exit; }"
    files = {"db.php": _DB, "admin/edit.php": edit_page(guard)}
    assert broken(tmp_path, "order/unguarded-transition", files) == [("admin/edit.php", 7)]
    report = review(tmp_path, Settings(use_cache=False, checks=("order/unguarded-transition",)))
    assert [f.severity for f in report.findings] == ["medium"]  # staff may, but not whatever state the order is in


def test_each_handle_of_curl_has_its_own_options(tmp_path: Path) -> None:
    page = """<?php
$plan = curl_init('https://api.razorpay.com/v1/plans');
curl_setopt($plan, CURLOPT_POSTFIELDS, http_build_query(['period' => 'weekly']));
$made = curl_exec($plan);
$ch = curl_init();
curl_setopt_array($ch, [CURLOPT_URL => 'https://api.razorpay.com/v1/subscriptions', CURLOPT_POST => 1, CURLOPT_TIMEOUT => 20]);
$out = curl_exec($ch);
"""
    assert broken(tmp_path, "resilience/no-timeout", {"subscribe.php": page}) == [("subscribe.php", 4)]


# --- Laravel, with repositories of its own

_LARAVEL = {
    "artisan": "",
    "composer.json": '{"require": {"laravel/framework": "^11", "stripe/stripe-php": "^15"}}',
    "routes/api.php": """<?php
use App\\Http\\Controllers\\HookController;
use Illuminate\\Support\\Facades\\Route;
Route::post('/stripe/webhook', [HookController::class, 'hear']);
""",
    "app/Repositories/Store.php": """<?php
namespace App\\Repositories;
interface Store {
    public function withRelation(string $name): static;
    public function change(int $id, array $values);
    public function firstWhere(array $where);
}
""",
    "app/Repositories/OrderStore.php": """<?php
namespace App\\Repositories;
interface OrderStore extends Store {}
""",
    "app/Repositories/Eloquent.php": """<?php
namespace App\\Repositories;
use Illuminate\\Contracts\\Foundation\\Application;
abstract class Eloquent implements Store {
    protected $rows;
    public function __construct(private Application $app) { $this->rows = $app->make($this->kept()); }
    abstract protected function kept(): string;
    public function withRelation(string $name): static { $this->rows = $this->rows->with($name); return $this; }
    public function change(int $id, array $values) {
        $row = $this->rows->findOrFail($id);
        $row->fill($values);
        $row->save();
        return $row;
    }
    public function firstWhere(array $where) { return $this->rows->where($where)->first(); }
}
""",
    "app/Repositories/EloquentOrders.php": """<?php
namespace App\\Repositories;
use App\\Models\\Order;
class EloquentOrders extends Eloquent implements OrderStore {
    protected function kept(): string { return Order::class; }
}
""",
    "app/Models/Order.php": """<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class Order extends Model {}
""",
    "app/Enums/Paid.php": """<?php
namespace App\\Enums;
enum Paid { case AWAITING_PAYMENT; case PAYMENT_RECEIVED; case PAYMENT_FAILED; }
""",
}


def hook(failed: str) -> str:
    return f"""<?php
namespace App\\Http\\Controllers;
use App\\Enums\\Paid;
use App\\Repositories\\OrderStore;
use Illuminate\\Http\\Request;
use Stripe\\Webhook;
class HookController {{
    public function __construct(private OrderStore $orders) {{}}
    public function hear(Request $request) {{
        $event = Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('services.stripe.secret'));
        $intent = $event->data->object;
        $order = $this->orders->firstWhere(['payment_intent_id' => $intent->id]);
        if ($event->type === 'payment_intent.succeeded') {{
            $this->orders->withRelation('items')->change($order->id, ['payment_status' => Paid::PAYMENT_RECEIVED->name]);
        }} elseif ($event->type === 'payment_intent.payment_failed'{failed}) {{
            $this->orders->withRelation('items')->change($order->id, ['payment_status' => Paid::PAYMENT_FAILED->name]);
        }}
        return response('', 200);
    }}
}}
"""


def test_what_a_repository_inherits_writes_the_records_of_its_own_class(tmp_path: Path) -> None:
    files = {**_LARAVEL, "app/Http/Controllers/HookController.php": hook("")}
    assert [file for file, _ in broken(tmp_path, "order/event-order-assumed", files)] != []


def test_a_failure_after_a_payment_is_refused_by_the_state(tmp_path: Path) -> None:
    guard = " && $order->payment_status === Paid::AWAITING_PAYMENT->name"
    files = {**_LARAVEL, "app/Http/Controllers/HookController.php": hook(guard)}
    assert broken(tmp_path, "order/event-order-assumed", files) == []


def test_the_order_is_found_by_the_id_of_the_payment_that_was_made_for_it(tmp_path: Path) -> None:
    files = {**_LARAVEL, "app/Http/Controllers/HookController.php": hook("")}
    assert broken(tmp_path, "payment/amount-not-reconciled", files) == []


def queued(verify: str) -> str:
    return f"""<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Stripe\\Webhook;
class HookController {{
    public function hear(Request $request) {{
        $signature = $request->header('Stripe-Signature');
        $payload = $request->getContent();
        dispatch(static function () use ($signature, $payload) {{
            {verify}
            if ($event->type === 'payment_intent.succeeded') {{
                Order::where('payment_intent_id', $event->data->object->id)->update(['status' => 'paid']);
            }}
        }});
        return response('', 204);
    }}
}}
"""


@pytest.mark.parametrize("check", ["payment/webhook-weak-verification", "payment/webhook-unverified"])
def test_a_job_that_verifies_before_it_acts_may_be_queued_unverified(tmp_path: Path, check: str) -> None:
    verify = "$event = Webhook::constructEvent($payload, $signature, config('services.stripe.secret'));"
    files = {**_LARAVEL, "app/Http/Controllers/HookController.php": queued(verify)}
    assert broken(tmp_path, check, files) == []


def test_a_job_that_verifies_nothing_is_found(tmp_path: Path) -> None:
    files = {**_LARAVEL, "app/Http/Controllers/HookController.php": queued("$event = json_decode($payload);")}
    assert broken(tmp_path, "payment/webhook-unverified", files) == [("app/Http/Controllers/HookController.php", 13)]


def test_a_counter_in_a_cache_is_no_mark(tmp_path: Path) -> None:
    counter = """<?php
namespace App\\Services;
class PaymentEventCounter {
    public function __construct(private \\Illuminate\\Cache\\CacheManager $cacheManager) {}
    public function count(string $event) {
        if (!$this->cacheManager->has('handled_' . $event)) { $this->cacheManager->increment('handled_' . $event); }
    }
}
"""
    assert broken(tmp_path, "idempotency/dedup-race", {**_LARAVEL, "app/Services/PaymentEventCounter.php": counter}) == []


def midtrans(first: str, held: str) -> dict[str, str]:
    return {
        **_LARAVEL,
        "composer.json": '{"require": {"laravel/framework": "^11", "midtrans/midtrans-php": "^2.5"}}',
        "app/Http/Controllers/HookController.php": f"""<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Midtrans\\Notification;
class HookController {{
    public function hear(Request $request) {{
        {first}
        $order = Order::where('code', $note->order_id)->firstOrFail();
        if ($note->transaction_status == 'settlement' && $order->status == 'pending'{held}) {{
            $order->update(['status' => 'paid']);
        }}
        return response('', 200);
    }}
}}
""",
    }


def test_the_notification_of_midtrans_asks_midtrans(tmp_path: Path) -> None:
    files = midtrans("$note = new Notification();", " && (int) $note->gross_amount === $order->total")
    assert broken(tmp_path, "payment/fulfil-on-redirect", files) == []
    assert broken(tmp_path, "payment/webhook-unverified", files) == []


def test_a_message_of_midtrans_that_is_taken_as_it_comes(tmp_path: Path) -> None:
    files = midtrans("$note = json_decode($request->getContent());", "")
    found = broken(tmp_path, "payment/webhook-unverified", files) + broken(tmp_path, "payment/fulfil-on-redirect", files)
    assert ("app/Http/Controllers/HookController.php", 11) in found


# --- PrestaShop

_MODULE = {
    "payer.php": """<?php
if (!defined('_PS_VERSION_')) { exit; }
class Payer extends PaymentModule {
    public function api() { $api = new \\Mollie\\Api\\MollieApiClient(); $api->setApiKey(Configuration::get('PAYER_KEY')); return $api; }
    public function hookActionValidateOrder($params) {
        $payment = $this->api()->payments->get($params['order']->reference);
        if ($payment->status === 'paid') { Mail::Send(1, 'paid', 'Paid', [], $params['customer']->email); }
    }
}
""",
    "composer.json": '{"require": {"mollie/mollie-api-php": "^2.60"}}',
}


def ipn(guard: str) -> str:
    return f"""<?php
class PayerWebhookModuleFrontController extends ModuleFrontController {{
    /** @var Payer */
    public $module;
    public function initContent() {{
        $payment = $this->module->api()->payments->get(Tools::getValue('id'));
        $order = new Order((int) Order::getIdByCartId((int) $payment->metadata->cart_id));
        $state = (int) Configuration::get('PAYER_STATE_' . strtoupper($payment->status));
        {guard}
        $history = new OrderHistory();
        $history->id_order = (int) $order->id;
        $history->changeIdOrderState($state, (int) $order->id);
        $history->addWithemail(true);
        Mail::Send(1, 'paid', 'Paid', [], $order->getCustomer()->email);
    }}
}}
"""


def test_a_hook_of_the_shop_is_no_webhook_of_the_provider(tmp_path: Path) -> None:
    files = {**_MODULE, "controllers/front/webhook.php": ipn("")}
    assert {file for _, file, _ in ruled(tmp_path, "payment/webhook-unverified", files)} == {"controllers/front/webhook.php"}


def test_what_a_front_controller_calls_is_no_route_of_its_own(tmp_path: Path) -> None:
    helper = """
        $this->markPaid($order);
    }
    public function markPaid($order) {
        $order->setCurrentState((int) Configuration::get('PS_OS_PAYMENT'));"""
    files = {**_MODULE, "controllers/front/webhook.php": ipn(helper)}
    ruled(tmp_path, "payment/webhook-unverified", files)
    handlers = review(tmp_path, Settings(use_cache=False)).handlers
    assert [(h.file, h.line) for h in handlers] == [("controllers/front/webhook.php", 5)]


def test_a_state_that_is_held_against_the_one_to_be_written(tmp_path: Path) -> None:
    check = "idempotency/handler-not-idempotent"
    assert broken(tmp_path / "bare", check, {**_MODULE, "controllers/front/webhook.php": ipn("")}) != []
    guard = "if ((int) $order->current_state === $state) { return; }"
    assert broken(tmp_path / "held", check, {**_MODULE, "controllers/front/webhook.php": ipn(guard)}) == []


# --- Magento

_RESOLVER = """<?php
namespace Shop\\Pay\\Model\\Resolver;
use Magento\\Framework\\GraphQl\\Config\\Element\\Field;
use Magento\\Framework\\GraphQl\\Query\\ResolverInterface;
use Magento\\Framework\\GraphQl\\Schema\\Type\\ResolveInfo;
class GiveUp implements ResolverInterface {
    public function __construct(private \\Magento\\Framework\\ObjectManagerInterface $objectManager) {}
    public function resolve(Field $field, $context, ResolveInfo $info, array $value = null, array $args = null) {
        $order = $this->objectManager->get('Magento\\Sales\\Model\\Order')->load($args['order_id'], 'increment_id');
        GUARD
        $order->setStatus('canceled');
        $order->save();
        return ['success' => true];
    }
}
"""


def resolver(guard: str) -> dict[str, str]:
    return {
        "registration.php": "<?php\n\\Magento\\Framework\\Component\\ComponentRegistrar::register('module', 'Shop_Pay', __DIR__);\n",
        "composer.json": '{"type": "magento2-module", "require": {"magento/framework": "*"}}',
        "Model/Resolver/GiveUp.php": _RESOLVER.replace("GUARD", guard),
    }


def test_a_resolver_of_graphql_is_called_by_anybody(tmp_path: Path) -> None:
    files = resolver("if (!$order->canCancel()) { return ['success' => false]; }")
    assert broken(tmp_path, "order/unguarded-transition", files) == [("Model/Resolver/GiveUp.php", 11)]


def test_a_resolver_that_asks_whose_the_order_is(tmp_path: Path) -> None:
    guard = "if (!$order->canCancel() || (int) $order->getCustomerId() !== (int) $context->getUserId()) { return ['success' => false]; }"
    assert broken(tmp_path, "order/unguarded-transition", resolver(guard)) == []


# --- What a payment's state says, and what null does

_TOP_UP = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Payment;
use Illuminate\\Http\\Request;
use Stripe\\StripeClient;
class TopUpController extends Controller {
    public function success(Request $request) {
        $payment = Payment::findOrFail($request->input('payment'));
        $payment->update(['status' => 'STATE']);
        return redirect('home');
    }
}
"""


def top_up(state: str) -> dict[str, str]:
    return {
        "composer.json": '{"require": {"laravel/framework": "^11.0", "stripe/stripe-php": "^13.0"}}',
        "routes/web.php": "<?php\nRoute::get('payment/success', [App\\Http\\Controllers\\TopUpController::class, 'success']);\n",
        "app/Models/Payment.php": "<?php\nnamespace App\\Models;\nclass Payment extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
        "app/Http/Controllers/TopUpController.php": _TOP_UP.replace("STATE", state),
    }


def test_a_payment_that_is_being_processed_has_not_come(tmp_path: Path) -> None:
    check = "payment/fulfil-on-redirect"
    assert broken(tmp_path / "paid", check, top_up("paid")) == [("app/Http/Controllers/TopUpController.php", 9)]
    assert broken(tmp_path / "processing", check, top_up("processing")) == []


_EVENT = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class HookController extends Controller {
    public function handle(Request $request) {
        $event = START;
        try {
            $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('shop.hook'));
        } catch (\\Exception $e) {
            logger($e->getMessage());
        }
        if ($event === null) { return response('no', 400); }
        Order::where('session', $request->input('data.object.id'))->update(['status' => 'paid']);
        return response('ok');
    }
}
"""


def event(start: str) -> dict[str, str]:
    return {
        "composer.json": '{"require": {"laravel/framework": "^11.0", "stripe/stripe-php": "^13.0"}}',
        "routes/api.php": "<?php\nRoute::post('stripe/webhook', [App\\Http\\Controllers\\HookController::class, 'handle']);\n",
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
        "app/Http/Controllers/HookController.php": _EVENT.replace("START", start),
    }


def test_an_event_that_is_null_until_it_is_verified(tmp_path: Path) -> None:
    check = "payment/webhook-weak-verification"
    assert broken(tmp_path / "null", check, event("null")) == []
    assert broken(tmp_path / "false", check, event("false")) != []


# --- What a closure says by a variable around it

_COMPLETING = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Credit;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\DB;
class HookController extends Controller {
    public function handle(Request $request) {
        $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('shop.hook'));
        $completed = false;
        DB::transaction(function () use ($event, &$completed) {
            $order = Order::where('session', $event->data->object->id)->lockForUpdate()->firstOrFail();
            GUARD
            $order->status = 'paid';
            $order->save();
            $completed = true;
        });
        if (!$completed) { return response('ok'); }
        Credit::create(['session' => $event->data->object->id, 'amount' => 5]);
        return response('ok');
    }
}
"""


@pytest.mark.parametrize(("guard", "lines"), [("", [19]), ("if ($order->status === 'paid') { return; }", [])])
def test_a_variable_that_only_a_closure_sets(tmp_path: Path, guard: str, lines: list[int]) -> None:
    files = {
        **event("null"),
        "app/Models/Credit.php": "<?php\nnamespace App\\Models;\nclass Credit extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
        "app/Http/Controllers/HookController.php": _COMPLETING.replace("GUARD", guard),
    }
    found = broken(tmp_path, "idempotency/handler-not-idempotent", files)
    assert [line for _, line in found] == lines


def test_a_name_that_begins_at_the_root(tmp_path: Path) -> None:
    files = event("null")
    path = "app/Http/Controllers/HookController.php"
    files[path] = files[path].replace("use App\\Models\\Order;", "use App\\Models\\Order;\nuse Stripe\\Stripe;")
    assert broken(tmp_path, "payment/webhook-unverified", files) == []


# --- one address for the browser and for the system


def both_ways(end: str) -> str:
    return f"""<?php
class WC_Gateway_Lumenpay extends WC_Payment_Gateway {{
    public function __construct() {{
        $this->id = 'lumenpay';
        add_action('woocommerce_api_wc_lumenpay', array($this, 'listen'));
    }}
    public function listen() {{
        if (!hash_equals(hash_hmac('sha256', $_REQUEST['id'], $this->get_option('secret')), $_REQUEST['signature'])) {{
            wp_die('signature');
        }}
        $order = wc_get_order($_REQUEST['id']);
        $order->payment_complete();
        {end}
        exit;
    }}
}}
"""


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("if ($_REQUEST['type'] === 'browser') { wp_redirect($order->get_checkout_order_received_url()); }", "webhook"),
        ("wp_redirect($order->get_checkout_order_received_url());", "redirect-return"),
    ],
)
def test_what_ends_without_a_page_where_no_browser_came_hears_of_the_system_itself(tmp_path: Path, end: str, kind: str) -> None:
    (tmp_path / "lumenpay.php").write_text(both_ways(end), encoding="utf-8")
    assert [h.kind for h in review(tmp_path, Settings(use_cache=False)).handlers] == [kind]
