"""Where the sender of a request says himself whether he has paid: ``status: intent.status === 'succeeded' ? 'paid' : 'failed'``."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.entities import ORDER
from tillproof.commerce.granted import says_state, waits_for_message
from tillproof.commerce.lexicon import snake
from tillproof.commerce.owed import LATER
from tillproof.commerce.purse_names import holds_balance
from tillproof.commerce.vocabulary import PAYMENT_NUMBER, SUM_RECEIVED
from tillproof.flow.choosing import Condition, conditions_of
from tillproof.flow.facts import Condition as Certain
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Member, Mix, Param, Result, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_EQUALITY = ("==", "===")
_UNEQUAL = ("!=", "!==")
_TWO = 2
_NEW = re.compile(rf"(\w+_)?({ORDER}|reservation|appointment)s?")


def claimed(model: "Model", fn: Fn, i: int, ctx: Ctx | None, sent: Callable[[Value], bool]) -> bool:
    """Whether an instruction writes one of several states into an order, that of a paid one where the request says so. ``sent``: whether
    a value is a piece of the request."""
    if not (model.vocabulary.paid_value(fn) and model.vocabulary.status(fn)):
        return False
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind not in ("write", "create", "upsert") or not model.words.entity(touch.entity):
        return False
    words = model.words
    states = [v for k, v in touch.fields.items() if v is not None and (words.has("status_fields", k) or words.has("paid_fields", k))]
    several = [[o for o in options(v) if isinstance(o, Const)] for v in states if len(options(v)) > 1]
    paid = [(o, told) for told in several for o in told if words.has("paid_values", o.text)]
    deciding = (c for o, told in paid for c in (*_deciding(model, fn, o), *_left_as_it_is(model, fn, o, told)))
    return any(_says_so(model.evaluator.value(fn, c.instr, ctx), c.truth, sent) for c in deciding)


def said_to_have_paid(model: "Model", fn: Fn, i: int, ctx: Ctx | None, sent: Callable[[Value], bool]) -> bool:
    """Whether an order is moved on, to a state of whatever name, because the request says that its payment went well:
    ``if (req.body.status === 'approved')`` before ``order.update({ status: 1 })``, or before the order is looked up."""
    if not (model.vocabulary.status(fn) and model.vocabulary.paid_value(fn)):
        return False
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind not in ("write", "create", "upsert") or not model.words.entity(touch.entity):
        return False
    told = [o for k, v in touch.fields.items() if v is not None and model.words.has("status_fields", k) for o in options(v)]
    if not told or not all(isinstance(o, Const) and _moves_on(model, o.text) for o in told):
        return False
    found = [o for o in (options(touch.record) if touch.record is not None else ()) if isinstance(o, Result) and o.fn == fn]
    places = (i, *(o.instr for o in found if o.instr >= 0))
    asked = (f for place in places for f in model.effects.facts(fn).at(place) if isinstance(f, Certain))
    return any(_says_so(model.evaluator.value(fn, f.instr, ctx), f.truth, sent, went_well(model)) for f in asked)


def _moves_on(model: "Model", state: str) -> bool:
    return not model.words.has("dead_values", state) and (not model.words.has("open_values", state) or snake(state) == "processing")


def went_well(model: "Model") -> Callable[[str], bool]:
    """What a provider's page calls a payment that was made."""
    return lambda text: model.words.has("paid_values", text) or snake(text) in ("approved", "accredited")


def bought_with(model: "Model", fn: Fn, i: int, ctx: Ctx | None, sent: Callable[[Value], bool]) -> bool:
    """Whether an order is made with the number of the payment that its sender says he has made, and in no state that waits for one:
    ``INSERT INTO orders (payment_id, total) VALUES (…)`` behind the window of a provider."""
    if not model.vocabulary.payment_number(fn):
        return False
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind != "create" or _NEW.fullmatch(touch.entity) is None:
        return False
    if any(says_state(model, k, v) for k, v in touch.fields.items()):
        return False
    given = [v for k, v in touch.fields.items() if v is not None and PAYMENT_NUMBER.fullmatch(snake(k))]
    if not any(sent(v) for v in given) or not model.handlers.paying(model.program.unit(fn.file)):
        return False
    return not waits_for_message(model, touch)


