"""Whether a refund is written down: on the order, in a record of its own, by the platform, or by the provider's message that follows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.refunds import Refund
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.facts import Condition
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_REFUND = re.compile(r"refund|credit_?memo|credit_?note|chargeback|charge_back|reversal|reversed", re.IGNORECASE)
_RECORD = re.compile(r"(\w+_)?(refund|credit_?memo|credit_?note|return)(_(record|transaction|entry|item|line))?")
_TRANSACTION = re.compile(r"(\w+_)?(transaction|payment|ledger|ledger_entry|balance|wallet|journal_entry|order_event|payment_event)")
_NOTES = re.compile(r"(.*_)?(log|note|activity|history|audit|comment|message|notification|session|cache|webhook|job|queue)(_.*)?")
_MARK = re.compile(
    r"(is_|was_)?(refunded|refund_granted|refund_accepted|refund_approved|refund_completed|refunded_at|refund_date|refunded_on)"
)
_WRITES = re.compile(
    r"(update|set|mark|create|save|insert|store|record|add|upsert|persist|transition|change|apply|register|sync|process)(_\w+)?"
)
# What tells a part that was given back from the whole.
_PART = re.compile(r"amount|partial|remaining|total|(^|_)sum($|_)|refundable|is_full|full(y)?_refund", re.IGNORECASE)
_REFUNDED = re.compile(r"(fully_?)?refunded|refund")
_LONGEST = 12
_ANY = ("", "queryset", "instance", "selected")
_REQUESTED = re.compile(r"request|reject|declin|fail|pending|error|cancel", re.IGNORECASE)
_QUIET = re.compile(r"log|debug|info|warn|error|print|trace|echo|json|send|status|response|jsonify|end|break|captureMessage", re.IGNORECASE)

Kind = Literal["full", "state", "told", "platform", "none"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is written down about a refund. ``full``: its amount, a record of its own, or the whole order's state when all goes back.
    ``state``: only a state. ``told``: an event or job is set off, whose handling is not seen. ``place``: where; ``more``: what else
    says as much."""

    kind: Kind
    place: Place | None
    more: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Marked:
    """A way in that marks an order as refunded, with no refund asked for anywhere in the program."""

    entry: Entry
    effect: Effect
    touch: Touch
    field: str


@dataclass(frozen=True, slots=True)
class Picked:
    """A handler that takes the first of a payment's refunds for the one that a message is about."""

    handler: Handler
    fn: Fn
    instr: int


