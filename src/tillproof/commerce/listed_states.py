"""The states that code lets a request name: those of its rules and lists, ``Rule::in(Order::STATUSES)``, ``'in:paid,cancelled'``,
``if (!STATES.includes(status)) …``, ``new Set(['open', 'paid']).has(status)``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import text_of
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Element, External, Member, Record, Result, Seq, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# A rule of Laravel that lists what may be sent; calls that are handed such a list, or are asked of one.
_IN_RULE = re.compile(r"(^|[|'\"])in:\w")
_LISTED = ("in", "is_in", "in_array", "includes", "has", "contains", "enum", "one_of", "choices", "valid")
_SETS = ("Set", "set", "frozenset")


class ListedStates:
    """Answers by function; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[Fn, tuple[str, ...]] = {}

    def of(self, fn: Fn) -> tuple[str, ...]:
        """The words, as ``snake`` writes them, that a function finds in lists or hands over in rules."""
        if fn not in self._known:
            self._known[fn] = tuple(dict.fromkeys(self._listed(fn)))
        return self._known[fn]

    def _listed(self, fn: Fn) -> Iterator[str]:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.CONST and body.const(i) is not None and _IN_RULE.search(body.name(i)):
                yield from (snake(w) for w in re.split(r"\W+", body.name(i)) if w)
            if op == Op.BINARY and body.text(body.args(i)[0]) in ("in", "not in"):
                rows = [body.args(i)[2]]
            elif op == Op.CALL and snake(body.called(i)) in _LISTED:
                callee, given = body.call(i)
                rows = [*(v for _, v in given), *([body.args(callee)[0]] if body.op[callee] == Op.FIELD else [])]
            else:
                continue
            lists = (one for row in rows for value in self._meant(fn, row) for o in options(value) for one in self._lists_in(o))
            items = (item for one in lists if isinstance(one, Seq) for item in one.items)
            yield from (snake(text) for item in items for o in options(item) if (text := text_of(o)))

    def _lists_in(self, value: Value) -> Iterator[Value]:
        """The list of which a set is made; those of a table of which one is looked up: ``NEXT[order.status]``."""
        called = value.callee if isinstance(value, Result) and value.instr >= 0 else None
        if isinstance(value, Result) and isinstance(called, External) and called.name in _SETS:
            yield from (v for _, v in self.model.evaluator.arguments(value)[:1])
            return
        table = value.base if isinstance(value, Element) else called.base if isinstance(called, Member) and called.name == "get" else None
        yield from (v for o in options(table) if isinstance(o, Record) for _, v in o.entries) if table is not None else (value,)

    def _meant(self, fn: Fn, row: int) -> Iterator[Value]:
        """What a value is; what a name of the file itself was given."""
        body, top = self.model.program.body(fn), Fn(fn.file, TOP)
        yield self.model.evaluator.value(fn, row)
        stores = self.model.evaluator.defuse(top).stores.get(body.name(row), ()) if body.op[row] == Op.NAME and fn != top else ()
        outer = self.model.program.body(top)
        yield from (self.model.evaluator.value(top, outer.args(s)[1]) for s in stores if outer.op[s] == Op.STORE)
