"""What plugins of an application hang on it by name, for every route: ``fastify.decorate('orders', new Orders(pool))``."""

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.flow.program import Fn, Program
from tillproof.flow.values import NO_THIS, External, FunctionV, Member, Param, Result, Unknown, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator


class Application(NamedTuple):
    """What a framework's application is known by: the ``package`` that makes it, the ``methods`` that hang something on it under the name
    that is their first argument, and how variables and members are called that hold it."""

    language: str
    package: str
    methods: tuple[str, ...]
    names: tuple[str, ...]


class Decorated:
    """Looked up where a member of the application is read that nothing else explains. ``applications``: those that the packs know."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self.program = evaluator.program
        self.applications: list[Application] = []

    def on(self, value: Value, name: str) -> Value | None:
        """What ``value.name`` is, where the value may be the application and one plugin alone hangs something under that name."""
        return next((self.evaluator.value(*hung[name]) for known, hung in self._hung if name in hung and self._is(known, value)), None)

    def _is(self, known: Application, value: Value) -> bool:
        """``fastify`` that a plugin is handed, ``request.server``, a handler's ``this``, or what ``Fastify()`` made."""
        if isinstance(value, Param):
            called = rf"(\w*_)?({'|'.join(known.names)})(_?instance)?"
            return _comes_from(known, value.type) or re.fullmatch(called, value.name, re.IGNORECASE) is not None
        if isinstance(value, Unknown):
            return value.why == NO_THIS and self.program.language(value.at[0]) == known.language
        if isinstance(value, Member):
            return value.name in known.names and isinstance(value.base, (Param, Member))
        return isinstance(value, Result) and _comes_from(known, value.callee)

    @cached_property
    def _hung(self) -> list[tuple[Application, dict[str, tuple[Fn, int]]]]:
        return [(known, self._on_application(known)) for known in self.applications]

    def _on_application(self, known: Application) -> dict[str, tuple[Fn, int]]:
        """By name, where what is hung under it is written; names under which several things are hung are left out."""
        found: dict[str, list[tuple[Fn, int]]] = {}
        for method, file in ((m, file) for m in known.methods for file in self.program.mentioning(m)):
            if self.program.language(file) != known.language or known.package.encode() not in self.program.sources[file].lower():
                continue
            for fn in self.program.functions_around(file, method):
                body = self.program.body(fn)
                for i, op in enumerate(body.op):
                    callee, arguments = body.call(i) if op == Op.CALL else (-1, [])
                    hangs = len(arguments) > 1 and body.op[callee] == Op.FIELD and body.name(callee) == method
                    if hangs and (key := body.const(arguments[0][1])) is not None:
                        found.setdefault(key[1].strip("'\"`"), []).append((fn, arguments[1][1]))
        return {name: places[0] for name, places in found.items() if len(places) == 1}


def _comes_from(known: Application, value: Value | None) -> bool:
    return isinstance(value, External) and value.name.partition(".")[0] == known.package


def task(program: Program, value: FunctionV) -> FunctionV:
    """A task of Python that is run on the spot, ``settle.run(id)``: its function, to which it is itself handed where that asks for it."""
    params = program.body(value.fn).params
    bound = value.this is None and params and params[0].name == "self"
    return FunctionV(value.at, value.fn, value.outer, External(value.at, "celery.Task")) if bound else value
