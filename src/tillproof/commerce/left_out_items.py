"""Items that a run leaves out because one of them could not be asked about: the failure is answered as if there were nothing to tell."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.carried_items import goes_through
from tillproof.commerce.effects import Place
from tillproof.commerce.failed_items import notes_failed, notes_in
from tillproof.commerce.lexicon import snake
from tillproof.flow.asked import branches, own_side
from tillproof.flow.loops import Loop
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What is asked for by such a function may not be there.
_ASKS = re.compile(r"_*(get|fetch|find|look_?up|load|read|resolve|retrieve|query|search)(_|$)")
_UNREACHED = re.compile(r"RequestException|HTTP\w*Error|HttpError|Connect\w*(Error|Exception)|Timeout|TransferException|GuzzleException")
_NOTHING = ("none", "null", "false", "undefined", "''", '""', "0", "")


class LeftOut(NamedTuple):
    """``turn``: the call of the loop that asks about one item; ``caught``: where its failure becomes nothing; ``past``: the line of the
    branch by which the item is left out."""

    turn: Place
    caught: Place
    past: int


def left_out(model: "Model") -> Iterator[LeftOut]:
    """One per handler by which items are left out of what a run carries over."""
    said: set[tuple[Fn, int]] = set()
    for found in (found for fn in model.syncs.candidates for found in _in_function(model, fn)):
        if (found.caught.fn, found.caught.instr) not in said and model.syncs.reaches_out(found.turn.fn):
            said.add((found.caught.fn, found.caught.instr))
            yield found


def _in_function(model: "Model", fn: Fn) -> Iterator[LeftOut]:
    body = model.program.body(fn)
    for loop in (lp for lp in model.retries.repeats.flow(fn).loops if goes_through(body, lp)):
        for i, op in enumerate(body.op):
            if op != Op.CALL or not _ASKS.match(snake(body.called(i))) or not loop.holds(body, i):
                continue
            past = _passed_over(model, fn, loop, i)
            if past is None:
                continue
            for option in options(model.evaluator.value(fn, body.args(i)[0])):
                if isinstance(option, FunctionV) and (catch := _becomes_nothing(model, option.fn)) is not None:
                    yield LeftOut(Place(fn, i, None), Place(option.fn, catch.caught, None), past)


def _passed_over(model: "Model", fn: Fn, loop: Loop, call: int) -> int | None:
    """The line of the branch by which an item is left out when a call answers nothing: nothing is done or noted on that side."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    answer = next((u for u in defuse.uses(call) if body.op[u] == Op.AWAIT), call)
    for branch, truth in branches(body, defuse, answer):
        side, other = own_side(body, defuse, branch, not truth), own_side(body, defuse, branch, truth)
        if side is None or not other or not loop.holds(body, branch):
            continue
        rows = list(body.rows(sorted(side)))
        acts = model.failures.passes_on(fn, side) or model.failures.acts_in(fn, side) or notes_in(model, fn, rows)
        if not acts and not any(body.op[r] in (Op.RETURN, Op.RAISE, Op.SET_FIELD, Op.SET_INDEX) for r in rows):
            return body.line[branch]
    return None


def _becomes_nothing(model: "Model", fn: Fn) -> Catch | None:
    """The handler that answers nothing for whatever went wrong in asking a system outside."""
    body = model.program.body(fn)
    for catch in model.failures.catches(fn):
        unreached = model.failures.is_broad(fn, catch.caught) or any(_UNREACHED.search(t) for t in catch.types)
        if catch.caught < 0 or not unreached or notes_failed(model, fn, catch):
            continue
        rows = list(body.rows(sorted(catch.blocks)))
        answers = [body.args(r) for r in rows if body.op[r] == Op.RETURN]
        if any(body.op[r] == Op.RAISE for r in rows) or not model.failures.swallows(fn, catch):
            continue
        nothing = all(not a or a[0] < 0 or _is_nothing(model, fn, a[0]) for a in answers)
        if answers and nothing and any(model.syncs.asks_outside(fn, i) for i in body.rows(sorted(catch.tried)) if body.op[i] == Op.CALL):
            return catch
    return None


def _is_nothing(model: "Model", fn: Fn, i: int) -> bool:
    body = model.program.body(fn)
    const = body.const(i)
    if const is not None:
        return const[1].lower() in _NOTHING
    return body.op[i] in (Op.LIST, Op.RECORD) and not body.args(i)
