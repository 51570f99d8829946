"""Pieces of a request that the server writes its own figures over before it reads them: ``for (const item of items) item.price = (await
Product.findById(item.id)).price``."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.checks.payment.amounts import Chosen
    from tillproof.commerce.model import Model
    from tillproof.flow.program import Fn
    from tillproof.flow.values import Ctx

_MOST_CALLERS = 8
_LEVELS = 3


def set_over(model: "Model", chosen: "Chosen") -> bool:
    """Whether a field of each line that was sent is set by the server, to what is not that field of the request."""
    line, _, field = (chosen.key or "").rpartition(".")
    if not line:
        return False
    for file in model.program.mentioning(field):
        if model.browser.runs(file):
            continue
        for fn in model.program.functions_around(file, field):
            body = model.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.SET_FIELD and body.name(i) == field and any(_over(model, fn, i, ctx, chosen) for ctx in _ways(model, fn)):
                    return True
    return False


def _over(model: "Model", fn: "Fn", i: int, ctx: "Ctx | None", chosen: "Chosen") -> bool:
    body = model.program.body(fn)
    held = model.requests.source(model.evaluator.value(fn, body.args(i)[0], ctx))
    line = (chosen.key or "").rpartition(".")[0].removesuffix("[]")
    same = held.key == f"{line}[]" if held is not None else _is_written_so(model, fn, body.args(i)[0], line)
    if not same:
        return False
    written = model.requests.sources_in(model.evaluator.value(fn, body.args(i)[2], ctx))
    return all(source.key != chosen.key for source, _ in written)


def _is_written_so(model: "Model", fn: "Fn", holder: int, line: str) -> bool:
    """Whether an element is one of a list that is called as the lines are that were sent: ``data.orderItems[at++].price = ours``."""
    body = model.program.body(fn)
    if body.op[holder] != Op.INDEX:
        return False
    return written(model.program, fn, body.args(holder)[0]).rpartition(".")[2] == line.rpartition(".")[2]


def _ways(model: "Model", fn: "Fn") -> "Iterator[Ctx | None]":
    """A function by itself, and as some of those that lead to it call it."""
    yield None
    waiting: Sequence[Ctx | None] = [None]
    for _ in range(_LEVELS):
        waiting = [up for ctx in waiting for up in model.callers.above(fn, ctx)][:_MOST_CALLERS]
        yield from waiting
