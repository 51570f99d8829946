"""Findings that somebody decided not to hear of again: by a comment at the line, or in the configuration.

``# tillproof: ignore[payment/client-amount] tips are free`` on a line of the finding or right above it, in the comment of any language.
"""

import re

from tillproof.contract import Finding, Suppressed
from tillproof.flow.program import Program
from tillproof.settings import CONFIG_FILE, Config

_COMMENT = re.compile(
    r"(?:#|//|/\*|<!--|\{#|\{\{--|^\s*\*)\s*tillproof:\s*ignore\[([\w/,\s-]{1,400})\]\s*:?\s*(.{0,400}?)\s*(?:\*/|-->|#\}|--\}\})?\s*$"
)


def suppressed(program: Program, finding: Finding, config: Config) -> Suppressed | None:
    """How and why a finding is suppressed, or None."""
    for line in range(max(1, finding.start_line - 1), finding.end_line + 1):
        match = _COMMENT.search(program.line_text(finding.file, line)) if finding.file in program.sources else None
        if match and finding.check in (name.strip() for name in match[1].split(",")):
            return _by(finding, "comment", match[2] or "no reason given")
    if finding.check in config.disable:
        return _by(finding, "config", f"disabled in {CONFIG_FILE.as_posix()}")
    return None


def _by(finding: Finding, by: str, reason: str) -> Suppressed:
    return Suppressed(
        id=finding.id,
        check=finding.check,
        file=finding.file,
        line=finding.start_line,
        by="comment" if by == "comment" else "config",
        reason=reason,
    )
