"""A statement's tokens as plain SQL: one way of quoting, placeholders as words, and the parts that dialects disagree on taken out and kept
as flags. So one grammar reads the statements of every dialect.
"""

import re
from dataclasses import dataclass, field

from tillproof.commerce.sql.statement import Conflict
from tillproof.commerce.sql.tokens import Token, bracketed
from tillproof.source.kinds import words

_PRIORITIES = ("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "ONLY")
_STRENGTHS = (("UPDATE",), ("NO", "KEY", "UPDATE"), ("SHARE",), ("KEY", "SHARE"))
# After one of these a hole is an operand or a name; after an operand it is a clause of its own.
_WANTING = words(
    "SELECT FROM INTO UPDATE TABLE JOIN SET WHERE AND OR NOT BY ON IN VALUES LIKE ILIKE AS LIMIT OFFSET BETWEEN IS CASE WHEN THEN ELSE "
    "HAVING RETURNING DISTINCT INSERT DELETE IGNORE EXISTS UNION ALL USING FETCH ANY INTERVAL CONSTRAINT CALL"
)
_CLAUSE = re.compile(r"(?:__h\d+__)+")
_NAME_FOLLOWS = ("SELECT", "FROM", "INTO", "UPDATE", "TABLE", "JOIN", "SET", "WHERE", "AND", "OR", "BY", "ON", "RETURNING")


@dataclass(slots=True)
class Plain:
    """The text to parse. ``params``: what stood at each placeholder ``__p0__``, ``__p1__`` …: its position or its name. ``open``: a hole
    was left out that could be any further clause."""

    text: str = ""
    params: list[int | str] = field(default_factory=list)
    conflict: Conflict = ""
    locks: bool = False
    skip_locked: bool = False
    nowait: bool = False
    open: bool = False


def plain(found: list[Token]) -> Plain:
    """``found``: the tokens of one statement."""
    out = Plain()
    parts: list[str] = []
    strings = _double_quotes_are_strings(found)
    n = 0
    while n < len(found):
        skipped = _taken_out(out, found, n)
        if skipped:
            n += skipped
            continue
        token = found[n]
        if n == 0 and token.upper == "REPLACE":
            out.conflict = "replace"
            token = token._replace(text="INSERT" if len(found) > 1 and found[1].upper == "INTO" else "INSERT INTO")
        parts.append(_spelt(out, token, strings))
        n += 1
    out.text = " ".join(parts)
    return out


def _spelt(out: Plain, token: Token, strings: bool) -> str:
    if token.kind == "param":
        out.params.append(_bound_to(token.text, len(out.params)))
        return f"__p{len(out.params) - 1}__"
    if token.kind == "name":
        if strings and token.text[0] == '"':
            return _text(token.plain)
        return '"' + token.plain.replace('"', '""') + '"'
    if token.kind == "string":
        return _text(token.plain.replace("\\'", "'"))
    if token.kind == "body":
        return _text(token.text)
    return "SELECT" if token.upper == "PERFORM" else token.text


def _text(content: str) -> str:
    return "'" + content.replace("'", "''") + "'"


def _bound_to(text: str, count: int) -> int | str:
    """``?`` and ``%s`` are bound in order, ``$2`` by its number, ``:id`` by its name."""
    name = text[2:].partition(")")[0] if text.startswith("%(") else text.lstrip(":@$?") if text[0] in ":@" else ""
    digits = text.lstrip("$?%").partition("$")[0]
    if name:
        return name
    return int(digits) - 1 if digits.isdigit() and int(digits) > 0 else count


def _double_quotes_are_strings(found: list[Token]) -> bool:
    """MySQL's way: where other things quote names, or no double quote stands where a name must."""
    doubles = [n for n, t in enumerate(found) if t.kind == "name" and t.text[0] == '"']
    if not doubles or any(t.kind == "name" and t.text[0] == "`" for t in found):
        return True
    return not any(
        (n > 0 and (found[n - 1].upper in _NAME_FOLLOWS or found[n - 1].text == "."))
        or (n + 1 < len(found) and found[n + 1].text in (".", "=", ">=", "<=", "<", ">"))
        for n in doubles
    )


def _taken_out(out: Plain, found: list[Token], n: int) -> int:
    """How many tokens from ``n`` on are left out of the plain text; what they say is kept."""
    word = found[n].upper
    before = found[n - 1].upper if n else ""
    following = [t.upper for t in found[n + 1 : n + 4]]
    if n and found[n].kind == "word" and _CLAUSE.fullmatch(found[n].text) and _is_operand(found[n - 1]):
        out.open = True
        return 1
    if word in ("FOR", "LOCK") and (length := _lock(out, found, n)):
        return length
    if word == "WITH" and n and n + 1 < len(found) and found[n + 1].text == "(":
        return _hint(out, found, n)
    if before in ("INSERT", "UPDATE", "DELETE") and word in _PRIORITIES:
        return 1
    if before in ("INSERT", "UPDATE") and word == "IGNORE":
        out.conflict = "ignore"
        return 1
    if before in ("INSERT", "UPDATE") and word == "OR" and following[:1] and following[0] in ("IGNORE", "REPLACE", "ABORT", "FAIL"):
        out.conflict = "ignore" if following[0] == "IGNORE" else "replace" if following[0] == "REPLACE" else ""
        return 2
    return 0


def _is_operand(token: Token) -> bool:
    return token.text == ")" or (token.kind != "mark" and token.upper not in _WANTING)


def _lock(out: Plain, found: list[Token], n: int) -> int:
    words = [t.upper for t in found[n : n + 5]]
    if words[:4] == ["LOCK", "IN", "SHARE", "MODE"]:
        return 4
    strength = next((s for s in _STRENGTHS if words[0] == "FOR" and tuple(words[1 : 1 + len(s)]) == s), None)
    if strength is None:
        return 0
    out.locks = out.locks or "UPDATE" in strength
    end = n + 1 + len(strength)
    if end < len(found) and found[end].upper == "OF":
        end += 2
        while end < len(found) and (found[end].text in (",", ".") or found[end - 1].text in (",", ".")):
            end += 1
    rest = [t.upper for t in found[end : end + 2]]
    if rest == ["SKIP", "LOCKED"]:
        out.skip_locked = True
        end += 2
    elif rest[:1] == ["NOWAIT"]:
        out.nowait = True
        end += 1
    elif rest[:1] == ["WAIT"]:
        end += 2
    return end - n


def _hint(out: Plain, found: list[Token], n: int) -> int:
    """SQL Server's ``WITH (UPDLOCK, READPAST)``."""
    inside, end = bracketed(found, n + 1)
    words = {t.upper for t in inside}
    if not words & {"UPDLOCK", "XLOCK", "ROWLOCK", "HOLDLOCK", "NOLOCK", "READPAST", "TABLOCKX", "TABLOCK", "PAGLOCK", "SERIALIZABLE"}:
        return 0
    out.locks = out.locks or bool(words & {"UPDLOCK", "XLOCK", "TABLOCKX"})
    out.skip_locked = out.skip_locked or "READPAST" in words
    return end - n
