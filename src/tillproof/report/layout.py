"""Laying out lines of text for a terminal. Only white space is ever broken: a path that is longer than the line sticks out."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from tillproof.report import escape

Lines = Iterator[Text]

_LABEL = 14
_GAP = 2
_NARROWEST = 20
_WORD = re.compile(r"\S+\s*")
_CODE = r"`[^`]+`"


def sentence(text: str, style: str = "") -> Text:
    """A sentence of ours that may quote code in backticks, made harmless."""
    shown = Text(escape.line(text), style)
    shown.highlight_regex(_CODE, "bold")
    return shown


def wrapped(first: Text, text: Text, width: int) -> Lines:
    """``text`` after ``first``, its further lines indented by as much."""
    indent = first.cell_len
    for number, line in enumerate(text.divide(_breaks(text.plain, max(width - indent, _NARROWEST)))):
        yield (first if number == 0 else Text(" " * indent)) + line


def _breaks(text: str, width: int) -> list[int]:
    """Where lines end so that each holds whole words only. rich's own wrapping splits words, or does not wrap at all."""
    breaks = []
    used = 0
    for word in _WORD.finditer(text):
        if used and used + cell_len(word.group().rstrip()) > width:
            breaks.append(word.start())
            used = 0
        used += cell_len(word.group())
    return breaks


def field(label: str, text: Text, width: int, mark: str = "") -> Lines:
    """A dim label in the margin and what it names. ``mark``: a green sign before the label."""
    shown = escape.line(label)
    first = (
        Text("  ").append(f"{mark} ", "green").append(shown.ljust(_LABEL), "dim") if mark else Text("  ").append(shown.ljust(_LABEL), "dim")
    )
    yield from wrapped(first, text, width)


def rule(title: str, width: int) -> Lines:
    """An empty line, then a line across with its title, then an empty one."""
    yield Text()
    line = Text("──", "dim")
    if title:
        line.append(f" {title} ", "bold not dim")
    yield line.append("─" * (width - line.cell_len))
    yield Text()


def columns(rows: Sequence[tuple[Text, Text, Text]], width: int) -> Lines:
    """Three columns where they fit on one line each; otherwise the third goes under the second, which wraps."""
    widths = [_widest(row[index] for row in rows) for index in range(3)]
    first = _GAP + widths[0] + _GAP
    if first + widths[1] + _GAP + widths[2] <= width:
        for one, two, three in rows:
            yield _padded(Text(" " * _GAP) + one, first) + _padded(two, widths[1] + _GAP) + three
        return
    for one, two, three in rows:
        label = Text(" " * _GAP) + one
        indent = first
        if first > width // 3:
            yield label
            indent = 2 * _GAP
            label = Text(" " * indent)
        yield from wrapped(_padded(label, indent), two, width)
        yield Text(" " * indent) + three


def _widest(cells: Iterable[Text]) -> int:
    return max((cell.cell_len for cell in cells), default=0)


def _padded(text: Text, width: int) -> Text:
    return text + Text(" " * max(width - text.cell_len, 0))
