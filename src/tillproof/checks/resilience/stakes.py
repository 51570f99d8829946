"""What must not fail unseen behind an entry point: what a message or a payment that was taken leads to."""

import re

from tillproof.checks.resilience.begun_payments import stored_after
from tillproof.commerce.charged_at_once import is_confirmed
from tillproof.commerce.effects import Effect, Place, Plain
from tillproof.commerce.entries import Entry
from tillproof.commerce.failures import is_log
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.moves_by_hand import moves_by_hand
from tillproof.commerce.names import written
from tillproof.commerce.outcomes import is_refusal
from tillproof.commerce.own_payments import BEGIN
from tillproof.commerce.touches import Touch
from tillproof.flow.values import options
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
_TAKES = ("payment.create", "payment.capture", "payment.confirm")
"""What takes money of a customer, whoever waits for it."""
_MAILING = {"mail", "mails", "email", "emails", "notification", "notifications", "notify", "sms", "push", "analytics", "audit"}
_LOGS = ("log", "audit", "trace", "track")
# Records of what people are told and of what happened, which no money hangs on.
_REMARKS = re.compile(r"(\w+_)?(comments?|histor(y|ies)|notes?|remarks?)|(\w+_)?(notification|message|e?mail|sms|activity|audit)(_\w+)?")
_CART = re.compile(r"(^|_)(cart|basket|bag|session)s?(_|$)")
_HAPPENED = re.compile(r"\w+_events?|outbox(_\w+)?")
# Where a paper about a payment is found, which the provider keeps and shows at any time.
_PAPERS = re.compile(
    r"(\w+_)?(receipt|invoice|document|ticket|label|pdf)_?(\w+_)?(url|link|pdf|href|file|path|key)|(\w+_)?pdf_?(url|path|key)"
    r"|updated_at|modified_at"
    # and that somebody was told of it
    r"|(is_)?(\w+_)?(e?mail|sms|message|notification|confirmation|receipt|reminder)s?_?(was_|been_)?(sent|notified)(_(at|on))?"
    r"|(\w+_)?notified(_(at|on))?"
)
_CARTS = re.compile(r"(\w+_)?(carts?|baskets?|bags?)(_?(items?|lines?|products?))?")
_PROOF = Plain("webhook.verify", True, None, False)
_PAGES = re.compile(r"redirect|render|view|template", re.IGNORECASE)


def at_stake(model: Model, entry: Entry, handler: Handler | None) -> list[Effect]:
    """The effects whose failure must not be lost: in a handler, and in a job that it plans, all that change something; in a route that
    takes money those after it."""
    works = handler is None and entry.target.fn in model.handlers.working
    by_hand = [e for e in moves_by_hand(model, entry) if e.kind in _CHARGES] if handler is None and not works else []
    if handler is None and not works and not (by_hand or _may_charge(model, entry)):
        return []
    told = model.effects.of(entry.target)
    effects = [
        e
        for e in told
        if e.kind not in ("mail", "event", "job", "order.note") and not _only_tells(model, told, e) and not _of_cache(e) and not _empties(e)
    ]
    others = _told_besides(model, handler)
    if handler is not None and handler.kind != "redirect-return" and not (others and _faces_browser(model, entry)):
        signed = any(not p.refetch for p in handler.walked.proofs)  # then what is asked besides proves nothing more
        proofs = [p for p in handler.walked.proofs if p.how in ("answer", "refetch") and not (signed and p.refetch)]
        effects += [e for e in told if e.kind == "job" and _works_on_payment(model, e)]
        known = [model.operations.at(p.fn, p.instr, p.ctx) for p in proofs]
        own = [p for p, k in zip(proofs, known, strict=True) if k is not None and k.provider.id == handler.provider.id]
        asked = [Effect(_PROOF, p.fn, p.instr, p.ctx, model.records) for p in own or proofs]  # what others are asked besides proves nothing
        return effects + [e for e in asked if e.way[-1].fn == entry.target.fn or not _refused(model, e.way[-1])]
    if works:
        return [e for e in effects if e.touch is not None]
    effects = sorted([*effects, *by_hand], key=_in_order) if by_hand else effects
    waited_for = entry.role in ("public", "customer")
    first = _first(effects, _CHARGES if waited_for else _TAKES, handler is not None)
    if first is not None and not waited_for and not _is_taken(model, effects[first]):
        return []
    signed = handler is not None and any(p.mac for p in handler.walked.proofs)  # what the browser brings is signed for paid ones alone
    taken = effects[first + 1 :] if first is not None else effects if signed else []
    if (handler is not None and others) or (first is not None and _told_of_later(model, effects[first])):
        taken = [e for e in taken if _takes_in(model, e) and (_is_unread(model, e) or not any(_settles_too(model, h, e) for h in others))]
    begun = _first(effects, BEGIN, False)
    made = stored_after(model, effects, begun) if begun is not None else []
    if first is None and waited_for and not taken:  # who confirms the payment may be out of sight
        systems = {known.provider.id for _, _, known in model.handlers.closure(entry).operations}
        beside = [h for h in others if not systems or h.provider.id in systems]
        taken = [
            e for e in effects if _counts_as_paid(model, e, handler is not None) and not any(_settles_too(model, h, e) for h in beside)
        ]
    return [e for e in effects if e in made or (e in taken and e.touch is not None and _is_of_order(model, e.touch))]


