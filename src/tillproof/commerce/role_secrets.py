"""Secrets of our own that only our own services hold, and that a guard compares with what was sent."""

import re

from tillproof.commerce.entry_styles.wiring import plain_names
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Value, leaves
from tillproof.knowledge.schema import Role

_OWN_SECRET = re.compile(r"(env|environ|getenv|config|settings)\b.*(secret|token|api_?key|password)", re.IGNORECASE)
_OF_STAFF = re.compile(r"(^|[._])(admin|staff|backoffice)", re.IGNORECASE)
_MOST = 12


def compares_secret(evaluator: Evaluator, fn: Fn, i: int) -> Role | None:
    """``header === `Bearer ${process.env.CRON_SECRET}```; ``ADMIN_TOKEN`` is what people of the shop hold."""
    sides = [evaluator.value(fn, a) for a in evaluator.program.body(fn).args(i)[1:]]
    named = [[n for v in (s, *leaves(s, _MOST)) for n in plain_names(v)] for s in sides]
    kept = [any(map(_OWN_SECRET.search, said)) for said in named]
    sent = [s for s, k in zip(sides, kept, strict=True) if not k and not isinstance(s, Const)]
    if not any(kept) or len(sent) != 1 or _is_digest(sent[0]):
        return None
    return "staff" if any(_OF_STAFF.search(n) for said in named for n in said) else "internal"


def _is_digest(value: Value) -> bool:
    return any("hash" in n.lower() or "hmac" in n.lower() or "digest" in n.lower() for n in plain_names(value))
