"""What becomes of an update that found no row to change: whether the branch that hears of it stops anything, or lets the order pass."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.flow.asked import branches, own_side, reads
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 6
_ADDS = ("push", "add", "append")
# By operator and the number that rows are compared with: whether the comparison is true when none was changed.
_NONE = {
    ("==", "0"): True, ("===", "0"): True, ("!=", "0"): False, ("!==", "0"): False, (">", "0"): False, ("<=", "0"): True,
    ("<", "1"): True, (">=", "1"): False, ("==", "1"): False, ("===", "1"): False, ("!=", "1"): True, ("!==", "1"): True,
}  # fmt: skip


def let_pass(model: "Model", place: Place) -> int | None:
    """The branch that asks whether an update changed a row, where nothing but a line in a log comes of it that it did not; None where
    something does, or where it is not seen what is asked."""
    fn = place.fn
    body = model.program.body(fn)
    found = list(_tests(model, fn, place.instr, 0))
    if not found or any(test is None for test in found):
        return None
    tests = [test for test in found if test is not None]
    return tests[0][0] if all(_passes(model, fn, body, *test) for test in tests) else None


def _tests(model: "Model", fn: Fn, i: int, depth: int) -> Iterator[tuple[int, bool] | None]:
    """The branches on the answer of an update, with the truth of their condition when no row was changed; None for any other use."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    for use in defuse.uses(i) if depth < _DEEPEST else ():
        op = body.op[use]
        if op in (Op.AWAIT, Op.CAST, Op.FIELD) or (op == Op.CALL and body.args(use)[0] == i):
            yield from _tests(model, fn, use, depth + 1)
        elif op == Op.STORE:
            for read in reads(body, defuse, use):
                yield from _tests(model, fn, read, depth + 1)
        elif op == Op.BRANCH:
            yield use, False
        elif op in (Op.UNARY, Op.BINARY):
            yield from _compared(body, model, fn, i, use)
        else:
            yield None


def _compared(body: Body, model: "Model", fn: Fn, i: int, use: int) -> Iterator[tuple[int, bool] | None]:
    """A number of rows that is negated, or compared with another."""
    defuse = model.evaluator.defuse(fn)
    if body.op[use] == Op.UNARY:
        none = True if body.negates(use) else None
    else:
        operator, left, right = body.text(body.args(use)[0]), *body.args(use)[1:3]
        const = body.const(right) if left == i else None
        empty = const is not None and const[1] in ("null", "None", "undefined")
        none = operator in ("==", "===", "is") if empty else _NONE.get((operator, const[1])) if const is not None else None
    asked = branches(body, defuse, use) if none is not None else []
    yield from ((branch, positive == none) for branch, positive in asked)
    if not asked:
        yield None


def _passes(model: "Model", fn: Fn, body: Body, branch: int, truth: bool) -> bool:
    """Whether nothing is done on the side of a branch on which no row was changed, and nothing is kept of it on either."""
    defuse, failures = model.evaluator.defuse(fn), model.failures
    none, some = own_side(body, defuse, branch, truth), own_side(body, defuse, branch, not truth)
    if none is None or some is None:
        return False
    rows = list(body.rows(none))
    if failures.passes_on(fn, none) or any(body.op[r] in (Op.RETURN, Op.RAISE) or _does(model, fn, body, r) for r in rows):
        return False
    return not any(_kept(body, r) for r in (*rows, *body.rows(some)))


def _does(model: "Model", fn: Fn, body: Body, row: int) -> bool:
    """Whether an instruction may do something: any call but one that writes a line of a log, or makes what stands in it."""
    if body.op[row] not in (Op.CALL, Op.NEW):
        return False
    if any(body.op[use] in (Op.CALL, Op.NEW, Op.FIELD) for use in model.evaluator.defuse(fn).uses(row)):
        return False  # what is done with its answer is looked at
    return not any(site.instr == row and site.kind != "journal" for site in model.logs.sites(fn))


def _kept(body: Body, row: int) -> bool:
    """Whether an instruction keeps for later how it went."""
    return body.op[row] in (Op.STORE, Op.SET_FIELD, Op.SET_INDEX) or (body.op[row] == Op.CALL and body.called(row) in _ADDS)
