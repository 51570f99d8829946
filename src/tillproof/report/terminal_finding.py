"""One finding in a terminal: what is wrong, the code, the way that leads there, and the mend."""

from rich.cells import cell_len
from rich.syntax import Syntax
from rich.text import Text

from tillproof.contract import Finding, Severity, Step, StepKind
from tillproof.report import escape, wording
from tillproof.report.layout import Lines, sentence, wrapped
from tillproof.report.trace import Passage, passages

SEVERITY_STYLES: dict[Severity, str] = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "blue",
    "info": "dim",
}

_MARKS: dict[StepKind, tuple[str, str]] = {
    "source": ("●", "magenta"),
    "step": ("│", "dim"),
    "guard": ("◆", "green"),
    "sink": ("▶", "red"),
    "missing": ("✗", "red"),
}

_MOST_LINES = 10
_MOST_STEPS = 12
_INDENT = 2


def detail(finding: Finding, width: int) -> Lines:
    """The lines of a finding."""
    heading = Text(" " * _INDENT).append(finding.severity.upper(), SEVERITY_STYLES[finding.severity]).append("  ")
    yield from wrapped(heading, sentence(finding.title, "bold"), width)
    place = Text(" " * _INDENT).append(escape.line(wording.at(finding.file, finding.start_line)), "cyan")
    about = Text(f"{escape.line(finding.check)} · {finding.confidence}", "dim")
    if place.cell_len + 2 + about.cell_len <= width:
        yield place.append("  ") + about
    else:
        yield place
        yield Text(" " * _INDENT) + about
    yield Text()
    if finding.snippet.strip():
        yield from _snippet(finding, width)
        yield Text()
    yield from wrapped(Text(" " * _INDENT), sentence(finding.message), width)
    if finding.trace:
        yield Text()
        yield from _trace(finding.trace, width)
    yield Text()
    yield from wrapped(Text(" " * _INDENT).append("Mend  ", "bold green"), sentence(finding.remediation), width)


def _snippet(finding: Finding, width: int) -> Lines:
    """The code with its line numbers; its first line is the finding's first. Lines too long are cut, since wrapped code misleads."""
    lines = escape.code_lines(finding.snippet)
    shown = lines[:_MOST_LINES]
    digits = len(str(finding.start_line + len(shown) - 1))
    for number, line in enumerate(_highlighted(shown, wording.highlighting(finding.file)), finding.start_line):
        numbered = Text(" " * _INDENT).append(f"  {number:>{digits}} │ ", "dim") + line
        numbered.truncate(width, overflow="ellipsis")
        yield numbered
    if len(lines) > _MOST_LINES:
        yield Text(" " * (_INDENT + 2 + digits)).append(f" ┊ {len(lines) - _MOST_LINES} more lines", "dim")


def _highlighted(lines: list[str], language: str) -> list[Text]:
    if not language:
        return [Text(line) for line in lines]
    # A PHP fragment is taken for HTML unless it is opened.
    opening = ["<?php"] if language == "php" and "<?php" not in lines[0] else []
    text = Syntax("", language, theme="ansi_dark").highlight("\n".join([*opening, *lines]))
    found = list(text.split("\n", allow_blank=True))[len(opening) : len(opening) + len(lines)]
    return [_foreground(each) for each in found]


def _foreground(line: Text) -> Text:
    """Without the theme's background, which would stripe a terminal that has one of its own."""
    line.style = ""
    return line


def _trace(steps: list[Step], width: int) -> Lines:
    """The steps with their notes beside them where all fit, else beneath; of calls that follow one another, the first and their number."""
    shown = passages(steps)[:_MOST_STEPS]
    places = [escape.line(wording.at(passage.first.file, passage.first.line)) for passage in shown]
    notes = [sentence(_note(passage)) for passage in shown]
    beside = max(cell_len(place) for place in places) + 2
    first = _INDENT + 4
    fits = all(first + beside + note.cell_len <= width for note in notes)
    for passage, place, note in zip(shown, places, notes, strict=True):
        mark, style = _MARKS[passage.first.kind]
        line = Text(" " * (_INDENT + 2)).append(mark, style).append(" ").append(place, "cyan")
        if fits:
            yield line + Text(" " * (first + beside - line.cell_len)) + note
        else:
            yield line
            yield from wrapped(Text(" " * first), note, width)
    left = len(steps) - sum(len(passage.steps) for passage in shown)
    if left:
        yield Text(" " * first).append(f"… {left} more steps", "dim")


def _note(passage: Passage) -> str:
    more = len(passage.steps) - 1
    return f"{passage.first.note}, and {wording.count(more, 'call')} further" if more else passage.first.note
