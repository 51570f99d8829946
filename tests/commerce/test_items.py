"""What calls do to the items of a key-value store, as their parameters say."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tillproof.commerce.item_expressions import Set, condition, sets
from tillproof.commerce.items import ITEMS
from tillproof.commerce.touches import Touch
from tillproof.ir.ops import Op

HEAD = """
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { randomUUID } from 'node:crypto'
import AWS from 'aws-sdk'

const store = DynamoDBDocumentClient.from(new DynamoDBClient({}))
const old = new AWS.DynamoDB.DocumentClient()
const TABLE = `${process.env.STAGE}-orders-table`
"""


def touches(root: Path, code: str) -> list[Touch]:
    model, _ = model_of(root, {"shop.ts": f"{HEAD}\nexport async function run(id, row, event) {{\n{code}\n}}\n"})
    calls = ((fn, i) for fn in model.program.all_functions("shop.ts") for i, op in enumerate(model.program.body(fn).op) if op == Op.CALL)
    return [touch for fn, i in calls if (touch := model.records.touch(fn, i, None)) is not None]


def test_an_update_says_what_it_counts_and_what_it_sets() -> None:
    assert list(sets("SET stock = stock - :n, #s = :s, sold = if_not_exists(sold, :zero) + :n ADD total :n REMOVE heldBy")) == [
        Set("stock", ":n", True, True),
        Set("#s", ":s", False, False),
        Set("sold", ":n", True, False),
        Set("total", ":n", True, False),
        Set("heldBy", "", False, False),
    ]


def test_only_what_holds_in_any_case_is_equal() -> None:
    both, either = condition("#s = :open AND stock >= :n"), condition("#s = :open OR #s = :held")
    assert (both.keys, both.compared) == ({"#s": ":open"}, {"#s", "stock"})
    assert (either.keys, either.compared) == ({}, {"#s"})
    assert condition("attribute_not_exists(id)").absent == {"id"}


@pytest.mark.parametrize(
    ("code", "kind", "fields", "keys"),
    [
        ("const { Item } = await store.send(new GetCommand({ TableName: TABLE, Key: { id } }))", "read", [], ["id"]),
        (
            "await store.send(new PutCommand({ TableName: TABLE, Item: { id: randomUUID(), status: 'NEW' } }))",
            "create",
            ["id", "status"],
            [],
        ),
        ("await store.send(new PutCommand({ TableName: TABLE, Item: { ...row, id } }))", "upsert", ["id"], []),
        (
            """await store.send(new UpdateCommand({ TableName: TABLE, Key: { id }, UpdateExpression: 'SET #s = :s',
            ConditionExpression: '#s = :old', ExpressionAttributeNames: { '#s': 'status' },
            ExpressionAttributeValues: { ':s': 'PAID', ':old': 'NEW' } }))""",
            "write",
            ["status"],
            ["id", "status"],
        ),
        (
            """await store.send(new UpdateItemCommand({ TableName: TABLE, Key: marshall({ id }), UpdateExpression: 'SET note = :n',
            ExpressionAttributeValues: { ':n': { S: row.note } } }))""",
            "write",
            ["note"],
            ["id"],
        ),
        ("await old.put({ TableName: TABLE, Item: { id, status: 'NEW' } }).promise()", "upsert", ["id", "status"], []),
    ],
)
def test_a_command_is_what_its_parameters_say(tmp_path: Path, code: str, kind: str, fields: list[str], keys: list[str]) -> None:
    (touch,) = touches(tmp_path, code)
    assert (touch.kind, touch.entity, sorted(touch.fields), sorted(touch.keys)) == (kind, "order", fields, keys)


def test_where_one_table_keeps_all_the_key_tells_what_an_item_is(tmp_path: Path) -> None:
    code = "await store.send(new GetCommand({ TableName: process.env.TABLE_NAME, Key: { pk: `ORDER#${id}`, sk: 'META' } }))"
    (touch,) = touches(tmp_path, code)
    assert touch.entity == "order"


def test_what_is_sent_by_others_is_no_item(tmp_path: Path) -> None:
    assert touches(tmp_path, "row.send(new Message({ TableName: TABLE, Item: { id } })); event.reply.send({ Item: row })") == []


def test_what_feeds_a_digest_writes_nothing(tmp_path: Path) -> None:
    code = """
import crypto from 'node:crypto'
export function sign(row) {
  const mac = crypto.createHmac('sha256', 's')
  mac.update(row)
}
"""
    model, _ = model_of(tmp_path, {"sign.ts": code})
    (fn,) = model.program.functions_by_name["sign"]
    calls = [i for i, op in enumerate(model.program.body(fn).op) if op == Op.CALL and model.program.body(fn).called(i) == "update"]
    assert [model.recogniser.effect(fn, i) for i in calls] == [None]


def test_an_object_that_counts_and_the_call_that_stores_it_are_one_write_of_stock(tmp_path: Path) -> None:
    shelf = "export class Shelf { constructor(public stock: number) {}\n take(n: number) { this.stock = this.stock - n } }\n"
    keeper = f"""{HEAD}
import {{ Shelf }} from './shelf'
export class Shelves {{
  async take(sku: string, n: number) {{
    const {{ Item }} = await store.send(new GetCommand({{ TableName: 'inventory', Key: {{ sku }} }}))
    const shelf = new Shelf(Item.stock)
    shelf.take(n)
    await store.send(new UpdateCommand({{ TableName: 'inventory', Key: {{ sku }}, UpdateExpression: 'SET stock = :left',
      ExpressionAttributeValues: {{ ':left': shelf.stock }} }}))
  }}
}}
"""
    model, _ = model_of(tmp_path, {"shelf.ts": shelf, "shelves.ts": keeper})
    assert [w.place.fn.file for w in model.stock_writes.all] == ["shelves.ts"]


def test_the_update_of_who_knows_what_is_no_change_of_an_item(tmp_path: Path) -> None:
    (touch,) = touches(tmp_path, "await event.rows.update({ where: { id }, data: { credits: { increment: 10 } } })")
    assert (touch.kind, touch.effect != ITEMS, sorted(touch.relative)) == ("write", True, ["credits"])
