"""``payment/amount-not-reconciled``: what was paid is compared with what is owed before an order counts as paid."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tillproof.checks.catalog import Check
from tillproof.checks.payment.goods_of_now import is_lifted, of_session
from tillproof.checks.payment.other_ways import apart
from tillproof.checks.payment.paying_effects import paying_effects, takes_state
from tillproof.checks.payment.posted_sums import is_sum_posted
from tillproof.checks.payment.reconcile_remedies import remedy
from tillproof.checks.payment.sender import ask_about, guessed_call
from tillproof.checks.payment.too_early import begun_by, too_early
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import anchor, called, entry_line, lines, source, step, steps
from tillproof.commerce.bindings import (
    all_signed,
    asked_for_another,
    compared_with_kept,
    found_by_sent,
    order_named_by_client,
    signed_for_ours,
)
from tillproof.commerce.booked_sums import booked
from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.found_together import found_together
from tillproof.commerce.given import values_at
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.own_payments import NOTES
from tillproof.commerce.paid_for import granted_as_sent
from tillproof.commerce.reconciling import Reconciled, Reconciling
from tillproof.commerce.request_fields import fields_of
from tillproof.commerce.sums import Sums
from tillproof.commerce.told_answers import is_told
from tillproof.commerce.told_by_objects import told_by_object
from tillproof.commerce.whether_paid import asks_whether_paid
from tillproof.flow.asked_values import is_empty
from tillproof.flow.facts import Passed
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.flow.values import Ctx, Value, pieces
from tillproof.ir.ops import Op

_DECIDES = (
    "Does what comes of this comparison decide whether the order counts as paid? An object tells it, and who reads that is not followed."
)
_TELL_OF_MONEY = ("payment", "platform", "marketplace")
_PAYMENT_ID = re.compile(r"(\w+_)?(payment|transaction|charge|txn)_id")
_MOST_PIECES = 20
_BY_OUR_KEY = ("boolean", "throws", "value")
"""How a library proves a message by the key of our own account; what is sent back to be proven may be paid to anybody."""
_SUCCEEDED = re.compile(r"(^|[/_-])success(ful(ly)?)?(?=$|[/_?{<:A-Z-])")


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per entry point, and function behind it, that marks an order as paid on the word of a provider or a browser."""
    reconciling = Reconciling(model)
    handlers = {h.entry.target.fn: h for h in model.handlers.all}
    seen: set[tuple[Fn, int]] = set()
    taken: set[Fn] = set()
    for entry in model.handlers.entries:
        handler = handlers.get(entry.target.fn)
        if entry.target.fn in taken or not (handler or (entry.role in ("public", "customer") and model.browser_paid.may_pay(entry))):
            continue
        taken.add(entry.target.fn)
        if handler is not None and handler.provider.kind not in _TELL_OF_MONEY:
            continue  # a carrier says that a parcel arrived
        parts: dict[Fn, list[tuple[Place, Effect]]] = {}
        for effect in (e for e in paying_effects(model, entry, handler) if not reconciling.of_refund(e)):
            place = anchor(model, effect, handler.provider if handler else None)
            if (place.fn, place.instr) not in seen:
                seen.add((place.fn, place.instr))
                parts.setdefault(place.fn, []).append((place, effect))
        for fn, several in parts.items():
            soon = too_early(model, handler, several) if handler is not None else None
            if soon is not None:
                yield soon
            part = [one for one in several if handler is None or not begun_by(model, handler, one[1])]
            if not part:
                continue
            if handler is not None and _only_unproven(model, handler, reconciling, [reconciling.of(e) for _, e in part]):
                continue
            ruling = _rule(model, entry, handler, part, reconciling)
            if ruling.outcome == "broken":
                others = [place for place, _ in part[1:]] + _authorised(model, entry, handler, fn, reconciling)
                ruling.evidence += _elsewhere(model, part[0][0], others)
            yield ruling


def _only_unproven(model: Model, handler: Handler, reconciling: Reconciling, found: list[Reconciled]) -> bool:
    """Whether nothing is wrong with a return page but that nobody proves what it is sent, of which payment/fulfil-on-redirect speaks: the
    record is found by the provider's id of its own payment, and no other payment is named beside it; or the provider is asked for the
    record's own payment, and nobody looks at what it answers."""
    if handler.kind != "redirect-return" or handler.walked.proofs:
        return False
    if _asked_for_ours(model, handler.entry, reconciling):
        return True
    if not all(how.stored and how.sought for how in found):
        return False
    sought = {snake(key.rpartition(".")[2]) for how in found for key in how.sought}
    return not any(_PAYMENT_ID.fullmatch(key) for key in {snake(k) for k in fields_of(model, handler.entry)} - sought)


