"""Which comparisons hold what was paid against what is owed: a sum of ours against one that was sent, answered or verified."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tillproof.commerce.compared_names import ComparedNames
from tillproof.commerce.conditions import Atom
from tillproof.commerce.lexicon import snake
from tillproof.commerce.own_payments import OwnPayments
from tillproof.commerce.told_answers import is_answer, is_message, is_told
from tillproof.flow.values import Const, External, Member, Result, Value, options, pieces
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LIMIT = re.compile(r"(^|[_.])(min|max|minimum|maximum|limit|threshold)([_.]|$)")
_NOTED = re.compile(r"meta(_?data)?|notes?|custom(_(data|fields?|id))?|udf\d*|user_?data|passthrough|extra\w*|\w*reference\w*")
_MOST_PIECES = 60
_FEW_ENDS = 4
_ORDERS = {"<": True, "<=": True, ">": False, ">=": False}  # whether the left one is the less


class ComparedSums:
    """Looks at what the two sides of a comparison are made of."""

    def __init__(self, model: "Model", names: ComparedNames, own: OwnPayments) -> None:
        self.model = model
        self._names = names
        self._own = own

    def holds(self, atom: Atom) -> bool:
        """Whether a comparison is of what was paid with what is owed, by the names of its sides or by what they are."""
        words = self._names.of(atom)
        if any(_LIMIT.search(w) for w in words):
            return False  # what the shop sells at least or at most for
        named = len(words) > 1 and sum(self._names.money(w) for w in words) > 1
        return (named and not self._only_repeats(atom)) or self._ours_against_sent(atom)

    def within(self, value: Value) -> list[Value]:
        """What a value is made of, with what a call is given: ``str(order.id)``, ``session.get("metadata", {}).get("order_id")``."""
        given = [v for _, v in self.model.evaluator.arguments(value)] if isinstance(value, Result) and value.instr >= 0 else []
        looked_up = len(given) == 2 and isinstance(value, Result) and isinstance(value.callee, Member) and value.callee.name == "get"
        cleaned = len(given) > 1 and isinstance(value, Result) and self.model.requests.cleans(value)
        return [*value.parts(), *(given[:1] if len(given) == 1 or looked_up or cleaned else [])]

    def _only_repeats(self, atom: Atom) -> bool:
        """Whether a comparison holds what a provider answers against what the sender says himself, or against what the page that began the
        payment has put there, and nothing of ours: whoever names the sum that he has paid has paid it."""
        body = self.model.program.body(atom.fn)
        if body.op[atom.instr] != Op.BINARY:
            return False
        sides = [self.model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3]]
        ends = [p for p in pieces(sides, _MOST_PIECES, self._up_to_their_word) if not self._up_to_their_word(p)]
        came = [self._is_from_sender(p) for p in ends]
        answered = [is_answer(self.model, p) for p in ends]
        raw = [self._is_raw(p) for p in ends]
        theirs = [any(told) for told in zip(came, answered, raw, strict=True)]
        rest = [p for p, told in zip(ends, theirs, strict=True) if not (told or isinstance(p, (Const, External)))]
        bare = any(isinstance(option, Const) for side in sides for option in options(side)) and len(ends) < _FEW_ENDS
        if rest or not any(answered):
            sent = [c or r for c, r in zip(came, raw, strict=True)]
            alone = all(s or isinstance(p, Const) or _parses(p) for p, s in zip(ends, sent, strict=True))
            return (any(came) and not rest and bare) or (any(raw) and alone)
        both = all(any(map(self._is_their_word, pieces([side], _MOST_PIECES, self._up_to_their_word))) for side in sides)
        if any(came) or not both:
            return any(came)
        noted = any(_NOTED.fullmatch(word) for word in self._names.of(atom))  # what we have put there was owed when the payment was begun
        return not noted or self._begun_by_page(p for p, a in zip(ends, answered, strict=True) if a)

    def _begun_by_page(self, answers: Iterable[Value]) -> bool:
        """Whether nothing of ours begins a payment at the system that has answered: the page does, with whatever it notes there."""
        for answer in (a for a in answers if isinstance(a, Result)):
            known = self.model.operations.at(answer.fn, answer.instr, answer.ctx)
            if known is not None and self._own.begins(known.provider):
                return False
        return True

    def only_caps(self, atom: Atom) -> bool:
        """Whether a comparison only says that no more was paid than is owed: whoever pays less passes it too."""
        body = self.model.program.body(atom.fn)
        operator = body.text(body.args(atom.instr)[0]) if body.op[atom.instr] == Op.BINARY else ""
        if operator not in _ORDERS or atom.truth is None:
            return False
        sides = [self.model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3]]
        parts = [list(pieces([s], _MOST_PIECES, self._up_to_what_came)) for s in sides]
        sent = [any(self.model.requests.source(p) is not None or is_told(self.model, p) for p in some) for some in parts]
        kept = [any(map(self._is_kept_sum, some)) for some in parts]
        left_is_less = _ORDERS[operator] is atom.truth
        return sent != kept and sent == [left_is_less, not left_is_less] and kept == sent[::-1]

    def _ours_against_sent(self, atom: Atom) -> bool:
        """Whether a sum that a record of ours keeps is compared with a piece of the message, whatever that is called there."""
        body = self.model.program.body(atom.fn)
        if body.op[atom.instr] != Op.BINARY:
            return False
        sides = [self.model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3]]
        kept = [any(map(self._is_kept_sum, pieces([s], _MOST_PIECES, self._up_to_what_came))) for s in sides]
        sent = [any(map(self._has_come, pieces([s], _MOST_PIECES, self._up_to_what_came))) for s in sides]
        return any(k and s and not (sent[n] or kept[1 - n]) for n, (k, s) in enumerate(zip(kept, reversed(sent), strict=True)))

    def _is_kept_sum(self, value: Value) -> bool:
        """Whether a value is a sum of money that a record of ours keeps, read as a field, by a method or as a statement's one column."""
        if isinstance(value, Result) and any(self._names.money(r.field) for r in self.model.states.fields.of_value(value)):
            return True
        here = value.callee if isinstance(value, Result) else value
        if not isinstance(here, Member) or not self._names.money(snake(here.name).removeprefix("get_")):
            return False
        return self.model.records.read_behind(here.base) is not None

    def _up_to_what_came(self, value: Value) -> list[Value]:
        """What a value is made of: what a sender sent, what a provider answered and what a record of ours keeps count as a whole."""
        if isinstance(value, Member) and self.model.records.read_behind(value.base) is not None:
            return []
        return [] if self._has_come(value) else self.within(value)

    def _up_to_their_word(self, value: Value) -> list[Value]:
        """The same, where a body as it came counts as a whole, too."""
        return [] if self._is_raw(value) else self._up_to_what_came(value)

    def _has_come(self, value: Value) -> bool:
        """Whether a value is what a sender sent, a provider answered, or its verifier gave back."""
        return self._is_from_sender(value) or is_answer(self.model, value) or is_message(self.model, value)

    def _is_raw(self, value: Value) -> bool:
        """Whether a value is the body of a request as it came."""
        found = self.model.requests.source(value)
        return found is not None and found.kind == "raw"

    def _is_their_word(self, value: Value) -> bool:
        """Whether a value is what a provider answered, or its message."""
        return is_answer(self.model, value) or self._is_raw(value)

    def _is_from_sender(self, value: Value) -> bool:
        found = self.model.requests.source(value)
        return found is not None and found.kind in ("body", "query", "path")


def _parses(value: Value) -> bool:
    """Whether a value is the function that a body is parsed by."""
    return isinstance(value, External) and value.name.rpartition(".")[2] in ("loads", "parse", "json_decode")
