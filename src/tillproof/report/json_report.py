"""The report as JSON: the contract itself, which every other format is a view of.

``python -m tillproof.report.json_report`` prints its JSON Schema, which is kept in docs/report.schema.json.
"""

import sys
from typing import Any

import msgspec

from tillproof.contract import SCHEMA_VERSION, Report


def to_json(report: Report) -> bytes:
    """UTF-8, indented, with a newline at the end; the same report gives the same bytes."""
    return _pretty(report)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the report. It allows keys that it does not name: later versions only add."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"tillproof report, version {SCHEMA_VERSION}",
        **msgspec.json.schema(Report),
    }


def schema_json() -> bytes:
    """``schema`` as it is kept in docs/report.schema.json."""
    return _pretty(schema())


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(schema_json())
