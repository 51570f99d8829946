"""The kind of records that a class-based view of Django's is about: what ``self.get_object()`` gives."""

from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

GIVES = ("get_object", "get_queryset", "filter_queryset", "object", "queryset")
"""Members of a view that give its records."""
_NAMED_IN = ("queryset", "model")


def view_rows(model: "Model", view: ClassId) -> str:
    """The kind of the records that a view names: by its queryset, its model, or what its ``get_queryset`` returns; empty when by none."""
    program, evaluator = model.program, model.evaluator
    for cls in evaluator.scope.lineage(view) if program.language(view.file) == "python" else ():
        top, name = Fn(cls.file, TOP), program.cls(cls).name
        stored = [s for member in _NAMED_IN for s in evaluator.defuse(top).stores.get(f"{name}.{member}", ())]
        given = [(top, program.body(top).args(s)[1]) for s in stored]
        method = program.methods(cls).get("get_queryset")
        if method is not None:
            body = program.body(method)
            given += [(method, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
        for fn, i in given:
            classes = (program.cls(o.cls).name for o in options(evaluator.value(fn, i)) if isinstance(o, ClassV))
            if found := next(classes, "") or _named(model, fn, i):
                return entity(found)
    return ""


def _named(model: "Model", fn: Fn, i: int) -> str:
    """The kind of record that a chain of calls begins with; none where it begins with the view itself."""
    chain = model.records.chains.of(fn, i, None)
    own = chain.links and chain.links[0].name in ("self", "super")
    return "" if own else model.records.holder(fn, i, None)[0]
