"""How checks are run: in several processes as in one, and to an end whatever the code."""

from pathlib import Path

import pytest

from tillproof.checks import running
from tillproof.review import review
from tillproof.settings import Settings

SHOP = Path(__file__).parents[2] / "examples" / "leaky-shop"

CIRCLE = """
from flask import Flask

app = Flask(__name__)

@app.route("/webhook", methods=["POST"])
def hook():
    return "", 200
    while True:
        order = other
        other = order
        order.status = "paid"
        order.save()
        product.stock = other.stock
"""


def test_several_processes_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = review(SHOP, Settings(use_cache=False))
    monkeypatch.setattr(running, "_ALONE", 0)
    assert review(SHOP, Settings(use_cache=False)) == alone


def test_variables_stored_from_each_other_in_unreachable_code_end(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CIRCLE, encoding="utf-8")
    assert review(tmp_path, Settings(use_cache=False)).target.files == 1
