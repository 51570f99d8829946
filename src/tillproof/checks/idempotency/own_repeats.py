"""Calls that our own code makes again after a failure: what moves money by itself moves it twice where each attempt is a new one."""

import re

from tillproof.checks.idempotency.keys import Keyed
from tillproof.commerce.charged_at_once import may_charge_at_once
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.retries import Retry
from tillproof.flow.values import Const, Result, Value, options
from tillproof.ir.ops import Op

_HOW_OFTEN = re.compile(r"(is_|can_|may_)?(repeat\w*|retr\w*|idempotent|safe)|(max_)?(num_)?(attempts?|tries|retries)")
AGAIN = " Our own code repeats it by itself: one answer that is lost is enough."


def repeated_by_us(model: Model, keyed: Keyed) -> Retry | None:
    """What of ours repeats a call that takes or gives money without the customer; None where nothing does. A payment that only begins is
    made again in vain."""
    operation = keyed.site.operation
    moves = operation.moves_money and operation.repeatable == "needs-key"
    begins = operation.op == "payment.create" and not (operation.at_once or operation.confirms)
    if not moves or (begins and not may_charge_at_once(model, keyed.site.fn, keyed.site.instr, keyed.site.ctx)):
        return None
    sent = [s for s in model.sendings.by_function.get(keyed.site.fn, ()) if s.instr == keyed.site.instr]
    for retry in model.retries.all if sent else ():
        ours = retry.repeat is not None or (retry.told is not None and keyed.site.fn in retry.told.repeats)
        if ours and any(s is one for s in retry.sendings for one in sent) and not _told_not_to(model, retry, keyed):
            return retry
    return None


def _told_not_to(model: Model, retry: Retry, keyed: Keyed) -> bool:
    """Whether what repeats is told by this caller to try once: ``_send(request, repeatable=False)``."""
    ctx = next((c for c in (keyed.ctx.chain() if keyed.ctx is not None else ()) if c.fn == retry.fn), None)
    body = model.program.body(retry.fn)
    names = {p.name for p in body.params if _HOW_OFTEN.fullmatch(snake(p.name))} if ctx is not None else set()
    for i, op in enumerate(body.op):
        if op == Op.NAME and body.name(i) in names:  # a default stands in for what is not given
            told = list(options(model.evaluator.value(retry.fn, i, ctx)))
            if told and all(isinstance(o, Const) and (o.falsy or o.text == "1") for o in told):
                return True
    return False


def made_anew(model: Model, retry: Retry, source: Value) -> bool:
    """Whether a random value is made within what is repeated, so that each attempt has another."""
    if not isinstance(source, Result) or source.instr < 0:
        return False
    if retry.repeat is not None and source.fn == retry.fn:
        return model.evaluator.defuse(source.fn).block_of[source.instr] in retry.repeat.blocks
    inside = {s.fn for s in retry.sendings} | set(retry.told.repeats if retry.told is not None else ())
    return source.fn in inside
