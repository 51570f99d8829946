"""What a second delivery of the same message does: which effects happen again, and what keeps the others from it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.conditions import AnyOf, Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.firsts import comes_back, first_only
from tillproof.commerce.given import is_open, values_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.made_where import made_at
from tillproof.commerce.orders_elsewhere import makes_order
from tillproof.commerce.periods import lengthened
from tillproof.commerce.plain_metas import meta_read
from tillproof.commerce.refused_together import refused_together
from tillproof.commerce.rolled_back import in_one, rolled_back
from tillproof.commerce.schema.tables import Unique
from tillproof.commerce.taken_out import is_taken_out
from tillproof.commerce.told_abroad import told_abroad
from tillproof.commerce.touches import Touch, text_of
from tillproof.commerce.turning import Turning, books
from tillproof.commerce.written_as_told import guards_as_told
from tillproof.flow.program import Fn
from tillproof.flow.values import (
    CONVERSIONS,
    Choice,
    Element,
    External,
    FunctionV,
    Member,
    Mix,
    Param,
    Result,
    Seq,
    Text,
    Value,
    constant,
    options,
    pieces,
)
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FEW = 20
_CONVERTS = ("decimal.Decimal", "float", "int", "str", "round", "Number", "parseFloat", "parseInt")
Harm = Literal["money", "goods", "record", "message"]
Dedup = Literal["yes", "no", "state-guard", "racy", "unknown"]
_MONEY = ("payment.create", "checkout.create", "payment.confirm", "refund.create",
    "transfer.create", "payout.create", "subscription.create", "shipment.create")  # fmt: skip
_NOTES = re.compile(
    r"event|(.*_)?(log|logs|history|histories|note|activity|audit|trace|message|notification|webhook|webhook_\w+|stripe_event|payment_event|stat|metric|session|cache"
    r"|abandon\w*|token|credential|counter|sequence|ipn|inbox|outbox|lock|mutex|rate_limit|throttle|nonce|user|usermeta|postmeta|customer"
    r"|address|cart|profile|setting|comment|response|exception|error|failure|check_failure|attempt)(_.*)?"
)
_ID = re.compile(r"(\w+_)?(id|uuid|reference|ref|txn|no)")
# What arrived, kept as it came in a table of events.
_EVENT = re.compile(r"\w+_event")
_RAW = {"raw", "payload", "body", "raw_body", "raw_payload", "raw_event"}
_GOODS = re.compile(
    r"(.*_)?(stock|inventory|license|licence|ticket|download|shipment|fulfil+ment|seat|voucher|gift_?card|store_?credit)(_.*)?"
)
# A code that is as good as money or goods to whoever has it.
_CODES = re.compile(r"(\w+_)?(coupon|voucher|gift_?card|discount|licen[cs]e|activation)_?(code|key)")
# A count of what was sold, given or used, which goes up by one with each payment.
_KEEPS_COUNT = re.compile(
    r"((\w+_)?(total|num|number|no|count|times)_(of_)?)?"
    r"(sold|sales?|purchases?|purchased|orders?|donors?|donations?|backers?|supporters?|sponsors?|students?|enrol(l?ed|l?ments?)|subscribers?"
    r"|participants?|attendees?|bookings?|booked|registrations?|redemptions?|redeemed|used|uses|usages?|xp)(_(count|total|number|so_far))?"
)
# What somebody has with the shop, to be spent there.
_TO_SPEND = re.compile(r"balance|credit|wallet|point|token|coin|diamond|quota|allowance|funds|minutes", re.IGNORECASE)
# Makes a row unless it finds one, in two statements.
_FINDS_FIRST = re.compile(r"(get|find|first|update|load)_?or_?(create|insert|new)", re.IGNORECASE)
_LOCKS = re.compile(r"(.*_)?(lock|mutex|semaphore|lease|claim)")


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps an effect from happening twice. ``atom``: the condition. ``by``: the effects that turn it. ``atomic``: why two deliveries
    at once can't both pass, or empty."""

    atom: Atom
    by: tuple[Effect, ...]
    atomic: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """An effect that a second delivery would bring about again. ``guards``: what prevents it; none when nothing does. ``refused``: the
    constraint by which the database takes it back."""

    effect: Effect
    harm: Harm
    guards: tuple[Guard, ...]
    refused: Unique | None = None


