"""Elements of a list that a function chooses by their states: ``payments.find((payment) => payment.status === 'SUCCESS')``."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def chosen_by_state(model: "Model", fn: Fn, i: int, ctx: Ctx | None, says: Callable[[str], bool]) -> bool:
    """Whether a call is handed a function of ours that compares a member which ``says`` what became of a payment with a word for one that
    went well, and with none for one that did not."""
    given = (
        o.fn for _, a in model.program.body(fn).call(i)[1] for o in options(model.evaluator.value(fn, a, ctx)) if isinstance(o, FunctionV)
    )
    return any(_asks_state(model, one, says) for one in given)


def _asks_state(model: "Model", fn: Fn, says: Callable[[str], bool]) -> bool:
    body, words = model.program.body(fn), model.words
    read = any(says(body.name(i)) for i, op in enumerate(body.op) if op == Op.FIELD)
    texts = [const[1].strip("'\"`") for i, op in enumerate(body.op) if op == Op.CONST and (const := body.const(i)) is not None]
    return read and any(words.has("paid_values", t) for t in texts) and not any(words.has("dead_values", t) for t in texts)
