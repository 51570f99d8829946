"""What an entry point does, in order: each effect with the calls that lead to it and what is certain when it happens."""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.bound_values import keeps_prepared
from tillproof.commerce.callees import makes
from tillproof.commerce.effect_targets import Targets, recursive
from tillproof.commerce.leaving import Leaving
from tillproof.commerce.lent_rows import lends_rows
from tillproof.commerce.lexicon import counts
from tillproof.commerce.named_fields import grows, sets_named
from tillproof.commerce.recognise import Known
from tillproof.commerce.records import Records
from tillproof.commerce.touches import Touch
from tillproof.commerce.wrapped_calls import wrapped_calls
from tillproof.flow.called_back import executor
from tillproof.flow.common_names import COMMON_METHODS
from tillproof.flow.facts import Fact, Facts
from tillproof.flow.fixed import NOTHING, OBJECT
from tillproof.flow.left_open import is_left_open
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, External, FunctionV, Instance, Param, Unknown, leaves, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST = 240
_DEEPEST = 8
_CONTEXTS = 6
_STATEMENTS = 24
_ON_EACH_WAY = 2
_MARK = re.compile(
    r"processed|handled|notified|sent|fulfil|complet|done|used|consumed|claimed|active|locked|balance|credit|points|tokens"
    r"|(_at|At|_on|_id|Id)$",
    re.IGNORECASE,
)
_FIELDS = ("status_fields", "paid_fields", "state_fields", "stock_fields")
_BUILDS = ("values", "update", "insert", "delete")
_EXECUTES = ("execute", "scalar", "scalars")
NAMED = "fields"  # of a plan: fields that are set by their names, which only the caller may know
TOLD = "sql"  # of a plan: a statement is run that only the caller knows
LENT = "rows"  # of a plan: rows of a table that only the caller, or the class derived from this one, knows
OTHER = "other"  # of a provider's operation: one call serves all, and what it is told says which
_TOLD = ("mail", "job", "event", "user.write", "file.write")


class Plain(NamedTuple):
    """What an effect is, whatever the caller."""

    kind: str
    certain: bool
    operation: Operation | None
    touches: bool


class Place(NamedTuple):
    """An instruction of a function in a context."""

    fn: Fn
    instr: int
    ctx: Ctx | None


def way_to(place: Place) -> tuple[Place, ...]:
    """A place and the calls that lead to it, the one in the entry point last."""
    above = (c for c in (place.ctx.chain() if place.ctx else ()) if c.call >= 0)
    return (place, *(Place(c.caller, c.call, c.parent) for c in above))


class Effect:
    """One effect. ``kind``: a record's (``create``, ``write``, ``upsert``, ``delete``, ``flush``), a provider's operation
    (``refund.create``), ``mail``, ``job``, ``event``, ``fulfil``. ``operation``: what it asks of a provider. ``certain``: the receiver is
    known."""

    def __init__(self, plain: "Plain", fn: Fn, instr: int, ctx: Ctx | None, records: Records) -> None:
        self.kind, self.certain, self.operation, self.touches = plain
        self.fn, self.instr, self.ctx = fn, instr, ctx
        self._records = records

    @cached_property
    def touch(self) -> Touch | None:
        """What it does to records, with the values of its context; None when it does nothing to them."""
        return self._records.touch(self.fn, self.instr, self.ctx) if self.touches else None

    @property
    def place(self) -> Place:
        return Place(self.fn, self.instr, self.ctx)

    @cached_property
    def way(self) -> tuple[Place, ...]:
        """The calls that lead to it, the effect itself first and the one in the entry point last."""
        return way_to(self.place)


class Held(NamedTuple):
    """A fact at a place on the way to an effect."""

    fact: Fact
    fn: Fn
    ctx: Ctx | None


