"""Objects that a framework's loader puts into fields of the object that asks: ``$this->load->model('shop/Orders_model')`` gives
``$this->Orders_model``."""

import posixpath
import re
from collections import defaultdict
from functools import cached_property

from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import ClassId
from tillproof.flow.values import External, Instance, Place, Result, Value

_ALIAS = rb"""->%s\(\s*['"]([\w/]+)['"]\s*(?:,\s*(?:\[[^\];]*\]|(?:[^,;()'"\[]|\([^;()]*\))*))?,\s*['"](\w+)['"]\s*[,)]"""


class Loaded:
    """Answers by file and field; what was asked is kept."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.program = wiring.program
        self._kept: dict[tuple[str, str], ClassId | None] = {}
        self._aliases: dict[str, dict[str, str]] = {}

    def in_field(self, cls: ClassId, name: str) -> list[ClassId]:
        """The class that is named like the field, in a file of its own, or the one that was asked for under this name; of several the
        nearest."""
        loads = self._loads(cls.file)
        if not loads:
            return []
        if (cls.file, name) not in self._kept:
            self._kept[cls.file, name] = None
            files = dict.fromkeys(owner.file for owner in self.wiring.evaluator.scope.lineage(cls))
            self._kept[cls.file, name] = self._find(list(files), name, loads)
        found = self._kept[cls.file, name]
        return [found] if found is not None else []

    def in_running(self, value: Result, name: str, at: Place) -> Value | None:
        """``get_instance()->Orders_model``"""
        asked = value.callee.name if isinstance(value.callee, External) else ""
        if not asked or not any(asked in framework.running for framework in self.wiring.active.of(value.fn.file)):
            return None
        found = self._find([value.fn.file], name, self._loads(value.fn.file))
        return Instance(at, found) if found is not None else None

    def _loads(self, file: str) -> list[str]:
        return [call for framework in self.wiring.active.of(file) for call in framework.loads]

    def _find(self, files: list[str], name: str, loads: list[str]) -> ClassId | None:
        asked = (self._told(file, loads).get(name) for file in files)
        path = next((told for told in asked if told), name).lower()
        folder, _, wanted = path.rpartition("/")
        found = [c for c in self._by_name.get(wanted, ()) if not folder or f"/{folder.split('/')[0]}/" in "/" + c.file.lower()]
        return max(found, key=lambda c: (_shared(c.file, files[0]), c.file), default=None)

    def _told(self, file: str, loads: list[str]) -> dict[str, str]:
        """What a file asks for under another name, by that name."""
        if file not in self._aliases:
            source, told = self.program.sources[file], {}
            for call in loads:
                spelt = b"->".join(re.escape(word.encode()) for word in call.strip(".").split("."))
                told.update({m[2].decode(): m[1].decode() for m in re.finditer(_ALIAS % spelt, source)})
            self._aliases[file] = told
        return self._aliases[file]

    @cached_property
    def _by_name(self) -> dict[str, list[ClassId]]:
        """The classes that stand in a file of their name."""
        out: dict[str, list[ClassId]] = defaultdict(list)
        for name, classes in self.program.classes_by_name.items():
            for cls in classes:
                if posixpath.splitext(posixpath.basename(cls.file))[0].lower() == name.lower():
                    out[name.lower()].append(cls)
        return out


def _shared(one: str, other: str) -> int:
    """How many folders two files have in common."""
    return len(posixpath.commonprefix([one.split("/")[:-1], other.split("/")[:-1]]))
