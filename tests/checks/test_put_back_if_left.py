"""Goods that are put back only while some are left: what was sold out stays so."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/cancel-order"
_PHP = """\
<?php
namespace App\\Listeners;
use App\\Events\\BookingCancelled;
class PutSeatsBack {
    public function handle(BookingCancelled $event): void {
        $product = $event->booking->product;
        ASKED { $product->increment('stock', $event->booking->quantity); }
    }
}
"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("if ($product->stock)", 1),
        ("if ($product->stock > 0)", 1),
        ("if ($product->stock !== null)", 0),
        ("if (isset($product->stock))", 0),
        ("if ($product->keeps_stock)", 0),
    ],
)
def test_a_listener_that_asks_whether_some_are_left(tmp_path: Path, asked: str, told: int) -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^11"}}',
        "app/Listeners/PutSeatsBack.php": _PHP.replace("ASKED", asked),
        "app/Models/Product.php": "<?php\nnamespace App\\Models;\nclass Product extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
    }
    assert [f.start_line for f in found(tmp_path, files, _CHECK)] == [7] * told


_ROUTES = """\
const express = require('express');
const mongoose = require('mongoose');
const Product = mongoose.model('Product', new mongoose.Schema({ name: String, stock: Number }));
const app = express();
app.use(express.json());
async function NAMED(req, res) {
  const product = await Product.findById(req.params.id);
  if (product.stock) product.stock += 1;
  OTHERWISE
  await product.save();
  res.json({});
}
app.post('/products/:id', NAMED);
app.listen(3000);
"""


@pytest.mark.parametrize(
    ("named", "otherwise", "told"),
    [("restock", "", 1), ("restock", "else product.stock = 1;", 0), ("count", "", 0)],
    ids=["put back", "set otherwise", "counted"],
)
def test_a_route_that_asks_whether_some_are_left(tmp_path: Path, named: str, otherwise: str, told: int) -> None:
    routes = _ROUTES.replace("NAMED", named).replace("OTHERWISE", otherwise)
    files = {"package.json": '{"dependencies": {"express": "4", "mongoose": "8"}}', "app.js": routes}
    assert len([f for f in found(tmp_path, files, _CHECK) if f.start_line == 8]) == told
