"""Under which conditions a literal is the value: always, where a setting is missing, or where some condition has it so."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tillproof.flow.defuse import DefUse, value_operands
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

_STANDS_IN = ("or", "coalesce", "default")
_THROUGH = (Op.TEXT, Op.CAST, Op.AWAIT, Op.SPREAD)
_DEEP = 8


class Condition(NamedTuple):
    """A condition (instruction) that has to be ``truth`` for a block to be reached."""

    instr: int
    truth: bool


class Chosen(NamedTuple):
    """How a value comes to be. ``stand_in``: the instruction that takes it when nothing is given; ``conditions``: what decides else."""

    stand_in: int | None
    conditions: list[Condition]


def chosen(body: Body, defuse: DefUse, i: int, is_read: Callable[[int], bool]) -> Chosen:
    """How instruction ``i`` comes to be the value. ``is_read``: whether a call (or new object) reads a setting, its later arguments being
    what stands in for it."""
    return Chosen(_stand_in(body, defuse, i, is_read), list(conditions_of(body, defuse, i)))


def _stand_in(body: Body, defuse: DefUse, i: int, is_read: Callable[[int], bool]) -> int | None:
    here = i
    for _ in range(_DEEP):
        user = next(iter(defuse.uses(here)), None)
        if user is None:
            return None
        op, args = body.op[user], body.args(user)
        if op == Op.CHOICE:
            if body.text(args[0]) not in _STANDS_IN:
                return None  # a condition of its own decides
            if here in args[2:]:
                return user
        elif op in (Op.CALL, Op.NEW):
            return user if _is_default(body, user, here) and is_read(user) else None
        elif op == Op.STORE:
            return user if _fills_a_gap(body, defuse, user) else None
        elif op not in _THROUGH:
            return None
        here = user
    return None


def _fills_a_gap(body: Body, defuse: DefUse, store: int) -> bool:
    """``if (!key) key = …``: a variable gets its value because it has none."""
    asked = {word for condition in conditions_of(body, defuse, store) for word in words_of(body, condition.instr)}
    return asked <= {body.name(store), "null", "None", "undefined", "", "isset", "empty", "is_null"} and body.name(store) in asked


def _is_default(body: Body, call: int, value: int) -> bool:
    """Whether an argument is one that stands in for what is read: not the first, or named so, or handed to ``.default(…)``."""
    callee, arguments = body.call(call)
    place = next((n for n, (_, v) in enumerate(arguments) if v == value), 0)
    name = arguments[place][0] if arguments else ""
    if name:
        return "default" in name.lower()
    return place > 0 or (body.op[callee] == Op.FIELD and body.name(callee).lower() in ("default", "defaultvalue", "fallback"))


def conditions_of(body: Body, defuse: DefUse, i: int) -> Iterator[Condition]:
    """The conditions that decide whether the block of an instruction is reached: one way leads there and the other does not."""
    target = defuse.block_of[i]
    for number, block in enumerate(body.blocks):
        if number == target or block.end <= block.start or body.op[block.end - 1] != Op.BRANCH:
            continue
        ways = {kind: to for kind, to in block.next if kind in (EDGE_TRUE, EDGE_FALSE)}
        if len(ways) != 2:
            continue
        reached = {kind: _reaches(body, to, target, number) for kind, to in ways.items()}
        if reached[EDGE_TRUE] != reached[EDGE_FALSE]:
            yield Condition(body.args(block.end - 1)[0], reached[EDGE_TRUE])


def _reaches(body: Body, start: int, target: int, without: int) -> bool:
    """Whether a block leads to another one without going through a third; what is thrown is not followed."""
    waiting, seen = [start], {start, without}
    while waiting:
        block = waiting.pop()
        if block == target:
            return True
        for kind, to in body.blocks[block].next:
            if kind != EDGE_RAISE and to not in seen:
                seen.add(to)
                waiting.append(to)
    return False


def words_of(body: Body, i: int, depth: int = 0) -> Iterator[str]:
    """The names and literals that an expression is made of."""
    if i < 0 or depth > _DEEP:
        return
    if body.op[i] in (Op.NAME, Op.FIELD, Op.CONST):
        yield body.name(i)
    for operand in value_operands(body, i):
        yield from words_of(body, operand, depth + 1)


def literals(body: Body, defuse: DefUse, i: int, depth: int = 0) -> Iterator[int]:
    """The literals that a value may be, through variables and choices."""
    if body.op[i] == Op.CONST:
        yield i
    elif body.op[i] == Op.CHOICE and depth < _DEEP:
        for one in body.args(i)[1:]:
            yield from literals(body, defuse, one, depth + 1)
    elif body.op[i] == Op.NAME and depth < _DEEP:
        for store in defuse.reaching(i, body.name(i)).stores:
            yield from literals(body, defuse, body.args(store)[1], depth + 1)
