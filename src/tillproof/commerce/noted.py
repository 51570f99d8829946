"""What a handler reads of the notes that we gave a payment: ``session.metadata.user_id``. A staging message has to carry them.

By the text alone: nothing is ruled on it, and a name too many only asks the tester for one value more.
"""

import re
from collections.abc import Iterable

from tillproof.flow.program import Fn, Program

_BAGS = r"(?:metadata|custom_data|resource_metadata|notes)"
_KEY = r"([A-Za-z_]\w{0,40})"
_READ = re.compile(
    rf"\b{_BAGS}\b[\"']?\]?\)?(?:\?|!)?(?:\.get\(\s*[\"']{_KEY}[\"']|(?:\?\.)?\[\s*[\"']{_KEY}[\"']\s*\]|(?:\?->|->|\.){_KEY}(?![\w(]))"
)
_UNPACKED = re.compile(rf"\{{([^{{}}=]{{1,200}})\}}\s*=\s*[^;\n]{{0,80}}\b{_BAGS}\b(?!\s*[.\[])")
_UNPACKED_KEY = re.compile(rf"(?:^|,)\s*{_KEY}")
_METHODS = frozenset(("get", "items", "keys", "values", "has", "copy", "toArray", "to_dict"))
_MOST = 8


def notes_read(program: Program, functions: Iterable[Fn]) -> tuple[str, ...]:
    """The names, in the order in which they are met."""
    found: dict[str, None] = {}
    for fn in functions:
        function = program.function(fn)
        if function is None:
            continue
        text = program.sources[fn.file][function.start : function.end].decode("utf-8", "replace")
        met = [(m.start(), next(filter(None, m.groups()))) for m in _READ.finditer(text)]
        met += [(m.start(), key) for m in _UNPACKED.finditer(text) for key in _UNPACKED_KEY.findall(m[1])]
        found |= dict.fromkeys(name for _, name in sorted(met) if name not in _METHODS)
    return tuple(found)[:_MOST]