class Repeats:
    """Judges entry points; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._memo: dict[Fn, list[Repeat]] = {}
        self._turns: dict[Fn, Turning] = {}
        self._leads_to: dict[tuple[Fn, int], set[int]] = {}
        self._guards: dict[tuple[int, Fn], tuple[Guard, ...]] = {}
        self._alone: dict[Atom, str] = {}
        self._lock_rows: dict[Place, bool] = {}

    def of(self, target: FunctionV) -> list[Repeat]:
        """The effects behind an entry point that must not happen twice, each with its guards."""
        if target.fn not in self._memo:
            effects = self.model.effects.of(target)
            self._memo[target.fn] = [
                Repeat(effect, harm, self.guards(effect, target), rolled_back(self.model, effect, effects))
                for effect in effects
                if (harm := self.harm(effect)) is not None and not self._is_without_id(effect) and not self._put_anew(effect, effects)
            ]
        return self._memo[target.fn]

    def _is_without_id(self, effect: Effect) -> bool:
        """Whether an effect is only of payments that came without an id, where this message has one: ``if (!$transactionId) return
        $invoice->payments()->create(…)``. What is done with an id is another effect."""
        for held in self.model.effects.held(effect):
            for atom in self.model.conditions.behind(held):
                if isinstance(atom, AnyOf) or atom.truth is not False or self.model.program.body(atom.fn).op[atom.instr] != Op.NAME:
                    continue
                given = options(self.model.evaluator.value(atom.fn, atom.instr, atom.ctx))
                if all(self._is_given_id(o) for o in given):
                    return True
        return False

    def _put_anew(self, effect: Effect, effects: list[Effect]) -> bool:
        """Whether rows take the place of those that the same function has deleted before: a second time leaves the same ones."""
        made = effect.touch
        if made is None or made.kind != "create" or not made.entity:
            return False
        gone = (e for e in effects if e.fn == effect.fn and e.touch is not None and e.touch.kind == "delete")
        return any(_same_kind(e.touch.entity, made.entity) and self.leads_on(e, effect) for e in gone if e.touch is not None)

    def leads_on(self, one: Effect | Place, other: Effect | Place) -> bool:
        """Whether a path of their function leads from one instruction to another, and none back."""
        block_of = self.model.evaluator.defuse(one.fn).block_of
        start, end = block_of[one.instr], block_of[other.instr]
        if start == end:
            return one.instr < other.instr
        return end in self._behind(one.fn, start) and start not in self._behind(one.fn, end)

    def _is_given_id(self, value: Value) -> bool:
        """Whether a value is the id of something that a message or a provider's answer tells of, and no record of ours."""
        if not isinstance(value, (Member, Element)) or not _ID.fullmatch(snake(_last(value))):
            return False
        if self.model.requests.source(value) is not None:
            return True  # `$request->json()->all()` reads no table
        here: Value = value
        while isinstance(here, (Member, Element)):
            here = here.base
        return isinstance(here, (Result, Choice)) and self.model.records.read_behind(here) is None

    def harm(self, effect: Effect) -> Harm | None:
        """What is harmed when an effect happens twice; None when a second time changes nothing, or nothing that matters."""
        if effect.kind == "refund.create" and self._gives_all_back(effect):
            return None  # a second time the provider refuses
        if effect.operation is not None:
            again = effect.operation.repeatable == "needs-key" and effect.kind in _MONEY
            return "money" if again else "goods" if makes_order(self.model, effect) else None
        if effect.kind == "mail" or told_abroad(self.model, effect):
            return "message"
        touch = effect.touch
        if effect.kind == "fulfil":
            return "goods"
        if touch is None or touch.repeat == "once" or _listed_once(touch):
            return None
        if touch.effect == "order.paid" and books(self.model, touch):
            return "money"
        words = self.model.words
        counted = [n for n in touch.fields if n in touch.relative or self.adds(effect, n)]
        for name in counted:
            if words.has("stock_fields", name) or words.has("quantity_fields", name):
                return "goods"
            if words.money(name) or words.entity(name) or _TO_SPEND.search(name):
                return "money"
        taken = self.model.stock_writes.write(touch)
        if touch.effect == "stock.write" or (taken is not None and taken.how != "set") or lengthened(self.model, touch):
            return "goods"
        if touch.effect == "refund.record" or any(self._keeps_books(touch, name) for name in counted):
            return "record"  # the shop's books; the money went back before
        if touch.kind == "create" and touch.entity and not _notes(touch) and not self._came_to_nothing(touch):
            return "money" if words.entity(touch.entity) else "goods" if self._gives_goods(touch) else "record"
        return None

    def _keeps_books(self, touch: Touch, name: str) -> bool:
        """Whether a field counts what was sold or given, or grows by an amount of money whatever it is called: ``raised += amount``."""
        if _KEEPS_COUNT.fullmatch(snake(name)):
            return True
        value = touch.fields[name]
        parts = list(pieces([value] if value is not None else [], _FEW))
        made = [r for r in parts if isinstance(r, Result) and r.instr >= 0]  # raw SQL with the amount in it
        parts += pieces([v for one in made for _, v in self.model.evaluator.arguments(one)], _FEW)
        said = (p.name.rpartition(".")[2] for p in parts if isinstance(p, (Member, External, Param)))
        return any(last != name and self.model.words.money(last) for last in said)

    def _gives_all_back(self, effect: Effect) -> bool:
        """Whether a refund names no amount, so that the whole payment goes back, which can be done once."""
        paths = effect.operation.amount if effect.operation is not None else ()
        sites = self.model.operations.sites_at(effect.fn, effect.instr)
        return bool(paths and sites) and not any(
            values_at(self.model, s, path, effect.ctx) or is_open(self.model, s, path, effect.ctx) for s in sites for path in paths
        )

    def _gives_goods(self, touch: Touch) -> bool:
        """Whether a new record is goods, or keeps a code for some that is made for it."""
        codes = [v for name, v in touch.fields.items() if v is not None and _CODES.fullmatch(snake(name))]
        made = any(isinstance(o, (Text, Mix, Result)) and not self.model.requests.sources_in(o, _FEW) for v in codes for o in options(v))
        return made or _GOODS.fullmatch(touch.entity) is not None

    def _came_to_nothing(self, touch: Touch) -> bool:
        """Whether a record says of an attempt that it failed or was refused: each attempt has one of its own."""
        words = self.model.words
        states = [text_of(o) for name, v in touch.fields.items() if v is not None and words.says_state(name) for o in options(v)]
        return bool(states) and all(t is not None and (words.has("dead_values", t) or words.has("refused_values", t)) for t in states)

    def adds(self, effect: Effect, field: str) -> bool:
        """Whether a field becomes its old value and something more: ``order.paid = order.paid + amount``, ``round(float(x.sum) + y)``."""
        value = effect.touch.fields[field] if effect.touch else None
        sums = self._bare(value) if value is not None else ()
        if value is not None and _lengthens(value, field):
            return True
        return any(
            isinstance(one, Mix)
            and one.op in ("+", "-")
            and len(one.operands) > 1
            and any(
                (isinstance(o, (Member, External)) and o.name.rpartition(".")[2] == field) or meta_read(self.model, o) == field
                for side in one.operands
                for o in self._bare(side)
            )
            for one in sums
        )

    def _bare(self, value: Value) -> Iterator[Value]:
        """What a value may be, as what it was converted and rounded from."""
        waiting, seen = list(options(value)), 0
        while waiting and seen < _FEW:
            here, seen = waiting.pop(), seen + 1
            if isinstance(here, Mix) and here.op in CONVERSIONS:
                waiting += [o for operand in here.operands for o in options(operand)]
            elif isinstance(here, Result) and here.instr >= 0 and isinstance(here.callee, External) and here.callee.name in _CONVERTS:
                waiting += [o for _, given in self.model.evaluator.arguments(here)[:1] for o in options(given)]
            else:
                yield here

    def dedup(self, target: FunctionV, kept: Callable[[Repeat], str]) -> Dedup:
        """What a second delivery meets behind an entry point, in one word. ``kept``: why something else keeps an effect from happening
        twice, or empty."""
        found = self.of(target)
        harmful = [r for r in found if r.harm != "message"] or found
        if not harmful:
            writes = any(e.touch is not None and e.touch.writes for e in self.model.effects.of(target))
            return "state-guard" if writes else "unknown"  # the same values once more
        guarded = [r for r in harmful if not kept(r)]
        if any(not r.guards for r in guarded):
            return "no"
        if any(not any(g.atomic for g in r.guards) for r in guarded):
            return "racy"
        by_state = [r for r in guarded if any(self.model.states.looks_at_state(g.atom) for g in r.guards)]
        return "state-guard" if by_state else "yes"

    # --- guards

    def _turning(self, target: FunctionV) -> Turning:
        if target.fn not in self._turns:
            effects = self.model.effects.of(target)
            around = dict.fromkeys(place.fn for e in effects for place in e.way)
            beside = [e for fn in around for e in self.model.handing_on.effects(fn)]
            self._turns[target.fn] = Turning(self.model, [*effects, *beside])
        return self._turns[target.fn]

    def guards(self, effect: Effect, target: FunctionV) -> tuple[Guard, ...]:
        """What keeps an effect from happening again once all effects of its entry point have happened."""
        key = (id(effect), target.fn)
        if key not in self._guards:
            turning = self._turning(target)
            found: list[Guard] = []
            for place in (*effect.way, *made_at(self.model, effect)):
                for atom in (*turning.at(place), *turning.before(place.fn)):
                    found += self._turned(atom, effect, turning)
            for atom, by in guards_as_told(self.model, effect, turning.writes):
                found += [Guard(atom, tuple(by), self.atomic(atom, effect))] if any(self.together(e, effect) for e in by) else []
            self._guards[key] = tuple({g.atom: g for g in found}.values())
        return self._guards[key]

    def _turned(self, atom: Atom | AnyOf, effect: Effect, turning: Turning) -> list[Guard]:
        """The guards in an atom; in alternatives when each of them has one."""
        if isinstance(atom, AnyOf):
            groups = [[g for a in group for g in self._turned(a, effect, turning)] for group in turning.groups(atom)]
            found = [g for group in groups for g in group] if groups and all(groups) else []
            # Two that come at once pass by whichever alternative lets them: `if not created and event.status == "done"`.
            return found if all(any(g.atomic for g in group) for group in groups) else [replace(g, atomic="") for g in found]
        unheard = self.model.error_values.unheard(Place(atom.fn, atom.instr, atom.ctx)) if atom.truth is None else None
        heard_anyway = unheard is None or unheard.how == "none"  # the row that is not there is asked for
        if atom.truth is None and (not heard_anyway or comes_back(self.model, atom.fn, atom.instr)):
            return []  # the database refuses the row a second time, nobody asks, and what is behind it is done all the same
        by = [e for e in turning.of(atom) if self.together(e, effect)]
        return [Guard(atom, tuple(by), self.atomic(atom, effect) or self._undone(atom, effect, by))] if by else []

    def _undone(self, atom: Atom, effect: Effect, by: list[Effect]) -> str:
        """Why of two that have passed a guard only one remains: the row that turns it is taken once only, and is the effect itself, or made
        in its transaction, which the second one's refusal takes back."""
        taken = [e for e in by if e.touch is not None and e.touch.kind == "create" and self.model.states.claim(e.touch) is not None]
        if any(e is effect and (e in taken or self._unique_as_asked(atom, e)) for e in by):
            return "the database takes the row only once"
        same = effect.touch is not None and any(in_one(self.model, effect, e) for e in taken)
        return "the database takes the row only once, and takes the effect back with it" if same else ""

    def _unique_as_asked(self, atom: Atom, effect: Effect) -> bool:
        """Whether a look asks for a row by columns that are unique in its table, and what it guards makes that row: the second of two that
        found none is refused, whatever is handed over for them."""
        looked, made = self.model.states.existence(atom), effect.touch
        if looked is None or made is None or made.kind != "create" or looked.entity != made.entity:
            return False
        constraint = self.model.schema.unique(made.entity, tuple(looked.keys), made.fn.file)
        columns = {snake(c) for c in constraint.columns} if constraint is not None and not constraint.where else set[str]()
        given = bool(columns) and columns <= set(map(snake, made.fields))
        return given and not any(self.model.states.numbered(made, c) for c in columns)  # that is another one each time

    def together(self, one: Effect, other: Effect) -> bool:
        """Whether one run may bring about both effects: they do not stand on two sides of one branch."""
        if one is other:
            return True
        for a, b in zip(reversed(one.way), reversed(other.way), strict=False):
            if a.fn != b.fn:
                return True
            if a.instr != b.instr:
                return self.one_run(a, b)
        return True

    def one_run(self, a: Place, b: Place) -> bool:
        """Whether a path of one function leads from one instruction to the other, either way round."""
        block_of = self.model.evaluator.defuse(a.fn).block_of
        start, end = block_of[a.instr], block_of[b.instr]
        return start == end or end in self._behind(a.fn, start) or start in self._behind(a.fn, end)

    def _behind(self, fn: Fn, start: int) -> set[int]:
        """The blocks of a function that a path leads to from a block."""
        if (fn, start) not in self._leads_to:
            blocks = self.model.program.body(fn).blocks
            seen: set[int] = set()
            waiting = [start]
            while waiting:
                below = {target for _, target in blocks[waiting.pop()].next} - seen
                seen |= below
                waiting += below
            self._leads_to[fn, start] = seen
        return self._leads_to[fn, start]

    # --- at once

    def _takes_lock(self, place: Place) -> bool:
        """Whether a row of locks was made before, of which the database takes no second one for the same thing."""
        if place not in self._lock_rows:
            self._lock_rows[place] = self._makes_lock(place)
        return self._lock_rows[place]

    def _makes_lock(self, place: Place) -> bool:
        for held in self.model.effects.held_at(place):
            for atom in self.model.conditions.behind(held):
                if isinstance(atom, AnyOf) or atom.truth is not None:
                    continue
                made = self.model.records.touch(atom.fn, atom.instr, atom.ctx)
                if made is not None and made.kind == "create" and _LOCKS.fullmatch(made.entity):
                    unique = self.model.schema.unique(made.entity, tuple(made.fields), made.fn.file)
                    if unique is not None and not unique.where:
                        return True
        return False

    def _may_be_twice(self, touch: Touch) -> bool:
        """Whether a row that is made unless it is found may be made by two at once: nothing that it is made with is unique in its table."""
        table = self.model.schema.table(touch.entity)
        given = {*touch.compared, *touch.fields}
        return table is not None and bool(given) and all(table.column(k) is not None for k in given) and table.unique(given) is None

    def atomic(self, atom: Atom, effect: Effect) -> str:
        """Why two deliveries at once can't both pass a guard; empty when they can."""
        if atom not in self._alone:
            self._alone[atom] = self._lets_one_pass(atom)
        if self._alone[atom]:
            return self._alone[atom]
        if (first := first_only(self.model.states, atom)) is not None and self._finds_or_makes(first[0]):
            return ""
        if any(self.model.regions.lock(place) for place in self._asking(atom, effect)):
            return "it runs under a lock"
        if any(self._takes_lock(place) for place in effect.way):
            return "a row that only one can make is its lock"
        if refused_together(self.model, atom, effect):
            return "the transaction is refused when another has changed the row in between"
        return ""

    def _finds_or_makes(self, touch: Touch) -> bool:
        """Whether a call makes a row unless it finds one, of which nothing is unique: two that come at once both make it."""
        return _FINDS_FIRST.search(self.model.program.body(touch.fn).called(touch.instr)) is not None and self._may_be_twice(touch)

    def _lets_one_pass(self, atom: Atom) -> str:
        """Why a guard lets only one of two pass, wherever it is asked."""
        states = self.model.states
        if is_taken_out(self.model, atom):
            return "it is taken out of what is kept for one visitor"
        if self.model.recogniser.is_("refuses_again", atom.fn, atom.instr, atom.ctx) is not None:
            return "the platform looks for the payment itself"
        if self.model.recogniser.is_("places_once", atom.fn, atom.instr, atom.ctx) is not None:
            return "the platform makes the order only once"
        if atom.truth is None and (made := self.model.records.touch(atom.fn, atom.instr, atom.ctx)) and made.kind == "create":
            constraint = states.claim(made)
            where = f" ({constraint.file}:{constraint.line})" if constraint is not None else ""
            return f"the database takes the row only once{where}"
        if (first := first_only(states, atom)) is not None:
            if self._finds_or_makes(first[0]):
                return ""
            inserts = first[0].kind in ("create", "upsert")
            return "the database lets only the first one through" if inserts else "the update is conditional on the old state"
        if any(read.parts.locked for read in states.reads(atom)):
            return "the row is locked while it is read"
        touch = states.existence(atom) or self.model.records.touch(atom.fn, atom.instr, atom.ctx)
        if touch is not None and touch.locked:
            return "the row is locked while it is read"
        return ""

    def _asking(self, atom: Atom, effect: Effect) -> list[Place]:
        """Where a guard is asked, and the calls that lead there: a lock that is taken only behind it comes too late."""
        calls = [Place(c.caller, c.call, c.parent) for c in (atom.ctx.chain() if atom.ctx is not None else ()) if c.call >= 0]
        shared = next((n for n, place in enumerate(effect.way) if place.fn == atom.fn), None)
        around = effect.way[shared + 1 :] if shared is not None else () if calls else effect.way
        return [Place(atom.fn, atom.instr, atom.ctx), *calls, *around]


