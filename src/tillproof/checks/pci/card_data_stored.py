"""``pci/card-data-stored``: no card data in columns, documents, caches and files, and no whole payment message kept as it came."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tillproof.checks.catalog import Check
from tillproof.checks.pci.kept import Kept, entry_of, kept_by, writes_of
from tillproof.checks.pci.whole import whole
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.card_columns import CardTable, card_tables
from tillproof.commerce.lexicon import CardPart
from tillproof.commerce.model import Model
from tillproof.commerce.payloads import Payload
from tillproof.commerce.payment_places import PaymentPlace
from tillproof.commerce.records import METAS
from tillproof.commerce.schema.tables import column_key
from tillproof.flow.program import TOP, Fn

_MOST = 6
_ENCRYPTED = re.compile(r"encrypt|fernet|cipher|vault|pgp_", re.IGNORECASE)


@dataclass(slots=True)
class Writes:
    """What the code was seen to write: card data by column, in full and masked, and the rulings that are not about a column."""

    raw: dict[str, list[Evidence]] = field(default_factory=dict)
    masked: dict[str, Evidence] = field(default_factory=dict)
    by_function: list[tuple[Fn, list[Kept]]] = field(default_factory=list)


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per table with columns for card data, and per function that keeps card data elsewhere or a whole message."""
    writes = Writes()
    rulings = [ruling for fn in _functions(model) for ruling in _rule(model, fn, writes)]
    declared: set[str] = set()
    for table in card_tables(model):
        declared.update(column_key(c.name) for c in table.columns)
        yield _column_ruling(model, table, writes)
    for fn, kept in writes.by_function:
        if not all(column_key(n) in declared for k in kept for n in k.cards):
            yield _ruling(model, fn, kept)
    yield from rulings


def _functions(model: Model) -> list[Fn]:
    speaking = {fn for functions in model.cards.files.values() for fn in functions}
    listing = [fn.file for fn in speaking if fn.number == TOP]  # the names that are kept may stand in a constant of the class
    speaking.update(fn for file in listing for name in METAS for fn in model.program.functions_calling_name(file, name))
    return [fn for fn in sorted({*model.payment_places, *speaking}) if not model.browser.runs(fn.file)]


def _rule(model: Model, fn: Fn, writes: Writes) -> Iterator[Ruling]:
    place = model.payment_places.get(fn)
    logged = {site.instr for site in model.logs.sites(fn)}  # what a log keeps, ``pci/card-data-logged`` tells of
    places = [i for i in writes_of(model, fn) if i not in logged]
    kept = [k for i in places for k in kept_by(model, fn, i, place)]
    if model.cards.others.of(fn):
        kept = [k for k in kept if not k.cards]
    told = [k for k in kept if k.cards and all(model.cards.is_told(fn, c) for c in k.cards)]
    for one in told:
        guard = at(model.program, fn, one.instr, "a provider's message holds the number masked", "guard")
        writes.masked.update((column_key(name), guard) for name in one.cards)
    kept = [k for k in kept if k not in told]
    cards = [k for k in kept if k.cards]
    for one in cards:
        for name in one.cards:
            writes.raw.setdefault(column_key(name), []).append(at(model.program, fn, one.instr, f"`{name}` is written here", "sink"))
    for one in kept:
        if one.masked:
            guard = at(model.program, *one.masked, f"`{one.field}` is written masked or cut", "guard")
            writes.masked.setdefault(column_key(one.field), guard)
    if cards:
        writes.by_function.append((fn, cards))
    wholes = [k for k in kept if k.payload and not k.cards]
    if wholes:
        yield _ruling(model, fn, wholes)
    named = [i for i in places if _is_of_payment(model, fn, i)]
    if named and not cards and not wholes and fn.file in model.operations.telling_files:
        ruling = Ruling("pci/card-data-stored", "held", "write", fn.file, model.program.body(fn).line[named[0]])
        note = "what is kept are fields by name, none of them card data or a whole message"
        ruling.evidence.append(at(model.program, fn, named[0], note, "guard"))
        yield ruling


def _is_of_payment(model: Model, fn: Fn, i: int) -> bool:
    """Whether a write is of an order, a payment or the like."""
    touch = model.records.touch(fn, i, None)
    return touch is not None and touch.kind in ("create", "upsert") and model.words.entity(touch.entity)


