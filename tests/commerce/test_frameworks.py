"""What a request holds is known in every framework: a shop that charges what the client says is told of in all of them."""

from pathlib import Path

import pytest
import yaml

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

SHOPS: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("frameworks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SHOPS)
def test_a_sum_of_the_client_s_is_found(name: str, tmp_path: Path) -> None:
    write(tmp_path, SHOPS[name])
    found = review(tmp_path, Settings(checks=("payment/client-amount",), use_cache=False)).findings
    assert [(f.check, f.severity) for f in found] == [("payment/client-amount", "critical")]
