"""Whether what was confirmed as paid is held against what is owed: the amount, or the order found by the payment made for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.chosen_rows import CONTROL
from tillproof.commerce.compared_names import ComparedNames
from tillproof.commerce.compared_sums import ComparedSums
from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Effect, Held, Place
from tillproof.commerce.entities import same
from tillproof.commerce.field_reads import FieldRead
from tillproof.commerce.getters import with_owners
from tillproof.commerce.lexicon import snake
from tillproof.commerce.money import name_of
from tillproof.commerce.named_in_request import named_by_kept
from tillproof.commerce.own_numbers import OwnNumbers
from tillproof.commerce.own_payments import NOTES, OwnPayments, went_out
from tillproof.commerce.page_payments import PagePayments
from tillproof.commerce.payment_ids import PAYMENT_ID, keeps_theirs
from tillproof.commerce.payment_lookups import meta_key, picked_by, said_key
from tillproof.commerce.priced_payments import PricedPayments
from tillproof.commerce.told_answers import asked_with, is_fetched, is_message, is_told
from tillproof.commerce.touches import Touch
from tillproof.flow.choosing import literals
from tillproof.flow.facts import Passed
from tillproof.flow.program import Fn
from tillproof.flow.values import (
    Const,
    Ctx,
    Element,
    FunctionV,
    Instance,
    Member,
    Param,
    Record,
    Result,
    Value,
    constant,
    options,
    pieces,
)
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 2
_MOST_PIECES = 60
_LONGEST_TEXT = 6
_MOST_FILES = 20
_MOST_CALLS = 4
_LOOKS_UP = re.compile(r"(^|_)(find|first|get|load|fetch|one|where)(_|$)")
_CURRENCY = re.compile(r"currency|mc_currency|cur\b", re.IGNORECASE)
_SAME = ("==", "===", "!=", "!==", "<>", "is", "is not")
COMPARES = (*_SAME, "<", ">", "<=", ">=")
_ID = re.compile(r"(order_|invoice_)?(id|pk|number|key|uuid|reference|increment_id)")
_OF_REFUND = re.compile(r"(\w+_)?refund_?(id|reference|ref|key|number)")
_REFERENCE = re.compile(r"order|invoice|reference|booking|reservation|appointment|purchase|registration|enrol|rental|payment_id")
_PAYING = re.compile(r"payment|charge|transaction|capture|intent|checkout")
_KEPT_WITH = re.compile(r"meta_?data|client_reference|merchant_?reference")
_OWN = ("id", "type", "currency", "customer_id", "user_id", "order_id", "cart_id")  # columns of our own, whatever is put there
_STILL_OPEN = ("cart", "basket", "quote", "checkout", "session")
_CREDENTIAL = re.compile(r"(^|_)(merchant|token|key|secret|(?<!payment_)(?<!transaction_)(?<!order_)(?<!bill_)code)(_|$)")
_FEW_PIECES = 12
_FEW_TARGETS = 3
_RECEIVER = re.compile(r"receiver|business|payee|merchant_?(id|email)|seller", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How a paid transition is tied to what was paid. ``amount``, ``currency``, ``receiver``: the comparisons on the way. ``stored``: the
    field of ours by which the record is found. ``told``: what is looked for in it is taken from the provider's own answer. ``reference``:
    comparisons of the order's own id with the one that was put into the payment when it was made. ``sought``: the pieces of the request
    that are looked for in ``stored``; ``sent``: nothing but those is. ``sum_key``: the sum of ours by which the
    record is chosen, ``find({_id, total: answer.amount})``; ``sum_told``: what it is held against is taken from the provider's answer."""

    amount: tuple[Atom, ...]
    currency: tuple[Atom, ...]
    receiver: tuple[Atom, ...]
    stored: str
    told: bool = False
    reference: tuple[Atom, ...] = ()
    sum_key: str = ""
    sum_told: bool = False
    sought: frozenset[str] = frozenset()
    sent: bool = False


