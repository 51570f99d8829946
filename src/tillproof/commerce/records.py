"""What an instruction does to our own records: which entity, which fields it writes, by what it chooses the rows."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tillproof.commerce import sql
from tillproof.commerce.chains import Chain, Chains, Link
from tillproof.commerce.entities import NOTHING, entity
from tillproof.commerce.lexicon import snake
from tillproof.commerce.named_fields import named_fields, sets_named, type_argument
from tillproof.commerce.names import written
from tillproof.commerce.record_parts import LOCKING, PartReader, Parts
from tillproof.commerce.record_statements import told
from tillproof.commerce.upserts import by_calls
from tillproof.commerce.value_objects import unwrapped
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import (
    ClassV,
    Const,
    Ctx,
    Element,
    External,
    FunctionV,
    Instance,
    Member,
    Overlay,
    Param,
    Record,
    Result,
    Value,
    constant,
    names,
    options,
    pattern,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Effect as PackEffect
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

TouchKind = Literal["read", "create", "upsert", "write", "delete", "flush"]
_SELF = ("self", "this", "cls", "static", "parent", "super")
_TABLES = words_of("table collection from from_ into model insertinto updatetable selectfrom getrepository get_model")
_OF_COLUMNS = ("select", "query")
_WITH_SQL = words_of("prepare query execute raw statement")
_CACHE = re.compile(r"cache|redis|transient|memcache|kv\b")
_BUILDERS: dict[str, TouchKind] = {"update": "write", "insert": "create", "delete": "delete", "select": "read"}
_CACHES: dict[str, TouchKind] = {
    "get": "read", "has": "read", "exists": "read", "get_transient": "read", "get_site_transient": "read", "wp_cache_get": "read",
    "set": "write", "setex": "write", "put": "write", "set_transient": "write", "set_site_transient": "write", "forever": "write",
    "wp_cache_set": "write", "add": "upsert", "setnx": "upsert", "wp_cache_add": "upsert", "delete_transient": "delete", "forget": "delete",
}  # fmt: skip
METAS = ("update_meta_data", "add_meta_data", "setData", "setAdditionalInformation")
_FLUSHES = frozenset(["commit", "flush", "save", "saveorfail", "saveasync", "asave", "savequietly", "push", "touch", "persist"])
_TAKES_OBJECT = frozenset(["add", "persist", "save", "merge", "insert", "create", "add_all", "saveall", "refresh", "delete", "remove"])
# Words of a chain that choose, order or lock rows and name no relation.
_QUERIES = re.compile(
    r"(or_?|and_?)?where\w*|filter\w*|exclude|get|get_or_404|first\w*|find\w*|one\w*|all|query|queryset|objects|using|values|only|defer|order_?by\w*|latest|oldest"
    r"|limit|take|skip|with\w*|select\w*|lock\w*|shared_?lock|for_?update\w*|load|fresh|refresh|new_?query|join\w*|left_?join|inner_?join|group\w*"
    r"|having|distinct|lean|exec|populate|sort|session|transacting|returning|set|update\w*|insert\w*|delete\w*|execute\w*|scalar\w*|scalars|unique"
    r"|options|annotate|aggregate|prefetch\w*|repository|manager|em|db|prisma|client|trx|tx|model|collect|values_list|then|catch|map|each|pluck|last"
    r"|get_?repository|get_?entity_?manager|get_?doctrine|create_?query_?builder|given|and|or|query_?builder|eq|neq|match|single|maybe_?single|is_?not_?null|data|body|prepare\w*|fetch\w*|row|result",
    re.IGNORECASE,
)
_CREATING = ("insert", "create", "add", "bulk_create", "bulkcreate", "forcecreate")
_DECLARES = ("pgTable", "mysqlTable", "sqliteTable", "pgTableCreator", "createTable")
_UPSERTS = (
    "upsert",
    "insertonupdate",
    "orcreate",
    "or_create",
    "orinsert",
    "insertorignore",
    "setnx",
    "replaceone",
    "createorfirst",
    "findorcreate",
)
_WORKING = {"record.create": "create", "record.write": "write", "order.write": "write", "order.paid": "write", "stock.write": "write",
            "refund.record": "create", "record.delete": "delete", "cart.write": "write", "user.write": "write",
            "once": "upsert"}  # fmt: skip
_SUFFIXES = ("Dto", "DTO", "Request", "Input", "Response", "Props", "Payload", "Params", "Args", "Form", "Config", "Options")


@dataclass(frozen=True, slots=True)
class Touch:
    """One touch of records.

    ``entity``: as ``entities.entity`` names it; empty when it is not known. ``fields``: what is written, with its value; None where it is
    not known. ``relative``: fields that the database works out from their old value. ``keys``: equalities that choose the rows;
    ``compared``: every field that chooses. ``locked``: the rows are locked. ``record``: the object that is touched, if it is one.
    ``effect``: the kind of effect that a pack says it is; ``repeat``: what the pack says of a second time.
    ``overwrites``: of an upsert, the fields that a row which is there already gets anew; None for all of them.
    """

    kind: TouchKind
    entity: str
    fields: dict[str, Value | None]
    relative: frozenset[str]
    keys: dict[str, Value]
    compared: frozenset[str]
    locked: bool
    record: Value | None
    fn: Fn
    instr: int
    ctx: Ctx | None
    effect: str = ""
    repeat: str = "again"
    overwrites: frozenset[str] | None = None

    @property
    def writes(self) -> bool:
        return self.kind not in ("read", "flush")


class Records:
    """Answers by instruction; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self.chains = Chains(model.evaluator, model.recogniser.keeps_records)
        self.parts = PartReader(model.evaluator, self.chains)
        self._memo: dict[tuple[Fn, int, int], Touch | None] = {}

    def touch(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        """What an instruction does to records, if it does anything."""
        key = (fn, i, id(ctx))
        if key not in self._memo:
            self._memo[key] = None
            op = self.program.body(fn).op[i]
            if op == Op.SET_FIELD:
                self._memo[key] = self._set(fn, i, ctx)
            elif op == Op.CALL:
                self._memo[key] = self._call(fn, i, ctx)
        return self._memo[key]

    def read_behind(self, value: Value) -> Touch | None:
        """The read that a value was fetched by, if it is a record or a list of records."""
        for option in options(value):
            rows = option.base if isinstance(option, Element) and option.key is None else option  # one of those gone through
            if isinstance(rows, Result) and rows.instr >= 0:
                touch = self.touch(rows.fn, rows.instr, rows.ctx)
                if touch is not None and touch.kind in ("read", "upsert", "create"):
                    return touch
        return None

    # --- assignments

    def _set(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        body = self.program.body(fn)
        obj, _, value = body.args(i)
        name = body.name(i).lstrip("_")  # ``this._status`` is kept for the column ``status``
        record = self.evaluator.value(fn, obj, ctx)
        found, parts = self.holder(fn, obj, ctx)
        if not found or any(isinstance(o, External) and "." in o.name for o in options(record)):
            return None
        written = unwrapped(self.evaluator, self.evaluator.value(fn, value, ctx))
        relative = frozenset([name] if self.parts.is_relative(written) and not self._of_itself(fn, i) else [])
        return Touch("write", found, {name: written}, relative, parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx)

    def _set_named(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        """``setattr(order, name, value)``, for each of a record's names or for one."""
        obj = self.program.body(fn).call(i)[1][0][1]
        found, parts = self.holder(fn, obj, ctx)
        if not found:
            return None
        record = self.evaluator.value(fn, obj, ctx)
        fields = named_fields(self.evaluator, fn, i, ctx)
        return Touch("write", found, fields, frozenset(), parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx)

    def _of_itself(self, fn: Fn, i: int) -> bool:
        """Whether a field is set to what the program makes of the same object's field: ``self.stock = self.stock - n``, which is not the
        column, whatever declares it."""
        body = self.program.body(fn)
        obj, _, value = body.args(i)
        sides = body.args(value)[1:3] if body.op[value] == Op.BINARY else []
        same = (s for s in sides if body.op[s] == Op.FIELD and body.name(s) == body.name(i))
        return any(written(self.program, fn, body.args(s)[0]) == written(self.program, fn, obj) for s in same)

    def holder(self, fn: Fn, i: int, ctx: Ctx | None) -> tuple[str, Parts]:
        """The entity of an object, and how it was read."""
        chain = self.chains.of(fn, i, ctx)
        parts, told = Parts(), ""
        if any(True for _ in chain.calls()):
            self.parts.chosen(chain, parts)
            told = self._executed(chain, parts)
        return self.entity_of(self.evaluator.value(fn, i, ctx), chain, told), parts

    def entity_of(self, value: Value, chain: Chain, told: str = "") -> str:
        """What kind of record a value is: by its class, by the statement that fetched it, by the table or class in its chain, by the
        variable that holds it."""
        for option in options(value):
            if isinstance(option, Instance) and (name := self._class_name(option)):
                return entity(name)
        return told or self._named(chain, None)

    def _class_name(self, value: ClassV | Instance) -> str:
        """The class that says what record an object is or keeps; empty where it says nothing: a form, or a keeper of any record."""
        of = value.of if isinstance(value, Instance) else None
        if of is not None and not isinstance(of, ClassV):
            return ""
        name = self.program.cls(of.cls if of is not None else value.cls).name
        return "" if name.endswith(_SUFFIXES) else name

    def _named(self, chain: Chain, last: Link | None) -> str:
        """The entity that a chain names, nearest to its end first: a relation, a table, the class at its root, the variable it was in."""
        if last is not None and (kept := self._kept_by(last)):
            return kept
        inner = [link for link in chain.links if link is not last]
        if (
            last is not None
            and last.call >= 0
            and (table := self._table(last) if last.name.lower() in _TABLES else self._given_class(last))
        ):
            return table
        for link in reversed(inner[1:]):
            if link.call >= 0 and link.name.lower() in _TABLES and (table := self._table(link)):
                return table
            if link.call >= 0 and (_QUERIES.fullmatch(link.name) or link.name.lower() in _BUILDERS):
                if named := self._given_class(link) or self._in_statement(link):
                    return named
            elif not _QUERIES.fullmatch(link.name) and (name := entity(_without_verb(link.name))):
                return name
        return self._root(chain, inner) or next((name for v in chain.through if (name := entity(v))), "")

    def _kept_by(self, link: Link) -> str:
        """The records that the object of a call is declared to keep: ``orders: Repository<Order>``."""
        body = self.program.body(link.fn)
        callee = body.args(link.call)[0] if link.call >= 0 else -1
        if callee < 0 or body.op[callee] != Op.FIELD:
            return ""
        holders = options(self.evaluator.value(link.fn, body.args(callee)[0], link.ctx))
        kept = (o.of.cls for o in holders if isinstance(o, Instance) and isinstance(o.of, ClassV))
        return next((entity(self.program.cls(cls).name) for cls in kept), "")

    def _root(self, chain: Chain, inner: list[Link]) -> str:
        root = self.evaluator.value(chain.fn, chain.root, chain.ctx) if chain.root >= 0 else None
        for option in options(root) if root is not None else ():
            if isinstance(option, (ClassV, Instance)) and (name := self._class_name(option)):
                return entity(name)
            if isinstance(option, Param) and (rows := self.model.handed_rows.of(option) or self.model.record_methods.kind_of(option)):
                return rows
        if not inner:
            return ""
        if inner[0].name in _SELF and (owner := self.program.method_class(inner[0].fn)):
            return self._own_kind(owner, inner[0].ctx)
        if inner[0].call >= 0 and (table := self._table(inner[0])):
            return table
        return entity(_without_verb(inner[0].name))

    def _own_kind(self, owner: ClassId, ctx: Ctx | None) -> str:
        """The entity that the methods of a class are about; a method of a general repository is about what the derived class keeps."""
        if ctx is None or not isinstance(ctx.this, Instance) or ctx.this.cls == owner:
            return entity(self.program.cls(owner).name)
        kept = next((k for c in self.evaluator.scope.lineage(ctx.this.cls) if (k := type_argument(self.program, c))), "")
        return entity(kept) or entity(self.program.cls(ctx.this.cls).name)

    def _given_class(self, link: Link) -> str:
        """The class that a call is about: ``session.query(Order)``, ``em.find(Order, id)``, ``getEntityOrThrow(ctx, Order, id)``."""
        for _, row in self.program.body(link.fn).call(link.call)[1][:2]:
            for option in self._classes_in(link, row):
                if isinstance(option, ClassV):
                    return entity(self.program.cls(option.cls).name)
                if isinstance(option, Result) and isinstance(option.callee, (External, Member)) and option.callee.name.endswith(_DECLARES):
                    given = self.evaluator.argument(option, 0)  # pgTable('orders', {…})
                    return entity(constant(given) or "") if given is not None else ""
                if isinstance(option, External) and option.name.endswith(".class"):  # PHP's Order::class
                    return entity(option.name.removesuffix(".class"))
        return ""

    def _classes_in(self, link: Link, row: int) -> tuple[Value, ...]:
        """What an argument is, or, where it is a column, what it is a column of: ``select(Order.id)``."""
        body = self.program.body(link.fn)
        given = options(self.evaluator.value(link.fn, row, link.ctx))
        if link.name.lower() in _OF_COLUMNS and body.op[row] == Op.FIELD and not any(isinstance(o, ClassV) for o in given):
            return (*options(self.evaluator.value(link.fn, body.args(row)[0], link.ctx)), *given)
        return given

    def _in_statement(self, link: Link) -> str:
        """The table of the statement that a call is given: ``$pdo->prepare('SELECT … FROM orders …')``."""
        given = self.chains.arguments(link)[:1] if link.name.lower() in _WITH_SQL else []
        return next((entity(s.statement.table) for _, v in given for s in sql.of_value(v, self.evaluator) if s.statement.table), "")

    def _table(self, link: Link) -> str:
        """The table that the first argument of a call names."""
        if named := self._given_class(link):
            return named
        for value in (o for _, v in self.chains.arguments(link)[:1] for o in options(v)):
            if isinstance(value, Const) and value.kind != Kind.STRING:
                continue
            text = pattern(value)
            if text != "{}" and text.replace("{}", "").replace("_", "").replace(".", "").isalnum() and " " not in text:
                return entity(text.rpartition("}")[2].lstrip("_.") or text)
            if isinstance(value, (Member, External)) and link.name.lower() in _TABLES:
                return entity(value.name)
        return ""

    # --- calls

    def _call(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return None
        recogniser = self.model.recogniser
        name = body.name(callee).rpartition(".")[2]
        if sets_named(body, i):
            return self._set_named(fn, i, ctx)
        if name.lower() in _CACHES and (kept := self._cache(fn, i, ctx, name.lower())) is not None:
            return kept
        got = recogniser.effect(fn, i, ctx)
        if got is not None and got[0].effect == "sql":
            return self._sql(fn, i, ctx)
        if got is None and (not self._says_something(fn, i) or (recogniser.is_ours(fn, i, ctx) and not recogniser.imported(fn, i))):
            return None
        if got is not None and (got[0].writes or got[0].repeat != "again"):
            return self._known(fn, i, ctx, got[0])
        if body.op[callee] == Op.FIELD and name in METAS and len(arguments) > 1:
            return self._meta(fn, i, ctx)
        if body.op[callee] == Op.FIELD and len(arguments) == 1 and (setter := _setter(name)):
            return self._setter(fn, i, ctx, setter, got[0].effect if got else "")
        if got is not None and got[0].effect in _WORKING:
            return self._write(fn, i, ctx, name, got[0].effect, got[0].entity)
        if recogniser.is_("reads", fn, i, ctx) is not None or name.lower() in LOCKING:
            return self._read(fn, i, ctx)
        if recogniser.is_("once", fn, i, ctx) is not None:
            return self._write(fn, i, ctx, name, "once", got[0].entity if got is not None else "")
        return None

    def _says_something(self, fn: Fn, i: int) -> bool:
        """Whether a call of which no pack knows an effect may touch records, by its name: a quick look before its callee is valued."""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        name = body.name(callee).rpartition(".")[2]
        if body.op[callee] == Op.FIELD and ((name in METAS and len(arguments) > 1) or (len(arguments) == 1 and self._sets(_setter(name)))):
            return True
        recogniser = self.model.recogniser
        return name.lower() in LOCKING or recogniser.may_be("reads", fn, name) or recogniser.may_be("once", fn, name)

    def _sets(self, field: str) -> bool:
        """Whether a setter of a field counts although no pack knows it."""
        words = self.model.words
        return bool(field) and (words.money(field) or any(words.has(k, field) for k in ("status_fields", "paid_fields", "stock_fields")))

    def _known(self, fn: Fn, i: int, ctx: Ctx | None, effect: PackEffect) -> Touch:
        """A platform's function whose pack says what it writes."""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        at = (fn.file, body.line[i])
        fields: dict[str, Value | None] = {}
        for name, place in effect.writes.items():
            if place.startswith("="):
                fields[name] = Const(at, Kind.STRING, place[1:])
            elif place.isdigit() and int(place) < len(arguments):
                fields[name] = self.evaluator.value(fn, arguments[int(place)][1], ctx)
        parts, record = Parts(), None
        if body.op[callee] == Op.FIELD:
            record = self.evaluator.value(fn, body.args(callee)[0], ctx)
            _, parts = self.holder(fn, body.args(callee)[0], ctx)
        return Touch(
            "write", effect.entity, fields, frozenset(), parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx,
            effect.effect, effect.repeat,
        )  # fmt: skip

    def _meta(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        """``$order->update_meta_data('_key', $value)``"""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        key = constant(self.evaluator.value(fn, arguments[0][1], ctx))
        found, parts = self.holder(fn, body.args(callee)[0], ctx)
        if not found or key is None:
            return None
        value = self.evaluator.value(fn, arguments[1][1], ctx)
        record = self.evaluator.value(fn, body.args(callee)[0], ctx)
        return Touch(
            "write", found, {f"meta:{key}": value}, frozenset(), parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx,
            "record.write", "same",
        )  # fmt: skip

    def _cache(self, fn: Fn, i: int, ctx: Ctx | None, name: str) -> Touch | None:
        """A value kept in a cache: ``cache.get(key)``, ``redis.set(key, 1, nx=True)``, ``set_transient($key, …)``."""
        body = self.program.body(fn)
        arguments = body.call(i)[1]
        if not arguments or (self.model.recogniser.is_ours(fn, i, ctx) and not self._only_declared(fn, i, ctx)):
            return None
        spelt = written(self.program, fn, body.args(i)[0]).lower()
        known = " ".join(names(self.evaluator.value(fn, body.args(i)[0], ctx))).lower()
        if not _CACHE.search(spelt.rpartition(".")[0] or spelt) and not _CACHE.search(known.rpartition(".")[0]):
            return None
        values = [(k, self.evaluator.value(fn, v, ctx)) for k, v in arguments]
        keys = {"key": values[0][1]}
        kind: TouchKind = _CACHES[name]
        if kind == "write" and any(_is_nx(k, v) for k, v in values[1:]):
            kind = "upsert"
        fields: dict[str, Value | None] = {} if kind == "read" else dict(keys)
        return Touch(kind, "cache", fields, frozenset(), keys, frozenset(keys), False, None, fn, i, ctx, "cache")

    def _only_declared(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call lands in a method that does nothing: a protocol or interface of ours for something that is not."""
        targets = options(self.evaluator.value(fn, self.program.body(fn).args(i)[0], ctx))
        bodies = [self.program.body(o.fn) for o in targets if isinstance(o, FunctionV)]
        return bool(bodies) and all(op in (Op.PARAM, Op.STORE, Op.CONST, Op.CHOICE) for body in bodies for op in body.op)

    def _read(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch:
        chain = self.chains.of(fn, i, ctx)
        parts = Parts()
        self.parts.chosen(chain, parts)
        named = self._executed(chain, parts) or self._named(chain, chain.links[-1])
        return self._touch("read", named, parts, fn, i, ctx)

    def _executed(self, chain: Chain, parts: Parts) -> str:
        """What chooses the rows in a statement that is handed over, in a variable perhaps, and its entity where it says so:
        ``session.execute(select(Order).where(…).with_for_update())``."""
        named = ""
        for link in chain.calls():
            for k, row in self.program.body(link.fn).call(link.call)[1][:1]:
                if k == "" and self.program.body(link.fn).op[row] in (Op.CALL, Op.NAME):
                    inner = self.chains.of(link.fn, row, link.ctx)
                    if any(inner.calls()):
                        self.parts.chosen(inner, parts)
                        if inner.links[0].name == "select":
                            named = self._named(inner, inner.links[-1]) or named
        return named

    def _write(self, fn: Fn, i: int, ctx: Ctx | None, name: str, effect: str, told: str) -> Touch:
        """A call that writes; ``told``: the kind of record, where a pack says it."""
        chain = self.chains.of(fn, i, ctx)
        link = chain.links[-1]
        low = name.lower()
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        record = self.evaluator.value(fn, body.args(callee)[0], ctx) if body.op[callee] == Op.FIELD else None
        parts = Parts()
        kind: TouchKind = _WORKING[effect]  # type: ignore[assignment]
        low = chain.links[0].name.lower() if low == "execute" and len(chain.links) > 1 else low
        if any(w in low.replace("_", "") for w in (u.replace("_", "") for u in _UPSERTS)) or self._on_conflict(chain):
            kind = "upsert"
        elif (
            low.removeprefix("wc_").startswith(("insert", "create", "add", "bulk_create", "bulkcreate", "forcecreate")) and kind == "write"
        ):
            kind = "create"
        elif low.startswith(("update", "increment", "decrement")) and kind == "create":
            kind = "write"
        self.parts.written(chain, link, parts)
        self.parts.chosen(chain, parts)
        if kind in ("write", "delete") and (outer := self.chains.onward(fn, i)) != i:
            self.parts.chosen(self.chains.of(fn, outer, ctx), parts)  # update(orders).set({…}).where(…)
        given = [self.evaluator.value(fn, v, ctx) for _, v in arguments[:1]]
        named = self._named(chain, link)
        if low in _TAKES_OBJECT and given:
            for option in (o.base if isinstance(o, Overlay) else o for o in options(given[0])):
                if isinstance(option, Instance):
                    named = entity(self.program.cls(option.cls).name)
                    record = option
                    kind = "create" if option.made is not None and kind != "delete" else "flush" if kind != "delete" else kind
                elif isinstance(option, Param) or (isinstance(option, Result) and self.read_behind(option)):
                    record = option
                    kind = "flush" if kind != "delete" and low in ("save", "persist", "merge", "add") else kind
        elif low in _FLUSHES and not arguments:
            kind = "create" if record is not None and self._is_new(record, parts) else "flush"
        touch = self._touch(kind, told or named, parts, fn, i, ctx, record, effect)
        return replace(touch, overwrites=by_calls(self.evaluator, self.chains, chain)) if kind == "upsert" else touch

    def _is_new(self, record: Value, parts: Parts) -> bool:
        """Whether an object that is saved has only just been made: ``new Order({…})`` and then ``order.save()``; its fields are read."""
        made = [o for o in options(record) if (isinstance(o, Result) and o.new) or (isinstance(o, Instance) and o.made is not None)]
        for one in made:
            given = self.evaluator.arguments(one)[:1] if isinstance(one, Result) and one.instr >= 0 else [("", one)]
            for _, value in given:
                self.parts.record(value, parts, 0)
        return bool(made) and len(made) == len(options(record))

    def _on_conflict(self, chain: Chain) -> bool:
        return any(n.lower().startswith(("onconflict", "on_conflict", "orignore", "orupdate")) for n in chain.names())

    def _setter(self, fn: Fn, i: int, ctx: Ctx | None, field: str, effect: str) -> Touch | None:
        """``$order->set_status('x')``, ``order.setStatus(…)``"""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        if not effect and not self._sets(field):
            return None
        found, parts = self.holder(fn, body.args(callee)[0], ctx)
        if not found:
            return None
        value = self.evaluator.value(fn, arguments[0][1], ctx)
        record = self.evaluator.value(fn, body.args(callee)[0], ctx)
        return Touch(
            "write", found, {field: value}, frozenset(), parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx, effect
        )

    def _sql(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        given = self.program.body(fn).call(i)[1]
        if given and (built := self._built(fn, i, given[0][1], ctx)) is not None:
            return built
        arguments = [self.evaluator.value(fn, v, ctx) for _, v in given]
        got = told(self.model, self.chains.of(fn, i, ctx), arguments)
        if got is None:
            return None
        kind: TouchKind = got.kind  # type: ignore[assignment]
        return Touch(
            kind, got.entity, got.fields, got.relative, got.keys, got.compared, got.locked, None, fn, i, ctx, "sql",
            overwrites=got.overwrites,
        )  # fmt: skip

    def _built(self, fn: Fn, i: int, statement: int, ctx: Ctx | None) -> Touch | None:
        """A statement that is put together by calls and then executed: ``session.execute(update(Order).where(…).values(…))``."""
        chain = self.chains.of(fn, statement, ctx)
        first = next((link for link in chain.calls() if link.name.lower() in _BUILDERS), None)
        table = self._table(first) if first is not None else ""
        if first is None or not table:
            return None
        parts = Parts()
        self.parts.written(chain, first, parts)
        self.parts.chosen(chain, parts)
        kind = "upsert" if self._on_conflict(chain) else _BUILDERS[first.name.lower()]
        return self._touch(kind, table, parts, fn, i, ctx, None, "sql")

    def _touch(
        self, kind: TouchKind, named: str, parts: Parts, fn: Fn, i: int, ctx: Ctx | None, record: Value | None = None, effect: str = ""
    ) -> Touch:
        fields: dict[str, Value | None] = dict(parts.fields)
        return Touch(
            kind, named, fields, frozenset(parts.relative), parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx, effect
        )


def _is_nx(key: str, value: Value) -> bool:
    """Whether an argument of SET asks for "only if it is not there": ``nx=True``, ``'NX'``, ``{ nx: true }``."""
    if key.lower() == "nx":
        return not (isinstance(value, Const) and value.falsy)
    if isinstance(value, Record):
        return any(k is not None and _is_nx(k, v) for k, v in value.entries)
    return isinstance(value, Const) and value.text.strip("'\"").upper() == "NX"


def _setter(name: str) -> str:
    """The field that a setter sets: ``set_status`` and ``setStatus`` are about ``status``."""
    plain = snake(name)
    return plain[4:] if plain.startswith("set_") and len(plain) > 6 else ""


def _without_verb(name: str) -> str:
    """``wc_get_order`` and ``findOrder`` are about ``order``."""
    words = re.split(r"_(?:or|by|for|from|with)_", snake(name))[0].split("_")
    while len(words) > 1 and words[0] in ("wc", "get", "find", "fetch", "load", "create", "update", "new", "make", "by", "or"):
        words = words[1:]
    return "" if words[0] in NOTHING else "_".join(words)


def text_of(value: Value | None) -> str | None:
    """The word that a value says: a constant's text, or the name of an enum's member or of the class constant that keeps a number."""
    if value is None:
        return None
    if isinstance(value, Const) and value.name:
        return value.name
    text = constant(value)
    if text is not None:
        return text.strip("'\"")
    return value.name.rpartition(".")[2] if isinstance(value, (Member, External)) else None
