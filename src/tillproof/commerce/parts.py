"""The parts of what is done to records."""

from dataclasses import dataclass, field

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Mix, Value


@dataclass(slots=True)
class Parts:
    """``fields``: what is written. ``relative``: the fields whose new value the database works out from the old one. ``keys``: equalities
    that choose the records; ``among``: the values of which a field has to be one. ``compared``: every field that chooses. ``locked``: the
    rows are locked when read."""

    fields: dict[str, Value] = field(default_factory=dict)
    relative: set[str] = field(default_factory=set)
    keys: dict[str, Value] = field(default_factory=dict)
    among: dict[str, Value] = field(default_factory=dict)
    compared: set[str] = field(default_factory=set)
    locked: bool = False


def other_than(value: Value) -> Mix:
    """What a column is asked to be that must not hold a value: ``exclude(status="paid")``, ``status <> 'paid'``."""
    return Mix(value.at, "!=", (value,), Fn(value.at[0], TOP), -1, None)
