"""One flaw that shows in many places is one finding."""

from pathlib import Path

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CLIENT = """\
const axios = require('axios');
exports.ask = async (path) => {
  try {
    return await axios.get(`https://${process.env.SHOP}/admin/api/${path}`, {
      headers: { 'X-Shopify-Access-Token': process.env.SHOPIFY_TOKEN },
      timeout: 5000,
    });
  } catch (error) {
    console.error('asking failed', error.message);
    throw error;
  }
};
"""
CALLER = """\
const { ask } = require('./client');
exports.WHAT = async () => {
  try {
    return await ask('WHAT.json');
  } catch (error) {
    console.error('no WHAT', error);
    return null;
  }
};
"""


def test_every_place_that_logs_the_exceptions_of_one_request_is_one_flaw(tmp_path: Path) -> None:
    files = {"client.js": CLIENT} | {f"{what}.js": CALLER.replace("WHAT", what) for what in ("orders", "products", "customers")}
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, "boundary/secret-logged")
    (finding,) = report.findings
    assert "3 places" in finding.message
    shown = {step.file for step in finding.trace if step.kind == "sink"}
    assert shown == {"orders.js", "products.js", "customers.js"}
