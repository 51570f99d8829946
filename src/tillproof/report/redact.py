"""Takes what a review found to be secret out of every text of its report, whether or not the masks would have known it."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from tillproof.contract import Report
from tillproof.source.mask import MASKED

# What quotes the code or speaks of it. All else is made of ids, paths and words of our own.
_TEXTS = frozenset(
    ["snippet", "note", "what", "title", "message", "remediation", "route", "acts", "statement", "scenario", "why", "expected", "reason",
     "preconditions", "steps"]
)  # fmt: skip
_SHORTEST = 4


def redacted(report: Report, secrets: Iterable[str]) -> Report:
    """The report without any of the secrets, nor any line of one that runs over several."""
    lines = {line.strip() for secret in secrets for line in secret.splitlines()}
    hidden = sorted((line for line in lines if len(line) >= _SHORTEST), key=lambda line: (-len(line), line))
    if not hidden:
        return report
    pattern = re.compile("|".join(re.escape(line) for line in hidden))
    return msgspec.convert(_without(msgspec.to_builtins(report), pattern, False), Report)


def _without(part: Any, pattern: re.Pattern[str], is_text: bool) -> Any:
    if isinstance(part, dict):
        return {key: _without(value, pattern, key in _TEXTS) for key, value in part.items()}
    if isinstance(part, list):
        return [_without(value, pattern, is_text) for value in part]
    return pattern.sub(MASKED, part) if is_text and isinstance(part, str) else part