def _only_moved(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether the function takes from a balance as well: what one has another gives."""
    body = model.program.body(fn)
    for other, op in enumerate(body.op):
        touch = model.records.touch(fn, other, ctx) if other != i and op in (Op.CALL, Op.SET_FIELD) else None
        if touch is None or touch.kind != "write":
            continue
        for name, value in touch.fields.items():
            held = value is not None and holds_balance(touch.entity, name)
            if held and name in touch.relative and model.stock_writes.takes_away(touch, name, value):
                return True
            if held and value is not None and any(isinstance(o, Mix) and o.op == "-" for o in options(value)):
                return True
    return False


def topped_up(model: "Model", fn: Fn, i: int, ctx: Ctx | None, sent: Callable[[Value], bool]) -> bool:
    """Whether a balance with which customers buy is raised by as much as the sender of a request names."""
    if not model.vocabulary.purse(fn):
        return False
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind != "write":
        return False
    for name, value in touch.fields.items():
        if value is None or not holds_balance(touch.entity, name):
            continue
        if name in touch.relative:
            if sent(value) and model.stock_writes.takes_away(touch, name, value) is False:
                return not _only_moved(model, fn, i, ctx)
            continue
        sums = (o.operands for o in options(value) if isinstance(o, Mix) and o.op == "+" and len(o.operands) == _TWO)
        if any(_is_kept(a, name) and sent(b) for pair in sums for a, b in (pair, pair[::-1])):
            return not _only_moved(model, fn, i, ctx)
    return False


def credited(model: "Model", fn: Fn, i: int, ctx: Ctx | None, sent: Callable[[Value], bool]) -> bool:
    """Whether what has been received for an order is raised by as much as the sender of a request names:
    ``{ $inc: { amountReceived: body.amount } }``."""
    if not model.vocabulary.received(fn):
        return False
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind != "write" or _NEW.fullmatch(touch.entity) is None:
        return False
    for name, value in touch.fields.items():
        if value is None or SUM_RECEIVED.fullmatch(snake(name)) is None:
            continue
        sums = (o.operands for o in options(value) if isinstance(o, Mix) and o.op == "+" and len(o.operands) == _TWO)
        added = any(_is_kept(a, name) and sent(b) for pair in sums for a, b in (pair, pair[::-1]))
        if added or (name in touch.relative and sent(value)):
            return bool(model.handlers.paying(model.program.unit(fn.file)))
    return False


def may_be_credited(model: "Model", fn: Fn, i: int) -> bool:
    """Whether what has been received for an order is raised by what a caller hands over."""
    return credited(model, fn, i, None, lambda value: any(isinstance(o, Param) for o in options(value)))


def _is_kept(value: Value, name: str) -> bool:
    return any(isinstance(o, Member) and o.name == name for o in options(value))


def may_be_topped_up(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a balance is raised by what a caller hands over."""
    return topped_up(model, fn, i, None, lambda value: any(isinstance(o, Param) for o in options(value)))


def may_be_bought_with(model: "Model", fn: Fn, i: int) -> bool:
    """Whether an order is made with the number of a payment that a caller hands over."""
    return bought_with(model, fn, i, None, lambda value: any(isinstance(o, Param) for o in options(value)))


def _deciding(model: "Model", fn: Fn, state: Const) -> Iterator[Condition]:
    """The conditions, as they hold, under which a function takes that constant."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    for row, op in enumerate(body.op):
        if op == Op.CONST and (fn.file, body.line[row]) == state.at and body.name(row) == state.text:
            yield from conditions_of(body, flow, row)


def _left_as_it_is(model: "Model", fn: Fn, state: Const, told: list[Const]) -> Iterator[Condition]:
    """The conditions under which a state that comes first is not written over by one of the others: ``let status = 'paid'``, and then
    ``if (code !== 'OK') status = 'failed'``. Where several have to be met before it is written over none of them decides."""
    for other in told:
        over = list(_deciding(model, fn, other)) if other is not state and other.at >= state.at else []
        if len(over) == 1:
            yield Condition(over[0].instr, not over[0].truth)


def _says_so(condition: Value, truth: bool, sent: Callable[[Value], bool], word: Callable[[str], bool] = lambda _: True) -> bool:
    """Whether a condition that comes out as ``truth`` compares what was sent with a ``word`` of ours: it is that word, or it is not one by
    which nothing is paid yet, ``paymentMethod === 'COD' ? 'pending' : 'paid'``."""
    for option in options(condition):
        if not isinstance(option, Mix) or option.op not in (*_EQUALITY, *_UNEQUAL) or len(option.operands) != _TWO:
            continue
        same = truth == (option.op in _EQUALITY)
        for one, other in (option.operands, option.operands[::-1]):
            if sent(one) and isinstance(other, Const) and (word(other.text) if same else LATER.fullmatch(snake(other.text))):
                return True
    return False
