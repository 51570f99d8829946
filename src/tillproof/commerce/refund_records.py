"""Whether a refund is written down: on the order, in a record of its own, by the platform, or by the provider's message that follows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.idleness import Idleness
from tillproof.commerce.late_refusals import LateRefusal, LateRefusals
from tillproof.commerce.lexicon import snake
from tillproof.commerce.misdirected import MisdirectedRefunds
from tillproof.commerce.refund_errors import RefundErrors
from tillproof.commerce.refund_messages import RefundMessages
from tillproof.commerce.refunds import Refund
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.facts import Condition
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, Member, Mix, Param, Result, Value, options
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
_OF_PART = re.compile(r"(\w+_)?(return|rma|return_(request|order)|claim)(_(item|line|obj|object|record|instance))?s?")
"""Records of goods that are sent back, which are some of an order's."""
_WHOLE = re.compile(r"(fully_?)?refunded")
_LONGEST = 12
_ANY = ("", "queryset", "instance", "selected")
_REQUESTED = re.compile(r"request|reject|declin|fail|pending|error|cancel", re.IGNORECASE)

Kind = Literal["full", "state", "whole", "part", "told", "platform", "none"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is written down about a refund. ``full``: its amount, a record of its own, or the whole order's state when all goes back.
    ``state``: only a state. ``whole``: only that the whole order is refunded, while a part goes back. ``part``: the return that it was for
    is marked. ``told``: an event or job is set off, whose handling is not seen. ``place``: where; ``more``: what else says as much."""

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


class RefundRecords:
    """Answers by refund."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.idleness = Idleness(model)
        self.messages = RefundMessages(model, self.idleness)
        self.errors = RefundErrors(model, self.idleness)
        self.misdirected = MisdirectedRefunds(model)
        self.refusals = LateRefusals(model)

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
        order = ("none", "told", "part", "whole", "state", "full", "platform")
        if other.kind == one.kind and one.place is not None and other.place is not None:
            return Kept(one.kind, one.place, (*one.more, other.place, *other.more))
        return other if order.index(other.kind) > order.index(one.kind) else one

    def _behind(self, entry: Entry, refund: Refund) -> Kept:
        best = Kept("none", None)
        way = set(refund.functions)
        effects = self.model.effects.of(entry.target)
        asking = [e for e in effects if (e.fn, e.instr) == (refund.fn, refund.instr) and way <= {p.fn for p in e.way}]
        for effect in effects:
            if asking and not any(self.model.repeats.together(effect, one) for one in asking):
                continue  # on the other side of a branch: what is done where no money goes back
            if effect.kind in ("event", "job") and effect.fn in way:
                best = self._better(best, Kept("told", effect.place))
            touch = effect.touch
            if touch is not None:
                best = self._better(best, Kept(self._says(touch, refund), effect.place))
        return best

    def late(self, refund: Refund) -> LateRefusal | None:
        """A refusal behind the refund by which nothing of it stays in the books; None where none is seen, or where the provider's message
        is written down, which follows whatever became of the call."""
        if self._by_message is not None:
            return None
        for entry in refund.entries:
            effects = self.model.effects.of(entry.target)
            written = [e for e in effects if e.touch is not None and self._is_booked(e.touch, refund)]
            if entry.role != "platform" and (found := self.refusals.of(refund, written)) is not None:
                return found
        return None

    def _is_booked(self, touch: Touch, refund: Refund) -> bool:
        """Whether a touch says of an order or payment how it stands, or of a refund that it was made."""
        states = any(self.model.words.says_state(snake(n)) for n in touch.fields)
        return (touch.writes and states and self.model.words.entity(touch.entity)) or self._says(touch, refund) != "none"

    def _in(self, fn: Fn, refund: Refund) -> Kept:
        """What a function on the way writes itself, or has written by those that it calls."""
        best = Kept("none", None)
        asking = {f: Place(f, i, None) for f, i, _ in refund.calls}
        for here in (fn, *self.model.reach.callees(fn)):
            body = self.model.program.body(here)
            for i, op in enumerate(body.op):
                if op not in (Op.CALL, Op.SET_FIELD) or (op == Op.CALL and self.model.operations.at(here, i) is not None):
                    continue
                if here in asking and not self.model.repeats.one_run(asking[here], Place(here, i, None)):
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
        sums += [n for n, v in touch.fields.items() if _REFUND.search(n) and (n in touch.relative or _adds(v))]
        if sums and (about or any(_REFUND.search(n) for n in sums) or (touch.kind == "create" and _TRANSACTION.fullmatch(touch.entity))):
            return "full"
        if not about:
            return "none"
        if refund is None:
            return "full"
        if self.model.refunds.asked(refund):
            return "state"
        if not self._is_of_part(refund):
            return "full"
        return "part" if _OF_PART.fullmatch(touch.entity) else "whole" if self._takes_part_for_whole(touch, refund) else "full"

    def _takes_part_for_whole(self, touch: Touch, refund: Refund) -> bool:
        """Whether the amount of a return or of some lines goes back, and all that is written is that the order is refunded, whatever that
        amount is."""
        words, facts = self.model.words, self.model.effects.facts
        if not words.entity(touch.entity):
            return False
        states = [v for n, v in touch.fields.items() if v is not None and words.has("status_fields", n)]
        told = [snake(t) for v in states for o in options(v) if (t := text_of(o)) is not None]
        if not told or not all(_WHOLE.fullmatch(t) for t in told):
            return False
        known = {f for fn, i, _ in refund.calls for f in facts(fn).at(i)}
        body = self.model.program.body(touch.fn)
        since = (f for f in facts(touch.fn).at(touch.instr) if isinstance(f, Condition) and f not in known)
        return all(body.op[f.instr] == Op.OPAQUE for f in since)  # but for the end of a loop nothing is asked

    def _is_of_part(self, refund: Refund) -> bool:
        """Whether the sum is read of a record of a return or of a line."""
        for here in self.model.refunds.made_of(refund):
            if isinstance(here, Member) and self.model.words.money(here.name):
                read = self.model.records.read_behind(here.base)
                named = here.base.name if isinstance(here.base, (Member, Param)) else ""
                if _OF_PART.fullmatch(snake(named)) or (read is not None and _OF_PART.fullmatch(read.entity)):
                    return True
            elif isinstance(here, Result) and _OF_PART.fullmatch(snake(self._declared_in(here))):
                return True
        return False

    def _declared_in(self, value: Result) -> str:
        """The model that declares a column which is read as its declaration: ``refund_amount = models.DecimalField(…)``."""
        file, line = value.at
        index = self.model.program.indices.get(file)
        classes = [c.name for c in index.classes if c.line <= line <= c.end_line] if index is not None and value.fn.number == TOP else []
        return classes[-1] if classes else ""

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


def _adds(value: Value | None) -> bool:
    """Whether a value is a sum: ``order.refunded += amount``."""
    return value is not None and any(isinstance(o, Mix) and o.op == "+" for o in options(value))
