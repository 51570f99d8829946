"""What providers call their events, and which of these names tell whose they are: the same for all reviews with the same packs."""

import re
from collections import Counter, defaultdict
from functools import lru_cache

from tillproof.knowledge.loader import Knowledge

_TELLING = 12  # letters from which on a name is nobody's by accident


class EventNames:
    """The names of all providers' events.

    ``of``: a provider's id → all that it sends. ``own``: its id → those by whose names alone it is known, since no other has them.
    ``named``: those of payment providers by whose names functions may be registered, since no shop calls its own events so, and whose they
    are; the longest first. ``registering``: a provider's id → its part of ``named``. ``spelt``: finds any of ``named`` in a source.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        providers = knowledge.providers.values()
        self.of = {p.id: frozenset(e for inbound in p.inbound for e in inbound.events) for p in providers}
        owners = Counter(e for events in self.of.values() for e in events)
        self.own = {name: frozenset(e for e in events if owners[e] == 1 and len(e) > _TELLING) for name, events in self.of.items()}
        paying: dict[str, set[str]] = defaultdict(set)
        for provider in providers:
            for event in self.of[provider.id] if provider.kind == "payment" else ():
                if len(event) >= _TELLING and not event.isalpha():
                    paying[event].add(provider.id)
        self.named = {e: frozenset(paying[e]) for e in sorted(paying, key=lambda e: (-len(e), e))}
        self.spelt = re.compile("|".join(rf"\b{re.escape(event)}\b" for event in sorted(paying)).encode())
        self.registering = {p.id: frozenset(e for e in self.of[p.id] if p.id in paying.get(e, ())) for p in providers}


@lru_cache(maxsize=2)
def event_names(knowledge: Knowledge) -> EventNames:
    """The names of all packs' events; nobody changes them."""
    return EventNames(knowledge)
