"""Fields of objects that a page keeps between two requests and sends back: whoever holds the page may have changed them.

A Livewire component's public properties travel with the page. What the component stored in one (the cart's total, at the first request) is
what it reads at the next one only if the browser left it alone.
"""

import re

from tillproof.commerce.names import fits
from tillproof.flow.program import ClassId, Program
from tillproof.flow.scope import Scope
from tillproof.flow.values import Instance, Value, options
from tillproof.knowledge.loader import Knowledge

_LOCKED = rb"#\[[^\]]*\bLocked\b[^\]]*\]\s*"
# ``public $voucher, $discount = 0, $total;``, up to its end
_DECLARED = re.compile(rb"(" + _LOCKED + rb")?\b(?:public|var)\s+(?:\??[\w\\|]+\s+)?(\$[^;{]*)")


class Exposed:
    """Answers by class and field; what was asked is kept."""

    def __init__(self, program: Program, scope: Scope, knowledge: Knowledge) -> None:
        self.program = program
        self.scope = scope
        self._bases = [base for framework in knowledge.frameworks.values() for base in framework.exposed]
        self._kept: dict[ClassId, bool] = {}

    def __call__(self, cls: ClassId, name: str) -> bool:
        """Whether the browser may set a field of an object of that class."""
        return self.shows_page(cls) and self._public(cls, name)

    def is_component(self, value: Value) -> bool:
        """Whether an object is a piece of a page: what is set in it is shown and sent back, and kept in no table."""
        return any(isinstance(o, Instance) and self.shows_page(o.cls) for o in options(value))

    def shows_page(self, cls: ClassId) -> bool:
        """Whether a class is a piece of a page, whose methods the page that shows it calls."""
        if cls not in self._kept:
            self._kept[cls] = self._travels(cls)
        return self._kept[cls]

    def _travels(self, cls: ClassId) -> bool:
        return any(fits(base, foreign) for foreign in self.scope.foreign_bases(cls) for base in self._bases)

    def _public(self, cls: ClassId, name: str) -> bool:
        named = re.compile(rb"\$" + re.escape(name.encode()) + rb"\b")
        for owner in self.scope.lineage(cls):
            index = self.program.cls(owner)
            for declared in _DECLARED.finditer(self.program.sources[owner.file], index.start, index.end):
                if named.search(declared[2]):
                    return declared[1] is None
        return False
