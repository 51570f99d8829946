"""Stock that is worked out from what was read and stored by a call that takes whole rows: upserts, lists of rows, merged objects."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_CHECKS = ("inventory/oversell-race", "inventory/non-atomic-write")


def _found(tmp_path: Path, shop: dict[str, str]) -> set[str]:
    write(tmp_path, shop)
    report = review(tmp_path, Settings(use_cache=False, checks=_CHECKS))
    return {f.title.partition(" is written")[0].partition(" at once")[0] for f in report.findings}


_BOTH = {"The product's `stock`", "Two orders"}

_EXPRESS = """\
const express = require('express');
SETUP
const app = express();
app.use(express.json());
app.post('/orders', async (req, res) => {
  TAKE
  res.json({});
});
"""
_SEQUELIZE = """\
const { DataTypes, Sequelize } = require('sequelize');
const db = new Sequelize(process.env.DSN);
const Product = db.define('Product', { name: DataTypes.STRING, stock: DataTypes.INTEGER });
const Order = db.define('Order', { status: DataTypes.STRING });"""
_IN_BULK = """\
const products = await Product.findAll({ where: { id: req.body.ids }LOCKED });
  if (products.some((p) => p.stock < 1)) throw new Error('sold out');
  await Product.bulkCreate(products.map((p) => ({ id: p.id, stock: p.stock - 1 })), { updateOnDuplicate: ['stock']RUN });
  await Order.create({ status: 'new' }RUNS);"""
_LOCKED = (
    "await db.transaction(async (t) => {\n"
    + _IN_BULK.replace("LOCKED", ", transaction: t, lock: t.LOCK.UPDATE")
    .replace("RUNS", ", { transaction: t }")
    .replace("RUN", ", transaction: t")
    + "\n  });"
)
_PRISMA = "const { PrismaClient } = require('@prisma/client');\nconst prisma = new PrismaClient();"
_UPSERTED = """\
const p = await prisma.product.findUnique({ where: { id: req.body.id } });
  if (p.stock < req.body.qty) return res.status(400).end();
  await prisma.product.upsert({ where: { id: p.id }, update: { stock: p.stock - req.body.qty }, create: { id: p.id, stock: 0 } });
  await prisma.order.create({ data: { items: req.body.items } });"""
_SUPABASE = "const { createClient } = require('@supabase/supabase-js');\nconst supabase = createClient(process.env.URL, process.env.KEY);"
_ROWS = """\
const { data: products } = await supabase.from('products').select('id, stock').in('id', req.body.ids);
  if (products.some((p) => p.stock < 1)) return res.status(400).end();
  await supabase.from('products').upsert(products.map((p) => ({ id: p.id, stock: p.stock - 1 })));
  await supabase.from('orders').insert({ items: req.body.ids });"""
_KNEX = "const knex = require('knex')({ client: 'pg' });"
_MERGED = """\
const products = await knex('products').whereIn('id', req.body.ids);
  if (products.some((p) => p.stock < 1)) return res.status(400).end();
  await knex('products').insert(products.map((p) => ({ id: p.id, stock: p.stock - 1 }))).onConflict('id').merge(['stock']);
  await knex('orders').insert({ items: req.body.ids });"""


@pytest.mark.parametrize(
    ("setup", "take", "found"),
    [
        (_SEQUELIZE, _IN_BULK.replace("LOCKED", "").replace("RUNS", "").replace("RUN", ""), _BOTH),
        (_SEQUELIZE, _LOCKED, set()),
        (_PRISMA, _UPSERTED, _BOTH),
        (_SUPABASE, _ROWS, _BOTH),
        (_KNEX, _MERGED, _BOTH),
    ],
    ids=["sequelize", "sequelize-locked", "prisma", "supabase", "knex"],
)
def test_in_javascript(tmp_path: Path, setup: str, take: str, found: set[str]) -> None:
    schema = "model Product {\n id Int @id\n stock Int\n}\nmodel Order {\n id Int @id\n items Json\n}\n"
    shop = {"app.js": _EXPRESS.replace("SETUP", setup).replace("TAKE", take)}
    assert _found(tmp_path, {**shop, "schema.prisma": schema} if setup == _PRISMA else shop) == found


_LARAVEL = """\
<?php
use App\\Models\\Order; use App\\Models\\Product;
use Illuminate\\Http\\Request; use Illuminate\\Support\\Facades\\DB; use Illuminate\\Support\\Facades\\Route;
Route::post('/orders', function (Request $request) {
    DB::transaction(function () use ($request) {
        $rows = [];
        foreach (Product::whereIn('id', $request->ids)LOCKED->get() as $product) {
            if ($product->stock < 1) { abort(400); }
            $rows[] = ['id' => $product->id, 'stock' => $product->stock - 1];
        }
        Product::upsert($rows, ['id'], ['stock']);
        Order::create(['items' => $request->ids]);
    });
});
"""


@pytest.mark.parametrize(("locked", "found"), [("", _BOTH), ("->lockForUpdate()", set())], ids=["bare", "locked"])
def test_in_laravel(tmp_path: Path, locked: str, found: set[str]) -> None:
    assert _found(tmp_path, {"routes/web.php": _LARAVEL.replace("LOCKED", locked)}) == found


_DJANGO = {
    "models.py": """\
from django.db import models
class Product(models.Model):
    stock = models.IntegerField()
class Order(models.Model):
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
""",
    "views.py": """\
from django.db import transaction
from django.http import JsonResponse
from django.urls import path
from .models import Order, Product
@transaction.atomic
def place(request):
    products = list(Product.objects.LOCKEDfilter(id__in=request.POST.getlist("ids")))
    if any(p.stock < 1 for p in products):
        return JsonResponse({}, status=400)
    rows = [Product(id=p.id, stock=p.stock - 1) for p in products]
    Product.objects.bulk_create(rows, update_conflicts=True, update_fields=["stock"], unique_fields=["id"])
    Order.objects.create(user=request.user)
    return JsonResponse({})
urlpatterns = [path("place/", place)]
""",
}
_SQLALCHEMY = """\
from fastapi import FastAPI, HTTPException
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base
from db import session
Base = declarative_base()
app = FastAPI()
class Product(Base):
    __tablename__ = "products"
    id = Column(Integer, primary_key=True)
    stock = Column(Integer)
class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
@app.post("/orders")
def place(id: int):
    product = session.query(Product).filter(Product.id == id)LOCKED.one()
    if product.stock < 1:
        raise HTTPException(400)
    STORE
    session.add(Order())
    session.commit()
"""


@pytest.mark.parametrize("store", ["session.merge(Product(id=product.id, stock=product.stock - 1))", None], ids=["sqlalchemy", "django"])
@pytest.mark.parametrize("locked", [False, True], ids=["bare", "locked"])
def test_in_python(tmp_path: Path, store: str | None, locked: bool) -> None:
    if store is None:
        shop = {**_DJANGO, "views.py": _DJANGO["views.py"].replace("LOCKED", "select_for_update()." if locked else "")}
    else:
        shop = {"app.py": _SQLALCHEMY.replace("STORE", store).replace("LOCKED", ".with_for_update()" if locked else "")}
    assert _found(tmp_path, shop) == (set() if locked else _BOTH)


def test_a_list_of_rows_for_the_mapper(tmp_path: Path) -> None:
    store = 'session.bulk_update_mappings(Product, [{"id": p.id, "stock": p.stock - 1} for p in [product]])'
    assert _found(tmp_path, {"app.py": _SQLALCHEMY.replace("STORE", store).replace("LOCKED", "")}) == _BOTH
