"""The code of a report: highlighted once, then shown line by line where evidence points at it."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup, escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token
from pygments.util import ClassNotFound

from tillproof.contract import Excerpt, Finding, Report
from tillproof.report import escape as harmless
from tillproof.report import wording

_AROUND = 2
_MOST_LINES = 14
_LONGEST = 20_000
# Fewer colours than a highlighter knows: code here is evidence, not decoration.
_CLASSES: tuple[tuple[Any, str], ...] = (
    (Token.Comment, "c"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "n"),
    (Token.Keyword, "k"),
    (Token.Name.Function, "f"),
    (Token.Name.Class, "f"),
    (Token.Name.Decorator, "f"),
    (Token.Operator.Word, "k"),
)


class Line(NamedTuple):
    """A line of code with its number; ``marked`` when it is the one that is spoken of."""

    number: int
    code: Markup
    marked: bool


class Code:
    """Answers with the lines around a place, as far as the report has them."""

    def __init__(self, report: Report) -> None:
        self._excerpts: dict[str, list[Excerpt]] = {}
        for excerpt in report.excerpts:
            self._excerpts.setdefault(excerpt.file, []).append(excerpt)
        self._shown: dict[tuple[str, int], list[Markup]] = {}
        self._lexers: dict[str, Lexer | None] = {}

    def around(self, file: str, first: int, last: int | None = None, margin: int = _AROUND) -> list[Line]:
        """The lines from ``first`` to ``last``, marked, with some before and after; common indentation is left out."""
        last = max(first, last if last is not None else first)
        excerpt = next((e for e in self._excerpts.get(file, ()) if e.start_line <= first < e.start_line + e.code.count("\n") + 1), None)
        if excerpt is None:
            return []
        shown = self._lines(excerpt)
        start = max(first - margin, excerpt.start_line)
        end = min(max(first, min(last, first + _MOST_LINES)) + margin, excerpt.start_line + len(shown) - 1)
        cut = [shown[number - excerpt.start_line] for number in range(start, end + 1)]
        lines = [Line(start + n, code, first <= start + n <= last) for n, code in enumerate(_dedented(cut))]
        while lines and not (lines[-1].code.strip() or lines[-1].marked):
            lines.pop()
        while lines and not (lines[0].code.strip() or lines[0].marked):
            lines.pop(0)
        return lines

    def snippet(self, finding: Finding) -> list[Line]:
        """The code of a finding, from the excerpts or else from itself."""
        found = self.around(finding.file, finding.start_line, finding.end_line)
        if found or not finding.snippet.strip():
            return found
        lines = self._highlighted(finding.file, finding.snippet)
        return [Line(finding.start_line + n, code, True) for n, code in enumerate(_dedented(lines))]

    def one(self, file: str, line: int) -> Line | None:
        """The line itself."""
        found = self.around(file, line, margin=0)
        return found[0] if found else None

    def _lines(self, excerpt: Excerpt) -> list[Markup]:
        key = (excerpt.file, excerpt.start_line)
        if key not in self._shown:
            self._shown[key] = self._highlighted(excerpt.file, excerpt.code)
        return self._shown[key]

    def _highlighted(self, file: str, code: str) -> list[Markup]:
        text = "\n".join(harmless.visible_code(line) for line in code.replace("\r\n", "\n").split("\n"))
        lexer = self._lexer(file)
        if lexer is None or len(text) > _LONGEST:
            return [escape(line) for line in text.split("\n")]
        lines = list(_coloured(lexer, text))
        # A lexer that loses or adds a line must not shift the numbers.
        return lines if len(lines) == text.count("\n") + 1 else [escape(line) for line in text.split("\n")]

    def _lexer(self, file: str) -> Lexer | None:
        language = wording.highlighting(file)
        if language not in self._lexers:
            try:
                options = {"stripnl": False, "ensurenl": False}
                self._lexers[language] = (
                    get_lexer_by_name(_LEXERS.get(language, language), startinline=True, **options) if language else None
                )
            except ClassNotFound:
                self._lexers[language] = None
        return self._lexers[language]


_LEXERS = {"jsx": "javascript", "tsx": "typescript"}


def _coloured(lexer: Lexer, text: str) -> Iterator[Markup]:
    line: list[Markup] = []
    for token, value in lexer.get_tokens(text):
        style = next((name for kind, name in _CLASSES if token in kind), None)
        for n, piece in enumerate(value.split("\n")):
            if n:
                yield Markup("").join(line)
                line = []
            if piece and not line:
                blank = len(piece) - len(piece.lstrip(" "))
                line.append(Markup(piece[:blank]))  # noqa: S704 - spaces
                piece = piece[blank:]  # noqa: PLW2901
            if piece:
                line.append(Markup('<i class="{}">{}</i>').format(style, piece) if style and not piece.isspace() else escape(piece))
    yield Markup("").join(line)


def _dedented(lines: Sequence[Markup]) -> list[Markup]:
    """Without the indentation that all lines share. Tabs were widened before, and no tag stands before the first character of a line."""
    margins = [len(plain) - len(plain.lstrip(" ")) for line in lines if (plain := str(line)).strip()]
    margin = min(margins, default=0)
    return [Markup(str(line)[margin:]) for line in lines]  # noqa: S704 - only spaces are taken away
