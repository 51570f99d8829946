"""Is something proven on every path before something else happens?

A walk goes forward through a function and, where a call lands in the repository, through what it calls. Its state is whether the proof that a
policy describes has been made on *every* path to here. A proof may be made by a call that returns only when it holds, by a branch on a call that
says so, or by a call of ours whose every fitting outcome has it ("returns C only after the proof"). The walk reports what the policy calls
effects, each with the state in which it is first reached, and the outcomes of the function.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import TOP, Fn, Program
from tillproof.flow.values import Const, Ctx, Element, External, FunctionV, Member, Record, Result, Seq, Value, options
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Kind, Op

_SAME_OR_NOT = ("==", "===", "is", "!=", "!==", "is not")
MAX_CALLS = 8
MAX_WALKS = 500
_PARTS = 12  # how deep a value is looked into for the call whose answer it is read from


class Proof(NamedTuple):
    """What a call proves. ``how``: ``throws`` (its return is the proof), ``boolean`` (true is), ``answer`` (comparing it with ``genuine`` is)."""

    how: Literal["throws", "boolean", "answer"]
    genuine: tuple[str, ...] = ()


class Happening(NamedTuple):
    """An effect, where it happens, and whether the proof held there. ``ctx`` is the context of ``fn``."""

    kind: str
    fn: Fn
    instr: int
    ctx: Ctx | None
    proven: bool


class Outcome(NamedTuple):
    """One way out of a function: the value returned (None for a raise) and whether the proof was made by then."""

    value: Value | None
    truth: bool | None
    proven: bool


class Summary(NamedTuple):
    outcomes: tuple[Outcome, ...]
    happenings: tuple[Happening, ...]


class Assumed(NamedTuple):
    """What a walk takes for proven, to ask what would be if it were: edges (function, block, kind, target) and calls."""

    edges: frozenset[tuple[Fn, int, int, int]] = frozenset()
    calls: frozenset[tuple[Fn, int]] = frozenset()


NOTHING = Assumed()


class Policy(Protocol):
    """What a walk is about."""

    def proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """What a CALL proves, or a BINARY comparison (as ``boolean``)."""

    def effect(self, fn: Fn, i: int, ctx: Ctx | None) -> str | None:
        """The kind of effect that an instruction is, if any."""

    def exits(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call never returns."""

    def matters(self, fn: Fn) -> bool:
        """Whether walking a function could meet anything."""

    def insists(self, fn: Fn, i: int, ctx: Ctx | None) -> bool | None:
        """What a call's first argument must be for the call to return; None when it returns in any case."""


class Walk:
    """One walk, from an entry. Summaries are kept per function, context and state at entry."""

    def __init__(self, program: Program, evaluator: Evaluator, policy: Policy, deepest: int = MAX_CALLS, assumed: Assumed = NOTHING) -> None:
        self.assumed = assumed
        self.deepest = deepest
        self.program = program
        self.evaluator = evaluator
        self.policy = policy
        self._memo: dict[tuple[Fn, int, bool], Summary] = {}
        self.under_way: dict[tuple[Fn, int], _FunctionWalk] = {}
        self._depth = 0

    def run(self, fn: Fn, ctx: Ctx | None = None, proven: bool = False) -> Summary:
        """Walk a function from its entry."""
        key = (fn, id(ctx), proven)
        if key not in self._memo:
            self._memo[key] = Summary((), ())
            self._depth += 1
            try:
                walk = self.under_way[fn, id(ctx)] = _FunctionWalk(self, fn, ctx, proven)
                self._memo[key] = walk.run()
            finally:
                self._depth -= 1
                self.under_way.pop((fn, id(ctx)), None)
        return self._memo[key]

    def visited(self) -> list[Fn]:
        """The functions walked so far, the entry first."""
        return list(dict.fromkeys(fn for fn, _, _ in self._memo))

    def too_deep(self) -> bool:
        """Whether to stop following calls: deep enough, or enough for one entry point."""
        return self._depth >= self.deepest or len(self._memo) >= MAX_WALKS

    def enter(self, target: FunctionV, fn: Fn, i: int, ctx: Ctx | None, proven: bool) -> Summary:
        """The summary of a function that a call lands in, or is handed to."""
        callee = self.program.body(fn).args(i)[0]
        called = any(isinstance(o, FunctionV) and o.fn == target.fn for o in options(self.evaluator.value(fn, callee, ctx)))
        return self.run(target.fn, self.evaluator.context(target, fn, i, ctx, callback=not called), proven)

    def targets(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FunctionV]:
        """Functions of the repository that a call may land in, callbacks handed to outside functions included."""
        body = self.program.body(fn)
        if body.op[i] == Op.NEW:
            return []
        callee, arguments = body.call(i)
        own = [o for o in options(self.evaluator.value(fn, callee, ctx)) if isinstance(o, FunctionV)]
        if not own and (named := self.evaluator.scope.by_name(self.evaluator.value(fn, callee, ctx), self.program.language(fn.file))):
            return named
        if own:
            return [o for o in own[:6] if self.policy.matters(o.fn)]
        return [o for _, a in arguments for o in options(self.evaluator.value(fn, a, ctx)) if isinstance(o, FunctionV)][:4]


