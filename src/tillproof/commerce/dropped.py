"""Requests whose failure nobody would notice: the client answers with an error as a value, and the answer is thrown away."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.commerce.sendings import Sending
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Result, Value, options
from tillproof.ir.body import returns
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FORGETS = re.compile(r"(?:delete|remove|destroy|dequeue|complete|finish|archive|ack|mark_?\w+|clear|forget)\w*", re.IGNORECASE)
_TEXT = (b"delete", b"remove", b"destroy", b"complete", b"finish", b"mark", b"clear", b"ack")


@dataclass(frozen=True, slots=True)
class Dropped:
    """``call`` in ``fn`` throws the answer of ``sending`` away; ``forgets``: the later call by which the work counts as done."""

    fn: Fn
    call: int
    sending: Sending
    forgets: int


def find(model: "Model") -> Iterator[Dropped]:
    """All, in order of file and place."""
    if not any(s.client is not None and s.client.tells == "value" for s in model.sendings.all):
        return
    program = model.program
    for file, index in program.indices.items():
        if program.language(file) != "php" and not index.words:
            continue
        source = program.sources[file]
        for number, function in enumerate(index.functions):
            text = source[function.start : function.end]
            fn = Fn(file, number)
            if any(word in text for word in _TEXT) and model.retries.leads(fn):
                yield from _in_function(model, fn)


def _in_function(model: "Model", fn: Fn) -> Iterator[Dropped]:
    body = model.program.body(fn)
    defuse = model.evaluator.defuse(fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD or defuse.uses(i):
            continue
        callee = body.args(i)[0]
        receiver = written(model.program, fn, body.args(callee)[0])
        if receiver in ("", "?", "this", "self"):
            continue
        forgets = next((n for n in range(i + 1, len(body.op)) if _forgets(model, fn, n, receiver)), None)
        if forgets is None or not (_same_way(model, fn, i, forgets)):
            continue
        for option in options(model.evaluator.value(fn, callee)):
            sending = _answer_of(model, option.fn) if isinstance(option, FunctionV) else None
            if sending is not None:
                yield Dropped(fn, i, sending, forgets)
                break


def _forgets(model: "Model", fn: Fn, i: int, receiver: str) -> bool:
    body = model.program.body(fn)
    if body.op[i] != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD:
        return False
    callee = body.args(i)[0]
    return bool(_FORGETS.fullmatch(body.name(callee))) and written(model.program, fn, body.args(callee)[0]) == receiver


def _same_way(model: "Model", fn: Fn, first: int, second: int) -> bool:
    """Whether the second follows the first on every way on: nothing in between asks how it went."""
    flow = model.retries.repeats.flow(fn)
    a, b = flow.block_of(first), flow.block_of(second)
    return a == b or a in (flow.dominators[b] or ())


def _answer_of(model: "Model", fn: Fn) -> Sending | None:
    """The request whose answer a function returns, an error among them."""
    body = model.program.body(fn)
    for r in returns(body):
        if body.args(r)[0] < 0:
            continue
        for result in _results(model.evaluator.value(fn, body.args(r)[0])):
            for sending in model.sendings.by_function.get(result.fn, ()):
                if sending.instr == result.instr and sending.client is not None and sending.client.tells == "value" and not _reads(sending):
                    return sending
    return None


def _results(value: Value) -> Iterator[Result]:
    waiting = [value]
    seen: set[int] = set()
    while waiting and len(seen) < 60:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, Result) and here.instr >= 0:
            yield here
        waiting += here.parts()


def _reads(sending: Sending) -> bool:
    return sending.request is not None and sending.request.method == "GET"
