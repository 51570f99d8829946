"""Data goes one way through the rooms of the house, and so do the imports: see docs/architecture.md."""

import ast
from pathlib import Path

import pytest

import tillproof

HOME = Path(tillproof.__file__).parent
KNOWS = {
    "ir": set(),
    "source": set(),
    "languages": {"ir"},
    "knowledge": set(),
    "flow": {"ir", "source", "languages"},
    "commerce": {"ir", "source", "languages", "flow", "knowledge"},
    "checks": {"ir", "source", "flow", "knowledge", "commerce", "languages"},
    "report": {"ir", "source", "flow", "knowledge", "commerce", "checks"},
}


def imported(path: Path) -> set[str]:
    """The rooms that a module imports anything of, for the checker of types too."""
    names = [n.module or "" for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import) for a in n.names]
    return {name.split(".")[1] for name in names if name.startswith("tillproof.")}


@pytest.mark.parametrize("room", KNOWS)
def test_a_room_imports_only_from_those_before_it(room: str) -> None:
    for module in sorted((HOME / room).rglob("*.py")):
        upstream = (imported(module) & set(KNOWS)) - KNOWS[room] - {room}
        assert not upstream, f"{module.relative_to(HOME)} imports {', '.join(sorted(upstream))}"
