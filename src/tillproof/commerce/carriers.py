"""Which object sends a request that stands for itself: ``client.execute(request)`` where ``request = new OrdersCaptureRequest(id)``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.values import Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SENDS = ("execute", "send", "process", "request", "executeAsync")
_MOST_CALLERS = 6


def carriers(model: "Model", fn: Fn, made: int) -> Iterator[Value]:
    """What the methods are, ``client.execute``, that a request is handed to which an instruction makes, as the function itself knows them
    and then as its callers do."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    held = [made, *(r for use in defuse.uses(made) if body.op[use] == Op.STORE for r in reads(body, defuse, use))]
    for use in dict.fromkeys(u for h in held for u in defuse.uses(h)):
        callee = body.args(use)[0] if body.op[use] == Op.CALL else -1
        if callee < 0 or body.op[callee] != Op.FIELD or body.name(callee) not in _SENDS or callee in held:
            continue
        yield model.evaluator.value(fn, callee)
        yield from (model.evaluator.value(fn, callee, ctx) for ctx in model.callers.above(fn, None)[:_MOST_CALLERS])
