"""What is looked up in a table of ours: a literal of Python, ``new Map([['stripe', new StripeGateway()]]).get(name)``,
``this.gateways.set('stripe', …)``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.frames import Frame
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import (
    ClassV,
    Const,
    Ctx,
    External,
    FunctionV,
    Instance,
    Member,
    Missing,
    Overlay,
    Place,
    Record,
    Result,
    Seq,
    Value,
    before_writes,
    choice,
    options,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_MOST = 20
_A_TABLE = 2  # of so many numbers, each with the name it goes by


def looked_up(ev: "Evaluator", f: Frame, i: int, callee: Member, at: Place) -> Value | None:
    """The objects and functions of ours among which a key chooses; None where a map holds anything else, or nothing that is seen."""
    arguments = f.body.call(i)[1]
    if len(arguments) > 0 and (kept := [v for o in options(callee.base) for v in ev.registries.of(o)]):
        return choice(at, [*kept, *(ev.at(f, v) for _, v in arguments[1:2])])
    tables = [o for o in options(callee.base) if isinstance(o, (Record, Overlay)) and _entries(o)]
    if tables and arguments:
        return _of_table(ev, f, tables, [v for _, v in arguments], at)
    maps = [o for o in options(callee.base) if isinstance(o, Result) and _is_map(o)]
    if not maps or len(arguments) != 1:
        return None
    wanted = ev.at(f, arguments[0][1])
    entries = [e for one in maps for e in (*_given(ev, one), *_set(ev, f.fn, f.body.args(i)[0], f.ctx))]
    named = [v for k, v in entries if isinstance(k, Const) and isinstance(wanted, Const) and k.text == wanted.text]
    held = [o for v in named or [v for _, v in entries] for o in options(v)][:_MOST]
    if not held or not all(isinstance(o, (Instance, FunctionV, ClassV)) for o in held):
        return None
    return choice(at, held)


def numbered(record: Record, key: str, entry: Value) -> Value:
    """An entry; of a table of nothing but numbers, such as ``{ OPEN: 0, PAID: 1 }``, the number with the name that it stands for."""
    if not isinstance(entry, Const) or entry.kind != Kind.NUMBER or len(record.entries) < _A_TABLE:
        return entry
    codes = all(k is not None and isinstance(v, Const) and v.kind == Kind.NUMBER for k, v in record.entries)
    return Const(entry.at, entry.kind, entry.text, key) if codes else entry


def of_working_map(ev: "Evaluator", value: Value) -> bool:
    """Whether an object was got out of a map that a function begins empty and puts only objects into that it writes down itself: figures
    that it adds up, and no record."""
    callee = value.callee if isinstance(value, Result) and value.instr >= 0 else None
    if not isinstance(value, Result) or not isinstance(callee, Member) or callee.name != "get":
        return False
    maps = [o for o in options(callee.base) if isinstance(o, Result) and _is_map(o)]
    if not maps or any(ev.arguments(one) or lasts(one) for one in maps):
        return False
    put = [o for _, v in _set(ev, value.fn, ev.program.body(value.fn).args(value.instr)[0], value.ctx) for o in options(v)]
    return bool(put) and all(isinstance(o, Record) for o in put)


def _entries(table: Record | Overlay) -> list[tuple[str | None, Value]]:
    """What a table was written with, where it was written down, and what was written into it since."""
    held = before_writes(table)
    if not isinstance(held, Record) or not held.entries:
        return []
    later: list[tuple[str | None, Value]] = []
    here: Value = table
    while isinstance(here, Overlay):
        later += [(k, v) for k, v, _ in here.writes]
        here = here.base
    return [*held.entries, *later]


def lasts(value: Value) -> bool:
    """Whether a value is a map that a module makes empty for as long as the program runs: what it holds is kept there."""
    return isinstance(value, Result) and _is_map(value) and value.fn.number == TOP


def _of_table(ev: "Evaluator", f: Frame, tables: list[Record | Overlay], given: list[int], at: Place) -> Value | None:
    """What a literal of Python holds under a key, or the other thing that is named: ``{'paid': keep, 'failed': note}.get(kind, ignore)``.
    None where the key is not known and it holds several of functions, constants and records."""
    wanted = ev.at(f, given[0])
    if isinstance(wanted, Const) and all(_is_once(table, wanted.text) for table in tables):
        return choice(at, [ev.index(table, wanted, at) for table in tables])  # what was handed over by that very name
    held = [o for table in tables for _, v in _entries(table) for o in options(v)]
    if not any(all(is_it(o) for o in held) for is_it in (_is_code, _is_written, _is_record)):
        return None
    found = [ev.index(table, wanted, at) for table in tables]
    return choice(at, [*(v for v in found if not isinstance(v, Missing)), *(ev.at(f, other) for other in given[1:2])][:_MOST])


def _is_written(value: Value) -> bool:
    return isinstance(value, Const)


def _is_record(value: Value) -> bool:
    return isinstance(before_writes(value), Record)


def _is_once(table: Record | Overlay, key: str) -> bool:
    """Whether a table has one entry of that key, whatever was put in its place later."""
    held = before_writes(table)
    return isinstance(held, Record) and sum(k == key for k, _ in held.entries) == 1


def _is_code(value: Value) -> bool:
    """Whether a value is a function, a class or an object of ours, or what a package's name stands for: ``requests.post``."""
    return isinstance(value, (Instance, FunctionV, ClassV, External)) or (isinstance(value, Member) and _is_code(value.base))


