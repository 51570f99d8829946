"""``payment/fulfil-on-redirect``: what a browser calls marks nothing as paid without the provider's word."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.payment.browser_writes import written_by_pages
from tillproof.checks.payment.platform_answers import believed
from tillproof.checks.payment.said_no import said_no
from tillproof.checks.payment.sender import ask_about, guessed_call, set_off
from tillproof.checks.payment.sent_records import paid_as_sent
from tillproof.checks.payment.told_payments import made_as_told
from tillproof.checks.payment.unknown_gateways import asked_outside
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import called, passed, told_at
from tillproof.commerce.browser_paid import Transitions
from tillproof.commerce.effects import Place, way_to
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.never_together import contradicts_itself
from tillproof.commerce.paid import PaidPolicy
from tillproof.commerce.proof import Proven
from tillproof.commerce.told_by_objects import asked_for_object
from tillproof.commerce.whether_paid import asks_outcome, asks_sent
from tillproof.flow.alike import of_row
from tillproof.flow.facts import Condition
from tillproof.flow.outside import wrapped
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Happening
from tillproof.flow.values import FunctionV, Member, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation, Provider

_NEAR = 1
_LEAVE = re.compile(r"(is_)?(allow(s|ed)?|can|may|has_perm\w*)_(\w+_)?(edit|manage|change|update|approve|administer|admin)")
_DONE = ("done", "completed", "complete", "approved")
_QUOTES = "'\""
_LATE = "the provider is asked but nothing that its answer says of the payment is required before this"
_NEVER = "the provider is never asked whether money came"


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per route that strangers or customers call and that reaches a paid transition, per plugin's answer to its platform, per
    page that writes a paid state itself, per view that saves one as it is sent, and per order that is made for a payment as it is told."""
    yield from believed(model)
    seen: set[tuple[Fn, int]] = set()
    for found in model.browser_paid.with_later:
        ruling = _rule(model, found, seen) if found.paid else _goes_on(model, found)
        if ruling is not None:
            yield ruling
    yield from written_by_pages(model)
    yield from paid_as_sent(model)
    yield from made_as_told(model, {(fn.file, model.program.body(fn).line[i]) for fn, i in seen})


def _begun(model: Model, entry: Entry, kind: str = "client-route") -> Ruling:
    function = model.program.function(entry.target.fn)
    line = function.line if function else 1
    ruling = Ruling("payment/fulfil-on-redirect", "held", kind, entry.target.fn.file, line)
    ruling.evidence = [
        Evidence(entry.target.fn.file, line, f"{' '.join(entry.methods)} {entry.route or ''}: called by {entry.role}".strip(), "source")
    ]
    return ruling


def _goes_on(model: Model, found: Transitions) -> Ruling:
    """What was paid before goes on: who comes into the state that is asked for is judged where that is written."""
    ruling = _begun(model, found.entry, "transition")
    ruling.evidence += [at(model.program, a.fn, a.instr, "only a record past its first state goes on", "guard") for a in found.later]
    return ruling


