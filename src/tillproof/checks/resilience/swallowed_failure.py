"""``resilience/swallowed-failure``: what fails while an event or a payment is handled is not taken for success."""

from collections.abc import Iterator, Mapping

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.resilience.begun_payments import is_withheld, keeps_payment, notes_payment
from tillproof.checks.resilience.completed import lost_when_completed
from tillproof.checks.resilience.counted_early import counted_early
from tillproof.checks.resilience.losses import (
    Lost,
    comes_round_again,
    is_left_behind,
    left_to_another,
    lost,
    moved_unseen,
    taken_for_done,
)
from tillproof.checks.resilience.moved_blind import moved_blind
from tillproof.checks.resilience.refused_requests import Refused, refused
from tillproof.checks.resilience.stakes import at_stake
from tillproof.checks.resilience.taken_for_refused import taken_for_refused
from tillproof.checks.resilience.thanked import thanked
from tillproof.checks.resilience.ticked_off import ticked_off
from tillproof.checks.resilience.unfetched import Unfetched, skipped, unanswered, unfetched, untold
from tillproof.checks.resilience.unfitting import Unfitting, unfitting
from tillproof.checks.resilience.unfound import Unfound, unfound
from tillproof.checks.resilience.unheard_of import BESIDE, EARLY, answered_first, out_of_hearing
from tillproof.checks.resilience.unread_answers import unread_answers
from tillproof.checks.resilience.unread_user_errors import unread_user_errors
from tillproof.checks.resilience.unsent import unsent
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.queues import Job
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider

