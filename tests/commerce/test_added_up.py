"""What a function adds up for itself is no record, and what it has fetched is one, in whatever it is found again."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tillproof.ir.ops import Op

HEAD = """
import { Seat } from './seat'

export async function run(keys) {
  const rows = await Seat.find({})
"""
SEAT = "import mongoose from 'mongoose'\nexport const Seat = mongoose.model('Seat', new mongoose.Schema({ stock: Number }))\n"
OWN = {
    "under a key": "const found = {}\n for (const r of rows) { found[r.id] ||= { stock: 0 }; found[r.id].stock += r.stock }",
    "in a map": "const seats = new Map()\n for (const r of rows) { const seat = seats.get(r.id) ?? { stock: 0 }\n"
    "seat.stock += r.stock; seats.set(r.id, seat) }",
    "in a list": "const seats = []\n for (const r of rows) { let seat = seats.find((s) => s.id === r.id)\n"
    "if (!seat) { seat = { id: r.id, stock: 0 }; seats.push(seat) }\n seat.stock += r.stock }",
    "in what reduce hands on": "return rows.reduce((seats, r) => { seats[r.id] = seats[r.id] || { stock: 0 }\n"
    "seats[r.id].stock += r.stock; return seats }, {})",
}
FETCHED = {
    "under a key": "const seats = {}\n for (const r of rows) seats[r.id] = r\n for (const k of keys) seats[k].stock -= 1",
    "in a map": "const seats = new Map()\n for (const r of rows) seats.set(r.id, r)\n for (const k of keys) { const seat = seats.get(k)\n "
    "seat.stock -= 1 }",
    "in a map that is made of them": "const seats = new Map(rows.map((r) => [r.id, r]))\n for (const k of keys) {\n"
    "const seat = seats.get(k)\n seat.stock -= 1 }",
    "kept by the module": "const seat = kept.get(keys[0])\n seat.stock -= 1",
}


def entities(root: Path, code: str) -> list[str]:
    model, _ = model_of(root, {"seat.js": SEAT, "run.js": f"const kept = new Map()\n{HEAD}{code}\n}}\n"})
    sets = ((fn, i) for fn in model.program.all_functions("run.js") for i, op in enumerate(model.program.body(fn).op) if op == Op.SET_FIELD)
    return [touch.entity for fn, i in sets if (touch := model.records.touch(fn, i, None)) is not None]


@pytest.mark.parametrize("code", OWN.values(), ids=OWN)
def test_what_is_added_up_is_no_record(tmp_path: Path, code: str) -> None:
    assert entities(tmp_path, code) == []


@pytest.mark.parametrize("code", FETCHED.values(), ids=FETCHED)
def test_a_record_in_a_collection_is_one_still(tmp_path: Path, code: str) -> None:
    assert len(entities(tmp_path, code)) == 1
