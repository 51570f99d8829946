"""Where a call leads, for what is done there: the functions of ours that it lands in, sets off, or is handed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tillproof.flow.common_names import REGISTERING
from tillproof.flow.outside import wrapped
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, Member, Param, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BRANCHES = 20


def recursive(target: Fn, fn: Fn, ctx: Ctx | None) -> bool:
    """Whether a function is entered already on the way to a call of it."""
    return target == fn or any(target in (c.fn, c.caller) for c in (ctx.chain() if ctx else ()))


class Targets:
    """Answers by call. ``acts``: whether anything that a function may call does something."""

    def __init__(self, model: "Model", acts: Callable[[Fn], bool]) -> None:
        self.model = model
        self._acts = acts
        self._handed: dict[tuple[Fn, int], bool] = {}

    def of(self, fn: Fn, i: int, ctx: Ctx | None) -> list[tuple[FunctionV, bool]]:
        """The functions of ours that a call lands in, and those that are handed to it (then true)."""
        evaluator = self.model.evaluator
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        value = evaluator.value(fn, callee, ctx)
        out: dict[Fn, tuple[FunctionV, bool]] = {}
        for target in self._called(fn, callee, value)[:_BRANCHES]:
            out.setdefault(target.fn, (target, False))
        out.update({asked.fn: (asked, False) for asked in self.model.asked_for.of(fn, i) if asked.fn not in out})
        if body.op[callee] == Op.CALL:  # called through a wrapper, which may run what is hooked to it by its name
            hooked = [h for own in out for h in self.model.listeners.around(self.model.program.name(own))]
            out.update({h.fn: (h, False) for h in hooked if h.fn not in out})
        if not out:
            run = [own for own in self.model.record_methods.targets(fn, i, ctx) if not recursive(own.fn, fn, ctx)]
            out.update({own.fn: (own, self.model.record_methods.hears(own.fn)) for own in run})
        if not out:
            named = evaluator.scope.by_name(value, self.model.program.language(fn.file))
            named = [o for o in named if not recursive(o.fn, fn, ctx)]
            if len(named) == 1 or self._one_family(named):
                out.update({o.fn: (o, False) for o in named})
        if not out:
            out.update(self._set_off(fn, i, ctx, value))
        if body.op[callee] in (Op.NAME, Op.FIELD) and body.name(callee).rpartition(".")[2] in REGISTERING:
            return list(out.values())  # told to run some other time
        run_inside = self._run_inside([o for o, _ in out.values()], [v for _, v in arguments])
        for _, argument in arguments:
            if argument in run_inside:
                continue
            if body.op[argument] == Op.FUNCTION or (not out and body.op[argument] in (Op.NAME, Op.FIELD)):
                for option in options(evaluator.value(fn, argument, ctx)):
                    if isinstance(option, FunctionV):
                        out.setdefault(option.fn, (option, True))
        return list(out.values())

    def _called(self, fn: Fn, callee: int, value: Value) -> list[FunctionV]:
        """The functions that a value runs when it is called; ``this.pay.bind(this)`` calls nothing yet."""
        body, run = self.model.program.body(fn), self.model.evaluator.scope.run_by_call(value)
        binds = body.op[callee] == Op.FIELD and body.name(callee) == "bind"
        return [target for target in run if not binds or self.model.program.name(target.fn) == "bind"]

    def by_caller(self, fn: Fn, i: int, ctx: Ctx | None) -> list[tuple[FunctionV, bool]]:
        """The methods of ours that a call lands in once it is known what the object was handed: ``this.orders.update(id, changes)``, which
        is any store's update before."""
        if ctx is None or not self._on_what_was_handed(fn, i):
            return []
        found = options(self.model.evaluator.value(fn, self.model.program.body(fn).args(i)[0], ctx))
        own = [o for o in found if isinstance(o, FunctionV) and self._acts(o.fn)]
        return [(o, False) for o in own] if len(own) == len(found) else []

    def _on_what_was_handed(self, fn: Fn, i: int) -> bool:
        """Whether a method that one of ours is called like is asked of something that a function or constructor was given."""
        key = (fn, i)
        if key not in self._handed:
            body = self.model.program.body(fn)
            callee = body.args(i)[0] if body.op[i] == Op.CALL else -1
            named = callee >= 0 and body.op[callee] == Op.FIELD and body.name(callee) in self.model.program.functions_by_name
            value = self.model.evaluator.value(fn, callee) if named else None
            self._handed[key] = isinstance(value, Member) and isinstance(value.base, Param)
        return self._handed[key]

    def _run_inside(self, called: list[FunctionV], arguments: list[int]) -> set[int]:
        """The arguments that the function of ours which is called calls itself: what they do is done there, under its conditions."""
        if len(called) != 1 or not self._acts(called[0].fn):
            return set()
        body = self.model.program.body(called[0].fn)
        shift = int(called[0].this is not None and self.model.evaluator.is_python_method(called[0].fn))
        run = {body.name(body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.CALL and body.op[body.args(i)[0]] == Op.NAME}
        return {v for n, v in enumerate(arguments) if n + shift < len(body.params) and body.params[n + shift].name in run}

    def _set_off(self, fn: Fn, i: int, ctx: Ctx | None, callee: Value) -> dict[Fn, tuple[FunctionV, bool]]:
        """The functions of ours that a package has made the callee of, else those that run later or elsewhere for what a call is told."""
        made = {o.fn: (o, False) for o in wrapped(self.model.evaluator, callee) if not recursive(o.fn, fn, ctx)}
        if made:
            return made
        handed = {h.target.fn: (h.target, not h.called) for h in self.model.handovers.targets(fn, i, ctx)}
        told = (*self.model.evaluator.heard(fn, i, ctx), *self.model.observers.heard(fn, i, ctx))
        return {**handed, **{o.fn: (o, True) for o in told if not recursive(o.fn, fn, ctx)}}

    def _one_family(self, named: list[FunctionV]) -> bool:
        """Whether methods of one name override each other: their classes have a base of ours in common."""
        scope, owners = self.model.evaluator.scope, [self.model.program.owner(o.fn) for o in named]
        lineages = [set(scope.lineage(owner)) for owner in owners if owner is not None]
        return bool(lineages) and bool(set.intersection(*lineages))
