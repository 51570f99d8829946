"""Shops that keep stock, and orders that take none of it: each form of the page is a program of its own."""

import re
from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_PAGE = Path(__file__).parent / "forms" / "never_taken.md"
_CHECK = "inventory/oversell-race"
_BLOCK = re.compile(r"^```\w+ (\S+)\n((?s:.*?))\n?```$", re.MULTILINE)
_FORMS = re.split(r"^### ", _PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("form", _FORMS, ids=[form.partition(":")[0] for form in _FORMS])
def test_an_order_takes_stock_where_any_is_kept(form: str, tmp_path: Path) -> None:
    said = form.partition("\n")[0].rsplit(" ", 1)[1]
    for name, text in _BLOCK.findall(form):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    got = {o.ruling for o in review(tmp_path, Settings(use_cache=False, checks=(_CHECK,))).obligations}
    assert ("broken" in got) == (said == "broken"), got
