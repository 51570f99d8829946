"""Where stock is written, and how: by the database from the old value, from a value read earlier, or outright."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.effects import Place
from tillproof.commerce.entities import KEEPS, LINES, entity
from tillproof.commerce.handed_statements import says_update, update_handed
from tillproof.commerce.lexicon import counts, snake
from tillproof.commerce.names import written
from tillproof.commerce.plain_metas import OF_POST, meta_read
from tillproof.commerce.record_parts import counts_by
from tillproof.commerce.records import METAS
from tillproof.commerce.schema.stock import Stock, stock_tables
from tillproof.commerce.set_through import set_through
from tillproof.commerce.single_columns import column_of
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import (
    Const,
    Element,
    Instance,
    Member,
    Mix,
    Param,
    Record,
    Result,
    Text,
    Value,
    constant,
    options,
    pattern,
    pieces,
)
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.source.kinds import is_seed

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BETWEEN = "pivot"  # as Laravel calls a row of the table between two models

# What is promised to somebody, beside what there is: it goes up when something is sold.
_SOLD = re.compile(r"(^|_)sold(_|$)")
_THERE_IS = re.compile(
    r"(^|_)(available|capacity|stock|quantity|qty|limit|total|seats|remaining|left|max|count|inventory|allotment|quota)(_|$)"
)
_PROMISED = re.compile(r"(.*_)?(reserved|reservations?|allocated|allocations?|committed|ordered|sold|booked|held|on_hold)(_.*)?")
# What says whether there is any, or leads to the rows that count it, where no column of numbers is so called.
_MAY_BE_A_FLAG = ("in_stock", "inventory")
# The words by which a field may be called that counts goods.
_NAMED_SO = ("stock_fields", "stock_columns", "reserved_columns")
_TAKES_AWAY = re.compile(r"\$inc\b[^}]*:\s*-|-\s*\?|-\s*[$:@{%(]|[}\w\])\"'`]\s+-\s+[\w$\"'(]|decrement")
_CLAMPS = (
    "max",
    "min",
    "math.max",
    "math.min",
    "number",
    "int",
    "intval",
    "round",
    "abs",
    "greatest",
    "least",
    "parseint",
    "float",
    "floatval",
)
_MEMBER = re.compile(rb"(?:\.|->)\s*([A-Za-z_]\w*)")
_STATEMENT = re.compile(rb"[\"'`]\s*update\s", re.IGNORECASE)
_PLAINLY = re.compile(r"(available_?|total_?|stock_?)?(quantity|qty)|stock|available")
_DEEPEST = 6
_MOST_PIECES = 60
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class StockWrite:
    """A write of a stock field. ``how``: ``relative`` (worked out by the database), ``computed`` (from a value that was read before) or
    ``set`` (from somewhere else). ``down``: it takes away; None when that is not seen. ``by``: how much, where that is known.
    ``promised``: it counts what is promised to somebody, not what there is."""

    place: Place
    touch: Touch
    field: str
    how: Literal["relative", "computed", "set"]
    down: bool | None
    by: Value | None = None
    promised: bool = False

    @property
    def may_put_back(self) -> bool:
        """Whether it may give goods back: not one that takes some, nor one that only says how many there are."""
        return self.how != "set" and self.down is not (not self.promised)


_SAVES = ("save", "asave", "saveOrFail", "saveQuietly")


class StockWrites:
    """Finds them, by function; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._own: dict[Fn, list[StockWrite]] = {}
        self._writing: dict[str, AbstractSet[str]] = {}
        self._may = cache(lambda token: any(counts(t) or any(model.words.has(k, t) for k in _NAMED_SO) for t in _named(token)))

    @cached_property
    def tables(self) -> list[Stock]:
        """The tables that keep stock, as the schema declares them."""
        return list(stock_tables(self.model.schema, self.model.words, self.model.knowledge.providers))

    @cached_property
    def _columns(self) -> frozenset[tuple[str, str]]:
        """Entity and name of the columns that count goods."""
        return frozenset(
            (entity(table), snake(name.rpartition(".")[2]))
            for stock in self.tables
            for column in stock.columns
            for table in (stock.table.entity, stock.table.name)
            for name in (column.name, column.attribute)
            if table and name
        )

    @cached_property
    def all(self) -> list[StockWrite]:
        """Every write of stock in the code, in order of file and line."""
        found = []
        for file in self.model.program.indices:
            tokens = self.model.vocabulary.tokens(Fn(file, -1))
            if not is_seed(file) and any(self._may(t) for t in tokens):
                found += [w for fn in self.model.program.functions_at(file, self._telling(file)) for w in self.of(fn)]
        one_by_one = {place for w in found if w.how == "computed" and self._sets_field(w) for place in self._worked_out(w)}
        found = [w for w in found if not self._is_bulk(w) or one_by_one.isdisjoint(self._worked_out(w))]
        kept = {place for w in found if w.how == "computed" and not self._sets_field(w) for place in self._worked_out(w)}
        return [w for w in found if w.how != "computed" or not self._sets_field(w) or kept.isdisjoint(self._worked_out(w))]

    def _is_bulk(self, write: StockWrite) -> bool:
        """Whether a call stores many rows at once: what was worked out for each, and under which lock, stands where its field is set."""
        body = self.model.program.body(write.place.fn)
        return body.op[write.place.instr] == Op.CALL and write.how == "computed" and "bulk" in body.called(write.place.instr).lower()

    def _sets_field(self, write: StockWrite) -> bool:
        return self.model.program.body(write.place.fn).op[write.place.instr] == Op.SET_FIELD

    def _worked_out(self, write: StockWrite) -> set[tuple[Fn, int]]:
        """Where what is written, and what is stored along with it, was worked out: an object that takes it off itself, and the call that
        stores what the object holds then, are one write."""
        given = [v for v in write.touch.fields.values() if v is not None]
        return {(p.fn, p.instr) for p in pieces(given, _MOST_PIECES) if isinstance(p, Mix)}

    def _telling(self, file: str) -> Iterator[int]:
        """The offsets in a file at which stock may be written: calls that write or set something, members that are called like stock."""
        program = self.model.program
        language = program.language(file)
        for name, offsets in program.called(file).items():
            if self._writes(language, name):
                yield from offsets
        yield from (m.start() for m in _MEMBER.finditer(program.sources[file]) if self._may(m[1].decode()))
        yield from (m.start() for m in _STATEMENT.finditer(program.sources[file]))

    def of(self, fn: Fn) -> list[StockWrite]:
        """The writes of stock in a function itself."""
        if fn not in self._own:
            self._own[fn] = []
            if self._speaks(fn):
                body = self.model.program.body(fn)
                # A field that a page sets is what it shows: no database keeps it until something is called.
                ways = (Op.CALL,) if self.model.browser.runs(fn.file) else (Op.CALL, Op.SET_FIELD)
                telling = [i for i, op in enumerate(body.op) if op in ways and self._is_telling(fn, body, i)]
                touches = [
                    update_handed(self.model, fn, i) or self.model.records.touch(fn, i, None) or set_through(self.model, fn, i)
                    for i in telling
                ]
                if says_update(body):
                    touches += [update_handed(self.model, fn, i) for i, op in enumerate(body.op) if op == Op.CALL and i not in telling]
                found = [w for t in touches if t is not None and (w := self.write(t)) is not None]
                atomic = {snake(w.field) for w in found if w.how == "relative"}
                # An object that is brought up to date after the database has changed its row writes nothing, unless it is saved with that.
                self._own[fn] = [
                    w
                    for w in found
                    if w.how != "computed"
                    or snake(w.field) not in atomic
                    or body.op[w.touch.instr] != Op.SET_FIELD
                    or self._saved_whole(fn, body, w.touch.instr)
                ]
        return self._own[fn]

    def _saved_whole(self, fn: Fn, body: Body, i: int) -> bool:
        """Whether the object whose field is set is saved behind it, with all its fields."""
        program, target = self.model.program, written(self.model.program, fn, body.args(i)[0])
        for j in range(i + 1, len(body.op)):
            callee = body.args(j)[0] if body.op[j] == Op.CALL else -1
            saves = callee >= 0 and body.op[callee] == Op.FIELD and body.name(callee) in _SAVES and not body.call(j)[1]
            if saves and written(program, fn, body.args(callee)[0]) == target:
                return True
        return False

    def _speaks(self, fn: Fn) -> bool:
        """Whether a function says a word of stock, or one around it, whose variables it may send: ``retry(() => store.send(command))``."""
        return any(self._may(t) for one in (fn, *self.model.program.around(fn)) for t in self.model.vocabulary.tokens(one))

    def _is_telling(self, fn: Fn, body: Body, i: int) -> bool:
        """Whether an instruction may write stock, by the name of what it calls or sets."""
        if body.op[i] == Op.SET_FIELD:
            return self._may(body.name(i))
        return self._writes(self.model.program.language(fn.file), body.called(i).lower())

    def _writes(self, language: str, name: str) -> bool:
        """Whether a call by a name (lower case) may write something."""
        if language not in self._writing:
            recogniser = self.model.recogniser
            words = recogniser.effects[language].words() | recogniser.shared[language, "once"].words()
            self._writing[language] = words | {m.lower() for m in METAS}
        return name in self._writing[language] or name.startswith("set")

    def write(self, touch: Touch) -> StockWrite | None:
        """A touch as a write of stock, if it is one."""
        if touch.kind not in ("write", "upsert") or self._between_lines(touch):
            return None
        for name, value in touch.fields.items():
            if (holder := self._only_holder(touch, name)) is not None:
                touch = replace(touch, entity=holder)
            if not (self.is_stock(touch.entity, name) or self._in_goods(touch, name)) or (
                counts(name.rpartition(".")[2]) and self._is_line(touch.record)
            ):
                continue
            place = Place(touch.fn, touch.instr, touch.ctx)
            promised = any(_PROMISED.fullmatch(snake(n)) for n in (name, touch.entity))
            if name in touch.relative:
                by = self._amount(value, name)
                if isinstance(by, Mix) and by.op == "-" and len(by.operands) == 1 and by.fn == touch.fn:
                    by = by.operands[0]  # `$inc: {stock: -n}`: the sign that stands here has been read
                elif isinstance(by, Const) and by.text.startswith("-"):
                    by = Const(by.at, by.kind, by.text[1:])
                return StockWrite(place, touch, name, "relative", self.takes_away(touch, name, value), by, promised)
            if value is not None and not self._is_copied(touch) and (mix := self._computed(value, name, 0)) is not None:
                return StockWrite(place, touch, name, "computed", mix.op == "-", self._amount(mix, name), promised)
            return StockWrite(place, touch, name, "set", None, None, promised)
        return None

    def _only_holder(self, touch: Touch, field: str) -> str | None:
        """The one kind of record that has a stock column so called, where the kind that a record was taken for is declared without it:
        what ``order.getItems()`` gives are no orders."""
        if not self.model.words.has("stock_columns", snake(field)) or (touch.entity, snake(field)) in self._columns:
            return None
        taken_for = self.model.schema.table(touch.entity, touch.fn.file) if touch.entity else None
        if taken_for is None or taken_for.open or taken_for.documents or taken_for.column(field) is not None:
            return None
        found = {s.table.entity or s.table.name for s in self.tables if any(field in (c.name, c.attribute) for c in s.columns)}
        return snake(found.pop()) if len(found) == 1 else None

    def _is_copied(self, touch: Touch) -> bool:
        """Whether a field is set to the field of another record: ``product.stock = variant.stock`` keeps what was worked out there."""
        body = self.model.program.body(touch.fn)
        if body.op[touch.instr] != Op.SET_FIELD:
            return False
        target, _, value = body.args(touch.instr)
        if body.op[value] != Op.FIELD or body.name(value) != body.name(touch.instr):
            return False
        return written(self.model.program, touch.fn, body.args(value)[0]) != written(self.model.program, touch.fn, target)

    def _written_at(self, touch: Touch) -> list[tuple[Fn, int]]:
        """The calls in which a write says what it does: itself, and for a statement the one that prepared it."""
        chain = self.model.records.chains.of(touch.fn, touch.instr, touch.ctx) if touch.effect == "sql" else None
        return [(touch.fn, touch.instr), *((link.fn, link.call) for link in (chain.calls() if chain else ()) if link.call != touch.instr)]

    def _text(self, fn: Fn, call: int) -> str:
        body = self.model.program.body(fn)
        first, last = body.line[call], min(body.end_line[call], body.line[call] + _LONGEST)
        return " ".join(self.model.program.line_text(fn.file, n) for n in range(first, last + 1))

    def _amount(self, value: Value | None, field: str) -> Value | None:
        """What is added or taken: the other operand of a sum, or the value by which a call counts."""
        for option in options(value) if value is not None else ():
            if isinstance(option, Mix) and option.op in ("+", "-") and len(option.operands) == 2:
                others = [o for n, o in enumerate(option.operands) if not self._is_field(option, n, field)]
                return others[-1] if others else None
            if isinstance(option, Record):
                return next((v for k, v in option.entries if k in ("increment", "decrement")), None)
        return value

    def is_stock(self, kind: str, field: str) -> bool:
        """Whether a field of a kind of record keeps how many there are: by its name, or because the schema says so."""
        plain = snake(field.rpartition(".")[2])  # of what a document lists: `variants.$.stock`
        if LINES.fullmatch(kind) or self._only_counts_sales(kind, plain):
            return False
        if self.model.words.has("stock_fields", plain) and plain not in _MAY_BE_A_FLAG:
            return not plain.endswith(("_status", "_id", "_at"))
        if kind == _BETWEEN and counts(plain):  # which table is between is not said: one without a model of its own
            return any(s.table.model is None and any(snake(c.name) == plain for c in s.columns) for s in self.tables)
        if kind == OF_POST and self.model.words.has("stock_columns", plain):
            return True
        named = counts(plain) or any(self.model.words.has(words, plain) for words in _NAMED_SO[1:])
        if named and KEEPS.fullmatch(kind) is not None and plain not in _MAY_BE_A_FLAG:
            return True
        return (counts(plain) or plain in _MAY_BE_A_FLAG) and (kind, plain) in self._columns

    def _in_goods(self, touch: Touch, name: str) -> bool:
        """Whether what is counted lies in a list that the document of a product holds: ``product.sizes.find(…).quantity``."""
        plain = snake(name)
        if not _PLAINLY.fullmatch(plain) or touch.record is None or self.is_stock(touch.entity, name) or LINES.fullmatch(touch.entity):
            return False
        around = list(options(touch.record))
        for _ in range(_DEEPEST):
            around = [outer for value in around for outer in taken_out_of(value)]
            read = next(
                (r for value in around if (r := self.model.records.read_behind(value)) is not None and r.entity != touch.entity), None
            )
            if read is not None:
                return KEEPS.fullmatch(read.entity) is not None and LINES.fullmatch(read.entity) is None
        return False

    def _only_counts_sales(self, kind: str, plain: str) -> bool:
        """Whether a field counts what was sold in a table that says nowhere how much there is: figures of a day, of somebody who refers."""
        table = self.model.schema.table(kind) if _SOLD.search(plain) else None
        if table is None or table.documents or table.column(plain) is None:
            return False
        return not any(_THERE_IS.search(snake(c.name)) and not _PROMISED.fullmatch(snake(c.name)) for c in table.columns.values())

    def _between_lines(self, touch: Touch) -> bool:
        """Whether a row of Laravel's between two models belongs to a cart or an order, ``$cart->products()->find($id)->pivot``, or is
        written by a method of a model that nobody calls."""
        if touch.entity != _BETWEEN or touch.instr < 0:
            return False
        chain = self.model.records.chains.of(touch.fn, self.model.program.body(touch.fn).args(touch.instr)[0], touch.ctx)
        program, name = self.model.program, self.model.program.name(touch.fn)
        calling = (fn for f in program.mentioning(name) for fn in program.functions_calling_name(f, name))
        if chain.names()[:2] == ["this", _BETWEEN] and all(fn == touch.fn for fn in calling):
            return True
        return any(LINES.fullmatch(entity(snake(name))) for name in chain.names())

    def _is_line(self, record: Value | None) -> bool:
        """Whether a record is one of those that a cart or order lists, whatever the variable is called that it was found into:
        ``cart.products.find(…)``."""
        for option in options(record) if record is not None else ():
            rows = option.callee.base if isinstance(option, Result) and isinstance(option.callee, Member) else None
            rows = option.base if isinstance(option, Element) else rows
            for held in options(rows) if rows is not None else ():
                read = self.model.records.read_behind(held.base) if isinstance(held, Member) else None
                if read is not None and LINES.fullmatch(read.entity):
                    return True
        return False

    def _computed(self, value: Value, field: str, depth: int) -> Mix | None:
        """The sum or difference of what was read before that a value is, clamped or chosen perhaps."""
        if depth > _DEEPEST:
            return None
        for option in options(value):
            if (
                isinstance(option, Mix)
                and option.op in ("+", "-")
                and len(option.operands) == 2
                and any(self._was_read(o, field, 0) or self._is_field(option, n, field) for n, o in enumerate(option.operands))
                and not self._adds_up(option)
            ):
                return option
            below: list[Value] = []
            if isinstance(option, Mix):
                below = list(option.operands)
            elif isinstance(option, Result) and option.instr >= 0 and self._clamps(option):
                below = [v for _, v in self.model.evaluator.arguments(option)]
            for inner in below:
                if (found := self._computed(inner, field, depth + 1)) is not None:
                    return found
        return None

    def _adds_up(self, mix: Mix) -> bool:
        """Whether a sum is what a loop adds up from nothing: ``total = 0``, then ``total += row.stock`` for each row."""
        body, defuse = self.model.program.body(mix.fn), self.model.evaluator.defuse(mix.fn)
        for row in body.args(mix.instr)[1:] if body.op[mix.instr] == Op.BINARY else ():
            stores = defuse.reaching(row, body.name(row)).stores if body.op[row] == Op.NAME else ()
            begun = [c[1] for s in stores if body.op[s] == Op.STORE and (c := body.const(body.args(s)[1])) is not None]
            if len(stores) > 1 and begun and all(text == "0" for text in begun):
                return any(body.op[s] == Op.STORE and body.args(s)[1] == mix.instr for s in stores)
        return False

    def _clamps(self, value: Result) -> bool:
        name = getattr(value.callee, "name", "")
        return isinstance(name, str) and name.rpartition(".")[2].lower() in {c.rpartition(".")[2] for c in _CLAMPS}

    def _was_read(self, value: Value, field: str, depth: int) -> bool:
        """Whether a value is the same field, or one like it, of a record that was fetched."""
        if depth > 3:
            return False
        for option in options(value):
            if (
                isinstance(option, Member)
                and self._alike(option.name, field)
                and isinstance(option.base, (Member, Element, Instance, Result, Param))
                and not self.model.records.is_plain(option.base)
            ):
                return True
            if isinstance(option, Member) and isinstance(option.base, Member) and self._alike(option.name, field):
                return True
            if isinstance(option, Result) and isinstance(option.callee, Member) and self._alike(_getter(option.callee.name), field):
                return True
            if (kept := meta_read(self.model, option)) and self._alike(kept, field):
                return True
            column = self._column_at(option) if isinstance(option, Element) else column_of(self.model, option)
            if column and self._alike(column, field):
                return True
            inner = option.operands if isinstance(option, Mix) else self._handed_through(option, field)
            if any(self._was_read(o, field, depth + 1) for o in inner):
                return True
        return False

    def _column_at(self, value: Element) -> str:
        """The column that stands at a place of a row that a statement gave: ``cursor.fetchone()[0]``."""
        row, key = value.base, value.key
        if not isinstance(row, Result) or row.instr < 0 or not isinstance(key, Const) or not key.text.isdigit():
            return ""
        return self.model.records.column(row.fn, row.instr, int(key.text), row.ctx)

    def _handed_through(self, value: Value, field: str) -> list[Value]:
        """What a call is given that hands it back within bounds, ``max(0, stock)``; or the member that it reads of a document,
        ``product.get("quantity", 0)``."""
        if not isinstance(value, Result) or value.instr < 0:
            return []
        given = [v for _, v in self.model.evaluator.arguments(value)]
        if self._clamps(value):
            return given
        key = constant(given[0]) if given and isinstance(value.callee, Member) and value.callee.name == "get" else None
        if key is None or not isinstance(value.callee, Member) or not self._alike(key.strip("'\""), field):
            return []
        return [Member(value.at, value.callee.base, field)]

    def _is_field(self, mix: Mix, operand: int, field: str) -> bool:
        """Whether an operand is written as the field itself: ``self.stock - n``, whatever the class says of ``stock``; or as what a method
        of ours gives that is called after it, ``$left = $product->getStock()``."""
        body = self.model.program.body(mix.fn)
        rows = body.args(mix.instr)[1:] if body.op[mix.instr] == Op.BINARY else []
        if operand >= len(rows):
            return False
        row = rows[operand]
        stores = self.model.evaluator.defuse(mix.fn).reaching(row, body.name(row)).stores if body.op[row] == Op.NAME else ()
        row = body.args(stores[0])[1] if len(stores) == 1 and body.op[stores[0]] == Op.STORE else row
        read, name = row, body.name(row) if row in rows and body.op[row] == Op.FIELD else ""
        if body.op[row] == Op.CALL and not body.call(row)[1] and body.called(row).lower().startswith("get"):
            read, name = body.args(row)[0], _getter(body.called(row))
        if not name or body.op[read] != Op.FIELD or not self._alike(name, field):
            return False
        holder = self.model.evaluator.value(mix.fn, body.args(read)[0])
        return not any(self.model.records.is_plain(o) for o in options(holder))

    def _alike(self, name: str, field: str) -> bool:
        plain = snake(name)
        return plain == snake(field) or (counts(plain) and counts(field)) or self.model.words.has("stock_fields", plain)

    def takes_away(self, touch: Touch, field: str, value: Value | None) -> bool | None:
        """Whether the database takes away: by what is written, by the name of the call, or by the sign."""
        if touch.lowered is not None:
            return field in touch.lowered
        body = self.model.program.body(touch.fn)
        callee = body.args(touch.instr)[0] if body.op[touch.instr] == Op.CALL else -1
        word = body.name(callee).lower() if callee >= 0 and body.op[callee] in (Op.NAME, Op.FIELD) else ""
        if "decrement" in word or "increment" in word:  # `increment({ stock: -n })` takes away
            return ("decrement" in word) != any(_turned_round(o) for o in (options(value) if value is not None else ()))
        for option in options(value) if value is not None else ():
            if isinstance(option, Mix) and option.op in ("+", "-") and len(option.operands) == 2:
                return option.op == "-"
            if _turned_round(option):
                return True
            if counts_by(option) and isinstance(option, Result):
                return any(_turned_round(v) for _, v in self.model.evaluator.arguments(option))
            if isinstance(option, Record) and (said := {k for k, _ in option.entries} & {"increment", "decrement"}):
                return "decrement" in said
            told = pattern(option) if isinstance(option, (Text, Const)) else ""  # `set('stock', 'stock - ' . $n, FALSE)`
            if (sign := re.search(rf"(?<!\w){re.escape(field)}[`\"\]]?\s*([+-])", told)) is not None:
                return sign[1] == "-"
        text = " ".join(self._text(fn, call) for fn, call in self._written_at(touch))
        if "$inc" in text and (own := re.search(rf"(?<![\w$]){re.escape(field)}[\"']?\s*:\s*(-?)", text[text.index("$inc") :])):
            return bool(own[1])  # of several fields each has its sign: `{ $inc: { stock: 1, reserved: -1 } }`
        if _TAKES_AWAY.search(text):
            return True
        return False if re.search(r"\$inc\b|\+\s*[\w$?:@{%(\"']", text) else None


def taken_out_of(value: Value) -> list[Value]:
    """What a value was taken out of: the record of a member, the list of an element, what a method was asked of."""
    if isinstance(value, Result):
        return list(options(value.callee.base)) if isinstance(value.callee, Member) else []
    return list(options(value.base)) if isinstance(value, (Member, Element)) else []


def _turned_round(value: Value) -> bool:
    """Whether a number is below nothing, or the negative of another: ``-1``, ``-n``, ``n * -1``."""
    if isinstance(value, Const):
        return value.kind == Kind.NUMBER and value.text.startswith("-")
    if not isinstance(value, Mix):
        return False
    if value.op == "-" and len(value.operands) == 1:
        return True
    return value.op == "*" and any(constant(o) == "-1" for o in value.operands)


def _named(token: str) -> tuple[str, ...]:
    """A word of the source, and the field that it sets or gets: ``setQuantity``, ``get_stock``."""
    plain = snake(token)
    return (token, plain[4:]) if plain.startswith(("set_", "get_")) else (token,)


def _getter(name: str) -> str:
    """What a getter gives: ``getQty`` gives ``qty``."""
    plain = snake(name)
    return plain.removeprefix("get_")