_MOVED = {
    "payment.create": "a charge",
    "payment.capture": "a capture",
    "payment.cancel": "a cancellation",
    "payment.void": "a cancellation",
    "refund.create": "a refund",
    "transfer.create": "a transfer",
    "payout.create": "a payout",
}
_UNTOLD = {
    "tax": "the sale, or its cancellation, is missing from the tax return",
    "shipping": "the parcel is never sent",
    "warehouse": "the goods are never sent",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler, route of customers that takes money, and listener or job that moves some, and place where a failure ends."""
    handlers = {h.entry.target.fn: h for h in model.handlers.all}
    seen: dict[tuple[Fn, int], str] = {}  # where failures end, and the provider whose message first led there
    for entry in model.handlers.entries:
        handler = handlers.get(entry.target.fn)
        effects = at_stake(model, entry, handler)
        if handler is None or handler.kind == "redirect-return":
            yield from _moving(model, entry, seen)
        if handler is None:
            for end, to in unsent(model, entry):
                if (end.fn, end.instr) not in seen:
                    seen[end.fn, end.instr] = ""
                    yield _unsent(model, entry, end, to)
        if not effects:
            continue
        provider = handler.provider.id if handler is not None and handler.kind != "redirect-return" else ""
        found = {place: end for place, end in _ends(model, effects, provider).items() if handler is not None or not is_withheld(model, end)}
        ends = [further for place, end in found.items() if (further := end if place not in seen else _further_out(end, seen)) is not None]
        elsewhere = [end for place, end in found.items() if seen.get(place, provider) != provider]
        told = {place for e in ends for place in ((e.fn, e.instr), *((fn, i) for fn, i, _ in e.again))}
        seen = {**dict.fromkeys((*told, *found), provider), **seen}
        for end, more in _grouped(ends):
            asked = model.failures.refusals_of_others(end.fn, end.instr) if end.instr >= 0 else ()
            yield _asked(model, entry, handler, end, asked) if asked else _broken(model, entry, handler, end, more)
        if not ends and provider and elsewhere:
            yield _here_too(model, entry, handler, elsewhere[0])
        left = {} if handler is None else {(p.caught.fn, p.caught.instr): (handler, p) for p in skipped(model, handler, effects)}
        for place in [p for p in left if p not in seen]:
            seen[place] = provider
            yield _unasked(model, entry, *left[place], at=left[place][1].caught)
        alone = all(any(is_left_behind(model, place) for place in e.way) for e in effects)  # of which no-dead-letter tells
        dropped = list(_dropped_messages(model, entry, handler, effects, seen, alone)) if handler is not None else []
        yield from dropped
        if not (found or left or dropped or alone):
            yield _passed_over(model, entry, handler, effects)
    for job, listener, end in lost_when_completed(model):
        if (end.fn, end.instr) not in seen:
            seen[end.fn, end.instr] = ""
            yield _completed(model, job, listener, end)
    yield from taken_for_refused(model, set(seen))
    yield from thanked(model, set(seen))
    yield from unread_answers(model)
    yield from ticked_off(model, set(seen))
    yield from moved_blind(model, set(seen))
    yield from unread_user_errors(model)


def _dropped_messages(
    model: Model, entry: Entry, handler: Handler, effects: list[Effect], seen: dict[tuple[Fn, int], str], alone: bool
) -> Iterator[Ruling]:
    """Messages that are passed over though nothing was done: what they speak of is not found, or they count as handled too early."""
    provider = handler.provider.id if handler.kind != "redirect-return" else ""
    missed = [u for u in unfound(model, handler) if (u.looked.fn, u.looked.instr) not in seen]
    if missed:
        seen.update(((u.looked.fn, u.looked.instr), provider) for u in missed)
        yield _unknown_order(model, entry, handler, missed)
    if provider and not alone:
        yield from counted_early(model, entry, handler, effects, seen)


def _passed_over(model: Model, entry: Entry, handler: Handler | None, effects: list[Effect]) -> Ruling:
    """Where no exception is lost: whether a message is passed over since somebody who was asked about it gave no good answer."""
    if handler is not None and (dropped := unfetched(model, handler) or unanswered(model, handler) or untold(model, handler)) is not None:
        return _unasked(model, entry, handler, dropped)
    if handler is not None and handler.kind != "redirect-return" and (found := refused(model, effects)) is not None:
        return _refused(model, entry, handler, found)
    if handler is not None and (unfit := unfitting(model, handler)) is not None:
        return _unfit(model, entry, handler, unfit)
    return _held(model, entry, handler, effects[0])


def _moving(model: Model, entry: Entry, seen: dict[tuple[Fn, int], str]) -> Iterator[Ruling]:
    """What becomes of captures, refunds and cancellations that fail; that what follows asks for them proves nothing of the rest."""
    written, answered = taken_for_done(model, entry)
    unseen = _told_done if entry.role == "platform" else _dropped
    told = [(end, unseen) for end in moved_unseen(model, entry)]
    told += [(end, _as_done) for end in written] + [(end, _answered_done) for end in answered]
    for end, tell in told:
        if (end.fn, end.instr) not in seen:
            seen[end.fn, end.instr] = ""
            yield tell(model, entry, end)


def _ends(model: Model, effects: list[Effect], provider: str) -> dict[tuple[Fn, int], Lost]:
    """Where failures of an entry point's effects end, each place once, with all that is further out on the ways that end there."""
    ends: dict[tuple[Fn, int], Lost] = {}
    for effect in effects:
        found = _told_too_late(model, effect) if provider else None
        found = found or lost(model, effect) or ((left_to_another(model, effect) or out_of_hearing(model, effect)) if provider else None)
        if found is not None and not (provider and comes_round_again(model, found.fn)):
            first = ends.setdefault((found.fn, found.instr), found)
            ends[found.fn, found.instr] = first._replace(again=tuple(dict.fromkeys((*first.again, *found.again))))
    return ends


def _further_out(end: Lost, seen: Mapping[tuple[Fn, int], str]) -> Lost | None:
    """Where a failure would end as well that another entry point loses further in, if it came through there."""
    beyond = next(((fn, i) for fn, i, _ in end.again if (fn, i) not in seen), None)
    how = "what is told of it, or comes through, is lost here, and success is answered"
    return end._replace(fn=beyond[0], instr=beyond[1], how=how, again=()) if beyond is not None else None


def _told_too_late(model: Model, effect: Effect) -> Lost | None:
    """Where success was answered before the work began: whatever becomes of a failure behind it, nobody hears of it any more."""
    early = answered_first(model, effect)
    inner = lost(model, effect) if early is not None else None
    return early if early is None or inner is None else early._replace(again=((inner.fn, inner.instr, inner.how), *inner.again))


def _grouped(ends: list[Lost]) -> list[tuple[Lost, list[Lost]]]:
    """Errors that are answered, and that nobody acts upon, are one habit of a function, however many of its writes share it; that no row
    is taken for a message that came before is another."""
    habits: dict[tuple[Fn, bool], list[Lost]] = {}
    for end in (e for e in ends if e.answered):
        habits.setdefault((end.fn, end.for_none), []).append(end)
    return [(e, []) for e in ends if not e.answered] + [(habit[0], habit[1:]) for habit in habits.values()]


def _broken(model: Model, entry: Entry, handler: Handler | None, found: Lost, more: list[Lost]) -> Ruling:
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
            f"never sends it again, so {_missing(found)}."
        )
        mend = (
            "Answer when the work is done, and 500 where it failed"
            if found.how in (EARLY, BESIDE)
            else "Let the exception through, or answer 500"
        )
        ruling.remediation = (
            f"{mend}, so that the event is delivered again; or store the event first and work on it in a job that is retried."
        )
    elif entry.target.fn in model.handlers.working:
        ruling.title = "A failure in a job is taken for done"
        ruling.message = (
            f"{called(model, entry)} works off what a webhook has queued. When the work fails, {_as_job(found.how)}: the queue "
            "never tries it again, the provider was told long ago that all is well, and a payment, refund or cancellation that happened is "
            "missing from the shop's books."
        )
        ruling.remediation = (
            "Let the exception through, or raise one where an answer says that it failed, so that the queue tries again and what fails for "
            "good rests where somebody sees it."
        )
    elif handler is None and found.effect.touch is not None and keeps_payment(model, found.effect.touch):
        ruling.title = "A payment is begun for an order that may not be there"
        ruling.message = (
            f"When the order cannot be stored in {called(model, entry)}, {found.how}: the customer pays all the same, the message that "
            "tells of it finds no order, and nobody is told."
        )
        ruling.remediation = "Store the order first, begin the payment for it, and answer an error when either fails."
    elif handler is None and found.effect.touch is not None and notes_payment(model, found.effect.touch):
        ruling.title = "A payment is begun that its order may not know of"
        ruling.message = (
            f"When the payment's id cannot be stored with its order in {called(model, entry)}, {found.how}: the customer pays all the "
            "same, the message that tells of it finds no order, and nobody is told."
        )
        ruling.remediation = "Answer an error when the id cannot be stored, so that the customer does not pay what no order knows of."
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
    ruling.evidence += [Evidence(m.fn.file, model.program.body(m.fn).line[m.instr], m.how, "missing") for m in more]
    again = found.again if webhook else ()  # a customer is told what a page says
    ruling.evidence += [Evidence(fn.file, model.program.body(fn).line[i], how, "missing") for fn, i, how in again]
    if webhook:
        caught = [(found.fn, found.instr), *((fn, i) for fn, i, _ in again)]
        ruling.evidence += [answer for fn, i in caught if i >= 0 and (answer := _answered_at(model, fn, i)) is not None]
    ruling.evidence += steps(model, found.effect, "this may fail")
    if found.answered:
        raises = remedies.code(model, found.fn.file, "raise-answer") or "`if (error) throw error`"
        ruling.remediation = f"Ask each answer whether it is an error, and raise it: {raises}. " + ruling.remediation
    return ruling


