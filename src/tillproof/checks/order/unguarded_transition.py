"""``order/unguarded-transition``: an order changes its state only from a state that allows it."""

import re
from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.order.deleted_orders import deleted_orders
from tillproof.checks.order.ended_abroad import ends_abroad
from tillproof.checks.order.left_open import Ends, LeftOpen, told
from tillproof.checks.order.other_ends import OtherEnds, axis
from tillproof.checks.order.sent_states import sent_states
from tillproof.checks.order.somebody_elses import who_may
from tillproof.checks.order.transition_remedies import remedy, spoilt
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import anchor, called, entry_line, lines, source, step, steps, too_little
from tillproof.commerce.effects import Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.free_changes import CODED
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.own_payments import BEGIN
from tillproof.commerce.repeats import Guard
from tillproof.commerce.transitions import ASKED, REVERSIBLE, Transition
from tillproof.flow.program import Fn

_MOST = 2
_MOST_SHOWN = 4
_MOST_GUARDS = 4
_WHEN = ("paid_at", "date_paid", "paid_on", "paid_date", "payment_date")
_PAYMENT = re.compile(r"(\w+_)?(payment|transaction)")
# Calls that take over whole what a request was read into, or have the platform set it, so that no line names the state.
_TAKES_OVER = frozenset(
    ["assign", "setattr", "update", "findByIdAndUpdate", "findOneAndUpdate", "merge", "fill", "is_valid", "process_payment"]
)


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per entry point and function that changes an order's state behind it."""
    seen: set[tuple[Fn, int]] = set()
    thinly: set[tuple[Fn, int]] = set()
    ends, others = Ends(model), OtherEnds(model)
    webhooks = {h.entry.target.fn: h for h in model.handlers.all}
    for entry in model.handlers.entries:
        if not _may(model, entry):
            continue
        parts: dict[Fn, list[tuple[Place, Transition]]] = {}
        handler = webhooks.get(entry.target.fn)
        for transition in model.transitions.of(entry.target):
            if transition.computed if handler is None else transition.to == (ASKED,):
                continue
            if transition.to == (CODED,) and (handler is not None or entry.role not in ("public", "customer")):
                continue  # what a number means, and what staff or a message may do in any state, is not written here
            place = anchor(model, transition.effect, handler.provider if handler else None)
            if (place.fn, place.instr) not in seen:
                parts.setdefault(place.fn, []).append((place, transition))
        for part in parts.values():
            ruling = _rule(model, entry, part, handler)
            thin = ((p, t, o) for p, t in part if ruling.outcome == "held" and (o := ends.left_open(t) or others.left_open(t)))
            if (first := next(thin, None)) is not None:
                written = first[1].effect.fn, first[1].effect.instr
                if written in thinly:  # what is asked right before one line is told once, whoever calls it
                    continue
                thinly.add(written)
                ruling = _thin(model, entry, ruling, *first)
            if ruling.outcome == "broken":  # what one entry point guards stands open to another that leads to the same line
                seen |= {(place.fn, place.instr) for place, _ in part}
            yield ruling
    yield from sent_states(model)
    yield from deleted_orders(model)
    yield from ends_abroad(model)


def _may(model: Model, entry: Entry) -> bool:
    """Whether a stranger, staff or a job sets it off, and anything near speaks of a state; what a platform calls has its checks, but for
    what a payment provider's messages set off through something that calls it by their names, and what runs when a row is stored."""
    if entry.role == "platform" and entry.style not in ("told", "stored"):
        return False
    near = model.handlers.closure(entry).functions
    handed = [later for fn in near for later in model.handovers.of(fn)]
    around = (*near, *handed, *(below for fn in handed for below in model.reach.callees(fn)))
    return any(model.vocabulary.state(fn) for fn in around) or any(
        model.vocabulary.order(fn) and not _TAKES_OVER.isdisjoint(model.vocabulary.tokens(fn)) for fn in near
    )


def _in_order(model: Model, entry: Entry, transition: Transition) -> bool:
    """Whether a message may set a state in any state: a hold, or one that is written only when the message is newer than the record, or
    when the provider, asked anew, says so of the record itself, as of a payment whose state is written as it was answered."""
    arrivals, effect, touch = model.arrivals, transition.effect, transition.touch
    if _PAYMENT.fullmatch(touch.entity) and arrivals.asked(entry.target, touch, transition.field):
        return True
    return all(snake(to) in REVERSIBLE for to in transition.to) or bool(arrivals.ages(effect, touch) or arrivals.asked_anew(effect, touch))


