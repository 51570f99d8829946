"""Which columns of the schema say how much there is to sell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.commerce.lexicon import Words, snake
from tillproof.commerce.schema.schema import Schema
from tillproof.commerce.schema.tables import Column, Table, key, singular
from tillproof.knowledge.schema import Provider

# A file without one of these holds no stock column.
_WORDS = (
    "stock", "inventory", "inventories", "warehouse", "quantity", "quantities", "qty", "on_hand", "seats_left", "seats_available",
    "available_seats", "seats_remaining", "remaining_seats", "tickets_left", "tickets_available", "available_tickets", "tickets_remaining",
    "remaining_tickets", "places_left", "spots_left", "rooms_left", "licenses_left", "copies", "pieces_left", "qtd", "cantidad",
    "quantidade", "jumlah", "estoque", "stok", "bestand", "voorraad", "existencias", "so_luong", "ton_kho", "giacenza",
)  # fmt: skip
_LINE = re.compile(r"(?:order|cart|basket|checkout|invoice|purchase|receipt|booking)(?:_?id|_?uuid)?")
_GOODS_ID = re.compile(r"(product|article|item|goods|sku|variant)(_(option|variant|variation|item))?(_?(id|uuid))?")
_KIND_ID = re.compile(
    r"(product_)?(size|colou?r|option(_value)?|attribute(_value)?|variant|variation|material|branch|warehouse|store|location|outlet|shop)(_?(id|uuid))?"
)
_SOMEBODYS = re.compile(
    r"(\w+_)?(user|customer|session|guest|client|account|wish_?list|order|sale|purchase|supplier|bundle|recipe|price|amount|total)(_?(id|uuid))?"
)
_SAYS = re.compile(rb"['\"][^'\"]*\b(?:stock|inventory|on hand)\b[^'\"]*['\"]|(?:#|//)[^\n]*\b(?:stock|inventory|on hand)\b", re.IGNORECASE)
_OF_CHANGE = re.compile(r"(\w+_)?(type|reason|action|operation|direction|kind)")
_CHANGES = re.compile(
    rb"['\"](?:\w+_)?(?:adjust(?:ment|ed)?|re_?stock(?:ed|ing)?|stock_?(?:in|out)|in(?:coming|bound)|out(?:going|bound)|increase|decrease)['\"]"
    rb"|['\"]in['\"]\s*,\s*['\"]out['\"]",
    re.IGNORECASE,
)
_MAY_BE_A_FLAG = ("in_stock", "instock")  # whether there is any, where it is no number
_SAYS_WHETHER = re.compile(r"(is_|has_)?(in_stock|out_of_stock|sold_out|stock_status)|instock|soldout")
_OF_GOODS = re.compile(r"(product|prod|sku|spu|inven|item|variant|article|book)_(?=(stock|quantity|qty|inventory)(_|$))")
_COPIED = 2
_MIRRORING = ("platform", "marketplace", "erp", "pim", "warehouse")


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock columns of a table: ``columns`` that count goods, ``reserved`` ones beside them. ``sure``: by their own names, by what is
    said beside them, because the table holds nothing but stock, or because a column beside them says whether there is any. ``mirror``: the
    platform whose stock is only copied here."""

    table: Table
    columns: tuple[Column, ...]
    reserved: tuple[Column, ...]
    sure: bool
    mirror: str = ""


def stock_tables(schema: Schema, words: Words, systems: dict[str, Provider]) -> Iterator[Stock]:
    """Every table that keeps stock, in order of file and line."""
    seen: set[tuple[str, int]] = set()
    for table in schema.mentioning(_WORDS):
        counted = [c for c in table.columns.values() if _counts(schema, words, table, c)]
        fresh = [c for c in counted if (c.file, c.line) not in seen]
        if not fresh:
            continue  # inherited from a base whose columns were looked at
        seen.update((c.file, c.line) for c in fresh)
        reserved = [c for c in table.columns.values() if c.numeric and c not in counted and words.has("reserved_columns", _last(c.name))]
        sure = any(words.has("stock_columns", _last(c.name)) or _said(schema, c) for c in fresh)
        sure = (
            sure
            or words.has("stock_entities", _entity(table))
            or any(_SAYS_WHETHER.fullmatch(_last(c.name)) for c in table.columns.values())
        )
        yield Stock(table, tuple(fresh), tuple(reserved), sure, _mirrored(words, table, systems))


