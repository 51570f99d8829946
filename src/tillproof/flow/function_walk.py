"""The walk through one function: states of blocks, effects met, ways out."""

from collections.abc import Callable
from functools import cached_property
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from tillproof.flow.asked_values import is_empty, truth_of
from tillproof.flow.called_back import called_with_answer, executor, promise
from tillproof.flow.chained import step_before
from tillproof.flow.defuse import DefUse
from tillproof.flow.exhaustion import never_exhausted
from tillproof.flow.implication import Implication
from tillproof.flow.initialised import run_by_making
from tillproof.flow.lending import after_lending
from tillproof.flow.program import TOP, Fn
from tillproof.flow.proofs import Happening, Outcome, Summary
from tillproof.flow.rejected import answered_failure
from tillproof.flow.sure_names import lands_surely
from tillproof.flow.values import ClassV, Const, Ctx, FunctionV, Record, Seq, Value, options
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.paths import Walk


KEPT = "kept"
"""The effect by which a promise that is made by hand is kept."""
_NESTED = 6
"""How deep choices within choices are looked into."""


class FunctionWalk(Implication):
    """The forward pass over one body."""

    def __init__(self, walk: "Walk", fn: Fn, ctx: Ctx | None, proven: bool) -> None:
        self.walk, self.fn, self.ctx = walk, fn, ctx
        self.body: Body = walk.program.body(fn)
        self.value: Callable[[int], Value] = lambda i: walk.evaluator.value(fn, i, ctx)
        self.entry: list[bool | None] = [None] * len(self.body.blocks)
        self.entry[0] = proven
        self._constant: dict[int, bool | None] = {}
        self._after: dict[tuple[int, bool | None], bool | None] = {}
        self._sure_reads: set[int] = set()
        self._known: dict[int, bool | None] = {}
        self._before: dict[int, bool] = {}
        self._asked_early = False
        self.asking = False
        self.flagged = {}

    @cached_property
    def defuse(self) -> DefUse:
        """Which writes reach which reads, where the context leaves the branches open."""
        return self.walk.evaluator.defuse(self.fn, self.ctx)

    def proven_at(self, i: int) -> bool:
        """Whether the proof holds at an instruction on all ways through this function that lead there, once it has been run."""
        number = self.defuse.block_of[i]
        proofs = (
            self.walk.policy.proof(self.fn, call, self.ctx)
            for call in range(self.body.blocks[number].start, i)
            if self.body.op[call] == Op.CALL
        )
        return bool(self.entry[number]) or any(proof is not None and proof.how == "throws" for proof in proofs)

    def _begins_turn(self, block: int) -> bool:
        """A quick look: whether a block may begin the turns of a loop that is counted or goes through something."""
        asked = self.body.args(self.body.blocks[block].end - 1)[0]
        return self.body.op[asked] == Op.OPAQUE or (
            self.body.op[asked] == Op.BINARY and self.body.text(self.body.args(asked)[0]) in ("<", "<=")
        )

    @cached_property
    def _afterwards(self) -> frozenset[int]:
        """What runs only when others are through with what this function lends them: nothing there is done before what they do."""
        return after_lending(self.walk.program, self.fn)

    @cached_property
    def _endless(self) -> frozenset[int]:
        """The beginnings of loops that are never left by their end."""
        return never_exhausted(self.body)

    def run(self) -> Summary:
        self._settle()
        self._sure_reads = self._find_sure_reads()
        if self._sure_reads:
            self._settle_again()
        if self._asked_early:  # a flag was asked about before it was known where it is set
            self._known = {n: self._through(n, None) for n, state in enumerate(self.entry) if state is not None}
            self._settle_again()
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
            block = heappop(waiting)  # in the order of the source: what leads to a block comes before it
            state = self._through(block, None)
            for kind, target in self.body.blocks[block].next:
                onward = self.entry[block] if kind == EDGE_RAISE and not self._leaves(block) else state
                if onward is None or target in self.defuse.dead:
                    continue
                if kind in (EDGE_TRUE, EDGE_FALSE) and self._ruled_out(block, kind == EDGE_TRUE):
                    continue
                if kind == EDGE_FALSE and self._begins_turn(block) and block in self._endless:
                    continue
                if kind in (EDGE_TRUE, EDGE_FALSE) and not onward:
                    onward = self._branch(block, kind == EDGE_TRUE)
                onward = onward or (self.fn, block, kind, target) in self.walk.assumed.edges
                known = self.entry[target]
                merged = onward if known is None else (known and onward)
                if merged != known:
                    self.entry[target] = merged
                    heappush(waiting, target)

    def _settle_again(self) -> None:
        self.entry = [self.entry[0], *[None] * (len(self.entry) - 1)]
        self.flagged = {}
        self._settle()

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
            if self.entry[n] is not None and not b.onward and not self._leaves(n)
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
            self._after[key] = self.entry[number]  # a call in the block may ask what held at its end
            self._after[key] = self._pass(number, None)
        return self._after[key]

    def _pass(self, number: int, happenings: list[Happening] | None) -> bool | None:
        state = self.entry[number]
        block = self.body.blocks[number]
        for i in range(block.start, block.end):
            op = self.body.op[i]
            if i in self._afterwards:
                happenings = None
            if op in (Op.CALL, Op.NEW):
                self._before[i] = bool(state)
                state = self._call(i, bool(state), happenings)
                if state is None:
                    return None
                state = state and not self._may_have_failed(i)
            elif op in (Op.SET_FIELD, Op.BINARY, Op.STORE, Op.RETURN) and happenings is not None:
                self._note(i, bool(state), happenings)
            elif op == Op.NAME and i in self._sure_reads:
                state = True
        return state

    def _may_have_failed(self, i: int) -> bool:
        """Whether what made the proof may have failed all the same when a call returns: ``retrieve(id).catch(() => posted)``."""
        failing = answered_failure(self.body, i)
        if failing is None or self._before.get(failing[0], True) or (self.fn, failing[0]) in self.walk.assumed.calls:
            return False
        ends = self.call_outcomes(i)
        return any(not o.proven for o in ends) if ends else self.goes_on_after(failing[1])

    def _note(self, i: int, proven: bool, happenings: list[Happening]) -> None:
        kind = self.walk.policy.effect(self.fn, i, self.ctx)
        if kind:
            happenings.append(Happening(kind, self.fn, i, self.ctx, proven))

    def _call(self, i: int, proven: bool, happenings: list[Happening] | None) -> bool | None:
        if self.walk.policy.exits(self.fn, i, self.ctx):
            return None
        if (made_with := executor(self.walk.evaluator, self.fn, i, self.ctx)) is not None:
            return self._promise(i, made_with, proven, happenings)
        proof = self.walk.policy.proof(self.fn, i, self.ctx)
        if (proof is not None and proof.how in ("throws", "wraps")) or (self.fn, i) in self.walk.assumed.calls:
            wraps = proof is not None and proof.how == "wraps"
            return (self._wrapped if wraps else self._with_answer)(i, proven, happenings)
        if happenings is not None and promise(self.walk.evaluator, self.fn, i, self.ctx) is not None:
            happenings.append(Happening(KEPT, self.fn, i, self.ctx, proven))
        if happenings is not None:
            self._note(i, proven, happenings)
        if not proven and (wanted := self.walk.policy.insists(self.fn, i, self.ctx)) is not None:
            arguments = self.body.call(i)[1]
            proven = bool(arguments) and self.implies(arguments[0][1], wanted)
        if proof is not None:
            return proven
        if self.walk.too_deep():
            if happenings is not None and self.walk.cut:
                self._recall(i, proven, happenings)
            return proven
        return self._into_targets(i, proven, happenings)

    def _into_targets(self, i: int, proven: bool, happenings: list[Happening] | None) -> bool | None:
        """The state after a call that makes no proof itself, by what it lands in."""
        after: list[bool] = []
        own = self._targets_are_called(i)
        leaves = own
        for target in self.walk.targets(self.fn, i, self.ctx):
            if any(c.fn == target.fn for c in (self.ctx.chain() if self.ctx else ())) or target.fn == self.fn:
                leaves = False
                continue
            summary = self.walk.enter(target, self.fn, i, self.ctx, proven or self._proven_before(i))
            if happenings is not None:
                happenings.extend(summary.happenings)
            if self._unheeded(i, target.fn):
                after.append(proven)
                continue
            ends = [o.proven for o in self._telling(summary, i)]
            after += ends
            leaves = leaves and not ends and (any(o.value is None for o in summary.outcomes) or self._ends_there(target.fn))
        if leaves and not after and self.walk.targets(self.fn, i, self.ctx):
            return None
        return (proven or all(after)) if own and after else proven

    def _recall(self, i: int, proven: bool, happenings: list[Happening]) -> None:
        """Where a walk may look at nothing more, what it has already seen behind a call still counts, as far as it stood behind a proof, or
        was met while nothing had been left out: of the rest nobody knows what was proven before."""
        for target in self.walk.targets(self.fn, i, self.ctx):
            if self.walk.knows(target, self.fn, i, self.ctx, proven):
                seen = self.walk.enter(target, self.fn, i, self.ctx, proven).happenings
                happenings.extend(h for h in seen if h.proven or (not proven and (h.fn, h.instr, id(h.ctx)) in self.walk.met))

    def _proven_before(self, i: int) -> bool:
        """Whether the step of a chain of tasks that has returned when this one runs has made the proof."""
        before = step_before(self.walk.evaluator, self.fn, i) if self.walk.program.language(self.fn.file) == "python" else None
        if before is None:
            return False
        earlier = self._proven_before(before)
        found = [
            self.walk.enter(target, self.fn, before, self.ctx, earlier)
            for target in self.walk.targets(self.fn, before, self.ctx)
            if target.fn != self.fn and all(c.fn != target.fn for c in (self.ctx.chain() if self.ctx else ()))
        ]
        ends = [o.proven for summary in found for o in summary.outcomes if o.value is not None]
        return earlier or (bool(ends) and all(ends))

    def _with_answer(self, i: int, proven: bool, happenings: list[Happening] | None) -> bool:
        """The state after a call that returns only with proof. Where it calls a function with its answer, that one has the proof, and what
        follows the call has it not yet."""
        into = called_with_answer(self.walk.evaluator, self.fn, i, self.ctx)
        if into is None:
            return True
        if happenings is not None and not self.walk.too_deep():
            happenings.extend(self.walk.enter(into, self.fn, i, self.ctx, True).happenings)
        return proven

    def _wrapped(self, i: int, proven: bool, happenings: list[Happening] | None) -> bool:
        """The state after a call that calls what it was handed for genuine messages only."""
        if happenings is None or self.walk.too_deep():
            return proven
        above = {self.fn, *(c.fn for c in (self.ctx.chain() if self.ctx else ()))}
        for target in self.walk.targets(self.fn, i, self.ctx):
            if target.fn not in above:
                happenings.extend(self.walk.enter(target, self.fn, i, self.ctx, True).happenings)
        return proven

    def _promise(self, i: int, made_with: FunctionV, proven: bool, happenings: list[Happening] | None) -> bool:
        """The state after a promise that is made by hand: what held wherever it is kept."""
        if self.walk.too_deep() or any(c.fn == made_with.fn for c in (self.ctx.chain() if self.ctx else ())):
            return proven
        inside = self.walk.enter(made_with, self.fn, i, self.ctx, proven).happenings
        here = [h for h in inside if h.kind == KEPT and promise(self.walk.evaluator, h.fn, h.instr, h.ctx) == (self.fn, i, self.ctx)]
        if happenings is not None:
            happenings.extend(h for h in inside if h not in here)
        return proven or (bool(here) and all(h.proven for h in here))

    def _ends_there(self, target: Fn) -> bool:
        """Whether a function from which there is no way out ends the request itself: it redirects and exits."""
        calls = (i for i, op in enumerate(self.walk.program.body(target).op) if op == Op.CALL)
        return any(self.walk.policy.exits(target, i, None) for i in calls)

    def _unheeded(self, call: int, target: Fn) -> bool:
        """Whether nobody waits for what an asynchronous function finds out, or what it throws is caught on the spot and forgotten:
        ``verify(request)`` and ``await verify(request).catch(log)`` as statements of their own."""
        uses = self.defuse.uses(call)
        if not uses:
            return Op.AWAIT in self.walk.program.body(target).op
        if len(uses) > 1 or self.body.op[uses[0]] != Op.FIELD or self.body.name(uses[0]) != "catch":
            return False
        caught = next((u for u in self.defuse.uses(uses[0]) if self.body.op[u] == Op.CALL and self.body.args(u)[0] == uses[0]), -1)
        handlers = [o for _, a in self.body.call(caught)[1] for o in options(self.value(a))] if caught >= 0 else []
        ours = [o for o in handlers if isinstance(o, FunctionV)]
        if not ours or any(Op.RAISE in self.walk.program.body(o.fn).op for o in ours):
            return False
        return all(self.body.op[u] == Op.AWAIT and not self.defuse.uses(u) for u in self.defuse.uses(caught))

    def _telling(self, summary: Summary, call: int) -> list[Outcome]:
        """The outcomes that matter after a call. Where it gives what was proven, an empty one has nothing of the message in it; unless the
        caller asks which it was, and may put something in its place. A no where it else says yes is a verdict, whoever hears it."""
        ends = [o for o in summary.outcomes if o.value is not None]
        holding = [o for o in ends if not _holds_nothing(o)]
        if all(isinstance(o.value, Const) and o.value.kind == Kind.BOOL for o in ends):
            return ends
        if not any(o.proven for o in holding) or all(o.proven for o in ends) or self._asks_about(call):
            return ends
        return [o for o in ends if o.proven or o in holding]

    def _asks_about(self, call: int) -> bool:
        body = self.body
        asking = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.BRANCH]
        for i, op in enumerate(body.op):
            if op == Op.CHOICE and body.text(body.args(i)[0]) in ("or", "coalesce", "ternary"):
                _, first, *others = body.args(i)
                asking += [first] if not all(is_empty(self.value(o)) for o in others) else []
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
        callee = self.value(self.body.args(i)[0])
        if self.body.op[i] == Op.NEW or isinstance(callee, ClassV):
            return run_by_making(self.walk.evaluator.scope, self.value(i), self.fn, i) is not None
        if lands_surely(self.walk.evaluator.scope, callee, self.walk.program.language(self.fn.file)):
            return True
        return all(isinstance(o, FunctionV) for o in options(callee))

    # --- branches

    def _ruled_out(self, block: int, truth: bool) -> bool:
        """Whether a branch is never taken: its condition is constant in this context, or was asked before."""
        if block not in self._constant:
            last = self.body.blocks[block].end - 1
            known = self.body.op[last] == Op.BRANCH
            constant = self.walk.evaluator.truth(self.fn, self.body.args(last)[0], self.ctx) if known else None
            self._constant[block] = self.walk.evaluator.frame(self.fn).fixed.decided.of(block) if known and constant is None else constant
        return self._constant[block] is (not truth)

    def _branch(self, block: int, truth: bool) -> bool:
        b = self.body.blocks[block]
        if b.end <= b.start or self.body.op[b.end - 1] != Op.BRANCH:
            return False
        return self.implies(self.body.args(b.end - 1)[0], truth)

    def entry_after(self, i: int) -> bool | None:
        """The state at the end of the block of an instruction, when the walk knows it already."""
        block = self.defuse.block_of[i]
        if block in self._known:
            return self._known[block]
        self._asked_early = self._asked_early or self.entry[block] is None
        return self._through(block, None) if self.entry[block] is not None else None

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
        told = (self._told_in_part(at, value) or self._handed_on(at)) if not state else []
        if told:
            return told
        parts = self._alternatives(at, 0) if not state else []
        if len(parts) > 1:
            return [Outcome(o, self._truth(o), bool(self.entry_after(part))) for part in parts for o in options(self.value(part))]
        return [Outcome(option, self._truth(option), state) for option in options(value)]

    def _told_in_part(self, i: int, value: Value) -> list[Outcome]:
        """Where several values are returned of which one says whether the proof was made, ``return hmac.compare_digest(a, b), why``: both
        outcomes, that part of the answer true and false."""
        op, args = self.body.op[i], self.body.args(i)
        at = value.at
        says = [(said, Const(at, Kind.BOOL, "true" if said else "false")) for said in (True, False)]
        if op == Op.LIST and isinstance(value, Seq) and len(value.items) == len(args):
            telling = next((n for n, a in enumerate(args) if self.implies(a, True)), None)
            pairs = [(said, Seq(at, tuple(bit if n == telling else v for n, v in enumerate(value.items)))) for said, bit in says]
            return [Outcome(v, None, said) for said, v in pairs] if telling is not None else []
        if op == Op.RECORD and isinstance(value, Record) and len(value.entries) * 2 == len(args):
            telling = next((n for n, a in enumerate(args[1::2]) if self.implies(a, True)), None)
            kept = [
                (said, Record(at, tuple((k, bit if n == telling else v) for n, (k, v) in enumerate(value.entries)))) for said, bit in says
            ]
            return [Outcome(v, True, said) for said, v in kept] if telling is not None else []
        return []

    def _handed_on(self, i: int) -> list[Outcome]:
        """Where the answer of a function of ours is returned as it is, ``return self.provider.verify(ref)``: that function's outcomes,
        when they tell apart whether the proof was made."""
        made = self._alternatives(i, 0)
        at = made[0] if len(made) == 1 else -1
        while at >= 0 and self.body.op[at] == Op.AWAIT:
            at = self.body.args(at)[0]
        if at < 0 or self.body.op[at] != Op.CALL or self.walk.too_deep() or not self._targets_are_called(at):
            return []
        above = {self.fn, *(c.fn for c in (self.ctx.chain() if self.ctx else ()))}
        targets = self.walk.targets(self.fn, at, self.ctx)
        if any(target.fn in above for target in targets):
            return []
        found = [o for target in targets for o in self.walk.enter(target, self.fn, at, self.ctx, False).outcomes if o.value is not None]
        return found if len({o.proven for o in found}) > 1 else []

    def _alternatives(self, i: int, depth: int) -> list[int]:
        """Where the values are made that an instruction chooses from, each on a way of its own: the arms of ``genuine ? OK : BAD``, or
        what was put into the variable before."""
        if depth < _NESTED and self.body.op[i] == Op.CHOICE and self.body.text(self.body.args(i)[0]) in ("ternary", "match"):
            return [part for arm in self.body.args(i)[1:] if arm >= 0 for part in self._alternatives(arm, depth + 1)]
        if depth < _NESTED and self.body.op[i] == Op.NAME:
            reach = self.defuse.reaching(i, self.body.name(i))
            one = depth > 0 and len(reach.stores) == 1  # ``genuine ? message : null``: that it is given is what says so
            if reach.stores and not reach.entry and not reach.writes and not one:
                return [part for store in reach.stores for part in self._alternatives(self.body.args(store)[1], depth + 1)]
        return [i]

    def _truth(self, value: Value) -> bool | None:
        """An empty list counts as false, but in JavaScript."""
        if isinstance(value, Seq) and is_empty(value):
            return self.walk.program.language(self.fn.file) == "javascript"
        return truth_of(value)


def _holds_nothing(outcome: Outcome) -> bool:
    """Whether a value is empty in this outcome; that a comparison is false is a verdict, and no empty value."""
    value = outcome.value
    return is_empty(value) or (outcome.truth is False and value is not None and any(is_empty(o) for o in options(value)))
