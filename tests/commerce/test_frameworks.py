"""What a request holds is known in every framework, and followed however a program is put together."""

from pathlib import Path

import pytest
import yaml

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

HERE = Path(__file__).parent
SHOPS: dict[str, dict[str, str]] = yaml.safe_load((HERE / "frameworks.yaml").read_text(encoding="utf-8"))
WIRED: dict[str, dict[str, str]] = yaml.safe_load((HERE / "ways_of_wiring.yaml").read_text(encoding="utf-8"))
SIGNED: dict[str, dict[str, dict[str, str]]] = yaml.safe_load((HERE / "ways_of_verifying.yaml").read_text(encoding="utf-8"))
HOOKS: dict[str, dict[str, dict[str, str]]] = yaml.safe_load((HERE / "framework_webhooks.yaml").read_text(encoding="utf-8"))
WRAPPED: dict[str, dict[str, str]] = yaml.safe_load((HERE / "request_wrappers.yaml").read_text(encoding="utf-8"))

_ABOUT_MESSAGES = ("payment/webhook-unverified", "payment/webhook-weak-verification")


@pytest.mark.parametrize("shop", [*SHOPS.values(), *WIRED.values()], ids=[*SHOPS, *WIRED])
def test_a_sum_of_the_client_s_is_found(shop: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path, shop)
    found = review(tmp_path, Settings(checks=("payment/client-amount",), use_cache=False)).findings
    assert [(f.check, f.severity) for f in found] == [("payment/client-amount", "critical")]


@pytest.mark.parametrize("name", HOOKS)
def test_a_webhook_is_found_with_what_it_verifies(name: str, tmp_path: Path) -> None:
    write(tmp_path / "open", {**HOOKS[name]["both"], **HOOKS[name]["unverified"]})
    write(tmp_path / "shut", {**HOOKS[name]["both"], **HOOKS[name]["verified"]})
    asked = Settings(checks=_ABOUT_MESSAGES, use_cache=False)
    open_, shut = review(tmp_path / "open", asked), review(tmp_path / "shut", asked)
    assert [(h.provider, h.kind, h.verified) for h in open_.handlers] == [("stripe", "webhook", "no")]
    assert [f.check for f in open_.findings] == ["payment/webhook-unverified"]
    assert [(h.provider, h.kind, h.verified) for h in shut.handlers] == [("stripe", "webhook", "yes")]
    assert shut.findings == []


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_is_seen_wherever_it_is_checked(name: str, tmp_path: Path) -> None:
    write(tmp_path / "open", {**SIGNED[name]["both"], **SIGNED[name]["unverified"]})
    write(tmp_path / "shut", {**SIGNED[name]["both"], **SIGNED[name]["verified"]})
    asked = Settings(checks=(*_ABOUT_MESSAGES, "payment/fulfil-on-redirect"), use_cache=False)
    open_, shut = review(tmp_path / "open", asked), review(tmp_path / "shut", asked)
    assert "yes" not in {h.verified for h in open_.handlers if h.route == "/webhooks/razorpay"}
    assert {f.check for f in open_.findings} & {*_ABOUT_MESSAGES}
    assert [(h.provider, h.kind, h.verified) for h in shut.handlers] == [("razorpay", "webhook", "yes")]
    assert shut.findings == []


@pytest.mark.parametrize("name", WRAPPED)
def test_a_provider_is_asked_through_whatever_sends_the_request(name: str, tmp_path: Path) -> None:
    write(tmp_path, WRAPPED[name])
    report = review(tmp_path, Settings(checks=("payment/webhook-unverified",), use_cache=False))
    assert [(h.provider, h.kind, h.verified) for h in report.handlers if "paystack" in (h.route or "")] == [("paystack", "webhook", "yes")]
    assert report.findings == []
