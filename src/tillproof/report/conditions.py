"""What a pass would rest on besides the findings: code that handles payments and is in a language that is not analysed.

Without it a payment service in Go would pass for having no findings, and the build would go on.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tillproof.contract import Boundary, Skipped
from tillproof.flow.program import Program
from tillproof.source.kinds import UNREAD


def unread_payments(program: Program, boundaries: Iterable[Boundary]) -> list[Skipped]:
    """The files that talk to a payment provider, or hear of one, and whose obligations nobody ruled on. In order of file."""
    systems: dict[str, set[str]] = defaultdict(set)
    for boundary in boundaries:
        if boundary.kind == "payment":
            for location in boundary.locations:
                systems[location.file].add(boundary.system)
    return [
        Skipped(file=path, reason=f"{language} is not analysed; this file talks to {' and '.join(sorted(systems[path]))}")
        for path, language in _unread(program, sorted(systems))
    ]


def conditions(program: Program, unread: Iterable[Skipped]) -> list[str]:
    """One sentence for each language in which payments are handled without having been reviewed."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, language in _unread(program, [skipped.file for skipped in unread]):
        places[language].append(path)
    return [
        f"Payments are handled in {language} (`{paths[0]}`{f' and {len(paths) - 1} more' if paths[1:] else ''}), which is not analysed: "
        "nothing that this code owes was verified, so have it reviewed by a person."
        for language, paths in sorted(places.items())
    ]


def _unread(program: Program, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        file = program.files.get(path)
        language = None if file is None or file.language is None else UNREAD.get(file.language)
        if language is not None:
            yield path, language