def _rule(model: Model, found: Transitions, seen: set[tuple[Fn, int]]) -> Ruling | None:
    program, entry, policy = model.program, found.entry, found.policy
    paid = [h for h in found.paid if not contradicts_itself(model, way_to(Place(h.fn, h.instr, h.ctx)))]
    if not paid:
        return None
    ruling = _begun(model, entry)
    unproven = [h for h in paid if not h.proven or said_no(model, policy, h, paid)]
    blind = not unproven and _status_unread(model, entry, policy, paid)
    late = [] if unproven or blind else [h for h in paid if _asked_too_late(model, policy, h)]
    if not unproven and not blind and not late:
        ruling.evidence += [at(program, p.fn, p.instr, p.what, "guard") for p in list(policy.proofs.values())[:3]]
        ruling.evidence.append(at(program, paid[0].fn, paid[0].instr, "paid from here on", "sink"))
        return ruling
    act = _worst(model, unproven or late or paid)
    fn, instr = (_behind_answer(policy, act) if late else None) or _anchor(model, entry, act, bool(policy.ignored))
    if (fn, instr) in seen:
        return None
    seen.add((fn, instr))
    elsewhere = unproven and any(_ambiguous(model, proof) for proof in policy.proofs.values())  # asked where a call may land, or not
    if elsewhere or _ambiguous(model, act):
        route = called(model, entry)
        return _unknown(model, ruling, (act.fn, act.instr), f"Can a call of {route} reach this line without the provider's confirmation?")
    if (asked_of := _asks_leave(model, act)) is not None:
        leave = written(program, asked_of[0], program.body(asked_of[0]).args(asked_of[1])[0])
        return _unknown(model, ruling, asked_of, f"Does `{leave}` let staff alone pass? Whoever passes it marks orders as paid.")
    guesses = {proof.fn: guessed_call(model, proof.ctx) for proof in policy.proofs.values()}
    if guesses and None not in guesses.values() and not policy.ignored:
        asking, call = min((fn, call) for fn, call in guesses.items() if call is not None)
        return ask_about(model, ruling, call, f"`{program.qualified(asking)}`, which asks the provider whether it was paid")
    if unproven and (told := _told_by_object(model, policy, act)) is not None:
        return _unknown(model, ruling, told, "Is the order paid only where the object that this call leads to says that money came?")
    asked = _LATE if late else _asked(policy, blind)
    if asked == _NEVER and (outside := asked_outside(model, entry)) is not None:
        question = f"Is the answer of `{outside[2]}` the payment system's own word, and is the order paid only when it says so?"
        return _unknown(model, ruling, outside[:2], question)
    if asked == _NEVER and (doubt := model.counter.of(entry)) is not None:
        ruling.outcome, ruling.question = "unknown", Evidence(*doubt)
        return ruling
    _break(model, entry, ruling, act, (fn, instr), asked)
    _as_it_is(model, entry, policy, ruling, act)
    ruling.evidence += [at(program, h.fn, h.instr, "nor before this", "missing") for h in unproven if h is not act and h.fn == act.fn]
    return ruling


def _asked_too_late(model: Model, policy: PaidPolicy, act: Happening) -> bool:
    """Whether all that proves is that the provider was asked, and no way from its answer to what is done with it leads on to ``act``: the
    status is put into a text, or is tested when the order is paid already."""
    chain = [(c.caller, c.call) for c in (act.ctx.chain() if act.ctx else ()) if c.call >= 0]
    for proof in policy.proofs.values():
        known = model.operations.at(proof.fn, proof.instr, proof.ctx) if proof.refetch and proof.how == "refetch" else None
        if known is None or not isinstance(known.thing, Operation) or known.thing.op != "payment.retrieve":
            return False
        if model.answers.asked_before(proof.fn, proof.instr, proof.ctx, known.thing.envelope, [*chain, (act.fn, act.instr)]):
            return False
    return bool(policy.proofs)


def _behind_answer(policy: PaidPolicy, act: Happening) -> tuple[Fn, int] | None:
    """Where the function that asked the provider goes on to mark the order as paid: it is there that the answer has to be looked at."""
    asking = {proof.fn for proof in policy.proofs.values()}
    places = [(act.fn, act.instr), *((c.caller, c.call) for c in (act.ctx.chain() if act.ctx else ()) if c.call >= 0)]
    return next((place for place in places if place[0] in asking), None)


def _told_by_object(model: Model, policy: PaidPolicy, act: Happening) -> tuple[Fn, int] | None:
    """Where the provider is asked by a function that tells by an object what he says."""
    way = way_to(Place(act.fn, act.instr, act.ctx))
    places = (asked_for_object(model, way, Place(p.fn, p.instr, p.ctx)) for p in policy.proofs.values() if p.refetch)
    return next(((place.fn, place.instr) for place in places if place is not None), None)


