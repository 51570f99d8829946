"""``payment/test-credentials-in-prod`` where no pack knows the payment system: what an address says of itself."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

ASKS = """\
const axios = require('axios');
const BASE = %s;
async function ask(order) {
  const { data } = await axios.post(`${BASE}%s`, { reference: order.id, amount: order.total });
  return data;
}
module.exports = { ask };
"""


@pytest.mark.parametrize(
    ("base", "path", "rulings"),
    [
        ("'https://sandbox.pesapoint.io/v1'", "/payments", ["broken"]),
        ("'https://api-preprod.pesapoint.io/v1'", "/checkout/push", ["broken"]),
        ("process.env.PESAPOINT_URL || 'https://sandbox.pesapoint.io/v1'", "/payments", ["broken"]),
        ("process.env.LIVE ? 'https://api.pesapoint.io/v1' : 'https://sandbox.pesapoint.io/v1'", "/payments", ["held"]),
        ("'https://api.pesapoint.io/v1'", "/payments", []),
        ("'https://staging.ourshop.io'", "/payments", []),
        ("'https://uat.streetmaps.io'", "/places", []),
        ("'https://sandbox.streetmaps.io'", "/payload", []),
    ],
)
def test_what_a_host_says_of_itself(tmp_path: Path, base: str, path: str, rulings: list[str]) -> None:
    (tmp_path / "gateway.js").write_text(ASKS % (base, path))
    report = review(tmp_path, Settings(use_cache=False, checks=("payment/test-credentials-in-prod",)))
    assert [o.ruling for o in report.obligations] == rulings
