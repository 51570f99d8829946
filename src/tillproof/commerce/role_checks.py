"""What holds for all that a handler does: conditions at its head whose other side only leaves, and calls made there in any case."""

import re
from collections.abc import Callable, Iterator
from typing import Literal

from tillproof.commerce.session_marks import given_or_sent_away
from tillproof.flow.program import Fn, Program
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Block, Body
from tillproof.ir.ops import Kind, Op

_LONGEST_HEAD = 24
_MOST_SIDES = 6
_LEAVES = 6  # calls that a side which only refuses makes at most
_REFUSALS = {"401", "403"}
_EQUAL = {"==", "===", "is", "in"}
_ENVIRONMENT = {"env", "environ", "getenv", "NODE_ENV", "DEBUG", "environment", "WP_DEBUG"}
_ABSENT = ("empty", "is_null")
"""Calls that say that something is not there: when they are false it is."""
_UNEQUAL = {"!=", "!==", "is not", "not in"}
_COMPARES = (_EQUAL | _UNEQUAL) - {"in", "not in"}
_OWNER = re.compile(
    r"\w*(user|owner|customer|buyer|payer|creator|created_?by|author|account|client|member|purchaser|seller|vendor)(_?id)?", re.IGNORECASE
)
"""Fields by which a record says whose it is."""


INSISTS = {"abort_unless": True, "throw_unless": True, "assert": True, "invariant": True, "abort_if": False, "throw_if": False}
"""Calls that return only when what they are given is so, or is not."""

Sides = tuple[tuple[int, ...], ...]
_Leaves = Callable[[Body, int, int, frozenset[str]], bool | None]


def at_head(program: Program, fn: Fn, exits: frozenset[str], hard: bool = False) -> Iterator[tuple[Literal["holds", "runs"], Sides]]:
    """Instructions that are true beyond the head of a function (comparisons only when they say that two things are equal), and calls that
    are made on every way through it. Of several sides one is true: ``if (!may('manage') && !may('refund')) die()``. ``exits``: last words
    of calls that never return. ``hard``: a function that a handler calls: only what raises or exits keeps the handler from going on."""
    body = program.body(fn)
    leaves: _Leaves = _other_never_returns if hard else _goes_on
    block = 0
    seen: set[int] = set()
    while block >= 0 and block not in seen and len(seen) < _LONGEST_HEAD:
        seen.add(block)
        here = body.blocks[block]
        yield from (("runs", ((i,),)) for i in range(here.start, here.end) if body.op[i] == Op.CALL)
        forward = [(kind, target) for kind, target in here.next if kind != EDGE_RAISE]
        last = here.end - 1
        if here.end > here.start and body.op[last] == Op.BRANCH and len(forward) == 2:
            sides = dict(forward)
            true, false = sides.get(EDGE_TRUE, -1), sides.get(EDGE_FALSE, -1)
            if true < 0 or false < 0:
                return
            on = leaves(body, true, false, exits)
            if on is None and (aside := _set_aside(body, body.args(last)[0], true, false)) is not None:
                block = aside  # elsewhere than in production nothing is asked
                continue
            if on is None and (either := _either(body, block, leaves, exits)) is not None:
                yield "holds", either[0]
                block = either[1]
                continue
            if on is None:
                on = given_or_sent_away(body, body.args(last)[0], true, false, exits)
            if on is None:
                block = _joined(body, true, false)
                continue
            yield from (("holds", ((i,),)) for i in holding(body, body.args(last)[0], on))
            block = true if on else false
        elif len(forward) == 1:
            block = forward[0][1]
        else:
            return


def _either(body: Body, block: int, leaves: _Leaves, exits: frozenset[str]) -> tuple[Sides, int] | None:
    """The conditions of which one is true where a function goes on, and the block in which it does, when it leaves for good once all of
    them have failed."""
    for first in (True, False):
        sides: list[tuple[int, ...]] = []
        here, goal, on = block, -1, first
        while (ways := _branch(body, here)) is not None:
            if goal < 0:
                goal = ways[on]
            elif goal not in ways.values():
                break
            else:
                on = ways[True] == goal
            sides.append(tuple(holding(body, body.args(body.blocks[here].end - 1)[0], on)))
            if len(sides) > 1 and (decided := leaves(body, ways[True], ways[False], exits)) is not None:
                if decided == on:
                    return tuple(sides), goal
                break
            here = ways[not on]
            if len(sides) > _MOST_SIDES:
                break
    return None


