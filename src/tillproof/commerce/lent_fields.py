"""Fields that are set to be shown in a page and are no columns of a table."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def only_shown(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether an assignment sets what a page shows, and no column: a field of a component, or one lent to a record."""
    body = model.program.body(fn)
    obj = body.args(i)[0]
    if model.exposed.is_component(model.evaluator.value(fn, obj, ctx)):
        return True
    return is_kept_nowhere(model, fn, model.records.holder(fn, obj, ctx)[0], body.name(i))


def is_kept_nowhere(model: "Model", fn: Fn, kind: str, name: str) -> bool:
    """Whether a record is only lent a field that its table has no column for, to be shown in a page."""
    words = model.words
    if model.program.language(fn.file) != "python" or not (words.says_state(name) or words.has("stock_fields", name)):
        return False
    table = model.schema.table(kind, fn.file)
    if table is None or table.model is None or table.open or table.documents or table.column(name) is not None:
        return False
    return model.evaluator.scope.method(table.model, name) is None
