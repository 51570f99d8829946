"""Timeouts, retries and what is retried: small programs, reviewed whole."""

from pathlib import Path

import pytest

from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

PYTHON = """\
import os, random, time
import requests
import stripe
{imports}
stripe.api_key = os.environ["STRIPE_SECRET_KEY"]

{code}
"""


def reviewed(folder: Path, files: dict[str, str], *checks: str) -> Report:
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return review(folder, Settings(use_cache=False, checks=tuple(f"resilience/{c}" for c in checks)))


def rulings(report: Report) -> list[str]:
    return sorted(o.ruling for o in report.obligations)


def python(code: str, imports: str = "") -> str:
    return PYTHON.format(code=code, imports=imports)


# --- how the wait grows

LOOP = """\
def refund(order):
    wait = 1
    for attempt in range(5):
        try:
            return stripe.Refund.create(charge=order.charge, idempotency_key=order.id)
        except stripe.APIConnectionError:
            time.sleep({wait})
            {after}
    raise RuntimeError
"""


@pytest.mark.parametrize(
    ("wait", "after", "severity"),
    [
        ("1", "pass", "medium"),
        ("wait", "wait += 1", "medium"),
        ("attempt * 2", "pass", "medium"),
        ("2 ** attempt", "pass", "low"),
        ("wait", "wait *= 2", "low"),
        ("min(30, pow(2, attempt))", "pass", "low"),
        ("(1, 3, 9, 27, 81)[attempt]", "pass", "low"),
        ("2 ** attempt + random.random()", "pass", None),
        ("random.uniform(0, wait)", "wait = wait * 2", None),
    ],
)
def test_the_wait_is_followed_from_one_attempt_to_the_next(tmp_path: Path, wait: str, after: str, severity: str | None) -> None:
    report = reviewed(tmp_path, {"shop.py": python(LOOP.format(wait=wait, after=after))}, "retry-without-backoff")
    assert [f.severity for f in report.findings] == ([severity] if severity else [])
    assert len(report.obligations) == 1


ITEMS = """\
def refund_all(orders):
    for order in orders:
        try:
            stripe.Refund.create(charge=order.charge)
        except stripe.StripeError:
            continue
        time.sleep(1)
"""
MIRRORS = """\
def first_that_answers(urls):
    for url in urls:
        try:
            return requests.post(url, timeout=3)
        except requests.RequestException:
            time.sleep(1)
"""
POLL = """\
def settled(intent):
    for attempt in range(10):
        found = stripe.PaymentIntent.retrieve(intent)
        if found.status == "succeeded":
            return found
        time.sleep(1)
"""


@pytest.mark.parametrize("code", [ITEMS, MIRRORS, POLL], ids=["items", "mirrors", "poll"])
def test_what_goes_on_with_something_else_is_no_retry(tmp_path: Path, code: str) -> None:
    report = reviewed(tmp_path, {"shop.py": python(code)}, "retry-without-backoff", "retry-on-client-error")
    assert report.obligations == []


def test_a_loop_that_only_success_ends_is_reported_for_it(tmp_path: Path) -> None:
    code = (
        "def refund(order):\n    while True:\n        try:\n            return stripe.Refund.create(charge=order.charge)\n"
        "        except stripe.APIConnectionError:\n            time.sleep(2 ** 3 + random.random())"
    )
    report = reviewed(tmp_path, {"shop.py": python(code)}, "retry-without-backoff")
    assert [f.severity for f in report.findings] == ["medium"]
    assert "for ever" in report.findings[0].title


@pytest.mark.parametrize(
    ("decorator", "severity"),
    [
        ("@retry", "medium"),
        ("@retry(stop=stop_after_attempt(3), wait=wait_fixed(2))", "medium"),
        ("@retry(stop=stop_after_attempt(3), wait=wait_exponential(multiplier=1))", "low"),
        ("@retry(stop=stop_after_attempt(3), wait=wait_exponential(multiplier=1) + wait_random(0, 2))", None),
        ("@retry(wait=wait_random_exponential(max=20))", "medium"),
    ],
)
def test_what_tenacity_is_told(tmp_path: Path, decorator: str, severity: str | None) -> None:
    code = f"{decorator}\ndef refund(order):\n    return stripe.Refund.create(charge=order.charge, idempotency_key=order.id)"
    imports = "from tenacity import retry, stop_after_attempt, wait_exponential, wait_fixed, wait_random, wait_random_exponential"
    report = reviewed(tmp_path, {"shop.py": python(code, imports)}, "retry-without-backoff")
    assert [f.severity for f in report.findings] == ([severity] if severity else [])


