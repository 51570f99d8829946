"""``order/refund-not-recorded``: money that goes back is written down, and what is written down has gone back."""

from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import anchor, called, entry_line, extent, lines, source, step, steps
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.late_refusals import LateRefusal
from tillproof.commerce.misdirected import Misdirected
from tillproof.commerce.model import Model
from tillproof.commerce.refund_errors import Unbooked
from tillproof.commerce.refund_messages import Picked
from tillproof.commerce.refund_records import Kept, Marked
from tillproof.commerce.refunds import Refund

ID = "order/refund-not-recorded"
_MOST = 8
_HELD = {
    "full": "the refund is written down here",
    "part": "what was sent back, with its sum, is marked as refunded here",
    "platform": "the platform that calls this writes the refund down",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per call that asks for a refund, per handler that is told of one, and per place that only marks one."""
    seen: set[tuple[str, str, int]] = set()
    for refund in model.refunds.all:
        if refund.provider is not None:
            kept = model.refund_records.kept(refund)
            if kept.kind in ("none", "told") and not refund.entries:
                continue  # nothing seen here calls it: whoever does so owes the record
            ruling = _asked(model, refund, kept)
            key = (ruling.outcome, *(ruling.anchor[:2] if ruling.anchor else (ruling.file, ruling.line)))
            if key not in seen:
                seen.add(key)
                yield ruling
    for marked in model.refund_records.marked:
        yield _marked(model, marked)
    for unbooked in model.refund_records.errors.all:
        yield _unbooked(model, unbooked)
    for misdirected in model.refund_records.misdirected.all:
        yield _misdirected(model, misdirected)
    yield from _messages(model)


def _asked(model: Model, refund: Refund, kept: Kept) -> Ruling:
    name = refund.provider.name if refund.provider else ""
    place = at(model.program, refund.fn, refund.instr, f"{name} is asked for a refund here", "sink")
    ruling = Ruling(ID, "held", "refund", place.file, place.line, [place], severity="medium")
    if kept.kind in ("full", "state") and (late := model.refund_records.late(refund)) is not None:
        return _late(model, refund, late, ruling)
    if kept.kind in _HELD and kept.place is not None:
        guards = (step(model, place, _HELD[kept.kind], "guard") for place in (kept.place, *kept.more))
        ruling.evidence += list(dict.fromkeys(guards))[:_MOST]
        return ruling
    if kept.kind == "told" and kept.place is not None:
        ruling.outcome = "unknown"
        told = step(model, kept.place, "Does whoever is told of this refund write it down on the order and its lines?")
        ruling.question = told
        return ruling
    ruling.outcome, ruling.confidence = "broken", "likely"
    if kept.kind == "whole" and kept.place is not None:
        ruling.anchor = lines(model, _near(refund, kept.place))
        ruling.title = "A part that is given back makes the whole order refunded"
        ruling.message = (
            f"{name} gives back what was sent back of the order, and all that is written down is that the order is refunded, whatever part "
            "that was: the rest of it counts as given back too, what the payment has left is not known, and the next return is refunded "
            "from books that do not show this one."
        )
        ruling.evidence.append(step(model, kept.place, "the whole order is refunded from here on", "missing"))
    elif kept.kind == "state" and kept.place is not None:
        ruling.anchor = lines(model, _near(refund, kept.place))
        ruling.title = "A partial refund is kept as a state alone"
        ruling.message = (
            f"The request chooses how much {name} gives back, and all that is kept of it is a state: neither the amount "
            "nor the lines that it "
            "was for are written down. The next refund, the order's revenue and what the customer is told cannot be "
            "worked out from the books."
        )
        ruling.evidence.append(step(model, kept.place, "only a state is written", "missing"))
    else:
        ruling.anchor = lines(model, Place(refund.fn, refund.instr, refund.ctx))
        ruling.title = "A refund leaves no trace on the order"
        ruling.message = (
            f"{name} is asked to give money back, and nothing on the way writes it down: the order still counts as "
            "paid, its lines as sold and "
            "the amount as revenue, and the next person refunds it again."
        )
        ruling.evidence.append(at(model.program, refund.fn, refund.instr, "nothing is written down before or after this", "missing"))
    if refund.entries:
        file, line = entry_line(model, refund.entries[0])
        ruling.evidence.insert(0, Evidence(file, line, f"reached from {called(model, refund.entries[0])}", "source"))
    ruling.remediation = (
        "Write a record of the refund (amount, currency, the lines and quantities, the provider's id) in state "
        "`pending` before the call, settle "
        "it from the answer or the provider's webhook, and set the order to refunded or partially refunded by what is left of it."
    )
    return ruling


def _late(model: Model, refund: Refund, late: LateRefusal, ruling: Ruling) -> Ruling:
    name = refund.provider.name if refund.provider else ""
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.anchor = lines(model, late.refused)
    ruling.title = "It is refused only after the money went back"
    becomes = (
        "the transaction that is rolled back then takes the order's state and the record with it"
        if late.begun is not None
        else "what would be written down behind it never is"
    )
    ruling.message = (
        f"{name} has given the money back when this refuses by what the shop's own records say, and {becomes}: the customer has his money, "
        "the order stays paid and is sent, and it can be refunded again."
    )
    ruling.remediation = (
        f"Ask this before {name} is called, under the same lock; write the refund down as pending and commit that, then ask {name}, and "
        "settle the record from the answer."
    )
    ruling.evidence.append(step(model, late.asked, "asked only now, though the records said so before"))
    if late.begun is not None:
        ruling.evidence.append(step(model, late.begun, "the transaction that is rolled back begins here"))
    ruling.evidence.append(step(model, late.refused, "refused behind the refund", "missing"))
    return ruling


def _near(refund: Refund, place: Place) -> Place:
    """The call in the function that refunds, or in one that calls it, by which a place is reached; else the place itself."""
    above = [Place(c.caller, c.call, c.parent) for c in (place.ctx.chain() if place.ctx else ()) if c.call >= 0]
    return next((p for p in (place, *above) if p.fn in refund.functions), place)


def _unbooked(model: Model, unbooked: Unbooked) -> Ruling:
    """A record that the platform may refuse to make, of which nobody hears."""
    fn, instr, _ = unbooked.place
    call = model.program.body(fn).called(instr)
    place = at(model.program, fn, instr, f"`{call}` answers an error when it makes no record", "sink")
    ruling = Ruling(ID, "broken", "refund", place.file, place.line, [place], severity="medium", confidence="likely")
    ruling.anchor = extent(model.program, fn, instr if unbooked.logged < 0 else unbooked.logged)
    ruling.title = "A refund that the shop refuses to record is taken for recorded"
    does = "its answer is thrown away" if unbooked.logged < 0 else "its error is only logged, and what follows goes on"
    ruling.message = (
        f"`{call}` raises nothing: it answers an error when the amount is more than is left or the order cannot be found. Here {does}. The "
        "money has gone back, the order does not show it, and it can be refunded again."
    )
    ruling.remediation = (
        f"Ask what `{call}` answers (`is_wp_error`); when it is an error raise it or answer with one, so that the message is sent again, "
        "and tell somebody."
    )
    lacks = at(model.program, fn, instr if unbooked.logged < 0 else unbooked.logged, "nobody acts on the error", "missing")
    ruling.evidence.append(lacks)
    return ruling


def _misdirected(model: Model, wrong: Misdirected) -> Ruling:
    site, other = wrong.site, wrong.other
    place = at(model.program, site.fn, site.instr, f"{site.provider.name} is asked for a refund here", "sink")
    ruling = Ruling(ID, "broken", "refund", place.file, place.line, [place], severity="medium", confidence="likely")
    ruling.anchor = extent(model.program, site.fn, wrong.key.instr)
    ruling.title = f"What becomes of the refund is sent to the route of {other.name}"
    ruling.message = (
        f"{site.provider.name} tells later whether the refund was made, and is told an address of {other.name} for that: its message fails "
        f"the proof that {other.name}'s messages have to pass, so no refund is ever settled in the books."
    )
    ruling.remediation = f"Name the route that takes {site.provider.name}'s messages about refunds, and let it settle the refund's record."
    ruling.evidence.append(at(model.program, wrong.key.fn, wrong.key.instr, f"the address is that of {other.name}", "missing"))
    ruling.evidence.append(Evidence(*entry_line(model, wrong.handler.entry), f"takes the messages of {other.name}"))
    return ruling


def _marked(model: Model, marked: Marked) -> Ruling:
    file, line = entry_line(model, marked.entry)
    ruling = Ruling(ID, "broken", "refund", file, line, severity="medium", confidence="likely")
    place = anchor(model, marked.effect)
    ruling.anchor = lines(model, place)
    name = marked.touch.entity.replace("_", " ") or "order"
    ruling.title = "Marked as refunded, though no money goes back and no amount is kept"
    ruling.message = (
        f"{called(model, marked.entry)} sets `{marked.field}` of the {name}, but nothing in this code asks the payment "
        "provider for a refund, and "
        "neither an amount nor the lines that it is for are written down. The books say that the customer has the money back; the provider "
        "still has it, or somebody sends it by hand with nothing to compare it with."
    )
    asked = next((p for p in model.handlers.paying(model.program.unit(place.fn.file)) if "refund" in p.remedies), None)
    code = remedies.code(model, place.fn.file, "refund", asked)
    ruling.remediation = (
        f"Ask {asked.name if asked is not None else 'the provider'} for the refund first, with an idempotency key"
        f"{f' ({code})' if code else ''}, write its id, amount and lines down, and mark the {name} only when it is confirmed."
    )
    ruling.evidence = [source(model, marked.entry, f"{called(model, marked.entry)}: called by {marked.entry.role}")]
    ruling.evidence += steps(model, marked.effect, f"`{marked.field}` says refunded")
    ruling.evidence.append(step(model, place, "no refund is asked for, no amount is kept", "missing"))
    return ruling


def _messages(model: Model) -> Iterator[Ruling]:
    """Handlers that are told of refunds."""
    for picked in model.refund_records.messages.picked:
        yield _picked(model, picked)
    for handler in model.handlers.all:
        if handler.kind == "redirect-return":
            continue
        found = model.refund_records.messages.dropped(handler)
        if found is None:
            if (whole := model.refund_records.messages.taken_for_whole(handler)) is not None:
                yield _whole(model, handler, *whole)
            continue
        fn, instr, event = found
        file, line = entry_line(model, handler.entry)
        ruling = Ruling(ID, "broken", handler.kind, file, line, severity="medium", confidence="likely")
        ruling.anchor = extent(model.program, fn, instr)
        ruling.title = f"{handler.provider.name}'s message about a refund is taken and dropped"
        ruling.message = (
            f"`{event}` is answered as done, and nothing is written down: a refund that staff make at "
            f"{handler.provider.name}, or that it makes "
            "by itself, never reaches the order, which stays paid."
        )
        ruling.remediation = (
            "Find the order by the payment's id, write the refund's id and amount down once, and set the order's state by what is left."
        )
        ruling.evidence = [source(model, handler.entry, f"{handler.provider.name} {handler.kind} handler")]
        ruling.evidence.append(at(model.program, fn, instr, "nothing but a log follows", "missing"))
        yield ruling


def _whole(model: Model, handler: Handler, effect: Effect, told: Place, event: str) -> Ruling:
    file, line = entry_line(model, handler.entry)
    ruling = Ruling(ID, "broken", handler.kind, file, line, severity="medium", confidence="likely")
    ruling.anchor = lines(model, anchor(model, effect, handler.provider))
    name = handler.provider.name
    ruling.title = "A part that is given back is booked as the whole"
    ruling.message = (
        f"{name} sends `{event}` for a part of the payment as well, and nothing here reads how much went back: a refund of one line makes "
        "the whole order refunded, so the customer loses what he paid for, and the books give back money that is still there."
    )
    ruling.remediation = (
        "Write down the amount that the message names, add it to what went back before, and set the order to refunded only when nothing "
        "of the payment is left."
    )
    ruling.evidence = [
        source(model, handler.entry, f"{name} {handler.kind} handler"),
        step(model, told, f"told by `{event}`"),
        step(model, told, "how much went back is not read behind this", "missing"),
        *steps(model, effect, "the order is refunded from here on"),
    ]
    return ruling


def _picked(model: Model, picked: Picked) -> Ruling:
    handler = picked.handler
    file, line = entry_line(model, handler.entry)
    ruling = Ruling(ID, "broken", handler.kind, file, line, severity="medium", confidence="likely")
    ruling.anchor = extent(model.program, picked.fn, picked.instr)
    ruling.title = "Of several refunds only the newest is recorded"
    ruling.message = (
        "The message is about a payment, and the first of the payment's refunds is taken for the one that it tells of. Of two refunds made "
        "shortly after one another both messages find the newer one, and the older is never recorded: the order says "
        "that less went back than did."
    )
    ruling.remediation = (
        "Go through all refunds of the payment and record each whose id is not known yet, or listen to the refund's own event "
        "(`refund.created`), which carries the refund itself."
    )
    ruling.evidence = [source(model, handler.entry, f"{handler.provider.name} {handler.kind} handler")]
    ruling.evidence.append(at(model.program, picked.fn, picked.instr, "the first refund of the list is taken", "missing"))
    return ruling


CHECK = Check(id=ID, title="Refunds are recorded on the order, and only those that were made", severity="medium", rule=rule)
