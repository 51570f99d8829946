"""The functions that run for every request, whatever it is for: middleware, and what is hung before or after all handlers."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.logs import LogSite
from tillproof.commerce.shown import Piece
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.values import FunctionV, options
from tillproof.ir.body import returns
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_METHODS = (
    "__call__", "dispatch", "process_request", "process_view", "process_response", "process_exception", "handle", "process", "use",
    "intercept", "onKernelRequest", "onKernelController",
)  # fmt: skip
_NAMED = re.compile(r"\w*(middleware|interceptor|(request|kernel)(subscriber|listener))", re.IGNORECASE)
# Django names in its settings what runs for every request: ``MIDDLEWARE = ["shop.middleware.RequestLog"]``.
_LISTED = re.compile(rb"\bMIDDLEWARE(?:_CLASSES)?\b[^=\n]*=\s*[\[(]([^\])]*)")
_TOKEN = re.compile(rb"\bmorgan\.token\(")
_DOTTED = re.compile(rb"[\"']([\w.]+)\.(\w+)[\"']")


def run_for_every_request(model: "Model") -> set[Fn]:
    """The functions through which requests for several handlers come, with the methods of the classes that are named as middleware."""
    program = model.program
    met: dict[Fn, int] = {}
    for entry in model.entries:
        for fn in {fn for guard in entry.chain for fn in model.reach.functions_of(guard)}:
            met[fn] = met.get(fn, 0) + 1
    found = {fn for fn, count in met.items() if count > 1}
    for file, index in program.indices.items():
        for number, cls in enumerate(index.classes):
            if _NAMED.fullmatch(cls.name):
                found.update(fn for name, fn in program.methods(ClassId(file, number)).items() if name in _METHODS)
    return found | set(_listed(model))


def brings_cards(model: "Model") -> dict[Fn, dict[str, None]]:
    """The functions that a request passes by which card data is read from, before its handler and in it, with the names of that data."""
    read: dict[Fn, dict[str, None]] = {}
    for use in model.card_uses.all:
        if use.kind == "request" and use.fn is not None:
            read.setdefault(use.fn, {})[use.name] = None
    found: dict[Fn, dict[str, None]] = {}
    for entry in model.entries if read else ():
        passed = model.handlers.closure(entry).functions
        if names := {name: None for fn in passed for name in read.get(fn, ())}:
            for fn in passed:
                found.setdefault(fn, {}).update(names)
    return found


def written_by_tokens(model: "Model") -> Iterator[tuple[LogSite, list[Piece]]]:
    """What an access log is told to write of each request: ``morgan.token('body', (req) => JSON.stringify(req.body))``."""
    program = model.program
    for file in program.mentioning("morgan"):
        places = [m.start() for m in _TOKEN.finditer(program.sources[file])]
        for fn in program.functions_at(file, places) if places else ():
            body = program.body(fn)
            for i in (i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == "token"):
                given = [o for _, a in body.call(i)[1][1:2] for o in options(model.evaluator.value(fn, a)) if isinstance(o, FunctionV)]
                for told in given:
                    inner = program.body(told.fn)
                    shown = [p for r in returns(inner) if inner.args(r) for p in model.shown.of(told.fn, inner.args(r)[0]).pieces]
                    yield LogSite(fn, i, "log", (), "morgan"), shown


def _listed(model: "Model") -> Iterator[Fn]:
    """The methods of the classes, and the inner functions of the makers, that Django's settings name."""
    program = model.program
    for file in program.indices:
        for place in _LISTED.finditer(program.sources[file]) if file.endswith(".py") else ():
            for module, name in ((m[1].decode(), m[2].decode()) for m in _DOTTED.finditer(place[1])):
                ends = module.replace(".", "/")
                for other in (f for f in program.mentioning(name) if f.endswith((f"{ends}.py", f"{ends}/__init__.py"))):
                    yield from _of_name(program, other, name)


def _of_name(program: Program, file: str, name: str) -> Iterator[Fn]:
    for number, cls in enumerate(program.indices[file].classes):
        if cls.name == name:
            yield from (fn for method, fn in program.methods(ClassId(file, number)).items() if method in _METHODS)
    for maker in (f for f in program.indices[file].functions if f.name == name):
        inside = (n for n, f in enumerate(program.indices[file].functions) if maker.start < f.start and f.end <= maker.end)
        yield from (Fn(file, n) for n in inside)
