"""Orders that are cancelled: what puts the goods back that they held, and whether the payment was undone before that."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.declared_states import declared_states
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entities import ORDERS
from tillproof.commerce.entries import Entry
from tillproof.commerce.fallen_orders import Fallen, FallenOrders
from tillproof.commerce.lexicon import snake
from tillproof.commerce.partly_released import Left, PartlyReleased
from tillproof.commerce.standing_payments import Standing, StandingPayments
from tillproof.commerce.stock_writes import StockWrite
from tillproof.commerce.touches import text_of
from tillproof.commerce.transitions import Transition
from tillproof.commerce.unrouted import standing_for
from tillproof.flow.program import TOP, Fn
from tillproof.flow.tries import catches
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CANCELLED = re.compile(
    r"(\w+_)?(cancell?ed|cancel|voided|expired|abandoned|annulee?|abandonnee?|cancelad[oa]|anulad[oa]|storniert|annullat[oa]|geannuleerd|dibatalkan)(_\w+)?"
)
_RELEASES = re.compile(
    r"(re_?stock|un_?reserve|de_?allocate|release|restore|return|replenish|give_back|put_back|revert|free|increase|increment|add_back|credit)\w*"
)
_GOODS = re.compile(r"stock|inventor|qty|quantit|reserv|allocat|seat|ticket|item|product|availab|sku|variant|warehouse")
# A name in which both are told one beside the other, whatever stands around: ``InventoryReleaseRequested``, ``add_stock_release``.
_BOTH = re.compile(
    r"(\w+_)?((stock|inventor(y|ies)|reserv(ed|ation|ations))_(re_?stock|release|restore|restoration)"
    r"|(release|restore|restoring|releasing)_(stock|inventor(y|ies)|reserv(ed|ation|ations)))(_\w+|d)?"
)
_ITSELF = re.compile(r"re_?stock\w*|un_?reserve\w*|de_?allocate\w*|replenish\w*")
_OPEN = re.compile(r"pending|unpaid|draft|awaiting|open|created|new|is_paid|isPaid|paid", re.IGNORECASE)
_UNDONE = ("payment.cancel", "payment.void", "refund.create")
_SAME = ("==", "===", "is")
_IN_BROWSER = (".jsx", ".tsx", ".vue", ".svelte")


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A transition of an order into a cancelled state. ``release``: where the goods are put back, and how that is known, or where alone
    they would have been taken; None when nothing on the way does it. ``undone``: the call that cancels or refunds the payment, where it
    comes first. ``left``: the states in which they are not put back. ``standing``: the payment that nobody undoes. ``host``: the platform
    that took the goods itself."""

    entry: Entry
    transition: Transition
    release: Place | None
    how: Literal["write", "call", "platform", "untaken", ""]
    undone: Effect | None
    left: Left | None = None
    standing: Standing | None = None
    host: str = ""