def _lengthens(value: Value, field: str) -> bool:
    """Whether a list becomes what it was and something more: ``purchases: [...user.purchases, purchase]``."""
    lists = [o for o in options(value) if isinstance(o, Seq) and len(o.items) > 1]
    return any(isinstance(p, Member) and p.name == field for one in lists for p in pieces(one.items, _FEW))


def _last(value: Member | Element) -> str:
    return value.name.rpartition(".")[2] if isinstance(value, Member) else (constant(value.key) or "") if value.key is not None else ""


def _notes(touch: Touch) -> bool:
    """Whether a row says what happened, or keeps what arrived as it came: another one like it is no harm."""
    return _NOTES.fullmatch(touch.entity) is not None or (_EVENT.fullmatch(touch.entity) is not None and bool(_RAW & set(touch.fields)))


def _listed_once(touch: Touch) -> bool:
    """Whether a statement takes only a document that has something not yet in one of its lists, and puts it there: ``{ taken: { $ne: id }
    }`` with ``$push: { taken: id }``."""
    apart = (name for name, value in touch.keys.items() if isinstance(value, Mix) and value.op == "!=")
    return any(name.partition(".")[0] in touch.relative for name in apart)


def _same_kind(one: str, other: str) -> bool:
    """Whether two names of rows may be the same kind's: ``order_payment`` and ``payment``."""
    return one == other or one.endswith(f"_{other}") or other.endswith(f"_{one}")
