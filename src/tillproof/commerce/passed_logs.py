"""What functions of ours that are no loggers write to a log of what they are handed: a client logs each body that it sends."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.logs import LogSite
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Passed:
    """``argument``: the instruction of the caller whose value ``site`` writes."""

    argument: int
    site: LogSite


def passed_on(model: "Model", fn: Fn, i: int) -> Iterator[Passed]:
    """Which arguments of a call end in a log, and where."""
    for target in _targets(model, fn, i):
        for number in range(len(model.program.body(target.fn).params)):
            argument = model.logs.fills(target, fn, i, number)
            if argument is not None and (site := _written(model, target.fn, number, 0)) is not None:
                yield Passed(argument, site)


def _targets(model: "Model", fn: Fn, i: int) -> list[FunctionV]:
    body = model.program.body(fn)
    callee, arguments = body.call(i)
    if not arguments or body.op[callee] not in (Op.NAME, Op.FIELD):
        return []
    found = [o for o in options(model.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
    return [o for o in found if not model.logs.is_wrapper(o.fn)]


def _written(model: "Model", fn: Fn, number: int, depth: int) -> LogSite | None:
    """Where a function, or one that it hands it on to, writes its parameter to a log as it is."""
    body = model.program.body(fn)
    for site in model.logs.sites(fn):
        for argument in site.arguments:
            if _is_parameter(model, fn, argument, number):
                return site
    if depth >= _DEEPEST:
        return None
    for i, op in enumerate(body.op):
        for target in _targets(model, fn, i) if op == Op.CALL else ():
            for below in range(len(model.program.body(target.fn).params)):
                given = model.logs.fills(target, fn, i, below)
                if given is None or target.fn == fn or not _is_parameter(model, fn, given, number):
                    continue
                if (found := _written(model, target.fn, below, depth + 1)) is not None:
                    return found
    return None


def _is_parameter(model: "Model", fn: Fn, i: int, number: int) -> bool:
    """Whether what an instruction shows is a parameter, whole."""
    pieces = model.shown.of(fn, i).pieces
    return any(p.fn == fn and model.logs.parameter(fn, p.instr) == number and not p.flat for p in pieces)
