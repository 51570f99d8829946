"""The parts of what is done to records."""

from dataclasses import dataclass, field

from tillproof.flow.values import Value


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