def test_a_queue_whose_jobs_back_off_with_jitter_is_held(tmp_path: Path) -> None:
    code = """\
import { Queue, Worker } from 'bullmq';
import Stripe from 'stripe';
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);
const queue = new Queue('refunds');
export const later = (charge) => queue.add('refund', { charge }, { attempts: 5, backoff: %s });
export const worker = new Worker('refunds', (job) => stripe.refunds.create({ charge: job.data.charge }));
"""
    spread = reviewed(tmp_path / "a", {"q.js": code % "{ type: 'exponential', delay: 1000, jitter: 0.5 }"}, "retry-without-backoff")
    fixed = reviewed(tmp_path / "b", {"q.js": code % "{ type: 'fixed', delay: 1000 }"}, "retry-without-backoff")
    assert rulings(spread) == ["held"]
    assert [f.severity for f in fixed.findings] == ["medium"]


# --- refusals

CATCH = """\
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export async function charge(stripe, order) {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    try {
      return await stripe.paymentIntents.create({ amount: order.cents, confirm: true }, { idempotencyKey: order.id });
    } catch (error) {
      %s
      await sleep(500 * 2 ** attempt * (0.5 + Math.random()));
    }
  }
  throw new Error('no answer');
}
"""
MADE = """\
import Stripe from 'stripe';
import { charge } from './charge.js';
export const pay = (order) => charge(new Stripe(process.env.KEY), order);
"""


@pytest.mark.parametrize(
    ("condition", "ruling"),
    [
        ("", "broken"),
        ("if (attempt === 3) throw error;", "broken"),
        ("if (error.statusCode < 500) throw error;", "held"),
        ("if (error.statusCode && error.statusCode < 500 && error.statusCode !== 429) throw error;", "held"),
        ("if (![408, 409, 429, 500, 502, 503].includes(error.statusCode)) throw error;", "held"),
        ("if (![400, 409, 429, 500, 502, 503].includes(error.statusCode)) throw error;", "broken"),
        ("if (error.type === 'StripeCardError') throw error;", "held"),
        ("if (error.type !== 'StripeInvalidRequestError' && error.type !== 'StripeConnectionError') throw error;", "broken"),
        ("const passes = error.code === 'ECONNRESET' || error.statusCode >= 500; if (!passes) throw error;", "held"),
    ],
)
def test_a_refusal_is_followed_through_the_handler(tmp_path: Path, condition: str, ruling: str) -> None:
    report = reviewed(tmp_path, {"charge.js": CATCH % condition, "pay.js": "", "shop.js": MADE}, "retry-on-client-error")
    assert rulings(report) == [ruling]


def test_a_charge_that_is_repeated_after_anything_and_without_a_key_blocks(tmp_path: Path) -> None:
    code = """\
def charge(order):
    for attempt in range(3):
        try:
            return stripe.Charge.create(amount=order.cents, currency="eur", customer=order.customer{key})
        except Exception:
            time.sleep(2 ** attempt + random.random())
"""
    without = reviewed(tmp_path / "a", {"shop.py": python(code.format(key=""))}, "retry-on-client-error")
    keyed = reviewed(tmp_path / "b", {"shop.py": python(code.format(key=", idempotency_key=order.id"))}, "retry-on-client-error")
    assert [f.severity for f in without.findings] == ["critical"]
    assert [f.severity for f in keyed.findings] == ["medium"]
    assert without.summary.verdict == "blocked"


def test_requests_answers_refusals_unless_it_is_told_to_raise(tmp_path: Path) -> None:
    code = """\
def tax(order):
    for attempt in range(3):
        try:
            answer = requests.post("https://api.taxjar.com/v2/taxes", json=order, timeout=5)
            {raising}
            return answer.json()
        except requests.RequestException:
            time.sleep(2 ** attempt + random.random())
"""
    raises = reviewed(tmp_path / "a", {"t.py": python(code.format(raising="answer.raise_for_status()"))}, "retry-on-client-error")
    answers = reviewed(tmp_path / "b", {"t.py": python(code.format(raising="pass"))}, "retry-on-client-error")
    assert (rulings(raises), rulings(answers)) == (["broken"], ["held"])


