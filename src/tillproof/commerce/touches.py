"""One touch of our own records, in the words in which all questions about them are asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from tillproof.commerce.parts import Parts
from tillproof.commerce.record_names import TouchKind
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, External, Member, Value, constant, options

# ``Order::STATE_PROCESSING``, ``Transaction::STATUS_SUCCESS``: the state stands behind the word.
_STATE_OF = re.compile(r"\A(?:[A-Z]+_)*(?:STATUS|STATE)_(?=[A-Z]{2})")
THROWING = (
    "get", "findorfail", "firstorfail", "get_object_or_404", "findoneorfail", "findoneby_or_fail", "findoneorthrow", "one", "scalar_one",
    "finduniqueorthrow", "findfirstorthrow", "aget", "sole", "get_or_404", "first_or_404",
)  # fmt: skip
"""Reads, in lower case, that raise when there is nothing to read."""

T = TypeVar("T")
_LIVES_IN = ("state_id", "stateid", "estado", "state")
_ADDRESS = re.compile(
    r"(\w*_)?(city|town|zip|zip_?code|pin_?code|post_?code|postal_?code|country|address\d?|address_?line_?\d|street|district)(_id)?"
)


@dataclass(frozen=True, slots=True)
class Touch:
    """One touch of records.

    ``entity``: as ``entities.entity`` names it; empty when it is not known. ``fields``: what is written, with its value; None where it is
    not known. ``relative``: fields that the database works out from their old value. ``keys``: equalities that choose the rows;
    ``compared``: every field that chooses. ``locked``: the rows are locked. ``record``: the object that is touched, if it is one.
    ``effect``: the kind of effect that a pack says it is; ``repeat``: what the pack says of a second time.
    ``lowered``: of the relative fields those that go down, where what is written says so; None where it does not.
    ``among``: by field, the values of which the rows chosen have one.
    ``overwrites``: of an upsert, the fields that a row which is there already gets anew; None for all of them.
    """

    kind: TouchKind
    entity: str
    fields: dict[str, Value | None]
    relative: frozenset[str]
    keys: dict[str, Value]
    compared: frozenset[str]
    locked: bool
    record: Value | None
    fn: Fn
    instr: int
    ctx: Ctx | None
    effect: str = ""
    repeat: str = "again"
    overwrites: frozenset[str] | None = None
    lowered: frozenset[str] | None = None
    among: dict[str, Value] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        return self.kind not in ("read", "flush")

    def said(self) -> Iterator[str]:
        """The words that the fields may be set to, as far as they are known."""
        return (text for value in self.fields.values() for text in words_of(value))


def touch_of(
    kind: TouchKind, named: str, parts: Parts, fn: Fn, i: int, ctx: Ctx | None, record: Value | None = None, effect: str = ""
) -> Touch:
    """What a call does to the records of a kind, from the parts that were read of it."""
    fields: dict[str, Value | None] = dict(parts.fields)
    return Touch(
        kind, named, fields, frozenset(parts.relative), parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx, effect,
        among=parts.among,
    )  # fmt: skip


def without_address(fields: dict[str, T]) -> dict[str, T]:
    """Fields that are written together, the state where somebody lives under a name by which it is none that an order is in: ``city``,
    ``state`` and ``pincode`` beside each other, ``customer_state`` beside ``customer_city``."""
    lower = {name.lower() for name in fields}
    lives = {name for name in fields if name.lower().endswith(_LIVES_IN) and _has_address(lower, name.lower())}
    return {f"{name}_address_state" if name in lives else name: value for name, value in fields.items()} if lives else fields


def _has_address(names: set[str], state: str) -> bool:
    """Whether a part of an address stands beside a state, before which the same words stand."""
    before = state.rpartition(next(end for end in _LIVES_IN if state.endswith(end)))[0]
    return any(name.startswith(before) and _ADDRESS.fullmatch(name[len(before) :] if before else name) for name in names)


def text_of(value: Value | None) -> str | None:
    """The word that a value says: a constant's text, or the name of an enum's member or of the class constant that keeps a number."""
    if value is None:
        return None
    if isinstance(value, Const) and value.name:
        return state_named(value.name)
    text = constant(value)
    if text is not None:
        return text.strip("'\"")
    return state_named(value.name.rpartition(".")[2]) if isinstance(value, (Member, External)) else None


def words_of(value: Value | None) -> Iterator[str]:
    """The words that a value may say, but for the empty one; none where it is not known."""
    return (text for o in (options(value) if value is not None else ()) if (text := text_of(o)))


def state_named(name: str) -> str:
    """The state that a constant's name tells: ``PAID`` of ``STATUS_PAID``."""
    return _STATE_OF.sub("", name)
