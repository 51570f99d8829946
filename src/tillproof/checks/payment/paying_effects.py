"""The effects behind an entry point after which an order counts as paid, on the word of a provider or a browser."""

import re

from tillproof.checks.payment.goods_of_now import OF_PAYMENT, is_lifted, says_what
from tillproof.checks.payment.other_ways import apart, comes_first
from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import ORDERS
from tillproof.commerce.entries import Entry
from tillproof.commerce.given import values_at
from tillproof.commerce.handled import Handler
from tillproof.commerce.lent_fields import takes_over
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.owed import goes_out
from tillproof.commerce.paid import PaidPolicy
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.request_fields import fields_of
from tillproof.commerce.said_paid import TOTAL_PAID
from tillproof.commerce.sums import Sums
from tillproof.commerce.told_answers import is_told
from tillproof.commerce.told_states import chosen_state
from tillproof.commerce.touches import Touch, text_of
from tillproof.commerce.transitions import KNOWN_STATES, Transition, moved_to_paid, order_made
from tillproof.commerce.worked_out import WORKED_OUT, says_how_much
from tillproof.flow.values import Member, Mix, Value, options, pieces
from tillproof.ir.ops import Op

_PAYMENT_ROW = re.compile(r"(^|_)(payments?|transactions?|txns?|charges?|invoices?|receipts?|logs?|histor(y|ies))$")
_HOPES = ("==", "===", ">=", "<=", "is", "in")
_MARKS = re.compile(
    r"(mark|set|flag|make)_(\w+_)?(paid|payed|payments?_(as_)?(processed|received|made|done|completed?))"
    r"|payment_(complete|completed|received)|(complete|confirm)_(the_)?payment"
)
_CHARGES = ("payment.create", "payment.capture", "payment.confirm", "subscription.create")
_TAKES = ("payment.capture", "payment.confirm")
_MOST_PIECES = 20
_OF_ANOTHER = re.compile(r"(\w+_)?(refund\w*|return\w*|dispute|chargeback|ship\w*|deliver\w*|tracking|fulfil\w*)_(status|state)(_\w+)?")
"""The state of what is sent or given back: that it succeeded says nothing of a payment."""
# What providers call the messages of payments that were not made: ``charge.failed``, ``PAYMENT.CAPTURE.DENIED``.
_FAILED = re.compile(r"\w[._](failed|failure|declined|denied|expired|cancell?ed|payment_failed)$")


def paying_effects(model: Model, entry: Entry, handler: Handler | None) -> list[Effect]:
    """The effects after which an order counts as paid; not those of a run that makes the payment right here, for a sum of our own. What is
    charged once the provider was asked of a payment and the order counts as paid is another payment, as that of the next month."""
    effects = model.effects.of(entry.target)
    charges = [e for e in effects if e.kind in _CHARGES and _names_sum(model, e)]
    found = _paying(model, entry, handler, effects) if not charges or handler is not None else []
    if not found and handler is not None and handler.kind == "redirect-return":
        found = _bought(model, entry, effects)
    found = [e for e in found if not goes_out(model, e.fn, e.instr, e.place.ctx)]  # a payout is settled by what we have sent
    asked = [e for e in effects if e.kind == "payment.retrieve"]
    return [e for e in found if all(apart(model, e, charge.place) or _is_next(model, asked, e, charge) for charge in charges)]


def _is_next(model: Model, asked: list[Effect], paid: Effect, charge: Effect) -> bool:
    """Whether a charge comes after what is paid by a payment that the provider was asked of before."""
    return comes_first(model, paid, charge.place) and any(comes_first(model, e, paid.place) for e in asked)


def _paying(model: Model, entry: Entry, handler: Handler | None, effects: list[Effect]) -> list[Effect]:
    words = model.words
    found = [
        t.effect
        for t in model.transitions.of(entry.target)
        if (t.computed or not _ends(model, t, handler is not None))
        and t.held != WORKED_OUT  # what was paid is booked as it came, and the sums decide
        and not _OF_ANOTHER.fullmatch(snake(t.field))
        and (t.to or not TOTAL_PAID.fullmatch(snake(t.field)))  # what is to be paid, as shops call it too
        and (
            moved_to_paid(words, t)
            or (not any(words.has(kind, to) for to in t.to for kind in KNOWN_STATES) and _told_paid(model, t.effect))
        )
    ]
    if handler is None or handler.kind == "redirect-return":
        asked = any(e.operation is not None and e.operation.confirms for e in effects) or model.handlers.closure(entry).verifiers
        signed = handler is not None and bool(handler.walked.proofs)
        if not asked and not signed and (handler is None or not _tells_of_payment(model, entry, handler)):
            return []  # what nobody tells of and nobody confirms is payment/fulfil-on-redirect
    policy = PaidPolicy(model)
    found = [e for e in found if not _owes_nothing(model, policy, e)]
    if handler is None:
        return found
    found = [e for e in found if not _told_of_failure(model, e)]
    known = {id(e) for e in found}
    mirrored = handler.provider.kind == "platform"  # a shop's own order is told of, and copied
    others = [e for e in effects if id(e) not in known]
    if not found and not mirrored:
        found = [e for e in others if _marks(model, e)]
    return found + [
        e
        for e in others
        if (order_made(e) and not mirrored)
        or _notes_payment(model, e)
        or _settles(model, policy, handler, e)
        or (handler.kind == "ipn" and _keeps_as_told(model, e))
        or takes_state(model, handler, e)
    ]


