"""SQL cut into tokens, whatever the dialect; nothing here fails on what is no SQL.

A token keeps its place, so that what is found can be shown by line. Comments are left out.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

Kind = Literal["word", "name", "string", "body", "param", "number", "mark"]

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | \#[ \t][^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<body>    \$(?P<tag>(?:[A-Za-z_]\w*)?)\$ .*? (?:\$(?P=tag)\$|\Z) )
    | (?P<string>  (?:\b[eEnNbBxX])?'(?:[^'\\]|''|\\.)*(?:'|\Z) )
    | (?P<name>    "(?:[^"]|"")*(?:"|\Z) | `[^`]*(?:`|\Z) | (?<![\w\])"`])\[[A-Za-z_][\w ]*\] )
    | (?P<param>   \?\d* | \$\d+ | (?<![:\w]):[A-Za-z_]\w* | %\(\w+\)s | %(?:\d+\$)?[sdfi]\b | @\w+ )
    | (?P<number>  \d+(?:\.\d+)?\b )
    | (?P<word>    [A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]* )
    | (?P<mark>    <=|>=|<>|!=|:=|::|\|\||->>?|\S )
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """``name`` is a quoted identifier, ``body`` a text between dollar signs, ``param`` a placeholder. ``at``: offset in the text."""

    kind: Kind
    text: str
    at: int

    @property
    def upper(self) -> str:
        """A bare word in upper case; empty for all else, so that a quoted name is never a keyword."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def plain(self) -> str:
        """An identifier or a string without its quotes."""
        if self.kind == "name":
            quote = self.text[0]
            return self.text[1:].removesuffix("]" if quote == "[" else quote)
        if self.kind == "string":
            return self.text[self.text.index("'") + 1 :].removesuffix("'").replace("''", "'")
        return self.text


def tokens(text: str) -> list[Token]:
    """All tokens of a text, comments left out."""
    return [Token(m.lastgroup, m.group(), m.start()) for m in _TOKEN.finditer(text) if m.lastgroup not in (None, "comment")]  # type: ignore[arg-type]


def split(found: Sequence[Token], mark: str) -> Iterator[list[Token]]:
    """The parts between those ``mark`` tokens that stand in no bracket; empty parts are left out."""
    part: list[Token] = []
    depth = 0
    for token in found:
        if token.kind == "mark":
            if token.text == mark and depth <= 0:
                if part:
                    yield part
                part, depth = [], 0
                continue
            depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
        part.append(token)
    if part:
        yield part


def bracketed(found: Sequence[Token], start: int) -> tuple[list[Token], int]:
    """What stands between the bracket at ``start`` and the one that closes it, and the index after that."""
    depth = 0
    for n in range(start, len(found)):
        if found[n].kind == "mark":
            depth += (found[n].text == "(") - (found[n].text == ")")
            if depth == 0:
                return list(found[start + 1 : n]), n + 1
    return list(found[start + 1 :]), len(found)


def dotted(found: Sequence[Token], start: int) -> tuple[str, int]:
    """An identifier of one or more parts (``shop.orders``): its last part, and the index after it. Empty when there is none."""
    name = ""
    while start < len(found) and found[start].kind in ("word", "name"):
        name = found[start].plain
        start += 1
        if start + 1 >= len(found) or found[start].text != ".":
            break
        start += 1
    return name, start
