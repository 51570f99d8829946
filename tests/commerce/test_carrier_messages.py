"""Messages of carriers and warehouses are known by the route that is named after them."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_SHOP = """\
const express = require('express');
const { PrismaClient } = require('@prisma/client');
const prisma = new PrismaClient();
const app = express();
app.post('ROUTE', express.json(), async (req, res) => {
  await prisma.order.update({ where: { tracking: req.body.code }, data: { status: req.body.state } });
  res.json({});
});
"""


@pytest.mark.parametrize(
    ("route", "provider"),
    [("/hooks/shippo/track", "shippo"), ("/webhooks/easypost", "easypost"), ("/webhook/shiphero", "shiphero"), ("/orders/track", None)],
)
def test_a_carriers_route(tmp_path: Path, route: str, provider: str | None) -> None:
    (tmp_path / "server.js").write_text(_SHOP.replace("ROUTE", route))
    report = review(tmp_path, Settings(use_cache=False))
    assert [h.provider for h in report.handlers] == ([provider] if provider else [])


_NAMELESS = """\
const express = require('express');
const axios = require('axios');
const { catching } = require('./catching');
const { Order } = require('./models');
const carrier = axios.create({ baseURL: 'BASE' });
const router = express.Router();
exports.book = async (order) => carrier.post('/api/cmu/create.json', { order: order.id });
router.post('/ROUTE', catching(async (req, res) => {
  const order = await Order.findOne({ trackingId: req.body.waybill });
  order.status = req.body.status === 'Delivered' ? 'Delivered' : 'Shipped';
  await order.save();
  res.sendStatus(200);
}));
require('express')().use('/shipping', router);
"""
_MODELS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ trackingId: String, status: String }));
"""


@pytest.mark.parametrize(
    ("route", "base", "provider"),
    [
        ("webhook", "https://track.delhivery.com", "delhivery"),
        ("callback/delhivery", "https://parcels.example", "delhivery"),
        ("tracking-webhook", "https://parcels.example", "carrier"),
        ("track-parcel", "https://track.delhivery.com", None),
    ],
)
def test_a_carriers_message_that_nobody_proves(tmp_path: Path, route: str, base: str, provider: str | None) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"express": "4", "mongoose": "8", "axios": "1"}}')
    catching = "(fn) => (req, res, next) => Promise.resolve(fn(req, res, next)).catch(next)"
    (tmp_path / "catching.js").write_text(f"exports.catching = {catching};\n")
    (tmp_path / "models.js").write_text(_MODELS)
    (tmp_path / "app.js").write_text(_NAMELESS.replace("BASE", base).replace("ROUTE", route))
    report = review(tmp_path, Settings(use_cache=False))
    heard = [(h.provider, h.kind, h.verified) for h in report.handlers if h.kind == "webhook"]
    assert heard == ([(provider, "webhook", "no")] if provider else [])
    found = [f.severity for f in report.findings if f.check == "payment/webhook-unverified"]
    assert found == (["high"] if provider else [])
    assert "carrier" not in {b.system for b in report.boundaries}
