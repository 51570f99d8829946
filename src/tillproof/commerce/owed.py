"""What a record says of whether it is still to be paid, or was paid before."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.entities import same
from tillproof.commerce.given import given_at
from tillproof.commerce.lexicon import Words, snake
from tillproof.commerce.names import written
from tillproof.commerce.own_payments import BEGIN, NOTES
from tillproof.commerce.touches import Touch, state_named
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, External, Member, Result, Seq, Value, before_writes, options, pieces
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

SENT = re.compile(
    r"shipped|delivered|dispatched|fulfilled|in_transit|out_for_delivery|packed|picked_up|ready_(to|for)_(ship|shipping|pickup|delivery)"
    r"|(sent|handed|passed)_(over_)?to_(the_)?(supplier|vendor|warehouse|carrier|courier|shipper)"
)
"""States of an order whose goods are on their way or there, or are being made ready: nobody waits for its payment any more."""
LATER = re.compile(
    r"cod|cash|(cash|pay|card|payment)_?(on|at|in|upon|by)_?(delivery|pickup|collection|site|store|counter|hand|arrival)|pay_?later"
    r"|(manual_?|direct_?)?(bank|wire)_?(transfer|deposit)|cheque|check|offline|manual"
)
"""Ways of paying by which nothing is paid when the order is made."""
_PIECES = 40
_EQUALITY = ("==", "===", "!=", "!==")
_SAYS_PAID = re.compile(r"((is|was|has)_(been_)?)?(paid|fully_paid|settled|captured)")
_OWN_STATE = re.compile(r"(is_)?(paid|payment_?(status|state)|pay_?status)")

_FREE = re.compile(r"(is_)?free(_(plan|of_charge|tier))?|no_charge|gratis|complimentary")
_KIND = re.compile(r"(\w+_)?(type|kind|plan|tier|pricing|price_type|cost_type|model|mode|billing|access)")
_WAY = re.compile(r"(\w+_)?(type|kind|direction|category|purpose|reason|nature|flow)")
_OUT = re.compile(
    r"(type_|kind_|transaction_type_|tx_type_)?(?!bank_|wire_)((wallet_|internal_|peer_|fund_)?transfers?(_out)?|withdraw\w*|pay_?outs?|debit|cash_?out"
    r"|disburse\w*|out(going|bound)?|settlement)"
)
"""The kind of a transaction by which nobody buys: it takes money out of a purse, or to another one."""
_AGAIN = re.compile(r"(^|_)(resume|reactivate|unpause|un_?cancel|restore|reopen|unban)(_|$)")
"""What takes a pause or a cancellation back: it was paid before."""
_RECEIPT = re.compile(
    r"(order_)?(receive|received)(_order|_goods)?|(confirm|acknowledge|mark)_(as_)?(\w+_)?(receipt|received|receiving|reception|delivery|delivered)"
)
"""What a customer does once the goods have come: nothing goes out because the order is complete then."""


def comes_after(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether what is written here can only be said of what was paid before, by the function's name."""
    name = snake(model.program.name(fn))
    if _AGAIN.search(name):
        return True
    touch = model.records.touch(fn, i, ctx) if _RECEIPT.fullmatch(name) else None
    told = [t for v in touch.fields.values() if v is not None for o in options(v) if (t := said_by(o)) is not None] if touch else []
    return bool(told) and not any(model.words.has("paid_values", t) and snake(t) != "received" for t in told)


