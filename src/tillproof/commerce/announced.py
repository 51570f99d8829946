"""Methods of ours that a table of a platform names for an event: Magento's ``events.xml`` says which observers run when
``$this->eventManager->dispatch('order_paid', …)`` is called."""

from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.entry_styles.callables import named_class
from tillproof.commerce.entry_styles.data_files import nested
from tillproof.commerce.entry_styles.hooks import hook_names
from tillproof.commerce.entry_styles.wiring import path_expression
from tillproof.commerce.listeners import TELLING, with_holes
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Announced

if TYPE_CHECKING:
    from tillproof.commerce.entry_styles.wiring import Wiring

_MOST = 8


class Observers:
    """Who runs for which event; the tables are read once somebody announces one."""

    def __init__(self, wiring: "Wiring") -> None:
        self.wiring = wiring
        self._calls: dict[str, Announced] = {
            name.rpartition(".")[2]: told for f in wiring.knowledge.frameworks.values() for told in f.announces for name in told.calls
        }

    def heard(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FunctionV]:
        """The observers that a call sets off by the name of the event; where it has holes, of all events that it may be."""
        program, evaluator = self.wiring.program, self.wiring.evaluator
        body = program.body(fn)
        callee, arguments = body.call(i)
        told = self._calls.get(body.name(callee)) if body.op[callee] == Op.FIELD else None
        if told is None or len(arguments) <= told.name or program.language(fn.file) != "php" or not self._table:
            return []
        found: dict[Fn, FunctionV] = {}
        for name in hook_names(self.wiring, evaluator.value(fn, arguments[told.name][1], ctx)):
            if len(name.replace("{}", "")) >= TELLING:
                named = self._table.get(name, []) if "{}" not in name else self._fitting(name)
                found.update((observer.fn, observer) for observer in named)
        return list(found.values())[:_MOST]

    def _fitting(self, name: str) -> list[FunctionV]:
        return [o for event, observers in self._table.items() if with_holes(name).fullmatch(event) for o in observers]

    @cached_property
    def _table(self) -> dict[str, list[FunctionV]]:
        wiring, out = self.wiring, dict[str, list[FunctionV]]()
        for frameworks, files in wiring.active.files():
            rules = [told for f in frameworks for told in f.announces]
            unit = wiring.program.unit(files[0]) if files else ""
            for path, file in sorted(wiring.program.files.items()) if rules else ():
                if file.unit == unit and file.language == "xml" and file.role != "test":
                    for told in (r for r in rules if any(path_expression(p).match("/" + path) for p in r.files)):
                        for event, observer in nested(wiring.text(path) or b"", told.event, told.observer):
                            cls = named_class(wiring, observer.get(told.instance, ""), files[0])
                            method = wiring.method(cls, told.method, (path, 1)) if cls is not None else None
                            if method is not None:
                                out.setdefault(event.get("name", ""), []).append(method)
        return out
