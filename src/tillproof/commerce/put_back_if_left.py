"""Goods that are put back only where some are left: ``if ($product->stock) $product->increment('stock')`` forgets what was sold out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_writes import StockWrite
from tillproof.flow.facts import Condition
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ENDS = re.compile(r"(?i)cancel|annul|storn|refund|re_?stock|restore|release|expire|void|abandon")
_ABOVE = (">", "!=", "!==", "<>")
_NOTHING = "0"


@dataclass(frozen=True, slots=True)
class PutBackIfLeft:
    """``write``: which puts back. ``asked``: where the very number that it raises is asked whether it is more than nothing."""

    write: StockWrite
    asked: Place


def put_back_if_left(model: "Model") -> Iterator[PutBackIfLeft]:
    """One per write, in code that ends orders; where another line of the function writes the same field, that one may see to it."""
    for write in model.stock_writes.all:
        fn = write.place.fn
        beside = [w for w in model.stock_writes.of(fn) if snake(w.field) == snake(write.field) and w.place.instr != write.place.instr]
        if write.down is not False or write.promised or beside or not _ends(model, fn):
            continue
        for fact in model.effects.facts(fn).at(write.place.instr):
            if isinstance(fact, Condition) and fact.truth and (at := _asks(model, fn, fact.instr, write.field)):
                yield PutBackIfLeft(write, Place(fn, at, None))
                break


def _asks(model: "Model", fn: Fn, i: int, field: str) -> int:
    """Where a condition holds wherever a field is more than nothing, and only there; 0 of any other."""
    body = model.program.body(fn)
    asked = i
    if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) in _ABOVE:
        asked, other = body.args(i)[1:3]
        const = body.const(other)
        if const is None or const[1] != _NOTHING:
            return 0
    return i if body.op[asked] == Op.FIELD and snake(body.name(asked)) == snake(field) else 0


def _ends(model: "Model", fn: Fn) -> bool:
    """Whether a function, or its class, speaks of orders that come to nothing."""
    owner = model.program.owner(fn)
    names = [model.program.name(fn), *([model.program.cls(owner).name] if owner is not None else []), *model.vocabulary.tokens(fn)]
    return any(_ENDS.search(name) for name in names)
