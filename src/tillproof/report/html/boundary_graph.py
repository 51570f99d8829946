"""The boundary map as a graph: this code on the left, the systems on the right, each with a row per way that data goes.

Only places are computed here; the template draws them. Rows stand inside the systems' boxes, so that no label can lie on another.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tillproof.contract import Boundary, Handler, Report
from tillproof.report import wording

_MOST_UNITS = 9
_HEAD, _ROW, _PAD, _GAP = 30, 22, 8, 18
_UNIT_HEIGHT, _PORT = 40, 14
_STATE = {"yes": "good", "weak": "bad", "no": "bad", "unknown": "open"}
_PROOFS = {
    "yes": ("sender proven", "proven"),
    "weak": ("proof can be bypassed", "bypassable"),
    "no": ("sender not proven", "not proven"),
    "unknown": ("sender undecided", "undecided"),
}
_Link = tuple[str, "Row", str, str]
_KINDS = (
    "payment",
    "tax",
    "shipping",
    "platform",
    "marketplace",
    "erp",
    "pim",
    "warehouse",
    "notification",
    "analytics",
    "identity",
    "other",
)


class Measure(NamedTuple):
    """Widths of the columns and of the space between them; ``letters`` fit into a unit's box."""

    unit: int
    between: int
    system: int
    letters: int


WIDE = Measure(250, 150, 420, 32)
NARROW = Measure(84, 46, 226, 11)


class Row(NamedTuple):
    """One way: ``y`` is its middle. ``proof`` and ``state`` (good, bad or open) are those of the least proven sender; plain goes out."""

    y: int
    inbound: bool
    protocol: str
    auth: str
    proof: str
    brief: str
    places: int
    state: str


class System(NamedTuple):
    name: str
    kind: str
    y: int
    height: int
    rows: tuple[Row, ...]


class Unit(NamedTuple):
    """A box of this code; every edge has a port of its own on its side."""

    name: str
    top: int
    height: int


class Edge(NamedTuple):
    """A curve; the arrow stands at the end to which data goes."""

    path: str
    inbound: bool
    state: str
    said: str


class Graph(NamedTuple):
    measure: Measure
    width: int
    height: int
    units: tuple[Unit, ...]
    systems: tuple[System, ...]
    edges: tuple[Edge, ...]


def graph(report: Report, measure: Measure) -> Graph:
    """The graph of a report, laid out for one width."""
    unit_of = _grouped_units(report.boundaries)
    systems: list[System] = []
    links: list[_Link] = []
    top = 4
    for name, boundaries in sorted(wording.systems(report.boundaries).items(), key=lambda item: (_rank(item[1][0].kind), item[0])):
        rows: list[Row] = []
        y = top + _HEAD + _ROW // 2
        for way in _ways(boundaries):
            row = _row(y, way, report.handlers)
            rows.append(row)
            for unit in dict.fromkeys(unit_of[boundary.unit] for boundary in way):
                mine = [boundary for boundary in way if unit_of[boundary.unit] == unit]
                links.append((unit, row, name, _state(mine, report.handlers)))
            y += _ROW
        height = _HEAD + _ROW * len(rows) + _PAD
        systems.append(System(name, boundaries[0].kind, top, height, tuple(rows)))
        top += height + _GAP
    height = max(top - _GAP + 4, 80)
    units, ports = _placed(links, height, report)
    if units:
        height = max(height, units[-1].top + units[-1].height + 4)
    edges = tuple(_edge(measure, port, link) for link, port in zip(links, ports, strict=True))
    return Graph(measure, measure.unit + measure.between + measure.system + 4, height, tuple(units), tuple(systems), edges)


def _rank(kind: str) -> int:
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)


