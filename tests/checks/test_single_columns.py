"""Stock that is read as the value of one column alone, compared, and written back."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_SETTINGS = Settings(use_cache=False, checks=("inventory/non-atomic-write",))
_PDO = """<?php
namespace Shop;

class Stock
{
    public function __construct(private \\PDO $db)
    {
    }

    public function take(int $product, int $n): void
    {
        $asked = $this->db->prepare('SELECT stock FROM products WHERE id = ?');
        $asked->execute([$product]);
        $left = (int) $asked->fetchColumn();
        if ($left < $n) {
            throw new \\RuntimeException('sold out');
        }
        $this->db->prepare('UPDATE products SET stock = ? WHERE id = ?')->execute([NEW, $product]);
    }
}
"""
_LARAVEL = """<?php
namespace App;

use Illuminate\\Support\\Facades\\DB;

class Stock
{
    public function take(int $product, int $n): void
    {
        $left = DB::table('products')->where('id', $product)->value('stock');
        DB::table('products')->where('id', $product)->update(['stock' => NEW]);
    }
}
"""
_ASYNCPG = """import asyncpg


async def take(conn: asyncpg.Connection, product: int, n: int) -> None:
    left = await conn.fetchval("SELECT stock FROM products WHERE id = $1", product)
    if left >= n:
        await conn.execute("UPDATE products SET stock = $1 WHERE id = $2", NEW, product)
"""
_SQLITE = """const Database = require('better-sqlite3');
const db = new Database('shop.db');

exports.take = (product, n) => {
  const left = db.prepare('SELECT stock FROM products WHERE id = ?').pluck().get(product);
  if (left < n) throw new Error('sold out');
  db.prepare('UPDATE products SET stock = ? WHERE id = ?').run(NEW, product);
};
"""
_DJANGO = """from django.db import models


class Product(models.Model):
    stock = models.IntegerField()


def take(product_id, n):
    left = Product.objects.filter(pk=product_id).values_list("stock", flat=True).first()
    if left >= n:
        Product.objects.filter(pk=product_id).update(stock=NEW)
"""
_SQLALCHEMY = """from sqlalchemy import Integer, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    stock: Mapped[int] = mapped_column(Integer)


def take(session, product_id, n):
    left = session.scalar(select(Product.stock).where(Product.id == product_id))
    if left >= n:
        session.execute(update(Product).where(Product.id == product_id).values(stock=NEW))
"""


@pytest.mark.parametrize(
    ("file", "code", "variable"),
    [
        ("src/Stock.php", _PDO, "$"),
        ("app/Stock.php", _LARAVEL, "$"),
        ("shop/stock.py", _ASYNCPG, ""),
        ("src/stock.js", _SQLITE, ""),
        ("shop/models.py", _DJANGO, ""),
        ("shop/orders.py", _SQLALCHEMY, ""),
    ],
)
def test_written_back_from_one_value(file: str, code: str, variable: str, tmp_path: Path) -> None:
    write(tmp_path / "back", {file: code.replace("NEW", f"{variable}left - {variable}n")})
    write(tmp_path / "set", {file: code.replace("NEW", f"{variable}n")})
    told = review(tmp_path / "back", _SETTINGS).findings
    assert [f.title.endswith("is written from a value that was read earlier") for f in told] == [True]
    assert review(tmp_path / "set", _SETTINGS).findings == []
