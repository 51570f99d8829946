"""What calls do to records, where the code says so in a roundabout way."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tillproof.commerce.model import Model
from tillproof.flow.values import FunctionV
from tillproof.ir.ops import Op

KEEPER = """
export interface Keeper<T> { create(data: Partial<T>): Promise<T> }

export class SqlKeeper<T> implements Keeper<T> {
  constructor(private table: string) {}
  async create(data: Partial<T>) { return this.insert(this.prepared(data)) }
  private prepared(data: Partial<T>) { return { ...data, at: new Date() } }
  private insert(row: unknown) { return Promise.resolve(row as T) }
}
"""
REFUND = "export class Refund { id: string; amount: number }\n"


def touches(model: Model, file: str) -> list[tuple[str, str, list[str]]]:
    found: list[tuple[str, str, list[str]]] = []
    for fn in model.program.all_functions(file):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            touch = model.records.touch(fn, i, None) if op == Op.CALL else None
            if touch is not None:
                found.append((touch.kind, touch.entity, sorted(touch.fields)))
    return found


@pytest.mark.parametrize("of", ["Refund", "any"])
def test_a_keeper_of_any_record_does_what_its_name_says_to_the_records_it_is_given_for(tmp_path: Path, of: str) -> None:
    service = f"""
import {{ Keeper }} from '../keeper'
import {{ Refund }} from './refund'

export class Payments {{
  constructor(private refundKeeper: Keeper<{of}>) {{}}
  async back(payment: string, amount: number) {{
    return await this.refundKeeper.create({{ payment, amount }})
  }}
}}
"""
    files = {"src/keeper.ts": KEEPER, "src/money/refund.ts": REFUND, "src/money/payments.ts": service}
    model, _ = model_of(tmp_path, files)
    name = "refund" if of == "Refund" else "refund_keeper"
    assert touches(model, "src/money/payments.ts") == [("create", name, ["amount", "payment"])]


def test_a_class_that_keeps_one_kind_of_record_is_read_itself(tmp_path: Path) -> None:
    service = """
import { SqlKeeper } from '../keeper'

export class Payments {
  constructor(private keeper: SqlKeeper) {}
  async back(payment: string, amount: number) { return await this.keeper.create({ payment, amount }) }
}
"""
    model, _ = model_of(tmp_path, {"src/keeper.ts": KEEPER, "src/money/payments.ts": service})
    assert touches(model, "src/money/payments.ts") == []


def test_what_a_library_of_plain_data_copies_of_a_record_is_no_record(tmp_path: Path) -> None:
    code = """
import { pick } from 'lodash'

export function opposite(booking) {
  const line = pick(booking, ['taxAmount', 'currency'])
  line.taxAmount = -line.taxAmount
  booking.taxAmount = 0
  return line
}
"""
    model, _ = model_of(tmp_path, {"src/ledger.js": code})
    (fn,) = model.program.functions_by_name["opposite"]
    body = model.program.body(fn)
    written = [t.entity for i, op in enumerate(body.op) if op == Op.SET_FIELD and (t := model.records.touch(fn, i, None)) is not None]
    assert written == ["booking"]


def test_what_hangs_on_a_model_of_a_declared_type_writes_the_records_of_that_model(tmp_path: Path) -> None:
    model_file = """
import sequelize, { DataTypes } from '../lib/sequelize'

const Booking: BookingModel = sequelize.define('Booking', { status: DataTypes.STRING })

Booking.confirmed = async (id: number) => Booking.findOne({ where: { id, status: 'confirmed' } })

Booking.prototype.confirm = async function (): Promise<void> {
  await this.update({ status: 'confirmed' })
}

export default Booking
"""
    service = """
import Booking from './models/Booking'

export async function pay(id: number) {
  const found = await Booking.findByPk(id)
  await found.confirm()
  return Booking.confirmed(id)
}
"""
    model, _ = model_of(tmp_path, {"src/models/Booking.ts": model_file, "src/pay.ts": service})
    (pay,) = model.program.functions_by_name["pay"]
    effects = model.effects.of(FunctionV(("src/pay.ts", 1), pay, None))
    assert [(e.touch.kind, e.touch.entity, list(e.touch.fields)) for e in effects if e.touch is not None] == [
        ("write", "booking", ["status"])
    ]


@pytest.mark.parametrize(
    "hung",
    [
        "schema.methods.confirm = WORK",
        "schema.methods = { confirm: WORK }",
        "schema.method('confirm', WORK)",
        "Object.assign(schema.methods, { confirm: WORK })",
    ],
)
def test_methods_of_a_schema_are_hung_in_several_ways(tmp_path: Path, hung: str) -> None:
    work = "async function () { this.status = 'confirmed'; await this.save() }"
    model_file = f"""
const mongoose = require('mongoose')

const schema = new mongoose.Schema({{ status: String }})
{hung.replace("WORK", work)}
const Booking = mongoose.model('Booking', schema)
module.exports = Booking
"""
    service = """
const Booking = require('./booking')

async function pay(id) {
  const found = await Booking.findById(id)
  await found.confirm()
}