def _bought(model: Model, entry: Entry, effects: list[Effect]) -> list[Effect]:
    """What comes to be by a payment alone, whatever it is called: a team that is registered with the payment's id, the plan of an account.
    Where the sender says what it is to be, it may be another thing than the one that was paid for."""
    found = next((each for each in model.browser_paid.all if each.entry.target.fn == entry.target.fn), None)
    paid = {(h.fn, h.instr) for h in found.paid} if found is not None else set()
    lifted = [e for e in effects if is_lifted(model, e)]
    made = [e for e in effects if (e.fn, e.instr) in paid and e.touch is not None and e.touch.kind == "create"]
    return lifted + [
        e for e in made if e.touch is not None and _PAYMENT_ROW.search(snake(e.touch.entity)) is None and says_what(model, e.touch)
    ]


def _told_paid(model: Model, effect: Effect) -> bool:
    """Whether an order goes on, into whatever state the shop calls it, where the provider's own answer says that the payment is made."""
    words = model.words
    for atom in (a for held in model.effects.held(effect) for a in model.conditions.behind(held) if isinstance(a, Atom)):
        said = model.states.required(atom)
        body = model.program.body(atom.fn)
        if (
            body.op[atom.instr] != Op.BINARY
            or not said
            or not all(words.has("paid_values", t) or words.has("fulfil_values", t) for t in said)
        ):
            continue
        if any(is_told(model, model.evaluator.value(atom.fn, side, atom.ctx)) for side in body.args(atom.instr)[1:3]):
            return True
    return False


def _settles(model: Model, policy: PaidPolicy, handler: Handler, effect: Effect) -> bool:
    """Whether a payment system's message puts an order into the state that its settings name for that, or has the platform settle it."""
    touch = effect.touch
    if handler.provider.kind != "payment" or touch is None:
        return False
    if not (touch.effect == "order.paid" or chosen_state(model, touch) or _books_payment(model, touch)):
        return False
    words = model.words
    told = [text_of(o) for n, v in touch.fields.items() if v is not None and words.says_state(n) for o in options(v)]
    if told and all(t is not None and (words.has("dead_values", t) or words.has("open_values", t)) for t in told):
        return False  # `give_update_payment_status($id, 'cancelled')`
    return not _told_of_failure(model, effect) and not _owes_nothing(model, policy, effect)


def _owes_nothing(model: Model, policy: PaidPolicy, effect: Effect) -> bool:
    """Whether an order is marked as paid from what the customer has with the shop, or since nothing is to be paid: of that nobody tells."""
    atoms = (a for held in model.effects.held(effect) for a in model.conditions.behind(held) if isinstance(a, Atom))
    return any(policy.owes_nothing(a.fn, a.instr, a.ctx) is not None for a in atoms if _is_met(model, a))


def _is_met(model: Model, atom: Atom) -> bool:
    """Whether a comparison turned out as the one who asks it hopes: ``balance >= total`` true, ``balance < total`` false."""
    body = model.program.body(atom.fn)
    return body.op[atom.instr] == Op.BINARY and atom.truth is (body.text(body.args(atom.instr)[0]) in _HOPES)


def _told_of_failure(model: Model, effect: Effect) -> bool:
    """Whether an effect is reached by a message alone that says that a payment failed: whatever becomes active then, nothing was paid."""
    for held in model.effects.held(effect):
        for atom in model.conditions.behind(held):
            if isinstance(atom, Atom) and (said := model.states.required(atom)) and all(_FAILED.search(text) for text in said):
                return True
    return False


def _names_sum(model: Model, effect: Effect) -> bool:
    """Whether a payment is made here for a sum that we name. What was made before may be taken without naming one, or for the one that the
    caller names: then it is the sum of whichever payment the caller named."""
    operation = effect.operation
    if operation is None or not operation.amount:
        return False
    if effect.kind not in _TAKES:
        return True
    sites = model.operations.sites_at(effect.fn, effect.instr)
    named = [v for s in sites for path in s.operation.amount for v in values_at(model, s, path, effect.ctx)]
    sent = any(next(iter(model.requests.sources_in(v, _MOST_PIECES)), None) is not None for v in named)
    return not sites or (bool(named) and not sent)


