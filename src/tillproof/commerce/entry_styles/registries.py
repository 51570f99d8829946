"""Functions that a module lists for its framework by their dotted names: Frappe's ``doc_events = {"Sales Invoice": {"on_submit": …}}``."""

from collections.abc import Iterator

from tillproof.commerce.entry_styles.wiring import Declared, Wiring, path_expression
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, FunctionV, Record, Seq, Value, constant, options
from tillproof.knowledge.schema import Framework, Routes

_DEEPEST = 4


def declared(wiring: Wiring) -> Iterator[Declared]:
    """One entry per function and name under which it is listed."""
    for framework in wiring.knowledge.frameworks.values():
        for routes in framework.routes:
            if routes.style == "registry":
                yield from _of_style(wiring, framework, routes)


def _of_style(wiring: Wiring, framework: Framework, routes: Routes) -> Iterator[Declared]:
    patterns = [path_expression(p) for p in routes.files]
    for file in sorted(wiring.program.indices):
        if wiring.program.language(file) != framework.language or not any(p.match("/" + file) for p in patterns):
            continue
        top = Fn(file, TOP)
        stores = wiring.evaluator.defuse(top).stores
        for name in routes.names:
            for store in stores.get(name, ()):
                value = wiring.evaluator.value(top, wiring.program.body(top).args(store)[1])
                for target, place in _listed(wiring, file, value, 0):
                    yield Declared(target, None, ("NONE",), framework.id, "registry", place, (), routes.role, routes.note)


def _listed(wiring: Wiring, file: str, value: Value, depth: int) -> Iterator[tuple[FunctionV, tuple[str, int]]]:
    """The functions whose names stand at the ends of a record of records and lists."""
    for option in options(value) if depth <= _DEEPEST else ():
        if isinstance(option, Record):
            for _, entry in option.entries:
                yield from _listed(wiring, file, entry, depth + 1)
        elif isinstance(option, Seq):
            for item in option.items:
                yield from _listed(wiring, file, item, depth + 1)
        elif isinstance(option, Const) and "." in (text := constant(option) or ""):
            module, _, name = text.rpartition(".")
            found = wiring.evaluator.scope.module(file, module, name, option.at)
            yield from ((f, option.at) for f in options(found) if isinstance(f, FunctionV))
