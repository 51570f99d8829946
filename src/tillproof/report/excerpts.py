"""The code that evidence points at, cut out of the files and masked, so that a report can be read without the repository."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tillproof.contract import Excerpt, Finding, Obligation
from tillproof.flow.program import Program
from tillproof.source.mask import mask

_AROUND = 3
_JOINED = 2
_MOST_LINES = 6_000
_LONGEST_LINE = 240
_MOST_MASKED = 4_000
# A key that runs over many lines is only known for one by its first or last.
_MULTILINE_SECRET = b"PRIVATE KEY"

_Span = tuple[int, int]


def excerpts(program: Program, findings: Sequence[Finding], obligations: Iterable[Obligation]) -> list[Excerpt]:
    """Each region once, in order of file and line: some lines around what is broken or asked, and the very lines of what is held."""
    wanted: dict[str, set[int]] = defaultdict(set)
    left = _MOST_LINES
    for file, first, last in _spans(findings, obligations):
        lines = set(range(max(first, 1), last + 1)) - wanted[file]
        if file in program.sources and left > 0:
            wanted[file] |= lines
            left -= len(lines)
    return [excerpt for file in sorted(wanted) for excerpt in _cut(file, program.sources.get(file, b""), sorted(wanted[file]))]


def _spans(findings: Sequence[Finding], obligations: Iterable[Obligation]) -> Iterator[tuple[str, int, int]]:
    told = {finding.obligation for finding in findings}
    for finding in findings:
        yield finding.file, finding.start_line - _AROUND, min(finding.end_line, finding.start_line + 2 * _AROUND) + _AROUND
        for step in finding.trace:
            yield step.file, step.line - _AROUND, step.line + _AROUND
    rest = [o for o in obligations if o.id not in told]
    for obligation in sorted(rest, key=lambda o: o.ruling == "held"):
        if obligation.because is not None:
            yield obligation.because.file, obligation.because.line - _AROUND, obligation.because.line + _AROUND
        for step in obligation.evidence:
            yield step.file, step.line, step.line


def _cut(file: str, source: bytes, wanted: Sequence[int]) -> Iterator[Excerpt]:
    text = source.decode("utf-8", "replace")
    whole = _MULTILINE_SECRET in source
    lines = (mask(text) if whole else text).split("\n")
    for first, last in _joined(wanted):
        piece = "\n".join(line[:_MOST_MASKED].rstrip() for line in lines[first - 1 : last])
        if piece.strip():
            shown = piece if whole else mask(piece)
            yield Excerpt(file=file, start_line=first, code="\n".join(map(_shortened, shown.split("\n"))))


def _joined(lines: Sequence[int]) -> list[_Span]:
    spans: list[_Span] = []
    for line in lines:
        if spans and line <= spans[-1][1] + 1 + _JOINED:
            spans[-1] = (spans[-1][0], line)
        else:
            spans.append((line, line))
    return spans


def _shortened(line: str) -> str:
    """Minified code has lines of megabytes. Cut well after what was masked, since half a secret may not be known for one."""
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "…"
