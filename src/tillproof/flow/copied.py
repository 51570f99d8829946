"""Keys that are worked out and yet known: those of a list that is written down, ``for (const k of ['status', 'note']) row[k] = body[k]``,
and all those of another record that is gone through, ``for (const [k, v] of Object.entries(fields)) if (v !== undefined) patch[k] = v``, or
such of them as a list lets through."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.defuse import Write
from tillproof.flow.facts import Condition, Facts, Passed
from tillproof.flow.frames import Frame
from tillproof.flow.program import Fn
from tillproof.flow.values import (
    Choice,
    Const,
    Element,
    External,
    Instance,
    Member,
    Overlay,
    Param,
    Record,
    Result,
    Seq,
    Value,
    choice,
    options,
)
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_OF_ITSELF = ("items", "keys", "entries")
_OF_FIRST = ("Object.keys", "Object.entries", "array_keys")
_LOOKS_UP = ("get", "input")
_LISTS = ("includes", "has", "contains", "in_array")
_HAS = ("hasOwnProperty", "hasOwn", "has_key", "isset", "array_key_exists", "__contains__")
_ALL = "**"  # as an overlay has it: what is written there is a record, all keys of which are meant
_MOST = 40
_DEEPEST = 3

Entries = list[tuple[str | None, Value]]


class Copied:
    """Answers by write."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self._facts: dict[Fn, Facts] = {}

    def written(self, f: Frame, w: Write) -> Iterator[tuple[str | None, Value, bool]]:
        """A write into what a variable holds, as an overlay has it."""
        found = self.entries(f, w.instr) if w.key is None else []
        if not found:
            yield w.key, self.evaluator.at(f, w.value), w.certain
        one = w.certain and len(found) == 1 and found[0][0] != _ALL
        yield from ((key, value, one) for key, value in found)

    def entries(self, f: Frame, i: int) -> Entries:
        """What a write under a key that is worked out has written, as an overlay has it; empty when the key may be any."""
        _, at, given = f.body.args(i)
        if f.body.op[i] != Op.SET_INDEX or at < 0:
            return []
        key, value = self.evaluator.at(f, at), self.evaluator.at(f, given)
        if named := each_named(self.evaluator, key, value):
            return named
        rows = gone_through(self.evaluator, key)
        if rows is None or not any(self._is_of(o, key, rows) for o in options(value)):
            return []
        limits = list(self._limits(f, i, at))
        if not limits:
            return [(_ALL, rows)]
        names = set.intersection(*map(set, limits))
        return [(name, self.evaluator.member(rows, name, value.at)) for name in sorted(names)]

    def _is_of(self, value: Value, key: Value, rows: Value) -> bool:
        """Whether a value is what the record that is gone through has under the key."""
        if isinstance(value, Element) and isinstance(value.key, Const) and value.key.text == "1":
            return isinstance(value.base, Element) and isinstance(key, Element) and alike(value.base, key.base)
        of = isinstance(value, Element) and any(alike(value.base, r) for r in (rows, *options(rows)))
        return of and isinstance(value, Element) and (value.key is None or alike(value.key, key))

    def _limits(self, f: Frame, i: int, at: int) -> Iterator[list[str]]:
        """The lists that must have the key where it is written; one without names for whatever else is asked of it."""
        if f.fn not in self._facts:
            self._facts[f.fn] = Facts(f.body, lambda _: False)
        name = f.body.name(at) if f.body.op[at] == Op.NAME else ""
        for fact in self._facts[f.fn].at(i):
            for condition in () if isinstance(fact, Passed) else (fact,) if isinstance(fact, Condition) else fact.conditions:
                if _names(f.body, condition.instr, name, 0):
                    listed = self._listed(f, condition.instr) if isinstance(fact, Condition) and condition.truth else None
                    yield [t for t in listed if t] if listed is not None else []

    def _listed(self, f: Frame, i: int) -> list[str] | None:
        """The texts of the list in which a condition looks for something: ``allowed.includes(key)``, ``key in ALLOWED``."""
        body = f.body
        if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) == "in":
            looked = body.args(i)[2]
        elif body.op[i] == Op.CALL and body.called(i).rpartition(".")[2] in _LISTS:
            callee, given = body.call(i)
            looked = given[1][1] if len(given) > 1 else body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
        else:
            return None
        found = [self._in_list(o) for o in options(self.evaluator.at(f, looked))] if looked >= 0 else []
        return found[0] if len(found) == 1 else None

    def _in_list(self, value: Value) -> list[str] | None:
        if isinstance(value, Result) and value.instr >= 0 and len(given := self.evaluator.arguments(value)) == 1:
            value = given[0][1]  # `new Set([…])`, `frozenset({…})`
        if isinstance(value, Record):
            return [key for key, _ in value.entries if key]
        items = value.items if isinstance(value, Seq) else ()
        return [o.text for o in items if isinstance(o, Const)] if items and all(isinstance(o, Const) for o in items) else None


