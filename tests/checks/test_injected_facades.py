"""Objects that Laravel hands a class instead of its facades: what is done by the one is done by the other."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_FILES = {
    "composer.json": '{"require": {"laravel/framework": "^11", "stripe/stripe-php": "^15"}}',
    "routes/api.php": """\
<?php
use App\\Http\\Controllers\\HookController;
use App\\Http\\Controllers\\OrderController;
use Illuminate\\Support\\Facades\\Route;
Route::post('/hooks/stripe', [HookController::class, 'handle']);
Route::post('/orders', [OrderController::class, 'store']);
""",
    "app/Models/Order.php": "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
    "app/Models/Product.php": "<?php\nnamespace App\\Models;\nclass Product extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
}
_HOOK = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Contracts\\Mail\\Mailer;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Mail;
class HookController extends Controller {
    public function __construct(private Mailer $post) {}
    public function handle(Request $request) {
        $signature = $request->header('Stripe-Signature');
        $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $signature, config('services.stripe.secret'));
        $order = Order::where('intent', $event->data->object->id)->firstOrFail();
        GUARD
        $order->update(['status' => 'paid']);
        TOLD
        return response()->json([]);
    }
}
"""


@pytest.mark.parametrize(
    "told",
    [
        "$this->post->to($order->email)->send(new \\App\\Mail\\Thanks($order));",
        "Mail::html('<p>Thanks</p>', fn ($message) => $message->to($order->email));",
    ],
    ids=["handed", "as HTML"],
)
@pytest.mark.parametrize(("guard", "times"), [("", 1), ("if ($order->status === 'paid') { return response()->json([]); }", 0)])
def test_a_mail_by_whatever_object_is_sent_again(tmp_path: Path, told: str, guard: str, times: int) -> None:
    files = {**_FILES, "app/Http/Controllers/HookController.php": _HOOK.replace("GUARD", guard).replace("TOLD", told)}
    assert len(found(tmp_path, files, "idempotency/handler-not-idempotent")) == times


_STORE = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use App\\Models\\Product;
use Illuminate\\Database\\DatabaseManager;
use Illuminate\\Http\\Request;
class OrderController extends Controller {
    public function __construct(private DatabaseManager $database) {}
    public function store(Request $request) {
        return BEGUN function () use ($request) {
            $product = Product::lockForUpdate()->findOrFail($request->input('product'));
            if ($product->stock < 1) { abort(409); }
            $product->stock -= 1;
            $product->save();
            return Order::create(['product_id' => $product->id]);
        });
    }
}
"""


@pytest.mark.parametrize(("begun", "told"), [("$this->database->transaction(", 0), ("collect([1])->map(", 1)])
def test_a_transaction_of_the_connection_keeps_its_locks(tmp_path: Path, begun: str, told: int) -> None:
    files = {**_FILES, "app/Http/Controllers/OrderController.php": _STORE.replace("BEGUN", begun)}
    assert len(found(tmp_path, files, "inventory/oversell-race")) == told


_LATER = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Mail;
class HookController extends Controller {
    public function handle(Request $request) {
        $signature = $request->header('Stripe-Signature');
        $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $signature, config('services.stripe.secret'));
        $order = Order::where('intent', $event->data->object->id)->firstOrFail();
        FIRST
        SECOND
        return response()->json([]);
    }
}
"""
_WRITTEN = "$order->update(['status' => 'failed']);"
_ASKED = "if ($order->status === 'pending') { Mail::to($order->email)->send(new \\App\\Mail\\Sorry($order)); }"


@pytest.mark.parametrize(("first", "second", "told"), [(_ASKED, _WRITTEN, 1), (_WRITTEN, _ASKED, 0)], ids=["looks", "tells"])
def test_a_state_that_is_asked_for_once_it_is_written_is_no_look(tmp_path: Path, first: str, second: str, told: int) -> None:
    files = {**_FILES, "app/Http/Controllers/HookController.php": _LATER.replace("FIRST", first).replace("SECOND", second)}
    assert len(found(tmp_path, files, "idempotency/dedup-race")) == told
