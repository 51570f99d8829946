"""Which external systems an obligation is about: those that its lines call or are called by."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tillproof.commerce.surface import Surface
from tillproof.contract import Boundary, Handler

_Place = tuple[str, int]


class Belonging:
    """Looks places up in the boundary map, the handlers and the provider calls."""

    def __init__(self, boundaries: Sequence[Boundary], handlers: Sequence[Handler], surface: Surface) -> None:
        self._at: dict[_Place, dict[str, None]] = defaultdict(dict)
        self._in: dict[str, dict[str, None]] = defaultdict(dict)
        for handler in handlers:
            self._add(handler.file, handler.line, handler.line, handler.provider)
        for call in surface.calls:
            self._add(call.file, call.line, call.end_line, call.system)
        for boundary in boundaries:
            for location in boundary.locations:
                self._add(location.file, location.line, location.line, boundary.system)

    def _add(self, file: str, first: int, last: int, system: str) -> None:
        for line in range(first, last + 1):
            self._at[file, line][system] = None
        self._in[file][system] = None

    def of(self, places: Iterable[_Place]) -> list[str]:
        """The systems at the places themselves; else the one that each place's file speaks to, where it is one only."""
        places = list(places)
        exact = [system for place in places for system in self._at.get(place, ())]
        around = [next(iter(found)) for file, _ in places if len(found := self._in.get(file, {})) == 1]
        return sorted(set(exact or around))
