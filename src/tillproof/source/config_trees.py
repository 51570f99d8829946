"""Configuration formats that nest: JSON (with comments), YAML, TOML. Read without recursion, so that depth cannot hurt."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import yaml

from tillproof.source.entries import MAX_DEPTH, MAX_KEY, ConfigEntry, MalformedError

_JSON_TOKEN = re.compile(
    r"""(?P<skip>[\s,\ufeff]++|//[^\n]*+|/\*.*?\*/)|(?P<string>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')|(?P<mark>[{}\[\]:])|(?P<word>[\w.+-]++)""",
    re.DOTALL,
)


class _Level:
    """An open object or list: how the key of what comes next in it begins, and whether the whole of it is itself a key."""

    __slots__ = ("count", "is_key", "is_list", "key", "prefix")

    def __init__(self, prefix: str, is_list: bool, is_key: bool) -> None:
        self.prefix = prefix
        self.is_key = is_key
        self.is_list = is_list
        self.count = 0
        self.key: str | None = None

    def next_key(self) -> str:
        """The dotted key of the value that begins now; forgets it, for the one after."""
        if self.is_list:
            own = str(self.count)
            self.count += 1
        else:
            own, self.key = self.key or "", None
        return (f"{self.prefix}.{own}" if self.prefix else own)[:MAX_KEY]


class _Path:
    """Where in the nesting a reader is."""

    def __init__(self) -> None:
        self._levels: list[_Level] = []

    def open(self, is_list: bool, line: int) -> None:
        is_key = self.wants_key()
        if is_key:
            self.name("?")
        prefix = self.take()
        if len(self._levels) == MAX_DEPTH:
            raise MalformedError(f"line {line}: nested deeper than {MAX_DEPTH}")
        self._levels.append(_Level(prefix, is_list, is_key))

    def close(self) -> None:
        if self._levels and self._levels.pop().is_key:
            self.name("?")

    def wants_key(self) -> bool:
        return bool(self._levels) and not self._levels[-1].is_list and self._levels[-1].key is None

    def name(self, key: str) -> None:
        self._levels[-1].key = key

    def take(self) -> str:
        return self._levels[-1].next_key() if self._levels else ""


def read_json(text: str) -> Iterator[ConfigEntry]:
    """JSON with comments, trailing commas, single quotes and bare keys, as configuration files have them."""
    path = _Path()
    line, at, opened = 1, 0, 0
    while at < len(text):
        match = _JSON_TOKEN.match(text, at)
        if match is None:
            raise MalformedError(f"line {line}: not JSON")
        written = match[0]
        if match.lastgroup == "mark":
            if written in "{[":
                path.open(written == "[", line)
                opened += 1
            elif written in "}]":
                path.close()
                opened -= 1
        elif match.lastgroup != "skip":
            value = _json_string(written) if match.lastgroup == "string" else written
            if path.wants_key():
                path.name(value)
            else:
                yield ConfigEntry(path.take(), value, line)
        line += written.count("\n")
        at = match.end()
    if opened > 0:
        raise MalformedError(f"line {line}: ends before it is closed")


def _json_string(token: str) -> str:
    if "\\" not in token:
        return token[1:-1]
    try:
        value = json.loads(f'"{token[1:-1]}"' if token[0] == "'" else token, strict=False)
    except ValueError:
        return token[1:-1]
    return value if isinstance(value, str) else token[1:-1]


def read_yaml(text: str) -> Iterator[ConfigEntry]:
    """YAML by its events. Aliases are not followed: what they stand for is read where it is written, and no bomb can go off."""
    path = _Path()
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                path.open(isinstance(event, yaml.SequenceStartEvent), line)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                path.close()
            elif isinstance(event, yaml.AliasEvent):
                if path.wants_key():
                    path.name(f"*{event.anchor}")
                else:
                    path.take()
            elif isinstance(event, yaml.ScalarEvent):
                if path.wants_key():
                    path.name(event.value)
                else:
                    yield ConfigEntry(path.take(), event.value, line)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MalformedError(f"line {line}: not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise MalformedError("not YAML: characters that it does not allow") from error


_TOML_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?")
_TOML_ENTRY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=\s*(.*)""", re.DOTALL)
_TOML_KEY = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_MAX_TOML_LINES = 200


def read_toml(text: str) -> Iterator[ConfigEntry]:
    """TOML, entry by entry, so that every value keeps its line; the elements of a list that runs over lines have that of its beginning."""
    lines = text.split("\n")
    section = ""
    counts: dict[str, int] = {}
    broken: int | None = None
    at = 0
    while at < len(lines):
        line = lines[at]
        number = at + 1
        at += 1
        header = _TOML_HEADER.fullmatch(line)
        entry = _TOML_ENTRY.fullmatch(line) if header is None else None
        if header:
            section = _toml_key(header[2])[:MAX_KEY]
            if header[1] == "[[":
                counts[section] = counts.get(section, -1) + 1
                section = f"{section}.{counts[section]}"
        elif entry:
            read = _toml_value(entry[2], lines, at)
            if read is None:
                broken = broken or number
                continue
            value, at = read
            key = _toml_key(entry[1])
            yield from _flattened(f"{section}.{key}" if section else key, value, number)
        elif line.strip() and not line.lstrip().startswith("#"):
            broken = broken or number
    if broken:
        raise MalformedError(f"line {broken}: not TOML")


def _toml_key(text: str) -> str:
    return ".".join(part.strip("\"'") for part in _TOML_KEY.findall(text))


def _toml_value(raw: str, lines: list[str], at: int) -> tuple[object, int] | None:
    """The value that begins with ``raw`` and may go on in the lines from ``at``, and the line after it; ``None`` when it is no value."""
    candidate = raw
    for end in range(at, min(len(lines), at + _MAX_TOML_LINES) + 1):
        if end > at:
            candidate += "\n" + lines[end - 1]
        try:
            return tomllib.loads(f"v = {candidate}")["v"], end
        except tomllib.TOMLDecodeError as error:
            if "end of document" not in str(error):
                return None
        except RecursionError:
            return None
    return None


def _flattened(key: str, value: object, line: int) -> Iterator[ConfigEntry]:
    waiting: list[tuple[str, object, int]] = [(key, value, 0)]
    while waiting:
        key, value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise MalformedError(f"line {line}: nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            waiting.extend((f"{key}.{name}", inner, depth + 1) for name, inner in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend((f"{key}.{place}", inner, depth + 1) for place, inner in reversed(list(enumerate(value))))
        else:
            yield ConfigEntry(key, value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value), line)
