"""``order/refund-exceeds-capture``: no more goes back than came in and has not gone back yet."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import called, entry_line, extent
from tillproof.commerce.given import depends_on_caller
from tillproof.commerce.model import Model
from tillproof.commerce.refund_bounds import Bound
from tillproof.commerce.refunds import Refund
from tillproof.commerce.requests import Source
from tillproof.flow.program import Fn
from tillproof.flow.values import Member, Result, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

ID = "order/refund-exceeds-capture"
_PIECES = 80
_HELD = {
    "left": "the amount is held to what is left to refund",
    "once": "only one refund gets past this state, and it is held to the whole",
    "lowered": "every refund takes its amount off the figure that limits it",
}
_PLATFORM = "the platform hands over an amount that it has compared with what is left to refund"
_RANK = ("asked", "stale", "whole", "none", "lowered", "once", "left")


@dataclass(frozen=True, slots=True)
class _Case:
    refund: Refund
    bound: Bound
    asked: tuple[Source, ...]
    before: Source | None = None


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per refund and place where its limit stands or has to go."""
    seen: set[tuple[str, str, int]] = set()
    parts: dict[tuple[Fn, int], list[_Case]] = {}
    for refund in model.refunds.all:
        bound, asked = model.refund_bounds.of(refund), model.refunds.asked(refund)
        before = model.refund_bounds.requested.of(refund) if bound.kind == "none" and not asked else None
        parts.setdefault(_where(model, refund), []).append(_Case(refund, bound, asked, before))
    for cases in parts.values():
        ruling = _rule(model, min(cases, key=lambda c: (_RANK.index(c.bound.kind), not (c.asked or c.before))))
        if ruling is not None:
            key = (ruling.outcome, *(ruling.anchor[:2] if ruling.anchor else (ruling.file, ruling.line)))
            if key not in seen:
                seen.add(key)
                yield ruling


def _where(model: Model, refund: Refund) -> tuple[Fn, int]:
    """Where a limit has to go: the innermost function on the way that has records in hand, before one that other ways share."""
    best = refund.calls[-1]
    alone = [best]
    for place in reversed(refund.calls[:-1]):
        function = model.program.function(place[0])
        if function is not None and function.name and len(model.callers.of(place[0])) > 1:
            break
        alone.append(place)
    knowing = next((p for p in reversed(alone) if _has_records(model, p[0])), best)
    return knowing[0], knowing[1]


def _has_records(model: Model, fn: Fn) -> bool:
    """Whether a function reads or writes records itself."""
    body = model.program.body(fn)
    return any(op == Op.CALL and model.records.touch(fn, i, None) is not None for i, op in enumerate(body.op))


def _rule(model: Model, case: _Case) -> Ruling | None:
    refund, bound = case.refund, case.bound
    name = refund.provider.name if refund.provider else "a record of ours"
    what = f"{name} is asked for a refund here" if refund.provider else "a refund is written down here"
    place = at(model.program, refund.fn, refund.instr, what, "sink")
    ruling = Ruling(ID, "held", "refund", place.file, place.line, [place])
    if bound.kind in _HELD and bound.fn is not None:
        ruling.evidence.append(at(model.program, bound.fn, bound.instr, _HELD[bound.kind], "guard"))
        return ruling
    by_platform = _by_platform(case)
    handed = refund.amount is not None and (case.asked or depends_on_caller(model, refund.amount))
    if bound.kind == "stale" or (bound.kind in ("whole", "asked") and handed and not by_platform):
        return _broken(model, case, ruling)
    if refund.amount is None:
        if refund.told and by_platform:
            ruling.evidence.append(Evidence(place.file, place.line, _PLATFORM, "guard"))
            return ruling
        if refund.told:
            return _unknown(ruling, "Is an amount handed over in the part of this call that is not seen, and what limits it?")
        ruling.evidence.append(Evidence(place.file, place.line, "no amount is given: the provider gives back what is left", "guard"))
        return ruling
    if (case.asked or case.before is not None) and not by_platform:
        return _broken(model, case, ruling)
    if (why := _own(model, case)) is not None:
        ruling.evidence.append(Evidence(*refund.amount.at, why, "guard"))
        return ruling
    if not refund.entries:
        return None  # a function that nobody seen here calls: whoever does so owes the limit
    return _unknown(ruling, "Is this amount at most what was paid and has not gone back yet? Where it comes from is not seen.")


def _unknown(ruling: Ruling, question: str) -> Ruling:
    ruling.outcome = "unknown"
    ruling.question = Evidence(ruling.file, ruling.line, question)
    return ruling


