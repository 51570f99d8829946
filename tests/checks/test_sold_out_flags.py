"""Stock that is counted off first, and an order that is turned away once it turns out that there was too little."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_PAY = """\
import express from 'express';
import Order from './models/order';
import Product from './models/product';
const app = express();

app.post('/orders', async (req, res) => {
  const order = new Order({ items: req.body.items, status: 'placed' });
  let soldOut = false;
  for (const item of order.items) {
    const product = await Product.findByIdAndUpdate(item.product, { $inc: { stock: -item.quantity } }, { OPTION });
    if (product.stock < 0) {
      soldOut = true;
    }
  }
  if (soldOut) {
    for (const item of order.items) await Product.findByIdAndUpdate(item.product, { $inc: { stock: item.quantity } });
    LEAVES
  }
  await order.save();
  res.json(order);
});
"""
_MODELS = {
    "models/product.js": "import mongoose from 'mongoose';\n"
    "export default mongoose.model('Product', new mongoose.Schema({ name: String, price: Number, stock: Number }));\n",
    "models/order.js": "import mongoose from 'mongoose';\n"
    "export default mongoose.model('Order', new mongoose.Schema({ items: Array, status: String }));\n",
}


@pytest.mark.parametrize(
    ("option", "leaves", "expected"),
    [
        ("new: true", "return res.status(409).end();", "held"),
        ("new: true", "console.warn('sold out');", "broken"),
        ("upsert: false", "return res.status(409).end();", "broken"),
    ],
)
def test_a_flag_turns_away_who_took_more_than_there_was(tmp_path: Path, option: str, leaves: str, expected: str) -> None:
    files = {**_MODELS, "app.js": _PAY.replace("OPTION", option).replace("LEAVES", leaves)}
    found = {ruling for ruling, _, line in ruled(tmp_path, "inventory/oversell-race", files)}
    assert found == {expected}
