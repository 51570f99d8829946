"""Lines of another system's order that are left out because nothing of ours goes with them, while the order is made of the rest."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.carried_items import goes_through, items_of, spoken
from tillproof.commerce.failed_items import notes_in
from tillproof.commerce.lexicon import snake
from tillproof.flow.asked import own_side
from tillproof.flow.loops import Loop
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LINES = re.compile(r"(.*_)?(lines?|line_?items?|(order_)?items?|order_(products?|rows?|positions?))")
_ORDER = re.compile(r"(.*_)?(orders?|order_(items?|lines?))(_.*)?")
# What a line of another system's order says of itself.
_THERE = re.compile(r"(\w+_)?(exists?|found|mapped)")
# A table that was made of our own goods.
_TABLE = re.compile(r"(.*_)?(map|mapping|lookup|index)|(.*_)?by_\w+")
_ADDS = ("append", "push", "add", "extend", "array_push")
_DEEPEST = 6
_MOST_CALLERS = 6


class LeftOutLine(NamedTuple):
    """``branch``: by which a line is left out. ``kept``: where the others are put together."""

    fn: Fn
    branch: int
    kept: int


def left_out_lines(model: "Model") -> Iterator[LeftOutLine]:
    """One per branch, in order of file and place."""
    for fn in model.syncs.candidates:
        body = model.program.body(fn)
        if not _speaks_of_orders(model, fn) or not model.syncs.reaches_out(fn):
            continue
        for loop in (lp for lp in model.retries.repeats.flow(fn).loops if goes_through(body, lp)):
            if any(_LINES.fullmatch(name) for name in spoken(body, loop)) and _comes_from_outside(model, fn, loop):
                yield from _in_loop(model, fn, loop)


def _speaks_of_orders(model: "Model", fn: Fn) -> bool:
    """Whether a function is about orders by its own name or what it is given."""
    body = model.program.body(fn)
    return any(_ORDER.fullmatch(snake(name)) for name in (model.program.name(fn), *(p.name for p in body.params)))


def _comes_from_outside(model: "Model", fn: Fn, loop: Loop) -> bool:
    """Whether the lines were answered, or sent, by another system."""
    if model.syncs.carried.brought(fn, loop):
        return True
    contexts = (None, *model.callers.above(fn, None)[:_MOST_CALLERS])
    rows = list(dict.fromkeys(items_of(model.program.body(fn), loop)))
    return any(model.requests.sources_in(model.evaluator.value(fn, row, ctx), 40) for row in rows for ctx in contexts)


def _in_loop(model: "Model", fn: Fn, loop: Loop) -> Iterator[LeftOutLine]:
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    for branch, op in enumerate(body.op):
        if op != Op.BRANCH or not loop.holds(body, branch) or (missing := _missing(model, fn, loop, body.args(branch)[0])) is None:
            continue
        side, other = own_side(body, defuse, branch, missing), own_side(body, defuse, branch, not missing)
        if side is None or other is None:
            continue
        kept = next((i for i in body.rows(sorted(other)) if _puts(model, fn, loop, i)), -1)
        if kept >= 0 and not _is_told(model, fn, loop, list(body.rows(sorted(side)))):
            yield LeftOutLine(fn, branch, kept)
            return


def _missing(model: "Model", fn: Fn, loop: Loop, i: int) -> bool | None:
    """Which truth of a condition says that nothing of ours goes with the line; None for another question."""
    body, truth = model.program.body(fn), False
    for _ in range(_DEEPEST):
        if body.negates(i):
            i, truth = body.args(i)[1], not truth
        elif body.op[i] == Op.BINARY and (sides := _against_nothing(body, i)) is not None:
            i, truth = sides[0], truth == sides[1]
        else:
            break
    asked = _asked(body, i)
    if asked and _THERE.fullmatch(snake(asked)):
        return truth
    return truth if _is_looked_up(model, fn, loop, i) else None


def _against_nothing(body: Body, i: int) -> tuple[int, bool] | None:
    """What is compared with nothing, and whether the comparison is true where it is something."""
    word, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
    const = body.const(right)
    if const is None or const[1] not in ("None", "null", "undefined"):
        return None
    return (left, word in ("!=", "!==", "is not")) if word in ("==", "===", "is", "!=", "!==", "is not") else None


def _asked(body: Body, i: int) -> str:
    """The key or member of a line that is asked for: ``line["exists"]``, ``line.get("exists")``, ``line.exists``."""
    if body.op[i] == Op.FIELD:
        return body.name(i)
    given = body.call(i)[1] if body.op[i] == Op.CALL and body.called(i) == "get" else []
    key = given[0][1] if given else body.args(i)[1] if body.op[i] == Op.INDEX else -1
    const = body.const(key) if key >= 0 else None
    return const[1] if const is not None else ""


def _is_looked_up(model: "Model", fn: Fn, loop: Loop, i: int) -> bool:
    """Whether a value is a record of ours that is looked up for each line, or what a table of ours has for it."""
    body = model.program.body(fn)
    if body.op[i] == Op.NAME:
        stores = [s for s in model.evaluator.defuse(fn).reaching(i, body.name(i)).stores if loop.holds(body, s)]
        return bool(stores) and all(_is_looked_up(model, fn, loop, body.args(s)[1]) for s in stores)
    if body.op[i] == Op.AWAIT:
        return _is_looked_up(model, fn, loop, body.args(i)[0])
    if body.op[i] == Op.CALL and body.called(i) == "get" and body.op[body.args(i)[0]] == Op.FIELD:
        holder = body.args(body.args(i)[0])[0]
        if body.op[holder] in (Op.NAME, Op.FIELD) and _TABLE.fullmatch(snake(body.name(holder))):
            return True
    read = model.records.read_behind(model.evaluator.value(fn, i)) if body.op[i] == Op.CALL else None
    return read is not None and read.kind == "read"


def _puts(model: "Model", fn: Fn, loop: Loop, i: int) -> bool:
    """Whether a line is put among those of which the order is made: added to a list that is read behind the loop, or written as a row."""
    body = model.program.body(fn)
    name = _added_to(body, i)
    if name:
        return any(op == Op.NAME and body.name(n) == name and not loop.holds(body, n) and n > i for n, op in enumerate(body.op))
    touch = model.records.touch(fn, i, None) if body.op[i] in (Op.CALL, Op.NEW) else None
    return touch is not None and touch.kind == "create" and _LINES.fullmatch(snake(touch.entity)) is not None


def _added_to(body: Body, i: int) -> str:
    """The variable to which an instruction adds; empty for any other."""
    holder = -1
    if body.op[i] == Op.CALL and body.called(i) in _ADDS:
        callee, given = body.call(i)
        holder = body.args(callee)[0] if body.op[callee] == Op.FIELD else given[0][1] if given else -1
    elif body.op[i] == Op.SET_INDEX and body.args(i)[1] < 0:
        holder = body.args(i)[0]
    return body.name(holder) if holder >= 0 and body.op[holder] == Op.NAME else ""


def _is_told(model: "Model", fn: Fn, loop: Loop, rows: list[int]) -> bool:
    """Whether anything comes of a line that is left out but a line in a log: it is noted where somebody reads it, refused, or replaced."""
    body = model.program.body(fn)
    added = {name: i for i in rows if (name := _added_to(body, i))}
    heard = {
        n
        for n in added
        if any(op == Op.NAME and body.name(r) == n and not loop.holds(body, r) and r > added[n] for r, op in enumerate(body.op))
    }
    unheard = {i for n, i in added.items() if n not in heard}
    left = [i for i in rows if i not in unheard]
    blocks = frozenset(model.evaluator.defuse(fn).block_of[i] for i in rows)
    if heard or notes_in(model, fn, left) or any(body.op[i] in (Op.RAISE, Op.RETURN) for i in rows):
        return True
    ours = any(body.op[i] == Op.CALL and model.effects.plain(fn, i) is not None and i not in unheard for i in rows)
    return ours or _sets_what_is_read(model, fn, loop, rows) or _calls_ours(model, fn, rows) or model.failures.passes_on(fn, blocks)


def _sets_what_is_read(model: "Model", fn: Fn, loop: Loop, rows: list[int]) -> bool:
    """Whether a variable is set that is read behind the loop: ``complete = False``."""
    body = model.program.body(fn)
    names = {body.name(i) for i in rows if body.op[i] == Op.STORE}
    last = max(i for i in range(len(body.op)) if loop.holds(body, i))
    return any(op == Op.NAME and body.name(n) in names and not loop.holds(body, n) and n > last for n, op in enumerate(body.op))


def _calls_ours(model: "Model", fn: Fn, rows: list[int]) -> bool:
    """Whether a function of ours is called, which may make what is missing, or keep what failed."""
    return any(model.program.body(fn).op[i] == Op.CALL and model.recogniser.is_ours(fn, i, None) for i in rows)
