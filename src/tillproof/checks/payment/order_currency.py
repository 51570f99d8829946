"""Whether orders have a currency of their own in the reviewed code: then a charge owes it."""

import re
from collections.abc import Collection

from tillproof.checks.payment.charges import Charge, Charges
from tillproof.commerce.declared_states import declared_states
from tillproof.commerce.money import name_of
from tillproof.commerce.schema.tables import Column
from tillproof.flow.values import Choice, Element, External, Member, Mix, Param, Place, Result, Value, pieces

_ORDERS = ("order", "cart", "basket", "checkout", "booking", "invoice", "payment", "subscription", "quote", "reservation")
_CURRENCY = ("currency", "currency_code", "order_currency", "order_currency_code")
_CODE = re.compile(r"[A-Z]{3}|[a-z]{3}")
_PAYS = re.compile(rb"(?i)payment|checkout|charge|gateway|order")
_CART = re.compile(r"(^|\.)Cart(Facade)?(\.\w+)?$")
_PIECES = 60


def holder_of(charges: Charges, charge: Charge) -> Value | None:
    """The record that a sum is read from: what its first money field stands on."""
    model = charges.model

    def onward(here: Value) -> list[Value]:
        if isinstance(here, Result) and here.instr >= 0:
            given = [v for _, v in reversed(model.evaluator.arguments(here))]
            return [*given, *([here.callee.base] if isinstance(here.callee, Member) else [])]
        return list(reversed(here.parts())) if isinstance(here, (Choice, Mix)) else []

    for here in pieces([charge.value], _PIECES, onward):
        called = here.callee if isinstance(here, Result) and here.instr >= 0 else None
        if isinstance(here, (Member, Element)) and model.words.money(name_of(here)) and not _has_none(charges, here):
            return here.base
        if isinstance(called, Member) and model.words.money(name_of(called).removeprefix("get_")) and not _has_none(charges, called):
            return called.base
    return None


def _has_none(charges: Charges, sum_of: Member | Element) -> bool:
    """Whether a sum is no record's: what a session keeps, or what a cart of a library adds up, is of the order that is made of it."""
    kept = charges.model.requests.source(sum_of)
    root: Value = sum_of
    while isinstance(root, (Member, Element, Result)):
        root = root.callee if isinstance(root, Result) else root.base
    return (kept is not None and kept.kind == "session") or (isinstance(root, External) and _CART.search(root.name) is not None)


def currency_of_orders(charges: Charges, charge: Charge) -> Place | None:
    """A line that reads the currency of the record that the sum is from; of any order where that record is not seen."""
    holder = holder_of(charges, charge)
    name = _last_word(holder) if holder is not None else ""
    touch = charges.model.records.read_behind(holder) if holder is not None and name not in _ORDERS else None
    name = touch.entity.rpartition("_")[2] if touch is not None else name
    if name in _ORDERS or (touch is not None and name):
        words = [name]
    elif not name or holder is None or isinstance(holder, Param):
        words = list(_ORDERS)
    else:
        return None
    entity = touch.entity if touch is not None else name
    if entity and (column := _column(charges, entity)) is not None:
        return column
    pattern = re.compile(
        rb"(?i)\b\w*(?:" + "|".join(words).encode() + rb")s?(?:\.|->|\?\.|\[['\"])(?:get_?)?(?:order_?)?currency(?:_?code)?\b"
        rb"(?!['\"]?\]?\s*=[^=>])"
    )
    program = charges.model.program
    unit = program.unit(charge.site.fn.file)
    for file in program.indices:
        if program.unit(file) == unit and (found := pattern.search(program.sources[file])):
            return file, program.sources[file].count(b"\n", 0, found.start()) + 1
    return None


def kept_by_default(charges: Charges, codes: Collection[str]) -> bool:
    """Whether every record that keeps a currency begins with this one, and none lists others: then it notes what all are paid in."""
    found = [
        (table, column)
        for table in charges.model.schema.mentioning(_CURRENCY)
        for name in _CURRENCY
        if (column := table.column(name)) is not None
    ]
    wanted = {code.upper() for code in codes}
    return bool(found) and all(
        (column.default or "").strip("'\"").upper() in wanted and _listed(charges, table.entity, column) <= wanted
        for table, column in found
    )


def asked_for(charges: Charges, charge: Charge, code: str) -> Place | None:
    """A line of the same unit that goes on only where a currency is the one that is written down: ``if (shop_currency() == 'INR')``. What
    only shows prices says nothing of when a charge is made."""
    one = rf"""['"]{re.escape(code)}['"]"""
    compared = re.compile(
        rf"^[^\n?]*\bif\b[^\n?]*(?:currency\w*(?:\(\))?['\"\])]*\s*[=!]==?\s*{one}|{one}\s*[=!]==?\s*[^\n?&|]*currency)",
        re.IGNORECASE | re.MULTILINE,
    )
    program = charges.model.program
    unit = program.unit(charge.site.fn.file)
    for file in sorted({*program.mentioning(code.upper()), *program.mentioning(code.lower())}):
        ours = program.unit(file) == unit and _PAYS.search(program.sources[file]) is not None
        text = program.sources[file].decode(errors="replace") if ours else ""
        if (found := compared.search(text)) is not None:
            return file, text.count("\n", 0, found.start()) + 1
    return None


def _column(charges: Charges, entity: str) -> Place | None:
    """Where the table of a record keeps its currency: one that whoever makes a record has to name, or one of several that its declaration
    lists, whatever it is by default."""
    for column in _columns(charges, entity):
        if len(_listed(charges, entity, column)) > 1 or (column.default is None and column.nullable is False):
            return column.file, column.line
    return None


def _columns(charges: Charges, entity: str) -> list[Column]:
    table = charges.model.schema.table(entity)
    found = [table.column(name) for name in _CURRENCY] if table is not None else []
    return [column for column in found if column is not None]


def _listed(charges: Charges, entity: str, column: Column) -> set[str]:
    """The codes that a column's declaration lists."""
    return {w.upper() for w in declared_states(charges.model, entity, column.name, column.file) if _CODE.fullmatch(w)}


def declared_codes(charges: Charges, charge: Charge) -> set[str]:
    """The currencies that the record of a sum may have, where its column lists them."""
    holder = holder_of(charges, charge)
    touch = charges.model.records.read_behind(holder) if holder is not None else None
    entity = touch.entity if touch is not None else _last_word(holder) if holder is not None else ""
    return {code for column in (_columns(charges, entity) if entity else ()) for code in _listed(charges, entity, column)}


def _last_word(value: Value) -> str:
    return name_of(value).rpartition("_")[2].removesuffix("s")
