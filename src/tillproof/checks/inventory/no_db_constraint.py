"""``inventory/no-db-constraint``: the database refuses stock below zero."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.inventory.constraint_remedies import remedy
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.model import Model
from tillproof.commerce.schema.stock import Stock, takes_backorders
from tillproof.commerce.schema.tables import Column

_ID = "inventory/no-db-constraint"
# Columns of one table that stand so close together are shown as one place.
_NEAR = 4


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per table that keeps stock."""
    for stock in model.stock_writes.tables:
        if not stock.mirror:  # the stock is kept elsewhere; what is copied may be negative there
            yield _rule(model, stock)


def _rule(model: Model, stock: Stock) -> Ruling:
    table = stock.table
    open_ = [c for c in (*stock.columns, *stock.reserved) if model.schema.non_negative(table, c.name) is None]
    open_.sort(key=lambda c: (c not in stock.columns, c.minimum is not None))  # the barest first: there is most to mend
    unguarded = [c for c in open_ if c in stock.columns]
    first = unguarded[0] if unguarded else stock.columns[0]
    where = Evidence(first.file, first.line, f"`{table.name}` keeps stock in {_listed(stock.columns)}", "sink")
    ruling = Ruling(_ID, "held", "stock-column", first.file, first.line, [where])
    if not unguarded:
        ruling.evidence += [_guard(stock, c) for c in stock.columns]
        return ruling
    if all(c.kind == "other" for c in unguarded):
        ruling.outcome = "unknown"
        question = f"Does the type `{first.type}` of `{first.name}` make the database refuse negative values?"
        ruling.question = Evidence(first.file, first.line, question)
        return ruling
    return _broken(model, stock, open_, ruling)


def _guard(stock: Stock, column: Column) -> Evidence:
    file, line = stock.table.non_negative(column.name) or (column.file, column.line)
    return Evidence(file, line, f"the database refuses a `{column.name}` below zero", "guard")


def _broken(model: Model, stock: Stock, open_: list[Column], ruling: Ruling) -> Ruling:
    table, first = stock.table, open_[0]
    ruling.outcome = "broken"
    ruling.confidence = "certain" if stock.sure and not table.open else "likely"
    near = [c for c in open_ if c.file == first.file and 0 <= c.line - first.end_line <= _NEAR * len(open_)]
    ruling.anchor = (first.file, first.line, max([first.end_line, *(c.end_line for c in near)]))
    ruling.title = f"Nothing in the database keeps {_listed(open_)} of `{table.name}` from falling below zero"
    ruling.message = (
        f"{_listed(open_)} may hold any number: there is {_missing(model, stock)}. When two orders take the last piece at once, or a "
        "correction is wrong, the database stores a negative count without a word; the shop has then sold what it does not have, and "
        "nobody is told."
    )
    ruling.evidence.append(Evidence(first.file, first.line, "no constraint here or in a later migration", "missing"))
    ruling.remediation = remedy(table, first)
    _weigh(model, open_, ruling)
    return ruling


def _weigh(model: Model, open_: list[Column], ruling: Ruling) -> None:
    """Backorders make negative stock a decision; a validator of the application catches some of the writes."""
    backorders = takes_backorders(model.schema, model.words)
    ruling.severity = "medium"
    if backorders is not None:
        ruling.severity = "info"
        ruling.message += (
            f" Backorders are foreseen (`{backorders.name}`), so a count below zero can be meant; a bound that allows for them would still "
            "catch the one that is not."
        )
        ruling.evidence.append(Evidence(backorders.file, backorders.line, "more may be sold than there is", "step"))
    elif all(c.minimum is not None for c in open_):
        ruling.severity = "low"
        ruling.message += (
            f" The application checks a minimum of {open_[0].minimum} when it saves a whole record; an update that the database works out "
            "(`$inc`, `qty = qty - 1`) is not checked."
        )


def _missing(model: Model, stock: Stock) -> str:
    if any(c.unsigned for c in stock.columns) and model.schema.on_postgres(stock.table.unit):
        return "no CHECK, and PostgreSQL has no unsigned types: the migration makes a plain one"
    if not stock.table.documents:
        return "no CHECK and no unsigned type, in the declaration or in a migration"
    bare = all(c.minimum is None for c in stock.columns)
    return "neither a minimum nor a validator of the collection" if bare else "no validator of the collection"


def _listed(columns: "tuple[Column, ...] | list[Column]") -> str:
    return " and ".join(f"`{c.name}`" for c in columns[:3]) + (" and others" if len(columns) > 3 else "")


CHECK = Check(id=_ID, title="The database refuses stock below zero", severity="medium", rule=rule)
