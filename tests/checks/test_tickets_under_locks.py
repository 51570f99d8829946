"""Tickets that are left on the row of their event: who locks that row keeps every other buyer out, whatever the row is called."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_FILES = {
    "package.json": '{"dependencies": {"express": "4", "sequelize": "6", "mysql2": "3"}}',
    "db.js": "const { Sequelize } = require('sequelize');\nmodule.exports = new Sequelize(process.env.DB);\n",
    "event.js": """\
const { DataTypes } = require('sequelize');
const sequelize = require('./db');
module.exports = sequelize.define('Event', {
  title: { type: DataTypes.STRING },
  available_tickets: { type: DataTypes.INTEGER, allowNull: false },
});
""",
    "booking.js": """\
const { DataTypes } = require('sequelize');
const sequelize = require('./db');
module.exports = sequelize.define('Booking', { eventId: DataTypes.INTEGER, userId: DataTypes.INTEGER, tickets: DataTypes.INTEGER });
""",
    "book.js": """\
const sequelize = require('./db');
const Event = require('./event');
const Booking = require('./booking');
exports.book = async (req, res) => {
  await sequelize.transaction(async (t) => {
    const event = await Event.findByPk(req.params.id, { transaction: tLOCK });
    if (event.available_tickets < req.body.tickets) throw new Error('sold out');
    event.available_tickets -= req.body.tickets;
    await event.save({ transaction: t });
    await Booking.create({ eventId: event.id, userId: req.user.id, tickets: req.body.tickets }, { transaction: t });
  });
  res.json({ ok: true });
};
""",
    "app.js": "const app = require('express')();\napp.post('/events/:id/book', require('./book').book);\n",
}


@pytest.mark.parametrize(("lock", "ruling"), [(", lock: t.LOCK.UPDATE", "held"), (", lock: true", "held"), ("", "broken")])
@pytest.mark.parametrize("check", ["inventory/oversell-race", "inventory/non-atomic-write"])
def test_the_row_that_holds_what_is_left_is_locked(tmp_path: Path, check: str, lock: str, ruling: str) -> None:
    files = {**_FILES, "book.js": _FILES["book.js"].replace("LOCK", lock, 1)}
    assert {r for r, file, _ in ruled(tmp_path, check, files) if file == "book.js"} == {ruling}
