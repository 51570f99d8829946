"""What the expressions of a store of items say: which attributes an update sets and how, and what must hold for it to happen."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_CLAUSE = re.compile(r"\b(SET|ADD|REMOVE|DELETE)\b", re.IGNORECASE)
_OF_ITSELF = re.compile(
    r"if_not_exists\s*\(\s*([#\w.]+)\s*,\s*([:\w]+)\s*\)|list_append\s*\(\s*([#\w.]+)\s*,\s*([:\w]+)\s*\)", re.IGNORECASE
)
_STEP = re.compile(r"\s([+-])\s")
_EITHER = re.compile(r"\bOR\b|\bNOT\b", re.IGNORECASE)
_AND = re.compile(r"\bAND\b", re.IGNORECASE)
_ASKED = re.compile(r"(?P<path>[#\w.]+)\s*(?P<op><=|>=|<>|=|<|>)\s*(?P<value>[:#\w.]+)")
_EXISTS = re.compile(r"attribute_(?P<no>not_)?exists\s*\(\s*(?P<path>[#\w.]+)\s*\)", re.IGNORECASE)
_PATH = re.compile(r"[#A-Za-z_]\w*(\.[#A-Za-z_]\w*)*")


class Set(NamedTuple):
    """An attribute that an update sets. ``value``: the placeholder it is given, or by which it is counted. ``relative``: the store works it
    out from what was there. ``down``: it takes away."""

    path: str
    value: str
    relative: bool
    down: bool


@dataclass(slots=True)
class Condition:
    """``keys``: what must be equal, by attribute the placeholder. ``compared``: every attribute that is asked. ``absent``: attributes that
    must not be there, which means for one of the key that there is no such item."""

    keys: dict[str, str]
    compared: set[str]
    absent: set[str]


def sets(expression: str) -> Iterator[Set]:
    """Those of ``SET stock = stock - :n, #s = :s ADD sold :n``."""
    pieces = _CLAUSE.split(expression)
    for clause, text in zip(pieces[1::2], pieces[2::2], strict=True):
        for part in _parts(text):
            if clause.upper() == "ADD":
                path, _, value = part.partition(" ")
                yield Set(path, value.strip(), True, False)
            elif clause.upper() == "SET" and "=" in part:
                path, _, given = part.partition("=")
                yield _set(path.strip(), given.strip())
            elif clause.upper() == "REMOVE" and _PATH.fullmatch(part):
                yield Set(part, "", False, False)


def _set(path: str, given: str) -> Set:
    """One assignment: the value may be counted from the attribute itself, or from a start where it is not there yet."""
    plain = _OF_ITSELF.sub(lambda m: m[1] or m[3], given)
    sides = _STEP.split(f" {plain} ") if not _STEP.search(plain) else _STEP.split(plain)
    names = [s.strip() for s in sides[::2]]
    other = next((n for n in reversed(names) if n.startswith(":")), "") or next((m[2] or m[4] for m in _OF_ITSELF.finditer(given)), "")
    relative = path in names and len(names) > 1
    return Set(path, other, relative, relative and "-" in sides[1::2] and names[0] == path)


def condition(expression: str) -> Condition:
    """What a condition asks for certain; of alternatives only what is asked in any of them."""
    found = Condition({}, set(), set())
    either = _EITHER.search(expression) is not None
    for part in _AND.split(expression):
        for there in _EXISTS.finditer(part):
            found.compared.add(there["path"])
            if there["no"] and not either:
                found.absent.add(there["path"])
        for asked in _ASKED.finditer(part):
            found.compared.add(asked["path"])
            if asked["op"] == "=" and not either:
                found.keys[asked["path"]] = asked["value"]
    return found


def _parts(text: str) -> list[str]:
    """The parts between commas outside of parentheses."""
    out, depth, here = [], 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            out.append(here)
            here = ""
        else:
            here += letter
    return [part.strip() for part in (*out, here) if part.strip()]
