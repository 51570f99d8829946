"""Shops in PHP that keep their books by prepared statements or by models with numbers of their own: what a row is, and what keeps a second
one out."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_SCHEMA = (
    "CREATE TABLE variants (id INT PRIMARY KEY, price INT, stock INT NOT NULL);\n"
    "CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT, total INT, status VARCHAR(20));\n"
)
_MOVES = """<?php
class Inventory {{
    public function __construct(private PDO $pdo) {{}}
    public function move(int $id, string $type, int $quantity): void {{
        $found = $this->pdo->prepare('SELECT * FROM variants WHERE id = :id {lock}');
        $found->execute(['id' => $id]);
        $before = (int) $found->fetch()['stock'];
        $after = match ($type) {{ 'in' => $before + $quantity, 'out' => $before - $quantity, default => $before }};
        if ($type === 'out' && $after < 0) {{ throw new RuntimeException('sold out'); }}
        $after = max(0, $after);
        $this->pdo->prepare('UPDATE variants SET stock = :stock WHERE id = :id')->execute(['stock' => $after, 'id' => $id]);
    }}
}}
"""
_CHECKOUT = """<?php
session_start();
require 'Inventory.php';
$pdo = new PDO(getenv('DSN'));
$pdo->beginTransaction();
$pdo->prepare('INSERT INTO orders (user_id, total, status) VALUES (?, ?, "pending")')->execute([$_SESSION['user'], $_SESSION['total']]);
foreach ($_SESSION['cart'] as $item) {
    (new Inventory($pdo))->move((int) $item['id'], 'out', (int) $item['quantity']);
}
$pdo->commit();
"""


@pytest.mark.parametrize(("lock", "found"), [("FOR UPDATE", []), ("", [("Inventory.php", 11)])])
def test_the_caller_says_which_way_stock_goes(tmp_path: Path, lock: str, found: list[tuple[str, int]]) -> None:
    files = {"schema.sql": _SCHEMA, "Inventory.php": _MOVES.format(lock=lock), "checkout.php": _CHECKOUT}
    assert broken(tmp_path, "inventory/oversell-race", files) == found


_ORDERS = """<?php
class Orders {
    public function __construct(private PDO $pdo) {}
    public function make(int $user, int $total): array {
        $this->pdo->prepare('INSERT INTO orders (user_id, total, status) VALUES (?, ?, "pending")')->execute([$user, $total]);
        $id = (int) $this->pdo->lastInsertId();
        return $this->find($id);
    }
    public function find(int $id): array {
        $found = $this->pdo->prepare('SELECT * FROM orders WHERE id = :id');
        $found->execute(['id' => $id]);
        return $found->fetch();
    }
    public function cancel(int $id): void {
        $this->pdo->prepare('UPDATE orders SET status = "cancelled" WHERE id = :id')->execute(['id' => $id]);
    }
}
"""


@pytest.mark.parametrize(
    ("order", "found"), [("$orders->make((int) $_SESSION['user'], (int) $_SESSION['total'])", 0), ("$orders->find((int) $_POST['id'])", 1)]
)
def test_the_row_that_was_just_made_is_found_again_as_new(tmp_path: Path, order: str, found: int) -> None:
    page = (
        "<?php\nsession_start();\nrequire 'Orders.php';\n$orders = new Orders(new PDO(getenv('DSN')));\n"
        f"$order = {order};\ntry {{\n    \\Stripe\\PaymentIntent::create(['amount' => $order['total'], 'currency' => 'eur']);\n"
        "} catch (Exception $e) {\n    $orders->cancel((int) $order['id']);\n}\n"
    )
    files = {"schema.sql": _SCHEMA, "Orders.php": _ORDERS, "checkout.php": page}
    assert len(broken(tmp_path, "order/unguarded-transition", files)) == found


_LARAVEL = {
    "routes/web.php": "<?php\nuse Illuminate\\Support\\Facades\\Route;\nuse App\\Http\\Controllers\\HookController;\n"
    "Route::post('stripe/webhook', [HookController::class, 'take']);\n",
    "app/Models/Order.php": "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model {\n"
    "    public function payments() { return $this->hasMany(Payment::class); }\n}\n",
    "app/Models/Payment.php": "<?php\nnamespace App\\Models;\nclass Payment extends \\Illuminate\\Database\\Eloquent\\Model {\n"
    "    public static function nextNumber(): string { return 'PAY-' . str_pad(setting('sequence'), 6, '0', STR_PAD_LEFT); }\n}\n",
    "database/migrations/2024_01_01_000000_create_payments_table.php": "<?php\nuse Illuminate\\Support\\Facades\\Schema;\n"
    "use Illuminate\\Database\\Schema\\Blueprint;\nreturn new class {\n    public function up() {\n"
    "        Schema::create('payments', function (Blueprint $table) {\n            $table->id();\n"
    "            $table->string('payment_number')->unique();\n            $table->decimal('amount', 10, 2);\n        });\n    }\n};\n",
}
_HOOK = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use App\\Models\\Payment;
use Illuminate\\Http\\Request;
class HookController {{
    public function take(Request $request) {{
        $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('stripe.secret'));
        if ($event->type === 'payment_intent.succeeded') {{
            $order = Order::findOrFail($event->data->object->metadata->order_id);
            $order->payments()->create(['payment_number' => {number}, 'amount' => $event->data->object->amount]);
            $order->increment('paid_amount', $event->data->object->amount);
        }}
        return response('', 200);
    }}
}}
"""