class _FunctionWalk:
    """The forward pass over one body."""

    def __init__(self, walk: Walk, fn: Fn, ctx: Ctx | None, proven: bool) -> None:
        self.walk, self.fn, self.ctx = walk, fn, ctx
        self.body: Body = walk.program.body(fn)
        self.value: Callable[[int], Value] = lambda i: walk.evaluator.value(fn, i, ctx)
        self.defuse = walk.evaluator.defuse(fn)
        self.entry: list[bool | None] = [None] * len(self.body.blocks)
        self.entry[0] = proven
        self._constant: dict[int, bool | None] = {}
        self._after: dict[tuple[int, bool | None], bool | None] = {}
        self._sure_reads: set[int] = set()

    def run(self) -> Summary:
        self._settle()
        self._sure_reads = self._find_sure_reads()
        if self._sure_reads:
            self.entry = [self.entry[0], *[None] * (len(self.entry) - 1)]
            self._settle()
        happenings: list[Happening] = []
        outcomes: list[Outcome] = []
        for block in range(len(self.body.blocks)):
            if self.entry[block] is not None:
                state = self._through(block, happenings)
                outcomes += self._outcomes(block, state)
        if self._falls_off():
            outcomes.append(Outcome(Const((self.fn.file, 1), Kind.NULL, "null"), False, all(s for s in self._ends() if s is not None)))
        return Summary(tuple(outcomes), tuple(happenings))

    def _settle(self) -> None:
        """Give every block that is reached the state at its entry: what holds on all ways to it."""
        waiting = [0]
        rounds = 0
        while waiting and rounds < 20 * len(self.body.blocks) + 50:
            rounds += 1
            block = waiting.pop(0)
            state = self._through(block, None)
            for kind, target in self.body.blocks[block].next:
                onward = self.entry[block] if kind == EDGE_RAISE else state
                if onward is None:
                    continue
                if kind in (EDGE_TRUE, EDGE_FALSE) and self._ruled_out(block, kind == EDGE_TRUE):
                    continue
                if kind in (EDGE_TRUE, EDGE_FALSE) and not onward:
                    onward = self._branch(block, kind == EDGE_TRUE)
                onward = onward or (self.fn, block, kind, target) in self.walk.assumed.edges
                known = self.entry[target]
                merged = onward if known is None else (known and onward)
                if merged != known:
                    self.entry[target] = merged
                    waiting.append(target)

    def _find_sure_reads(self) -> set[int]:
        """Reads of a Python variable that only proven code has set: on the way round it, after a loop that never ran, the read fails."""
        if self.walk.program.language(self.fn.file) != "python" or self.fn.number == TOP or self.entry[0] or not self._proves_something():
            return set()
        reads: set[int] = set()
        for i, op in enumerate(self.body.op):
            if op == Op.NAME and self.body.name(i) in self.defuse.stores:
                reach = self.defuse.reaching(i, self.body.name(i))
                if reach.entry and reach.stores and all(self.entry_after(s) for s in reach.stores):
                    reads.add(i)
        return reads

    def _proves_something(self) -> bool:
        """Whether a block of this function makes the proof."""
        return any(state is False and self._through(n, None) for n, state in enumerate(self.entry))

    def _ends(self) -> list[bool | None]:
        return [
            self._through(n, None)
            for n, b in enumerate(self.body.blocks)
            if self.entry[n] is not None and not [k for k, _ in b.next if k != EDGE_RAISE] and not self._leaves(n)
        ]

    def _falls_off(self) -> bool:
        return any(s is not None for s in self._ends())

    def _leaves(self, block: int) -> bool:
        b = self.body.blocks[block]
        return b.end > b.start and self.body.op[b.end - 1] in (Op.RETURN, Op.RAISE)

    def _through(self, number: int, happenings: list[Happening] | None) -> bool | None:
        """The state after a block; None when it does not get to its end."""
        if happenings is not None:
            return self._pass(number, happenings)
        key = (number, self.entry[number])
        if key not in self._after:
            self._after[key] = self._pass(number, None)
        return self._after[key]

    def _pass(self, number: int, happenings: list[Happening] | None) -> bool | None:
        state = self.entry[number]
        block = self.body.blocks[number]
        for i in range(block.start, block.end):
            op = self.body.op[i]
            if op in (Op.CALL, Op.NEW):
                state = self._call(i, bool(state), happenings)
                if state is None:
                    return None
            elif op in (Op.SET_FIELD, Op.BINARY, Op.STORE) and happenings is not None:
                self._note(i, bool(state), happenings)
            elif op == Op.NAME and i in self._sure_reads:
                state = True
        return state

    def _note(self, i: int, proven: bool, happenings: list[Happening]) -> None:
        kind = self.walk.policy.effect(self.fn, i, self.ctx)
        if kind:
            happenings.append(Happening(kind, self.fn, i, self.ctx, proven))

    def _call(self, i: int, proven: bool, happenings: list[Happening] | None) -> bool | None:
        if self.walk.policy.exits(self.fn, i, self.ctx):
            return None
        proof = self.walk.policy.proof(self.fn, i, self.ctx)
        if (proof is not None and proof.how == "throws") or (self.fn, i) in self.walk.assumed.calls:
            return True
        if happenings is not None:
            self._note(i, proven, happenings)
        if not proven and (wanted := self.walk.policy.insists(self.fn, i, self.ctx)) is not None:
            arguments = self.body.call(i)[1]
            proven = bool(arguments) and self.implies(arguments[0][1], wanted)
        if proof is not None or self.walk.too_deep():
            return proven
        after: list[bool] = []
        own = self._targets_are_called(i)
        leaves = own
        for target in self.walk.targets(self.fn, i, self.ctx):
            if any(c.fn == target.fn for c in (self.ctx.chain() if self.ctx else ())) or target.fn == self.fn:
                leaves = False
                continue
            summary = self.walk.enter(target, self.fn, i, self.ctx, proven)
            if happenings is not None:
                happenings.extend(summary.happenings)
            ends = [o.proven for o in self._telling(summary, i)]
            after += ends
            leaves = leaves and not ends and any(o.value is None for o in summary.outcomes)
        if leaves and not after and self.walk.targets(self.fn, i, self.ctx):
            return None
        return (proven or all(after)) if own and after else proven

    def _telling(self, summary: Summary, call: int) -> list[Outcome]:
        """The outcomes that matter after a call. Where it gives what was proven, an empty one has nothing of the message in it; unless the
        caller asks which it was, and may put something in its place."""
        ends = [o for o in summary.outcomes if o.value is not None]
        if not any(o.proven and not _empty(o.value) for o in ends) or all(o.proven for o in ends) or self._asks_about(call):
            return ends
        return [o for o in ends if o.proven or not _empty(o.value)]

    def _asks_about(self, call: int) -> bool:
        body = self.body
        asking = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.BRANCH]
        for i, op in enumerate(body.op):
            if op == Op.CHOICE and body.text(body.args(i)[0]) in ("or", "coalesce", "ternary"):
                _, first, *others = body.args(i)
                asking += [first] if not all(_empty(self.value(o)) for o in others) else []
        return any(self._stems_from(a, call) for a in asking)

    def _stems_from(self, i: int, call: int, depth: int = 0) -> bool:
        """Whether a condition is about the result of a call as a whole."""
        if depth > 8 or i < 0:
            return False
        if i == call:
            return True
        op, args = self.body.op[i], self.body.args(i)
        if op == Op.NAME:
            return any(self._stems_from(s, call, depth + 1) for s in self.defuse.reaching(i, self.body.name(i)).stores)
        below = args[1:] if op in (Op.UNARY, Op.BINARY, Op.CHOICE, Op.STORE, Op.CAST) else args[:1] if op == Op.AWAIT else []
        if op == Op.CALL:
            below = [v for _, v in self.body.call(i)[1]]
        return any(self._stems_from(b, call, depth + 1) for b in below)

    def _targets_are_called(self, i: int) -> bool:
        """Whether the call itself lands in the repository (and not only callbacks given to it)."""
        if self.body.op[i] == Op.NEW:
            return False
        return all(isinstance(o, FunctionV) for o in options(self.value(self.body.args(i)[0])))

    # --- branches

    def _ruled_out(self, block: int, truth: bool) -> bool:
        """Whether a branch is never taken: its condition is constant in this context."""
        if block not in self._constant:
            last = self.body.blocks[block].end - 1
            known = self.body.op[last] == Op.BRANCH
            self._constant[block] = self.walk.evaluator.truth(self.fn, self.body.args(last)[0], self.ctx) if known else None
        return self._constant[block] is (not truth)

    def _branch(self, block: int, truth: bool) -> bool:
        b = self.body.blocks[block]
        if b.end <= b.start or self.body.op[b.end - 1] != Op.BRANCH:
            return False
        return self.implies(self.body.args(b.end - 1)[0], truth)

    def implies(self, i: int, truth: bool, depth: int = 0) -> bool:
        """Whether value ``i`` being true (or false) means that the proof holds."""
        if depth > 12 or i < 0:
            return False
        op, args = self.body.op[i], self.body.args(i)
        if op == Op.CONST or (op in (Op.LIST, Op.RECORD) and not args):
            return self._cannot_be(i, truth)
        if op == Op.UNARY and self.body.text(args[0]) in ("not", "!"):
            return self.implies(args[1], not truth, depth + 1)
        if op in (Op.AWAIT, Op.STORE, Op.CAST):
            return self.implies(args[0 if op == Op.AWAIT else 1], truth, depth + 1)
        if op == Op.CHOICE:
            word = self.body.text(args[0])
            hits = [self.implies(a, truth, depth + 1) for a in args[1:]]
            return any(hits) if (word == "and") == truth and word in ("and", "or") else all(hits)
        if op == Op.NAME:
            reach = self.defuse.reaching(i, self.body.name(i))
            if not reach.stores or reach.entry:
                return False
            return all(self._stored_implies(s, truth, depth) for s in reach.stores)
        if op == Op.CALL:
            return self._call_implies(i, truth)
        if op == Op.BINARY:
            return self._comparison_implies(i, truth)
        if op == Op.FIELD:
            return self._field_implies(i, truth, depth)
        return False

    def _cannot_be(self, i: int, truth: bool) -> bool:
        """Whether a literal never has that truth: then whatever it would mean is so."""
        value = self.value(i)
        falsy = value.falsy if isinstance(value, Const) else True  # an empty list or record
        return falsy == truth

    def _stored_implies(self, store: int, truth: bool, depth: int) -> bool:
        value = self.body.args(store)[1]
        const = self.value(value)
        if isinstance(const, Const) and const.falsy == truth:
            return True  # this store cannot give that truth
        if self.body.op[value] == Op.PARAM and self.ctx is not None:
            return self._given_implies(self.body.args(value)[0], truth, depth)
        return self.implies(value, truth, depth + 1) or (self.entry_after(store) is True)

    def _given_implies(self, number: int, truth: bool, depth: int) -> bool:
        """What a parameter's being true means, asked where the caller made the argument."""
        ctx = self.ctx
        if ctx is None or ctx.fn != self.fn or ctx.call < 0 or ctx.callback or depth > 6:
            return False
        given = [v for k, v in self.walk.program.body(ctx.caller).call(ctx.call)[1] if k == ""]
        shift = 1 if ctx.this is not None and self.body.params and self.body.params[0].name in ("self", "cls") else 0
        if not 0 <= number - shift < len(given):
            return False
        caller = self.walk.under_way.get((ctx.caller, id(ctx.parent))) or _FunctionWalk(self.walk, ctx.caller, ctx.parent, False)
        return caller.implies(given[number - shift], truth, depth + 1)

    def entry_after(self, i: int) -> bool | None:
        """The state at the end of the block of an instruction, when the walk knows it already."""
        block = self.defuse.block_of[i]
        return self._through(block, None) if self.entry[block] is not None else None

    def call_outcomes(self, i: int) -> list[Outcome]:
        """The ways in which a call may end, for branches on its result."""
        proof = self.walk.policy.proof(self.fn, i, self.ctx)
        if proof is not None and proof.how == "boolean":
            return [Outcome(External((self.fn.file, 1), "true"), True, True), Outcome(External((self.fn.file, 1), "false"), False, False)]
        out: list[Outcome] = []
        if proof is None and not self.walk.too_deep():
            for target in self.walk.targets(self.fn, i, self.ctx):
                if target.fn != self.fn:
                    summary = self.walk.enter(target, self.fn, i, self.ctx, False)
                    out += [o for o in summary.outcomes if o.value is not None]
        return out

    def _call_implies(self, i: int, truth: bool) -> bool:
        fitting = [o for o in self.call_outcomes(i) if o.truth is None or o.truth == truth]
        if fitting:
            return all(o.proven for o in fitting)
        callee, arguments = self.body.call(i)
        if self.body.op[callee] != Op.NAME or not arguments:
            return False
        name, given = self.body.name(callee), arguments[0][1]
        if name in ("bool", "Boolean", "await"):
            return self.implies(given, truth)
        if (name == "all" and truth) or name == "any":  # over a comprehension: what holds of each, or of one, element
            return self.body.op[given] == Op.LIST and bool(self.body.args(given)) and all(self.implies(e, truth) for e in self.body.args(given))
        return False

    def _field_implies(self, i: int, truth: bool, depth: int) -> bool:
        """``result.ok``, where the call returns records."""
        call = self.origin_call(self.body.args(i)[0])
        if call is None:
            return False
        proof = self.walk.policy.proof(self.fn, call, self.ctx)
        if proof is not None:
            return proof.how == "boolean" and truth
        fitting = []
        for outcome in self.call_outcomes(call):
            if outcome.value is None:
                continue
            member = self.walk.evaluator.member(outcome.value, self.body.name(i), outcome.value.at)
            known = truth_of(member)
            if known is None or known == truth:
                fitting.append(outcome)
        return bool(fitting) and all(o.proven for o in fitting)

    def _comparison_implies(self, i: int, truth: bool) -> bool:
        operator, left, right = self.body.text(self.body.args(i)[0]), *self.body.args(i)[1:3]
        equal = operator in ("==", "===", "is", "eq")
        if not equal and operator not in ("!=", "!==", "is not", "<>", "not in", "in", "<", ">", "<=", ">="):
            return False
        if self.walk.policy.proof(self.fn, i, self.ctx) is not None:
            return (equal or operator in ("<=", ">=")) == truth
        for side, other in ((left, right), (right, left)):
            const = self.body.const(other)
            if const is not None and const[0] in (Kind.BOOL, Kind.NULL) and operator in _SAME_OR_NOT:
                wanted = const[0] == Kind.BOOL and const[1].lower() == "true"
                if (wanted or equal == truth) and self.implies(side, wanted if equal == truth else not wanted):
                    return True
                if const[0] == Kind.BOOL and self.implies(side, wanted == (equal == truth)):
                    return True
            call = self.origin_call(side)
            if call is None:
                continue
            if self._compares_call(call, side, other, equal == truth, operator):
                return True
        return equal == truth and self._held_by(left, right)

    def _held_by(self, left: int, right: int) -> bool:
        """A member that equals a constant is a member of something: what gave the object gave no null, and that may be the proof."""
        for side, other in ((left, right), (right, left)):
            base = self._base(side)
            const = self.body.const(other)
            if base is not None and const is not None and const[0] == Kind.STRING and const[1].strip("'\""):
                return self.implies(base, True)
        return False

    def _base(self, i: int) -> int | None:
        """The variable of which a value is a member, however deep."""
        base = None
        while i >= 0 and self.body.op[i] in (Op.FIELD, Op.INDEX):
            i = base = self.body.args(i)[0]
        return base if base is not None and self.body.op[base] == Op.NAME else None

    def _compares_call(self, call: int, side: int, other: int, same: bool, operator: str) -> bool:
        wanted = self.value(other)
        proof = self.walk.policy.proof(self.fn, call, self.ctx)
        if proof is not None and proof.how == "answer":
            return same and _is_genuine(proof, wanted)
        if proof is not None and proof.how == "boolean":
            if isinstance(wanted, Const):
                return same != wanted.falsy
            return False
        if operator in ("<", ">", "<=", ">=", "in", "not in"):
            return False
        key = _key(wanted)
        fitting = []
        for outcome in self.call_outcomes(call):
            if outcome.value is None:
                continue
            got = _key(outcome.value)
            if got is None or key is None or (got == key) == same:
                fitting.append(outcome)
        return bool(fitting) and key is not None and all(o.proven or (same and self._answered(o.value, wanted)) for o in fitting)

    def _answered(self, value: Value | None, wanted: Value) -> bool:
        """Whether a returned value is read from the answer of a call that proves by its answer, and ``wanted`` is the genuine one."""
        return value is not None and all(self._one_answered(option, wanted) for option in options(value))

    def _one_answered(self, value: Value, wanted: Value) -> bool:
        here: Value = value
        for _ in range(_PARTS):
            if isinstance(here, (Member, Element)):
                here = here.base
            elif isinstance(here, Result):
                proof = self.walk.policy.proof(here.fn, here.instr, here.ctx) if here.instr >= 0 else None
                if proof is not None:
                    return proof.how == "answer" and _is_genuine(proof, wanted)
                here = here.callee
            else:
                break
        return len(options(here)) > 1 and self._answered(here, wanted)

    def origin_call(self, i: int, depth: int = 0) -> int | None:
        """The call of this body that a value comes from, through variables, awaits and members."""
        if depth > 10 or i < 0:
            return None
        op, args = self.body.op[i], self.body.args(i)
        if op == Op.CALL:
            callee = args[0]
            if self.body.op[callee] == Op.FIELD and self.walk.policy.proof(self.fn, i, self.ctx) is None and not self.call_outcomes(i):
                return self.origin_call(self.body.args(callee)[0], depth + 1) or i
            return i
        if op in (Op.AWAIT, Op.FIELD, Op.INDEX):
            return self.origin_call(args[0], depth + 1)
        if op in (Op.STORE, Op.CAST):
            return self.origin_call(args[1], depth + 1)
        if op == Op.CHOICE:
            return next((c for a in args[1:] if (c := self.origin_call(a, depth + 1)) is not None), None)
        if op == Op.NAME:
            reach = self.defuse.reaching(i, self.body.name(i))
            calls = {self.origin_call(s, depth + 1) for s in reach.stores}
            return calls.pop() if len(calls) == 1 else None
        return None

    # --- outcomes

    def _outcomes(self, block: int, state: bool | None) -> list[Outcome]:
        b = self.body.blocks[block]
        if state is None or not self._leaves(block):
            return []
        i = b.end - 1
        if self.body.op[i] == Op.RAISE:
            return [] if b.next else [Outcome(None, None, state)]
        at = self.body.args(i)[0]
        if at < 0:
            return [Outcome(Const((self.fn.file, self.body.line[i]), Kind.NULL, "null"), False, state)]
        value = self.value(at)
        truth = truth_of(value)
        if not state and truth is None:
            when_true, when_false = self.implies(at, True), self.implies(at, False)
            if when_true or when_false:
                return [Outcome(value, True, when_true), Outcome(value, False, when_false)]
        return [Outcome(option, self._truth(option), state) for option in options(value)]

    def _truth(self, value: Value) -> bool | None:
        """An empty list counts as false, but in JavaScript."""
        if isinstance(value, Seq) and _empty(value):
            return self.walk.program.language(self.fn.file) == "javascript"
        return truth_of(value)


def truth_of(value: Value) -> bool | None:
    """Whether a value is true or false as a condition, when that is certain."""
    if isinstance(value, Const):
        return not value.falsy
    if isinstance(value, FunctionV) or type(value).__name__ in ("Instance", "Record", "ClassV"):
        return True
    return None


def _is_genuine(proof: Proof, wanted: Value) -> bool:
    """Whether a value that an answer is compared with is the one that a genuine message gets."""
    text = wanted.text.strip("'\"") if isinstance(wanted, Const) else _tail(wanted)
    return text.upper() in {g.upper() for g in proof.genuine}


def _empty(value: Value | None) -> bool:
    """Whether a value holds nothing at all: null, false, an empty list or record."""
    if isinstance(value, (Seq, Record)):
        return not value.parts()
    return isinstance(value, Const) and value.falsy


def _tail(value: Value) -> str:
    return value.name if isinstance(value, Member) else value.name.rpartition(".")[2] if isinstance(value, External) else ""


def _key(value: Value) -> str | None:
    """A comparable form of a constant or enum member."""
    if isinstance(value, Const):
        return value.text.strip("'\"").lower()
    if isinstance(value, (External, Member)):
        tail = _tail(value)
        return tail.lower() if tail[:1].isupper() else None
    return None
