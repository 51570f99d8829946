"""Stock that is taken: which way a write counts, which locks keep others out, and what is no taking at all."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

_RACE = "inventory/oversell-race"
_MODELS = """\
from django.db import models


class Product(models.Model):
    stock = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)


class Order(models.Model):
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
"""


def ruled(root: Path, check: str, files: dict[str, str]) -> list[tuple[str, str, int]]:
    """(ruling, file, line) of each obligation of a check; a broken one by where its finding stands."""
    write(root, files)
    report: Report = review(root, Settings(use_cache=False, checks=(check,)))
    anchors = {f.obligation: (f.file, f.start_line) for f in report.findings}
    return [(o.ruling, *anchors.get(o.id, (o.site.file, o.site.line))) for o in report.obligations]


def django(root: Path, orders: str) -> list[tuple[str, str, int]]:
    return ruled(root, _RACE, {"shop/models.py": _MODELS, "shop/orders.py": orders})


def test_a_helper_takes_only_where_its_callers_hand_over_less(tmp_path: Path) -> None:
    code = """\
from django.db.models import F

from shop.models import Order, Product


def move(product_id, by):
    Product.objects.filter(pk=product_id).update(stock=F("stock") + by)


def place(product_id, quantity):
    order = Order.objects.create(product_id=product_id)
    move(product_id, -quantity)
    return order


def cancel(order, quantity):
    move(order.product_id, quantity)
"""
    assert django(tmp_path, code) == [("broken", "shop/orders.py", 12)]


@pytest.mark.parametrize(
    ("lock", "ruling"),
    [
        ("Product.objects.select_for_update().get(pk=product_id)", "held"),
        ("Order.objects.select_for_update().get(product_id=product_id).product", "broken"),
        ("Product.objects.get(pk=product_id)", "broken"),
    ],
)
def test_only_a_lock_on_the_goods_keeps_others_out(tmp_path: Path, lock: str, ruling: str) -> None:
    code = f"""\
from django.db import transaction

from shop.models import Order, Product


def place(product_id, quantity):
    with transaction.atomic():
        product = {lock}
        if product.stock < quantity:
            raise ValueError("sold out")
        product.stock = product.stock - quantity
        product.save()
        return Order.objects.create(product=product)
"""
    assert [r for r, _, _ in django(tmp_path, code)] == [ruling]


def test_a_lock_without_a_look_is_a_question(tmp_path: Path) -> None:
    code = """\
from django.db import transaction

from shop.models import Order, Product


def place(product_id, quantity):
    with transaction.atomic():
        product = Product.objects.select_for_update().get(pk=product_id)
        product.stock = product.stock - quantity
        product.save()
        return Order.objects.create(product=product)
"""
    assert [r for r, _, _ in django(tmp_path, code)] == ["unknown"]


def test_what_is_counted_off_after_a_reservation_is_no_taking(tmp_path: Path) -> None:
    code = """\
from django.db.models import F

from shop.models import Order, Product


def place(product_id, quantity):
    taken = Product.objects.filter(pk=product_id, stock__gte=F("reserved") + quantity).update(reserved=F("reserved") + quantity)
    if not taken:
        raise ValueError("sold out")
    return Order.objects.create(product_id=product_id)


def ship(order, quantity):
    Product.objects.filter(pk=order.product_id).update(stock=F("stock") - quantity, reserved=F("reserved") - quantity)
"""
    assert django(tmp_path, code) == [("held", "shop/orders.py", 7)]


@pytest.mark.parametrize(
    ("where", "after", "ruling"),
    [
        ("", "", "broken"),
        (" AND qty >= NEW.qty", "", "broken"),
        (" AND qty >= NEW.qty", "IF NOT FOUND THEN RAISE EXCEPTION 'sold out'; END IF;", "held"),
    ],
)
def test_triggers_take_only_what_is_there_or_raise(tmp_path: Path, where: str, after: str, ruling: str) -> None:
    sql = f"""\
