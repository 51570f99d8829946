"""Functions of JavaScript that only stand under their name in a record: ``{ async fetch(request) { … }, pay: () => … }``."""

import re

from tillproof.ir.declarations import Function

_METHOD = re.compile(rb"(?:(?:async|get|set)\s+|\*\s*)*(?!function\b)([A-Za-z_$][\w$]*)\s*[(<]")
_BESIDE = 8  # spaces, quotes and the colon between a key and its value


def only_in_record(source: bytes, function: Function) -> bool:
    """Whether nobody has a function by its name alone: a plain call of that name is of somebody else's, the runtime's ``fetch(url)``."""
    name = function.name.encode()
    method = _METHOD.match(source, function.start)
    if method is not None and method[1] == name:
        return True
    before = source[max(0, function.start - len(name) - _BESIDE) : function.start].rstrip()
    return before.endswith(b":") and before[:-1].rstrip(b" \t'\"").endswith(name)
