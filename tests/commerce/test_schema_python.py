"""What Python code declares: Django, Peewee, SQLAlchemy, SQLModel, Alembic."""

from pathlib import Path

from tests.commerce.declared import declared, schema_of, shown


def test_django_model(tmp_path: Path) -> None:
    table = declared(
        tmp_path,
        {
            "warehouse/models.py": """from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q


class Stock(models.Model):
    sku = models.CharField(max_length=20, unique=True)
    shop = models.ForeignKey("Shop", on_delete=models.CASCADE)
    quantity = models.IntegerField(default=0, validators=[MinValueValidator(0)])
    held = models.IntegerField(null=True)
    free = models.PositiveIntegerField(
        default=0,
    )
    price = models.DecimalField(max_digits=9, decimal_places=2, db_column="price_net")

    class Meta:
        unique_together = [["shop", "sku"]]
        constraints = [
            CheckConstraint(condition=Q(quantity__gte=0) & Q(held__lte=models.F("quantity")), name="not_negative"),
            models.UniqueConstraint(fields=["shop", "price"], condition=Q(held=0), name="one_price"),
        ]
"""
        },
        "stocks",
    )
    assert table.name == "warehouse_stock"
    assert shown(table) == [
        "sku string unique @7",
        "shop reference @8",
        "quantity integer =0 min=0 >=0@19 @9",
        "held integer null @10",
        "free integer unsigned =0 >=0@11 @11",
        "price_net decimal @14",
        "unique shop,price where held = 0 @20",
        "unique shop,sku @17",
        "check quantity >= 0 AND held <= quantity @19",
    ]
    assert table.column("price") is table.column("price_net")
    assert table.column("shop_id") is table.column("shop")
    assert table.columns["free"].end_line == 13


def test_django_inherits_columns_and_own_field_types(tmp_path: Path) -> None:
    files = {
        "shop/fields.py": "from django.db import models\n\nclass CountField(models.PositiveIntegerField):\n    pass\n",
        "shop/base.py": """from django.db import models
from shop.fields import CountField

class Counted(models.Model):
    stock = CountField(default=0)
    class Meta:
        abstract = True
""",
        "shop/models.py": """from shop.base import Counted

if True:
    class Product(Counted):
        pass
""",
        "shop/forms.py": "from django import forms\n\nclass StockForm(forms.Form):\n    stock = forms.IntegerField()\n",
    }
    schema = schema_of(tmp_path, files)
    found = schema.mentioning(["stock"])
    assert [(t.name, shown(t)) for t in found] == [("shop_product", ["stock integer unsigned =0 >=0@5 @5"])]


def test_django_sql_in_a_migration_counts_and_going_back_does_not(tmp_path: Path) -> None:
    table = declared(
        tmp_path,
        {
            "shop/models.py": "from django.db import models\n\nclass Product(models.Model):\n    stock = models.IntegerField()\n",
            "shop/migrations/0002_check.py": '''from django.db import migrations

class Migration(migrations.Migration):
    operations = [
        migrations.RunSQL("""
            ALTER TABLE shop_product ADD CONSTRAINT stock_ok CHECK (stock >= 0)
        """),
    ]
''',
        },
        "Product",
    )
    assert shown(table) == ["stock integer >=0@6 @4", "check stock >= 0 @6"]


def test_peewee(tmp_path: Path) -> None:
    table = declared(
        tmp_path,
        {
            "models.py": """from peewee import Check, IntegerField, Model, CharField

class Product(Model):
    sku = CharField(unique=True)
    stock = IntegerField(constraints=[Check("stock >= 0")])
    class Meta:
        table_name = "goods"
        indexes = ((("sku", "shop"), True), (("stock",), False))
"""
        },
        "goods",
    )
    assert shown(table) == ["sku string unique @4", "stock integer >=0@5 @5", "unique sku,shop @8"]