class Cancellations:
    """Answers for a whole program."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def taken(self) -> list[StockWrite]:
        """Where this code takes stock away, on the server."""
        writes = (w for w in self.model.stock_writes.all if not w.place.fn.file.endswith(_IN_BROWSER))
        return [w for w in writes if w.down is not None and w.down is not w.promised]

    @cached_property
    def _partly(self) -> PartlyReleased:
        return PartlyReleased(self.model, self.taken)

    @cached_property
    def taken_at(self) -> tuple[str, int, str] | None:
        """File and line of what takes stock away, in our code or in a routine of the database, and the field; None where nothing does."""
        for write in self.taken:
            return write.place.fn.file, self.model.program.body(write.place.fn).line[write.place.instr], write.field
        return next(((t.file, t.line, t.field) for t in self.model.takings.triggers), None)

    @cached_property
    def taken_when_ordered(self) -> bool:
        """Whether stock is taken where an order is created, not only where it is paid. A routine of the database that code of ours calls
        takes it where it is called."""
        by_itself = (t for t in self.model.takings.triggers if not self.model.program.mentioning(t.routine))
        return any(True for _ in by_itself) or any(
            self._takes_for_new(entry.target)
            for fn in {w.place.fn for w in self.taken}
            for entry in self.model.entries_to(fn)[:8] or [standing_for(self.model, fn)]
        )

    def _takes_for_new(self, target: FunctionV) -> bool:
        """Whether a run takes stock for an order that it has made and that nobody has paid before."""
        effects = self.model.effects.of(target)
        made = any(e.touch is not None and e.touch.kind == "create" and ORDERS.fullmatch(e.touch.entity) for e in effects)
        if not made:
            return False
        at = {(e.fn, e.instr): n for n, e in reversed(list(enumerate(effects)))}
        pays = [t for t in self.model.transitions.of(target) if t.to and all(self.model.words.has("paid_values", to) for to in t.to)]
        first = min((at[t.effect.fn, t.effect.instr] for t in pays), default=len(effects))
        return any(at.get((w.place.fn, w.place.instr), first) < first for w in self.taken) or not pays

    @cached_property
    def all(self) -> list[Cancellation]:
        """Every cancellation behind an entry point that owes its goods, once per place of the transition."""
        found: dict[tuple[Fn, int, Fn], Cancellation] = {}
        standing, left = StandingPayments(self.model), set[Fn]()
        for entry in (*self.model.handlers.entries, *self._unreached()):
            if not self._may(entry):
                continue
            for moved in self.model.transitions.of(entry.target):
                if (transition := self._cancelling(moved)) is not None:
                    one = self._cancellation(entry, transition)
                    told = entry.style != "unrouted" and entry.target.fn not in left
                    if one is not None and one.how in ("write", "call", "untaken") and told:
                        one = replace(one, standing=standing.of(entry, transition, self._partly.allowed(transition)))
                        left.update([entry.target.fn] if one.standing is not None else [])
                    if one is not None:
                        found.setdefault((transition.effect.fn, transition.effect.instr, entry.target.fn), one)
        return list(found.values())

    @cached_property
    def fallen(self) -> list[Fallen]:
        """Where a provider's message says that an order will not be paid, and nothing in the shop puts its goods back."""
        return list(self._fallen_orders.all())

    @cached_property
    def _fallen_orders(self) -> FallenOrders:
        return FallenOrders(self.model, self)

    def _unreached(self) -> Iterator[Entry]:
        """Functions that cancel by their name, to which no route is seen and which nothing calls by that name: a service whose callers lie
        elsewhere."""
        program = self.model.program
        for file in program.indices if self.taken_at is not None else ():
            if b"ancel" not in program.sources[file] or file.endswith(_IN_BROWSER):
                continue
            for fn in program.all_functions(file):
                named = fn.number != TOP and snake(program.name(fn)).startswith("cancel")
                if named and not self.model.entries_to(fn) and not self._is_called(program.name(fn)):
                    yield standing_for(self.model, fn)

    def _is_called(self, name: str) -> bool:
        """Whether our code calls anything of that name, but for a provider's operation."""
        program = self.model.program
        for file in program.mentioning(name):
            for fn in program.functions_calling_name(file, name):
                body = program.body(fn)
                calls = (i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == name)
                if any(self.model.operations.at(fn, i, None) is None for i in calls):
                    return True
        return False

    def _may(self, entry: Entry) -> bool:
        """Whether anything near speaks of cancelling, or a request may name that state where stock is kept: its column alone lists it."""
        vocabulary = self.model.vocabulary
        functions = self.model.handlers.closure(entry).functions
        near = [fn for fn in functions if vocabulary.state(fn)]
        if near and self.taken_at is not None:
            return True
        return any(_CANCELLED.fullmatch(t) for fn in near for t in (*map(snake, vocabulary.tokens(fn)), *self.model.listed_states.of(fn)))

    def _cancelling(self, transition: Transition) -> Transition | None:
        """The change of an order's state by which it is cancelled, in the field that was read first or in another of the same write:
        ``['payment_status' => 'failed', 'status' => 'cancelled']``."""
        if self._cancels(transition):
            return transition
        for name, value in transition.touch.fields.items() if not transition.sent else ():
            texts = [text_of(o) for o in options(value)] if value is not None and self.model.words.has("status_fields", name) else []
            other = replace(transition, field=name, to=tuple(t for t in texts if t is not None))
            if name != transition.field and None not in texts and self._cancels(other):
                return other
        return None

    def _cancels(self, transition: Transition) -> bool:
        if not ORDERS.fullmatch(transition.touch.entity):
            return False
        told = [snake(to) for to in transition.to]
        if transition.sent:
            told = self._cancelling_words(transition.effect.fn) or self._declared_words(transition)
        if not any(_CANCELLED.fullmatch(t) for t in told):
            return False
        if all(_CANCELLED.fullmatch(t) or self.model.words.has("dead_values", t) for t in told):
            return not transition.held.startswith("the record has just")
        return any("cancel" in snake(self.model.program.name(p.fn)) for p in transition.effect.way)

    def _cancelling_words(self, fn: Fn) -> list[str]:
        """The words for a cancelled order that a function compares something with, or lets pass, where the request names the state."""
        body = self.model.program.body(fn)
        sides = (a for i, op in enumerate(body.op) if op == Op.BINARY and body.text(body.args(i)[0]) in _SAME for a in body.args(i)[1:3])
        words = [snake(const[1]) for a in sides if (const := body.const(a)) is not None]
        return [w for w in (*words, *self.model.listed_states.of(fn)) if _CANCELLED.fullmatch(w)]

    def _declared_words(self, transition: Transition) -> list[str]:
        """The words for a cancelled order that its column lists, where the request may name any of its states and nothing in the shop gives
        back what such an order took."""
        touch = transition.touch
        words = map(snake, declared_states(self.model, touch.entity, transition.field, touch.fn.file))
        return [w for w in words if _CANCELLED.fullmatch(w) and not self._fallen_orders.given_back_later(w)]

    def _cancellation(self, entry: Entry, transition: Transition) -> Cancellation | None:
        effect = transition.effect
        if "stock.release" in self._also(effect):
            return Cancellation(entry, transition, effect.place, "platform", None)
        if self.taken_at is None:
            return self._of_host(entry, transition)
        effects = self.model.effects.of(entry.target)
        put_back = next((e for e in effects if self.puts_back(e) and self.model.repeats.together(e, effect)), None)
        if put_back is not None:
            releases = [e for e in effects if self.puts_back(e) and self.model.repeats.together(e, effect)]
            left = self._partly.left(transition, releases)
            return Cancellation(entry, transition, put_back.place, "write", self._before(effects, put_back), left)
        called = self.released_by_name(entry)
        if called is not None:
            return Cancellation(entry, transition, called, "call", None)
        if (elsewhere := self._not_taken_yet(effects, effect)) is not None:
            return Cancellation(entry, transition, elsewhere, "untaken", None)
        if not self.taken_when_ordered and self._only_open(transition):
            return None  # what is taken when an order is paid is not held by one that is not
        return Cancellation(entry, transition, None, "", None)

    def _of_host(self, entry: Entry, transition: Transition) -> Cancellation | None:
        """A cancellation of an order for which the platform took the goods: some call gives them back, or the state is only set."""
        effect = transition.effect
        host = next((f.name.removesuffix(" modules") for f in self.model.wiring.active.of(effect.fn.file) if f.takes_stock), "")
        if not host or transition.sent or transition.touch.kind != "write":
            return None
        others = (e for e in self.model.effects.of(entry.target) if "stock.release" in self._also(e))
        if (release := next((e for e in others if self.model.repeats.together(e, effect)), None)) is not None:
            return Cancellation(entry, transition, release.place, "platform", None)
        return Cancellation(entry, transition, None, "", None, host=host)

    def _not_taken_yet(self, effects: list[Effect], cancelling: Effect) -> Place | None:
        """Where stock is taken, if that is nowhere but behind this very entry point, and no run that cancels has taken any: the order falls
        short, or the transaction that takes was rolled back."""
        takes = {(w.place.fn, w.place.instr) for w in self.taken}
        here = [e for e in effects if (e.fn, e.instr) in takes]
        if self.model.takings.triggers or not takes or takes != {(e.fn, e.instr) for e in here}:
            return None
        apart = all(not self.model.repeats.together(e, cancelling) or self._rolled_back(e, cancelling) for e in here)
        return here[0].place if apart else None

    def _rolled_back(self, take: Effect, cancelling: Effect) -> bool:
        """Whether the cancelling is what is done when the transaction fails in which stock is taken."""
        for place in take.way:
            own = next((p for p in cancelling.way if p.fn == place.fn), None)
            if own is None or self.model.regions.transaction(place) is None:
                continue
            block_of = self.model.evaluator.defuse(place.fn).block_of
            body = self.model.program.body(place.fn)
            for catch in catches(body):
                first = min(body.blocks[n].start for n in catch.tried)
                if first <= place.instr < catch.caught and block_of[own.instr] in catch.blocks:
                    return True
        return False

    def _also(self, effect: Effect) -> tuple[str, ...]:
        """What the platform does along with an effect."""
        got = self.model.recogniser.effect(effect.fn, effect.instr, effect.ctx)
        return got[0].also if got is not None else ()

    def puts_back(self, effect: Effect) -> bool:
        """Whether an effect writes stock up, or takes back what was promised."""
        touch = effect.touch
        if touch is None:
            return False
        if touch.effect == "stock.write":
            return True
        write = self.model.stock_writes.write(touch)
        return write is not None and write.may_put_back

    def _before(self, effects: list[Effect], release: Effect) -> Effect | None:
        """The call that undoes the payment, when it comes before the goods are put back in one run."""
        for effect in effects:
            if effect is release:
                return None
            if effect.kind in _UNDONE and effect.operation is not None and self.model.repeats.together(effect, release):
                return effect
        return None

    def released_by_name(self, entry: Entry) -> Place | None:
        """A call on the way whose name says that goods are put back: a function whose body is not here, or does it in a way not read."""
        for fn in self.model.handlers.closure(entry).functions:
            if not any(self.tells(t) for t in self.model.vocabulary.tokens(fn)):
                continue
            body = self.model.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD) and self.tells(body.name(body.args(i)[0])):
                    return Place(fn, i, None)
        return None

    def tells(self, name: str) -> bool:
        """Whether a name says that goods are put back."""
        plain = snake(name.rpartition(".")[2])
        if _BOTH.fullmatch(plain) is not None:
            return True
        return _ITSELF.fullmatch(plain) is not None or (_RELEASES.fullmatch(plain) is not None and _GOODS.search(plain) is not None)

    def _only_open(self, transition: Transition) -> bool:
        """Whether only an order that is not paid yet is cancelled."""
        program = self.model.program
        if required := list(self.required(transition)):
            return any(all(self._is_open(w) for w in words) for words in required)
        lines = (program.line_text(a.fn.file, program.body(a.fn).line[a.instr]) for a in transition.guards)
        return any(_OPEN.search(line) for line in lines) or any(_OPEN.search(str(k)) for k in transition.touch.compared)

    def required(self, transition: Transition) -> Iterator[set[str]]:
        """The states of which the order has to be in one, by each condition, and by how its row was chosen."""
        states = self.model.states
        yield from (words for a in transition.guards if (words := states.required(a)))
        reads = [transition.touch, *(read for a in transition.guards if (read := states.existence(a)) is not None)]
        for value in (v for read in reads for name, v in read.keys.items() if self.model.words.says_state(name)):
            if words := {text for o in options(value) if (text := text_of(o)) is not None}:
                yield words

    def _is_open(self, word: str) -> bool:
        return _OPEN.search(word) is not None and not self.model.words.has("paid_values", word)
