"""How checks are run: in several processes as in one, and to an end whatever the code."""

from pathlib import Path

import msgspec
import pytest

from tillproof.checks import running
from tillproof.checks.catalog import all_checks
from tillproof.checks.ruling import Ruling
from tillproof.cli import FAILURE, main
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


def test_a_check_that_breaks_costs_no_other_check(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(model: object) -> list[Ruling]:
        raise KeyError("key")

    whole = review(SHOP, Settings(use_cache=False))
    checks = [msgspec.structs.replace(c, rule=breaks) if c.id == "idempotency/missing-key" else c for c in all_checks()]
    monkeypatch.setattr("tillproof.pipeline.all_checks", lambda: checks)
    report = review(SHOP, Settings(use_cache=False))
    assert [s.reason for s in report.target.skipped if s.file == "tillproof"] == [
        "idempotency/missing-key was not ruled to its end: KeyError: 'key'; please report it"
    ]
    assert {f.id for f in report.findings} == {f.id for f in whole.findings if f.check != "idempotency/missing-key"}
    assert main(["review", str(tmp_path), "--quiet", "--no-cache"]) == FAILURE
    assert "was not ruled to its end" in capsys.readouterr().err


def test_variables_stored_from_each_other_in_unreachable_code_end(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CIRCLE, encoding="utf-8")
    assert review(tmp_path, Settings(use_cache=False)).target.files == 1
