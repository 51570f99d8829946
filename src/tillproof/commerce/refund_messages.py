"""Handlers that are told of refunds: what they make of such a message, and of one about a part."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.idleness import Idleness
from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.facts import Condition, Either
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, FunctionV, Result, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What tells a part that was given back from the whole.
_PART = re.compile(r"amount|partial|remaining|total|(^|_)sum($|_)|refundable|is_full|full(y)?_refund", re.IGNORECASE)
_OF_PART = re.compile(r"partial", re.IGNORECASE)
_REFUNDED = re.compile(r"(fully_?)?refunded|refund")
# A provider's own words for a message or a state, whatever its pack lists.
_SPEAKS = re.compile(r"refunded|(^|[._ -])refunds?($|[._ -])|partial(ly)?[._ -]?cancell?ed", re.IGNORECASE)
_NOT_DONE = re.compile(r"fail|reject|declin|request|pend|error|void|dispute|initiat|refund[._ -]?cancel", re.IGNORECASE)
_KIND = re.compile(r"((event|message|webhook|notification)_?)?(type|name|topic|kind|action)|event|topic")
_EQUAL = ("==", "===", "in")
_METHOD = re.compile(r"(handle|on|process)_")
_PIECES = 40
_MOST_WAYS = 2


class Picked(NamedTuple):
    """A handler that takes the first of a payment's refunds for the one that a message is about."""

    handler: Handler
    fn: Fn
    instr: int


class Told(NamedTuple):
    """Where a handler learns that a message is about a refund. ``event``: the word; ``of_pack``: the provider's pack has it.
    ``rows``: what runs only then, by function."""

    fn: Fn
    instr: int
    event: str
    of_pack: bool
    rows: dict[Fn, frozenset[int]]


