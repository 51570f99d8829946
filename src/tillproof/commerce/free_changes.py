"""Why a change of state needs no condition beside it: the record is new or in its first state, the rows were chosen by their state, or the
platform looks first."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tillproof.commerce.by_constructor import is_made
from tillproof.commerce.entities import entity, same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.new_documents import is_new_document
from tillproof.commerce.touches import Touch
from tillproof.flow.asked_values import is_empty
from tillproof.flow.copied import alike
from tillproof.flow.values import (
    CONVERSIONS,
    Const,
    Element,
    Instance,
    Member,
    Mix,
    Overlay,
    Result,
    Text,
    Unknown,
    Value,
    before_writes,
    names,
    options,
)  # fmt: skip
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

CHOSEN = "only a record in the right state is chosen"
NEW = "the record has just been created"
CODED = "a number"
"""The state that a bare number stands for."""
GONE_THROUGH = "only those are gone through that are in the right state"
_WHOLE = 4
_LOOK_UPS = 2
_LAST_ID = re.compile(r"(\w+_)?(last_)?insert(ed)?_?(get_?)?(row_?)?id|last_insert_?rowid|lastrowid")
"""What the database calls the id of the row that was inserted last."""
_IDS = ("get_id", "get_key", "getid", "id", "get_entity_id", "get_increment_id")
# Calls of others that make the record: Oscar's ``place_order``.
_PLACES = re.compile(r"(create|place|make|build|new)_(\w+_)?(order|payment|subscription|booking|invoice)")
_AGREEMENT = re.compile(r"(\w+_)?(subscription|membership|mandate|agreement)s?")
_ENDED = re.compile(r"(cancel|end|expire|terminat|close)\w*|inactive")


def needs_none(model: "Model", touch: Touch, to: tuple[str, ...], made: list[Touch]) -> str:
    """Why a change into one of those states needs no condition beside it; ``made``: what was created before."""
    return _already_sure(model, touch, made) or _begins(model, touch, to) or _ends_agreement(touch, to)


def _already_sure(model: "Model", touch: Touch, made: list[Touch]) -> str:
    """Why nothing has to be asked: the update is conditional, the platform looks first, or the record is new, one of those
    that were ``made`` before."""
    words = model.words
    if any(words.says_state(k) for k in touch.compared):
        return CHOSEN
    if touch.repeat == "once":
        return "the platform looks at the state first"
    gateway = _is_gateway(model, touch)
    if _of_new_document(model, touch) or (touch.record is not None and _is_new(model, touch.record, touch.entity, not gateway)):
        return NEW
    if any(_is_new_by(model, key, touch.entity, touch.effect != "sql") for key in touch.keys.values()):
        return NEW
    if any(_is_of_made(key, made, touch.entity) for key in touch.keys.values()):
        return NEW
    if any(_in_right_state(model, key) for key in touch.keys.values()):
        return GONE_THROUGH
    if any(same(m.entity, touch.entity) and _one_value(m.fields, touch.keys) for m in made):
        return NEW
    return ""


def _is_gateway(model: "Model", touch: Touch) -> bool:
    """Whether an object that was only made stands for a row that is there: it is told which (``$orders->update($id, $fields)``), or is
    given the row's id (``$order = new Order($db); $order->id = $id``)."""
    body = model.program.body(touch.fn)
    if body.op[touch.instr] == Op.CALL:
        return bool(touch.keys)
    holder = body.args(touch.instr)[0] if body.op[touch.instr] == Op.SET_FIELD else -1
    written = model.evaluator.defuse(touch.fn).writes.get(body.name(holder), ()) if holder >= 0 and body.op[holder] == Op.NAME else ()
    return any(key in _IDS for _, key, _ in written)


def _begins(model: "Model", touch: Touch, to: tuple[str, ...]) -> str:
    """Whether a record is written whole, by no key, in a state before payment: ``repository.save(order)`` of one that was just made."""
    whole = touch.kind == "write" and not touch.keys and not touch.compared and len(touch.fields) >= _WHOLE
    opens = bool(to) and all(model.words.has("open_values", t) for t in to)
    if (opens or to == (CODED,)) and any(_of_session(model, key, 0) for key in touch.keys.values()):
        return "the order is the one that the visitor is just placing"
    return "the record is written whole, in its first state" if whole and opens else ""


def _of_session(model: "Model", key: Value, depth: int) -> bool:
    """Whether a key is what the visitor's session keeps, or the id of the record that was looked up by that."""
    for option in options(key):
        source = model.requests.source(option)
        if source is not None:
            return source.kind == "session"
        record = _id_of(option) if depth < _LOOK_UPS else None
        read = model.records.read_behind(record) if record is not None else None
        by = _looked_up_by(model, read) if read is not None and read.kind == "read" and read.instr >= 0 else []
        if any(_of_session(model, one, depth + 1) for one in by):
            return True
    return False


def _looked_up_by(model: "Model", read: Touch) -> list[Value]:
    """By what a record is looked up: its keys, or the first thing that the call is given."""
    given = model.program.body(read.fn).call(read.instr)[1][:1]
    return list(read.keys.values()) or [model.evaluator.value(read.fn, v, read.ctx) for _, v in given]


def _in_right_state(model: "Model", key: Value) -> bool:
    """Whether a record is chosen by a field of rows that were looked up by their state: ``SELECT … WHERE status = 'pending'``."""
    found = [record for o in options(key) if (record := _id_of(o)) is not None]
    reads = [model.records.read_behind(o) for o in found if not (isinstance(o, Element) and is_empty(o.base))]
    return bool(reads) and all(r is not None and r.kind == "read" and _chosen_by_state(model, r) for r in reads)