CREATE TABLE product_stock (product_id INT PRIMARY KEY, qty INT NOT NULL);
CREATE FUNCTION take() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  UPDATE product_stock SET qty = qty - NEW.qty WHERE product_id = NEW.product_id{where};
  {after}
  RETURN NEW;
END
$$;
"""
    files = {"db/schema.sql": sql, "app.py": "import os\n"}
    assert ruled(tmp_path, _RACE, files) == [(ruling, "db/schema.sql", 4)]


@pytest.mark.parametrize(
    ("options", "ruling"),
    [("", "held"), (", { removeOnFail: true }", "broken"), (", { removeOnFail: 5000 }", "held"), (", { removeOnFail: false }", "held")],
)
def test_a_queue_that_is_told_to_forget(tmp_path: Path, options: str, ruling: str) -> None:
    code = f"""\
const {{ Queue, Worker }} = require('bullmq');
const {{ PrismaClient }} = require('@prisma/client');

const prisma = new PrismaClient();
const queue = new Queue('settle');

async function enqueue(id) {{
  await queue.add('settle', {{ id }}{options});
}}

new Worker('settle', async (job) => {{
  await prisma.order.update({{ where: {{ id: job.data.id }}, data: {{ status: 'paid' }} }});
}});

module.exports = {{ enqueue }};
"""
    rulings = ruled(tmp_path, "resilience/no-dead-letter", {"worker.js": code, "package.json": '{"dependencies": {"bullmq": "5"}}'})
    assert [r for r, _, _ in rulings] == [ruling]


def test_a_trigger_that_a_later_migration_replaces_is_told_of_once(tmp_path: Path) -> None:
    made = """\
import {{ execute }} from './db.js';
export default async (connection) => {{
  await execute(
    connection,
    `CREATE OR REPLACE FUNCTION take_stock() RETURNS TRIGGER LANGUAGE PLPGSQL AS $$
     BEGIN
       UPDATE {table} SET qty = qty - NEW.qty WHERE product_id = NEW.product_id;
       RETURN NEW;
     END $$;`
  );
}};
"""
    files = {"migrations/1.js": made.format(table="product"), "migrations/2.js": made.format(table="product_inventory")}
    broken = [("broken", "migrations/2.js", 7)]
    assert ruled(tmp_path, _RACE, files) == broken
    assert ruled(tmp_path, "inventory/non-atomic-write", files) == []  # to declare it writes nothing yet


def test_what_a_trigger_took_has_to_be_put_back_by_a_cancellation(tmp_path: Path) -> None:
    trigger = """\
CREATE FUNCTION take_stock() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  UPDATE products SET stock = stock - NEW.quantity WHERE id = NEW.product_id;
  RETURN NEW;
END $$;
"""
    routes = """\
const app = require('express')();
const { pool } = require('./db');
app.post('/orders/:id/cancel', async (req, res) => {
  await pool.query("UPDATE orders SET status = 'cancelled' WHERE id = $1 AND status = 'pending'", [req.params.id]);
  RELEASE
  res.json({});
});
"""
    kept = {"db/triggers.sql": trigger, "routes.js": routes.replace("RELEASE", "")}
    assert [o[0] for o in ruled(tmp_path / "kept", "order/cancel-order", kept)] == ["broken"]
    back = "await pool.query('UPDATE products SET stock = stock + 1 WHERE id = $1', [req.body.product]);"
    released = {"db/triggers.sql": trigger, "routes.js": routes.replace("RELEASE", back)}
    assert [o[0] for o in ruled(tmp_path / "released", "order/cancel-order", released)] == ["held"]


LISTED = """\
const mongoose = require('mongoose');
const variant = new mongoose.Schema({{ sku: String, quantity: {{ type: Number, min: 0 }} }});
const Product = mongoose.model('Product', new mongoose.Schema({{ title: String, variants: [variant] }}));
const Cart = mongoose.model('Cart', new mongoose.Schema({{ owner: String, products: [variant] }}));

