"""``explain``, ``checks`` and the names that ``--checks`` and the configuration may use, with a small catalogue of their own."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.report.samples import empty
from tillproof.cli import main

CATALOGUE = [
    SimpleNamespace(
        id="payment/webhook-unverified",
        title="The sender is proven before anything happens",
        severity="critical",
        category="payment",
        page="\n# payment/webhook-unverified\n\nAnyone can post → goods for nothing.\n",
    ),
    SimpleNamespace(id="order/cancel-order", title="Stock first", severity="medium", category="order", page="# order/cancel-order\n"),
]


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, review = ModuleType("tillproof.checks.catalog"), ModuleType("tillproof.review")
    catalog.__dict__["all_checks"] = lambda: CATALOGUE
    review.__dict__["review"] = lambda *_: empty()
    monkeypatch.setitem(sys.modules, "tillproof.checks.catalog", catalog)
    monkeypatch.setitem(sys.modules, "tillproof.review", review)


def test_checks_are_listed_by_name_with_severity(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["checks"]) == 0
    assert capfd.readouterr().out.splitlines() == [
        "order/cancel-order          medium    Stock first",
        "payment/webhook-unverified  critical  The sender is proven before anything happens",
    ]


def test_explain_prints_the_page_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "payment/webhook-unverified"]) == 0
    assert capfd.readouterr().out == "# payment/webhook-unverified\n\nAnyone can post → goods for nothing.\n"


@pytest.mark.parametrize(
    ("name", "mend"), [("payment/webhook-unverifed", "did you mean payment/webhook-unverified?"), ("zzz", "`tillproof checks` lists them")]
)
def test_an_unknown_check_is_2_with_the_nearest_name(name: str, mend: str, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = f"tillproof: there is no check {name!r}; {mend}\n"
    assert main(["explain", name]) == 2
    assert capfd.readouterr() == ("", said)
    assert main(["review", str(tmp_path), "--checks", f"order/cancel-order,{name}"]) == 2
    assert capfd.readouterr() == ("", said)


def test_known_checks_may_be_chosen(tmp_path: Path) -> None:
    assert main(["review", str(tmp_path), "--checks", "order/cancel-order, payment/webhook-unverified"]) == 0


def test_a_configuration_that_names_no_check_is_2(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".tillproof").mkdir()
    (tmp_path / ".tillproof" / "config.toml").write_text('disable = ["order/cancel-ordr"]')
    assert main(["review", str(tmp_path)]) == 2
    assert "did you mean order/cancel-order?" in capfd.readouterr().err
