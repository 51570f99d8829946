"""Conditions that ask which state is to be written, not which there is: ``if (next === order.status) return`` refuses no change at all."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.values import Member, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_COMPARES = ("==", "===", "is", "eq", "!=", "!==", "is not", "<>")


class UnchangedStates:
    """Answers by condition and field. A write that only ever makes an order paid is refused once it is; one that ends it as well is not."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def fields(self, touch: Touch, sent: str) -> dict[str, Value | None]:
        """The fields of a write that may become states of both kinds, with what is written. ``sent``: the field of which the request says
        it, or empty."""
        return {n: v for n, v in touch.fields.items() if (sent and n == sent) or (v is not None and self._goes_both_ways(v))}

    def asks_if_new(self, atom: Atom, name: str, told: Value | None) -> bool:
        """Whether a condition only asks if the state that is sent, or worked out, is another than the present one: ``if status ==
        order.status: return``. What may follow the present one, ``NEXT[order.status]``, is another matter."""
        return any(self._is_told(a, told) and all(self.is_copy(o, name) for o in options(b)) for a, b in self._compared(atom))

    def asks_which(self, atom: Atom, told: Value | None) -> bool:
        """Whether a condition asks which state is to be written."""
        return any(self._is_told(a, told) for a, _ in self._compared(atom))

    def is_copy(self, value: Value, name: str) -> bool:
        """Whether a field is filled from the same field of something of ours: the whole record is written, whatever of it has changed."""
        return isinstance(value, Member) and snake(value.name).lstrip("_") == snake(name) and self.model.requests.source(value) is None

    def _compared(self, atom: Atom) -> Iterator[tuple[Value, Value]]:
        """The sides of a comparison, either way round."""
        body = self.model.program.body(atom.fn)
        if body.op[atom.instr] == Op.BINARY and body.text(body.args(atom.instr)[0]) in _COMPARES:
            one, other = (self.model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3])
            yield from ((one, other), (other, one))

    def _is_told(self, value: Value, told: Value | None) -> bool:
        """Whether a value is the one that is written, or the piece of the request that this is, or may be the same states."""
        sent = self.model.requests.source(told) if told is not None else None
        here = self.model.requests.source(value)
        if value is told or (sent is not None and here is not None and bool(sent.key) and (here.kind, here.key) == (sent.kind, sent.key)):
            return True
        written = _texts(told)
        return len(written) > 1 and written == _texts(value)

    def _goes_both_ways(self, value: Value) -> bool:
        """Whether one write makes an order paid or sent, or ends it."""
        words, texts = self.model.words, _texts(value)
        done = any(words.has("paid_values", t) or words.has("fulfil_values", t) for t in texts)
        return done and any(words.has("dead_values", t) for t in texts)


def _texts(value: Value | None) -> set[str]:
    return {t for o in options(value) if (t := text_of(o)) is not None} if value is not None else set()
