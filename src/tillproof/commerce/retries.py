"""Everything that is done again when it failed, with the requests that it repeats."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce import planned_retries, reschedules
from tillproof.commerce.lexicon import snake
from tillproof.commerce.retry_policies import Policies, Told
from tillproof.commerce.sdk_calls import SdkCalls
from tillproof.commerce.sendings import Sending
from tillproof.commerce.waits import Growth, Waits
from tillproof.flow.common_names import COMMON_METHODS
from tillproof.flow.program import TOP, Fn
from tillproof.flow.reattempts import Reattempt, Reattempts
from tillproof.flow.values import FunctionV, Param, Place, Result, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# Where a retry by hand may stand: it is named so, or it waits in a function that loops or catches.
_NAMED = (b"retr", b"attempt", b"tries", b"backoff", b"back_off")
_WAITS = (b"sleep(", b"Sleep(", b"sleep (", b"setTimeout(", b"setTimeout (", b"delay(", b"wait(", b"pause(")
_AGAIN = re.compile(rb"\b(?:for|while|catch|except|do)\b")
_CAUGHT = re.compile(rb"\b(?:catch|except)\b")
_ROUND = re.compile(rb"\b(?:for|while|do)\b.{1,200}?\btry\b", re.DOTALL)  # a turn of a loop that begins by trying
_LEVELS, _MOST, _SHORTEST, _FEW = 4, 400, 5, 4
_ERRORS = ("is_wp_error", "curl_errno", "curl_error")
_READS = ("payment.retrieve", "order.read", "catalog.read")


def _says(text: bytes) -> bool:
    return any(word in text for word in _NAMED)


def _waits(text: bytes) -> bool:
    return any(word in text for word in _WAITS)


def _calls_itself_from_handler(text: bytes, name: str) -> bool:
    """Whether a function seems to call itself where it caught something: it tries again, whatever its words are."""
    caught = _CAUGHT.search(text)
    return caught is not None and len(name) >= _SHORTEST and re.search(rf"\b{re.escape(name)}\(".encode(), text[caught.end() :]) is not None


@dataclass(frozen=True, slots=True)
class Retry:
    """One of them. ``fn``/``instr``: where it is written. ``repeat``: a loop or recursion of ours; ``told``: a library's; ``wait``: where
    the wait of one is worked out that is planned for later. ``sendings``: the requests that are sent again, as far as they are seen."""

    fn: Fn
    instr: int
    growth: Growth
    bounded: bool
    sendings: tuple[Sending, ...]
    repeat: Reattempt | None = None
    told: Told | None = None
    wait: Place | None = None

    @property
    def how(self) -> Literal["loop", "recursion", "policy", "planned"]:
        return self.repeat.how if self.repeat is not None else "planned" if self.wait is not None else "policy"


class Retries:
    """Finds them once."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program, self.evaluator = model.program, model.evaluator
        self.waits = Waits(model.program, model.evaluator, model.recogniser)
        self.repeats = Reattempts(model.program, model.evaluator, self.waits.waits, self.asks, model.reach.callees)
        self.policies = Policies(model, self.waits)
        self.sdk_calls = SdkCalls(model)
        self._leads: dict[Fn, bool] = {}

    @cached_property
    def all(self) -> list[Retry]:
        """Those that repeat requests to systems outside, in order of file and place."""
        sent = [*self._by_hand(), *self._told()] if self.model.sendings.all or self.sdk_calls.files else []
        found = [*sent, *self._planned()]
        return sorted(found, key=lambda r: (r.fn.file, self.program.body(r.fn).line[r.instr] if r.instr >= 0 else 0, r.instr))

    # --- by hand

    def _by_hand(self) -> list[Retry]:
        out: list[Retry] = []
        for fn in self._candidates():
            for repeat in self.repeats.of(fn):
                if repeat.how == "recursion" and not repeat.caught and not self._named(fn):
                    continue
                sent = self._sent(repeat)
                if not sent or self._polls(repeat, sent):
                    continue
                growth = Growth("none") if repeat.wait is None else self.waits.growth(self.waits.delay(*repeat.wait), fn)
                out.append(Retry(fn, repeat.again, growth, repeat.bounded, tuple(sent), repeat=repeat))
        return out

    def _candidates(self) -> list[Fn]:
        """Functions that may repeat a request by hand: those that lead to one, and helpers that repeat what they are given."""
        sending = {s.fn.file for s in self.model.sendings.all} | self.sdk_calls.files
        units, languages = {self.program.unit(f) for f in sending}, {self.program.language(f) for f in sending}
        found: list[Fn] = []
        for file, index in self.program.indices.items():
            source = self.program.sources[file]
            if self.program.language(file) not in languages or self.model.sendings.browser.runs(file):
                continue
            says = _says(source.lower())
            if not says and (self.program.unit(file) not in units or not (_waits(source) or _CAUGHT.search(source))):
                continue
            for number, function in enumerate(index.functions):
                fn = Fn(file, number)
                text = source[function.start : function.end]
                helper = any(_says(self.program.name(f).lower().encode()) for f in self._around(fn))
                telling = helper or _says(text.lower()) or _waits(text) or _calls_itself_from_handler(text, function.name)
                if not telling and _ROUND.search(text) is None:
                    continue
                again = _AGAIN.search(text) or _waits(text) or function.name.encode() in text[len(function.name) + 16 :]
                if again and (helper or file in self.sdk_calls.files or self.leads(fn)):
                    found.append(fn)
        return found

    def _around(self, fn: Fn) -> list[Fn]:
        """A function and those that it stands in: a decorator is called what it does, and its wrapper is not."""
        return [fn, *self.program.around(fn)]

    def leads(self, fn: Fn) -> bool:
        """Whether a function seems to lead to a request: by the names that it and what it calls speak of, so that it costs little."""
        if fn not in self._leads:
            self._leads[fn] = self._seems_to_lead(fn)
        return self._leads[fn]

    @cached_property
    def _sending_names(self) -> frozenset[str]:
        return frozenset(self.program.name(fn) for fn in self.model.sendings.by_function) - {"<top>", ""}

    def _seems_to_lead(self, fn: Fn) -> bool:
        sending = self.model.sendings.by_function
        seen: set[Fn] = {fn}
        layer = [fn]
        for _ in range(_LEVELS):
            below: list[Fn] = []
            for here in layer:
                tokens = self.model.vocabulary.tokens(here)
                if here in sending or tokens & self._sending_names:
                    return True
                for token in sorted(tokens):
                    declared = self.program.functions_by_name.get(token, ())
                    if 0 < len(declared) <= _FEW and len(token) >= _SHORTEST and token.lower() not in COMMON_METHODS:
                        below += [f for f in declared if f not in seen and self.program.language(f.file) == self.program.language(fn.file)]
                        seen.update(declared)
            layer = below
            if len(seen) > _MOST:
                return False
        return False

    def _text(self, fn: Fn) -> bytes:
        function = self.program.function(fn)
        source = self.program.sources[fn.file]
        return source[function.start : function.end] if function else source

    def _named(self, fn: Fn) -> bool:
        """Whether a function speaks of attempts."""
        return _says(self._text(fn).lower())

    def asks(self, fn: Fn, i: int) -> bool:
        """Whether a condition asks how a call went."""
        return self._asks(fn, i, 0)

    def _asks(self, fn: Fn, i: int, depth: int) -> bool:
        body = self.program.body(fn)
        if i < 0 or depth > 8:
            return False
        op, args = body.op[i], body.args(i)
        if op in (Op.FIELD, Op.NAME):
            if self.model.words.has("outcome_fields", body.name(i)) or (op == Op.NAME and self._tells_failure(fn, i)):
                return True
            return op == Op.FIELD and depth < 3 and self._asks(fn, args[0], depth + 1)
        if op == Op.CALL:
            callee, arguments = body.call(i)
            if body.op[callee] in (Op.FIELD, Op.NAME) and self.model.words.has("outcome_fields", body.name(callee).rpartition(".")[2]):
                return True
            return any(self._asks(fn, a, depth + 1) for _, a in arguments) and body.op[callee] == Op.NAME
        if op == Op.BINARY:
            sides = args[1:3]
            if any(snake(body.name(s)) in ("status", "code") for s in sides if body.op[s] in (Op.FIELD, Op.NAME)):
                return any((c := body.const(s)) is not None and c[0] == Kind.NUMBER for s in sides)
            return any(self._asks(fn, s, depth + 1) for s in sides)
        if op in (Op.UNARY, Op.CHOICE):
            return any(self._asks(fn, a, depth + 1) for a in args[1:])
        return op == Op.INDEX and any(self._asks(fn, a, depth + 1) for a in args)

    def _tells_failure(self, fn: Fn, i: int) -> bool:
        """Whether a variable holds what a request gives that is told to have failed by it: cURL's ``false``."""
        found = (o for o in options(self.evaluator.value(fn, i)) if isinstance(o, Result) and o.instr >= 0)
        sent = (s for o in found for s in self.model.sendings.by_function.get(o.fn, ()) if s.instr == o.instr)
        return any(s.client is not None and s.client.tells == "value" for s in sent)

    # --- what is sent again

    def _sent(self, repeat: Reattempt) -> list[Sending]:
        body = self.program.body(repeat.fn)
        inside = list(body.rows(repeat.blocks))
        known = self.model.sendings.by_function
        out = [s for s in known.get(repeat.fn, ()) if s.instr in set(inside)]
        called: list[FunctionV] = []
        for i in inside:
            if body.op[i] not in (Op.CALL, Op.NEW):
                continue
            callee, arguments = body.call(i)
            for value in (self.evaluator.value(repeat.fn, v) for v in (callee, *(a for _, a in arguments if body.op[a] == Op.FUNCTION))):
                for option in options(value):
                    if isinstance(option, FunctionV):
                        called.append(option)
                    elif isinstance(option, Param):
                        out += self._handed(option)
        if repeat.caught:  # without, it may only ask until something has happened
            out += self.sdk_calls.among(repeat.fn, inside)
            out += self._by_sdk([f.fn for f in called])
        return self._unique([*out, *self._reached([f.fn for f in called])])

    def _by_sdk(self, functions: list[Fn]) -> list[Sending]:
        """What functions ask of a provider's SDK without its pack's knowing."""
        return [s for fn in functions for s in self.sdk_calls.among(fn, range(len(self.program.body(fn).op)))]

    def _handed(self, param: Param) -> list[Sending]:
        """What callers hand a function that repeats whatever it is given."""
        out: list[Sending] = []
        for caller, call, _ in self.model.callers.of(param.fn):
            given = [a for _, a in self.program.body(caller).call(call)[1]]
            functions = [o.fn for a in given for o in options(self.evaluator.value(caller, a)) if isinstance(o, FunctionV)]
            out += self._reached(functions) or self._by_sdk(functions)
            out += [s for s in self.model.sendings.by_function.get(caller, ()) if not functions]
        return out + self._reached(list(self._decorated(self._around(param.fn)[-1])))

    def _decorated(self, decorator: Fn) -> Iterator[Fn]:
        """The functions on which a decorator of ours stands."""
        program, name = self.program, self.program.name(decorator)
        for file in program.mentioning(name) if name and program.language(decorator.file) == "python" else ():
            top = Fn(file, TOP)
            body = program.body(top)
            for i, op in enumerate(body.op):
                kind, number, applied = body.args(i) if op == Op.DECORATE else (-1, -1, -1)
                callee = body.args(applied)[0] if kind == 0 and body.op[applied] == Op.CALL else applied
                if kind == 0 and any(isinstance(o, FunctionV) and o.fn == decorator for o in options(self.evaluator.value(top, callee))):
                    yield Fn(file, number)

    def _reached(self, functions: list[Fn]) -> list[Sending]:
        known = self.model.sendings.by_function
        closure = self.model.reach.of([FunctionV((fn.file, 1), fn, None) for fn in functions]).functions if functions else {}
        return [s for fn in closure for s in known.get(fn, ())]

    def _unique(self, found: list[Sending]) -> list[Sending]:
        return list({(s.fn, s.instr): s for s in found}.values())

    def _polls(self, repeat: Reattempt, sent: list[Sending]) -> bool:
        """Whether it only asks again until something has happened, without any failure."""
        body = self.program.body(repeat.fn)
        if repeat.caught or any(self._asks_error(repeat.fn, body.args(i)[0]) for i, _ in repeat.conditions):
            return False
        return all(s.operations and all(o.op in _READS for o in s.operations) for s in sent)

    def _asks_error(self, fn: Fn, i: int, depth: int = 0) -> bool:
        """Whether a condition asks for nothing but whether a request has failed: ``is_wp_error($answer)``, ``$answer === false``."""
        body = self.program.body(fn)
        if i < 0 or depth > _SHORTEST:
            return False
        op, args = body.op[i], body.args(i)
        if op == Op.CALL:
            return body.called(i) in _ERRORS
        if op == Op.BINARY and any((c := body.const(side)) is not None and c[0] == Kind.BOOL for side in args[1:3]):
            return any(body.op[side] == Op.NAME and self._tells_failure(fn, side) for side in args[1:3])
        return op in (Op.UNARY, Op.CHOICE) and any(self._asks_error(fn, a, depth + 1) for a in args[1:])

    # --- later

    def _planned(self) -> list[Retry]:
        """Those whose next time is kept, in units that speak with anybody outside."""
        units = {self.program.unit(s.fn.file) for s in self.model.sendings.all}
        units |= {self.program.unit(h.entry.target.fn.file) for h in self.model.handlers.all}
        out = []
        for one in planned_retries.find(self.model, self.waits):
            if self.program.unit(one.fn.file) in units:
                sent = tuple(self.model.sendings.by_function.get(one.fn, ()))
                out.append(Retry(one.fn, one.instr, one.growth, True, sent, wait=one.wait))
        for one, bounded in reschedules.find(self.model, self.waits) if self.model.sendings.all else ():
            if again := self._sent_by((one.fn,)):
                out.append(Retry(one.fn, one.instr, one.growth, bounded, tuple(again), wait=one.wait))
        return out

    # --- by a library

    def _told(self) -> list[Retry]:
        out = []
        for told in self.policies.found():
            sent: list[Sending] = []
            if told.policy.repeats == "job" or (told.repeats and any(self.leads(fn) for fn in told.repeats)):
                sent = self._sent_by(told.repeats)
            if not sent and not (self._concerned(told.fn.file) and (self._is_whole(told) or self._is_job_of_sale(told))):
                continue
            out.append(Retry(told.fn, told.instr, told.growth, told.bounded, tuple(sent), told=told))
        return out

    @staticmethod
    def _is_whole(told: Told) -> bool:
        """Whether a policy speaks for a client's or a queue's work, whatever that is."""
        return told.policy.repeats == "job" or not told.repeats

    def _is_job_of_sale(self, told: Told) -> bool:
        """Whether a job that sends nothing writes what a sale hangs on: it settles a payment, moves stock, credits points."""
        return told.policy.job and any(self.model.queues.at_stake(FunctionV((fn.file, 1), fn, None)) for fn in told.repeats)

    def _sent_by(self, functions: tuple[Fn, ...]) -> list[Sending]:
        return self._unique([s for fn in functions for s in self._near(fn)])

    def _near(self, fn: Fn) -> list[Sending]:
        return [*self.model.sendings.by_function.get(fn, ()), *self._reached([fn])]

    def _concerned(self, file: str) -> bool:
        """Whether a client's or a queue's policy is about systems outside: the file or its unit sends to them."""
        unit = self.program.unit(file)
        return any(self.program.unit(s.fn.file) == unit for s in self.model.sendings.all if s.provider is not None)

    def of(self, sending: Sending) -> Retry | None:
        """The retry that a request is part of, if any."""
        return next((r for r in self.all if any(s is sending for s in r.sendings)), None)
