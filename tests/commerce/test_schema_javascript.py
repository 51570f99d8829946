"""What JavaScript and TypeScript declare: Mongoose, Sequelize, TypeORM, MikroORM, Knex, Drizzle, Medusa, Prisma."""

from pathlib import Path

from tests.commerce.declared import declared, schema_of, shown


def test_mongoose(tmp_path: Path) -> None:
    files = {
        "models/product.js": """import mongoose from 'mongoose'
const variant = new mongoose.Schema({ sku: String, stock: { type: Number, min: [0, 'no less'] } })
const productSchema = mongoose.Schema({
  name: { type: String, required: true, unique: true },
  countInStock: {
    type: Number,
    default: 0,
  },
  variants: [variant],
  size: { width: Number },
}, { optimisticConcurrency: true })
productSchema.index({ shop: 1, name: 1 }, { unique: true })
productSchema.index({ name: 1 })
export default mongoose.model('Product', productSchema)
""",
        "app.js": "import Product from './models/product.js'\nexport const f = () => Product.find()\n",
    }
    table = declared(tmp_path, files, "products")
    assert table.documents
    assert shown(table) == [
        "name string unique @4",
        "countInStock float null =0 @5",
        "variants.sku string null @2",
        "variants.stock float null min=0 @2",
        "size.width float null @10",
        "__v integer version @3",
        "unique shop,name @12",
    ]
    assert table.columns["countinstock"].end_line == 8
    assert table.column("stock") is table.columns["variants.stock"]


def test_nest_mongoose(tmp_path: Path) -> None:
    code = """import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';

@Schema({ timestamps: true })
export class Product {
  @Prop({ required: true, min: 0 })
  stock: number;
  @Prop({ unique: true }) sku: string;
}
export const ProductSchema = SchemaFactory.createForClass(Product);
"""
    table = declared(tmp_path, {"product.schema.ts": code}, "Product")
    assert table.documents
    assert shown(table) == ["stock integer min=0 @5", "sku string unique @7"]


def test_sequelize_models_and_migrations(tmp_path: Path) -> None:
    files = {
        "models/product.js": """module.exports = (sequelize, DataTypes) => {
  const Product = sequelize.define('Product', {
    stock: { type: DataTypes.INTEGER, allowNull: false, validate: { min: 0 } },
    held: DataTypes.INTEGER(11).UNSIGNED,
  }, { tableName: 'goods', version: true, indexes: [{ unique: true, fields: ['sku', 'shop'] }, { fields: ['a'] }] });
  return Product;
};
""",
        "models/variant.js": """const { Model, DataTypes } = require('sequelize');
class Variant extends Model {}
Variant.init({ qty: { type: DataTypes.INTEGER, field: 'quantity' } }, { sequelize, modelName: 'variant' });
""",
        "migrations/20240102-check.js": """module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.addConstraint('goods', {
      fields: ['stock'], type: 'check', where: { stock: { [Sequelize.Op.gte]: 0 } }, name: 'stock_ok',
    });
    await queryInterface.addColumn('goods', 'seats', { type: Sequelize.INTEGER.UNSIGNED });
  },
  async down(queryInterface) {
    await queryInterface.removeConstraint('goods', 'stock_ok');
    await queryInterface.dropTable('goods');
  },
};
""",
    }
    schema = schema_of(tmp_path, files)
    product, variant = schema.table("Product"), schema.table("variants")
    assert product is not None
    assert variant is not None
    assert shown(product) == [
        "stock integer min=0 >=0@3 @3",
        "held integer unsigned >=0@4 @4",
        "version integer version @5",
        "seats integer unsigned >=0@6 @6",
        "unique sku,shop @5",
        "check stock >= 0 @3",
    ]
    assert variant.model is not None
    assert variant.column("qty") is variant.column("quantity")
    assert schema.unique("Product", ["shop", "sku", "x"]) is not None
    assert schema.unique("Product", ["sku"]) is None


