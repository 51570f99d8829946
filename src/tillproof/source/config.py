"""Configuration as data: every literal value in a configuration file, with its dotted key and its line."""

import re
from collections.abc import Callable, Iterator

from tillproof.source.config_lines import read_dockerfile, read_env, read_ini, read_properties
from tillproof.source.config_trees import read_json, read_toml, read_yaml
from tillproof.source.config_xml import read_xml
from tillproof.source.entries import ConfigEntry, MalformedError
from tillproof.source.files import Language

__all__ = ["ConfigEntry", "read_config"]

MAX_CHARACTERS = 2_000_000
MAX_ENTRIES = 50_000

_READERS: dict[Language, Callable[[str], Iterator[ConfigEntry]]] = {
    "env": read_env,
    "yaml": read_yaml,
    "json": read_json,
    "toml": read_toml,
    "ini": read_ini,
    "properties": read_properties,
    "dockerfile": read_dockerfile,
    "xml": read_xml,
}
_COMPOSE_ENVIRONMENT = re.compile(r"(?:^|\.)environment\.\d+$")
_NAME_AND_VALUE = re.compile(r"([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)
_CONTAINER_ENVIRONMENT = re.compile(r"((?:^|.*\.)env)\.(\d+)\.(name|value)")


def read_config(path: str, language: Language | None, text: str) -> tuple[list[ConfigEntry], str | None]:
    """The entries of a configuration file in the order of its lines, and why there may be more: ``None`` when all of it was read.

    Never raises. ``path`` only tells formats apart. Variables that compose files and container specifications write as lists
    (``environment: [A=b]``, ``env: [{name: A, value: b}]``) get the variable's name as the last part of their key.
    """
    reader = _READERS.get(language) if language else None
    if reader is None:
        return [], f"{path}: not a configuration format that is read"
    if len(text) > MAX_CHARACTERS:
        return [], f"too large: {len(text) / 1e6:.1f} million characters"
    entries: list[ConfigEntry] = []
    reason: str | None = None
    try:
        for entry in reader(text.replace("\r\n", "\n")):
            if len(entries) == MAX_ENTRIES:
                reason = f"only the first {MAX_ENTRIES} entries were read"
                break
            entries.append(entry)
    except MalformedError as error:
        reason = str(error)
    return (_with_variables(entries) if language == "yaml" else entries), reason


def _with_variables(entries: list[ConfigEntry]) -> list[ConfigEntry]:
    """Gives environment variables that are written as lists their own names."""
    found: list[ConfigEntry] = []
    names: dict[str, str] = {}
    for entry in entries:
        container = _CONTAINER_ENVIRONMENT.fullmatch(entry.key)
        if container and container[3] == "name":
            names[f"{container[1]}.{container[2]}"] = entry.value
    for entry in entries:
        container = _CONTAINER_ENVIRONMENT.fullmatch(entry.key)
        name = names.get(f"{container[1]}.{container[2]}") if container else None
        variable = _NAME_AND_VALUE.fullmatch(entry.value) if _COMPOSE_ENVIRONMENT.search(entry.key) else None
        if container and name is not None:
            if container[3] == "value":
                found.append(ConfigEntry(f"{container[1]}.{name}", entry.value, entry.line))
        elif variable:
            found.append(ConfigEntry(f"{entry.key.rpartition('.')[0]}.{variable[1]}", variable[2], entry.line))
        else:
            found.append(entry)
    return found
