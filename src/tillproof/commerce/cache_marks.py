"""Marks in a cache by which the same work is known again: how long they last, and whether taking one is atomic."""

import re
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.cache_touches import CACHES, cached
from tillproof.commerce.touches import Touch
from tillproof.flow.facts import Condition
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, External, FunctionV, Member, Missing, Mix, Record, Result, Value, constant, names, options, pattern
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_READS = re.compile(
    rb"get_transient|wp_cache_get|[Cc]ache\w*(\(\))?(\.|->|::)(get|has|exists)\b|[Rr]edis\w*(\(\))?(\.|->|::)(get|exists)\b|\bkv\.get\b"
)
# One of these stands in every text in which ``_READS`` fits.
_READ_HINTS = (b"get_transient", b"ache", b"edis", b"kv.get")
_ABOUT = re.compile(
    r"(^|_)(payment|pay|paid|charge|capture|intent|webhook|event|ipn|refund|checkout|order|invoice|subscription|renewal)(_|$)"
)
_LOCKS = re.compile(
    r"(^|_)(lock|locked|processing|processed|handled|dedupe?|idempoten\w*|in_progress|running|seen|claim\w*|mutex|once)(_|$)"
)
_ANY_REQUEST = re.compile(r"(^|_)idempoten")
_TEXTS = ("JSON.stringify", "json.dumps", "json_encode", "serialize")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2592000, "year": 31536000}
_OPTIONS = {"ex": 1.0, "timeout": 1.0, "ttl": 1.0, "px": 0.001, "expire": 1.0, "expires": 1.0, "expiration": 1.0, "expirationttl": 1.0}
_LAST = {"set": 2, "add": 2, "put": 2, "set_transient": 2, "set_site_transient": 2, "wp_cache_set": 3, "wp_cache_add": 3}
_FOR_EVER = "forever"


class CacheMark(NamedTuple):
    """A mark that is read first and set later, in one function, by two calls."""

    fn: Fn
    read: Touch
    write: Touch


