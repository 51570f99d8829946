"""Data files read as records: YAML mappings and XML elements with what hangs on them, keys dotted."""

from typing import Any, TypeAlias
from xml.etree import ElementTree

import yaml

Record: TypeAlias = dict[str, Any]
"""Key to value: a text, a list, or whatever YAML holds. ``""`` is the line, where it is known."""

_LARGEST = 1_000_000
_DEEPEST = 12
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LOADER):  # type: ignore[misc, valid-type]
    """Takes tags that only the application knows for their plain values, and remembers the line of a mapping."""

    def plain(self, _: str, node: yaml.Node) -> Any:
        """The value of a node whatever its tag."""
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return self.construct_scalar(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = True) -> dict[Any, Any]:  # noqa: ARG002
        """A mapping, with the line of its key under the empty key."""
        found: dict[Any, Any] = super().construct_mapping(node, deep=True)
        found.setdefault("", node.start_mark.line)  # counted from nought, and the key stands one line above
        return found


_Loader.add_multi_constructor("!", _Loader.plain)


def records(path: str, text: bytes) -> list[Record]:
    """The records of a file by its ending; none where it cannot be read."""
    if len(text) > _LARGEST:
        return []
    return _from_xml(text) if path.endswith((".xml", ".config")) else _from_yaml(text)


def _from_yaml(text: bytes) -> list[Record]:
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return []
    named = data.items() if isinstance(data, dict) else [("", entry) for entry in data] if isinstance(data, list) else ()
    out = []
    for name, entry in named:
        for one in entry.values() if isinstance(entry, dict) and name != "services" and _is_environment(entry) else (entry,):
            if isinstance(one, dict):
                flat: Record = {}
                _flatten(one, "", flat, 0)
                out.append(flat)
    return out


def _is_environment(entry: dict[Any, Any]) -> bool:
    """``when@dev: {route: {…}}``: mappings of mappings."""
    return bool(entry) and all(isinstance(v, dict) for k, v in entry.items() if k != "")


def _flatten(data: dict[Any, Any], before: str, out: Record, depth: int) -> None:
    for key, value in data.items():
        if key == "" and before:
            continue
        name = f"{before}{key}"
        out[name] = value
        if isinstance(value, dict) and depth < _DEEPEST:
            _flatten(value, name + ".", out, depth + 1)


def _from_xml(text: bytes) -> list[Record]:
    if b"<!ENTITY" in text or b"<!DOCTYPE" in text:
        return []
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no entities, checked above
    except (ElementTree.ParseError, ValueError):
        return []
    lines = text.split(b"\n")
    return [r for element in _elements(root, 0) if (r := _record(element, lines))]


def nested(text: bytes, tag: str, child: str) -> list[tuple[dict[str, str], dict[str, str]]]:
    """The attributes of every element of a tag with those of each of its children of another: ``<event name=…><observer instance=…/>``."""
    if len(text) > _LARGEST or b"<!ENTITY" in text or b"<!DOCTYPE" in text:
        return []
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no entities, checked above
    except (ElementTree.ParseError, ValueError):
        return []
    return [(e.attrib, below.attrib) for e in _elements(root, 0) if e.tag == tag for below in e if below.tag == child]


def _elements(element: ElementTree.Element, depth: int) -> list[ElementTree.Element]:
    below = [e for child in element for e in _elements(child, depth + 1)] if depth < _DEEPEST else []
    return [element, *below]


def _record(element: ElementTree.Element, lines: list[bytes]) -> Record:
    """An element's attributes, and those of what it holds under the names of the tags; ``default`` children as ``defaults.KEY``."""
    out: Record = dict(element.attrib)
    if not out:
        return out
    _hang(element, "", out, 0)
    told = [v.encode() for v in element.attrib.values() if len(v) > 3]
    out[""] = next((n for n, line in enumerate(lines, 1) if all(v in line for v in told)), 1)
    return out


def _hang(element: ElementTree.Element, before: str, out: Record, depth: int) -> None:
    for child in element if depth < 3 else ():
        tag = child.tag.rpartition("}")[2]
        if tag == "default" and "key" in child.attrib:
            out[f"{before}defaults.{child.attrib['key']}"] = (child.text or "").strip()
        for key, value in child.attrib.items():
            out.setdefault(f"{before}{tag}.{key}", value)
        _hang(child, f"{before}{tag}.", out, depth + 1)
