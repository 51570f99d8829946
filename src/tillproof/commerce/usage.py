"""Which providers a file or unit uses: by its imports, and by the providers' own words in it."""

from collections import Counter, defaultdict
from functools import cached_property, lru_cache
from typing import get_args

from tillproof.flow.program import Program
from tillproof.ir.declarations import Import
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Language, Provider

_NOBODY: frozenset[str] = frozenset()
_SEVERAL = 2


class _Spoken:
    """By what a file tells of providers: ``words`` in it, and ``packages`` or root namespaces that it imports, by language."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.providers = knowledge.providers.values()
        self.frameworks = {p.lower() for f in knowledge.frameworks.values() for p in f.packages}
        self.words = self._words()
        self.packages = self._packages()
        # The classes that a platform's plugins derive from tell of it where it is written: a ``PaymentModule`` of Nest's is anybody's.
        self.classes = {(p.id, c.lower()): frozenset(p.packages) for p in self.providers for c in p.plugins if p.packages}

    def _words(self) -> dict[str, list[str]]:
        """Word → providers; the beginning of a key that several of them use (``sk_test_``) says of none that it is used, and neither does a
        name that is a word of its own (``dots``, ``square``): a pack that means it lists it."""
        found: dict[str, list[str]] = defaultdict(list)
        beginnings = Counter(prefix for p in self.providers for prefix in {key.prefix for key in p.keys})
        for provider in self.providers:
            for word in set(provider.words or (provider.id,)):
                if beginnings[word] < _SEVERAL:
                    found[word].append(provider.id)
        return found

    def _packages(self) -> dict[str, dict[str, list[str]]]:
        """Language → package or root namespace → providers."""
        found: dict[str, dict[str, list[str]]] = {language: defaultdict(list) for language in get_args(Language)}
        for provider in self.providers:
            for language, packages in provider.packages.items():
                for package in packages:
                    found[language][package.lower()].append(provider.id)
            for client in provider.clients.get("php", ()):
                found["php"][self._namespace(client.lower())].append(provider.id)
        return found

    def _namespace(self, client: str) -> str:
        """The namespace whose import shows that a PHP client is used: its root, or two parts where the root is a framework's
        (``Laravel\\Cashier``, not ``Laravel\\Sanctum``)."""
        parts = client.split(".")
        return ".".join(parts[:2]) if parts[0] in self.frameworks else parts[0]


@lru_cache(maxsize=2)
def _spoken(knowledge: Knowledge) -> _Spoken:
    """The same for all reviews with the same packs; nobody adds to it."""
    return _Spoken(knowledge)


class Usage:
    """Provider ids by file and by unit, found in one pass over all imports."""

    def __init__(self, program: Program, knowledge: Knowledge) -> None:
        self.program = program
        self._spoken = _spoken(knowledge)

    def uses(self, provider: Provider, file: str) -> bool:
        """Whether the file, or another of its unit, imports the provider's package, or the file holds one of its words."""
        return self.mentions(provider, file) or provider.id in self._by_unit.get(self.program.unit(file), _NOBODY)

    def mentions(self, provider: Provider, file: str) -> bool:
        """Whether the file itself imports the provider's package or holds one of its words."""
        return provider.id in self._by_file.get(file, _NOBODY) or provider.id in self._by_word(file)

    def imports(self, provider: Provider, file: str) -> bool:
        """Whether the file itself imports the provider's package."""
        return provider.id in self._by_file.get(file, _NOBODY)

    def names(self, provider: Provider, file: str) -> bool:
        """Whether the file imports the provider's package or says its name: a ``paymentIntent`` other systems have as well."""
        if self.imports(provider, file):
            return True
        own = [w for w in provider.words if provider.id in w] or list(provider.words or (provider.id,))
        words = {w.lower() for w in self.program.indices[file].words}
        return any(w in words for w in own) and provider.id in self._by_word(file)

    def of(self, file: str) -> tuple[str, ...]:
        """The ids of the providers that a file imports or names, in order."""
        return tuple(sorted(self._by_file.get(file, _NOBODY) | self._by_word(file)))

    def _by_word(self, file: str) -> frozenset[str]:
        language, classes = self.program.language(file), self._spoken.classes
        words = {w.lower() for w in self.program.indices[file].words}
        told = ((p, w) for w in words for p in self._spoken.words.get(w, ()))
        return frozenset(p for p, w in told if (p, w) not in classes or language in classes[p, w])

    @cached_property
    def _by_file(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for file, index in self.program.indices.items():
            packages = self._spoken.packages[self.program.language(file)]
            mine = {p for item in index.imports for key in _keys(item) for p in packages.get(key, ())}
            if mine:
                found[file] = frozenset(mine)
        return found

    @cached_property
    def _by_unit(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for file, providers in self._by_file.items():
            found[self.program.unit(file)] |= providers
        return found


def _keys(item: Import) -> set[str]:
    """What an import may be listed under: the module, its first part by dots or slashes, its scope and name, the name of a PHP root
    class."""
    module = item.module.lower()
    first_two = (".".join(module.split(".")[:2]), "/".join(module.split("/")[:2]))
    keys = {module, module.partition(".")[0], module.partition("/")[0], *first_two}
    return keys if module else {item.name.lower()}
