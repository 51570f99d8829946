"""``order/event-order-assumed``: a message that arrives late cannot undo what a later one said."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.order.left_open import Ends, LeftOpen, told
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import anchor, called, entry_line, lines, source, step, steps, too_little
from tillproof.commerce.arrivals import ON_PEOPLE, Arrival
from tillproof.commerce.effects import Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.transitions import GIVEN_BACK, REVERSIBLE
from tillproof.flow.program import Fn

_MOST = 3
_AGAIN = ("revives", "renews")


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler of messages and kind of record whose state it sets; where several of its messages undo a payment, each of them
    has its own."""
    seen: set[tuple[Fn, int]] = set()
    ends = Ends(model)
    for handler in model.handlers.all:
        if handler.kind == "redirect-return":
            continue
        kinds: dict[tuple[str, str], list[Arrival]] = {}
        for arrival in model.arrivals.of(handler.entry.target):
            kinds.setdefault((arrival.touch.entity, arrival.how if arrival.how in _AGAIN else ""), []).append(arrival)
        for found in kinds.values():
            if all(_follows(arrival, kinds) for arrival in found):
                continue
            for part in _by_message(model, handler, found):
                if (ruling := _rule(model, handler, part, ends, seen)) is not None:
                    yield ruling


def _follows(arrival: Arrival, kinds: dict[tuple[str, str], list[Arrival]]) -> bool:
    """Whether a person is told by the way what the same function tells the subscription beside it: one flaw, and one ruling."""
    if ON_PEOPLE.fullmatch(arrival.touch.entity) is None or arrival.how != "mirrored":
        return False
    others = (a for (entity, _), found in kinds.items() if ON_PEOPLE.fullmatch(entity) is None for a in found)
    return any(a.how == "mirrored" and a.effect.fn == arrival.effect.fn for a in others)


def _by_message(model: Model, handler: Handler, found: list[Arrival]) -> list[list[Arrival]]:
    """The states that nothing guards and by which a payment has failed or is open again, or that are whatever the message says, by the
    function that works on their messages; all of them together where there are none. What only holds an order up may well come after it
    was paid."""
    ends: dict[Fn, list[Arrival]] = {}
    for arrival in found:
        undone = arrival.how == "mirrored" or snake(arrival.to) not in REVERSIBLE
        if not arrival.guards and not arrival.held and undone:
            ends.setdefault(anchor(model, arrival.effect, handler.provider).fn, []).append(arrival)
    return list(ends.values()) or [found]


def _let_through(model: Model, handler: Handler, arrival: Arrival, ends: Ends) -> LeftOpen | None:
    """What is asked where a payment is told, when it lets what was paid back through: ``if status not in ("paid", "shipped")``."""
    if arrival.how != "revives" or not arrival.guards or arrival.held:
        return None
    changes = (t for t in model.transitions.of(handler.entry.target) if t.effect is arrival.effect and t.field == arrival.field)
    found = next((left for t in changes if (left := ends.left_open(t)) is not None), None)
    return found if found is not None and any(GIVEN_BACK.search(state) for state in found.states) else None