@pytest.mark.parametrize(("number", "found"), [("Payment::nextNumber()", 1), ("$event->data->object->id", 0)])
def test_a_number_that_is_made_here_keeps_no_second_row_out(tmp_path: Path, number: str, found: int) -> None:
    files = _LARAVEL | {"app/Http/Controllers/HookController.php": _HOOK.format(number=number)}
    assert len(broken(tmp_path, "idempotency/handler-not-idempotent", files)) == found


@pytest.mark.parametrize(("field", "found"), [("payment_status", 1), ("refund_status", 0)])
def test_a_refund_that_succeeded_pays_nothing(tmp_path: Path, field: str, found: int) -> None:
    hook = (
        "<?php\nnamespace App\\Http\\Controllers;\nuse App\\Models\\Order;\nuse Illuminate\\Http\\Request;\nclass HookController {\n"
        "    public function take(Request $request) {\n        $event = \\Stripe\\Webhook::constructEvent($request->getContent(), "
        "$request->header('Stripe-Signature'), config('stripe.secret'));\n        $order = Order::where('number', "
        "$event->data->object->metadata->number)->first();\n        if ($event->data->object->status === 'succeeded') {\n"
        f"            $order->update(['{field}' => 'success']);\n        }}\n        return response('', 200);\n    }}\n}}\n"
    )
    files = _LARAVEL | {"app/Http/Controllers/HookController.php": hook}
    assert len(broken(tmp_path, "payment/amount-not-reconciled", files)) == found


_PROVIDER = """<?php
namespace App\\Providers;
use Illuminate\\Support\\ServiceProvider;
use Yansongda\\Pay\\Pay;
class AppServiceProvider extends ServiceProvider {
    public function register() {
        $this->app->singleton('alipay', function () { return Pay::alipay(config('pay.alipay')); });
    }
}
"""
_ALIPAY = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class HookController {{
    public function pay(Order $order) {{
        return {asked}->web(['out_trade_no' => $order->number, 'total_amount' => {sum}, 'subject' => 'order']);
    }}
    public function take() {{
        $data = {asked}->verify();
        $order = Order::where('number', $data->out_trade_no)->first();
        if ($order->paid_at || $data->trade_status !== 'TRADE_SUCCESS') {{
            return {asked}->success();
        }}
        $order->update(['paid_at' => now(), 'payment_number' => $data->trade_no]);
        return {asked}->success();
    }}
}}
"""


@pytest.mark.parametrize("asked", ["app('alipay')", "app()->make('alipay')", "resolve('alipay')"])
@pytest.mark.parametrize(("sum_", "found"), [("$order->total_amount", 0), ("request('amount')", 1)])
def test_a_container_hands_out_under_a_name_what_it_was_told(tmp_path: Path, asked: str, sum_: str, found: int) -> None:
    files = _LARAVEL | {
        "app/Providers/AppServiceProvider.php": _PROVIDER,
        "app/Http/Controllers/HookController.php": _ALIPAY.format(asked=asked, sum=sum_),
        "routes/web.php": _LARAVEL["routes/web.php"].replace("stripe/webhook", "alipay/notify")
        + "Route::get('pay/{order}', [HookController::class, 'pay']);\n",
    }
    assert broken(tmp_path, "payment/webhook-unverified", files) == []
    assert len(broken(tmp_path, "payment/amount-not-reconciled", files)) == found


_ADDED = {
    "sum": "collect($request->items)->sum(fn ($i) => $prices[$i['id']] * $i['quantity'])",
    "map": "collect($request->items)->map(fn ($i) => $prices[$i['id']] * $i['quantity'])->sum()",
    "reduce": "collect($request->items)->reduce(fn ($sum, $i) => $sum + $prices[$i['id']] * $i['quantity'], 0)",
    "array_sum": "array_sum(array_map(fn ($i) => $prices[$i['id']] * $i['quantity'], $request->items))",
    "array_reduce": "array_reduce($request->items, fn ($sum, $i) => $sum + $prices[$i['id']] * $i['quantity'], 0)",
}


@pytest.mark.parametrize("how", _ADDED)
@pytest.mark.parametrize(("rule", "found"), [("required|integer", 1), ("required|integer|min:1", 0)])
def test_quantities_of_a_collection_that_is_added_up(tmp_path: Path, how: str, rule: str, found: int) -> None:
    controller = (
        "<?php\nnamespace App\\Http\\Controllers;\nuse App\\Models\\Product;\nuse Illuminate\\Http\\Request;\nclass HookController {\n"
        "    public function take(Request $request) {\n"
        f"        $request->validate(['items.*.id' => 'required', 'items.*.quantity' => '{rule}']);\n"
        f"        $prices = Product::pluck('price_cents', 'id');\n        $total = {_ADDED[how]};\n"
        "        return \\Stripe\\PaymentIntent::create(['amount' => $total, 'currency' => 'eur']);\n    }\n}\n"
    )
    files = {
        "routes/web.php": _LARAVEL["routes/web.php"],
        "app/Models/Product.php": "<?php\nnamespace App\\Models;\nclass Product extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
        "app/Http/Controllers/HookController.php": controller,
    }
    assert len(broken(tmp_path, "payment/client-amount", files)) == found
