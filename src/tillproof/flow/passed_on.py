"""Functions that only load a package and hand all they are given to it: ``(...args) => import('node-fetch').then(({ default: f }) =>
f(...args))``. Whoever calls one calls the package."""

import re

from tillproof.flow.program import Fn, Program

_HANDS_ON = re.compile(
    rb"\(?\.\.\.(?P<given>\w+)\)?\s*=>\s*import\(\s*['\"](?P<module>[@\w./-]+)['\"]\s*\)\s*\.then\(\s*(?:async\s*)?\(?\s*"
    rb"(?:\{\s*default\s*:\s*(?P<own>\w+)\s*\}|(?P<whole>\w+))\s*\)?\s*=>\s*(?:(?P=own)|(?P=whole)\.default)\(\s*\.\.\.(?P=given)\s*\)\s*\)"
)
_SHORT = 300


def package_of(program: Program, fn: Fn) -> str:
    """The package that a function stands for; empty where it does anything of its own."""
    function = program.function(fn)
    if function is None or function.end - function.start > _SHORT or program.language(fn.file) != "javascript":
        return ""
    text = program.sources[fn.file][function.start : function.end]
    found = _HANDS_ON.fullmatch(text.strip().removeprefix(b"async").strip().rstrip(b";")) if b"import(" in text else None
    return found["module"].decode() if found else ""
