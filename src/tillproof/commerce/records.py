"""What an instruction does to our own records: which entity, which fields it writes, by what it chooses the rows."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.added_up import AddedUp
from tillproof.commerce.answered_rows import answer_of, narrowed
from tillproof.commerce.bound_values import keeps_prepared
from tillproof.commerce.by_constructor import read_by_constructor
from tillproof.commerce.cache_touches import CACHES, cached
from tillproof.commerce.chains import Chain, Chains
from tillproof.commerce.chosen_rows import LOCKING, ChoiceReader
from tillproof.commerce.cursors import ONE, as_row, fetched
from tillproof.commerce.entities import KEEPS, LINES
from tillproof.commerce.hung_pieces import OF_REQUEST
from tillproof.commerce.items import ANSWERED, ITEM_STORE, Items
from tillproof.commerce.lent_fields import only_shown
from tillproof.commerce.lexicon import snake
from tillproof.commerce.made_objects import asks_for_object
from tillproof.commerce.named_columns import as_told
from tillproof.commerce.names import written
from tillproof.commerce.nested_states import own_states, within
from tillproof.commerce.object_loading import loads_itself
from tillproof.commerce.own_stores import stored
from tillproof.commerce.parts import Parts
from tillproof.commerce.plain_metas import written_meta
from tillproof.commerce.record_names import BUILDERS, RecordNames, TouchKind
from tillproof.commerce.record_parts import PartReader
from tillproof.commerce.record_statements import selected, told
from tillproof.commerce.recorded import recorded
from tillproof.commerce.serial import Serial
from tillproof.commerce.set_at_once import set_fields, sets_at_once
from tillproof.commerce.told_kinds import told_by_database, told_kind
from tillproof.commerce.touches import Touch, touch_of, without_address
from tillproof.commerce.value_objects import unwrapped
from tillproof.commerce.written_rows import WRITING, on_conflict, written_by_call
from tillproof.flow.maps import of_working_map
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, External, Member, Param, Record, Result, Value, before_writes, constant, options
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Effect as PackEffect
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

METAS = ("update_meta_data", "add_meta_data", "setData", "setAdditionalInformation")
# What a transaction of a document store reads, others do not write meanwhile.
_LOCKED_READS = ("transaction.get", "tx.get", "trx.get", "txn.get", "tr.get", "t.get")
_SEARCHES = ("find", "findLast", "first")
_ERROR = re.compile(r"_?(e|ex|err|error|exc|exception)\d?", re.IGNORECASE)
# What a setter that no pack knows may set.
_SET = ("status_fields", "paid_fields", "stock_fields", "quantity_fields")
_TO_BE_MADE = re.compile(r"(CreationAttributes|CreateInput|CreateDto|CreateDTO|Payload)\b")
_DATA_LIBRARIES = ("lodash", "lodash-es", "underscore", "ramda", "remeda", "radash", "es-toolkit")
# What they give of a list as it is, and not a copy.
_PICKS = re.compile(r"[./](find\w*|head|first|last|nth|get|sample|minBy|maxBy|tap)$")

# Calls that give the record itself, on what was fetched (a snapshot's fields, a document as plain data) or at a statement's end.
_GIVES_ROWS = re.compile(
    r"where|limit|offset|order_?[bB]y|(left|inner)_?[jJ]oin|for|data|toObject|toJSON|returning(All)?|\$?returningId|select|single|json|maybeSingle|throwOnError|overrideTypes|returns|executeTakeFirst(OrThrow)?"
)
# Modules that come with Python and make objects of their own; others hand on or copy somebody else's: ``cast(Order, row)``.
_OF_LANGUAGE = words_of(
    "argparse array ast base64 binascii bz2 calendar codecs configparser csv ctypes datetime dbm decimal difflib email enum fileinput "
    "fractions ftplib getpass gettext gzip hashlib hmac html http imaplib importlib inspect io ipaddress json locale logging lzma "
    "mailbox math mimetypes mmap multiprocessing netrc optparse os pathlib platform plistlib poplib pprint queue random re resource "
    "sched secrets select selectors shelve shlex shutil signal smtplib socket socketserver sqlite3 ssl stat statistics string struct "
    "subprocess sys tarfile tempfile textwrap threading time timeit traceback types unicodedata unittest urllib uuid warnings "
    "webbrowser wsgiref xml xmlrpc zipfile zlib zoneinfo"
)


_MOST_CALLERS = 4
_LITERAL_OBJECTS = ("javascript", "php")  # `{…}`, `(object) […]`


class Records:
    """Answers by instruction; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self.chains = Chains(model.evaluator, model.recogniser.keeps_records)
        self.choices = ChoiceReader(model.evaluator, self.chains)
        self.parts = PartReader(model.evaluator, self.chains, self.choices)
        self.names = RecordNames(model, self.chains)
        self.added_up = AddedUp(model.evaluator)
        self.items = Items(model)
        self.serial = Serial(model)
        self._memo: dict[tuple[Fn, int, int], Touch | None] = {}
        self._handed_plain: dict[tuple[Fn, int], bool] = {}

    def touch(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        """What an instruction does to records, if it does anything."""
        key = (fn, i, id(ctx))
        if key not in self._memo:
            self._memo[key] = None
            op = self.program.body(fn).op[i]
            if op == Op.SET_FIELD:
                self._memo[key] = self._set(fn, i, ctx)
            elif op == Op.CALL and not asks_for_object(self.evaluator, fn, i):
                self._memo[key] = self._call(fn, i, ctx) or stored(self.model, fn, i, ctx)
            elif op == Op.NEW:
                self._memo[key] = read_by_constructor(self.model, fn, i, ctx)
            if (found := self._memo[key]) is not None and op == Op.CALL and found.kind in ("write", "create", "flush"):
                self._memo[key] = self.model.inherited.saved(found)
            if (found := self._memo[key]) is not None and found.kind == "read" and self.serial.runs(fn, ctx):
                self._memo[key] = replace(found, locked=True)
            if (found := self._memo[key]) is not None:
                self._memo[key] = own_states(self.model.words, found, documents=self._is_document(found))
            if (found := self._memo[key]) is not None and found.writes:
                sdk = op == Op.CALL and self.model.recogniser.of_sdk(fn, i, ctx)  # an object of a provider's own library is no row of ours
                told = replace(found, fields=without_address(found.fields))
                self._memo[key] = self.model.state_codes.spelt(told) if not sdk else None
        return self._memo[key]

    def _is_document(self, touch: Touch) -> bool:
        """Whether what is written of a record is a part of it, and not a row of its own."""
        if not any(isinstance(v, Record) for v in touch.fields.values()):
            return False
        table = self.model.schema.table(touch.entity, touch.fn.file) if touch.entity else None
        return table is not None and table.documents

    def read_behind(self, value: Value) -> Touch | None:
        """The read that a value was fetched by, if it is a record or a list of records."""
        for option in options(value):
            rows = answer_of(as_row(self.evaluator, before_writes(answer_of(option))))
            if isinstance(rows, Result) and rows.instr >= 0:
                touch = self.touch(rows.fn, rows.instr, rows.ctx)
                ran = fetched(self.evaluator, rows.fn, rows.instr)
                stated = self.touch(rows.fn, ran, rows.ctx) if ran is not None else None
                touch = stated if stated is not None and stated.kind == "create" else touch  # INSERT … RETURNING
                if touch is not None and touch.kind in ("read", "upsert", "create"):
                    return touch
                if isinstance(rows.callee, Member) and isinstance(rows.callee.base, Result) and _GIVES_ROWS.fullmatch(rows.callee.name):
                    read = self.read_behind(rows.callee.base)
                    return narrowed(self, read, rows) if read is not None and read.kind == "read" else read
            elif isinstance(rows, Member) and rows.name in ANSWERED:
                return self.read_behind(rows.base)
        return None

    # --- assignments

    def _set(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        body = self.program.body(fn)
        obj, _, value = body.args(i)
        name = body.name(i).lstrip("_")  # ``this._status`` is kept for the column ``status``
        record = self.evaluator.value(fn, obj, ctx)
        found, parts = self.holder(fn, obj, ctx)
        if (own := within(self, fn, obj, name, ctx)) is not None:
            found, name, parts = own
        if not found or any(_is_outside(o) or self.is_plain(o) for o in options(record)):
            return None
        if self.added_up.is_own(fn, obj) or only_shown(self.model, fn, i, ctx, found) or loads_itself(self.evaluator, fn, i):
            return None
        written = unwrapped(self.evaluator, self.evaluator.value(fn, value, ctx))
        relative = frozenset([name] if self.parts.is_relative(written) and not self._of_itself(fn, i) else [])
        return Touch("write", found, {name: written}, relative, parts.keys, frozenset(parts.compared), parts.locked, record, fn, i, ctx)

    def is_plain(self, value: Value) -> bool:
        """Whether an object is plain data: written down, what a library of plain data makes of another (``const line = pick(order, …)`` is
        no order), or declared as what a record is still to be made of."""
        value = before_writes(value)
        if isinstance(value, Param):
            declared = self.program.body(value.fn).params[value.number].type
            return _TO_BE_MADE.search(declared) is not None or (not declared and self._is_handed_plain(value))
        callee = value.callee if isinstance(value, Result) else None
        if isinstance(callee, External) and callee.name == "stdClass":
            return True  # PHP's object for anything
        if isinstance(callee, External) and self._is_of_language(callee, value.at[0]):
            return True  # `tls = ssl.create_default_context(); tls.check_hostname = False`
        if of_working_map(self.evaluator, value):
            return True
        of_library = (
            isinstance(callee, External)
            and callee.name.partition(".")[0].partition("/")[0] in _DATA_LIBRARIES
            and _PICKS.search(callee.name) is None
        )
        return of_library or (
            isinstance(value, Record) and value.at[0] in self.program.indices and self.program.language(value.at[0]) in _LITERAL_OBJECTS
        )

    def _is_handed_plain(self, value: Param) -> bool:
        """Whether every call of a function of PHP hands it an object that is only written down: ``(object) ['id' => $id]``."""
        key = (value.fn, value.number)
        if key not in self._handed_plain:
            self._handed_plain[key] = False  # while it is being found out
            php = value.fn.file in self.program.indices and self.program.language(value.fn.file) == "php"
            above = self.model.callers.above(value.fn, None)[:_MOST_CALLERS] if php else []
            given = [before_writes(o) for ctx in above for o in options(self.evaluator.value(value.fn, self._read_at(value), ctx))]
            self._handed_plain[key] = bool(given) and all(isinstance(o, Record) for o in given)
        return self._handed_plain[key]

    def _read_at(self, value: Param) -> int:
        """The instruction by which a function takes a parameter."""
        body = self.program.body(value.fn)
        return next((i for i, op in enumerate(body.op) if op == Op.PARAM and body.args(i)[0] == value.number), 0)

    def _is_of_language(self, callee: External, file: str) -> bool:
        """Whether a callee is one of a module of Python's that makes objects of its own."""
        root, dot, _ = callee.name.partition(".")
        return bool(dot) and root in _OF_LANGUAGE and file in self.program.indices and self.program.language(file) == "python"

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
            self.choices.chosen(chain, parts)
            told = self._executed(chain, parts) or self._selected(chain, parts) or told_by_database(self.model, chain)
        return self.names.of_value(self.evaluator.value(fn, i, ctx), chain, told), parts

    # --- calls

    def _call(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return None
        recogniser = self.model.recogniser
        name = body.name(callee).rpartition(".")[2]
        if sets_at_once(body, i):
            return set_fields(self, fn, i, ctx)
        kept = cached(self.model, fn, i, ctx, name.lower()) if name.lower() in CACHES else written_meta(self.model, fn, i, ctx)
        if kept is not None:
            return kept
        got = recogniser.effect(fn, i, ctx)
        runs = got[0].effect == "sql" or bool(got[0].items) if got is not None else keeps_prepared(self.model, fn, i)
        if runs:
            return self.items.touch(fn, i, ctx, name) if got is not None and got[0].items else self._sql(fn, i, ctx)
        if got is None and (not self._says_something(fn, i) or (recogniser.is_ours(fn, i, ctx) and not recogniser.imported(fn, i))):
            return None
        known = self._of_pack(fn, i, ctx, got[0]) if got is not None else None
        if known is not None:
            return known
        if body.op[callee] == Op.FIELD and name in METAS and len(arguments) > 1:
            return self._meta(fn, i, ctx)
        alone = len(arguments) == 1 or (bool(arguments) and got is not None)  # `setState(STATE_PROCESSING, true)`
        if body.op[callee] == Op.FIELD and alone and (setter := _setter(name)):
            return self._setter(fn, i, ctx, setter, got[0].effect if got else "")
        if got is not None and got[0].effect in WRITING:
            return written_by_call(self, fn, i, ctx, name, got[0].effect, self._kind(fn, i, ctx, got[0]))
        if recogniser.is_("reads", fn, i, ctx) is not None or name.lower() in LOCKING:
            return None if self._goes_through(fn, i, name) or self._ends_write(fn, i, ctx) else self._read(fn, i, ctx)
        if recogniser.is_("once", fn, i, ctx) is not None:
            once = got[0].entity if got is not None else ""
            return None if self._ends_write(fn, i, ctx) else written_by_call(self, fn, i, ctx, name, "once", once)
        return self._recorded(fn, i, ctx, name)

    def _kind(self, fn: Fn, i: int, ctx: Ctx | None, effect: PackEffect) -> str:
        """The kind of record that a pack's call writes, where the pack or the call itself tells it."""
        return told_kind(self.model, fn, i, ctx) if effect.told else effect.entity

    def _of_pack(self, fn: Fn, i: int, ctx: Ctx | None, effect: PackEffect) -> Touch | None:
        """What a call does of which a pack, or a function that the database keeps, says what it writes."""
        if effect.routine and (kept := self.model.routines.touch(fn, i, ctx)) is not None:
            return kept
        if effect.column >= 0 or effect.flags:
            name = self.program.body(fn).called(i)
            return as_told(self.model, written_by_call(self, fn, i, ctx, name, effect.effect, self._kind(fn, i, ctx, effect)), effect)
        return self._known(fn, i, ctx, effect) if effect.writes or effect.chooses or effect.repeat != "again" else None

    def _ends_write(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call is a clause of the write that one before it in the same expression begins, or gives that one's answer:
        ``insert(row).onConflict('id').ignore()``, ``upsert(row).select()``, ``execute(insert(…)).scalar_one_or_none()``."""
        body, last = self.program.body(fn), i
        while body.op[callee := body.args(i)[0]] == Op.FIELD and body.op[i := body.args(callee)[0]] == Op.CALL:
            if (begun := self.touch(fn, i, ctx)) is not None and begun.writes:
                return True
        ran = [link for link in self.chains.of(fn, last, ctx).links[:-1] if link.call >= 0][-1:]
        begun = self.touch(ran[0].fn, ran[0].call, ran[0].ctx) if ran else None  # kept first: `done = session.execute(…)`
        return begun is not None and begun.effect == "sql" and begun.writes

    def _goes_through(self, fn: Fn, i: int, name: str) -> bool:
        """Whether a search is one through rows that are there: ``rows.find((row) => row.kind === kind)``. A function that a database is
        handed takes the error first."""
        body = self.program.body(fn)
        given = [v for _, v in body.call(i)[1][:1] if name in _SEARCHES and body.op[v] == Op.FUNCTION]
        params = self.program.body(Fn(fn.file, body.args(given[0])[0])).params if given else []
        return bool(params) and not _ERROR.fullmatch(params[0].name)

    def _recorded(self, fn: Fn, i: int, ctx: Ctx | None, name: str) -> Touch | None:
        """A sale that is written down with its sum by a function of others, of which only the name is known."""
        sold = recorded(self.model.words, name)
        touch = written_by_call(self, fn, i, ctx, name, "record.create", sold) if sold else None
        return touch if touch is not None and any(self.model.words.money(snake(k)) for k in touch.fields) else None

    def _says_something(self, fn: Fn, i: int) -> bool:
        """Whether a call of which no pack knows an effect may touch records, by its name: a quick look before its callee is valued."""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        name = body.name(callee).rpartition(".")[2]
        if body.op[callee] == Op.FIELD and ((name in METAS and len(arguments) > 1) or (len(arguments) == 1 and self._sets(_setter(name)))):
            return True
        recogniser = self.model.recogniser
        if recorded(self.model.words, name) or recogniser.sent(fn, i, None):
            return True
        return name.lower() in LOCKING or recogniser.may_be("reads", fn, name) or recogniser.may_be("once", fn, name)

    def _sets(self, field: str) -> bool:
        """Whether a setter of a field counts although no pack knows it."""
        words = self.model.words
        return bool(field) and (words.money(field) or any(words.has(k, field) for k in _SET))

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
        chosen = {n: self.evaluator.value(fn, arguments[int(p)][1], ctx) for n, p in effect.chooses.items() if int(p) < len(arguments)}
        record = record if record is not None else chosen.get("id")  # functions that take an id take the record as well
        kind: TouchKind = "create" if effect.effect == "record.create" else "write"
        return Touch(
            kind, effect.entity, fields, frozenset(), {**parts.keys, **chosen}, frozenset({*parts.compared, *chosen}), parts.locked,
            record, fn, i, ctx,
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

    def _read(self, fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
        if ITEM_STORE.search(name := self.model.recogniser.is_("reads", fn, i, ctx) or ""):
            return self.items.touch(fn, i, ctx, name)
        chain = self.chains.of(fn, i, ctx)
        parts = Parts()
        self.choices.chosen(chain, parts)
        named = self._executed(chain, parts) or self._selected(chain, parts) or told_by_database(self.model, chain)
        named = named or self.names.of_chain(chain, chain.links[-1])
        parts.locked |= written(self.program, fn, self.program.body(fn).args(i)[0]) in _LOCKED_READS
        return touch_of("read", named, parts, fn, i, ctx)

    def _selected(self, chain: Chain, parts: Parts) -> str:
        """The table of the statement whose rows a chain gives, and what chooses them."""
        statement = selected(self.model, chain)
        if statement is None:
            return ""
        parts.keys.update(statement.keys)
        parts.compared |= statement.compared
        parts.locked = parts.locked or statement.locked
        return statement.entity

    def column(self, fn: Fn, row: int, number: int, ctx: Ctx | None) -> str:
        """The column that stands at a place of a row: ``row[1]`` of ``SELECT id, status …``, or of ``SELECT *`` where the table is written
        down here; empty where the statement does not tell, or it is no single row."""
        chain = self.chains.of(fn, row, ctx)
        calls = list(chain.calls())
        if not calls or not (ONE.fullmatch(calls[-1].name) or self._is_one(fn, row)):
            return ""
        statement = selected(self.model, chain)
        listed = statement.columns if statement is not None else ()
        if statement is not None and listed == ("*",):
            table = self.model.schema.table(statement.entity, fn.file)
            listed = tuple(c.name for c in table.columns.values()) if table is not None and table.source == "sql" and not table.open else ()
        return listed[number] if number < len(listed) and not {"*", "?"} & set(listed[: number + 1]) else ""

    def _is_one(self, fn: Fn, row: int) -> bool:
        """Whether a row is taken from several, or is one that is gone through."""
        body = self.program.body(fn)
        made = self.evaluator.defuse(fn).reaching(row, body.name(row)).stores if body.op[row] == Op.NAME else ()
        return any(body.op[i] in (Op.INDEX, Op.ELEMENT) for i in (row, *(body.args(s)[1] for s in made)))

    def _executed(self, chain: Chain, parts: Parts) -> str:
        """What chooses the rows in a statement that is handed over, in a variable perhaps, and its entity where it says so:
        ``session.execute(select(Order).where(…).with_for_update())``."""
        named = ""
        for link in chain.calls():
            for k, row in self.program.body(link.fn).call(link.call)[1][:1]:
                if k == "" and self.program.body(link.fn).op[row] in (Op.CALL, Op.NAME):
                    inner = self.chains.of(link.fn, row, link.ctx)
                    if any(inner.calls()):
                        self.choices.chosen(inner, parts)
                        if inner.links[0].name == "select":
                            named = self.names.of_chain(inner, inner.links[-1]) or named
        return named

    def _setter(self, fn: Fn, i: int, ctx: Ctx | None, field: str, effect: str) -> Touch | None:
        """``$order->set_status('x')``, ``order.setStatus(…)``"""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        if not effect and not self._sets(field):
            return None
        found, parts = self.holder(fn, body.args(callee)[0], ctx)
        if not found or (not effect and self.model.words.has("quantity_fields", field) and not _keeps_stock(found)):
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
            overwrites=got.overwrites, lowered=got.lowered,
        )  # fmt: skip

    def _built(self, fn: Fn, i: int, statement: int, ctx: Ctx | None) -> Touch | None:
        """A statement that is put together by calls and then executed: ``session.execute(update(Order).where(…).values(…))``."""
        chain = self.chains.of(fn, statement, ctx)
        first = next((link for link in chain.calls() if link.name.lower() in BUILDERS), None)
        table = self.names.table(first) if first is not None else ""
        if first is None or not table:
            return None
        parts = Parts()
        self.parts.written(chain, first, parts)
        self.choices.chosen(chain, parts)
        kind = "upsert" if on_conflict(self, chain) else BUILDERS[first.name.lower()]
        return touch_of(kind, table, parts, fn, i, ctx, None, "sql")


def _is_outside(value: Value) -> bool:
    """Whether a value is something of a package, and not what is kept for the length of a request: ``g.order``."""
    return isinstance(value, External) and "." in value.name and not value.name.startswith(tuple(f"{kept}." for kept in OF_REQUEST))


def _keeps_stock(named: str) -> bool:
    """Whether a quantity of such a record is how many there are."""
    return KEEPS.fullmatch(named) is not None and LINES.fullmatch(named) is None


def _setter(name: str) -> str:
    """The field that a setter sets: ``set_status`` and ``setStatus`` are about ``status``."""
    plain = snake(name)
    return plain[4:] if plain.startswith("set_") and len(plain) > 6 else ""
