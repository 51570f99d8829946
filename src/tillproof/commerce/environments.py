"""For which environment a file is: production, any, development, staging, tests, continuous integration, or none, being an example."""

import re
from typing import Literal

from tillproof.commerce.lexicon import Words
from tillproof.source.files import SourceFile

Environment = Literal["production", "any", "development", "staging", "test", "ci", "example"]

_PARTS = re.compile(r"[A-Za-z0-9]+")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_CI = re.compile(
    r"(?:^|/)(?:\.github/|\.circleci/|\.gitlab-ci|\.gitlab/|azure-pipelines|bitbucket-pipelines|\.travis|\.drone|jenkinsfile|buildspec|\.buildkite)"
    r"|(?:^|/)(?:docker-)?compose[.-](?:ci|test)",
    re.IGNORECASE,
)
# Where they stand in a path, the nearest word to the file's own name counts.
_KINDS: tuple[tuple[str, Environment], ...] = (
    ("test_parts", "test"),
    ("development_parts", "development"),
    ("staging_parts", "staging"),
    ("production_parts", "production"),
)


class Environments:
    """Reads the environment out of a file's path. Only settings files are told apart; code serves any."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._known: dict[str, Environment] = {}

    def of(self, file: SourceFile) -> Environment:
        """The environment that a file is for; ``any`` when its path says none."""
        found = self._known.get(file.path)
        if found is None:
            found = self._known[file.path] = self._find(file)
        return found

    def _find(self, file: SourceFile) -> Environment:
        if file.role in ("test", "docs"):
            return "test" if file.role == "test" else "example"
        folders, _, name = file.path.rpartition("/")
        own = _parts(name)
        above = [part for folder in folders.split("/") for part in _parts(folder)]
        if any(self._words.has("example_parts", part) for part in (*own, *above[-2:])):
            return "example"
        if _CI.search(file.path):
            return "ci"
        settings = file.role == "config" or any(self._words.has("settings_parts", part) for part in (*own[:-1], *above[-2:]))
        if not settings:
            return "any"
        for part in (*reversed(own), *reversed(above[-2:])):
            for kind, environment in _KINDS:
                if self._words.has(kind, part):
                    return environment
        return "any"


def _parts(name: str) -> list[str]:
    """The words of a file or folder name, in lower case: of ``appsettings.Development.json`` appsettings, development, json."""
    return [hump.lower() for part in _PARTS.findall(name) for hump in (_HUMPS.findall(part) if not part.isupper() else [part])]
