"""Where stock is taken for a customer, and what keeps two customers from taking the same piece."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.chosen_rows import LOCKING
from tillproof.commerce.effects import Place
from tillproof.commerce.entities import ORDER
from tillproof.commerce.heard import is_heard
from tillproof.commerce.lasting_locks import lets_go
from tillproof.commerce.let_pass import let_pass
from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.tables import Table
from tillproof.commerce.spent import Spent, spent
from tillproof.commerce.stock_looks import looked_at
from tillproof.commerce.stock_triggers import StockTrigger, stock_triggers
from tillproof.commerce.stock_writes import StockWrite, taken_out_of
from tillproof.commerce.taken_back import refused_below_nought
from tillproof.commerce.under_keys import under_key
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, FunctionV, Mix, Param, Seq, Value, leaves, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What one buyer alone has: a lock on it keeps no other buyer away.
_ONE_BUYERS = re.compile(r"(.*_)?(order|cart|basket|checkout|quote|payment|invoice|user|customer|session|account|transaction|event)(_.*)?")
_BUYERS = re.compile(r"(.*_)?(client|buyer|member|wallet|profile|subscriber|guest)s?")  # of records only: `redis_client` locks for all
GOODS = re.compile(r"(.*_)?(stock|inventory|product|variant|sku|listing|goods)s?(_.*)?")
_RESERVES = re.compile(r"(.*_)?(reserved|reservations?|allocated|allocations?|committed|ordered|on_hold)(_.*)?")
_SELLING = re.compile(r"order|checkout|cart|basket|purchase|sale|sell|sold|buy|booking|ticket", re.IGNORECASE)
_SELLING_ABROAD = re.compile(rf"(.*_)?({ORDER}|panier|carrito|carrinho|warenkorb|carrello|keranjang)s?(_.*)?")
_NO_SALE = re.compile(r"import|seed|fixture|migrat|factory|faker|demo|install|sync", re.IGNORECASE)
_TAKING = re.compile(r"reduc|decreas|deduct|take|consum|subtract|decrement|sell", re.IGNORECASE)
_OF_DOCUMENTS = re.compile(r"runtransaction|withtransaction|starttransaction|connection\.transaction", re.IGNORECASE)
_BEGINS_FUNCTION = re.compile(r"\basync\b|\bfunction\b|\bfn\b|\([\w\s,:]*\)\s*=>|\w+\s*=>")
_MOST_CALLERS = 12
_LEVELS = 2
_LINES = 6

Flaw = Literal["unlocked", "unheard", "unasked", "blind", "let go"]


class Kept(NamedTuple):
    """What keeps more from being taken than there is: the line, and why in words."""

    file: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Taking:
    """A line that takes stock. ``kept``: why it cannot take what is gone; else ``flaw``: ``unlocked``, nothing keeps others out between a
    look and the write; ``unheard``, nobody asks whether a conditional update changed a row, or nothing comes of it; ``unasked``, under a
    lock nobody is seen to ask what is left; ``blind``, what is asked under the lock finds nothing, since a generator was ``spent`` on
    another question; ``let go``, the lock ends with the statement that takes it. ``compared``: where what is left was looked at.
    ``table``: the table, where it is declared. ``others``: where the same function takes stock with the same flaw."""

    place: Place
    write: StockWrite
    table: Table | None
    kept: Kept | None
    flaw: Flaw
    compared: Place | None
    spent: tuple[Fn, Spent] | None = None
    others: tuple[Place, ...] = ()


class Takings:
    """Finds and judges them; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program

    @cached_property
    def triggers(self) -> list[StockTrigger]:
        """Those that the database makes by itself."""
        return stock_triggers(self.model)

    @cached_property
    def all(self) -> list[Taking]:
        """Every taking that a customer may bring about, in order of file and line. Where stock is reserved, what is counted off after
        that is none, unless it asks itself whether enough is left; what a routine of the database takes is told there."""
        writes = [
            w for w in self.model.stock_writes.all if w.how != "set" and (w.place.fn, w.place.instr) not in self.model.routines.called
        ]
        found = [(w, p) for w in writes for p in self._taking(w)]
        reserving = {self.program.unit(p.fn.file) for w, p in found if w.promised and self._reserves(w)}
        kept = [
            (w, p)
            for w, p in found
            if (self._reserves(w) or self.program.unit(p.fn.file) not in reserving or self._is_conditional(w))
            and not self.model.staff_only(p.fn)
            and not self.model.unused.left_behind(p.fn)
            and (self.for_sale(p.fn) or ((w.promised or self._speaks_of_goods(p.fn)) and self._by_names(p.fn)))
        ]
        by_function: dict[Fn, list[Taking]] = {}
        for write, place in kept:
            by_function.setdefault(place.fn, []).append(self._judge(write, place))
        return [_one_of(found) for found in by_function.values()]

    @cached_property
    def any_by_staff(self) -> list[StockWrite]:
        """What staff alone takes."""
        return [w for w in self.model.stock_writes.all if w.how != "set" for p in self._taking(w) if self.model.staff_only(p.fn)]

    def _reserves(self, write: StockWrite) -> bool:
        return any(_RESERVES.fullmatch(snake(n)) for n in (write.field, write.touch.entity))

    # --- which writes take

    def _taking(self, write: StockWrite) -> list[Place]:
        """Where a write takes stock: at itself, or at those of the calls of its function that hand over what is to be taken."""
        down = write.down
        if down is None:
            down = True if _TAKING.search(self.program.name(write.place.fn)) else None
        if down is None:
            return []
        params = [leaf for leaf in leaves(write.by, 60) if isinstance(leaf, Param) and leaf.fn == write.place.fn] if write.by else []
        callers = self.model.callers.of(write.place.fn)[:_MOST_CALLERS] if params else []
        if not callers:
            given = [v for p in dict.fromkeys(params) for v in self._by_name(write.place.fn, p)]
            if given and all(_is_negative(v) for v in given):
                down = not down
            return [write.place] if down != write.promised else []
        takes: list[Place] = []
        for caller, call, target in callers:
            ctx = self.model.evaluator.context(target, caller, call, None)
            again = self.model.records.touch(write.place.fn, write.place.instr, ctx)
            inner = self.model.stock_writes.write(again) if again is not None else None
            by = inner.by if inner is not None else None
            here = inner.down if inner is not None and inner.down is not None else down  # what it is told may choose: in, out
            if (here != _is_negative(by)) != write.promised:
                takes.append(Place(caller, call, None))
        return [write.place] if len(takes) == len(callers) else takes

    def _by_name(self, fn: Fn, param: Param) -> list[Value]:
        """What the calls of a method hand over, where it can be told by its name alone which method they mean."""
        name = self.program.name(fn)
        if len(self.program.functions_by_name[name]) != 1:
            return []
        bound = 1 if self.program.body(fn).params[:1] and self.program.body(fn).params[0].name in ("self", "cls") else 0
        out = []
        for file in self.program.mentioning(name):
            for caller in self.program.functions_calling_name(file, name):
                body = self.program.body(caller)
                for i, op in enumerate(body.op):
                    if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) == name:
                        rows = [v for _, v in body.call(i)[1]]
                        if 0 <= param.number - bound < len(rows):
                            out.append(self.model.evaluator.value(caller, rows[param.number - bound]))
        return out

    def for_sale(self, fn: Fn) -> bool:
        """Whether a function, or one that calls it, speaks of orders; and none is there to fill a shop with goods."""
        if _NO_SALE.search(self.program.name(fn)) or _NO_SALE.search(fn.file.rpartition("/")[2]):
            return False
        here = [fn, *self.program.around(fn)]  # what runs in a function that it is handed to
        around = dict.fromkeys(here)
        for _ in range(_LEVELS):
            here = [c for f in here for c, _, _ in self.model.callers.of(f)[:_MOST_CALLERS] if c not in around]
            around.update(dict.fromkeys(here))
        return any(says_sale(t) for f in around for t in (*self.model.vocabulary.tokens(f), self.program.qualified(f), self._hung_on(f)))

    def _hung_on(self, fn: Fn) -> str:
        """What a function is hung on, as it is written there: an event, a signal, the hook of a model.
        ``@receiver(post_save, sender=Order)``, ``orderSchema.post('save', …)``, ``@OnEvent('order.created')``"""
        outer = self.program.parent(fn) or Fn(fn.file, TOP)
        body = self.program.body(outer)
        rows = [i for i, op in enumerate(body.op) if op == Op.DECORATE and body.args(i)[0] == 0 and body.args(i)[1] == fn.number]
        text = " ".join(self.program.line_text(fn.file, n) for i in rows for n in range(body.line[i], body.end_line[i] + 1))
        handed = self.model.regions.handed_to(fn)
        return f"{text} {self.program.line_text(handed.fn.file, self.program.body(handed.fn).line[handed.instr])}" if handed else text

    def _speaks_of_goods(self, fn: Fn) -> bool:
        name = self.program.name(fn)
        return GOODS.fullmatch(snake(name)) is not None or _TAKING.search(name) is not None

    def _by_names(self, fn: Fn) -> bool:
        """Whether what is promised is promised by a function that is called, by its name alone, where orders are spoken of: on an object
        that somebody hands in later, ``stock.allocate(order)``."""
        name = self.program.name(fn)
        if _NO_SALE.search(name) or self.model.callers.of(fn) or len(self.program.functions_by_name[name]) != 1:
            return False
        calling = (c for file in self.program.mentioning(name) for c in self.program.functions_calling_name(file, name))
        return any(says_sale(t) for c in calling for t in (*self.model.vocabulary.tokens(c), self.program.qualified(c)))

    # --- what keeps them

    def _judge(self, write: StockWrite, place: Place) -> Taking:
        table = self.model.schema.table(write.touch.entity, place.fn.file) if write.touch.entity else None
        compared = looked_at(self.model, write, place)
        kept, flaw = self._conditional(write), "unlocked"
        if kept is None and self._is_conditional(write):
            flaw = "unheard"
        if kept is None:
            kept = self.bounded(write, table) or self.refused(write, table) or self._taken_back(write)
        if kept is None:
            locks = [place] if self.locks_rows(write) else self.model.regions.locked_everywhere(place, self.keeps_others_away)
            if not locks and place != write.place:
                inner = self.model.regions.lock(write.place, self.keeps_others_away)
                locks = [inner] if inner is not None else []
            if not locks and (claimed := under_key(self.model, write.place, self.keeps_others_away)) is not None:
                locks = [claimed]
            if locks and not self.lasting(write, locks):
                locks, flaw = [], "let go"
            if locks and (blind := self._blind(locks[0], place, write)) is not None:
                return Taking(place, write, table, None, "blind", compared, blind)
            if locks and compared is not None:
                kept = self._at(locks[0], "the stock is locked while it is looked at and taken")
            elif locks and (where := self._refused_below(write, table)) is not None:
                kept = Kept(*where, "the stock is locked, and the database refuses to go below what there is")
            elif locks:
                flaw = "unasked"
        return Taking(place, write, table, kept, flaw, compared)  # type: ignore[arg-type]

    def _locking(self, write: StockWrite) -> list[Place]:
        """Where the rows that are written were read under a lock."""
        read = self.model.records.read_behind(write.touch.record) if write.touch.record is not None else None
        return [Place(read.fn, read.instr, read.ctx)] if read is not None and read.locked else [write.place]

    def _blind(self, *places: Place | StockWrite) -> tuple[Fn, Spent] | None:
        """A generator that was spent on one question before another asks with it what is left, where stock is locked or taken."""
        functions = dict.fromkeys(p.fn if isinstance(p, Place) else p.place.fn for p in places)
        return next(((fn, found) for fn in functions if (found := spent(self.model, fn)) is not None), None)

    def _at(self, place: Place, what: str) -> Kept:
        return Kept(place.fn.file, self.program.body(place.fn).line[place.instr], what)

    def locks_rows(self, write: StockWrite) -> bool:
        """Whether the very rows were locked when they were chosen: not those of an order or cart that leads to them."""
        if not write.touch.locked:
            return False
        if self.program.body(write.place.fn).op[write.place.instr] == Op.CALL and write.touch.keys:
            return not self._led_to_by_buyer(write)
        read = self.model.records.read_behind(write.touch.record) if write.touch.record is not None else None
        return read is not None and read.locked and not _ONE_BUYERS.fullmatch(read.entity)

    def _led_to_by_buyer(self, write: StockWrite) -> bool:
        """Whether it is the row of an order that was locked which leads to the stock: ``$lockedOrder->items``, ``$item->product``."""
        records = self.model.records
        links = [link for link in records.chains.of(*write.place).calls() if link.name.lower() in LOCKING]
        named = {records.holder(link.fn, link.call, link.ctx)[0] for link in links} - {write.touch.entity}
        return bool(named) and all(_ONE_BUYERS.fullmatch(n) for n in named)

    def keeps_others_away(self, lock: Place) -> bool:
        """Whether a lock is on more than what one buyer has to himself."""
        touch = self.model.records.touch(lock.fn, lock.instr, lock.ctx)
        named = touch.entity if touch is not None else self.model.records.holder(lock.fn, lock.instr, lock.ctx)[0]
        if named in self._stocked:
            return True  # the row that holds what is left, ``Event.available_tickets``, is every buyer's
        if named and (GOODS.fullmatch(named) or _ONE_BUYERS.fullmatch(named) or _BUYERS.fullmatch(named)):
            return GOODS.fullmatch(named) is not None
        words = [snake(w) for w in re.findall(r"[A-Za-z_]\w+", self._said(lock))]
        if any(GOODS.fullmatch(w) for w in words) or not any(_ONE_BUYERS.fullmatch(w) for w in words):
            return True
        return touch is None and self._has_one_name(lock)

    @cached_property
    def _stocked(self) -> frozenset[str]:
        """The kinds of records of which something is left, and taken."""
        return frozenset(w.touch.entity for w in self.model.stock_writes.all if w.touch.entity)

    def _has_one_name(self, lock: Place) -> bool:
        """Whether a lock is always the same, ``Cache::lock('checkout', 10)``: every order waits for it, whoever it is of."""
        chains = self.model.records.chains
        links = list(chains.of(lock.fn, lock.instr, lock.ctx).calls())
        given = [v for link in links for _, v in chains.arguments(link) if not isinstance(v, FunctionV)]
        names = [one for v in given for one in (v.items if isinstance(v, Seq) else (v,))]
        return any(isinstance(n, Const) and n.kind == Kind.STRING for n in names) and all(isinstance(n, Const) for n in names)

    def _said(self, lock: Place) -> str:
        """How a lock is written, without what is done under it."""
        body = self.program.body(lock.fn)
        inner = [body.line[v] for _, v in body.call(lock.instr)[1] if body.op[v] == Op.FUNCTION] if body.op[lock.instr] == Op.CALL else []
        last = min([body.end_line[lock.instr], *inner])
        lines = [self.program.line_text(lock.fn.file, n) for n in range(body.line[lock.instr], last + 1)]
        if inner:
            lines[-1] = _BEGINS_FUNCTION.split(lines[-1])[0]
        return " ".join(lines)

    def lasting(self, write: StockWrite, locks: list[Place]) -> bool:
        """Whether a lock under which stock is written is still held then."""
        own = locks == [write.place] and self.locks_rows(write)
        return bool(locks) and not all(lets_go(self.model, lock) for lock in (self._locking(write) if own else locks))

    def _is_conditional(self, write: StockWrite) -> bool:
        """Whether rows are changed only where enough is left, or where nothing has changed since they were read."""
        touch = write.touch
        if touch.kind != "write":
            return False
        about = [n for n in touch.compared if self._same_count(n, write)]
        if write.how == "relative":
            return any(n not in touch.keys for n in about)
        return any(n in touch.keys for n in about) or any(
            re.fullmatch(r"(lock_?)?version|revision|rev|_?etag", snake(n)) for n in touch.keys
        )

    def _same_count(self, name: str, write: StockWrite) -> bool:
        return snake(name) == snake(write.field) or self.model.stock_writes.is_stock(write.touch.entity, name)

    def _conditional(self, write: StockWrite) -> Kept | None:
        if not self._is_conditional(write):
            return None
        at = write.place
        if self._insists(at):
            return self._at(at, "only rows with enough left are changed, and it throws where there is none")
        if is_heard(self.model, at.fn, at.instr) and let_pass(self.model, at) is None:
            return self._at(at, "only rows with enough left are changed, and it is asked whether one was")
        return None

    def _insists(self, at: Place) -> bool:
        """Whether an update throws where it finds no row."""
        known = self.model.recogniser.effect(at.fn, at.instr, at.ctx) if self.program.body(at.fn).op[at.instr] == Op.CALL else None
        return known is not None and known[0].insists

    def bounded(self, write: StockWrite, table: Table | None) -> Kept | None:
        """A constraint of the database, which refuses an update that it works out itself."""
        if table is None or write.how != "relative":
            return None
        where = self._refused_below(write, table)
        if where is None and write.promised:
            column = table.column(write.field)
            others = [c.name for c in table.columns.values() if column is not None and c.name != column.name and c.numeric]
            texts = [c for c in table.checks if column is not None and column.name in c.text and any(o in c.text for o in others)]
            where = (texts[0].file, texts[0].line) if texts else None
        return Kept(*where, "the database refuses to go below what there is") if where is not None else None

    def _refused_below(self, write: StockWrite, table: Table | None) -> tuple[str, int] | None:
        """The constraint by which the column takes nothing below nought."""
        return self.model.schema.non_negative(table, write.field) if table is not None and not write.promised else None

    def _taken_back(self, write: StockWrite) -> Kept | None:
        asked = refused_below_nought(self.model, write)
        return self._at(asked, "who took more than there was is refused after the write") if asked is not None else None

    def refused(self, write: StockWrite, table: Table | None) -> Kept | None:
        """What refuses a write of a row that another has changed since it was read."""
        return self._by_version(write, table) or self._in_transaction(write, table) or self._swapped(write)

    def _swapped(self, write: StockWrite) -> Kept | None:
        """An update that names the value it started from, ``findOneAndUpdate({_id, stock: before}, …)``, and whose answer is heard."""
        if write.how != "computed" or not self._is_conditional(write) or self._conditional(write) is None:
            return None
        return self._at(write.place, "the row is written only where it still holds what was read, and it is asked whether it did")

    def _by_version(self, write: StockWrite, table: Table | None) -> Kept | None:
        version = table.version if table is not None and write.how == "computed" else None
        return Kept(version.file, version.line, "the write is refused when the row has changed since it was read") if version else None

    def _in_transaction(self, write: StockWrite, table: Table | None) -> Kept | None:
        """A transaction that by itself refuses what another has changed in between: of a document store, or a serializable one."""
        if self.model.records.serial.runs(write.place.fn, write.place.ctx):
            return self._at(write.place, "the transaction is refused when another has changed what was read in it")
        for place in self.model.regions.in_transaction(write.place):
            body = self.program.body(place.fn)
            text = " ".join(self.program.line_text(place.fn.file, n) for n in range(body.line[place.instr], body.end_line[place.instr] + 1))
            documents = self._in_document(write, table, place)
            if re.search(r"serializ", text, re.IGNORECASE) or (
                (documents or "Firestore" in text or ".runTransaction" in text) and _OF_DOCUMENTS.search(text)
            ):
                return self._at(place, "the transaction is refused when another has changed the row in between")
        return None

    def _in_document(self, write: StockWrite, table: Table | None, begun: Place) -> bool:
        """Whether a document that was read in a transaction is stored as a whole, which its store refuses when another has written the
        document meanwhile. What is written may lie within it: the variant of ``product.variants.find(…)``, ``product.inventory``."""
        around = list(options(write.touch.record)) if write.how == "computed" and write.touch.record is not None else []
        for _ in range(_LINES):
            read = next((read for value in around if (read := self.model.records.read_behind(value)) is not None), None)
            if read is not None:
                holds = table or self.model.schema.table(read.entity, write.place.fn.file)
                within = self.model.regions.reads_inside(Place(read.fn, read.instr, read.ctx), begun)
                return holds is not None and holds.documents and within
            around = [outer for value in around for outer in taken_out_of(value)]
        return table is not None and table.documents and write.how == "computed"


def _one_of(takings: list[Taking]) -> Taking:
    """The taking that stands for those of a function: the first that nothing keeps from taking what is gone."""
    first = min(takings, key=lambda t: t.kept is not None)
    alike = tuple(t.place for t in takings if t is not first and t.kept is None and t.flaw == first.flaw)
    return first if first.kept is not None else replace(first, others=alike)


def says_sale(word: str) -> bool:
    """Whether a name speaks of selling something, in one of the languages that shops are written in."""
    return _SELLING.search(word) is not None or _SELLING_ABROAD.fullmatch(snake(word)) is not None


def _is_negative(value: Value | None) -> bool:
    """Whether an amount is below zero as it is written: ``-n``, ``n * -1``."""
    for option in options(value) if value is not None else ():
        if isinstance(option, Const) and option.text.startswith("-"):
            return True
        if isinstance(option, Mix):
            if option.op == "-" and len(option.operands) == 1:
                return True
            if option.op == "*" and any(_is_negative(o) for o in option.operands):
                return True
    return False