class CacheMarks:
    """Answers by function; found once somebody asks."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    # --- how long

    def seconds(self, touch: Touch) -> float | None:
        """For how long a call keeps something; infinite when it says nothing and the cache has no limit of its own; None when not known."""
        body = self.model.program.body(touch.fn)
        callee, arguments = body.call(touch.instr)
        name = body.name(callee).rpartition(".")[2].lower()
        values = [(k, self.model.evaluator.value(touch.fn, v, touch.ctx)) for k, v in arguments]
        plain = [v for k, v in values if k == ""]
        if name == _FOR_EVER:
            return float("inf")
        if name in ("setex", "psetex") and len(plain) > 1:
            found = self._duration(plain[1])
            return found if found is None or name == "setex" else found / 1000
        for key, value in (*values, *(pair for v in plain[2:] for pair in _entries(v))):
            if key.lower() in _OPTIONS:
                return _times(self._duration(value), _OPTIONS[key.lower()])
        for flag, value in pairwise(plain[2:]):  # redis.set(key, value, 'EX', 60)
            text = (constant(flag) or "").upper()
            if text in ("EX", "PX"):
                return _times(self._duration(value), 1.0 if text == "EX" else 0.001)
        at = _LAST.get(name)
        if at is not None and len(plain) > at and (found := self._duration(plain[at])) is not None:
            return float("inf") if found == 0 and name.startswith(("set_", "wp_")) else found
        return None if at is not None and len(plain) > at else self._unsaid(touch)

    def _unsaid(self, touch: Touch) -> float | None:
        """What holds when a call does not say how long: some caches forget after a while, Redis and transients never."""
        known = " ".join(names(self.model.evaluator.value(touch.fn, self.model.program.body(touch.fn).args(touch.instr)[0], touch.ctx)))
        told = (f.forgets for f in self.model.wiring.active.of(touch.fn.file))
        return next((seconds for forgets in told for name, seconds in forgets.items() if name in known), float("inf"))

    def _duration(self, value: Value, depth: int = 0) -> float | None:
        """Seconds, of a number, a product, a constant of the platform, ``timedelta(hours=1)``, ``now()->addMinutes(10)``."""
        if depth > 6:
            return None
        for option in options(value):
            if isinstance(option, Const):
                return _number(option.text) if option.kind == Kind.NUMBER else None
            if isinstance(option, Mix) and option.op in ("*", "+"):
                parts = [self._duration(o, depth + 1) for o in option.operands]
                known = [p for p in parts if p is not None]
                if len(known) < len(parts):
                    return None
                product = 1.0
                for part in known:
                    product *= part
                return product if option.op == "*" else sum(known)
            if isinstance(option, (External, Member)) and (unit := re.search(r"(\w+?)S?_IN_SECONDS$", option.name.upper())):
                return float(_UNITS.get(unit[1].lower(), 0)) or None
            if isinstance(option, Result) and option.instr >= 0:
                return self._said(option, depth)
        return None

    def _said(self, value: Result, depth: int) -> float | None:
        given = self.model.evaluator.arguments(value)
        if isinstance(value.callee, External) and value.callee.name in ("int", "Number", "intval", "round") and given:
            return self._duration(given[0][1], depth + 1)
        if isinstance(value.callee, Member) and value.callee.name == "total_seconds":
            return self._duration(value.callee.base, depth + 1)
        name = value.callee.name.rpartition(".")[2].lower() if isinstance(value.callee, (External, Member)) else ""
        if name == "timedelta":
            found = [_times(self._duration(v, depth + 1), _unit(k)) for k, v in given if _unit(k)]
            return sum(f for f in found if f is not None) if found and all(f is not None for f in found) else None
        unit = _unit(name.removeprefix("add").removeprefix("sub"))
        if name.startswith("add") and unit:
            return unit if not given else _times(self._duration(given[0][1], depth + 1), unit)
        return None

    # --- read, then set

    @cached_property
    def checked_then_set(self) -> list[CacheMark]:
        """Marks about payments that are looked for and then set by a second call, in order of file and line."""
        found: list[CacheMark] = []
        program = self.model.program
        for file, source in program.sources.items():
            may_read = file in program.indices and any(hint in source for hint in _READ_HINTS)
            places = [m.start() for m in _READS.finditer(source)] if may_read else []
            for fn in program.functions_at(file, iter(places)) if places else ():
                found += self._in(fn)
        return sorted(found, key=lambda m: (m.fn, m.read.instr))

    def _in(self, fn: Fn) -> list[CacheMark]:
        body = self.model.program.body(fn)
        calls = [i for i, op in enumerate(body.op) if op == Op.CALL]
        touches = [t for i in calls if (t := self.model.records.touch(fn, i, None) or self._by_own_class(fn, i)) is not None]
        reads = [t for t in touches if t.effect == "cache" and t.kind == "read"]
        out = []
        for write in (t for t in touches if t.effect == "cache" and t.kind == "write"):
            key = pattern(write.keys["key"])
            read = next((r for r in reads if pattern(r.keys["key"]) == key and r.instr < write.instr), None)
            if read is not None and self._claims(fn, key, write) and self._decides(fn, read, write):
                out.append(CacheMark(fn, read, write))
        return out

    def _by_own_class(self, fn: Fn, i: int) -> Touch | None:
        """What a call does to a cache by a class of the shop's own, ``this.cacheService.set(key, …)``, which takes nothing on condition."""
        body = self.model.program.body(fn)
        name = body.called(i).lower()
        touch = cached(self.model, fn, i, None, name, ours=True) if name in CACHES and body.op[body.args(i)[0]] == Op.FIELD else None
        if touch is None or touch.kind == "upsert":
            return None
        targets = [o.fn for o in options(self.model.evaluator.value(fn, body.args(i)[0])) if isinstance(o, FunctionV)]
        within = (self.model.program.body(target) for target in targets)
        conditional = any(b.const(n) == (Kind.STRING, "NX") for b in within for n, op in enumerate(b.op) if op == Op.CONST)
        return None if conditional else touch

    def _pays(self, fn: Fn) -> bool:
        """Whether a function, or one that it leads to, asks a provider for something that costs or moves money, or writes an order."""
        near = [fn, *(c for c in self.model.reach.callees(fn))]
        near += [later for c in near[1:] for later in self.model.reach.callees(c)]
        closure = self.model.reach.around(list(dict.fromkeys(near)))
        if any(isinstance(k.thing, Operation) and k.provider.kind == "payment" for _, _, k in closure.operations):
            return True
        rows = ((f, i) for f in closure.functions for i, op in enumerate(self.model.program.body(f).op) if op in (Op.CALL, Op.SET_FIELD))
        touched = (t for f, i in rows if (t := self.model.records.touch(f, i, None)) is not None)
        return any(t.writes and self.model.words.entity(t.entity) for t in touched)

    def _claims(self, fn: Fn, key: str, write: Touch) -> bool:
        """Whether key and function speak of keeping payment work from running twice, and what is kept is a mark and no data."""
        said = _snake(f"{key} {self.model.program.qualified(fn)}")
        about = _ABOUT.search(said) is not None or (self.model.vocabulary.paying(fn) and self._pays(fn))
        about = about or _ANY_REQUEST.search(said) is not None  # a key that customers send with whatever they order
        if not _LOCKS.search(said) or not about:
            return False
        arguments = self.model.program.body(fn).call(write.instr)[1]
        value = self.model.evaluator.value(fn, arguments[1][1]) if len(arguments) > 1 else None
        return value is not None and any(_is_mark(o) for o in options(self._as_written(value)))

    def _as_written(self, value: Value) -> Value:
        """What is put into a text to be kept: the record of ``JSON.stringify({ status: "running" })``."""
        if isinstance(value, Result) and value.instr >= 0 and any(n in _TEXTS for n in names(value.callee)):
            return next((v for _, v in self.model.evaluator.arguments(value)[:1]), value)
        return value

    def _decides(self, fn: Fn, read: Touch, write: Touch) -> bool:
        """Whether the mark is set only on a branch on what was read."""
        body = self.model.program.body(fn)
        found = [f.instr for f in self.model.effects.facts(fn).at(write.instr) if isinstance(f, Condition)]
        return any(self._rests_on(fn, i, read, 0) for i in found) or any(
            body.op[b.end - 1] == Op.BRANCH and self._rests_on(fn, body.args(b.end - 1)[0], read, 0)
            for b in body.blocks
            if b.end > b.start and read.instr < b.end - 1 < write.instr
        )

    def _rests_on(self, fn: Fn, i: int, read: Touch, depth: int) -> bool:
        body = self.model.program.body(fn)
        if i < 0 or depth > 5:
            return False
        if i == read.instr:
            return True
        op, args = body.op[i], body.args(i)
        if op == Op.NAME:
            stores = self.model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
            return any(self._rests_on(fn, body.args(s)[1], read, depth + 1) for s in stores)
        if op == Op.CALL:
            return any(self._rests_on(fn, v, read, depth + 1) for _, v in body.call(i)[1])
        below = args[1:] if op in (Op.BINARY, Op.UNARY, Op.CHOICE) else args[:1] if op == Op.AWAIT else []
        return any(self._rests_on(fn, b, read, depth + 1) for b in below)


def _is_mark(value: Value) -> bool:
    if isinstance(value, (Const, Missing)):
        return True
    if isinstance(value, Record):  # `{ status: "in_progress", since: Date.now() }`
        return bool(value.entries) and all(_is_mark(o) for _, v in value.entries for o in options(v))
    if isinstance(value, Result):
        return any(re.search(r"(^|\.)(time|now|uniqid|uuid\w*|microtime|str)(\(\))?$", n, re.IGNORECASE) for n in names(value.callee))
    return isinstance(value, Member) and value.name.lower() in ("id", "now")


def _entries(value: Value) -> list[tuple[str, Value]]:
    return [(k, v) for o in options(value) if isinstance(o, Record) for k, v in o.entries if k]


def _unit(name: str) -> float:
    return float(_UNITS.get(name.lower().removesuffix("s"), 0))


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _number(text: str) -> float | None:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return None


def _snake(text: str) -> str:
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)).lower()