class Reconciling:
    """Reads the conditions on the way to a paid transition."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._answered: dict[str, bool] = {}
        self._typed = {snake(f) for p in model.knowledge.providers.values() for b in p.inbound for f in b.typed}
        self.numbers = OwnNumbers(model)
        self._compared = ComparedNames(model)
        self.own = OwnPayments(model)
        self.sums = ComparedSums(model, self._compared, self.own)
        self.priced = PricedPayments(model)
        self.pages = PagePayments(model)

    def of(self, effect: Effect) -> Reconciled:
        """What ties an effect to the payment that set it off."""
        amount: list[Atom] = []
        currency: list[Atom] = []
        receiver: list[Atom] = []
        reference: list[Atom] = []
        for held in (*self.model.effects.held(effect), *self._where_paid(effect)):
            for atom in flat(self.model.conditions.behind(held)):
                if isinstance(held.fact, Passed) and atom.truth is None:
                    continue
                words = self._compared.of(atom)
                if self.sums.only_caps(atom):
                    continue
                if self.sums.holds(atom):
                    amount.append(atom)
                if any(_CURRENCY.search(w) for w in words):
                    currency.append(atom)
                if any(_RECEIVER.search(w) for w in words):
                    receiver.append(atom)
                if self._refers(atom):
                    reference.append(atom)
        stored = self._stored(effect)
        key = effect.touch.keys.get(stored) if effect.touch is not None else None
        told = key is not None and is_told(self.model, key)
        chosen = [(snake(k).rpartition(".")[2], v) for k, v in self.found_by(effect) if self._is_news(v)]
        if effect.touch is not None and any(_CURRENCY.search(name) for name, _ in chosen):
            currency.append(Atom(effect.touch.fn, effect.touch.instr, True, effect.touch.ctx))
        each = [tuple(dict.fromkeys(found)) for found in (amount, currency, receiver, reference)]
        sum_key, owed = next(((name, v) for name, v in chosen if self._compared.money(name)), ("", None))
        sum_told = owed is not None and is_told(self.model, owed)
        sought = frozenset(k for _, k in self._pieces_sent(key)) if key is not None else frozenset[str]()
        named = [o for o in options(key) if not isinstance(o, Const)] if key is not None else []
        sent = bool(named) and all(self.model.requests.source(o) is not None for o in named)
        return Reconciled(each[0], each[1], each[2], stored, told, each[3], sum_key, sum_told, sought, sent)

    def in_vain(self, effect: Effect) -> Atom | None:
        """The last comparison of what was paid with what is owed that stands before a paid transition, in a function on the way to it, and
        of which nothing comes: ``if amount != order.total: logger.warning(…)``."""
        asked = {(atom.fn, atom.instr) for held in self.model.effects.held(effect) for atom in flat(self.model.conditions.behind(held))}
        for place in effect.way:
            body = self.model.program.body(place.fn)
            for i in range(place.instr - 1, -1, -1):
                if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in COMPARES or (place.fn, i) in asked:
                    continue
                atom = Atom(place.fn, i, True, place.ctx)
                if self.sums.holds(atom) and not self.sums.only_caps(atom):
                    return atom
        return None

    def _where_paid(self, effect: Effect) -> Iterator[Held]:
        """What is certain where the word is chosen that says paid, of several that a field may be set to:
        ``order.status = "paid" if amount >= order.total else "review"``."""
        body = self.model.program.body(effect.fn)
        if body.op[effect.instr] != Op.SET_FIELD:
            return
        words = list(literals(body, self.model.evaluator.defuse(effect.fn), body.args(effect.instr)[2]))
        paid = [i for i in words if self.model.words.has("paid_values", body.name(i))]
        if len(words) > 1 and len(paid) == 1:
            yield from self.model.effects.held_at(Place(effect.fn, paid[0], effect.place.ctx))

    def _is_news(self, value: Value) -> bool:
        """Whether a value is put together from what was sent, answered or verified."""
        news = is_told(self.model, value) or self._pieces_sent(value)
        return bool(news) or any(is_message(self.model, p) for p in pieces([value], _MOST_PIECES, self.sums.within))

    def _pieces_sent(self, value: Value) -> set[tuple[str, str]]:
        return {(s.kind, s.key) for s, _ in self.model.requests.sources_in(value, _FEW_PIECES) if s.key}

    def _is_sent(self, field: str) -> bool:
        """Whether a request of anybody says what a field of ours holds: then it ties an order to whatever payment its sender likes."""
        program = self.model.program
        around = (fn for file in program.mentioning(field)[:_MOST_FILES] for fn in program.functions_around(file, field))
        targets = {e.target.fn: e.target for fn in around for e in self.model.entries_to(fn)}
        written = (e.touch.fields.get(field) for t in list(targets.values())[:_MOST_FILES] for e in self.model.effects.of(t) if e.touch)
        return any(value is not None and self._pieces_sent(value) for value in written)

    def _refers(self, atom: Atom) -> bool:
        """Whether a comparison is of our order's own id with the one that the payment carries in what we put into it."""
        body = self.model.program.body(atom.fn)
        op, args = body.op[atom.instr], body.args(atom.instr)
        if op != Op.BINARY or body.text(args[0]) not in _SAME:
            return False
        one, other = (self.model.evaluator.value(atom.fn, side, atom.ctx) for side in args[1:3])
        if (self._own_id(one) and self._carried_id(other)) or (self._own_id(other) and self._carried_id(one)):
            return True
        return (is_told(self.model, one) and self._kept_id(other)) or (is_told(self.model, other) and self._kept_id(one))

    def _kept_id(self, value: Value) -> bool:
        """The provider's id of a payment that a record of ours keeps: ``order.payment_id``, ``order.paymentResult.id``."""
        for option in options(value):
            path: list[str] = []
            here = option
            while isinstance(here, Member):
                path.append(snake(here.name))
                here = here.base
            holds = bool(path) and (
                PAYMENT_ID.fullmatch(path[0]) is not None or (path[0] == "id" and any(_PAYING.search(p) for p in path[1:]))
            )
            if holds and self.model.records.read_behind(here) is not None:
                return True
        return False

    def _own_id(self, value: Value) -> bool:
        """The id or number of an order of ours; what a customer may still add to is none."""
        for here in pieces([value], _FEW_PIECES, self.sums.within):
            if not isinstance(here, Member) or not _ID.fullmatch(snake(here.name).removeprefix("get_")):
                continue
            read = self.model.records.read_behind(here.base)
            owner = read.entity if read is not None else name_of(here.base).removeprefix("wc_get_").removeprefix("get_")
            if self.model.words.entity(owner) and owner.rpartition("_")[2] not in _STILL_OPEN:
                return True
        return False

    def _carried_id(self, value: Value) -> bool:
        """An order's id among the data of ours that a provider keeps with a payment."""
        parts = list(pieces([value], _MOST_PIECES, self.sums.within))
        names_ = {snake(n.strip("'\"")) for p in parts if (n := constant(p) if isinstance(p, Const) else name_of(p))}
        return any(_REFERENCE.search(n) for n in names_) and any(_KEPT_WITH.search(n) for n in names_)

    def asked_by_ours(self, fn: Fn, i: int, ctx: Ctx | None) -> str:
        """The field of ours that holds the id by which a call asks the provider for a payment: the answer is about the payment made for
        that record. Empty when the id comes from elsewhere."""
        body = self.model.program.body(fn)
        if body.op[i] not in (Op.CALL, Op.NEW):
            return ""
        known = self.model.operations.at(fn, i, ctx)
        for _, argument in body.call(i)[1]:
            sent = self.model.requests.source(self.model.evaluator.value(fn, argument, ctx))
            of_sender = sent is not None and sent.kind in ("body", "raw", "query")  # whatever it is called: `order = json.loads(body)`
            for read in () if of_sender else self._read(fn, argument, ctx, 0):
                field = read.field.removeprefix("meta:").strip("_")
                if PAYMENT_ID.fullmatch(field) or self._is_answered(read.field):
                    return read.field
                if known is not None and self.own.named_by(known.provider, field):
                    return read.field
            value = self.model.evaluator.value(fn, argument, ctx)
            if self._kept_id(value):  # the whole answer was kept: `order.paymentIntent.id`
                return next(o.name for o in options(value) if isinstance(o, Member))
        given = asked_with(self.model, fn, i, ctx)
        return named_by_kept(self.model, given) or self._put_together_of(given)

    def _put_together_of(self, values: list[Value]) -> str:
        """The field of an order or payment of ours that keeps a payment's id, where what a request is made of holds that and nothing that
        was sent: a client of ours is handed the id and puts it among what it asks with. Empty when there is none."""
        if any(self._pieces_sent(value) for value in values):
            return ""
        parts = pieces(values, _MOST_PIECES, self.model.evaluator.made_of)
        reads = (r for p in parts if isinstance(p, (Member, Result)) for r in self.model.states.fields.of_value(p))
        return next((r.field for r in reads if self._keeps_payment(r)), "")

    def _keeps_payment(self, read: FieldRead) -> bool:
        """Whether a field of an order or payment of ours keeps the provider's id of a payment; a credential is none."""
        field = read.field.removeprefix("meta:").strip("_")
        return PAYMENT_ID.fullmatch(field) is not None and not _CREDENTIAL.search(field) and self.model.words.entity(read.entity)

    def tells_own_sum(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call by which the provider is asked for a payment hands it the sum that a record of ours keeps: one that confirms it
        has compared them, as gateways do whose verification takes an amount."""
        return any(
            isinstance(piece, Member) and self._compared.money(snake(piece.name)) and self.model.records.read_behind(piece.base) is not None
            for piece in pieces(asked_with(self.model, fn, i, ctx), _MOST_PIECES, self.sums.within)
        )

    def found_by_asked(self, effect: Effect, fn: Fn, i: int, ctx: Ctx | None) -> str:
        """The field of ours by which the changed record is found, where the provider is asked for a payment by the very same id:
        ``retrieve(sid)`` and ``get(session_id=sid)``. Empty when the two come from different pieces of the request."""
        if effect.touch is None:
            return ""
        asked = {s.key for told in asked_with(self.model, fn, i, ctx) for s, _ in self.model.requests.sources_in(told)}
        known = self.model.operations.at(fn, i, ctx)
        for name, value in self.found_by(effect):
            sent = {s.key for s, _ in self.model.requests.sources_in(value)}
            column = snake(name).rpartition(".")[2]
            kept = PAYMENT_ID.fullmatch(column) is not None or (known is not None and self.own.named_by(known.provider, column))
            if kept and sent and None not in sent and sent <= asked and not self._is_sent(name):
                return name
        return ""

    def carried(self, effect: Effect, *, told: bool = False) -> tuple[str, ...]:
        """The names under which our order's id went out that the changed record is found by: ``metadata.order_id``, or a reference of ours
        that comes back as it was given; if need be, in what the provider answered when it was asked. Empty when it is found otherwise."""
        for _, value in self.found_by(effect):
            if told and not self._from_answer(value):
                continue
            if self._carried_id(value):
                return NOTES
            members = (self._read_as(p) for p in pieces([value], _FEW_PIECES, self.sums.within))
            if path := next((path for name in members if name and (path := went_out(name))), ""):
                return (path,)
        return ()

    def _read_as(self, value: Value) -> str:
        """The name under which a value is read from what holds it: ``data["order_id"]``, ``data.get("order_id")``."""
        if isinstance(value, Result) and isinstance(value.callee, Member) and value.callee.name == "get" and value.instr >= 0:
            given = self.model.evaluator.argument(value, 0)
            return (constant(given) or "").strip("'\"") if given is not None else ""
        return name_of(value) if isinstance(value, Member) else ""

    def of_refund(self, effect: Effect) -> bool:
        """Whether the changed record is found by the id of its refund: it was paid before, and is so again when that refund fails."""
        return any(_OF_REFUND.fullmatch(snake(field)) for field, _ in self.found_by(effect))

    def _from_answer(self, value: Value) -> bool:
        return any(isinstance(p, Result) and is_told(self.model, p) for p in pieces([value], _MOST_PIECES, self.sums.within))

    def found_by(self, effect: Effect) -> Iterator[tuple[str, Value]]:
        """The columns by which the changed record is chosen, with what they are held against, and those of the records that lead to it; of
        one whose own method changes it, those of what the method was called on or was handed."""
        if effect.touch is None:
            return
        yield from self._chosen(effect.touch, 0)
        for place in effect.way[:_MOST_CALLS]:
            body = self.model.program.body(place.fn)
            if place.fn != effect.touch.fn and body.op[place.instr] == Op.CALL:
                callee, arguments = body.call(place.instr)
                given = [body.args(callee)[0]] if body.op[callee] == Op.FIELD else []
                for i in (*given, *(a for _, a in arguments)):
                    for owner in with_owners(self.model.evaluator.value(place.fn, i, place.ctx)):
                        read = self.model.records.read_behind(owner)
                        if read is not None and read.kind == "read" and same(read.entity, effect.touch.entity):
                            yield from self._chosen(read, 1)

    def _chosen(self, touch: Touch, depth: int) -> Iterator[tuple[str, Value]]:
        return (pair for one in self._led_by(touch, depth) for pair in one.keys.items())

    def _led_by(self, touch: Touch, depth: int) -> Iterator[Touch]:
        """A change and the look-ups that lead to the record that it is of."""
        yield touch
        keys = (self._given(o) for v in touch.keys.values() for o in options(v))
        owners = [o.base if isinstance(o, Member) else o for key in keys for o in options(key)]
        owners += list(options(touch.record)) if touch.record is not None else []
        for owner in owners if depth < _DEEPEST else ():
            before = self.model.records.read_behind(owner) or self._made_of(self._handed(owner, touch.ctx))
            if before is not None and before.kind == "read":
                yield from self._led_by(before, depth + 1)

    def found_at(self, effect: Effect, column: str) -> Place:
        """Where the changed record is looked up by a column; the change itself where that is not seen."""
        led = self._led_by(effect.touch, 0) if effect.touch is not None else ()
        return next((Place(t.fn, t.instr, t.ctx) for t in led if column in t.keys), effect.place)

    def _given(self, value: Value) -> Value:
        """What a call was given that gives it back, cleaned or checked."""
        given = self.model.evaluator.argument(value, 0) if isinstance(value, Result) and self.model.requests.cleans(value) else None
        return given if given is not None else value

    def _is_answered(self, field: str) -> bool:
        """Whether a field of ours, whatever its name, is filled with what a provider answered when a payment was begun."""
        known = self._answered.get(field)
        if known is None:
            program, plain = self.model.program, field.removeprefix("meta:")
            first, *rest = plain.split("_")
            camel = first + "".join(word.capitalize() for word in rest)
            spelt = dict.fromkeys((plain, camel, f"set{camel[:1].upper()}{camel[1:]}"))  # `paypal_order`, `paypalOrder`, `setPaypalOrder`
            around = (fn for n in spelt for file in program.mentioning(n)[:_MOST_FILES] for fn in program.functions_around(file, n))
            known = self._answered[field] = any(self._fills(fn, field) for fn in around)
        return known

    def _is_begun(self, value: Value) -> bool:
        """Whether a value is of what a provider answered when a payment was begun; one that nobody knows has answered what was sent for."""
        return is_told(self.model, value, begins=True) or is_fetched(self.model, value)

    def _fills(self, fn: Fn, field: str) -> bool:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            sets = op == Op.CALL and snake(body.called(i)) == f"set_{snake(field)}"
            if sets and any(self._is_begun(self.model.evaluator.value(fn, v)) for _, v in body.call(i)[1]):
                return True
            if op in (Op.CALL, Op.SET_FIELD):
                touch = self.model.records.touch(fn, i, None)
                kept = touch.fields.items() if touch is not None and touch.writes else ()
                if any(v is not None and snake(name) == snake(field) and self._is_begun(v) for name, v in kept):
                    return True
        return False

    def _read(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> list[FieldRead]:
        """The fields of ours that a value is read from, or put together from: ``$base . '/payments/' . $order->payment_id``."""
        body = self.model.program.body(fn)
        if depth < _LONGEST_TEXT and body.op[i] in (Op.BINARY, Op.TEXT):
            parts = body.args(i)[1:3] if body.op[i] == Op.BINARY else body.args(i)
            return [r for part in parts if part >= 0 for r in self._read(fn, part, ctx, depth + 1)]
        if depth < _LONGEST_TEXT and body.op[i] == Op.CALL:  # `rawurlencode($id)`
            made = self.model.evaluator.value(fn, i, ctx)
            if isinstance(made, Result) and made.instr == i and self.model.requests.cleans(made):
                return [r for _, a in body.call(i)[1] for r in self._read(fn, a, ctx, depth + 1)]
        if depth < _LONGEST_TEXT and body.op[i] == Op.NAME:  # `url = base + f"/verify/{order.reference}"`
            stores = self.model.evaluator.defuse(fn, ctx).reaching(i, body.name(i)).stores
            kept = body.args(stores[0])[1] if len(stores) == 1 else -1
            if kept >= 0 and body.op[kept] in (Op.BINARY, Op.TEXT):
                return self._read(fn, kept, ctx, depth + 1)
            given = self.model.records.chains.argument(fn, body.args(kept)[0], ctx) if kept >= 0 and body.op[kept] == Op.PARAM else None
            if given is not None and not self.model.states.field(fn, i, ctx):  # `call('POST', `/orders/${order.paypal_id}/capture`)`
                return self._read(*given, depth + 1)
        return self.model.states.field(fn, i, ctx)

    def _stored(self, effect: Effect) -> str:
        """The field that keeps the provider's id and by which the changed record is found; empty when it is found otherwise."""
        if effect.touch is None:
            return ""
        return self._chosen_by(effect.touch, 0) or next((k for place in effect.way[:_MOST_CALLS] if (k := self._looked_up(place))), "")

    def _looked_up(self, place: Place) -> str:
        """The field with a provider's id in a lookup of ours whose result a call is handed something of:
        ``$orders->update($payments->findBy(['intent_id' => $intent->id])->getOrderId(), …)``."""
        waiting: list[tuple[Fn, int, Ctx | None]] = [(place.fn, place.instr, place.ctx)]
        seen: set[tuple[Fn, int]] = set()
        while waiting and len(seen) < _MOST_PIECES:
            fn, i, ctx = waiting.pop(0)
            if i < 0 or (fn, i) in seen:
                continue
            seen.add((fn, i))
            body = self.model.program.body(fn)
            op, args = body.op[i], body.args(i)
            if op == Op.CALL:
                callee, arguments = body.call(i)
                if _LOOKS_UP.search(snake(body.called(i))) and (key := self._key_among(fn, [v for _, v in arguments], ctx)):
                    return key
                if arguments and (key := said_key(body.called(i))):
                    return key
                touch = self.model.records.touch(fn, i, ctx)
                if touch is not None and touch.kind == "read" and (key := self._chosen_by(touch, 0)):
                    return key
                waiting += [(fn, a, ctx) for a in (callee, *(v for _, v in arguments))]
                waiting += self._given_back(fn, i, ctx)
            elif op in (Op.FIELD, Op.AWAIT, Op.SET_FIELD, Op.ELEMENT):
                waiting.append((fn, args[0], ctx))
            elif op == Op.NAME:
                waiting += [(fn, body.args(s)[1], ctx) for s in self.model.evaluator.defuse(fn, ctx).reaching(i, body.name(i)).stores[:3]]
            elif op == Op.PARAM and (given := self.model.records.chains.argument(fn, args[0], ctx)):
                waiting.append(given)
        return ""

    def _given_back(self, fn: Fn, i: int, ctx: Ctx | None) -> list[tuple[Fn, int, Ctx | None]]:
        """What the functions of ours that a call lands in return."""
        evaluator, out = self.model.evaluator, list[tuple[Fn, int, Ctx | None]]()
        for option in options(evaluator.value(fn, self.model.program.body(fn).args(i)[0], ctx))[:_FEW_TARGETS]:
            if isinstance(option, FunctionV):
                inner, body = evaluator.context(option, fn, i, ctx), self.model.program.body(option.fn)
                out += [(option.fn, body.args(n)[0], inner) for n, op in enumerate(body.op) if op == Op.RETURN]
        return out

    def _key_among(self, fn: Fn, arguments: list[int], ctx: Ctx | None) -> str:
        """The key of a record among arguments that holds a provider's id, or the field by which a function among them picks one."""
        for number, argument in enumerate(arguments):
            for option in options(self.model.evaluator.value(fn, argument, ctx)):
                if isinstance(option, Record) and number and all(k and k.lower() in CONTROL for k, _ in option.entries):
                    continue  # `findOneAndUpdate(filter, values, { new: true, session })`
                if isinstance(option, Record):
                    found = (k for k, v in option.entries if k and keeps_theirs(snake(k)) and not isinstance(v, Const))
                    if key := next(found, "") or meta_key(dict(option.entries)):
                        return key
                if isinstance(option, FunctionV) and (key := picked_by(self.model.program.body(option.fn))):
                    return key
        return ""

    def _chosen_by(self, touch: Touch, depth: int) -> str:
        """The field with a provider's id by which records are chosen, or by which the record is found whose field chooses them:
        ``where: {id: payment.orderId}`` after ``payment`` was found by its intent."""
        if key := meta_key(touch.keys):
            return key
        for key, value in touch.keys.items():
            theirs = keeps_theirs(column := snake(key).rpartition(".")[2]) and not self.numbers.made_up(touch.entity, column)
            if theirs and not self._is_typed(value):
                return key
        for key in touch.keys:  # or is kept under a name of its own
            plain = snake(key).rpartition(".")[2]
            if (
                plain not in _OWN
                and not self.model.words.says_state(plain)
                and not self._compared.money(plain)
                and self._is_answered(plain)
            ):
                return key
        given = (self._given(o) for v in touch.keys.values() for o in options(v))
        owners = [o if isinstance(o, Result) else o.base for v in given for o in options(v) if isinstance(o, (Member, Element, Result))]
        owners += [touch.record] if touch.record is not None else []
        for owner in owners if depth < _DEEPEST else ():
            before = self.model.records.read_behind(owner) or self._made_of(self._handed(owner, touch.ctx))
            if before is not None and before.kind == "read" and (found := self._chosen_by(before, depth + 1)):
                return found
        return ""

    def _is_typed(self, value: Value) -> bool:
        """Whether a value is what whoever pays has filled in by himself."""
        return any(snake(self._read_as(p)) in self._typed for p in pieces([value], _FEW_PIECES, self.sums.within))

    def _handed(self, value: Value, ctx: Ctx | None) -> Value:
        """What the caller on the way handed over, where an object is known by the declared type of a parameter."""
        origin = value.origin if isinstance(value, Instance) else None
        here = next((c for c in ctx.chain() if c.fn == origin.fn), None) if isinstance(origin, Param) and ctx is not None else None
        given = self.model.records.chains.argument(origin.fn, origin.number, here) if isinstance(origin, Param) and here else None
        return self.model.evaluator.value(*given) if given is not None else value

    def _made_of(self, value: Value) -> Touch | None:
        """The read that an object was filled from: an entity that a repository makes of a row."""
        evaluator = self.model.evaluator
        for option in options(value):
            made = option.made if isinstance(option, Instance) else None
            if made is None:
                continue
            given = [evaluator.value(made[0], a, made[2]) for _, a in evaluator.program.body(made[0]).call(made[1])[1]]
            for piece in pieces(given, _MOST_PIECES):
                if isinstance(piece, Result) and (read := self.model.records.read_behind(piece)) is not None:
                    return read
        return None
