"""Code that runs in a transaction of its own, in which nothing that was read is changed by others."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.effects import Place
    from tillproof.commerce.model import Model

_REFUSES = re.compile(r"serializ|Firestore|runTransaction", re.IGNORECASE)


class Serial:
    """Answers by function; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._declared: dict[Fn, bool] = {}

    def runs(self, fn: Fn, ctx: Ctx | None) -> bool:
        """Whether a function runs in one, by its own declaration or its caller's, or by what it is declared to be handed."""
        if not self.model.references.known:
            return False
        return any(self._is_declared(one) for one in (fn, *(level.caller for level in (ctx.chain() if ctx else ()))))

    def refuses(self, place: "Place", documents: bool = False) -> bool:
        """Whether a place stands in a transaction that is refused when what was read in it has been changed: one of a store of documents,
        or a serializable one."""
        if self.runs(place.fn, place.ctx):
            return True
        for begun in self.model.regions.in_transaction(place):
            body = self.model.program.body(begun.fn)
            lines = range(body.line[begun.instr], body.end_line[begun.instr] + 1)
            if documents or _REFUSES.search(" ".join(self.model.program.line_text(begun.fn.file, n) for n in lines)):
                return True
        return False

    def _is_declared(self, fn: Fn) -> bool:
        """Whether the function, or the one around it, is handed to what declares one, ``export const pay = mutation({ handler: … })``, or
        takes what only such a function has: ``take(ctx: MutationCtx)``."""
        fn = self.model.program.outermost(fn)
        around = self.model.program.parent(fn)
        if fn not in self._declared:
            self._declared[fn] = any(self._is_handed(fn, p.type) for p in self.model.program.body(fn).params[:1])
            if around is not None and any(self.model.recogniser.is_("serial", around, i) for i in self._handing(around, fn)):
                self._declared[fn] = True
        return self._declared[fn]

    def _handing(self, around: Fn, fn: Fn) -> list[int]:
        """The calls to which a function is handed where it stands."""
        body = self.model.program.body(around)
        return [i for i, op in enumerate(body.op) if op == Op.CALL and any(body.holds(v, fn.number) for _, v in body.call(i)[1])]

    def _is_handed(self, fn: Fn, declared: str) -> bool:
        typed = self.model.evaluator.scope.typed(fn.file, declared, (fn.file, 1)) if declared else None
        return typed is not None and self.model.recogniser.result_is("serial", typed)
