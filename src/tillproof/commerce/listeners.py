"""Functions of ours that run when an event of a platform is told by its name: ``do_action('order_paid', …)`` and ``add_action``."""

import re
from functools import cached_property, lru_cache

from tillproof.commerce.entry_styles.arguments import Arguments
from tillproof.commerce.entry_styles.callables import php_hooked
from tillproof.commerce.entry_styles.hooks import hook_names, registering_calls
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, External, FunctionV, constant, options
from tillproof.ir.ops import Op

_MOST = 8
TELLING = 8
"""Letters that a name with holes must show at least."""


class Listeners:
    """Who listens to which name, found once somebody tells one."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.tells = {name: at for f in wiring.knowledge.frameworks.values() for name, at in f.tells.items()}
        self._registered: list[tuple[str, Fn, int]] | None = None
        self._known: dict[str, list[FunctionV]] = {}
        self.told: dict[Fn, None] = {}
        """The functions that some call was found to set off."""

    def heard(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FunctionV]:
        """The functions that a call of outside sets off by the name that it tells; none when too little of the name is known."""
        body = self.wiring.program.body(fn)
        callee, arguments = body.call(i)
        at = self.tells.get(body.name(callee).rpartition(".")[2]) if body.op[callee] == Op.NAME else None
        if at is None or len(arguments) <= at or not isinstance(self.wiring.evaluator.value(fn, callee, ctx), External):
            return []
        found: dict[Fn, FunctionV] = {}
        for name in hook_names(self.wiring, self.wiring.evaluator.value(fn, arguments[at][1], ctx)):
            found.update((f.fn, f) for f in self._of(name))
        kept = list(found.values())[:_MOST]
        self.told.update((f.fn, None) for f in kept)
        return kept

    def around(self, name: str) -> list[FunctionV]:
        """The functions that run before or after a function of ours, registered by its name."""
        return self._around.get(name, [])

    @cached_property
    def _around(self) -> dict[str, list[FunctionV]]:
        wiring, found = self.wiring, dict[str, list[FunctionV]]()
        for frameworks, files in wiring.active.files():
            names = tuple(n for f in frameworks for n in f.hooks_functions)
            for fn, i in registering_calls(wiring, names, files) if names else ():
                given = Arguments(wiring.evaluator, fn, i).positional
                name = constant(given[0]) if len(given) > 1 else None
                if name is not None:
                    found.setdefault(name, []).extend(o for o in options(given[1]) if isinstance(o, FunctionV))
        return found

    def _of(self, name: str) -> list[FunctionV]:
        if name not in self._known:
            self._known[name] = self._find(name) if len(name.replace("{}", "")) >= TELLING else []
        return self._known[name]

    def _find(self, name: str) -> list[FunctionV]:
        out: list[FunctionV] = []
        for listened, fn, i in self._all():
            if listened == name or ("{}" in name and with_holes(name).fullmatch(listened)):
                given = Arguments(self.wiring.evaluator, fn, i).positional[1:]
                out += [target for target, _ in php_hooked(self.wiring, given, fn)] if given else []
        return out

    def _all(self) -> list[tuple[str, Fn, int]]:
        if self._registered is None:
            self._registered = []
            for frameworks, files in self.wiring.active.files():
                rules = [r for f in frameworks for r in f.routes if r.style == "hook" and f.tells]
                for routes in rules:
                    for fn, i in registering_calls(self.wiring, routes.names, files):
                        given = Arguments(self.wiring.evaluator, fn, i).positional
                        names = hook_names(self.wiring, given[0]) if len(given) > 1 else []
                        self._registered += [(name, fn, i) for name in names if "{}" not in name]
        return self._registered


@lru_cache(maxsize=256)
def with_holes(name: str) -> re.Pattern[str]:
    """What a name with holes may be."""
    return re.compile(".+".join(re.escape(part) for part in name.split("{}")))
