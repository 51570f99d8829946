"""``idempotency/dedup-race``: what keeps a message from being handled twice holds against two deliveries at once."""

import re
from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.idempotency.at_once import at_once
from tillproof.checks.idempotency.carts import carts
from tillproof.checks.idempotency.deliveries import Delivery, deliveries, describe
from tillproof.checks.idempotency.late_payments import late_payments
from tillproof.checks.idempotency.only_one import only_one
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import anchor, called, entry_line, lines, source, step, steps
from tillproof.commerce.cache_marks import CacheMark
from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.payment_ids import keeps_theirs
from tillproof.commerce.repeats import Guard, Repeat
from tillproof.commerce.spendings import Spending
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

_OF_PAYMENT = re.compile(r"txn|transaction|payment|charge|intent|event|session|invoice|webhook|message", re.IGNORECASE)

_MOST = 4

_LOCK = "`SELECT … FOR UPDATE`"
_CLAIM = "`INSERT INTO payment_events (event_id) VALUES (?)`, with `UNIQUE (event_id)`, and leave when it is refused"


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler that guards an effect against being repeated, per mark in a cache that is to keep payment work apart, per
    balance that is spent, and per look by which staff or customers do a thing once."""
    seen: set[tuple[str, int]] = set()
    told: set[tuple[Fn, tuple[str, int]]] = set()
    found = list(deliveries(model))
    graver = {d.handler.entry.target.fn for d in found if d.racy(model)}
    for delivery in found:
        if delivery.handler.entry.target.fn in graver and not delivery.racy(model) and _told_twice(model, delivery):
            continue  # whoever makes the one step atomic sends no mail twice
        if delivery.racy(model) or _told_twice(model, delivery) or any(g.atomic for r in delivery.guarded for g in r.guards):
            ruling = _rule(model, delivery)
            seen.update((e.file, e.line) for e in ruling.evidence)
            looks = [(delivery.handler.entry.target.fn, (e.file, e.line)) for e in ruling.evidence if e.kind == "missing"]
            if not looks or not told.issuperset(looks):  # several ways of one entry point to the same look are one flaw
                yield ruling
            told.update(looks)
    for mark in model.cache_marks.checked_then_set:
        if (mark.fn.file, model.program.body(mark.fn).line[mark.read.instr]) not in seen:
            yield _mark(model, mark)
        yield from _ignored(model, mark)
    for spending in model.spendings.all:
        yield _spent(model, spending)
    for ruling in (*at_once(model), *late_payments(model), *carts(model), *only_one(model)):
        lines_looked = {(e.file, e.line) for e in ruling.evidence if e.kind == "missing"}
        if not lines_looked or lines_looked.isdisjoint(seen):
            yield ruling
            seen |= lines_looked


def _spent(model: Model, spending: Spending) -> Ruling:
    """A balance that is looked at and then taken from."""
    entry, effect, look = spending.entry, spending.effect, spending.look
    file, line = entry_line(model, entry)
    kind = "client-route" if entry.role != "internal" else "job"
    ruling = Ruling("idempotency/dedup-race", "held", kind, file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: two requests may arrive at once")]
    asked = Place(look.fn, look.instr, look.ctx)
    if spending.kept:
        ruling.evidence.append(step(model, asked, spending.kept, "guard"))
        return ruling
    what = f"`{spending.field}` of the {spending.touch.entity.replace('_', ' ')}"
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.severity = "high" if entry.role != "internal" else "medium"
    ruling.anchor = lines(model, next((p for p in effect.way if p.fn == look.fn), effect.place))  # both steps stand in the look's function
    ruling.title = "Two requests at once both spend the same balance"
    ruling.message = (
        f"{called(model, entry)} first looks whether {what} is enough and takes from it by a later statement. Two requests at once both "
        "see the whole balance, both go on, and what was there once is spent twice."
    )
    lock = remedies.code(model, effect.fn.file, "lock") or _LOCK
    ruling.remediation = (
        f"Read the row under a lock inside the transaction in which it is changed: {lock}. Or take by one update that asks for enough in "
        "its `WHERE`, and go on only when it changed a row."
    )
    ruling.evidence.append(step(model, asked, "the look: a plain read", "missing"))
    ruling.evidence += steps(model, effect, f"only here {what} is taken")
    return ruling


def _told_twice(model: Model, delivery: Delivery) -> list[tuple[Repeat, Guard]]:
    """Mails that a look for the message's or payment's id, or for the state that the order has reached, is to keep from being sent twice:
    such a look is meant to be the guard."""
    found: list[tuple[Repeat, Guard]] = []
    for repeat in delivery.guarded:
        if repeat.harm == "message" and not delivery.bare and not any(g.atomic for g in repeat.guards) and not _marked(model, repeat):
            found += [(repeat, g) for g in repeat.guards if _is_meant(model, g) and not _noted_before(model, repeat, g)]
    return found


def _noted_before(model: Model, repeat: Repeat, guard: Guard) -> bool:
    """Whether all that a look asks about was written earlier in the same run: a mail that tells of the new state asks which one it is."""
    return all(_comes_first(model, effect, repeat.effect, guard.atom) for effect in guard.by)


def _comes_first(model: Model, written: Effect, told: Effect, asked: Atom) -> bool:
    for one, other in zip(reversed(written.way), reversed(told.way), strict=False):
        if one.fn != other.fn:
            return False
        if one.instr != other.instr:
            return model.repeats.leads_on(one, other) and not (asked.fn == one.fn and asked.instr < one.instr)
    return False


def _marked(model: Model, repeat: Repeat) -> bool:
    """Whether a mark in a cache is to keep two deliveries apart: that this one does not is told of the mark."""
    marks = {mark.fn for mark in model.cache_marks.checked_then_set}
    for held in model.effects.held(repeat.effect) if marks else ():
        for atom in model.conditions.behind(held):
            if isinstance(atom, Atom) and model.program.body(atom.fn).op[atom.instr] == Op.CALL:
                callee = model.evaluator.value(atom.fn, model.program.body(atom.fn).args(atom.instr)[0], atom.ctx)
                if any(isinstance(o, FunctionV) and o.fn in marks for o in options(callee)):
                    return True
    return False


def _is_meant(model: Model, guard: Guard) -> bool:
    read = model.states.existence(guard.atom)
    if read is not None and any(_OF_PAYMENT.search(k) for k in read.compared):
        return True
    return model.states.looks_at_state(guard.atom)


def _ignored(model: Model, mark: CacheMark) -> Iterator[Ruling]:
    """Calls of such a lock whose answer nobody looks at: the work goes on whether the lock was taken or not."""
    if not any(op == Op.RETURN and model.program.body(mark.fn).args(i)[0] >= 0 for i, op in enumerate(model.program.body(mark.fn).op)):
        return
    name = model.program.name(mark.fn)
    for caller, call, _ in model.callers.of(mark.fn):
        if model.evaluator.defuse(caller).uses(call):
            continue
        place = Place(caller, call, None)
        file, start, end = lines(model, place)
        ruling = Ruling("idempotency/dedup-race", "broken", "lock", file, start, severity="medium", confidence="likely")
        ruling.anchor = (file, start, end)
        ruling.title = "Whether the lock was taken is not asked"
        ruling.message = (
            f"`{name}` answers whether somebody else is at work on the same payment, and this call throws the answer away: two requests at "
            "once both go on, and the payment is made twice."
        )
        ruling.remediation = f"Leave when `{name}` says that the lock is held, before anything is asked of the provider."
        ruling.evidence = [
            step(model, place, "the answer is thrown away", "missing"),
            step(model, Place(mark.fn, mark.read.instr, None), "the lock"),
        ]
        yield ruling


def _mark(model: Model, mark: CacheMark) -> Ruling:
    """A mark that is looked for by one call and set by another."""
    read, write = Place(mark.fn, mark.read.instr, None), Place(mark.fn, mark.write.instr, None)
    file, start, _ = lines(model, read)
    name = model.program.name(mark.fn)
    ruling = Ruling("idempotency/dedup-race", "broken", "lock", file, start, severity="high", confidence="likely")
    ruling.anchor = (file, start, start)
    ruling.title = "Two requests at once both take the lock"
    ruling.message = (
        f"`{name}` reads a mark from the cache and sets it by a second call. Two deliveries, a webhook and the customer's return, or a "
        "request and its repetition that arrive at once both find no mark, both go on, and the same is ordered or paid twice."
    )
    taken = remedies.code(model, mark.fn.file, "mark") or remedies.code(model, mark.fn.file, "once")
    ways = taken or "`add` of the cache, `SET key value NX EX seconds` of Redis, an insert with a unique key"
    ruling.remediation = f"Take the mark by one call that only the first can win, and go on only when it was won: {ways}."
    ruling.evidence = [
        step(model, read, "the check: a plain read", "missing"),
        step(model, write, "only here is the mark set", "sink"),
    ]
    return ruling


def _is_own(model: Model, delivery: Delivery, repeat: Repeat, guard: Guard) -> bool:
    """Whether a guard stands in the handler's own code, and not in what others call too."""
    way = list(reversed(repeat.effect.way))
    own = way.index(anchor(model, repeat.effect, delivery.handler.provider))
    to_guard = next((n for n, place in enumerate(way) if place.fn == guard.atom.fn), len(way) - 1)
    between = (place.fn for place in way[own + 1 : to_guard + 1])
    return all(sum(caller != fn for caller, _, _ in model.callers.of(fn)) <= 1 for fn in between)