def test_typeorm_entity_and_raw_migration(tmp_path: Path) -> None:
    files = {
        "stock.entity.ts": """import { Check, Column, Entity, Index, ManyToOne, Unique, VersionColumn } from 'typeorm';
import { Base } from './base.entity';

@Entity('stock_levels')
@Check(`"onHand" >= 0`)
@Unique(['sku', 'shop'])
@Index(['a', 'b'], { unique: true, where: 'open' })
export class StockLevel extends Base {
  @Column({ type: 'int', unsigned: true })
  free: number;

  @Column('int', { nullable: true })
  onHand?: number | null;

  @Column({ name: 'on_hold', default: 0 })
  onHold: number;

  @ManyToOne(() => Shop)
  shop: Shop;

  @VersionColumn() version: number;
}
""",
        "base.entity.ts": """import { PrimaryGeneratedColumn } from 'typeorm';
export abstract class Base {
  @PrimaryGeneratedColumn() id: number;
}
""",
        "migrations/1700-check.ts": """import { MigrationInterface, QueryRunner } from 'typeorm';
export class Check1700 implements MigrationInterface {
  public async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "stock_levels" ADD CONSTRAINT "hold" CHECK ("on_hold" <= "free")`);
    await queryRunner.createCheckConstraint('stock_levels', new TableCheck({ name: 'c', expression: 'on_hold > -1' }));
  }
  public async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE "stock_levels" DROP CONSTRAINT "hold"`);
  }
}
""",
    }
    table = declared(tmp_path, files, "StockLevel")
    assert shown(table) == [
        "id integer primary @3",
        "free integer unsigned >=0@9 @9",
        "onHand integer null >=0@5 @12",
        "on_hold integer =0 >=0@5 @15",
        "shop reference @18",
        "version integer version @21",
        "unique sku,shop @6",
        "unique a,b where open @7",
        'check "onHand" >= 0 @5',
        'check "on_hold" <= "free" @4',
        "check on_hold > -1 @5",
    ]


def test_knex_migrations_add_up(tmp_path: Path) -> None:
    files = {
        "migrations/002_more.js": """exports.up = function (knex) {
  return knex.schema.alterTable('products', (t) => {
    t.dropColumn('old');
    t.integer('held').unsigned().notNullable().defaultTo(0);
    t.check('?? >= ?', ['stock', 0]);
    t.renameColumn('code', 'sku');
    t.dropUnique(['shop']);
  });
};
exports.down = (knex) => knex.schema.alterTable('products', (t) => { t.dropColumn('held'); });
""",
        "migrations/001_first.js": """exports.up = async (knex) => {
  await knex.schema.createTable('products', (t) => {
    t.increments('id').primary();
    t.integer('stock').notNullable();
    t.integer('seats').checkPositive();
    t.string('old');
    t.string('code').unique();
    t.unique(['shop', 'code']);
    t.unique(['shop']);
  });
};
exports.down = async (knex) => { await knex.schema.dropTable('products'); };
""",
    }
    assert shown(declared(tmp_path, files, "product")) == [
        "id integer unsigned primary >=0@3 @3",
        "stock integer >=0@5 @4",
        "seats integer >=0@5 @5",
        "held integer unsigned =0 >=0@4 @4",
        "sku string unique @7",
        "unique shop,code @8",
        "check stock >= 0 @5",
    ]


def test_drizzle_and_medusa(tmp_path: Path) -> None:
    files = {
        "schema.ts": """import { check, integer, pgTable, serial, uniqueIndex, varchar } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
export const goods = pgTable('products', {
  id: serial().primaryKey(),
  onHand: integer('on_hand').notNull().default(0),
  held: integer(),
  sku: varchar({ length: 20 }).unique(),
}, (t) => [check('ok', sql`${t.onHand} >= 0`), uniqueIndex('u').on(t.sku, t.held)]);
""",
        "level.ts": """import { model } from '@medusajs/framework/utils';
const InventoryLevel = model.define('inventory_level', {
  id: model.id({ prefix: 'il' }).primaryKey(),
  stocked_quantity: model.bigNumber().default(0),
  reserved_quantity: model.bigNumber().default(0),
}).indexes([{ on: ['item_id', 'location_id'], unique: true }])
  .checks([{ name: 'ok', expression: (columns) => `${columns.stocked_quantity} >= 0` }]);
export default InventoryLevel;
""",
    }
    schema = schema_of(tmp_path, files)
    goods, level = schema.table("goods"), schema.table("InventoryLevel")
    assert goods is not None
    assert level is not None
    assert shown(goods) == [
        "id integer primary @4",
        "on_hand integer =0 >=0@8 @5",
        "held integer null @6",
        "sku string null unique @7",
        "unique sku,held @8",
        "check onHand  >= 0 @8",
    ]
    assert shown(level) == [
        "id integer primary @3",
        "stocked_quantity integer =0 >=0@7 @4",
        "reserved_quantity integer =0 @5",
        "unique item_id,location_id @6",
        "check stocked_quantity >= 0 @7",
    ]


