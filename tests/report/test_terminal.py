import re

import pytest
from rich.cells import cell_len

from tests.report.samples import HOSTILE, LONG_PATH, empty, finding, hostile, obligation, plausible, report
from tillproof.report import escape
from tillproof.report.terminal import to_terminal

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_the_verdict_comes_first() -> None:
    first = to_terminal(plausible()).strip().splitlines()[0]
    assert re.sub(" +", " ", first) == "BLOCKED 1 critical finding must be mended before this is shipped."


@pytest.mark.parametrize("width", [80, 100, 120])
def test_only_a_path_may_stick_out(width: int) -> None:
    wide = [line for line in to_terminal(plausible(), width=width).splitlines() if cell_len(line) > width]
    assert all(LONG_PATH in line for line in wide)
    assert bool(wide) == (len(LONG_PATH) + 5 > width)


@pytest.mark.parametrize("width", [1, 60, 80, 120, 400])
def test_no_path_is_ever_broken(width: int) -> None:
    text = to_terminal(plausible(), width=width)
    for place in (f"{LONG_PATH}:17", "shop/webhooks.py:38", "shop/orders.py:112", "legacy/checkout.php:9", "shop/api.py:5"):
        assert place in text


@pytest.mark.parametrize("width", [80, 120])
def test_colour_changes_nothing_but_colour(width: int) -> None:
    coloured = to_terminal(plausible(), width=width, colour=True)
    assert COLOUR.sub("", coloured) == to_terminal(plausible(), width=width)
    assert "\x1b[" in coloured


def test_a_finding_shows_code_trace_and_mend() -> None:
    text = to_terminal(plausible())
    assert "  CRITICAL  The webhook marks orders paid before its sender is proven\n  shop/webhooks.py:41" in text
    assert "    41 │ event = json.loads(request.body)\n" in text
    assert "● shop/webhooks.py:38  the route takes a POST from anyone" in text
    assert "✗ shop/webhooks.py:38  no verifier stands before that on any path" in text
    assert "Mend  Build the event with" in text


def test_php_fragments_keep_every_line_in_colour() -> None:
    text = COLOUR.sub("", to_terminal(plausible(), colour=True))
    assert "     9 │ $intent = $stripe->paymentIntents->create([\n    10 │     'amount' => $total, // €\n    11 │ ]);\n" in text


def test_held_unknown_boundaries_and_handlers_are_summed_up() -> None:
    text = to_terminal(plausible(), width=120)
    assert "1 held · 1 broken · 2 unknown" in text
    assert re.search(r"✓ payment +webhook-unverified 1\n", text)
    assert "Does `totals()` of the package `acme-cart` read prices from the database?" in text
    assert re.search(r"stripe +payment · inbound webhook \(none\), outbound rest \(api_key\) +8 places", text)
    assert re.search(r"stripe +webhook · sender not proven · deduplication none +shop/webhooks.py:38", text)


def test_nothing_to_judge_is_said() -> None:
    assert "nothing was verified" in " ".join(to_terminal(empty()).split())


def test_many_findings_are_cut_and_counted() -> None:
    checks = [f"payment/check-{n:02}" for n in range(40)]
    text = to_terminal(
        report([*(finding(check=c) for c in checks), *(finding(check=c, severity="medium") for c in checks)], [obligation()])
    )
    assert text.count("CRITICAL") == 6
    assert "… and 49 more kinds; --format html shows all of them" in text


def test_the_same_in_many_places_is_told_once() -> None:
    many = [finding(id=f"f{n}", start_line=n, title="The webhook is not verified") for n in range(1, 8)]
    text = to_terminal(report([*many, finding(id="g", start_line=9, title="Another title")], [obligation()]))
    assert text.count("CRITICAL") == 1
    assert "  Also at 7 places\n    shop/webhooks.py:2\n" in text
    assert "… and 3 more" in text
    low = to_terminal(report([finding(id=f"f{n}", start_line=n, severity="low", title="Not logged") for n in (1, 2)], [obligation()]))
    assert re.search(r"low +Not logged +shop/webhooks.py:1 \+1\n", low)


def test_long_snippets_and_lines_are_cut() -> None:
    text = to_terminal(report([finding(snippet="\n".join(["x = " + "1" * 300] * 40))], []), width=80)
    assert text.count(" │ x = ") == 10
    assert "┊ 30 more lines" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("colour", [False, True])
def test_hostile_text_moves_nothing(colour: bool) -> None:
    text = to_terminal(hostile(), colour=colour)
    left = COLOUR.sub("", text) if colour else text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", left)
    assert f"  {escape.line(HOSTILE)}:41\n" in left
    assert "[bold red]g" in left


def test_wide_characters_keep_columns_straight() -> None:
    findings = [finding(severity="low", title="注文が二重に", file="a.py"), finding(severity="low", title="short", file="b.py")]
    lines = [line for line in to_terminal(report(findings, [])).splitlines() if ".py:41" in line]
    assert len({cell_len(line) for line in lines}) == 1
