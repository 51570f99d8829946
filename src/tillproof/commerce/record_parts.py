"""What a call on records writes: the fields, their values, and which of those the database works out from the old ones."""

import re

from tillproof.commerce.chains import Chain, Chains, Link
from tillproof.commerce.chosen_rows import CONFLICT_TARGETS, FINDS_AND_WRITES, ChoiceReader, is_record
from tillproof.commerce.parts import Parts
from tillproof.commerce.set_expressions import bind, set_by_name
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.shape import Shape, shape
from tillproof.flow.values import (
    Choice,
    ClassV,
    Ctx,
    External,
    FunctionV,
    Instance,
    Member,
    Mix,
    Overlay,
    Record,
    Result,
    Seq,
    Value,
    constant,
    names,
    options,
    pattern,
)  # fmt: skip
from tillproof.ir.ops import Op

_OR_CREATE = re.compile(r"(or_?create|or_?insert|upsert|create_?or_?first|get_or_create|update_or_create|find_?create)", re.IGNORECASE)
_CREATING = re.compile(r"create|insert|save|build", re.IGNORECASE)
_UPSERTS = ("upsert", "upsertmany", "upsert_many")
_OF_ROWS = re.compile(r"(bulk_?|force_?)?(create|insert|save|build)|upsert|bulk_?(upsert|update_?mappings)|add_?all", re.IGNORECASE)
_FIRST_MADE = ("create", "$setOnInsert")  # what only a new row holds: what one that is there is given stands over it
_COUNTING = frozenset(["increment", "decrement", "increment_each", "decrement_each", "inc", "dec"])
_IN_BULK = ("bulkwrite", "bulk_write")
_UPDATES = ("updateOne", "updateMany")
_DATA_KEYS = ("data", "values", "set", "update", "create", "defaults", "$set", "$setOnInsert", "$addToSet", "attributes")
_IDS = ("id", "documentId", "_id")
_RELATIVE_KEYS = ("$inc", "$mul", "$push")
_CHANGES = ("increment", "decrement", "multiply", "divide")
_RAW = ("F", "literal", "raw", "Raw", "text", "sql", "expr", "fn", "Expression", "RawSql", "Coalesce", "Greatest", "Least", "coalesce")
_GROWS = ("FieldValue.increment", "firebase/firestore.increment", "firebase.firestore.increment")
_MOST_KEYS = 40


def _rows(value: Value) -> tuple[Value, ...]:
    """The elements of a list as far as they are written: those it is made with, or those that are put to it."""
    if isinstance(value, Overlay):
        return tuple(v for k, v, _ in value.writes if k in ("[]", None)) or _rows(value.base)
    return value.items if isinstance(value, Seq) else ()


def _is_made(value: Value) -> bool:
    """Whether a value is an object that is made here with what it holds: ``Product(id=…, stock=…)``."""
    return any(isinstance(o, Instance) and o.made is not None for o in options(value))


def counts_by(value: Value) -> bool:
    """Whether a value says by how much a document's field is to grow: ``FieldValue.increment(n)`` of Firestore's."""
    return isinstance(value, Result) and any(n.endswith(_GROWS) for n in names(value.callee))


