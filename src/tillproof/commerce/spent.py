"""Generators of Python that are gone through twice: the second question is asked about nothing, and finds nothing, whatever there is."""

import re
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.lexicon import snake
from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MADE = r"\b{name}\s*(?::[^=]+)?=\s*\((?![^()]*\)\s*$)"
_ITERATORS = ("map", "filter", "zip", "iter", "reversed")
_LOOKS_AT = re.compile(r"(.*_)?(stock|inventory|allocation|reservation|allocated|reserved|quantity|variant|product)s?(_.*)?")
_ONE = ("next", "isinstance", "type", "print", "repr", "id")
_LONGEST = 12


class Spent(NamedTuple):
    """``made``: where the generator is kept; ``first`` and ``second``: what goes through it."""

    made: int
    first: int
    second: int


def spent(model: "Model", fn: Fn) -> Spent | None:
    """A generator that a question about stock is asked with after something else has gone through it."""
    if model.program.language(fn.file) != "python":
        return None
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    for made, op in enumerate(body.op):
        if op != Op.STORE or not _is_generator(model, fn, made):
            continue
        used = [(n, call) for n in reads(body, defuse, made) if (call := _goes_through(model, fn, n)) is not None]
        for at, (first, call) in enumerate(used):
            onward = reached_from(body, defuse.block_of[first])
            later = (c for n, c in used[at + 1 :] if c != call and defuse.block_of[n] in onward)
            second = next((c for c in later if _asks_of_stock(body, c)), None)
            if second is not None:
                return Spent(made, call, second)
    return None


def _is_generator(model: "Model", fn: Fn, store: int) -> bool:
    """Whether what is kept can be gone through once: ``ids = (row.id for row in rows)``, ``ids = map(…)``."""
    body = model.program.body(fn)
    value = body.args(store)[1]
    if body.op[value] == Op.CALL:
        callee = body.args(value)[0]
        return body.op[callee] == Op.NAME and body.name(callee) in _ITERATORS
    if body.op[value] != Op.LIST:
        return False
    first = body.line[store]
    text = " ".join(model.program.line_text(fn.file, n) for n in range(first, min(body.end_line[value], first + _LONGEST) + 1))
    return re.search(_MADE.format(name=re.escape(body.name(store))), text) is not None and " for " in text


def _goes_through(model: "Model", fn: Fn, use: int) -> int | None:
    """The call that a generator is handed to and that goes through it; None where a value of it is taken, or it is handed on lazily."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    for user in defuse.uses(use):
        if body.op[user] != Op.CALL or body.args(user)[0] == use:
            continue
        plain = body.op[body.args(user)[0]] == Op.NAME
        if not plain or body.called(user) not in (*_ONE, *_ITERATORS):
            return user
    return None


def _asks_of_stock(body: Body, call: int) -> bool:
    """Whether a call is a question about stock, by the words of its chain: ``Allocation.objects.filter(stock_id__in=ids)``."""
    words, here = [k for k, _ in body.call(call)[1] if k], body.args(call)[0]
    while body.op[here] in (Op.FIELD, Op.NAME, Op.CALL):
        if body.op[here] != Op.CALL:
            words.append(body.name(here))
        if body.op[here] == Op.NAME:
            break
        here = body.args(here)[0]
    return any(_LOOKS_AT.fullmatch(snake(w)) for w in words)
