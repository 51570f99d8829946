"""Exceptions that a body catches: what stands in the try, what the handler does, and whether it lets the failure go on."""

from collections.abc import Callable, Set
from typing import NamedTuple

from tillproof.ir.body import EDGE_RAISE, Body
from tillproof.ir.ops import Op


class Catch(NamedTuple):
    """A handler. ``caught``: its CAUGHT instruction; ``types``: the names that it catches, none for all. ``tried``: the blocks from which a
    raise leads to it. ``blocks``: the handler's own, up to where the normal way joins. ``falls``: it goes on after the try."""

    caught: int
    types: tuple[str, ...]
    tried: frozenset[int]
    blocks: frozenset[int]
    falls: bool


def catches(body: Body) -> list[Catch]:
    """The handlers of a body, in order."""
    into: dict[int, set[int]] = {}
    for number, block in enumerate(body.blocks):
        for kind, target in block.next:
            if kind == EDGE_RAISE:
                into.setdefault(target, set()).add(number)
    if not into:
        return []
    normal = reached_from(body, 0)
    out = []
    for target, tried in into.items():
        entries = [t for _, t in body.blocks[target].next] if body.blocks[target].start == body.blocks[target].end else [target]
        for entry in entries:
            caught = _caught(body, entry)
            inside, falls = _handler(body, entry, normal)
            types = tuple(body.text(a) for a in body.args(caught)) if caught >= 0 else ()
            out.append(Catch(caught, types, frozenset(tried), frozenset(inside), falls))
    return sorted(out, key=lambda c: c.caught)


def _caught(body: Body, entry: int) -> int:
    block = body.blocks[entry]
    return next((i for i in range(block.start, block.end) if body.op[i] == Op.CAUGHT), block.start if block.end > block.start else -1)


def _handler(body: Body, entry: int, normal: frozenset[int]) -> tuple[set[int], bool]:
    """The blocks of a handler, and whether it leads back to what runs after the try."""
    inside: set[int] = set()
    falls = False
    waiting = [entry]
    while waiting:
        number = waiting.pop()
        if number in inside:
            continue
        if number in normal:
            falls = True
            continue
        inside.add(number)
        waiting += body.blocks[number].onward
    return inside, falls


def _reached(body: Body, start: int, goes: Callable[[int, int, int], bool]) -> frozenset[int]:
    """The blocks that one leads to, itself included, by the edges (from, kind, to) that are gone."""
    seen = {start}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for kind, target in body.blocks[here].next:
            if target not in seen and goes(here, kind, target):
                seen.add(target)
                waiting.append(target)
    return frozenset(seen)


def reached_from(body: Body, start: int) -> frozenset[int]:
    """The blocks that a block leads to by normal ways, itself included."""
    return _reached(body, start, lambda _, kind, __: kind != EDGE_RAISE)


def reached_round(body: Body, walls: Set[int]) -> frozenset[int]:
    """The blocks that a body's beginning leads to, by normal ways and by failures, not through some."""
    return _reached(body, 0, lambda _, __, target: target not in walls) if 0 not in walls else frozenset()


def reached_beside(body: Body, start: int, walls: Set[int]) -> frozenset[int]:
    """The blocks that a block leads to by normal ways, itself included, not through some."""
    return _reached(body, start, lambda _, kind, target: kind != EDGE_RAISE and target not in walls)


def reached_onward(body: Body, start: int) -> frozenset[int]:
    """The blocks that a block leads to by normal ways, itself included, without beginning a loop's next turn."""
    blocks = body.blocks
    return _reached(body, start, lambda here, kind, target: kind != EDGE_RAISE and blocks[target].start >= blocks[here].start)


def always_reached(body: Body, start: int, target: int) -> bool:
    """Whether every normal way from a block to the body's end leads through another, or through itself where both are one."""
    return start == target or not any(not body.blocks[b].onward for b in reached_beside(body, start, {target}))
