"""What is certain of a function before it begins, because what stands before it hands on only then: the middleware of a route, a guard,
a decorator of ours around a handler, the ``dispatch`` of a base class. ``if already_handled(event): return``, and then ``next()``."""

from functools import lru_cache
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Held
from tillproof.flow.facts import Fact
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, Ctx, FunctionV, Param, Value, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.effects import Effect
    from tillproof.commerce.model import Model

_NEXT = ("next", "call_next", "done")
_HANDLERS = ("handler", "next", "delegate", "frame")
"""What PSR-15 hands a middleware to go on with: ``$handler->handle($request)``."""


def goes_on(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call hands the request on: ``next()`` of a middleware, the function that a decorator wraps, ``super().dispatch()``."""
    body = model.program.body(fn)
    callee = body.args(i)[0]
    if body.op[callee] == Op.FIELD:
        base = body.args(callee)[0]
        if body.name(callee) == "handle" and body.op[base] == Op.NAME and model.program.language(fn.file) == "php":
            value = model.evaluator.value(fn, base, ctx)
            return isinstance(value, Param) and value.fn == fn and value.number > 0 and value.name in _HANDLERS
        above = body.op[base] == Op.CALL and body.called(base) == "super"
        return above and body.name(callee) == model.program.name(fn)
    if body.op[callee] != Op.NAME:
        return False
    value = model.evaluator.value(fn, callee, ctx)
    if not isinstance(value, Param):
        return False
    if value.name in _NEXT and _tells_of_an_error(model, fn, i):
        return False
    captured = value.fn != fn and value.number == 0 and (model.program.language(fn.file) == "python" or _gives_request(model, fn, i, ctx))
    return captured or (value.name in _NEXT and value.number > 0)


def _tells_of_an_error(model: "Model", fn: Fn, i: int) -> bool:
    """Whether JavaScript's ``next`` is given an error, which leaves out all handlers that follow: ``next(new ApiError(401))``. Nothing, the
    word ``route`` and the request are none."""
    given = model.program.body(fn).call(i)[1]
    if not given or model.program.language(fn.file) != "javascript":
        return False
    found = options(model.evaluator.value(fn, given[0][1]))
    return not any(isinstance(o, Const) or (isinstance(o, Param) and o.fn == fn and o.number == 0) for o in found)


def _gives_request(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call is given what the function itself was given first: ``fn(req, res)`` in ``(req, res) => …``."""
    given = model.program.body(fn).call(i)[1]
    first = model.evaluator.value(fn, given[0][1], ctx) if given else None
    return isinstance(first, Param) and first.fn == fn and first.number == 0


class HandingOn:
    """Asked by function; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._before: dict[Fn, tuple[Held, ...]] = {}
        self._guards: dict[Fn, tuple[Fn, ...]] = {}

    def before(self, fn: Fn) -> tuple[Held, ...]:
        """The facts that hold wherever one of the function's guards hands on to it."""
        if fn not in self._before:
            self._before[fn] = ()  # a guard that comes back to the function itself says nothing
            self._before[fn] = tuple(held for guard in self.guards(fn) for held in self._held(guard))
        return self._before[fn]

    def effects(self, fn: Fn) -> list["Effect"]:
        """What the guards of a function do themselves, before or after they hand on."""
        of = self.model.effects.of
        return [e for guard in self.guards(fn) if self._ends(guard) for e in of(FunctionV((guard.file, 1), guard, None, None))]

    def guards(self, fn: Fn) -> tuple[Fn, ...]:
        """The functions of ours that run before a function and decide whether it does."""
        if fn not in self._guards:
            chain = self._chains().get(fn) or self._decorators(fn)
            found = dict.fromkeys(f for value in chain for f in self.model.reach.functions_of(value))
            self._guards[fn] = tuple(f for f in found if not self.model.reach.put_in_place(f))
        return self._guards[fn]

    def _chains(self) -> dict[Fn, tuple[Value, ...]]:
        return _chains(self.model)

    def _decorators(self, fn: Fn) -> list[Value]:
        if fn.number == TOP or self.model.program.language(fn.file) != "python":
            return []
        wiring = self.model.wiring
        around = wiring.around(fn)
        return [wiring.decorated(around, i) for i, kind, number in wiring.decorations(around) if (kind, number) == (0, fn.number)]

    def calls_on(self, fn: Fn) -> list[int]:
        """The calls by which a guard hands on to what it stands before."""
        body = self.model.program.body(fn)
        return [i for i, op in enumerate(body.op) if op == Op.CALL and goes_on(self.model, fn, i, None)]

    def _ends(self, fn: Fn) -> list[int]:
        """Where a guard hands on: its calls of what comes next, or the ends at which it does not answer no."""
        if calls := self.calls_on(fn):
            return calls
        body = self.model.program.body(fn)
        ends = [i for i, op in enumerate(body.op) if op == Op.RETURN]
        return [i for i in ends if body.args(i)[0] < 0 or body.const(body.args(i)[0]) != (Kind.BOOL, "false")]

    def _held(self, fn: Fn) -> list[Held]:
        ends = self._ends(fn)
        facts = [self.model.effects.facts(fn).at(i) for i in ends]
        certain: list[Fact] = [f for f in facts[0] if all(f in other for other in facts[1:])] if facts else []
        return [Held(f, fn, None) for f in certain]


@lru_cache(maxsize=2)
def _chains(model: "Model") -> dict[Fn, tuple[Value, ...]]:
    """The guards of each function that requests come to: those that all ways to it have."""
    found: dict[Fn, tuple[Value, ...]] = {}
    for entry in model.entries:
        fn = entry.target.fn
        found[fn] = tuple(g for g in found[fn] if g in entry.chain) if fn in found else entry.chain
    return found
