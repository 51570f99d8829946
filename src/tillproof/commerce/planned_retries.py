"""Retries whose time is kept: ``event.next_attempt_at = now + 30 * 2 ** attempts``, for a later run to take up. How the wait grows is
read off the time that is written down, whatever keeps it: an ORM, a statement, a repository's method."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.lexicon import snake
from tillproof.commerce.waits import Growth, Waits
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Mix, Place, Result, Value, names, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TIME = r"next_?(?:attempt|retry|try)(?:_?(?:at|time|date|on|ts|timestamp))?|re_?try_?(?:at|time|after)"
_NAME = re.compile(rf"(?:\w+_)?(?:{_TIME})")
_TEXT = re.compile(rb"next_?(?:attempt|retry|try)|retry_?(?:at|time|after)\b", re.IGNORECASE)
_NOW = re.compile(
    r"(?:^|[.#?_])(?:now|utcnow|time|gettime|microtime|date|current_?time(?:stamp)?|datetime|carbon|timestamp|valueof)(?:\(\))?$",
    re.IGNORECASE,
)
_ADDS = re.compile(r"\.(?:add|plus)(?:_?(milliseconds?|seconds?|minutes?|hours?|days?|real_?minutes?))?(?:\(\))?$", re.IGNORECASE)
_UNITS = {"millisecond": 0.001, "ms": 0.001, "second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400}
_FAILED = re.compile(r"fail|retr(y|ies)|reschedul|backoff|back_off|error|again")
_LONG = 3600.0
"""A wait in seconds that is no haste: a fixed one of that length keeps nobody down."""
_DEEPEST = 6


class Planned(NamedTuple):
    """A time for the next attempt that ``fn`` keeps by ``instr``; ``wait``: where the wait is worked out."""

    fn: Fn
    instr: int
    growth: Growth
    wait: Place


def find(model: "Model", waits: Waits) -> Iterator[Planned]:
    """Those whose wait is known, each once, in order."""
    seen: set[Place] = set()
    for file, source in model.program.sources.items():
        if file not in model.program.indices or not _TEXT.search(source) or model.sendings.browser.runs(file):
            continue
        for fn in model.program.functions_at(file, (m.start() for m in _TEXT.finditer(source))):
            for instr, value in _kept(model.program.body(fn)):
                one = _planned(model, waits, fn, instr, value) if _after_failure(model, fn, instr) else None
                if one is not None and one.wait not in seen:
                    seen.add(one.wait)
                    yield one


def _after_failure(model: "Model", fn: Fn, instr: int) -> bool:
    """Whether a time is kept since something has failed: behind an exception or an answer that says so, or in a function named for it."""
    if _FAILED.search(snake(model.program.name(fn))):
        return True
    body, flow = model.program.body(fn), model.retries.repeats.flow(fn)
    if flow.caught_above(instr):
        return True
    return any(model.retries.asks(fn, body.args(c)[0]) for c, _ in flow.conditions(flow.block_of(instr)))


def _kept(body: Body) -> Iterator[tuple[int, int]]:
    """The instructions that keep a time for the next attempt, each with the time."""
    for i, op in enumerate(body.op):
        if op in (Op.SET_FIELD, Op.STORE) and _NAME.fullmatch(snake(body.name(i).rpartition(".")[2])):
            yield i, body.args(i)[2 if op == Op.SET_FIELD else 1]
        elif op == Op.RECORD:
            for key, value in zip(body.args(i)[::2], body.args(i)[1::2], strict=True):
                const = body.const(key) if key >= 0 else None
                if const is not None and _NAME.fullmatch(snake(const[1])):
                    yield i, value
        elif op in (Op.CALL, Op.NEW):
            yield from ((i, value) for key, value in body.call(i)[1] if key and _NAME.fullmatch(snake(key)))


def _planned(model: "Model", waits: Waits, fn: Fn, instr: int, given: int) -> Planned | None:
    if given < 0:
        return None
    for time in options(model.evaluator.value(fn, given)):
        wait = added(model, time)
        if wait is None:
            continue
        growth = waits.growth(wait, fn)
        if growth.kind in ("unknown", "none", "told") or (growth.kind == "fixed" and not _hasty(model, time, wait)):
            continue
        return Planned(fn, instr, growth, _grows_at(model, wait) or wait.at)
    return None


def added(model: "Model", time: Value, depth: int = 0) -> Value | None:
    """What is added to now in a time: ``now + x``, ``now()->addSeconds(x)``, ``new Date(Date.now() + x)``."""
    if depth > _DEEPEST:
        return None
    if isinstance(time, Mix):
        terms = _terms(time)
        rest = [t for t in terms if not _is_now(t)]
        if len(rest) == len(terms):
            return next((w for t in terms if (w := added(model, t, depth + 1)) is not None), None) if len(terms) > 1 else None
        return rest[0] if len(rest) == 1 else Mix(time.at, "+", tuple(rest), time.fn, time.instr, time.ctx) if rest else None
    if not isinstance(time, Result) or time.instr < 0:
        return None
    given = [v for _, v in model.evaluator.arguments(time)]
    if any(_ADDS.search(n.removesuffix("()")) for n in names(time.callee)) and any(
        _NOW.search(n.rpartition(".")[0]) for n in names(time.callee)
    ):
        return given[0] if given else None
    return next((w for v in given for o in options(v) if (w := added(model, o, depth + 1)) is not None), None)


def _terms(value: Value) -> list[Value]:
    """What is added up."""
    return [t for o in value.operands for t in _terms(o)] if isinstance(value, Mix) and value.op == "+" else [value]


def _is_now(value: Value) -> bool:
    return any(_NOW.search(n) for o in options(value) if not isinstance(o, (Const, Mix)) for n in names(o))


def _grows_at(model: "Model", wait: Value) -> Place | None:
    """Where a wait is made to grow."""
    waiting, count = [wait], 0
    while waiting and count < 40:
        here, count = waiting.pop(0), count + 1
        if isinstance(here, Mix) and here.op in ("**", "<<", "*"):
            return here.at
        waiting += model.evaluator.made_of(here) if isinstance(here, Result) else here.parts()
    return None


def _hasty(model: "Model", time: Value, wait: Value) -> bool:
    """Whether a wait that is always the same is known to be short."""
    said = {m[1].rstrip("s").lower() for n in names(time) if (m := _ADDS.search(n.removesuffix("()"))) and m[1]}
    unit = next((_UNITS[u] for u in said if u in _UNITS), None)
    if isinstance(wait, Result) and wait.instr >= 0:  # timedelta(minutes=5)
        return any(_short(v, _UNITS[k.rstrip("s")]) for k, v in model.evaluator.arguments(wait) if k.rstrip("s") in _UNITS)
    if unit is None:
        unit = 0.001 if model.program.language(time.at[0]) == "javascript" else 1
    return _short(wait, unit)


def _short(value: Value, unit: float) -> bool:
    amount = _amount(value)
    return amount is not None and 0 < amount * unit < _LONG


def _amount(value: Value) -> float | None:
    if isinstance(value, Const) and value.kind == Kind.NUMBER:
        try:
            return float(value.text.replace("_", ""))
        except ValueError:
            return None
    if isinstance(value, Mix) and value.op == "*":
        out = 1.0
        for part in value.operands:
            amount = _amount(part)
            if amount is None:
                return None
            out *= amount
        return out
    return None
