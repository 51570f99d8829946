"""What plugins of a Fastify application hang on it by name, for every route: ``fastify.decorate('orders', new Orders(pool))``."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import NO_THIS, External, Member, Param, Result, Unknown, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_APPLICATION = re.compile(r"(\w*_)?(fastify|app|server|instance|api)(_?instance)?", re.IGNORECASE)


class Decorated:
    """Looked up where a member of the application is read that nothing else explains."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self.program = evaluator.program

    def on(self, value: Value, name: str) -> Value | None:
        """What ``value.name`` is, where the value may be the application and one plugin alone hangs something under that name."""
        place = self._hung.get(name)
        if place is None or not self._is_application(value):
            return None
        return self.evaluator.value(*place)

    def _is_application(self, value: Value) -> bool:
        """``fastify`` that a plugin is handed, ``request.server``, a handler's ``this``, or what ``Fastify()`` made."""
        if isinstance(value, Param):
            typed = isinstance(value.type, External) and value.type.name.partition(".")[0] == "fastify"
            return typed or _APPLICATION.fullmatch(value.name) is not None
        if isinstance(value, Unknown):
            return value.why == NO_THIS and self.program.language(value.at[0]) == "javascript"
        if isinstance(value, Member):
            return value.name in ("server", "fastify") and isinstance(value.base, (Param, Member))
        return isinstance(value, Result) and isinstance(value.callee, External) and value.callee.name.partition(".")[0] == "fastify"

    @cached_property
    def _hung(self) -> dict[str, tuple[Fn, int]]:
        """By name, where what is hung under it is written; names under which several things are hung are left out."""
        found: dict[str, list[tuple[Fn, int]]] = {}
        for file in self.program.mentioning("decorate"):
            if self.program.language(file) != "javascript" or b"fastify" not in self.program.sources[file].lower():
                continue
            for fn in self.program.functions_around(file, "decorate"):
                body = self.program.body(fn)
                for i, op in enumerate(body.op):
                    callee, arguments = body.call(i) if op == Op.CALL else (-1, [])
                    hangs = len(arguments) > 1 and body.op[callee] == Op.FIELD and body.name(callee) == "decorate"
                    if hangs and (key := body.const(arguments[0][1])) is not None:
                        found.setdefault(key[1].strip("'\"`"), []).append((fn, arguments[1][1]))
        return {name: places[0] for name, places in found.items() if len(places) == 1}