module.exports = { pay }
"""
    model, _ = model_of(tmp_path, {"src/booking.js": model_file, "src/pay.js": service})
    (pay,) = model.program.functions_by_name["pay"]
    effects = model.effects.of(FunctionV(("src/pay.js", 1), pay, None))
    assert ("write", "booking", ["status"]) in [(e.touch.kind, e.touch.entity, list(e.touch.fields)) for e in effects if e.touch]


@pytest.mark.parametrize(
    ("parameter", "made", "written"),
    [
        ("booking", "", ["booking"]),
        ("booking: BookingCreationAttributes", "", []),
        ("given", "const booking = { taxAmount: 0, id: given.id }", []),
    ],
)
def test_the_fields_of_what_a_record_is_still_to_be_made_of_are_no_records(
    tmp_path: Path, parameter: str, made: str, written: list[str]
) -> None:
    code = f"export function prepare({parameter}) {{\n  {made}\n  booking.taxAmount = -1\n  return booking\n}}\n"
    model, _ = model_of(tmp_path, {"src/prepare.ts": code})
    (fn,) = model.program.functions_by_name["prepare"]
    body = model.program.body(fn)
    found = [t.entity for i, op in enumerate(body.op) if op == Op.SET_FIELD and (t := model.records.touch(fn, i, None)) is not None]
    assert found == written


def test_what_every_kind_of_message_leads_to_is_seen_for_each(tmp_path: Path) -> None:
    kinds = range(9)
    handlers = "\n".join(f"async function on{n}(event) {{ await entered(event.id) }}" for n in kinds)
    cases = "\n".join(f"    case 'kind.{n}': return on{n}(event)" for n in kinds)
    code = f"""
const mongoose = require('mongoose')
const Entry = mongoose.model('Entry', new mongoose.Schema({{ event: String }}))

async function entered(id) {{ await Entry.create({{ event: id }}) }}
{handlers}

async function handle(event) {{
  switch (event.type) {{
{cases}
  }}
}}
"""
    model, _ = model_of(tmp_path, {"src/handle.js": code})
    (fn,) = model.program.functions_by_name["handle"]
    effects = model.effects.of(FunctionV(("src/handle.js", 1), fn, None))
    assert len({e.way[-1].instr for e in effects if e.touch is not None and e.touch.kind == "create"}) == len(kinds)


def test_a_connection_is_told_the_table_and_the_row(tmp_path: Path) -> None:
    page = """<?php
function kept($member, $total) {
    global $wpdb;
    $table = $wpdb->prefix . 'club_orders';
    $wpdb->insert($table, ['member' => $member, 'total' => $total]);
    $wpdb->insert($wpdb->club_payments, ['member' => $member]);
    $wpdb->update('club_invoices', ['status' => 'paid'], ['member' => $member]);
}
"""
    model, _ = model_of(tmp_path, {"kept.php": page})
    assert touches(model, "kept.php") == [
        ("create", "club_order", ["member", "total"]),
        ("create", "club_payment", ["member"]),
        ("write", "club_invoice", ["status"]),
    ]


@pytest.mark.parametrize("how", ["", ", { merge: true }", ", { mergeFields: ['stock'] }"])
def test_how_a_document_is_put_is_no_part_of_what_is_put(tmp_path: Path, how: str) -> None:
    code = f"""
const {{ getFirestore, FieldValue }} = require('firebase-admin/firestore')
const db = getFirestore()
exports.take = (id, qty) => db.collection('products').doc(id).set({{ stock: FieldValue.increment(-qty) }}{how})
"""
    model, _ = model_of(tmp_path, {"take.js": code})
    assert ("upsert", "product", ["stock"]) in touches(model, "take.js")


@pytest.mark.parametrize(
    ("reads", "entity"),
    [
        ("$this->db->where('id', $id); return $this->db->get('invoices')->row();", "invoice"),
        ("return $this->db->where('id', $id)->get('invoices i')->row();", "invoice"),
        ("$this->db->where('id', $id); return $this->db->count_all_results('invoices');", "invoice"),
        ("return $this->db->from('invoices')->where('id', $id)->get()->row();", "invoice"),
        ("return $this->cache->get('invoices');", ""),  # no table: a key
    ],
)
def test_rows_of_codeigniter_are_of_the_table_that_is_asked_for_whatever_the_class_is_called(
    tmp_path: Path, reads: str, entity: str
) -> None:
    page = f"<?php\nclass Orders_model extends CI_Model {{\n  public function one($id) {{ {reads} }}\n}}\n"
    model, *_ = model_of(tmp_path, {"application/models/Orders_model.php": page})
    found = {name for kind, name, _ in touches(model, "application/models/Orders_model.php") if kind == "read"}
    assert found == ({entity} if entity else found - {"invoice"})


def test_a_models_name_begins_with_what_it_is(tmp_path: Path) -> None:
    reads = "return $this->db->where('id', $id)->get($this->table)->row();"
    keeps = f"<?php\nclass Mdl_invoices extends CI_Model {{\n  public function one($id) {{ {reads} }}\n}}\n"
    model, *_ = model_of(tmp_path, {"application/models/Mdl_invoices.php": keeps})
    assert {name for kind, name, _ in touches(model, "application/models/Mdl_invoices.php") if kind == "read"} == {"invoice"}