def _asks_leave(model: Model, act: Happening) -> tuple[Fn, int] | None:
    """The call that was asked whether this visitor may change the very record: ``invoice.allow_edit_by(user)``."""
    places = [(act.fn, act.instr), *((c.caller, c.call) for c in (act.ctx.chain() if act.ctx else ()) if c.call >= 0)]
    for fn, i in places:
        body = model.program.body(fn)
        for fact in model.effects.facts(fn).at(i):
            if not isinstance(fact, Condition) or not fact.truth or body.op[fact.instr] != Op.CALL:
                continue
            given = [written(model.program, fn, a).rpartition(".")[2] for _, a in body.call(fact.instr)[1]]
            if _LEAVE.match(snake(body.called(fact.instr).rpartition(".")[2])) and "user" in given:
                return fn, fact.instr
    return None


def _unknown(model: Model, ruling: Ruling, place: tuple[Fn, int], question: str) -> Ruling:
    ruling.outcome = "unknown"
    shown = at(model.program, *place, "")
    ruling.question = Evidence(shown.file, shown.line, question)
    return ruling


def _asked(policy: PaidPolicy, blind: bool) -> str:
    """What is missing on the way."""
    if blind:
        return "the signature is checked but the status that it covers is not"
    if policy.ignored:
        return "the provider is asked but nobody asks whether the status that it answers says paid"
    return "on this path the provider's answer is not required" if policy.proofs else _NEVER


def _anchor(model: Model, entry: Entry, act: Happening, ignored: bool) -> tuple[Fn, int]:
    """The transition itself; the call in the handler that leads to it, where other entry points share the transition or where the handler
    asked the provider and went on whatever the answer."""
    calls = [c for c in (act.ctx.chain() if act.ctx else ()) if c.call >= 0]
    if calls and (ignored or model.entries_reaching(act.fn) > 1) and calls[-1].caller == entry.target.fn:
        return calls[-1].caller, calls[-1].call
    return told_at(model, act)


def _ambiguous(model: Model, act: Happening | Proven) -> bool:
    """Whether the way to something goes through a call that may land in several functions, so that it may not be taken at all."""
    for ctx in act.ctx.chain() if act.ctx else ():
        if ctx.call < 0 or ctx.callback or (ctx.caller, ctx.call) in model.gateways.choosing:
            continue
        callee = model.program.body(ctx.caller).args(ctx.call)[0]
        value = model.evaluator.value(ctx.caller, callee, ctx.parent)
        scope, language = model.evaluator.scope, model.program.language(ctx.caller.file)
        targets = {o.fn for o in options(value) if isinstance(o, FunctionV)} or {o.fn for o in wrapped(model.evaluator, value)}
        if not targets:
            targets = {own.fn for o in options(value) if isinstance(o, Member) and (own := of_row(scope, o)) is not None}
        if not targets:  # a job that is queued
            targets = {handed.target.fn for handed in model.handovers.targets(ctx.caller, ctx.call, ctx.parent)}
        if not targets and all(isinstance(o, Member) and o.name.startswith("_") for o in options(value)):  # private, so it is ours
            targets = {o.fn for o in scope.by_name(value, language)}
        if len(targets) != 1 and not any(told.fn == ctx.fn for told in set_off(model, ctx.caller, ctx.call, ctx.parent)):
            return True
    return False


def _status_unread(model: Model, entry: Entry, policy: PaidPolicy, paid: list[Happening]) -> bool:
    """A signature proves who speaks, not what he says: whether nobody asks if the payment succeeded."""
    if not policy.proofs or not all(p.mac for p in policy.proofs.values()):
        return False
    closure = model.handlers.closure(entry)
    signs_paid = {f for p in model.knowledge.providers.values() for b in p.inbound if b.signs == "paid" for f in b.fields}
    if any(signs_paid & model.vocabulary.tokens(fn) for fn in closure.functions):
        return False
    if model.handlers.signs_what_is_paid(model.program.unit(entry.target.fn.file)):
        return False
    ways = [h.ctx for h in paid] + [p.ctx for p in policy.proofs.values()]
    on_the_way = {entry.target.fn, *(c.caller for way in ways for c in (way.chain() if way else ()) if c.call >= 0)}
    # What the digest is made of is read where it is compared, whatever it says.
    near = on_the_way | {p.fn for p in policy.proofs.values()} | {fn for fn, depth in closure.functions.items() if depth <= _NEAR}
    strange = any(h.entry.target.fn == entry.target.fn and model.strangers.knows(h.provider) for h in model.handlers.all)
    if strange and any(asks_outcome(model, fn) for fn in near):
        return False  # of a system that no pack knows nobody can tell which of its fields says it
    return not any(_asks_status(model, fn) for fn in near) and not any(asks_sent(model, fn) for fn in on_the_way)


