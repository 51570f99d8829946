"""What a language allows and its grammar does not know, put in a way of the same length that the grammar knows.

Seen with tree-sitter-javascript 0.25, tree-sitter-typescript 0.23 and tree-sitter-php 0.25; without this a whole class or page is lost.
"""

import re

Span = tuple[int, int]

# An ampersand in the text or an attribute of JSX, ``Terms & Conditions``, ``href="?a=1&b=2"``: an operator elsewhere, a reference here.
_AMPERSAND = re.compile(rb"(?<!&)&(?![&=]|[A-Za-z]+;|#\w+;)")
_NEAR = 240
"""Bytes: how far from what was not understood its cause is looked for."""

_NAMED = (
    rb"abstract|and|array|as|break|callable|case|catch|clone|const|continue|declare|default|do|echo|else|elseif|empty|enddeclare|endfor"
    rb"|endforeach|endif|endswitch|endwhile|eval|exit|extends|false|final|finally|fn|for|foreach|function|global|goto|if|implements"
    rb"|include|include_once|instanceof|insteadof|interface|isset|iterable|list|match|mixed|namespace|new|null|or|print|private"
    rb"|protected|public|readonly|require|require_once|return|static|switch|throw|trait|true|try|unset|use|var|void|while|xor|yield"
)
_CONSTANT = re.compile(rb"(\bconst\s+(?:\??[\w\\|]+\s+)?)(" + _NAMED + rb")(?=\s*=)", re.IGNORECASE)
"""A class constant may have any word but ``class`` for its name."""
_TYPES = re.compile(rb"(\bexport\s+)type(\s+\*)")
"""``export type * from "./types"``, of TypeScript 5."""
_MODIFIERS = re.compile(rb"\b(readonly)(\s+)(public|protected|private)(?=\s)")


def markup(source: bytes, errors: list[Span]) -> bytes:
    """JavaScript with JSX whose text holds bare ampersands. One is taken for each error: the first in it, or else the last before it."""
    mended = bytearray(source)
    for start, end in errors:
        within = _AMPERSAND.search(source, max(0, start - 1), min(end, start + _NEAR))
        before = list(_AMPERSAND.finditer(source, max(0, start - _NEAR), start)) if within is None else []
        found = within or (before[-1] if before else None)
        if found is not None:
            mended[found.start()] = ord("+")
    return bytes(mended)


def types(source: bytes, _: list[Span]) -> bytes:
    """TypeScript that hands on every type of another module."""
    return _TYPES.sub(rb"\1    \2", source)


def typed(source: bytes, errors: list[Span]) -> bytes:
    """TypeScript with JSX in it."""
    return markup(types(source, errors), errors)


def php(source: bytes, _: list[Span]) -> bytes:
    """Class constants that are named by a word of the language, and ``readonly`` before the visibility of a promoted parameter."""
    source = _CONSTANT.sub(lambda m: m[1] + m[2][:-1] + b"_", source)
    return _MODIFIERS.sub(rb"\3\2\1", source)
