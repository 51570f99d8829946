"""Which statements a text holds: one after another, and those in the bodies of routines that a parser leaves closed.

A body is a text between dollar signs or quotes after ``AS``, or what stands between ``BEGIN`` and ``END``. Its procedural words
(``IF … THEN``, ``LOOP``, ``DECLARE``) are stepped over; each statement in it comes out by itself, with the routine's name.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.sql.tokens import Token, dotted, split, tokens

_ROUTINES = ("FUNCTION", "PROCEDURE", "TRIGGER", "EVENT")
_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "WITH", "PERFORM", "SET", "CALL", "COMMIT", "ROLLBACK")
# After one of these a statement of a body may begin.
_BEFORE = ("BEGIN", "THEN", "ELSE", "LOOP", "ATOMIC", "QUERY", "ROW", "REPEAT", "DO")
_NEVER_AFTER = {"DO": ("SET",)}  # ON CONFLICT DO UPDATE SET
_BLOCKS = ("IF", "LOOP", "CASE", "WHILE", "REPEAT", "FOR")
_ASKING = ("FOR", "IF", "WHILE", "ELSIF", "ELSEIF")
_CONTROL = (*_ASKING, "THEN", "LOOP", *_VERBS)
_MAX_DEPTH = 3
# MySQL's client: from here on another mark ends a statement.
_DELIMITED = re.compile(r"^[ \t]*DELIMITER[ \t]+(\S+)(.*?)(?=^[ \t]*DELIMITER\b|\Z)", re.IGNORECASE | re.DOTALL | re.MULTILINE)


class Piece(NamedTuple):
    """The tokens of one statement, the routine in whose body it stands, and the line in the whole text."""

    tokens: list[Token]
    routine: str
    line: int


def pieces(text: str, routine: str = "", line: int = 0, depth: int = 0) -> Iterator[Piece]:
    """The statements of a text in order."""
    text = _DELIMITED.sub(_one_delimiter, text)
    block = routine  # inside BEGIN … END the parts that follow belong to the routine too
    for part in split(tokens(text), ";"):
        here = line + text.count("\n", 0, part[0].at)
        opened = _routine(part)
        if opened:
            block = opened if _opens_block(part) else ""
            yield Piece(part, "", here)
            yield from _closed_bodies(text, part, opened, line, depth)
            if block:
                yield from _of_body(text, part, opened, line)
        elif block:
            yield from _of_body(text, part, block, line)
            if not routine and part[0].upper == "END" and (len(part) == 1 or part[1].upper not in _BLOCKS):
                block = ""
        else:
            yield Piece(part, "", here)


def _one_delimiter(match: "re.Match[str]") -> str:
    """The statements after a DELIMITER, ended by a semicolon."""
    mark, body = match[1], match[2]
    return "\n" * match[0][: match.start(2) - match.start()].count("\n") + body.replace(mark, ";") if mark != ";" else body


def _routine(part: list[Token]) -> str:
    """The name of the routine that a statement makes; ``do`` for an anonymous block; empty when it makes none."""
    if part[0].upper == "DO" and any(t.kind in ("body", "string") for t in part[:4]):
        return "do"
    if part[0].upper != "CREATE":
        return ""
    for n, token in enumerate(part[:12]):
        if token.upper in _ROUTINES:
            start = n + 4 if [t.upper for t in part[n + 1 : n + 4]] == ["IF", "NOT", "EXISTS"] else n + 1
            return dotted(part, start)[0] or token.text.lower()
        if token.upper in ("TABLE", "INDEX", "VIEW"):
            return ""
    return ""


def _opens_block(part: list[Token]) -> bool:
    words = [t.upper for t in part]
    return "BEGIN" in words or ("ROW" in words and any(v in words[words.index("ROW") :] for v in _VERBS))


def _closed_bodies(text: str, part: list[Token], routine: str, line: int, depth: int) -> Iterator[Piece]:
    """The statements in bodies that are written as texts."""
    for before, token in zip([None, *part], part, strict=False):
        is_body = token.kind == "body" or (token.kind == "string" and before is not None and before.upper in ("AS", "DO"))
        if is_body and depth < _MAX_DEPTH:
            yield from pieces(_inside(token), routine, line + text.count("\n", 0, token.at), depth + 1)


def _inside(token: Token) -> str:
    if token.kind == "string":
        return token.plain
    mark = token.text[: token.text.index("$", 1) + 1]
    return token.text[len(mark) :].removesuffix(mark)


def _of_body(text: str, part: list[Token], routine: str, line: int) -> Iterator[Piece]:
    """The statements in one part of a body, control words stepped over."""
    starts = [n for n, token in enumerate(part) if token.upper in _VERBS and _begins(part, n)]
    for start, following in zip(starts, [*starts[1:], len(part)], strict=False):
        end = _end(part, start, following)
        yield Piece(part[start:end], routine, line + text.count("\n", 0, part[start].at))


def _end(part: list[Token], start: int, limit: int) -> int:
    """Where a statement ends that stands in a condition or heads a loop."""
    depth = 0
    for n in range(start, limit):
        depth += (part[n].text == "(") - (part[n].text == ")")
        if depth < 0 or (depth == 0 and part[n].upper in ("LOOP", "THEN") and not _in_case(part[start:], n - start)):
            return n
    return limit


def _begins(part: list[Token], n: int) -> bool:
    if n == 0:
        return True
    before = part[n - 1].upper
    following = part[n + 1].upper if n + 1 < len(part) else ""
    if before == "IN" or part[n - 1].text == "(":  # the query of a FOR loop, or the one that a condition asks
        control = next((t.upper for t in reversed(part[:n]) if t.upper in _CONTROL), "")
        return part[n].upper in ("SELECT", "WITH") and control in _ASKING
    return before in _BEFORE and following not in _NEVER_AFTER.get(before, ()) and not _in_case(part, n)


def _in_case(part: list[Token], n: int) -> bool:
    words = [t.upper for t in part[:n]]
    return words.count("CASE") > words.count("END")