def _asks_status(model: Model, fn: Fn) -> bool:
    """Whether a function compares a status of something other than our own order."""
    if not model.vocabulary.status(fn):
        return False
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op not in (Op.BINARY, Op.CALL):
            continue
        if op == Op.BINARY and any(_names_success(model, body.const(a)) for a in body.args(i)[1:3]):
            return True
        for side in body.args(i)[1:3] if op == Op.BINARY else [a for _, a in body.call(i)[1]]:
            source = model.requests.source(model.evaluator.value(fn, side))
            name = source.key if source and source.key else _written(model, fn, side)
            holder, _, last = (name or "").rpartition(".")
            compared = op == Op.BINARY or body.name(body.args(i)[0]).rpartition(".")[2] in ("in_array", "includes", "has")
            if (
                compared
                and model.words.has("status_fields", last)
                and not model.words.entity(holder.rpartition(".")[2])
                and holder not in ("this", "self")
            ):
                return True
    return False


def _names_success(model: Model, const: tuple[int, str] | None) -> bool:
    """Whether a text is the name of an event that tells of a payment made: ``PAYMENT.DONE``, ``charge.succeeded``."""
    about, dot, last = const[1].strip(_QUOTES).lower().rpartition(".") if const is not None else ("", "", "")
    return bool(dot) and model.words.has("payment_words", about) and (model.words.has("paid_values", last) or last in _DONE)


def _written(model: Model, fn: Fn, i: int) -> str:
    """A member or key as it is written: ``$data['payment_status']`` and ``data.get("payment_status")`` are ``data.payment_status``."""
    body = model.program.body(fn)
    holder, key = body.args(i)[:2] if body.op[i] == Op.INDEX else (-1, -1)
    if body.op[i] == Op.CALL and body.called(i) == "get":
        callee, given = body.call(i)
        if given and body.op[callee] == Op.FIELD:
            holder, key = body.args(callee)[0], given[0][1]
    const = body.const(key) if key >= 0 else None
    return f"{_written(model, fn, holder)}.{const[1].strip(_QUOTES)}" if const else written(model.program, fn, i)


def _worst(model: Model, unproven: list[Happening]) -> Happening:
    """A written status before a telling name."""
    return next((h for h in unproven if model.program.body(h.fn).op[h.instr] == Op.SET_FIELD), unproven[0])


def _break(model: Model, entry: Entry, ruling: Ruling, act: Happening, anchor: tuple[Fn, int], asked: str) -> None:
    program = model.program
    fn, instr = anchor
    body = program.body(fn)
    line = body.line[instr]
    ruling.outcome, ruling.severity = "broken", "critical"
    ruling.confidence = "certain" if program.body(act.fn).op[act.instr] == Op.SET_FIELD and asked == _NEVER else "likely"
    ruling.anchor = (fn.file, line, body.end_line[instr])
    ruling.title = "A route that the browser calls marks the order as paid"
    route = called(model, entry)
    ruling.message = (
        f"Calling {route} is enough to reach this line, and {asked}: whoever opens the address gets the order for nothing, "
        f"and a customer whose browser closes early has paid and gets none."
    )
    providers = model.handlers.paying(program.unit(entry.target.fn.file))
    ruling.remediation = _remedy(model, providers, act.fn.file)
    ruling.evidence.append(Evidence(fn.file, line, "no confirmation from the provider before this", "missing"))
    ruling.evidence += passed(model, act, anchor)
    ruling.evidence.append(at(program, act.fn, act.instr, "paid from here on", "sink"))


