"""Functions that file-level JavaScript hangs on what it makes, a model or its schema, for the model itself or for each of its records; and
on the prototype of a plain function, or by it on ``this``, for the objects that ``new`` makes of it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.flow.program import TOP, Fn, Program
from tillproof.flow.values import Choice, Element, FunctionV, Member, Overlay, Result, Value
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_EACH = ("prototype", "methods")
_OWN = ("statics",)
_LONGEST_CHAIN = 12
_ARROW = re.compile(rb"(\w+\s*:\s*)?(async\s+)?(<[^>]*>\s*)?(\([^)]*\)|[\w$]+)[^{(]{0,80}?=>")


class _File(NamedTuple):
    """``made``: the variable that keeps what an instruction makes. ``own`` and ``each``: by variable, what is hung on it by name.
    ``on``: the variable on which a function is hung."""

    made: dict[int, str]
    own: dict[str, dict[str, Fn]]
    each: dict[str, dict[str, Fn]]
    on: dict[Fn, str]


class Hung:
    """Files are looked at when a member of what they make is asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._files: dict[str, _File] = {}
        self._records: dict[Fn, tuple[Fn, int] | None] = {}
        self._within: dict[Fn, dict[str, Fn]] = {}

    def on(self, value: Result, name: str, at: tuple[str, int]) -> FunctionV | None:
        """The function that ``value.name`` is: hung on the model that the value is, or on each record of the model that it comes from."""
        if value.new and isinstance(value.callee, FunctionV) and (method := self._prototype(value.callee.fn).get(name)) is not None:
            return FunctionV(at, method, None, value)
        for made, file in self._made(value):
            found = (file.own if made is value else file.each).get(file.made[made.instr], {}).get(name)
            if found is not None:
                return FunctionV(at, found, None, value)
        return None

    def constructs(self, fn: Fn) -> bool:
        """Whether ``new`` makes an object of a plain function: one on whose prototype functions are hung, or that hangs them on it."""
        return self.program.language(fn.file) == "javascript" and bool(self._prototype(fn))

    def _prototype(self, fn: Fn) -> dict[str, Fn]:
        name = self.program.name(fn)
        return {**(self._of(fn.file).each.get(name, {}) if name else {}), **self._on_this(fn)}

    def _on_this(self, fn: Fn) -> dict[str, Fn]:
        """The functions that a plain function hangs on its object: ``this.add = function (item) { … }``."""
        if fn not in self._within:
            body = self.program.body(fn)
            sets = ((i, body.args(i)) for i, op in enumerate(body.op) if op == Op.SET_FIELD)
            self._within[fn] = {
                body.name(i): Fn(fn.file, body.args(value)[0])
                for i, (on, _, value) in sets
                if body.op[on] == Op.NAME and body.name(on) == "this" and body.op[value] == Op.FUNCTION
            }
        return self._within[fn]

    def kept(self, value: Result, name: str) -> tuple[FunctionV, int] | None:
        """What a plain function that constructs puts into a field of the object, and the instruction that says what it is."""
        made = value.callee
        if not value.new or not isinstance(made, FunctionV) or not self.constructs(made.fn):
            return None
        body = self.program.body(made.fn)
        stores = (i for i, op in enumerate(body.op) if op == Op.SET_FIELD and body.name(i) == name)
        own = [i for i in stores if body.op[body.args(i)[0]] == Op.NAME and body.name(body.args(i)[0]) == "this"]
        return (made, body.args(own[-1])[2]) if own else None

    def kind(self, value: Value) -> str:
        """The variable that keeps the model from which a value comes, where functions are hung on it; empty where none are."""
        kept = ((file.made[made.instr], file) for made, file in self._made(value))
        return next((name for name, file in kept if name in file.own or name in file.each), "")

    def keeper(self, fn: Fn) -> tuple[Fn, int] | None:
        """Where what a function is hung on is made."""
        if fn.number == TOP or self.program.language(fn.file) != "javascript":
            return None
        file = self._of(fn.file)
        variable = file.on.get(fn)
        return next(((Fn(fn.file, TOP), i) for i, name in file.made.items() if name == variable), None) if variable else None

    def maker(self, fn: Fn) -> Fn | None:
        """The plain function on whose prototype a function is hung."""
        if fn.number == TOP or self.program.language(fn.file) != "javascript":
            return None
        parent = self.program.parent(fn)
        if parent is not None and parent.number != TOP and self.program.owner(parent) is None and fn in self._on_this(parent).values():
            return parent
        name = self._of(fn.file).on.get(fn)
        found = (f for f in self.program.all_functions(fn.file) if name and self.program.name(f) == name)
        return next((f for f in found if self.program.parent(f) in (None, Fn(fn.file, TOP))), None)

    def record(self, fn: Fn) -> tuple[Fn, int] | None:
        """The record whose method a function is: ``{ pay() { return this.charge() }, … }``. An arrow has no object of its own."""
        if fn not in self._records:
            self._records[fn] = self._record(fn)
        return self._records[fn]

    def _record(self, fn: Fn) -> tuple[Fn, int] | None:
        parent, function = self.program.parent(fn), self.program.function(fn)
        if function is None or parent is None or self.program.language(fn.file) != "javascript":
            return None
        if _ARROW.match(self.program.sources[fn.file], function.start, function.end):
            return None
        body = self.program.body(parent)
        at = next((i for i, op in enumerate(body.op) if op == Op.FUNCTION and body.args(i)[0] == fn.number), -1)
        return next(((parent, i) for i, op in enumerate(body.op) if op == Op.RECORD and at >= 0 and at in body.args(i)[1::2]), None)

    def _made(self, value: Value) -> Iterator[tuple[Result, _File]]:
        """What file-level code makes, a model most often, on the way from a value to what it comes from."""
        here = value
        for _ in range(_LONGEST_CHAIN):
            if isinstance(here, Result):
                if here.fn.number == TOP and here.instr >= 0 and self.program.language(here.fn.file) == "javascript":
                    file = self._of(here.fn.file)
                    if here.instr in file.made:
                        yield here, file
                here = here.callee
            elif isinstance(here, (Member, Element, Overlay)):
                here = here.base
            elif isinstance(here, Choice):
                here = here.options[0]
            else:
                return

    def _of(self, path: str) -> _File:
        if path not in self._files:
            self._files[path] = self._read(path)
        return self._files[path]

    def _read(self, path: str) -> _File:
        body = self.program.body(Fn(path, TOP))
        out = _File({}, {}, {}, {})
        for i, op in enumerate(body.op):
            if op in (Op.CALL, Op.NEW) and (schema := _schema(out, body, i)):
                out.made[i] = schema  # ``module.exports = mongoose.model('Order', orderSchema)``
            elif op == Op.STORE:
                made = body.args(i)[1]
                while body.op[made] == Op.CAST:
                    made = body.args(made)[1]
                if body.op[made] in (Op.CALL, Op.NEW) and not (made in out.made and body.name(i) == "default"):
                    if made in out.made:
                        _inherit(out, out.made[made], body.name(i))
                    out.made[made] = body.name(i)
            for on, kind, name, fn in _hangings(path, body, i):
                table = out.each if kind in _EACH else out.own
                table.setdefault(on, {})[name] = fn
                out.on[fn] = on
        return out