class Step(NamedTuple):
    """A line of a function's plan: the effect that an instruction is, and where its call leads; ``targets`` is None where only the caller's
    values tell."""

    instr: int
    effect: Plain | None
    targets: tuple[tuple[FunctionV, bool], ...] | None


class Effects:
    """Effects by entry point; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._facts: dict[Fn, Facts] = {}
        self._leaving = Leaving(model, self.facts)
        self._targets = Targets(model, self.acts)
        self._entries: dict[tuple[Fn, int], list[Effect]] = {}
        self._acts: dict[Fn, bool] = {}
        self._plans: dict[Fn, list[Step]] = {}
        self._plain: dict[tuple[Fn, int], Plain | None] = {}
        self._asks: dict[Fn, bool] = {}

    def of(self, target: FunctionV) -> list[Effect]:
        """All effects behind a function that is called from outside, near ones first to be looked for, in the order in which they happen.

        Functions are entered once per call that leads to them, a few times at most, and only where something lies behind them. What many
        ways share is entered on each of those that part in the entry point itself: one for every kind of message.
        """
        ctx = self.model.evaluator.entry_context(target)
        key = (target.fn, id(ctx))
        if key not in self._entries:
            found: list[Effect] = []
            waiting = deque([(target.fn, ctx, 0, -1)])
            entered: Counter[Fn] = Counter()
            on_way: Counter[tuple[Fn, int]] = Counter()
            total = 0
            while waiting and total < _MOST:
                fn, here, depth, way = waiting.popleft()
                plan = self._plan(fn)
                if not plan or (entered[fn] >= self._most_contexts(plan) and on_way[fn, way] >= _ON_EACH_WAY):
                    continue
                entered[fn] += 1
                on_way[fn, way] += 1
                total += 1
                live = self.model.evaluator.defuse(fn, here if self._asks_its_caller(fn) or self._runs_job(here) else None)
                heard = here if here is not None and here.callback and self.model.record_methods.hears(fn) else None
                for step in plan:
                    if live.block_of[step.instr] in live.dead:
                        continue
                    if heard is not None and self.model.record_methods.never_here(self.facts(fn).at(step.instr), heard):
                        continue
                    own = self._targets.by_caller(fn, step.instr, here) if step.effect is not None else []
                    plain = self._in_context(step.effect, fn, step.instr, here) if step.effect is not None and not own else None
                    if plain is not None:
                        found.append(Effect(plain, fn, step.instr, here, self.model.records))
                    if depth < _DEEPEST:
                        for inner, handed in own or self._reached(step, fn, here):
                            if not recursive(inner.fn, fn, here) and self.acts(inner.fn):
                                below = self.model.evaluator.context(inner, fn, step.instr, here, callback=handed)
                                waiting.append((inner.fn, below, depth + 1, way if depth else step.instr))
            kept = {self._once(e): e for e in reversed(found)}
            self._entries[key] = sorted(kept.values(), key=_order)
        return self._entries[key]

    def _most_contexts(self, plan: list[Step]) -> int:
        """How often a function is entered: one that runs its callers' statements does another thing each time."""
        return _STATEMENTS if any(step.effect is not None and step.effect.kind == TOLD for step in plan) else _CONTEXTS

    def _reached(self, step: Step, fn: Fn, ctx: Ctx | None) -> Iterable[tuple[FunctionV, bool]]:
        """Where a line of a plan leads in a context: a method that a base class calls on itself is the derived class's own."""
        if step.targets is None or (step.targets and self._on_derived(fn, step.instr, ctx)):
            return self._targets.of(fn, step.instr, ctx)
        return step.targets

    def _on_derived(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call is one on the object itself, or on what it holds, and that is of a class derived from the one whose method this
        is: ``self.capture()``, ``self.processor.capture()``, ``gateway = this.gateway(order)`` and ``gateway.capture()``."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if ctx is None or body.op[callee] != Op.FIELD:
            return False
        holder = body.args(callee)[0]
        around = self.model.program.parent(fn) if ctx.callback else None
        if not isinstance(ctx.this, Instance) or ctx.this.cls == self.model.program.owner(around or fn):
            return False
        if around is not None and body.op[holder] == Op.NAME:  # kept before by the method around it: `handler = this.handlers.get(kind)`
            outer = self.model.evaluator.frame(around)
            return any(outer.fixed.hangs_on(store) != NOTHING for store in outer.flow.stores.get(body.name(holder), ()))
        while body.op[holder] in (Op.FIELD, Op.CALL):
            holder = body.args(holder)[0]
        itself = body.op[holder] == Op.NAME and body.name(holder) in ("self", "this")
        return itself or self.model.evaluator.frame(fn).fixed.hangs_on(callee) == OBJECT

    def _in_context(self, plain: Plain, fn: Fn, i: int, ctx: Ctx | None) -> Plain | None:
        """An effect as its caller makes it: what a shared client asks for hangs on what it is told, and may be nothing that is known;
        which fields are set by their names, too."""
        if plain.kind == NAMED:
            touch = self.model.records.touch(fn, i, ctx)
            return Plain("write", True, None, True) if touch is not None and touch.fields else None
        if plain.kind == LENT:
            touch = self.model.records.touch(fn, i, ctx)
            return Plain(touch.kind, plain.certain, None, True) if touch is not None and touch.writes and self._speaks(touch) else None
        if plain.kind == TOLD:
            touch = self.model.records.touch(fn, i, ctx)
            return Plain(touch.kind, plain.certain, None, True) if touch is not None and touch.kind != "read" else None
        if plain.operation is None or ctx is None:
            return plain
        request = self.model.http.request(fn, i)
        told = plain.kind == OTHER or bool(plain.operation.says)
        if not told and (request is None or not request.parametric):
            return plain
        known = self.model.operations.at(fn, i, ctx) or self._wrapped.get((fn, i))
        if known is None or not isinstance(known.thing, Operation):
            return None
        return Plain(known.thing.op, known.certain, known.thing, False)

    def _plan(self, fn: Fn) -> list[Step]:
        """What of a function may matter: made once."""
        if fn not in self._plans:
            body = self.model.program.body(fn)
            plan = []
            for i, op in enumerate(body.op):
                if op not in (Op.CALL, Op.NEW, Op.SET_FIELD):
                    continue
                effect = self.plain(fn, i)
                targets: tuple[tuple[FunctionV, bool], ...] | None = ()
                if op == Op.CALL:
                    targets = tuple(t for t in self._targets.of(fn, i, None) if self.acts(t[0].fn))
                    hung = self.model.handovers.hands_on(fn, i) or is_left_open(self.model.evaluator.scope, fn, i)
                    if hung or (not targets and self._is_dynamic(fn, i)):
                        targets = None
                elif op == Op.NEW and (made := executor(self.model.evaluator, fn, i, None)) is not None and self.acts(made.fn):
                    targets = ((made, True),)
                if effect is not None or targets is None or targets:
                    plan.append(Step(i, effect, targets))
            self._plans[fn] = plan
        return self._plans[fn]

    def _is_dynamic(self, fn: Fn, i: int) -> bool:
        """Whether only a caller's values can tell where a call leads: a parameter is called, or a method of one that ours have too."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] not in (Op.NAME, Op.FIELD) or self.model.handovers.hands_on(fn, i):
            return True
        name = body.name(callee)
        if body.op[callee] == Op.NAME:
            return name == "getattr" or self._is_handed(fn, callee)
        methods = self.model.program.functions_by_name
        return name in methods and len(name) > 3 and name.lower() not in COMMON_METHODS and self._is_handed(fn, callee)

    def _is_handed(self, fn: Fn, i: int) -> bool:
        """Whether a value hangs on a parameter, or on something that is looked up by name."""
        here = self.model.evaluator.value(fn, i)
        return all(
            any(isinstance(leaf, (Param, Unknown)) or (isinstance(leaf, External) and leaf.name == "getattr") for leaf in leaves(one, 40))
            for one in options(here)
        )

    def _asks_its_caller(self, fn: Fn) -> bool:
        """Whether a branch of a function hangs on what its caller hands over as a constant."""
        if fn not in self._asks:
            body = self.model.program.body(fn)
            names = {p.name for p in body.params}
            asked = (body.args(b.end - 1)[0] for b in body.blocks if b.end > b.start and body.op[b.end - 1] == Op.BRANCH)
            self._asks[fn] = bool(names) and any(self._names_one(body, i, names, 0) for i in asked)
        return self._asks[fn]

    def _runs_job(self, ctx: Ctx | None) -> bool:
        """Whether a function is entered for a job, of which its caller says what it is called: ``if (job.name === 'paid')``."""
        return ctx is not None and ctx.callback and ctx.call >= 0 and self.model.queued.is_queued(ctx.caller, ctx.call)

    def _names_one(self, body: Body, i: int, names: set[str], depth: int) -> bool:
        op, args = body.op[i], body.args(i)
        if depth > 3:
            return False
        if op == Op.NAME:
            return body.name(i) in names
        below = args[1:] if op in (Op.UNARY, Op.BINARY) else [v for _, v in body.call(i)[1]] if op == Op.CALL else []
        return any(self._names_one(body, b, names, depth + 1) for b in below)

    def _once(self, effect: Effect) -> tuple[tuple[Fn, int], ...]:
        """The way to an effect, but for how a function is called that is written where it is used: what runs it, ``transaction(() => …)``,
        makes no difference, the calls of the function around it do, since they say what it holds."""
        out: list[tuple[Fn, int]] = []
        around: Fn | None = None
        for place in effect.way:
            if around is None or place.fn == around:
                out.append((place.fn, place.instr))
                parent = self.model.program.parent(place.fn)
                around = parent if parent is not None and parent.number != TOP else None
        return tuple(out)

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
            for callee in () if hit else (*self.model.reach.callees(here), *self.model.handovers.of(here)):
                if callee not in seen and self._acts.get(callee) is not False:
                    seen[callee] = None
                    waiting.append(callee)
        self._acts.update({fn: True} if hit else dict.fromkeys(seen, False))
        return hit

    def _does(self, fn: Fn) -> bool:
        """Whether a function itself does something, or calls what only its caller knows."""
        body = self.model.program.body(fn)
        params = {p.name for p in body.params}
        for i, op in enumerate(body.op):
            if op == Op.CALL:
                callee = body.args(i)[0]
                if body.op[callee] not in (Op.NAME, Op.FIELD) or is_left_open(self.model.evaluator.scope, fn, i):
                    return True
                named = body.op[callee] == Op.NAME and body.name(callee) in (*params, "getattr")
                if named or (params and self.model.handovers.hands_on(fn, i)):
                    return True
            if op in (Op.CALL, Op.NEW, Op.SET_FIELD) and self.plain(fn, i) is not None:
                return True
        return False

    @cached_property
    def _wrapped(self) -> dict[tuple[Fn, int], Known]:
        return wrapped_calls(self.model)

    def plain(self, fn: Fn, i: int) -> Plain | None:
        """The effect that an instruction is, whatever the caller."""
        key = (fn, i)
        if key not in self._plain:
            self._plain[key] = None
            self._plain[key] = self._find(fn, i)
        return self._plain[key]

    def known(self, fn: Fn, i: int) -> Known | None:
        """What packs know of a call: a provider's operation or proof, also where a wrapper of ours asks for it."""
        return self.model.operations.at(fn, i) or self._wrapped.get((fn, i))

    def _find(self, fn: Fn, i: int) -> Plain | None:
        model = self.model
        body = model.program.body(fn)
        if body.op[i] == Op.SET_FIELD:
            return Plain("write", True, None, True) if self._tells(fn, i) or self._counts_goods(fn, i) else None
        known = self.known(fn, i)
        if known is not None:
            return Plain(known.thing.op, known.certain, known.thing, False) if isinstance(known.thing, Operation) else None
        if body.op[i] == Op.NEW:
            return None  # an object is made; only one that stands for a request to a provider does anything
        got = model.recogniser.effect(fn, i)
        sure = got is not None and got[1] and bool(got[0].receivers)  # `record.write(…)`, and no answer's `write`
        if got is not None and not sure and (model.recogniser.is_("inert", fn, i) or model.recogniser.is_("answers", fn, i)):
            return None
        if got is not None and got[0].effect in _TOLD:
            return Plain(got[0].effect, True, None, False) if got[1] else None
        if sets_named(body, i):
            return Plain(NAMED, True, None, True)
        if next(model.inherited.targets(fn, i, None), None) is not None:
            return None  # what it does is done in the method of ours that it runs
        touch = model.records.touch(fn, i, None) if not self._is_executed(fn, i) else None
        if touch is not None and touch.effect == "cache" and touch.kind != "read":
            return Plain(touch.kind, True, None, True)
        if touch is not None and touch.kind != "read" and ((got is not None and got[1]) or self._speaks(touch)):
            return Plain(touch.kind, got is None or got[1], None, True)
        if touch is None and ((got is not None and got[0].effect == "sql") or keeps_prepared(model, fn, i)) and self._is_told(fn, i):
            return Plain(TOLD, got is None or got[1], None, True)
        if touch is not None and touch.writes and got is not None and lends_rows(model, fn, i):
            return Plain(LENT, got[1], None, True)
        return self._by_its_name(fn, i) or (Plain("mail", True, None, False) if got is None and self._writes_to_people(fn, i) else None)

    def _by_its_name(self, fn: Fn, i: int) -> Plain | None:
        """A function of others that is called as one that hands goods over."""
        body, recogniser = self.model.program.body(fn), self.model.recogniser
        callee = body.args(i)[0]
        if body.op[callee] in (Op.FIELD, Op.NAME) and not recogniser.is_ours(fn, i, None):
            name = body.name(callee).rpartition(".")[2]
            if self.model.words.fulfils(name) and not self._is_followed(fn, i) and not recogniser.of_sdk(fn, i):
                made = recogniser.is_missing(fn, i) or makes(self.model.evaluator.value(fn, callee))
                return None if made else Plain("fulfil", False, None, False)
        return None

    def _writes_to_people(self, fn: Fn, i: int) -> bool:
        """Whether a call asks a service that sends mails and messages to send one, by a request of its own."""
        request = self.model.http.request(fn, i)
        if request is None or request.method != "POST":
            return False
        provider = self.model.http.provider(request)
        return provider is not None and provider.kind == "notification"

    def _is_told(self, fn: Fn, i: int) -> bool:
        """Whether the statement that a call runs is handed to its function: ``def run(query): cursor.execute(query)``."""
        given = [self.model.evaluator.value(fn, v) for _, v in self.model.program.body(fn).call(i)[1][:2]]
        return any(isinstance(leaf, Param) for value in given for leaf in leaves(value, 40))

    def runs_told(self, fn: Fn, i: int) -> bool:
        """Whether a call runs a statement that only the callers of its function know."""
        plain = self.plain(fn, i)
        return plain is not None and plain.kind == TOLD

    def runs_for(self, fn: Fn, i: int, ctx: Ctx | None = None, levels: int = 1) -> Iterator[Place]:
        """Where functions of ours run the statement that a call hands to them: ``db.query("UPDATE …", [n])``."""
        for inner, handed in self._targets.of(fn, i, ctx):
            below = self.model.evaluator.context(inner, fn, i, ctx, callback=handed)
            for step in self._plan(inner.fn):
                if step.effect is not None and step.effect.kind == TOLD:
                    yield Place(inner.fn, step.instr, below)
                elif levels and step.targets:
                    yield from self.runs_for(inner.fn, step.instr, below, levels - 1)

    def _is_followed(self, fn: Fn, i: int) -> bool:
        """Whether a call is followed into a method of ours by its name alone: what it does counts, not how it is called."""
        return any(not handed and self.acts(target.fn) for target, handed in self._targets.of(fn, i, None) if target.fn != fn)

    def _is_executed(self, fn: Fn, i: int) -> bool:
        """Whether a call only builds a statement that another one executes, which is the effect then."""
        body = self.model.program.body(fn)
        if body.called(i).lower() not in _BUILDS:
            return False
        for j in range(i + 1, len(body.op)):
            if body.op[j] != Op.CALL or body.called(j).lower() not in _EXECUTES or not (given := body.call(j)[1]):
                continue
            if any(link.call == i for link in self.model.records.chains.of(fn, given[0][1], None).calls()):
                return self.model.records.touch(fn, j, None) is not None
        return False

    def _tells(self, fn: Fn, i: int) -> bool:
        """Whether a field that is set is a record's and one that reviews are about: a status, a mark that something was done, an amount, a
        count that goes up."""
        body = self.model.program.body(fn)
        words, name = self.model.words, body.name(i).lstrip("_")
        const = body.const(body.args(i)[2])
        marks = (const is not None and const[0] == Kind.BOOL) or _MARK.search(name) is not None
        told = marks or any(words.has(kind, name) for kind in _FIELDS) or words.money(name) or grows(body, i)
        if not told and body.op[body.args(i)[2]] != Op.RECORD:
            return False
        touch = self.model.records.touch(fn, i, None)
        return touch is not None and (told or any(words.says_state(n) for n in touch.fields))  # `order.payment = {status: 'paid'}`

    def _counts_goods(self, fn: Fn, i: int) -> bool:
        """Whether a field that is set is stock by what it is a field of: ``quantity`` of a product, not of an order's line."""
        name = self.model.program.body(fn).name(i)
        if not counts(name):
            return False
        return (touch := self.model.records.touch(fn, i, None)) is not None and self.model.stock_writes.is_stock(touch.entity, name)

    def _speaks(self, touch: Touch) -> bool:
        """Whether what may be a touch of records is about an order, stock or the like."""
        words = self.model.words
        return (
            words.entity(touch.entity)
            or words.has("stock_fields", touch.entity)
            or any(words.has(kind, name) for kind in _FIELDS for name in touch.fields)
            or any(self.model.stock_writes.is_stock(touch.entity, name) for name in touch.relative)
        )

    def facts(self, fn: Fn) -> Facts:
        """What is certain at each instruction of a function."""
        if fn not in self._facts:
            ends, quiet = self._leaving.never_returns, self.model.quiet_calls.throw_nothing
            self._facts[fn] = Facts(self.model.program.body(fn), partial(ends, fn), partial(quiet, fn))
        return self._facts[fn]

    def never_returns(self, fn: Fn, i: int) -> bool:
        """Whether what stands behind a call is never reached by it."""
        return self._leaving.never_returns(fn, i)

    def held(self, effect: Effect) -> list[Held]:
        """What is certain when an effect happens: in its own function, at each call on the way to it, and where what stands before a
        function on the way hands on to it."""
        before = self.model.handing_on.before
        return [held for place in effect.way for held in (*self.held_at(place), *before(place.fn))]

    def held_at(self, place: Place) -> list[Held]:
        """What is certain in its own function when an instruction is run."""
        return [Held(f, place.fn, place.ctx) for f in self.facts(place.fn).at(place.instr)]


def _order(effect: Effect) -> tuple[int, ...]:
    """Effects in the order in which an entry point comes to them."""
    return tuple(place.instr for place in reversed(effect.way))
