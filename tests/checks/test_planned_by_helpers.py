"""Work that plans itself anew through a function of ours: how the wait grows, and whether refusals come to it."""

from pathlib import Path

import pytest

from tests.checks.test_resilience import reviewed

_PHP = """<?php
use EasyPost\\EasyPostClient;
class Parcels {
    const HOOK = 'parcels_update';
    public static function init() {
        add_action( self::HOOK, [ __CLASS__, 'update' ], 10, 2 );
    }
    public static function look( $id ) {
        $client = new EasyPostClient( getenv( 'EASYPOST_KEY' ) );
        $parcel = $client->shipment->retrieve( $id );
        return isset( $parcel->tracking_code ) ? $parcel : null;
    }
    public static function update( $id, $attempt = 0 ) {
        $parcel = self::look( $id );
        if ( $parcel === null ) {
            if ( $attempt >= 5 ) {
                return;
            }
            self::plan( $id, WAIT, $attempt + 1 );
        }
    }
    private static function plan( $id, $delay, $attempt ) {
        wp_schedule_single_event( time() + $delay, self::HOOK, [ $id, $attempt ] );
    }
}
Parcels::init();
"""
_PYTHON = """import requests
from celery import shared_task


def look(order):
    return requests.get(f"https://api.paystack.co/transaction/verify/{order}", timeout=9).json().get("data")


def later(order, attempt, wait):
    settle.apply_async((order, attempt), countdown=wait)


@shared_task
def settle(order, attempt=0):
    found = look(order)
    if found is None and attempt < 5:
        later(order, attempt + 1, WAIT)
"""


@pytest.mark.parametrize(("wait", "severity"), [("5", ["medium"]), ("60 * 2 ** $attempt", ["low"])])
def test_in_wordpress(tmp_path: Path, wait: str, severity: list[str]) -> None:
    report = reviewed(tmp_path, {"parcels.php": _PHP.replace("WAIT", wait)}, "retry-without-backoff", "retry-on-client-error")
    assert [(f.check, f.severity) for f in report.findings] == [("resilience/retry-without-backoff", s) for s in severity]


@pytest.mark.parametrize(("wait", "severity"), [("5", ["medium"]), ("60 * 2 ** attempt", ["low"])])
def test_in_celery(tmp_path: Path, wait: str, severity: list[str]) -> None:
    report = reviewed(tmp_path, {"tasks.py": _PYTHON.replace("WAIT", wait)}, "retry-without-backoff")
    assert [f.severity for f in report.findings] == severity
