"""``CREATE TABLE``, ``ALTER TABLE`` and the like, in SQL files and in the texts of code: read as they stand, so that every column keeps
its line, whatever the language around them quotes and however it puts the text together.
"""

import re
from collections.abc import Iterator

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.tables import Check, Column, Unique
from tillproof.commerce.schema.types import is_unsigned, kind_of
from tillproof.commerce.sql.tokens import Token, bracketed, dotted, split, tokens
from tillproof.source.kinds import words

MARKS = (b"CREATE TABLE", b"create table", b"Create Table", b"ALTER TABLE", b"alter table", b"CREATE UNIQUE", b"create unique")
_STATEMENT = re.compile(
    r"\b(create\s+(?:(?:global|local|temporary|temp|unlogged)\s+)*table|alter\s+table|create\s+unique\s+index|drop\s+table"
    r"|rename\s+table)\b",
    re.IGNORECASE,
)
# What a host language puts between two parts of one text, and what it puts into a text.
_JOINT = re.compile(r"""["']\s*[.+]?\s*\\?\n\s*[.+]?\s*["']""")
_HOLE = re.compile(r"\$\{[^{}]*\}|\{\$[^{}]*\}|\{[\w.]+\}|['\"]\s*[.+]\s*[$\w>()\[\]'-]+?\s*[.+]\s*['\"]|#__|\$(?=\w+->)|%[sd](?:\d*)")
_COMMENTED = re.compile(r"^\s*(?://|#|\*|--|;)")
_LONGEST = 60_000
_TABLE_WORDS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "EXCLUDE", "LIKE", "PERIOD")
_AFTER_TYPE = words(
    "NOT NULL DEFAULT PRIMARY UNIQUE CHECK REFERENCES COMMENT COLLATE AUTO_INCREMENT AUTOINCREMENT GENERATED CONSTRAINT KEY ON AS "
    "CHARACTER IDENTITY FIRST AFTER"
)


def read(text: str, file: str) -> Iterator[tuple[int, Change]]:
    """The changes that a text makes, each with its offset, in order."""
    found_all = list(_STATEMENT.finditer(text))
    line, counted = 1, 0
    for match, following in zip(found_all, [*found_all[1:], None], strict=False):
        begin = text.rfind("\n", 0, match.start()) + 1
        if _COMMENTED.match(text[begin : match.start()]):
            continue
        end = min(match.start() + _LONGEST, following.start() if following else len(text))
        piece = _HOLE.sub(_filler, _JOINT.sub(_filler, text[match.start() : end]))
        found = _first_statement(piece)
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        lines = _Lines(piece, line)
        word = match[1].lower().split()
        change = {"create": _create, "alter": _alter, "drop": _drop, "rename": _rename}[word[0]](found, file, lines)
        if change is not None and change.table:
            yield match.start(), change


def _filler(match: "re.Match[str]") -> str:
    """Nothing, as long as what it stands for: offsets and lines stay as they are."""
    return re.sub(r"[^\n]", " ", match[0])


def _first_statement(piece: str) -> list[Token]:
    """The tokens up to the end of the statement: a semicolon outside of brackets, or the text's own end."""
    return next(split(tokens(_cut(piece)), ";"), [])


def _cut(piece: str) -> str:
    """The text up to where the statement ends: at a semicolon, at a bracket that closes more than was opened, at the host's own quote."""
    depth = 0
    at = 0
    while at < len(piece):
        char = piece[at]
        if char in "'`\"" and (end := _quoted(piece, at)):
            at = end
        elif depth == 0 and char in "'`\";":
            return piece[:at]
        else:
            depth += (char == "(") - (char == ")")
            if depth < 0:
                return piece[:at]
            at += 1
    return piece