def _answered_at(model: Model, fn: Fn, caught: int) -> Evidence | None:
    """The line by which a handler of exceptions answers, where that is another than the one that catches."""
    catch, body = model.failures.caught_at(fn, caught), model.program.body(fn)
    answers = [body.line[i] for i in body.rows(catch.blocks) if body.op[i] == Op.RETURN] if catch is not None else []
    return Evidence(fn.file, answers[0], "answered as if all were well", "missing") if answers and answers[0] != body.line[caught] else None


def _as_job(how: str) -> str:
    return how.replace("success is answered", "the job counts as done")


def _here_too(model: Model, entry: Entry, handler: Handler | None, found: Lost) -> Ruling:
    """A message that is lost where other work is lost as well, told where the handler itself leads there."""
    ruling = _broken(model, entry, handler, found, [])
    own = found.effect.way[-1]
    line = model.program.body(own.fn).line[own.instr]
    ruling.anchor = (own.fn.file, line, line)
    return ruling


def _dropped(model: Model, entry: Entry, found: Lost) -> Ruling:
    what = _MOVED[found.effect.kind]
    ruling = _moved(model, entry, found, "is dropped without a word", "the exception is caught, and nothing is done with it")
    ruling.message = (
        f"{called(model, entry)} runs while nobody waits for it, and when the provider refuses or cannot be reached the exception is "
        f"caught and nothing is done: {what} never happened, the shop goes on as if it had, and nobody is told."
    )
    ruling.remediation = (
        "Note the failure beside the order and tell somebody, and let a job try again; let the exception through where the caller can."
    )
    return ruling


