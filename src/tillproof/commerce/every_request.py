"""The functions that run for every request, whatever it is for: middleware, and what is hung before or after all handlers."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId, Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_METHODS = ("__call__", "dispatch", "process_request", "process_view", "process_response", "process_exception", "handle", "process")
_NAMED = re.compile(r"\w*middleware", re.IGNORECASE)


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
    return found
