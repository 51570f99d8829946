"""Names at the top of a file of Python that functions and classes set: ``global gateway`` and ``gateway = Gateway()`` below it."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope


def set_as_globals(scope: "Scope", file: str, name: str) -> list[Value]:
    """What functions, and classes where they are declared, set a name to that they say is the file's."""
    source = scope.program.sources[file]
    if b"global" not in source:
        return []
    declares = re.compile(rb"^[ \t]+global[ \t][^\n#]*\b" + re.escape(name.encode()) + rb"\b", re.MULTILINE)
    said = [m.start() for m in declares.finditer(source)]
    if not said:
        return []
    index, found = scope.program.indices[file], list[Value]()
    for number, function in enumerate(index.functions):
        if any(function.start <= at < function.end for at in said):
            fn = Fn(file, number)
            body = scope.program.body(fn)
            found += [scope.evaluator.value(fn, i) for i, op in enumerate(body.op) if op == Op.STORE and body.name(i) == name]
            said = [at for at in said if not function.start <= at < function.end]
    for path, stores in scope.evaluator.defuse(Fn(file, TOP)).stores.items() if said else ():
        if path.endswith(f".{name}"):
            found += [scope.evaluator.value(Fn(file, TOP), s) for s in stores]
    return found
