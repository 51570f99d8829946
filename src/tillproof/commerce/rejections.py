"""Does a retry repeat what the provider refuses for good: a bad request, a declined card?

A failure of that sort (a 4xx answer) is followed from where it arrives, an exception's handler or the answer itself, to the next attempt.
Conditions that ask for its status or type let it through, turn it away, or do both, depending on which refusal it is.
"""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from tillproof.commerce.lexicon import snake
from tillproof.commerce.retries import Retry
from tillproof.commerce.retry_policies import caught_names
from tillproof.flow.evaluate import returns
from tillproof.flow.loops import Flow
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, FunctionV, Seq, Value, names, options
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_STATUSES = (400, 402, 422)
_STATUS_NAMES = ("status", "status_code", "http_status", "http_code", "code", "response_code", "get_status_code", "get_http_status",
                 "wp_remote_retrieve_response_code", "get_code", "statuscode", "http_status_code")  # fmt: skip
_TYPE_NAMES = ("type", "code", "name", "error", "decline_code", "error_code", "get_error", "get_stripe_code", "get_code", "reason", "error_type")
_DECISIVE = ("card", "declin", "invalid_request", "insufficient", "bad_request", "validation", "unprocessable", "client_error")
_GOOD = ("ok", "is_ok", "success", "successful", "succeeded", "is_success", "is_successful")
_BAD = ("error", "errors", "failed", "failure", "err", "has_error", "has_errors", "exception", "client_error", "response", "e")
_NETWORK = ("is_wp_error", "curl_errno", "curl_error", "is_network_error", "is_timeout", "server_error")
_LIBRARIES = ("axios-retry", "axios", "p-retry", "got", "async-retry", "tenacity", "urllib3", "requests")
_DEEPEST = 6

Tag: TypeAlias = Literal["plain", "in", "out", "unknown"]


class Mark(NamedTuple):
    """How a condition comes to be true or false for a refusal. ``in``: because it is one; ``out``: only for some of them; ``unknown``: nobody
    can tell. ``place``: the comparison that says so."""

    tag: Tag
    place: tuple[Fn, int] | None = None


Outcomes: TypeAlias = dict[bool, Mark]
"""What a condition may be for a refusal."""
_PLAIN = Mark("plain")
_EITHER: Outcomes = {True: _PLAIN, False: _PLAIN}


@dataclass(frozen=True, slots=True)
class Judgement:
    """``repeated``: refusals come back; ``left``: they do not; ``unknown``: a condition at ``place`` could not be read. ``place``: what lets
    them through, or keeps them out, with its function; ``what`` in words."""

    kind: Literal["repeated", "left", "unknown"]
    place: tuple[Fn, int] | None
    what: str


