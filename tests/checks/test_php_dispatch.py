"""Rulings on PHP code, and its like in JavaScript, that finds by a table which of its own functions, methods and classes is to run."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken
from tests.checks.test_stock import ruled

UNGUARDED = "order/unguarded-transition"

_PHP = """<?php
add_action( 'woocommerce_api_kiosk', 'kiosk_hook' );
function kiosk_hook() {
    $body = json_decode( file_get_contents( 'php://input' ), true );
    $charge = \\Stripe\\Charge::retrieve( $body['data']['id'] );
    ( new Kiosk_Events() )->handle( $body['type'], $charge );
}
class Kiosk_Failed {
    const NAME = 'charge.failed';
    public function told( $charge ) {
        $order = wc_get_order( $charge->metadata->order_id );
        %s$order->update_status( 'failed' );
    }
}
class Kiosk_Noted {
    const NAME = 'charge.noted';
    public function told( $charge ) { error_log( $charge->id ); }
}
class Kiosk_Events {
    %s
}
"""
_GUARD = "if ( ! $order->has_status( array( 'pending', 'on-hold' ) ) ) { return; }\n        "
_TABLES = {
    "a list of classes, by the constants that they bear": """public static $classes = array( 'Kiosk_Failed', 'Kiosk_Noted' );
    private $events = array();
    public function __construct() { foreach ( self::$classes as $class ) { $this->events[ $class::NAME ] = $class; } }
    public function handle( $type, $charge ) { $event = new $this->events[ $type ](); $event->told( $charge ); }""",
    "objects that are registered": """private $events = array();
    public function __construct() { $this->register( new Kiosk_Noted() ); $this->register( new Kiosk_Failed() ); }
    private function register( $event ) { $this->events[ $event::NAME ] = $event; }
    public function handle( $type, $charge ) { if ( isset( $this->events[ $type ] ) ) { $this->events[ $type ]->told( $charge ); } }""",
    "a list of objects that are asked": """private $events = array();
    public function __construct() { $this->events[] = new Kiosk_Noted(); $this->events[] = new Kiosk_Failed(); }
    public function handle( $type, $charge ) {
        foreach ( $this->events as $event ) { if ( $event::NAME === $type ) { $event->told( $charge ); } }
    }""",
    "methods by their names": """private $methods = array( 'charge.noted' => 'noted', 'charge.failed' => 'failed' );
    public function handle( $type, $charge ) { $method = $this->methods[ $type ]; $this->$method( $charge ); }
    private function noted( $charge ) { ( new Kiosk_Noted() )->told( $charge ); }
    private function failed( $charge ) { ( new Kiosk_Failed() )->told( $charge ); }""",
    "methods by their names, called by the language": """const METHODS = array( 'charge.noted' => 'noted', 'charge.failed' => 'failed' );
    public function handle( $type, $charge ) { call_user_func( array( $this, self::METHODS[ $type ] ), $charge ); }
    public function noted( $charge ) { ( new Kiosk_Noted() )->told( $charge ); }
    public function failed( $charge ) { ( new Kiosk_Failed() )->told( $charge ); }""",
}
_PUT_TOGETHER = {
    "sprintf, called by the language": "call_user_func( array( $this, sprintf( 'on_%s_told', $charge->status ) ), $charge );",
    "joined, in a variable": "$name = 'on_' . $charge->status . '_told'; if ( method_exists( $this, $name ) ) { $this->$name( $charge ); }",
    "in braces": '$this->{"on_{$charge->status}_told"}( $charge );',
    "in camel case": "$method = 'told' . ucfirst( $charge->status ); return $this->{$method}( $charge );",
    "by a function of its own": "$method = $this->named( $charge->status ); $this->$method( $charge );",
}
_TABLES |= {
    f"methods by names that are put together: {how}": f"""public function handle( $type, $charge ) {{ {call} }}
    private function named( $status ) {{ return 'on_' . $status . '_told'; }}
    public function on_noted_told( $charge ) {{ ( new Kiosk_Noted() )->told( $charge ); }}
    public function {"toldLost" if "camel" in how else "on_lost_told"}( $charge ) {{ ( new Kiosk_Failed() )->told( $charge ); }}"""
    for how, call in _PUT_TOGETHER.items()
}


@pytest.mark.parametrize("table", _TABLES.values(), ids=_TABLES)
def test_what_a_table_leads_to_is_the_handlers_own(tmp_path: Path, table: str) -> None:
    assert broken(tmp_path / "bare", UNGUARDED, {"kiosk.php": _PHP % ("", table)}) == [("kiosk.php", 12)]
    assert [r for r, _, _ in ruled(tmp_path / "kept", UNGUARDED, {"kiosk.php": _PHP % (_GUARD, table)})] == ["held"]


_JS = """const express = require('express');
const stripe = require('stripe')(process.env.KEY);
const Order = require('./order');
const app = express();
const failed = async (event) => {
  await Order.updateOne({ _id: event.data.object.metadata.order%s }, { status: 'failed' });
};
const noted = async (event) => console.log(event.id);
%s
app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  await new Events().dispatch(event);
  res.json({ received: true });
});
"""
_ORDER = """const mongoose = require('mongoose');
module.exports = mongoose.model('Order', new mongoose.Schema({ status: String }));
"""
_CLASSES = {
    "a table that is filled by a method": """class Events {
  constructor() { this.handlers = {}; this.on('charge.noted', noted); this.on('payment_intent.payment_failed', failed); }
  on(type, handler) { this.handlers[type] = handler; }
  async dispatch(event) { const handler = this.handlers[event.type]; if (handler) await handler(event); }
}""",
    "a list of objects": """class Failed { takes(type) { return type.endsWith('failed'); } async handle(event) { await failed(event); } }
