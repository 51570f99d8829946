"""Messages of the systems that keep goods, an ERP, a warehouse, a supplier: told by what the way in is called, and by stock or prices that
change behind it."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.carried_items import SYSTEMS
from tillproof.commerce.carrier_messages import SERVER, spelt
from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.names import speaks_of
from tillproof.commerce.recognition import HOOK, MANAGES, called
from tillproof.knowledge.schema import Inbound, Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_NAMED = re.compile(
    r"(^|_)(erp(next)?|pim|wms|warehouses?|inventor(y|ies)|stocks?|suppliers?|vendors?|marketplaces?|odoo|netsuite|sap|akeneo|dynamics)(_|$)"
)
_SHORT = 3
_PRICES = re.compile(r"(\w+_)?(price|prices|cost)")
_UNWRITTEN = Inbound(kind="webhook", proof="basic")
"""What such systems send of which a pack says nothing: most can be given a header with a secret in it."""
_SOMEBODY = Provider(id="erp", name="ERP", kind="erp", docs="", auth="unknown", inbound=(_UNWRITTEN,))


class GoodsMessages:
    """Asked for each entry point."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def handler(self, entry: Entry) -> Handler | None:
        """The handler that an entry point is which says of itself that such a system calls it, and by which stock or prices change."""
        if entry.role != "public" or set(entry.methods) <= {"GET", "HEAD", "NONE"}:
            return None
        name = spelt(f"{entry.route or ''} {called(self.model, entry)}")
        if not HOOK.search(name) or not SERVER.search(name) or MANAGES.search(name):
            return None
        provider = next((p for word, p in self._known.items() if speaks_of(name, word)), None)
        if (provider is None and not _NAMED.search(name)) or not any(map(self._changes_goods, self.model.effects.of(entry.target))):
            return None
        provider = provider or _SOMEBODY
        inbound = next((b for b in provider.inbound if b.kind == "webhook"), _UNWRITTEN)
        why = "its name says that a system which keeps goods calls it"
        return Handler(entry, provider, inbound, "webhook", self.model.handlers.closure(entry), why)

    def _changes_goods(self, effect: Effect) -> bool:
        """Whether an effect changes stock, prices or a catalogue, here or in a shop platform."""
        if effect.operation is not None:
            return effect.kind == "catalog.write"
        touch = effect.touch
        if touch is None or touch.kind not in ("write", "upsert"):
            return False
        prices = any(_PRICES.fullmatch(field) for field in touch.fields)
        return touch.effect == "stock.write" or self.model.stock_writes.write(touch) is not None or prices

    @cached_property
    def _known(self) -> dict[str, Provider]:
        """The systems that a pack knows, by their names, where those are long enough not to be part of another word."""
        packed = (p for p in self.model.knowledge.providers.values() if p.kind in SYSTEMS and p.kind != "platform")
        return {spelt(p.id): p for p in packed if len(p.id) > _SHORT}