def _ways(boundaries: Sequence[Boundary]) -> list[list[Boundary]]:
    """The boundaries of a system that differ in nothing but their unit, what comes in first."""
    found: dict[tuple[str, str, str], list[Boundary]] = {}
    for boundary in boundaries:
        found.setdefault((boundary.direction, boundary.protocol, boundary.auth), []).append(boundary)
    return [found[key] for key in sorted(found)]


def _row(y: int, way: Sequence[Boundary], handlers: Sequence[Handler]) -> Row:
    first = way[0]
    places = sum(len(boundary.locations) for boundary in way)
    if first.direction == "outbound":
        return Row(y, False, first.protocol, first.auth, "", "", places, "plain")
    proof, brief = _PROOFS[_least_proven(way, handlers)]
    return Row(y, True, first.protocol, first.auth, proof, brief, places, _state(way, handlers))


def _state(way: Sequence[Boundary], handlers: Sequence[Handler]) -> str:
    return "plain" if way[0].direction == "outbound" else _STATE[_least_proven(way, handlers)]


def _least_proven(way: Sequence[Boundary], handlers: Sequence[Handler]) -> str:
    """A message's sender is proven by the message; what a browser brings back comes by plain HTTP and is a way of its own."""
    units = {boundary.unit for boundary in way}
    returns = way[0].protocol != "webhook"
    mine = [h for h in handlers if h.provider == way[0].system and h.unit in units and (h.kind == "redirect-return") == returns]
    return min((h.verified for h in mine), key=("no", "weak", "unknown", "yes").index, default="unknown")


def _grouped_units(boundaries: Sequence[Boundary]) -> dict[str, str]:
    """The unit, or, where there are too many to draw, the folder that holds several."""
    names = sorted({boundary.unit for boundary in boundaries})
    for depth in (9, 3, 2, 1):
        found = {name: "/".join(name.split("/")[:depth]) for name in names}
        if len(set(found.values())) <= _MOST_UNITS:
            return found
    return dict.fromkeys(names, f"{len(names)} units")


def _placed(links: Sequence[_Link], height: int, report: Report) -> tuple[list[Unit], list[int]]:
    """Units in the order of what they are linked to, each near the middle of it and none on another; and where each link leaves its own."""
    wanted: dict[str, list[int]] = {}
    for unit, row, _, _ in links:
        wanted.setdefault(unit, []).append(row.y)
    ordered = sorted((sum(ys) // len(ys), unit) for unit, ys in wanted.items())
    heights = {unit: max(_UNIT_HEIGHT, _PORT * (len(ys) + 1)) for unit, ys in wanted.items()}
    units: list[Unit] = []
    tops: dict[str, int] = {}
    top = 4
    for n, (middle, unit) in enumerate(ordered):
        below = sum(heights[other] + _GAP for _, other in ordered[n + 1 :])
        top = max(top, min(middle - heights[unit] // 2, height - 4 - below - heights[unit]))
        units.append(Unit(report.target.path if unit == "." else unit, top, heights[unit]))
        tops[unit] = top
        top += heights[unit] + _GAP
    ports = []
    for unit, row, _, _ in links:
        above = sorted(wanted[unit]).index(row.y)
        first = heights[unit] // 2 - _PORT * (len(wanted[unit]) - 1) // 2
        ports.append(tops[unit] + first + _PORT * above)
    return units, ports


def _edge(measure: Measure, port: int, link: _Link) -> Edge:
    unit, row, system, state = link
    left, right = measure.unit + 2, measure.unit + measure.between + 2
    bend = measure.between // 2
    ends = (left, port, right - (0 if row.inbound else 7), row.y)
    if row.inbound:
        ends = (right, row.y, left + 7, port)
        bend = -bend
    path = f"M{ends[0]} {ends[1]} C{ends[0] + bend} {ends[1]} {ends[2] - bend} {ends[3]} {ends[2]} {ends[3]}"
    said = f"{system} to {unit}" if row.inbound else f"{unit} to {system}"
    return Edge(path, row.inbound, state, f"{said}: {row.protocol}, {row.auth}")
