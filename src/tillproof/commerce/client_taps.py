"""Functions that see each request that a client sends, and write it to a log: ``client.interceptors.request.use(log)``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.logs import LogSite
from tillproof.commerce.names import written
from tillproof.commerce.shown import Piece
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Result, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_HUNG = re.compile(r"(?:^|\.)(?:interceptors\.request\.use|Middleware\.(?:tap|mapRequest))$")
_SPELT = re.compile(rb"interceptors\s*\.\s*request\s*\.\s*use\b|Middleware::(?:tap|mapRequest)\b")
_BODY = {"data", "body", "content", "contents"}
_SENDS = ("post", "put", "patch", "request")
_DEEPEST = 4
_ABOVE = 3


@dataclass(frozen=True, slots=True)
class Tap:
    """What a client's requests show in a log. ``client``: what it hangs on."""

    site: LogSite
    piece: Piece
    client: Value | None
    file: str


def taps(model: "Model") -> Iterator[Tap]:
    """Every place where the body of what a client sends is logged."""
    for file, source in model.program.sources.items():
        if file not in model.program.indices or not _SPELT.search(source) or model.browser.runs(file):
            continue
        for fn in model.program.functions_at(file, [m.start() for m in _SPELT.finditer(source)]):
            body = model.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.CALL and _HUNG.search(written(model.program, fn, body.args(i)[0])):
                    yield from _seen(model, fn, i)


def _seen(model: "Model", fn: Fn, i: int) -> Iterator[Tap]:
    callee, arguments = model.program.body(fn).call(i)
    holder = _holder(model.program.body(fn), callee)
    client = model.evaluator.value(fn, holder) if holder >= 0 else None
    given = [o for _, a in arguments[:1] for o in options(model.evaluator.value(fn, a)) if isinstance(o, FunctionV)]
    for target in given:
        for site in model.logs.sites(target.fn):
            for argument in site.arguments:
                for piece in model.shown.of(target.fn, argument).pieces:
                    if _is_body(model, target.fn, piece):
                        yield Tap(site, piece, client, fn.file)


def _holder(body: Body, i: int) -> int:
    """The client before ``.interceptors.request.use``; -1 where there is none."""
    for _ in range(_ABOVE):
        if body.op[i] != Op.FIELD:
            return -1
        i = body.args(i)[0]
    return i


def _is_body(model: "Model", fn: Fn, piece: Piece) -> bool:
    """Whether a piece is the first parameter, the request, or its body."""
    if piece.fn != fn:
        return False
    body = model.program.body(fn)
    here = piece.instr
    if body.op[here] == Op.CALL:
        here = body.args(here)[0]
    if body.op[here] == Op.FIELD:
        if body.name(here).lower().removeprefix("get") not in _BODY:
            return False
        here = body.args(here)[0]
    return not piece.flat and any(model.logs.parameter(fn, p.instr) == 0 for p in model.shown.of(fn, here).pieces)


def sends_by(model: "Model", fn: Fn, tap: Tap) -> bool:
    """Whether what a function does goes through the client that a tap hangs on, or, where that is not known, through the tap's file."""
    made = {(o.fn, o.instr) for o in options(tap.client) if isinstance(o, Result)} if tap.client is not None else set()
    seen, level = {fn}, [fn]
    for _ in range(_DEEPEST):
        if any(_asks(model, f, made) if made else f != tap.site.fn and f.file == tap.file for f in level):
            return True
        level = [c for f in level for c in model.reach.callees(f) if c not in seen]
        seen.update(level)
    return False


def _asks(model: "Model", fn: Fn, made: set[tuple[Fn, int]]) -> bool:
    """Whether a function calls a method of a client that was made at one of these places."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        callee = body.args(i)[0] if op == Op.CALL else -1
        if callee < 0 or body.op[callee] != Op.FIELD or body.name(callee) not in _SENDS:
            continue
        if any(isinstance(o, Result) and (o.fn, o.instr) in made for o in options(model.evaluator.value(fn, body.args(callee)[0]))):
            return True
    return False
