"""Everything that is done again when it failed, with the requests that it repeats."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.lexicon import snake
from tillproof.commerce.retry_policies import Policies, Told
from tillproof.commerce.sendings import Sending
from tillproof.commerce.waits import Growth, Waits
from tillproof.flow.common_names import COMMON_METHODS
from tillproof.flow.program import TOP, Fn
from tillproof.flow.repeats import Repeat, Repeats
from tillproof.flow.values import FunctionV, Param, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# Where a retry by hand may stand: it is named so, or it waits in a function that loops or catches.
_NAMED = (b"retr", b"attempt", b"tries", b"backoff", b"back_off")
_WAITS = re.compile(rb"\b(?:u?[sS]leep|setTimeout|delay|wait\w*|pause)\s*\(")
_AGAIN = re.compile(rb"\b(?:for|while|catch|except|do)\b")
_LEVELS, _NAMES, _MOST, _SHORTEST, _COMMON, _FILES = 4, 40, 900, 4, 12, 60
_READS = ("payment.retrieve", "order.read", "catalog.read")


def _says(text: bytes) -> bool:
    return any(word in text for word in _NAMED)


@dataclass(frozen=True, slots=True)
class Retry:
    """One of them. ``fn``/``instr``: where it is written. ``repeat``: a loop or recursion of ours; ``told``: a library's. ``sendings``: the
    requests that are sent again, as far as they are seen."""

    fn: Fn
    instr: int
    growth: Growth
    bounded: bool
    sendings: tuple[Sending, ...]
    repeat: Repeat | None = None
    told: Told | None = None

    @property
    def how(self) -> Literal["loop", "recursion", "policy"]:
        return self.repeat.how if self.repeat is not None else "policy"


class Retries:
    """Finds them once."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program, self.evaluator = model.program, model.evaluator
        self.waits = Waits(model.program, model.evaluator, model.recogniser)
        self.repeats = Repeats(model.program, model.evaluator, self.waits.waits, self._tells, model.reach.callees)
        self.policies = Policies(model, self.waits)

    @cached_property
    def all(self) -> list[Retry]:
        """Those that repeat requests to systems outside, in order of file and place."""
        if not self.model.sendings.all:
            return []
        found = [*self._by_hand(), *self._told()]
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
        found: dict[Fn, None] = {}
        for file, index in self.program.indices.items():
            named = [n for n, f in enumerate(index.functions) if _says(f.name.lower().encode())]
            for number in named if named and not self.model.sendings.browser.runs(file) else ():
                if _AGAIN.search(self._text(Fn(file, number))):
                    found[Fn(file, number)] = None
        for fn in self.leading:
            text = self._text(fn)
            if _says(text.lower()) or (_WAITS.search(text) and _AGAIN.search(text)):
                found[fn] = None
        return sorted(found)

    @cached_property
    def leading(self) -> frozenset[Fn]:
        """Functions that send requests, those that seem to call them, and so on upwards; by their names alone, so that it costs little."""
        layer = {s.fn for s in self.model.sendings.all if s.provider is not None or s.operations}
        seen = {s.fn for s in self.model.sendings.all}
        asked: set[str] = set()
        for _ in range(_LEVELS):
            above: set[Fn] = set()
            for fn in sorted(layer):
                name = self.program.name(fn)
                if name in asked or len(asked) < _NAMES:
                    asked.add(name)
                    above |= self._seeming_callers(fn)
            layer = {fn for fn in above - seen if len(seen) < _MOST}
            seen |= layer
        return frozenset(seen)

    def _seeming_callers(self, fn: Fn) -> set[Fn]:
        around = self.program.parent(fn)
        out = {around} if around is not None and around.number != TOP else set()
        name = self.program.name(fn)
        if len(name) < _SHORTEST or name == "<top>":
            return out
        files = self.program.mentioning(name)
        if len(files) <= _COMMON or name.lower() not in COMMON_METHODS:
            for file in files[:_FILES]:
                if self.program.language(file) == self.program.language(fn.file):
                    out |= set(self.program.functions_calling_name(file, name))
        return out

    def _text(self, fn: Fn) -> bytes:
        function = self.program.function(fn)
        source = self.program.sources[fn.file]
        return source[function.start : function.end] if function else source

    def _named(self, fn: Fn) -> bool:
        """Whether a function speaks of attempts."""
        return _says(self._text(fn).lower())

    def _tells(self, fn: Fn, i: int) -> bool:
        """Whether a condition asks how a call went."""
        return self._asks(fn, i, 0)

    def _asks(self, fn: Fn, i: int, depth: int) -> bool:
        body = self.program.body(fn)
        if i < 0 or depth > 8:
            return False
        op, args = body.op[i], body.args(i)
        if op in (Op.FIELD, Op.NAME):
            if self.model.words.has("outcome_fields", body.name(i)):
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

    # --- what is sent again

    def _sent(self, repeat: Repeat) -> list[Sending]:
        body = self.program.body(repeat.fn)
        inside = [i for n in repeat.blocks for i in range(body.blocks[n].start, body.blocks[n].end)]
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
        return self._unique([*out, *self._reached([f.fn for f in called])])

    def _handed(self, param: Param) -> list[Sending]:
        """What callers hand a function that repeats whatever it is given."""
        out: list[Sending] = []
        for caller, call, _ in self.model.callers.of(param.fn):
            given = [a for _, a in self.program.body(caller).call(call)[1]]
            functions = [o.fn for a in given for o in options(self.evaluator.value(caller, a)) if isinstance(o, FunctionV)]
            out += self._reached(functions)
            out += [s for s in self.model.sendings.by_function.get(caller, ()) if not functions]
        return out

    def _reached(self, functions: list[Fn]) -> list[Sending]:
        known = self.model.sendings.by_function
        closure = self.model.reach.of([FunctionV((fn.file, 1), fn, None) for fn in functions]).functions if functions else {}
        return [s for fn in closure for s in known.get(fn, ())]

    def _unique(self, found: list[Sending]) -> list[Sending]:
        return list({(s.fn, s.instr): s for s in found}.values())

    def _polls(self, repeat: Repeat, sent: list[Sending]) -> bool:
        """Whether it only asks again until something has happened, without any failure."""
        if repeat.caught:
            return False
        return all(s.operations and all(o.op in _READS for o in s.operations) for s in sent)

    # --- by a library

    def _told(self) -> list[Retry]:
        out = []
        for told in self.policies.found():
            if told.repeats:
                if not self.leading.intersection(told.repeats):
                    continue
                sent = self._unique([s for fn in told.repeats for s in self._near(fn)])
                if not sent:
                    continue
            elif not self._concerned(told.fn.file):
                continue
            else:
                sent = []
            out.append(Retry(told.fn, told.instr, told.growth, told.bounded, tuple(sent), told=told))
        return out

    def _near(self, fn: Fn) -> list[Sending]:
        return [*self.model.sendings.by_function.get(fn, ()), *self._reached([fn])]

    def _concerned(self, file: str) -> bool:
        """Whether a client's or a queue's policy is about systems outside: the file or its unit sends to them."""
        unit = self.program.unit(file)
        return any(self.program.unit(s.fn.file) == unit for s in self.model.sendings.all if s.provider is not None)

    def of(self, sending: Sending) -> Retry | None:
        """The retry that a request is part of, if any."""
        return next((r for r in self.all if any(s is sending for s in r.sendings)), None)

