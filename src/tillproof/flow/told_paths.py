"""What a helper gives that walks into a record along a path it is told: ``data_get($order, 'payment.status')``, ``rgar($entry, 'id')``."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.values import Const, Value
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator
    from tillproof.flow.frames import Frame

WALKS = re.compile(r"(data|array|arr|nested|deep)_?get|get_?(nested|deep|in_path)|rgars?", re.IGNORECASE)
"""How such helpers are called: Laravel's and copies of it, Gravity Forms'."""
_LEAST = 2
_SEPARATORS = re.compile(r"[./]")


def at_path(ev: "Evaluator", name: str, f: "Frame", i: int, at: tuple[str, int]) -> Value | None:
    """The member that a call of such a helper reads; None for any other call. What it gives where there is none is left out."""
    arguments = f.body.call(i)[1] if WALKS.fullmatch(name.rpartition(".")[2]) else []
    if len(arguments) < _LEAST or any(k != "" for k, _ in arguments):
        return None
    path = ev.at(f, arguments[1][1])
    if not isinstance(path, Const) or path.kind != Kind.STRING or "*" in path.text:
        return None
    found = ev.at(f, arguments[0][1])
    for key in _SEPARATORS.split(path.text.strip("'\"")):
        found = ev.member(found, key, at)
    return found
