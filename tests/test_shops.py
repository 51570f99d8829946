"""The example shops, reviewed by the command line: every plant is found at its place and nothing else is, and the sound twins pass.

``examples/README.md`` tells of the plants. Lines are looked up by the code that stands there, so that the shops may be edited. A plant
whose check does not exist yet is expected as soon as it does.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.planted import MISSED, PLANTS, Plant

EXAMPLES = Path(__file__).parents[1] / "examples"
EDITIONS = sorted({plant.shop for plant in PLANTS})


@cache
def reviewed(shop: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the report of a shop."""
    command = [sys.executable, "-m", "tillproof", "review", str(EXAMPLES / shop), "--format", "json", "--no-cache"]
    done = subprocess.run(command, capture_output=True, check=False, cwd=EXAMPLES)
    assert done.stderr == b""
    return done.returncode, json.loads(done.stdout)


def sound(shop: str) -> str:
    """The sound twin of a leaky shop."""
    return shop.replace("leaky", "sound")


def line_of(plant: Plant) -> int:
    lines = (EXAMPLES / plant.shop / plant.file).read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, start=1) if plant.marker in line]
    assert len(found) == 1, f"{plant.marker!r} stands in {len(found)} lines of {plant.file}"
    return found[0]


def tells_of(finding: dict[str, Any], plant: Plant) -> bool:
    """Whether a finding stands on the line of a plant (or begins or ends beside it), or its trace has a step there."""
    if finding["check"] != plant.check:
        return False
    line = line_of(plant)
    if finding["file"] == plant.file and finding["start_line"] - 1 <= line <= finding["end_line"] + 1:
        return True
    return any(step["file"] == plant.file and step["line"] == line for step in finding["trace"])


def place(finding: dict[str, Any]) -> str:
    return f"{finding['severity']} {finding['check']} {finding['file']}:{finding['start_line']} {finding['title']}"


def known_checks(shop: str) -> set[str]:
    return {row["id"] for row in reviewed(shop)[1]["checks"]}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.shop} {plant.check} {plant.marker[:30]}")
def test_a_plant_is_found_at_its_place(plant: Plant, request: pytest.FixtureRequest) -> None:
    if (plant.shop, plant.check) in MISSED:
        request.applymarker(pytest.mark.xfail(reason="known to be missed"))
    if plant.check not in known_checks(plant.shop):
        pytest.skip(f"there is no {plant.check} yet")
    findings = [finding for finding in reviewed(plant.shop)[1]["findings"] if finding["check"] == plant.check]
    found = [finding for finding in findings if tells_of(finding, plant)]
    assert found, f"nothing at {plant.file}:{line_of(plant)}; found {[place(f) for f in findings]}"
    assert plant.severity in {finding["severity"] for finding in found}


@pytest.mark.parametrize("shop", EDITIONS)
def test_nothing_but_the_plants_is_found(shop: str) -> None:
    plants = [plant for plant in PLANTS if plant.shop == shop]
    others = [place(f) for f in reviewed(shop)[1]["findings"] if not any(tells_of(f, plant) for plant in plants)]
    assert others == []


@pytest.mark.parametrize("shop", EDITIONS)
def test_every_check_finds_something_in_the_leaky_shop(shop: str) -> None:
    found = {finding["check"] for finding in reviewed(shop)[1]["findings"]}
    assert known_checks(shop) - found == {check for where, check in MISSED if where == shop}


@pytest.mark.parametrize("shop", EDITIONS)
def test_the_leaky_shop_is_blocked(shop: str) -> None:
    status, report = reviewed(shop)
    assert (status, report["summary"]["verdict"]) == (20, "blocked")


@pytest.mark.parametrize("shop", EDITIONS)
def test_the_sound_shop_passes_without_a_finding(shop: str) -> None:
    status, report = reviewed(sound(shop))
    assert [place(finding) for finding in report["findings"]] == []
    assert (status, report["summary"]["verdict"]) == (0, "pass")


@pytest.mark.parametrize("shop", EDITIONS)
def test_every_check_holds_something_in_the_sound_shop(shop: str) -> None:
    obligations = reviewed(sound(shop))[1]["obligations"]
    held = [obligation for obligation in obligations if obligation["ruling"] == "held"]
    unproven = [f"{o['check']} {o['site']}" for o in held if not any(step["kind"] == "guard" for step in o["evidence"])]
    assert known_checks(sound(shop)) - {obligation["check"] for obligation in held} == set()
    assert unproven == []


@pytest.mark.parametrize("shop", EDITIONS)
def test_nothing_in_the_sound_shop_is_left_open_without_a_reason(shop: str) -> None:
    unknown = [obligation for obligation in reviewed(sound(shop))[1]["obligations"] if obligation["ruling"] == "unknown"]
    assert [o["check"] for o in unknown if not (o["because"] or {}).get("what")] == []
