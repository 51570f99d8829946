"""What a value is where it is asked or compared: true or false, of a class, a number, the constant that is meant."""

from typing import TYPE_CHECKING

from tillproof.flow.values import ClassV, Const, External, FunctionV, Instance, Member, Missing, Record, Result, Seq, Value, options
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope


def is_of(scope: "Scope", value: Value, wanted: Value) -> bool | None:
    """Whether a value is an object of a class; None where that is not known."""
    found: set[bool | None] = set()
    for option in options(value):
        kinds = [_is_one_of(scope, option, w) for kind in (wanted.items if isinstance(wanted, Seq) else (wanted,)) for w in options(kind)]
        found.add(True if True in kinds else None if None in kinds else False)
    return found.pop() if len(found) == 1 else None


def _is_one_of(scope: "Scope", value: Value, wanted: Value) -> bool | None:
    if isinstance(value, (Const, Seq, Record)):
        return False
    if isinstance(value, Instance) and isinstance(wanted, ClassV):
        if wanted.cls in scope.lineage(value.cls):
            return True
        return None if value.made is None and wanted.cls in scope.subclasses(value.cls) else False
    if isinstance(wanted, External):
        word = wanted.name.rpartition(".")[2]
        if isinstance(value, Instance):
            return any(base.rpartition(".")[2] == word for base in scope.foreign_bases(value.cls)) or None
        if isinstance(value, Result) and value.new and isinstance(value.callee, External):
            return value.callee.name.rpartition(".")[2] == word or None
    return None


def truth_of(value: Value) -> bool | None:
    """Whether a value is true or false as a condition, when that is certain."""
    if isinstance(value, Missing):
        return False
    if isinstance(value, Const):
        return not value.falsy
    if isinstance(value, (FunctionV, Instance, Record, ClassV)):
        return True
    return None


def may_equal(value: Value, key: str) -> bool | None:
    """Whether a value is the constant that is asked for; None when it may be."""
    if isinstance(value, Missing):
        return False
    got = key_of(value)
    return None if got is None else got == key


def number_of(value: Value) -> float | None:
    """The number that a constant is, or counts as where it is held against one."""
    if not isinstance(value, Const) or value.kind not in (Kind.NUMBER, Kind.BOOL, Kind.NULL):
        return None
    if value.kind != Kind.NUMBER:
        return float(not value.falsy)
    try:
        return float(value.text)
    except ValueError:  # ``0x1f``, ``1_000n``
        return None


def is_empty(value: Value | None) -> bool:
    """Whether a value holds nothing at all: null, false, an empty list or record."""
    if isinstance(value, (Seq, Record)):
        return not value.parts()
    return isinstance(value, Const) and value.falsy


def tail_of(value: Value) -> str:
    """The last word of a name."""
    return value.name if isinstance(value, Member) else value.name.rpartition(".")[2] if isinstance(value, External) else ""


def key_of(value: Value) -> str | None:
    """A comparable form of a constant or enum member."""
    if isinstance(value, Const):
        return value.text.strip("'\"").lower()
    if isinstance(value, (External, Member)):
        tail = tail_of(value)
        return tail.lower() if tail[:1].isupper() else None
    return None
