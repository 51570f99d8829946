"""Addresses that a class gives to methods of its own: ``registerEntryPoints()`` that returns ``['stripe_hook' => 'processHook']``."""

import re
from collections.abc import Iterator

from tillproof.commerce.entry_styles.classes import public
from tillproof.commerce.entry_styles.wiring import Declared, Wiring
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Record, constant, options
from tillproof.ir.ops import Op

_TABLES = re.compile(r"(\w+_)?((entry|access|end)_?points?|web_?hooks?|call_?backs?|routes|urls)(_\w+)?")


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Every method that such a table names, by the object whose class has it."""
    program = wiring.program
    tables = (fn for name, found in program.functions_by_name.items() if _TABLES.fullmatch(snake(name)) for fn in found)
    for fn in sorted(tables):
        cls = program.owner(fn)
        if cls is not None and program.language(fn.file) == "php":
            yield from _named(wiring, cls, fn)


def _named(wiring: Wiring, cls: ClassId, table: Fn) -> Iterator[Declared]:
    body = wiring.program.body(table)
    given = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
    records = [o for v in given for o in options(wiring.evaluator.value(table, v))]
    entries = [entry for record in records if isinstance(record, Record) for entry in record.entries]
    found = [(key, wiring.method(cls, (constant(value) or "").strip("'\""), value.at), value.at) for key, value in entries]
    if any(method is None or key is None or not public(wiring, method.fn) for key, method, _ in found):
        return  # of something else: not every value is a method that others may call
    for key, method, at in found:
        if method is not None and key is not None:
            yield Declared(method, f"/{key.strip('/')}", ("ANY",), "php-routers", "table", at)
