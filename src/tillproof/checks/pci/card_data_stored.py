"""``pci/card-data-stored``: no card data in columns, documents, caches and files, and no whole payment message kept as it came."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.lexicon import CardPart
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.payloads import Payload
from tillproof.commerce.payment_places import PaymentPlace
from tillproof.commerce.records import Touch
from tillproof.commerce.shown import Piece
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op
from tillproof.source.kinds import words as words_of

_MOST = 6
_KEEPS = ("record.create", "record.write", "order.write", "file.write", "sql", "refund.record")
_WRITING = words_of("insert update insertInto insertOrUpdate upsert values into")
_WHOLE = {
    "message": "a whole message of the provider",
    "event": "a whole event of the provider",
    "answer": "a whole answer of the provider",
    "request": "a whole request to the provider",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What a write keeps and should not: ``cards`` (names of card data), or a whole ``payload`` under ``field``."""

    fn: Fn
    instr: int
    field: str
    cards: tuple[str, ...]
    payload: Payload | None


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per function that writes records and through which card or payment data passes."""
    places = model.payment_places
    speaking = {fn for functions in model.cards.files.values() for fn in functions}
    for fn in sorted({*places, *speaking}):
        if not model.browser.runs(fn.file):
            yield from _rule(model, fn, places.get(fn))


def _rule(model: Model, fn: Fn, place: PaymentPlace | None) -> Iterator[Ruling]:
    writes: list[int] = []
    kept: list[Kept] = []
    for i, op in enumerate(model.program.body(fn).op):
        if op in (Op.CALL, Op.NEW, Op.SET_FIELD, Op.SET_INDEX) and _is_write(model, fn, i):
            writes.append(i)
            kept += _kept(model, fn, i, place)
    cards = [k for k in kept if k.cards]
    whole = [k for k in kept if k.payload and not k.cards]
    if cards:
        yield _ruling(model, fn, cards)
    if whole:
        yield _ruling(model, fn, whole)
    writes = [i for i in writes if _is_of_payment(model, fn, i)]
    if writes and not kept and fn.file in model.operations.telling_files:
        ruling = Ruling("pci/card-data-stored", "held", "write", fn.file, model.program.body(fn).line[writes[0]])
        ruling.evidence.append(
            at(model.program, fn, writes[0], "what is kept are fields by name, none of them card data or a whole message", "guard")
        )
        yield ruling


def _is_write(model: Model, fn: Fn, i: int) -> bool:
    """Whether an instruction keeps what it is given: in a record, a file, a cache or the session."""
    body = model.program.body(fn)
    if body.op[i] in (Op.SET_FIELD, Op.SET_INDEX) and "session" in written(model.program, fn, body.args(i)[0]).lower():
        return True
    if body.op[i] == Op.SET_INDEX:
        return False
    if body.op[i] == Op.NEW:
        return _is_new_record(model, fn, i)
    touch = model.records.touch(fn, i, None)
    if touch is not None and body.op[i] == Op.SET_FIELD:
        target = body.args(i)[0]
        own = body.op[target] == Op.NAME and body.name(target) in ("this", "self")
        return not own and (model.words.entity(touch.entity) or bool(model.words.card(body.name(i))))
    if touch is not None:
        return touch.writes and touch.kind != "delete" and bool(touch.entity or touch.effect)
    if body.op[i] != Op.CALL:
        return False
    got = model.recogniser.effect(fn, i)
    if got is None or got[0].effect not in _KEEPS:
        return False
    return got[1] or got[0].effect != "sql" or not _WRITING.isdisjoint(written(model.program, fn, body.args(i)[0]).split("."))


def _is_of_payment(model: Model, fn: Fn, i: int) -> bool:
    """Whether a write is of an order, a payment or the like, in one statement."""
    touch = model.records.touch(fn, i, None)
    return touch is not None and model.program.body(fn).op[i] == Op.CALL and model.words.entity(touch.entity)


def _is_new_record(model: Model, fn: Fn, i: int) -> bool:
    """``new Payment({…})`` of a Mongoose model and the like: a record that is saved as it is made."""
    callee = model.program.body(fn).args(i)[0]
    return model.words.entity(written(model.program, fn, callee).rpartition(".")[2])


def _kept(model: Model, fn: Fn, i: int, place: PaymentPlace | None) -> Iterator[Kept]:
    body = model.program.body(fn)
    if body.op[i] in (Op.SET_FIELD, Op.SET_INDEX):
        const = (0, body.name(i)) if body.op[i] == Op.SET_FIELD else body.const(body.args(i)[1])
        given = [(const[1] if const else "", body.args(i)[2])]
    else:
        given = [(key if key.isidentifier() else "", a) for call in _chain(model, fn, i) for key, a in body.call(call)[1]]
    touch = model.records.touch(fn, i, None)
    for key, argument in given:
        for piece in model.shown.of(fn, argument).pieces:
            names = (*piece.names, key) if key else piece.names
            yield from _piece(model, fn, i, piece, names, place)
    if touch is not None and touch.effect == "sql":
        yield from _columns(model, fn, i, touch)


def _chain(model: Model, fn: Fn, i: int) -> Iterator[int]:
    """A call, and those before it in its chain: ``db.insert(table).values({…}).execute()``."""
    body = model.program.body(fn)
    while body.op[i] in (Op.CALL, Op.NEW, Op.FIELD, Op.AWAIT):
        if body.op[i] in (Op.CALL, Op.NEW):
            yield i
        i = body.args(i)[0]


def _piece(model: Model, fn: Fn, i: int, piece: Piece, names: tuple[str, ...], place: PaymentPlace | None) -> Iterator[Kept]:
    cards = tuple(model.cards.in_piece(piece._replace(names=names)))
    payload = model.payloads.of(piece) if place is not None else None
    if cards or (payload is not None and payload.kind != "request"):
        yield Kept(fn, i, next(iter(reversed(names)), ""), cards, payload)


def _columns(model: Model, fn: Fn, i: int, touch: Touch) -> Iterator[Kept]:
    """Columns that a statement in SQL writes."""
    for column, value in touch.fields.items():
        if model.words.card(column) and value is not None and not model.cards.is_masked(value):
            yield Kept(fn, i, column, (column,), None)


def _ruling(model: Model, fn: Fn, kept: list[Kept]) -> Ruling:
    program = model.program
    first = kept[0]
    line = program.body(fn).line[first.instr]
    ruling = Ruling("pci/card-data-stored", "broken", "write", fn.file, line)
    if first.payload is not None:
        ruling.evidence.append(Evidence(*first.payload.at, f"{_WHOLE[first.payload.kind]} comes from here", "source"))
    ruling.evidence += [at(program, fn, k.instr, f"is kept{f' as `{k.field}`' if k.field else ''}", "sink") for k in kept[:_MOST]]
    ruling.anchor = (fn.file, line, program.body(fn).end_line[first.instr])
    if first.cards:
        _tell_card(ruling, first, {model.words.card(n) for n in first.cards})
    elif first.payload is not None:
        _tell_whole(ruling, first.payload)
    return ruling


def _tell_card(ruling: Ruling, kept: Kept, parts: set[CardPart]) -> None:
    names = ", ".join(f"`{n}`" for n in dict.fromkeys(kept.cards))
    ruling.severity, ruling.confidence = "critical", "likely"
    ruling.title = "Card data is stored"
    ruling.message = (
        f"{names} of a payment card is kept as it was entered: whoever reads the database, a backup or an export of it can pay with "
        f"these cards."
        + (
            " A security code or track data may not be kept after authorisation in any form, encrypted neither (PCI DSS 4.0.1, 3.3.1)."
            if parts & {"code", "track"}
            else ""
        )
    )
    ruling.remediation = "Store the provider's token, brand, last four digits and expiry; delete what is stored now, in backups too."


def _tell_whole(ruling: Ruling, payload: Payload) -> None:
    message = payload.kind != "answer"
    ruling.severity, ruling.confidence = ("medium", "certain") if payload.kind == "message" else ("medium" if message else "low", "likely")
    what = _WHOLE[payload.kind]
    ruling.title = f"{what[0].upper()}{what[1:]} is stored as it came"
    ruling.message = (
        "It holds names, addresses and e-mail of the payer and what is known of the card or account, none of which the order needs; it "
        "is kept as long as the order "
        "is, and whatever the provider adds to it tomorrow is kept too."
    )
    ruling.remediation = (
        "Store the fields that the shop uses by name: event and payment id, status, amount, currency, time; where the whole must be "
        "replayable, keep it for days, encrypted."
    )


CHECK = Check(id="pci/card-data-stored", title="No card data and no whole payment message is stored", severity="critical", rule=rule)
