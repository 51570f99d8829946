"""What has the look of a flaw and is none, each beside the flaw that it resembles."""

from pathlib import Path

import pytest

from tests.checks.test_php_clients import reviewed
from tests.checks.test_python_shops import found

_EXPRESS = '{"dependencies": {"express": "^4", "mongoose": "^8", "stripe": "^16"}}'
_LARAVEL = '{"require": {"laravel/framework": "^11.0"}, "autoload": {"psr-4": {"App\\\\": "app/"}}}'


@pytest.mark.parametrize(
    ("guard", "flawed"),
    [("if (!req.user || req.user.role !== 'admin') { return res.status(403).end(); }", False), ("req.seen = true;", True)],
)
def test_a_guard_that_a_wrapper_of_ours_calls_asks_what_it_asks(tmp_path: Path, guard: str, flawed: bool) -> None:
    files = {
        "package.json": _EXPRESS,
        "wrap.js": "export const wrap = (fn) => (req, res, next) => { Promise.resolve(fn(req, res, next)).catch(next); };\n",
        "guards.js": f"import {{ wrap }} from './wrap.js';\nexport const admin = wrap(async (req, res, next) => {{ {guard} next(); }});\n",
        "routes.js": """\
import express from 'express';
import { wrap } from './wrap.js';
import { admin } from './guards.js';
import Order from './models/order.js';
const router = express.Router();
router.put('/orders/:id/paid', admin, wrap(async (req, res) => {
  const order = await Order.findById(req.params.id);
  order.isPaid = true;
  await order.save();
  res.json(order);
}));
export default router;
""",
        "models/order.js": "import mongoose from 'mongoose';\n"
        "export default mongoose.model('Order', new mongoose.Schema({ isPaid: Boolean, total: Number }));\n",
    }
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) is flawed


@pytest.mark.parametrize(("paid", "flawed"), [("total === 0", False), ("true", True)])
def test_what_costs_nothing_is_paid_for(tmp_path: Path, paid: str, flawed: bool) -> None:
    files = {
        "package.json": _EXPRESS,
        "routes.js": f"""\
import express from 'express';
import Booking from './models/booking.js';
import {{ priceOf }} from './prices.js';
const router = express.Router();
router.post('/bookings', async (req, res) => {{
  const total = await priceOf(req.body.room);
  const booking = await Booking.create({{ room: req.body.room, total, isPaid: {paid} }});
  res.json(booking);
}});
export default router;
""",
        "models/booking.js": "import mongoose from 'mongoose';\n"
        "export default mongoose.model('Booking', new mongoose.Schema({ isPaid: Boolean, total: Number }));\n",
    }
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) is flawed


@pytest.mark.parametrize(("holder", "flawed"), [("snapshot", False), ("payment", True)])
def test_a_picture_is_captured_too(tmp_path: Path, holder: str, flawed: bool) -> None:
    files = {
        "package.json": _EXPRESS,
        "routes.js": f"""\
import express from 'express';
import {{ load }} from './store.js';
const router = express.Router();
router.post('/leads/:id', async (req, res) => {{
  const {holder} = await load(req.params.id);
  {holder}.capturedAt = new Date();
  await {holder}.save();
  res.json({{ ok: true }});
}});
export default router;
""",
    }
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) is flawed


@pytest.mark.parametrize(("signed", "flawed"), [(True, False), (False, True)])
def test_what_a_provider_says_was_paid_is_no_price_of_the_customers(tmp_path: Path, signed: bool, flawed: bool) -> None:
    proof = """\
    mac = hmac.new(os.environ["PAYSTACK_SECRET_KEY"].encode(), await request.body(), hashlib.sha512).hexdigest()
    if not hmac.compare_digest(mac, request.headers["x-paystack-signature"]):
        raise HTTPException(403)
"""
    files = {
        "requirements.txt": "fastapi\nprisma\n",
        "hooks.py": f"""\
import hashlib, hmac, os
from fastapi import APIRouter, HTTPException, Request
from books import Books
router = APIRouter()


@router.post("/{"webhooks/paystack" if signed else "orders"}")
async def hear(request: Request):
{proof if signed else ""}    payload = await request.json()
    await Books().note(reference=payload["data"]["reference"], amount=payload["data"]["amount"] / 100)
    return {{}}
""",
        "books.py": """\
from prisma import Prisma


class Books:
    def __init__(self):
        self.db = Prisma()

    async def note(self, reference, amount):
        order = await self.db.order.find_unique(where={"reference": reference})
        return await self._finish(order, reference, amount)

    async def _finish(self, order, reference, amount):
        await self.db.payment.create(data={"order": {"connect": {"id": order.id}}, "amount": amount, "reference": reference})
""",
    }
    assert bool(found(tmp_path, files, "payment/client-amount")) is flawed