def _told_done(model: Model, entry: Entry, found: Lost) -> Ruling:
    ruling = _moved(model, entry, found, "is told to the platform as done", found.how)
    ruling.message = (
        f"The platform asks {called(model, entry)} for {_MOVED[found.effect.kind]} and books what it answers. When the provider refuses or "
        f"cannot be reached, {found.how}: the shop's books say that money was moved which was not."
    )
    ruling.remediation = "Wait for the provider's answer, and let the exception through, or answer in the platform's way that it failed."
    return ruling


def _as_done(model: Model, entry: Entry, found: Lost) -> Ruling:
    ruling = _moved(model, entry, found, "is taken for done", found.how)
    ruling.message = (
        f"When the provider refuses or cannot be reached in {called(model, entry)}, {found.how.partition(',')[0]} and the order is written "
        f"as if {_MOVED[found.effect.kind]} had been made: our books and the customer's account no longer agree, and nobody is told."
    )
    ruling.remediation = (
        "Write the new state only behind the provider's answer: let the exception through and answer an error, or note the order as one "
        "whose money is still to be moved and let a job try again."
    )
    return ruling


def _answered_done(model: Model, entry: Entry, found: Lost) -> Ruling:
    what = _MOVED[found.effect.kind]
    ruling = _moved(model, entry, found, "is answered as done", found.how)
    ruling.message = (
        f"When the provider refuses or cannot be reached in {called(model, entry)}, {found.how}: whoever asked for {what} believes that it "
        "was made, and the money has not moved."
    )
    ruling.remediation = "Answer an error where the provider did not say yes, and note the order as one whose money is still to be moved."
    return ruling


def _moved(model: Model, entry: Entry, found: Lost, becomes: str, how: str) -> Ruling:
    """A capture, refund or the like that has failed, and what becomes of it, without what that means and how to mend it."""
    file, line = entry_line(model, entry)
    what = _MOVED[found.effect.kind]
    at = model.program.body(found.fn).line[found.instr]
    ruling = Ruling("resilience/swallowed-failure", "broken", "payment-step", file, line, severity="high", confidence="likely")
    ruling.anchor = (found.fn.file, at, at)
    ruling.title = f"{what[0].upper()}{what[1:]} that fails {becomes}"
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        Evidence(found.fn.file, at, how, "missing"),
        *steps(model, found.effect, "this may fail"),
    ]
    return ruling