class Rejections:
    """Follows refusals through retries."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program, self.evaluator = model.program, model.evaluator
        self._answers = True

    def judge(self, retry: Retry) -> Judgement | None:
        """None when no refusal can arrive there at all."""
        if retry.told is not None and retry.told.policy.repeats != "task":
            return self._told(retry)
        if not self._arrive(retry):
            return Judgement("left", None, "only requests without an answer fail here")
        if retry.repeat is None:
            return self._from_handler(retry.fn, retry.instr)
        repeat = retry.repeat
        flow = self.model.retries.repeats.flow(repeat.fn)
        goal = flow.block_of(repeat.again) if repeat.how == "recursion" else self._header(flow, repeat.blocks)
        starts = self._starts(repeat.fn, flow, repeat.caught)
        if repeat.caught and not starts:
            return Judgement("left", (repeat.fn, repeat.caught[0]), "what is caught here passes by itself; refusals are caught elsewhere")
        self._answers = not repeat.caught
        found = self._walk(repeat.fn, flow, starts or [0 if repeat.how == "recursion" else goal], goal, repeat.blocks, repeat.how == "loop")
        if repeat.how == "recursion" and not repeat.caught and found.kind == "repeated" and found.place is None:
            found = self._by_callers(repeat.fn) or found
        return found

    def _header(self, flow: Flow, blocks: frozenset[int]) -> int:
        return next(loop.header for loop in flow.loops if loop.blocks == blocks)

    # --- exceptions

    def _starts(self, fn: Fn, flow: Flow, caught: tuple[int, ...]) -> list[int]:
        """Blocks of the handlers that a refusal comes to."""
        body = self.program.body(fn)
        out = []
        for handler in caught:
            types = [body.text(t) for t in body.args(handler)] if body.op[handler] == Op.CAUGHT else []
            kinds = {self.kind(t) for t in types}
            if types and kinds == {"transient"}:
                continue
            if not kinds & {"client"} and self._taken_before(fn, flow, handler, caught):
                continue
            out.append(flow.block_of(handler))
        return out

    def _taken_before(self, fn: Fn, flow: Flow, handler: int, caught: tuple[int, ...]) -> bool:
        """Whether another handler of the same try takes refusals, and does not lead back."""
        body = self.program.body(fn)
        for number, block in enumerate(body.blocks):
            if any(kind == EDGE_RAISE for kind, _ in block.next):
                found = flow.handlers(block.start)
                if handler in found:
                    before = [h for h in found if h != handler and h not in caught and body.op[h] == Op.CAUGHT]
                    if any(self.kind(body.text(t)) == "client" for h in before for t in body.args(h)):
                        return True
        return False

    def kind(self, name: str) -> Literal["client", "transient", "any"]:
        """What sort of failure a name means."""
        last = name.replace("\\", ".").rpartition(".")[2]
        if self.model.words.has("client_errors", last):
            return "client"
        return "transient" if self.model.words.has("transient_errors", last) else "any"

    def _arrive(self, retry: Retry) -> bool:
        """Whether a refusal ends up where the retry looks: SDKs and most clients throw; others answer, and then it has to be asked for."""
        if retry.repeat is not None and not retry.repeat.caught:
            return True
        functions = {retry.fn, *(s.fn for s in retry.sendings)}
        for sending in retry.sendings:
            if sending.sdk is not None or (sending.client is not None and sending.client.tells == "throws"):
                return True
        for fn in functions:
            body = self.program.body(fn)
            if {"raise_for_status", "throw", "throwIf"} & self.model.vocabulary.tokens(fn) and self.program.language(fn.file) != "javascript":
                return True
            caught = self._in_handlers(fn)
            if any(op == Op.RAISE and i not in caught for i, op in enumerate(body.op)):
                return True
        return not retry.sendings

    def _in_handlers(self, fn: Fn) -> set[int]:
        """RAISE instructions that only pass on what was caught."""
        body, flow = self.program.body(fn), self.model.retries.repeats.flow(fn)
        catching = {flow.block_of(i) for i, op in enumerate(body.op) if op == Op.CAUGHT}
        return {i for i, op in enumerate(body.op) if op == Op.RAISE and catching & (flow.dominators[flow.block_of(i)] or set())}

    def _from_handler(self, fn: Fn, i: int) -> Judgement:
        """A task that asks to be run again, from a handler or after an answer."""
        body, flow = self.program.body(fn), self.model.retries.repeats.flow(fn)
        above = flow.dominators[flow.block_of(i)] or set()
        caught = [n for b in above for n in range(body.blocks[b].start, body.blocks[b].end) if body.op[n] == Op.CAUGHT]
        handlers = (max(caught),) if caught else ()
        starts = self._starts(fn, flow, handlers)
        if handlers and not starts:
            return Judgement("left", (fn, handlers[0]), "what is caught here passes by itself; refusals are caught elsewhere")
        self._answers = not handlers
        return self._walk(fn, flow, starts or [0], flow.block_of(i), frozenset(range(len(body.blocks))))

    def leads_to(self, fn: Fn, call: int) -> Judgement:
        """Whether an answer that refuses gets to a call: one that puts the work back, say."""
        flow = self.model.retries.repeats.flow(fn)
        self._answers = True
        return self._walk(fn, flow, [0], flow.block_of(call), frozenset(range(len(flow.after))))

    # --- the way to the next attempt

    def _by_callers(self, fn: Fn) -> Judgement | None:
        """Where the question is asked by those who call for another attempt."""
        found: list[Judgement] = []
        for caller, call, _ in self.model.callers.of(fn):
            if caller == fn:
                continue
            flow = self.model.retries.repeats.flow(caller)
            everything = frozenset(range(len(flow.after)))
            self._answers = True
            found.append(self._walk(caller, flow, [0], flow.block_of(call), everything))
        placed = [f for f in found if f.kind == "repeated" and f.place is not None]
        if placed:
            return placed[0]
        return found[0] if found and all(f.kind == found[0].kind for f in found) else None

    def _walk(self, fn: Fn, flow: Flow, starts: list[int], goal: int, within: frozenset[int], around: bool = False) -> Judgement:
        """Whether a refusal gets from one of the starts to the goal; ``around``: on a way round, where it starts there."""
        for tags, kind, what in (
            (("plain", "in"), "repeated", "nothing turns a refusal away"),
            (("plain", "in", "unknown"), "unknown", "a condition that could not be read"),
        ):
            passed: list[Mark] = []
            if self._reaches(fn, flow, starts, goal, within, tags, passed, around):
                telling = "in" if kind == "repeated" else "unknown"
                place = next((m.place for m in passed if m.tag == telling and m.place is not None), None)
                return Judgement("repeated" if kind == "repeated" else "unknown", place, what)
        return Judgement("left", None, "refusals, or declined cards and bad requests among them, are turned away")

    def _reaches(
        self, fn: Fn, flow: Flow, starts: list[int], goal: int, within: frozenset[int], tags: tuple[str, ...], passed: list[Mark], around: bool
    ) -> bool:
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
            outcomes = _EITHER
            if b.end > b.start and body.op[b.end - 1] == Op.BRANCH:
                outcomes = self.outcomes(fn, body.args(b.end - 1)[0], 0)
            for kind, target in b.next:
                mark = outcomes.get(kind == EDGE_TRUE) if kind in (EDGE_TRUE, EDGE_FALSE) else _PLAIN
                if kind == EDGE_RAISE or mark is None or mark.tag not in tags:
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

    # --- conditions

    def outcomes(self, fn: Fn, i: int, depth: int) -> Outcomes:
        """What a condition may be when the failure is a refusal."""
        body = self.program.body(fn)
        if i < 0 or depth > 10:
            return _EITHER
        op, args = body.op[i], body.args(i)
        if op == Op.UNARY:
            return {not k: t for k, t in self.outcomes(fn, args[1], depth + 1).items()} if body.text(args[0]) in ("!", "not") else _EITHER
        if op in (Op.AWAIT, Op.CAST, Op.STORE):
            return self.outcomes(fn, args[0 if op == Op.AWAIT else 1], depth + 1)
        if op == Op.CHOICE:
            return self._combined(body.text(args[0]), [self.outcomes(fn, a, depth + 1) for a in args[1:]])
        if op == Op.BINARY:
            return self._compared(fn, i, body.text(args[0]), args[1], args[2])
        if op == Op.CALL:
            return self._asked(fn, i, depth)
        if op in (Op.FIELD, Op.NAME):
            return self._named(fn, i, depth)
        if op == Op.CONST:
            const = Const((fn.file, 1), args[0], body.text(args[1]))
            return {not const.falsy: _PLAIN}
        return _EITHER

    def _combined(self, word: str, parts: list[Outcomes]) -> Outcomes:
        if word in ("or", "coalesce", "and"):
            decides = word != "and"
            out: Outcomes = {}
            one = [p[decides] for p in parts if decides in p]  # any of them is enough
            if one:
                out[decides] = min(one, key=lambda m: ("in", "plain", "unknown", "out").index(m.tag))
            every = [p[not decides] for p in parts if (not decides) in p]  # all of them are needed
            if len(every) == len(parts):
                out[not decides] = min(every, key=lambda m: ("out", "unknown", "in", "plain").index(m.tag))
            return out or _EITHER
        merged: Outcomes = {}
        for part in parts[-2:]:
            for truth, mark in part.items():
                merged[truth] = mark if truth not in merged or merged[truth].tag == "plain" else merged[truth]
        return merged or _EITHER

    def _compared(self, fn: Fn, i: int, op: str, left: int, right: int) -> Outcomes:
        body = self.program.body(fn)
        if op == "instanceof":
            return self._is_a(fn, i, right)
        if op in ("in", "not in"):
            found = self._member(fn, i, left, self.evaluator.value(fn, right))
            return found if op == "in" else {not k: t for k, t in found.items()}
        if self._reads(fn, left, _STATUS_NAMES) and (number := self._number(fn, right)) is not None:
            return self._by_number(fn, i, op, number, False)
        if self._reads(fn, right, _STATUS_NAMES) and (number := self._number(fn, left)) is not None:
            return self._by_number(fn, i, op, number, True)
        for side, other in ((left, right), (right, left)):
            value = self.evaluator.value(fn, other)
            if isinstance(value, Const) and value.kind == Kind.STRING and self._reads(fn, side, _TYPE_NAMES):
                return self._by_text(fn, i, op, value.text)
            if isinstance(value, Const) and value.kind in (Kind.NULL, Kind.BOOL) and body.op[side] in (Op.CALL, Op.FIELD, Op.NAME):
                found = self.outcomes(fn, side, 1)
                same = (op in ("==", "===", "is")) != value.falsy
                return found if same else {not k: t for k, t in found.items()}
        return _EITHER

    def _reads(self, fn: Fn, i: int, wanted: tuple[str, ...]) -> bool:
        """Whether an expression reads a status or type."""
        body = self.program.body(fn)
        op = body.op[i]
        if op in (Op.FIELD, Op.NAME):
            name = snake(body.name(i))
            if name in wanted or any(name.endswith("_" + w) for w in wanted):
                return True
            if op == Op.NAME:
                return any(self._reads(fn, body.args(s)[1], wanted) for s in self.evaluator.defuse(fn).reaching(i, body.name(i)).stores if body.args(s)[1] < s)
            return False
        if op == Op.INDEX:
            key = body.const(body.args(i)[1])
            return bool(key and snake(key[1]) in wanted)
        if op == Op.CALL:
            callee = body.args(i)[0]
            word = body.name(callee).rpartition(".")[2] if body.op[callee] in (Op.FIELD, Op.NAME) else ""
            return snake(word) in wanted or (word in ("int", "intval", "Number", "parseInt") and any(self._reads(fn, a, wanted) for _, a in body.call(i)[1]))
        return op in (Op.CAST, Op.CHOICE, Op.AWAIT) and any(self._reads(fn, a, wanted) for a in body.args(i)[1:] or body.args(i))

    def _number(self, fn: Fn, i: int) -> float | None:
        value = self.evaluator.value(fn, i)
        try:
            return float(value.text) if isinstance(value, Const) and value.kind == Kind.NUMBER else None
        except ValueError:
            return None

    def _by_number(self, fn: Fn, i: int, op: str, number: float, swapped: bool) -> Outcomes:
        compare = {
            "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
            "==": lambda a, b: a == b, "===": lambda a, b: a == b, "!=": lambda a, b: a != b, "!==": lambda a, b: a != b,
        }.get(op)  # fmt: skip
        if compare is None or not 100 <= number < 1000:
            return _EITHER
        found = {compare(number, s) if swapped else compare(s, number) for s in _STATUSES}
        return self._tagged(fn, i, found, bool(400 <= number < 500 or op not in ("==", "===", "!=", "!==")))

    def _tagged(self, fn: Fn, i: int, found: set[bool], about: bool) -> Outcomes:
        """``about``: the condition speaks of refusals at all, rather than of some other answer."""
        here = Mark("in" if about else "plain", (fn, i))
        if len(found) == 1:
            return {next(iter(found)): here}
        return {True: here, False: Mark("out", (fn, i))}

    def _by_text(self, fn: Fn, i: int, op: str, text: str) -> Outcomes:
        equal = op in ("==", "===", "is")
        if not self.model.words.has("client_errors", text):
            transient = self.model.words.has("transient_errors", text) or text.startswith(("E", "ERR_")) and text.isupper()
            return {not equal: _PLAIN} if transient else _EITHER
        decisive = any(word in snake(text) for word in _DECISIVE)
        return {equal: Mark("in", (fn, i)), not equal: Mark("out" if decisive else "plain", (fn, i))}

    def _member(self, fn: Fn, i: int, item: int, over: Value) -> Outcomes:
        """Whether a status or type is among several."""
        for option in options(over):
            if isinstance(option, Seq) and option.items and all(isinstance(x, Const) for x in option.items):
                texts = [x.text for x in option.items if isinstance(x, Const)]
                numbers = {int(t) for t in texts if t.isdigit()}
                if numbers and self._reads(fn, item, _STATUS_NAMES):
                    return self._tagged(fn, i, {s in numbers for s in _STATUSES}, bool(numbers & {400, 402, 422}))
                kinds = [self._by_text(fn, i, "==", t) for t in texts]
                if any(True in k and k[True].tag == "in" for k in kinds):
                    return {True: Mark("in", (fn, i)), False: Mark("out", (fn, i))}
                return {False: _PLAIN} if all(True not in k for k in kinds) else _EITHER
        return _EITHER

    def _is_a(self, fn: Fn, i: int, cls: int) -> Outcomes:
        found = {self.kind(n) for n in caught_names(self.evaluator.value(fn, cls))}
        if "client" in found:
            return {True: Mark("in", (fn, i)), False: Mark("out", (fn, i))}
        return {False: _PLAIN} if found == {"transient"} else _EITHER

    def _asked(self, fn: Fn, i: int, depth: int) -> Outcomes:
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        word = body.name(callee).rpartition(".")[2] if body.op[callee] in (Op.FIELD, Op.NAME) else ""
        plain = snake(word)
        given = [a for _, a in arguments]
        if word in ("in_array", "includes", "contains", "has", "indexOf") and given:
            over = given[1] if word == "in_array" and len(given) > 1 else body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
            return self._member(fn, i, given[0], self.evaluator.value(fn, over)) if over >= 0 else _EITHER
        if word in ("isinstance", "is_a") and len(given) > 1:
            return self._is_a(fn, i, given[1])
        if plain in _NETWORK:
            return {False: _PLAIN}
        own = [o.fn for o in options(self.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
        if own and depth < _DEEPEST:
            return self._answered(own[0], depth + 1)
        if word in ("empty", "isset") and given:
            found = self.outcomes(fn, given[0], depth + 1)
            return {not k: t for k, t in found.items()} if word == "empty" else found
        if plain in _GOOD or plain in _BAD:
            return _EITHER if self._answers else {plain in _BAD: _PLAIN}
        if "retry" in plain or "transient" in plain:
            if plain.startswith("is") and any(n.partition(".")[0].lower() in _LIBRARIES for n in names(self.evaluator.value(fn, callee))):
                return {False: _PLAIN}  # the library's own question
            return {True: Mark("unknown", (fn, i)), False: _PLAIN}
        return _EITHER

    def _answered(self, fn: Fn, depth: int) -> Outcomes:
        """What a question of ours answers about a refusal."""
        body, flow = self.program.body(fn), self.model.retries.repeats.flow(fn)
        out: Outcomes = {}
        for r in returns(body):
            way: Mark | None = _PLAIN
            for branch, truth in flow.conditions(flow.block_of(r)):
                mark = self.outcomes(fn, body.args(branch)[0], depth).get(truth)
                if mark is None or way is None:
                    way = None
                    break
                way = mark if mark.tag != "plain" else way
            if way is None or body.args(r)[0] < 0:
                continue
            for truth, mark in self.outcomes(fn, body.args(r)[0], depth).items():
                best = mark if mark.tag != "plain" else way
                if truth not in out or (best.tag == "in" and truth) or out[truth].tag == "out":
                    out[truth] = best
        return out or _EITHER

    def _named(self, fn: Fn, i: int, depth: int) -> Outcomes:
        body = self.program.body(fn)
        name = snake(body.name(i))
        if body.op[i] == Op.NAME and depth < _DEEPEST:
            stores = self.evaluator.defuse(fn).reaching(i, body.name(i)).stores
            if len(stores) == 1 and body.op[body.args(stores[0])[1]] not in (Op.PARAM, Op.CAUGHT):
                found = self.outcomes(fn, body.args(stores[0])[1], depth + 1)
                if found != _EITHER:
                    return found
        if name in _GOOD or name.endswith("_success"):
            return _EITHER if self._answers else {False: _PLAIN}
        if body.op[i] == Op.FIELD and (name in _BAD or (name in _STATUS_NAMES and name != "code")):
            return _EITHER if self._answers and name in _BAD else {True: _PLAIN}
        if "retryable" in name or name == "should_retry":
            return {True: Mark("unknown", (fn, i)), False: _PLAIN}
        return _EITHER

    # --- libraries

    def _told(self, retry: Retry) -> Judgement | None:
        told = retry.told
        assert told is not None
        if told.errors is None:
            if told.policy.repeats == "client":
                if told.policy.refusals:
                    return Judgement("repeated", None, "the library repeats every failed answer unless it is told which")
                return None
            if not self._arrive(retry):
                return Judgement("left", None, "only requests without an answer fail here")
            if self._left_inside(told.repeats):
                return Judgement("left", None, "refusals are caught before the retry sees them")
            return Judgement("repeated", None, "every exception is repeated")
        verdicts = [self._of_errors(retry, value) for value in told.errors]
        return next((v for v in verdicts if v.kind == "repeated"), verdicts[0])

    def _of_errors(self, retry: Retry, value: Value) -> Judgement:
        told = retry.told
        assert told is not None
        for option in options(value):
            if isinstance(option, FunctionV):
                self._answers = False
                found = self._answered(option.fn, 0)
                through = found.get(True)
                if through is not None and (through.tag == "in" or (False not in found and through.tag == "plain")):
                    return Judgement("repeated", through.place or (option.fn, 0), "the condition lets refusals through")
                unsure = through is not None and through.tag == "unknown"
                return Judgement("unknown" if unsure else "left", through.place if through else None, "a condition chooses what is repeated")
        numbers = [x.text for o in options(value) if isinstance(o, Seq) for x in o.items if isinstance(x, Const) and x.text.isdigit()]
        if numbers:
            bad = any(int(n) in (400, 402, 422) for n in numbers)
            return Judgement("repeated" if bad else "left", None, "the list of statuses")
        named = caught_names(value)
        if not named and hasattr(value, "instr"):
            named = [n for _, v in self.evaluator.arguments(value) for n in caught_names(v)]  # type: ignore[arg-type]
        kinds = {self.kind(n) for n in named}
        if kinds == {"transient"} or not self._arrive(retry):
            return Judgement("left", None, "only failures that may pass are repeated")
        if self._left_inside(told.repeats):
            return Judgement("left", None, "refusals are caught before the retry sees them")
        return Judgement("repeated", None, f"{named[0]} covers refusals too") if named else Judgement("unknown", None, "which errors are repeated")

    def _left_inside(self, functions: tuple[Fn, ...]) -> bool:
        """Whether a repeated function takes refusals apart itself: a handler named after them, or a way to give up for good."""
        for fn in functions:
            near = [fn, *self.model.reach.callees(fn)]
            for each in near:
                body = self.program.body(each)
                caught = [body.text(t) for i, op in enumerate(body.op) if op == Op.CAUGHT for t in body.args(i)]
                if any(self.kind(t) == "client" for t in caught):
                    return True
            if {"UnrecoverableError", "AbortError", "bail", "UnrecoverableMessageHandlingException", "TryAgain", "giveup"} & self.model.vocabulary.tokens(fn):
                return True
            if self.program.language(fn.file) == "php" and {"fail", "delete"} & self.model.vocabulary.tokens(fn):
                return True
        return False
