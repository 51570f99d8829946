"""What is known of a value without running the code: a tree whose leaves say where it comes from.

``at`` is (file, line) of the expression that yields it. Values are compared by identity; ``leaves`` and ``names`` are how others read them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from tillproof.flow.program import ClassId, Fn
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.flow.frames import Frame

Place: TypeAlias = tuple[str, int]

MAX_DEPTH = 7
"""How many calls deep a value is followed."""
_MOST = 12
_MOST_FUNCTIONS = 24
"""How many alternatives of a value are kept; of functions more, since each that is left out is code that nobody looks at."""


class Value:
    """Base of all values."""

    __slots__ = ("at",)
    at: Place

    def parts(self) -> "tuple[Value, ...]":
        """The values that this one is made of."""
        return ()


class Const(Value):
    """A constant. ``name``: the member of a class that it was read by, where that says more than the number: ``Order::PAID``."""

    __slots__ = ("kind", "name", "text")

    def __init__(self, at: Place, kind: int, text: str, name: str = "") -> None:
        self.at, self.kind, self.text, self.name = at, kind, text, name

    @property
    def falsy(self) -> bool:
        return self.kind == Kind.NULL or self.text in ("", "false", "0", "0.0") or (self.kind == Kind.BOOL and self.text.lower() == "false")


class Text(Value):
    """A string with holes."""

    __slots__ = ("pieces",)

    def __init__(self, at: Place, pieces: tuple[Value, ...]) -> None:
        self.at, self.pieces = at, pieces

    def parts(self) -> tuple[Value, ...]:
        return self.pieces


class Record(Value):
    """Keyed literal. A key of None spreads its value in; a later entry wins."""

    __slots__ = ("entries",)

    def __init__(self, at: Place, entries: tuple[tuple[str | None, Value], ...]) -> None:
        self.at, self.entries = at, entries

    def parts(self) -> tuple[Value, ...]:
        return tuple(v for _, v in self.entries)


class Overlay(Value):
    """A value of which keys or members were written later. ``writes``: key, value, whether the write happens for certain."""

    __slots__ = ("base", "writes")

    def __init__(self, at: Place, base: Value, writes: tuple[tuple[str | None, Value, bool], ...]) -> None:
        self.at, self.base, self.writes = at, base, writes

    def parts(self) -> tuple[Value, ...]:
        return (self.base, *(v for _, v, _ in self.writes))


class Seq(Value):
    __slots__ = ("items",)

    def __init__(self, at: Place, items: tuple[Value, ...]) -> None:
        self.at, self.items = at, items

    def parts(self) -> tuple[Value, ...]:
        return self.items


class External(Value):
    """Something of outside the repository, by its dotted name: a package, a class or function of it, a global."""

    __slots__ = ("name",)

    def __init__(self, at: Place, name: str) -> None:
        self.at, self.name = at, name


class ModuleV(Value):
    __slots__ = ("file",)

    def __init__(self, at: Place, file: str) -> None:
        self.at, self.file = at, file


class FunctionV(Value):
    """A function of the repository; ``this`` when bound, ``outer`` the context in which it was made. ``known_as``: its name to those who
    install the package that it lies in, where packs speak of that. ``handed_on``: the function and call of ours by which an entry point
    that is a member of a family is reached, where the call itself only chooses between the members."""

    __slots__ = ("fn", "handed_on", "known_as", "outer", "this")

    def __init__(
        self,
        at: Place,
        fn: Fn,
        outer: "Ctx | None",
        this: Value | None = None,
        known_as: str = "",
        handed_on: tuple[Fn, int] | None = None,
    ) -> None:
        self.at, self.fn, self.outer, self.this, self.known_as, self.handed_on = at, fn, outer, this, known_as, handed_on


class ClassV(Value):
    """A class of the repository. ``known_as``: its name to those who install the package that it lies in, where packs speak of that."""

    __slots__ = ("cls", "known_as")

    def __init__(self, at: Place, cls: ClassId, known_as: str = "") -> None:
        self.at, self.cls, self.known_as = at, cls, known_as


class Instance(Value):
    """An object of a class of the repository. ``made``: where it is constructed, when that is seen (then the class is exact).
    ``origin``: what is handed over where the class is known by a declared type only. ``of``: what the declared type names as its
    argument, as in ``Repository<Order>``: a class of ours, or anything at all (``Repository<any>``). ``known_as``: see ``ClassV``.
    ``within``: the call of one of its methods that has stored into it and then called the one which it is asked in."""

    __slots__ = ("cls", "known_as", "made", "of", "origin", "within")

    def __init__(
        self,
        at: Place,
        cls: ClassId,
        made: "tuple[Fn, int, Ctx | None] | None" = None,
        origin: "Value | None" = None,
        of: "ClassV | External | None" = None,
        known_as: str = "",
    ) -> None:
        self.at, self.cls, self.made, self.origin, self.of, self.known_as = at, cls, made, origin, of, known_as
        self.within: Ctx | None = None

    def called_within(self, ctx: "Ctx") -> "Instance":
        """The same object, as a method of it finds it that is called in ``ctx``."""
        same = Instance(self.at, self.cls, self.made, self.origin, self.of, self.known_as)
        same.within = ctx
        return same


class Param(Value):
    """A parameter that no known caller fills. ``type``: the value that its declared type names, if any."""

    __slots__ = ("fn", "name", "number", "type")

    def __init__(self, at: Place, fn: Fn, number: int, name: str, type_: Value | None) -> None:
        self.at, self.fn, self.number, self.name, self.type = at, fn, number, name, type_


class Member(Value):
    __slots__ = ("base", "name")

    def __init__(self, at: Place, base: Value, name: str) -> None:
        self.at, self.base, self.name = at, base, name

    def parts(self) -> tuple[Value, ...]:
        return (self.base,)


class Element(Value):
    """An element by a key that is not a known string, or any element (key None)."""

    __slots__ = ("base", "key")

    def __init__(self, at: Place, base: Value, key: Value | None) -> None:
        self.at, self.base, self.key = at, base, key

    def parts(self) -> tuple[Value, ...]:
        return (self.base,)


class Result(Value):
    """What a call of something outside the repository (or unresolved) gives. ``fn``, ``instr`` and ``ctx`` say which call."""

    __slots__ = ("callee", "ctx", "fn", "instr", "new")

    def __init__(self, at: Place, callee: Value, fn: Fn, instr: int, ctx: "Ctx | None", new: bool) -> None:
        self.at, self.callee, self.fn, self.instr, self.ctx, self.new = at, callee, fn, instr, ctx, new

    def parts(self) -> tuple[Value, ...]:
        return (self.callee,)


class Choice(Value):
    """One of several."""

    __slots__ = ("options",)

    def __init__(self, at: Place, options: tuple[Value, ...]) -> None:
        self.at, self.options = at, options

    def parts(self) -> tuple[Value, ...]:
        return self.options


CONVERSIONS = ("(int)", "(float)", "(string)")


class Mix(Value):
    """Computed from others: arithmetic, comparison, negation, and a conversion that cuts or formats (``op`` is then one of
    ``CONVERSIONS``). ``fn``, ``instr`` and ``ctx`` say which instruction does it."""

    __slots__ = ("ctx", "fn", "instr", "op", "operands")

    def __init__(self, at: Place, op: str, operands: tuple[Value, ...], fn: Fn, instr: int, ctx: "Ctx | None") -> None:
        self.at, self.op, self.operands = at, op, operands
        self.fn, self.instr, self.ctx = fn, instr, ctx

    def parts(self) -> tuple[Value, ...]:
        return self.operands


NO_THIS = "`this` is not known here"


class Unknown(Value):
    """Not known, and why."""

    __slots__ = ("why",)

    def __init__(self, at: Place, why: str) -> None:
        self.at, self.why = at, why


class Missing(Value):
    """An argument that the caller does not give."""

    __slots__ = ()

    def __init__(self, at: Place) -> None:
        self.at = at


class Ctx:
    """One call: ``fn`` called by instruction ``call`` of ``caller`` in context ``parent``. ``callback``: ``fn`` is handed to that
    call, not called by it. ``ways``: among how many functions the calls of the chain chose, multiplied."""

    __slots__ = ("call", "callback", "caller", "depth", "fn", "frame", "outer", "parent", "this", "ways")

    def __init__(
        self, fn: Fn, caller: Fn, call: int, parent: "Ctx | None", this: Value | None, outer: "Ctx | None", callback: bool = False
    ) -> None:
        self.callback = callback
        self.fn, self.caller, self.call, self.parent, self.this, self.outer = fn, caller, call, parent, this, outer
        self.depth: int = parent.depth + 1 if parent else 1
        self.ways: int = parent.ways if parent else 1
        self.frame: Frame | None = None  # the evaluator's

    def chain(self) -> "Iterator[Ctx]":
        here: Ctx | None = self
        while here:
            yield here
            here = here.parent


def before_writes(value: Value) -> Value:
    """A value without the keys and members that were written later."""
    while isinstance(value, Overlay):
        value = value.base
    return value


def choice(at: Place, values: list[Value]) -> Value:
    """One of ``values``, flattened, each once."""
    flat: list[Value] = []
    seen: set[int] = set()
    for value in values:
        for option in value.options if isinstance(value, Choice) else (value,):
            if id(option) not in seen:
                seen.add(id(option))
                flat.append(option)
    if len(flat) == 1:
        return flat[0]
    if len(flat) > _MOST:
        flat = [*flat[:_MOST], *(o for o in flat[_MOST:] if isinstance(o, FunctionV))][:_MOST_FUNCTIONS]
    return Choice(at, tuple(flat)) if flat else Unknown(at, "nothing is ever stored here")


def options(value: Value) -> tuple[Value, ...]:
    """The alternatives of a value; the value itself when it has none."""
    return value.options if isinstance(value, Choice) else (value,)


ObjectKey: TypeAlias = tuple[object, ...]
_NEAR = 4
_MOST_NAMES = 8


def object_key(value: Value, depth: int = 0) -> ObjectKey:
    """What makes an object the same one for those who ask for its members; empty where that hangs on how it was come by."""
    if isinstance(value, ClassV):
        return ("class", value.cls)
    if isinstance(value, Param):
        return ("param", value.fn, value.number)
    if isinstance(value, Member) and depth < _NEAR:
        base = object_key(value.base, depth + 1)
        return ("member", base, value.name) if base else ()
    if not isinstance(value, Instance) or depth >= _NEAR:
        return ()
    if value.within is not None:
        return ("within", value.cls, value.made, id(value.within))
    if value.made is not None:
        return ("made", value.cls, *value.made)
    kept = (value.of.cls if isinstance(value.of, ClassV) else value.of.name) if value.of is not None else None
    if value.origin is None:
        return ("typed", value.cls, kept)
    origin = object_key(value.origin, depth + 1)
    return ("handed", value.cls, kept, origin) if origin else ()


def names(value: Value) -> tuple[str, ...]:
    """Dotted names by which packs may know a value. ``()`` stands for an instance or a result; a leading ``?`` for a root that is not
    known, a leading ``#`` for one of the repository's own."""
    if isinstance(value, External):
        return (value.name,)
    if isinstance(value, Member):
        return tuple(f"{n}.{value.name}" for n in names(value.base)[:4])
    if isinstance(value, Result):
        return tuple(n + "()" for n in names(value.callee)[:4])
    if isinstance(value, Element):
        return tuple(n + "[]" for n in names(value.base)[:4])
    if isinstance(value, Param):
        return tuple(n + "()" for n in names(value.type)) if isinstance(value.type, External) else (f"?{value.name}",)
    if isinstance(value, Choice):
        return tuple(islice(_once(n for o in value.options for n in names(o)), _MOST_NAMES))
    if isinstance(value, Overlay):
        return names(value.base)
    if isinstance(value, Mix) and value.op in CONVERSIONS:
        return names(value.operands[0])
    if isinstance(value, (Instance, ClassV, FunctionV)):
        return (value.known_as, "#") if value.known_as else ("#",)
    return ("?",)


