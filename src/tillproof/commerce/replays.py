"""Payments that buy more than once: the browser brings the id of a payment that was really made, and nothing says for which order it was,
or that it was taken for another one before."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.bindings import compared_with_kept, compares, handed, looks_up, signed_for_ours
from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.payment_lookups import meta_key, said_key
from tillproof.commerce.reconciling import Reconciling
from tillproof.commerce.told_answers import asked_with, is_told
from tillproof.commerce.transitions import moved_to_paid, order_made
from tillproof.flow.program import Fn
from tillproof.flow.values import Member, Record, Result, Value, before_writes, options, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TAKES = ("payment.capture", "payment.confirm")
_ANY = re.compile(r"token|(\w+_)?(reference|ref|number|no|invoice_id|order_ref|code|key)")
_RESULT = re.compile(r"(\w+_)?(payment|transaction|paypal|stripe|razorpay|charge|capture)(_?(result|details?|info|data|response))?")
_PIECES = 60
_NEAR = 4
_OURS = ("session", "headers")
_DOCUMENT = "doc"
_EQUAL = ("==", "===", "!=", "!==", "<>")


@dataclass(frozen=True, slots=True)
class Replay:
    """``effect``: after which an order counts as paid, ``brought``: the piece of the request that names the payment. ``known``: where
    it is tied to the order, or somebody asks whether it was taken before, with what that is; None where nobody does."""

    handler: Handler
    effect: Effect
    brought: str
    known: tuple[Place, str] | None


class Replays:
    """Found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._reconciling = Reconciling(model)

    @cached_property
    def all(self) -> list[Replay]:
        """One for each page to which the browser comes back with the id of a payment, which nothing ties to the order."""
        returns = (h for h in self.model.handlers.all if h.kind == "redirect-return" and h.provider.kind == "payment")
        return [found for h in returns if (found := self._of(h)) is not None]

    def _of(self, handler: Handler) -> Replay | None:
        paid = self._paid(handler)
        if not paid or any(e.operation is not None and e.kind in _TAKES for e in self.model.effects.of(handler.entry.target)):
            return None  # where the money itself is taken here, the provider does it once for a payment
        proofs = handler.walked.proofs
        told = (asked_with(self.model, p.fn, p.instr, p.ctx) if p.refetch else handed(self.model, p) for p in proofs)
        proven = [v for given in told for v in given]
        named = {piece for piece in self._pieces(proven) if piece[0] not in _OURS}
        asked = any(p.refetch for p in proofs)  # whatever the piece is called by which the provider is asked
        brought = next((k for _, k in sorted(named) if k and (asked or _names_payment(k))), "") if proofs else self._noted(handler, paid)
        if not brought:
            return None
        answered = bool(proofs) and all(p.refetch for p in proofs)
        if self._is_bound(handler, paid) or any(self._is_tied(e, answered) for e in paid) or self._is_visitors(proven, paid):
            return Replay(handler, paid[0], brought, (paid[0].place, "the payment is the one that was begun for this order"))
        if (held := next((p for fn in self._near(handler) for p in self._holds_against(fn, named, handler)), None)) is not None:
            return Replay(handler, paid[0], brought, (held, "what is told of the payment is held against something of ours"))
        return Replay(handler, paid[0], brought, self._told_apart(handler) or self._known(handler))

    def _told_apart(self, handler: Handler) -> tuple[Place, str] | None:
        """Where the provider answers otherwise of a payment that was confirmed before, and nobody takes that for paid: a code of the answer
        is asked for, and never that one."""
        for proof in handler.walked.proofs:
            known = self.model.operations.at(proof.fn, proof.instr, proof.ctx) if proof.refetch else None
            again = known.thing.again if known is not None and isinstance(known.thing, Operation) else ()
            codes = {text for text in handler.closure.compared if text.isdigit()}
            if again and codes and codes.isdisjoint(again):
                return Place(proof.fn, proof.instr, proof.ctx), f"of a payment that was confirmed before this answers {', '.join(again)}"
        return None

    def _paid(self, handler: Handler) -> list[Effect]:
        """The effects after which an order counts as paid, and those by which it comes about."""
        target = handler.entry.target
        said = [t.effect for t in self.model.transitions.of(target) if moved_to_paid(self.model.words, t)]
        return [*said, *filter(order_made, self.model.effects.of(target))] if said else []

    def _pieces(self, values: list[Value]) -> set[tuple[str, str]]:
        """The pieces of a request, or of the visitor's session, of which values are made, with their last names; all of it is ``""``."""
        found = (self.model.requests.source(here) for here in pieces(values, _PIECES, self._within))
        return {(s.kind, (s.key or "").rpartition(".")[2]) for s in found if s is not None}

    def _within(self, value: Value) -> list[Value]:
        return [] if self.model.requests.source(value) is not None else list(self.model.evaluator.made_of(value))

    def _noted(self, handler: Handler, paid: list[Effect]) -> str:
        """The piece of the request that an order is told to be paid by, of which nobody proves anything."""
        entities = {e.touch.entity for e in paid if e.touch is not None and e.touch.kind == "write"}
        effects = self.model.effects.of(handler.entry.target) if entities else []
        for touch in (e.touch for e in effects if e.touch is not None and e.touch.kind == "write" and e.touch.entity in entities):
            for name, value in touch.fields.items():
                held = [v for o in options(value) if isinstance(o, Record) for k, v in o.entries if k == "id"] if value is not None else []
                said = held if _RESULT.fullmatch(snake(name)) else [value] if value is not None and _names_payment(name) else []
                for _, key in sorted(self._pieces(said)):
                    return key
        return ""

    def _near(self, handler: Handler) -> list[Fn]:
        return [fn for fn, depth in handler.closure.functions.items() if depth <= _NEAR]

    def _is_bound(self, handler: Handler, paid: list[Effect]) -> bool:
        """Whether the payment that is proven is the one that was begun for this order."""
        if signed_for_ours(self.model, handler, paid) is not None:
            return True
        for proof in (p for p in handler.walked.proofs if p.refetch):
            if self._reconciling.asked_by_ours(proof.fn, proof.instr, proof.ctx):
                return True
            if any(self._reconciling.found_by_asked(e, proof.fn, proof.instr, proof.ctx) for e in paid):
                return True
            if any(compared_with_kept(self.model, e, proof) is not None for e in paid):
                return True
            asked = self._pieces(list(asked_with(self.model, proof.fn, proof.instr, proof.ctx)))
            if len(asked) == 1 and all(self._pieces(self._numbers(e)) == asked for e in paid):
                return True  # the provider is asked by our own number of the order
        return False

    def _numbers(self, effect: Effect) -> list[Value]:
        """The number of the document that an effect changes: that of ``orders.doc(number).update(…)``."""
        touch, evaluator = effect.touch, self.model.evaluator
        found = options(touch.record) if touch is not None and touch.record is not None else ()
        made = (o for o in map(before_writes, found) if isinstance(o, Result) and o.instr >= 0)
        return [v for o in made if isinstance(o.callee, Member) and o.callee.name == _DOCUMENT for _, v in evaluator.arguments(o)]

    def _is_tied(self, effect: Effect, answered: bool) -> bool:
        """Whether the order that counts as paid is found by what the provider tells of the payment, or compared with it. ``answered``: the
        provider is only asked, so that nothing which the browser brings is of his telling."""
        how = self._reconciling.of(effect)
        if how.stored or how.reference or self._reconciling.carried(effect, told=answered):
            return True
        chosen = {piece for piece in self._pieces([v for _, v in self._reconciling.found_by(effect)]) if piece[1]}
        held = (atom for one in self.model.effects.held(effect) for atom in self.model.conditions.behind(one)) if chosen else ()
        return any(isinstance(atom, Atom) and self._says_which(atom, chosen) for atom in held)

    def _says_which(self, atom: Atom, chosen: set[tuple[str, str]]) -> bool:
        """Whether a condition holds what the provider tells to be that by which the browser has chosen the order:
        ``answer.metadata.orderId !== orderId``."""
        body = self.model.program.body(atom.fn)
        if body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in _EQUAL:
            return False
        sides = [self.model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3]]
        told = [any(is_told(self.model, piece) for piece in pieces([side], _PIECES)) for side in sides]
        said = [{(s.kind, (s.key or "").rpartition(".")[2]) for s, _ in self.model.requests.sources_in(side, _PIECES)} for side in sides]
        return (told[0] and not told[1] and bool(said[1] & chosen)) or (told[1] and not told[0] and bool(said[0] & chosen))

    def _is_visitors(self, proven: list[Value], paid: list[Effect]) -> bool:
        """Whether a payment that was begun for the visitor is proven, and what he began to buy with it is what is paid: both were put into
        his session at once."""
        sessions = self.model.sessions
        kept = [v for kind, key in self._pieces(proven) if kind == "session" for v in sessions.stored(key, paid[0].fn.file)]
        chosen = [v for e in paid if e.touch is not None for v in e.touch.keys.values()]
        orders = [v for kind, key in self._pieces(chosen) if kind == "session" for v in sessions.stored(key, paid[0].fn.file)]
        return bool(kept) and (not orders or not {v.at[0] for v in kept}.isdisjoint(v.at[0] for v in orders))

    def _holds_against(self, fn: Fn, named: set[tuple[str, str]], handler: Handler) -> Iterator[Place]:
        """Where a function looks for something by what the provider tells of the payment, or by what the proof is of, or compares that
        with something of ours."""
        body, evaluator = self.model.program.body(fn), self.model.evaluator
        ctx = evaluator.entry_context(handler.entry.target) if fn == handler.entry.target.fn else None
        for i, op in enumerate(body.op):
            if op == Op.BINARY and body.text(body.args(i)[0]) in _EQUAL:
                one, other = (self._pieces([evaluator.value(fn, side, ctx)]) for side in body.args(i)[1:3])
                if _one_of_each(one, other, named) or _one_of_each(other, one, named):
                    yield Place(fn, i, ctx)
            if op != Op.CALL or body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD) or self.model.operations.at(fn, i, ctx) is not None:
                continue
            if looks_up(self.model, fn, i, body.called(i).lower()):
                given = [evaluator.value(fn, a, ctx) for _, a in body.call(i)[1]]
                sent = {piece for piece in self._pieces(given) if piece[0] not in _OURS}
                if any(is_told(self.model, v) for v in given) or any(p in named or (p[0], "") in named for p in sent):
                    yield Place(fn, i, ctx)
        if any(compares(self.model, fn, key) for _, key in named if _names_payment(key)):
            yield Place(fn, 0, ctx)

    def _known(self, handler: Handler) -> tuple[Place, str] | None:
        """Where it is asked whether the payment was taken before, or why the database takes it once."""
        for effect in self.model.effects.of(handler.entry.target):
            touch = effect.touch
            for name in (n for n in touch.fields if PAYMENT_ID.fullmatch(snake(n))) if touch is not None and touch.writes else ():
                one = self.model.schema.unique(touch.entity, (name,), effect.fn.file) if touch is not None else None
                if one is not None:
                    return effect.place, f"the database takes the same `{name}` only once ({one.file}:{one.line})"
        found = (Place(fn, i, None) for fn in self._near(handler) for i in self._looks_up(fn))
        return next(((place, "a payment is looked for by its id") for place in found), None)

    def _looks_up(self, fn: Fn) -> Iterator[int]:
        """Where a function looks for a record by the id of a payment."""
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            read = self.model.records.touch(fn, i, None)
            keyed = read is not None and not read.writes and (any(map(_names_payment, read.compared)) or meta_key(read.keys))
            if keyed or said_key(body.called(i)) or self.model.recogniser.is_("refuses_again", fn, i) is not None:
                yield i


def _one_of_each(one: set[tuple[str, str]], other: set[tuple[str, str]], named: set[tuple[str, str]]) -> bool:
    """Whether one side is of what the proof is of, and the other of what is kept for the visitor."""
    return not one.isdisjoint(named) and any(kind == "session" for kind, _ in other)


def _names_payment(key: str) -> bool:
    """Whether a name is that of a payment's id at its provider, and could not be anything else's."""
    last = snake(key.rpartition(".")[2]).strip("_")
    return PAYMENT_ID.fullmatch(last) is not None and not _ANY.fullmatch(last)
