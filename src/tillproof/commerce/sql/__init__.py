"""What SQL in the code says: verb, table, columns written and how, conditions, conflicts and locks.

Three questions, from a text or from a value of the code:

* ``statements(text)``: every statement in a text, those in the bodies of triggers and functions too.
* ``statement(text)``: the one that matters: the first that writes, else the first.
* ``of_value(value, evaluator)``: the statements that a value of the code may be, each with the values behind its holes.

Nothing here raises, whatever the text. ``looks_like_sql`` is the cheap question to ask before; parsing takes about a millisecond a
statement (and half a second for the first), so ask only about statements that matter. Answers are kept.
"""

import re
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from tillproof.commerce.sql.bodies import pieces
from tillproof.commerce.sql.filled import Filled, filled
from tillproof.commerce.sql.parse import parse
from tillproof.commerce.sql.plain import plain
from tillproof.commerce.sql.statement import Condition, Operand, Statement, Write
from tillproof.commerce.sql.tokens import Token
from tillproof.commerce.sql.words import by_words, verb_of
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.values import Value

__all__ = ["Asked", "Condition", "Filled", "Operand", "Statement", "Write", "looks_like_sql", "of_value", "statement", "statements"]

_BEGINS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|insert|update|delete|replace|merge|with|create|alter|drop|do|begin|start|commit|rollback"
    r"|lock|set|call|truncate|perform|declare|delimiter)\b(?=[\s(;*]|$)",
    re.IGNORECASE | re.DOTALL,
)
# Doctrine's statements name classes: ``UPDATE App\Entity\Order o SET …``.
_CLASS_AS_TABLE = re.compile(r"(?<=[Uu][Pp][Dd][Aa][Tt][Ee] )\\?(?:\w+\\+)+(\w+)|(?<=[Ff][Rr][Oo][Mm] )\\?(?:\w+\\+)+(\w+)")
_GRAMMAR = ("select", "insert", "update", "delete", "merge")
_SHAPE = {"select": ("FROM",), "insert": ("INTO", "VALUES", "SET"), "update": ("SET",), "delete": ("FROM", "WHERE"), "merge": ("USING",)}
_WRITING = ("insert", "update", "delete", "merge")


def _last(named: re.Match[str]) -> str:
    return named[1] or named[2]


def looks_like_sql(text: str) -> bool:
    """Whether a text begins as a statement does. English may begin so too: a statement without a table says nothing."""
    return _BEGINS.match(text) is not None


@lru_cache(maxsize=4_000)
def statements(text: str) -> tuple[Statement, ...]:
    """The statements of a text in order; empty when it does not look like SQL."""
    if not looks_like_sql(text):
        return ()
    out = []
    for piece in pieces(_CLASS_AS_TABLE.sub(_last, text)):
        if piece.tokens:
            found = plain(piece.tokens)
            read = parse(found) if verb_of(piece.tokens) in _GRAMMAR else None
            if read is None and not _is_shaped(piece.tokens):
                continue
            out.append(replace(read or by_words(found), routine=piece.routine, line=piece.line))
    return tuple(out)


def _is_shaped(found: list[Token]) -> bool:
    """Whether the word is there without which a statement is only English that begins like one."""
    wanted = _SHAPE.get(verb_of(found), ())
    return not wanted or any(t.upper in wanted for t in found)


def statement(text: str) -> Statement | None:
    """The first statement that writes rows, else the first; None when it is no SQL."""
    found = statements(text)
    return next((s for s in found if s.verb in _WRITING), found[0] if found else None)


class Asked(NamedTuple):
    """A statement that a value may be, and the values behind its holes by number."""

    statement: Statement
    holes: tuple[Value, ...]


def of_value(value: Value, evaluator: Evaluator | None = None) -> list[Asked]:
    """The statements that a value may be: each of its alternatives, each statement of each. ``evaluator``: to look into the calls that
    carry a statement (``text(…)``, ``$wpdb->prepare(…)``, tagged templates)."""
    return [Asked(s, f.holes) for f in filled(value, evaluator) for s in statements(f.text)]
