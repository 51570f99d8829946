"""Calls that our own code makes again after a failure: what moves money by itself moves it twice where each attempt is a new one."""

from tillproof.checks.idempotency.keys import Keyed
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.retries import Retry
from tillproof.flow.shape import find_key
from tillproof.flow.values import Result, Value

AGAIN = " Our own code repeats it by itself: one answer that is lost is enough."


def repeated_by_us(model: Model, keyed: Keyed) -> Retry | None:
    """What of ours repeats a call that takes or gives money without the customer; None where nothing does. A payment that only begins is
    made again in vain."""
    operation = keyed.site.operation
    moves = operation.moves_money and operation.repeatable == "needs-key"
    begins = operation.op == "payment.create" and not (operation.at_once or operation.confirms)
    if not moves or (begins and not charged_at_once(model, keyed.site)):
        return None
    sent = [s for s in model.sendings.by_function.get(keyed.site.fn, ()) if s.instr == keyed.site.instr]
    for retry in model.retries.all if sent else ():
        ours = retry.repeat is not None or (retry.told is not None and keyed.site.fn in retry.told.repeats)
        if ours and any(s is one for s in retry.sendings for one in sent):
            return retry
    return None


def charged_at_once(model: Model, site: OperationSite) -> bool:
    """Whether what is created is charged by the same request: ``confirm: true``."""
    given = model.program.body(site.fn).call(site.instr)[1]
    arguments = [model.evaluator.value(site.fn, v, site.ctx) for k, v in given if not k or k == "**"]
    return "confirm" in [k for k, _ in given] or any(find_key(model.evaluator, v, {"confirm"})[0] is not None for v in arguments)


def made_anew(model: Model, retry: Retry, source: Value) -> bool:
    """Whether a random value is made within what is repeated, so that each attempt has another."""
    if not isinstance(source, Result) or source.instr < 0:
        return False
    if retry.repeat is not None and source.fn == retry.fn:
        return model.evaluator.defuse(source.fn).block_of[source.instr] in retry.repeat.blocks
    inside = {s.fn for s in retry.sendings} | set(retry.told.repeats if retry.told is not None else ())
    return source.fn in inside
