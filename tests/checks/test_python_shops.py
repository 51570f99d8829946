"""Ways of writing a shop in Python that hide what happens: small shops, reviewed whole."""

from pathlib import Path

from tillproof.contract import Finding
from tillproof.review import review
from tillproof.settings import Settings


def found(root: Path, files: dict[str, str], check: str) -> list[Finding]:
    """The findings of one check on a tree."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return review(root, Settings(checks=(check,), use_cache=False)).findings


def test_who_asks_whether_the_shop_is_live_sets_no_mode(tmp_path: Path) -> None:
    routes = """\
from mollie.api.client import Client
from shop.routing import event_url

client = Client()
urls = [event_url("hook/", SWITCH=False)]
"""
    check = "payment/test-credentials-in-prod"
    assert found(tmp_path / "a", {"shop/urls.py": routes.replace("SWITCH", "require_live")}, check) == []
    assert len(found(tmp_path / "b", {"shop/urls.py": routes.replace("SWITCH", "mollie_live")}, check)) == 1
