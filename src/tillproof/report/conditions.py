"""What a pass would rest on besides the findings: code that handles payments in a language that is not analysed, and payments through a
system that no pack knows, of which nothing was found that hears how they ended and makes sure of it.

Without it a payment service in Go, or a plugin for a bank of one country, would pass for having no findings, and the build would go on.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator

from tillproof.contract import Boundary, Handler, Skipped
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


def unheard_systems(known: Container[str], boundaries: Iterable[Boundary], handlers: Iterable[Handler]) -> list[str]:
    """One sentence for each payment system that no pack knows, where nothing was found that hears of it and makes sure of what it hears."""
    sure = {handler.provider for handler in handlers if handler.verified in ("yes", "weak")}
    asked = {b.system: b.locations[0].file for b in boundaries if b.kind == "payment" and b.system not in known and b.locations}
    return [
        f"Payments go through `{system}` (`{file}`), which no pack knows, and nothing was found that hears how they ended and asks it, or "
        "checks, whether that is so: have this reviewed by a person, or describe the system in a pack."
        for system, file in sorted(asked.items())
        if system not in sure
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