def _is_of_order(model: Model, touch: Touch) -> bool:
    """Whether a record of an order or payment is touched, or one that a platform's own function settles, whatever it is called. A cart
    that stays full costs nobody anything."""
    if touch.kind == "delete" or _CART.search(touch.entity):
        return False
    return model.words.entity(touch.entity) or touch.effect == "order.paid"


def _counts_as_paid(model: Model, effect: Effect, returns: bool) -> bool:
    """Whether an order counts as paid from here on: by a platform's own function, or, where the customer ``returns`` from a payment, by its
    state. What is paid on delivery is written so, too."""
    touch = effect.touch
    if touch is None or touch.kind in ("create", "upsert") or touch.effect == "order.paid":
        settles = touch is not None and touch.effect == "order.paid"
        return settles and not (returns and any(_speaks_up(model, place) for place in effect.way))
    paid = returns and model.words.entity(touch.entity) and any(model.words.has("paid_values", text) for text in touch.said())
    return paid and not any(_answers_no(model, place) for place in effect.way)


def _speaks_up(model: Model, place: Place) -> bool:
    """Whether the handler around a place does more than note that it failed: it sends the customer who is waiting back, or tells him."""
    catch = model.failures.around(place)
    if catch is None or catch.caught < 0:
        return False
    return not (model.failures.only_logs(place.fn, catch.caught) or model.failures.says_nothing(place.fn, catch.caught))


def _answers_no(model: Model, place: Place) -> bool:
    """Whether the handler around a place answers that it failed: ``return { success: false, message }``."""
    catch = model.failures.around(place)
    ends = model.failures.ends(place.fn, catch.blocks) if catch is not None else []
    return any(is_refusal(o) for end in ends for o in options(model.evaluator.value(place.fn, end)))


def _may_charge(model: Model, entry: Entry) -> bool:
    """Whether an entry point may take money: by a call of a payment system, or, where customers come, by the words of what it reaches."""
    closure = model.handlers.closure(entry)
    if any(getattr(known.thing, "op", "") in _TAKES for _, _, known in closure.operations):
        return True
    words = model.vocabulary
    return entry.role in ("public", "customer") and any(words.money(fn) or words.paid_name(fn) for fn in closure.functions)


def _is_taken(model: Model, effect: Effect) -> bool:
    """Whether money is taken by a call, and not a payment begun that the customer makes later."""
    known = effect.operation
    if effect.kind != "payment.create" or known is None:
        return True
    return is_confirmed(model, effect.fn, effect.instr, known, effect.ctx)


def _in_order(effect: Effect) -> tuple[int, ...]:
    return tuple(place.instr for place in reversed(effect.way))


def _of_cache(effect: Effect) -> bool:
    """Whether only a cache is written: what is not kept there is done once more, or looked up anew."""
    return effect.touch is not None and effect.touch.entity == "cache"


def _empties(effect: Effect) -> bool:
    """Whether only a cart is emptied that was ordered: where that fails the customer finds his goods in it once more."""
    return effect.touch is not None and effect.touch.kind == "delete" and _CARTS.fullmatch(effect.touch.entity) is not None


def _first(effects: list[Effect], kinds: tuple[str, ...], confirming: bool) -> int | None:
    """Which effect is the first call of a provider of some kinds, or, ``confirming``, the first that asks it whether money came."""
    asks = (n for n, e in enumerate(effects) if e.kind in kinds or (confirming and e.operation is not None and e.operation.confirms))
    return next(asks, None)