def _chosen_by_state(model: "Model", read: Touch) -> bool:
    return any(model.words.says_state(k) and isinstance(v, Const) for k, v in read.keys.items())


def _is_new_by(model: "Model", key: Value, kind: str, objects: bool = True) -> bool:
    """Whether a record is chosen by a field of one that this run has created: ``update(['status' => 'paid'], $order->id)``. What a
    creation that calls itself again gives is known from its other ways out. ``objects``: whether an object that is made is a record."""
    found = _unconverted(key)
    if all(isinstance(o, (Result, Member)) and any(_LAST_ID.fullmatch(_last(n)) for n in names(o)) for o in found):
        return True
    known = [o for o in found if not (isinstance(o, Unknown) or (isinstance(o, Member) and isinstance(o.base, Unknown)))]
    if known and all(_is_placed(o) for o in known):
        return True  # `$checkout->create_order([])` gives the id itself
    return bool(known) and all((record := _id_of(o)) is not None and _is_new(model, record, kind, objects) for o in known)


def _unconverted(key: Value) -> list[Value]:
    """What a key may be, before it was made a number or a text: ``(int) $pdo->lastInsertId()``."""
    found: list[Value] = []
    for one in options(key):
        found += _unconverted(one.operands[0]) if isinstance(one, Mix) and one.op in CONVERSIONS else [one]
    return found


def _is_of_made(key: Value, made: list[Touch], kind: str) -> bool:
    """Whether a record is chosen by the id of an object that this run has stored as a new one: ``new Order({…})``, ``order.save()``."""
    objects = [before_writes(o) for m in made if m.record is not None and same(m.entity, kind) for o in options(m.record)]
    of = [_id_of(o) for o in options(key)]
    return bool(objects) and all(b is not None and any(alike(o, before_writes(b)) for o in objects) for b in of)


def _is_placed(value: Value) -> bool:
    """Whether a value is what a call of others gives that makes an order."""
    return isinstance(value, Result) and bool(n := names(value.callee)) and _PLACES.fullmatch(snake(n[0].rpartition(".")[2])) is not None


def _of_new_document(model: "Model", touch: Touch) -> bool:
    """Whether what is written is a document that this run began: ``const order = orders.doc(); … tx.update(order, { paid: true })``."""
    body, evaluator = model.program.body(touch.fn), model.evaluator
    given = body.call(touch.instr)[1][:1] if body.op[touch.instr] == Op.CALL else []
    named = [evaluator.value(touch.fn, v, touch.ctx) for _, v in given] + ([touch.record] if touch.record is not None else [])
    return any(is_new_document(evaluator, v) for v in named)


def _is_new(model: "Model", record: Value, kind: str, objects: bool = True) -> bool:
    """Whether a record has been created by this run. ``objects``: whether an object that is only made counts: one that runs statements
    with its own members is a way to the table, and no row of it."""
    record = record.base if isinstance(record, Overlay) else record
    found = [model.records.read_behind(o) for o in options(record)]
    made = [
        o
        for o in map(before_writes, options(record))
        if objects
        and (
            _is_document(model, o)
            if isinstance(o, Result)
            else isinstance(o, Instance) and o.made is not None and same(entity(model.program.cls(o.cls).name), kind)
        )
    ]
    placed = all(_is_placed(o) for o in options(record))
    known = any(t is not None and t.kind == "read" and not _made_before(model, t, kind) for t in found)  # made only where none is there
    return (bool(made) and not known) or placed or (bool(found) and all(t is not None and _made_before(model, t, kind) for t in found))


def _is_document(model: "Model", made: Result) -> bool:
    """Whether an object is a new document of a model that a library of JavaScript has made: ``new Order({ lines })`` of Mongoose."""
    return made.new and made.instr >= 0 and model.program.language(made.fn.file) == "javascript" and is_made(model, made)


def _made_before(model: "Model", touch: Touch, kind: str) -> bool:
    """Whether a record was created here, or is looked up by the id of one that was."""
    if touch.kind != "read":
        return touch.kind == "create"
    by = touch.keys.get("id")
    if by is None and touch.instr >= 0 and len(given := model.program.body(touch.fn).call(touch.instr)[1]) == 1:
        by = model.evaluator.value(touch.fn, given[0][1], touch.ctx)
    return by is not None and _is_new_by(model, by, kind)


def _one_value(fields: Mapping[str, Value | None], keys: Mapping[str, Value]) -> bool:
    """Whether a record is looked for by the very value that a new one was given: ``create(code=code)``, ``update(where code=code)``."""
    for name, key in keys.items():
        given = fields.get(name)
        if given is not None and type(given) is type(key) and given.at == key.at and isinstance(key, (Text, Mix, Result)):
            return True
    return False


def _ends_agreement(touch: Touch, to: tuple[str, ...]) -> str:
    """Whether a subscription or the like is ended, which undoes no payment and may be done twice."""
    ended = bool(to) and all(_ENDED.fullmatch(snake(t)) for t in to)
    return "it may be ended whatever state it is in" if ended and _AGREEMENT.fullmatch(touch.entity) else ""


def _id_of(value: Value) -> Value | None:
    """The record whose id a value is: ``order.id``, ``$order->get_id()``."""
    if isinstance(value, Result) and isinstance(value.callee, Member) and snake(value.callee.name) in _IDS:
        return value.callee.base
    return value.base if isinstance(value, Member) else None


def _last(name: str) -> str:
    """The last word of a dotted name: ``db().insert_id()`` ends in ``insert_id``."""
    return snake(name.removesuffix("()").rpartition(".")[2].removesuffix("()"))
