"""Secrets of our own that only our own services hold, and that a guard compares with what was sent."""

import re

from tillproof.commerce.entry_styles.wiring import plain_names
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Value, leaves
from tillproof.knowledge.schema import Role

_OWN_SECRET = re.compile(r"(env|environ|getenv|config|settings)\b.*(secret|token|api_?key|password)", re.IGNORECASE)
_MOST = 12


def compares_secret(evaluator: Evaluator, fn: Fn, i: int) -> Role | None:
    """``header === `Bearer ${process.env.CRON_SECRET}```."""
    sides = [evaluator.value(fn, a) for a in evaluator.program.body(fn).args(i)[1:]]
    kept = [any(_OWN_SECRET.search(n) for v in (s, *leaves(s, _MOST)) for n in plain_names(v)) for s in sides]
    sent = [s for s, k in zip(sides, kept, strict=True) if not k and not isinstance(s, Const)]
    return "internal" if any(kept) and len(sent) == 1 and not _is_digest(sent[0]) else None


def _is_digest(value: Value) -> bool:
    return any("hash" in n.lower() or "hmac" in n.lower() or "digest" in n.lower() for n in plain_names(value))