def each_named(ev: "Evaluator", key: Value, value: Value) -> Entries:
    """The entries for the names in a list: ``{name: form[name] for name in ("order_id", "signature")}``."""
    names = _one_of(key)
    if len(names) > _MOST or not all(isinstance(o, Const) and o.kind == Kind.STRING for o in names):
        return []
    return [(o.text, _of_name(ev, key, value, o)) for o in names if isinstance(o, Const)]


def _one_of(key: Value) -> tuple[Value, ...]:
    """The values of which a key is one; of a list to which something was added, that as well."""
    base = key.base if isinstance(key, Element) and key.key is None else None
    if isinstance(base, Overlay) and isinstance(base.base, Seq) and all(k == "[]" for k, _, _ in base.writes):
        return (*base.base.items, *(v for _, v, _ in base.writes))
    return options(key)


def _of_name(ev: "Evaluator", key: Value, value: Value, name: Const) -> Value:
    """A value for one of the names: what is looked up by the name is that member."""
    if isinstance(value, Choice):
        return choice(value.at, [_of_name(ev, key, o, name) for o in value.options])
    if isinstance(value, Element) and value.key is not None and alike(value.key, key):
        return ev.member(value.base, name.text, name.at)
    asked = value.callee if isinstance(value, Result) and value.instr >= 0 else None
    if isinstance(value, Result) and isinstance(asked, Member) and asked.name in _LOOKS_UP:
        by = ev.argument(value, 0)
        return ev.member(asked.base, name.text, name.at) if by is not None and alike(by, key) else value
    return value


def gone_through(ev: "Evaluator", name: Value) -> Value | None:
    """The record of which a value is one of the keys, in a loop over its items or over itself."""
    pair = name.base if isinstance(name, Element) and isinstance(name.key, Const) and name.key.text == "0" else name
    rows = pair.base if isinstance(pair, Element) and pair.key is None else None
    if not isinstance(rows, Result):
        return rows
    if isinstance(rows.callee, External) and rows.callee.name in _OF_FIRST:
        return ev.argument(rows, 0) if rows.instr >= 0 else None
    return rows.callee.base if isinstance(rows.callee, Member) and rows.callee.name in _OF_ITSELF else rows


def _names(body: Body, i: int, name: str, depth: int) -> bool:
    """Whether a condition asks something of a key itself, and not of what stands under it, or whether anything does."""
    op, args = body.op[i], body.args(i)
    if op == Op.NAME:
        return body.name(i) == name
    if depth > _DEEPEST or op == Op.INDEX:
        return False
    if op == Op.CALL:
        callee, given = body.call(i)
        if body.called(i).rpartition(".")[2] in _HAS:
            return False
        on = body.args(callee)[:1] if body.op[callee] == Op.FIELD else []
        return any(_names(body, a, name, depth + 1) for a in (*on, *(a for _, a in given)))
    below = args[1:] if op in (Op.UNARY, Op.BINARY) else args[:1] if op == Op.FIELD else []
    return any(_names(body, a, name, depth + 1) for a in below)


def alike(one: Value, other: Value) -> bool:
    """Whether two values are read from the same place."""
    if one is other:
        return True
    if isinstance(one, Element) and isinstance(other, Element):
        if one.key is None or other.key is None:
            return one.key is other.key and alike(one.base, other.base)
        return alike(one.key, other.key) and alike(one.base, other.base)
    if isinstance(one, Choice) and isinstance(other, Choice):
        return len(one.options) == len(other.options) and all(map(alike, one.options, other.options))
    if isinstance(one, Const) and isinstance(other, Const):
        return one.text == other.text
    if isinstance(one, Member) and isinstance(other, Member):
        return one.name == other.name and alike(one.base, other.base)
    if isinstance(one, Param) and isinstance(other, Param):
        return (one.fn, one.number) == (other.fn, other.number)
    if isinstance(one, Instance) and isinstance(other, Instance):
        return one.made is not None and one.made == other.made
    if isinstance(one, Result) and isinstance(other, Result):
        return one.instr >= 0 and (one.fn, one.instr, one.ctx) == (other.fn, other.instr, other.ctx)
    return isinstance(one, External) and isinstance(other, External) and one.name == other.name
