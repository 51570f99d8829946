"""What PHP declares: Laravel's migrations and models, Doctrine's entities, WordPress's tables; and plain SQL."""

from pathlib import Path

from tests.commerce.declared import declared, schema_of, shown

_MIGRATION = """<?php
use Illuminate\\Database\\Migrations\\Migration;
use Illuminate\\Database\\Schema\\Blueprint;
use Illuminate\\Support\\Facades\\Schema;

return new class extends Migration {
    public function up(): void
    {
        UP
    }

    public function down(): void
    {
        DOWN
    }
};
"""


def migration(up: str, down: str = "Schema::dropIfExists('inventories');") -> str:
    return _MIGRATION.replace("UP", up).replace("DOWN", down)


def test_laravel_migrations_add_up_in_order_of_their_names(tmp_path: Path) -> None:
    create = """Schema::create('inventories', function (Blueprint $table) {
            $table->id();
            $table->foreignId('product_id')->constrained();
            $table->integer('qty')->default(0)->comment('on hand');
            $table->integer('held')->unsigned()->nullable();
            $table->unsignedInteger('seats')
                ->default(5);
            $table->decimal('cost', 12, 4);
            $table->string('code')->unique();
            $table->timestamps();
            $table->unique(['product_id', 'code'], 'one_code');
        });"""
    later = """Schema::table('inventories', function (Blueprint $table) {
            $table->dropColumn('seats');
            $table->renameColumn('code', 'sku');
            $table->bigInteger('held')->change();
        });
        DB::statement('ALTER TABLE inventories ADD CONSTRAINT qty_ok CHECK (qty >= 0)');"""
    back = "Schema::table('inventories', fn (Blueprint $table) => $table->dropColumn('held'));"
    files = {
        "database/migrations/2024_02_01_000000_alter.php": migration(later, back),
        "database/migrations/2024_01_01_000000_create.php": migration(create),
        "app/Models/Inventory.php": "<?php\nuse Illuminate\\Database\\Eloquent\\Model;\n\nclass Inventory extends Model\n{\n}\n",
    }
    table = declared(tmp_path, files, "Inventory")
    assert (table.name, table.source) == ("inventories", "laravel")
    assert table.model is not None
    assert not table.open
    assert shown(table) == [
        "id integer @10",
        "product_id reference unsigned >=0@11 @11",
        "qty integer =0 >=0@14 @12",
        "held integer @12",
        "cost decimal @16",
        "created_at time @18",
        "sku string unique @17",
        "unique product_id,code @19",
        "check qty >= 0 @14",
    ]


def test_a_table_that_another_package_alters(tmp_path: Path) -> None:
    package = '{"name": "shop/x", "type": "library"}'
    later = "Schema::table('stocks', fn (Blueprint $t) => $t->integer('qty')->unsigned()->change());"
    files = {
        "core/composer.json": package,
        "core/migrations/2024_01_01_create.php": migration("Schema::create('stocks', fn (Blueprint $t) => $t->integer('qty'));"),
        "more/composer.json": package,
        "more/migrations/2024_02_01_alter.php": migration(later),
    }
    assert shown(declared(tmp_path, files, "stock")) == ["qty integer unsigned >=0@9 @9"]


def test_doctrine_attributes_and_annotations(tmp_path: Path) -> None:
    files = {
        "src/Entity/Product.php": """<?php
namespace App\\Entity;
use Doctrine\\DBAL\\Types\\Types;
use Doctrine\\ORM\\Mapping as ORM;

#[ORM\\Entity]
#[ORM\\Table(name: 'goods')]
#[ORM\\UniqueConstraint(name: 'u', columns: ['sku', 'shop_id'])]
class Product
{
    #[ORM\\Column(type: Types::INTEGER, options: ['unsigned' => true, 'default' => 0])]
    private int $stock = 0;

    #[ORM\\Column]
    private ?int $held = null;

    #[ORM\\Version, ORM\\Column]
    private int $version;

    #[ORM\\ManyToOne]
    private Shop $shop;
}
""",
        "src/Entity/StockItem.php": """<?php
namespace App\\Entity;
use Doctrine\\ORM\\Mapping as ORM;

/**
 * @ORM\\Entity
 * @ORM\\Table(name="stock_items", uniqueConstraints={@ORM\\UniqueConstraint(columns={"sku", "shop_id"})})
 */
class StockItem
{
    /**
     * @ORM\\Id
     * @ORM\\Column(type="integer")
     */
    private $id;

    /** @ORM\\Column(name="on_hand", type="integer", nullable=true, options={"unsigned"=true}) */
    private $onHand = 0;
}
""",
    }
    schema = schema_of(tmp_path, files)
    product, item = schema.table("Product"), schema.table("StockItem")
    assert product is not None
    assert item is not None
    assert shown(product) == [
        "stock integer unsigned =0 >=0@11 @11",
        "held integer @14",
        "version integer version @17",
        "shop reference @20",
        "unique sku,shop_id @8",
    ]
    assert shown(item) == ["id integer primary @13", "on_hand integer unsigned null >=0@17 @17", "unique sku,shop_id @9"]
    assert item.column("onHand") is item.columns["onhand"]


