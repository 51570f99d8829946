"""Verifications as careful people write them: what stands beside the comparison is none, and the shop's own log is no effect."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_APP = """\
const express = require('express');
const crypto = require('crypto');
const Razorpay = require('razorpay');
const { Order } = require('./models');
const logger = require('./config/logger');
const { same } = require('./same');
const client = new Razorpay({ key_id: process.env.KEY, key_secret: process.env.SECRET });
const app = express();
app.post('/webhook/razorpay', express.raw({ type: '*/*' }), async (req, res, next) => {
  try {
    const secret = process.env.WEBHOOK_SECRET;
    WHEN {
      const expected = crypto.createHmac('sha256', secret).update(req.body).digest('hex');
      if (!same(req.headers['x-razorpay-signature'], expected)) { logger.warn('bad', {}); return res.sendStatus(400); }
    }
    const event = JSON.parse(req.body);
    if (event.event === 'payment.captured') {
      await Order.update({ status: 'paid' }, { where: { razorpay: event.payload.payment.entity.order_id } });
    }
    res.sendStatus(200);
  } catch (err) {
    logger.error('failed', { error: err.message });
    next(err);
  }
});
"""
_LOGGER = """\
const fs = require('fs');
const write = (level, message, meta) => fs.appendFileSync(process.env.DIR + level, JSON.stringify({ message, ...meta }));
module.exports = { warn: (m, meta = {}) => write('warn', m, meta), error: (m, meta = {}) => write('error', m, meta) };
"""
_SAME = """\
const { timingSafeEqual } = require('crypto');
exports.same = (a, b) => {
  GUARD
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
};
"""
_LENGTHS = "if (typeof a !== 'string' || typeof b !== 'string' || a.length !== b.length) return false;"


def _weak(path: Path, when: str, guard: str) -> list[tuple[str, int]]:
    (path / "config").mkdir()
    (path / "config/logger.js").write_text(_LOGGER)
    (path / "same.js").write_text(_SAME.replace("GUARD", guard))
    models = "const { Sequelize, DataTypes } = require('sequelize');\nconst db = new Sequelize(process.env.DB);\n"
    models += "exports.Order = db.define('Order', { status: DataTypes.STRING, razorpay: DataTypes.STRING });\n"
    (path / "models.js").write_text(models)
    (path / "package.json").write_text('{"dependencies": {"express": "4", "sequelize": "6", "razorpay": "2"}}')
    (path / "app.js").write_text(_APP.replace("WHEN", when))
    report = review(path, Settings(use_cache=False))
    return [(f.severity, f.start_line) for f in report.findings if f.check == "payment/webhook-weak-verification"]


@pytest.mark.parametrize("guard", [_LENGTHS, "if (a.length !== b.length) return false;", "if (typeof a !== typeof b) return false;"])
def test_a_look_at_type_and_length_compares_no_digest(tmp_path: Path, guard: str) -> None:
    assert _weak(tmp_path, "", guard) == []


def test_a_digest_that_is_compared_beside_is(tmp_path: Path) -> None:
    assert _weak(tmp_path, "", "if (a === b) return true;") == [("low", 3)]


def test_the_log_of_an_exception_is_no_effect_of_a_forged_message(tmp_path: Path) -> None:
    assert _weak(tmp_path, "if (secret)", _LENGTHS) == [("high", 12)]
