"""Calls that write many items at once and answer for each by itself: whether anybody reads which were refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation, Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CHAIN = 8
# What an answer says of the request as a whole, and what gives its body.
_OF_THE_WHOLE = (
    "raise_for_status", "status_code", "status", "ok", "is_success", "is_error", "reason", "headers", "close", "elapsed", "throw",
    "successful", "failed", "getStatusCode", "statusText",
)  # fmt: skip
_BODY = ("json", "data", "body", "text", "content", "getBody", "getContents")


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """Such a call. ``read``: where, and by which ``word``, its answer is looked through; None when nothing does. ``thrown_away``: nothing
    takes the answer."""

    fn: Fn
    instr: int
    provider: Provider
    operation: Operation
    thrown_away: bool
    read: tuple[str, int] | None
    word: str


def bulk_answers(model: "Model") -> Iterator[BulkAnswer]:
    """Every call of an operation whose pack says that it may succeed in part, in order of file and place."""
    seen: set[tuple[Fn, int]] = set()
    for site in model.operations.sites:
        if not site.operation.partial or (site.fn, site.instr) in seen:
            continue
        seen.add((site.fn, site.instr))
        read, word = _read(model, site.fn, site.operation)
        yield BulkAnswer(site.fn, site.instr, site.provider, site.operation, not _taken(model, site.fn, site.instr, 0), read, word)


def _taken(model: "Model", fn: Fn, i: int, depth: int) -> bool:
    """Whether anything takes the answer of a call: a variable that is read, a condition, an argument, a caller."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    for use in defuse.uses(i) if depth < _CHAIN else ():
        op = body.op[use]
        if op == Op.AWAIT:
            if _taken(model, fn, use, depth + 1):
                return True
        elif op == Op.STORE:
            if any(o == Op.FUNCTION and n > use for n, o in enumerate(body.op)):  # which may read the variable
                return True
            if any(_taken(model, fn, read, depth + 1) for read in reads(body, defuse, use)):
                return True
        elif op == Op.FIELD and body.name(use) in _OF_THE_WHOLE:
            continue
        elif op == Op.FIELD and body.name(use) in _BODY:
            called = [u for u in defuse.uses(use) if body.op[u] == Op.CALL and body.args(u)[0] == use]
            if any(_taken(model, fn, one, depth + 1) for one in called or [use]):
                return True
        elif op == Op.RETURN:
            callers = model.callers.of(fn)
            if not callers or any(_taken(model, c, call, depth + 1) for c, call, _ in callers[:_CHAIN]):
                return True
        else:
            return True
    return False


def _read(model: "Model", fn: Fn, operation: Operation) -> tuple[tuple[str, int] | None, str]:
    """The first line by which an answer is looked through, in the file of the call, then in the same deployed part."""
    unit = model.program.unit(fn.file)
    for word in operation.partial:
        files = [f for f in model.program.mentioning(word) if model.program.unit(f) == unit]
        for file in sorted(files, key=lambda f: f != fn.file):
            source = model.program.sources[file]
            return (file, source.count(b"\n", 0, source.find(word.encode())) + 1), word
    return None, ""