class PartReader:
    """Reads what is written off chains."""

    def __init__(self, evaluator: Evaluator, chains: Chains, choices: ChoiceReader) -> None:
        self.evaluator = evaluator
        self.chains = chains
        self.choices = choices
        self.program = evaluator.program

    def written(self, chain: Chain, link: Link, out: Parts) -> None:
        """The fields that the last call of a chain writes, and those of the calls that lead to it (``.set({…})``)."""
        for before in chain.calls():
            name = before.name.lower()
            if before is link or name in ("set", "values", "fill", "forcefill", "setdata", "with_values", "given") or name in _COUNTING:
                self._data(before, out)
        if link.name.lower() in _UPSERTS:
            self._chosen_by(dict(self.chains.arguments(link)), out)
        bind(self.chains, chain, out)

    def _data(self, link: Link, out: Parts) -> None:
        arguments = self.chains.arguments(link)
        name = link.name.lower()
        if name in _COUNTING or name in _IN_BULK:
            (self._counted if name in _COUNTING else self._in_bulk)(arguments, out)
            return
        rows = [v for _, v in self.program.body(link.fn).call(link.call)[1]]
        for (key, value), row in zip(arguments, rows, strict=True):
            if key and key not in ("*", "**") and not self.choices.controls(link, key, value):
                if key in ("defaults", "values", "data", "set") and isinstance(value, (Record, Overlay, Choice)):
                    self.record(value, out, 0)
                else:
                    self._store(key, value, out)
                    if self._reckons(link.fn, row, link.ctx):
                        out.relative.add(key)
        positional = self._by_id([v for k, v in arguments if k in ("", "*", "**")], link, out)
        records = [v for v in positional if is_record(v)]
        if self._lists(link, positional, out) or (name == "set" and set_by_name(positional, out)):
            pass
        elif len(records) == 1 and len(positional) == 1:
            self._one(records[0], out)
        elif len(records) == 1:
            self.record(records[0], out, 0)
            named = next((v for v in positional if v is not records[0] and constant(v) is None), None)  # a table may be named before it
            if named is not None:
                out.keys.setdefault("id", named)
                out.compared.add("id")
        elif len(records) > 1:
            self._several(link, positional, records, out)
        for option in (o for value in positional for o in options(value)):
            if isinstance(option, Instance) and option.made is not None:
                self.record(option, out, 0)

    def _in_bulk(self, arguments: list[tuple[str, Value]], out: Parts) -> None:
        """``bulkWrite([{ updateOne: { filter, update } }])``: what the writes of a list choose and change, as they stand there or are made
        for each of several things."""
        for _, listed in arguments[:1]:
            for one in _rows(listed) or (self.evaluator.element(listed, listed.at),):
                got = self._shape(one)
                for key, entry in {**got.may, **got.must}.items():
                    if key not in _UPDATES:
                        continue
                    inner = self._shape(entry)
                    told = {**inner.may, **inner.must}
                    if "filter" in told:
                        self.choices.condition(told["filter"], out)
                    if "update" in told:
                        self.record(told["update"], out, 0)

    def _lists(self, link: Link, positional: list[Value], out: Parts) -> bool:
        """Whether a call stores the records of a list that is written out, or made for each of several things: ``create([values],
        options)``, ``upsert(rows.map((row) => ({ … })))``. A class may stand before it."""
        given = [v for v in positional if not isinstance(v, ClassV)][:1] if _OF_ROWS.match(link.name) else []
        rows = [row for value in given for option in options(value) for row in _rows(option)]
        if not rows or not all(is_record(row) or _is_made(row) for row in rows):
            return False
        for row in rows:
            self.record(row, out, 0)
        return True

    @staticmethod
    def _by_id(positional: list[Value], link: Link, out: Parts) -> list[Value]:
        """What is written by a call that finds by an id and writes; what others are given."""
        both = FINDS_AND_WRITES.fullmatch(link.name)
        if both is None or not both["id"] or len(positional) < 2:
            return positional
        out.keys.setdefault("id", positional[0])
        out.compared.add("id")
        return positional[1:2]

    def _one(self, value: Value, out: Parts) -> None:
        """A single record: ``{where, data}``, or the fields themselves; none where it is only told what to run in: ``{ transaction }``."""
        if self.choices.says_where(value):
            return
        got = self._shape(value)
        keys = {**got.may, **got.must}
        if "where" in keys or "data" in keys:
            for key in sorted(_DATA_KEYS, key=lambda k: k not in _FIRST_MADE):
                if key in keys:
                    self.record(keys[key], out, 0)
            if "where" in keys:
                self.choices.condition(keys["where"], out)
            for key in _IDS:
                if key in keys:
                    self.choices.key("id", keys[key], out)
            return
        self.record(value, out, 0)

    def _several(self, link: Link, positional: list[Value], records: list[Value], out: Parts) -> None:
        first, second = records[0], records[1]
        later = self._shape(second)
        if not (later.must or later.may) or self.choices.says_how(second):  # set(data, { merge: true }), update(values, { transaction })
            self.record(first, out, 0)
        elif "where" in later.must or "where" in later.may:
            self.record(first, out, 0)
            self.choices.condition({**later.may, **later.must}["where"], out)
        elif link.name.lower() in _UPSERTS:  # upsert(row, { onConflict: 'sku' })
            self.record(first, out, 0)
            self._chosen_by({**later.may, **later.must}, out)
        elif _OR_CREATE.search(link.name):
            self.record(first, out, 0)
            self.record(second, out, 0)
            self.choices.condition(first, out)
        elif positional[0] is first and _CREATING.match(link.name):  # create(values, options)
            self.record(first, out, 0)
        elif positional[0] is not first:  # the table's name stands first
            self.record(first, out, 0)
            self.choices.condition(second, out)
        else:
            self.choices.condition(first, out)
            self.record(second, out, 0)

    @staticmethod
    def _chosen_by(told: dict[str, Value], out: Parts) -> None:
        """The columns by which an upsert finds the row that is there already, and of the others none: ``{ onConflict: 'shop,sku' }``."""
        for value in (v for k, v in told.items() if k in CONFLICT_TARGETS):
            texts = (constant(item) for item in (value.items if isinstance(value, Seq) else (value,)))
            for column in (c.strip() for text in texts if text for c in text.split(",")):
                out.compared.add(column)
                if column in out.fields:
                    out.keys.setdefault(column, out.fields[column])

    def _counted(self, arguments: list[tuple[str, Value]], out: Parts) -> None:
        """``increment('stock', 2)``, ``decrement({stock: 2}, {where})``, ``increment({ id }, 'stock', 2)``"""
        named = next((n for n, (_, v) in enumerate(arguments) if constant(v) is not None), 0)
        if 0 < named < len(arguments) - 1 and is_record(arguments[named - 1][1]):  # TypeORM says first of which rows
            self.choices.condition(arguments[named - 1][1], out)
            arguments = arguments[named:]
        if not arguments:
            return
        name = constant(arguments[0][1])
        if name is not None:
            told = self._shape(arguments[1][1]) if len(arguments) > 1 else None  # `increment('stock', { by: n, where })`
            by = {**told.may, **told.must}.get("by") if told is not None else None
            out.fields[name] = by if by is not None else arguments[min(1, len(arguments) - 1)][1]
            out.relative.add(name)
        else:
            got = self._shape(arguments[0][1])
            for key, value in {**got.may, **got.must}.items():
                out.fields[key] = value
                out.relative.add(key)
        for _, value in arguments[1:]:
            got = self._shape(value)
            if where := {**got.may, **got.must}.get("where"):
                self.choices.condition(where, out)

    def record(self, value: Value, out: Parts, depth: int) -> None:
        """Every key of a record that is written; operators (``$set``, ``$inc``) are looked into."""
        if depth > 2:
            return
        got = self._shape(value)
        for key, entry in list({**got.may, **got.must}.items())[:_MOST_KEYS]:
            if key in _RELATIVE_KEYS:
                inner = self._shape(entry)
                for name, by in {**inner.may, **inner.must}.items():
                    out.fields[name] = by
                    out.relative.add(name)
            elif key in _DATA_KEYS and is_record(entry) and (key.startswith("$") or depth == 0):
                self.record(entry, out, depth + 1)
            else:
                self._store(key, entry, out)

    def _store(self, key: str, value: Value, out: Parts) -> None:
        out.fields[key] = value
        if self.is_relative(value) or self._reckoned_in_words(key, value):
            out.relative.add(key)

    def _reckoned_in_words(self, key: str, value: Value) -> bool:
        """Whether a function gives the expression by which the database works a value out from the old one:
        ``set({ stock: () => 'stock - :n' })``."""
        for option in options(value):
            if isinstance(option, FunctionV):
                body = self.program.body(option.fn)
                ends = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
                said = pattern(self.evaluator.value(option.fn, ends[0])) if len(ends) == 1 else ""
                if re.search(rf"\b{re.escape(key)}\b\W{{0,3}}\s*[-+]", said):
                    return True
        return False

    def is_relative(self, value: Value) -> bool:
        """Whether the database works a new value out: ``F('stock') - n``, ``Product.stock - n``, ``{decrement: n}``, raw SQL."""
        for option in options(value):
            if (
                isinstance(option, Mix)
                and option.op in ("+", "-", "*")
                and len(option.operands) > 1
                and any(self._is_column(o) for o in option.operands)
            ):
                return True
            if isinstance(option, Record) and any(key in _CHANGES for key, _ in option.entries):
                return True
            if self._is_raw(option) or counts_by(option):
                return True
        return False

    def _reckons(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a new value is reckoned from a column of a class of ours, however that declares it: ``Product.stock - n``."""
        body = self.program.body(fn)
        sides = body.args(i)[1:3] if body.op[i] == Op.BINARY else []
        holders = (self.evaluator.value(fn, body.args(side)[0], ctx) for side in sides if body.op[side] == Op.FIELD)
        return any(isinstance(o, ClassV) for holder in holders for o in options(holder))

    def _is_column(self, value: Value) -> bool:
        """A column, not a value read from one."""
        if self._is_raw(value) or self._is_declared(value):
            return True
        return isinstance(value, Member) and isinstance(value.base, (ClassV, External))

    @staticmethod
    def _is_declared(value: Value) -> bool:
        """A column by the call that declares it in its class: ``mapped_column(…)``, ``IntegerField(…)``."""
        name = value.callee.name.rpartition(".")[2] if isinstance(value, Result) and isinstance(value.callee, (External, Member)) else ""
        return name in ("mapped_column", "Column", "column_property") or name.endswith("Field")

    @staticmethod
    def _is_raw(value: Value) -> bool:
        name = value.callee.name.rpartition(".")[2] if isinstance(value, Result) and isinstance(value.callee, (External, Member)) else ""
        return name in _RAW

    def _shape(self, value: Value) -> Shape:
        return shape(self.evaluator, value)
