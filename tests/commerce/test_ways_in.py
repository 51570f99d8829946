"""However a route comes to its handler: each handler is found where it stands, with what it proves of whoever calls it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_WAYS: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "ways_in.yaml").read_text(encoding="utf-8"))
_CHECKS = ("payment/webhook-unverified", "payment/webhook-weak-verification", "payment/fulfil-on-redirect")


@pytest.mark.parametrize("name", _WAYS)
def test_every_handler_is_found_with_what_it_proves(name: str, tmp_path: Path) -> None:
    way = _WAYS[name]
    write(tmp_path, way["files"])
    report = review(tmp_path, Settings(checks=_CHECKS, use_cache=False))
    for file, verified in way["verified"].items():
        assert [h.verified for h in report.handlers if h.file == file] == verified
    assert sorted({f.file for f in report.findings if f.severity == "critical" and f.check in _CHECKS}) == way["found"]
