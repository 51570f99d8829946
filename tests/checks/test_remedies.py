"""Remediation says what to write in the provider, framework and language in hand."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commerce.small_models import knowledge, model_of
from tillproof.checks import remedies

FLASK = "from flask import Flask, request\napp = Flask(__name__)\n"
EXPRESS = "import express from 'express'\nconst app = express()\n"
LARAVEL = "<?php\nuse Illuminate\\Http\\Request;\n"
PLAIN_PHP = "<?php\n$x = 1;\n"


def code(root: Path, file: str, text: str, need: str, provider: str = "", **holes: str) -> str:
    model, _ = model_of(root, {file: text})
    return remedies.code(model, file, need, knowledge().providers.get(provider), **holes)


@pytest.mark.parametrize(
    ("file", "text", "body", "header"),
    [
        ("a.py", FLASK, "request.get_data()", "request.headers.get('Stripe-Signature', '')"),
        ("a.py", "from django.http import HttpResponse\n", "request.body", "request.headers.get('Stripe-Signature', '')"),
        ("a.js", EXPRESS, "req.body", "req.get('Stripe-Signature')"),
        ("a.php", LARAVEL, "$request->getContent()", "$request->header('Stripe-Signature', '')"),
        ("a.php", PLAIN_PHP, "file_get_contents('php://input')", "$_SERVER['HTTP_STRIPE_SIGNATURE'] ?? ''"),
    ],
)
def test_one_call_in_every_framework(tmp_path: Path, file: str, text: str, body: str, header: str) -> None:
    said = code(tmp_path, file, text, "verify", "stripe", name="Stripe-Signature")
    assert re.fullmatch(r"`\$?(const )?event = .*[.:]construct_?[eE]vent\((.*), \$?webhook_?[sS]ecret\)`", said)
    assert f"({body}, {header}, " in said


def test_two_lines_are_two_spans(tmp_path: Path) -> None:
    said = code(tmp_path, "a.js", EXPRESS, "confirm", "stripe")
    assert said.startswith("`const session = await stripe.checkout.sessions.retrieve(order.sessionId)`, then `if (session.payment_status")


def test_a_provider_without_words_of_its_own_gets_those_of_the_language(tmp_path: Path) -> None:
    said = code(tmp_path, "a.py", FLASK, "hmac", "klarna", name="X-Signature")
    assert "hmac.new(secret.encode(), request.get_data(), hashlib.sha256)" in said
    assert said.endswith("if not hmac.compare_digest(expected, request.headers.get('X-Signature', '')): abort(400)`")
    assert code(tmp_path, "a.py", FLASK, "no-such-need") == ""


def test_what_a_check_fills_in_cannot_end_the_code(tmp_path: Path) -> None:
    said = code(tmp_path, "a.js", EXPRESS, "raw", route="/a`b")
    assert "'/a'b'" in said
    assert said.count("`") == 2


def written() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for provider in knowledge().providers.values():
        yield from ((provider.id, need, lines) for need, said in provider.remedies.items() for lines in said.values())
    for framework in knowledge().frameworks.values():
        yield from ((framework.id, need, lines) for need, lines in framework.remedies.items())


def test_packs_write_lines_that_fit_between_backticks() -> None:
    assert len(list(written())) > 80
    for pack, need, lines in written():
        assert lines, (pack, need)
        assert all("`" not in line and "\n" not in line and len(line) < 230 for line in lines), (pack, need)
