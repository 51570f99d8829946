"""The services that a Symfony container is told of in data files: by which class the name of one is meant. Modules of shops that bring
such a container along tell theirs in the same way."""

import re
from functools import cached_property

from tillproof.commerce.entry_styles.data_files import Record, records
from tillproof.commerce.entry_styles.wiring import Wiring

_LONGEST_CHAIN = 4
_DECLARED = re.compile(rb"^\s*services\s*:|<service\b", re.MULTILINE)


class Services:
    """Read when a route first names a service."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring

    @cached_property
    def classes(self) -> dict[str, str]:
        """The class of every service that has a name of its own, those that are known by another name too."""
        said: dict[str, str] = {}
        for path, file in sorted(self.wiring.program.files.items()):
            if file.language in ("yaml", "xml") and file.role != "test" and "config" in path:
                text = self.wiring.text(path) or b""
                for record in records(path, text) if _DECLARED.search(text) else ():
                    _note(record, said)
        return {name: _followed(said, name) for name in said}

    def named(self, name: str) -> str:
        """The class, as PHP writes it, of which an object is handed out under a name; empty where none is known."""
        return self.classes.get(name, "")


def _note(record: Record, said: dict[str, str]) -> None:
    """``<service id="…" class="…"/>`` or one of the entries below ``services:``; an alias says another service."""
    entries: list[tuple[object, Record]] = [(record.get("id"), record), *((k, v) for k, v in record.items() if isinstance(v, dict))]
    for name, entry in entries:
        told = entry.get("class") or entry.get("alias")
        if isinstance(name, str) and isinstance(told, str) and told:
            said.setdefault(name, told)


def _followed(said: dict[str, str], name: str) -> str:
    for _ in range(_LONGEST_CHAIN):
        if name not in said:
            break
        name = said[name]
    return name
