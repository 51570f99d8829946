"""Data goes one way through the rooms of the house, and so do the imports: see docs/architecture.md."""

import ast
from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
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


def needed(body: list[ast.stmt], modules: Collection[str]) -> Iterator[str]:
    """The modules that must be there before one of this body can be; not those that the checker of types alone looks at."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules else node.module for name in whole)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from needed(node.body, modules)


@pytest.mark.parametrize("room", KNOWS)
def test_a_room_imports_only_from_those_before_it(room: str) -> None:
    for module in sorted((HOME / room).rglob("*.py")):
        upstream = (imported(module) & set(KNOWS)) - KNOWS[room] - {room}
        assert not upstream, f"{module.relative_to(HOME)} imports {', '.join(sorted(upstream))}"


def test_no_module_is_needed_before_it_can_be() -> None:
    modules = {"tillproof." + ".".join(p.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__"): p for p in HOME.rglob("*.py")}
    graph = {name: set(needed(ast.parse(path.read_text()).body, modules)) & set(modules) for name, path in modules.items()}
    TopologicalSorter(graph).prepare()
