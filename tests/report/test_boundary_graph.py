"""The boundary map as a graph: what is drawn where, and in which state."""

from itertools import combinations
from typing import Any

import msgspec

from tests.report.samples import plausible, report
from tillproof.contract import Boundary, Handler, Location
from tillproof.report.html.boundary_graph import NARROW, WIDE, graph
from tillproof.report.html.text import shortened


def boundary(system: str = "stripe", direction: Any = "outbound", unit: str = ".", **changes: Any) -> Boundary:
    protocol = "webhook" if direction == "inbound" else "rest"
    values = {"kind": "payment", "protocol": protocol, "auth": "hmac", "locations": [Location(file="a.py", line=1)], **changes}
    return Boundary(system=system, direction=direction, unit=unit, **values)


def handler(verified: Any, unit: str = ".", kind: Any = "webhook") -> Handler:
    return Handler(
        file="a.py", line=1, provider="stripe", kind=kind, route="/", role="public", verified=verified, dedup="no", acts="pays", unit=unit
    )


def test_a_row_per_way_and_the_arrow_points_where_data_goes() -> None:
    drawn = graph(plausible(), WIDE)
    assert [(s.name, [(r.inbound, r.protocol, r.proof) for r in s.rows]) for s in drawn.systems] == [
        ("paypal", [(True, "webhook", "sender proven")]),
        ("stripe", [(True, "webhook", "sender not proven"), (False, "rest", "")]),
    ]
    right = WIDE.unit + WIDE.between + 2
    for edge in drawn.edges:
        start = int(edge.path[1:].split()[0])
        assert (start == right) is edge.inbound


def test_the_least_proven_sender_colours_the_row_and_each_unit_its_edge() -> None:
    boundaries = [boundary(direction="inbound", unit=unit) for unit in ("a", "b")]
    made = report([], [], boundaries=boundaries, handlers=[handler("yes", "a"), handler("no", "b"), handler("no", "a", "redirect-return")])
    drawn = graph(made, WIDE)
    assert [row.state for row in drawn.systems[0].rows] == ["bad"]
    assert sorted(edge.state for edge in drawn.edges) == ["bad", "good"]


def test_nothing_lies_on_anything_else() -> None:
    boundaries = [boundary(f"s{n}", direction, f"u{n % 5}") for n in range(12) for direction in ("inbound", "outbound")]
    for measure in (WIDE, NARROW):
        drawn = graph(report([], [], boundaries=boundaries), measure)
        boxes = [[(u.top, u.top + u.height) for u in drawn.units], [(s.y, s.y + s.height) for s in drawn.systems]]
        for column in boxes:
            assert all(a[1] <= b[0] or b[1] <= a[0] for a, b in combinations(column, 2))
            assert all(top >= 0 and bottom <= drawn.height for top, bottom in column)
        assert len({edge.path for edge in drawn.edges}) == len(drawn.edges) == 24


def test_many_units_are_drawn_by_folder() -> None:
    units = [f"apps/{kind}/{n}" for kind in ("web", "api") for n in range(30)]
    drawn = graph(report([], [], boundaries=[boundary(unit=unit) for unit in units]), WIDE)
    assert [unit.name for unit in drawn.units] == ["apps/api", "apps/web"]
    flat = graph(report([], [], boundaries=[boundary(unit=f"u{n}") for n in range(30)]), WIDE)
    assert [unit.name for unit in flat.units] == ["30 units"]


def test_the_root_is_called_by_the_name_of_the_target() -> None:
    made = report([], [], boundaries=[boundary()])
    assert graph(made, WIDE).units[0].name == made.target.path
    assert graph(msgspec.structs.replace(made, boundaries=[]), WIDE).units == ()


def test_long_names_keep_their_end() -> None:
    assert shortened("shop", 11) == "shop"
    assert shortened("packages/Webkul/Paypal", 11) == "…/Paypal"
    assert shortened("an-unbroken-name-that-is-long", 11) == "…at-is-long"
