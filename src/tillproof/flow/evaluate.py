"""Values on demand: what an expression may be, in a calling context.

Asking for the value of an instruction follows variables to the writes that reach them, members to the classes that hold them, names to
imports, and calls into the functions of the repository, as deep as ``MAX_DEPTH`` calls. Everything asked for is kept.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from tillproof.flow.alike import served_by_row
from tillproof.flow.by_path import through
from tillproof.flow.called_back import settled
from tillproof.flow.captured import Captured
from tillproof.flow.class_texts import class_told
from tillproof.flow.copied import Copied
from tillproof.flow.decorated import Decorated, task
from tillproof.flow.defuse import DefUse, Reach
from tillproof.flow.extracted import extracted
from tillproof.flow.filled import filled
from tillproof.flow.fixed import CALLER, NOTHING, THIS, Fixed
from tillproof.flow.found_by_name import members_chosen
from tillproof.flow.frames import Frame, Provisional
from tillproof.flow.given_before import within
from tillproof.flow.given_later import GivenLater
from tillproof.flow.hung import Hung
from tillproof.flow.injected import of_parameter
from tillproof.flow.inner_writes import with_inner_writes
from tillproof.flow.instructions import RULES
from tillproof.flow.lending import yielded
from tillproof.flow.maps import numbered
from tillproof.flow.members import instance_member, static_member
from tillproof.flow.modules import Modules
from tillproof.flow.outside import event_methods, from_outside, merged_element, merged_entry
from tillproof.flow.parameters import BY_OTHERS
from tillproof.flow.program import TOP, ClassId, Fn, Program
from tillproof.flow.properties import got_from, service_of_row
from tillproof.flow.registries import Registries
from tillproof.flow.scope import Scope
from tillproof.flow.told_paths import at_path
from tillproof.flow.truth import dead_blocks, truth
from tillproof.flow.unwired import hears_nothing, refers_to_nothing
from tillproof.flow.values import (
    NO_THIS,
    Choice,
    ClassV,
    Const,
    Ctx,
    Element,
    External,
    FunctionV,
    Instance,
    Member,
    Missing,
    ModuleV,
    ObjectKey,
    Overlay,
    Param,
    Place,
    Record,
    Result,
    Seq,
    Unknown,
    Value,
    choice,
    object_key,
    options,
    too_deep,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op

MAX_NESTING = 120
_MOST_WAYS = 16
Listening: TypeAlias = Callable[[Fn, int, Ctx | None], list[FunctionV]]


class Evaluator:
    """Answers ``value``. One per review; it keeps what it found."""

    def __init__(self, program: Program, modules: Modules) -> None:
        self.program = program
        self.scope = Scope(self, program, modules)
        self.hung = Hung(program)
        self.decorated = Decorated(self)
        self.given_later = GivenLater(self)
        self.captured = Captured(self)
        self.copied = Copied(self)
        self.registries = Registries(self)
        self._frames: dict[Fn, Frame] = {}
        self._foreign: dict[tuple[Fn, int], Frame] = {}
        self._of_object: dict[tuple[Fn, ObjectKey], Ctx] = {}
        self._provisional = Provisional()
        self._nesting = 0
        self.gives: dict[str, int] = {}
        """Plain functions of outside that return one of their arguments, by name, and which; -1 for the last of several."""
        self.supplies: dict[str, int] = {}  # calls that as a default say which function supplies a parameter, and at which argument
        self.named_classes: dict[str, int] = {}
        self.class_loaders: dict[str, str] = {}
        """Plain functions of outside that make an object of a class which is named to them, and where the name stands."""
        self.named_keys: tuple[str, ...] = ()
        """The keys under which a record keeps that name, where one is given in its place."""
        self.factories: dict[str, str] = {}
        """Ends of the names of factories that a framework writes itself, and the method by which they give an object."""
        self.events: frozenset[str] = frozenset()
        """The names of the events that a method may be named after, in lower case and without what parts their words."""
        self.event_methods: dict[ClassId, list[str]] = {}
        """The methods of a class that are named so."""
        self.tells: dict[str, int] = {}
        self.sends: frozenset[str] = frozenset()  # methods of Python's by which a signal runs its receivers
        self.carries: dict[str, str] = {}
        self.queued: Callable[[Param, str, Place], Value | None] = lambda *_: None
        """Plain functions of outside that set off functions of ours by a name, and where the name stands."""
        self.referring: frozenset[str] = frozenset()
        """The names of calls by which functions of ours may be run that a reference names."""
        self.referred: Callable[[Fn, int], FunctionV | None] = refers_to_nothing
        """The function that runs where a callee stands."""
        self.heard: Listening = hears_nothing
        self.answering: Listening = hears_nothing
        """The functions that a call sets off by the name that it tells, and those that have run for the message it hands over."""

    def frame(self, fn: Fn, ctx: Ctx | None = None) -> Frame:
        """A function in a context, or for any caller."""
        if ctx is None:
            found = self._frames.get(fn)
            if found is None:
                body = self.program.body(fn)
                fixed = Fixed(
                    body,
                    DefUse(body, body.unreached()),
                    partial(self._captures, fn),
                    partial(self.captured.adds, fn),
                    self.is_python_method(fn),
                )
                found = self._frames[fn] = Frame(fn, fixed, None)
            return found
        found = ctx.frame if ctx.fn == fn else self._foreign.get((fn, id(ctx)))
        if found is None:
            found = Frame(fn, self.frame(fn).fixed, ctx)
            if found.inside:
                ctx.frame = found
            else:
                self._foreign[fn, id(ctx)] = found
        return found

    def defuse(self, fn: Fn, ctx: Ctx | None = None) -> DefUse:
        """Reaching writes of a function; in a context, without the branches that its constants rule out."""
        return self._live(self.frame(fn, ctx))

    def _live(self, f: Frame) -> DefUse:
        """The reaching writes once it is known which branches the context leaves open; while that is being found out, all of them are."""
        provisional = self._provisional
        if f.live is None:
            f.live = f.flow
            deciding = f.fixed.deciding
            if deciding:
                before, provisional.seen = provisional.seen, 0
                provisional.begin(f)
                leaning = f.fixed.leaning if self.program.language(f.file) == "python" else {}  # who asks a member of None fails there
                dead = dead_blocks(f.body, deciding, leaning, lambda at: self.at(f, at))
                f.live = DefUse(f.body, dead) if dead else f.flow
                provisional.settle(before)
        elif provisional.pending:
            provisional.use(f)
        return f.live

    def truth(self, fn: Fn, i: int, ctx: Ctx | None) -> bool | None:
        """Whether a condition is certainly true or false in a context."""
        f = self.frame(fn, ctx)
        return truth(f.body, i, lambda at: self.at(f, at))

    def context(self, target: FunctionV, caller: Fn, call: int, parent: Ctx | None, callback: bool = False) -> Ctx:
        """The context of one call; the same call in the same context gives the same object."""
        return self._context(target, self.frame(caller, parent), call, callback)

    def _context(self, target: FunctionV, caller: Frame, call: int, callback: bool) -> Ctx:
        key = (call, target.fn, id(target.this), callback)
        found = caller.contexts.get(key)
        if found is None:
            outer = target.outer
            if outer is None and self.program.parent(target.fn) == caller.fn:
                outer = caller.ctx  # it is written where it is called, and sees what its function was given
            this = within(self, target.this, caller.fn, call, caller.ctx)
            found = caller.contexts[key] = Ctx(target.fn, caller.fn, call, caller.ctx, this, outer, callback)
        return found

    def _context_among(self, target: FunctionV, caller: Frame, call: int, callback: bool, ways: int) -> Ctx | None:
        """The context of a call that lands in one of several functions; none where the calls before it have chosen so often that those of
        each way could not be told apart in any reasonable time: a dozen classes of which each decorates any other."""
        chosen = ways * (caller.ctx.ways if caller.ctx is not None else 1)
        if ways > 1 and chosen > _MOST_WAYS:
            return None
        ctx = self._context(target, caller, call, callback)
        ctx.ways = chosen
        return ctx

    def entry_context(self, target: FunctionV) -> Ctx | None:
        """The context of a function that is called from outside, when it is bound to an object; of a member of a family, the call that
        chooses it, with what is handed over there."""
        if target.handed_on is not None:
            caller, call = target.handed_on
            return self.context(target, caller, call, None)
        return self.context(target, target.fn, -1, None) if target.this is not None else None

    # --- instructions

    def value(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Value:
        """The value of instruction ``i`` of a function, in a context or for any caller."""
        return self.at(self.frame(fn, ctx), i)

    def at(self, f: Frame, i: int) -> Value:
        """``value`` in a frame."""
        found = f.values.get(i)
        if found is None:
            return self._evaluate(f, i)
        if self._provisional.pending:
            self._provisional.reuse(f, i)
        return found

    def _evaluate(self, f: Frame, i: int) -> Value:
        body = f.body
        if not 0 <= i < len(body.op):
            return Missing((f.file, 1))
        at = (f.file, body.line[i])
        if self._nesting > MAX_NESTING:
            return Unknown(at, "the expression is nested too deeply")
        if f.inside and (shared := self._shared(f, i)) is not f:
            found = f.values[i] = self.at(shared, i)
            return found
        provisional = self._provisional
        before, provisional.seen = provisional.seen, 0
        f.values[i] = Unknown(at, "the value depends on itself")
        self._nesting += 1
        try:
            found = RULES[body.op[i]](self, f, i, body.args(i), at)
        finally:
            self._nesting -= 1
        f.values[i] = found
        if provisional.seen:
            provisional.note(f, i)
        provisional.seen |= before
        return found

    def _shared(self, f: Frame, i: int) -> Frame:
        """The frame that keeps a value for all contexts in which it is the same."""
        hangs_on = f.fixed.hangs_on(i)
        if hangs_on == NOTHING:
            return self.frame(f.fn)
        if hangs_on == CALLER or f.ctx is None or f.ctx.this is None:
            return f
        if f.own is None:
            key = object_key(f.ctx.this)
            ctx = self._of_object.setdefault((f.fn, key), Ctx(f.fn, f.fn, -1, None, f.ctx.this, None)) if key else f.ctx
            f.own = self.frame(f.fn, ctx)
        return f.own

    def is_python_method(self, fn: Fn) -> bool:
        """Whether a function is a method whose first parameter is the object."""
        return self.program.owner(fn) is not None and self.program.language(fn.file) == "python"

    # --- names

    def read(self, f: Frame, i: int, name: str, at: Place) -> Value:
        """A variable at a place."""
        if name in THIS and name not in f.flow.stores:
            return self.this(f, at)
        reach = self._reaching(f, i, name)
        if not reach.stores:
            own = f.body.op[i] == Op.NAME and f.body.names_function(i)
            made = extracted(self, f, i, name, at)
            value = made or (self.scope.function_name(f.file, name, at) if own else self.outer(f, name, at))
        elif len(reach.stores) == 1:
            value = self.at(f, reach.stores[0])
        else:
            value = choice(at, [self.at(f, s) for s in reach.stores])
        if reach.stores and (added := self.captured.after(f, i, name)):
            value = choice(at, [value, *added])
        inside = [*self.captured.inside(f, i, name), *filled(self, f, i, name)] if reach.stores else []
        if (reach.writes or inside) and not (isinstance(value, FunctionV) and self.program.language(f.file) == "python"):  # notes on it
            value = Overlay(at, value, (*(one for w in reach.writes for one in self.copied.written(f, w)), *inside))
        if reach.added or reach.below:
            value = with_inner_writes(self, f, value, reach, at)
        return value

    def _reaching(self, f: Frame, i: int, name: str) -> Reach:
        """The writes that reach a read. Branches that the context rules out matter only where there is more than one way to write."""
        reach = f.flow.reaching(i, name)
        if not f.inside or not reach.stores or not (len(reach.stores) > 1 or reach.entry or reach.writes or reach.added or reach.below):
            return reach
        live = self._live(f)
        return reach if live is f.flow else live.reaching(i, name)

    def _captures(self, fn: Fn, name: str) -> bool:
        """Whether a function around this one stores a name."""
        return any(name in self.frame(around).flow.stores for around in self.program.around(fn))

    def outer(self, f: Frame, name: str, at: Place) -> Value:
        """A name that the function does not store: captured from around it, or global."""
        parent = self.program.parent(f.fn)
        outer_ctx = f.ctx.outer if f.inside and f.ctx is not None else None
        while parent is not None and parent.number != TOP:
            stores = self.frame(parent).flow.stores.get(name)
            if stores:
                around = self.frame(parent, outer_ctx)
                return self.captured.by_others(around, name, f.fn, choice(at, [self.at(around, s) for s in stores]))
            parent, outer_ctx = self.program.parent(parent), outer_ctx.outer if outer_ctx else None
        return self.scope.global_name(f.file, name, at)

    def this(self, f: Frame, at: Place) -> Value:
        if f.inside and f.ctx is not None and f.ctx.this is not None:
            return f.ctx.this
        owner = self.program.method_class(f.fn)
        if owner is None and (keeper := self.hung.keeper(f.fn) or self.hung.record(f.fn)) is not None:
            return self.value(*keeper)
        if owner is None and f.fn.number == TOP and at[0] == f.file and self.program.language(f.file) == "php":
            owner = self.program.class_around(*at)  # `$kept = [self::TOKEN]`, among its members
        if owner is None and (maker := self.hung.maker(f.fn)) is not None:
            return Result(at, FunctionV(at, maker, None), Fn(f.file, TOP), -1, None, True)
        return Instance(at, owner) if owner else Unknown(at, NO_THIS)

    # --- members and elements

    def member(self, value: Value, name: str, at: tuple[str, int]) -> Value:
        """``value.name``"""
        if isinstance(value, Choice):
            return choice(at, [self.member(o, name, at) for o in value.options])
        if isinstance(value, ModuleV):
            return self.scope.exported(value.file, name, at)
        if isinstance(value, External):
            return self.scope.settings.kept(value.name, name, at) or External(at, f"{value.name}.{name}")
        if isinstance(value, ClassV):
            return static_member(self.scope, value, name, at)
        if (named := class_told(self, value, at)) is not None:
            return self.member(named, name, at)
        if isinstance(value, Instance):
            return instance_member(self.scope, value, name, at)
        if isinstance(value, (Record, Overlay)):
            return got_from(self.scope, self._keyed(value, name, at))
        if isinstance(value, FunctionV) and name in ("bind", "__func__", *BY_OTHERS):
            return value
        if isinstance(value, FunctionV) and name == "run" and self.program.language(value.fn.file) == "python":
            return task(self.program, value)
        if isinstance(value, Const) and (name == "value" or (name == "name" and value.kind == Kind.STRING)):
            return value  # of an enum's member: `Status::Paid->value`, `Status.PAID.value`, `Status::Paid->name`
        if isinstance(value, FunctionV):
            assigned = self.scope.exported(value.fn.file, name, at) if value.fn.number == TOP else None
            return assigned or Member(at, value, name)
        return self._of_unknown(value, name, at) or self.decorated.on(value, name) or Member(at, value, name)

    def _of_unknown(self, value: Value, name: str, at: tuple[str, int]) -> Value | None:
        """What is known of a member of a parameter, of what a call of outside gives, or of what hangs on one of these."""
        if isinstance(value, Param):
            return of_parameter(self, value, name, at)
        found = None
        if isinstance(value, Result):
            found = self.hung.on(value, name, at) or self._constructed(value, name) or self.scope.running(value, name, at)
        return found or (service_of_row(self.scope, value, name, at) if isinstance(value, (Result, Member, Element)) else None)

    def _constructed(self, value: Result, name: str) -> Value | None:
        """A field of an object that ``new`` has made of a plain function."""
        if (kept := self.hung.kept(value, name)) is None:
            return None
        made, given = kept
        return self.value(made.fn, given, self.context(made, value.fn, value.instr, value.ctx) if value.instr >= 0 else None)

    def _keyed(self, value: Record | Overlay, name: str, at: tuple[str, int], seen: dict[int, Value] | None = None) -> Value:
        """A member of what has keys. ``seen``: what is known of the records that others are spread from, each perhaps of many."""
        seen = {} if seen is None else seen
        if isinstance(value, Overlay):
            hits = [(v, certain) for k, v, certain in value.writes if k == name]
            merged = [self._within(v, name, at, seen) for k, v, _ in value.writes if k == "**"]
            if hits and hits[-1][1]:
                return hits[-1][0]
            under = self._within(value.base, name, at, seen)
            if isinstance(under, Member) and under.base is value.base and isinstance(value.base, Record):
                under = Member(at, value, name)  # a method of the record: what was written into it is there for that as well
            computed = [v for k, v, _ in value.writes if k is None] if isinstance(under, Missing) and not hits and not merged else []
            return choice(at, [*(v for v, _ in hits), *merged, *(computed or [under])])  # `order[field] = given`
        spread: list[Value] = []  # what may have the key, and goes before what has it by default: ``{ base: 'https://…', ...options }``
        for key, entry in reversed(value.entries):
            if key == name:
                return choice(at, [*spread, numbered(value, name, entry)])
            if key is None and not (isinstance(entry, Record) and not entry.entries):
                below = self._within(entry, name, at, seen)
                if not isinstance(below, Missing):
                    spread.append(below)
        if spread:
            return choice(at, spread)
        open_ended = any(k == "?" for k, _ in value.entries)
        return Member(at, value, name) if open_ended or name in ("length", "get", "items", "keys", "values") else Missing(at)

    def _within(self, value: Value, name: str, at: tuple[str, int], seen: dict[int, Value]) -> Value:
        """The member of a record that another one is made of."""
        if not isinstance(value, (Choice, Record, Overlay)):
            return self.member(value, name, at)
        if id(value) not in seen:
            if isinstance(value, Choice):
                seen[id(value)] = choice(at, [self._within(o, name, at, seen) for o in value.options])
            else:
                seen[id(value)] = self._keyed(value, name, at, seen)
        return seen[id(value)]

    def index(self, value: Value, key: Value, at: tuple[str, int]) -> Value:
        """``value[key]``"""
        if kept := self.registries.of(value):
            return choice(at, kept)
        if isinstance(key, Const):
            if isinstance(value, Seq) and key.kind == Kind.NUMBER and key.text.isdigit():
                number = int(key.text)
                return value.items[number] if number < len(value.items) else Unknown(at, "past the end of the list")
            if key.kind == Kind.STRING or isinstance(value, (Record, Overlay)):
                return self.member(value, key.text, at)
            if isinstance(value, Choice):
                return choice(at, [self.index(o, key, at) for o in value.options])
        if isinstance(value, Record) and not isinstance(key, Const):
            return choice(at, [v for _, v in value.entries]) if value.entries else Element(at, value, key)
        if (merged := merged_entry(self, value, key, at)) is not None:
            return merged
        if isinstance(key, Const):
            return Element(at, value, key)
        if isinstance(value, Choice) and any(isinstance(o, Record) and o.entries for o in value.options):
            return choice(at, [self.index(o, key, at) for o in value.options])  # of a table, or of what stands in its place
        return members_chosen(self, value, key, at) or event_methods(self, value, at) or Element(at, value, key)

    def element(self, value: Value, at: tuple[str, int]) -> Value:
        if isinstance(value, Choice):
            return choice(at, [self.element(o, at) for o in value.options])
        if isinstance(value, Seq) and value.items:
            return choice(at, list(value.items))
        if isinstance(value, Record) and value.entries:
            return choice(at, [v for _, v in value.entries])
        return merged_element(self, value, at) or Element(at, value, None)

    # --- calls

    def call(self, f: Frame, i: int, at: Place, new: bool) -> Value:
        body = f.body
        callee_i = body.args(i)[0]
        callee = self.at(f, callee_i)
        results: list[Value] = []
        bound = body.op[callee_i] == Op.FIELD and body.name(callee_i) == "bind"
        called = options(callee)
        if new:
            called = tuple(made for o in called for made in options(class_told(self, o, at) or o))
        ways = sum(isinstance(o, FunctionV) for o in called) if len(called) > 1 else 1
        for given in called:
            # a CommonJS module that is called exports one function or class
            option = self.scope.exported(given.file, "default", at) if isinstance(given, ModuleV) else given
            if isinstance(option, FunctionV) and bound:
                results.append(option)
            elif bound and isinstance(option, Member) and option.name == "bind" and isinstance(option.base, Member):
                results.append(option.base)  # `client.from.bind(client)`
            elif isinstance(option, ClassV):
                results.append(Instance(at, option.cls, (f.fn, i, f.ctx), known_as=option.known_as))
            elif new and isinstance(option, FunctionV) and self.hung.constructs(option.fn):
                results.append(Result(at, option, f.fn, i, f.ctx, True))
            elif isinstance(option, FunctionV):
                walked = at_path(self, self.program.name(option.fn), f, i, at)
                results.append(walked or through(self, option, f, i, at) or self._returned(option, f, i, ways=ways))
            elif new and isinstance(option, Instance):
                results.append(Instance(at, option.cls, (f.fn, i, f.ctx)))  # ``new static()``
            elif isinstance(option, Instance) and (run := self.scope.run_by_call(option)):
                results.append(self._returned(run[0], f, i))
            elif new and (kept := settled(self, f.fn, i, f.ctx, at)) is not None:
                results.append(kept)
            elif (private := self._private(option, f)) is not None:
                results.append(self._returned(private, f, i))
            elif (served := served_by_row(self.scope, option, f.fn, i, f.ctx)) is not None:
                results.append(served)
            else:
                results.append(from_outside(self, option, f, i, at, new) or Result(at, option, f.fn, i, f.ctx, new))
        return choice(at, results)

    def _private(self, callee: Value, f: Frame) -> FunctionV | None:
        """The one private method of Python that a call on an object of unknown class can mean: ``self.acquirer_id._api_url()``."""
        if not isinstance(callee, Member) or not callee.name.startswith("_") or self.program.language(f.file) != "python":
            return None
        named = self.scope.by_name(callee, "python") if not callee.name.startswith("__") else []
        return named[0] if len(named) == 1 else None

    def returned(self, target: FunctionV, fn: Fn, i: int, ctx: Ctx | None, callback: bool = False) -> Value:
        """What a call of a function of the repository returns."""
        return self._returned(target, self.frame(fn, ctx), i, callback)

    def _returned(self, target: FunctionV, caller: Frame, i: int, callback: bool = False, ways: int = 1) -> Value:
        at = (caller.file, caller.body.line[i])
        if too_deep(target.fn, caller.ctx):
            return Unknown(at, f"the call of {self.program.qualified(target.fn)} lies too deep to follow")
        f = self.frame(target.fn, self._context_among(target, caller, i, callback, ways))
        body = f.body
        if body.generator:
            return yielded(self.program, target.fn, at, [self.at(f, body.args(y)[0]) for y in f.fixed.yields])
        ends: Sequence[int] = f.fixed.returns
        if any(f.flow.block_of[r] for r in ends):  # the first block always runs
            live = self._live(f)
            ends = [r for r in ends if live.block_of[r] not in live.dead]
        found = [self.at(f, body.args(r)[0]) for r in ends]
        if not found and body.returns and not body.blocks[0].end > len(body.params) * 2:
            return self._declared_result(target, body.returns, at)
        return choice(at, found) if found else Const(at, Kind.NULL, "null")

    def _declared_result(self, target: FunctionV, declared: str, at: Place) -> Value:
        """What a method gives that is only declared: the object itself, or one of the type that stands there."""
        if declared.lstrip("?").rpartition(".")[2] in ("static", "self", "Self", "$this") and target.this is not None:
            return target.this
        return self.scope.typed(target.fn.file, declared, at) or Const(at, Kind.NULL, "null")

    def arguments(self, result: Result) -> list[tuple[str, Value]]:
        """Arguments of the call behind a result, by key: ``""``, ``*``, ``**`` or a name."""
        _, arguments = self.program.body(result.fn).call(result.instr)
        return [(k, self.value(result.fn, v, result.ctx)) for k, v in arguments]

    def given(self, fn: Fn, call: int, ctx: Ctx | None) -> list[tuple[str, Value]]:
        """What a call is given in a context, by key; a list that is spread counts as its items."""
        found = [(k, self.value(fn, v, ctx)) for k, v in self.program.body(fn).call(call)[1]]
        return [pair for k, v in found for pair in ([("", item) for item in v.items] if k == "*" and isinstance(v, Seq) else [(k, v)])]

    def made_of(self, value: Value) -> list[Value]:
        """The parts of a value, and what the call that gave it was handed."""
        below = list(value.parts())
        if isinstance(value, Result) and value.instr >= 0:
            below += [v for _, v in self.arguments(value)]
        return below

    def argument(self, result: Result, number: int) -> Value | None:
        """The positional argument ``number`` of the call behind a result."""
        positional = [v for k, v in self.program.body(result.fn).call(result.instr)[1] if k == ""]
        return self.value(result.fn, positional[number], result.ctx) if number < len(positional) else None