def _authorised(model: Model, entry: Entry, handler: Handler | None, fn: Fn, reconciling: Reconciling) -> list[Place]:
    """Where the function that hears of payments lets an order go on uncompared for money that is only held: told beside what is paid."""
    if handler is None:
        return []
    held = [t.effect for t in model.transitions.of(entry.target) if any(model.words.has("authorised_values", to) for to in t.to)]
    places = ((anchor(model, e, handler.provider), e) for e in held)
    return [place for place, e in places if place.fn == fn and not _holds(_owed(reconciling, handler, reconciling.of(e)), handler.kind)]


def _rule(model: Model, entry: Entry, handler: Handler | None, part: list[tuple[Place, Effect]], reconciling: Reconciling) -> Ruling:
    file, line = entry_line(model, entry)
    kind = handler.kind if handler else "client-route"
    ruling = Ruling("payment/amount-not-reconciled", "held", kind, file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)} hears that something was paid")]
    found = [(place, effect, _owed(reconciling, handler, reconciling.of(effect))) for place, effect in part]
    unread = _outcome_unread(model, handler, [e for _, e in part])
    bound = _bound(model, handler, reconciling, [e for _, e in part]) if handler is not None else _asked_for_ours(model, entry, reconciling)
    paid = [e for _, e in part]
    other = next((name for _, e, how in found if (name := granted_as_sent(model, e, how.amount))), "")
    tied = [*bound, *_compared(model, reconciling, found, kind)] or _weighed(model, paid) or _with_sum(model, entry, paid)
    if other:
        return _for_something_else(model, ruling, entry, found, other)
    if tied and not unread:
        ruling.evidence += tied
        return ruling
    place, effect, how = next((one for one in found if not _holds(one[2], kind)), found[0])
    if tied and handler is not None:
        return _whatever_came(model, ruling, handler, place, effect)
    if (unseen := _question(model, ruling, handler, reconciling, effect, how)) is not None:
        return unseen
    named = order_named_by_client(model, handler.provider) if handler is not None and kind == "webhook" else None
    page = reconciling.pages.of(handler.provider) if handler is not None else None
    signed = handler is not None and bool(handler.walked.proofs) and all(p.mac for p in handler.walked.proofs)
    beside = kind == "redirect-return" and not how.stored and effect.touch is not None and bool(found_by_sent(model, effect.touch))
    sent = kind in ("client-route", "ipn") or (kind == "redirect-return" and not signed) or beside  # what is signed is only carried
    chosen = sent or named is not None or page is not None
    ruling.outcome, ruling.severity = "broken", "critical" if chosen else "high"
    ruling.confidence = "likely"
    ruling.anchor = lines(model, place)
    missing = _missing(how, kind)
    ruling.title = "A payment counts for the order whatever was paid"
    ruling.message = (
        f"{called(model, entry)} marks the order as paid, and nothing on the way compares {missing}: a genuine payment of a "
        "smaller sum, in a weaker currency or for another order is taken for this one, and the goods go out for it."
    )
    ruling.remediation = remedy(model, place.fn.file, handler, effect.touch)
    if page is not None:
        ruling.evidence.append(Evidence(*page, "the browser begins the payment, for the sum that it names", "step"))
    later = _put_in_later(handler, reconciling, [e for _, e in part]) if handler is not None else None
    if later is not None:
        ruling.message += " The order can still be added to after the payment was begun for what it came to then."
        ruling.remediation += " Or take nothing more into an order for which a payment is open."
        ruling.evidence.append(step(model, later.place, "the order can be changed here while its payment is open"))
    if named is not None:
        ruling.message += (
            f" The request that begins the payment names the order itself (`{named[1]}`): a cheap cart can pay for a dear order."
        )
        ruling.remediation += f" Where the payment is begun, take the sum from the order that `{named[1]}` names."
        note = f"`{named[1]}` of the client's request names the order that is paid; what is charged is not held against it"
        ruling.evidence.append(step(model, named[0], note))
    for proof in handler.walked.proofs[:2] if handler else ():
        if calls := [c for c in proof.ctx.chain() if c.call >= 0] if proof.ctx else []:
            asked = Place(calls[-1].caller, calls[-1].call, calls[-1].parent)
            ruling.evidence.append(step(model, asked, "the confirmation is asked for here", "source"))
        ruling.evidence.append(step(model, Place(proof.fn, proof.instr, proof.ctx), f"what is confirmed here: {proof.what}", "source"))
    vain = reconciling.in_vain(effect) if not how.amount else None
    if vain is not None:
        _say_in_vain(model, ruling, entry, vain)
    ruling.evidence.append(step(model, place, f"nothing compares {missing} before this" if vain is None else "it goes on here", "missing"))
    ruling.evidence += steps(model, effect, "paid from here on")
    return ruling


