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
