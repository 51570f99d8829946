"""The handlers as the report shows them."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from tillproof.checks.idempotency.deliveries import kept_once
from tillproof.checks.payment.paying_effects import paying_effects
from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import entry_line, handler_line, handler_place
from tillproof.commerce.bindings import asked_at_will, looked_up_by_two, signed_at_will
from tillproof.commerce.handled import Handler, Walked
from tillproof.commerce.model import Model
from tillproof.commerce.repeats import Dedup
from tillproof.commerce.touches import text_of
from tillproof.contract import Handler as Row
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Happening
from tillproof.flow.values import options
from tillproof.report.customer_calls import customer_calls

Verified: TypeAlias = Literal["yes", "no", "weak", "unknown"]
_OUTCOMES: dict[str, Verified] = {"held": "yes", "unknown": "unknown"}
_ABOUT_PROOF = ("payment/webhook-weak-verification", "payment/fulfil-on-redirect")
_TELLING = 8
_NEAR = 2
_KEYS = frozenset(["order_key", "get_order_key", "wc_get_order_id_by_order_key", "key_is_valid", "secure_key"])
_NOT_PAID = ("dead_values", "open_values")
_SEVERAL = 2
_STATEMENT = 60  # lines of a registration before the function in it: schemas, hooks
_RAW = frozenset(["file_get_contents", "_SERVER", "getallheaders"])
_WRITTEN = ("order.paid", "order.write", "record.create", "record.write", "fulfil", "sql")
_READING = {"_GET", "_POST", "_REQUEST", "request", "req", "query", "params"}
_SAYS = {
    "dispatch": "asks which event it is",
    "order.paid": "marks the order paid",
    "fulfil": "fulfils the order",
    "order.write": "writes the order",
    "order.note": "notes it on the order",
    "record.create": "creates records",
    "record.write": "writes records",
    "record.delete": "deletes records",
    "sql": "runs SQL",
    "mail": "sends mail",
    "job": "queues work",
    "stock.write": "writes stock",
    "refund.create": "refunds",
    "refund.record": "records a refund",
    "cart.write": "changes the cart",
    "payment.create": "starts a payment",
    "payment.capture": "captures a payment",
    "payment.cancel": "cancels a payment",
    "payment.confirm": "confirms a payment",
    "user.write": "changes a user",
    "file.write": "writes a file",
    "event": "tells other handlers",
}


def handler_rows(model: Model, rulings: Sequence[Ruling] = ()) -> list[Row]:
    """One row per handler and per route by which customers have something marked as paid, in order of file and line; and one per function
    behind a handler that takes its message in its place: where a dispatch leads at run time only, or where the message is read.

    ``rulings`` that found a verification wanting, or a return that marks an order paid unasked, outweigh what the walk says.
    """
    flaws = {
        (r.file, r.line): r for r in rulings if r.outcome == "broken" and r.check in _ABOUT_PROOF and r.severity in ("critical", "high")
    }
    confirmed = {(r.file, r.line) for r in rulings if r.outcome == "held" and r.check == "payment/fulfil-on-redirect"}
    amounts = {(r.file, r.line): r.outcome for r in rulings if r.check == "payment/amount-not-reconciled"}
    rows: dict[tuple[str, int], Row] = {}
    for handler in model.handlers.all:
        file, line = _place(model, handler)
        own = handler.entry.target.fn.file, handler_line(model, handler)
        spots = {own, entry_line(model, handler.entry)}  # a page without functions is judged at its top
        flaw, held = next((flaws[s] for s in sorted(spots) if s in flaws), None), not confirmed.isdisjoint(spots)
        proven = _judged(model, handler, flaw, held, next((amounts[s] for s in sorted(spots) if s in amounts), None))
        rows[file, line] = _row(model, handler, file, line, handler.entry.route, proven)
        for fn in (*model.handlers.dispatched(handler), *_readers(model, handler)):
            verifying = model.program.function(fn)
            if verifying is not None:
                rows.setdefault((fn.file, verifying.line), _row(model, handler, fn.file, verifying.line, None, verified(handler)))
    for handler, ruling in customer_calls(model, rulings):
        file, line = entry_line(model, handler.entry)
        proven = _OUTCOMES.get(ruling.outcome) or _judged(model, handler, ruling, False, None)
        rows.setdefault((file, line), _row(model, handler, file, line, handler.entry.route, proven))
    return [rows[place] for place in sorted(rows)]


def _place(model: Model, handler: Handler) -> tuple[str, int]:
    """Where people look for a handler: at the statement that registers it where it has no name and stands in that, else at itself."""
    entry = handler.entry
    file, line = handler_place(model, handler)
    function = model.program.function(entry.target.fn)
    within = entry.style == "call" and entry.place[0] == file and function is not None and not function.name
    return (file, entry.place[1]) if within and 0 < line - entry.place[1] <= _STATEMENT else (file, line)


def _readers(model: Model, handler: Handler) -> list[Fn]:
    """The methods behind a return in which what the provider sends back is read, where the entry point only passes the call on; and those
    behind a webhook that read its message off the server themselves, where that hands them nothing."""
    if handler.kind != "redirect-return":
        return _taking(model, handler)
    fields = {f for f in handler.inbound.fields if len(f) > _TELLING}
    if fields & model.vocabulary.tokens(handler.entry.target.fn):
        return []
    near = (fn for fn, depth in handler.closure.functions.items() if 0 < depth <= _NEAR and model.program.owner(fn) is not None)
    return [fn for fn in near if len(fields & model.vocabulary.tokens(fn)) >= _SEVERAL and _READING & model.vocabulary.tokens(fn)]


def _taking(model: Model, handler: Handler) -> list[Fn]:
    target = handler.entry.target.fn
    if model.program.language(target.file) != "php" or not _RAW.isdisjoint(model.vocabulary.tokens(target)):
        return []
    signed = dict.fromkeys(p.fn for p in handler.walked.proofs if not p.refetch and handler.closure.functions.get(p.fn, 9) == 1)
    return [fn for fn in signed if model.program.owner(fn) is not None and not _RAW.isdisjoint(model.vocabulary.tokens(fn))]


def _row(model: Model, handler: Handler, file: str, line: int, route: str | None, proven: Verified) -> Row:
    kinds = dict.fromkeys(_SAYS.get(h.kind.rstrip("?"), h.kind.rstrip("?")) for h in handler.walked.happenings)
    return Row(
        file=file,
        line=line,
        provider=handler.provider.id,
        kind=handler.kind,
        route=route,
        role=handler.entry.role,
        verified=proven,
        dedup=_dedup(model, handler),
        acts=", ".join(list(kinds)[:5]) or "changes nothing that is seen",
        unit=model.program.unit(file),
    )


def _dedup(model: Model, handler: Handler) -> Dedup:
    """What keeps a second delivery from acting again; a return that only shows a page has nothing to keep."""
    found = model.repeats.dedup(handler.entry.target, lambda repeat: kept_once(model, repeat))
    return "no" if found == "unknown" and handler.kind == "redirect-return" and not handler.walked.acts else found


def _judged(model: Model, handler: Handler, flaw: Ruling | None, confirmed: bool, amounts: str | None) -> Verified:
    """What the walk says, corrected by what a check found. ``confirmed``: whatever marks an order paid here was asked of the provider, so
    that what is done beside it, such as a note on the order of a payment that failed, is believed of nobody. ``amounts``: whether what was
    paid is tied to what is owed."""
    said = verified(handler)
    if handler.kind == "redirect-return":
        if said == "weak" and confirmed and not any(p.how == "search" for p in handler.walked.proofs):
            said = "weak" if any(_changes_state(model, handler, h) for h in handler.walked.unproven) else "yes"
        if said == "yes" and handler.walked.acts and amounts != "held" and _for_any_order(model, handler, amounts):
            said = "weak"
        elif said == "no" and not handler.walked.proofs and looked_up_by_two(model, handler):
            said = "yes"
    if flaw is None:
        return said
    if flaw.check == "payment/webhook-weak-verification":
        return "weak" if said == "yes" or flaw.severity == "critical" else said  # a door in the proof that is there
    before = model.reach.of(list(handler.entry.chain)).functions.keys()  # what stands before other ways in as well may pass this one by
    proofs = [p for p in handler.walked.proofs if p.mac or not p.refetch]
    signed = any(p.fn not in before or any(h.proven for h in handler.walked.acts) for p in proofs)
    return "weak" if signed or _asks_something(handler) else "no"


def _for_any_order(model: Model, handler: Handler, amounts: str | None) -> bool:
    """Whether what is proven is a payment that the sender names, and nothing says that it is the one of the order which is marked paid."""
    asked = amounts == "broken" and asked_at_will(model, handler, paying_effects(model, handler.entry, handler))
    return asked or signed_at_will(model, handler)


def _asks_something(handler: Handler) -> bool:
    """Whether all that is written stands behind an answer of the provider that is looked at, if not for what came of the payment: short of
    a proof, and more than nothing."""
    written = [h for h in handler.walked.acts if h.kind in _WRITTEN]
    return any(p.refetch for p in handler.walked.proofs) and bool(written) and all(h.proven for h in written)


def _changes_state(model: Model, handler: Handler, act: Happening) -> bool:
    """Whether an act changes the state of what it writes, and does not only note something beside it. That an order waits, or has failed,
    may be said by its buyer: who has signed in, or holds the secret key by which the shop lets its buyer see it."""
    touch = model.records.touch(act.fn, act.instr, act.ctx) if act.kind.startswith(("order", "record", "sql")) else None
    states = [v for name, v in touch.fields.items() if model.words.says_state(name)] if touch is not None else []
    near = (fn for fn, depth in handler.closure.functions.items() if depth <= 1)
    by_buyer = handler.entry.role == "customer" or any(not _KEYS.isdisjoint(model.vocabulary.tokens(fn)) for fn in near)
    if not states or not by_buyer:
        return bool(states)
    texts = [text_of(o) for v in states if v is not None for o in options(v)]
    return None in states or not all(t is not None and any(model.words.has(kind, t) for kind in _NOT_PAID) for t in texts)


def _only_asks(walked: Walked) -> bool:
    """Whether the provider is asked for something on one way, and all that is done is done on the others, too: that is no door in a proof,
    since there is none."""
    return all(p.refetch for p in walked.proofs)


def verified(handler: Handler) -> Verified:
    """Whether the sender is proven: on every path that does something, on some, or on none."""
    walked = handler.walked
    if handler.admits is not None:
        return "yes"
    if handler.kind == "redirect-return" and not walked.acts:
        asked = any(getattr(k.thing, "confirms", False) for _, _, k in handler.closure.operations)
        return "yes" if asked or handler.closure.verifiers or walked.proofs else "no"
    if not walked.proofs:
        return "no"
    if walked.acts and not any(h.proven for h in walked.acts) and (handler.kind == "redirect-return" or _only_asks(walked)):
        return "no"
    unproven = [h for h in walked.unproven if h.kind != "dispatch" or not walked.acts]  # to ask which event it is does nothing yet
    return "weak" if unproven or any(p.how == "search" for p in walked.proofs) else "yes"
