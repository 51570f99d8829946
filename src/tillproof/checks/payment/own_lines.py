"""Carts that a project's own classes and modules keep: the lines in them, what a request puts on one, and whether a sum goes by it."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.flow.given_fields import given_field, given_fields
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import (
    Ctx,
    Instance,
    Record,
    Value,
    before_writes,
    options,
)
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

OWN_LINE = "line of a cart of our own"
CART = re.compile(r"(\w+_)?(cart|basket|shopping_?bag)(_\w+)?")
LINE = re.compile(
    r"(\w+_)?(cart|basket|shopping_?bag)(_?(sub_?)?(item|line|product|entry|detail|content))?"
    r"|(\w+_)?(order|sale|purchase|line)_?(sub_?)?(item|line|product|detail|entry)"
)
_HELD = re.compile(r"(\w+_)?(items?|lines?|rows?|entry|entries|products?|details?|contents?)")
_ADDING = ("push", "append", "add", "unshift", "set", "put")
_OWN = ("this", "self")
_MOST_WAYS = 8
_LEVELS = 4


def line_fields(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[tuple[str, Value]]:
    """What an instruction puts on a line of such a cart: a field that is set on one, the fields of one that is put into the cart."""
    body, value_of = model.program.body(fn), model.evaluator.value
    if body.op[i] == Op.SET_FIELD:
        if is_own_line(model, fn, body.args(i)[0]):
            yield body.name(i), value_of(fn, body.args(i)[2], ctx)
        return
    for given in _put(model, fn, body, i):
        for option in options(value_of(fn, given, ctx)):
            if isinstance(option, Record):
                yield from ((str(key), held) for key, held in option.entries if key)
            elif isinstance(option, Instance) and LINE.fullmatch(snake(model.program.cls(option.cls).name)):
                scope = model.evaluator.scope
                made = ((name, given_field(scope, option, name)) for name in given_fields(scope, option.cls))
                yield from ((name, held) for name, held in made if held is not None)


def puts_line(model: Model, fn: Fn, i: int) -> bool:
    """Whether an instruction puts a line into such a cart, whatever it is."""
    return bool(_put(model, fn, model.program.body(fn), i))


def _put(model: Model, fn: Fn, body: Body, i: int) -> list[int]:
    """What an instruction puts into the items of a cart."""
    if body.op[i] == Op.SET_INDEX and _are_items(model, fn, body.args(i)[0]):
        return [body.args(i)[2]]
    if body.op[i] == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.called(i) in _ADDING:
        given = [a for _, a in body.call(i)[1]]
        return given[-1:] if _are_items(model, fn, body.args(body.args(i)[0])[0]) else []
    return []


def _are_items(model: Model, fn: Fn, holder: int) -> bool:
    """Whether something holds the items of a cart: ``cart.items``, ``this.items`` in the cart's own class."""
    parts = _parts(model, fn, holder)
    if len(parts) < 2 or _HELD.fullmatch(parts[-1]) is None:
        return False
    return CART.fullmatch(parts[-2]) is not None or (parts[-2] in _OWN and any(CART.fullmatch(name) for name in _around(model, fn)))


def _parts(model: Model, fn: Fn, i: int) -> list[str]:
    """The names that something is written with, those of its keys among them."""
    body, found = model.program.body(fn), list[str]()
    while body.op[i] in (Op.FIELD, Op.CALL, Op.INDEX, Op.AWAIT):
        if body.op[i] == Op.FIELD:
            found.append(body.name(i))
        elif body.op[i] == Op.INDEX and (key := body.const(body.args(i)[1])) is not None:
            found.append(key[1].strip("'\""))
        i = body.args(i)[0]
    found.append(body.name(i) if body.op[i] == Op.NAME else "")
    return [snake(name) for name in reversed(found)]