# --- bounds in time

INTERCEPTED = """\
const api = axios.create({ baseURL: 'https://api.taxjar.com/v2' });
api.interceptors.request.use((config) => { config.timeout = 9; return config; });
"""
AXIOS = "import axios from 'axios';\n{before}\nexport const tax = (order) => {call};\n"


@pytest.mark.parametrize(
    ("before", "call", "ruling"),
    [
        ("", "axios.post('https://api.taxjar.com/v2/taxes', order)", "broken"),
        ("", "axios.post('https://api.taxjar.com/v2/taxes', order, { timeout: 5000 })", "held"),
        ("", "axios.post('https://api.taxjar.com/v2/taxes', order, { timeout: 0 })", "broken"),
        ("", "axios({ method: 'post', url: 'https://api.taxjar.com/v2/taxes', data: order, signal: AbortSignal.timeout(9) })", "held"),
        ("axios.defaults.timeout = 5000;", "axios.post('https://api.taxjar.com/v2/taxes', order)", "held"),
        ("const api = axios.create({ baseURL: 'https://api.taxjar.com/v2', timeout: 9 });", "api.post('/taxes', order)", "held"),
        ("const api = axios.create({ baseURL: 'https://api.taxjar.com/v2' });", "api.post('/taxes', order)", "broken"),
        (
            "const api = axios.create({ baseURL: 'https://api.taxjar.com/v2' });\napi.defaults.timeout = 9;",
            "api.post('/taxes', order)",
            "held",
        ),
        (INTERCEPTED, "api.post('/taxes', order)", "held"),
    ],
)
def test_where_an_axios_bound_may_stand(tmp_path: Path, before: str, call: str, ruling: str) -> None:
    report = reviewed(tmp_path, {"tax.js": AXIOS.format(before=before, call=call)}, "no-timeout")
    assert rulings(report) == [ruling]


HANDED = """\
import { AxiosInstance } from 'axios';
export class Rates {
  constructor(private readonly http: AxiosInstance) {}
  tax(order: object) {
    return this.http.post('https://api.taxjar.com/v2/taxes', order);
  }
}
"""


@pytest.mark.parametrize(
    ("handed", "ruling"),
    [("axios", "broken"), ("axios.create({ timeout: 8000 })", "unknown"), ("axios.create()", "unknown")],
)
def test_the_client_that_a_class_is_handed_over(tmp_path: Path, handed: str, ruling: str) -> None:
    wiring = f"import axios from 'axios';\nimport {{ Rates }} from './rates';\nexport const rates = new Rates({handed});\n"
    report = reviewed(tmp_path, {"src/rates.ts": HANDED, "src/main.ts": wiring}, "no-timeout")
    assert [o.ruling for o in report.obligations if o.site.file == "src/rates.ts"] == [ruling]


@pytest.mark.parametrize(
    ("setting", "whom"),
    [
        ("DRIVE_GATEWAY_URL", "another system"),
        ("STRIPE_PROXY_URL", "Stripe"),
        ("PAYMENT_API_URL", "Stripe"),
    ],
)
def test_a_setting_says_whose_address_it_holds_before_its_file_does(tmp_path: Path, setting: str, whom: str) -> None:
    code = f"""\
import axios from 'axios';
import Stripe from 'stripe';
export async function upgrade(stripe: Stripe, user: string) {{
  await axios.post(`${{process.env.{setting}}}/users/${{user}}/plan`, {{ paid: true }});
}}
"""
    report = reviewed(tmp_path, {"src/plans.ts": code}, "no-timeout")
    assert [f.title for f in report.findings] == [f"A request to {whom} is sent without a timeout"]


GENERATED = """\
/** {note} */
import axios from 'axios';
export const send = (args: {{ url: string; options: object }}, basePath = 'https://api.taxjar.com') => {{
  const request = {{ ...args.options, url: basePath + args.url }};
  return axios.request(request);
}};
"""


def test_a_client_that_a_generator_wrote_is_handed_its_bound(tmp_path: Path) -> None:
    def of(note: str) -> list[str]:
        files = {
            "src/api.ts": GENERATED.format(note=note),
            "src/shop.ts": "import { send } from './api';\nsend({ url: '/rates', options: {} });\n",
        }
        return rulings(reviewed(tmp_path / note[:4], files, "no-timeout"))

    assert of("What we send to the tax service.") == ["broken"]
    assert of("NOTE: This class is auto generated by a generator of clients.") == ["unknown"]