def _branch(body: Body, block: int) -> dict[bool, int] | None:
    """Where a block that ends in a condition leads, by the condition's truth."""
    here = body.blocks[block]
    ways = {kind == EDGE_TRUE: target for kind, target in here.next if kind in (EDGE_TRUE, EDGE_FALSE)}
    return ways if here.end > here.start and body.op[here.end - 1] == Op.BRANCH and len(ways) == 2 else None


def _set_aside(body: Body, condition: int, true: int, false: int) -> int | None:
    """The side on which a function goes on, where the other one leaves because of the environment that it runs in."""
    if not any(body.op[i] in (Op.NAME, Op.FIELD) and body.name(i) in _ENVIRONMENT for i in _within(body, condition)):
        return None
    short = [_only_leaves(body, side) for side in (true, false)]
    return (false if short[0] else true) if short[0] != short[1] else None


def _within(body: Body, i: int) -> Iterator[int]:
    """The names and members that a condition is about."""
    op, args = body.op[i], body.args(i)
    if op in (Op.NAME, Op.FIELD):
        yield i
    below = args[1:] if op in (Op.UNARY, Op.BINARY, Op.CHOICE) else args[:1] if op in (Op.FIELD, Op.CALL, Op.INDEX) else []
    for b in below:
        yield from _within(body, b)


def _only_leaves(body: Body, block: int) -> bool:
    here = body.blocks[block]
    inside = body.op[here.start : here.end]
    return bool(inside) and inside[-1] == Op.RETURN and Op.CALL not in inside


def _other_never_returns(body: Body, true: int, false: int, exits: frozenset[str]) -> bool | None:
    """Which side of a branch the function goes on with, when the other one never comes back to the caller."""
    lost_true, lost_false = _never_returns(body, true, exits), _never_returns(body, false, exits)
    return lost_false if lost_true != lost_false else None


def _never_returns(body: Body, start: int, exits: frozenset[str]) -> bool:
    """Whether every way from a block on ends in an exception or in a call that ends the program."""
    waiting, seen = [start], {start}
    while waiting:
        block = body.blocks[waiting.pop()]
        if _ends(body, block, exits) or (block.end > block.start and body.op[block.end - 1] == Op.RAISE):
            continue
        onward = block.onward
        if not onward:
            return False
        waiting += [t for t in onward if t not in seen]
        seen.update(onward)
    return True


def _goes_on(body: Body, true: int, false: int, exits: frozenset[str]) -> bool | None:
    """Which side of a branch the function goes on with, when the other one leaves for good."""
    ends_true, ends_false = _ends(body, body.blocks[true], exits), _ends(body, body.blocks[false], exits)
    if ends_true != ends_false:
        return ends_false
    left, right = _reached(body, true), _reached(body, false)
    if false not in left and true not in right and not (left & right):
        if (on := _hands_on(body, left)) != _hands_on(body, right):
            return on
        refuses_true, refuses_false = _refuses(body, left), _refuses(body, right)
        if refuses_true != refuses_false:
            return refuses_false
        later = _begins(body, left) > _begins(body, right)  # what leaves early stands before what goes on
        return later if _weight(body, right if later else left) <= _LEAVES else None
    if right < left and _shares_refusal(body, true, false, left - right, right):
        return True
    if left < right and _shares_refusal(body, false, true, right - left, left):
        return False
    return None


def _hands_on(body: Body, blocks: set[int]) -> bool:
    """Whether a middleware hands the request on somewhere in some blocks: ``return $next($request);``."""
    if not any(p.name.lstrip("$") == "next" for p in body.params):
        return False
    calls = (i for b in blocks for i in range(body.blocks[b].start, body.blocks[b].end) if body.op[i] == Op.CALL)
    return any(body.op[body.args(i)[0]] == Op.NAME and body.name(body.args(i)[0]).lstrip("$") == "next" for i in calls)