def is_own_line(model: Model, fn: Fn, holder: int) -> bool:
    """Whether an object is a line of a cart: by its class, or as one of a cart's items. Rows of tables are told of where they are kept."""
    value = model.evaluator.value(fn, holder)
    named = [model.program.cls(o.cls).name for o in map(before_writes, options(value)) if isinstance(o, Instance)]
    if named:
        return any(LINE.fullmatch(snake(name)) for name in named) and all(model.schema.table(name, fn.file) is None for name in named)
    if model.records.read_behind(value) is not None:
        return False
    body, owner = model.program.body(fn), model.program.owner(fn)
    if body.op[holder] == Op.NAME and body.name(holder) in _OWN:
        return owner is not None and LINE.fullmatch(snake(model.program.cls(owner).name)) is not None
    while body.op[holder] == Op.INDEX:
        holder = body.args(holder)[0]
    inside = any(CART.fullmatch(name) for name in _around(model, fn))
    return (inside and _HELD.fullmatch(_parts(model, fn, holder)[-1]) is not None) or _found_in_cart(model, fn, holder, inside)


def _around(model: Model, fn: Fn) -> Iterator[str]:
    """The names of the classes and functions in which a function stands."""
    around = list(model.program.around(fn))
    yield from (snake(model.program.name(outer)) for outer in around)
    yield from (snake(model.program.cls(owner).name) for one in (fn, *around) if (owner := model.program.owner(one)) is not None)


def _found_in_cart(model: Model, fn: Fn, holder: int, inside: bool) -> bool:
    """Whether a variable is given what is looked up among the items of a cart: ``cart.items.find(…)``, ``cart["items"][id]``."""
    body = model.program.body(fn)
    stores = model.evaluator.defuse(fn).reaching(holder, body.name(holder)).stores if body.op[holder] == Op.NAME else ()
    for spelt in (_parts(model, fn, i) for i in (holder, *(body.args(s)[1] for s in stores))):
        for one, other in pairwise(spelt):
            if _HELD.fullmatch(other) is not None and (CART.fullmatch(one) is not None or (inside and one in _OWN)):
                return True
    return False


def is_summed(model: Model, unit: str) -> bool:
    """Whether code of a unit multiplies the price that a line keeps by how many there are: ``item.price * item.quantity``."""
    for fn in (*model.customer_functions, *of_lines(model)):
        if model.program.unit(fn.file) != unit or not model.vocabulary.money(fn):
            continue
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.BINARY and body.text(body.args(i)[0]) == "*" and _both_of_line(model, fn, body, i):
                return True
    return False


def of_lines(model: Model) -> Iterator[Fn]:
    """The methods of the classes of lines: an accessor (``getSubtotalAttribute``) is read as a field is, and nobody is seen to call it."""
    for file, index in model.program.indices.items():
        for number, cls in enumerate(index.classes):
            if LINE.fullmatch(snake(cls.name)):
                yield from model.program.methods(ClassId(file, number)).values()


def _both_of_line(model: Model, fn: Fn, body: Body, i: int) -> bool:
    sides = [_of_line(model, fn, body, side) for side in body.args(i)[1:3]]
    (one, first), (other, second) = sides
    counted = [model.words.has("quantity_fields", name) for name in (first, second)]
    return bool(one) and one == other and any(c and model.words.money((second, first)[n]) for n, c in enumerate(counted))


def _of_line(model: Model, fn: Fn, body: Body, i: int) -> tuple[str, str]:
    """The object that an operand is a field of, and the field, within calls that only convert it."""
    while body.op[i] in (Op.CALL, Op.CAST, Op.AWAIT):
        given = [v for _, v in body.call(i)[1]] if body.op[i] == Op.CALL else [body.args(i)[-1]]
        if len(given) != 1:
            break
        i = given[0]
    if body.op[i] == Op.INDEX and (key := body.const(body.args(i)[1])) is not None:
        return written(model.program, fn, body.args(i)[0]), snake(key[1].strip("'\""))
    holder, _, name = written(model.program, fn, i).rpartition(".")
    return holder, snake(name)


def ways(model: Model, fn: Fn, reached: Sequence[Fn]) -> Iterator[Ctx | None]:
    """A function by itself, and as those among ``reached`` that lead to it call it."""
    yield None
    waiting: Sequence[Ctx | None] = [None]
    for _ in range(_LEVELS):
        above = (up for ctx in waiting for up in model.callers.above(fn, ctx) if up.caller in reached)
        waiting = [up for _, up in zip(range(_MOST_WAYS), above, strict=False)]
        yield from waiting
