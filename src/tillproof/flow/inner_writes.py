"""What is written into the records and lists that a record holds: ``order["price"]["total"] = x``, ``data["items"].append(y)``."""

from typing import TYPE_CHECKING

from tillproof.flow.defuse import Below, Reach, Write
from tillproof.flow.frames import Frame
from tillproof.flow.values import External, Overlay, Place, Record, Seq, Value, before_writes, options

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator


def with_inner_writes(ev: "Evaluator", f: Frame, value: Value, reach: Reach, at: Place) -> Value:
    """A record with what was put into the lists and written into the records that it holds. What is no record that the code writes down
    stays as it is: of a row or a message more is known by what it is."""
    if reach.added and isinstance(options(value)[0], (Record, Overlay)):
        value = _with_added(ev, f, value, reach.added, at)
    if reach.below and _is_written_down(ev, f, value, reach):
        value = _with_below(ev, f, value, [(b.keys, b) for b in reach.below], at)
    return value


def _is_written_down(ev: "Evaluator", f: Frame, value: Value, reach: Reach) -> bool:
    """Whether every record that a variable may hold was written down, or is made by the writes themselves, as PHP makes it."""
    if not reach.stores:
        return ev.program.language(f.file) == "php" and isinstance(before_writes(value), External)
    held = [before_writes(o) for o in options(value)]
    return all(isinstance(h, Record) or (isinstance(h, Seq) and not h.items) for h in held)


def _with_below(ev: "Evaluator", f: Frame, value: Value, writes: list[tuple[tuple[str, ...], Below]], at: Place) -> Value:
    found: dict[str, list[tuple[tuple[str, ...], Below]]] = {}
    for keys, write in writes:
        found.setdefault(keys[0], []).append((keys[1:], write))
    held: list[tuple[str | None, Value, bool]] = []
    for key, inner in found.items():
        held += [(key, ev.at(f, b.value), b.certain) for rest, b in inner if not rest]
        if below := [(rest, b) for rest, b in inner if rest]:
            within = ev.member(Overlay(at, value, tuple(held)) if held else value, key, at)
            held.append((key, _with_below(ev, f, within, below, at), True))
    return Overlay(at, value, tuple(held))


def _with_added(ev: "Evaluator", f: Frame, value: Value, added: tuple[Write, ...], at: Place) -> Value:
    """A record with what was put into the lists that it holds: ``data["items"].append(x)``."""
    lists: dict[str, list[tuple[str | None, Value, bool]]] = {}
    for write in added:
        lists.setdefault(write.key or "", []).append(("[]", ev.at(f, write.value), write.certain))
    held = [(key, Overlay(at, ev.member(value, key, at), tuple(items)), True) for key, items in lists.items()]
    return Overlay(at, value, tuple(held))