def _question(
    model: Model, ruling: Ruling, handler: Handler | None, reconciling: Reconciling, effect: Effect, how: Reconciled
) -> Ruling | None:
    """The ruling as a question where what is asked, or what comes of a comparison, is not seen."""
    guesses = [guessed_call(model, p.ctx) for p in handler.walked.proofs if p.refetch] if handler is not None else []
    if guesses and None not in guesses:
        return ask_about(model, ruling, min(g for g in guesses if g is not None), "what asks the provider, and for the order's own payment")
    if not how.amount and (compared := told_by_object(model, reconciling, effect)) is not None:
        ruling.outcome, ruling.question = "unknown", step(model, compared, _DECIDES)
        return ruling
    return None


def _say_in_vain(model: Model, ruling: Ruling, entry: Entry, compared: Atom) -> None:
    """The sums are compared, and nothing comes of it: it is there that something has to be done."""
    at = Place(compared.fn, compared.instr, compared.ctx)
    ruling.anchor = lines(model, at)
    ruling.message = (
        f"What was paid is compared with what the order comes to, but {called(model, entry)} marks the order as paid whatever comes of "
        "that: a genuine payment of a smaller sum or in a weaker currency is taken for this one, and the goods go out for it."
    )
    ruling.remediation = (
        "Leave the order unpaid where the sums differ, and tell somebody: return or raise in that branch. " + ruling.remediation
    )
    ruling.evidence.append(step(model, at, "the sums are compared here, and nothing comes of it", "missing"))


def _outcome_unread(model: Model, handler: Handler | None, paid: list[Effect]) -> bool:
    """Whether a handler of messages that tell of failures too takes each of them for a payment."""
    if handler is None or handler.kind == "redirect-return" or handler.provider.kind != "payment":
        return False
    if model.strangers.knows(handler.provider) and any(p.mac for p in handler.walked.proofs):
        return False  # it may tell of nothing but payments that were made: nobody here knows
    if any(_SUCCEEDED.search(text) for text in (handler.entry.route or "", called(model, handler.entry))):
        return False  # it is called on success alone, as gateways do that are told an address for each outcome
    if handler.admits is not None and handler.kind != "ipn":
        return False  # a package tells it of one kind of event, or staff hand it on
    if all(takes_state(model, handler, effect) for effect in paid):
        return False  # it is written down as it was told
    inbound = handler.inbound
    outcome = {name for told in handler.provider.inbound for name in told.outcome}
    if outcome and handler.walked.proofs and outcome.isdisjoint(t for fn in handler.closure.functions for t in model.vocabulary.tokens(fn)):
        return True
    if inbound.signs == "paid" or not (inbound.events or inbound.proof in ("refetch", "ipn-postback")):
        return False
    return not asks_whether_paid(model, handler, paid)


def _whatever_came(model: Model, ruling: Ruling, handler: Handler, place: Place, effect: Effect) -> Ruling:
    """The payment is the order's, and nobody asks what came of it."""
    asked = any(p.refetch for p in handler.walked.proofs)
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.severity = "critical" if asked or handler.kind == "ipn" else "high"
    ruling.anchor = lines(model, place)
    provider = handler.provider.name
    ruling.title = f"Whatever {provider} tells of a payment counts as paid"
    told = "its answer" if asked else "the message"
    ruling.message = (
        f"{called(model, handler.entry)} marks the order as paid, and nothing on the way asks what {told} says: {provider} tells of "
        "payments that were cancelled, refused or have expired in the same way, and each of them pays the order."
    )
    ruling.remediation = (
        f"Mark the order as paid only when {told} says that it was paid: {_success(handler)}. Let every other outcome alone."
    )
    ruling.evidence.append(step(model, place, "nothing asks before this what came of the payment", "missing"))
    ruling.evidence += steps(model, effect, "paid from here on")
    return ruling