def _unsent(model: Model, entry: Entry, found: Lost, to: Provider) -> Ruling:
    """An order that another system never hears of; no money hangs on it at once, so it weighs less."""
    file, line = entry_line(model, entry)
    at = model.program.body(found.fn).line[found.instr]
    ruling = Ruling("resilience/swallowed-failure", "broken", "order-handover", file, line, severity="medium", confidence="likely")
    ruling.anchor = (found.fn.file, at, at)
    ruling.title = f"An order that {to.name} could not be told of is given up"
    ruling.message = (
        f"{called(model, entry)} runs once for an order. When {to.name} refuses or cannot be reached, {found.how.partition(',')[0]}, and "
        f"nothing makes the call again: {_UNTOLD.get(to.kind, 'the order is missing there')}, and nobody is told."
    )
    ruling.remediation = (
        "Let the exception through where the caller tries again, or note the order as one that is still to be handed over, and let a job "
        "with growing waits do it until it succeeds; tell somebody when it does not."
    )
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        Evidence(found.fn.file, at, found.how, "missing"),
        *steps(model, found.effect, "this may fail"),
    ]
    return ruling


def _missing(found: Lost) -> str:
    if found.goes_on:
        return "what failed here is missing beside all that was done after it, and nobody makes up for it"
    return "a payment, refund or cancellation that happened is missing from the shop's books"


def _asked(model: Model, entry: Entry, handler: Handler | None, found: Lost, exceptions: tuple[str, ...]) -> Ruling:
    """Who alone knows what is done before such an exception is raised has to say whether anything is lost."""
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "unknown", handler.kind if handler else "payment-step", file, line)
    at = model.program.body(found.fn).line[found.instr]
    told = " or ".join(f"`{e}`" for e in exceptions)
    ruling.question = Evidence(
        found.fn.file, at, f"When {told} is raised here, success is answered: is the payment recorded by then, and is somebody told?"
    )
    return ruling


def _unasked(model: Model, entry: Entry, handler: Handler, found: Unfetched, at: Place | None = None) -> Ruling:
    """A message that is dropped because the provider could not be asked about it. ``at``: where it stands, if not where it is dropped."""
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "broken", handler.kind, file, line, severity="high", confidence="likely")
    ruling.anchor = lines(model, at or found.dropped)
    ruling.title = "A message is dropped when the provider cannot be asked about it"
    ruling.message = (
        f"{called(model, entry)} asks {handler.provider.name} about what it is told. When that fails, no exception comes of it: "
        "the handler leaves as it does for a message that is none of its business, and success is answered: the message never comes again."
    )
    ruling.remediation = (
        "Let the exception through, or answer 500 when the provider gave no answer, so that the message is delivered again."
    )
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        step(model, found.asked, "this may fail", "sink"),
        step(model, found.caught, "the failure becomes a value here", "step"),
        step(model, found.dropped, "nothing behind this answers with an error", "missing"),
    ]
    return ruling


def _refused(model: Model, entry: Entry, handler: Handler, found: Refused) -> Ruling:
    """A message that is dropped because another system answered with an error when it was asked for what the work needs."""
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "broken", handler.kind, file, line, severity="high", confidence="likely")
    ruling.anchor = lines(model, found.dropped)
    ruling.title = "A message is dropped when another system answers with an error"
    ruling.message = (
        f"{called(model, entry)} asks another system on the way. When that answers with an error status, the work is left out and success "
        f"is answered: {handler.provider.name} counts the event as delivered and never sends it again, and nobody is told."
    )
    ruling.remediation = "Answer 500, or raise, where the status is one of failure, so that the event is delivered again."
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        step(model, found.asked, "this may be answered with an error", "step"),
        step(model, found.dropped, "nothing behind this answers with an error", "missing"),
        *steps(model, found.effect, "this is left undone"),
    ]
    return ruling