class Events {
  constructor() { this.handlers = []; this.add(new Failed()); }
  add(handler) { this.handlers.push(handler); }
  async dispatch(event) { for (const handler of this.handlers) if (handler.takes(event.type)) await handler.handle(event); }
}""",
    "methods by their names": """const METHODS = { 'charge.noted': 'note', 'payment_intent.payment_failed': 'fail' };
class Events {
  async note(event) { await noted(event); }
  async fail(event) { await failed(event); }
  async dispatch(event) { const method = METHODS[event.type]; if (method) await this[method](event); }
}""",
    "methods by names that are put together": """class Events {
  async onNotedTold(event) { await noted(event); }
  async onLostTold(event) { await failed(event); }
  async dispatch(event) { const method = `on${event.data.object.status}Told`; if (this[method]) await this[method](event); }
}""",
}


@pytest.mark.parametrize("events", _CLASSES.values(), ids=_CLASSES)
def test_a_class_of_handlers_leads_to_them(tmp_path: Path, events: str) -> None:
    files = {"app.js": _JS % ("", events), "order.js": _ORDER}
    assert broken(tmp_path / "bare", UNGUARDED, files) == [("app.js", 6)]
    files["app.js"] = _JS % (", status: 'pending'", events)
    assert [r for r, _, _ in ruled(tmp_path / "kept", UNGUARDED, files)] == ["held"]


# --- a page in a function's place

_PLUGIN = """<?php
add_action( 'wp_ajax_kiosk_mark', function () {
    require __DIR__ . '/hooks/mark.php';
} );
"""
_MARK = """<?php
defined( 'ABSPATH' ) || exit;
%s$order = wc_get_order( $_GET['order_id'] );
$order->update_status( 'completed' );
"""


def test_a_page_that_is_all_a_function_runs_asks_who_calls(tmp_path: Path) -> None:
    check = "payment/fulfil-on-redirect"
    asks = "if ( ! current_user_can( 'edit_shop_orders' ) ) {\n    return;\n}\n"
    files = {"kiosk.php": _PLUGIN, "hooks/mark.php": _MARK % asks}
    assert ruled(tmp_path / "asked", check, files) == []
    files["hooks/mark.php"] = _MARK % ""
    assert [r for r, _, _ in ruled(tmp_path / "unasked", check, files)] == ["unknown"]


# --- Laravel: names of controllers, and a facade that reads the request

_ROUTES = """<?php
Route::post('/pay', 'PaymentController@pay');
Route::get('/payment/callback', 'PaymentController@back');
"""
_CONTROLLER = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Paystack;
class paymentController extends Controller {
    public function pay(Request $request) {
        %s
    }
    public function back() {
        $details = Paystack::getPaymentData();
        if ($details['data']['status'] === 'success') {
            Order::where('reference', $details['data']['reference'])->update(['status' => 'paid']);
        }
    }
}
"""
_BEGIN = "return Paystack::getAuthorizationUrl({})->redirectNow();"
_OWN = "$order = Order::findOrFail($request->order_id); "


