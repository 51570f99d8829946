"""Sums that a model of Laravel takes over from a request whole: by the rules of the request and the columns of the model."""

from pathlib import Path

from tests.checks.test_php_shops import broken

_WAYS = {
    "checked": "return Order::create($request->validated());  // !",
    "merged": "return Order::create(array_merge($request->validated(), ['state' => 'new']));  // !",
    "whole": "return Order::create($request->all());  // !",
    "filled": "$order = new Order(); $order->fill($request->except('_token')); $order->save();  // !",
    "picked": "return Order::create($request->only('address', 'total'));  // !",
    "ruled": "return Order::create($request->validate(['address' => 'required', 'total' => 'numeric']));  // !",
    "taken_out": "$data = $request->validated(); unset($data['total']); return Order::create($data);",
    "set_before": "$request->merge(['total' => Cart::total()]); return Order::create($request->all());",
    "set_beside": "return Order::create([...$request->validated(), 'total' => Cart::total()]);",
    "set_after": "$order = new Order($request->validated()); $order->total = Cart::total(); $order->save();",
    "not_picked": "return Order::create($request->only('address'));",
    "not_ruled": "return Order::create($request->validate(['address' => 'required']));",
    "not_taken_over": "return Booking::create($request->all());",
    "set_by_the_model": "return Purchase::create($request->all());",
}
_MODEL = """<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class {name} extends Model {{ protected $fillable = [{columns}]; {more} }}
"""
_HOOK = "protected static function booted() { static::creating(function ($it) { $it->total = Cart::total(); }); }"


def test_what_a_model_takes_over_of_a_request_is_the_senders(tmp_path: Path) -> None:
    methods = [f"    public function {name}(Placed $request) {{\n        {code}\n    }}" for name, code in _WAYS.items()]
    head = ["<?php", "namespace App\\Http\\Controllers;", "use App\\Http\\Requests\\Placed;"]
    head += [f"use App\\Models\\{name};" for name in ("Booking", "Cart", "Order", "Purchase")]
    lines = "\n".join([*head, "class C extends Controller {", *methods, "}"]).split("\n")
    files = {
        "artisan": "#!/usr/bin/env php",
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "routes/api.php": "<?php\nuse App\\Http\\Controllers\\C;\nuse Illuminate\\Support\\Facades\\Route;\n"
        + "\n".join(f"Route::post('/{name}', [C::class, '{name}'])->middleware('auth');" for name in _WAYS),
        "app/Http/Requests/Placed.php": "<?php\nnamespace App\\Http\\Requests;\nuse Illuminate\\Foundation\\Http\\FormRequest;\n"
        "class Placed extends FormRequest { public function rules() { return ['address' => 'required', 'total' => 'numeric']; } }",
        "app/Models/Order.php": _MODEL.format(name="Order", columns="'address', 'total', 'state'", more=""),
        "app/Models/Booking.php": _MODEL.format(name="Booking", columns="'address', 'state'", more=""),
        "app/Models/Purchase.php": _MODEL.format(name="Purchase", columns="'address', 'total'", more=_HOOK),
        "app/Http/Controllers/C.php": "\n".join(lines),
    }
    wrong = [("app/Http/Controllers/C.php", n) for n, line in enumerate(lines, 1) if line.endswith("// !")]
    assert broken(tmp_path, "payment/client-amount", files) == wrong