def _by_platform(case: _Case) -> bool:
    """Whether the platform hands the amount over: a hook of its that reads one from the request by itself has it from whoever sent it."""
    return bool(case.refund.entries) and all(e.role == "platform" for e in case.refund.entries) and not case.asked


def _own(model: Model, case: _Case) -> str | None:
    """Why an amount that no request chooses needs no comparison; None when it is not known where it comes from."""
    refund = case.refund
    if refund.amount is None:
        return None
    if _by_platform(case):
        return _PLATFORM
    for here in pieces([refund.amount], _PIECES):
        if isinstance(here, Result) and here.instr >= 0 and not here.new:
            known = model.operations.at(here.fn, here.instr, here.ctx)
            if known is not None and isinstance(known.thing, Operation):
                return "the amount is what the provider says was paid"
    if depends_on_caller(model, refund.amount):
        return None
    if any(isinstance(p, Member) and model.words.money(p.name) for p in pieces([refund.amount], _PIECES)):
        return "the amount is the one on record, not one that somebody sends"
    return None


def _broken(model: Model, case: _Case, ruling: Ruling) -> Ruling:
    refund, bound = case.refund, case.bound
    fn, instr = (bound.fn, bound.instr) if bound.fn is not None else _where(model, refund)
    ruling.outcome = "broken"
    ruling.severity = "medium" if refund.staff_only else "high"
    ruling.confidence = "likely"
    ruling.anchor = extent(model.program, fn, instr)
    asked = case.asked[0].key if case.asked and case.asked[0].key else "the amount"
    who = f" by {called(model, refund.entries[0])}" if refund.entries else ""
    only = " Only staff can send it." if refund.staff_only and case.before is None else ""
    limit = f"only {refund.provider.name}'s own limit is left" if refund.provider else "nothing else limits what the books say was refunded"
    if case.before is not None:
        ruling.title = "What a customer asked to have back is refunded as it was stored"
        ruling.message = (
            f"`{case.before.key or 'the amount'}` was stored as the customer's request said, and is refunded once staff agree: neither "
            f"then nor now is it compared with what was paid and has not gone back yet, and {limit}. Who agrees sees no limit."
        )
    elif bound.kind == "none":
        ruling.title = "The amount of a refund is whatever the request says"
        ruling.message = (
            f"`{asked}` is taken from the request{who} and refunded as it comes: nothing compares it with what was paid and has not gone "
            f"back yet, and {limit}. A wrong or repeated figure pays out more than came in.{only}"
        )
    elif bound.kind == "whole":
        ruling.title = "A refund is compared with the whole payment, not with what is left of it"
        ruling.message = (
            f"The amount is compared with the whole of what was paid, but what went back before is not taken off: two refunds that each "
            f"pass this comparison can together pay out more than came in, and {limit}."
        )
    elif bound.kind == "asked":
        ruling.title = "The limit of a refund is worked out from the same request as its amount"
        ruling.message = (
            "The figure that the amount is compared with is itself made from what the request says, so whoever raises the one raises the "
            f"other: neither what was paid nor what went back before limits the refund, and {limit}.{only}"
        )
    else:
        ruling.title = "A second round of the loop can refund the same payment again"
        ruling.message = (
            "This picks a payment by its fixed place in a list that was read before the loop, so a payment that this loop has refunded "
            "already can be taken again, with what was left of it before. More goes back than the payment brought in."
        )
    ruling.remediation = _remedy(bound)
    sent = [case.before] if case.before is not None else case.asked[:1]
    ruling.evidence += [Evidence(*s.at, f"`{s.key or 'the request'}` is read from the request", "source") for s in sent]
    if not case.asked and refund.entries:
        file, line = entry_line(model, refund.entries[0])
        ruling.evidence.append(Evidence(file, line, f"reached from {called(model, refund.entries[0])}", "source"))
    lacks = "a payment may be taken twice" if bound.kind == "stale" else "what was paid and is not refunded yet is not the limit"
    ruling.evidence.append(at(model.program, fn, instr, lacks, "missing"))
    return ruling


def _remedy(bound: Bound) -> str:
    if bound.kind == "stale":
        return (
            "Never take a payment twice in one call: leave out those that were refunded already and refuse when none is left, or read the "
            "payment's refunds anew in every round."
        )
    return (
        "Under a lock of the payment's row read what was captured and sum up the refunds that have not failed, refuse an amount above "
        "`captured - refunded` (and one of zero or less), and write the refund down in the same transaction."
    )


CHECK = Check(id=ID, title="No more is refunded than was paid and is left", severity="high", rule=rule)
