"""Payments in languages that are known by name only: which systems their imports tell of."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_SHOPS = {
    "java": ("src/Pay.java", "import com.stripe.model.PaymentIntent;\nclass Pay {}\n", [("stripe", "outbound", 1)]),
    "kotlin": ("src/Pay.kt", "package shop\nimport com.adyen.service.checkout.PaymentsApi\n", [("adyen", "outbound", 2)]),
    "C#": ("Pay.cs", "using System;\nusing Braintree;\n\nclass Pay { }\n", [("braintree", "outbound", 2)]),
    "ruby": ("app/pay.rb", "class Pay\n  def call = Stripe::PaymentIntent.create(amount: 100)\nend\n", [("stripe", "outbound", 2)]),
    "go": ("pay.go", 'package main\n\nimport (\n\tpp "github.com/plutov/paypal/v4"\n)\n', [("paypal", "outbound", 4)]),
    "hears only": ("app/hook.rb", "event = Stripe::Webhook.construct_event(body, header, secret)\n", []),
    "its errors": ("src/Errors.java", "import com.stripe.exception.CardException;\n", []),
    "a comment": ("src/Old.java", "class Old {}\n// import com.stripe.model.Charge;\n", []),
    "geometry": ("src/Area.java", "import com.shapes.square.Corner;\n", []),
}


@pytest.mark.parametrize("name", _SHOPS)
def test_what_a_file_imports_tells_whom_it_calls(tmp_path: Path, name: str) -> None:
    path, text, expected = _SHOPS[name]
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    report = review(tmp_path, Settings(use_cache=False))
    assert [(b.system, b.direction, b.locations[0].line) for b in report.boundaries] == expected
    assert report.summary.verdict == ("conditional" if expected else "pass")
