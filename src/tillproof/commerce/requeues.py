"""Work that is put back into a queue of our own when it failed: its record counts one attempt more, and a later run takes it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_COUNTER = re.compile(
    r"(?:set_?)?(?:retry|attempt|tries|failure|error)s?_?(?:count|number|no)?|(?:num|n)_?(?:retries|attempts)|retries", re.IGNORECASE
)
_TEXT = (b"retry", b"retries", b"attempt", b"tries")


@dataclass(frozen=True, slots=True)
class Requeue:
    """A call that counts a failed attempt: ``call`` in ``fn``; ``counts`` is the function that counts, with the place."""

    fn: Fn
    call: int
    counts: tuple[Fn, int]


def find(model: "Model") -> Iterator[Requeue]:
    """Those in functions that send requests, in order."""
    for counting, at in _counting(model):
        for caller, call, _ in model.callers.of(counting):
            if caller != counting and _sends(model, caller):
                yield Requeue(caller, call, (counting, at))


def _sends(model: "Model", fn: Fn) -> bool:
    if not model.retries.leads(fn):
        return False
    return any(f in model.sendings.by_function for f in model.reach.of([FunctionV((fn.file, 1), fn, None)]).functions)


def _counting(model: "Model") -> Iterator[tuple[Fn, int]]:
    """Functions that raise a counter of attempts of the object they belong to, and keep it."""
    program = model.program
    for file, index in program.indices.items():
        source = program.sources[file]
        if not any(word in source for word in _TEXT) or model.sendings.browser.runs(file):
            continue
        for number, function in enumerate(index.functions):
            text = source[function.start : function.end]
            if function.owner < 0 or not any(word in text for word in _TEXT) or b"+" not in text:
                continue
            fn = Fn(file, number)
            at = _raises(model, fn)
            if at is not None:
                yield fn, at


def _raises(model: "Model", fn: Fn) -> int | None:
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.SET_FIELD and _COUNTER.fullmatch(body.name(i)) and body.is_self(body.args(i)[0]) and _adds(model, fn, body.args(i)[2]):
            return i
        if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD:
            callee, arguments = body.call(i)
            name = body.name(callee)
            if name.lower().startswith("set") and _COUNTER.fullmatch(name) and arguments and _adds(model, fn, arguments[0][1]):
                return i
    return None


def _adds(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a value is something and one."""
    body = model.program.body(fn)
    if body.op[i] == Op.NAME:
        stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
        return any(_adds(model, fn, body.args(s)[1]) for s in stores if body.op[body.args(s)[1]] != Op.NAME)
    if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) != "+":
        return False
    return any((c := body.const(a)) is not None and c[1] == "1" for a in body.args(i)[1:])
