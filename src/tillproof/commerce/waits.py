"""Calls that let time pass, and how the wait grows from one time to the next."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from tillproof.commerce.names import Table
from tillproof.commerce.pack_tables import LANGUAGES
from tillproof.commerce.recognise import Recogniser
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import TOP, Fn, Program
from tillproof.flow.values import (
    Choice,
    Const,
    Ctx,
    Element,
    FunctionV,
    Member,
    Missing,
    Mix,
    Overlay,
    Param,
    Record,
    Result,
    Seq,
    Text,
    Unknown,
    Value,
    names,
    options,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op

GrowthKind: TypeAlias = Literal["none", "fixed", "linear", "exponential", "told", "unknown"]
_ORDER: tuple[GrowthKind, ...] = ("none", "fixed", "unknown", "linear", "told", "exponential")
_SMALL, _SHORT, _FEW = 60, 600, 8
_DEEPEST = 3
_MOST = 200
_POWERS = re.compile(r"(?:^|[.#?])(?:pow|ldexp|exp2?)$", re.IGNORECASE)
_SAME = re.compile(
    r"(?:^|[.#?])(?:min|max|int|float|round|ceil|floor|trunc|number|parseint|parsefloat|abs|intval|floatval|clamp|timedelta|total_seconds)$",
    re.IGNORECASE,
)
_RANDOM = re.compile(r"(?<![a-z])(?:mt_|wp_)?rand(?![a-z])|random|uniform|jitter|lcg_value", re.IGNORECASE)
_TOLD = re.compile(r"retry[-_ ]?after|x-ratelimit|ratelimit[-_]reset", re.IGNORECASE)
_SETTING = re.compile(r"delay|wait|interval|sleep|pause|backoff|ms$", re.IGNORECASE)
_STEP = 1.4


class Growth(NamedTuple):
    """How a wait grows. ``told``: the provider says how long (Retry-After). ``jitter``: whether it is spread at random."""

    kind: GrowthKind
    jitter: bool = False


_Below: TypeAlias = Callable[[tuple[Value, ...]], Growth]


def worst(found: list[Growth]) -> Growth:
    """The growth of a wait that is put together from parts."""
    kinds = [g.kind for g in found] or ["none"]
    return Growth(max(kinds, key=_ORDER.index), any(g.jitter for g in found))


class Waits:
    """Recognises waiting calls, through helpers of our own too."""

    def __init__(self, program: Program, evaluator: Evaluator, recogniser: Recogniser) -> None:
        self.program, self.evaluator, self.recogniser = program, evaluator, recogniser
        self._tables: dict[str, Table[str]] = {lang: Table() for lang in LANGUAGES}
        for framework in recogniser.knowledge.frameworks.values():
            self._tables[framework.language].add(framework.sleeps, framework.id)
        self._memo: dict[tuple[Fn, int], tuple[Fn, int, int, Ctx | None] | None] = {}
        self._short: dict[str, bool] = {}
        self._locals: dict[str, set[str]] = {}

    def waits(self, fn: Fn, i: int) -> bool:
        """Whether a CALL or NEW lets time pass and does nothing else."""
        return self._found(fn, i, 0) is not None

    def delay(self, fn: Fn, i: int) -> Value | None:
        """How long a call waits; None when it does not say."""
        found = self._found(fn, i, 0)
        if found is None or found[2] < 0:
            return None
        where, _, argument, ctx = found
        return self.evaluator.value(where, argument, ctx)

    def _found(self, fn: Fn, i: int, depth: int) -> tuple[Fn, int, int, Ctx | None] | None:
        """(function, call, instruction of the wait, context) of the call that really waits."""
        key = (fn, i)
        if key not in self._memo:
            self._memo[key] = None
            self._memo[key] = self._look(fn, i, depth)
        return self._memo[key]

    def _look(self, fn: Fn, i: int, depth: int) -> tuple[Fn, int, int, Ctx | None] | None:
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[i] == Op.NEW:
            return self._promised(fn, arguments, depth) if body.op[callee] == Op.NAME and body.name(callee) == "Promise" else None
        table = self._tables[self.program.language(fn.file)]
        word = body.called(i)
        if not word or (word.lower() not in table.words() and not self._may_wait(word) and not self._renamed(fn, word)):
            return None
        own = [o for o in options(self.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
        if own:
            return self._helper(own[0], fn, i, depth) if len(own) == 1 else None
        for _, pattern, name, _ in table.find(self.recogniser.callee_names(fn, i, None)):
            position = 1 if pattern == "setTimeout" and len(arguments) > 1 else 0
            if pattern == "util.promisify" and not name.endswith("()"):
                return None
            given = [a for k, a in arguments if k in ("", "delay", "seconds", "ms")]
            return fn, i, given[position] if position < len(given) else -1, None
        return None

    def _may_wait(self, word: str) -> bool:
        """Whether a function of ours of that name could only wait: it is short, and waits somewhere."""
        if word not in self._short:
            self._short[word] = any(self._speaks_of_waiting(f) for f in self.program.functions_by_name.get(word, ())[:_FEW])
        return self._short[word]

    def _speaks_of_waiting(self, fn: Fn) -> bool:
        function = self.program.function(fn)
        text = self.program.sources[fn.file][function.start : function.end] if function else b""
        return len(text) < _SHORT and any(w in text for w in (b"setTimeout", b"sleep", b"delay", b"wait"))

    def _renamed(self, fn: Fn, word: str) -> bool:
        """Whether a name was imported, or given to what waits."""
        if fn.file not in self._locals:
            source = self.program.sources[fn.file]
            imported = {i.local for i in self.program.indices[fn.file].imports}
            self._locals[fn.file] = imported if any(w in source for w in (b"setTimeout", b"sleep", b"delay", b"timers")) else set()
        return word in self._locals[fn.file] or (word in ("sleep", "wait", "delay", "pause"))

    def _promised(self, fn: Fn, arguments: list[tuple[str, int]], depth: int) -> tuple[Fn, int, int, Ctx | None] | None:
        """``new Promise(resolve => setTimeout(resolve, ms))``"""
        for _, a in arguments:
            for option in options(self.evaluator.value(fn, a)):
                if isinstance(option, FunctionV) and (found := self._in_short(option.fn, None, depth)):
                    return found
        return None

    def _helper(self, target: FunctionV, fn: Fn, i: int, depth: int) -> tuple[Fn, int, int, Ctx | None] | None:
        """A function of ours that only waits."""
        return self._in_short(target.fn, self.evaluator.context(target, fn, i, None), depth) if target.fn != fn else None

    def _in_short(self, fn: Fn, ctx: Ctx | None, depth: int) -> tuple[Fn, int, int, Ctx | None] | None:
        body = self.program.body(fn)
        if depth > _DEEPEST or len(body.op) > _SMALL:
            return None
        for n, op in enumerate(body.op):
            if op in (Op.CALL, Op.NEW) and (found := self._look(fn, n, depth + 1)) is not None:
                where, call, argument, inner = found
                if ctx is not None and inner is None:
                    inner = ctx if where == fn else Ctx(where, fn, -1, None, None, ctx)
                return where, call, argument, inner
        return None

    # --- growth

    def growth(self, value: Value | None, fn: Fn) -> Growth:
        """How a wait grows from one time to the next. ``fn``: the function that waits, whose recursion may hand over the next wait."""
        if value is None:
            return Growth("unknown")
        found = self._growth(value, fn, 0, set())
        return found if found.kind != "unknown" or not found.jitter else Growth("fixed", True)

    def _growth(self, value: Value, fn: Fn, depth: int, seen: set[int]) -> Growth:
        if id(value) in seen or depth > 12 or len(seen) > _MOST:
            return Growth("unknown")
        seen.add(id(value))

        def below(parts: tuple[Value, ...]) -> Growth:
            return worst([self._growth(p, fn, depth + 1, seen) for p in parts])

        if isinstance(value, Const):
            return Growth("none" if value.kind == Kind.NULL or value.falsy else "fixed")
        if isinstance(value, Mix):
            return self._mixed(value, below(value.operands))
        if isinstance(value, (Choice, Seq)) and (steps := _numbers(value)):
            return _stepped(steps)
        if isinstance(value, Seq) and (steps := _bases(value)):
            return Growth(_stepped(steps).kind, below(value.items).jitter)
        if isinstance(value, (Choice, Text, Overlay)):
            return below(value.parts())
        if isinstance(value, Element):
            return self._element(value)
        if isinstance(value, Result):
            return self._result(value, below)
        if isinstance(value, Param):
            return self._handed(value, fn)
        if isinstance(value, (Record, Seq)):
            return below(value.parts())
        return self._named(value, fn)

    def _named(self, value: Value, fn: Fn) -> Growth:
        """A wait of which no more than its name is known."""
        if isinstance(value, Missing):
            return Growth("none")
        if isinstance(value, Member) and self._is_setting(value, fn):
            return Growth("fixed")
        return Growth("told" if _TOLD.search(" ".join(names(value))) else "unknown")

    def _mixed(self, value: Mix, parts: Growth) -> Growth:
        itself = [o for o in value.operands if any(_self(x) for x in options(o))]
        if value.op in ("**", "<<"):
            return Growth("exponential", parts.jitter)
        if value.op == "*":
            varying = [o for o in value.operands if not isinstance(o, Const)]
            if itself or (len(varying) > 1 and all(_counts(o) for o in varying)):
                return Growth("exponential", parts.jitter)
            if any(_counts(o) for o in varying) and parts.kind in ("fixed", "unknown", "none"):
                return Growth("linear", parts.jitter)
        if value.op in ("+", "-") and (itself or any(_counts(o) for o in value.operands)) and parts.kind in ("fixed", "unknown", "none"):
            return Growth("linear", parts.jitter)
        return parts

    def _element(self, value: Element) -> Growth:
        steps = _numbers(value.base)
        if steps:
            return _stepped(steps)
        if _TOLD.search(" ".join(names(value))) or (isinstance(value.key, Const) and _TOLD.search(value.key.text)):
            return Growth("told")
        return Growth("linear" if _counts(value) else "unknown")

    def _result(self, value: Result, below: _Below) -> Growth:
        known = names(value.callee)
        text = " ".join(known)
        given = tuple(v for _, v in self.evaluator.arguments(value)) if value.instr >= 0 else ()
        if _RANDOM.search(text):
            grown = below(given).kind
            return Growth(grown if grown in ("linear", "exponential") else "unknown", True)
        if value.instr < 0:
            return Growth("unknown")
        if _TOLD.search(text) or any(isinstance(v, Const) and _TOLD.search(v.text) for v in given):
            return Growth("told")
        if any(_POWERS.search(n.replace("()", "")) for n in known):
            return Growth("exponential", below(given).jitter)
        if any(_SAME.search(n.replace("()", "")) for n in known):
            return below(given)
        return Growth("unknown")

    def _handed(self, value: Param, fn: Fn) -> Growth:
        """A parameter: what the function hands itself for the next time."""
        found: list[Growth] = []
        for nested in (fn, value.fn):
            body = self.program.body(nested)
            for i, op in enumerate(body.op):
                if op != Op.CALL or not any(
                    isinstance(o, FunctionV) and o.fn == value.fn for o in options(self.evaluator.value(nested, body.args(i)[0]))
                ):
                    continue
                given = [v for k, v in body.call(i)[1] if k in ("", value.name)]
                positions = [p.name for p in self.program.body(value.fn).params if p.name not in ("self", "cls")]
                named = [v for k, v in body.call(i)[1] if k == value.name]
                at = named or (
                    [given[positions.index(value.name)]] if value.name in positions and positions.index(value.name) < len(given) else []
                )
                found += [self._next(self.evaluator.value(nested, a), value) for a in at]
        if found:
            return worst(found)
        return Growth("linear" if _counts(value) else "fixed" if self._stays(value, fn) else "unknown")

    def _is_setting(self, value: Member, fn: Fn) -> bool:
        """Whether a member of what a function is given says how long to wait, and nothing writes to it."""
        if not (isinstance(value.base, Param) and value.base.fn == fn) or _counts(value) or _TOLD.search(value.name):
            return False
        body = self.program.body(fn)
        written = any(op == Op.SET_FIELD and body.text(body.args(n)[1]) == value.name for n, op in enumerate(body.op))
        return _SETTING.search(value.name) is not None and not written

    def _stays(self, value: Param, fn: Fn) -> bool:
        """Whether a parameter, of a function or of one around it, is whatever it was given, or its default, at each wait: nothing is
        written to it."""
        around = [fn]
        while around[-1] != value.fn and (above := self.program.parent(around[-1])) is not None and above.number != TOP:
            around.append(above)
        bodies = [(self.program.body(one), self.evaluator.defuse(one).stores.get(value.name, ())) for one in around]
        written = [body.op[body.args(s)[1]] for body, stores in bodies for s in stores]
        return around[-1] == value.fn and len(written) < 2 and all(op in (Op.PARAM, Op.CHOICE) for op in written)

    def _next(self, given: Value, param: Param) -> Growth:
        if isinstance(given, Mix) and any(_is(o, param) for o in given.operands):
            return Growth("exponential" if given.op in ("*", "**", "<<") else "linear")
        return Growth("fixed" if _is(given, param) else "unknown")


def _is(value: Value, param: Param) -> bool:
    return any(isinstance(o, Param) and o.fn == param.fn and o.number == param.number for o in options(value))


def _self(value: Value) -> bool:
    return isinstance(value, Unknown) and "depends on itself" in value.why


def _counts(value: Value) -> bool:
    """Whether a value is a counter: the turn of a loop, a number that is added to, a parameter or field that is named so."""
    for option in options(value):
        if isinstance(option, Element) and not _numbers(option.base):
            return True
        if isinstance(option, Mix) and option.op in ("+", "-") and any(_self(x) or _counts(x) for o in option.operands for x in options(o)):
            return True
        if isinstance(option, (Param, Member)) and re.search(r"attempt|retr|tries|count|^[in]$", option.name, re.IGNORECASE):
            return True
        if _self(option):
            return True
    return False


def _stepped(steps: list[float]) -> Growth:
    """The growth of a list of waits."""
    if len(set(steps)) < 2:
        return Growth("fixed")
    grows = all(b >= _STEP * a for a, b in pairwise(steps) if a > 0)
    return Growth("exponential" if grows else "linear" if sorted(steps) == steps else "fixed")


def _numbers(value: Value) -> list[float]:
    """The numbers of a list of waits, or of which a wait is one after the other."""
    if isinstance(value, Choice) and len(value.options) > 1 and all(isinstance(o, Const) and _number(o.text) for o in value.options):
        return [_number(o.text) or 0.0 for o in value.options if isinstance(o, Const)]
    for option in options(value):
        if isinstance(option, Seq) and option.items and all(isinstance(x, Const) and _number(x.text) is not None for x in option.items):
            return [_number(x.text) or 0.0 for x in option.items if isinstance(x, Const)]
    return []


def _bases(value: Seq) -> list[float]:
    """The fixed parts of a list of waits to each of which something is added: ``[10 + random_int(0, 5), 60 + random_int(0, 30)]``."""
    out = []
    for item in value.items:
        parts = item.operands if isinstance(item, Mix) and item.op == "+" else (item,)
        fixed = [n for p in parts if isinstance(p, Const) and (n := _number(p.text)) is not None]
        if len(fixed) != 1:
            return []
        out += fixed
    return out


def _number(text: str) -> float | None:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return None
