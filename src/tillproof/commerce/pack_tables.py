"""The names of all packs in the form in which calls are looked up: tables by language, made once for all reviews with the same packs."""

from collections import defaultdict
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from tillproof.commerce.names import Table, strip
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Effect, Language, Operation, Provider, Verifier

LANGUAGES: tuple[Language, ...] = ("python", "javascript", "php")

Kind: TypeAlias = Literal[
    "verifies", "macs", "compares", "exits", "http", "random", "config", "answers", "reads", "inert", "visits", "passthrough", "loggers",
    "json_parsers", "raw_parsers", "once", "transactions", "locks", "jobs", "reporters", "journals", "revealing", "forms", "caches",
    "catches", "serial", "counts", "refuses_again", "places_once", "opens", "limits",
]  # fmt: skip
_SHARED: tuple[Kind, ...] = get_args(Kind)


class PackTables:
    """What a name may be, over all packs.

    ``calls``: operations and verifiers of providers; ``effects``: what is written, sent or answered; ``shared``: what frameworks name
    of one kind, by language and kind; ``dumps``: the fields of a whole answer; ``sessions``: what a token stands in; ``keepers``: by
    language and name, whose SDK is given functions of ours of that name to keep a session's tokens by; ``gateways`` and ``clients``: by
    provider and language; ``verbal``: providers whose clients send by methods named after HTTP's verbs; ``packages``: those of frameworks;
    ``sdks``: beginnings of what belongs to the SDK of a payment provider; ``succeeds``: names that say how something ended.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        providers = knowledge.providers.values()
        frameworks = knowledge.frameworks.values()
        self.calls: dict[str, Table[tuple[Provider, Operation | Verifier]]] = {lang: Table() for lang in LANGUAGES}
        self.effects: dict[str, Table[Effect]] = {lang: Table() for lang in LANGUAGES}
        self.shared: dict[tuple[str, str], Table[str]] = {(lang, kind): Table() for lang in LANGUAGES for kind in _SHARED}
        self.dumps: dict[str, Table[Provider]] = {lang: Table() for lang in LANGUAGES}
        self.sessions: dict[str, Table[Provider]] = {lang: Table() for lang in LANGUAGES}
        self.keepers: defaultdict[tuple[str, str], list[Provider]] = defaultdict(list)
        self.gateways: dict[tuple[str, str], Table[bool]] = {}
        for provider in providers:
            self._add(provider)
        for framework in frameworks:
            for kind in _SHARED:
                self.shared[framework.language, kind].add(getattr(framework, kind), framework.id)
            for effect in framework.effects:
                for lang, calls in effect.calls.items():
                    self.effects[lang].add(calls, effect)
        self.succeeds = {name.lower(): says for f in frameworks for name, says in f.succeeds.items()}
        self.packages: dict[str, frozenset[str]] = {
            lang: frozenset(p for f in frameworks if f.language == lang for p in f.packages) for lang in LANGUAGES
        }
        self.verbal = [p for p in providers if p.base_path]
        self.clients = {(p.id, str(lang)): _clients(p, lang) for p in providers for lang in LANGUAGES}

        paying = [p for p in providers if p.kind == "payment"]
        self.sdks: dict[str, tuple[str, ...]] = {
            lang: tuple(
                {c + "." for p in paying for c in (*self.clients[p.id, lang], *(strip(m).lower() for m in p.packages.get(lang, ())))}
            )
            for lang in LANGUAGES
        }
        self.sdk_namespaces = tuple(
            sorted({f"{c.rpartition('.')[0].lower()}." for p in paying for c in p.clients.get("php", ()) if "." in c.lstrip(".")})
        )
        self.makes_client = frozenset(c for clients in self.clients.values() for c in clients if "." in c.lstrip("."))

    def _add(self, provider: Provider) -> None:
        for thing in provider.things():
            for lang, calls in thing.calls.items():
                self.calls[lang].add(calls, (provider, thing))
        for effect in provider.effects:
            for lang, calls in effect.calls.items():
                self.effects[lang].add(calls, effect)
        for lang, calls in provider.digests.items():
            self.shared[lang, "macs"].add(calls, provider.id)
        for lang, calls in provider.dumps.items():
            self.dumps[lang].add(calls, provider)
        for lang, calls in provider.sessions.items():
            self.sessions[lang].add(calls, provider)
        for lang, told in provider.told_sessions.items():
            for name in dict.fromkeys(told):
                self.keepers[lang, name].append(provider)
        for lang, calls in provider.gateways.items():
            self.gateways.setdefault((provider.id, str(lang)), Table()).add(calls, True)


def _clients(provider: Provider, lang: Language) -> set[str]:
    packages = provider.packages.get(lang, ()) if lang == "javascript" else ()
    return {strip(c).lower() for c in (*provider.clients.get(lang, ()), *packages)}


@lru_cache(maxsize=2)
def pack_tables(knowledge: Knowledge) -> PackTables:
    """The tables of all packs; the same ones for the same packs, and nobody adds to them."""
    return PackTables(knowledge)