def test_sqlalchemy_declarative(tmp_path: Path) -> None:
    table = declared(
        tmp_path,
        {
            "db.py": """from decimal import Decimal
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Numeric, String, UniqueConstraint, text
from sqlalchemy.dialects.mysql import INTEGER
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Stamped:
    revision = Column(Integer, nullable=False)

class Item(Stamped, Base):
    __tablename__ = "stock_items"
    __table_args__ = (
        UniqueConstraint("sku", "shop_id"),
        CheckConstraint("on_hand >= 0", name="ck_on_hand"),
        Index("one_open", "sku", unique=True, postgresql_where=text("open")),
        {"schema": "shop"},
    )
    __mapper_args__ = {"version_id_col": revision}
    id: Mapped[int] = mapped_column(primary_key=True)
    sku = Column(String(20), unique=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    on_hand: Mapped[int] = mapped_column(default=0)
    held: Mapped[int | None]
    seats = Column("seats_left", INTEGER(unsigned=True), CheckConstraint("seats_left < 500"))
    price: Mapped[Decimal] = mapped_column(Numeric(9, 2))
    left = Column(Integer, CheckConstraint("left > -1"))
"""
        },
        "Item",
    )
    assert table.name == "stock_items"
    assert table.version is not None
    assert shown(table) == [
        "revision integer version @10",
        "id integer primary @21",
        "sku string unique @22",
        "shop_id integer @23",
        "on_hand integer =0 >=0@16 @24",
        "held integer null @25",
        "seats_left integer unsigned >=0@26 @26",
        "price decimal @27",
        "left integer >=0@28 @28",
        "unique sku,shop_id @15",
        "unique sku where open @17",
        "check on_hand >= 0 @16",
    ]


def test_sqlalchemy_table_and_sqlmodel(tmp_path: Path) -> None:
    schema = schema_of(
        tmp_path,
        {
            "tables.py": """from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table

metadata = MetaData()
levels = Table("stock_levels", metadata, Column("id", Integer, primary_key=True), Column("qty", Integer), CheckConstraint("qty >= 0"))
""",
            "models.py": """from sqlmodel import Field, SQLModel

class HeroBase(SQLModel):
    stock: int = Field(default=0, ge=0)

class Hero(HeroBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)

class HeroRead(HeroBase):
    id: int
""",
        },
    )
    levels, hero = schema.table("levels"), schema.table("Hero")
    assert levels is not None
    assert hero is not None
    assert shown(levels) == ["id integer primary @4", "qty integer >=0@4 @4", "check qty >= 0 @4"]
    assert shown(hero) == ["stock integer =0 min=0 @4", "id integer null primary @7", "name string unique @8"]
    assert schema.table("HeroRead") is None


_REVISION = """revision = '{}'
down_revision = {}
from alembic import op
import sqlalchemy as sa

def upgrade():
    {}

def downgrade():
    {}
"""


def test_alembic_adds_to_the_model_in_order_of_revisions(tmp_path: Path) -> None:
    create = "op.create_table('products', sa.Column('stock', sa.Integer()), sa.UniqueConstraint('sku', name='u'))"
    check = "op.create_check_constraint('ck', 'products', 'stock >= 0')"
    unique = "op.create_unique_constraint('u', 'products', ['sku'])"
    files = {
        "models.py": "from sqlalchemy import Column, Integer\n\n"
        "class Product(Base):\n    __tablename__ = 'products'\n    stock = Column(Integer)\n",
        "alembic/versions/zz_first.py": _REVISION.format("aaa", "None", create, "op.drop_table('products')"),
        "alembic/versions/aa_last.py": _REVISION.format("ccc", "'bbb'", "op.drop_constraint('u', 'products')", unique),
        "alembic/versions/mm_middle.py": _REVISION.format("bbb", "'aaa'", check, "op.drop_constraint('ck', 'products')"),
    }
    assert shown(declared(tmp_path, files, "Product")) == ["stock integer >=0@7 @5", "check stock >= 0 @7"]


def test_what_only_takes_a_migration_back_is_no_step(tmp_path: Path) -> None:
    fields = "    stock = models.IntegerField()\n    seats = models.IntegerField()\n"
    model = "from django.db import models\n\nclass Product(models.Model):\n" + fields
    add, drop = "ALTER TABLE shop_product ADD CONSTRAINT {0} CHECK ({0} >= 0)", "ALTER TABLE shop_product DROP CONSTRAINT {0}"
    operations = [
        f'RunSQL("{add.format("stock")}", "{drop.format("stock")}")',
        f'RunSQL(["SELECT 1", "{add.format("seats")}"], ["{drop.format("seats")}"])',
        f'RunSQL(sql=FORWARD, reverse_sql="{drop.format("stock")}")',
    ]
    constants = f'FORWARD = "SELECT 1"\nREVERSE_IT = """{drop.format("seats")}"""\n'
    migration = f"{constants}operations = [{', '.join(operations)}]\n"
    files = {"shop/models.py": model, "shop/migrations/0002_check.py": migration}
    table = declared(tmp_path, files, "Product")
    assert shown(table)[:2] == ["stock integer >=0@3 @4", "seats integer >=0@3 @5"]