def _hangings(path: str, body: Body, i: int) -> Iterator[tuple[str, str, str, Fn]]:
    """What an instruction hangs: on which variable, for whom, under which name."""
    if body.op[i] == Op.SET_FIELD:
        on, _, value = body.args(i)
        if body.op[on] == Op.NAME and body.name(i) in (*_EACH, *_OWN):  # ``schema.methods = { pay() { … } }``
            yield from ((body.name(on), body.name(i), name, fn) for name, fn in _functions(path, body, value))
        elif (place := _place(body, on)) and body.op[value] == Op.FUNCTION:  # ``Order.prototype.ship = …``, ``Order.fresh = …``
            yield (*place, body.name(i), Fn(path, body.args(value)[0]))
    elif body.op[i] == Op.CALL:
        callee, arguments = body.call(i)
        given = [v for _, v in arguments]
        if len(given) < 2 or body.op[callee] != Op.FIELD:
            return
        word, on = body.name(callee), body.args(callee)[0]
        const = body.const(given[0])
        if word in ("method", "static") and body.op[on] == Op.NAME and const and body.op[given[1]] == Op.FUNCTION:
            yield body.name(on), word + "s", const[1].strip("'\""), Fn(path, body.args(given[1])[0])
        elif word == "assign" and (place := _place(body, given[0])) and place[1]:
            yield from ((*place, name, fn) for name, fn in _functions(path, body, given[1]))


def _place(body: Body, on: int) -> tuple[str, str] | None:
    """The variable and the part of it on which something is hung: ``Order``, ``Order.prototype``, ``orderSchema.statics``."""
    kind = body.name(on) if body.op[on] == Op.FIELD else ""
    base = body.args(on)[0] if kind else on
    return (body.name(base), kind) if body.op[base] == Op.NAME and kind in ("", *_EACH, *_OWN) else None


def _functions(path: str, body: Body, record: int) -> Iterator[tuple[str, Fn]]:
    """The functions that a record holds, by name."""
    keys = body.args(record) if body.op[record] == Op.RECORD else []
    for key, value in zip(keys[::2], keys[1::2], strict=True):
        if key >= 0 and (const := body.const(key)) and body.op[value] == Op.FUNCTION:
            yield const[1].strip("'\""), Fn(path, body.args(value)[0])


def _schema(out: _File, body: Body, made: int) -> str:
    """The schema that a model is made of, if functions hang on it."""
    given = (body.name(a) for _, a in body.call(made)[1] if body.op[a] == Op.NAME)
    return next((name for name in given if name in out.own or name in out.each), "")


def _inherit(out: _File, schema: str, model: str) -> None:
    """A model has what hangs on the schema that it is made of."""
    for table in (out.own, out.each):
        if schema in table:
            table.setdefault(model, {}).update(table[schema])
            out.on.update(dict.fromkeys(table[schema].values(), model))