def _for_something_else(model: Model, ruling: Ruling, entry: Entry, found: list[tuple[Place, Effect, Reconciled]], name: str) -> Ruling:
    """The sum is the one for what was noted with the payment, and what is handed out is what the request asks for."""
    place, effect, how = next(one for one in found if granted_as_sent(model, one[1], one[2].amount))
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "critical", "likely"
    atom = how.amount[0]
    compared = Place(atom.fn, atom.instr, atom.ctx)
    ruling.anchor = lines(model, compared)  # it is there that the other price has to be taken
    ruling.title = "What was paid for is not what is handed out"
    ruling.message = (
        f"{called(model, entry)} holds what was paid against the price of the `{name}` that was noted with the payment, but what it "
        f"creates is of the `{name}` that the request names, and nobody compares the two: who pays for the cheapest gets the dearest."
    )
    ruling.remediation = f"Create it with the `{name}` that the payment carries, or refuse the request where the two differ."
    ruling.evidence.append(step(model, compared, f"what was paid fits the `{name}` of the payment", "step"))
    ruling.evidence.append(step(model, place, f"nothing holds the `{name}` of the request against it", "missing"))
    ruling.evidence += steps(model, effect, f"made with the `{name}` that was sent")
    return ruling


def _success(handler: Handler) -> str:
    """What a provider's message says when money came."""
    events = handler.inbound.settles or handler.inbound.events[:1]
    return f"`{'` or `'.join(events[:2])}`" if events else "its status or type of event is the one that the provider names for that"


def _weighed(model: Model, paid: list[Effect]) -> list[Evidence]:
    """Where a platform is handed the sum that was paid, and holds it against what its record comes to: not where it is handed that."""
    out, sums = [], Sums(model.program, model.requests.active)
    for effect in paid:
        told = model.recogniser.effect(effect.fn, effect.instr, effect.ctx)
        place = told[0].weighs if told is not None else ""
        given = [v for k, v in model.program.body(effect.fn).call(effect.instr)[1] if k == ""] if place else []
        value = model.evaluator.value(effect.fn, given[int(place)], effect.ctx) if place and int(place) < len(given) else None
        known = [sums.known(p) for p in pieces([value], _MOST_PIECES, model.evaluator.made_of)] if value is not None else []
        if not known or is_empty(value) or any(one is not None and one.does == "gives" for one in known):
            return []
        out.append(
            step(model, effect.place, "the platform holds the sum that is handed over here against what its record comes to", "guard")
        )
    return out


def _with_sum(model: Model, entry: Entry, paid: list[Effect]) -> list[Evidence]:
    """Why nothing has to be compared: what is booked for the payment is the sum that was paid, each time."""
    effects = model.effects.of(entry.target)
    places = [booked(model, e, effects) for e in paid]
    given = [p for p in places if p is not None]
    if not paid or len(given) < len(paid):
        return []
    return [step(model, given[0], "the sum that was paid goes along, and no more counts than was paid", "guard")]


def _elsewhere(model: Model, first: Place, others: list[Place]) -> list[Evidence]:
    """The other lines of the same function where an order goes on: the mend is owed there too."""
    known = lines(model, first)[1]
    found = dict.fromkeys(line for place in others if (line := lines(model, place)[1]) != known)
    return [Evidence(first.fn.file, line, "nor is anything compared before the order goes on here", "missing") for line in found]