def begins_paying(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether an order is made for which the customer is sent to pay: the payment that is begun is told its id, and the word for its state
    says only that it was placed."""
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind != "create":
        return False
    states = [o for name, v in touch.fields.items() if v is not None and model.words.has("status_fields", name) for o in options(v)]
    if not states or any((told := said_by(o)) is None or model.words.has("paid_values", told) for o in states):
        return False
    for site in (s for s in model.operations.sites if s.operation.op in BEGIN and s.provider.kind == "payment"):
        for path in NOTES:
            for _, given in given_at(model, site, path):
                inside = pieces([given], _PIECES, model.evaluator.made_of)
                if any(isinstance(p, Result) and (p.fn, p.instr) == (fn, i) for p in inside):
                    return True
    return False


def goes_out(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether what is written says of itself that money leaves, or only goes from one purse to another: a transaction that was made with
    ``type='transfer'``, or is a withdrawal by its kind. Nobody buys by it."""
    body = model.program.body(fn)
    if body.op[i] == Op.SET_FIELD:
        spelt = written(model.program, fn, body.args(i)[0]).split(".")
        if any(model.words.has("outgoing_entities", part) for part in spelt):
            return True  # `settlement.transaction.status = …`
        holders = options(model.evaluator.value(fn, body.args(i)[0], ctx))
        made = (model.records.touch(o.fn, o.instr, o.ctx) for o in map(before_writes, holders) if isinstance(o, Result) and o.instr >= 0)
        touches = [t for t in made if t is not None]
    else:
        touch = model.records.touch(fn, i, ctx)
        touches = [touch] if touch is not None else []
    said = [(n, v) for t in touches for n, v in (*t.fields.items(), *t.keys.items()) if v is not None and _WAY.fullmatch(snake(n))]
    texts = [_named(o) for _, v in said for o in options(v)]
    return bool(texts) and all(_OUT.fullmatch(snake(t)) for t in texts)


def _named(value: Value) -> str:
    """The word that a kind says: its text, or the name of the constant that keeps it."""
    return said_by(value) or (value.name.rpartition(".")[2] if isinstance(value, (External, Member)) else "")


def chooses_paid(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether only records that are paid or sent already are changed: ``where: { id, paymentStatus: 'PAID' }``,
    ``WHERE status = 'shipped'``, or one that was looked up as such before, by its id too."""
    body = model.program.body(fn)
    if body.op[i] == Op.SET_FIELD:
        chosen = [model.records.read_behind(model.evaluator.value(fn, body.args(i)[0], ctx))]
    else:
        touch = model.records.touch(fn, i, ctx)
        chosen = [touch, *_looked_up(model, touch)] if touch is not None and touch.kind in ("write", "upsert") else []
    told = ((c, name, value) for c in chosen if c is not None for name, value in (*c.keys.items(), *c.among.items()))
    return any(_is_paid(model, c, name, value) for c, name, value in told)


def _looked_up(model: "Model", touch: Touch) -> Iterator[Touch | None]:
    """The reads that found the rows whose ids a write names: ``for order of sent: update(…).eq('id', order.id)``."""
    for name, value in touch.keys.items():
        for option in options(value) if snake(name) in ("id", "_id") else ():
            read = model.records.read_behind(option.base) if isinstance(option, Member) and snake(option.name) == snake(name) else None
            if read is not None and same(read.entity, touch.entity):
                yield read


def _is_paid(model: "Model", touch: Touch, name: str, value: Value) -> bool:
    """Whether a condition on rows leaves only those that are paid or sent."""
    ours = model.words.has("order_entities", touch.entity) and model.words.has("status_fields", name)
    if not ours and not _OWN_STATE.fullmatch(snake(name)):
        return False
    told = [said_by(part) for o in options(value) for part in (o.items if isinstance(o, Seq) else (o,))]
    return bool(told) and all(t is not None and (model.words.has("paid_values", t) or (ours and SENT.fullmatch(snake(t)))) for t in told)


def paid_before(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> int | None:
    """What a condition asks of the state of an order of ours, where it asks whether that is paid or sent already and so owes nothing:
    ``order.status == 'paid'`` before it is sent, ``payment.status in PAID``, ``payment.is_paid``."""
    body = model.program.body(fn)
    if body.op[i] == Op.FIELD:
        return i if _SAYS_PAID.fullmatch(snake(body.name(i))) and _is_order(model, fn, body.args(i)[0], ctx) else None
    if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in (*_EQUALITY, "in", "not in"):
        return None
    words = model.words
    left, right = body.args(i)[1:3]
    for side, other in ((left, right), (right, left))[: 2 if body.text(body.args(i)[0]) in _EQUALITY else 1]:
        listed = (p for o in options(model.evaluator.value(fn, other, ctx)) for p in (o.items if isinstance(o, Seq) else (o,)))
        told = [said_by(o) for o in listed]
        if not told or not all(
            t is not None and (words.has("paid_values", t) or SENT.fullmatch(snake(t)) or _settles(model, fn, t)) for t in told
        ):
            continue
        reads = model.states.field(fn, side, ctx)
        if reads and all(words.has("order_entities", r.entity) and words.has("status_fields", r.field) for r in reads):
            return side
    return None


def _settles(model: "Model", fn: Fn, state: str) -> bool:
    """Whether a state is what a provider that the code pays by calls a payment that came: a record keeps its word as it is."""
    paying = model.handlers.paying(model.program.unit(fn.file))
    return any(state in inbound.settles for provider in paying for inbound in provider.inbound)


def _is_order(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a value is a record of an order, a payment or the like, and not what a request or a provider's answer holds."""
    held = model.records.holder(fn, i, ctx)[0]
    return bool(held) and model.words.has("order_entities", held) and model.schema.table(held, fn.file) is not None


def costs_nothing(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> int | None:
    """The side of a comparison that is the kind of what is sold, where it asks whether that is given away: ``plan.type === 'free'``."""
    body = model.program.body(fn)
    if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in _EQUALITY:
        return None
    left, right = body.args(i)[1:3]
    for side, other in ((left, right), (right, left)):
        told = [said_by(o) for o in options(model.evaluator.value(fn, other, ctx))]
        if not told or not all(t is not None and _FREE.fullmatch(snake(t)) for t in told) or body.op[side] != Op.FIELD:
            continue
        if _KIND.fullmatch(snake(body.name(side))):
            return side
    return None


def still_owed(words: Words, name: str, value: Value) -> bool:
    """Whether a record says beside its state how it stands with the payment, and that it has not come: ``paymentStatus: 'pending'``."""
    if not _OWN_STATE.fullmatch(snake(name)):
        return False
    texts = [said_by(o) for o in options(value)]
    open_ = all(t is not None and (words.has("open_values", t) or words.has("dead_values", t)) for t in texts)
    return open_ or all(isinstance(o, Const) and o.falsy for o in options(value))


def said_by(value: Value) -> str | None:
    """A constant's text, or the name of an enum's member or of the class constant that keeps a number."""
    if isinstance(value, Const) and value.name:
        return state_named(value.name)
    if isinstance(value, Const) and value.kind == Kind.STRING:
        return value.text.strip("'\"")
    if isinstance(value, Member):
        return value.name
    if isinstance(value, External):
        return value.name.rpartition(".")[2]
    return None
