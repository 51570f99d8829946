"""What a function keeps: in records, files, caches and the session, with the card data and the whole messages in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.commerce.handed_statements import hands_statement
from tillproof.commerce.lexicon import snake
from tillproof.commerce.mass_assigned import leaves_out
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.payloads import Payload
from tillproof.commerce.payment_places import PaymentPlace
from tillproof.commerce.records import METAS
from tillproof.commerce.shown import Piece
from tillproof.flow.program import Fn
from tillproof.flow.values import constant, names, options
from tillproof.ir.ops import Kind, Op
from tillproof.source.kinds import words as words_of

_NAME_AND_VALUE = 2
_KEEPS = ("record.create", "record.write", "order.write", "file.write", "sql", "refund.record")
_WRITING = words_of("insert update insertInto insertOrUpdate upsert values into")
_SAVING = words_of("save saveorfail persist flush add commit store put insert merge create save_all")
# Nobody keeps something whole under the name of an id.
_ONE_FIELD = re.compile(r"(^|_)(id|ids|uuid|reference|ref|code)$")
_SELF = ("this", "self")
_STEPS = 12


@dataclass(frozen=True, slots=True)
class Kept:
    """What a write keeps under ``field``: ``cards`` (names of card data in full), a whole ``payload``, or card data that was ``masked``
    before, with the place of that. ``names``: all that it is called on the way."""

    fn: Fn
    instr: int
    field: str
    cards: tuple[str, ...] = ()
    payload: Payload | None = None
    masked: tuple[Fn, int] | None = None
    names: tuple[str, ...] = ()


def _hands_on(model: Model, fn: Fn, i: int) -> bool:
    """Whether a value is put under a name into what goes along with the request, for the handlers behind: ``c.set("event", event)``."""
    body = model.program.body(fn)
    given = [a for _, a in body.call(i)[1]] if body.op[i] == Op.CALL and body.called(i) == "set" else []
    const = body.const(given[0]) if len(given) == _NAME_AND_VALUE else None
    if "session" in written(model.program, fn, body.args(i)[0]).lower():
        return False
    return const is not None and const[0] == Kind.STRING


def writes_of(model: Model, fn: Fn) -> list[int]:
    """The instructions of a function that keep what they are given."""
    kinds = (Op.CALL, Op.NEW, Op.SET_FIELD, Op.SET_INDEX)
    return [i for i, op in enumerate(model.program.body(fn).op) if op in kinds and _is_write(model, fn, i)]


def _is_write(model: Model, fn: Fn, i: int) -> bool:
    body = model.program.body(fn)
    op = body.op[i]
    if op in (Op.SET_FIELD, Op.SET_INDEX) and "session" in written(model.program, fn, body.args(i)[0]).lower():
        return True
    if op == Op.SET_INDEX or _hands_on(model, fn, i):
        return False
    if _told_names(model, fn, i):
        return True
    if op == Op.NEW:
        spelt = written(model.program, fn, body.args(i)[0])
        return model.words.entity(spelt.rpartition(".")[2]) and not _is_providers(model, fn, i)
    touch = model.records.touch(fn, i, None)
    if op == Op.SET_FIELD:
        named = bool(model.words.card(body.name(i))) and _is_saved(model, fn, i)
        return touch is not None and not _is_own(model, fn, i) and (named or model.words.entity(touch.entity))
    if touch is not None:
        return touch.writes and touch.kind != "delete" and bool(touch.entity or touch.effect)
    got = model.recogniser.effect(fn, i)
    if got is None or got[0].effect not in _KEEPS:
        return op == Op.CALL and hands_statement(model, fn, i)
    if model.effects.runs_told(fn, i):
        return False  # what is kept, the callers say
    return got[1] or got[0].effect != "sql" or not _WRITING.isdisjoint(written(model.program, fn, body.args(i)[0]).split("."))


def _is_providers(model: Model, fn: Fn, i: int) -> bool:
    """Whether what is made is an object of a payment provider's own library: a message of his, read, and no record of ours."""
    named = names(model.evaluator.value(fn, model.program.body(fn).args(i)[0]))
    roots = {n.partition(".")[0].lower() for n in named}
    return any(roots & {root.lower() for found in p.packages.values() for root in found} for p in model.knowledge.providers.values())


def _is_own(model: Model, fn: Fn, i: int) -> bool:
    body = model.program.body(fn)
    target = body.args(i)[0]
    return body.op[target] == Op.NAME and body.name(target) in _SELF


def _is_saved(model: Model, fn: Fn, i: int) -> bool:
    """Whether the object whose field is set is handed to the database in the same function."""
    body = model.program.body(fn)
    target = body.args(i)[0]
    if body.op[target] != Op.NAME:
        return False
    for n, op in enumerate(body.op):
        if op == Op.CALL and body.op[body.args(n)[0]] == Op.FIELD and body.name(body.args(n)[0]).lower() in _SAVING:
            callee, arguments = body.call(n)
            objects = [body.args(callee)[0], *(a for _, a in arguments)]
            if any(body.op[o] == Op.NAME and body.name(o) == body.name(target) for o in objects):
                return True
    return False


