"""Ignore rules as git understands them, made for a walk from the top down.

Such a walk never enters an ignored folder, so a rule need only be asked about the entry itself and never about its parents: that is
git's own semantics (nothing below an ignored folder can be brought back), and it lets most rules be one test of the bare name.

Patterns come from the code under review and may be hostile, so they become expressions that cannot backtrack far: between two stars the
leftmost match is always good enough, which an atomic group says.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

_MAX_RULES = 2_000
_MAX_BYTES = 1_000_000
_BRACKET = re.compile(r"\[([!^]?)(\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]")
_IN_BRACKET = re.compile(r"\[:([a-z]+):\]|\\(.)|(.)", re.DOTALL)
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "digit": "0-9", "lower": "a-z", "upper": "A-Z", "space": r"\s", "xdigit": "0-9a-fA-F",
    "punct": r"!-/:-@\[-`{-~", "blank": r" \t",
}  # fmt: skip


class _Rule(msgspec.Struct, frozen=True):
    expression: str
    negated: bool
    folders_only: bool
    by_name: bool


class IgnoreRules:
    """The rules of one ignore file; the last that matches an entry decides.

    The rules are relative to a folder. ``base`` is its path as the walk writes paths, empty or ending in ``/``; ``prefix`` is the way down
    from that folder to where the walk begins, for rules that stand above it.
    """

    __slots__ = ("_any_name", "_any_path", "_base", "_prefix", "_rules")

    def __init__(self, lines: Iterable[str], base: str = "", prefix: str = "") -> None:
        rules = [rule for line in lines if (rule := _rule(line)) is not None][:_MAX_RULES]
        self._rules = rules[::-1]
        self._base = len(base)
        self._prefix = prefix
        # One joined expression answers for the many entries that no rule speaks of.
        self._any_name = _joined([rule.expression for rule in rules if rule.by_name])
        self._any_path = _joined([rule.expression for rule in rules if not rule.by_name])

    def __bool__(self) -> bool:
        return bool(self._rules)

    def decide(self, path: str, name: str, folder: bool) -> bool | None:
        """True: ignored. False: brought back by a negation. ``None``: these rules say nothing about it."""
        relative = self._prefix + path[self._base :]
        by_name = self._any_name is not None and self._any_name.fullmatch(name)
        if not by_name and not (self._any_path is not None and self._any_path.fullmatch(relative)):
            return None
        for rule in self._rules:
            if (folder or not rule.folders_only) and re.fullmatch(rule.expression, name if rule.by_name else relative, re.DOTALL):
                return not rule.negated
        return None


def is_ignored(stack: Sequence[IgnoreRules], path: str, name: str, folder: bool) -> bool:
    """Asks the rules of the innermost folder first. ``stack`` has the outermost first."""
    for rules in reversed(stack):
        decision = rules.decide(path, name, folder)
        if decision is not None:
            return decision
    return False


def read_lines(file: Path) -> list[str]:
    """The lines of an ignore file; one that is missing, unreadable or no regular file has none."""
    try:
        if not file.is_file():
            return []
        with file.open("rb") as stream:
            data = stream.read(_MAX_BYTES)
    except OSError:
        return []
    return data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")


def rules_above(root: Path) -> list[IgnoreRules]:
    """The rules of the repository around ``root`` that hold inside it: ``.git/info/exclude`` and the ignore files of the folders above.

    None of them when they ignore ``root`` itself: whoever names an ignored folder wants it reviewed.
    """
    repository = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if repository is None:
        return []
    inside = root.relative_to(repository).parts
    way = "".join(f"{segment}/" for segment in inside)
    # What is relative to the repository is told apart by where it stands on the way down.
    sources = [("", read_lines(repository / ".git" / "info" / "exclude"))]
    stack = [IgnoreRules(sources[0][1])]
    base = ""
    for segment in inside:
        lines = read_lines(repository / base / ".gitignore")
        sources.append((base, lines))
        stack.append(IgnoreRules(lines, base))
        if is_ignored(stack, base + segment, segment, folder=True):
            return []
        base += f"{segment}/"
    above = [IgnoreRules(lines, prefix=way[len(base) :]) for base, lines in sources]
    return [rules for rules in above if rules]


def _joined(expressions: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(expressions), re.DOTALL) if expressions else None


def _rule(line: str) -> _Rule | None:
    pattern = line.removesuffix("\r")
    while pattern.endswith(" ") and not pattern.endswith("\\ "):
        pattern = pattern[:-1]
    if not pattern or pattern.startswith("#") or "\0" in pattern:
        return None
    negated = pattern.startswith("!")
    pattern = pattern[negated:]
    folders_only = pattern.endswith("/")
    pattern = pattern[: len(pattern) - folders_only]
    by_name = "/" not in pattern
    expression = _segment(pattern) if by_name else _path(pattern.removeprefix("/"))
    return _Rule(expression, negated, folders_only, by_name) if expression else None


def _path(pattern: str) -> str | None:
    """The expression for a pattern with slashes: runs of plain segments, with ``**`` between them."""
    runs: list[list[str]] = [[]]
    for segment in _split(pattern):
        if segment == "**":
            runs.append([])
            continue
        expression = _segment(segment)
        if not expression:
            return None
        runs[-1].append(expression)
    first, *others = ["/".join(run) for run in runs]
    if not others:
        return first
    *middle, last = others
    start = f"{first}/" if first else ""
    skipping = "".join(f"(?>(?:[^/]+/)*?{run}/)" for run in middle if run)
    return start + skipping + (f"(?:[^/]+/)*{last}" if last else ".+")


def _split(pattern: str) -> list[str]:
    """The segments between slashes; one that stands in brackets, as in ``[!/]``, parts nothing."""
    segments, at = [""], 0
    while at < len(pattern):
        bracket = _BRACKET.match(pattern, at)
        piece = bracket[0] if bracket else pattern[at : at + 2] if pattern[at] == "\\" else pattern[at]
        at += len(piece)
        if piece == "/":
            segments.append("")
        else:
            segments[-1] += piece
    return segments


def _segment(pattern: str) -> str | None:
    """The expression for one segment, or ``None`` when git would never match it (empty, open bracket, lone backslash at the end)."""
    parts = [""]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            if parts[-1] or len(parts) == 1:
                parts.append("")
        elif char == "?":
            parts[-1] += "[^/]"
        elif char == "\\":
            if at == len(pattern):
                return None
            parts[-1] += re.escape(pattern[at])
            at += 1
        elif char == "[":
            bracket = _BRACKET.match(pattern, at - 1)
            expression = _bracket(bracket[1], bracket[2]) if bracket else None
            if bracket is None or expression is None:
                return None
            parts[-1] += expression
            at = bracket.end()
        else:
            parts[-1] += re.escape(char)
    if len(parts) == 1:
        return parts[0] or None
    first, *middle, last = parts
    return first + "".join(f"(?>[^/]*?{part})" for part in middle) + f"[^/]*{last}"


def _bracket(negation: str, body: str) -> str | None:
    inner = ""
    for name, escaped, plain in _IN_BRACKET.findall(body):
        if name and name not in _CLASSES:
            return None
        inner += _CLASSES[name] if name else "-" if plain == "-" else re.escape(escaped or plain)
    expression = f"(?!/)[{'^' if negation else ''}{inner}]"
    try:
        re.compile(expression)
    except re.error:
        return None
    return expression
