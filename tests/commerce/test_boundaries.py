"""Which external systems are seen, and which lines only look like one."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.commerce.small_models import model_of
from tillproof.commerce.boundaries import find_boundaries
from tillproof.contract import Boundary, Handler

CHARGE = "import stripe\n\n\ndef pay(order):\n    return stripe.PaymentIntent.create(amount=order.total, currency='eur')\n"
MEDUSA = (
    "import { AbstractPaymentProvider } from '@medusajs/framework/utils'\n"
    "export class LumenProvider extends AbstractPaymentProvider {\n  async initiatePayment(input) { return { id: 'x' } }\n}\n"
)
HANDLER = Handler(
    file="app.py",
    line=3,
    provider="stripe",
    kind="webhook",
    route="/hook",
    role="public",
    verified="yes",
    dedup="no",
    acts="pays",
    unit=".",
)


def boundaries(root: Path, files: dict[str, str], *handlers: Handler) -> list[Boundary]:
    model, tree = model_of(root, files)
    return find_boundaries(model, tree, handlers)


def seen(found: list[Boundary]) -> list[tuple[str, str, str, list[tuple[str, int]]]]:
    return [(b.system, b.direction, b.protocol, [(at.file, at.line) for at in b.locations]) for b in found]


def test_an_sdk_call_is_shown_at_the_call_and_not_at_the_import(tmp_path: Path) -> None:
    found = boundaries(tmp_path, {"shop/pay.py": CHARGE})
    assert seen(found) == [("stripe", "outbound", "rest", [("shop/pay.py", 5)])]
    assert (found[0].kind, found[0].auth, found[0].unit) == ("payment", "api_key", ".")


def test_a_call_in_a_test_or_a_document_is_none(tmp_path: Path) -> None:
    page = "<a href='x'></a><script src='https://js.stripe.com/v3/'></script>"
    assert (
        boundaries(tmp_path, {"tests/test_pay.py": CHARGE, "docs/pay.html": page, "README.md": "https://api.stripe.com/v1/charges"}) == []
    )


@pytest.mark.parametrize(
    ("name", "text", "protocol"),
    [
        ("pay.php", "<?php\n$ch = curl_init('https://api.stripe.com/v1/charges');\ncurl_exec($ch);\n", "rest"),
        ("client.js", "const base = 'https://api-m.sandbox.paypal.com';\nexport const paypal = base;\n", "rest"),
        ("listener.php", "<?php\n$fp = fsockopen('ssl://www.paypal.com', 443);\n", "rest"),
        ("listener2.php", "<?php\n$to = 'https://www.paypal.com/cgi-bin/webscr';\n", "browser-sdk"),
        ("page.html", '<script src="https://js.stripe.com/v3/"></script>\n', "browser-sdk"),
        ("view.blade.php", '<form method="post"\n action="https://secure.payu.in/_payment">\n</form>\n', "browser-sdk"),
        ("view2.blade.php", '<form action="{{ env(\'PAYPAL_URL\') }}" method="post"></form>\n', "browser-sdk"),
        ("view3.blade.php", '<form action="{{ env(\'PAYU_BASE_URL\') }}" method="post"></form>\n', "browser-sdk"),
        ("view4.blade.php", '<form action="{{ config(\'services.payumoney.url\') }}" method="post"></form>\n', "browser-sdk"),
        ("Buttons.jsx", "import { PayPalButtons } from '@paypal/react-paypal-js'\nexport default () => <PayPalButtons />\n", "browser-sdk"),
        (".env", "PAYPAL_URL=https://api-m.paypal.com\n", "rest"),
        ("config.yaml", "tax:\n  url: https://rest.avatax.com/api/v2\n", "rest"),
        ("client.ts", "export const at = (shop: string) => `https://${shop}.myshopify.com/admin/api/2024-01/shop.json`\n", "rest"),
    ],
)
def test_an_address_that_is_used(tmp_path: Path, name: str, text: str, protocol: str) -> None:
    assert [b.protocol for b in boundaries(tmp_path, {name: text})] == [protocol]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.js", "// see 'https://api.stripe.com/v1/charges'\nexport const stripe = 1\n"),
        ("a.py", "x = 1  # 'https://api.stripe.com'\n"),
        ("b.php", "<?php\n/*\n $url = 'https://api.stripe.com/v1';\n*/\n"),
        ("c.html", '<!-- <script src="https://js.stripe.com/v3/"></script> -->\n'),
        ("d.blade.php", '{{-- <form action="https://secure.payu.in/_payment"> --}}\n'),
        ("e.jsx", 'export const Help = () => <a href="https://www.paypal.com/v1/help">PayPal</a>\n'),
        ("f.py", '"""Talks to https://api.stripe.com some day."""\n'),
        ("g.html", "<p>We use https://api.stripe.com for payments.</p>\n"),
        ("h.js", "export const link = 'https://www.paypal.com/us/webapps/mpp/ua/privacy-full'\n"),
        ("i.py", "CSP_SCRIPT_SRC = ('https://js.stripe.com',)\n"),
        ("j.js", "export const evil = 'https://api.stripe.com.example.org/v1'\nexport const other = 'https://notstripe.com/v1'\n"),
        ("package.json", '{"name": "x", "homepage": "https://api.stripe.com"}\n'),
        ("l.blade.php", '<form action="{{ env(\'DATAPATH_URL\') }}" method="post"></form>\n'),
        ("m.blade.php", '<form action="{{ config(\'app.payurl\') }}" method="post"></form>\n'),
        ("k.blade.php", '<form action="{{ route(\'paypal.start\') }}" method="post"></form>\n'),
    ],
)
def test_what_is_no_boundary(tmp_path: Path, name: str, text: str) -> None:
    assert boundaries(tmp_path, {name: text}) == []


