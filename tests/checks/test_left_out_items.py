"""``inventory/sync-drops-failures`` where asking about one item fails and the item is taken for one that is not there."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_TITLE = "An item that could not be asked about is left out as if it were not there"
_PYTHON = """\
import logging
import os

import requests

logger = logging.getLogger(__name__)
SHOP = os.environ["SHOP"]
H = {"X-Shopify-Access-Token": os.environ["TOKEN"]}


def get_variant(sku):
    try:
        r = requests.get(f"https://{SHOP}/admin/api/2024-01/variants.json", params={"sku": sku}, headers=H, timeout=10)
        r.raise_for_status()
        return next(iter(r.json()["variants"]), None)
    except CAUGHT:
        logger.error("no answer for %s", sku)
        ANSWER


def collect_stock(items):
    found, failed = [], []
    for item in items:
        variant = get_variant(item["sku"])
        if not variant:
            SKIPS
            continue
        found.append((variant["id"], item["qty"]))
    return found, failed
"""
_NODE = """\
const axios = require('axios');
const headers = { 'X-Shopify-Access-Token': process.env.TOKEN };
const shop = axios.create({ baseURL: `https://${process.env.SHOP}/admin/api/2024-01`, headers, timeout: 9000 });
async function findVariant(sku) {
  try {
    const { data } = await shop.get('/variants.json', { params: { sku } });
    return data.variants[0] || null;
  } catch (error) {
    console.error('no answer', sku, error.message);
    ANSWER
  }
}
async function collectStock(items) {
  const found = [];
  for (const item of items) {
    const variant = await findVariant(item.sku);
    if (!variant) continue;
    found.push({ id: variant.inventory_item_id, qty: item.qty });
  }
  return found;
}
module.exports = { collectStock };
"""
_PHP = """\
<?php
class StockSync {
    private function find_item($sku) {
        try {
            $r = (new \\GuzzleHttp\\Client(['timeout' => 9]))->get('https://erp.acme.io/odata/Items?code=' . $sku);
            $items = json_decode($r->getBody(), true)['value'];
            return $items[0] ?? null;
        } catch (\\Exception $e) {
            error_log($e->getMessage());
            ANSWER
        }
    }
    public function sync_stock($products) {
        $rows = [];
        foreach ($products as $product) {
            $item = $this->find_item($product->get_sku());
            if (!$item) {
                continue;
            }
            $rows[$product->get_id()] = $item['quantity'];
        }
        return $rows;
    }
}
"""


def _told(root: Path, name: str, text: str) -> bool:
    return any(f.title == _TITLE for f in found(root, {name: text}, "inventory/sync-drops-failures"))


@pytest.mark.parametrize(
    ("caught", "answer", "skips", "wrong"),
    [
        ("Exception", "return None", "pass", True),
        ("requests.RequestException", "return {}", "logger.info('left out')", True),
        ("Exception", "raise", "pass", False),
        ("KeyError", "return None", "pass", False),
        ("Exception", "return None", "failed.append(item['sku'])", False),
    ],
)
def test_in_python(tmp_path: Path, caught: str, answer: str, skips: str, wrong: bool) -> None:
    text = _PYTHON.replace("CAUGHT", caught).replace("ANSWER", answer).replace("SKIPS", skips)
    assert _told(tmp_path, "stock_sync.py", text) is wrong


@pytest.mark.parametrize(("name", "text"), [("stock_sync.js", _NODE), ("stock-sync.php", _PHP)])
@pytest.mark.parametrize(("answer", "wrong"), [("return null;", True), ("throw THROWN;", False)])
def test_in_other_languages(tmp_path: Path, name: str, text: str, answer: str, wrong: bool) -> None:
    thrown = "error" if name.endswith(".js") else "$e"
    assert _told(tmp_path, name, text.replace("ANSWER", answer).replace("THROWN", thrown)) is wrong
