"""The payment that a provider is asked for, where a request names it in a field of its own, beside others that the sender may fill in."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import snake
from tillproof.commerce.own_payments import OUR_NAMES
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.flow.values import Instance, Member, Overlay, Param, Record, Result, Value, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FEW_PIECES = 12
_OF_PAYER = ("token", "payer_id", "customer_id", "cancel_token")
"""What names who pays, or the visit, and no payment."""
_NUMBER = re.compile(r"(\w+_)?(id|pk|uuid|number|no|code|reference|ref)|_id")


def named_by_kept(model: "Model", given: Sequence[Value]) -> str:
    """The field of an order or payment of ours from which a request takes the payment's id, ``{'transactionReference': order.reference,
    'payer_id': …}``, or the number that we gave it; empty when none does, or the sender names the payment beside it."""
    for value in given:
        named = [(k, v) for option in options(value) for k, v in _fields(option) if _names_payment(k)]
        if any(next(iter(model.requests.sources_in(v, _FEW_PIECES)), None) is not None for _, v in named):
            return ""
        for key, held in named:
            asks = _NUMBER if key in OUR_NAMES else PAYMENT_ID
            kept = next((f for o in options(held) for f in _kept_in(model, o) if asks.fullmatch(f)), "")
            if kept:
                return kept
    return ""


def _fields(option: Value) -> Iterator[tuple[str, Value]]:
    """What a record holds, or what an object was given by name: ``model.out_trade_no = payment.number``."""
    if isinstance(option, Record):
        yield from ((k, v) for k, v in option.entries if k)
    elif isinstance(option, Overlay):
        yield from ((k, v) for k, v, _ in option.writes if k)


def _names_payment(key: str) -> bool:
    return key in OUR_NAMES or (snake(key) not in _OF_PAYER and PAYMENT_ID.fullmatch(snake(key)) is not None)


def _kept_in(model: "Model", value: Value) -> Iterator[str]:
    """The fields of an order or payment of ours that a value is read from, also of one that a route is bound to."""
    for read in model.states.fields.of_value(value):
        if model.words.entity(read.entity):
            yield read.field.removeprefix("meta:").strip("_")
    if isinstance(value, Member) and (kind := _declared(model, value.base)) and model.words.entity(entity(kind)):
        yield snake(value.name)


def _declared(model: "Model", holder: Value) -> str:
    """The kind of record that an object is: by what was asked for it, or by the class that it is declared to be of."""
    if isinstance(holder, Instance):
        return model.program.cls(holder.cls).name if holder.made is None else ""
    if isinstance(holder, Result) and holder.instr >= 0:
        told = model.requests.source(holder) is not None or model.operations.at(holder.fn, holder.instr, holder.ctx) is not None
        return "" if told else model.records.holder(holder.fn, holder.instr, holder.ctx)[0]
    if isinstance(holder, Param):
        declared = model.program.body(holder.fn).params[holder.number].type
        return re.split(r"[\\.]", declared.lstrip("?"))[-1]
    return ""
