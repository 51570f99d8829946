"""Shops that sell places, seats, rooms and hours: a line that ends in ``!!`` books one that somebody else may have, and of no other line is
anything told."""

import re
from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_PAGE = Path(__file__).parent / "bookings.txt"
_MARK = re.compile(r" (?:#|//) !!$")
_SHOPS = re.split(r"^=== ", _PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("shop", _SHOPS, ids=[shop.partition("\n")[0] for shop in _SHOPS])
def test_a_place_is_booked_once(shop: str, tmp_path: Path) -> None:
    wanted = []
    for part in re.split(r"^--- ", shop, flags=re.MULTILINE)[1:]:
        name, _, text = part.partition("\n")
        lines = text.split("\n")
        wanted += [(name, number) for number, line in enumerate(lines, 1) if _MARK.search(line)]
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n".join(_MARK.sub("", line) for line in lines), encoding="utf-8")
    findings = review(tmp_path, Settings(use_cache=False, checks=("inventory/oversell-race",))).findings
    assert sorted((f.file, f.start_line) for f in findings) == sorted(wanted)
