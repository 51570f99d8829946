"""Changes of an order's or payment's state, and whether the state that it is in is looked at first."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tillproof.commerce.absence import where_there
from tillproof.commerce.compared_states import compared_states
from tillproof.commerce.conditions import AnyOf, Atom, flat
from tillproof.commerce.declared_fields import declared_by_sender
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import ORDER, entity, holds_state_of, same
from tillproof.commerce.field_reads import FieldRead, is_predicate
from tillproof.commerce.filled_models import filled_by_sender
from tillproof.commerce.free_changes import CODED, NEW, needs_none
from tillproof.commerce.lexicon import Words, snake, under_way
from tillproof.commerce.never_together import never_runs
from tillproof.commerce.order_records import is_order
from tillproof.commerce.other_rows import is_of_another
from tillproof.commerce.put_in_states import as_change
from tillproof.commerce.refusing_saves import refuses_itself
from tillproof.commerce.serializer_fields import sent_field, withheld
from tillproof.commerce.set_at_once import merges
from tillproof.commerce.state_rows import state_of_row
from tillproof.commerce.states_beside import turned_beside
from tillproof.commerce.told_states import state_kept, unconverted
from tillproof.commerce.touches import Touch, text_of
from tillproof.commerce.unchanged_states import UnchangedStates
from tillproof.commerce.vocabulary import BARE_FLAGS
from tillproof.commerce.whole_bodies import set_by_sender
from tillproof.commerce.worked_out import WORKED_OUT, follows_from_sums, says_how_much
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Choice, Const, External, FunctionV, Member, Value, choice, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_REMARK = re.compile(
    r"(^|_)(remarks?|notes?|comments?|messages?|texts?|descriptions?|reasons?|details|raw|payload|response|answer|logs?)(_|$)"
)
_JUDGES = re.compile(
    r"transition|state_?machine|status_(valid|check)|(^|_)(fsm|assert|ensure|validate|check|verify|guard|require|allow|permit|can|may)(_|$)"
)
_CLAIMS = re.compile(r"(try_)?claim(_|$)")
_MESSAGE = re.compile(r"(^|_)(event|webhook|message|notification|callback|ipn|evt)(_|s?$)")
_NOTED = re.compile(r"meta:\w*(captured|paid|refunded|voided)")
_SEVERAL = 3
_TIMERS = ("setTimeout", "scheduleJob")
_SETS = ("values", "set")
_MAIN = re.compile(rf"(\w+_)?({ORDER})")
_PAYMENT = re.compile(r"(\w+_)?(payment|transaction)")
_OF_PAYMENT = re.compile(r"(is_)?(payment|paid)")
_BESIDE = re.compile(r"(\w+_)?(invoice|bill|payment|transaction|order_?(item|line))")
# What these are of the kind of is the record beside them: a transaction's children are transactions.
_RELATIVES = ("child", "children", "parent", "sibling", "siblings")
GIVEN_BACK = re.compile(r"refund|charged?_?back|dispute", re.IGNORECASE)
"""Money that went back is no news to a paid order that a later message could take back: "not refunded yet" is enough of a guard."""
DELETED = ("deleted",)
"""What a row that is deleted comes to."""
REVERSIBLE = ("on_hold", "hold", "in_review")
"""What only holds an order up, paid or not."""
ASKED = "the state that the request names"
"""What a record is set to where whoever calls says which state that is."""
_OWN_STATES = ("status", "state", "order_status", "payment_status")
# A member of an enumeration of states: ``OrderStatus.RINGING``.
_LISTED = re.compile(r"(?i:stat(us|e)s?_?(enum|type|code|value)?s?)\.[A-Z]\w*$")
_OWN_WORD = re.compile(r"[^\W\d_]\w{2,}")
KNOWN_STATES = ("paid_values", "fulfil_values", "open_values", "dead_values")


@dataclass(frozen=True, slots=True)
class Transition:
    """An effect that moves a record to another state. ``to``: the words that say which, when they are known. ``guards``: the conditions on
    the way that ask for its present state. ``held``: why it needs none, or empty. ``undoes``: it ends or holds up what was paid.
    ``computed``: one of several states is worked out, from other records such as an order's shipments, or from what a message says.
    ``looked``: the conditions on the way that ask for the state and let what is paid through."""

    effect: Effect
    touch: Touch
    field: str
    to: tuple[str, ...]
    guards: tuple[Atom, ...]
    held: str
    undoes: bool = False
    computed: bool = False
    looked: tuple[Atom, ...] = ()

    @property
    def sent(self) -> bool:
        """Whether the request says which state it is."""
        return self.to == (ASKED,)

    @property
    def shown(self) -> tuple[str, ...]:
        """The states as the code has them: of a number, the number itself."""
        value = self.touch.fields.get(self.field) if self.to == (CODED,) else None
        return tuple(o.text.strip("'\"") for o in options(value) if isinstance(o, Const)) if value is not None else self.to


class Transitions:
    """Answers by entry point; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.unchanged = UnchangedStates(model)
        self._memo: dict[object, list[Transition]] = {}

    def of(self, target: FunctionV) -> list[Transition]:
        """The changes of state behind a function that is called from outside."""
        if target.fn not in self._memo:
            found: list[Transition] = []
            effects = self.model.effects.of(target)
            touched = [e.touch for e in effects if e.touch is not None]
            for effect in effects:
                touch = effect.touch
                if touch is not None and touch.kind == "create":
                    touch = as_change(self.model, touch, touched)
                if touch is None or touch.kind not in ("write", "upsert") or not is_order(self.model, touch):
                    continue
                if touch.kind == "upsert" and not merges(self.model.records, touch):
                    continue
                told = (*self._told(touch), *self._by_sender(touch), *self._coded(touch))
                if told and never_runs(self.model, effect):
                    continue
                for name, to in told or compared_states(self.model, effect, touch):
                    if self._is_kept(touch, name, to, found):
                        break
                    found.append(self._transition(effect, touch, name, to, effects))
                    break
            called = {(t.effect.fn, t.effect.instr): (t.touch.entity, t.field) for t in found}
            self._memo[target.fn] = [t for t in found if not self._in_setter(t, called)]
        return self._memo[target.fn]

    def over(self, target: FunctionV) -> list[Transition]:
        """The states of rows that are there already, or are made, and are put anew: ``updateOrCreate(['id' => …], ['status' => …])``."""
        effects, out = self.model.effects.of(target), []
        for effect in effects:
            touch = effect.touch
            if touch is None or touch.kind != "upsert" or not is_order(self.model, touch) or merges(self.model.records, touch):
                continue
            told = (pair for pair in self._told(touch) if touch.overwrites is None or pair[0] in touch.overwrites)
            out += [self._transition(effect, touch, name, to, effects) for name, to in islice(told, 1)]
        return out

    def deletions(self, target: FunctionV) -> list[Transition]:
        """The rows of orders that are gone afterwards: the last change of state that there is."""
        effects = self.model.effects.of(target)
        gone = ((e, t) for e in effects if (t := e.touch) is not None and t.kind == "delete" and is_order(self.model, t))
        return [self._transition(effect, touch, "", DELETED, effects) for effect, touch in gone if not never_runs(self.model, effect)]

    def _is_kept(self, touch: Touch, name: str, to: tuple[str, ...], before: list[Transition]) -> bool:
        """Whether a field is filled from the record's own, which was set to that state before: ``store.keepStatus(id, order.status)``."""
        value = touch.fields.get(name)
        if value is None or not any(self.unchanged.is_copy(o, name) for o in options(value)):
            return False
        return any(
            t.touch.entity == touch.entity and snake(t.field).lstrip("_") == snake(name).lstrip("_") and set(to) <= set(t.to)
            for t in before
        )

    def _in_setter(self, transition: Transition, called: Mapping[tuple[Fn, int], tuple[str, str]]) -> bool:
        """Whether a change is what a setter of ours does that is called as one: ``$order->setStatus('failed')`` says it all."""
        way = transition.effect.way
        return len(way) > 1 and called.get((way[1].fn, way[1].instr)) == (transition.touch.entity, transition.field)

    def _told(self, touch: Touch) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The fields in which the code itself writes a state, with the states; the state itself before what is noted beside it."""
        for name, value in sorted(touch.fields.items(), key=lambda pair: not self.model.words.has("status_fields", pair[0])):
            if name not in touch.relative and (to := self._state(name, value)) is not None:
                yield name, to

    def _by_sender(self, touch: Touch) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The columns that hold a state where a request's body is written as it came."""
        if self.model.program.body(touch.fn).op[touch.instr] == Op.CALL:
            columns = set_by_sender(self.model, touch.entity, touch.fn, touch.instr, touch.ctx)
            told = [n for n in columns if n not in touch.fields and self.model.words.says_state(n)]
            told += [n for n in filled_by_sender(self.model, touch.fn, touch.instr, touch.ctx) if self.model.words.says_state(n)]
            told += [n for n in self._declared(touch) if n not in told and n not in touch.fields]
            yield from ((name, (ASKED,)) for name in told)

    def _declared(self, touch: Touch) -> list[str]:
        """The fields that hold a state where an object is written as a request was read into it, by a class that has them."""
        model, told = self.model, self.model.program.body(touch.fn)
        given = [model.evaluator.value(touch.fn, a, touch.ctx) for _, a in told.call(touch.instr)[1]]
        for row in (a for k, a in told.call(touch.instr)[1][:1] if k == "" and told.op[a] in (Op.CALL, Op.NAME)):
            # a statement that is put together by calls: `execute(update(Order).values(**body.model_dump()))`
            links = model.records.chains.of(touch.fn, row, touch.ctx).calls()
            given += [v for link in links if link.name in _SETS for _, v in model.records.chains.arguments(link)]
        whole = (o for value in given for o in (value, *shape(model.evaluator, value).open))
        return [n for value in whole for n in declared_by_sender(model, value) if model.words.says_state(n)]

    def _coded(self, touch: Touch) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The field that is set to a bare number, of which nothing here says what it means."""
        for name, value in touch.fields.items():
            found = options(value) if value is not None and self.model.words.has("status_fields", name) else ()
            if name not in touch.relative and found and all(self._is_bare(o) for o in found):
                yield name, (CODED,)

    def _is_bare(self, value: Value) -> bool:
        digits = isinstance(value, Const) and value.kind in (Kind.NUMBER, Kind.STRING) and value.text.strip("'\"").isdigit()
        return digits and isinstance(value, Const) and not value.name

    def _state(self, name: str, value: Value | None) -> tuple[str, ...] | None:
        """The states that a field is set to; None when the field is no state or what it is set to says nothing."""
        words = self.model.words
        if words.money(name) and value is not None and not all(isinstance(o, Const) for o in options(value)):
            return None  # how much was paid is a sum
        if snake(name) in BARE_FLAGS and value is not None:
            flags = all(isinstance(o, Const) and o.kind == Kind.BOOL and not o.falsy for o in options(value))
            return ("paid",) if flags else None
        if not words.says_state(name) and self._is_sent_as_state(name, value):
            return (ASKED,)
        if not words.says_state(name) or value is None or (value := self._but_copies(value, name)) is None:
            return None
        texts = [
            t
            for o in unconverted(self.model, value)
            if (t := state_of_row(self.model, o) or text_of(o) or state_kept(self.model, o)) is not None
        ]
        if words.has("status_fields", name):
            told = [t for t in texts if any(words.has(k, t) for k in KNOWN_STATES)]
            if not told and any(self._is_asked(o) for o in unconverted(self.model, value)):
                return (ASKED,)
            if not told and snake(name) in _OWN_STATES:  # a word of the shop's own: "ordered", "otw"
                own = [word for o in options(value) if (word := _own_word(o))]
                told = [word for word in own if _OWN_WORD.fullmatch(snake(word))]
            return tuple(dict.fromkeys(told)) if told else None
        if any(isinstance(o, Const) and o.falsy for o in options(value)) or says_how_much(value):
            return None
        return (snake(name),)

    def _is_asked(self, value: Value) -> bool:
        found = self.model.requests.source(value)
        if found is not None and found.kind == "raw":
            return found.key is not None
        if withheld(self.model, value):
            return False
        return (found is not None and found.kind in ("body", "query", "path")) or bool(sent_field(self.model, value))

    def _is_sent_as_state(self, name: str, value: Value | None) -> bool:
        """Whether a request's own word for a piece of it is that of a state, whatever the column is called, ``processed = $to_status``, as
        long as it is no remark on it."""
        if _REMARK.search(snake(name)):
            return False
        found = (self.model.requests.source(o) for o in options(value)) if value is not None else ()
        keys = (f.key for f in found if f is not None and f.kind in ("body", "query", "path"))
        return any(key is not None and self.model.words.has("status_fields", key.rpartition(".")[2]) for key in keys)

    def _but_copies(self, value: Value, name: str) -> Value | None:
        """What else a field is set to than what it holds already, ``done ? 'shipped' : order.status``; None where it is nothing else."""
        found = options(value)
        others = [o for o in found if not self.unchanged.is_copy(o, name)]
        return value if len(others) == len(found) else choice(value.at, others) if others else None

    def _transition(self, effect: Effect, touch: Touch, name: str, to: tuple[str, ...], effects: list[Effect]) -> Transition:
        atoms: list[Atom] = []
        for held in self.model.effects.held(effect):
            for atom in self.model.conditions.behind(held):
                atoms += self._asking(atom, touch) or (self._asking_some(atom, touch) if to == (ASKED,) else [])
        told = self.unchanged.fields(touch, name if to == (ASKED,) else "")
        same = [a for a in atoms if any(self.unchanged.asks_if_new(a, n, v) for n, v in told.items())]
        atoms = [a for a in atoms if a not in same]
        if not atoms and (len(to) > 1 or isinstance(touch.fields.get(name), Choice)):
            atoms = [a for a in self._choosing(effect, touch) if not any(self.unchanged.asks_which(a, v) for v in told.values())]
        if not atoms:
            atoms = turned_beside(self.model, effect, effects)
        undoes = self._undoes(name, to)
        thin = [a for a in atoms if self._lets_paid_through(a, to)] if undoes and not all(GIVEN_BACK.search(t) for t in to) else []
        atoms, looked = [a for a in atoms if a not in thin], tuple(dict.fromkeys([*same, *thin]))
        made = [e.touch for e in effects[: effects.index(effect)] if e.touch is not None and e.touch.kind == "create"]
        none_needed = needs_none(self.model, touch, to, made)
        if none_needed == NEW and undoes and self._runs_later(effect):
            none_needed = ""
        if not none_needed and follows_from_sums(self.model, touch, name):
            none_needed = WORKED_OUT
        if not none_needed and not atoms and refuses_itself(self.model, touch):
            none_needed = "what saves the record refuses a change that its state does not allow"
        computed = self._computed(touch.fields.get(name))
        return Transition(effect, touch, name, to, tuple(dict.fromkeys(atoms)), none_needed, undoes, computed, looked)

    def _choosing(self, effect: Effect, touch: Touch) -> list[Atom]:
        """The conditions on the record's present state that choose between several new ones: ``status === 'archived' ? 'approved' : …``"""
        body = self.model.program.body(effect.fn)
        branches = (b.end - 1 for b in body.blocks if b.end > b.start and body.op[b.end - 1] == Op.BRANCH and b.end <= effect.instr)
        found = (a for i in branches for a in flat(self.model.conditions.of(effect.fn, body.args(i)[0], True, effect.ctx)))
        return [a for a in found if a.truth is not None and self.about(a, touch)]

    def _runs_later(self, effect: Effect) -> bool:
        """Whether a timer sets off a change: by then a record that is new now may have been paid."""
        bodies = ((self.model.program.body(p.fn), p.instr) for p in effect.way)
        return any(body.op[i] == Op.CALL and body.called(i) in _TIMERS for body, i in bodies)

    def _undoes(self, name: str, to: tuple[str, ...]) -> bool:
        """Whether a change ends or holds up what was paid before: a payment that is `processing` is open, an order that is so is paid."""
        words, pays = self.model.words, _OF_PAYMENT.match(snake(name)) is not None
        opens = (words.has("open_values", t) or (pays and words.has("open_values", f"payment_{snake(t)}")) for t in to)
        return bool(to) and all(o or words.has("dead_values", t) for o, t in zip(opens, to, strict=True))

    def _computed(self, value: Value | None) -> bool:
        """Whether a value is one of so many states that somebody works out which."""
        words = self.model.words
        texts = {t for o in options(value) if (t := text_of(o)) is not None} if value is not None else set()
        ends = any(words.has("dead_values", t) for t in texts)
        return len(texts) >= _SEVERAL and ends and any(words.has("fulfil_values", t) or words.has("paid_values", t) for t in texts)

    def _lets_paid_through(self, atom: Atom, to: tuple[str, ...]) -> bool:
        """Whether a condition refuses only states that are no payment, or the one that is set: "not cancelled yet" lets what is paid
        fail."""
        words = self.model.words
        refused = {snake(w) for w in self.model.states.excluded(atom)}
        others = refused - {snake(t) for t in to}
        return bool(refused) and all(words.has("dead_values", w) or words.has("open_values", w) for w in others)

    def _asking(self, atom: Atom | AnyOf, touch: Touch) -> list[Atom]:
        """The conditions in an atom that ask for the state of that record; in alternatives when each of them does."""
        if isinstance(atom, AnyOf):
            groups = [[a for one in group for a in self._asking(one, touch)] for group in where_there(self.model.evaluator, atom.groups)]
            return [a for group in groups for a in group] if groups and all(groups) else []
        if atom.truth is None:
            return [atom] if self._chooses(atom, touch) or self._asked_for_leave(atom, touch) else []
        if atom.truth and (self._claims(atom) or self._allows(atom, touch)):
            return [atom]
        return [atom] if self.about(atom, touch) else []

    def _asking_some(self, atom: Atom | AnyOf, touch: Touch) -> list[Atom]:
        """Where the request names the new state, the present one may matter for some of them alone: "only a paid order is shipped"."""
        return [a for group in atom.groups for one in group for a in self._asking(one, touch)] if isinstance(atom, AnyOf) else []

    def about(self, atom: Atom, touch: Touch) -> bool:
        """Whether a condition asks for the state of a record that is touched."""
        for read in self.model.states.reads(atom):
            if holds_state_of(read.entity, touch.entity):
                return True
            # What is kept beside an order moves with it: an invoice is paid when its order is.
            kin = same(read.entity, touch.entity) or read.entity in _RELATIVES
            kin = kin or (_BESIDE.fullmatch(touch.entity) is not None and _MAIN.fullmatch(read.entity) is not None)
            kin = kin or (_PAYMENT.fullmatch(read.entity) is not None and (self._is_of_payment(touch) or self._is_given_back(touch)))
            kin = kin or (_MAIN.fullmatch(touch.entity) is None and same(read.entity, self._owner(touch)))
            if kin and (self._tells_state(read) or self._is_written(read, touch) or _leaves_to_refund(read, touch)):
                return True
        if self._of_its_own(atom, touch):
            return True
        there = self.model.states.existence(atom)
        return there is not None and self._by_state(there, touch) and not is_of_another(self.model, there, touch)

    def _of_its_own(self, atom: Atom, touch: Touch) -> bool:
        """Whether a condition asks for the state of the payment that hangs on the record, ``registration.payment.status``, or for what its
        state, a record of its own, is called: ``order.status.code``."""
        body = self.model.program.body(atom.fn)
        for side in body.args(atom.instr)[1:3] if body.op[atom.instr] == Op.BINARY else []:
            for option in options(self.model.evaluator.value(atom.fn, side, atom.ctx)):
                held = option.base if isinstance(option, Member) else None
                if not isinstance(option, Member) or not isinstance(held, Member):
                    continue
                pays = self.model.words.says_state(option.name) and _PAYMENT.fullmatch(entity(held.name))
                if pays or self.model.words.has("status_fields", held.name):
                    read = self.model.records.read_behind(held.base)
                    if read is not None and same(read.entity, touch.entity):
                        return True
        return False

    def _owner(self, touch: Touch) -> str:
        """The kind of record that what is written hangs on: ``settlement.transaction.status = …``. Empty when it hangs on none."""
        body = self.model.program.body(touch.fn)
        record = body.args(touch.instr)[0] if touch.instr >= 0 and body.op[touch.instr] in (Op.SET_FIELD, Op.CALL) else -1
        if record >= 0 and body.op[touch.instr] == Op.CALL and body.op[record] == Op.FIELD:
            record = body.args(record)[0]  # what a method is called on
        if record < 0 or body.op[record] != Op.FIELD:
            return ""
        return self.model.records.holder(touch.fn, body.args(record)[0], touch.ctx)[0]

    def _is_written(self, read: FieldRead, touch: Touch) -> bool:
        """Whether what is read is the very state that is written: ``if payment.refunded_on is None: payment.refunded_on = now``."""
        states = (n for n, v in touch.fields.items() if self.model.words.says_state(n) or self._is_sent_as_state(n, v))
        return any(snake(n).lstrip("_") == read.field for n in states)

    def _is_given_back(self, touch: Touch) -> bool:
        """Whether an order is told that its money went back, which hangs on its payment alone."""
        values = [v for n, v in touch.fields.items() if v is not None and self.model.words.has("status_fields", n)]
        texts = [text_of(o) for v in values for o in options(v)]
        return _MAIN.fullmatch(touch.entity) is not None and bool(texts) and all(t is not None and GIVEN_BACK.search(t) for t in texts)

    def _is_of_payment(self, touch: Touch) -> bool:
        """Whether what an order is told is how it stands with its payment, which may have a record of its own that says so."""
        told = [snake(n) for n in touch.fields if self.model.words.says_state(n) or self.model.words.has("paid_fields", n)]
        return _MAIN.fullmatch(touch.entity) is not None and bool(told) and all(_OF_PAYMENT.match(n) for n in told)

    def _tells_state(self, read: FieldRead) -> bool:
        words = self.model.words
        asks = words.has("status_fields", read.field) or words.has("paid_fields", read.field) or is_predicate(read.field)
        return read.asked or asks or _NOTED.fullmatch(read.field) is not None

    def _chooses(self, atom: Atom, touch: Touch) -> bool:
        """A read of the record by its state that came back: ``Order.objects.get(id=…, status='pending')``."""
        read = self.model.records.touch(atom.fn, atom.instr, atom.ctx)
        return read is not None and read.kind == "read" and self._by_state(read, touch) and not is_of_another(self.model, read, touch)

    def _asked_for_leave(self, atom: Atom, touch: Touch) -> bool:
        """A call that came back, judges changes of state by its name, and was given the record's present one:
        ``assertTransition(order.status, 'paid')``, ``new FSM(config, refund.state)``."""
        body = self.model.program.body(atom.fn)
        callee, arguments = body.call(atom.instr)
        if body.op[callee] not in (Op.NAME, Op.FIELD) or not _JUDGES.search(snake(body.name(callee).rpartition(".")[2])):
            return False
        reads = (r for _, a in arguments for r in self.model.states.field(atom.fn, a, atom.ctx))
        return any(same(r.entity, touch.entity) and self.model.words.says_state(r.field) for r in reads)

    def _allows(self, atom: Atom, touch: Touch) -> bool:
        """Whether the present state itself was asked whether it may change: ``$order->status->canTransitionTo($failed)``."""
        body = self.model.program.body(atom.fn)
        callee = body.args(atom.instr)[0] if body.op[atom.instr] == Op.CALL else -1
        if callee < 0 or body.op[callee] != Op.FIELD or not _JUDGES.search(snake(body.name(callee))):
            return False
        asked = self.model.states.field(atom.fn, body.args(callee)[0], atom.ctx)
        return any(same(r.entity, touch.entity) and self.model.words.says_state(r.field) for r in asked)

    def _claims(self, atom: Atom) -> bool:
        """Whether a call that answered yes has claimed for this run what it was handed: ``if (!$rows->claimForProcessing($id)) return;``
        Who claims the message, ``claim_event(event.id)``, keeps its copies out and asks for the state of nothing."""
        body = self.model.program.body(atom.fn)
        given = body.call(atom.instr)[1] if body.op[atom.instr] == Op.CALL else []
        name = snake(body.called(atom.instr))
        if not given or _CLAIMS.match(name) is None:
            return False
        return not any(_MESSAGE.search(word) for word in (name, *(_spelt(body, a) for _, a in given)))

    def _by_state(self, read: Touch, touch: Touch) -> bool:
        words = self.model.words
        return same(read.entity, touch.entity) and any(words.says_state(k) for k in read.compared)


