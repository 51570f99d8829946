"""What to compare before an order counts as paid: the provider's words for the sum and the currency, ours, and the line in between."""

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from tillproof.checks import remedies
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import Words
from tillproof.commerce.model import Model
from tillproof.commerce.schema.tables import Table
from tillproof.commerce.touches import Touch
from tillproof.knowledge.schema import Inbound, Provider

_SUM = re.compile(r"\$(MAJOR_)?AMOUNT\b")
_BARE = re.compile(r"(?<=[:\[,])\$\w+")
_INNER = ("value", "total", "amount")
_TOTAL = re.compile(r"(grand|order)_?total|total_?(price|amount|due|cost)?|amount(_?due)?|final_(price|amount)|price", re.IGNORECASE)
_MEMBER = {"python": "{0}['{1}']", "javascript": "{0}.{1}", "php": "{0}->{1}"}
_SHOP_CURRENCY = {"python": "shop_currency", "javascript": "shopCurrency", "php": "$shopCurrency"}
_PAID = {"python": "paid", "javascript": "paid", "php": "$paid"}
_MINOR = {"python": "round({} * 100)", "javascript": "Math.round({} * 100)", "php": "(int) round({} * 100)"}
_MAJOR = {"python": "round(Decimal({}), 2)", "javascript": "Number({}).toFixed(2)", "php": "round({}, 2)"}
_MOST_SUMMED = 3


def remedy(model: Model, file: str, handler: Handler | None, touch: Touch | None) -> str:
    """What to write, with the names of the message and of the order's table as far as they are known."""
    name = handler.provider.name if handler is not None else "the provider"
    sums, currencies, minor = _told([handler.inbound, *handler.provider.inbound] if handler is not None else [])
    table = model.schema.table(touch.entity, file) if touch is not None and touch.entity else None
    owed = _owed(model.words, table, touch)
    currency = _currency(model.words, table, touch)
    theirs = f"{_listed(sums)} and {_listed(currencies[:1])}" if sums and currencies else "the amount and the currency"
    columns = ", ".join(f"`{name}`" for name in (*owed, *([currency] if owed and currency else [])))
    ours = f"{columns} of the {touch.entity.replace('_', ' ')}" if columns and touch is not None else "those of the order in the database"
    said = f"Before the order is marked as paid, compare {theirs} of {name}'s object with {ours}, and refuse and alert when they differ"
    code = _line(model, file, sums[0], currencies[0], minor, touch, owed, currency, table) if sums and currencies else ""
    said += f": {code}, where `{_PAID[model.program.language(file)]}` is what {name} says." if code else "."
    return f"{said} Or find the order by the id at {name} that was stored when the payment was created for it."


def _listed(names: list[str]) -> str:
    """Names of which an object has one."""
    return " or ".join(f"`{name}`" for name in names[:2])


def _told(kinds: Iterable[Inbound]) -> tuple[list[str], list[str], bool]:
    """Where the provider's messages hold the sum and the currency, as dotted names, and whether the sum is in the smallest unit."""
    for inbound in kinds:
        found = {path: held for path, held in _paths(inbound.message) if "$" in held}
        sums = [path for path, held in found.items() if _SUM.fullmatch(held)]
        if sums:
            said = [path for path in sums if path != "amount"] or sums
            return said, [p for p, held in found.items() if held == "$CURRENCY"], not any(found[p] == "$MAJOR_AMOUNT" for p in sums)
    return [], [], False


def _paths(message: str) -> list[tuple[str, str]]:
    """What a message holds, each by its last name, or its last two where the last says little."""
    if message[:1] not in ("{", "["):
        return parse_qsl(message)
    found: list[tuple[str, str]] = []

    def walk(value: object, path: tuple[str, ...]) -> None:
        for key, inner in value.items() if isinstance(value, dict) else ():
            walk(inner, (*path, key))
        for inner in value if isinstance(value, list) else ():
            walk(inner, path)
        if isinstance(value, str):
            short = (
                len(path) > 1 and (path[-1] in _INNER or path[-1].startswith("currency")) and path[-2] not in ("object", "data", "entity")
            )
            found.append((".".join(path[-2:] if short else path[-1:]), value))

    walk(json.loads(_BARE.sub(lambda m: f'"{m[0]}"', message)), ())
    return found


def _columns(table: Table | None, touch: Touch | None) -> list[str]:
    """What code calls the columns of an order; what is written here is what was paid."""
    names = [c.attribute or c.name for c in table.columns.values()] if table is not None else []
    return [name for name in names if touch is None or name not in touch.fields]


def _owed(words: Words, table: Table | None, touch: Touch | None) -> list[str]:
    """The total of an order, or the few sums that make it up."""
    sums = [name for name in _columns(table, touch) if words.money(name) and not words.has("paid_fields", name)]
    total = next((name for name in sums if _TOTAL.fullmatch(name)), None)
    parts = sums if len(sums) <= _MOST_SUMMED and not any(words.has("discount_fields", name) for name in sums) else []
    return [total] if total is not None else parts


def _currency(words: Words, table: Table | None, touch: Touch | None) -> str:
    return next((name for name in _columns(table, touch) if words.has("currency_fields", name)), "")


def _line(
    model: Model, file: str, paid: str, told: str, minor: bool, touch: Touch | None, owed: list[str], currency: str, table: Table | None
) -> str:
    """The comparison as code; empty where our own side of it is not known."""
    language = model.program.language(file)
    if language not in _MEMBER:
        return ""
    paid, told = _member(language, "paid", paid), _member(language, "paid", told)
    platform = next((p for p in model.knowledge.providers.values() if _speaks(model, p, file)), None)
    if platform is not None:
        return remedies.code(model, file, "reconcile", platform, paid=paid, currency=told, factor=" * 100" if minor else "")
    if not owed or touch is None or table is None:
        return ""
    record = touch.entity if language == "python" else _camel(touch.entity)
    due = " + ".join(_member(language, record, name) for name in owed)
    whole = all((column := table.column(name)) is not None and column.kind == "integer" for name in owed)
    if not minor:
        paid, due = _MAJOR[language].format(paid), _MAJOR[language].format(due)
    elif not whole:
        due = _MINOR[language].format(f"({due})" if len(owed) > 1 else due)
    ours = _member(language, record, currency) if currency else _SHOP_CURRENCY[language]
    return remedies.code(model, file, "reconcile", None, paid=paid, due=due, currency=told, owed=ours)


def _camel(entity: str) -> str:
    first, *rest = entity.split("_")
    return first + "".join(part.title() for part in rest)


def _member(language: str, base: str, path: str) -> str:
    out = f"${base}" if language == "php" else base
    for name in path.split("."):
        out = (out + "." + name) if language == "python" and base != "paid" else _MEMBER[language].format(out, name)
    return out


def _speaks(model: Model, provider: Provider, file: str) -> bool:
    return provider.kind == "platform" and "reconcile" in provider.remedies and model.recogniser.mentions(provider, file)
