"""Objects that a framework's loader keeps under members named after the files of their classes.

``$this->load->model('checkout/order')`` has OpenCart keep an object of the class in ``model/checkout/order.php``, from then on, as
``$this->model_checkout_order`` of every controller and model.
"""

import posixpath
from collections import defaultdict

from tillproof.flow.program import ClassId, Program
from tillproof.flow.scope import Scope
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import KeptObjects


class KeptUnderMembers:
    """Answers by class and member; the files of a folder are looked up when a member first may be one of theirs."""

    def __init__(self, program: Program, scope: Scope, knowledge: Knowledge) -> None:
        self.program = program
        self.scope = scope
        self._rules = [(f.language, rule) for f in knowledge.frameworks.values() for rule in f.keeps]
        self._classes: dict[str, dict[str, list[ClassId]]] = {}
        self._bases: dict[ClassId, frozenset[str]] = {}

    def __call__(self, cls: ClassId, name: str) -> list[ClassId]:
        """The classes of which an object may be kept under a member of an object of that class."""
        language = self.program.language(cls.file)
        for of, rule in self._rules:
            if of == language and name.startswith(rule.member) and name not in rule.besides and self._has_such(cls, rule):
                found = self._named(rule, name.removeprefix(rule.member).lower())
                if found:
                    return _beside(cls.file, found)
        return []

    def _has_such(self, cls: ClassId, rule: KeptObjects) -> bool:
        if cls not in self._bases:
            above = {self.program.cls(c).name for c in self.scope.lineage(cls)[1:]} | set(self.scope.foreign_bases(cls))
            self._bases[cls] = frozenset(name.rpartition(".")[2] for name in above)
        return not self._bases[cls].isdisjoint(rule.bases)

    def _named(self, rule: KeptObjects, name: str) -> list[ClassId]:
        classes = self._in_folder(rule)
        if name in classes:
            return classes[name]
        # An extension's files lie in folders of its own, and its members are called after those too.
        ends = [key for key in classes if "_" in key and name.endswith(f"_{key}")]
        return classes[max(ends, key=len)] if ends else []

    def _in_folder(self, rule: KeptObjects) -> dict[str, list[ClassId]]:
        if rule.folder not in self._classes:
            found: defaultdict[str, list[ClassId]] = defaultdict(list)
            for file, index in self.program.indices.items():
                _, folder, below = f"/{file}".partition(f"/{rule.folder}/")
                if folder and len(index.classes) == 1:
                    found[posixpath.splitext(below)[0].lower().replace("/", "_")].append(ClassId(file, 0))
            self._classes[rule.folder] = dict(found)
        return self._classes[rule.folder]


def _beside(file: str, classes: list[ClassId]) -> list[ClassId]:
    """The classes nearest to a file: the shop's and the office's models are called alike."""
    shared = {c: len(posixpath.commonprefix([file.split("/"), c.file.split("/")])) for c in classes}
    nearest = max(shared.values())
    return [c for c in classes if shared[c] == nearest]
