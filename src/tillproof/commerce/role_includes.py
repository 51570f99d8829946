"""What pages of PHP demand of whoever opens them by the files that they include, and that they are included by."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.commerce.role_names import RANK, Because, Patterns
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Role

SPEAKS_OF_ROLES = re.compile(rb"admin|staff|role|permission|_can\b|isgranted|authori[sz]|authenticat|session|logged|login", re.IGNORECASE)
"""What stands in a file that may demand a role of anybody."""
_FIRST_LINES = 12
_LEVELS = 3


class IncludedPages:
    """``head``: what a function demands in its first statements, by the names that hold for its file; ``patterns``: those of a file."""

    def __init__(
        self, wiring: Wiring, head: Callable[[Fn, Patterns, int], Iterator[tuple[Role, Because]]], patterns: Callable[[str], Patterns]
    ) -> None:
        self.program = wiring.program
        self.evaluator = wiring.evaluator
        self._head, self._patterns = head, patterns

    def of(self, file: str) -> Iterator[tuple[Role, Because]]:
        """What a page demands by what it includes, and by what includes it."""
        yield from self._included(file)
        yield from self._including(file, 0)

    def in_place_of(self, fn: Fn) -> Iterator[tuple[Role, Because]]:
        """What a page demands at its head that is all a function runs: ``add_action('wp_ajax_mark', fn () => require 'mark.php')``."""
        body = self.program.body(fn)
        calls = [i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW)]
        found = options(self.evaluator.value(fn, body.args(calls[0])[0])) if len(calls) == 1 else ()
        pages = [o.fn for o in found if isinstance(o, FunctionV) and o.fn.number == TOP]
        if len(pages) == 1 and SPEAKS_OF_ROLES.search(self.program.sources[pages[0].file]):
            yield from self._head(pages[0], self._patterns(pages[0].file), 0)

    def _included(self, file: str) -> Iterator[tuple[Role, Because]]:
        """What a page demands by the file that it includes first: ``require 'guard.php'``."""
        for include in self.program.indices[file].imports if self.program.language(file) == "php" else ():
            found = self.evaluator.scope.modules.find(file, include.module) if include.line <= _FIRST_LINES else None
            if found is not None and found.endswith(".php") and SPEAKS_OF_ROLES.search(self.program.sources[found]):
                yield from self._head(Fn(found, TOP), self._patterns(found), 1)

    @cached_property
    def _includers(self) -> dict[str, list[tuple[str, int]]]:
        """The files, with the line, by which each PHP file is included."""
        found: dict[str, list[tuple[str, int]]] = {}
        for file, index in self.program.indices.items():
            for include in index.imports if self.program.language(file) == "php" else ():
                page = self.evaluator.scope.modules.find(file, include.module) if include.local == "*" else None
                if page is not None and page != file:
                    found.setdefault(page, []).append((file, include.line))
        return found

    def _including(self, file: str, depth: int) -> Iterator[tuple[Role, Because]]:
        """What every file that includes a page has demanded by then. A page that includes nothing by itself cannot do its work alone: the
        database and the functions that it calls are what its includer has loaded."""
        includers = self._includers.get(file, []) if depth < _LEVELS else []
        if not includers or any(
            i.local == "*" and self.evaluator.scope.modules.find(file, i.module) for i in self.program.indices[file].imports
        ):
            return
        found = [max(self._by_includer(*one, depth), key=lambda f: RANK[f[0]], default=None) for one in includers]
        demanded = [f for f in found if f is not None]
        if len(demanded) == len(found):
            yield min(demanded, key=lambda f: RANK[f[0]])

    def _by_includer(self, file: str, line: int, depth: int) -> Iterator[tuple[Role, Because]]:
        around = [n for n, f in enumerate(self.program.indices[file].functions) if f.line <= line <= f.end_line]
        fn = Fn(file, max(around, key=lambda n: self.program.indices[file].functions[n].line) if around else TOP)
        yield from (one for one in self._head(fn, self._patterns(file), 0) if one[1][0] != file or one[1][1] < line)
        if fn.number == TOP:
            yield from self._including(file, depth + 1)
