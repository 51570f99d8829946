"""What a callee says by its value and its name alone, whatever the packs know of it."""

import re

from tillproof.commerce.names import strip
from tillproof.flow.values import ClassV, External, FunctionV, Instance, Member, Param, Result, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_LONGEST_CHAIN = 8
_MAKES = ("create", "make", "build")
_MAKER = re.compile(r"(?!Has[A-Z])\w+(Builder|Factory|_builder|_factory)$")
"""A model with Laravel's trait ``HasFactory`` has one, for its tests, and is none."""


def asked_for(command: Result) -> str:
    """The class of others that an object is of, or whose static ``new`` begins the chain of calls that makes it; empty for any other."""
    here: Value = command
    for _ in range(_LONGEST_CHAIN):
        if isinstance(here, Result) and isinstance(here.callee, External):
            name = here.callee.name
            return name if here.new else name.removesuffix(".new") if name.endswith(".new") else ""
        here = here.callee.base if isinstance(here, Result) and isinstance(here.callee, Member) else here
    return ""


def only_makes(name: str) -> bool:
    """Whether a call has a factory or a builder make an object, which is kept nowhere: ``$filterBuilder->setField('id')->create()``."""
    *before, last = strip(name).split(".")
    return last in _MAKES and any(_MAKER.match(part) for part in before)


def is_told_what_to_make(body: Body, i: int, callee: Value) -> bool:
    """Whether a class of a package is given a plain text and nothing else: ``Omnipay::create('Stripe')`` makes what is called so, where a
    row is made of a record."""
    given = body.call(i)[1]
    const = body.const(given[0][1]) if len(given) == 1 else None
    packed = all(isinstance(o, External) and o.name.count(".") > 1 and o.name.endswith(".create") for o in options(callee))
    return packed and const is not None and const[0] == Kind.STRING


def declared_class(callee: Value) -> str:
    """The class of outside, in lower case, that the object of a method is declared to be of; empty where none is."""
    holder = callee.base if isinstance(callee, Member) else None
    known = holder.type if isinstance(holder, Param) else None
    return known.name.lower() if isinstance(known, External) else ""


def lands(callee: Value) -> bool:
    """Whether a call lands in code of ours that is written for what it is called with, not for any kind of record."""
    return any(isinstance(o, FunctionV) and not (isinstance(o.this, Instance) and o.this.of is not None) for o in options(callee))


def makes(callee: Value) -> bool:
    """Whether a call only makes an object of a class of ours, whatever that is named after: ``MarkPaid(order_id)`` is a message."""
    return any(isinstance(o, ClassV) for o in options(callee))


def asked_first(body: Body, callee: int) -> bool:
    """Whether a method is called on what another method answers that is asked for nothing in particular: ``user.orders().create()``."""
    holder = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
    return holder >= 0 and body.op[holder] == Op.CALL and body.op[body.args(holder)[0]] == Op.FIELD and not body.call(holder)[1]
