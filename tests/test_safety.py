"""A review shows no secret, opens no socket and runs nothing of what it reads."""

import base64
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tillproof.cli import main
from tillproof.settings import FORMATS

SOUND_SHOP = Path(__file__).parents[1] / "examples" / "sound-shop"

# Put together here, so that nobody's scanner takes this file for a leak. None of them was ever anybody's.
BODY = "51Hq7RtZb3XwYp9LmNcVd2KfG8sJ4"
SECRETS = {
    "live key": "sk_" + "live_" + BODY,
    "restricted key": "rk_" + "live_" + BODY[::-1],
    "webhook secret": "whsec_" + "9f4Kq2Lz7Xw1Rt5Yb8Nm3Vc6Hd0Js",
    "shop token": "shpat_" + "3b7e19c04d5f8a26b1c7d3e9f0a4582c",
    "password in an address": "hunter" + "2Kx9-pWq7",
    "JWT": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJzaG9wLTQyIiwicm9sZSI6ImFkbWluIn0" + ".Tq3xV7bN1mKc9ZpLw5RdYfHs2GjXa8Qe",
    "password": "Tr0ub4dor" + "&3-Zebra!",
    "PEM body": "MIIEowIBAAKCAQEAu1Xc7Zr9vLq3TnYkWb2HsJd8GfP5mQxR4tUeVoIaKyNcBwEz",
}
CARDS = {"plain card": "4539" + "578763621486", "spaced card": "5425 " + "2334 3010 9903", "card with hyphens": "3714-" + "496353-98431"}
PLANTED = {**SECRETS, **CARDS}
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{SECRETS['PEM body']}\n-----END RSA PRIVATE KEY-----"