# --- columns


def _column_ruling(model: Model, found: CardTable, writes: Writes) -> Ruling:
    table, columns, sure = found
    first = columns[0]
    ruling = Ruling("pci/card-data-stored", "broken", "column", first.file, first.line)
    keys = [column_key(c.name) for c in columns]
    parts: set[CardPart] = {model.words.card(c.name) or "number" for c in columns}
    masked = [writes.masked[k] for k in keys if k in writes.masked]
    if masked and not any(k in writes.raw for k in keys):
        ruling.outcome = "held"
        ruling.evidence = masked[:_MOST]
        return ruling
    if all(_ENCRYPTED.search(c.type) for c in columns) and parts <= {"number"}:
        ruling.outcome = "held"
        ruling.evidence.append(Evidence(first.file, first.line, "the number is encrypted in the column", "guard"))
        return ruling
    ruling.evidence = [Evidence(c.file, c.line, f"column `{c.name}` of `{table.name}`", "source") for c in columns[:_MOST]]
    ruling.evidence += [e for k in keys for e in writes.raw.get(k, [])][:_MOST]
    written = any(k in writes.raw for k in keys)
    ruling.severity, ruling.confidence = "critical", "certain" if written else "likely" if sure else "possible"
    ruling.anchor = (first.file, first.line, first.line)
    ruling.title = "The database has columns for card data"
    _tell_card(ruling, [c.name for c in columns], parts)
    return ruling


# --- writes


def _ruling(model: Model, fn: Fn, kept: list[Kept]) -> Ruling:
    place = model.payment_places.get(fn)
    program = model.program
    first = kept[0]
    line = program.body(fn).line[first.instr]
    ruling = Ruling("pci/card-data-stored", "broken", "write", fn.file, line)
    if first.payload is not None:
        ruling.evidence.append(Evidence(*first.payload.at, f"{whole(first.payload, place)[0]} comes from here", "source"))
    entries = [entry_of(model, k) for k in kept[:_MOST]]
    ruling.evidence += [at(program, fn, i, f"is kept{f' as `{name}`' if name else ''}", "sink") for i, name in entries]
    ruling.anchor = (fn.file, line, program.body(fn).end_line[first.instr])
    if first.cards:
        ruling.severity, ruling.confidence = "critical", "likely"
        ruling.title = "Card data is stored"
        _tell_card(ruling, [n for k in kept for n in k.cards], {model.words.card(n) for k in kept for n in k.cards})
    elif first.payload is not None:
        _tell_whole(ruling, first.payload, place)
    return ruling


def _tell_card(ruling: Ruling, names: list[str], parts: set[CardPart]) -> None:
    shown = ", ".join(f"`{n}`" for n in dict.fromkeys(names))
    ruling.message = (
        f"{shown} of a payment card is kept in full: whoever reads the database, a backup or an export of it can pay with these cards."
    )
    if parts & {"code", "track"}:
        ruling.message += (
            " A security code or track data may not be kept after authorisation in any form, not even encrypted (PCI DSS 4.0.1, 3.3.1)."
        )
    ruling.remediation = (
        "Store the provider's token, the brand, the last four digits and the expiry; delete what is stored now, in backups too."
    )


def _tell_whole(ruling: Ruling, payload: Payload, place: PaymentPlace | None) -> None:
    answer = payload.kind == "answer"
    ruling.severity = "low" if answer else "medium"
    ruling.confidence = "certain" if payload.kind == "message" else "likely"
    what, holds = whole(payload, place)
    ruling.title = f"{what[0].upper()}{what[1:]} is stored as it came"
    ruling.message = (
        f"It holds {holds}, none of which the order needs; it is kept as long as the order is, and whatever the provider adds to it "
        f"tomorrow is kept too."
    )
    ruling.remediation = (
        "Store the fields that the shop uses by name: event and payment id, status, amount, currency, time; "
        "where the whole must be replayable, keep it for days, encrypted."
    )


CHECK = Check(id="pci/card-data-stored", title="No card data and no whole payment message is stored", severity="critical", rule=rule)
