"""What is logged, and what of it shows: through our own functions, texts, records and masks."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of


def shown(root: Path, name: str, code: str, **more: str) -> list[tuple[int, str, list[str]]]:
    """(line, kind, nearest names of what shows) of every logging call of a file."""
    model, _ = model_of(root, {name: code, **{k.replace("__", "."): v for k, v in more.items()}})
    out = []
    for fn in model.program.all_functions(name):
        body = model.program.body(fn)
        for site in model.logs.sites(fn):
            names = [p.names[0] for a in site.arguments for p in model.shown.of(fn, a).pieces]
            out.append((body.line[site.instr], site.kind, names))
    return sorted(out)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("log.info('x %s', card['number'])", ["number"]),
        ("log.info(f'{mask(n)} {n[-4:]}')", []),
        ("log.info('x %s' % n)", ["n"]),
        ("log.info('{}'.format(n), extra={'cvv': code})", ["n", "cvv"]),
        ("log.debug(json.dumps({**body, 'cvv': '***'}))", ["body"]),
        ("print(len(n), n is None, bool(n))", []),
        ("logging.getLogger('x').warning(n)", ["n"]),
        ("sentry_sdk.set_context('payment', {'card': n})", ["card"]),
    ],
)
def test_python(tmp_path: Path, code: str, names: list[str]) -> None:
    source = f"import json, logging, sentry_sdk\nlog = logging.getLogger(__name__)\n\n\ndef f(card, n, code, body):\n    {code}\n"
    found = shown(tmp_path, "a.py", source)
    assert [n for _, _, names in found for n in names] == names


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("console.log(`n ${n.slice(-4)} ${n.replace(/.(?=.{4})/g, '*')}`)", []),
        ("console.log(n.replace(/ /g, ''))", ["n"]),
        ("this.logger.error('x', { cvv, order: o.id })", ["cvv", "id"]),
        ("logger.info(omit(body, ['cvv']))", []),
        ("console.log(key ? 'set' : 'missing', !!key)", []),
        ("analytics.track('paid', { number: n })", ["number"]),
        ("Math.log(n)", []),
    ],
)
def test_javascript(tmp_path: Path, code: str, names: list[str]) -> None:
    found = shown(tmp_path, "a.js", f"function f(n, cvv, o, body, key) {{\n  {code}\n}}\n")
    assert [n for _, _, names in found for n in names] == names


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("error_log('x: ' . print_r($body, true));", ["body"]),
        ("error_log('x ' . substr($n, -4) . '****');", []),
        ("file_put_contents('pay.log', json_encode($body), FILE_APPEND);", ["body"]),
        ("file_put_contents('invoice.pdf', $body);", []),
        ("Log::info('x', ['a' => $n]);", ["a"]),
        ("$order->add_order_note('Paid ' . $n);", ["n"]),
    ],
)
def test_php(tmp_path: Path, code: str, names: list[str]) -> None:
    found = shown(tmp_path, "a.php", f"<?php\nfunction f($n, $body, $order) {{\n    {code}\n}}\n")
    assert [n for _, _, names in found for n in names] == names


def test_a_function_that_logs_what_it_is_given_is_a_logging_call(tmp_path: Path) -> None:
    helper = "const log = require('pino')()\nexports.debug = (label, value) => log.debug(label, JSON.stringify(value))\n"
    code = "const { debug } = require('./helper')\nfunction f(payload) {\n  debug('x', payload)\n}\n"
    assert shown(tmp_path, "a.js", code, helper__js=helper) == [(3, "log", ["payload"])]


@pytest.mark.parametrize(
    ("name", "code", "flat"),
    [
        ("a.js", "function f(o) { console.log(`${o}`, JSON.stringify(o)) }\n", [True, False]),
        ("b.py", "def f(o):\n    print(f'{o}')\n", [False]),
    ],
)
def test_an_object_in_a_text_shows_nothing_but_in_python(tmp_path: Path, name: str, code: str, flat: list[bool]) -> None:
    model, _ = model_of(tmp_path, {name: code})
    sites = [s for fn in model.program.all_functions(name) for s in model.logs.sites(fn)]
    assert [p.flat for s in sites for a in s.arguments for p in model.shown.of(s.fn, a).pieces] == flat