_ROUTE = """\
<?php
use App\\Http\\Controllers\\{controller};
Route::post('{path}', [{controller}::class, '{method}'])->middleware('auth');
"""
_MODEL = """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class {name} extends Model {{}}
"""
_ORDER = """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Factories\\HasFactory;
use Illuminate\\Database\\Eloquent\\Model;
class Order extends Model { use HasFactory; public function services() { return $this->hasMany(Service::class); } }
"""


@pytest.mark.parametrize(("service", "flawed"), [("create(['price' => 5])", False), ("where('id', $request->id)->first()", True)])
def test_a_row_of_a_relation_that_was_just_made_has_no_state_yet(tmp_path: Path, service: str, flawed: bool) -> None:
    files = {
        "composer.json": _LARAVEL,
        "routes/web.php": _ROUTE.format(path="/checkout", controller="Orders", method="store"),
        "app/Models/Order.php": _ORDER,
        "app/Models/Service.php": _MODEL.format(name="Service"),
        "app/Http/Controllers/Orders.php": f"""\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
class Orders {{
  public function store(Request $request) {{
    $order = new Order(['user_id' => 1]);
    $order->save();
    $service = $order->services()->{service};
    $service->status = 'active';
    $service->save();
  }}
}}
""",
    }
    assert bool(found(tmp_path, files, "order/unguarded-transition")) is flawed


@pytest.mark.parametrize(("columns", "flawed"), [("$table->string('subject');", False), ("$table->integer('price');", True)])
def test_a_ticket_by_which_somebody_asks_for_help_lets_nobody_in(tmp_path: Path, columns: str, flawed: bool) -> None:
    files = {
        "composer.json": _LARAVEL,
        "routes/web.php": _ROUTE.format(path="/tickets/{ticket}/close", controller="Tickets", method="close"),
        "app/Models/Ticket.php": _MODEL.format(name="Ticket"),
        "database/migrations/2024_01_01_000000_tickets.php": f"""\
<?php
use Illuminate\\Database\\Migrations\\Migration;
return new class extends Migration {{
  public function up() {{ Schema::create('tickets', function ($table) {{ $table->id(); {columns} $table->string('status'); }}); }}
}};
""",
        "app/Http/Controllers/Tickets.php": """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Ticket;
class Tickets { public function close(Ticket $ticket) { $ticket->update(['status' => 'closed']); } }
""",
    }
    assert bool(found(tmp_path, files, "order/unguarded-transition")) is flawed


@pytest.mark.parametrize(("left", "flawed"), [("$credit->amount = 0;", False), ("$credit->seen = 1;", True)])
def test_a_part_that_the_customers_credit_pays_is_paid(tmp_path: Path, left: str, flawed: bool) -> None:
    files = {
        "composer.json": _LARAVEL,
        "routes/web.php": _ROUTE.format(path="/invoices/{id}/credit", controller="Credits", method="pay"),
        "app/Models/Invoice.php": _MODEL.format(name="Invoice"),
        "app/Http/Controllers/Credits.php": f"""\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Invoice;
class Credits {{
  public function pay($id) {{
    $invoice = Invoice::findOrFail($id);
    $credit = auth()->user()->credit;
    if ($credit->amount > 0) {{
      $invoice->payments()->create(['amount' => $credit->amount, 'status' => 'paid']);
      {left}
      $credit->save();
    }}
  }}
}}
""",
    }
    assert bool(found(tmp_path, files, "payment/fulfil-on-redirect")) is flawed


@pytest.mark.parametrize(("column", "flawed"), [("booked_quantity", False), ("stock_quantity", True)])
def test_places_that_are_booked_no_more_are_given_back(tmp_path: Path, column: str, flawed: bool) -> None:
    sql = f"""\
CREATE TABLE listings (id INTEGER PRIMARY KEY, {column} INTEGER NOT NULL);
CREATE TABLE lines (id INTEGER PRIMARY KEY, listing_id INTEGER, quantity INTEGER);
CREATE TRIGGER lines_gone AFTER DELETE ON lines FOR EACH ROW
BEGIN
  UPDATE listings SET {column} = {column} - OLD.quantity WHERE id = OLD.listing_id;
END;
"""
    assert bool(found(tmp_path, {"schema.sql": sql, "app.py": ""}, "inventory/oversell-race")) is flawed