def _shares_refusal(body: Body, on: int, refusal: int, own: set[int], leaving: set[int]) -> bool:
    """Whether one side of a branch is where further conditions refuse too: ``if (!user || user.role !== 'admin') return …``. Then the
    other side also leads on beside it, to what stands below."""
    if _weight(body, leaving) > _LEAVES or not _passes_by(body, on, refusal):
        return False
    if (handed := _hands_on(body, own)) != _hands_on(body, leaving):
        return handed
    if _refuses(body, leaving) != _refuses(body, own):
        return _refuses(body, leaving)
    return max(body.blocks[b].start for b in own) > _begins(body, leaving)


def _passes_by(body: Body, start: int, refusal: int) -> bool:
    """Whether a way from a block leads out of the function without that other block."""
    waiting, seen = [start], {start, refusal}
    while waiting:
        block = body.blocks[waiting.pop()]
        if block.end > block.start and body.op[block.end - 1] == Op.RETURN:
            return True
        onward = block.onward
        if not onward:
            return True
        waiting += [t for t in onward if t not in seen]
        seen.update(onward)
    return False


def _ends(body: Body, block: Block, exits: frozenset[str]) -> bool:
    """Whether a block calls what never returns: ``wp_die()``, ``abort(403)``."""
    inside = range(block.start, block.end)
    callees = (body.args(i)[0] for i in inside if body.op[i] == Op.CALL)
    return any(body.op[c] in (Op.NAME, Op.FIELD) and body.name(c).rpartition(".")[2] in exits for c in callees)


def _joined(body: Body, true: int, false: int) -> int:
    """The block in which both sides of a branch go on, when little happens in between; -1 when there is none."""
    left, right = _reached(body, true), _reached(body, false)
    common = left & right
    if not common or _weight(body, (left | right) - common) > _LEAVES:
        return -1
    return min(common, key=lambda b: body.blocks[b].start)


def _reached(body: Body, start: int) -> set[int]:
    found = {start}
    waiting = [start]
    while waiting:
        for kind, target in body.blocks[waiting.pop()].next:
            if target not in found and kind != EDGE_RAISE:
                found.add(target)
                waiting.append(target)
    exits = {b for b in found if body.blocks[b].start == body.blocks[b].end and not body.blocks[b].next}
    return found - exits


def _begins(body: Body, blocks: set[int]) -> int:
    return min((body.blocks[b].start for b in blocks), default=0)


def _refuses(body: Body, blocks: set[int]) -> bool:
    """Whether a side raises, or answers that the caller may not, and does little else: what a handler does beyond its head refuses too."""
    if _weight(body, blocks) > _LEAVES:
        return False
    inside = (i for i in body.rows(blocks))
    return any(body.op[i] == Op.RAISE or (body.op[i] == Op.CONST and body.name(i) in _REFUSALS) for i in inside)


def _weight(body: Body, blocks: set[int]) -> int:
    return sum(1 for i in body.rows(blocks) if body.op[i] in (Op.CALL, Op.NEW))


def holding(body: Body, i: int, truth: bool) -> Iterator[int]:
    """The simple conditions that are true when ``i`` is ``truth``."""
    op, args = body.op[i], body.args(i)
    if body.negates(i):
        yield from holding(body, args[1], not truth)
    elif op == Op.CHOICE and body.text(args[0]) in ("or", "and"):
        if (body.text(args[0]) == "and") == truth:
            for operand in args[1:]:
                yield from holding(body, operand, truth)
    elif op == Op.AWAIT:
        yield from holding(body, args[0], truth)
    elif op == Op.BINARY:
        same = body.text(args[0]) in (_EQUAL if truth else _UNEQUAL)
        if (literal := _against_literal(body, args)) is not None:
            side, value = literal
            if same or body.text(args[0]) in _COMPARES:
                yield from holding(body, side, value == same)
        elif same:
            yield i
    elif truth or (op == Op.CALL and body.called(i) in _ABSENT):
        yield i


