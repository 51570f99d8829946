"""``boundary/hardcoded-secret`` where what stands there lets nobody in, or only into what tries a shop out, and whose it is."""

from pathlib import Path

import pytest

from tests.checks.test_credentials_beside_code import SHORT, found

_BCRYPT = "$2y$10$" + "mQ7pLx2VtR9sKw4ZbN6cYe" + "HdJf7GsAe4UoRi1TnPqMvB3xZ5kW8yC"
_DIGESTS = (_BCRYPT, "pbkdf2_sha256$600000$Kx82mPq1ZtVbN4$" + "Qw8/Lm2Tz5Rk7Vb1Yc4Nd6=", "bcrypt_sha256$" + _BCRYPT)
_FACTORY = "<?php\nreturn ['email' => 'admin@gmail.com', 'stripe_user' => 1, 'password' => '{value}', 'google_password' => '{value}'];\n"


@pytest.mark.parametrize("digest", _DIGESTS)
def test_what_a_password_was_digested_to_is_no_password(tmp_path: Path, digest: str) -> None:
    assert found(tmp_path / "digest", {"seed.php": _FACTORY.format(value=digest)}) == []
    assert found(tmp_path / "plain", {"seed.php": _FACTORY.format(value=SHORT)}) != []


@pytest.mark.parametrize(
    ("host", "severity"),
    [("smtp.mailtrap.io", "low"), ("sandbox.smtp.mailtrap.io", "low"), ("live.smtp.mailtrap.io", "high"), ("smtp.fastmail.com", "high")],
)
def test_an_inbox_for_trials_sends_nothing(tmp_path: Path, host: str, severity: str) -> None:
    assert found(tmp_path / "dsn", {".env": f"MAILER_DSN=smtp://11e613e0c302d4:{SHORT}@{host}:2525\n"}) == [(".env", 1, severity)]
    apart = f"MAIL_HOST={host}\nMAIL_USERNAME=11e613e0c302d4\nMAIL_PASSWORD={SHORT}\n"
    assert found(tmp_path / "apart", {".env": apart}) == [(".env", 3, severity)]


def test_a_class_that_is_called_like_a_platforms_tells_nothing_in_another_language(tmp_path: Path) -> None:
    nest = (
        "import { Module } from '@nestjs/common';\nimport { PaymentModule } from './payment';\n"
        f"const queue = {{ url: process.env.REDIS_URL, // password: '{SHORT}',\n}};\nexport class AppModule {{}}\n"
    )
    assert found(tmp_path / "nest", {"package.json": "{}", "app.module.ts": nest}) == []
    shop = f"<?php\nclass Kiosk extends PaymentModule {{\n    // private $password = '{SHORT}';\n}}\n"
    assert found(tmp_path / "prestashop", {"kiosk.php": shop}) == [("kiosk.php", 3, "high")]
