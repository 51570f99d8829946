"""What a look-up says by its name or its keys: by which of a provider's ids the record of a payment is found."""

import re
from collections.abc import Mapping

from tillproof.commerce.lexicon import snake
from tillproof.commerce.payment_ids import PAYMENT_ID, keeps_theirs
from tillproof.flow.values import Const, Record, Seq, Value, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_SAME = ("==", "===")
# ``getTransactionByReference(…)``: what a payment's record is looked up by; an order's own reference is none of a payment.
_BY = re.compile(
    r"(payment|transaction|charge|intent)s?_by_(?P<key>\w+)$|_by_(?!(order_)?(reference|number|key|invoice_(id|number))$)(?P<other>\w+)$"
)


def meta_key(keys: Mapping[str | None, Value] | Mapping[str, Value], depth: int = 0) -> str:
    """The provider's id by which a platform's table of names and values is asked, where the name is that of one:
    ``meta_key = '_knot_payment_id' AND meta_value = %s``, ``'meta_query' => [['key' => '_knot_payment_id', 'value' => $id]]``."""
    for name, value in (("meta_key", "meta_value"), ("key", "value")):
        told = keys.get(name)
        text = (constant(told) if told is not None else None) or ""
        if PAYMENT_ID.fullmatch(snake(text).strip("_")) and value in keys and not isinstance(keys[value], Const):
            return text
    for query in options(keys["meta_query"]) if "meta_query" in keys else ():
        entries = [query] if isinstance(query, Record) else list(query.items) if isinstance(query, Seq) else []
        inner = [o for e in entries for v in ([e] if depth else [e, *e.parts()]) for o in options(v) if isinstance(o, Record)]
        if key := next((k for r in inner if (k := meta_key(dict(r.entries), 1))), ""):
            return key
    return ""


def said_key(called: str) -> str:
    """The provider's id by which a method looks a record up, as its name says; empty where it names none."""
    said = _BY.search(snake(called).removesuffix("_for_update"))
    key = said["key"] or said["other"] if said is not None else ""
    return key if key and PAYMENT_ID.fullmatch(key) else ""


def picked_by(body: Body) -> str:
    """The provider's id by which a function picks one of the records that it is handed: ``p => p.transactionId === paymentId``."""
    first = body.params[0].name if body.params else ""
    for i, op in enumerate(body.op):
        if op == Op.BINARY and body.text(body.args(i)[0]) in _SAME:
            sides = body.args(i)[1:3]
            if any(body.op[s] == Op.CONST and body.args(s)[0] == Kind.NULL for s in sides):
                continue
            for side in sides:
                held = body.args(side)[0] if body.op[side] == Op.FIELD else -1
                if held >= 0 and body.op[held] == Op.NAME and body.name(held).lstrip("$") == first and keeps_theirs(snake(body.name(side))):
                    return body.name(side)
    return ""
