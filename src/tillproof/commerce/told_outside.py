"""Logs that are kept outside: a function of ours that sends what it is told to a collector, and nobody waits for its answer."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.sent_request import Request
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What a function is called that reports what happens.
_REPORTS = re.compile(
    r"(?:\w+_)?(?:report|log|telemetry|track|beacon|analytics|metrics?|trace|audit|capture)(?:_(?:event|error|exception|message|data|log|api"
    r"|request|response|to_\w+|remote|usage|payment|order))?"
)
_READS = re.compile(r"(?:get|is|has|find|fetch|load|show|render|display|parse|validate|check|download|export|generate|build|create)_")
# What takes in logs says so in its host or path.
_COLLECTS = re.compile(
    r"://(?:[\w-]+\.)*(?:logs?|logging|telemetry|metrics|collector|analytics|observe|apm|track|events?|stats|http-intake\.logs)[.-]"
    r"|/(?:logs?|telemetry|collect|log-?events?|ingest)/?(?:\?|$)",
    re.IGNORECASE,
)
_GETS = ("GET", "HEAD")
_COLLECTORS = ("analytics", "other")
_DEEPEST = 2


def collects(model: "Model", request: Request | None) -> bool:
    """Whether a request goes to what takes in logs, by its address."""
    if request is None or request.method in _GETS or not _COLLECTS.search(request.url):
        return False
    provider = model.http.provider(request)
    return provider is None or provider.kind in _COLLECTORS


def reported(model: "Model", fn: Fn) -> Iterator[int]:
    """The numbers of the parameters that a function, called like one that reports, sends to somebody outside who is no system of the
    shop's; it answers with nothing that it was told."""
    name = snake(model.program.name(fn)).strip("_")
    body = model.program.body(fn)
    if not _REPORTS.fullmatch(name) or _READS.match(name) or any(op == Op.RETURN and body.args(i) for i, op in enumerate(body.op)):
        return
    for i, op in enumerate(body.op):
        if op == Op.CALL and _sends(model, fn, i):
            for _, argument in body.call(i)[1]:
                for piece in model.shown.of(fn, argument).pieces:
                    number = model.logs.parameter(fn, piece.instr) if piece.fn == fn else None
                    if number is not None and not piece.flat:
                        yield number


def _sends(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call sends a request, itself or as a client of ours, to no system that a pack knows as one of the shop's."""
    request = model.http.request(fn, i)
    if request is not None:
        provider = model.http.provider(request)
        return request.method not in _GETS and (provider is None or provider.kind in _COLLECTORS)
    body = model.program.body(fn)
    targets = [o.fn for o in options(model.evaluator.value(fn, body.args(i)[0])) if isinstance(o, FunctionV)]
    return any(_is_client(model, target) for target in targets)


def _is_client(model: "Model", fn: Fn, depth: int = 0) -> bool:
    """Whether a function sends whatever it is given to the address that it is given."""
    body = model.program.body(fn)
    if any(op == Op.CALL and (got := model.http.request(fn, i)) is not None and got.parametric for i, op in enumerate(body.op)):
        return True
    return depth < _DEEPEST and any(_is_client(model, below, depth + 1) for below in model.reach.callees(fn) if below != fn)