class RefundMessages:
    """Answers by handler."""

    def __init__(self, model: "Model", idleness: Idleness) -> None:
        self.model = model
        self.idleness = idleness

    def dropped(self, handler: Handler) -> tuple[Fn, int, str] | None:
        """Where a handler learns of a refund and does nothing but write a log; None where there is none, or where another message about
        refunds is written down, from which the order learns of them."""
        told = list(self._told(handler))
        idle = [t for t in told if self._is_idle(t)]
        kept = [t for t in told if t not in idle]
        for one in idle:
            if not kept or (_OF_PART.search(one.event) and not any(_OF_PART.search(k.event) or k.of_pack for k in kept)):
                return one.fn, one.instr, one.event
        return None

    def _is_idle(self, told: Told) -> bool:
        """Whether nothing that lasts is done, and something is: a log, an answer."""
        said = any(self.model.program.body(fn).op[i] in (Op.CALL, Op.RETURN) for fn, rows in told.rows.items() for i in rows)
        return said and all(self.idleness.of(fn, rows) for fn, rows in told.rows.items())

    # --- where a refund is told of

    def _told(self, handler: Handler) -> Iterator[Told]:
        events = {e for inbound in handler.provider.inbound for e in inbound.events if "refund" in e.lower() and "fail" not in e.lower()}
        for fn in handler.closure.functions:
            words = self.model.vocabulary.tokens(fn)
            if any("efund" in w or "EFUND" in w or "ancel" in w or "ANCEL" in w for w in words):
                yield from self._compared(handler, fn, events)
                yield from self._listed(fn, events)
            yield from self._named(handler, fn, events)
        for file in sorted({fn.file for fn in handler.closure.functions}):
            top = Fn(file, TOP)
            yield from self._listed(top, events) if top not in handler.closure.functions else ()

    def _compared(self, handler: Handler, fn: Fn, events: set[str]) -> Iterator[Told]:
        """The comparisons with the word for a refund, and what runs where one of them held."""
        body = self.model.program.body(fn)
        found: dict[int, str] = {}
        for i, op in enumerate(body.op):
            if op == Op.BINARY and body.text(body.args(i)[0]) in _EQUAL:
                word = self._word(handler, fn, i, events)
                if word is not None:
                    found[i] = word
        if not found:
            return
        facts = self.model.effects.facts(fn)
        under: dict[int, set[int]] = {i: set() for i in found}
        for n in range(len(body.op)):
            for fact in facts.at(n):
                conditions = fact.conditions if isinstance(fact, Either) else (fact,) if isinstance(fact, Condition) else ()
                if conditions and all(c.truth and c.instr in found for c in conditions):
                    under[conditions[0].instr].add(n)
        yield from (Told(fn, i, word, word in events, {fn: frozenset(under[i])}) for i, word in found.items() if under[i])

    def _word(self, handler: Handler, fn: Fn, i: int, events: set[str]) -> str | None:
        """The word for a refund that what a message says is compared with."""
        body = self.model.program.body(fn)
        sides = body.args(i)[1:3]
        for side, other in (sides, sides[::-1]):
            texts = set(self._texts(body, side))
            if named := texts & events:
                return min(named)
            spoken = [t for t in texts if _SPEAKS.search(t) and not _NOT_DONE.search(t)]
            if spoken and len(spoken) == len(texts) and self._is_told(handler, fn, other):
                return min(spoken)
        return None

    def _texts(self, body: Body, i: int) -> Iterator[str]:
        items = [a for a in body.args(i) if a >= 0] if body.op[i] == Op.LIST else [i]
        yield from (const[1].strip("'\"") for a in items if (const := body.const(a)) is not None)

    def _is_told(self, handler: Handler, fn: Fn, i: int) -> bool:
        """Whether a value is what the message says, or what the provider answers about it; no state of a record of ours."""
        body = self.model.program.body(fn)
        if _KIND.fullmatch(snake(next(self._texts(body, i), "") if body.op[i] == Op.CONST else self._spelt(body, i))):
            return True
        ways = self.model.reach.ways(handler.entry.target, fn)[:_MOST_WAYS]
        contexts: list[Ctx | None] = [*ways] if ways else [self.model.evaluator.entry_context(handler.entry.target)]
        for ctx in contexts:
            value = self.model.evaluator.value(fn, i, ctx)
            if self.model.requests.sources_in(value, _PIECES):
                return True
            for here in pieces([value], _PIECES):
                if isinstance(here, Result) and here.instr >= 0 and self.model.operations.at(here.fn, here.instr, here.ctx) is not None:
                    return True
        return False

    def _listed(self, fn: Fn, events: set[str]) -> Iterator[Told]:
        """The functions that a table keeps under a refund's event: ``{'charge.refunded': onRefund}``."""
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.RECORD:
                continue
            for k, v in zip(body.args(i)[::2], body.args(i)[1::2], strict=True):
                word = next(self._texts(body, k), "") if k >= 0 else ""
                if word not in events or body.op[v] not in (Op.FUNCTION, Op.NAME, Op.FIELD):
                    continue
                kept = [o.fn for o in options(self.model.evaluator.value(fn, v)) if isinstance(o, FunctionV)]
                if len(kept) == 1:
                    yield self._whole_of(kept[0], fn, k, word)

    def _named(self, handler: Handler, fn: Fn, events: set[str]) -> Iterator[Told]:
        """The methods that a package calls by an event's name: ``handleChargeRefunded`` of Laravel's Cashier."""
        name = snake(self.model.program.name(fn))
        if fn != handler.entry.target.fn or not _METHOD.match(name):
            return
        plain = _METHOD.sub("", name, count=1)
        word = next((e for e in sorted(events) if re.sub(r"\W+", "_", e.lower()) == plain), None)
        if word is not None:
            yield self._whole_of(fn, fn, 0, word)

    def _whole_of(self, kept: Fn, fn: Fn, i: int, word: str) -> Told:
        return Told(fn, i, word, True, {kept: frozenset(range(len(self.model.program.body(kept).op)))})

    # --- a part that is taken for the whole

    def taken_for_whole(self, handler: Handler) -> tuple[Effect, Place, str] | None:
        """Where a message about a refund, of whatever part, makes an order one that was refunded, and nothing behind the event's name reads
        how much went back; with the comparison and the event."""
        if any(_OF_PART.search(text) for text in handler.closure.compared):
            return None
        for told in self._told(handler):
            if not told.of_pack or any(self._reads_part(fn, rows) for fn, rows in told.rows.items()):
                continue
            for effect in self.model.effects.of(handler.entry.target):
                below = [n for n, place in enumerate(effect.way) if place.instr in told.rows.get(place.fn, ())]
                if effect.touch is None or not below or not self._is_whole(effect.touch):
                    continue
                further = {place.fn for place in effect.way[: below[0]]}
                if not any(_PART.search(t) for one in further for t in self.model.vocabulary.tokens(one)):
                    return effect, Place(told.fn, told.instr, None), told.event
        return None

    def _is_whole(self, touch: Touch) -> bool:
        """Whether all that is written of a refund is that the order, or its payment, is refunded."""
        words = self.model.words
        if not touch.writes or touch.kind == "create" or not words.entity(touch.entity) or any(words.money(snake(n)) for n in touch.fields):
            return False
        values = [v for n, v in touch.fields.items() if v is not None and words.has("status_fields", n)]
        told = {t.lower() for v in values for o in options(v) if (t := text_of(o)) is not None}
        return bool(told) and all(_REFUNDED.fullmatch(t) for t in told)

    def _reads_part(self, fn: Fn, rows: frozenset[int]) -> bool:
        """Whether how much went back, or whether all of it did, is read."""
        body = self.model.program.body(fn)
        spelt = (self._spelt(body, i) for i in rows if body.op[i] in (Op.FIELD, Op.INDEX, Op.NAME))
        return any(_PART.search(word) or word == "refunded" for word in spelt)

    def _spelt(self, body: Body, i: int) -> str:
        if body.op[i] == Op.INDEX:
            const = body.const(body.args(i)[1])
            return snake(const[1].strip("'\"")) if const is not None else ""
        if body.op[i] == Op.CALL and len(body.call(i)[1]) > 0:  # data.get("event"), $request->input('type')
            const = body.const(body.call(i)[1][0][1])
            return snake(const[1].strip("'\"").rpartition(".")[2]) if const is not None else ""
        return snake(body.name(i)) if body.op[i] in (Op.FIELD, Op.NAME) else ""

    # --- the first of several

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