def _once(found: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in found:
        if name not in seen:
            seen.add(name)
            yield name


def pieces(roots: Iterable[Value], most: int, onward: Callable[[Value], Iterable[Value]] | None = None) -> Iterator[Value]:
    """Values and all that they are made of, each once, ``most`` of them at the most; the last root and the last part go first. ``onward``:
    what a piece is made of, where that is not its parts."""
    stack = list(roots)
    seen: set[int] = set()
    while stack and len(seen) < most:
        here = stack.pop()
        if id(here) not in seen:
            seen.add(id(here))
            yield here
            stack += onward(here) if onward is not None else here.parts()


def leaves(value: Value, limit: int = 400) -> Iterator[Value]:
    """The values at the bottom of the tree, each once, in order."""
    seen: set[int] = set()
    stack = [value]
    while stack and len(seen) < limit:
        here = stack.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        below = here.parts()
        if below:
            stack.extend(reversed(below))
        else:
            yield here


def constant(value: Value) -> str | None:
    """The text of a constant string, with constant pieces put together; None when any part is not constant."""
    if isinstance(value, Const):
        return value.text
    if isinstance(value, Text):
        pieces = [constant(p) for p in value.pieces]
        return None if any(p is None for p in pieces) else "".join(p for p in pieces if p is not None)
    return None


_FILLED = re.compile(r"%(\(\w+\))?[-#0 +]*\d*(\.\d+)?[sdifrx]")
"""The holes of Python's ``"…/%(id)s" % values``."""


def pattern(value: Value) -> str:
    """A string with every unknown piece as ``{}``; the first alternative of a choice that says anything."""
    if isinstance(value, Const):
        return value.text
    if isinstance(value, Text):
        return "".join(pattern(p) for p in value.pieces)
    if isinstance(value, Mix) and value.op == "+":
        return "".join(pattern(p) for p in value.operands)
    if isinstance(value, Mix) and value.op == "%" and isinstance(value.operands[0], Const) and value.operands[0].kind == Kind.STRING:
        return _FILLED.sub("{}", value.operands[0].text)
    if isinstance(value, Choice):
        known = [p for p in (pattern(o) for o in value.options) if p != "{}"]
        return known[0] if known else "{}"
    return "{}"


def class_named(value: Value) -> ClassV | None:
    """The class that PHP's name for it stands for: with ``$of = Order::class``, ``new $of`` and ``$of::find()`` are about ``Order``."""
    return value.base if isinstance(value, Member) and value.name == "class" and isinstance(value.base, ClassV) else None


def too_deep(fn: Fn, ctx: Ctx | None) -> bool:
    """Whether a call of a function is not followed any more: too many calls around it, or it is one of them."""
    if ctx is not None and ctx.depth >= MAX_DEPTH:
        return True
    while ctx is not None:
        if ctx.fn == fn:
            return True
        ctx = ctx.parent
    return False
