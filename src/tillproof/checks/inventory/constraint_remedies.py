"""How each way of declaring a table says that a column may not fall below zero."""

from tillproof.commerce.schema.tables import Column, Table

_CHECK = "ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_not_negative CHECK ({column} >= 0)"
_REMEDIES = {
    "django": "Declare `{column}` as `models.PositiveIntegerField`, or add `models.CheckConstraint(condition=models.Q({column}__gte=0), "
    'name="{table}_{column}_not_negative")` to `Meta.constraints`, and make the migration.',
    "sqlalchemy": 'Add `CheckConstraint("{column} >= 0", name="ck_{table}_{column}")` to `__table_args__`, and in a migration '
    '`op.create_check_constraint("ck_{table}_{column}", "{table}", "{column} >= 0")`: Alembic does not find it by itself.',
    "laravel": f"In a migration: `DB::statement('{_CHECK}')`; on MySQL `$table->unsignedInteger('{{column}}')->change()` does as well.",
    "knex": "In a migration: `table.check('?? >= 0', ['{column}'], '{table}_{column}_not_negative')`.",
    "sequelize": "In a migration: `queryInterface.addConstraint('{table}', {{ type: 'check', fields: ['{column}'], where: {{ {column}: "
    "{{ [Sequelize.Op.gte]: 0 }} }}, name: '{table}_{column}_not_negative' }})`. `validate` is checked by the application only.",
    "typeorm": "Decorate the entity with `@Check('\"{column}\" >= 0')` and generate the migration.",
    "drizzle": "Return `check('{table}_{column}_not_negative', sql`${{t.{column}}} >= 0`)` from the table's third argument.",
    "medusa": "Chain `.checks([{{ name: '{table}_{column}_not_negative', expression: (columns) => `${{columns.{column}}} >= 0` }}])`.",
    "prisma": f"Prisma has no word for it: add `{_CHECK};` (names quoted) to the SQL of a migration made with "
    "`prisma migrate dev --create-only`.",
    "doctrine": f"On MySQL `options: ['unsigned' => true]`; elsewhere `$this->addSql('{_CHECK}')` in a migration.",
    "pymongo": 'Give the collection a validator: `db.command("collMod", "{table}", validator={{"$jsonSchema": {{"properties": '
    '{{"{column}": {{"minimum": 0}}}}}}}})`, and decrement only where enough is left: `update_one({{"_id": key, "{column}": '
    '{{"$gte": n}}}}, {{"$inc": {{"{column}": -n}}}})`.',
    "mongoose": "Give the collection a validator: `db.command({{ collMod: '{table}', validator: {{ $jsonSchema: {{ properties: {{ "
    "{column}: {{ minimum: 0 }} }} }} }} }})`, and decrement only where enough is left: `updateOne({{ _id, {column}: {{ $gte: n }} }}, "
    "{{ $inc: {{ {column}: -n }} }})`. `min: 0` in the schema is checked on `save()` only.",
}
_SQL = f"In a migration, after the rows that are negative now were put right: `{_CHECK};`"


def remedy(table: Table, column: Column) -> str:
    """What to write, in the words of the ORM or the migration that declares the table."""
    documents = "pymongo" if table.file.endswith(".py") else "mongoose"
    source = "laravel" if table.source == "eloquent" else documents if table.documents else table.source
    name = table.name.lower().rstrip("s") + "s" if source == "mongoose" else table.name  # as Mongoose calls its collections
    return _REMEDIES.get(source, _SQL).format(table=name, column=column.name)
