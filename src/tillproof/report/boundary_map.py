"""The integration boundaries in Markdown: tables, and a Mermaid flowchart that GitHub and most editors draw."""

from collections.abc import Iterator, Sequence

from tillproof.contract import Boundary, Handler, Location
from tillproof.report import escape, wording
from tillproof.report.markdown_table import table

_MOST_PLACES = 5


def boundary_table(boundaries: Sequence[Boundary]) -> Iterator[str]:
    """One row per boundary."""
    rows = [
        [
            escape.cell(each.system),
            escape.cell(each.kind),
            each.direction,
            escape.cell(each.protocol),
            escape.cell(each.auth),
            _places(each.locations),
            escape.code_cell(each.unit),
        ]
        for each in boundaries
    ]
    yield from table(("System", "Kind", "Direction", "Protocol", "Authentication", "Where", "Unit"), rows)


def _places(locations: Sequence[Location]) -> str:
    shown = "<br>".join(escape.code_cell(wording.at(each.file, each.line)) for each in locations[:_MOST_PLACES])
    return f"{shown}<br>+{len(locations) - _MOST_PLACES} more" if len(locations) > _MOST_PLACES else shown


def flowchart(boundaries: Sequence[Boundary]) -> Iterator[str]:
    """Units on the left, systems on the right, an arrow per direction and protocol."""
    units = {unit: f"u{number}" for number, unit in enumerate(sorted({each.unit for each in boundaries}))}
    systems = {system: f"s{number}" for number, system in enumerate(sorted({each.system for each in boundaries}))}
    kinds = {each.system: each.kind for each in boundaries}
    yield "```mermaid"
    yield "flowchart LR"
    for unit, node in units.items():
        yield f'    {node}["{escape.mermaid("this code" if unit == "." else unit)}"]'
    for system, node in systems.items():
        yield f'    {node}(["{escape.mermaid(system)} ({escape.mermaid(kinds[system])})"])'
    for arrow in dict.fromkeys(_arrow(each, units[each.unit], systems[each.system]) for each in boundaries):
        yield "    " + arrow
    yield "```"
    yield ""


def _arrow(boundary: Boundary, unit: str, system: str) -> str:
    start, end = (unit, system) if boundary.direction == "outbound" else (system, unit)
    label = escape.mermaid(f"{boundary.protocol}, {boundary.auth}")
    return f'{start} -->|"{label}"| {end}'


def handler_table(handlers: Sequence[Handler]) -> Iterator[str]:
    """One row per entry point."""
    rows = [
        [
            escape.code_cell(wording.at(each.file, each.line)),
            escape.cell(each.provider),
            each.kind,
            escape.code_cell(each.route) if each.route else "",
            escape.cell(each.role),
            wording.sender(each)[0],
            wording.repetition(each)[0],
            escape.cell(each.acts),
        ]
        for each in handlers
    ]
    yield from table(("Where", "Provider", "Kind", "Route", "Who may call", "Sender", "Deduplication", "What it does"), rows)
