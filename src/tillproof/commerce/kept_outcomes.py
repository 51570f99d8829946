"""What an object keeps of what it found out: ``self.outcome = "completed"`` behind the comparison of the provider's status, and ``if
self.outcome == "completed"`` in another method of it, before the order is paid."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.flow.facts import Condition
from tillproof.flow.fixed import THIS
from tillproof.flow.paths import Walk
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Seq, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.proof import SenderPolicy

_SAME = ("==", "===", "!=", "!==", "in", "not in", "is", "is not")
_EQUAL = ("==", "===")
_OF_PAYMENTS = ("payment.", "subscription.")
_MOST_WRITES = 12


def kept_where_proven(model: "Model", policy: "SenderPolicy", fn: Fn, i: int) -> bool:
    """Whether a comparison, or a field that is asked whether it is true, is about what an object of ours keeps, and whatever fits was put
    there only where the proof holds. What is put there without being known may fit."""
    asked = _asked(model, fn, i)
    if asked is None:
        return False
    path, wanted = asked
    walk = Walk(model.program, model.evaluator, policy)
    found = False
    for writer, place, given in _writes(model, fn, path):
        value = model.evaluator.value(writer, given) if given >= 0 else None
        if not isinstance(value, Const):
            return False
        if value.falsy if wanted is None else constant(value) not in wanted:
            continue
        if not walk.proven_at(writer, place) and not _as_answered(model, walk, writer, place):
            return False
        found = True
    return found


def _as_answered(model: "Model", walk: Walk, fn: Fn, place: int) -> bool:
    """Whether something is done only where a provider's answer about a payment has said one word: which it is, is the shop's to judge."""
    body, within = model.program.body(fn), walk.walking(fn, None)
    for fact in model.effects.facts(fn).at(place):
        if not isinstance(fact, Condition) or not fact.truth or body.op[fact.instr] != Op.BINARY:
            continue
        operator, left, right = body.text(body.args(fact.instr)[0]), *body.args(fact.instr)[1:3]
        for side, other in ((left, right), (right, left)):
            call = within.origin_call(side) if operator in _EQUAL and _words(model, fn, other) else None
            known = model.operations.at(fn, call, None) if call is not None else None
            if known is not None and isinstance(known.thing, Operation) and known.thing.op.startswith(_OF_PAYMENTS):
                return True
    return False


def _asked(model: "Model", fn: Fn, i: int) -> tuple[str, frozenset[str] | None] | None:
    """The path of what is asked about, from the object on, and the words that it is compared with; None for these where it is asked
    whether it is true."""
    body = model.program.body(fn)
    if body.op[i] == Op.FIELD:
        path = _kept(model, fn, i)
        return (path, None) if path else None
    if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in _SAME:
        return None
    for side, other in (body.args(i)[1:3], body.args(i)[2:0:-1]):
        path = _kept(model, fn, side) if body.op[side] == Op.FIELD else ""
        if path and (wanted := _words(model, fn, other)):
            return path, wanted
    return None


def _kept(model: "Model", fn: Fn, i: int) -> str:
    """The path of a member of the very object whose method this is: ``flags.outcome`` of ``self.flags.outcome``."""
    first, _, path = written(model.program, fn, i).partition(".")
    return path if first in THIS and model.program.owner(fn) is not None else ""


def _words(model: "Model", fn: Fn, i: int) -> frozenset[str]:
    """The constants that a value may be, or a list of them holds; none where it is anything else."""
    value = model.evaluator.value(fn, i)
    parts = [o for item in value.items for o in options(item)] if isinstance(value, Seq) else list(options(value))
    known = [constant(part) for part in parts]
    return frozenset(k for k in known if k) if known and all(known) else frozenset()


def _writes(model: "Model", fn: Fn, path: str) -> Iterator[tuple[Fn, int, int]]:
    """The places that put something there, with what is put; -1 where there is too much to look at. What is put into an object that the
    code around this class is given may be put into this one."""
    program, owner, name = model.program, model.program.owner(fn), path.rpartition(".")[2]
    found: list[tuple[Fn, int, int]] = []
    for writer in program.functions_near(fn, name):
        body = program.body(writer)
        for i, op in enumerate(body.op):
            if op != Op.SET_FIELD or body.name(i) != name:
                continue
            own = written(program, writer, body.args(i)[0]).partition(".")[0] in THIS
            if program.owner(writer) == owner if own else _know_each_other(model, fn.file, writer.file):
                found.append((writer, i, body.args(i)[2]))
    yield from found if len(found) <= _MOST_WRITES else [(fn, 0, -1)]


def _know_each_other(model: "Model", one: str, other: str) -> bool:
    """Whether one of two files names the other's module, so that an object of the one may get into the hands of the other."""
    stems = PurePosixPath(one).stem, PurePosixPath(other).stem
    return one == other or other in model.program.mentioning(stems[0]) or one in model.program.mentioning(stems[1])