exports.change = async (req, res) => {{
  const {kept} = await {model}.findOne({{ owner: req.user }});
  const product = {kept}.{listed}.find((one) => one.sku === req.body.sku);
  product.quantity += Number(req.body.count);
  await {kept}.save();
  res.json({kept});
}};
"""


@pytest.mark.parametrize(
    ("kept", "model", "listed", "rulings"), [("shelf", "Product", "variants", ["broken"]), ("cart", "Cart", "products", [])]
)
def test_what_a_cart_lists_is_no_stock(tmp_path: Path, kept: str, model: str, listed: str, rulings: list[str]) -> None:
    (tmp_path / "change.js").write_text(LISTED.format(kept=kept, model=model, listed=listed))
    (tmp_path / "server.js").write_text("const app = require('express')();\napp.put('/lines', require('./change').change);\n")
    report = review(tmp_path, Settings(use_cache=False, checks=("inventory/non-atomic-write",)))
    assert [o.ruling for o in report.obligations] == rulings


def test_who_takes_no_more_than_is_left_has_looked(tmp_path: Path) -> None:
    code = """\
from shop.models import Order, Product


def place(product_id, quantity):
    order = Order.objects.create(product_id=product_id)
    product = Product.objects.get(pk=product_id)
    taken = min(product.stock, quantity)
    product.stock -= taken
    product.save()
    return order
"""
    write(tmp_path, {"shop/models.py": _MODELS, "shop/orders.py": code})
    report = review(tmp_path, Settings(use_cache=False, checks=(_RACE,)))
    assert [f.title for f in report.findings] == ["Two orders at once take the same last piece"]


@pytest.mark.parametrize(("table", "found"), [("ProductSaleElement", True), ("SaleItem", False), ("LignePedido", False)])
def test_what_is_for_sale_is_stock_and_a_line_of_a_sale_is_not(tmp_path: Path, table: str, found: bool) -> None:
    models = f"""\
from django.db import models


class {table}(models.Model):
    quantity = models.IntegerField(default=0)
"""
    code = f"""\
from shop.models import {table}


def take(pk, wanted):
    row = {table}.objects.get(pk=pk)
    row.quantity = row.quantity - wanted
    row.save()
"""
    files = {"shop/models.py": models, "shop/orders.py": code}
    assert bool(ruled(tmp_path, "inventory/non-atomic-write", files)) is found


_SWAP = """\
const express = require('express');
const mongoose = require('mongoose');
const Variant = mongoose.model('Variant', new mongoose.Schema({ stock: Number, name: String }));
const app = express();
app.post('/count/:id', async (req, res) => {
  const variant = await Variant.findById(req.params.id);
  const before = variant.stock;
  const updated = await Variant.findOneAndUpdate({ _id: variant._id, WHERE }, { $set: { stock: before - Number(req.body.lost) } });
  HEARD
  res.json({});
});
"""


@pytest.mark.parametrize(
    ("where", "heard", "ruling"),
    [
        ("stock: before", "if (!updated) return res.status(409).end();", "held"),
        ("stock: before", "", "broken"),
        ("name: variant.name", "if (!updated) return res.status(409).end();", "broken"),
    ],
)
def test_a_write_that_names_what_it_started_from_loses_nothing(tmp_path: Path, where: str, heard: str, ruling: str) -> None:
    app = _SWAP.replace("WHERE", where).replace("HEARD", heard)
    rulings = ruled(tmp_path, "inventory/non-atomic-write", {"package.json": "{}", "app.js": app})
    assert [r for r, _, _ in rulings] == [ruling]


@pytest.mark.parametrize(("asked", "rulings"), [("product.get_stock()", ["broken"]), ("get_stock()", [])])
def test_only_what_is_asked_of_something_may_be_its_stock(tmp_path: Path, asked: str, rulings: list[str]) -> None:
    code = f"""\
from shop.models import Product


def take(request, pk):
    product = Product.objects.get(pk=pk)
    left = {asked}
    product.stock = left - 1
    product.save()
"""
    found = ruled(tmp_path, "inventory/non-atomic-write", {"shop/models.py": _MODELS, "shop/orders.py": code})
    assert [ruling for ruling, *_ in found] == rulings