def _rule(model: Model, delivery: Delivery) -> Ruling:
    handler = delivery.handler
    entry = handler.entry
    file, line = entry_line(model, entry)
    ruling = Ruling("idempotency/dedup-race", "held", handler.kind, file, line)
    ruling.evidence = [source(model, entry, f"{handler.provider.name} {handler.kind} handler: two deliveries may arrive at once")]
    racy = delivery.racy(model) or _told_twice(model, delivery)
    if not racy:
        for repeat in delivery.guarded:
            for guard in [g for g in repeat.guards if g.atomic][:_MOST]:
                ruling.evidence.append(step(model, Place(guard.atom.fn, guard.atom.instr, guard.atom.ctx), guard.atomic, "guard"))
        return ruling
    told = [(repeat.harm not in ("money", "goods"), not _is_own(model, delivery, repeat, guard), repeat, guard) for repeat, guard in racy]
    _, elsewhere, repeat, guard = min(told, key=lambda one: one[:2])
    at = model.program.body(guard.atom.fn).line[guard.atom.instr]
    place = anchor(model, repeat.effect, handler.provider)
    ruling.outcome = "broken"
    ruling.severity = "high" if repeat.harm in ("money", "goods") else "medium"
    ruling.confidence = "likely"
    ruling.anchor = lines(model, place) if elsewhere else (guard.atom.fn.file, at, at)
    what = describe(repeat)
    ruling.title = "Two deliveries at once both pass the check against repeats"
    twice = f"{what} by both" if what.startswith("another") else f"{what} twice"
    ruling.message = (
        f"{called(model, entry)} first reads whether this was done and later writes that it is; between the two, a second "
        "delivery, or the customer's "
        f"return beside the webhook, reads the same old state and {twice}. Nothing makes the two steps one: no row lock, no unique "
        f"constraint, no conditional update."
    )
    claim = remedies.code(model, guard.atom.fn.file, "once") or _CLAIM
    ruling.remediation = f"{_at_once(model, guard)} Or claim the message first: {claim}."
    ruling.evidence.append(Evidence(guard.atom.fn.file, at, "the check: a plain read", "missing"))
    ruling.evidence.append(step(model, place, "done after it"))
    ruling.evidence += steps(model, repeat.effect, what)
    ruling.evidence += [step(model, e.place, "only here is it noted that it was done", "sink") for e in guard.by[:1]]
    return ruling


def _at_once(model: Model, guard: Guard) -> str:
    """How the look and the note become one step. A row that is not there yet cannot be locked: there the database refuses the second."""
    asked = model.states.existence(guard.atom)
    for key in sorted(asked.keys, key=lambda k: not keeps_theirs(snake(k))) if asked is not None else ():
        if any(e.touch is not None and key in e.touch.fields for e in guard.by):
            record = (asked.entity if asked is not None else "").replace("_", " ") or "record"
            return (
                f"Put a unique constraint on `{key}` of the {record}, write it before anything else is done, in one transaction with the "
                "effects, and leave when it is refused."
            )
    lock = remedies.code(model, guard.atom.fn.file, "lock") or _LOCK
    return f"Read the row under a lock, in the transaction of the effects: {lock}."


CHECK = Check(id="idempotency/dedup-race", title="The guard against repeats is atomic", severity="medium", rule=rule)
