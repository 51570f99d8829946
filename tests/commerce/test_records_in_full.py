"""What a variable's name stands for where the only record called so has a longer name."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_ROUTES = """\
import express from 'express';
import KIND from '../models/record';
import { close } from '../services/tickets';

const router = express.Router();
router.post('/tickets/:id/close', async (req, res) => {
  const ticket = await KIND.findById(req.params.id);
  res.json(await close({ ticket }));
});
export default router;
"""
_SERVICE = """\
export async function close({ ticket }) {
  ticket.status = 'cancelled';
  ticket.closedAt = new Date();
  return ticket.save();
}
"""
_MODEL = """\
import mongoose from 'mongoose';
const schema = new mongoose.Schema({ seat: String, status: { type: String, default: 'open' }, closedAt: Date });
export default mongoose.model('KIND', schema);
"""


@pytest.mark.parametrize(("kind", "expected"), [("SupportTicket", set()), ("Ticket", {"broken"}), ("EventTicket", {"broken"})])
def test_a_ticket_of_the_help_desk_is_no_order(tmp_path: Path, kind: str, expected: set[str]) -> None:
    files = {
        "routes/tickets.js": _ROUTES.replace("KIND", kind),
        "services/tickets.js": _SERVICE,
        "models/record.js": _MODEL.replace("KIND", kind),
        "app.js": "import express from 'express';\nimport routes from './routes/tickets';\nexpress().use(routes);\n",
    }
    assert {ruling for ruling, _, _ in ruled(tmp_path, "order/unguarded-transition", files)} == expected