def _unknown_order(model: Model, entry: Entry, handler: Handler, found: list[Unfound]) -> Ruling:
    """A payment that is dropped since its order is not found."""
    file, line = entry_line(model, entry)
    first, name = found[0], handler.provider.name
    ruling = Ruling("resilience/swallowed-failure", "broken", handler.kind, file, line, severity="medium", confidence="likely")
    ruling.anchor = lines(model, first.dropped)
    ruling.title = f"A payment whose {'account' if first.owner else 'order'} is not found is dropped without a word"
    ruling.message = (
        f"When {called(model, entry)} is told of money for an order or account that is not there, not yet stored, or stored under another "
        f"id, success is answered: {name} counts the event as delivered and never sends it again, the money belongs to nothing, and "
        "nobody is told."
    )
    ruling.remediation = (
        "Answer an error (404 or 500), so that the event comes again once it is stored; or keep the event and tell somebody."
    )
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: what must not be lost")]
    for one in found:
        ruling.evidence += [
            step(model, one.looked, "what was paid for is looked up", "step"),
            step(model, one.dropped, "none is found, and success is answered", "missing"),
        ]
    ruling.evidence += steps(model, first.effect, "this is left undone")
    return ruling


def _unfit(model: Model, entry: Entry, handler: Handler, found: Unfitting) -> Ruling:
    """A payment that is dropped since its sum or currency is not the order's."""
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "broken", handler.kind, file, line, severity="medium", confidence="likely")
    ruling.anchor = lines(model, found.dropped)
    ruling.title = "A payment whose sum does not fit is dropped without a word"
    ruling.message = (
        f"When {called(model, entry)} is told of a payment whose amount or currency is not the order's, nothing is done, nothing is logged "
        f"and success is answered: {handler.provider.name} counts the event as delivered, the money is the shop's, the order stays unpaid, "
        "and nobody is told."
    )
    ruling.remediation = "Note the payment beside the order and tell somebody, who pays the money back or asks for the rest."
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        step(model, found.dropped, "what does not fit is passed over here, and success is answered", "missing"),
        *steps(model, found.effect, "this is left undone"),
    ]
    return ruling


def _completed(model: Model, job: Job, listener: Fn, found: Lost) -> Ruling:
    """An order that is written when a job that took the money has completed, by what nothing makes again."""
    program = model.program
    function = program.function(listener)
    line = function.line if function is not None else 1
    at = program.body(found.fn).line[found.instr]
    ruling = Ruling("resilience/swallowed-failure", "broken", "payment-step", listener.file, line, severity="high", confidence="likely")
    ruling.anchor = (found.fn.file, at, at)
    ruling.title = "What fails after the money was taken is lost"
    ruling.message = (
        f"The job has taken the money, and what follows is done when {job.queue.name} tells that it has completed. When that fails, "
        f"{_as_job(found.how)}: the job is not run again, the customer has paid, and the order does not know of it."
    )
    ruling.remediation = (
        "Write the order in the job itself, under the payment's id and in a way that may be repeated, so that the queue tries again; or "
        "keep what is to be done before the money is taken, and tell somebody when it fails."
    )
    ruling.evidence = [
        Evidence(listener.file, line, "done when the job has completed", "source"),
        Evidence(found.fn.file, at, found.how, "missing"),
        *steps(model, found.effect, "this may fail"),
    ]
    return ruling


def _held(model: Model, entry: Entry, handler: Handler | None, effect: Effect) -> Ruling:
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "held", handler.kind if handler else "payment-step", file, line)
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what fails here must be told"),
        step(model, effect.way[-1], "a failure is raised, answered as an error, or kept for later", "guard"),
    ]
    return ruling


CHECK = Check(id="resilience/swallowed-failure", title="A failure is not answered as success", severity="high", rule=rule)
