"""``payment/amount-unit``: a column that keeps no digit behind the point holds whole sums, in the table between two others too."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_TABLE = """\
<?php
use Illuminate\\Database\\Migrations\\Migration;
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\Schema;
return new class extends Migration {
    public function up(): void {
        Schema::create('orders', function (Blueprint $table) {
            $table->id();
            $table->decimal('total', TOTAL);
        });
        Schema::create('fish_order', function (Blueprint $table) {
            $table->foreignId('order_id');
            $table->decimal('price_then', PRICE);
            $table->unsignedInteger('quantity');
        });
    }
};
"""
_ORDER = """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class Order extends Model {
    public function items() { return $this->belongsToMany(Fish::class, 'fish_order')->withPivot('quantity', 'price_then'); }
}
"""
_PAY = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Order;
class PaymentController extends Controller {
    public function pay(Order $order) {
        $sum = 0;
        foreach ($order->items as $item) {
            $sum += (int) $item->pivot->price_then * (int) $item->pivot->quantity;
        }
        $sum = $sum > 0 ? $sum : (int) $order->total;
        $params = ['transaction_details' => ['order_id' => $order->code, 'gross_amount' => $sum]];
        return \\Midtrans\\Snap::getSnapToken($params);
    }
}
"""


@pytest.mark.parametrize(
    ("total", "price", "wrong"),
    [("15, 0", "15, 0", False), ("15, places: 0", "15, 0", False), ("15, 0", "15, 2", True), ("15, 2", "15, 0", True)],
)
def test_whole_columns(tmp_path: Path, total: str, price: str, wrong: bool) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11", "midtrans/midtrans-php": "^2"}}',
        "database/migrations/2025_01_01_000000_shop.php": _TABLE.replace("TOTAL", total).replace("PRICE", price),
        "app/Models/Order.php": _ORDER,
        "app/Http/Controllers/PaymentController.php": _PAY,
        "routes/web.php": "<?php\nRoute::post('/pay/{order}', [App\\Http\\Controllers\\PaymentController::class, 'pay']);\n",
    }
    assert bool(found(tmp_path, files, "payment/amount-unit")) is wrong