def _bound(model: Model, handler: Handler, reconciling: Reconciling, paid: list[Effect]) -> list[Evidence]:
    """Why the message can only be about the payment that was made for this order: its id was ours before the message came."""
    signed = signed_for_ours(model, handler, paid)
    if signed is not None:
        where = Place(signed.fn, signed.instr, signed.ctx)
        return [step(model, where, "the signature is over the id of the payment that was made for this order", "guard")]
    if (sum_ := _sum_named(model, [(p.fn, p.instr, p.ctx) for p in handler.walked.proofs if p.refetch])) is not None:
        return [step(model, sum_, f"{handler.provider.name} is told the sum that is owed, and confirms no other", "guard")]
    if reconciling.pages.of(handler.provider) is not None:
        return []  # the id says for what, and the browser for how much
    asking = [
        p for p in handler.walked.proofs if p.refetch
    ] or handler.walked.proofs  # and not the visitor's own token, which is signed too
    # What a client of ours sends a request by is no second question beside the one that it is made for.
    asking = [p for p in asking if model.operations.at(p.fn, p.instr, p.ctx) is not None] or asking
    asked = [(p, next((k for c in (p.ctx, *p.also) if (k := reconciling.asked_by_ours(p.fn, p.instr, c))), "")) for p in asking]
    if not asked or not all(kept for _, kept in asked):
        return _named_by_us(model, handler, reconciling, paid)
    proof, kept = asked[0]
    note = f"the provider is asked for the payment whose id is kept in `{kept}`"
    return [step(model, Place(proof.fn, proof.instr, proof.ctx), note, "guard")]


def _sum_named(model: Model, asked: list[tuple[Fn, int, Ctx | None]]) -> Place | None:
    """Where the provider is asked whether the sum was paid that we name ourselves, which it confirms for that sum only."""
    for fn, i, ctx in asked:
        for site in (s for s in model.operations.sites_at(fn, i) if s.operation.owed):
            told = [v for path in site.operation.owed for v in values_at(model, site, path, ctx)]
            if told and not any(next(iter(model.requests.sources_in(v, _MOST_PIECES)), None) for v in told):
                return Place(fn, i, ctx)
        if (before := _sum_set_before(model, fn, i, ctx)) is not None:
            return before
    return None


