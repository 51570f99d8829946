"""What the messages of a provider do to states of records whatever the order in which they arrive."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.absence import where_there
from tillproof.commerce.conditions import AnyOf, Atom
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.recognise import Known
from tillproof.commerce.told_states import state_kept
from tillproof.commerce.touches import Touch, text_of
from tillproof.commerce.transitions import ASKED, GIVEN_BACK, Transition, moved_to_paid
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, External, FunctionV, Member, Missing, Mix, Result, Seq, Value, options, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation, Verifier

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_AGE = re.compile(
    r"(updat|modif|chang|occurr|event|sync|last|creat|receiv|process)\w*_?(at|on|time|date|ts|created|stamp)$|^last_(event|message|webhook)$|version|sequence|revision|timestamp|(^|_)seq$"
)
_WHEN = re.compile(r"(event_)?(created|occurred|emitted)(_at|_on)?|event_(time|timestamp|date)|(create|occurred?|event)_time")
# By what a routine of the database is called, or a statement is run that answers.
_ROUTINE = re.compile(r"rpc|\$?query(_?raw)?(_?one)?|execute|call(proc)?|raw|fetch_?(val|row|one)|scalar|eval(sha)?|select(_?one)?|get_var")
_AFTERS = ("<", ">", "<=", ">=", "!=", "!==", "==", "===")
ON_PEOPLE = re.compile(r"(\w+_)?(user|customer|account|organi[sz]ation|team|workspace|tenant|company|profile|member)")
"""Records of people and their teams, which may be told how their subscription stands."""
_PAYING = re.compile(r"(\w+_)?(subscription|plan|billing|payment|membership|stripe|paddle)_?\w*_?(status|state)")
_LASTS = re.compile(r"active|trialing|subscribed|enabled")
_OVER = re.compile(r"cancel\w*|delet\w*|expired?|ended|inactive|terminated|unsubscribed|revoked|lapsed|suspended|none|free")
"""A subscription that has come to its end, as people's records have it."""
_ON = re.compile(r"(is_)?(active|enabled|disabled|suspended|expired|cancell?ed|valid)")
_SENT = re.compile(r"(\w+_)?(shipment|shipping|delivery|parcel|consignment|fulfill?ment)")
# Records that one object of the provider stands for as long as they last.
_LASTING = re.compile(r"(\w+_)?(subscription|recurring(_\w+)?|membership|plan|mandate)")
_READS = ("read", "list", "search")
_ASKS = ("retrieve", *_READS)
_WAYS = 60
_SEVERAL = 3


@dataclass(frozen=True, slots=True)
class Arrival:
    """A state that a message sets. ``how``: it is taken ``mirrored`` from the message, ``asked`` of the provider anew, or a constant ``to``
    that ``undoes`` what ``before`` sets, or pays once more for what that has paid back (``revives``), or
    begins anew what that has ended (``renews``). ``guards``: conditions on the
    record's present state or age; ``looked``: those that let what is paid through; ``held``: why it needs none."""

    effect: Effect
    touch: Touch
    field: str
    how: Literal["mirrored", "asked", "undoes", "revives", "renews"]
    guards: tuple[Atom, ...]
    held: str
    to: str = ""
    before: Transition | None = None
    looked: tuple[Atom, ...] = ()