def _quoted(piece: str, at: int) -> int:
    """Where a quoted name or text ends that begins here; 0 when the quote is rather the end of the host's text."""
    quote = piece[at]
    end = piece.find(quote, at + 1, at + 300)
    if end < 0 or "\n" in piece[at:end] or (quote != "'" and not re.fullmatch(r"[\w.$ -]+", piece[at + 1 : end])):
        return 0
    return end + 1


class _Lines:
    def __init__(self, piece: str, first: int) -> None:
        self.piece = piece
        self.first = first

    def of(self, token: Token) -> int:
        return self.first + self.piece.count("\n", 0, token.at)


def _named(found: list[Token], start: int) -> tuple[str, int]:
    """The table's name after its verb; a prefix that is put in from outside leaves ``_`` or nothing."""
    while start < len(found) and found[start].upper in ("IF", "NOT", "EXISTS", "ONLY"):
        start += 1
    name, end = dotted(found, start)
    return name.strip("_ "), end


def _create(found: list[Token], file: str, lines: _Lines) -> Change | None:
    opening_words = [t.upper for t in found[:6]]
    if "INDEX" in opening_words[:3]:
        return _unique_index(found, file, lines)
    name, at = _named(found, opening_words.index("TABLE") + 1) if "TABLE" in opening_words else ("", 0)
    opening = next((n for n in range(at, min(at + 3, len(found))) if found[n].text == "("), -1)
    if opening < 0:
        return None
    change = Change("create", name, file, lines.of(found[0]), "sql")
    for part in split(bracketed(found, opening)[0], ","):
        _part(part, change, lines)
    return change


def _part(part: list[Token], change: Change, lines: _Lines) -> None:
    """A column or a constraint of a table's definition."""
    if part[0].upper in _TABLE_WORDS and not _is_column_called(part):
        _constraint(part, change, lines)
    elif part[0].kind in ("word", "name") and len(part) > 1:
        change.columns.append(_column(part, change.file, lines))


def _is_column_called(part: list[Token]) -> bool:
    """Whether a column bears a word of the grammar as its name: ``key VARCHAR(20)``."""
    return len(part) > 1 and part[0].upper in ("KEY", "INDEX", "LIKE", "PERIOD") and kind_of(part[1].text) != "other"


def _constraint(part: list[Token], change: Change, lines: _Lines) -> None:
    name = ""
    at = 0
    if part[0].upper == "CONSTRAINT":
        name, at = dotted(part, 1) if len(part) > 1 and part[1].upper not in ("PRIMARY", "UNIQUE", "CHECK", "FOREIGN") else ("", 1)
    if at >= len(part):
        return
    word = part[at].upper
    opening = next((n for n in range(at, len(part)) if part[n].text == "("), -1)
    if opening < 0 or word not in ("PRIMARY", "UNIQUE", "CHECK"):
        return
    inside = bracketed(part, opening)[0]
    line = lines.of(part[0])
    if word == "CHECK":
        change.checks.append(Check(" ".join(t.text for t in inside), change.file, line, name))
        return
    before = part[opening - 1]
    if word == "UNIQUE" and before.kind in ("name", "word") and before.upper not in ("UNIQUE", "KEY", "INDEX"):
        name = name or before.plain
    change.uniques.append(Unique(_columns(inside), change.file, line, name, primary=word == "PRIMARY"))


def _columns(inside: list[Token]) -> tuple[str, ...]:
    """The columns of a key; of an expression, the name in it."""
    named = ([t.plain for t in p if t.kind in ("word", "name") and t.upper not in ("ASC", "DESC")] for p in split(inside, ","))
    return tuple(names[-1] for names in named if names)


