"""Is something proven on every path before something else happens?

A walk goes forward through a function and, where a call lands in the repository, through what it calls. Its state is whether the proof
that a
policy describes has been made on *every* path to here. A proof may be made by a call that returns only when it holds, by a branch on a
call that
says so, or by a call of ours whose every fitting outcome has it ("returns C only after the proof"). The walk reports what the policy calls
effects, each with the state in which it is first reached, and the outcomes of the function.
"""

from tillproof.flow.common_names import REGISTERING
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.function_walk import FunctionWalk
from tillproof.flow.initialised import run_by_making
from tillproof.flow.outside import wrapped
from tillproof.flow.program import Fn, Program
from tillproof.flow.proofs import NOTHING, Assumed, Policy, Summary, differing
from tillproof.flow.summaries import Key, Summaries
from tillproof.flow.values import ClassV, Ctx, FunctionV, options
from tillproof.ir.ops import Op

NO_FUNCTION = frozenset((Op.CONST, Op.TEXT, Op.RECORD, Op.LIST, Op.BINARY, Op.UNARY, Op.CLASS))
"""Operations whose value is never a function."""
MAX_CALLS = 8
SHALLOWER = (5, 3)
"""How deep to go instead, where there is too much to walk: what lies near counts more than what lies deep."""
MAX_WALKS = 300
MAX_DEEP_WALKS = 150
"""A walk that goes deeper than usual looks for a dispatch, which lies near the entry; it may not look at as much."""
_BRANCHES = 20
"""How many functions a call may land in before the others are left out."""


