"""Values on demand: what an expression may be, in a calling context.

Asking for the value of an instruction follows variables to the writes that reach them, members to the classes that hold them, names to
imports, and calls into the functions of the repository, as deep as ``MAX_DEPTH`` calls. Everything asked for is kept.
"""

from tillproof.flow.defuse import DefUse
from tillproof.flow.instructions import RULES, Row
from tillproof.flow.modules import Modules
from tillproof.flow.program import TOP, Fn, Program
from tillproof.flow.scope import Scope
from tillproof.flow.values import (
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
    Overlay,
    Param,
    Record,
    Result,
    Seq,
    Text,
    Unknown,
    Value,
    choice,
    options,
)  # fmt: skip
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE, Body
from tillproof.ir.ops import Kind, Op

MAX_DEPTH = 7
MAX_NESTING = 120
_EQUALITY = {"==", "===", "is", "!=", "!==", "is not"}
_ITERATES = {"map", "forEach", "filter", "find", "some", "every", "flatMap", "each", "transform", "mapWithKeys"}
_ARRAY_FUNCTIONS = {"array_map", "array_walk", "array_filter", "map"}
_THIS = {"this", "self", "cls", "static"}


class Evaluator:
    """Answers ``value``. One per review; it keeps what it found."""

    def __init__(self, program: Program, modules: Modules) -> None:
        self.program = program
        self.scope = Scope(self, program, modules)
        self._defuse: dict[Fn, DefUse] = {}
        self._memo: dict[tuple[Fn, int, int], Value] = {}
        self._contexts: dict[tuple[Fn, Fn, int, int, int, bool], Ctx] = {}
        self._kept: list[object] = []
        self._live: dict[tuple[Fn, int], DefUse] = {}
        self._journal: list[tuple[Fn, int, int]] | None = None
        self._nesting = 0

    def defuse(self, fn: Fn, ctx: Ctx | None = None) -> DefUse:
        """Reaching writes of a function; in a context, without the branches that its constants rule out."""
        found = self._defuse.get(fn)
        if found is None:
            found = self._defuse[fn] = DefUse(self.program.body(fn))
        if ctx is None or ctx.fn != fn:
            return found
        key = (fn, id(ctx))
        live = self._live.get(key)
        if live is None:
            self._live[key] = found  # while conditions are being evaluated
            outer, self._journal = self._journal, []
            dead = self._dead_blocks(fn, ctx)
            for memo in self._journal:  # what was found while every branch was still open is found again
                self._memo.pop(memo, None)
            self._journal = outer
            live = self._live[key] = DefUse(self.program.body(fn), dead) if dead else found
        return live

    def _dead_blocks(self, fn: Fn, ctx: Ctx) -> frozenset[int]:
        """Blocks that no path reaches once the conditions that are constant in this context are decided."""
        body = self.program.body(fn)
        reached = {0}
        waiting = [0]
        while waiting:
            block = body.blocks[waiting.pop()]
            truth = None
            if block.end > block.start and body.op[block.end - 1] == Op.BRANCH:
                truth = self.truth(fn, body.args(block.end - 1)[0], ctx)
            for kind, target in block.next:
                if truth is not None and kind == (EDGE_FALSE if truth else EDGE_TRUE):
                    continue
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
        return frozenset(range(len(body.blocks))) - reached

    def truth(self, fn: Fn, i: int, ctx: Ctx | None) -> bool | None:
        """Whether a condition is certainly true or false in a context."""
        body = self.program.body(fn)
        op, args = body.op[i], body.args(i)
        if op == Op.UNARY and body.text(args[0]) in ("not", "!"):
            inner = self.truth(fn, args[1], ctx)
            return None if inner is None else not inner
        if op == Op.BINARY and body.text(args[0]) in _EQUALITY:
            left, right = self.value(fn, args[1], ctx), self.value(fn, args[2], ctx)
            equal = _equal(left, right)
            return None if equal is None else equal == (body.text(args[0]) in ("==", "===", "is"))
        if op == Op.CALL and body.op[args[0]] == Op.NAME and body.name(args[0]) == "function_exists":
            return True  # what a current runtime has; the other arm is for those of long ago
        if op == Op.NAME:
            value = _plain(self.value(fn, i, ctx))
            return not value.falsy if isinstance(value, Const) else None
        if op == Op.CALL and body.op[args[0]] == Op.NAME and body.name(args[0]) == "is_null" and len(body.call(i)[1]) == 1:
            value = _plain(self.value(fn, body.call(i)[1][0][1], ctx))
            return value.kind == Kind.NULL if isinstance(value, Const) else None
        return None

    def context(self, target: FunctionV, caller: Fn, call: int, parent: Ctx | None, callback: bool = False) -> Ctx:
        """The context of one call; the same call in the same context gives the same object."""
        key = (target.fn, caller, call, id(parent), id(target.this), callback)
        found = self._contexts.get(key)
        if found is None:
            found = self._contexts[key] = Ctx(target.fn, caller, call, parent, target.this, target.outer, callback)
            self._kept.append((parent, target.this))
        return found

    def entry_context(self, target: FunctionV) -> Ctx | None:
        """The context of a function that is called from outside, when it is bound to an object."""
        return self.context(target, target.fn, -1, None) if target.this is not None else None

    # --- instructions

    def value(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Value:
        """The value of instruction ``i`` of a function, in a context or for any caller."""
        body = self.program.body(fn)
        if i < 0 or i >= len(body.op):
            return Missing((fn.file, 1))
        key = (fn, i, id(ctx))
        found = self._memo.get(key)
        if found is not None:
            return found
        at = (fn.file, body.line[i])
        if self._nesting > MAX_NESTING:
            return Unknown(at, "the expression is nested too deeply")
        if ctx is not None and ctx.fn == fn:
            self.defuse(fn, ctx)  # which branches are open must be known before anything is valued
            found = self._memo.get(key)
            if found is not None:
                return found
        self._memo[key] = Unknown(at, "the value depends on itself")
        self._nesting += 1
        try:
            found = self._evaluate(fn, body, i, ctx, at)
        finally:
            self._nesting -= 1
        self._memo[key] = found
        if self._journal is not None:
            self._journal.append(key)
        return found

    def _evaluate(self, fn: Fn, body: Body, i: int, ctx: Ctx | None, at: tuple[str, int]) -> Value:
        rule = RULES.get(body.op[i])
        return rule(self, Row(fn, body, i, body.args(i), ctx, at)) if rule else Unknown(at, "this is no value")

    def param(self, fn: Fn, body: Body, number: int, ctx: Ctx | None, at: tuple[str, int]) -> Value:
        param = body.params[number]
        if ctx is not None and ctx.fn == fn:
            bound = self._bound(ctx, number)
            if bound is not None:
                return bound
        owner = self.program.owner(fn)
        if owner and number == 0 and self.program.language(fn.file) == "python" and param.name in ("self", "cls"):
            return Instance(at, owner) if param.name == "self" else ClassV(at, owner)
        typed = self.scope.typed(fn.file, param.type, at) if param.type else None
        if isinstance(typed, Instance):
            return Instance(at, typed.cls, None, Param(at, fn, number, param.name, ClassV(at, typed.cls)))
        return Param(at, fn, number, param.name, typed.callee if isinstance(typed, Result) else None)

    def _bound(self, ctx: Ctx, number: int) -> Value | None:
        """The argument that a context gives for a parameter; Missing when it gives none; None when that cannot be known."""
        body = self.program.body(ctx.fn)
        param = body.params[number]
        method = self.program.language(ctx.fn.file) == "python" and self.program.owner(ctx.fn) is not None
        if method and number == 0 and param.name in ("self", "cls") and ctx.this is not None:
            return ctx.this
        if ctx.call < 0:
            return None  # an entry point: called from outside
        caller = self.program.body(ctx.caller)
        if caller.op[ctx.call] not in (Op.CALL, Op.NEW):
            return None
        if ctx.callback:
            return self._handed(ctx, number)
        _, arguments = caller.call(ctx.call)
        shift = 1 if method and body.params and body.params[0].name in ("self", "cls") and ctx.this is not None else 0
        at = (ctx.caller.file, caller.line[ctx.call])
        positional = [v for k, v in arguments if k == ""]
        named = {k: v for k, v in arguments if k not in ("", "*", "**")}
        spreads = [v for k, v in arguments if k in ("*", "**")]
        if param.kind == "rest":
            return Seq(at, tuple(self.value(ctx.caller, v, ctx.parent) for v in positional[number - shift :] + spreads))
        if param.kind == "named-rest":
            known = {p.name for p in body.params}
            entries: list[tuple[str | None, Value]] = [
                (k, self.value(ctx.caller, v, ctx.parent)) for k, v in named.items() if k not in known
            ]
            entries += [(None, self.value(ctx.caller, v, ctx.parent)) for v in spreads]
            return Record(at, tuple(entries))
        if param.name in named:
            return self.value(ctx.caller, named[param.name], ctx.parent)
        if 0 <= number - shift < len(positional):
            return self.value(ctx.caller, positional[number - shift], ctx.parent)
        if spreads:
            return self.member(self.value(ctx.caller, spreads[-1], ctx.parent), param.name, at)
        return Missing(at)

    def _handed(self, ctx: Ctx, number: int) -> Value | None:
        """What a callback is given: an element of what is gone through, the value of what is waited for."""
        caller = self.program.body(ctx.caller)
        callee, arguments = caller.call(ctx.call)
        at = (ctx.caller.file, caller.line[ctx.call])
        if number != 0 or caller.op[callee] not in (Op.FIELD, Op.NAME):
            return None
        name = caller.name(callee).rpartition(".")[2]
        if name in _ARRAY_FUNCTIONS and len(arguments) > 1:
            over = next((a for _, a in arguments if caller.op[a] != Op.FUNCTION), None)
            return self.element(self.value(ctx.caller, over, ctx.parent), at) if over is not None else None
        if caller.op[callee] == Op.FIELD and name in _ITERATES:
            return self.element(self.value(ctx.caller, caller.args(callee)[0], ctx.parent), at)
        if caller.op[callee] == Op.FIELD and name == "then":
            return self.value(ctx.caller, caller.args(callee)[0], ctx.parent)
        return None

    # --- names

    def read(self, fn: Fn, i: int, name: str, ctx: Ctx | None) -> Value:
        """A variable at a place."""
        body = self.program.body(fn)
        at = (fn.file, body.line[i])
        if name in _THIS and name not in self.defuse(fn).stores:
            return self.this(fn, ctx, at)
        reach = self.defuse(fn, ctx).reaching(i, name)
        values = [self.value(fn, s, ctx) for s in reach.stores]
        if reach.entry and (not reach.stores or fn.number == TOP):
            values += [self.outer(fn, name, ctx, at)] if not reach.stores else []
        value = choice(at, values) if values else self.outer(fn, name, ctx, at)
        if reach.writes:
            writes = tuple((w.key, self.value(fn, w.value, ctx), w.certain) for w in reach.writes)
            return Overlay(at, value, writes)
        return value

    def outer(self, fn: Fn, name: str, ctx: Ctx | None, at: tuple[str, int]) -> Value:
        """A name that the function does not store: captured from around it, or global."""
        parent = self.program.parent(fn)
        outer_ctx = ctx.outer if ctx is not None and ctx.fn == fn else None
        while parent is not None and parent.number != TOP:
            stores = self.defuse(parent).stores.get(name)
            if stores:
                return choice(at, [self.value(parent, s, outer_ctx) for s in stores])
            parent, outer_ctx = self.program.parent(parent), outer_ctx.outer if outer_ctx else None
        return self.scope.global_name(fn.file, name, at)

    def this(self, fn: Fn, ctx: Ctx | None, at: tuple[str, int]) -> Value:
        if ctx is not None and ctx.fn == fn and ctx.this is not None:
            return ctx.this
        owner = self.program.method_class(fn)
        return Instance(at, owner) if owner else Unknown(at, "`this` is not known here")

    # --- members and elements

    def member(self, value: Value, name: str, at: tuple[str, int]) -> Value:
        """``value.name``"""
        if isinstance(value, Choice):
            return choice(at, [self.member(o, name, at) for o in value.options])
        if isinstance(value, ModuleV):
            return self.scope.exported(value.file, name, at)
        if isinstance(value, External):
            return External(at, f"{value.name}.{name}")
        if isinstance(value, ClassV):
            return self.scope.static_member(value, name, at)
        if isinstance(value, Instance):
            return self.scope.instance_member(value, name, at)
        if isinstance(value, (Record, Overlay)):
            return self._keyed(value, name, at)
        if isinstance(value, FunctionV) and name in ("bind", "call", "apply", "__func__"):
            return value
        if isinstance(value, FunctionV):
            assigned = self.scope.exported(value.fn.file, name, at) if value.fn.number == TOP else None
            return assigned or Member(at, value, name)
        return Member(at, value, name)

    def _keyed(self, value: Record | Overlay, name: str, at: tuple[str, int]) -> Value:
        if isinstance(value, Overlay):
            hits = [(v, certain) for k, v, certain in value.writes if k == name]
            merged = [self.member(v, name, at) for k, v, _ in value.writes if k == "**"]
            if hits and hits[-1][1]:
                return hits[-1][0]
            return choice(at, [*(v for v, _ in hits), *merged, self.member(value.base, name, at)])
        for key, entry in reversed(value.entries):
            if key == name:
                return entry
            if key is None and not (isinstance(entry, Record) and not entry.entries):
                below = self.member(entry, name, at)
                if not isinstance(below, Missing):
                    return below
        open_ended = any(k == "?" for k, _ in value.entries)
        return Member(at, value, name) if open_ended or name in ("length", "get", "items", "keys", "values") else Missing(at)

    def index(self, value: Value, key: Value, at: tuple[str, int]) -> Value:
        """``value[key]``"""
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
        return Element(at, value, key)

    def element(self, value: Value, at: tuple[str, int]) -> Value:
        if isinstance(value, Seq) and value.items:
            return choice(at, list(value.items))
        if isinstance(value, Record) and value.entries:
            return choice(at, [v for _, v in value.entries])
        return Element(at, value, None)

    # --- calls

    def call(self, fn: Fn, i: int, ctx: Ctx | None, at: tuple[str, int], new: bool) -> Value:
        body = self.program.body(fn)
        callee_i, arguments = body.call(i)
        callee = self.value(fn, callee_i, ctx)
        results: list[Value] = []
        bound = body.op[callee_i] == Op.FIELD and body.name(callee_i) == "bind"
        for given in options(callee):
            # a CommonJS module that is called exports one function or class
            option = self.scope.exported(given.file, "default", at) if isinstance(given, ModuleV) else given
            if isinstance(option, FunctionV) and bound:
                results.append(option)
            elif isinstance(option, ClassV):
                results.append(Instance(at, option.cls, (fn, i, ctx)))
            elif isinstance(option, FunctionV):
                results.append(self.returned(option, fn, i, ctx))
            elif isinstance(option, External) and option.name == "getattr" and len(arguments) > 1:
                results.append(self._by_text(fn, arguments, ctx, at) or Result(at, option, fn, i, ctx, new))
            elif isinstance(option, External) and option.name == "Proxy" and new and arguments:
                results.append(self.value(fn, arguments[0][1], ctx))  # it stands for its target
            elif isinstance(option, External) and option.name in ("require", "import") and len(arguments) == 1:
                results.append(self._required(fn, arguments[0][1], ctx, at))
            else:
                results.append(self._mapped(option, fn, i, ctx, at) or Result(at, option, fn, i, ctx, new))
        return choice(at, results)

    def _mapped(self, callee: Value, fn: Fn, i: int, ctx: Ctx | None, at: tuple[str, int]) -> Value | None:
        """``xs.map(f)`` and ``array_map(f, xs)``: a list of what ``f`` returns; ``xs.filter(f)`` and ``find`` give of the same list."""
        name = callee.name.rpartition(".")[2] if isinstance(callee, (Member, External)) else ""
        if name not in ("map", "array_map", "flatMap", "then"):
            return None
        for _, argument in self.program.body(fn).call(i)[1]:
            for option in options(self.value(fn, argument, ctx)):
                if isinstance(option, FunctionV):
                    got = self.returned(option, fn, i, ctx, callback=True)
                    return got if name == "then" else Seq(at, (got,))
        return None

    def _by_text(self, fn: Fn, arguments: list[tuple[str, int]], ctx: Ctx | None, at: tuple[str, int]) -> Value | None:
        """``getattr(x, 'name')``"""
        name = self.value(fn, arguments[1][1], ctx)
        return self.member(self.value(fn, arguments[0][1], ctx), name.text, at) if isinstance(name, Const) else None

    def _required(self, fn: Fn, argument: int, ctx: Ctx | None, at: tuple[str, int]) -> Value:
        name = self.value(fn, argument, ctx)
        return (
            self.scope.module(fn.file, name.text, "*", at) if isinstance(name, Const) else Unknown(at, "a module loaded by a computed name")
        )

    def returned(self, target: FunctionV, fn: Fn, i: int, ctx: Ctx | None, callback: bool = False) -> Value:
        """What a call of a function of the repository returns."""
        at = (fn.file, self.program.body(fn).line[i])
        depth = ctx.depth if ctx else 0
        if depth >= MAX_DEPTH or any(c.fn == target.fn for c in (ctx.chain() if ctx else ())):
            return Unknown(at, f"the call of {self.program.qualified(target.fn)} lies too deep to follow")
        body = self.program.body(target.fn)
        inner = self.context(target, fn, i, ctx, callback)
        live = self.defuse(target.fn, inner)
        found = [
            self.value(target.fn, body.args(r)[0], inner)
            for r in returns(body)
            if body.args(r)[0] >= 0 and live.block_of[r] not in live.dead
        ]
        if body.generator:
            found = [self.value(target.fn, body.args(y)[0], inner) for y, op in enumerate(body.op) if op == Op.YIELD]
            return Seq(at, tuple(found))
        return choice(at, found) if found else Const(at, Kind.NULL, "null")

    def arguments(self, result: Result) -> list[tuple[str, Value]]:
        """Arguments of the call behind a result, by key: ``""``, ``*``, ``**`` or a name."""
        _, arguments = self.program.body(result.fn).call(result.instr)
        return [(k, self.value(result.fn, v, result.ctx)) for k, v in arguments]

    def argument(self, result: Result, number: int) -> Value | None:
        """The positional argument ``number`` of the call behind a result."""
        positional = [v for k, v in self.program.body(result.fn).call(result.instr)[1] if k == ""]
        return self.value(result.fn, positional[number], result.ctx) if number < len(positional) else None


def _equal(left: Value, right: Value) -> bool | None:
    """Whether two values are certainly equal or certainly not: every alternative of one against every one of the other."""
    found = {_same(_plain(a), _plain(b)) for a in options(left) for b in options(right)}
    return found.pop() if len(found) == 1 else None


def _same(left: Value, right: Value) -> bool | None:
    if isinstance(left, Const) and isinstance(right, Const):
        return left.text == right.text
    if isinstance(left, Const) and isinstance(right, Text):
        left, right = right, left
    if isinstance(left, Text) and isinstance(right, Const) and left.pieces:
        head, tail = left.pieces[0], left.pieces[-1]
        if (isinstance(head, Const) and not right.text.startswith(head.text)) or (
            isinstance(tail, Const) and not right.text.endswith(tail.text)
        ):
            return False
    return None


def _plain(value: Value) -> Value:
    """A missing argument reads as null; a record that nothing is in reads as itself."""
    return Const(value.at, Kind.NULL, "null") if isinstance(value, Missing) else value


def returns(body: Body) -> list[int]:
    """RETURN instructions."""
    return [i for i, op in enumerate(body.op) if op == Op.RETURN]
