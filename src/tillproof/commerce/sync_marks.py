"""The mark up to which a run has carried everything over, moved past what failed: a cursor, a snapshot, the time of the last run."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.failed_items import is_failed
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.flow.defuse import value_operands, variables
from tillproof.flow.facts import Condition
from tillproof.flow.loops import Loop
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch, reached_from
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MARK = re.compile(
    r"(?:\w+_)?(?:snapshot|cursor|checkpoint|watermark|high_water(?:_mark)?|bookmark|delta_(?:token|link)|since(?:_id)?"
    r"|last_(?:\w+_)?(?:sync|synced|run|import|imported|export|exported|pull|pulled|push|pushed|poll|polled|fetch|fetched|processed|seen"
    r"|checked|modified|updated)|sync_(?:state|token|cursor|position|time|timestamp)|synced_(?:at|until)|updated_since)"
    r"(?:_(?:at|on|date|time|timestamp|id|key|value|file|state))?"
)
_KEEPS = re.compile(r"(?:save|store|write|update|set|persist|put|record|advance|move|commit|dump|upsert|touch)_?")
_READS = re.compile(r"(?:get|load|read|fetch|find|last|restore|compare|diff|current|open)_?")
_SETS = (
    "set",
    "put",
    "update_option",
    "set_transient",
    "update_post_meta",
    "update_site_option",
    "setex",
    "hset",
    "update",
    "write",
    "save",
)
_WENT_WELL = re.compile(
    r"(?:\w+_)?(?:ok|success\w*|succeeded|done|synced|sent|pushed|updated|processed|imported|applied|all_good|complete)"
)
_KEPT_FOR_LATER = re.compile(r"retry|requeue|enqueue|dead_?letter|pending|failed")
_PARTS = re.compile(r"[:./]")
_MOST = 30
_STORES = 2


def moved_past(model: "Model", fn: Fn, loop: Loop, catch: Catch | None) -> Place | None:
    """Where a run keeps its mark when its loop over the items is over, whatever failed in that; None where it asks whether anything did,
    where only what went well is in the mark, and where what failed is kept for another try."""
    body = model.program.body(fn)
    if catch is not None and any(model.failures.stores(fn, i) for i in body.rows(sorted(catch.blocks)) if body.op[i] == Op.CALL):
        return None
    home = model.evaluator.defuse(fn).block_of
    behind = reached_from(body, loop.header)
    for i, name in _marks(body):
        if home[i] not in behind or loop.holds(body, i) or not _decides(model, fn, i, name):
            continue
        if not (_asks_of_failures(model, fn, i) or _holds_what_went_well(model, fn, i) or _retried(model, fn, loop, i)):
            return Place(fn, i, None)
    return None


def _marks(body: Body) -> Iterator[tuple[int, str]]:
    """The instructions by which a mark is kept, with its name."""
    for i, op in enumerate(body.op):
        if op == Op.SET_FIELD and _MARK.fullmatch(snake(body.name(i))):
            yield i, snake(body.name(i))
        elif op == Op.SET_INDEX and _MARK.fullmatch(key := _key(body, i)):
            yield i, key
        elif op == Op.CALL:
            called = snake(body.called(i))
            verb = _KEEPS.match(called)
            if verb is not None and _MARK.fullmatch(called[verb.end() :]):
                yield i, called[verb.end() :]
            elif called in _SETS and _MARK.fullmatch(key := _key(body, i)):
                yield i, key


def _key(body: Body, i: int) -> str:
    """The key under which an instruction reads or keeps something, of a call the last part of the text that it is told first; empty where
    that is not written down."""
    if body.op[i] == Op.CALL:
        given = body.call(i)[1]
        const = body.const(given[0][1]) if given else None
        return snake(_PARTS.split(const[1].strip("'\""))[-1]) if const is not None and const[0] == Kind.STRING else ""
    const = body.const(body.args(i)[1])
    return snake(const[1].strip("'\"")) if const is not None else ""


def _decides(model: "Model", fn: Fn, mark: int, name: str) -> bool:
    """Whether a mark is read again, in the same file, to choose what a run carries over."""
    file = fn.file
    for one in model.program.all_functions(file):
        body = model.program.body(one)
        for i, op in enumerate(body.op):
            if (one, i) == (fn, mark):
                continue
            if op == Op.FIELD and snake(body.name(i)) == name and not _is_callee(body, i):
                return True
            if op in (Op.INDEX, Op.CALL) and _reads(body, i, name):
                return True
    return False


def _is_callee(body: Body, i: int) -> bool:
    return any(op == Op.CALL and body.args(n)[0] == i for n, op in enumerate(body.op[i + 1 : i + 4], i + 1))


def _reads(body: Body, i: int, name: str) -> bool:
    if body.op[i] == Op.INDEX:
        return _key(body, i) == name
    called = snake(body.called(i))
    verb = _READS.match(called)
    if verb is not None and called[verb.end() :] == name:
        return True
    return called not in _SETS and _key(body, i) == name


def _asks_of_failures(model: "Model", fn: Fn, mark: int) -> bool:
    """Whether it is asked, on the way to a mark, if anything failed, or if all went well."""
    body = model.program.body(fn)
    asked = [f.instr for f in model.effects.facts(fn).at(mark) if isinstance(f, Condition)]
    return any(_tells_of_outcome(n) for i in asked for n in _named(body, i))


def _holds_what_went_well(model: "Model", fn: Fn, mark: int) -> bool:
    """Whether a mark is made of what went well alone."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    given = [v for _, v in body.call(mark)[1]] if body.op[mark] == Op.CALL else [body.args(mark)[-1]]
    return any(_tells_of_outcome(n) for i in given for n in variables(body, defuse, i, _STORES))


def _tells_of_outcome(name: str) -> bool:
    """Whether something is called after what failed, or after what went well."""
    return is_failed(name) or _WENT_WELL.fullmatch(snake(name)) is not None


def _retried(model: "Model", fn: Fn, loop: Loop, mark: int) -> bool:
    """Whether what failed is kept or queued behind the loop, before or after the mark: ``retry_queue.put(failed)``."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL or loop.holds(body, i) or i == mark:
            continue
        told = [n for _, v in body.call(i)[1] for n in _named(body, v)]
        if any(is_failed(n) for n in told) and model.failures.stores(fn, i):
            return True
        if _KEPT_FOR_LATER.search(snake(written(model.program, fn, body.args(i)[0]))):
            return True
    return False


def _named(body: Body, i: int) -> Iterator[str]:
    """The names below an instruction."""
    waiting = [i]
    for _ in range(_MOST):
        if not waiting:
            return
        here = waiting.pop()
        if here < 0:
            continue
        if body.op[here] in (Op.NAME, Op.FIELD):
            yield body.name(here)
        waiting += value_operands(body, here)