def test_an_import_is_enough_when_nothing_else_is_seen(tmp_path: Path) -> None:
    found = boundaries(tmp_path, {"tax.py": "import taxjar\n\nclient = make(taxjar)\n", "a.php": "<?php\nuse Razorpay\\Api\\Api;\n"})
    assert seen(found) == [("razorpay", "outbound", "rest", [("a.php", 2)]), ("taxjar", "outbound", "rest", [("tax.py", 1)])]


def test_a_receiver_that_imports_the_sdk_to_verify_calls_nobody(tmp_path: Path) -> None:
    receiver = {"app.py": "import stripe\n\ndef hook(request):\n    return stripe.Webhook.construct_event(request.body, 's', 'k')\n"}
    assert seen(boundaries(tmp_path, receiver, HANDLER)) == [("stripe", "inbound", "webhook", [("app.py", 3)])]


def test_whoever_verifies_a_webhook_receives_it(tmp_path: Path) -> None:
    code = "import stripe\n\n\ndef read(body, sent, secret):\n    return stripe.Webhook.construct_event(body, sent, secret)\n"
    assert ("stripe", "inbound", "webhook", [("util.py", 5)]) in seen(boundaries(tmp_path / "a", {"util.py": code}))
    assert seen(boundaries(tmp_path / "b", {"util.py": code}, HANDLER))[0] == ("stripe", "inbound", "webhook", [("app.py", 3)])


def test_a_namespace_that_only_begins_like_a_known_one_is_no_system(tmp_path: Path) -> None:
    assert (
        boundaries(tmp_path, {"a.php": "<?php\nuse Laravel\\Sanctum\\Guard;\nuse Automattic\\WooCommerce\\Utilities\\OrderUtil;\n"}) == []
    )


def test_automatic_tax_is_stripe_tax(tmp_path: Path) -> None:
    code = (
        "import Stripe from 'stripe'\nconst stripe = new Stripe(key)\n"
        "export const open = () => stripe.checkout.sessions.create({\n  mode: 'payment',\n  automatic_tax: { enabled: true },\n})\n"
    )
    systems = [b.system for b in boundaries(tmp_path, {"pay.ts": code})]
    assert systems == ["stripe", "stripe-tax"]
    off = code.replace("  automatic_tax", "  // automatic_tax")
    assert [b.system for b in boundaries(tmp_path, {"pay.ts": off})] == ["stripe"]


