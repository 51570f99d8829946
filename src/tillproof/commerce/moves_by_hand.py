"""Requests that take money or give it back, to payment systems that no pack knows: the address says so, or the function that sends them."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Plain
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.sendings import Sending

_KINDS = (
    ("refund.create", re.compile(r"(^|_)(refunds?|reversals?|chargebacks?)(_|$)")),
    ("payout.create", re.compile(r"(^|_)(payouts?|disbursements?|withdrawals?)(_|$)")),
    ("payment.void", re.compile(r"(^|_)(voids?)(_|$)")),
    ("payment.capture", re.compile(r"(^|_)(captures?|settle)(_|$)")),
    ("payment.create", re.compile(r"(^|_)(charges?|debits?|purchases?)(_|$)")),
)
"""What words say of a request that moves money. One that only begins a payment, which the customer makes elsewhere, is none."""
_ASKS = re.compile(r"(get|fetch|find|list|check|verify|query|status|retrieve|search|lookup|inquir\w*)(_|$)")
_MOST_CALLERS = 24


def moves_by_hand(model: "Model", entry: Entry) -> list[Effect]:
    """The requests of an entry point that move money without any operation of a pack, each as the effect that it stands for."""
    reached = model.handlers.closure(entry).functions
    found: list[Effect] = []
    for sending in model.sendings.strange:
        kind = _kind(model, sending) if sending.provider is None and sending.fn in reached else None
        if kind is not None:
            plain, ways = Plain(kind, True, None, False), ways_to(model, entry, sending.fn)
            found += [Effect(plain, sending.fn, sending.instr, ctx, model.records) for ctx in ways]
    return found


def _kind(model: "Model", sending: "Sending") -> str | None:
    request = sending.request
    if request is None or request.method == "GET":
        return None
    name = snake(model.program.name(sending.fn)).lstrip("_")
    around = snake(model.program.qualified(sending.fn).replace(".", "_"))
    paths = [one.url.partition("://")[2].partition("/")[2] or one.url for one in request.each()]
    parts = [snake(part) for path in paths for part in path.partition("?")[0].split("/") if part and "{}" not in part]
    if _ASKS.match(name) or any(_ASKS.match(part) for part in parts):
        return None
    return next((kind for kind, pattern in _KINDS if any(pattern.search(word) for word in (*parts[-2:], around))), None)


def ways_to(model: "Model", entry: Entry, fn: Fn) -> list[Ctx | None]:
    """The ways by which an entry point leads to a function."""
    own = model.evaluator.entry_context(entry.target)
    if fn == entry.target.fn:
        return [own]
    waiting, found = list(model.callers.above(fn, None)[:_MOST_CALLERS]), list[Ctx | None]()
    for ctx in waiting:
        outermost = [c for c in ctx.chain() if c.call >= 0][-1].caller
        if outermost == entry.target.fn:
            found.append(ctx)
        elif len(waiting) < _MOST_CALLERS:
            waiting += model.callers.above(fn, ctx)
    return found
