"""Hours and seats of which a function of the shop's own is asked whether they are free, before a booking of them is made."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_EXPRESS = """\
const express = require('express');
const { createClient } = require('@supabase/supabase-js');
const supabase = createClient(process.env.URL, process.env.KEY);
const app = express();
app.use(express.json());
async function isFree(doctorId, slot) {
  try {
    const { data, error } = await supabase.from('appointments').select('id').eq('doctor_id', doctorId).eq('slot_id', slot).single();
    if (error && error.code === 'PGRST116') return true;
    if (error) return false;
    return false;
  } catch (e) {
    return false;
  }
}
app.post('/book', async (req, res) => {
  const free = await isFree(req.body.doctor, req.body.slot);
  if (!free) return res.status(409).json({});
  await supabase.from('appointments').insert({ doctor_id: req.body.doctor, slot_id: req.body.slot, payment_status: 'pending' });
  res.json({});
});
"""
_UNIQUE = """\
create table appointments (id bigint primary key, doctor_id bigint, slot_id bigint, payment_status textUNIQUE);
"""
_FLASK = """\
from flask import Flask, jsonify, request
from flask_sqlalchemy import SQLAlchemy
app = Flask(__name__)
db = SQLAlchemy(app)
class Booking(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    room_id = db.Column(db.Integer)
    customer = db.Column(db.Integer)
def taken(room_id):
    try:
        rows = Booking.query.filter_by(room_id=room_id).all()
        for row in rows:
            if row.customer:
                return True
    except Exception:
        return True
    return False
@app.post("/book")
def book():
    if taken(request.json["room"]):
        return jsonify(error="taken"), 409
    db.session.add(Booking(room_id=request.json["room"], customer=1))
    db.session.commit()
    return jsonify(ok=True)
"""


@pytest.mark.parametrize(
    ("shop", "broken"),
    [
        ({"app.js": _EXPRESS, "schema.sql": _UNIQUE.replace("UNIQUE", "")}, True),
        ({"app.js": _EXPRESS, "schema.sql": _UNIQUE.replace("UNIQUE", ", unique (doctor_id, slot_id)")}, False),
        ({"app.py": _FLASK}, True),
        ({"app.py": _FLASK.replace("room_id = db.Column(db.Integer)", "room_id = db.Column(db.Integer, unique=True)")}, False),
        ({"app.py": _FLASK.replace('taken(request.json["room"])', "closed()")}, False),
    ],
    ids=["javascript", "javascript-unique", "python", "python-unique", "python-not-asked"],
)
def test_a_helper_that_looks_keeps_nobody_out(tmp_path: Path, shop: dict[str, str], broken: bool) -> None:
    write(tmp_path, shop)
    report = review(tmp_path, Settings(use_cache=False, checks=("inventory/oversell-race",)))
    assert bool(report.findings) is broken, [f.title for f in report.findings]