@pytest.mark.parametrize(
    ("provider", "kind", "verified", "expected"),
    [
        ("stripe", "webhook", "yes", [("inbound", "webhook", "hmac")]),
        ("stripe", "webhook", "no", [("inbound", "webhook", "none")]),
        ("paypal", "ipn", "yes", [("inbound", "webhook", "ipn-postback")]),
        ("mollie", "webhook", "yes", [("inbound", "webhook", "none")]),
        ("paypal", "redirect-return", "yes", []),
        ("razorpay", "redirect-return", "weak", [("inbound", "rest", "hmac")]),
        ("nobody", "webhook", "yes", []),
    ],
)
def test_who_calls_us(tmp_path: Path, provider: str, kind: Any, verified: Any, expected: list[tuple[str, str, str]]) -> None:
    handler = msgspec.structs.replace(HANDLER, provider=provider, kind=kind, verified=verified)
    assert [(b.direction, b.protocol, b.auth) for b in boundaries(tmp_path, {"app.py": "x = 1\n"}, handler)] == expected


@pytest.mark.parametrize(
    ("name", "text", "system"),
    [
        ("lumenpay.php", "<?php\nclass LumenPay extends PaymentModule\n{\n}\n", "prestashop"),
        ("Model/Pay.php", "<?php\nclass Pay extends \\Magento\\Payment\\Model\\Method\\AbstractMethod\n{\n}\n", "magento"),
        ("catalog/controller/l.php", "<?php\nclass C {\n function f() { $this->model_checkout_order->getOrder(1); }\n}\n", "opencart"),
        ("src/pay.ts", MEDUSA, "medusa"),
    ],
)
def test_a_plugin_is_run_by_its_platform(tmp_path: Path, name: str, text: str, system: str) -> None:
    assert [(one, way) for one, way, *_ in seen(boundaries(tmp_path, {name: text}))] == [(system, "inbound")]


def test_order_hooks_are_inbound_but_not_in_the_platform_itself(tmp_path: Path) -> None:
    hook = "<?php\nadd_action( 'woocommerce_order_status_completed', 'send' );\n"
    inbound = boundaries(tmp_path / "plugin", {"plugin.php": hook})
    assert seen(inbound) == [("woocommerce", "inbound", "file", [("plugin.php", 2)])]
    assert boundaries(tmp_path / "core", {"plugin.php": hook, "main.php": "<?php\nfinal class WooCommerce {}\n"}) == []
    api = "<?php\nadd_action( 'woocommerce_api_gateway_order', 'receive' );\n"
    assert boundaries(tmp_path / "gateway", {"plugin.php": api}) == []


def test_units_are_kept_apart_and_places_are_few(tmp_path: Path) -> None:
    many = CHARGE + "".join(f"\n\ndef pay{n}(order):\n    stripe.Refund.create(charge=order.id)\n" for n in range(20))
    found = boundaries(tmp_path, {"a/requirements.txt": "stripe\n", "a/pay.py": CHARGE, "b/requirements.txt": "stripe\n", "b/pay.py": many})
    assert [(b.unit, len(b.locations)) for b in found] == [("a", 1), ("b", 12)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ack.py", 'def ack(order):\n    return f"ISA*00*~ST*855*0001~BAK*00*AD*{order.number}~"\n'),
        ("desadv.js", "exports.notice = (order) => `UNB+UNOC:3+${order.sender}`;\n"),
        ("po.php", "<?php\nfunction isOrder($text) { return str_starts_with($text, 'ISA*00*'); }\n"),
    ],
)
def test_documents_that_are_written_by_hand_tell_of_edi(tmp_path: Path, name: str, text: str) -> None:
    assert [(b.system, b.kind, b.protocol) for b in boundaries(tmp_path, {name: text})] == [("edi", "erp", "edi")]


def test_a_document_that_only_a_comment_shows_is_none(tmp_path: Path) -> None:
    assert boundaries(tmp_path, {"po.py": '# a file begins with "ISA*00*"\nx = "UNB+UNKNOWN"\n'}) == []
