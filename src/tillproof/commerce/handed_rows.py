"""Rows that a framework hands to a function of ours: the orders that staff ticked in an admin site, and of which model they are."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.entry_styles.classes import listed
from tillproof.commerce.entry_styles.wiring import named
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, Param, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CLASS_SUFFIX = "Admin"
_CHANGED = 1  # behind the object itself


class HandedRows:
    """Answers by parameter; found once somebody asks."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def of(self, param: Param) -> str:
        """What kind of record the rows are that a parameter holds; empty when it holds none, or that is not known."""
        if param.number == _CHANGED and (kind := self.model.inherited.changed_by(param.fn)) is not None:
            return entity(self.model.program.cls(kind).name)
        last = param.number == len(self.model.program.body(param.fn).params) - 1
        return self._entities.get(param.fn, "") if last else ""

    @cached_property
    def _entities(self) -> dict[Fn, str]:
        wiring = self.model.wiring
        found: dict[Fn, str] = {}
        for frameworks, files in wiring.active.files():
            for routes in (r for f in frameworks for r in f.routes if r.rows):
                given = self.given(routes.rows, files)
                for file in files:
                    for number, declared in enumerate(self.model.program.indices[file].classes):
                        cls = ClassId(file, number)
                        name = self.model.program.cls(given[cls]).name if cls in given else declared.name.removesuffix(_CLASS_SUFFIX)
                        if declared.name.endswith(_CLASS_SUFFIX) or cls in given:
                            for fn in listed(wiring, routes, cls):
                                found.setdefault(fn, entity(name))
        return found

    def given(self, names: tuple[str, ...], files: Iterable[str]) -> dict[ClassId, ClassId]:
        """The model by the class that it is given to: of ``site.register(Order, OrderAdmin)`` and of ``@register(Order)``."""
        words = [n.rpartition(".")[2].encode() for n in names]
        out: dict[ClassId, ClassId] = {}
        for file in (f for f in files if any(w in self.model.program.sources[f] for w in words)):
            top = Fn(file, TOP)
            body = self.model.program.body(top)
            for i, op in enumerate(body.op):
                if op == Op.DECORATE and body.args(i)[0] == 1 and body.op[body.args(i)[2]] == Op.CALL:
                    call, cls = body.args(i)[2], ClassId(file, body.args(i)[1])
                elif op == Op.CALL and len(body.call(i)[1]) > 1:
                    call = i
                    second = options(self.model.evaluator.value(top, body.call(i)[1][1][1]))
                    classes = [o.cls for o in second if isinstance(o, ClassV)]
                    if not classes:
                        continue
                    cls = classes[0]
                else:
                    continue
                if named(self.model.evaluator.value(top, body.args(call)[0]), names) and body.call(call)[1]:
                    model_of = self.model.evaluator.value(top, body.call(call)[1][0][1])
                    out.update((cls, o.cls) for o in options(model_of) if isinstance(o, ClassV))
        return out
