"""Stock that Laravel keeps in the table between two models, and carts that keep how many somebody wants in one."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_TABLE = """\
<?php
use Illuminate\\Database\\Migrations\\Migration;
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\Schema;
return new class extends Migration {
    public function up(): void {
        Schema::create('TABLE', function (Blueprint $table) {
            $table->foreignId('FIRST');
            $table->foreignId('SECOND');
            $table->integer('quantity');
        });
    }
};
"""
_CONTROLLER = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\{Cart, Order, Product};
use Illuminate\\Http\\Request;
class OrderController extends Controller {
    public function store(Request $request) {
        $owner = FIND;
        $row = $owner->RELATION()->find($request->row);
        if ($row->pivot->quantity < $request->qty) { return back(); }
        WRITE
        return Order::create(['user_id' => auth()->id()]);
    }
}
"""
_ROUTES = """\
<?php
use App\\Http\\Controllers\\OrderController;
use Illuminate\\Support\\Facades\\Route;
Route::middleware('auth')->post('/orders', [OrderController::class, 'store']);
"""
_MODEL = """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class NAME extends Model {
    protected $guarded = [];
    public function RELATION() { return $this->belongsToMany(OTHER::class)->withPivot('quantity'); }
}
"""
_EXISTING = "$owner->RELATION()->updateExistingPivot($row->id, ['quantity' => $row->pivot->quantity - $request->qty]);"
_UPDATE = "$row->pivot->update(['quantity' => $row->pivot->quantity - $request->qty]);"
_SAVE = "$row->pivot->quantity -= $request->qty; $row->pivot->save();"


def _shop(find: str, relation: str, other: str, write: str, table: tuple[str, str, str]) -> dict[str, str]:
    name = find.partition("::")[0]
    columns = _TABLE.replace("TABLE", table[0]).replace("FIRST", table[1]).replace("SECOND", table[2])
    controller = _CONTROLLER.replace("FIND", find).replace("WRITE", write).replace("RELATION", relation)
    models = {
        f"app/Models/{name}.php": _MODEL.replace("NAME", name).replace("RELATION", relation).replace("OTHER", other),
        f"app/Models/{other}.php": _MODEL.replace("NAME", other).replace("RELATION", "others").replace("OTHER", name),
        "app/Models/Order.php": _MODEL.replace("NAME", "Order").replace("RELATION", "others").replace("OTHER", name),
    }
    return {
        "composer.json": '{"require": {"laravel/framework": "^10"}}',
        "database/migrations/2024_01_01_000000_create_table.php": columns,
        "app/Http/Controllers/OrderController.php": controller,
        "routes/web.php": _ROUTES,
        **models,
    }


@pytest.mark.parametrize("write", [_EXISTING, _UPDATE, _SAVE])
def test_what_there_is_in_each_size_is_stock(tmp_path: Path, write: str) -> None:
    shop = _shop("Product::findOrFail($request->id)", "sizes", "Size", write, ("product_option_size", "product_option_id", "size_id"))
    assert ruled(tmp_path, "inventory/non-atomic-write", shop) == [("broken", "app/Http/Controllers/OrderController.php", 10)]
    assert ruled(tmp_path, "inventory/no-db-constraint", {}) == [("broken", "database/migrations/2024_01_01_000000_create_table.php", 10)]


@pytest.mark.parametrize("write", [_EXISTING, _UPDATE, _SAVE])
def test_what_is_in_a_cart_is_none(tmp_path: Path, write: str) -> None:
    shop = _shop("Cart::where('user_id', auth()->id())->first()", "products", "Product", write, ("cart_product", "cart_id", "product_id"))
    assert ruled(tmp_path, "inventory/non-atomic-write", shop) == []
    assert ruled(tmp_path, "inventory/no-db-constraint", {}) == []


def test_a_method_that_nobody_calls_takes_nothing(tmp_path: Path) -> None:
    shop = _shop("Product::findOrFail($request->id)", "sizes", "Size", _UPDATE, ("product_size", "product_id", "size_id"))
    left = "    public function less(int $n) { $this->pivot->quantity = $this->pivot->quantity - $n; $this->pivot->save(); }\n}\n"
    shop["app/Models/Size.php"] = shop["app/Models/Size.php"].rstrip("}\n") + "}\n" + left
    assert ruled(tmp_path, "inventory/non-atomic-write", shop) == [("broken", "app/Http/Controllers/OrderController.php", 10)]
