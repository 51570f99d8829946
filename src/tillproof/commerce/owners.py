"""Whose a setting is, by its name and those around it."""

from collections.abc import Container, Iterable
from functools import lru_cache

from tillproof.commerce.lexicon import snake
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Provider

# What front-end builds and shops put before a name.
_BEFORE = frozenset(
    ["next", "public", "vite", "react", "app", "vue", "nuxt", "expo", "gatsby", "my", "the", "shop", "store", "config", "settings", "env"]
)
_SHORT = 4
_MOST_WORDS = 3


class Owners:
    """Finds the system that a name speaks of. Short names count at the beginning only."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._known: dict[tuple[str, ...], Provider] = {}
        for provider in knowledge.providers.values():
            own = provider.id.replace("-", "_").replace(".", "_")
            for name in (own, own.replace("_", ""), *provider.names):
                self._known.setdefault(tuple(name.split("_")), provider)
        self.of_name = lru_cache(maxsize=20_000)(self._of_name)

    def of(self, names: Iterable[str], kinds: Container[str] | None = None) -> Provider | None:
        """The system, of one of some kinds, that the first of some names speaks of."""
        for name in names:
            found = self.of_name(name)
            if found is not None and (kinds is None or found.kind in kinds):
                return found
        return None

    def _of_name(self, name: str) -> Provider | None:
        words = [word for word in snake(name.replace(".", "_").replace("/", "_")).split("_") if word]
        begin = next((n for n, word in enumerate(words) if word not in _BEFORE), 0)
        for size in range(_MOST_WORDS, 0, -1):
            for start in range(len(words) - size + 1):
                found = self._known.get(tuple(words[start : start + size]))
                if found is not None and (start <= begin or len("".join(words[start : start + size])) > _SHORT):
                    return found
        return None