def kept_by(model: Model, fn: Fn, i: int, place: PaymentPlace | None) -> Iterator[Kept]:
    """The card data and the whole messages that an instruction keeps."""
    for key, argument in _given(model, fn, i):
        showing = model.shown.of(fn, argument)
        for piece in showing.pieces:
            told = _of_piece(model, fn, i, piece, (*piece.names, key) if key else piece.names, place)
            yield from (kept for kept in told if not leaves_out(model, fn, i, entry_of(model, kept)[1]))
        if key and model.words.card(key) and not showing.pieces and showing.masked:
            yield Kept(fn, i, key, masked=showing.masked[0])
    for name, value in _records(model, fn, i):
        showing = model.shown.of(fn, value)
        if model.words.card(name) and not showing.pieces and showing.masked:
            yield Kept(fn, i, name, masked=showing.masked[0])
    for name in _told_names(model, fn, i):
        if model.words.card(name):
            yield Kept(fn, i, name, (name,))
    touch = model.records.touch(fn, i, None)
    if touch is not None and touch.effect == "sql":
        for column, found in touch.fields.items():
            if model.words.card(column) and (found is None or not model.cards.is_masked(found)):
                yield Kept(fn, i, column, (column,))


def _told_names(model: Model, fn: Fn, i: int) -> list[str]:
    """The names under which a loop over a list of them keeps what stands under the same name in what was sent:
    ``foreach (self::KEPT as $name) $payment->setAdditionalInformation($name, $sent[$name])``."""
    body = model.program.body(fn)
    given = [a for _, a in body.call(i)[1]] if body.op[i] == Op.CALL and body.called(i) in METAS else []
    if len(given) != len(("name", "value")) or body.op[given[1]] != Op.INDEX or body.op[given[0]] != Op.NAME:
        return []
    key = body.args(given[1])[1]
    if key < 0 or body.op[key] != Op.NAME or body.name(key) != body.name(given[0]):
        return []
    return [text for o in options(model.evaluator.value(fn, given[0])) if (text := constant(o))]


def _given(model: Model, fn: Fn, i: int) -> list[tuple[str, int]]:
    """(name, instruction) of what a write is given, by the calls before it in its chain too."""
    body = model.program.body(fn)
    if body.op[i] == Op.SET_FIELD:
        return [(body.name(i), body.args(i)[2])]
    if body.op[i] == Op.SET_INDEX:
        const = body.const(body.args(i)[1])
        return [(const[1] if const else "", body.args(i)[2])]
    out: list[tuple[str, int]] = []
    while body.op[i] in (Op.CALL, Op.NEW, Op.FIELD, Op.AWAIT):
        if body.op[i] in (Op.CALL, Op.NEW):
            out += [(key if key.isidentifier() else "", a) for key, a in body.call(i)[1]]
        i = body.args(i)[0]
    return out


def _records(model: Model, fn: Fn, i: int) -> Iterator[tuple[str, int]]:
    """The entries of the records that are handed to a write."""
    body = model.program.body(fn)
    for _, argument in _given(model, fn, i):
        waiting = [argument]
        while waiting:
            here = waiting.pop()
            if body.op[here] == Op.RECORD:
                for k, v in zip(body.args(here)[::2], body.args(here)[1::2], strict=True):
                    if const := body.const(k):
                        yield const[1], v
                        waiting.append(v)


def entry_of(model: Model, kept: Kept) -> tuple[int, str]:
    """Where what is kept is given its name, and that: the entry of a record that was put together before, else the write."""
    body, defuse = model.program.body(kept.fn), model.evaluator.defuse(kept.fn)
    waiting = [argument for _, argument in _given(model, kept.fn, kept.instr)]
    for _ in range(_STEPS):
        here = waiting.pop() if waiting else -1
        if here >= 0 and body.op[here] == Op.RECORD:
            pairs = zip(body.args(here)[::2], body.args(here)[1::2], strict=True)
            named = [(v, const[1]) for k, v in pairs if k >= 0 and (const := body.const(k)) is not None and const[1] in kept.names]
            if named:
                return named[0]
        elif here >= 0 and body.op[here] == Op.NAME:
            waiting += [body.args(s)[1] for s in defuse.reaching(here, body.name(here)).stores]
    return kept.instr, kept.field


def _of_piece(model: Model, fn: Fn, i: int, piece: Piece, names: tuple[str, ...], place: PaymentPlace | None) -> Iterator[Kept]:
    cards = tuple(model.cards.in_piece(piece._replace(names=names)))
    payload = model.payloads.of(piece) if place is not None and not (names and _ONE_FIELD.search(snake(names[-1]))) else None
    if cards or (payload is not None and payload.kind != "request"):
        yield Kept(fn, i, next(iter(reversed(names)), ""), cards, payload, names=names)
