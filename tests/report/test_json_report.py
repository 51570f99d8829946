import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import msgspec
import pytest

from tests.report.samples import empty, hostile, plausible
from tillproof.contract import Report
from tillproof.report.json_report import schema, schema_json, to_json

KEPT = Path(__file__).parents[2] / "docs" / "report.schema.json"


@pytest.mark.parametrize("sample", [empty, plausible, hostile])
def test_a_report_validates_and_reads_back_the_same(sample: Callable[[], Report]) -> None:
    written = to_json(sample())
    jsonschema.Draft202012Validator(schema()).validate(json.loads(written))
    assert msgspec.json.decode(written, type=Report) == sample()


def test_the_schema_refuses_what_is_no_report() -> None:
    broken = json.loads(to_json(plausible()))
    broken["findings"][0]["severity"] = "terrible"
    del broken["pci"]
    errors = {error.validator for error in jsonschema.Draft202012Validator(schema()).iter_errors(broken)}
    assert errors == {"enum", "required"}


def test_the_schema_itself_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_kept_schema_is_current() -> None:
    assert KEPT.read_bytes() == schema_json(), "contract.py has changed: run `make schema`"


def test_the_same_report_gives_the_same_bytes_whatever_the_order_of_its_maps() -> None:
    report = plausible()
    turned = msgspec.structs.replace(report.target, languages=dict(reversed(report.target.languages.items())))
    assert to_json(msgspec.structs.replace(report, target=turned)) == to_json(report)


def test_control_characters_are_never_raw() -> None:
    assert not set(to_json(hostile())) & (set(range(0x20)) - {ord("\n")})
