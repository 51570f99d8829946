"""Fields that are set to be shown in a page and are no columns of a table."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.entities import KEEPS, entity
from tillproof.commerce.lexicon import snake
from tillproof.commerce.messages_told import carries
from tillproof.flow.defuse import value_operands
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Element, Result, Value, before_writes, names, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
_ROW = re.compile(
    r"\.(get_row|fetch_object|fetchObject|selectOne)\(\)$|(^|\.)(mysqli_fetch_object|pg_fetch_object)\(\)$|\.get_results\(\)\[\]"
    r"|(?i:prisma)\S*\.\w+\.find(Unique|First)(OrThrow)?\(\)$|\.query\(\)\.rows\[\]$|\.query\(\)\[\]\[\]$"
)
_STORES = re.compile(r"(save|store|persist|insert|update|write|flush|commit|push|sync)(_|$)")


def only_shown(model: "Model", fn: Fn, i: int, ctx: Ctx | None, kind: str | None = None) -> bool:
    """Whether an assignment sets what a page shows or an answer carries, and no column: a field of a component, or one lent to a record.
    ``kind``: the entity of the object, where it is known."""
    body = model.program.body(fn)
    obj = body.args(i)[0]
    held = model.evaluator.value(fn, obj, ctx)
    if model.exposed.is_component(held) or carries(model, held) or notes_for_itself(model, fn, i) or is_copy_of_row(model, fn, obj, held):
        return True
    found = model.records.holder(fn, obj, ctx)[0] if kind is None else kind
    return is_kept_nowhere(model, fn, found, body.name(i).lstrip("_"))


def is_copy_of_row(model: "Model", fn: Fn, obj: int, held: Value) -> bool:
    """Whether an object is a row as a database driver hands it out, ``$wpdb->get_row($sql)``, ``(await prisma.order.findUnique(…))``, and
    nothing here stores it again: what is set on it is what a row without that column reads as."""
    found = [before_writes(option) for option in options(held)]
    if not found or not all(isinstance(o, (Result, Element)) and any(_ROW.search(n) for n in names(o)) for o in found):
        return False
    body = model.program.body(fn)
    if body.op[obj] != Op.NAME:
        return False
    handed = (
        a for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and _STORES.search(snake(body.called(i))) for _, a in body.call(i)[1]
    )
    return not any(body.name(obj) in _made_of(body, a) for a in handed)


def _made_of(body: Body, i: int) -> set[str]:
    """The variables that an argument is made of."""
    if i < 0:
        return set()
    if body.op[i] == Op.NAME:
        return {body.name(i)}
    return {name for below in value_operands(body, i) for name in _made_of(body, below)}


def is_kept_nowhere(model: "Model", fn: Fn, kind: str, name: str) -> bool:
    """Whether a record is only lent a field that its table has no column for, to be shown in a page."""
    words = model.words
    if model.program.language(fn.file) != "python" or not (words.says_state(name) or words.has("stock_fields", name)):
        return False
    table = model.schema.table(kind, fn.file)
    if table is None or table.model is None or table.open or table.documents or table.column(name) is not None:
        return False
    return model.evaluator.scope.method(table.model, name) is None


def notes_for_itself(model: "Model", fn: Fn, i: int) -> bool:
    """Whether an object notes how many there are while it works, such as a page that shows a form: its class is derived from none of
    others, is no table's, and stores nothing by any method of its own."""
    body, words = model.program.body(fn), model.words
    obj, owner = body.args(i)[0], model.program.owner(fn)
    if owner is None or not body.is_self(obj) or not words.has("stock_fields", body.name(i)):
        return False
    name = model.program.cls(owner).name
    if KEEPS.fullmatch(entity(name)) or model.evaluator.scope.foreign_bases(owner) or model.schema.table(name, fn.file) is not None:
        return False
    lineage = model.evaluator.scope.lineage(owner)
    return not any(_STORES.match(snake(method)) for cls in lineage for method in model.program.methods(cls))


def takes_over(body: Body, i: int) -> bool:
    """Whether an object takes a field over from what it is made of, under the same name: ``$this->amountPaid = $answer->amountPaid``."""
    obj, _, value = body.args(i)
    return body.is_self(obj) and body.op[value] == Op.FIELD and body.name(value) == body.name(i)
