"""Payments that a page begins in the customer's browser, for a sum that he can change there: a reference of ours that comes back with one
says for what was paid, and not how much."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.own_payments import BEGIN

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.knowledge.schema import Provider

_GLOBAL = re.compile(r"\w+(\.\w+)*")


class PagePayments:
    """Answers by provider; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._found: dict[str, tuple[str, int] | None] = {}

    def of(self, provider: "Provider") -> tuple[str, int] | None:
        """The file and line where a page begins payments at a provider; None where none does, or a server of
        ours does, too."""
        if provider.id not in self._found:
            self._found[provider.id] = self._look(provider)
        return self._found[provider.id]

    def _look(self, provider: "Provider") -> tuple[str, int] | None:
        sites = [s for s in self.model.operations.sites if s.provider.id == provider.id and s.operation.op in BEGIN]
        if any(not s.operation.in_browser for s in sites):
            return None
        for site in sites:
            return site.fn.file, self.model.program.body(site.fn).line[site.instr]
        return self._in_templates(provider)

    def _in_templates(self, provider: "Provider") -> tuple[str, int] | None:
        """In a script that stands in a template: ``PaystackPop.setup({``."""
        calls = [c for o in provider.operations if o.in_browser and o.amount for names in o.calls.values() for c in names]
        spelt = "|".join(re.escape(c).replace(r"\.", r"\s*\.\s*") for c in calls if _GLOBAL.fullmatch(c))
        if not spelt:
            return None
        begins = re.compile(rf"(?<![\w.])(?:{spelt})\s*\(".encode())
        for file, text in self.model.card_pages.texts():
            if (found := begins.search(text)) is not None:
                return file.path, text.count(b"\n", 0, found.start()) + 1
        return None
