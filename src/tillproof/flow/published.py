"""Under which names others know what the reviewed repository makes itself: a platform's own source beside the plugins for it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from tillproof.flow.program import ClassId, Program
from tillproof.flow.values import ClassV, FunctionV, Value


class Bases(NamedTuple):
    """Direct bases of a class. ``own``: those of the repository. ``foreign``: dotted names of the others. ``published``: the names by which
    packs speak of some of the repository's own."""

    own: list[ClassId]
    foreign: list[str]
    published: list[str]


class Published:
    """Names by which packs speak of classes and functions that lie in the repository. ``packages``: names of JavaScript packages that packs
    speak of. ``classes``: full names of classes that others derive from, by language."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.packages: frozenset[str] = frozenset()
        self._classes: dict[str, dict[str, list[str]]] = {}

    def tell(self, language: str, classes: Iterable[str]) -> None:
        """Say which classes packs know in a language, by full names; those that are known by a last word alone are everybody's."""
        by_last: dict[str, list[str]] = defaultdict(list)
        for name in classes:
            if not name.startswith("."):
                by_last[name.rpartition(".")[2].lower()].append(name.lower())
        self._classes[language] = dict(by_last)

    def imported(self, module: str, name: str, found: Value) -> Value:
        """What an import from a package gives, with the name by which everybody who installs the package knows it."""
        if module not in self.packages or not isinstance(found, (ClassV, FunctionV)):
            return found
        known = module if name in ("*", "default") else f"{module}.{name}"
        if isinstance(found, ClassV):
            return ClassV(found.at, found.cls, known)
        return FunctionV(found.at, found.fn, found.outer, found.this, known)

    def of_class(self, cls: ClassId) -> str:
        """The full name of a class of the repository where packs speak of it; empty otherwise."""
        index = self.program.indices[cls.file]
        name = self.program.cls(cls).name
        known = self._classes.get(index.language, {}).get(name.lower(), ())
        if not known:
            return ""
        if index.language == "php":
            full = f"{index.namespace}.{name}" if index.namespace else name
            return full if full.lower() in known else ""
        full = f"{cls.file.rpartition('.')[0].removesuffix('/__init__').replace('/', '.')}.{name}"
        return next((k for k in known if f".{full.lower()}".endswith(f".{k}")), "")