def test_prisma_file_and_the_sql_of_its_migrations(tmp_path: Path) -> None:
    files = {
        "prisma/schema.prisma": """datasource db {
  provider = "postgresql"
}

model Variant {
  id      Int     @id @default(autoincrement())
  sku     String  @unique
  stock   Int     @default(0) // on hand
  held    Int?    @map("on_hold")
  seats   Int     @db.UnsignedInt
  price   Decimal
  shop    Shop    @relation(fields: [shopId], references: [id])
  shopId  Int
  tags    Tag[]

  @@unique([shopId, sku])
  @@map("variants")
}

model Shop {
  id Int @id
}
""",
        "prisma/migrations/20240101000000_init/migration.sql": """CREATE TABLE "variants" (
    "id" SERIAL NOT NULL,
    "stock" INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT "variants_pkey" PRIMARY KEY ("id")
);
""",
        "prisma/migrations/20240202000000_check/migration.sql": 'ALTER TABLE "variants" ADD CONSTRAINT "stock_ok" CHECK ("stock" >= 0);\n',
    }
    table = declared(tmp_path, files, "variant")
    assert shown(table) == [
        "id integer primary =autoincrement() @6",
        "sku string unique @7",
        "stock integer =0 >=0@1 @8",
        "on_hold integer null @9",
        "seats integer unsigned >=0@10 @10",
        "price decimal @11",
        "shopId integer @13",
        "unique shopId,sku @16",
        "unique id @4",
        'check "stock" >= 0 @1',
    ]
    assert table.column("held") is table.columns["onhold"]


def test_node_pg_migrate(tmp_path: Path) -> None:
    code = """exports.up = (pgm) => {
  pgm.createTable('stock', {
    id: 'id',
    qty: { type: 'integer', notNull: true, default: 0 },
    held: { type: 'integer', check: 'held >= 0' },
    code: { type: 'text', unique: true },
  });
  pgm.addConstraint('stock', 'qty_ok', 'CHECK (qty >= 0)');
  pgm.addConstraint('stock', 'one', { unique: ['sku', 'shop'] });
  pgm.addColumns('stock', { seats: { type: 'integer' } });
  pgm.dropColumn('stock', 'code');
  pgm.sql(`ALTER TABLE stock ADD CONSTRAINT seats_ok CHECK (seats >= 0)`);
};
exports.down = (pgm) => { pgm.dropTable('stock'); };
"""
    assert shown(declared(tmp_path, {"migrations/1_stock.js": code}, "stock")) == [
        "qty integer =0 >=0@8 @4",
        "held integer >=0@5 @5",
        "seats integer >=0@12 @10",
        "unique sku,shop @9",
        "check (qty >= 0) @8",
        "check seats >= 0 @12",
    ]


def test_tables_are_found_by_value(tmp_path: Path) -> None:
    files = {
        "product.js": "const { model, Schema } = require('mongoose');\nmodule.exports = model('Item', new Schema({ stock: Number }));\n",
        "app.js": "const Goods = require('./product');\nmodule.exports.f = () => Goods;\n",
    }
    schema = schema_of(tmp_path, files)
    evaluator = schema.code.evaluator
    table = schema.table(evaluator.scope.global_name("app.js", "Goods", ("app.js", 1)))
    assert table is not None
    assert table.name == "Item"