class Arrivals:
    """Answers by entry point; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._memo: dict[Fn, list[Arrival]] = {}

    def of(self, target: FunctionV) -> list[Arrival]:
        """The states behind a handler for which it matters in which order messages arrive."""
        if target.fn not in self._memo:
            self._memo[target.fn] = [*self._mirrored(target), *self._undoing(target), *self._reviving(target), *self._renewing(target)]
        return self._memo[target.fn]

    # --- states that the message tells

    def _mirrored(self, target: FunctionV) -> list[Arrival]:
        out = []
        for effect in self.model.effects.of(target):
            touch = effect.touch
            if touch is None or touch.kind not in ("write", "upsert"):
                continue
            for name, value in touch.fields.items():
                how = self._how(target, touch, name, value) if value is not None else None
                if how is not None and value is not None:
                    told = partial(self._names_states, value)
                    guards = tuple(a for a in self.guards(effect, touch, told) if not self._only_differs(a, value))
                    guards = guards or self._on_the_way(effect, partial(self._still_so, touch))
                    out.append(Arrival(effect, touch, name, how, guards, self._needs_none(touch, name, how)))
                    break
        return out

    def _asks_first(self, target: FunctionV) -> bool:
        """Whether the provider is asked for the payment behind a handler, so that one of several states may be what it answers."""
        return any(e.operation is not None and (e.operation.confirms or e.kind.endswith(_READS)) for e in self.model.effects.of(target))

    def _only_differs(self, atom: Atom, value: Value) -> bool:
        """Whether a condition asks no more than that the present state is not the very one that is written: an older one is not it."""
        body = self.model.program.body(atom.fn)
        if body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in ("!=", "!==", "==", "===", "is not"):
            return False
        written = {id(o) for o in options(value)}
        sides = [self.model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3]]
        return len(written) > 1 and any({id(o) for o in options(side)} == written or _alike(side, value) for side in sides)

    def _names_states(self, value: Value, atom: Atom) -> bool:
        """Whether a condition says which states, and no others, are written: ``status in ("refunded", "disputed")``."""
        body, states = self.model.program.body(atom.fn), self.model.states
        sides = [options(self.model.evaluator.value(atom.fn, side, atom.ctx)) for side in self._sides(atom)]
        listed = any(isinstance(o, Seq) and all(isinstance(item, Const) for item in o.items) for side in sides for o in side)
        found = atom.truth is True and body.op[atom.instr] == Op.CALL and listed and states.fields.is_search(atom)
        written = {id(p) for o in options(value) for p in ((o, o.base) if isinstance(o, Member) else (o,))}
        return (found or bool(states.required(atom))) and any(all(id(o) in written for o in side) for side in sides)

    def _sides(self, atom: Atom) -> list[int]:
        """What a condition compares: both sides, or what a call is told and what it is called on."""
        body = self.model.program.body(atom.fn)
        op, args = body.op[atom.instr], body.args(atom.instr)
        if op == Op.CALL:
            on = body.args(args[0])[:1] if body.op[args[0]] == Op.FIELD else []
            return [*on, *(a for _, a in body.call(atom.instr)[1])]
        return args[1:3] if op == Op.BINARY else [atom.instr]

    def asked(self, target: FunctionV, touch: Touch, name: str) -> bool:
        """Whether a state is written as the provider has told it when it was asked anew, and not one that the code chose."""
        value = touch.fields.get(name)
        return value is not None and self._how(target, touch, name, value) == "asked"

    def _how(self, target: FunctionV, touch: Touch, name: str, value: Value) -> Literal["mirrored", "asked"] | None:
        how = self._told(touch, name, value)
        fixed = how == "mirrored" and self._all_fixed(value)
        return "asked" if fixed and self._asks_first(target) else how

    def _told(self, touch: Touch, name: str, value: Value | None) -> Literal["mirrored", "asked"] | None:
        if value is None or not self._is_state(touch.entity, snake(name)):
            return None
        fixed = self._all_fixed(value)
        if fixed and (self._of_order(touch.entity) or len(options(value)) < _SEVERAL) and not self._goes_both_ways(name, value):
            return None
        if touch.overwrites is not None and name not in touch.overwrites:
            return None
        if fixed:  # one of several, by what the message says
            return "mirrored"
        asked = [p for o in options(value) for p in (o.operands if isinstance(o, Mix) else (o,))]  # active: status === 'active'
        calls = [k for part in asked for k in self._calls(part)]
        if any(_asks(k) for k in calls):
            return "asked"
        return "mirrored" if any(self._is_news(part) for part in asked) else None

    def _all_fixed(self, value: Value) -> bool:
        """Whether the code names a state itself, or the setting in which the shop keeps it: ``Configuration::get('PS_OS_ERROR')``."""
        return all(isinstance(o, (Const, Missing)) or state_kept(self.model, o) is not None for o in options(value))

    def _goes_both_ways(self, name: str, value: Value) -> bool:
        """Whether one line writes, by what was worked out before, either that something is paid or sent, or that it is not; or a mark that
        it is on, or off."""
        words = self.model.words
        if _ON.fullmatch(snake(name)):
            return len({o.falsy for o in options(value) if isinstance(o, Const)}) > 1
        texts = {t for o in options(value) if (t := text_of(o) or state_kept(self.model, o)) is not None}
        done = any(words.has(k, t) for t in texts for k in ("paid_values", "fulfil_values"))
        return done and any(words.has(k, t) for t in texts for k in ("dead_values", "open_values"))

    def _of_order(self, entity: str) -> bool:
        return any((self.model.words.entity(entity), _SENT.fullmatch(entity), _LASTING.fullmatch(entity)))

    def _calls(self, value: Value) -> list[Known]:
        """The provider's calls of whose answers a value is a part, or is made by calls that clean."""
        found = (
            self.model.operations.at(here.fn, here.instr, here.ctx)
            for here in pieces([value], _WAYS, self._made_of)
            if isinstance(here, Result) and here.instr >= 0
        )
        return [known for known in found if known is not None]

    def _made_of(self, value: Value) -> list[Value]:
        """What a value is made of; what is looked up in a map by its name is a piece of it: ``message.get("status", "open")``."""
        if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, Member) and value.callee.name == "get":
            return [value.callee.base]
        return self.model.requests.carried(value)

    def _is_state(self, entity: str, field: str) -> bool:
        words = self.model.words
        if self._of_order(entity) and not words.has("outgoing_entities", entity):
            return words.has("status_fields", field) or words.has("paid_fields", field) or _ON.fullmatch(field) is not None
        return ON_PEOPLE.fullmatch(entity) is not None and _PAYING.fullmatch(field) is not None

    def _needs_none(self, touch: Touch, name: str, how: str) -> str:
        if how == "asked":
            return "the state is asked of the provider anew, so the order of messages does not matter"
        if any(self.model.words.says_state(k) or _AGE.search(snake(k)) for k in touch.compared):
            return "only a row in an older or allowed state is chosen"
        return "the database works out the new state from the old one" if name in touch.relative else ""

    # --- states that the code knows

    def _undoing(self, target: FunctionV) -> list[Arrival]:
        """Changes that end a payment, where this or another handler makes one of the same record: which comes last is chance. Money goes
        back only behind a payment, whenever that is told."""
        found = self._changes(target)
        out = []
        others = self._told_anywhere if found else []
        for one in found:
            before = next((t for t in (*found, *others) if t is not one and not t.undoes and same(t.touch.entity, one.touch.entity)), None)
            if one.undoes and before is not None and not all(GIVEN_BACK.search(to) for to in one.to):
                out.append(Arrival(one.effect, one.touch, one.field, "undoes", self._looks(one), one.held, one.to[0], before, one.looked))
        return out

    def _reviving(self, target: FunctionV) -> list[Arrival]:
        """Changes that make a payment of a record of which another run says, in the same field, that its money went back: the message of
        the payment may come again, or after that."""
        out = []
        for one in self.model.transitions.of(target):
            if len(one.to) == 1 and one.to != (ASKED,) and not one.computed and moved_to_paid(self.model.words, one):
                after = next((t for t in self._given_back if same(t.touch.entity, one.touch.entity) and _one_field(t, one)), None)
                if after is not None:
                    out.append(Arrival(one.effect, one.touch, one.field, "revives", self._looks(one), one.held, one.to[0], after))
        return out

    def _renewing(self, target: FunctionV) -> Iterator[Arrival]:
        """Changes by which people subscribe, where another message says in the same field that it is over: one that was paid before that
        may come again after it."""
        for effect, name, word in self._of_people(target):
            touch = effect.touch
            if touch is None or not _LASTS.fullmatch(word) or name in touch.keys:
                continue
            ended = any(same(e.touch.entity, touch.entity) and n == name and _OVER.fullmatch(w) for e, n, w in self._told_people if e.touch)
            if ended:
                yield Arrival(effect, touch, name, "renews", self.guards(effect, touch), self._needs_none(touch, name, "renews"), word)

    def _of_people(self, target: FunctionV) -> Iterator[tuple[Effect, str, str]]:
        """What the code itself says of the subscriptions of people behind a function: the write, the field and the word."""
        for effect in self.model.effects.of(target):
            touch = effect.touch
            if touch is None or touch.kind not in ("write", "upsert") or ON_PEOPLE.fullmatch(touch.entity) is None:
                continue
            for name, value in touch.fields.items():
                told = [text_of(o) for o in options(value)] if value is not None and _PAYING.fullmatch(snake(name)) else []
                yield from ((effect, name, snake(word)) for word in told[:1] if word is not None and len(told) == 1)

    @cached_property
    def _told_people(self) -> list[tuple[Effect, str, str]]:
        return [told for h in self.model.handlers.all for told in self._of_people(h.entry.target)]

    def _looks(self, one: Transition) -> tuple[Atom, ...]:
        """The conditions on the way to a change that ask for the record's present state or age, or for what the provider answers anew."""
        return one.guards or self.ages(one.effect, one.touch) or self._on_the_way(one.effect, self._answered)

    @cached_property
    def _told_anywhere(self) -> list[Transition]:
        """The changes behind all handlers of messages."""
        return [t for h in self.model.handlers.all for t in self._changes(h.entry.target)]

    def _changes(self, target: FunctionV) -> list[Transition]:
        """The states behind a function that the code names itself, those of rows that are put anew too."""
        return [t for t in (*self.model.transitions.of(target), *self.model.transitions.over(target)) if t.to != (ASKED,)]

    @cached_property
    def _given_back(self) -> list[Transition]:
        """Where records are said to be refunded, by a message or by ourselves."""
        found = (t for entry in self.model.handlers.entries for t in self.model.transitions.of(entry.target))
        return [t for t in found if t.to != (ASKED,) and t.to and all(GIVEN_BACK.search(to) for to in t.to)]

    def _answered(self, atom: Atom) -> bool:
        """Whether a condition looks at what the provider has just been asked for: its state as it is now, whatever the message said."""
        calls = [k for side in self._sides(atom) for k in self._calls(self.model.evaluator.value(atom.fn, side, atom.ctx))]
        return any(_asks(k) for k in calls)

    def _still_so(self, touch: Touch, atom: Atom) -> bool:
        """Whether a condition holds what the message says against what the provider answers when it is asked anew: a message that was
        overtaken says something else, ``if event.status != retrieve(event.id).status: return``."""
        body = self.model.program.body(atom.fn)
        if body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in _AFTERS:
            return False
        rows = [self._translated(atom, side) for side in body.args(atom.instr)[1:3]]
        sides = [self.model.evaluator.value(atom.fn, row, atom.ctx) for row in rows]
        asked = [any(_asks(k) for k in self._calls(side)) for side in sides]
        if asked.count(True) != 1:
            return False
        row, told = next((r, v) for r, v, a in zip(rows, sides, asked, strict=True) if not a)
        ours = any(same(r.entity, touch.entity) for r in self.model.states.field(atom.fn, row, atom.ctx))
        return not ours and not all(isinstance(o, (Const, External)) for o in options(told))

    def _translated(self, atom: Atom, row: int) -> int:
        """What a function of ours is given that puts it into words of ours: ``Status.of(dispute.status)``."""
        body = self.model.program.body(atom.fn)
        given = body.call(row)[1] if body.op[row] == Op.CALL else []
        targets = options(self.model.evaluator.value(atom.fn, body.args(row)[0], atom.ctx)) if len(given) == 1 else ()
        return given[0][1] if targets and all(isinstance(o, FunctionV) for o in targets) else row

    def _is_news(self, value: Value) -> bool:
        """Whether a value is read from the message, as it was sent or as its verifier gave it."""
        sent = (s.kind in ("body", "raw", "query") for s, _ in self.model.requests.sources_in(value, _WAYS))
        return any(isinstance(k.thing, Verifier) for k in self._calls(value)) or any(sent)

    # --- guards

    def guards(self, effect: Effect, touch: Touch, told: Callable[[Atom], bool] | None = None) -> tuple[Atom, ...]:
        """The conditions on the way to an effect that ask for the record's present state or age. ``told``: those that say which states may
        be written whatever the present one is, beside others for which it is asked."""
        return self._on_the_way(effect, lambda a: self.model.transitions.about(a, touch) or self.aged(a, touch) or self._told_when(a), told)

    def ages(self, effect: Effect, touch: Touch) -> tuple[Atom, ...]:
        """The conditions on the way to an effect that ask for the record's age."""
        return self._on_the_way(effect, lambda a: self.aged(a, touch))

    def asked_anew(self, effect: Effect, touch: Touch) -> tuple[Atom, ...]:
        """The conditions on the way to an effect that ask a provider for the subscription itself, as it is now: a late message changes
        nothing about that. A payment that is asked for says nothing of another attempt to pay the same order."""
        return self._on_the_way(effect, self._answered) if _LASTING.fullmatch(touch.entity) else ()

    def _on_the_way(self, effect: Effect, asks: Callable[[Atom], bool], told: Callable[[Atom], bool] | None = None) -> tuple[Atom, ...]:
        behind = (atom for held in self.model.effects.held(effect) for atom in self.model.conditions.behind(held))
        return tuple(dict.fromkeys(a for atom in behind for a in self._asking(atom, asks, told)))

    def _asking(self, atom: Atom | AnyOf, asks: Callable[[Atom], bool], told: Callable[[Atom], bool] | None = None) -> list[Atom]:
        """The conditions in an atom of which something holds; in alternatives when it holds in each in which there is a record at all, and
        which is not for some states alone that are ``told``."""
        if isinstance(atom, AnyOf):
            there = where_there(self.model.evaluator, atom.groups)
            there = [group for group in there if told is None or not any(isinstance(a, Atom) and told(a) for a in group)]
            groups = [[a for one in group for a in self._asking(one, asks, told)] for group in there]
            return [a for group in groups for a in group] if groups and all(groups) else []
        return [atom] if atom.truth is not None and asks(atom) else []

    def aged(self, atom: Atom, touch: Touch) -> bool:
        """Whether a condition compares the age or version of the record with something, or says that it has none yet."""
        body = self.model.program.body(atom.fn)
        if atom.truth is False and body.op[atom.instr] == Op.FIELD:
            return self._reads_age(atom.fn, atom.instr, atom.ctx, touch, 0)
        if body.op[atom.instr] == Op.BINARY and body.text(body.args(atom.instr)[0]) not in _AFTERS:
            return False
        return body.op[atom.instr] in (Op.BINARY, Op.CALL) and self._reads_age(atom.fn, atom.instr, atom.ctx, touch, 0)

    def _told_when(self, atom: Atom) -> bool:
        """Whether a condition looks at the answer of something outside, a routine of the database, that is told the time of the message:
        ``rpc("claim", { at: event.created }) === "stale"``."""
        body = self.model.program.body(atom.fn)
        if body.op[atom.instr] != Op.BINARY:
            return False
        sides = [self.model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3]]
        asked = [p for p in pieces(sides, _WAYS) if isinstance(p, Result) and p.instr >= 0 and _ROUTINE.fullmatch(_called(p))]
        waiting, seen = asked, 0
        while waiting and seen < _WAYS:
            here, seen = waiting.pop(0), seen + 1
            given = list(pieces([here.callee, *(v for _, v in self.model.evaluator.arguments(here))], _WAYS))
            if any(isinstance(p, Member) and _WHEN.fullmatch(snake(p.name)) for p in given):
                return True
            waiting += [p for p in given if isinstance(p, Result) and p.instr >= 0]
        return False

    def _reads_age(self, fn: Fn, i: int, ctx: Ctx | None, touch: Touch, depth: int) -> bool:
        if i < 0 or depth > 5:
            return False
        body = self.model.program.body(fn)
        if any(same(r.entity, touch.entity) and _AGE.search(r.field) for r in self.model.states.field(fn, i, ctx)):
            return True
        op, args = body.op[i], body.args(i)
        if op == Op.BINARY:
            below = list(args[1:3])
        elif op in (Op.CALL, Op.NEW):
            callee = args[0]
            below = [v for _, v in body.call(i)[1]] + ([body.args(callee)[0]] if body.op[callee] == Op.FIELD else [])
        else:
            return False
        return any(self._reads_age(fn, b, ctx, touch, depth + 1) for b in below)


def _one_field(one: Transition, other: Transition) -> bool:
    return snake(one.field) == snake(other.field)


def _alike(one: Value, other: Value) -> bool:
    """Whether two values are each one of the same several constants."""
    told = [{o.text if isinstance(o, Const) else "" for o in options(v)} for v in (one, other)]
    return "" not in told[0] and told[0] == told[1]


def _called(value: Result) -> str:
    """The last name of what was called."""
    return snake(value.callee.name.rpartition(".")[2]) if isinstance(value.callee, (Member, External)) else ""


def _asks(known: Known) -> bool:
    """Whether a provider's call asks for something as it is now."""
    return isinstance(known.thing, Operation) and (known.thing.confirms or known.thing.op.endswith(_ASKS))
