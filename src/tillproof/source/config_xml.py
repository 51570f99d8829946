"""XML as settings: what elements and attributes hold. Read token by token: no entity is expanded but the plain ones, nothing is fetched."""

import re
from collections.abc import Iterator
from html import unescape

from tillproof.source.entries import MAX_DEPTH, MAX_KEY, ConfigEntry, MalformedError

_TOKEN = re.compile(
    r"(?P<skip><!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<![^\[][^>]*+>?)|<!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)|</(?P<end>[^\s>]*+)[^>]*+>?"
    r"|<(?P<name>[A-Za-z_][\w:.-]*+)(?P<attributes>(?:[^>\"']|\"[^\"]*+\"|'[^']*+')*+)>?|(?P<text>[^<]++)|(?P<stray><)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([\w:.-]++)\s*=\s*(?:"([^"]*+)"|'([^']*+)')""")
_LONGEST_VALUE = 10_000


def read_xml(text: str) -> Iterator[ConfigEntry]:
    """Element texts and attributes under their path; ``<add key="a" value="b"/>`` and ``<setting name="a">b</setting>`` are settings a."""
    path: list[str] = []
    line = 1
    for match in _TOKEN.finditer(text):
        written = match[0]
        if match["name"]:
            attributes = {name: unescape(first or second) for name, first, second in _ATTRIBUTE.findall(match["attributes"])}
            named = attributes.get("key") or attributes.get("name") or attributes.get("id")
            path.append(named or match["name"].rpartition(":")[2])
            if len(path) > MAX_DEPTH:
                raise MalformedError(f"line {line}: nested deeper than {MAX_DEPTH}")
            yield from _attributes(path, attributes, named is not None, line)
            if match["attributes"].rstrip().endswith("/"):
                path.pop()
        elif match["end"] is not None:
            if path:
                path.pop()
        else:
            value = match["data"] if match["data"] is not None else unescape(match["text"] or "")
            if value.strip() and path and len(value) <= _LONGEST_VALUE:
                before = len(value) - len(value.lstrip())
                yield ConfigEntry(".".join(path)[:MAX_KEY], value.strip(), line + value.count("\n", 0, before))
        line += written.count("\n")


def _attributes(path: list[str], attributes: dict[str, str], named: bool, line: int) -> Iterator[ConfigEntry]:
    prefix = ".".join(path)[:MAX_KEY]
    for name, value in attributes.items():
        if named and name == "value":
            yield ConfigEntry(prefix, value, line)
        elif name not in ("key", "name", "id", "xmlns") and not name.startswith(("xmlns:", "xsi:")):
            yield ConfigEntry(f"{prefix}.{name}"[:MAX_KEY], value, line)
