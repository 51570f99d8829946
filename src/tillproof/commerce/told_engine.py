"""What the packs tell the engine, which knows nothing of frameworks by itself."""

import re
from collections import defaultdict
from functools import lru_cache

from tillproof.flow.decorated import Application
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.outside import squashed_name
from tillproof.flow.published import Published
from tillproof.knowledge.loader import Knowledge

_OF_CLASS = re.compile(r"((?:[A-Z]\w*\.)*[A-Z]\w*)\.([a-z]\w*)")
_SAYS_ENOUGH = 10  # letters of an event's name, of several words


def tell_engine(evaluator: Evaluator, knowledge: Knowledge) -> None:
    """Tell the evaluator what frameworks do with names, classes and events."""
    evaluator.scope.told_members = frozenset(n for f in knowledge.frameworks.values() for kept in f.keeps for n in kept.besides)
    evaluator.scope.clients = frozenset(n for p in knowledge.providers.values() for names in p.clients.values() for n in names if "." in n)
    evaluator.scope.settings.folders = {call: folder for f in knowledge.frameworks.values() for call, folder in f.settings.items()}
    _tell_published(evaluator.scope.published, knowledge)
    evaluator.scope.stand_ins = {name: ours for f in knowledge.frameworks.values() for name, ours in f.stand_ins.items()}
    evaluator.carries = {
        n.rpartition(".")[2]: h.carries for f in knowledge.frameworks.values() for h in f.handovers if h.carries for n in h.calls
    }
    python = (f for f in knowledge.frameworks.values() if f.language == "python")
    evaluator.sends = frozenset(n.rpartition(".")[2] for f in python for n in f.records.sends)
    evaluator.gives = {name: at for f in knowledge.frameworks.values() for name, at in f.gives.items()}
    evaluator.supplies = {name: at for f in knowledge.frameworks.values() for name, at in f.supplies.items()}
    evaluator.factories = {end: method for f in knowledge.frameworks.values() for end, method in f.factories.items()}
    evaluator.named_keys = tuple(f.named_key for f in knowledge.frameworks.values() if f.named_key)
    evaluator.named_classes = {name: at for f in knowledge.frameworks.values() for name, at in f.named_classes.items()}
    evaluator.class_loaders = {name: root for f in knowledge.frameworks.values() for name, root in f.class_loaders.items()}
    evaluator.decorated.applications = [
        Application(f.language, f.packages[0], f.decorates, f.application) for f in knowledge.frameworks.values() if f.decorates
    ]
    evaluator.scope.modules.ends = {end: p for f in knowledge.frameworks.values() for end, p in f.generated.items()}
    evaluator.scope.modules.carried = _told_libraries(knowledge)
    evaluator.events = _told_events(knowledge)


def _tell_published(published: Published, knowledge: Knowledge) -> None:
    """Which packages and base classes packs speak of, whose own source may lie in the repository."""
    frameworks = knowledge.frameworks.values()
    published.packages = frozenset(p for f in frameworks if f.language == "javascript" for p in f.packages)
    for language in ("python", "php"):
        spoken = [f for f in frameworks if f.language == language]
        bases = (
            [r.bases for f in spoken for r in f.routes]
            + [r.bases for f in spoken for r in f.inherited]
            + [r.bases for f in spoken for r in f.keeps]
        )
        published.tell(language, (base for some in bases for base in some))


@lru_cache(maxsize=2)
def _told_libraries(knowledge: Knowledge) -> dict[str, frozenset[str]]:
    """The classes of PHP's libraries that packs speak of by full name, and their methods: ``Stripe.Refund`` and ``create`` of a provider,
    ``Unirest.Request`` and ``post`` of a client for HTTP."""
    found: dict[str, set[str]] = defaultdict(set)
    sends = [name for f in knowledge.frameworks.values() if f.language == "php" for name in f.http]
    asked = [call for provider in knowledge.providers.values() for thing in provider.things() for call in thing.calls.get("php", ())]
    for name in (*asked, *sends):
        if (spoken := _OF_CLASS.match(name)) is not None:
            found[spoken[1].lower()].add(spoken[2].lower())
    for provider in knowledge.providers.values():
        for name in provider.clients.get("php", ()):
            if "." in name.lstrip(".") or "_" in name:
                found[name.lower()].add("__construct")
    return {name: frozenset(methods) for name, methods in found.items()}


@lru_cache(maxsize=2)
def _told_events(knowledge: Knowledge) -> frozenset[str]:
    """The names of payment providers' events that say enough to be part of a method's name, as the evaluator looks for them."""
    found = (
        (event, squashed_name(event))
        for provider in knowledge.providers.values() if provider.kind == "payment"
        for inbound in provider.inbound for event in inbound.events
    )  # fmt: skip
    return frozenset(squashed for event, squashed in found if squashed != event.lower() and len(squashed) >= _SAYS_ENOUGH)