def _as_it_is(model: Model, entry: Entry, policy: PaidPolicy, ruling: Ruling, act: Happening) -> None:
    """Says of a broken ruling what it is that the caller gets by his own word."""
    if (act.fn, act.instr) in policy.named:
        _as_named(entry, ruling, model, act)
    if (act.fn, act.instr) in policy.granted:
        ruling.title = "A route that the browser calls hands over what is sold"
        ruling.evidence[-1] = replace(ruling.evidence[-1], note="what was bought is the caller's from here on")
    if (act.fn, act.instr) in policy.credited:
        _as_credited(entry, ruling, model)
    if (act.fn, act.instr) in policy.topped:
        _as_topped_up(entry, ruling, model)


def _as_named(entry: Entry, ruling: Ruling, model: Model, act: Happening) -> None:
    """An order begins in the state that the request names, or is set to it, paid ones too."""
    touch = model.records.touch(act.fn, act.instr, act.ctx)
    route = called(model, entry)
    changed = touch is not None and touch.kind == "write"
    if touch is not None and changed and model.program.body(act.fn).op[act.instr] == Op.SET_FIELD:
        changed = touch.record is not None and model.records.read_behind(touch.record) is not None  # one that is there already
    which = "that an order's payment is set to" if changed else "of the new order"
    ruling.confidence = "likely"
    ruling.title = "The customer says whether he has paid" if changed else "The customer says in which state a new order begins"
    ruling.message = (
        f"The state {which} is read from the request to {route}: who sends one that means paid has an order that counts as paid, and "
        "nobody asks a provider for the money."
    )
    first = "Set the state by what the provider says" if changed else "Begin every order in the first state, whatever is sent"
    ruling.remediation = (
        f"{first}, and leave the field out of what the request may hold; only the verified confirmation of the provider moves it on."
    )
    ruling.evidence[1] = replace(ruling.evidence[1], note="the state that is sent becomes the order's")


def _as_credited(entry: Entry, ruling: Ruling, model: Model) -> None:
    """What has come for an order is raised by as much as the caller says."""
    ruling.confidence = "likely"
    ruling.title = "The customer says how much he has paid"
    ruling.message = (
        f"Calling {called(model, entry)} is enough to raise what has been received for an order by the amount that is sent, and {_NEVER}: "
        "whoever sends what is still owed has an order that counts as paid."
    )
    ruling.evidence[1] = replace(ruling.evidence[1], note="no payment is asked for or proven before this")
    ruling.evidence[-1] = replace(ruling.evidence[-1], note="raised by what is sent")


def _as_topped_up(entry: Entry, ruling: Ruling, model: Model) -> None:
    """What customers buy with is raised by as much as they say."""
    route = called(model, entry)
    ruling.confidence = "likely"
    ruling.title = "A customer raises his own balance without paying"
    ruling.message = (
        f"Calling {route} is enough to raise the balance with which customers pay by the amount that is sent, and {_NEVER}: whoever calls "
        "it buys for nothing."
    )
    ruling.remediation = (
        "Begin a payment for the amount, and raise the balance in the verified webhook of the provider, by what was paid, once per payment."
    )
    ruling.evidence[1] = replace(ruling.evidence[1], note="no payment is begun, asked for or proven before this")
    ruling.evidence[-1] = replace(ruling.evidence[-1], note="raised by what is sent")


def _remedy(model: Model, providers: list[Provider], file: str) -> str:
    asked = remedies.code(model, file, "confirm", providers[0]) if providers else ""
    how = f" ({asked})" if asked else " and comparing status, amount and order"
    name = providers[0].name if providers else "the provider"
    return f"Only show the result here. Mark the order paid in the verified webhook, or after asking {name} with our own credentials{how}."


CHECK = Check(id="payment/fulfil-on-redirect", title="No order is paid because a browser says so", severity="critical", rule=rule)
