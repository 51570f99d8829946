"""Shops that sell by themselves below one roof: whoever signs in has customers of his own, and an order belongs to both of them."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.schema.tables import Column, Table, column_key

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BUYERS = re.compile(r"(customer|client|buyer|guest|contact|shopper|patron)(id)?")
_SELLERS = re.compile(r"(user|owner|account|tenant|merchant|seller|vendor|brand|business|company|organi[sz]ation|shop|store)(id)?")
_SIGNS_IN = re.compile(r"password(hash|digest)?|passwordhash|hashedpassword|passwd")


def sold_by_whoever_signs_in(model: "Model", entity: str, file: str) -> bool:
    """Whether a row of an entity has a buyer who never signs in, and belongs, as he does, to whoever else does: that one marks an order as
    paid because he has the money, not because he wants the goods."""
    order = model.schema.table(entity, file)
    buyer = _column(order, _BUYERS)
    seller = _column(order, _SELLERS)
    if order is None or buyer is None or seller is None:
        return False
    buyers = model.schema.table(_key(buyer), order.file)
    kept_by = _column(buyers, _SELLERS)
    if buyers is None or kept_by is None or _key(kept_by) != _key(seller):
        return False
    return buyers.unique([kept_by.name]) is None and _column(buyers, _SIGNS_IN) is None


def _column(table: Table | None, named: re.Pattern[str]) -> Column | None:
    return next((c for k, c in table.columns.items() if named.fullmatch(k)), None) if table is not None else None


def _key(column: Column) -> str:
    return column_key(column.name).removesuffix("id")
