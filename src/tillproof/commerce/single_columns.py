"""Calls that give the value of one column alone, and no row: ``->fetchColumn()`` of ``SELECT total …``, ``->value('total')``,
``session.scalar(select(Order.total))``, ``values_list("total", flat=True).first()``, ``db.prepare('SELECT total …').pluck().get(id)``."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.chains import Link
from tillproof.commerce.record_statements import selected
from tillproof.flow.program import Fn
from tillproof.flow.values import ClassV, Ctx, Result, Value, constant, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ONE_VALUE = re.compile(r"fetchcolumn|fetchval(ue)?|getvar|(fetch)?scalar(one)?(ornone)?|fetchone|getone|getvalue|queryscalar")
_OF_COLUMN = ("value",)
_FIRST = ("first", "get", "one", "firstorfail", "latest", "earliest", "last", "sole")
_LISTING = ("values_list", "pluck")
_CHOOSING = ("select", "query")


def single_column(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> str:
    """The column of which a call gives the value alone; empty where it gives something else, or that is not known."""
    body = model.program.body(fn)
    plain = body.called(i).rpartition("\\")[2].lower().replace("_", "")
    if plain in _OF_COLUMN:
        named = body.call(i)[1]
        return _spelt(constant(model.evaluator.value(fn, named[0][1], ctx))) if len(named) == 1 else ""
    if plain not in _FIRST and not _ONE_VALUE.fullmatch(plain):
        return ""
    chain = model.records.chains.of(fn, i, ctx)
    links = list(chain.calls())
    listing = next((link for link in reversed(links) if link.name in _LISTING), None)
    if listing is not None and (given := model.records.chains.arguments(listing)):
        return _spelt(constant(given[0][1])) if len([k for k, _ in given if not k]) == 1 else ""
    if plain in _FIRST and listing is None:
        return ""
    if (chosen := _chosen(model, links)) is not None:
        return chosen
    statement = selected(model, chain)
    alone = statement.columns if statement is not None and len(statement.columns) == 1 else ()
    return _spelt(alone[0]) if alone and alone[0] not in ("*", "?") else ""


def column_of(model: "Model", value: Value) -> str:
    """The column of which a value is what one row keeps, where a call gives it alone."""
    known = isinstance(value, Result) and value.instr >= 0 and not value.new
    return single_column(model, value.fn, value.instr, value.ctx) if known and isinstance(value, Result) else ""


def _chosen(model: "Model", links: list[Link]) -> str | None:
    """The one member of a model that a statement of SQLAlchemy chooses: ``select(Order.total)``, handed to what runs it or before it."""
    for link in reversed(links):
        if link.name in _CHOOSING:
            return _member(model, link)
        given = model.records.chains.arguments(link)
        first = given[0][1] if given else None
        if isinstance(first, Result) and first.instr >= 0:
            inner = model.records.chains.of(first.fn, first.instr, first.ctx)
            chosen = next((n for n in inner.calls() if n.name == _CHOOSING[0]), None)
            if chosen is not None:
                return _member(model, chosen)
    return None


def _member(model: "Model", link: Link) -> str | None:
    """The name of the one column that is chosen, if it is one of a class: ``Order.total``."""
    body = model.program.body(link.fn)
    given = [row for _, row in body.call(link.call)[1]]
    if len(given) != 1 or body.op[given[0]] != Op.FIELD:
        return None
    holder = model.evaluator.value(link.fn, body.args(given[0])[0], link.ctx)
    return body.name(given[0]) if any(isinstance(o, ClassV) for o in options(holder)) else None


def _spelt(column: str | None) -> str:
    return (column or "").strip("'\"`")
