"""``boundary/hardcoded-secret`` in a settings file that was handed on: what is a secret there, and what only looks like one."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

SAME = "riverbank"
WORDS = " ".join(("qzwm", "hkda", "tvpe", "lonx"))
INSTANCE = "pk_" + "test_cXVpZXQtaGVyb24tMTIuY2xlcmsuYWNjb3VudHMuZGV2JA"


@pytest.mark.parametrize(
    ("line", "severities"),
    [
        (f"MONGO_URI=mongodb+srv://{SAME}:{SAME}@cluster0.k3x9a.mongodb.net/shop", ["medium"]),
        (f"DB_URL=postgres://{SAME}:{SAME}@localhost:5432/shop", []),
        ("MONGO_URI=mongodb+srv://username:username@cluster0.k3x9a.mongodb.net/shop", []),
        (f"EMAIL_PASS= {WORDS}", ["high"]),
        ("EMAIL_PASS=your mail pass word", []),
        ("EMAIL_PASS=abcd efgh ijkl mnop", []),
        (f"EXPO_PUBLIC_CLERK_PUBLISHABLE_KEY={INSTANCE}", []),
    ],
)
def test_what_a_settings_file_gives_away(tmp_path: Path, line: str, severities: list[str]) -> None:
    (tmp_path / ".env").write_text(line + "\n")
    (tmp_path / "shop.js").write_text("const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);\nmodule.exports = stripe;\n")
    checks = ("boundary/hardcoded-secret", "payment/test-credentials-in-prod")
    report = review(tmp_path, Settings(use_cache=False, checks=checks))
    assert [f.severity for f in report.findings] == severities


def test_a_long_key_is_of_the_provider_whose_account_it_names(tmp_path: Path) -> None:
    key = "sk_" + "test_51" + "Qm4tZr8XkW2vLbN7cHs1Jf" * 4 + "Pd93yTgA00a1B2c3D4"
    (tmp_path / "services.yaml").write_text(f"services:\n  App\\Payment\\Sessions:\n    arguments:\n      $keySecret: '{key}'\n")
    (tmp_path / "Sessions.php").write_text(
        "<?php\nclass Sessions\n{\n    public function __construct(string $keySecret)\n    {\n    }\n}\n"
    )
    report = review(tmp_path, Settings(use_cache=False, checks=("boundary/hardcoded-secret",)))
    assert ["Stripe secret key" in f.message for f in report.findings] == [True]
