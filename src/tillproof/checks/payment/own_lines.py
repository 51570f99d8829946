"""Carts that a project's own classes keep: the lines in them, and what a request puts on one."""

import re
from collections.abc import Iterator, Sequence

from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Instance, before_writes, options
from tillproof.ir.ops import Op

CART = re.compile(r"(\w+_)?(cart|basket|shopping_?bag)(_\w+)?")
LINE = re.compile(
    r"(\w+_)?(cart|basket|shopping_?bag)(_?(sub_?)?(item|line|product|entry|detail|content))?"
    r"|(\w+_)?(order|sale|purchase|line)_?(sub_?)?(item|line|product|detail|entry)"
)
_HELD = re.compile(r"(\w+_)?(items?|lines?|rows?|entry|entries|products?|details?|contents?)")
_MOST_WAYS = 8
_LEVELS = 4


def is_own_line(model: Model, fn: Fn, holder: int) -> bool:
    """Whether an object is a line of a cart by its class, by being one of a cart's items, or by being made here: a field is set on it."""
    held = (before_writes(o) for o in options(model.evaluator.value(fn, holder)))
    named = [model.program.cls(o.cls).name for o in held if isinstance(o, Instance)]
    if named:
        return any(LINE.fullmatch(snake(name)) for name in named) and not _is_kept_elsewhere(model, fn, named)
    owner = model.program.owner(fn)
    if owner is None:
        return False
    name = snake(model.program.cls(owner).name)
    body = model.program.body(fn)
    if body.op[holder] == Op.NAME and body.name(holder) in ("this", "self"):
        return LINE.fullmatch(name) is not None
    spelt = written(model.program, fn, holder)
    while body.op[holder] == Op.INDEX:
        holder = body.args(holder)[0]
        spelt = written(model.program, fn, holder)
    return CART.fullmatch(name) is not None and _HELD.fullmatch(snake(spelt.rpartition(".")[2])) is not None


def _is_kept_elsewhere(model: Model, fn: Fn, named: Sequence[str]) -> bool:
    """Whether lines of that name are rows of a table: what is written into those is told of where it is stored."""
    return any(model.schema.table(name, fn.file) is not None for name in named)


def ways(model: Model, fn: Fn, reached: Sequence[Fn]) -> Iterator[Ctx | None]:
    """A function by itself, and as those among ``reached`` that lead to it call it."""
    yield None
    waiting: Sequence[Ctx | None] = [None]
    for _ in range(_LEVELS):
        above = (up for ctx in waiting for up in model.callers.above(fn, ctx) if up.caller in reached)
        waiting = [up for _, up in zip(range(_MOST_WAYS), above, strict=False)]
        yield from waiting

