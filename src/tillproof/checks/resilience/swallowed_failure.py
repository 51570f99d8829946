"""``resilience/swallowed-failure``: what fails while an event or a payment is handled is not taken for success."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, source, step, steps
from tillproof.commerce.effects import Effect, Place, Plain
from tillproof.commerce.entries import Entry
from tillproof.commerce.handlers import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

_CHARGES = (
    "payment.create",
    "payment.capture",
    "payment.confirm",
    "refund.create",
    "transfer.create",
    "payout.create",
    "subscription.create",
)


_PROOF = Plain("webhook.verify", True, None, False)
_PAGES = re.compile(r"redirect|render|view|template", re.IGNORECASE)


class _Lost(NamedTuple):
    """A failure that is taken for success: the effect that may fail, where that ends, and how."""

    effect: Effect
    fn: Fn
    instr: int
    how: str


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler, and per route of customers that takes money, and place where a failure ends."""
    handlers = {h.entry.target.fn: h for h in model.handlers.all}
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries:
        handler = handlers.get(entry.target.fn)
        effects = _at_stake(model, entry, handler)
        if not effects:
            continue
        lost = {}
        for effect in effects:
            found = _lost(model, effect)
            if found is not None and (found.fn, found.instr) not in seen:
                seen.add((found.fn, found.instr))
                lost[found.fn, found.instr] = found
        for found in lost.values():
            yield _broken(model, entry, handler, found)
        if not lost:
            yield _held(model, entry, handler, effects[0])


def _at_stake(model: Model, entry: Entry, handler: Handler | None) -> list[Effect]:
    """The effects whose failure must not be lost: in a handler all that change something; in a route that takes money those after it."""
    if handler is None and (
        entry.role not in ("public", "customer") or not any(model.vocabulary.money(fn) for fn in model.handlers.closure(entry).functions)
    ):
        return []
    effects = [e for e in model.effects.of(entry.target) if e.kind not in ("mail", "event", "job", "order.note")]
    if (
        handler is not None
        and handler.kind != "redirect-return"
        and not (_settled_elsewhere(model, handler) and _faces_browser(model, entry))
    ):
        proofs = [p for p in handler.walked.proofs if p.how in ("answer", "refetch")]
        return effects + [Effect(_PROOF, p.fn, p.instr, p.ctx, model.records) for p in proofs]
    first = next(
        (
            n
            for n, e in enumerate(effects)
            if e.kind in _CHARGES or (handler is not None and e.operation is not None and e.operation.confirms)
        ),
        None,
    )
    if first is None:
        return []
    if handler is not None and _settled_elsewhere(model, handler):
        return []  # the webhook settles what the return loses
    return [e for e in effects[first + 1 :] if e.touch is not None and model.words.entity(e.touch.entity)]


def _settled_elsewhere(model: Model, handler: Handler) -> bool:
    """Whether another message of the same provider comes to us, so that what one loses the other brings."""
    return any(h is not handler and h.kind != "redirect-return" and h.provider.id == handler.provider.id for h in model.handlers.all)


def _faces_browser(model: Model, entry: Entry) -> bool:
    """Whether an entry point answers with a page or sends the browser on."""
    program = model.program
    body = program.body(entry.target.fn)
    return any(
        op == Op.RETURN and _PAGES.search(written(program, entry.target.fn, body.args(i)[0]))
        for i, op in enumerate(body.op)
        if body.args(i)[:1] != [-1]
    )


def _lost(model: Model, effect: Effect) -> _Lost | None:
    """Where a failure of an effect ends without being raised, answered or kept; None when it is told."""
    way = effect.way()
    for n, place in enumerate(way):
        if n and (logged := model.failures.only_logged(place)) is not None:
            return _Lost(effect, place.fn, logged, "the answer says that it failed; that is logged, and success is answered")
        catch = model.failures.around(place, ours=effect.touch is not None)
        if catch is None:
            continue
        if not model.failures.swallows(place.fn, catch):
            return None
        if all(_goes_on_quietly(model, outer) for outer in way[n + 1 : n + 3]):
            return _Lost(effect, place.fn, catch.caught, "the exception is caught, and success is answered")
        return None
    return None


def _goes_on_quietly(model: Model, place: Place) -> bool:
    return model.failures.answer_is_lost(place)


def _broken(model: Model, entry: Entry, handler: Handler | None, found: _Lost) -> Ruling:
    file, line = entry_line(model, entry)
    body = model.program.body(found.fn)
    webhook = handler is not None and handler.kind != "redirect-return"
    ruling = Ruling("resilience/swallowed-failure", "broken", handler.kind if handler else "payment-step", file, line)
    at = body.line[found.instr] if found.instr >= 0 else line
    ruling.severity, ruling.confidence = "high", "likely"
    ruling.anchor = (found.fn.file, at, at)
    name = handler.provider.name if handler else "the provider"
    ruling.title = "A failure is taken for success" if webhook else "What fails after the money was taken is lost"
    if webhook:
        ruling.message = (
            f"When the work behind {called(model, entry)} fails, {found.how}: {name} counts the event as delivered and "
            "never sends it again, so a payment, "
            "refund or cancellation that happened is missing from the shop's books."
        )
        ruling.remediation = (
            "Let the exception through, or answer 500, so that the event is delivered again; or store the event first and work on it in a "
            "job that is retried."
        )
    else:
        ruling.message = (
            f"When something fails in {called(model, entry)} after the customer has paid, {found.how}: the money is taken, the "
            "order does not know of it, and nobody is told."
        )
        ruling.remediation = (
            "Record the charge's id before anything else can fail, report the exception, and let a webhook or a job finish the order; do "
            "not tell the customer to pay again."
        )
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        Evidence(found.fn.file, at, found.how, "missing"),
    ]
    ruling.evidence += steps(model, found.effect, "this may fail")
    return ruling


def _held(model: Model, entry: Entry, handler: Handler | None, effect: Effect) -> Ruling:
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "held", handler.kind if handler else "payment-step", file, line)
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what fails here must be told"),
        step(model, effect.place, "a failure is raised, answered as an error, or kept for later", "guard"),
    ]
    return ruling


CHECK = Check(id="resilience/swallowed-failure", title="A failure is not answered as success", severity="high", rule=rule)