def _leaves_to_refund(read: FieldRead, touch: Touch) -> bool:
    """Whether it is asked how much of a record was given back already, before it is said to be refunded."""
    told = (t for v in touch.fields.values() if v is not None for o in options(v) if (t := text_of(o)) is not None)
    return GIVEN_BACK.search(read.field) is not None and any(GIVEN_BACK.search(snake(t)) for t in told)


def _own_word(value: Value) -> str:
    """A word that only the shop has: one written out, or a member of what lists its states, ``OrderStatus.RINGING``."""
    if isinstance(value, Const):
        return "" if value.kind in (Kind.NULL, Kind.BOOL) else text_of(value) or ""
    if isinstance(value, External) and _LISTED.search(value.name):
        return text_of(value) or ""
    return ""


def _spelt(body: Body, i: int) -> str:
    """The names of an argument, the outermost first: ``event_id`` of ``event.id`` and of ``event["id"]``."""
    out: list[str] = []
    while i >= 0 and body.op[i] in (Op.NAME, Op.FIELD, Op.INDEX) and len(out) < _SEVERAL:
        out.insert(0, snake(body.name(i)) if body.op[i] != Op.INDEX else "")
        i = body.args(i)[0] if body.op[i] != Op.NAME else -1
    return "_".join(filter(None, out))


def moved_to_paid(words: Words, moved: Transition) -> bool:
    """Whether an order, or a payment of it, counts as paid after a transition."""
    return (
        moved.touch.effect == "order.paid"
        or (words.has("paid_fields", moved.field) and not words.has("status_fields", moved.field))
        or any(
            words.has("paid_values", to) or (words.has("fulfil_values", to) and not under_way(moved.touch.entity, to)) for to in moved.to
        )
    )


def order_made(effect: Effect) -> bool:
    """Whether an effect creates an order."""
    touch = effect.touch
    if touch is None or touch.kind != "create":
        return False
    return touch.entity.rpartition("_")[2] in ("order", "booking", "purchase", "enrollment", "ticket")
