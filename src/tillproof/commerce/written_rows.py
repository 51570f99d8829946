"""What a call that writes does to our records: whether it makes, changes, stores or deletes them, which, and with what."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.by_constructor import is_made
from tillproof.commerce.chains import Chain
from tillproof.commerce.entities import entity
from tillproof.commerce.getters import owner_of
from tillproof.commerce.new_documents import is_new_document
from tillproof.commerce.parts import Parts
from tillproof.commerce.record_names import BUILDERS, TouchKind
from tillproof.commerce.told_kinds import told_in_call
from tillproof.commerce.touches import Touch, touch_of
from tillproof.commerce.upserts import by_calls, inserts, tells_of_there
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Instance, Member, Overlay, Param, Record, Result, Unknown, Value, before_writes, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.records import Records

_FLUSHES = frozenset(["commit", "flush", "save", "saveorfail", "saveasync", "asave", "savequietly", "push", "touch", "persist"])
_SAVES = ("save", "persist", "insert")
_PUTS = ("set", "setdoc")  # of a document store: the document is there behind it
_STATEMENTS = (*BUILDERS, "updateTable")  # by which a statement begins whose fields are `set` later
_TAKES_OBJECT = frozenset(["add", "persist", "save", "merge", "insert", "create", "add_all", "saveall", "refresh", "delete", "remove"])
_ON_CONFLICT = ("onconflict", "on_conflict", "onduplicate", "on_duplicate", "orignore", "orupdate")
_UPSERTS = (
    "upsert", "insertonupdate", "orcreate", "orinsert", "insertorignore", "setnx", "replaceone", "createorfirst", "findorcreate",
)  # fmt: skip
_CREATING = ("insert", "create", "add", "bulk_create", "bulkcreate", "forcecreate")
WRITING = {"record.create": "create", "record.write": "write", "order.write": "write", "order.paid": "write", "stock.write": "write",
           "refund.record": "create", "record.delete": "delete", "cart.write": "write", "user.write": "write",
           "once": "upsert"}  # fmt: skip
"""What the effects of packs that write do to rows."""


def written_by_call(records: "Records", fn: Fn, i: int, ctx: Ctx | None, name: str, effect: str, told: str) -> Touch:
    """A call that writes; ``told``: the kind of record, where a pack says it."""
    chain = own = records.chains.of(fn, i, ctx)
    link = chain.links[-1]
    low = name.lower()
    body = records.program.body(fn)
    callee, arguments = body.call(i)
    record = records.evaluator.value(fn, body.args(callee)[0], ctx) if body.op[callee] == Op.FIELD else None
    parts = Parts()
    kind: TouchKind = WRITING[effect]  # type: ignore[assignment]
    low = chain.links[0].name.lower() if low == "execute" and len(chain.links) > 1 else low
    upserts = any(w in low.replace("_", "") for w in _UPSERTS) or on_conflict(records, chain)
    puts = low in _PUTS and kind == "write" and not any(n in _STATEMENTS for n in chain.names())
    if upserts or puts or (kind == "write" and inserts(records.evaluator, records.chains, link) == frozenset()):
        new = puts and _puts_new(records, fn, record, arguments, ctx)
        kind = "create" if new else "write" if puts and _is_row(records, record) else "upsert"
    elif low.removeprefix("wc_").startswith(_CREATING) and kind == "write":
        kind = "create"
    elif low.startswith(("update", "increment", "decrement")) and kind == "create":
        kind = "write"
    if kind == "create" and (outer := records.chains.onward(fn, i)) != i:
        behind = records.chains.of(fn, outer, ctx)
        if on_conflict(records, behind):  # insert(limits).values({…}).onDuplicateKeyUpdate
            chain, kind = behind, "upsert"
            link = next((one for one in chain.links if (one.fn, one.call) == (link.fn, link.call)), link)
    records.parts.written(chain, link, parts)
    records.choices.chosen(chain, parts)
    if kind in ("write", "delete") and (outer := records.chains.onward(fn, i)) != i:
        records.choices.chosen(records.chains.of(fn, outer, ctx), parts)  # update(orders).set({…}).where(…)
    given = [records.evaluator.value(fn, v, ctx) for k, v in arguments[:1] if k == ""]  # what is named is a column
    named = told_in_call(records.model, chain) or records.names.of_chain(own, own.links[-1])
    if low in _TAKES_OBJECT and given:
        written = [one for o in options(given[0]) for one in (options(o.base) if isinstance(o, Overlay) else (o,))]
        made = [o for o in written if isinstance(o, Instance) and o.made is not None]
        for option in made[:1] or written:  # what was found, or made because nothing was: it is made here, if at all
            if isinstance(option, Instance):
                named = entity(records.program.cls(option.cls).name)
                record = option
                stored = "upsert" if low == "merge" else "create"  # a session brings a row that is there up to what the object holds
                kind = kind if kind == "delete" else stored if option.made is not None else "flush"  # type: ignore[assignment]
            elif isinstance(option, Unknown) and effect == "record.write" and low == "add":
                kind = "flush" if kind == "create" else kind
            elif isinstance(option, Param) or _is_there(records, option, low):
                record = option
                kind = "flush" if kind != "delete" and low in ("save", "persist", "merge", "add") else kind
        kind = "create" if low in _SAVES and _stored(records, written, parts) else kind
    elif low in _FLUSHES and not arguments:
        kind, named = _flushed(records, record, parts, named)
    touch = touch_of(kind, told or named or _deleted(records, fn, i, ctx, low), parts, fn, i, ctx, record, effect)
    return replace(touch, overwrites=by_calls(records.evaluator, records.chains, chain)) if kind == "upsert" else touch


def _deleted(records: "Records", fn: Fn, i: int, ctx: Ctx | None, low: str) -> str:
    """The kind of record that a session is told to delete: ``for item in items: session.delete(item)``."""
    arguments = records.program.body(fn).call(i)[1]
    return records.holder(fn, arguments[0][1], ctx)[0] if low == "delete" and arguments else ""


def _stored(records: "Records", written: list[Value], parts: Parts) -> bool:
    """Whether what is stored was only just made by a repository, ``shipments.save(shipments.create({ order }))``; its fields are read."""
    made = [v for o in written if (v := _made_before(records, o)) is not None]
    for value in made[:1]:
        records.parts.record(value, parts, 0)
    return bool(made)


def _made_before(records: "Records", option: Value) -> Value | None:
    """What an object is made of that a repository has made and not stored yet, as TypeORM's and MikroORM's ``create`` does."""
    callee = option.callee if isinstance(option, Result) and option.instr >= 0 else None
    if not isinstance(option, Result) or not isinstance(callee, Member) or callee.name != "create":
        return None
    counted = records.model.effects.plain(option.fn, option.instr)
    if records.program.language(option.fn.file) != "javascript" or (counted is not None and counted.kind == "create"):
        return None  # the call that makes it counts already
    given = [v for k, v in records.evaluator.arguments(option) if k == ""]
    return next((v for v in given[-1:] if any(isinstance(o, (Record, Overlay)) for o in options(v))), None)


def _is_there(records: "Records", option: Value, low: str) -> bool:
    """Whether an object that is saved was looked up, or belongs to one that was."""
    return isinstance(option, Result) and (low == "persist" or owner_of(option) is not None or records.read_behind(option) is not None)


def _is_new(records: "Records", record: Value, parts: Parts) -> bool:
    """Whether an object that is saved has only just been made, ``new Order({…})``, whatever was set on it before ``order.save()``; its
    fields are read."""
    made = [o for o in options(record) if is_made(records.model, before_writes(o))]
    for one in made:
        given = records.evaluator.arguments(one)[:1] if isinstance(one, Result) and one.instr >= 0 else [("", one)]
        for _, value in given:
            records.parts.record(value, parts, 0)
    return bool(made) and len(made) == len(options(record))


def _flushed(records: "Records", record: Value | None, parts: Parts, named: str) -> tuple[TouchKind, str]:
    """What ``entry.save()`` does, and to which kind of record: of an object that was only just made its class says it, however the variable
    is called."""
    if record is None or not _is_new(records, record, parts):
        return "flush", named
    classes = {o.cls for v in options(record) if isinstance(o := before_writes(v), Instance)}
    return "create", entity(records.program.cls(classes.pop()).name) if len(classes) == 1 else named


def _puts_new(records: "Records", fn: Fn, record: Value | None, arguments: list[tuple[str, int]], ctx: Ctx | None) -> bool:
    """Whether what is put into a document store is a new document: ``orders.doc().set(…)``, ``tx.set(orders.doc(), …)``."""
    named = [records.evaluator.value(fn, arguments[0][1], ctx)] if arguments else []
    return any(is_new_document(records.evaluator, v) for v in (*named, *([record] if record is not None else [])))


def _is_row(records: "Records", record: Value | None) -> bool:
    """Whether what is put is put into a row that was looked up: a document of Mongoose's, ``order.set('status', 'paid')``."""
    read = records.read_behind(record) if record is not None and isinstance(record, Result) else None
    return read is not None and read.kind == "read"


def on_conflict(records: "Records", chain: Chain) -> bool:
    """Whether a chain says what becomes of a row that is there already."""
    return any(n.lower().startswith(_ON_CONFLICT) for n in chain.names()) or tells_of_there(records.chains, chain)
