"""Handlers that answer success before it is known whether the work failed: whatever is answered behind that comes too late."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed, rulings

_HEAD = """const express = require('express');
const stripe = require('stripe')(process.env.KEY);
const db = require('mysql').createConnection(process.env.DB);
const Order = require('./order');
const app = express();
async function settle(session) {
  await Order.updateOne({ session: session.id, status: 'pending' }, { status: 'paid' });
}
app.post('/webhook', express.raw({ type: '*/*' }), async (req, res, next) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.SECRET);
  if (event.type !== 'checkout.session.completed') return res.sendStatus(200);
  const session = event.data.object;
"""
_ORDER = """const mongoose = require('mongoose');
module.exports = mongoose.model('Order', new mongoose.Schema({ status: String, session: String }));
"""
_SQL = "db.query('UPDATE orders SET status = ? WHERE session = ? AND status = ?', ['paid', session.id, 'pending'], (err) => "

_BROKEN = {
    "callback": _SQL + "{ if (err) return res.status(500).end(); });\nres.json({ received: true }); // !",
    "promise": "settle(session).then(() => console.log('done')).catch((e) => res.status(500).send(e.message));\nres.sendStatus(200); // !",
    "of the library": "Order.updateOne({ session: session.id, status: 'pending' }, { status: 'paid' }).catch(next);\nres.end(); // !",
    "caught and logged": "res.sendStatus(200); // !\ntry { await settle(session); } catch (e) { console.error(e); }",
    "caught and answered": "res.sendStatus(200); // !\ntry { await settle(session); } catch (e) { res.status(500).end(); }",
}
_SOUND = {
    "callback answers": _SQL + "{ if (err) return res.status(500).end(); res.json({ received: true }); });",
    "promise answers": "settle(session).then(() => res.sendStatus(200)).catch(next);",
    "one of two ways": "if (session.id) { settle(session).then(() => res.sendStatus(200)).catch(next); } else { res.sendStatus(200); }",
    "waited for": "await settle(session).catch((e) => { throw new Error(e.message); });\nres.sendStatus(200);",
}


def _reviewed(folder: Path, work: str) -> tuple[list[str], list[int], int]:
    code = _HEAD + work + "\n});\n"
    report = reviewed(folder, {"app.js": code, "order.js": _ORDER}, "swallowed-failure")
    marked = next((n for n, line in enumerate(code.splitlines(), 1) if "// !" in line), 0)
    return rulings(report), [f.start_line for f in report.findings], marked


@pytest.mark.parametrize("work", _BROKEN.values(), ids=_BROKEN)
def test_success_that_is_answered_first_is_the_flaw(tmp_path: Path, work: str) -> None:
    ruled, lines, marked = _reviewed(tmp_path, work)
    assert (ruled, lines) == (["broken"], [marked])


@pytest.mark.parametrize("work", _SOUND.values(), ids=_SOUND)
def test_an_answer_behind_the_work_is_none(tmp_path: Path, work: str) -> None:
    assert _reviewed(tmp_path, work)[0] == ["held"]