def _column(part: list[Token], file: str, lines: _Lines) -> Column:
    name = part[0].plain
    end = 1
    while end < len(part) and part[end].upper not in _AFTER_TYPE:
        end = bracketed(part, end)[1] if part[end].text == "(" else end + 1
    written = " ".join(t.text for t in part[1:end])
    following = [t.upper for t in part[end:]]
    column = Column(name, file, lines.of(part[0]), lines.of(part[-1]), written, kind_of(written), is_unsigned(written))
    column.primary = _follow(following, ("PRIMARY", "KEY"))
    column.nullable = not column.primary and not _follow(following, ("NOT", "NULL"))
    column.unique = "UNIQUE" in following
    column.generated = ("GENERATED" in following and "IDENTITY" not in following) or following[:1] == ["AS"]
    if "DEFAULT" in following and end + following.index("DEFAULT") + 1 < len(part):
        column.default = part[end + following.index("DEFAULT") + 1].plain
    for n in range(end, len(part) - 1):
        if part[n].upper == "CHECK" and part[n + 1].text == "(":
            column.checks.append(Check(" ".join(t.text for t in bracketed(part, n + 1)[0]), file, lines.of(part[n])))
    return column


def _follow(found: list[str], wanted: tuple[str, ...]) -> bool:
    return any(tuple(found[n : n + len(wanted)]) == wanted for n in range(len(found)))


def _unique_index(found: list[Token], file: str, lines: _Lines) -> Change | None:
    on = next((n for n, t in enumerate(found) if t.upper == "ON"), -1)
    if on < 0:
        return None
    table, at = _named(found, on + 1)
    opening = next((n for n in range(at, min(at + 3, len(found))) if found[n].text == "("), -1)
    if opening < 0:
        return None
    inside, end = bracketed(found, opening)
    where = next((" ".join(t.text for t in found[n + 1 :]) for n in range(end, len(found)) if found[n].upper == "WHERE"), "")
    change = Change("alter", table, file, lines.of(found[0]), "sql")
    change.uniques.append(Unique(_columns(inside), file, lines.of(found[0]), dotted(found, on - 1)[0], where))
    return change


def _drop(found: list[Token], file: str, lines: _Lines) -> Change | None:
    name, _ = _named(found, 2)
    return Change("drop", name, file, lines.of(found[0]), "sql") if name else None


def _rename(found: list[Token], file: str, lines: _Lines) -> Change | None:
    name, end = _named(found, 2)
    to = dotted(found, end + 1)[0] if end < len(found) and found[end].upper == "TO" else ""
    return Change("rename", name, file, lines.of(found[0]), "sql", to=to) if to else None


def _alter(found: list[Token], file: str, lines: _Lines) -> Change | None:
    table, at = _named(found, 2)
    change = Change("alter", table, file, lines.of(found[0]), "sql")
    for part in split(found[at:], ","):
        if [t.upper for t in part[:2]] == ["RENAME", "TO"] and len(part) > 2:
            return Change("rename", table, file, change.line, "sql", to=dotted(part, 2)[0])
        _alteration(part, change, lines)
    return change


def _alteration(part: list[Token], change: Change, lines: _Lines) -> None:
    """One of the steps of an ALTER TABLE."""
    verb = part[0].upper
    at = 1
    while at < len(part) and part[at].upper in ("COLUMN", "IF", "NOT", "EXISTS"):
        at += 1
    rest = part[at:]
    if not rest:
        return
    if verb == "ADD" and rest[0].text == "(":
        for inner in split(bracketed(rest, 0)[0], ","):
            _part(inner, change, lines)
    elif verb in ("ADD", "MODIFY"):
        _part(rest, change, lines)
    elif verb == "CHANGE" and len(rest) > 2:
        change.renamed.append((rest[0].plain, rest[1].plain))
        _part(rest[1:], change, lines)
    elif verb == "DROP" and rest[0].upper in ("CONSTRAINT", "CHECK", "INDEX", "KEY"):
        change.released.append(next((t.plain for t in rest[1:] if t.upper not in ("IF", "EXISTS")), ""))
    elif verb == "DROP":
        change.dropped.append(rest[0].plain)
    elif verb == "RENAME" and len(rest) > 2 and rest[1].upper == "TO":
        change.renamed.append((rest[0].plain, rest[2].plain))


__all__ = ["MARKS", "read"]
