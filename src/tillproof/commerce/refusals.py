"""Does a retry repeat what the provider refuses for good: a bad request, a declined card?

A failure of that sort (a 4xx answer) is followed from where it arrives, an exception's handler or the answer itself, to the next attempt.
Conditions that ask for its status or type let it through, turn it away, or do both, depending on which refusal it is.
"""

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.refusal_conditions import EITHER, PLAIN, Conditions, Mark
from tillproof.commerce.retries import Retry
from tillproof.commerce.retry_policies import Told, caught_names
from tillproof.commerce.sendings import Sending
from tillproof.flow.loops import Flow
from tillproof.flow.program import Fn
from tillproof.flow.reattempts import Reattempt
from tillproof.flow.tries import catches
from tillproof.flow.values import ClassV, Const, FunctionV, Mix, Result, Seq, Value, names, options
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_RAISING = ("raise_for_status", "throw", "throwIf", "throwUnlessStatus")
_LEAVES_OUT = re.compile(r"(^|[._])(if_)?not_exception|unless_exception")


@dataclass(frozen=True, slots=True)
class Judgement:
    """``repeated``: refusals come back; ``left``: they do not; ``unknown``: a condition at ``place`` could not be read. ``place``: what
    lets them through, or keeps them out, with its function; ``what`` in words."""

    kind: Literal["repeated", "left", "unknown"]
    place: tuple[Fn, int] | None
    what: str


