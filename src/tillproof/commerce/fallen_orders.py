"""Orders whose payment fell through, by a provider's word for it, and whose goods nothing in the shop ever puts back."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import LINES, ORDERS
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch, text_of
from tillproof.commerce.transitions import Transition
from tillproof.commerce.unrouted import standing_for
from tillproof.flow.values import Value, options

if TYPE_CHECKING:
    from tillproof.commerce.cancellations import Cancellations
    from tillproof.commerce.model import Model

_FELL = re.compile(
    r"((payment|order|transaction)_)?(fail(ed|ure)?|expired?|unpaid|declined?|den(y|ied)|cancell?(ed)?|rejected|abandoned|timed?_?out|voided)"
    r"|gagal|kadaluarsa|batal|dibatalkan"
)
_PIECES = 60
_PAYMENTS = re.compile(r"(\w+_)?(payment|transaction)")


class Fallen(NamedTuple):
    """Where a message says that an order, or its payment, has fallen through: which kind of record is told so, and by what word."""

    entry: Entry
    effect: Effect
    name: str
    word: str


class FallenOrders:
    """Answers for a whole program; ``cancellations`` know where stock is taken and what puts it back."""

    def __init__(self, model: "Model", cancellations: "Cancellations") -> None:
        self.model = model
        self.cancellations = cancellations

    def all(self) -> Iterator[Fallen]:
        """The first such place behind each handler of messages, that of an order before that of its payment."""
        if self.cancellations.taken_at is None or not self.cancellations.taken_when_ordered:
            return
        for handler in self.model.handlers.all:
            found = list(self._behind(handler.entry))
            if found:
                yield min(found, key=lambda f: ORDERS.fullmatch(f.name) is None)

    def _behind(self, entry: Entry) -> Iterator[Fallen]:
        effects = self.model.effects.of(entry.target)
        if any(self.cancellations.puts_back(e) for e in effects) or self.cancellations.released_by_name(entry) is not None:
            return
        for effect in effects:
            touch = effect.touch
            if touch is None or not self._tells_of_one(touch):
                continue
            word = next((w for w in self._states(touch) if _FELL.fullmatch(w)), "")
            if word and not self.given_back_later(word):
                yield Fallen(entry, effect, touch.entity, word)

    @staticmethod
    def _tells_of_one(touch: Touch) -> bool:
        """Whether what is written is an order, or the payment of one, which may be noted in a row of its own."""
        pays = _PAYMENTS.fullmatch(touch.entity) is not None
        return (touch.kind == "write" and (pays or ORDERS.fullmatch(touch.entity) is not None)) or (touch.kind == "create" and pays)

    def _states(self, touch: Touch) -> Iterator[str]:
        """The states that are written, by the names of their fields."""
        for name, value in touch.fields.items():
            if value is not None and self.model.words.has("status_fields", name):
                yield from _words(value)

    # --- what puts goods back elsewhere

    def given_back_later(self, word: str) -> bool:
        """Whether something else puts back the goods of an order that is in such a state."""
        return any(not states or word in states for states in self._elsewhere)

    @cached_property
    def _elsewhere(self) -> list[frozenset[str]]:
        """For each way on which goods are put back for an order: the states that it has to be in there; none where it may be in any."""
        return list(self._found())

    def _found(self) -> Iterator[frozenset[str]]:
        model, back = self.model, self.cancellations
        if any(back.tells(name) for name in model.program.functions_by_name):
            yield frozenset()
            return
        for fn in dict.fromkeys(w.place.fn for w in model.stock_writes.all if w.may_put_back):
            for entry in model.entries_to(fn) or [standing_for(model, fn)]:
                releases = [
                    e for e in model.effects.of(entry.target) if e.fn == fn and back.puts_back(e) and not self._brought_in(entry, e)
                ]
                moved = [t for t in model.transitions.of(entry.target) if ORDERS.fullmatch(t.touch.entity)]
                moved = [t for t in moved if any(model.repeats.together(t.effect, e) for e in releases)]
                if moved or any(model.vocabulary.order(p.fn) for e in releases for p in e.way):  # else goods that somebody has brought in
                    yield frozenset(word for t in moved for word in self._asked(t))

    def _brought_in(self, entry: Entry, effect: Effect) -> bool:
        """Whether the request says how many come onto the shelf, and no order that there is already is touched: a purchase."""
        write = self.model.stock_writes.write(effect.touch) if effect.touch is not None else None
        if write is None or write.by is None or not any(True for _ in self.model.requests.sources_in(write.by, _PIECES)):
            return False
        touched = (e.touch for e in self.model.effects.of(entry.target) if e.touch is not None and e.touch.kind != "create")
        return not any(ORDERS.fullmatch(touch.entity) or LINES.fullmatch(touch.entity) for touch in touched)

    def _asked(self, transition: Transition) -> Iterator[str]:
        """The states in one of which a record is before it is changed, as it is asked or as its rows are chosen."""
        for words in self.cancellations.required(transition):
            yield from map(snake, words)
        read = self.model.records.read_behind(transition.touch.record) if transition.touch.record is not None else None
        for name, value in read.keys.items() if read is not None else ():
            if self.model.words.says_state(name):
                yield from _words(value)


def _words(value: Value) -> Iterator[str]:
    """What a value may be, where that is written down."""
    return (snake(text) for o in options(value) if (text := text_of(o)) is not None)
