"""What looks like a flaw and is none, and what is one flaw wherever it shows, beyond the examples of the pages."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example
from tillproof.contract import Finding

TEST_WORLD = "payment/test-credentials-in-prod"
TRANSPORT = "boundary/insecure-transport"
CARDS = "pci/card-data-on-server"

LAID_OVER = """\
import Stripe from 'stripe';

export function connect(options) {{
  const settings = {{ {defaults} }};
  return new Stripe(settings.key, {{ host: settings.stripeSandbox ? 'localhost' : 'api.stripe.com' }});
}}
"""

HOOK = """\
<?php
class Stripe_Hook_Handler {
  public static function run($args = array()) {
    $args = wp_parse_args($args, array('event_id' => null, 'livemode' => false));
    $stripe = new \\Stripe\\StripeClient(get_option('stripe_key_' . ($args['livemode'] ? 'live' : 'sandbox')));
    return $stripe->events->retrieve($args['event_id']);
  }
  public static function found() {
    return array('stripe' => get_option('stripe_key'), 'braintree' => get_option('sandbox_braintree_connect_user_id'));
  }
}
"""

ASYNC = """\
<?php
class Background {
  public function send($data) { return wp_remote_post(esc_url_raw($this->address()), $this->arguments($data)); }
  protected function arguments($data) {
    return array('body' => $data, 'sslverify' => apply_filters('https_local_ssl_verify', false));
  }
}
"""

CURL = """\
<?php
class Net {
  public function pay($fields) {
    $request = curl_init('https://secure.authorize.net/gateway/transact.dll');
    curl_setopt($request, CURLOPT_POSTFIELDS, $fields);
    curl_setopt($request, CURLOPT_SSL_VERIFYPEER, false);
    return curl_exec($request);
  }
  public function void($fields) {
    $request = curl_init('https://secure.authorize.net/gateway/transact.dll');
    curl_setopt($request, CURLOPT_POSTFIELDS, $fields);
    curl_setopt($request, CURLOPT_SSL_VERIFYPEER, false);
    return curl_exec($request);
  }
}
"""


def findings(tmp_path: Path, check: str, files: dict[str, str]) -> list[Finding]:
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, check)
    return [f for f in report.findings if f.check == check]


@pytest.mark.parametrize(
    ("check", "files"),
    [
        pytest.param(TEST_WORLD, {"hook.php": HOOK}, id="a default that callers override, and a setting's name"),
        pytest.param(TRANSPORT, {"background.php": ASYNC}, id="a filter for requests of a site to itself"),
    ],
)
def test_nothing_is_found(tmp_path: Path, check: str, files: dict[str, str]) -> None:
    assert [(f.file, f.start_line, f.title) for f in findings(tmp_path, check, files)] == []


@pytest.mark.parametrize(
    ("defaults", "severity"),
    [
        ("stripeSandbox: true, ...options", ["medium"]),
        ("stripeLive: false, ...options", []),
        ("...options, stripeLive: false", ["medium"]),
    ],
)
def test_what_options_are_laid_over_is_a_default(tmp_path: Path, defaults: str, severity: list[str]) -> None:
    found = findings(tmp_path, TEST_WORLD, {"connect.js": LAID_OVER.format(defaults=defaults)})
    assert [f.severity for f in found] == severity


def test_the_same_option_turned_off_in_one_file_is_told_once(tmp_path: Path) -> None:
    found = findings(tmp_path, TRANSPORT, {"net.php": CURL})
    assert [f.start_line for f in found] == [6]
    assert [t.line for t in found[0].trace] == [6, 12]


def test_a_card_field_that_several_gateways_read_is_told_where_it_comes_in(tmp_path: Path) -> None:
    gateway = "def charge(request, order):\n    return send(order, request.POST['card_number'], request.POST['card_cvv'])\n"
    form = "from django import forms\n\n\nclass Pay(forms.Form):\n    card_number = forms.CharField()\n    card_cvv = forms.CharField()\n"
    found = findings(tmp_path, CARDS, {"shop/egate.py": gateway, "shop/forms.py": form, "shop/netpay.py": gateway})
    assert [(f.file, f.start_line) for f in found] == [("shop/forms.py", 5)]
    assert {t.file for t in found[0].trace} == {"shop/egate.py", "shop/forms.py", "shop/netpay.py"}