def _sum_set_before(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Place | None:
    """Where the same payment was set to a sum of ours before the provider is asked to take it: ``PaymentIntent.modify(id, amount=…)`` and
    then ``PaymentIntent.confirm(id)``."""
    taken = next((s for s in model.operations.sites_at(fn, i) if s.operation.moves_money), None)
    for fact in model.effects.facts(fn).at(i) if taken is not None else ():
        if not isinstance(fact, Passed) or not _same_first(model, fn, fact.instr, i):
            continue
        for site in model.operations.sites_at(fn, fact.instr):
            told = [v for path in site.operation.amount for v in values_at(model, site, path, ctx)]
            ours = told and not any(next(iter(model.requests.sources_in(v, _MOST_PIECES)), None) for v in told)
            same = taken is not None and (site.provider, site.operation.resource) == (taken.provider, taken.operation.resource)
            if ours and same and site.operation.op == "payment.update":
                return Place(fn, fact.instr, ctx)
    return None


def _same_first(model: Model, fn: Fn, one: int, other: int) -> bool:
    """Whether two calls are told the same first: the id of one payment."""
    body = model.program.body(fn)
    firsts = [next((v for k, v in body.call(i)[1] if k == ""), -1) if body.op[i] == Op.CALL else -1 for i in (one, other)]
    if min(firsts) < 0 or any(body.op[v] not in (Op.NAME, Op.FIELD, Op.INDEX) for v in firsts):
        return False
    keys = [body.const(body.args(v)[1]) if body.op[v] == Op.INDEX else () for v in firsts]
    spelt = [written(model.program, fn, v) for v in firsts]
    return keys[0] is not None and keys[0] == keys[1] and spelt[0] == spelt[1] and "?" not in spelt[0]


def _named_by_us(model: Model, handler: Handler, reconciling: Reconciling, paid: list[Effect]) -> list[Evidence]:
    """Why the payment that was confirmed can only be the one of this order: it is the one that the order was found by, or it carries the
    order's id since we began it, for the order's own sum."""
    for proof in handler.walked.proofs:
        beside = any(apart(model, e, Place(proof.fn, proof.instr, proof.ctx)) for e in paid)  # taken for another message than these
        if proof.refetch and not beside and reconciling.tells_own_sum(proof.fn, proof.instr, proof.ctx):
            note = "the provider is told what the record says is owed, and confirms that"
            return [step(model, Place(proof.fn, proof.instr, proof.ctx), note, "guard")]
        if proof.refetch and (kept := [reconciling.found_by_asked(e, proof.fn, proof.instr, proof.ctx) for e in paid]) and all(kept):
            note = f"the provider is asked for the very payment by which the record is found, kept in `{kept[0]}`"
            return [step(model, Place(proof.fn, proof.instr, proof.ctx), note, "guard")]
        if proof.refetch and paid and all(e.touch is not None and _is_carried(model, e.touch.record) for e in paid):
            return [step(model, Place(proof.fn, proof.instr, proof.ctx), "the record is the one that the answer itself carries", "guard")]
        if proof.refetch and paid and all(held := [compared_with_kept(model, e, proof) for e in paid]) and held[0] is not None:
            place = Place(held[0].fn, held[0].instr, held[0].ctx)
            return [step(model, place, "the id that the provider is asked by is compared with the one that the order keeps", "guard")]
        if proof.refetch and paid and all(rows := [found_together(model, e, proof) for e in paid]) and rows[0] is not None:
            return [step(model, rows[0], "a row is found only where this payment was kept with this order", "guard")]
    asked = handler.kind == "ipn" or any(p.refetch for p in handler.walked.proofs)
    signed = handler.kind == "ipn" and any(not p.refetch for p in handler.walked.proofs)  # what it says is the provider's own word
    under = (
        {reconciling.carried(e, told=handler.kind != "webhook" and not signed) for e in paid}
        if handler.kind == "webhook" or asked
        else set()
    )
    if under and () not in under:
        each = [(reconciling.own.begun_for(handler.provider, names), _put_in_later(handler, reconciling, paid, names)) for names in under]
        begun = each[0][0]
        if begun is not None and all(one is not None and later is None for one, later in each):
            note = "the payment is begun with the order's id and for its own sum; what is heard of it carries that id back"
            return [step(model, Place(begun.fn, begun.instr, begun.ctx), note, "guard")]
    if (
        (handler.kind == "webhook" or asked)
        and paid
        and not any(_changes_order(model, e) or of_session(model, e) or is_lifted(model, e) for e in paid)
    ):
        begun = reconciling.priced.begun(handler.provider)
        if begun is not None:
            note = "the payment is begun at the server's own price of what it says is bought, and there is no order yet to hold it against"
            return [step(model, Place(begun.fn, begun.instr, begun.ctx), note, "guard")]
    return []


def _is_carried(model: Model, record: Value | None) -> bool:
    """Whether a changed record of ours is what a payment library answers with: ``$status->getFirstModel()->getOrder()``."""
    return record is not None and is_told(model, record)


def _changes_order(model: Model, effect: Effect) -> bool:
    """Whether an order is marked as paid that was there before, and has a sum of its own."""
    touch = effect.touch
    return touch is None or (touch.kind != "create" and model.words.has("order_entities", touch.entity))


def _put_in_later(handler: Handler, reconciling: Reconciling, paid: list[Effect], under: tuple[str, ...] = NOTES) -> Effect | None:
    """Where an order that is paid here can still be added to while its payment is open."""
    kinds = dict.fromkeys(e.touch.entity for e in paid if e.touch is not None)
    own = reconciling.own
    return next((found for kind in kinds if (found := own.put_in_later(handler.provider, kind, under)) is not None), None)


def _asked_for_ours(model: Model, entry: Entry, reconciling: Reconciling) -> list[Evidence]:
    """A route of customers that asks the provider for the payment whose id we keep, and for no other."""
    asked = [e for e in model.effects.of(entry.target) if e.operation is not None and e.operation.confirms]
    if (sum_ := _sum_named(model, [(e.fn, e.instr, e.ctx) for e in asked])) is not None:
        return [step(model, sum_, "the provider is told the sum that is owed, and confirms no other", "guard")]
    kept = [reconciling.asked_by_ours(e.fn, e.instr, e.ctx) for e in asked]
    known = [model.operations.at(e.fn, e.instr, e.ctx) for e in asked]
    if not asked or not all(kept) or any(k is not None and reconciling.pages.of(k.provider) is not None for k in known):
        return []
    return [step(model, asked[0].place, f"the provider is asked for the payment whose id is kept in `{kept[0]}`", "guard")]


def _compared(model: Model, reconciling: Reconciling, found: list[tuple[Place, Effect, Reconciled]], kind: str) -> list[Evidence]:
    """The comparisons on the way to the first transition that has enough of them, or how its order is found."""
    loose = [e for _, e, r in found if not _holds(r, kind)]
    effect, how = next(
        (
            (e, r)
            for _, e, r in found
            if _holds(r, kind) and not any(_said_again(model, e, o) or (r.amount and _beside(model, e, o)) for o in loose)
        ),
        (None, None),
    )
    if effect is None or how is None:
        return []
    if not how.amount and how.reference:
        atom = how.reference[0]
        return [step(model, Place(atom.fn, atom.instr, atom.ctx), "the payment is tied to this order by an id that was compared", "guard")]
    if not how.amount and how.sum_key:
        where = reconciling.found_at(effect, how.sum_key)
        return [step(model, where, f"the record is found only if its `{how.sum_key}` is what was paid", "guard")]
    told = [step(model, Place(a.fn, a.instr, a.ctx), "the amount paid is compared", "guard") for a in how.amount[:2]]
    if not how.amount or _holds(replace(how, amount=(), reference=(), sum_key=""), kind):
        where = reconciling.found_at(effect, how.stored)
        told.append(step(model, where, f"the record is found by the payment's own id, kept in `{how.stored}`", "guard"))
    return told


def _said_again(model: Model, compared: Effect, loose: Effect) -> bool:
    """Whether an order that is marked as paid where the sums agree is marked so a second time behind it, whatever they are."""
    one, other = compared.touch, loose.touch
    if one is None or other is None or compared.fn != loose.fn or one.entity != other.entity or one.fields.keys().isdisjoint(other.fields):
        return False
    body, block_of = model.program.body(compared.fn), model.evaluator.defuse(compared.fn).block_of
    return loose.instr > compared.instr and block_of[loose.instr] in reached_from(body, block_of[compared.instr])


def _beside(model: Model, compared: Effect, loose: Effect) -> bool:
    """Whether the very record that is marked as paid where the sums agree is marked so, in the same fields, on another way of the same
    function on which nobody compares them."""
    one, other = compared.touch, loose.touch
    if one is None or other is None or compared.fn != loose.fn or one.entity != other.entity or one.keys.keys() != other.keys.keys():
        return False
    if not one.fields or not one.fields.keys() <= other.fields.keys():
        return False
    body, block_of = model.program.body(compared.fn), model.evaluator.defuse(compared.fn).block_of
    return block_of[compared.instr] not in reached_from(body, block_of[loose.instr])


def _owed(reconciling: Reconciling, handler: Handler | None, how: Reconciled) -> Reconciled:
    """What is tied to the payment beside what the comparisons say: who takes one currency only is paid in it, and what a notification is
    about was paid to us where it is signed with a secret of ours, or was asked for with our own credentials."""
    if handler is not None and how.stored and is_sum_posted(reconciling.model, handler.provider):
        how = replace(how, stored="")  # the id is ours, and the page names the sum that is paid under it
    if handler is not None and (how.stored or how.reference) and reconciling.pages.of(handler.provider) is not None:
        how = replace(how, stored="", reference=())
    if handler is not None and not how.told and all_signed(reconciling.model, handler, how.sought):
        how = replace(how, told=True)
    if handler is not None and how.stored and how.sent and asked_for_another(reconciling.model, handler, how.sought):
        how = replace(how, stored="")
    if handler is None or handler.kind != "ipn":
        return how
    currency = how.currency or (how.amount if len(handler.provider.currencies) == 1 else ())
    ours = any(p.mac or p.refetch or p.how in _BY_OUR_KEY for p in handler.walked.proofs)
    receiver = how.receiver or (how.amount if ours else ())
    return replace(how, currency=currency, receiver=receiver)


def _holds(how: Reconciled, kind: str) -> bool:
    if kind == "ipn":
        return bool((how.amount or how.sum_key) and how.currency and how.receiver)
    stored, chosen = how.stored and (kind == "webhook" or how.told), how.sum_key and (kind == "webhook" or how.sum_told)
    return bool(how.amount or how.reference or stored or chosen)


def _missing(how: Reconciled, kind: str) -> str:
    if how.amount:
        return "the currency and the receiver with the order's and our own" if kind == "ipn" else "the currency with the order's"
    return "the amount and currency that were paid with the order's"


CHECK = Check(id="payment/amount-not-reconciled", title="What was paid is compared with what is owed", severity="high", rule=rule)
