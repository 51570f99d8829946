"""What a refund's amount is held to: a comparison with what was captured and is not refunded yet, or the smaller of the two."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.asked_refunds import AskedRefunds
from tillproof.commerce.ceilings import ceilings
from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Held
from tillproof.commerce.lexicon import snake
from tillproof.commerce.refunds import Refund
from tillproof.commerce.spoken import Word, spoken
from tillproof.commerce.states import Writes
from tillproof.commerce.undecided import only_told
from tillproof.flow.facts import Passed
from tillproof.flow.loops import Flow, Loop
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Element, External, Member, Mix, Param, Result, Value, constant, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

LEFT = re.compile(
    r"(\w+_)?(refundable|remaining|outstanding|unrefunded|not_refunded|left|available|balance|un_?invoiced)(_\w+)?|(to|can)_(be_)?refund(ed)?(_\w+)?"
    r"|(qty|quantity|amount|total)_to_(refund|return)(ed)?|(\w+_)?(max|maximum|limit)(_\w+)?"
)
"""Names of what is left to refund."""
BACK = re.compile(
    r"(\w+_)?(refunded|refunds|returned|returns|credited|reversed|already|previous|previously|prior|credit_?memos|credit_?notes)(_\w+)?"
    r"|(\w+_)?(total|sum|amount)_?(of_)?(the_)?(refund|refunds|returns)|(\w+_)?refund_?(total|sum|history)(_\w+)?|get_(\w+_)?refunds"
)
"""Names of what went back before."""
WHOLE = re.compile(
    r"(\w+_)?(captured|captures|paid|charged|received|collected|settled|invoiced|total|amount|price|gross|ordered|purchased|quantity|qty)(_\w+)?"
    r"|(order|payment|charge|invoice|transaction|item|line|booking)_(sum|value|cost)"
)
"""Names of what was paid or bought as a whole."""
_RECORDS = re.compile(r"refund(_repository|_service|_model)?|credit_?memo|credit_?note")
_ORDER = ("<", "<=", ">", ">=")
_COMPARES = re.compile(
    r"(is_?)?(lt|lte|gt|gte|less_?than|greater_?than|less|greater|more_?than|exceeds|larger_?than|smaller_?than)((_?or)?_?equals?(_?to)?)?|bccomp|compare(_?to)?|cmp|comp"
)
_SHORTENS = ("shift", "splice", "pop", "remove", "delete", "popleft", "array_shift")
_LEAST = ("min", "clamp", "minimum", "least")
_PARTIAL = re.compile(r"partial", re.IGNORECASE)
_PIECES = 80


class Compared(NamedTuple):
    """A comparison of the amount with a limit. ``kind``: what the limit is."""

    fn: Fn
    instr: int
    ctx: Ctx | None
    kind: Literal["left", "whole", "asked"]
    limit: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """What the amount of a refund is held to.

    ``kind``: ``left`` (what is left), ``once`` (the whole, and only one refund gets past a state), ``lowered`` (a figure that every refund
    lowers), ``whole`` (the whole, whatever was refunded before), ``asked`` (a figure made from the same request), ``stale`` (a figure that
    a second round does not read anew), ``none``.
    """

    kind: Literal["left", "once", "lowered", "whole", "asked", "stale", "none"]
    fn: Fn | None = None
    instr: int = -1


class RefundBounds:
    """Judges refunds."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.requested = AskedRefunds(model)

    def of(self, refund: Refund) -> Bound:
        """What the amount is held to, the best of what is seen on the way."""
        found = list(self._compared(refund))
        best = next((c for c in found if c.kind == "left"), None)
        if best is not None:
            stale = self._stale(refund)
            return Bound("stale", *stale) if stale is not None else Bound("left", best.fn, best.instr)
        whole = next((c for c in found if c.kind == "whole"), None)
        if whole is None:
            asked = next((c for c in found if c.kind == "asked"), None)
            return Bound("asked", asked.fn, asked.instr) if asked else Bound("none")
        if (guard := self._guarded(refund)) is not None:
            return Bound("once", guard.fn, guard.instr)
        if any(self._lowered(w.name) for w in whole.limit if not w.chosen):
            return Bound("lowered", whole.fn, whole.instr)
        return Bound("whole", whole.fn, whole.instr)

    # --- comparisons

    def _compared(self, refund: Refund) -> Iterator[Compared]:
        amounts = self._names_of_amount(refund)
        for fn, ctx in self.model.refunds.around(refund):
            tokens = self.model.vocabulary.tokens(fn)
            if not any(snake(t) in amounts for t in tokens):
                continue
            for i, sides in self._sides(fn):
                if not self._feeds(fn, i, refund):
                    continue
                told = [spoken(self.model, fn, s, ctx) for s in sides]
                for n, side in enumerate(told):
                    if not any(w.name in amounts for w in (*side, *self._written(fn, sides[n]), *self._sent(fn, sides[n], ctx))):
                        continue
                    before = any(BACK.fullmatch(w.name) for w in side if w.name not in amounts)
                    for limit in (t for m, t in enumerate(told) if m != n):
                        kind = self._kind(limit, before, side)
                        if kind is not None:
                            yield Compared(fn, i, ctx, kind, tuple(limit))
            for i, key, limits in ceilings(self.program.body(fn)):
                limit = [word for each in limits for word in spoken(self.model, fn, each, ctx)] if snake(key) in amounts else []
                kind = self._kind(limit, False, [])
                if kind is not None:
                    yield Compared(fn, i, ctx, kind, tuple(limit))

    def _sides(self, fn: Fn) -> Iterator[tuple[int, list[int]]]:
        """The comparisons of a function, and the calls that take the smallest, with what they look at."""
        body = self.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.BINARY and body.text(body.args(i)[0]) in _ORDER and not only_told(self.model, fn, i):
                yield i, list(body.args(i)[1:3])
            elif op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD):
                callee, arguments = body.call(i)
                name = snake(body.name(callee).rpartition(".")[2])
                given = [a for _, a in arguments]
                if name in _LEAST:
                    yield i, given
                elif _COMPARES.fullmatch(name) and given:
                    yield i, [body.args(callee)[0], *given] if body.op[callee] == Op.FIELD and len(given) == 1 else given

    def _feeds(self, fn: Fn, i: int, refund: Refund) -> bool:
        """Whether the smallest that a function beside the way takes is what the amount is made of; all else that compares may refuse."""
        body = self.program.body(fn)
        if body.op[i] != Op.CALL or snake(body.called(i)) not in _LEAST or fn in refund.functions or refund.amount is None:
            return True
        return (fn.file, body.line[i]) in {here.at for here in pieces([refund.amount], _PIECES)}

    def _written(self, fn: Fn, i: int) -> list[Word]:
        """The variable's own name, which ``spoken`` looks through."""
        body = self.program.body(fn)
        return [Word(snake(body.name(i).lstrip("$")), False)] if body.op[i] == Op.NAME else []

    def _sent(self, fn: Fn, i: int, ctx: Ctx | None) -> list[Word]:
        """The piece of the request that a side is, whatever the request is asked by: ``$request->integer('cents')``."""
        source = self.model.requests.source(self.model.evaluator.value(fn, i, ctx))
        return [Word(snake(source.key.rpartition(".")[2]), True)] if source is not None and source.key else []

    def _kind(self, limit: list[Word], before: bool, amount: list[Word]) -> Literal["left", "whole", "asked"] | None:
        """What a limit is: what is left, the whole, or the sender's own figure; None when it is no limit of an amount."""
        ours = [w for w in limit if not w.chosen]
        if any(LEFT.fullmatch(w.name) for w in ours if not w.alias):
            return "left"
        if any(WHOLE.fullmatch(w.name) and not _went_back(w) for w in ours if not w.alias):
            return "left" if before or any(BACK.fullmatch(w.name) or _RECORDS.fullmatch(w.name) for w in ours) else "whole"
        asked = {w.name for w in limit if w.chosen}
        if any(WHOLE.fullmatch(n) or LEFT.fullmatch(n) for n in asked) and asked & {w.name for w in amount if w.chosen}:
            return "asked"
        return None

    def _names_of_amount(self, refund: Refund) -> set[str]:
        """The names under which the amount travels: in the request, in parameters, in the calls that hand it on."""
        words = {"amount", "refund_amount", "amount_to_refund"}
        asked = (s.key.rpartition(".")[2].removesuffix("[]") for s in self.model.refunds.asked(refund) if s.key)
        named = _named(refund.amount) if refund.amount is not None else ()
        kinds = ("quantity_fields", "shipping_fields", "tax_fields", "discount_fields")
        told = (snake(n) for n in (*asked, *named))
        return words | {n for n in told if self.model.words.money(n) or any(self.model.words.has(k, n) for k in kinds)}

    # --- what makes the whole a bound

    def _guarded(self, refund: Refund) -> Atom | None:
        """A condition on the way that only one refund gets past: the order's status, or a mark that it was refunded."""
        for fn, i, ctx in refund.calls:
            for fact in self.model.effects.facts(fn).at(i):
                for atom in flat(self.model.conditions.behind(Held(fact, fn, ctx))):
                    if isinstance(fact, Passed) and atom.truth is None:
                        continue  # that a call came back; what it refuses is among the others
                    line = self.program.line_text(atom.fn.file, self.program.body(atom.fn).line[atom.instr])
                    if _PARTIAL.search(line):
                        continue
                    if (self._asks_state(atom) and not self._stays(atom, refund)) or self._asks_mark(atom, refund):
                        return atom
        return None

    def _asks_state(self, atom: Atom) -> bool:
        """Whether a condition asks for a state: how much was paid is the limit itself, and none."""
        read = self.model.states.reads(atom)
        return self.model.states.looks_at_state(atom) and not all(self.model.words.money(r.field) for r in read)

    def _asks_mark(self, atom: Atom, refund: Refund) -> bool:
        """Whether a condition asks a record for the mark that whatever refunds sets on it: ``if ($payment->refunded_at) throw``."""
        marks = {r.field for r in self.model.states.reads(atom) if BACK.fullmatch(r.field) and not self.model.words.money(r.field)}
        return bool(marks) and any(mark in marks for fn, _, _ in refund.calls for mark in self._marks_set(fn))

    def _marks_set(self, fn: Fn) -> Iterator[str]:
        """The fields that a function sets, or one that it calls by a name of ours."""
        body = self.program.body(fn)
        called = {body.called(i).rpartition(".")[2] for i, op in enumerate(body.op) if op == Op.CALL}
        near = (f for name in sorted(called) for f in self.program.functions_by_name.get(name, ()))
        for one in (fn, *(f for f in near if self.program.unit(f.file) == self.program.unit(fn.file))):
            inner = self.program.body(one)
            yield from (snake(inner.name(i)) for i, op in enumerate(inner.op) if op == Op.SET_FIELD)

    def _stays(self, atom: Atom, refund: Refund) -> bool:
        """Whether a condition asks for the state of one record while what refunds leaves that alone and notes its own in another's."""
        read = {r.entity for r in self.model.states.reads(atom)}
        written = [e for entry in refund.entries for e in self.model.effects.of(entry.target) if e.touch is not None and e.touch.writes]
        noted = any(self.model.words.says_state(field) for e in written if e.touch is not None for field in e.touch.fields)
        return bool(read) and noted and not any(Writes(written).about(entity) for entity in read)

    def _lowered(self, name: str) -> bool:
        """Whether code that speaks of refunds takes something off a field."""
        for file in self.program.mentioning(name):
            if b"efund" not in self.program.sources[file]:
                continue
            for fn in self.program.functions_around(file, name):
                body = self.program.body(fn)
                for i, op in enumerate(body.op):
                    if op == Op.SET_FIELD and body.name(i) == name:
                        value = self.model.evaluator.value(fn, body.args(i)[2])
                        if any(isinstance(o, Mix) and o.op == "-" for o in options(value)):
                            return True
        return False

    def _stale(self, refund: Refund) -> tuple[Fn, int] | None:
        """In a loop that refunds until nothing is left to do: where a round may take a record that an earlier one has refunded, by its
        fixed place in a list that was read before the loop and is not shortened in it."""
        fn = refund.fn
        body = self.program.body(fn)
        if not any(op == Op.INDEX for op in body.op):
            return None
        for loop in Flow(body).loops:
            if not loop.holds(body, refund.instr):
                continue
            for i, op in enumerate(body.op):
                if op == Op.INDEX and loop.holds(body, i) and body.const(body.args(i)[1]) and self._from_outside(fn, i, loop):
                    return fn, i
        return None

    def _from_outside(self, fn: Fn, i: int, loop: Loop) -> bool:
        """Whether an element is one of a list from before a loop, whose sums are asked for in it."""
        body = self.program.body(fn)
        base = body.args(i)[0]
        if body.op[base] != Op.NAME:
            return False
        name = body.name(base)
        stores = self.model.evaluator.defuse(fn).reaching(base, name).stores
        if not stores or any(loop.holds(body, s) for s in stores):
            return False
        kept = {
            body.name(s) for s, op in enumerate(body.op) if op == Op.STORE and loop.holds(body, s) and self._holds(body, body.args(s)[1], i)
        }
        asked = shortened = False
        for f, op in enumerate(body.op):
            if op == Op.FIELD and loop.holds(body, f) and body.op[body.args(f)[0]] == Op.NAME:
                of = body.name(body.args(f)[0])
                asked |= of in kept and self.model.words.money(body.name(f))
                shortened |= of == name and body.name(f) in _SHORTENS
        return asked and not shortened

    def _holds(self, body: Body, i: int, part: int, depth: int = 0) -> bool:
        """Whether a value may be an instruction's: itself, or one of the alternatives."""
        if i == part:
            return True
        return (
            depth < 5
            and body.op[i] in (Op.CHOICE, Op.CAST, Op.AWAIT)
            and any(self._holds(body, a, part, depth + 1) for a in (body.args(i) if body.op[i] == Op.AWAIT else body.args(i)[1:]))
        )


def _went_back(word: Word) -> bool:
    """Whether a name is of what was refunded before."""
    return any(BACK.fullmatch(n) or _RECORDS.fullmatch(n) for n in (word.name, *word.of))


def _named(value: Value) -> Iterator[str]:
    """The names of the members, elements and parameters that an amount is made of."""
    for here in pieces([value], _PIECES):
        if isinstance(here, (Member, Param)):
            yield snake(here.name)
        elif isinstance(here, Element) and here.key is not None and (text := constant(here.key)):
            yield snake(text)
        elif isinstance(here, Result) and isinstance(here.callee, (Member, External)):
            yield snake(here.callee.name.rpartition(".")[2])
