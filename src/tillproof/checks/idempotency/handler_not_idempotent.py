"""``idempotency/handler-not-idempotent``: the same message twice has one effect."""

import re
from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.idempotency.deliveries import Delivery, deliveries, describe, kept_once
from tillproof.checks.idempotency.jobs import jobs
from tillproof.checks.idempotency.replayed import replayed
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Place
from tillproof.commerce.model import Model
from tillproof.commerce.repeats import Repeat
from tillproof.commerce.updates_told import told_several_times
from tillproof.contract import Severity
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

_AGAIN = {
    "money": "is charged, credited or booked again",
    "goods": "goes out again",
    "record": "is recorded again",
    "message": "is told again",
}

_MOST = 4
_EVENT = re.compile(r"[a-zA-Z]\w*(\.\w+)+")


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler with an effect that must not happen twice, per page that is told of a payment by the browser, and per job
    that counts."""
    told: set[Fn] = set()
    for delivery in deliveries(model):
        yield _rule(model, delivery)
        told |= {delivery.handler.entry.target.fn} if delivery.bare else set()
    yield from replayed(model, told)
    yield from jobs(model)


def _rule(model: Model, delivery: Delivery) -> Ruling:
    handler = delivery.handler
    entry = handler.entry
    file, line = entry_line(model, entry)
    ruling = Ruling("idempotency/handler-not-idempotent", "held", handler.kind, file, line)
    browser, name = handler.kind == "redirect-return", handler.provider.name
    again = "the browser may come back again" if browser else f"{name} may send the same message again"
    ruling.evidence = [source(model, entry, f"{name} {handler.kind} handler: {again}")]
    if not delivery.bare:
        for repeat in delivery.guarded[:3]:
            for guard in repeat.guards[:_MOST]:
                ruling.evidence.append(
                    Evidence(
                        guard.atom.fn.file,
                        model.program.body(guard.atom.fn).line[guard.atom.instr],
                        f"a second delivery stops here: {guard.atomic}" if guard.atomic else "a second delivery stops here",
                        "guard",
                    )
                )
            if not repeat.guards:
                ruling.evidence.append(step(model, repeat.effect.place, kept_once(model, repeat), "guard"))
        return ruling
    worst = delivery.worst
    place = delivery.place
    ruling.outcome, ruling.severity = "broken", _severity(model, worst, handler.kind)
    ruling.confidence = "certain" if worst.effect.certain and worst.harm != "message" else "likely"
    ruling.anchor = lines(model, place)
    what = describe(worst)
    ruling.title = (
        f"A second return from {name} has a second effect"
        if browser
        else f"A second delivery of the same {name} message has a second effect"
    )
    when = (
        f"the browser opens {called(model, entry)} again" if browser else f"{name} sends the same message to {called(model, entry)} again"
    )
    repeated = what if what.startswith("another") else f"{what} a second time"
    about = "this payment" if browser else "this message, or this payment,"
    ruling.message = (
        f"When {when}, or somebody repeats the request, {repeated}: no condition on the way asks whether {about} was already "
        f"handled, so the same payment {_AGAIN[worst.harm]}."
    )
    ruling.remediation = remedy(model, place.fn.file, handler.kind)
    if (several := told_several_times(model, worst)) and worst.guards:
        _of_updates(ruling, called(model, entry), name, several, what)
    if (asked := _outcome_asked(model, worst)) is not None:
        ruling.evidence.append(step(model, asked, "it is asked what became of the payment, and not whether that was handled", "missing"))
    ruling.evidence.append(step(model, place, "nothing asks whether this was done before", "missing"))
    ruling.evidence += steps(model, worst.effect, what)
    return ruling


def _of_updates(ruling: Ruling, where: str, name: str, kind: str, what: str) -> None:
    """Each message is taken once, and several of them speak of one refund."""
    ruling.severity, ruling.confidence = "high", "likely"
    ruling.title = f"Each {name} message about the same refund adds it again"
    ruling.message = (
        f"{name} sends `{kind}` whenever anything about a refund changes, each time under another id, and {where} asks only whether the "
        f"message itself was handled: with each of them {what} by the same refund once more, so a part that was given back ends as all."
    )
    ruling.remediation = (
        "Keep one row for each refund, with the provider's id of it in a unique column, and work the sum out of those rows; or set what "
        "the provider says was refunded altogether, in place of adding to it."
    )


def _outcome_asked(model: Model, repeat: Repeat) -> Place | None:
    """The first condition on the way to an effect that asks for the outcome of a payment or the kind of a message: behind it belongs the
    question whether it was handled."""
    for held in model.effects.held(repeat.effect):
        for atom in model.conditions.behind(held):
            if isinstance(atom, Atom) and atom.truth and _names_outcome(model, atom):
                return Place(atom.fn, atom.instr, atom.ctx)
    return None


def _names_outcome(model: Model, atom: Atom) -> bool:
    body = model.program.body(atom.fn)
    texts = [c[1] for a in body.args(atom.instr)[1:] if (c := body.const(a)) is not None] if body.op[atom.instr] == Op.BINARY else []
    return any(model.words.has("paid_values", text) or _EVENT.fullmatch(text) for text in texts)


def _severity(model: Model, worst: Repeat, kind: str) -> Severity:
    """A row that is no order's or payment's is written again by the customer who comes back, for himself alone; and of stock that is taken
    twice nobody gets anything."""
    taken = model.stock_writes.write(worst.effect.touch) if worst.harm == "goods" and worst.effect.touch is not None else None
    if taken is not None and taken.down is not False:
        return "high"
    if worst.harm in ("money", "goods"):
        return "critical"
    others = worst.effect.kind == "job"  # which may send goods for each message that they get
    return "high" if others or (worst.harm == "record" and kind != "redirect-return") else "medium"


def remedy(model: Model, file: str, kind: str) -> str:
    """How to make a handler idempotent, in the ORM of a file."""
    claim = "the event's id" if kind == "webhook" else "the payment's id"
    code = remedies.code(model, file, "once") or "`INSERT INTO payment_events (event_id) VALUES (?)`, with `UNIQUE (event_id)`"
    return (
        f"Before anything else, in the transaction of the effects, write {claim} down where it can stand only once: {code}. Answer 200 at "
        "once when it stands there already."
    )


CHECK = Check(id="idempotency/handler-not-idempotent", title="The same message twice has one effect", severity="critical", rule=rule)