def _paid_once(model: Model, entry: Entry, transition: Transition, part: list[tuple[Place, Transition]]) -> list[Guard]:
    """What lets a payment's own record be told but once that it was paid: it may have failed before that, and cannot be paid again. Nor is
    it noted anew when an order was paid, where another field beside it has the order's state."""
    pays = all(model.words.has("paid_values", to) for to in transition.to)
    states = (t for _, t in part if t.touch.entity == transition.touch.entity and model.words.has("status_fields", t.field))
    notes = snake(transition.field) in _WHEN and any(True for _ in states)
    if not notes and not (pays and _PAYMENT.fullmatch(transition.touch.entity)):
        return []
    return list(model.repeats.guards(transition.effect, entry.target))


def _gravity(model: Model, entry: Entry, transition: Transition) -> tuple[bool, bool, bool, bool]:
    """What can happen again goes before what happens once for each message; what undoes a payment before what makes one; the state itself
    before what is noted beside it (``isDelivered``)."""
    once = bool(model.repeats.guards(transition.effect, entry.target))
    ends = any(model.words.has("dead_values", t) for t in transition.to)
    return once, not ends, not transition.undoes, not model.words.has("status_fields", transition.field)


def _rule(model: Model, entry: Entry, part: list[tuple[Place, Transition]], handler: Handler | None) -> Ruling:
    webhook = handler is not None and handler.kind != "redirect-return"
    file, line = entry_line(model, entry)
    ruling = Ruling("order/unguarded-transition", "held", "webhook" if webhook else entry.role, file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: called by {'the provider' if webhook else entry.role}")]
    bare = [(p, t) for p, t in part if not t.guards and not t.held and not (webhook and _in_order(model, entry, t))]
    once = {id(t): guards for _, t in bare if (guards := _paid_once(model, entry, t, part))}
    bare = [(p, t) for p, t in bare if id(t) not in once]
    if not bare and handler is None and (anybodys := _anybodys(model, entry, part)) is not None:
        return _unowned(model, entry, ruling, *anybodys)
    if not bare:
        for _, t in part[:3]:
            for atom in t.guards[:_MOST_GUARDS]:
                ruling.evidence.append(step(model, Place(atom.fn, atom.instr, atom.ctx), "the present state is looked at first", "guard"))
            for guard in once.get(id(t), ())[:_MOST]:
                atom = guard.atom
                ruling.evidence.append(step(model, Place(atom.fn, atom.instr, atom.ctx), "a second time it stops here", "guard"))
            if t.held:
                ruling.evidence.append(step(model, t.effect.place, t.held, "guard"))
        return ruling
    place, worst = min(bare, key=lambda pair: _gravity(model, entry, pair[1]))
    if (worst.sent or worst.to == (CODED,)) and handler is None and _anybody_chooses(model, entry, worst):
        return _chosen(model, entry, ruling, place, worst)
    name = worst.touch.entity.replace("_", " ")
    to = " or ".join(t if t == ASKED else f"`{t}`" for t in worst.shown[:2])
    ruling.outcome = "broken"
    ruling.severity = "high" if webhook or (entry.role in ("public", "customer") and model.counter.of(entry) is None) else "medium"
    ruling.confidence = "certain" if worst.effect.certain and worst.to != (CODED,) else "likely"
    ruling.anchor = lines(model, place)
    flag = not model.words.has("status_fields", worst.field) and worst.to == (snake(worst.field),)
    sets, set_to = ("writes it", "set") if flag else (f"sets it to {to}", f"set to {' or '.join(worst.shown[:2])}")
    ruling.title = (
        f"`{worst.field}` of the {name} is set whatever state it is in" if flag else f"The {name} becomes {to} whatever state it is in"
    )
    who = "a message of the provider that comes late or twice" if webhook else f"a call of {called(model, entry)}"
    looks = (
        f"What is asked on the way of the {name}'s present `{worst.field}` lets it through when it is paid"
        if worst.looked
        else f"Nothing on the way to this line reads the {name}'s present `{worst.field}`"
    )
    ruling.message = (
        f"{looks}: {who} {sets} even when {spoilt(model.words, worst.to)}, so money and goods no longer agree with what the order says."
    )
    ruling.remediation = remedy(model, place.fn.file, worst)
    refused = "the state that it has already" if worst.sent else "what is ended or open already"
    missing = f"only {refused} is refused" if worst.looked else "the present state is not asked for"
    ruling.evidence.append(step(model, place, missing, "missing"))
    ruling.evidence += too_little(model, worst)
    for t in [worst, *(t for _, t in bare if t is not worst)][:_MOST_SHOWN]:
        ruling.evidence += steps(model, t.effect, set_to if t is worst else f"set to {' or '.join(t.shown[:2])}")
    return ruling


def _thin(model: Model, entry: Entry, held: Ruling, place: Place, transition: Transition, found: LeftOpen) -> Ruling:
    """A condition that refuses only some of the states from which an order must not be changed; what has to change stands by it."""
    place = next((p for p in transition.effect.way if p.fn == found.guard.fn), place)
    name, to = transition.touch.entity.replace("_", " "), told(_plain(transition))
    ruling = Ruling(held.check, "broken", held.kind, held.file, held.line, held.evidence[:1], severity="medium", confidence="likely")
    ruling.anchor = lines(model, place)
    ruling.title = f"The {name} becomes {to} also when it is {told(found.states)}"
    refused = (
        f"What is asked on the way refuses only {told(found.refused)}"
        if found.refused
        else "What is asked on the way refuses none of its ends"
    )
    ruling.message = (
        f"{refused}: a call of {called(model, entry)} sets the {name} to {to} even when it is {told(found.states)}, so money and goods no "
        "longer agree with what the order says."
    )
    ruling.remediation = remedy(model, place.fn.file, transition)
    ruling.evidence.append(step(model, found.guard, "this refuses too little", "missing"))
    if found.written is not None:
        ruling.evidence.append(step(model, found.written, f"the {name} becomes `{found.states[0]}` here"))
    ruling.evidence += steps(model, transition.effect, f"set to {' or '.join(transition.shown[:2])}")
    return ruling


def _plain(transition: Transition) -> list[str]:
    """The states as a reader calls them: of a time or a flag what it marks, ``paid`` of ``paid_at``."""
    return [axis(t) if snake(t) == snake(transition.field) else t for t in transition.shown[:2]]


def _anybody_chooses(model: Model, entry: Entry, transition: Transition) -> bool:
    asked = model.ownership.asks_who_calls(transition)
    return entry.role == "public" and not asked and model.ownership.unasked(entry, transition)


def _chosen(model: Model, entry: Entry, ruling: Ruling, place: Place, transition: Transition) -> Ruling:
    name = transition.touch.entity.replace("_", " ")
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = lines(model, place)
    coded = transition.to == (CODED,)
    ruling.title = f"Anybody can set the {name} to {'another' if coded else 'any'} state"
    what = f"sets `{transition.field}` of" if coded else f"writes the `{transition.field}` that it is sent into"
    ruling.message = (
        f"A call of {called(model, entry)} {what} the {name} that it names, and nobody has "
        "to sign in for it: whoever finds the address makes an order count as paid or sent, or cancels those of others."
    )
    ruling.remediation = (
        "Refuse whoever is not signed in as staff before anything is written, and take only states that the present one may change into."
    )
    ruling.evidence.append(step(model, place, "nobody asks who calls", "missing"))
    ruling.evidence += steps(model, transition.effect, "set here" if coded else "set to what is sent")
    return ruling


def _anybodys(model: Model, entry: Entry, part: list[tuple[Place, Transition]]) -> tuple[Place, Transition] | None:
    """The first change by which a customer undoes or sends on an order without anybody asking whose it is."""
    for place, transition in part:
        pays = any(model.words.has("paid_values", t) for t in transition.to)
        # where nobody signs in, whoever holds the link to an order may try once more to pay it
        opens = entry.role == "public" and all(model.words.has("open_values", t) for t in transition.to)
        pays = pays or (opens and any(e.kind in BEGIN for e in model.effects.of(entry.target)))
        if not pays and model.ownership.unasked(entry, transition):
            return place, transition
    return None


def _unowned(model: Model, entry: Entry, ruling: Ruling, place: Place, transition: Transition) -> Ruling:
    name = transition.touch.entity.replace("_", " ")
    who = who_may(entry)
    opens = not transition.sent and all(model.words.has("open_values", t) for t in transition.to)
    done = f"put it back to `{transition.to[0]}`" if opens else "cancel it, send it back or have it refunded"
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = lines(model, place)
    ruling.title = f"{who} can change the {name} of somebody else"
    ruling.message = (
        f"The state is looked at, but not whose the {name} is, or only by what the request says of itself: {who.lower()} can name another "
        f"{name} in a call of {called(model, entry)} and {done}."
    )
    ruling.remediation = (
        f"Look the {name} up by its id and by who is signed in (`… WHERE id = ? AND user_id = ?`), and answer 404 when there is none."
    )
    ruling.evidence.append(step(model, place, f"nothing on the way asks whose the {name} is", "missing"))
    ruling.evidence += steps(model, transition.effect, f"set to {' or '.join(transition.to[:2])}")
    return ruling


CHECK = Check(
    id="order/unguarded-transition", title="An order changes state only from a state that allows it", severity="medium", rule=rule
)