def test_wordpress_tables(tmp_path: Path) -> None:
    code = """<?php
function acme_install() {
    global $wpdb;
    $charset = $wpdb->get_charset_collate();
    $sql = "CREATE TABLE {$wpdb->prefix}acme_stock (
        id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
        sku varchar(64) NOT NULL default '',
        qty int(11) NOT NULL DEFAULT 0,
        PRIMARY KEY  (id),
        UNIQUE KEY sku (sku, shop)
    ) $charset;";
    dbDelta($sql);
    $wpdb->query("ALTER TABLE " . $wpdb->prefix . "acme_stock ADD CHECK (qty >= 0)");
    // $wpdb->query("ALTER TABLE {$wpdb->prefix}acme_stock DROP COLUMN qty");
}
"""
    assert shown(declared(tmp_path, {"acme.php": code}, "acme_stock")) == [
        "id integer unsigned >=0@6 @6",
        "sku string = @7",
        "qty integer =0 >=0@13 @8",
        "unique id @9",
        "unique sku,shop @10",
        "check qty >= 0 @13",
    ]


def test_sql_files(tmp_path: Path) -> None:
    files = {
        "db/V2__later.sql": """-- CREATE TABLE nothing (id int);
ALTER TABLE "shop"."stock_levels"
  ADD COLUMN held integer DEFAULT 0 CHECK (held >= 0),
  DROP CONSTRAINT one_place,
  RENAME COLUMN count TO quantity;
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one ON shop.stock_levels (lower(sku)) WHERE open;
""",
        "db/V1__first.sql": """CREATE TABLE IF NOT EXISTS shop.stock_levels (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku VARCHAR(20) NOT NULL UNIQUE, -- a comment, with a comma
  `count` INT UNSIGNED NOT NULL DEFAULT '0',
  kind ENUM('a', 'b') NOT NULL,
  price NUMERIC(10, 2) NOT NULL CHECK (price > 0),
  total NUMERIC GENERATED ALWAYS AS (price * 2) STORED,
  CONSTRAINT one_place UNIQUE (sku, place),
  FOREIGN KEY (place) REFERENCES places (id)
);
INSERT INTO shop.stock_levels VALUES (1, 'x; y', 2);
DROP TABLE IF EXISTS other;
""",
        "db/V3__undo.down.sql": "DROP TABLE shop.stock_levels;",
    }
    table = declared(tmp_path, files, "StockLevel")
    assert shown(table) == [
        "id integer primary @2",
        "sku string unique @3",
        "kind enum @5",
        "price decimal >=0@6 @6",
        "total decimal null @7",
        "held integer null =0 >=0@3 @3",
        "quantity integer unsigned =0 >=0@4 @4",
        "unique sku where open @6",
    ]
    assert table.columns["total"].generated


def test_sql_that_code_puts_together_keeps_its_lines(tmp_path: Path) -> None:
    code = """const { pool } = require('./db');
const run = async () => {
  await pool.query(
    'CREATE TABLE IF NOT EXISTS seats (' +
      'id SERIAL PRIMARY KEY,' +
      'seats_left INT NOT NULL' +
      ')'
  );
  await pool.query(`CREATE TABLE ${prefix}tickets (left_over INT, CONSTRAINT c CHECK (left_over >= 0))`);
};
"""
    schema = schema_of(tmp_path, {"setup.js": code})
    seats, tickets = schema.table("seat"), schema.table("tickets")
    assert seats is not None
    assert tickets is not None
    assert shown(seats) == ["id integer primary @5", "seats_left integer @6"]
    assert shown(tickets) == ["left_over integer null >=0@9 @9", "check left_over >= 0 @9"]


