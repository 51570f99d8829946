"""The key that a customer's request brings along, by which it is known again: kept in a cache by a look and a later write, or at once."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_ID = "idempotency/dedup-race"
_EXPRESS = """\
const express = require('express');
const Redis = require('ioredis');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Order } = require('./models');
const redis = new Redis();
const app = express();
async function once(req, res, next) {
  const key = `idempotency:${req.headers['idempotency-key']}`;
  MARK
  next();
}
app.post('/pay', once, async (req, res) => {
  const order = await Order.findById(req.body.id);
  res.json(await stripe.paymentIntents.create({ amount: order.total, currency: 'eur' }));
});
"""
_LOOK = "if (await redis.get(key)) return res.status(409).end();"
_LATER = [
    f"{_LOOK}\n  await redis.set(key, '1', 'EX', 86400);",
    f"{_LOOK}\n  await redis.set(key, JSON.stringify({{ status: 'in_progress', since: Date.now() }}), 'EX', 86400);",
    f"{_LOOK}\n  await redis.setex(key, 86400, 'running');",
]
_AT_ONCE = "if (!(await redis.set(key, 'in_progress', 'EX', 86400, 'NX'))) return res.status(409).end();"
_SERVICE = """\
import { Injectable } from '@nestjs/common';
import { CacheService } from './cache.service';

@Injectable()
export class IdempotencyService {
  constructor(private readonly cache: CacheService) {}

  async begin(key: string): Promise<{ fresh: boolean; data?: unknown }> {
    const existing = await this.cache.get<{ status: string; data?: unknown }>(`request:${key}`);
    if (existing) return { fresh: false, data: existing.data };
    await this.cache.set(`request:${key}`, { status: 'IN_PROGRESS' }, { ttl: 86400 });
    return { fresh: true };
  }
}
"""
_CACHE = """\
import Redis from 'ioredis';

export class CacheService {
  private readonly redis = new Redis(process.env.REDIS_URL);

  async get<T>(key: string): Promise<T | null> {
    const value = await this.redis.get(key);
    return value ? JSON.parse(value) : null;
  }

  async set(key: string, value: unknown, { ttl }: { ttl: number }) {
    await this.redis.set(key, JSON.stringify(value), 'EX', ttl);
  }
}
"""
_DJANGO = """\
from django.core.cache import cache
from django.http import JsonResponse
from shop.payments import charge


def pay(request):
    key = "idempotency:" + request.headers["Idempotency-Key"]
    MARK
    return JsonResponse(charge(request))
"""


def _express(mark: str) -> dict[str, str]:
    models = "const mongoose = require('mongoose');\nexports.Order = mongoose.model('Order', new mongoose.Schema({ total: Number }));\n"
    return {"package.json": "{}", "app.js": _EXPRESS.replace("MARK", mark), "models.js": models}


@pytest.mark.parametrize("mark", _LATER)
def test_two_requests_with_one_key_pass_a_look_in_a_middleware(tmp_path: Path, mark: str) -> None:
    assert ruled(tmp_path, _ID, _express(mark)) == [("broken", "app.js", 9)]


def test_a_key_that_is_taken_at_once_lets_one_pass(tmp_path: Path) -> None:
    assert "broken" not in [r for r, _, _ in ruled(tmp_path, _ID, _express(_AT_ONCE))]


def test_what_is_kept_to_save_a_call_is_no_lock(tmp_path: Path) -> None:
    data = "const kept = await redis.get(`rates:${key}`);\n  if (kept) return res.json(JSON.parse(kept));\n"
    data += "  const rates = { zone: req.body.zone };\n  await redis.set(`rates:${key}`, JSON.stringify(rates), 'EX', 60);"
    assert ruled(tmp_path, _ID, _express(data)) == []


def test_a_service_on_a_cache_of_the_shops_own(tmp_path: Path) -> None:
    files = {"package.json": "{}", "idempotency.service.ts": _SERVICE, "cache.service.ts": _CACHE}
    assert ruled(tmp_path / "later", _ID, files) == [("broken", "idempotency.service.ts", 9)]
    at_once = files | {"cache.service.ts": _CACHE.replace("'EX', ttl", "'EX', ttl, 'NX'")}
    assert ruled(tmp_path / "once", _ID, at_once) == []


def test_in_python(tmp_path: Path) -> None:
    payments = 'import stripe\n\n\ndef charge(request):\n    return stripe.PaymentIntent.create(amount=100, currency="eur")\n'
    later = 'if cache.get(key):\n        return JsonResponse({}, status=409)\n    cache.set(key, {"status": "processing"}, 86400)'
    once = 'if not cache.add(key, "processing", 86400):\n        return JsonResponse({}, status=409)'
    for name, mark, wanted in (("later", later, ["broken"]), ("once", once, [])):
        files = {"requirements.txt": "django\n", "views.py": _DJANGO.replace("MARK", mark), "shop/payments.py": payments}
        assert [r for r, _, _ in ruled(tmp_path / name, _ID, files)] == wanted
