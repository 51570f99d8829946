"""A key that is new each time costs little where the provider refuses a second call anyhow, and a second refund where it does not."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_CODE = """<?php
use Illuminate\\Support\\Facades\\Http;
class Pays {
    public function of($order) {
        return Http::withHeaders(['PayPal-Request-Id' => (string) \\Illuminate\\Support\\Str::uuid()])
            ->post('https://api-m.paypal.com/v2/PATH', ['note_to_payer' => 'x']);
    }
}
"""


@pytest.mark.parametrize(
    ("path", "severity"),
    [("checkout/orders/' . $order->paypal . '/capture", "low"), ("payments/captures/' . $order->capture . '/refund", "high")],
)
def test_a_new_key_for_a_second_capture_is_refused_by_what_the_first_left(tmp_path: Path, path: str, severity: str) -> None:
    (tmp_path / "composer.json").write_text('{"require": {"laravel/framework": "^11.0"}}')
    (tmp_path / "Pays.php").write_text(_CODE.replace("PATH", path))
    report = review(tmp_path, Settings(use_cache=False, checks=("idempotency/unstable-key",)))
    assert [f.severity for f in report.findings] == [severity]
    assert ("stays lost" in report.findings[0].message) is (severity == "low")
