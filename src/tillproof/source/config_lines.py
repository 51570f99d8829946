"""Configuration formats that go line by line: ``.env``, INI, Java properties, Dockerfiles."""

import re
from collections.abc import Iterator

from tillproof.source.entries import MAX_KEY, ConfigEntry

_ENV = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*")
# A quote that is not closed within a few thousand characters is a stray one, and must not swallow the rest of the file.
_ENV_QUOTED = re.compile(r""" "((?:[^"\\]|\\.){0,4000}+)" | '([^']{0,4000}+)' | `([^`]{0,4000}+)` """, re.DOTALL | re.VERBOSE)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_INI_SECTION = re.compile(r"\s*\[([^\]]+)\]")
_INI_KEY = re.compile(r"([^=:]++)[=:]")
_PROPERTY = re.compile(r"((?:\\.|[^\s:=\\])+)[ \t\f]*[:=]?[ \t\f]*(.*)", re.DOTALL)
_UNICODE_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_INSTRUCTION = re.compile(r"\s*(ENV|ARG)\s+(.*)", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(r"""(?<![\w.-])([A-Za-z_][\w.-]*+)=((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])*+)""", re.DOTALL)


def read_env(text: str) -> Iterator[ConfigEntry]:
    """``NAME=value`` lines. Quoted values may run over several lines; in double quotes backslashes escape."""
    at, line = 0, 1
    while at < len(text):
        end = _end_of_line(text, at)
        match = _ENV.match(text, at, end)
        if match:
            quoted = _ENV_QUOTED.match(text, match.end())
            if quoted:
                end = _end_of_line(text, quoted.end())
                value = quoted[quoted.lastindex or 0]
                value = _unescaped(value) if quoted.lastindex == 1 else value
            else:
                value = _COMMENT.sub("", text[match.end() : end]).strip().lstrip("\"'`")
            yield ConfigEntry(match[1], value, line)
        line += text.count("\n", at, end + 1)
        at = end + 1


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def read_ini(text: str) -> Iterator[ConfigEntry]:
    """``key = value`` under ``[section]``; the section comes before the key."""
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith((";", "#")):
            continue
        header = _INI_SECTION.match(line)
        entry = _INI_KEY.match(line) if header is None else None
        if header:
            section = f"{header[1].strip()[:MAX_KEY]}."
        elif entry and entry[1].strip():
            value = re.split(r"\s[;#]", line[entry.end() :], maxsplit=1)[0].strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            yield ConfigEntry(section + entry[1].strip(), value[1:-1] if quoted else value, number)


def read_properties(text: str) -> Iterator[ConfigEntry]:
    """Java properties: ``key=value``, ``key: value`` or ``key value``, continued after a backslash at the end of a line."""
    for number, line in _logical_lines(text, "\\", comments=("#", "!")):
        match = _PROPERTY.fullmatch(line)
        if match:
            yield ConfigEntry(_unescaped(match[1]), _unescaped(match[2]).strip(), number)


def _unescaped(text: str) -> str:
    return _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else _ESCAPED.get(match[2], match[2]), text)


def read_dockerfile(text: str) -> Iterator[ConfigEntry]:
    """What ``ENV`` and ``ARG`` set, in both of their forms. An ``ARG`` without a default sets nothing."""
    for number, line in _logical_lines(text, "\\", comments=("#",)):
        match = _INSTRUCTION.fullmatch(line)
        if match is None:
            continue
        pairs = _PAIR.findall(match[2])
        if not pairs and match[1].upper() == "ENV":
            name, _, value = match[2].strip().partition(" ")
            pairs = [(name, value.strip())] if value else []
        for name, value in pairs:
            yield ConfigEntry(name, re.sub(r"""\\(.)|["']""", r"\1", value), number)


def _logical_lines(text: str, continued: str, comments: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Lines with their continuations joined, without comments and empty lines, and the number of their first line."""
    parts: list[str] = []
    first = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.lstrip()
        if line.startswith(comments) or (not line and not parts):
            continue
        first = first if parts else number
        if line.endswith(continued) and not line.endswith(continued * 2):
            parts.append(line[:-1])
            continue
        yield first, "".join((*parts, line))
        parts = []
    if parts:
        yield first, "".join(parts)