def _rule(model: Model, handler: Handler, found: list[Arrival], ends: Ends, seen: set[tuple[Fn, int]]) -> Ruling | None:
    entry = handler.entry
    file, line = entry_line(model, entry)
    ruling = Ruling("order/event-order-assumed", "held", handler.kind, file, line, severity="medium")
    ruling.evidence = [
        source(model, entry, f"{handler.provider.name} {handler.kind} handler: messages arrive in any order, and late ones again")
    ]
    thin = {id(a): left for a in found if (left := _let_through(model, handler, a, ends)) is not None}
    bare = [a for a in found if id(a) in thin or (not a.guards and not a.held)]
    asked = [p for p in handler.walked.proofs if p.refetch]  # where it is signed or believed instead, it tells the state itself
    anew = handler.inbound.proof == "refetch" or len(asked) == len(handler.walked.proofs)
    if anew and asked and not any(a.how == "mirrored" for a in bare):
        ruling.evidence.append(source(model, entry, "the message names a payment, whose state is asked of the provider anew"))
        ruling.evidence += [step(model, Place(p.fn, p.instr, None), "asked here", "guard") for p in asked[:1]]
        return ruling
    if not bare:
        for arrival in found[:_MOST]:
            for atom in arrival.guards[:_MOST]:
                at = Place(atom.fn, atom.instr, atom.ctx)
                ruling.evidence.append(step(model, at, "the record's present state or age is looked at first", "guard"))
            if arrival.held:
                ruling.evidence.append(step(model, arrival.effect.place, arrival.held, "guard"))
        return ruling
    worst = min(bare, key=lambda a: (a.how != "mirrored", not model.words.has("dead_values", a.to)))
    place = anchor(model, worst.effect, handler.provider)
    if (place.fn, place.instr) in seen:
        return None
    seen.add((place.fn, place.instr))
    ruling.outcome = "broken"
    ruling.confidence = "certain" if worst.effect.certain and worst.how == "mirrored" else "likely"
    ruling.anchor = lines(model, place)
    _say(model, ruling, handler, worst)
    if (left := thin.get(id(worst))) is not None:
        ruling.evidence.append(step(model, left.guard, f"this lets {told(left.states)} through", "missing"))
    else:
        ruling.evidence.append(step(model, place, "nothing asks whether something newer is known already", "missing"))
    ruling.evidence += too_little(model, worst)
    ruling.evidence += steps(model, worst.effect, f"`{worst.field}` is set")
    if worst.before is not None:
        ruling.evidence.append(
            step(
                model,
                worst.before.effect.place,
                f"set to {' or '.join(worst.before.to[:2])} by another {'run' if worst.how == 'revives' else 'message'}",
            )
        )
    return ruling


def _say(model: Model, ruling: Ruling, handler: Handler, worst: Arrival) -> None:
    """The finding's words."""
    name = called(model, handler.entry)
    provider, record, field = handler.provider.name, worst.touch.entity.replace("_", " "), worst.field
    if worst.how == "mirrored":
        ruling.title = f"A late message puts the {record} back to an older state"
        ruling.message = (
            f"{name} writes the `{field}` of whichever message arrives over what is stored. {provider} does not promise an order and "
            f"sends again what failed, so an older message that comes late overwrites a newer one: the {record} that is paid, sent or "
            "refunded is open again, and what reads it acts on that."
        )
        ruling.remediation = (
            "Keep the time (or version) of the message that the row was last written from, and write only when this one is newer "
            f"(`… WHERE id = ? AND updated_at < ?`); or take the message as a hint and ask {provider} for the {record} as it is now."
        )
        return
    if worst.how == "renews":
        ruling.title = f"A late message makes the subscription of a {record} `{worst.to}` again"
        ruling.message = (
            f"{name} sets the `{field}` of the {record} to `{worst.to}` whatever it is, and another message says there that the "
            f"subscription is over. {provider} does not promise an order, and sends again for days what was not taken: a payment that is "
            "told once more after the end gives access back for good, since nothing ends it a second time."
        )
        ruling.remediation = (
            f"Ask {provider} for the subscription as it is now and write that, or keep the time of the message that the row was last "
            "written from and write only when this one is newer."
        )
        return
    before = " or ".join(f"`{t}`" for t in worst.before.to[:2]) if worst.before else "paid"
    failed = model.words.has("dead_values", worst.to)
    late = (
        "what was told of the payment and arrives again, or after the refund,"
        if worst.how == "revives"
        else "the failure of a first attempt that arrives after the success of the second"
        if failed
        else "what was told before the payment and arrives after it"
    )
    ruling.title = f"A late message turns the {record} back from {before} to `{worst.to}`"
    ruling.message = (
        f"{name} sets the {record} to `{worst.to}`, whatever came before, also to {before}. {provider} does not promise an order, and "
        f"sends again for days what was not taken: {late} makes what was paid back count as paid."
        if worst.how == "revives"
        else f"{name} sets the {record} to {before} for one message and to `{worst.to}` for another, whatever came before. {provider} "
        f"does not promise an order: {late} undoes a payment that was made."
    )
    ruling.remediation = (
        f"Let the message change the {record} only while it is still open (`… WHERE id = ? AND {field} IN (…)`), or "
        f"ask {provider} for the payment as it is now before writing."
    )


CHECK = Check(id="order/event-order-assumed", title="Messages may arrive in any order", severity="medium", rule=rule)