def _said(schema: Schema, column: Column) -> bool:
    """Whether a column's declaration says in words what it counts: ``help_text="Available stock units"``, ``->comment('in stock')``."""
    return _lines_say(schema, column, _SAYS)


def _lines_say(schema: Schema, column: Column, what: re.Pattern[bytes]) -> bool:
    """Whether a column's declaration says something, on any of its lines."""
    source = schema.program.sources.get(column.file)
    lines = source.splitlines()[column.line - 1 : column.end_line] if source is not None else []
    return any(what.search(line) for line in lines)


def takes_backorders(schema: Schema, words: Words) -> Column | None:
    """The column by which more may be sold than there is."""
    for table in schema.mentioning(("backorder", "continue_selling", "inventory_policy", "out_of_stock", "oversell", "negative")):
        for column in () if _is_line(table) else table.columns.values():
            if words.has("backorder_fields", _last(column.name)):
                return column
    return None


def _counts(schema: Schema, words: Words, table: Table, column: Column) -> bool:
    """Whether a column counts goods that can be sold."""
    name = _without_own(_last(column.name), _entity(table))
    if not (column.numeric or column.kind == "other") or column.primary or column.generated or column.version:
        return False
    if words.has("not_stock_columns", name):
        return False
    holders = [_entity(table), *(snake(p) for p in column.name.split(".")[:-1])]
    if any(words.has("not_stock_entities", part) for holder in holders for part in holder.split("_")):
        return False
    if words.has("stock_columns", name):
        return column.numeric or name not in _MAY_BE_A_FLAG
    if not words.has("stock_counts", name) or words.has("reserved_columns", name) or not column.numeric or _is_journal(schema, table):
        return False
    holder = singular(holders[-1])
    if words.has("stock_entities", holder):
        return True
    goods = words.has("goods_entities", holder) or _of_goods_by_kind(table)
    return words.has("quantity_fields", name) and goods and not _is_line(table)


def _without_own(name: str, entity: str) -> str:
    """A column's name without that of its own table, or of the goods that it counts: ``sku_stock`` of ``Sku``, ``product_quantity``."""
    plain = name.removeprefix(f"{entity}_")
    return plain if plain != name else _OF_GOODS.sub("", name)


def _is_journal(schema: Schema, table: Table) -> bool:
    """Whether each row is a change of the stock, by the column that says of which kind it is: ``->default('adjustment')``."""
    for column in table.columns.values():
        if _OF_CHANGE.fullmatch(_last(column.name)):
            told = (f"'{column.default}'", *(check.text for check in column.checks))
            if _lines_say(schema, column, _CHANGES) or any(_CHANGES.search(text.encode()) for text in told):
                return True
    return False


def _of_goods_by_kind(table: Table) -> bool:
    """Whether each row is of goods in one kind or place, and nobody's: how many there are of a shirt in each size, in each branch."""
    names = [snake(c.name) for c in table.columns.values()]
    sold = next((n for n in names if _GOODS_ID.fullmatch(n)), None)
    return sold is not None and any(_KIND_ID.fullmatch(n) for n in names if n != sold) and not any(_SOMEBODYS.fullmatch(n) for n in names)


def _is_line(table: Table) -> bool:
    """Whether rows belong to an order or a cart: then a quantity is what somebody wants."""
    return any(_LINE.fullmatch(snake(c.name)) for c in table.columns.values())


def _entity(table: Table) -> str:
    """The entity that a table holds, by the model's name where there is one, since table names carry prefixes."""
    name = snake(table.entity)
    bare = re.sub(r"^(?:tbl|tb|t|wp|app|core|ec|oc|ps|db)_(?=\w{4,})|_(?:entity|model|schema|table|document|orm)$", "", name)
    return singular(bare)


def _last(name: str) -> str:
    return snake(name.rpartition(".")[2])


def _mirrored(words: Words, table: Table, systems: dict[str, Provider]) -> str:
    """The platform whose own records the rows are copies of: they are known by its id, or hold what it alone calls so."""
    if sum(words.has("copied_columns", _last(c.name)) for c in table.columns.values()) >= _COPIED:
        return "a platform"
    for column in table.columns.values():
        name = snake(column.name)
        if not re.search(r"_g?id$", name) or not (column.unique or column.primary or column.nullable is False):
            continue
        for system in systems.values():
            if system.kind in _MIRRORING and re.match(rf"{re.escape(key(system.id))}(?:_|(?=id$))", name):
                return system.name
    return ""
