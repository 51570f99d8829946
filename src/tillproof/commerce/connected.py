"""The payment system that a plugin connects a shop to, by the class through which the shop's platform pays with it."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import fits
from tillproof.commerce.owed import LATER
from tillproof.flow.program import ClassId
from tillproof.flow.values import Instance, constant
from tillproof.knowledge.schema import Provider
from tillproof.knowledge.schema.routes import Routes

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_AROUND = re.compile(
    r"(^|_)(wc|woocommerce|woo|pretix|payments?|gateways?|providers?|methods?|modules?|plugins?|for|class|abstract|base|settings)(?=_|$)"
)
"""What such a class is called besides the system's name."""


class Connected:
    """Answers by entry point."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def of(self, entry: Entry) -> Provider | None:
        """The system that the plugin is for in which an entry point stands; None where it is for none, or for several."""
        return self.at(entry.target.fn.file)

    def at(self, file: str) -> Provider | None:
        """That of a file."""
        here = self._by_unit.get(self.model.program.unit(file), {})
        every = {p.id: p for found in self._by_unit.values() for p in found.values()}
        own = here or every
        return next(iter(own.values())) if len(own) == 1 else None

    def joins(self, provider: Provider) -> bool:
        """Whether a plugin here is what connects shops to that system."""
        return any(provider.id in found for found in self._by_unit.values())

    @cached_property
    def ways(self) -> list[tuple[Provider, ClassId]]:
        """The classes through which platforms pay, each with the system that it is for, in order of the entry points."""
        found: dict[ClassId, Provider] = {}
        for entry in self.model.entries:
            rule, cls = self._rule(entry), self.model.program.method_class(entry.target.fn)
            if rule is None or cls is None or cls in found:
                continue
            name = self._named(cls, rule.names_system)
            if name and not LATER.fullmatch(name):
                found[cls] = self._system(name)
        return [(system, cls) for cls, system in found.items()]

    @cached_property
    def _by_unit(self) -> dict[str, dict[str, Provider]]:
        """The systems by deployable unit."""
        found: dict[str, dict[str, Provider]] = {}
        for system, cls in self.ways:
            found.setdefault(self.model.program.unit(cls.file), {})[system.id] = system
        return found

    @cached_property
    def _rules(self) -> dict[str, list[Routes]]:
        """By framework, the classes of ways to pay."""
        known = self.model.knowledge.frameworks.values()
        return {f.id: rules for f in known if (rules := [r for r in f.routes if r.names_system])}

    def _rule(self, entry: Entry) -> Routes | None:
        cls = self.model.program.method_class(entry.target.fn)
        if entry.framework not in self._rules or entry.style != "class" or cls is None:
            return None
        bases = self.model.evaluator.scope.foreign_bases(cls)
        return next((r for r in self._rules[entry.framework] if any(fits(b, f) for b in r.bases for f in bases)), None)

    def _named(self, cls: ClassId, member: str) -> str:
        """What such a class calls its way to pay, in lower snake case: by the member that its platform asks for, or by its own name."""
        at = (cls.file, 1)
        told = constant(self.model.evaluator.member(Instance(at, cls), member, at))
        own = _AROUND.sub("", snake(self.model.program.cls(cls).name)).strip("_")
        return snake(told) if told else own

    def _system(self, name: str) -> Provider:
        known = self.model.knowledge.providers
        packed = (known.get(word) for word in (name, name.replace("_", ""), *name.split("_")))
        return next((p for p in packed if p is not None and p.kind == "payment"), None) or self.model.strangers.called(name)
