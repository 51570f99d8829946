"""Messages about shipments (sent, on its way, delivered), and whether the order and the customer learn of them."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.carrier_messages import SENDERS
from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_RECORDS = re.compile(r"(.*_)?(shipment|shipping|fulfil+ment|parcel|package|tracking|tracker|delivery|consignment|label)(_.*)?")
_NOTES = re.compile(r"(.*_)?(log|logs|webhook|event|history|audit|payload|message)(_.*)?")
_TELLS = re.compile(
    r"(^|_)((send|notify|queue|deliver)\w*_(mail|email|sms|notification|message|whatsapp|push|customer|buyer|user|shipped|delivered|update)\w*"
    r"|(e?mail|sms)_(customer|buyer|user)\w*|notify|send_?(mail|email|sms|notification|template)|notifications?_(send|create))(_|$)"
)
_NEAR = 6


@dataclass(frozen=True, slots=True)
class ShippingNews:
    """A handler of such messages. ``sender``: who sends them, for people. ``recorded``: what writes them down on order or shipment;
    ``told``: what tells the customer; ``handed``: work or events by which somebody else may."""

    entry: Entry
    sender: str
    recorded: tuple[Effect, ...]
    told: tuple[Effect, ...]
    named: tuple[Fn, str] | None
    handed: tuple[Effect, ...]


class Shipments:
    """Found once somebody asks."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def all(self) -> list[ShippingNews]:
        """The handlers of messages about shipments, in order of file and line."""
        carriers = {h.entry.target.fn: h for h in self.model.handlers.all if h.provider.kind in SENDERS}
        others = {h.entry.target.fn for h in self.model.handlers.all if h.provider.id in self.model.knowledge.providers} - set(carriers)
        out: dict[Fn, ShippingNews] = {}
        messages = self.model.carriers
        for entry in (*(h.entry for h in carriers.values()), *self.model.entries):
            fn = entry.target.fn
            if fn in out or fn in others or not (fn in carriers or messages.is_hook(entry)) or not messages.brings_news(entry):
                continue
            out[fn] = self._news(entry, carriers[fn].provider.name if fn in carriers else "the carrier")
        return [out[fn] for fn in sorted(out)]

    def _news(self, entry: Entry, sender: str) -> ShippingNews:
        effects = self.model.effects.of(entry.target)
        recorded = tuple(e for e in effects if self._records(e))
        told = tuple(e for e in effects if self._tells(e))
        handed = tuple(e for e in effects if e.kind in ("job", "event"))
        return ShippingNews(entry, sender, recorded, told, None if told else self._named_call(entry), handed)

    def _records(self, effect: Effect) -> bool:
        touch = effect.touch
        if effect.kind in ("fulfil", "order.write", "order.paid"):
            return True
        if touch is None or touch.kind not in ("write", "create", "upsert") or _NOTES.fullmatch(touch.entity):
            return False
        return (
            self.model.words.entity(touch.entity) or _RECORDS.fullmatch(touch.entity) is not None or bool(touch.effect.startswith("order."))
        )

    def _tells(self, effect: Effect) -> bool:
        if effect.kind == "mail":
            return True
        known = self.model.operations.at(effect.fn, effect.instr, effect.ctx) if effect.operation is not None else None
        if known is not None:
            return known.provider.kind == "notification"
        touch = effect.touch
        by_itself = any(framework.tells_states for framework in self.model.wiring.active.of(effect.fn.file))
        return touch is not None and touch.effect.startswith("order.") and by_itself

    def _named_call(self, entry: Entry) -> tuple[Fn, str] | None:
        """A word near the handler that speaks of telling somebody, where the call itself is not known."""
        for fn, depth in self.model.handlers.closure(entry).functions.items():
            found = next((t for t in sorted(self.model.vocabulary.tokens(fn)) if depth <= _NEAR and _TELLS.search(snake(t))), None)
            if found is not None:
                return fn, found
        return None
