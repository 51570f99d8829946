"""Messages of carriers and of those who book with them: told by what the way in is called, and by the states of shipments it speaks of."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import speaks_of
from tillproof.commerce.recognition import HOOK, MANAGES, called
from tillproof.knowledge.schema import Inbound, Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

SENDERS = ("shipping", "warehouse")
_NAMED = re.compile(
    r"ship(ment|ping|ped|s)?(_|$)|track(ing|er)|courier|carrier|deliver(y|ies|ed)|fulfil|logistic|parcel|consignment"
    r"|send_?cloud|after_?ship|ship_?(rocket|bob|hero|monk|logic|day)|pack_?link|delhivery|nim_?bus|aramex|lalamove|ninja_?van"
    r"|post_?nord|inpost|packeta|purolator|my_?parcel|boxtal|easyship|colissimo|melhor_?envio|(^|_)(bring|gls|dpd|hermes|evri|yodel|correos)(_|$)"
)
"""Words of a carrier's call, and what carriers and those who book with them are called."""
SERVER = re.compile(r"(^|_)(web)?_?hooks?(_|$)|call_?back|(^|_)ipn(_|$)|listener")
"""What a way in is called that other servers call."""
_NEWS = re.compile(
    r"(^|_)(shipped|shipment\w*|delivered|in_transit|out_for_delivery|track\w*|fulfil\w*|dispatched|tracker|waybill|awb)(_|$)",
    re.IGNORECASE,
)
_NEAR = 2
_SHORT = 4
_UNWRITTEN = Inbound(kind="webhook", proof="refetch")
"""What carriers send of which a pack says nothing: few sign it, all of them can be asked."""
_SOMEBODY = Provider(id="carrier", name="Carrier", kind="shipping", docs="", auth="unknown", inbound=(_UNWRITTEN,))


class CarrierMessages:
    """Asked for each entry point; made once."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._names: dict[Entry, str] = {}

    def handler(self, entry: Entry) -> Handler | None:
        """The handler that an entry point is which says of itself that a carrier calls it; else None."""
        if not self.is_hook(entry) or not SERVER.search(self._spelt(entry)) or not self.brings_news(entry):
            return None
        provider = self._sender(entry)
        inbound = next((b for b in provider.inbound if b.kind == "webhook"), _UNWRITTEN)
        return Handler(entry, provider, inbound, "webhook", self.model.handlers.closure(entry), "its name says that a carrier calls it")

    def is_hook(self, entry: Entry) -> bool:
        """Whether the name of a way in speaks of a carrier's call, and a stranger can take it."""
        if entry.role != "public" or set(entry.methods) <= {"GET", "HEAD", "NONE"}:
            return False
        name = self._spelt(entry)
        if not HOOK.search(name) or MANAGES.search(name):
            return False
        return _NAMED.search(name) is not None or any(word in name for word in self._known)

    def brings_news(self, entry: Entry) -> bool:
        """Whether the code near it names a state of a shipment."""
        near = (fn for fn, depth in self.model.handlers.closure(entry).functions.items() if depth <= _NEAR)
        return any(_NEWS.search(snake(token)) for fn in near for token in self.model.vocabulary.tokens(fn))

    def _spelt(self, entry: Entry) -> str:
        if entry not in self._names:
            program, file = self.model.program, entry.target.fn.file
            place = "/".join(file.rpartition(".")[0].split("/")[-2:])
            self._names[entry] = spelt(f"{entry.route or ''} {called(self.model, entry)} {program.qualified(entry.target.fn)} {place}")
        return self._names[entry]

    def _sender(self, entry: Entry) -> Provider:
        """The carrier that an entry point is named after; else the one that its unit asks, if that is a single one."""
        name, unit = self._spelt(entry), self.model.program.unit(entry.target.fn.file)
        for word, provider in self._known.items():
            if speaks_of(name, word):
                return provider
        asked = {p.id: p for p, fn, _ in self.model.operations.outbound if p.kind in SENDERS and self.model.program.unit(fn.file) == unit}
        return next(iter(asked.values())) if len(asked) == 1 else _SOMEBODY

    @cached_property
    def _known(self) -> dict[str, Provider]:
        """The carriers that a pack knows, by their names, where those are long enough not to be part of another word."""
        packed = (p for p in self.model.knowledge.providers.values() if p.kind in SENDERS)
        return {spelt(p.id): p for p in packed if len(p.id) > _SHORT}


def spelt(text: str) -> str:
    """The words of names, routes and paths in one."""
    return snake(re.sub(r"[/\\\s.-]+", "_", text))