@pytest.mark.parametrize(("route", "heard"), [("/returns/approve-return", False), ("/payments/return", True)])
def test_goods_that_come_back_bring_no_message_of_a_payment(tmp_path: Path, route: str, heard: bool) -> None:
    files = {
        "package.json": _EXPRESS,
        "routes.js": f"""\
import express from 'express';
import Order from './models/order.js';
const router = express.Router();
router.post('{route}', async (req, res) => {{
  const order = await Order.findById(req.body.orderId);
  order.paymentStatus = req.body.status;
  await order.save();
  res.json(order);
}});
export default router;
""",
        "models/order.js": "import mongoose from 'mongoose';\n"
        "export default mongoose.model('Order', new mongoose.Schema({ paymentStatus: String, total: Number }));\n",
    }
    assert bool(reviewed(tmp_path, files, "payment/webhook-unverified").handlers) is heard


@pytest.mark.parametrize(
    ("priced", "flawed"),
    [
        ("item.price = (await Product.findById(item.id)).price;", False),
        ("item.price = Number(item.price);", True),
        ("item.name = (await Product.findById(item.id)).name;", True),
    ],
)
def test_the_servers_prices_are_set_over_those_that_were_sent(tmp_path: Path, priced: str, flawed: bool) -> None:
    files = {
        "package.json": _EXPRESS,
        "pay.js": f"""\
import express from 'express';
import Stripe from 'stripe';
import Product from './models/product.js';
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);
const router = express.Router();
async function price(items) {{
  for (const item of items) {{
    {priced}
  }}
}}
router.post('/pay', async (req, res) => {{
  const {{ items }} = req.body;
  await price(items);
  let total = 0;
  for (const item of items) total += item.price;
  const intent = await stripe.paymentIntents.create({{ amount: Math.round(total * 100), currency: 'eur' }});
  res.json({{ secret: intent.client_secret }});
}});
export default router;
""",
        "models/product.js": "import mongoose from 'mongoose';\n"
        "export default mongoose.model('Product', new mongoose.Schema({ price: Number, name: String }));\n",
    }
    assert bool(found(tmp_path, files, "payment/client-amount")) is flawed


@pytest.mark.parametrize(
    ("rule", "flawed"), [("'required|in:5,10,25'", False), ("['required', Rule::in([5, 10])]", False), ("'required'", True)]
)
def test_a_sum_of_a_list_is_one_that_the_server_names(tmp_path: Path, rule: str, flawed: bool) -> None:
    files = {
        "composer.json": _LARAVEL,
        "routes/web.php": _ROUTE.format(path="/gifts", controller="Gifts", method="buy"),
        "app/Http/Controllers/Gifts.php": f"""\
<?php
namespace App\\Http\\Controllers;
use Illuminate\\Http\\Request;
use Illuminate\\Validation\\Rule;
class Gifts {{
  public function buy(Request $request) {{
    $data = $request->validate(['amount' => {rule}]);
    $stripe = new \\Stripe\\StripeClient(config('services.stripe.secret'));
    return $stripe->paymentIntents->create(['amount' => $data['amount'] * 100, 'currency' => 'eur'])->client_secret;
  }}
}}
""",
    }
    assert bool(found(tmp_path, files, "payment/client-amount")) is flawed


@pytest.mark.parametrize(("rule", "flawed"), [("'required|in:250,500,1000'", False), ("'required|integer'", True)])
def test_a_portion_that_is_priced_by_is_one_of_a_list(tmp_path: Path, rule: str, flawed: bool) -> None:
    files = {
        "composer.json": _LARAVEL,
        "routes/web.php": _ROUTE.format(path="/sweets", controller="Sweets", method="buy"),
        "app/Models/Sweet.php": _MODEL.format(name="Sweet"),
        "app/Http/Controllers/Sweets.php": f"""\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Sweet;
use Illuminate\\Http\\Request;
class Sweets {{
  public function buy(Request $request) {{
    $data = $request->validate(['portion' => {rule}]);
    $total = Sweet::findOrFail(1)->price * $data['portion'] / 1000;
    $stripe = new \\Stripe\\StripeClient(config('services.stripe.secret'));
    return $stripe->paymentIntents->create(['amount' => (int) round($total * 100), 'currency' => 'eur'])->client_secret;
  }}
}}
""",
    }
    assert bool(found(tmp_path, files, "payment/client-amount")) is flawed
