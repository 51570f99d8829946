"""Payments that are left standing when their order is cancelled: the money that was taken stays with the shop, or an open page can still be
paid."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.operations import STARTS, OperationSite
from tillproof.commerce.transitions import Transition
from tillproof.flow.program import Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_UNDOES = ("refund.create", "payment.cancel", "payment.void")
_HANDED = ("event", "job", *_UNDOES, "transfer.create", "payout.create")
# What may close a payment, or give the money back, without being known as a provider's call.
_CLOSES = re.compile(
    r"void(?!_?return)|(cancel|close|expire|release|abort)_?(the_?)?(open_?)?(payment|intent|charge|session|checkout|trade|preference|auth)"
    r"|(payment|intent|charge|session|trade|preference)s?_?(cancel|close|expire)"
)
_GIVES_BACK = re.compile(
    r"refund|void|reimburs|charge_?back|reverse|give_?back|credit|wallet|balance|estorn|reembols|devol|erstatt|rembours|" + _CLOSES.pattern
)
_ENDS = re.compile(
    r"expir|timeout_?express|(pay|order|trade|session|payment)_?timeout|time_?expire|valid_?(until|for|to)|time_?limit|ttl|due_?date|deadline",
    re.IGNORECASE,
)
_CLOSABLE = ("payment.cancel", "payment.void")


class Standing(NamedTuple):
    """``how``: it was paid, or it may still be. ``begun``: where a payment is begun. ``states``: those of a paid order in which it may
    be cancelled."""

    how: Literal["paid", "open"]
    begun: OperationSite
    states: tuple[str, ...]


class StandingPayments:
    """Answers by cancellation."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def of(self, entry: Entry, transition: Transition, allowed: set[str]) -> Standing | None:
        """What stands when an order is cancelled behind an entry point. ``allowed``: the states of which it has to be in one."""
        begun = next(iter(self._begun), None)
        if begun is None or entry.target.fn in self._told or entry.role == "platform":
            return None
        words = self.model.words
        paid = tuple(sorted(w for w in allowed if words.has("paid_values", w)))
        if paid:
            gives_back = any(o.op == "refund.create" for o in begun.provider.operations)
            return Standing("paid", begun, paid) if gives_back and not self._sees_to_it(entry) else None
        refused = {w for atom in transition.guards for w in self.model.states.excluded(atom)}
        unpaid = bool(allowed) or any(words.has("paid_values", w) for w in refused)
        return Standing("open", begun, ()) if unpaid and self._stays_open(begun) and not self._speaks(entry, _CLOSES) else None

    @cached_property
    def _begun(self) -> list[OperationSite]:
        """Where a payment is begun that the customer makes afterwards, by himself."""
        sites = (s for s in self.model.operations.sites if s.provider.kind == "payment" and s.operation.op in STARTS[:2])
        return [s for s in sites if not s.operation.at_once and not s.operation.confirms]

    @cached_property
    def _told(self) -> set[Fn]:
        """The handlers of what a provider says: it knows what became of the payment."""
        return {h.entry.target.fn for h in self.model.handlers.all}

    def _sees_to_it(self, entry: Entry) -> bool:
        """Whether anything behind an entry point may undo a payment, ask for that, or hand it on to somebody who does."""
        for effect in self.model.effects.of(entry.target):
            heard = self.model.handovers.targets(effect.fn, effect.instr, effect.ctx) if effect.kind == "event" else []
            if effect.kind in _HANDED and not heard:
                return True
            if heard and self._named_in(self.model.reach.of([h.target for h in heard]).functions, _GIVES_BACK):
                return True
        return self._speaks(entry, _GIVES_BACK)

    def _speaks(self, entry: Entry, of: re.Pattern[str]) -> bool:
        return self._named_in(self.model.handlers.closure(entry).functions, of)

    def _named_in(self, functions: Iterable[Fn], of: re.Pattern[str]) -> bool:
        """Whether a function names such a thing. That it gives nothing back is called ``void`` too."""
        for fn in functions:
            for word in self.model.vocabulary.tokens(fn):
                if of.search(snake(word)) and (word != "void" or word in self.model.program.called(fn.file)):
                    return True
        return False

    def _stays_open(self, begun: OperationSite) -> bool:
        """Whether what was begun can be closed, and nothing in the program does so, lets it run out by itself or pays a late one back."""
        if not any(o.op in _CLOSABLE for o in begun.provider.operations):
            return False
        if any(s.operation.op in _UNDOES for s in self.model.operations.sites):
            return False
        return not any(_ENDS.search(t) for s in self._begun for t in self.model.vocabulary.tokens(s.fn))
