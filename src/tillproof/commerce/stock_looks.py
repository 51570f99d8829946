"""Where code looks at how much is left before it takes some."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.stock_writes import StockWrite
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

BELOW = ("<", ">", "<=", ">=")
"""How much is wanted is held against how much there is."""
_ASKS = re.compile(
    r"(has|is|check|ensure|assert|validate|verify|enough|can)_?(.*_)?(stock|inventory|availab\w*|quantity|saleable|sellable)(_.*)?|in_stock"
)
_LEFT = re.compile(r"(\w+_)?(available|left|remaining|stock|inventory|in_stock|on_hand)(_\w+)?")
_HANDS_BACK = ("number", "int", "intval", "float", "floatval", "parseint", "parsefloat", "max", "min", "round", "floor", "decimal")
_MOST_CALLERS = 12
_LEVELS = 2
_DEEPEST = 4


def looked_at(model: "Model", write: StockWrite, place: Place) -> Place | None:
    """The nearest comparison of what is left: in the functions that lead to a write; or of the very field, in those that they call."""
    around: dict[Fn, None] = {one: None for fn in (write.place.fn, place.fn) for one in (fn, *model.program.around(fn))}
    here = list(around)
    for _ in range(_LEVELS):
        here = [c for f in here for c, _, _ in model.callers.of(f)[:_MOST_CALLERS] if c not in around]
        around.update(dict.fromkeys(here))
    for fn in around:
        if (found := _compares(model, fn, write)) is not None:
            return found
    inner = (callee for fn in around for callee in model.reach.callees(fn) if callee not in around)
    return next((found for fn in inner if (found := _compares_field(model, fn, write)) is not None), None)


def _compares(model: "Model", fn: Fn, write: StockWrite) -> Place | None:
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.BINARY and body.text(body.args(i)[0]) in BELOW and any(counts(model, fn, a, write) for a in body.args(i)[1:]):
            return Place(fn, i, None)
        callee = body.args(i)[0] if op == Op.CALL else -1
        named = body.name(callee).rpartition(".")[2] if callee >= 0 and body.op[callee] in (Op.NAME, Op.FIELD) else ""
        if named and _ASKS.fullmatch(snake(named)):
            return Place(fn, i, None)
    return None


def _compares_field(model: "Model", fn: Fn, write: StockWrite) -> Place | None:
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.BINARY and body.text(body.args(i)[0]) in BELOW:
            fields = [a for a in body.args(i)[1:] if body.op[a] == Op.FIELD]
            if any(snake(body.name(a)) == snake(write.field) for a in fields):
                return Place(fn, i, None)
    return None


def counts(model: "Model", fn: Fn, i: int, write: StockWrite, depth: int = 0) -> bool:
    """Whether an instruction says how much is left, by its name."""
    body, words = model.program.body(fn), model.words
    op = body.op[i]
    if op in (Op.FIELD, Op.NAME):
        name = snake(body.name(i).rpartition(".")[2])
        if name == snake(write.field) or words.has("stock_fields", name) or words.has("stock_columns", name):
            return True
        return op == Op.NAME and (_LEFT.fullmatch(name) is not None or _is_made_of(model, fn, i, write, depth))
    if op == Op.INDEX:
        const = body.const(body.args(i)[1])
        return const is not None and snake(const[1]) == snake(write.field)
    if op == Op.CALL and body.op[body.args(i)[0]] in (Op.FIELD, Op.NAME):
        name = snake(body.name(body.args(i)[0]).rpartition(".")[2]).removeprefix("get_")
        if name in _HANDS_BACK and depth < _DEEPEST:  # `Math.max(0, Number(product.stock))`
            return any(counts(model, fn, v, write, depth + 1) for _, v in body.call(i)[1])
        return name == snake(write.field) or words.has("stock_fields", name) or _LEFT.fullmatch(name) is not None
    if depth < _DEEPEST and op in (Op.BINARY, Op.CAST, Op.CHOICE, Op.UNARY, Op.AWAIT):
        return any(counts(model, fn, a, write, depth + 1) for a in body.args(i)[0 if op == Op.AWAIT else 1 :])
    return False


def _is_made_of(model: "Model", fn: Fn, i: int, write: StockWrite, depth: int) -> bool:
    """Whether a variable was worked out of how much is left: ``$after = $before - $wanted``."""
    if depth >= _DEEPEST:
        return False
    body = model.program.body(fn)
    stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
    return len(stores) == 1 and body.op[stores[0]] == Op.STORE and counts(model, fn, body.args(stores[0])[1], write, depth + 1)