class Walk:
    """One walk, from an entry. Summaries are kept per function, context and state at entry."""

    def __init__(
        self,
        program: Program,
        evaluator: Evaluator,
        policy: Policy,
        deepest: int = MAX_CALLS,
        assumed: Assumed = NOTHING,
        like: "Walk | None" = None,
    ) -> None:
        """``like``: a walk with the same policy under other assumptions, whose summaries hold where these make no difference."""
        self.assumed = assumed
        self._like = like
        self._differing = differing(assumed, like.assumed) if like is not None else frozenset()
        self.deepest = deepest
        self.most = MAX_WALKS if deepest <= MAX_CALLS else MAX_DEEP_WALKS
        self.program = program
        self.evaluator = evaluator
        self.policy = policy
        self.summaries = Summaries()
        self._otherwise: set[tuple[Fn, int, int, Fn]] = set()  # run later, with other arguments than the call's
        self._targets: dict[tuple[Fn, int, int], list[FunctionV]] = {}
        self.under_way: dict[tuple[Fn, int], FunctionWalk] = {}
        self._depth = 0
        self.cut = False
        """Whether the walk met more than it may look at, so that something near its entry may have been left out."""
        self.met: set[tuple[Fn, int, int]] = set()
        """What was met before a proof while nothing had been left out yet."""

    def run(self, fn: Fn, ctx: Ctx | None = None, proven: bool = False) -> Summary:
        """Walk a function from its entry."""
        key = (fn, id(ctx), proven)
        if key not in self.summaries.made and not self._remember(key):
            self.summaries.begin(key)
            self._depth += 1
            try:
                walk = self.under_way[fn, id(ctx)] = FunctionWalk(self, fn, ctx, proven)
                self.summaries.end(key, walk.run(), not self.cut)
            except BaseException:
                self.summaries.give_up()
                raise
            finally:
                self._depth -= 1
                self.under_way.pop((fn, id(ctx)), None)
            self._meet(key)
        return self.summaries.use(key)

    def _meet(self, key: Key) -> None:
        if not self.cut:
            self.met.update((h.fn, h.instr, id(h.ctx)) for h in self.summaries.made[key].happenings if not h.proven)

    def _remember(self, key: Key) -> bool:
        """Whether the walk that this one is like has been this way, and nothing on it is assumed otherwise now."""
        taken = self.summaries.taken_from(self._like.summaries, key, self._differing) if self._like is not None else []
        for one in taken:
            self._meet(one)
        return bool(taken)

    def walking(self, fn: Fn, ctx: Ctx | None) -> FunctionWalk:
        """The walk through a function that is under way, or one that knows no states yet."""
        self.summaries.hang_on({fn, *(c.fn for c in (ctx.chain() if ctx else ()))})
        return self.under_way.get((fn, id(ctx))) or FunctionWalk(self, fn, ctx, False)

    def proven_at(self, fn: Fn, i: int) -> bool:
        """Whether the proof holds at an instruction of a function, whoever calls it."""
        walk = FunctionWalk(self, fn, None, False)
        walk.run()
        return walk.proven_at(i)

    def visited(self) -> list[Fn]:
        """The functions walked so far, the entry first."""
        return list(dict.fromkeys(fn for fn, _, _ in self.summaries.made))

    def too_deep(self) -> bool:
        """Whether to stop following calls: deep enough, or enough for one entry point."""
        self.cut = self.cut or len(self.summaries.made) >= self.most
        return self._depth >= self.deepest or self.cut

    def knows(self, target: FunctionV, fn: Fn, i: int, ctx: Ctx | None, proven: bool) -> bool:
        """Whether a function that a call lands in has been walked, so that nothing more has to be."""
        return (target.fn, id(self._context_of(target, fn, i, ctx)), proven) in self.summaries.made

    def enter(self, target: FunctionV, fn: Fn, i: int, ctx: Ctx | None, proven: bool) -> Summary:
        """The summary of a function that a call lands in, or is handed to."""
        return self.run(target.fn, self._context_of(target, fn, i, ctx), proven)

    def _context_of(self, target: FunctionV, fn: Fn, i: int, ctx: Ctx | None) -> Ctx:
        callee, arguments = self.program.body(fn).call(i)
        called = any(isinstance(o, FunctionV) and o.fn == target.fn for o in options(self.evaluator.value(fn, callee, ctx)))
        given = (o for _, a in arguments for o in options(self.evaluator.value(fn, a, ctx)))
        handed = not called and any(isinstance(o, FunctionV) and o.fn == target.fn for o in (*given, *self.evaluator.heard(fn, i, ctx)))
        handed = handed or (fn, i, id(ctx), target.fn) in self._otherwise
        return self.evaluator.context(target, fn, i, ctx, callback=handed)

    def targets(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FunctionV]:
        """Functions of the repository that a call may land in, callbacks handed to outside functions included."""
        key = (fn, i, id(ctx))
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = self._find_targets(fn, i, ctx)
        return found

    def _find_targets(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FunctionV]:
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        value = self.evaluator.value(fn, callee, ctx)
        if body.op[i] == Op.NEW or isinstance(value, ClassV):
            maker = run_by_making(self.evaluator.scope, self.evaluator.value(fn, i, ctx), fn, i)
            return [maker] if maker is not None and self.policy.matters(maker.fn) else []
        own = self.evaluator.scope.run_by_call(value) or wrapped(self.evaluator, value)
        if not own and (later := self.policy.later(fn, i, ctx)):
            self._otherwise.update((fn, i, id(ctx), target.fn) for target, as_called in later if not as_called)
            return [target for target, _ in later]
        if not own and (heard := [*self.evaluator.heard(fn, i, ctx), *self.evaluator.answering(fn, i, ctx)]):
            return [o for o in heard if self.policy.matters(o.fn)]
        if not own and (named := self.evaluator.scope.by_name(value, self.program.language(fn.file))):
            return named
        if own:
            return [o for o in own[:_BRANCHES] if self.policy.matters(o.fn) and self.policy.concerns(fn, i, o)]
        if body.op[callee] in (Op.NAME, Op.FIELD) and body.name(callee).rpartition(".")[2] in REGISTERING:
            return []  # told to run some other time
        return [
            o
            for _, a in arguments
            if body.op[a] not in NO_FUNCTION
            for o in options(self.evaluator.value(fn, a, ctx))
            if isinstance(o, FunctionV)
        ][:4]
