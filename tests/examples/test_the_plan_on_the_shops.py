"""The staging plan, run by bash against the running example shops: it shows the flaws of the one and that the other has none."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.examples.shops import EXAMPLES, WEBHOOK_SECRET, Placed, RunningShop, running
from tillproof.report.setup import parts

TOOLS = all(shutil.which(name) for name in ("bash", "curl", "openssl", "jq", "sed"))
pytestmark = pytest.mark.skipif(not TOOLS, reason="needs bash, curl, openssl, jq and sed")


@cache
def plan(shop: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tillproof", "review", str(EXAMPLES / shop), "--format", "json", "--no-cache", "--fail-on", "never"]
    done = subprocess.run(command, capture_output=True, check=True, cwd=EXAMPLES)
    found: list[dict[str, Any]] = json.loads(done.stdout)["test_plan"]
    return found


def scenario(shop: str, kind: str, word: str) -> dict[str, Any]:
    (found,) = [s for s in plan(shop) if s["kind"] == kind and word in s["scenario"] + "\n"]
    return found


@contextmanager
def served(shop: RunningShop) -> Iterator[str]:
    """The shop behind a real port."""
    one_at_a_time = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length", "connection")}
            with one_at_a_time:
                answer = shop.client.request(self.command, self.path, content=body, headers=kept, follow_redirects=False)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def run(texts: list[str], address: str, folder: Path, placed: Placed | None = None) -> str:
    """The shell of some preconditions and steps, in one go; what it prints."""
    order = {"ORDER_ID": str(placed.id), "PAYMENT_ID": placed.payment_id, "AMOUNT": str(placed.total_cents)} if placed else {}
    (folder / "customer.headers").write_text("X-Customer: somebody\n")
    environment = {"STAGING_URL": address, "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET, "CURRENCY": "eur", "MAJOR_AMOUNT": "12.34", **order}
    script = "\n".join(filter(None, (parts(text)[1] for text in texts)))
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("name", "after_forgery"), [("leaky-shop", "paid"), ("sound-shop", "pending")])
def test_forged_messages_pay_in_the_leaky_shop_alone(tmp_path: Path, name: str, after_forgery: str) -> None:
    forged = scenario(name, "forged-webhook", "Stripe")
    with running(name, tmp_path) as shop, served(shop) as address:
        placed = shop.order()
        *attacks, control = forged["steps"]
        run([*forged["preconditions"], *attacks], address, tmp_path, placed)
        assert shop.status(placed) == after_forgery
        run([*forged["preconditions"], *attacks[:1], control], address, tmp_path, placed)
        assert shop.status(placed) == "paid"


def test_a_replay_has_one_effect_in_the_sound_shop(tmp_path: Path) -> None:
    replay = scenario("sound-shop", "webhook-replay", "Stripe")
    with running("sound-shop", tmp_path) as shop, served(shop) as address:
        placed = shop.order()
        printed = run([*replay["preconditions"], *replay["steps"]], address, tmp_path, placed)
        assert shop.status(placed) == "paid"
        assert printed.count("HTTP/1.0 200") == 8
        assert len(shop.rows("SELECT * FROM processed_events")) == 1


def test_a_tampered_price_is_charged_by_the_leaky_shop(tmp_path: Path) -> None:
    tampered = scenario("leaky-shop", "tampered-totals", "POST /checkout\n")
    with running("leaky-shop", tmp_path) as shop, served(shop) as address:
        product = shop.get("/products/MUG-BLUE").json()
        filled = [text.replace('"<product_id>"', str(product["id"])).replace('"<coupon>"', "null") for text in tampered["steps"]]
        filled = [text.replace("<provider>", "stripe").replace("<country>", "DE").replace("<state>", "") for text in filled]
        run(filled, address, tmp_path)
        charged = [intent["amount"] for intent in shop.stripe.intents.values()]
        assert min(charged) < product["price_cents"]