# Each of these lines is quoted by a finding or by its evidence: the calls have no key, and the webhook is not verified.
SHOP_PY = f"""\
import stripe
from flask import Flask, request, redirect

app = Flask(__name__)
KEY = \"\"\"{PEM}\"\"\"


@app.post("/pay/<int:number>")
def pay(number):
    stripe.PaymentIntent.create(amount=int(request.form["amount"]), currency="eur", api_key="{SECRETS["live key"]}")  # {SECRETS["JWT"]}
    stripe.Refund.create(payment_intent="pi_1", api_key="{SECRETS["restricted key"]}", metadata={{"card": "{CARDS["plain card"]}"}})
    stripe.Refund.create(
        payment_intent="pi_2",
        api_key="{SECRETS["live key"]}",
        metadata={{"pan": "{CARDS["spaced card"]}", "pass": "{SECRETS["password"]}", "pem": \"\"\"{PEM}\"\"\"}},
    )
    return redirect("/")


@app.post("/stripe/webhook/{SECRETS["shop token"]}")
def webhook():  # password is "{SECRETS["password"]}", card {CARDS["card with hyphens"]}
    event = request.get_json()
    if event["type"] == "payment_intent.succeeded":
        order = Order.objects.get(number=event["id"]); order.status = "paid"; order.save()  # {SECRETS["webhook secret"]}
    return "", 200
"""
SHOP_JS = f"""\
const stripe = require('stripe')('{SECRETS["live key"]}');
const db = 'postgres://shop:{SECRETS["password in an address"]}@db.internal/shop';

app.post('/refund', async (req, res) => {{
  await stripe.refunds.create({{ charge: req.id, url: 'ftp://a:{SECRETS["password in an address"]}@b' }}); // {CARDS["plain card"]}
  res.json({{ token: '{SECRETS["JWT"]}' }});
}});
"""
SHOP_PHP = f"""\
<?php
\\Stripe\\Stripe::setApiKey('{SECRETS["live key"]}');
\\Stripe\\PaymentIntent::create(['amount' => $_POST['amount'], 'note' => '{CARDS["card with hyphens"]}']); // {SECRETS["webhook secret"]}
"""
FILES = {
    "app.py": SHOP_PY,
    "server.js": SHOP_JS,
    "pay.php": SHOP_PHP,
    "templates/thanks.html": f"<!-- {SECRETS['live key']} --><script src='https://js.stripe.com/v3/'></script>{CARDS['spaced card']}",
    ".env": "".join(f"STRIPE_SECRET_{n}={value}\n" for n, value in enumerate(SECRETS.values())),
    "config.yaml": f"stripe:\n  secret_key: {SECRETS['live key']}\n  webhook_secret: {SECRETS['webhook secret']}\n",
    "requirements.txt": "stripe==9.0\nflask\n",
    ".tillproof/packs/mine.yaml": f"id: mine\nname: Mine\nkind: payment\nhosts: [{{bad: {SECRETS['live key']}}}]\n",
}


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    """A tree with planted secrets in code that findings quote."""
    root = tmp_path / "shop"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def tillproof(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tillproof", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, **(environment or {})})


def spellings(value: str) -> Iterator[bytes]:
    """A value as it stands, as JSON and Markdown would write it, and inside base64 at each of its three offsets."""
    raw = value.encode()
    yield raw
    yield json.dumps(value)[1:-1].encode()
    yield re.sub(r"([^\w\s])", r"\\\1", value).encode()
    yield re.sub(r"[ -]", "", value).encode()
    for offset in range(3):
        # The characters at both ends hold bits of the neighbours too.
        yield base64.b64encode(b"\0" * offset + raw)[4:-4]


def leaks(data: bytes) -> list[str]:
    return [name for name, value in PLANTED.items() if any(spelling in data for spelling in spellings(value))]


def test_the_search_finds_what_is_there() -> None:
    assert leaks(base64.b64encode(b"x" + SECRETS["live key"].encode() + b"yz")) == ["live key"]
    assert leaks(f"card {CARDS['spaced card']}".encode()) == ["spaced card"]


@pytest.mark.parametrize("form", FORMATS)
def test_no_output_and_no_cache_file_holds_a_secret(leaking: Path, tmp_path: Path, form: str) -> None:
    cache = tmp_path / "cache"
    shown = b""
    for _ in range(2):  # the second run is answered by the cache
        done = tillproof("review", leaking, "--format", form, "--cache-dir", cache)
        assert done.returncode == 20
        shown += done.stdout + done.stderr
    done = tillproof("review", leaking, "--format", form, "--output", tmp_path / "report", "--cache-dir", cache)
    shown += done.stdout + done.stderr + (tmp_path / "report").read_bytes()
    assert leaks(shown) == []
    kept = [path for path in cache.rglob("*") if path.is_file()]
    assert kept
    assert {path.name: leaks(path.read_bytes()) for path in kept} == {path.name: [] for path in kept}


def test_the_planted_lines_are_quoted(leaking: Path) -> None:
    """Otherwise the test above would have nothing to find."""
    report = json.loads(tillproof("review", leaking, "--format", "json", "--no-cache").stdout)
    quoted = "\n".join(finding["snippet"] for finding in report["findings"])
    lines = [line for text in (SHOP_PY, SHOP_JS, SHOP_PHP) for line in text.splitlines() if ".create(" in line or "::create(" in line]
    assert len(lines) == 5
    for line in lines:
        assert line.strip()[:30] in quoted
    assert quoted.count("masked") >= 8
    assert {finding["file"] for finding in report["findings"]} >= {"app.py", "server.js", "pay.php"}


def test_the_debug_traceback_of_a_refused_configuration_holds_no_secret(leaking: Path) -> None:
    (leaking / ".tillproof" / "config.toml").write_text(f'exclude = "{SECRETS["live key"]}"\n', encoding="utf-8")
    done = tillproof("review", leaking, "--no-cache")
    assert done.returncode == 2
    assert leaks(done.stdout + done.stderr) == []


def test_a_review_opens_no_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def refused(*arguments: object, **more: object) -> None:
        raise AssertionError("a socket was asked for")

    for name in ("socket", "create_connection", "getaddrinfo", "socketpair"):
        monkeypatch.setattr(socket, name, refused)
    assert main(["review", str(SOUND_SHOP), "--format", "json", "--cache-dir", str(tmp_path), "--fail-on", "never"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["target"]["files"] > 20
    assert err == ""


# Runs before anything else in the interpreter. Audit hooks see what C code does, too, and cannot be removed.
SITE = """\
import sys

def refuse(event, arguments):
    if event.startswith("socket.") or event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"):
        sys.stderr.write(f"REFUSED {event} {arguments!r}\\n")
        raise RuntimeError(f"refused: {event}")

sys.addaudithook(refuse)
"""


def test_a_reviewing_process_opens_no_socket_and_starts_no_program(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), *(path for path in sys.path if path)])
    check = subprocess.run(
        [sys.executable, "-c", "import socket; socket.socket()"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert b"REFUSED socket." in check.stderr
    done = tillproof(
        "review",
        SOUND_SHOP,
        "--cache-dir",
        tmp_path / "cache",
        "--fail-on",
        "never",
        environment={"PYTHONPATH": paths, "TILLPROOF_DEBUG": "1"},
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_nothing_of_the_reviewed_tree_is_imported_or_run(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    touch = f"open({str(witness)!r}, 'a').close()\n"
    root = tmp_path / "shop"
    files = {
        # Names that Python, its tools and our own dependencies import when they can.
        **dict.fromkeys(
            ["app.py", "conftest.py", "setup.py", "sitecustomize.py", "usercustomize.py", "yaml.py", "tree_sitter.py", "msgspec.py"], touch
        ),
        "tillproof/__init__.py": touch,
        "shop/__init__.py": touch + "import stripe\nstripe.Refund.create(payment_intent='pi_1')\n",
        "shop.pth": f"import os; {touch}",
        "index.js": f"require('fs').writeFileSync({str(witness)!r}, '')\n",
        "index.php": f"<?php file_put_contents({str(witness)!r}, '');\n",
        ".tillproof/packs/mine.yaml": f"!!python/object/apply:builtins.exec [{touch.strip()!r}]\n",
        ".git/hooks/post-checkout": f"#!/bin/sh\ntouch {witness}\n",
        ".git/config": f"[core]\n\tfsmonitor = touch {witness}\n",
        "package.json": json.dumps({"name": "shop", "scripts": {"preinstall": f"touch {witness}"}}),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / ".git/hooks/post-checkout").chmod(0o755)
    for path in ([root], ["."]):
        command = [
            sys.executable,
            "-P",
            "-m",
            "tillproof",
            "review",
            *map(str, path),
            "--format",
            "json",
            "--no-cache",
            "--fail-on",
            "never",
        ]
        done = subprocess.run(command, capture_output=True, check=False, cwd=root)
        assert done.returncode == 0, done.stderr
        assert [finding["check"] for finding in json.loads(done.stdout)["findings"]] == ["idempotency/missing-key"]
    assert not witness.exists()
