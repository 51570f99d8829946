"""Shops of several files that change the states of their orders: a line that ends in ``!!`` needs a guard that it does not have, one that
ends in ``??`` undoes what a newer message said; of all other lines nothing is told."""

import re
from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_MARKS = {"order/unguarded-transition": "!!", "order/event-order-assumed": "??"}
_MARK = re.compile(r"[ \t]*(?:#|//)[ \t]*((?:(?:!!|\?\?)[ \t]*)+)[^\n]*$", re.MULTILINE)
_NEAR = 2
Files = dict[str, str]


def _shops() -> dict[str, Files]:
    found: dict[str, Files] = {}
    for page in sorted((Path(__file__).parent / "states").glob("*.txt")):
        for shop in re.split(r"^=== ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            name, _, rest = shop.partition("\n")
            parts = re.split(r"^--- (.+)\n", rest, flags=re.MULTILINE)[1:]
            found[f"{page.stem}: {name}"] = dict(zip(parts[::2], parts[1::2], strict=True))
    return found


SHOPS = _shops()


@pytest.mark.parametrize("name", SHOPS)
def test_every_marked_line_is_told_and_no_other(name: str, tmp_path: Path) -> None:
    wanted = []
    for file, text in SHOPS[name].items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_MARK.sub("", text), encoding="utf-8")
        for number, line in enumerate(text.split("\n"), 1):
            wanted += [(mark, file, number) for found in _MARK.finditer(line) for mark in found[1].split()]
    findings = review(tmp_path, Settings(checks=tuple(_MARKS), use_cache=False)).findings
    told = [(_MARKS[f.check], f.file, f.start_line, f.end_line) for f in findings]
    extra = []
    for mark, file, first, last in told:
        hit = [w for w in wanted if w[:2] == (mark, file) and first - _NEAR <= w[2] <= last + _NEAR]
        if hit:
            wanted.remove(min(hit, key=lambda w: abs(w[2] - first)))
        else:
            extra.append((mark, file, first))
    assert (wanted, extra) == ([], [])
