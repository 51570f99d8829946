"""Records that a constructor reads by their id: ``new WC_Order($id)``, PrestaShop's ``new Cart((int) $id)``, ``new order($orders_id)``."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Instance, Overlay, Record, Result, Value, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ID = re.compile(r"(^|_)(id|ids|number|num|nr|no|ref|reference)$|^id_")


def read_by_constructor(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """The read that a constructor of a platform's record makes when it is given an id."""
    given = model.program.body(fn).call(i)[1]
    name = model.recogniser.is_("reads", fn, i, ctx) if given and model.program.language(fn.file) == "php" else None
    made = model.evaluator.value(fn, i, ctx) if name else None
    if not name or not isinstance(made, Result) or not _reads_row(model, made):
        return None
    key = {"id": model.evaluator.value(fn, given[0][1], ctx)}
    kind = entity(name.rpartition(".")[2].removeprefix("WC_"))
    return Touch("read", kind, {}, frozenset(), key, frozenset(key), False, None, fn, i, ctx)


def is_made(model: "Model", value: Value) -> bool:
    """Whether an object is one that was only just made."""
    return (isinstance(value, Result) and value.new and not _reads_row(model, value)) or (
        isinstance(value, Instance) and value.made is not None
    )


def _reads_row(model: "Model", made: Result) -> bool:
    """Whether an object is one that its constructor has read, by what it was given: the id, and no record of fields."""
    if made.instr < 0 or model.program.language(made.fn.file) != "php":
        return False
    _, given = model.program.body(made.fn).call(made.instr)
    if not given or any(isinstance(o, (Record, Overlay)) for o in options(model.evaluator.value(made.fn, given[0][1], made.ctx))):
        return False
    return (
        model.recogniser.result_is("reads", made) or _ID.search(snake(written(model.program, made.fn, given[0][1]).lstrip("$"))) is not None
    )