def test_the_bound_of_an_sdk_depends_on_its_version(tmp_path: Path) -> None:
    code = python('def charge(order):\n    return stripe.Charge.create(amount=order.cents, currency="eur", idempotency_key=order.id)')
    old = reviewed(tmp_path / "a", {"shop.py": code, "requirements.txt": "stripe==7.14.0\n"}, "no-retry", "no-timeout")
    new = reviewed(tmp_path / "b", {"shop.py": code, "requirements.txt": "stripe==11.4.1\n"}, "no-retry", "no-timeout")
    assert [f.check for f in old.findings] == ["resilience/no-retry"]
    assert new.findings == []
    assert rulings(new) == ["held", "held"]


def test_a_browser_is_left_to_itself(tmp_path: Path) -> None:
    page = """\
import React from 'react';
import axios from 'axios';
export const Buy = () => axios.post('https://api.taxjar.com/v2/taxes', {});
"""
    assert reviewed(tmp_path, {"src/Buy.jsx": page}, "no-timeout", "no-retry").obligations == []


def test_requests_inside_the_network_owe_nothing(tmp_path: Path) -> None:
    code = python('def stock(sku):\n    return requests.get("http://stock-service:8080/items/" + sku)')
    assert reviewed(tmp_path, {"shop.py": code}, "no-timeout").obligations == []


def test_one_finding_for_all_requests_of_a_file(tmp_path: Path) -> None:
    code = python(
        'def a(o):\n    return requests.post("https://api.taxjar.com/v2/taxes", json=o)\n\n'
        'def b(o):\n    return requests.post("https://api.taxjar.com/v2/transactions/orders", json=o)'
    )
    report = reviewed(tmp_path, {"tax.py": code}, "no-timeout")
    assert len(report.findings) == 1
    assert [s.line for s in report.findings[0].trace if s.kind == "missing"] == [8, 11]


# --- nothing to make up for it


def test_an_answer_that_is_looked_at_is_not_thrown_away(tmp_path: Path) -> None:
    code = """\
<?php
class Record {{
    public function withdraw() {{
        return wp_remote_request('https://api.taxjar.com/v2/transactions/orders/1', ['method' => 'DELETE']);
    }}
    public function delete() {{ global $wpdb; $wpdb->delete('queue', ['id' => 1]); }}
}}
class Sync {{
    public function cancelled() {{
        $record = new Record();
        {use}
        $record->delete();
    }}
}}
"""
    thrown = reviewed(tmp_path / "a", {"sync.php": code.format(use="$record->withdraw();")}, "no-retry")
    asked = reviewed(
        tmp_path / "b", {"sync.php": code.format(use="$answer = $record->withdraw(); if (is_wp_error($answer)) { return; }")}, "no-retry"
    )
    title = "TaxJar: the answer is thrown away, and the work counts as done"
    assert title in [f.title for f in thrown.findings]
    assert title not in [f.title for f in asked.findings]


# --- attempts that are counted in a table

OUTBOX = """\
import { Queue } from 'bullmq';
import Stripe from 'stripe';
import { PrismaClient } from '@prisma/client';
const prisma = new PrismaClient();
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!, { maxNetworkRetries: 3 });
const queue = new Queue('outbox');
export async function dispatch(id: string, tried: number) {
  await prisma.outboxEvent.updateMany({ where: { id, attempts: tried }, data: { attempts: { increment: 1 } } });
  const event = await prisma.outboxEvent.findUnique({ where: { id }, select: { id: true, attempts: true } });
  await queue.add('event', { id: event!.id }, { attempts: 4 });
}
export const refund = (intent: string, id: string) => stripe.refunds.create({ payment_intent: intent }, { idempotencyKey: id });
"""


def test_attempts_counted_in_a_row_are_no_policy_of_a_job(tmp_path: Path) -> None:
    files = {
        "src/outbox.ts": OUTBOX,
        "package.json": '{"dependencies": {"bullmq": "5.1.0", "stripe": "14.0.0", "@prisma/client": "5.0.0"}}',
    }
    report = reviewed(tmp_path, files, "retry-without-backoff")
    assert [f.start_line for f in report.findings] == [10]
