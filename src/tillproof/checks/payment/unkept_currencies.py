"""Currencies that are asked of a record which keeps none of that name: it answers nothing, and the provider takes a default."""

import re
from typing import NamedTuple

from tillproof.checks.payment.charges import Charge, Charges
from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.tables import Table
from tillproof.flow.members import accessor
from tillproof.flow.values import Instance, Member, Place, Result, Value, names, options

_ANSWER_NOTHING = ("mongoose", "sequelize", "laravel")
"""What declares tables whose rows answer nothing, and raise nothing, when they are asked for a column that there is not."""
_LOOSE = re.compile(rb"strict\s*:\s*false")


class Unkept(NamedTuple):
    """``read``: where the record is asked; ``asked``: for what; ``kept``: what it keeps instead, with the place that says so, if any."""

    read: Place
    asked: str
    kept: str
    declared: Place | None


def unkept(charges: Charges, charge: Charge) -> Unkept | None:
    """The question for a currency that the record of a charge cannot answer."""
    currency = charge.currency
    for asked in options(currency.value) if currency is not None else ():
        found = (
            _of_platform(charges, asked) if isinstance(asked, Result) else _of_table(charges, asked) if isinstance(asked, Member) else None
        )
        if found is not None:
            return found
    return None


def _of_platform(charges: Charges, asked: Result) -> Unkept | None:
    """A platform's record that has no such method, and answers nothing to methods that it has not."""
    file = asked.at[0]
    for framework in charges.model.requests.active.of(file) if file in charges.model.program.indices else ():
        unanswered = framework.currencies.unanswered
        told = next((n.replace("()", "") for n in names(asked.callee) if n.replace("()", "") in unanswered), None)
        if told is not None and framework.currencies.own:
            return Unkept(asked.at, f"{told.rpartition('.')[2]}()", f"{framework.currencies.own[0].lstrip('.')}()", None)
    return None


def _of_table(charges: Charges, asked: Member) -> Unkept | None:
    """A row of a table that has a column for its currency, and none of the name that is asked for."""
    table = _table(charges, asked.base)
    if table is None or table.open or table.source not in _ANSWER_NOTHING or table.column(asked.name) is not None:
        return None
    kept = [c for c in table.columns.values() if "." not in c.name and charges.model.words.has("currency_fields", c.name)]
    if not kept or _is_worked_out(charges, table, asked.name):
        return None
    return Unkept(asked.at, asked.name, kept[0].attribute or kept[0].name, (kept[0].file, kept[0].line))


def _table(charges: Charges, record: Value) -> Table | None:
    if isinstance(record, Instance):
        return charges.model.schema.table(record.cls)
    touch = charges.model.records.read_behind(record)
    return charges.model.schema.table(touch.entity, touch.fn.file) if touch is not None and touch.entity else None


def _is_worked_out(charges: Charges, table: Table, name: str) -> bool:
    """Whether anything of the unit may answer a name that is no column: an accessor, a relation, a virtual field, an alias of a query."""
    program, spelt = charges.model.program, re.escape(name).encode()
    answered = re.compile(
        rb"(?:function|get)\s+" + spelt + rb"\s*\(|(?:virtual|add|field)\w*\(\s*['\"]" + spelt + rb"['\"]"
        rb"|(?i:\bas\s+['\"`]?)" + spelt + rb"\b|\bas\s*:\s*['\"]" + spelt + rb"['\"]"
    )
    loose = table.source == "mongoose" and _LOOSE.search(program.sources.get(table.file, b"")) is not None
    if loose or any(program.unit(f) == table.unit for f in program.mentioning(accessor(snake(name)))):
        return True
    return any(answered.search(program.sources[f]) for f in program.mentioning(name) if program.unit(f) == table.unit)
