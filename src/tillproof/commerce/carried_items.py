"""What a run goes through one by one, and whether it comes from elsewhere: from a system outside, or out of a file that one sent."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.loops import Loop
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Param, Result, Value, names, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

SYSTEMS = ("platform", "marketplace", "erp", "pim", "warehouse")
"""The kinds of systems with which goods, stock and orders are exchanged."""
OUTSIDE = re.compile(
    r"(.*_)?(erp|pim|wms|netsuite|odoo|sap|akeneo|pimcore|dynamics|shopify|bigcommerce|magento|woocommerce|woo|amazon|ebay|etsy|walmart"
    r"|marketplace|supplier|vendor_api|shiphero|shipbob|ship_?station|linnworks|edi|edifact|x12)(_.*)?"
)
"""Words by which code speaks of such systems."""
_DRAINS = (
    "shift", "pop", "popleft", "fgetcsv", "readline", "array_shift", "dequeue", "next", "fetchone", "read_record", "readRecord",
    "fetch", "fetch_assoc", "fetch_array", "fetch_object", "fetchAssociative", "fetchObject", "mysqli_fetch_assoc", "mysqli_fetch_array",
    "mysqli_fetch_object", "pg_fetch_assoc", "pg_fetch_array",
)  # fmt: skip
"""Calls that take the next item off what is gone through."""
_FILES = re.compile(
    r"(?:^|\.)(csv\.(?:reader|DictReader)|read_(?:csv|excel|json|xml|table)|load_workbook|json\.load|ET\.parse|etree\.\w*[Pp]arse|iterparse"
    r"|fgetcsv|str_getcsv|simplexml_load_(?:file|string)|Reader\.(?:createFromPath|createFromString|from)|IOFactory\.load|toArray"
    r"|sheet_to_json|csvtojson|csv-parse(?:/sync)?(?:\.parse)?|papaparse\.parse|Papa\.parse|fast-csv\.\w+|xml2js\.\w+|readFileSync|readFile"
    r"|file_get_contents)(?:\(|$)"
)
_BODY = 2
_MOST = 80
_LEVELS = 3
_MOST_CALLERS = 6


def goes_through(body: Body, loop: Loop) -> bool:
    """Whether a loop goes through items: element by element, by a counter, or by taking the next one off."""
    return next(items_of(body, loop), None) is not None


def spoken(body: Body, loop: Loop) -> set[str]:
    """The names of what a loop goes through, and of one item of it, in snake case."""
    rows = list(items_of(body, loop))
    named = {body.name(r) for r in rows if body.op[r] in (Op.NAME, Op.FIELD)}
    named.update(word for r in rows for word in _asked_of(body, r))
    elements = [i for i, op in enumerate(body.op) if op in (Op.ELEMENT, Op.INDEX) and body.args(i)[0] in rows]
    elements += [r for r in rows if body.op[r] == Op.CALL and body.called(r) in _DRAINS]
    named |= {body.name(i) for i, op in enumerate(body.op) if op == Op.STORE and body.args(i)[1] in elements}
    return {snake(name) for name in named}


def words_of(body: Body, row: int) -> set[str]:
    """The names of what is gone through, in snake case."""
    return {snake(word) for word in _asked_of(body, row)}


def _asked_of(body: Body, row: int) -> Iterator[str]:
    """The words of the call that gives what is gone through: ``await Product.find({})``, ``Product.objects.all()``, ``getOrders()``."""
    while body.op[row] in (Op.AWAIT, Op.CALL, Op.FIELD):
        if body.op[row] == Op.FIELD:
            yield body.name(row)
        row = body.args(row)[0]
    if body.op[row] == Op.NAME:
        yield body.name(row)


def items_of(body: Body, loop: Loop) -> Iterator[int]:
    """The rows of which a loop takes its items: a collection, or the call that gives the next one."""
    held = [i for b in sorted(loop.blocks) for i in range(body.blocks[b].start, body.blocks[b].end)]
    counted = {body.name(i) for i in held if body.op[i] == Op.STORE and body.op[body.args(i)[1]] == Op.BINARY}
    for i in held:
        op = body.op[i]
        by_counter = op == Op.INDEX and body.op[body.args(i)[1]] == Op.NAME and body.name(body.args(i)[1]) in counted
        if op in (Op.ELEMENT, Op.KEY) or by_counter:
            yield body.args(i)[0]
        elif op == Op.CALL and body.called(i) in _DRAINS and _is_kept(body, i):
            yield i


def _is_kept(body: Body, call: int) -> bool:
    """Whether what a call gives is put into a variable: the item of this turn."""
    return any(body.op[n] == Op.STORE and body.args(n)[1] == call for n in range(call + 1, min(call + 3, len(body.op))))


class CarriedItems:
    """Answers by function and row; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[tuple[Fn, int], bool] = {}

    @cached_property
    def _asked(self) -> dict[tuple[Fn, int], str]:
        """The kind of system that each call asks something of; empty for one that no pack knows."""
        every = (*self.model.sendings.strange, *self.model.sendings.all)
        sent = {(s.fn, s.instr): s.provider.kind if s.provider is not None else "" for s in every}
        return sent | {(s.fn, s.instr): s.provider.kind for s in self.model.operations.sites}

    def brought(self, fn: Fn, loop: Loop) -> bool:
        """Whether the items of a loop were fetched from a system outside, or read from a file."""
        body = self.model.program.body(fn)
        return any(self.from_elsewhere(fn, row) for row in dict.fromkeys(items_of(body, loop)))

    def from_elsewhere(self, fn: Fn, row: int) -> bool:
        """Whether what an instruction yields was answered by a system outside or read from a file; asked of the callers, where it is
        handed over."""
        if (fn, row) not in self._known:
            self._known[fn, row] = False
            self._known[fn, row] = self._is_outside(self.model.evaluator.value(fn, row), 0)
        return self._known[fn, row]

    def _is_outside(self, value: Value, depth: int) -> bool:
        for piece in pieces([value], _MOST, self._onward):
            if isinstance(piece, Result) and self._answers(piece):
                return True
            if isinstance(piece, Param) and depth < _LEVELS and any(self._is_outside(v, depth + 1) for v in self._given(piece)):
                return True
        return False

    def _onward(self, value: Value) -> tuple[Value, ...]:
        given = tuple(v for _, v in self.model.evaluator.arguments(value)) if isinstance(value, Result) and value.instr >= 0 else ()
        return (*value.parts(), *given)

    def _given(self, param: Param) -> Iterator[Value]:
        body = self.model.program.body(param.fn)
        row = next(i for i, op in enumerate(body.op) if op == Op.PARAM and body.args(i)[0] == param.number)
        callers = self.model.callers.of(param.fn)[:_MOST_CALLERS]
        for caller, call, target in callers:
            yield self.model.evaluator.value(param.fn, row, self.model.callers.context(param.fn, caller, call, target, None))
        if not callers and (handed := self._handed_to(param.fn)) is not None:  # ``fetch(…).then((answer) => …)``
            around, at = handed
            target = FunctionV((around.file, self.model.program.body(around).line[at]), param.fn, None)
            yield self.model.evaluator.value(param.fn, row, self.model.evaluator.context(target, around, at, None, True))
        if param.number == _BODY and body.params[1].name.startswith("res"):  # ``request(url, (error, response, body) => …)``
            second = next(i for i, op in enumerate(body.op) if op == Op.PARAM and body.args(i)[0] == 1)
            for caller, call, target in callers:
                yield self.model.evaluator.value(param.fn, second, self.model.callers.context(param.fn, caller, call, target, None))

    def _handed_to(self, fn: Fn) -> tuple[Fn, int] | None:
        """The call that a function is written as an argument of."""
        around = self.model.program.parent(fn)
        body = self.model.program.body(around) if around is not None else None
        for i, op in enumerate(body.op) if body is not None else ():
            if around is not None and body is not None and op == Op.CALL and any(body.holds(v, fn.number) for _, v in body.call(i)[1]):
                return around, i
        return None

    def _answers(self, result: Result) -> bool:
        """Whether a call is answered by a system with which goods are exchanged, or by one that no pack knows; or reads a file."""
        if (result.fn, result.instr) in self._asked:
            return self._asked[result.fn, result.instr] in (*SYSTEMS, "shipping", "")
        if result.instr >= 0 and self.model.recogniser.result_is("http", result):
            return True
        said = names(result.callee)
        if any(_FILES.search(name) for name in said):
            return True
        return any(OUTSIDE.fullmatch(snake(part)) for name in said for part in re.split(r"[^\w-]+", name) if part)