class Refusals:
    """Follows refusals through retries."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program, self.evaluator = model.program, model.evaluator
        self.conditions = Conditions(model)

    def judge(self, retry: Retry) -> Judgement | None:
        """None when no refusal can arrive there at all, or what is sent is not seen."""
        if retry.how == "planned" and not retry.sendings:
            return None
        if retry.how == "planned" and self._passes_by(retry):
            return Judgement("left", None, "what is refused is raised, and nothing on the way catches it")
        if retry.told is not None and not retry.sendings and (retry.told.policy.job or retry.told.policy.repeats == "job"):
            return None  # it sends nothing that is seen
        if retry.told is not None and retry.told.policy.repeats != "task":
            return self._told(retry, retry.told)
        if not self._arrive(retry):
            return self._by_answer(retry) or Judgement("left", None, "only requests without an answer fail here")
        if retry.repeat is None:
            return self._from_handler(retry)
        repeat = retry.repeat
        flow = self.model.retries.repeats.flow(repeat.fn)
        goal = flow.block_of(repeat.again) if repeat.how == "recursion" else self._header(flow, repeat.blocks)
        if repeat.caught and self._turned_before(retry, repeat.caught):
            return self._by_answer(retry) or Judgement("left", None, "refusals are turned away before anything is raised")
        starts = self._starts(repeat.fn, flow, self._around_sendings(retry, repeat))
        if repeat.caught and not starts:
            return Judgement("left", (repeat.fn, repeat.caught[0]), "what is caught here passes by itself; refusals are caught elsewhere")
        self.conditions.about_answer = not repeat.caught
        found = self._walk(repeat.fn, starts or [0 if repeat.how == "recursion" else goal], goal, repeat.blocks, repeat.how == "loop")
        if repeat.how == "recursion" and not repeat.caught and found.kind == "repeated" and found.place is None:
            found = self._by_callers(repeat.fn) or found
        return found

    def _passes_by(self, retry: Retry) -> bool:
        """Whether refusals are raised and come to no handler, where the next attempt is planned or where the request is sent."""
        flow = self.model.retries.repeats.flow
        if flow(retry.fn).caught_above(retry.instr):
            return False
        for sending in retry.sendings:
            block = flow(sending.fn).block_of(sending.instr)
            if sending.sdk is None and (sending.client is None or sending.client.tells != "throws"):
                return False
            if any(block in c.tried for c in catches(self.program.body(sending.fn))):
                return False
        return True

    def _by_answer(self, retry: Retry) -> Judgement | None:
        """Whether a loop whose handlers hear of no refusal goes round for one all the same, by the answer; None when it does not. Likewise
        for what is planned anew behind an answer."""
        if retry.how == "planned":
            caught = self.model.retries.repeats.flow(retry.fn).caught_above(retry.instr)
            return self._from_handler(retry) if not caught else None
        if retry.repeat is None or retry.repeat.how != "loop":
            return None
        goal = self._header(self.model.retries.repeats.flow(retry.fn), retry.repeat.blocks)
        self.conditions.about_answer = True
        found = self._walk(retry.fn, [goal], goal, retry.repeat.blocks, around=True)
        return found if found.kind != "left" or found.place is not None else None

    def _header(self, flow: Flow, blocks: frozenset[int]) -> int:
        return next(loop.header for loop in flow.loops if loop.blocks == blocks)

    # --- exceptions

    def _around_sendings(self, retry: Retry, repeat: Reattempt) -> tuple[int, ...]:
        """Of the handlers of a loop, those to which what is sent again may raise: not that of a part of it which works on the answer.
        Where nothing that sends is seen in any of them, all."""
        sent = {(s.fn, s.instr) for s in retry.sendings}
        sending = {s.fn for s in retry.sendings}
        above = sending | {caller for fn in sending for caller, _, _ in self.model.callers.of(fn)}
        body = self.program.body(repeat.fn)
        kept = []
        for catch in catches(body) if len(repeat.caught) > 1 else ():
            rows = [i for i in body.rows(catch.tried) if body.op[i] == Op.CALL]
            if catch.caught in repeat.caught and any((repeat.fn, i) in sent or self._leads_there(repeat.fn, i, above) for i in rows):
                kept.append(catch.caught)
        return tuple(kept) or repeat.caught

    def _starts(self, fn: Fn, flow: Flow, caught: tuple[int, ...]) -> list[int]:
        """Blocks of the handlers that a refusal comes to."""
        body = self.program.body(fn)
        out = []
        for handler in caught:
            types = [body.text(t) for t in body.args(handler)] if body.op[handler] == Op.CAUGHT else []
            kinds = {self.conditions.kind(t) for t in types}
            if types and kinds == {"transient"}:
                continue
            if not kinds & {"client"} and self._taken_before(fn, flow, handler, caught):
                continue
            out.append(flow.block_of(handler))
        return out

    def _taken_before(self, fn: Fn, flow: Flow, handler: int, caught: tuple[int, ...]) -> bool:
        """Whether another handler of the same try takes refusals, and does not lead back."""
        body = self.program.body(fn)
        for block in body.blocks:
            if any(kind == EDGE_RAISE for kind, _ in block.next):
                found = flow.handlers(block.start)
                if handler in found:
                    before = [h for h in found if h != handler and h not in caught and body.op[h] == Op.CAUGHT]
                    if any(self.conditions.kind(body.text(t)) == "client" for h in before for t in body.args(h)):
                        return True
        return False

    def _arrive(self, retry: Retry) -> bool:
        """Whether a refusal ends up where the retry looks: SDKs and most clients throw; others answer, and then it has to be asked for."""
        if retry.repeat is not None and not retry.repeat.caught:
            return True
        functions = {retry.fn, *(s.fn for s in retry.sendings)}
        for sending in retry.sendings:
            by_sdk = sending.sdk is not None or (sending.client is None and sending.request is None)
            if by_sdk or (sending.client is not None and sending.client.tells == "throws"):
                return True
        for fn in functions:
            body = self.program.body(fn)
            if set(_RAISING) & self.model.vocabulary.tokens(fn) and self.program.language(fn.file) != "javascript":
                return True
            caught = self._in_handlers(fn)
            tried = self._tried(retry.repeat) if retry.repeat is not None and fn == retry.fn else None
            raising = [i for i, op in enumerate(body.op) if op == Op.RAISE and i not in caught]
            if any(tried is None or i in tried for i in raising):
                return True
        if not retry.sendings:
            return True
        told = retry.told.errors or () if retry.told is not None else ()
        named = {n for value in told for v in _alternatives(value) for n in self._errors_named(v)}
        return any(self._raised_by_reader(s, named) for s in retry.sendings)

    def _raised_by_reader(self, sending: Sending, named: set[str]) -> bool:
        """Whether a function of ours that the answer is handed to raises where it refuses: ``return self._read(response)``. ``named``: the
        exceptions that are repeated, where the retry names them."""
        body = self.program.body(sending.fn)
        for i, op in enumerate(body.op):
            given = [a for _, a in body.call(i)[1]] if op == Op.CALL and i > sending.instr else []
            if not any(self._is_answer(sending, a) for a in given):
                continue
            for option in options(self.evaluator.value(sending.fn, body.args(i)[0])):
                if isinstance(option, FunctionV) and self._raises_for_refusal(option.fn, named):
                    return True
        return False

    def _raises_for_refusal(self, fn: Fn, named: set[str]) -> bool:
        body, passed_on = self.program.body(fn), self._in_handlers(fn)
        raising = (i for i, op in enumerate(body.op) if op == Op.RAISE and i not in passed_on)
        return any(self._is_among(fn, i, named) and self.leads_to(fn, i).kind == "repeated" for i in raising)

    def _is_among(self, fn: Fn, i: int, named: set[str]) -> bool:
        """Whether what is raised is of one of the classes named, or of one derived from it; of any, where none is."""
        body = self.program.body(fn)
        thrown = body.args(i)[0]
        if not named or thrown < 0 or body.op[thrown] not in (Op.CALL, Op.NEW):
            return not named
        made = options(self.evaluator.value(fn, body.args(thrown)[0]))
        lines = [name for o in made if isinstance(o, ClassV) for name in self._lineage(o)]
        return not named.isdisjoint((body.called(thrown), *lines))

    def _lineage(self, made: ClassV) -> list[str]:
        scope = self.evaluator.scope
        return [self.program.cls(c).name for c in scope.lineage(made.cls)] + scope.foreign_bases(made.cls)

    def _is_answer(self, sending: Sending, i: int) -> bool:
        """Whether a value is what came back for a request, as it came."""
        found = options(self.evaluator.value(sending.fn, i))
        return any(isinstance(o, Result) and (o.fn, o.instr) == (sending.fn, sending.instr) for o in found)

    def _tried(self, repeat: Reattempt) -> set[int] | None:
        """The instructions whose exceptions come to the handlers of a repetition; None where it has none that are seen."""
        body = self.program.body(repeat.fn)
        mine = [c for c in catches(body) if c.caught in repeat.caught]
        return {i for c in mine for i in body.rows(c.tried)} if mine else None

    def _in_handlers(self, fn: Fn) -> set[int]:
        """RAISE instructions that only pass on what was caught."""
        body, flow = self.program.body(fn), self.model.retries.repeats.flow(fn)
        catching = {flow.block_of(i) for i, op in enumerate(body.op) if op == Op.CAUGHT}
        return {i for i, op in enumerate(body.op) if op == Op.RAISE and catching & (flow.dominators[flow.block_of(i)] or set())}

    def _turned_before(self, retry: Retry, caught: tuple[int, ...]) -> bool:
        """Whether an answer that refuses never gets to what raises, where the client itself raises only when there is no answer: ``if
        answer.status < 500: return …`` before ``raise_for_status()``."""
        fn = retry.fn
        own = [s for s in retry.sendings if s.fn == fn and s.client is not None and s.client.tells != "throws"]
        if not own or len(own) != len(retry.sendings):
            return False
        body, flow = self.program.body(fn), self.model.retries.repeats.flow(fn)
        rows = [i for c in catches(body) if c.caught in caught for i in body.rows(c.tried)]
        raising = [i for i in rows if body.op[i] == Op.RAISE or (body.op[i] == Op.CALL and body.called(i) in _RAISING)]
        everything = frozenset(range(len(body.blocks)))
        self.conditions.about_answer = True
        ways = [self._walk(fn, [0], flow.block_of(i), everything) for i in raising]
        return bool(ways) and all(w.kind == "left" for w in ways)

    def _from_handler(self, retry: Retry) -> Judgement:
        """A task that asks to be run again, from a handler or after an answer."""
        fn, i = retry.fn, retry.instr
        body, flow = self.program.body(fn), self.model.retries.repeats.flow(fn)
        caught = flow.caught_above(i)
        handlers = (max(caught),) if caught else ()
        if handlers and self._turned_before(retry, handlers):
            return Judgement("left", None, "refusals are turned away before anything is raised")
        starts = self._starts(fn, flow, handlers)
        if handlers and not starts:
            return Judgement("left", (fn, handlers[0]), "what is caught here passes by itself; refusals are caught elsewhere")
        self.conditions.about_answer = not handlers
        return self._walk(fn, starts or [0], flow.block_of(i), frozenset(range(len(body.blocks))))

    def leads_to(self, fn: Fn, call: int) -> Judgement:
        """Whether an answer that refuses gets to a call: one that puts the work back, say."""
        flow = self.model.retries.repeats.flow(fn)
        self.conditions.about_answer = True
        return self._walk(fn, [0], flow.block_of(call), frozenset(range(len(flow.after))))

    # --- the way to the next attempt

    def _by_callers(self, fn: Fn) -> Judgement | None:
        """Where the question is asked by those who call for another attempt."""
        found: list[Judgement] = []
        for caller, call, _ in self.model.callers.of(fn):
            if caller == fn:
                continue
            flow = self.model.retries.repeats.flow(caller)
            everything = frozenset(range(len(flow.after)))
            self.conditions.about_answer = True
            found.append(self._walk(caller, [0], flow.block_of(call), everything))
        placed = [f for f in found if f.kind == "repeated" and f.place is not None]
        if placed:
            return placed[0]
        return found[0] if found and all(f.kind == found[0].kind for f in found) else None

    def _walk(self, fn: Fn, starts: list[int], goal: int, within: frozenset[int], around: bool = False) -> Judgement:
        """Whether a refusal gets from one of the starts to the goal; ``around``: on a way round, where it starts there."""
        for tags, kind, what in (
            (("plain", "in"), "repeated", "nothing turns a refusal away"),
            (("plain", "in", "unknown"), "unknown", "a condition that could not be read"),
        ):
            passed: list[Mark] = []
            turned: list[tuple[int, int]] = []
            if self._reaches(fn, starts, goal, within, tags, passed, turned, around):
                telling = "in" if kind == "repeated" else "unknown"
                place = next((m.place for m in passed if m.tag == telling and m.place is not None), None)
                return Judgement("repeated" if kind == "repeated" else "unknown", place, what)
        body = self.program.body(fn)
        here = [block for block, target in turned if target == goal or self._leads(fn, target, goal, within)]
        place = (fn, body.blocks[here[-1]].end - 1) if here else None
        return Judgement("left", place, "refusals, or declined cards and bad requests among them, are turned away")

    def _leads(self, fn: Fn, start: int, goal: int, within: frozenset[int]) -> bool:
        """Whether any way goes from one block to another."""
        body = self.program.body(fn)
        seen, waiting = {start}, [start]
        while waiting:
            for kind, target in body.blocks[waiting.pop()].next:
                if kind == EDGE_RAISE or target in seen:
                    continue
                if target == goal:
                    return True
                if target in within:
                    seen.add(target)
                    waiting.append(target)
        return False

    def _reaches(
        self,
        fn: Fn,
        starts: list[int],
        goal: int,
        within: frozenset[int],
        tags: tuple[str, ...],
        passed: list[Mark],
        turned: list[tuple[int, int]],
        around: bool,
    ) -> bool:
        """``passed``: the marks on the way; ``turned``: the edges, from block to block, that a refusal does not take."""
        body = self.program.body(fn)
        if goal in starts and not around:
            return True
        came: dict[int, int] = {}
        taken: dict[int, Mark] = {}
        late: list[list[Mark]] = []
        waiting = deque(starts)  # ways that need no refusal to be let through come first
        seen: set[int] = set()
        while waiting:
            block = waiting.popleft()
            if block in seen:
                continue
            seen.add(block)
            b = body.blocks[block]
            outcomes = EITHER
            if b.end > b.start and body.op[b.end - 1] == Op.BRANCH:
                outcomes = self.conditions.outcomes(fn, body.args(b.end - 1)[0], 0)
            for kind, target in b.next:
                mark = outcomes.get(kind == EDGE_TRUE) if kind in (EDGE_TRUE, EDGE_FALSE) else PLAIN
                if kind == EDGE_RAISE:
                    continue
                if mark is None or mark.tag not in tags:
                    turned.append((block, target))
                    continue
                if target == goal and (mark.tag == "plain" or not waiting):
                    passed += [mark, *self._back(block, came, taken)]
                    return True
                if target == goal:
                    late.append([mark, *self._back(block, came, taken)])
                    continue
                if target in within and target not in seen and (target not in came or mark.tag == "plain"):
                    came[target], taken[target] = block, mark
                    (waiting.appendleft if mark.tag == "plain" else waiting.append)(target)
        passed += late[0] if late else []
        return bool(late)

    @staticmethod
    def _back(block: int, came: dict[int, int], taken: dict[int, Mark]) -> list[Mark]:
        """The marks of the edges on the way to a block, the last first."""
        out: list[Mark] = []
        while block in came:
            out.append(taken[block])
            block = came[block]
        return out

    # --- libraries

    def _told(self, retry: Retry, told: Told) -> Judgement | None:
        if told.errors is None:
            if told.policy.repeats == "client":
                if told.policy.refusals:
                    return Judgement("repeated", None, "the library repeats every failed answer unless it is told which")
                return None
            if not self._arrive(retry):
                return Judgement("left", None, "only requests without an answer fail here")
            if self._left_inside(told.repeats, retry):
                return Judgement("left", None, "refusals are caught before the retry sees them")
            return Judgement("repeated", self._raised_at(told, retry), "every exception is repeated")
        verdicts = [self._of_errors(retry, told, value) for value in told.errors]
        return next((v for v in verdicts if v.kind == "repeated"), verdicts[0])

    def _raised_at(self, told: Told, retry: Retry) -> tuple[Fn, int] | None:
        """Where a job lets refusals out: the handler that raises whatever it caught, else the call that leads to the request. None where
        the policy itself says what is repeated."""
        sending = {s.fn for s in retry.sendings}
        above = sending | {caller for fn in sending for caller, _, _ in self.model.callers.of(fn)}
        for fn in told.repeats if told.policy.repeats == "job" else ():
            body = self.program.body(fn)
            calls = [i for i, op in enumerate(body.op) if op == Op.CALL and (self._leads_there(fn, i, above) or self._sends(retry, fn, i))]
            caught = [c.caught for c in catches(body) if any(i in body.rows(c.tried) for i in calls)]
            if calls:
                return fn, (caught or calls)[0]
        return None

    @staticmethod
    def _sends(retry: Retry, fn: Fn, i: int) -> bool:
        return any((s.fn, s.instr) == (fn, i) for s in retry.sendings)

    def _of_errors(self, retry: Retry, told: Told, value: Value) -> Judgement:
        for option in options(value):
            if isinstance(option, FunctionV):
                self.conditions.about_answer = False
                found = self.conditions.answered(option.fn, 0)
                through = found.get(True)
                if through is not None and (through.tag == "in" or (False not in found and through.tag == "plain")):
                    return Judgement("repeated", through.place or (option.fn, 0), "the condition lets refusals through")
                unsure = through is not None and through.tag == "unknown"
                return Judgement(
                    "unknown" if unsure else "left", through.place if through else None, "a condition chooses what is repeated"
                )
        numbers = [x.text for o in options(value) if isinstance(o, Seq) for x in o.items if isinstance(x, Const) and x.text.isdigit()]
        if numbers:
            bad = any(int(n) in (400, 402, 422) for n in numbers)
            return Judgement("repeated" if bad else "left", None, "the list of statuses")
        if any(isinstance(v, Result) and any(_LEAVES_OUT.search(n) for n in names(v.callee)) for v in _alternatives(value)):
            return Judgement("left", None, "what is left out of the retry is named")
        named = [n for v in _alternatives(value) for n in self._errors_named(v)]
        kinds = {self.conditions.kind(n) for n in named}
        if kinds == {"transient"} or not self._arrive(retry):
            return Judgement("left", None, "only failures that may pass are repeated")
        if self._left_inside(told.repeats, retry):
            return Judgement("left", None, "refusals are caught before the retry sees them")
        broadest = next((n for n in named if self.conditions.kind(n) != "transient"), "")
        return (
            Judgement("repeated", None, f"{broadest} covers refusals too")
            if named
            else Judgement("unknown", None, "which errors are repeated")
        )

    def _errors_named(self, value: Value) -> list[str]:
        """The exceptions that a library is told of: ``(Timeout, ConnectionError)``, ``retry_if_exception_type(Timeout)``."""
        if isinstance(value, Result) and value.instr >= 0:
            given = [v for _, v in self.evaluator.arguments(value)]
            return [n for v in given for n in self._errors_named(v)] or caught_names(value)
        ours = [
            self.program.cls(o.cls).name
            for v in (value.items if isinstance(value, Seq) else (value,))
            for o in options(v)
            if isinstance(o, ClassV)
        ]
        return [*ours, *caught_names(value)]

    def _left_inside(self, functions: tuple[Fn, ...], retry: Retry) -> bool:
        """Whether a repeated function takes refusals apart itself: a handler named after them around the request, or a way to give up for
        good."""
        sending = {s.fn for s in retry.sendings}
        above = sending | {caller for fn in sending for caller, _, _ in self.model.callers.of(fn)}
        for fn in functions:
            near = [fn, *self.model.reach.callees(fn)]
            if any(self._takes_refusals(each, above) for each in near):
                return True
            if {
                "UnrecoverableError",
                "AbortError",
                "bail",
                "UnrecoverableMessageHandlingException",
                "TryAgain",
                "giveup",
                "discard",
            } & self.model.vocabulary.tokens(fn):
                return True
            if self.program.language(fn.file) == "php" and {"fail", "delete"} & self.model.vocabulary.tokens(fn):
                return True
        return False

    def _takes_refusals(self, fn: Fn, above: set[Fn]) -> bool:
        """Whether a handler named after refusals keeps what was sent in its try from going on. ``above``: what sends, and what calls that;
        where nothing that sends is seen, any such handler counts."""
        body = self.program.body(fn)
        for catch in catches(body):
            if not any(self.conditions.kind(t) == "client" for t in catch.types) or self.model.failures.raises_again(fn, catch):
                continue
            rows = (i for i in body.rows(catch.tried) if body.op[i] == Op.CALL)
            if not above or fn in above or any(self._leads_there(fn, i, above) for i in rows):
                return True
        return False

    def _leads_there(self, fn: Fn, call: int, above: set[Fn]) -> bool:
        """Whether a call lands in one of some functions, or in one that calls them."""
        found = [o.fn for o in options(self.evaluator.value(fn, self.program.body(fn).args(call)[0])) if isinstance(o, FunctionV)]
        return any(f in above or not above.isdisjoint(self.model.reach.callees(f)) for f in found)


def _alternatives(value: Value) -> list[Value]:
    """The conditions that a library is told of, taken apart: ``retry_if_exception_type(Timeout) | retry_if_result(is_none)``."""
    return [a for o in options(value) for a in (o.operands if isinstance(o, Mix) else (o,))]
