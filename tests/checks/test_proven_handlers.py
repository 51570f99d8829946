"""How far the senders of messages, and the browsers that come back from paying, are proven: small shops from the texts beside this test.

A shop begins with its name behind ``#####``; then come lines of what is expected, ``@ handler FILE TEXT STATE`` (the handler on the line
that holds the text; ``none`` where it is none) and ``@ finding CHECK``; then its files, each behind ``===``. What is not expected of
`payment/no-settlement-webhook` is let pass: few of the shops are whole.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

_SHOPS = Path(__file__).parent / "handlers"
_CHECKS = tuple(
    f"payment/{name}" for name in ("webhook-unverified", "webhook-weak-verification", "fulfil-on-redirect", "amount-not-reconciled")
)
_GRAVE = ("critical", "high", "medium")
_NEAR = 3


class Shop(NamedTuple):
    name: str
    files: dict[str, str]
    handlers: list[tuple[str, str, str]]
    findings: frozenset[str]


def shops() -> list[Shop]:
    out = []
    for path in sorted(_SHOPS.glob("*.txt")):
        for part in re.split(r"(?m)^##### ", path.read_text())[1:]:
            head, *files = re.split(r"(?m)^=== ", part)
            name, *lines = head.splitlines()
            said = [line[2:].split() for line in lines if line.startswith("@ ")]
            handlers = [(w[1], " ".join(w[2:-1]), w[-1]) for w in said if w[0] == "handler"]
            written = {file.partition("\n")[0].strip(): file.partition("\n")[2] for file in files}
            out.append(Shop(name, written, handlers, frozenset(w[1] for w in said if w[0] == "finding")))
    return out


def state(report: Report, shop: Shop, file: str, text: str) -> str:
    line = next(n for n, written in enumerate(shop.files[file].splitlines(), 1) if text in written)
    near = [h for h in report.handlers if h.file == file and abs(h.line - line) <= _NEAR]
    return min(near, key=lambda h: abs(h.line - line)).verified if near else "none"


@pytest.mark.parametrize("shop", shops(), ids=lambda shop: shop.name)
def test_a_handler_is_as_far_proven_as_its_code_says(tmp_path: Path, shop: Shop) -> None:
    for name, text in shop.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    report = review(tmp_path, Settings(checks=_CHECKS, use_cache=False))
    assert {(f, t): state(report, shop, f, t) for f, t, _ in shop.handlers} == {(f, t): wanted for f, t, wanted in shop.handlers}
    found = {f.check.partition("/")[2] for f in report.findings if f.severity in _GRAVE}
    beside = frozenset(["amount-not-reconciled"]) if shop.findings & {"fulfil-on-redirect", "webhook-unverified"} else frozenset[str]()
    assert found - beside == shop.findings - beside
