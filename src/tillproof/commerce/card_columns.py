"""Tables with columns that hold a payment card's own data in full."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.schema.tables import Column, Table
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_COLUMNS = words_of(
    "cardnumber cardno cardnum cardnr cardpan ccnumber ccnum ccno cvv cvc cvn ccv securitycode cccid cardcid cardcode numerotarjeta "
    "numerocartao trackdata track1 track2 magstripe primaryaccountnumber"
)
_LENGTH = re.compile(r"\(\s*(\d+)|(?:max_?)?length[\"']?\s*[=:]\s*(\d+)")
_SHORTEST_NUMBER = 12
_MASKED = re.compile(
    r"\bmask(ed|ing)?\b|truncated|last ?(4|four)|\*{3,}|x{8,}|enmascarad|ofuscad|mascarad"
    r"|masqu(é|ee)|maskiert|замаскир|마스킹|マスク|脱敏|掩码|屏蔽",
    re.IGNORECASE,
)
_OTHER_CARDS = re.compile(
    r"gift|loyalt|member|voucher|librar|student|employee|staff|sim|rfid|reward|punch|patient|transit|coupon|identit|licen[cs]e|borrower"
)
_PAYING = re.compile(
    r"pay|card|bill|order|checkout|transaction|customer|user|account|purchase|invoice|wallet|subscri|booking|donation|sale"
)


class CardTable(NamedTuple):
    """A table with its columns for card data, in order of line. ``sure``: they can be nothing else; a number alone, in a table that is
    not about payments, may be that of some other card."""

    table: Table
    columns: list[Column]
    sure: bool


def card_tables(model: "Model") -> Iterator[CardTable]:
    """Every such table. One of gift, loyalty or library cards is none, nor is one of bank accounts."""
    for table in model.schema.mentioning(_COLUMNS):
        if _OTHER_CARDS.search(f"{table.name} {table.entity}".lower()):
            continue
        if model.cards.others.are_accounts([c.name for c in table.columns.values()]):
            continue
        cards = [c for c in table.columns.values() if model.words.card(c.attribute or c.name) and _is_long_enough(model, c)]
        found = [c for c in cards if not _is_said_masked(model, c)]
        if found:
            beside = [c for c in table.columns.values() if c not in found and model.words.beside_card(c.name)]
            found += [c for c in beside if c.kind in ("string", "integer", "other")]
            sure = len(found) > 1 or model.words.card(found[0].name) != "number" or _PAYING.search(table.name.lower()) is not None
            yield CardTable(table, sorted(found, key=lambda c: c.line), sure)


def _is_said_masked(model: "Model", column: Column) -> bool:
    """Whether a declaration says of itself that the number is kept masked: in a help text, a comment, an example."""
    lines = model.program.sources.get(column.file, b"").decode("utf-8", "replace").split("\n")
    above = lines[column.line - 2 : column.line - 1]
    declared = lines[column.line - 1 : max(column.end_line, column.line)]
    return any(_MASKED.search(line) for line in (*(a for a in above if a.lstrip().startswith(("#", "/", "*", "-"))), *declared))


def _is_long_enough(model: "Model", column: Column) -> bool:
    """Whether a column can hold what it is named after: one of four characters holds the last digits, a flag none."""
    if column.kind in ("boolean", "json", "time", "reference", "float"):
        return False
    if model.words.card(column.name) != "number" or not (length := _LENGTH.search(column.type)):
        return True
    return int(next(g for g in length.groups() if g)) >= _SHORTEST_NUMBER