def test_migrations_of_other_frameworks(tmp_path: Path) -> None:
    files = {
        "migrations/m1_stock.php": """<?php
class m1_stock extends \\yii\\db\\Migration
{
    public function safeUp()
    {
        $this->createTable('{{%stock}}', [
            'id' => $this->primaryKey(),
            'qty' => $this->integer()->unsigned()->notNull()->defaultValue(0),
            'held' => 'INT UNSIGNED NOT NULL',
        ]);
        $this->createIndex('one', '{{%stock}}', ['sku', 'shop'], true);
    }
    public function safeDown() { $this->dropTable('{{%stock}}'); }
}
""",
        "app/Database/Migrations/Seats.php": """<?php
class Seats extends \\CodeIgniter\\Database\\Migration
{
    public function up()
    {
        $this->forge->addField([
            'id' => ['type' => 'INT', 'auto_increment' => true],
            'seats_left' => ['type' => 'INT', 'constraint' => 5, 'unsigned' => true, 'default' => 0],
        ]);
        $this->forge->createTable('seats');
    }
}
""",
        "db/migrations/Tickets.php": """<?php
final class Tickets extends \\Phinx\\Migration\\AbstractMigration
{
    public function change(): void
    {
        $table = $this->table('tickets');
        $table->addColumn('left_over', 'integer', ['signed' => false, 'default' => 0])
            ->addColumn('sold', 'integer')
            ->addIndex(['event', 'seat'], ['unique' => true])
            ->create();
    }
}
""",
    }
    schema = schema_of(tmp_path, files)
    found = {name: schema.table(name) for name in ("stock", "seats", "tickets")}
    assert {name: shown(table) for name, table in found.items() if table is not None} == {
        "stock": ["id other @7", "qty integer unsigned =0 >=0@8 @8", "held integer unsigned >=0@9 @9", "unique sku,shop @11"],
        "seats": ["id integer @7", "seats_left integer unsigned =0 >=0@8 @8"],
        "tickets": ["left_over integer unsigned =0 >=0@7 @7", "sold integer @8", "unique event,seat @9"],
    }


def test_declarations_in_xml(tmp_path: Path) -> None:
    files = {
        "etc/db_schema.xml": """<?xml version="1.0"?>
<schema>
    <table name="acme_stock" resource="default" engine="innodb">
        <column xsi:type="int" name="stock_id" unsigned="true" nullable="false" identity="true"/>
        <column xsi:type="decimal" name="qty" scale="4" precision="12" unsigned="false"
                nullable="false" default="0"/>
        <constraint xsi:type="unique" referenceId="U"><column name="sku"/><column name="website"/></constraint>
    </table>
</schema>
""",
        "config/doctrine/Variant.orm.xml": """<doctrine-mapping>
    <mapped-superclass name="App\\Entity\\Variant" table="app_variant">
        <id name="id" column="id" type="integer"><generator strategy="AUTO"/></id>
        <field name="version" column="version" type="integer" version="true"/>
        <field name="onHand" column="on_hand" type="integer"><options><option name="unsigned">true</option></options></field>
        <unique-constraints><unique-constraint columns="sku,shop_id"/></unique-constraints>
    </mapped-superclass>
</doctrine-mapping>
""",
    }
    schema = schema_of(tmp_path, files)
    stock, variant = schema.table("acme_stock"), schema.table("Variant")
    assert stock is not None
    assert variant is not None
    assert shown(stock) == ["stock_id integer unsigned >=0@4 @4", "qty decimal =0 @5", "unique sku,website @7"]
    assert shown(variant) == [
        "id integer primary @3",
        "version integer version @4",
        "on_hand integer unsigned >=0@5 @5",
        "unique sku,shop_id @6",
    ]
    assert variant.column("onHand") is variant.columns["onhand"]