def _against_literal(body: Body, args: list[int]) -> tuple[int, bool] | None:
    """The other side of a comparison with true, false, nothing or an empty text, and that literal's truth."""
    for side, other in ((args[1], args[2]), (args[2], args[1])):
        const = body.const(other)
        if const is not None and const[0] in (Kind.BOOL, Kind.NULL):
            return side, const[1].lower() == "true"
        if const is not None and const[1].strip("'\"") in ("", "0"):
            return side, False
        if body.op[other] == Op.NAME and body.name(other) == "undefined":
            return side, False
    return None


def lets_owner_pass(body: Body) -> bool:
    """Whether a guard compares the caller with somebody whom a record names: ``order.buyer == request.user``, or ``!==`` where the others
    are turned away. Its owner passes, then, whoever else does."""
    return any(
        _is_caller(body, a) and _names_owner(body, b) and not _is_caller(body, b)
        for i in range(len(body.op))
        if len(compared := [_as_written(body, side) for side in _compared(body, i)]) == 2
        for a, b in _both(compared)
    )


def _names_owner(body: Body, i: int) -> bool:
    """``order.buyer``, ``order.customer_id``, ``order.buyer.id``."""
    if body.op[i] != Op.FIELD:
        return False
    return _names_owner(body, body.args(i)[0]) if body.name(i) in ("id", "pk", "_id", "uid") else _OWNER.fullmatch(body.name(i)) is not None


def _compared(body: Body, i: int) -> list[int]:
    """The two sides of a comparison of ids, or of a call that makes one: ``order.user.equals(req.user.id)``."""
    args = body.args(i)
    if body.op[i] == Op.BINARY and body.text(args[0]) in _COMPARES:
        return args[1:]
    if body.op[i] == Op.CALL and body.op[args[0]] == Op.FIELD and body.name(args[0]) == "equals":
        return [body.args(args[0])[0], *(v for _, v in body.call(i)[1])]
    return []


def _as_written(body: Body, i: int) -> int:
    """What is written out for a comparison: ``order.user`` of ``order.user.toString()``, ``String(order.user)``, ``str(order.user)``."""
    if body.op[i] != Op.CALL:
        return i
    callee, given = body.call(i)
    if body.op[callee] == Op.FIELD and body.name(callee) in ("toString", "toHexString", "valueOf") and not given:
        return body.args(callee)[0]
    return given[0][1] if body.op[callee] == Op.NAME and body.name(callee) in ("String", "str", "int", "Number") and len(given) == 1 else i


def lets_others_pass(body: Body, is_staff: Callable[[int], bool]) -> bool:
    """Whether a guard lets staff pass at once and asks something else of all others: ``if user.is_superuser: return True`` above ``return
    profile.role == "customer"``."""
    answers = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
    consts = [body.const(a) for a in answers]
    at_once = any(c is not None and c[0] == Kind.BOOL and c[1].lower() == "true" for c in consts)
    asking = [a for a, c in zip(answers, consts, strict=True) if c is None and body.op[a] in (Op.BINARY, Op.CALL, Op.CHOICE)]
    return at_once and bool(asking) and not any(is_staff(i) for a in asking for i in _below(body, a))


def _below(body: Body, i: int, depth: int = 0) -> Iterator[int]:
    """An expression and what it is put together from."""
    yield i
    op, args = body.op[i], body.args(i)
    inside = args[1:] if op in (Op.UNARY, Op.BINARY, Op.CHOICE) else args[:1] if op in (Op.FIELD, Op.AWAIT, Op.INDEX) else []
    inside = inside or ([args[0], *(v for _, v in body.call(i)[1])] if op == Op.CALL else [])
    for b in inside if depth < _LEAVES else ():
        yield from _below(body, b, depth + 1)


def _both(sides: list[int]) -> Iterator[tuple[int, int]]:
    yield sides[0], sides[1]
    yield sides[1], sides[0]


def _is_caller(body: Body, i: int) -> bool:
    """``request.user``, or its id."""
    if body.op[i] != Op.FIELD:
        return False
    base = body.args(i)[0]
    if body.name(i) in ("id", "pk", "_id"):
        return _is_caller(body, base)
    return (
        body.name(i) in ("user", "current_user", "currentUser")
        and body.op[base] in (Op.NAME, Op.FIELD)
        and "req" in body.name(base).lower()
    )
