"""Numbers that a shop makes up for its own records, and keeps in fields that are named after them."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Result, pieces
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_NUMBER = re.compile(r"_?(id|uuid|number|no|ref|reference|code|key)")
_MOST_FILES = 20
_MOST_PIECES = 60


class OwnNumbers:
    """Answers by kind of record and field; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._made_up: dict[tuple[str, str], bool] = {}

    def made_up(self, kind: str, column: str) -> bool:
        """Whether a field named after the very records that have it, ``Invoice.invoice_id``, is a number that we make up for each: it tells
        which record is meant, and nothing of a payment."""
        if not _NUMBER.fullmatch(column.removeprefix(kind.rpartition("_")[2])):
            return False
        if (kind, column) not in self._made_up:
            program = self.model.program
            around = (fn for file in program.mentioning(column)[:_MOST_FILES] for fn in program.functions_around(file, column))
            self._made_up[kind, column] = any(self._makes_up(fn, kind, column) for fn in around)
        return self._made_up[kind, column]

    def _makes_up(self, fn: Fn, kind: str, column: str) -> bool:
        """Whether a function makes a record with a value in a field that is random or of the clock."""
        for i, op in enumerate(self.model.program.body(fn).op):
            touch = self.model.records.touch(fn, i, None) if op in (Op.CALL, Op.NEW) else None
            value = touch.fields.get(column) if touch is not None and touch.kind == "create" and touch.entity == kind else None
            parts = pieces([value], _MOST_PIECES, self.model.evaluator.made_of) if value is not None else ()
            if any(isinstance(p, Result) and self.model.recogniser.result_is("random", p) for p in parts):
                return True
        return False
