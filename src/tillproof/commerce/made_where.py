"""Where it was decided that an effect makes a row: what is certain there is certain of the new row."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce import sql
from tillproof.commerce.effects import Effect, Place
from tillproof.flow.values import Instance
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def made_at(model: "Model", effect: Effect) -> Iterator[Place]:
    """Where the object is made that an effect creates a row of, though it may be written further on, where one that was found is written
    as well; and where the statement is chosen that inserts it, of two that one call runs."""
    touch = effect.touch
    if touch is None or touch.kind != "create":
        return
    if isinstance(touch.record, Instance) and touch.record.made is not None:
        yield Place(*touch.record.made)
    body = model.program.body(effect.fn)
    for _, given in body.call(effect.instr)[1] if body.op[effect.instr] == Op.CALL else ():
        stores = model.evaluator.defuse(effect.fn).reaching(given, body.name(given)).stores if body.op[given] == Op.NAME else []
        chosen = [s for s in stores if len(stores) > 1 and body.op[s] == Op.STORE]
        for store in chosen:
            text = model.evaluator.value(effect.fn, body.args(store)[1], effect.ctx)
            if any(asked.statement.verb == "insert" for asked in sql.of_value(text, model.evaluator)):
                yield Place(effect.fn, store, effect.ctx)
