"""Which framework packs hold where: those whose packages a unit imports, or whose marks stand in it."""

import re
from collections import defaultdict
from collections.abc import Mapping

from tillproof.flow.program import Program
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Framework

_REQUIRED = re.compile(rb"(?:require|import)\(\s*['\"]([^'\"./][^'\"]*)['\"]\s*\)")

_PATH = re.compile(r"[\w\-./]*[./][\w\-./]*")  # a mark that names a file; every other one is looked for in the text


def _plain(name: str) -> str:
    """A package's name as registries compare it."""
    return name.lower().replace("_", "-")


Dependencies = Mapping[str, Mapping[str, str | None]]
"""What each unit's project file says that it needs, by unit and package."""


class Active:
    """The frameworks of every unit, per language: those that are imported first, those that hold everywhere last."""

    def __init__(self, program: Program, knowledge: Knowledge, versions: Dependencies) -> None:
        self.program = program
        self._names = defaultdict(set, {unit: {_plain(name) for name in named} for unit, named in versions.items()})
        self._files: dict[tuple[str, str], list[str]] = defaultdict(list)
        for file in program.indices:
            self._files[program.unit(file), program.language(file)].append(file)
        self._paths: dict[str, list[str]] = defaultdict(list)
        for path, source in program.files.items():
            self._paths[source.unit].append(path)
        self._by_unit = {key: self._holding(key[0], key[1], files, knowledge) for key, files in self._files.items()}
        self.languages = {language for _, language in self._files}

    def of(self, file: str) -> tuple[Framework, ...]:
        """The frameworks that hold for a file."""
        return self._by_unit[self.program.unit(file), self.program.language(file)]

    def files(self) -> list[tuple[tuple[Framework, ...], list[str]]]:
        """Files with their frameworks, unit by unit."""
        return [(self._by_unit[key], files) for key, files in sorted(self._files.items())]

    def _holding(self, unit: str, language: str, files: list[str], knowledge: Knowledge) -> tuple[Framework, ...]:
        roots = self._imported(files)
        imported, marked, core = [], [], []
        for framework in knowledge.frameworks.values():
            if framework.language != language:
                continue
            if not framework.packages:
                core.append(framework)
            elif any(p.lower() in roots for p in framework.packages):
                imported.append(framework)
            elif self._is_needed(framework, unit) or any(self._marked(mark, unit, files) for mark in framework.marks):
                marked.append(framework)
        return (*imported, *marked, *core)

    def _is_needed(self, framework: Framework, unit: str) -> bool:
        """Whether the project file names a framework: a file may be handed its objects, write its names out or be found by its path, and so
        need import nothing of it."""
        return any(_plain(name) in self._names[unit] for name in framework.packages)

    def _imported(self, files: list[str]) -> set[str]:
        """Packages that the files import, in lower case: Python and PHP by their first words, JavaScript by package and by full path."""
        roots: set[str] = set()
        for file in files:
            language = self.program.language(file)
            for item in self.program.indices[file].imports:
                module = item.module.lower().removeprefix("node:") or item.name.lower()
                if language == "javascript":
                    parts = module.split("/")
                    roots.update((module, parts[0], "/".join(parts[:2])))
                else:
                    roots.add(module.partition(".")[0])
            if language == "javascript":
                for found in _REQUIRED.findall(self.program.sources[file]):
                    module = found.decode("utf-8", "replace").lower()
                    roots.update((module, "/".join(module.split("/")[:2])))
        return roots

    def _marked(self, mark: str, unit: str, files: list[str]) -> bool:
        if _PATH.fullmatch(mark) or mark in ("artisan", "spark"):
            return any(p == mark or p.endswith("/" + mark) for p in self._paths[unit])
        word = mark.encode()
        return any(word in self.program.sources[f] for f in files)