def _is_map(value: Result) -> bool:
    """Whether it is a map that is made in the code at hand; one that is only declared has no call behind it."""
    return value.new and value.instr >= 0 and isinstance(value.callee, External) and value.callee.name == "Map"


def _given(ev: "Evaluator", made: Result) -> Iterator[tuple[Value, Value]]:
    """The pairs that a map is made of."""
    for _, argument in ev.arguments(made)[:1]:
        for pairs in options(argument):
            for pair in pairs.items if isinstance(pairs, Seq) else ():
                if isinstance(pair, Seq) and len(pair.items) == 2:
                    yield pair.items[0], pair.items[1]


def _set(ev: "Evaluator", fn: Fn, callee: int, ctx: Ctx | None) -> Iterator[tuple[Value, Value]]:
    """What the file puts into a map of that name; a method of the same object, with what that object has."""
    body = ev.program.body(fn)
    holder = body.args(callee)[0]
    name = body.name(holder) if body.op[holder] in (Op.NAME, Op.FIELD) else ""
    for setting in ev.program.functions_calling_name(fn.file, "set") if name else ():
        yield from _set_in(ev, setting, name, _of_same(ev, setting, ctx))


def _of_same(ev: "Evaluator", fn: Fn, ctx: Ctx | None) -> Ctx | None:
    """The context of a method that is called on the object whose method runs in a context; none of any other function."""
    this, owner = ctx.this if ctx is not None else None, ev.program.owner(fn)
    same = isinstance(this, Instance) and owner is not None and owner in ev.scope.lineage(this.cls)
    return ev.entry_context(FunctionV((fn.file, 1), fn, None, this)) if same else None


def _set_in(ev: "Evaluator", fn: Fn, name: str, ctx: Ctx | None) -> Iterator[tuple[Value, Value]]:
    body = ev.program.body(fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL or body.called(i) != "set" or body.op[body.args(i)[0]] != Op.FIELD:
            continue
        holder = body.args(body.args(i)[0])[0]
        arguments = body.call(i)[1]
        if body.op[holder] in (Op.NAME, Op.FIELD) and body.name(holder) == name and len(arguments) == 2:
            yield ev.value(fn, arguments[0][1], ctx), ev.value(fn, arguments[1][1], ctx)
