"""Which columns are stock, and how bad it is that one may fall below zero."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.contract import Finding, Report
from tillproof.review import review
from tillproof.settings import Settings

_ID = "inventory/no-db-constraint"
_PRODUCT = "CREATE TABLE products (id SERIAL PRIMARY KEY, title TEXT, stock INTEGER NOT NULL{});\n"


def reviewed(root: Path, files: dict[str, str]) -> Report:
    write(root, files)
    return review(root, Settings(use_cache=False, checks=(_ID,)))


def found(root: Path, files: dict[str, str]) -> list[Finding]:
    return reviewed(root, files).findings


@pytest.mark.parametrize(
    ("extra", "severity"),
    [
        ("", "medium"),
        (", allow_backorder BOOLEAN DEFAULT false", "info"),
        (", out_of_stock_threshold INTEGER", "info"),
        (", backorder_note TEXT", "medium"),
    ],
)
def test_backorders_make_it_a_decision(tmp_path: Path, extra: str, severity: str) -> None:
    (finding,) = found(tmp_path, {"db/schema.sql": _PRODUCT.format(extra)})
    assert (finding.severity, finding.confidence, finding.start_line) == (severity, "certain", 1)


@pytest.mark.parametrize(
    "table",
    [
        "order_items (id INT, order_id INT, quantity INT)",
        "cart_products (id INT, cart_id INT, product_id INT, quantity INT)",
        "stock_movements (id INT, product_id INT, quantity INT)",
        "inventory_history (id INT, stock INT)",
        "stock_reservations (id INT, quantity INT)",
        "product_inventory_indices (id INT, qty INT)",
        "settings (id INT, low_stock_threshold INT, stock_alert_limit INT)",
        "products (id INT, in_stock BOOLEAN, stock_status INT, stock VARCHAR(10), packaging_qty INT, sold INT)",
        "products (id INT, shopify_product_id BIGINT UNIQUE NOT NULL, total_inventory INT)",
        "products (id INT, price INT, order_id INT, quantity INT)",
        "product_map (id INT, shop_product INT, last_stock_qty DECIMAL(15, 4), synced_stock INT, stock_before INT)",
    ],
)
def test_what_is_no_stock_owes_nothing(tmp_path: Path, table: str) -> None:
    report = reviewed(tmp_path, {"db/schema.sql": f"CREATE TABLE {table};\n"})
    assert (report.findings, report.obligations) == ([], [])


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("products (id INT, quantity INT)", "`quantity`"),
        ("product_variants (id INT, stock_on_hand INT, stock_allocated INT)", "`stock_on_hand` and `stock_allocated`"),
        ("warehouse_products (id INT, qty INT)", "`qty`"),
        ("ticket_types (id INT, seats_left INT)", "`seats_left`"),
        ("inventory_levels (id INT, available INT, reserved INT CHECK (reserved >= 0))", "`available`"),
        ("inventories (id INT, available INT CHECK (available >= 0), reserved INT)", ""),
    ],
)
def test_one_finding_for_the_columns_of_a_table(tmp_path: Path, table: str, columns: str) -> None:
    titles = [f.title for f in found(tmp_path, {"db/schema.sql": f"CREATE TABLE {table};\n"})]
    assert titles == (
        [f"Nothing in the database keeps {columns} of `{table.partition(' ')[0]}` from falling below zero"] if columns else []
    )


def test_an_inherited_column_is_found_once_and_where_it_is_declared(tmp_path: Path) -> None:
    base = "from django.db import models\n\nclass Counted(models.Model):\n    stock = models.IntegerField()\n"
    base += "    class Meta:\n        abstract = True\n"
    models = "from shop.base import Counted\n\nclass Product(Counted):\n    pass\n\nclass Variant(Counted):\n    pass\n"
    findings = found(tmp_path, {"shop/base.py": base, "shop/models.py": models})
    assert [(f.file, f.start_line) for f in findings] == [("shop/base.py", 4)]


def test_a_type_that_cannot_be_read_is_a_question(tmp_path: Path) -> None:
    code = """from django.db import models
from acme_fields import CountField

class Stock(models.Model):
    sku = models.CharField(max_length=20)
    quantity_on_hand = CountField()
"""
    report = reviewed(tmp_path, {"shop/models.py": code})
    assert [o.ruling for o in report.obligations] == ["unknown"]
    assert report.findings == []


@pytest.mark.parametrize(("connection", "findings"), [("pgsql", 1), ("mysql", 0), ("", 0)])
def test_unsigned_means_nothing_on_postgres(tmp_path: Path, connection: str, findings: int) -> None:
    migration = """<?php
use Illuminate\\Database\\Schema\\Blueprint;
return new class extends Migration {
    public function up(): void {
        Schema::create('stocks', function (Blueprint $table) {
            $table->unsignedInteger('quantity');
        });
    }
};
"""
    files = {"database/migrations/2024_01_01_stocks.php": migration, ".env.example": f"APP_NAME=shop\nDB_CONNECTION={connection}\n"}
    assert len(found(tmp_path, files)) == findings


_DJANGO = "from django.db import models\n\nclass Stock(models.Model):\n    quantity = models.IntegerField()\n"
_MONGOOSE = "const { model, Schema } = require('mongoose');\nmodule.exports = model('Stock', new Schema({ quantity: Number }));\n"


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [
        ("models.py", _DJANGO, "models.Q(quantity__gte=0)"),
        ("stock.js", _MONGOOSE, "collMod: 'stocks'"),
        ("a.sql", "CREATE TABLE stock (qty INT);\n", "CHECK (qty >= 0)"),
    ],
)
def test_what_to_write_is_in_the_words_of_the_declaration(tmp_path: Path, name: str, code: str, word: str) -> None:
    (finding,) = found(tmp_path, {name: code})
    assert word in finding.remediation