@pytest.mark.parametrize(
    ("begins", "flawed"),
    [
        (_BEGIN.format(""), True),
        ("$request->merge(['amount' => $request->amount * 100]); " + _BEGIN.format(""), True),
        (_OWN + "$request->merge(['amount' => $order->total_kobo]); " + _BEGIN.format(""), False),
        (_OWN + "if ((int) $request->amount !== $order->total_kobo) { abort(422); } " + _BEGIN.format(""), False),
        (_OWN + _BEGIN.format("['amount' => $order->total_kobo, 'reference' => $order->reference, 'currency' => 'NGN']"), False),
    ],
)
def test_a_facade_that_is_given_nothing_charges_what_was_posted(tmp_path: Path, begins: str, flawed: bool) -> None:
    files = {"routes/web.php": _ROUTES, "app/Http/Controllers/paymentController.php": _CONTROLLER % begins}
    at = "app/Http/Controllers/paymentController.php"
    assert broken(tmp_path / "a", "payment/client-amount", files) == ([(at, 8)] if flawed else [])
    assert broken(tmp_path / "b", "idempotency/missing-key", files) == []  # the page sends the reference along
    assert broken(tmp_path / "c", "payment/missing-currency", files) == []
    # … and that the payment is found by an id of ours says nothing of a sum that was the page's.
    assert broken(tmp_path / "d", "payment/amount-not-reconciled", files) == ([(at, 13)] if flawed else [])


def test_case_tells_no_controllers_apart(tmp_path: Path) -> None:
    files = {"routes/web.php": _ROUTES, "app/Http/Controllers/paymentController.php": _CONTROLLER % _BEGIN.format("")}
    at = "app/Http/Controllers/paymentController.php"
    assert broken(tmp_path, "payment/no-settlement-webhook", files) == [(at, 13)]


_ORDERS = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use App\\Models\\Product;
use Illuminate\\Http\\Request;
class CheckoutController extends Controller {
    public function store(Request $request) {
        $product = Product::findOrFail($request->product_id);
        $query = new Order;
        $query->phone = $request->phone;
        $query->totalAmount = %s;
        $query->save();
        return redirect('/thanks');
    }
}
"""


def test_an_order_is_one_whatever_its_variable_is_called_and_whatever_is_set_already(tmp_path: Path) -> None:
    routes = "<?php\nRoute::post('/order', [App\\Http\\Controllers\\CheckoutController::class, 'store']);\n"
    model = "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\nclass {} extends Model {{}}\n"
    files = {"routes/web.php": routes} | {f"app/Models/{name}.php": model.format(name) for name in ("Order", "Product")}
    at = "app/Http/Controllers/CheckoutController.php"
    assert broken(tmp_path / "sent", "payment/client-amount", files | {at: _ORDERS % "$request->total"}) == [(at, 11)]
    assert broken(tmp_path / "own", "payment/client-amount", files | {at: _ORDERS % "$product->price"}) == []
