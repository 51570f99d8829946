"""Which requests of which providers owe an idempotency key: by what the providers' own pages say of them."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_ID = "idempotency/missing-key"
_PAY = """\
const axios = require('axios');
const { Order } = require('./models');
exports.handle = async (req, res) => {
  const order = await Order.findById(req.params.id);
  await axios.METHOD('ADDRESS', { amount: order.total, token: order.token }, { headers: { HEADERS } });
  res.json({ ok: true });
};
"""


@pytest.mark.parametrize(
    ("address", "method", "key", "ruling"),
    [
        ("https://ws.bluesnap.com/services/2/transactions", "post", "", "broken"),
        ("https://ws.bluesnap.com/services/2/transactions", "post", "'Idempotency-Key': `order-${order.id}`", "held"),
        ("https://api.dlocal.com/payments", "post", "", "broken"),
        ("https://api.dlocal.com/payments", "post", "'X-Idempotency-Key': `order-${order.id}`", "held"),
        ("https://api.rapyd.net/v1/payments", "post", "", "broken"),
        ("https://api.rapyd.net/v1/payments", "post", "idempotency: `order-${order.id}`", "held"),
    ],
)
def test_a_payment_that_takes_a_key_owes_one(tmp_path: Path, address: str, method: str, key: str, ruling: str) -> None:
    assert [said for said, *_ in ruled(tmp_path, _ID, _shop(address, method, key))] == [ruling]


@pytest.mark.parametrize(
    ("address", "method"),
    [
        ("https://global-api.afterpay.com/v2/payments/capture", "post"),
        ("https://api.dlocalgo.com/v1/payments", "post"),
        ("https://api.rapyd.net/v1/refunds", "post"),
        ("https://bitpay.com/refunds", "post"),
        ("https://cpc.getswish.net/swish-cpcapi/api/v2/refunds/7DC96AE9A2374EA5A8C4D1D7A7F1C1A0", "put"),
        ("https://api.wise.com/v3/profiles/17/transfers/4711/payments", "post"),
    ],
)
def test_what_takes_none_owes_none(tmp_path: Path, address: str, method: str) -> None:
    assert ruled(tmp_path, _ID, _shop(address, method, "")) == []


def _shop(address: str, method: str, key: str) -> dict[str, str]:
    return {
        "package.json": '{"dependencies": {"axios": "1", "mongoose": "8"}}',
        "models.js": "const mongoose = require('mongoose');\n"
        "exports.Order = mongoose.model('Order', new mongoose.Schema({ total: Number, token: String }));\n",
        "pay.js": _PAY.replace("METHOD", method).replace("ADDRESS", address).replace("HEADERS", key),
    }