class RefundRecords:
    """Answers by refund."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def kept(self, refund: Refund) -> Kept:
        """What is written down about a refund that a provider is asked for, on the ways that lead to it."""
        best = Kept("none", None)
        for entry in refund.entries:
            if entry.role == "platform":
                return Kept("platform", Place(refund.fn, refund.instr, refund.ctx))
            best = self._better(best, self._behind(entry, refund))
        if best.kind != "full":
            for fn in refund.functions:
                best = self._better(best, self._in(fn, refund))
        if best.kind in ("none", "told") and (named := self._by_name(refund)) is not None:
            return Kept("full", named)
        if (told := self._by_message) is not None:
            return Kept("full", told) if best.kind != "full" else Kept("full", best.place, (*best.more, told))
        return best

    def _better(self, one: Kept, other: Kept) -> Kept:
        order = ("none", "told", "state", "full", "platform")
        if other.kind == one.kind and one.place is not None and other.place is not None:
            return Kept(one.kind, one.place, (*one.more, other.place, *other.more))
        return other if order.index(other.kind) > order.index(one.kind) else one

    def _behind(self, entry: Entry, refund: Refund) -> Kept:
        best = Kept("none", None)
        way = set(refund.functions)
        for effect in self.model.effects.of(entry.target):
            if effect.kind in ("event", "job") and effect.fn in way:
                best = self._better(best, Kept("told", effect.place))
            touch = effect.touch
            if touch is not None:
                best = self._better(best, Kept(self._says(touch, refund), effect.place))
        return best

    def _in(self, fn: Fn, refund: Refund) -> Kept:
        """What a function on the way writes itself, or has written by those that it calls."""
        best = Kept("none", None)
        for here in (fn, *self.model.reach.callees(fn)):
            body = self.model.program.body(here)
            for i, op in enumerate(body.op):
                if op not in (Op.CALL, Op.SET_FIELD) or (op == Op.CALL and self.model.operations.at(here, i) is not None):
                    continue
                touch = self.model.records.touch(here, i, None)
                if touch is not None:
                    best = self._better(best, Kept(self._says(touch, refund), Place(here, i, None)))
                elif op == Op.CALL and (got := self.model.recogniser.effect(here, i)) is not None and got[0].effect == "refund.record":
                    return Kept("full", Place(here, i, None))
        return best

    def _by_name(self, refund: Refund) -> Place | None:
        """A call on the way that writes something about a refund, by its name and what it is given."""
        for fn in refund.functions:
            for here in (fn, *self.model.reach.callees(fn)):
                if any(_REFUND.search(t) for t in self.model.vocabulary.tokens(here)):
                    found = self._named_writes(here)
                    if found >= 0:
                        return Place(here, found, None)
        return None

    def _named_writes(self, fn: Fn) -> int:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL or body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD) or self.model.operations.at(fn, i) is not None:
                continue
            name = snake(body.name(body.args(i)[0]).rpartition(".")[2])
            if not _WRITES.fullmatch(name) or _NOTES.fullmatch(name):
                continue
            last = min(body.end_line[i], body.line[i] + _LONGEST)
            text = " ".join(self.model.program.line_text(fn.file, n) for n in range(body.line[i], last + 1))
            if _REFUND.search(text):
                return i
        return -1

    def _says(self, touch: Touch, refund: Refund | None) -> Kind:
        """What a touch says of a refund."""
        if touch.effect == "refund.record":
            return "full"
        if not touch.writes or touch.entity == "cache" or _NOTES.fullmatch(touch.entity):
            return "none"
        if touch.kind in ("create", "upsert") and _RECORD.fullmatch(touch.entity):
            return "full"
        about = self._about_refund(touch)
        sums = [n for n in touch.fields if self.model.words.money(snake(n)) or self.model.words.has("quantity_fields", snake(n))]
        if sums and (about or any(_REFUND.search(n) for n in sums) or (touch.kind == "create" and _TRANSACTION.fullmatch(touch.entity))):
            return "full"
        if not about:
            return "none"
        partial = refund is not None and bool(self.model.refunds.asked(refund))
        return "state" if partial else "full"

    def _about_refund(self, touch: Touch) -> bool:
        """Whether a field, or what it is set to, speaks of a refund."""
        for name, value in touch.fields.items():
            if _REFUND.search(name) and not (_REQUESTED.search(name) and not _MARK.fullmatch(snake(name))):
                return True
            if value is not None and any((t := text_of(o)) is not None and _REFUND.search(t) for o in options(value)):
                return True
        return bool(_REFUND.search(touch.entity))

    @cached_property
    def _by_message(self) -> Place | None:
        """Where a provider's message about a refund is written down."""
        for handler in self.model.handlers.all:
            if handler.kind == "redirect-return" or not any(_REFUND.search(t) for t in handler.closure.compared):
                continue
            for effect in self.model.effects.of(handler.entry.target):
                touch = effect.touch
                if touch is not None and self._says(touch, None) == "full" and self._about_refund(touch):
                    return effect.place
            for fn in handler.closure.functions:
                if any(_REFUND.search(t) for t in self.model.vocabulary.tokens(fn)) and (found := self._named_writes(fn)) >= 0:
                    return Place(fn, found, None)
        return None

    # --- marks without a refund

    @cached_property
    def marked(self) -> list[Marked]:
        """Orders that are marked as refunded though nothing in the program gives money back."""
        if self.model.refunds.sites:
            return []
        webhooks = {h.entry.target.fn for h in self.model.handlers.all}
        found: dict[tuple[Fn, int], Marked] = {}
        for entry in self.model.entries:
            if entry.role == "platform" or entry.target.fn in webhooks or not self._speaks(entry):
                continue
            for effect in self.model.effects.of(entry.target):
                touch = effect.touch
                field = self._mark(touch) if touch is not None else None
                if touch is not None and field is not None and not (self._money_beside(entry) or self._amount_kept(effect)):
                    found.setdefault((effect.fn, effect.instr), Marked(entry, effect, touch, field))
        return [found[key] for key in sorted(found)]

    def _amount_kept(self, effect: Effect) -> bool:
        """Whether it is marked because of the amount that a record keeps as given back: ``if payment.amount_refunded: …``."""
        atoms = (a for held in self.model.effects.held(effect) for a in self.model.conditions.behind(held))
        fields = (snake(r.field) for a in atoms if isinstance(a, Atom) for r in self.model.states.reads(a))
        return any(_REFUND.search(f) and self.model.words.money(f) for f in fields)

    def _speaks(self, entry: Entry) -> bool:
        functions = self.model.handlers.closure(entry).functions
        return any(_REFUND.search(t) for fn in functions for t in self.model.vocabulary.tokens(fn)) and self._paid(entry.target.fn.file)

    def _paid(self, file: str) -> bool:
        """Whether a provider takes the payments of a unit."""
        program = self.model.program
        unit = program.unit(file)
        providers = [p for p in self.model.knowledge.providers.values() if p.kind == "payment"]
        return bool(self.model.handlers.paying(unit)) or any(
            self.model.recogniser.mentions(p, f) for f in self.model.operations.telling_files if program.unit(f) == unit for p in providers
        )

    def _mark(self, touch: Touch) -> str | None:
        """The field by which a write says that an order is refunded."""
        if touch.kind != "write" or not (self.model.words.entity(touch.entity) or touch.entity in _ANY):
            return None
        if any(self.model.words.money(snake(n)) for n in touch.fields):
            return None
        for name, value in touch.fields.items():
            values = options(value) if value is not None else ()
            if _MARK.fullmatch(snake(name)) and not any(isinstance(o, Const) and o.falsy for o in values):
                return name
            told = {t.lower() for o in values if (t := text_of(o)) is not None}
            if self.model.words.has("status_fields", name) and told and all("refund" in t and not _REQUESTED.search(t) for t in told):
                return name
        return None

    def _money_beside(self, entry: Entry) -> bool:
        """Whether a refund is recorded with its amount behind the same way in, or something else gives money back."""
        for effect in self.model.effects.of(entry.target):
            if effect.kind in ("transfer.create", "payout.create", "refund.record"):
                return True
            touch = effect.touch
            if touch is not None and touch.kind in ("create", "upsert") and _RECORD.fullmatch(touch.entity):
                return True
            if touch is not None and any(_TRANSACTION.fullmatch(touch.entity) and self.model.words.money(snake(n)) for n in touch.fields):
                return True
        return any(
            _REFUND.search(snake(t)) and snake(t).startswith(("refund_", "process_refund", "create_refund", "issue_refund", "credit_"))
            for fn in self.model.handlers.closure(entry).functions
            for t in self._called_names(fn)
        )

    def _called_names(self, fn: Fn) -> Iterator[str]:
        """The names of the calls of others in a function."""
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD) and not self.model.recogniser.is_ours(fn, i, None):
                yield body.name(body.args(i)[0]).rpartition(".")[2]

    # --- messages

    @cached_property
    def picked(self) -> list[Picked]:
        """Handlers that take the first refund in the list of a payment."""
        found: dict[Fn, Picked] = {}
        for handler in self.model.handlers.all:
            if handler.kind == "redirect-return":
                continue
            for fn in handler.closure.functions:
                if "refunds" in self.model.vocabulary.tokens(fn) and fn not in found:
                    found.update((fn, Picked(handler, fn, i)) for i in self._first_of_refunds(fn))
        return [found[key] for key in sorted(found)]

    def _first_of_refunds(self, fn: Fn) -> Iterator[int]:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.INDEX or (const := body.const(body.args(i)[1])) is None or const[1] != "0":
                continue
            path, here = list[str](), body.args(i)[0]
            while body.op[here] in (Op.FIELD, Op.INDEX) and len(path) < 3:
                key = body.const(body.args(here)[1]) if body.op[here] == Op.INDEX else None
                path.append(body.name(here) if body.op[here] == Op.FIELD else key[1].strip("'\"") if key else "")
                here = body.args(here)[0]
            if path[:2] == ["data", "refunds"]:
                yield i

    def dropped(self, handler: Handler) -> tuple[Fn, int, str] | None:
        """The comparison with a refund's event behind which a handler does nothing but write a log; None when there is none."""
        return next((found for found in self._told(handler) if self._idle(*found[:2])), None)

    def _told(self, handler: Handler) -> Iterator[tuple[Fn, int, str]]:
        """The comparisons of a handler with the events by which its provider tells of a refund."""
        names = {e for inbound in handler.provider.inbound for e in inbound.events if "refund" in e.lower() and "fail" not in e.lower()}
        for fn in handler.closure.functions if names & handler.closure.compared else ():
            body = self.model.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.BINARY and body.text(body.args(i)[0]) in ("==", "==="):
                    told = {c[1].strip("'\"") for a in body.args(i)[1:3] if (c := body.const(a)) is not None} & names
                    if told:
                        yield fn, i, min(told)

    def taken_for_whole(self, handler: Handler) -> tuple[Effect, Place, str] | None:
        """Where a message about a refund, of whatever part, makes an order one that was refunded, and nothing behind the event's name reads
        how much went back; with the comparison and the event."""
        if any("partial" in text.lower() for text in handler.closure.compared):
            return None
        for fn, i, event in self._told(handler):
            for effect in self.model.effects.of(handler.entry.target):
                touch = effect.touch
                below = [place for place in effect.way if place.fn == fn and self._under(fn, i, place.instr)]
                if touch is None or not below or not self._is_whole(touch):
                    continue
                further = [place.fn for place in effect.way[: effect.way.index(below[0])]]
                if not self._reads_part(fn, i) and not any(_PART.search(t) for one in further for t in self.model.vocabulary.tokens(one)):
                    return effect, Place(fn, i, None), event
        return None

    def _is_whole(self, touch: Touch) -> bool:
        """Whether all that is written of a refund is that the order, or its payment, is refunded."""
        words = self.model.words
        if not touch.writes or touch.kind == "create" or not words.entity(touch.entity) or any(words.money(snake(n)) for n in touch.fields):
            return False
        values = [v for n, v in touch.fields.items() if v is not None and words.has("status_fields", n)]
        told = {t.lower() for v in values for o in options(v) if (t := text_of(o)) is not None}
        return bool(told) and all(_REFUNDED.fullmatch(t) for t in told)

    def _under(self, fn: Fn, condition: int, i: int) -> bool:
        return Condition(condition, True) in self.model.effects.facts(fn).at(i)

    def _reads_part(self, fn: Fn, condition: int) -> bool:
        """Whether how much went back, or whether all of it did, is read where a condition held."""
        body = self.model.program.body(fn)
        read = (i for i, op in enumerate(body.op) if op in (Op.FIELD, Op.INDEX, Op.NAME) and self._under(fn, condition, i))
        return any(_PART.search(self._spelt(body, i)) or self._spelt(body, i) == "refunded" for i in read)

    def _spelt(self, body: Body, i: int) -> str:
        const = body.const(body.args(i)[1]) if body.op[i] == Op.INDEX else None
        return snake(const[1].strip("'\"")) if const is not None else "" if body.op[i] == Op.INDEX else snake(body.name(i))

    def _idle(self, fn: Fn, condition: int) -> bool:
        """Whether nothing but logs is called where a condition held, and something is."""
        body = self.model.program.body(fn)
        facts = self.model.effects.facts(fn)
        under = [
            i
            for i, op in enumerate(body.op)
            if op in (Op.CALL, Op.SET_FIELD, Op.NEW, Op.STORE, Op.SET_INDEX, Op.RETURN, Op.RAISE)
            and Condition(condition, True) in facts.at(i)
        ]
        if not under:
            return False
        for i in under:
            if body.op[i] in (Op.SET_FIELD, Op.NEW, Op.STORE, Op.SET_INDEX, Op.RAISE):
                return False
            if body.op[i] == Op.CALL:
                callee = body.args(i)[0]
                name = body.name(callee).rpartition(".")[2] if body.op[callee] in (Op.NAME, Op.FIELD) else "?"
                if not _QUIET.search(name):
                    return False
        return True
