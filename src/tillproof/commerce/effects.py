"""What an entry point does, in order: each effect with the calls that lead to it and what is certain when it happens."""

import re
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.records import Touch
from tillproof.flow.common_names import REGISTERING
from tillproof.flow.facts import Fact, Facts
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, FunctionV, options
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST = 240
_DEEPEST = 8
_CONTEXTS = 6
_BRANCHES = 6
_MARK = re.compile(
    r"processed|handled|notified|sent|fulfil|complet|done|used|consumed|claimed|active|locked|(_at|At|_on|_id|Id)$", re.IGNORECASE
)
_FIELDS = ("status_fields", "paid_fields", "stock_fields")
_TOLD = ("mail", "job", "event", "user.write", "file.write")


class Place(NamedTuple):
    """An instruction of a function in a context."""

    fn: Fn
    instr: int
    ctx: Ctx | None


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect. ``kind``: a record's (``create``, ``write``, ``upsert``, ``delete``, ``flush``), a provider's operation
    (``refund.create``), ``mail``, ``job``, ``event``, ``fulfil``. ``touch``: what it does to records, if it is one on records.
    ``operation``: what it asks of a provider. ``certain``: the receiver is known."""

    kind: str
    fn: Fn
    instr: int
    ctx: Ctx | None
    touch: Touch | None
    certain: bool
    operation: Operation | None = None

    @property
    def place(self) -> Place:
        return Place(self.fn, self.instr, self.ctx)

    def way(self) -> list[Place]:
        """The calls that lead to it, the effect itself first and the one in the entry point last."""
        out = [self.place]
        for ctx in self.ctx.chain() if self.ctx else ():
            if ctx.call >= 0:
                out.append(Place(ctx.caller, ctx.call, ctx.parent))
        return out


class Held(NamedTuple):
    """A fact at a place on the way to an effect."""

    fact: Fact
    fn: Fn
    ctx: Ctx | None


class Effects:
    """Effects by entry point; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._facts: dict[Fn, Facts] = {}
        self._entries: dict[tuple[Fn, int], list[Effect]] = {}
        self._acts: dict[Fn, bool] = {}
        self._own: dict[Fn, list[int]] = {}

    def of(self, target: FunctionV) -> list[Effect]:
        """All effects behind a function that is called from outside, near ones first to be looked for, in the order in which they happen.

        Functions are entered once per call that leads to them, a few times at most, and only where something lies behind them.
        """
        ctx = self.model.evaluator.entry_context(target)
        key = (target.fn, id(ctx))
        if key not in self._entries:
            found: list[Effect] = []
            waiting = deque([(target.fn, ctx, 0)])
            entered: Counter[Fn] = Counter()
            while waiting and entered.total() < _MOST:
                fn, here, depth = waiting.popleft()
                entered[fn] += 1
                live = self.model.evaluator.defuse(fn, here)
                body = self.model.program.body(fn)
                for i in self._telling(fn):
                    if live.block_of[i] in live.dead:
                        continue
                    effect = self.at(fn, i, here)
                    if effect is not None:
                        found.append(effect)
                    if depth < _DEEPEST and body.op[i] == Op.CALL:
                        for inner, handed in self._targets(fn, i, here):
                            if entered[inner.fn] < _CONTEXTS and not self._recursive(inner.fn, fn, here) and self.acts(inner.fn):
                                waiting.append((inner.fn, self.model.evaluator.context(inner, fn, i, here, callback=handed), depth + 1))
            kept = {self._once(e): e for e in reversed(found)}
            self._entries[key] = sorted(kept.values(), key=_order)
        return self._entries[key]

    def _once(self, effect: Effect) -> tuple[tuple[Fn, int], ...]:
        """The way to an effect, up to the first function that is written where it is used: how that one is called makes no difference."""
        out: list[tuple[Fn, int]] = []
        for place in effect.way():
            out.append((place.fn, place.instr))
            parent = self.model.program.parent(place.fn)
            if parent is not None and parent.number != TOP:
                break
        return tuple(out)

    def _telling(self, fn: Fn) -> list[int]:
        """The instructions of a function that may be an effect or lead to one."""
        if fn not in self._own:
            body = self.model.program.body(fn)
            self._own[fn] = [i for i, op in enumerate(body.op) if op in (Op.CALL, Op.SET_FIELD)]
        return self._own[fn]

    def _recursive(self, target: Fn, fn: Fn, ctx: Ctx | None) -> bool:
        return target == fn or any(c.fn == target or c.caller == target for c in (ctx.chain() if ctx else ()))

    def _targets(self, fn: Fn, i: int, ctx: Ctx | None) -> list[tuple[FunctionV, bool]]:
        """The functions of ours that a call lands in, and those that are handed to it (then true)."""
        evaluator = self.model.evaluator
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        value = evaluator.value(fn, callee, ctx)
        out: dict[Fn, tuple[FunctionV, bool]] = {}
        for option in options(value)[:_BRANCHES]:
            if isinstance(option, FunctionV):
                out.setdefault(option.fn, (option, False))
        if not out:
            named = evaluator.scope.by_name(value, self.model.program.language(fn.file))
            named = [o for o in named if not self._recursive(o.fn, fn, ctx)]
            if len(named) == 1 or self._one_family(named):
                out.update({o.fn: (o, False) for o in named})
        if body.op[callee] in (Op.NAME, Op.FIELD) and body.name(callee).rpartition(".")[2] in REGISTERING:
            return list(out.values())  # told to run some other time
        for _, argument in arguments:
            if body.op[argument] == Op.FUNCTION or (not out and body.op[argument] in (Op.NAME, Op.FIELD)):
                for option in options(evaluator.value(fn, argument, ctx)):
                    if isinstance(option, FunctionV):
                        out.setdefault(option.fn, (option, True))
        return list(out.values())

    def _one_family(self, named: list[FunctionV]) -> bool:
        """Whether methods of one name override each other: their classes have a base of ours in common."""
        scope, owners = self.model.evaluator.scope, [self.model.program.owner(o.fn) for o in named]
        lineages = [set(scope.lineage(owner)) for owner in owners if owner is not None]
        return bool(lineages) and bool(set.intersection(*lineages))

    def acts(self, fn: Fn) -> bool:
        """Whether anything that a function may call does something."""
        known = self._acts.get(fn)
        if known is not None:
            return known
        seen: dict[Fn, None] = {fn: None}
        waiting = deque([fn])
        hit = False
        while waiting and not hit:
            here = waiting.popleft()
            hit = self._acts.get(here) is True or len(seen) > _MOST or self._does(here)
            for callee in () if hit else self.model.reach.callees(here):
                if callee not in seen and self._acts.get(callee) is not False:
                    seen[callee] = None
                    waiting.append(callee)
        self._acts.update({fn: True} if hit else dict.fromkeys(seen, False))
        return hit

    def _does(self, fn: Fn) -> bool:
        """Whether a function itself does something, or calls what only its caller knows."""
        body = self.model.program.body(fn)
        params = {p.name for p in body.params}
        for i in self._telling(fn):
            callee = body.args(i)[0]
            if body.op[i] == Op.CALL and body.op[callee] not in (Op.NAME, Op.FIELD):
                return True
            if body.op[i] == Op.CALL and body.op[callee] == Op.NAME and body.name(callee) in (*params, "getattr"):
                return True
            if self.at(fn, i, None) is not None:
                return True
        return False

    def at(self, fn: Fn, i: int, ctx: Ctx | None) -> Effect | None:
        """The effect that an instruction is, in a context."""
        model = self.model
        op = model.program.body(fn).op[i]
        if op == Op.SET_FIELD:
            return Effect("write", fn, i, ctx, touch, True) if self._tells(fn, i) and (touch := model.records.touch(fn, i, ctx)) else None
        if op != Op.CALL:
            return None
        known = model.operations.at(fn, i, ctx)
        if known is not None:
            return Effect(known.thing.op, fn, i, ctx, None, known.certain, known.thing) if isinstance(known.thing, Operation) else None
        got = model.recogniser.effect(fn, i, ctx)
        if got is not None and (model.recogniser.is_("inert", fn, i, ctx) or model.recogniser.is_("answers", fn, i, ctx)):
            return None
        if got is not None and got[0].effect in _TOLD:
            return Effect(got[0].effect, fn, i, ctx, None, True) if got[1] else None
        touch = model.records.touch(fn, i, ctx)
        if touch is not None and touch.kind != "read" and ((got is not None and got[1]) or self._speaks(touch)):
            return Effect(touch.kind, fn, i, ctx, touch, got is None or got[1])
        body = model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] in (Op.FIELD, Op.NAME) and not model.recogniser.is_ours(fn, i, ctx):
            name = body.name(callee).rpartition(".")[2]
            if model.words.fulfils(name):
                return Effect("fulfil", fn, i, ctx, None, False)
        return None

    def _tells(self, fn: Fn, i: int) -> bool:
        """Whether a field that is set is one of those that reviews are about: a status, a mark that something was done, stock, an amount."""
        body = self.model.program.body(fn)
        words, name = self.model.words, body.name(i)
        const = body.const(body.args(i)[2])
        marks = (const is not None and const[0] == Kind.BOOL) or _MARK.search(name) is not None
        return marks or any(words.has(kind, name) for kind in _FIELDS) or words.money(name)

    def _speaks(self, touch: Touch) -> bool:
        """Whether what may be a touch of records is about an order, stock or the like."""
        words = self.model.words
        return (
            words.entity(touch.entity)
            or words.has("stock_fields", touch.entity)
            or any(words.has(kind, name) for kind in _FIELDS for name in touch.fields)
        )

    def facts(self, fn: Fn) -> Facts:
        """What is certain at each instruction of a function."""
        if fn not in self._facts:
            self._facts[fn] = Facts(self.model.program.body(fn), lambda i: self.model.recogniser.is_("exits", fn, i) is not None)
        return self._facts[fn]

    def held(self, effect: Effect) -> list[Held]:
        """What is certain when an effect happens: in its own function, and at each call on the way to it."""
        return [Held(f, place.fn, place.ctx) for place in effect.way() for f in self.facts(place.fn).at(place.instr)]


def _order(effect: Effect) -> tuple[int, ...]:
    """Effects in the order in which an entry point comes to them."""
    return tuple(place.instr for place in reversed(effect.way()))