def _tells_of_payment(model: Model, entry: Entry, handler: Handler) -> bool:
    """Whether a request says anything of a payment: its id, its state, who paid, a field that the provider alone sends."""
    return any(OF_PAYMENT.search(snake(key)) or key in handler.inbound.fields for key in fields_of(model, entry))


def _ends(model: Model, transition: Transition, told: bool) -> bool:
    """Whether a change ends or gives back what was paid. Where a message tells which of several states it is, it may also be "paid"."""
    words = model.words
    pays = told and any(words.has("paid_values", to) or words.has("fulfil_values", to) for to in transition.to)
    return not pays and any(words.has("dead_values", to) or "refund" in to.lower() for to in transition.to)


def _marks(model: Model, effect: Effect) -> bool:
    """Whether a record of a platform's is told by a call that its payment came: ``$order->markAsPaid()``, whatever else that does."""
    if effect.kind != "fulfil" or effect.touch is not None:
        return False
    return _MARKS.fullmatch(snake(model.program.body(effect.fn).called(effect.instr))) is not None


def _notes_payment(model: Model, effect: Effect) -> bool:
    """Whether what is written, on whatever record, is that a payment came: when, how much, under which id."""
    touch = effect.touch
    if touch is None or touch.kind != "write":
        return False
    body = model.program.body(touch.fn)
    if body.op[touch.instr] == Op.SET_FIELD and takes_over(body, touch.instr):
        return False
    told = ((n, v) for n, v in touch.fields.items() if model.words.has("paid_fields", n) and not model.words.has("status_fields", n))
    paid = [n for n, v in told if (model.words.money(n) or v is None or not says_how_much(v)) and not _restates(model, n, v)]
    return bool(paid) and any(model.words.money(n) or PAYMENT_ID.fullmatch(snake(n)) for n in touch.fields)


def _keeps_as_told(model: Model, effect: Effect) -> bool:
    """Whether a payment is recorded with the state and the sum that the message tells. An IPN is as genuine for a payment to the account of
    somebody else as for one to ours."""
    touch = effect.touch
    if touch is None or touch.kind not in ("create", "upsert") or not model.words.entity(touch.entity):
        return False
    told = [n for n, v in touch.fields.items() if v is not None and model.requests.sources_in(v, _MOST_PIECES)]
    return any(model.words.says_state(n) for n in told) and any(model.words.money(n) for n in told)


def takes_state(model: Model, handler: Handler, effect: Effect) -> bool:
    """Whether an order is given the state of its payment as the payment system tells it, be it paid or not: ``status: payment.status``."""
    touch = effect.touch
    if handler.provider.kind != "payment" or touch is None or touch.kind not in ("write", "upsert") or not ORDERS.fullmatch(touch.entity):
        return False
    states = (v for n, v in touch.fields.items() if v is not None and model.words.has("status_fields", n))
    told = (o for v in states for o in options(v) if isinstance(o, Member) and model.words.has("status_fields", o.name))
    return any(_is_theirs(model, o) for o in told) and not _told_of_failure(model, effect)


def _is_theirs(model: Model, value: Value) -> bool:
    """Whether a value is a part of what a provider answered or has sent."""
    sent = model.requests.source(value)
    return is_told(model, value) or (sent is not None and sent.kind in ("body", "raw", "query"))


def _books_payment(model: Model, touch: Touch) -> bool:
    """Whether a payment is recorded as completed for which the platform marks the order as paid."""
    known = model.recogniser.effect(touch.fn, touch.instr, touch.ctx) if touch.kind == "create" else None
    if known is not None and known[0].entity == "order_payment":
        return True  # a payment that is booked on the order has come
    if known is None or known[0].entity != "payment":
        return False
    words = model.words
    texts = [text_of(o) for n, v in touch.fields.items() if v is not None and words.says_state(n) for o in options(v)]
    return any(t is not None and (words.has("paid_values", t) or words.has("fulfil_values", t)) for t in texts)


def _restates(model: Model, name: str, value: Value | None) -> bool:
    """Whether a total is worked out anew from what we know ourselves, as where a discount is taken off: no money has come by that."""
    if value is None or not TOTAL_PAID.fullmatch(snake(name)):
        return False
    sums = Sums(model.program, model.requests.active)
    inside = list(pieces([value], _MOST_PIECES, model.evaluator.made_of))
    return any(isinstance(p, Mix) and p.op == "-" for p in inside) or any((k := sums.known(p)) and k.does == "gives" for p in inside)
