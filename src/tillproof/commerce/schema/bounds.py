"""Whether the text of a CHECK keeps a column from falling below zero."""

import re
from collections.abc import Callable

_QUOTES = re.compile(r"[\"`\[\]]")
_CAST = re.compile(r"::\w+")
_NUMBER = r"(?:\d+(?:\.\d+)?)"
_NOT_NEGATIVE = r"(?:>=\s*{n}|>\s*(?:{n}|-\s*1\b)|between\s+{n}\s+and\b)".replace("{n}", _NUMBER)


def keeps_non_negative(text: str, column: str, bounded: Callable[[str], bool] | None = None) -> bool:
    """Whether ``text`` refuses negative values of a column: compared with a number of zero or more, or with a column that is ``bounded``.

    A condition that lets them through in some rows (``… OR backorder``) counts too: somebody thought of it.
    """
    flat = _CAST.sub("", _QUOTES.sub("", text))
    name = rf"(?<![\w])(?:\w+\.)?{re.escape(column)}(?![\w])\s*\)*\s*"
    if re.search(name + _NOT_NEGATIVE, flat, re.IGNORECASE):
        return True
    if re.search(rf"{_NUMBER}\s*<=?\s*\(*\s*{name}(?:$|[)\s,;]|and\b|or\b)", flat, re.IGNORECASE):
        return True
    if re.search(rf"not\s*\(?\s*{name}<\s*0\b", flat, re.IGNORECASE):
        return True
    if bounded is None:
        return False
    above = re.findall(name + r">=?\s*\(*\s*([A-Za-z_][\w.]*)", flat, re.IGNORECASE)
    below = re.findall(rf"(?<![\w.])([A-Za-z_][\w.]*)\s*\)*\s*<=?\s*\(*\s*{name}", flat, re.IGNORECASE)
    return any(bounded(other.rpartition(".")[2]) for other in (*above, *below))