def _only_tells(model: Model, told: list[Effect], effect: Effect) -> bool:
    """Whether an effect only writes what people are told, or a remark or log of what happened, or flushes what a function wrote there."""
    if effect.kind == "flush":
        if effect.touch is not None and _remarks(effect.touch):
            return True
        written = [e.touch for e in told if e.fn == effect.fn and e.kind != "flush" and e.touch is not None]
        return bool(written) and all(_remarks(t) for t in written)
    if effect.kind == "file.write" and effect.touch is None:
        body = model.program.body(effect.fn)
        return body.called(effect.instr).startswith("append") or "log" in snake(model.program.name(effect.fn)).split("_")
    return effect.touch is not None and (_remarks(effect.touch) or _of_a_notice(model, effect, effect.touch))


def _of_a_notice(model: Model, effect: Effect, touch: Touch) -> bool:
    """Whether what is noted as having happened is that somebody was told, or is a line of a log that is kept in a table, by the names of
    the functions that lead there: ``logEvent(order, 'ipn_received')``."""
    if not _HAPPENED.fullmatch(touch.entity):
        return False
    called = (model.program.body(p.fn).called(p.instr) for p in effect.way if model.program.body(p.fn).op[p.instr] == Op.CALL)
    said = [snake(name).split("_") for name in called]
    return any(set(words) & _MAILING for words in said) or (touch.kind == "create" and any(words[0] in _LOGS for words in said))


def _remarks(touch: Touch) -> bool:
    if touch.kind == "write" and _HAPPENED.fullmatch(touch.entity):
        return True  # what happened is noted already, and only ticked off here
    if touch.kind == "write" and touch.fields and all(_PAPERS.fullmatch(snake(name)) for name in touch.fields):
        return True
    return is_log(touch) or _REMARKS.fullmatch(touch.entity) is not None


def _works_on_payment(model: Model, effect: Effect) -> bool:
    """Whether a job that is queued is about an order or payment, by what it is called and where it is queued."""
    body = model.program.body(effect.fn)
    callee, arguments = body.call(effect.instr)
    said = [written(model.program, effect.fn, i) for i in (callee, *(a for _, a in arguments[:1]))]
    words = {w for text in said for part in text.split(".") for w in snake(part).split("_")}
    return not words & _MAILING and any(model.words.entity(w) or model.words.has("payment_words", w) for w in words)


def _refused(model: Model, place: Place) -> bool:
    """Whether a guard before the handler says no when it cannot ask the provider: the message is refused, and comes again."""
    catch = model.failures.around(place)
    return catch is None or model.failures.says_no(place.fn, catch)


def _takes_in(model: Model, effect: Effect) -> bool:
    """Whether a payment is taken in: a row is made of it, or a record counts as paid, sent or given from here on."""
    touch = effect.touch
    if touch is None or touch.kind in ("create", "upsert") or touch.effect == "order.paid":
        return touch is not None
    return any(model.words.has(kind, text) for text in touch.said() for kind in ("paid_values", "fulfil_values"))


def _is_unread(model: Model, effect: Effect) -> bool:
    """Whether a write answers with its error, and nobody reads that: it is no failure that somebody took into account."""
    unheard = model.error_values.unheard(effect.way[0])
    return unheard is not None and unheard.how == "unread"


def _told_besides(model: Model, handler: Handler | None) -> list[Handler]:
    """The handlers of the messages that tell of the payment that an entry point has seen taken as well, so that what one loses the other
    brings: of the handler's own provider, or of any where a route begins the payment."""
    others = [h for h in model.handlers.all if h is not handler and h.kind != "redirect-return"]
    return [h for h in others if handler is None or h.provider.id == handler.provider.id]


def _settles_too(model: Model, other: Handler, effect: Effect) -> bool:
    """Whether a message makes the row, or writes the record, that a failure loses here: what one loses the other brings."""
    own = effect.touch
    told = [e.touch for e in model.effects.of(other.entry.target) if e.touch is not None and e.touch.writes]
    same = [t for t in told if own is None or t.entity == own.entity]
    return any(own is None or own.kind != "create" or t.kind in ("create", "upsert") for t in same)


def _told_of_later(model: Model, effect: Effect) -> bool:
    """Whether the provider's message tells us what becomes of a payment that is only begun."""
    known = model.operations.at(effect.fn, effect.instr, effect.ctx) if effect.kind == "payment.create" else None
    return known is not None and any(h.kind != "redirect-return" and h.provider.id == known.provider.id for h in model.handlers.all)


def _faces_browser(model: Model, entry: Entry) -> bool:
    """Whether an entry point answers with a page or sends the browser on."""
    program = model.program
    body = program.body(entry.target.fn)
    return any(
        op == Op.RETURN and _PAGES.search(written(program, entry.target.fn, body.args(i)[0]))
        for i, op in enumerate(body.op)
        if body.args(i)[:1] != [-1]
    )
