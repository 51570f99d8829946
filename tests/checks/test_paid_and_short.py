"""Customers who have paid and get nothing, since the update that takes the goods changed no row; what is asked before the stock is locked
holds nobody up."""

import re
from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_PAGE = (Path(__file__).parent / "paid_and_short.txt").read_text(encoding="utf-8")
_SHOPS = dict(shop.split("\n", 1) for shop in re.split(r"^=== ", _PAGE, flags=re.MULTILINE)[1:])
_VIEWS, _CONTROLLER = "shop/views.py", "app/Http/Controllers/PayController.php"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a django session paid rowcount raise", [("broken", _VIEWS, 14), ("broken", _VIEWS, 29)]),
        ("b laravel success route", [("broken", _CONTROLLER, 12)]),
        ("c capture takes money itself", []),
    ],
)
def test_who_has_paid_is_turned_away(tmp_path: Path, name: str, wanted: list[tuple[str, str, int]]) -> None:
    parts = re.split(r"^--- (.+)\n", _SHOPS[name], flags=re.MULTILINE)[1:]
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    assert sorted(r for r in ruled(tmp_path, "inventory/sync-in-payment", files) if r[0] == "broken") == wanted
