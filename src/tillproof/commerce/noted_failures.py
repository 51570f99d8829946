"""Failures that a handler notes in an answer, and that the code behind it asks for before it goes on."""

from typing import TYPE_CHECKING

from tillproof.flow.choosing import conditions_of, words_of
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def asks_what_was_noted(model: "Model", fn: Fn, blocks: frozenset[int], instr: int) -> bool:
    """Whether an instruction hangs on what a handler has set: ``$json['error'] = $text;``, and ``if (!$json['error'])`` behind it."""
    body = model.program.body(fn)
    noted: set[tuple[str, str]] = set()
    for i in body.rows(blocks):
        if body.op[i] == Op.SET_INDEX and body.op[body.args(i)[0]] == Op.NAME and body.args(i)[1] >= 0:
            const = body.const(body.args(i)[1])
            noted |= {(body.name(body.args(i)[0]), const[1])} if const is not None else set()
    if not noted:
        return False
    for condition in conditions_of(body, model.evaluator.defuse(fn), instr):
        words = set(words_of(body, condition.instr))
        if any({holder, key} <= words for holder, key in noted):
            return True
    return False
