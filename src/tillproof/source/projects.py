"""Project files: what a unit depends on, as its ``package.json``, ``composer.json``, ``pyproject.toml`` … says.

Everything here is read as data, never run, and a broken file simply says nothing.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from tillproof.contract import Unit
from tillproof.source.text import as_utf8, read_bytes

_MAX_BYTES = 1_000_000
# A requirement as PEP 508 writes it: name, extras, version constraint; what follows a semicolon is when it holds.
_REQUIREMENT = re.compile(
    r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]\n]*\])?\s*(?:@\s*\S+|\(?\s*([<>=!~][^;#)\n]*?)\s*\)?)?\s*(?:;.*|\s#.*|#.*)?$"
)
_INSTALL_REQUIRES = re.compile(
    r"\b(?:install_requires|requirements|requires|REQUIRES|REQUIREMENTS|INSTALL_REQUIRES)\s*=\s*\[([^\]]{0,5000})\]"
)
# `requirements.txt`, `requirements-dev.in`, `app_requirements.txt`
_LIST = re.compile(r"([\w.-]*[_.-])?requirements([_.-][\w.-]*)?\.(txt|in)")
_QUOTED = re.compile(r"""(["'])((?:(?!\1)[^\\\n])*)\1""")
_GEM = re.compile(r"""^[ \t]*gem[ \t]+["']([\w.-]+)["'](?:\s*,\s*["']([^"'\n]+)["'])?""", re.MULTILINE)
_GO_REQUIRE = re.compile(r"^[ \t]*(?:require[ \t]+)?([\w.-]+\.[a-z]+/[^\s()]+)[ \t]+(v[^\s/]+)", re.MULTILINE)
_PACKAGE_REFERENCE = re.compile(r"""<PackageReference\s+Include="([^"\n]+)"(?:\s+Version="([^"\n]+)")?""")


def dependencies(root: Path, unit: Unit) -> dict[str, str | None]:
    """What a unit itself declares to need: package name to version constraint, ``None`` where it names none.

    Names are as their registry writes them, Python's in lower case with hyphens. Development dependencies are included.
    """
    folder = root / unit.path
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return {}
    return dependencies_in(folder, names)


def dependencies_in(folder: Path, names: set[str]) -> dict[str, str | None]:
    """The same for a folder whose entries are known by name."""
    found: dict[str, str | None] = {}
    if "package.json" in names:
        package = read_json(folder / "package.json")
        for section in ("devDependencies", "optionalDependencies", "peerDependencies", "dependencies"):
            found.update(_constraints(package.get(section)))
    if "composer.json" in names:
        composer = read_json(folder / "composer.json")
        found.update({**_constraints(composer.get("require-dev")), **_constraints(composer.get("require"))})
    found.update(_python_dependencies(folder, names))
    for name in sorted(name for name in names if name.endswith(".csproj")):
        found.update({package: version or None for package, version in _PACKAGE_REFERENCE.findall(read_text(folder / name))})
    if "Gemfile" in names:
        found.update({name: version or None for name, version in _GEM.findall(read_text(folder / "Gemfile"))})
    if "go.mod" in names:
        found.update(_GO_REQUIRE.findall(read_text(folder / "go.mod")))
    return found


def _python_dependencies(folder: Path, names: set[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    if "setup.py" in names:
        found.update(_from_setup(folder, read_text(folder / "setup.py")))
    if "Pipfile" in names:
        pipfile = read_toml(folder / "Pipfile")
        found.update({**_from_table(pipfile.get("dev-packages")), **_from_table(pipfile.get("packages"))})
    if "pyproject.toml" in names:
        found.update(_from_pyproject(read_toml(folder / "pyproject.toml")))
    for name in sorted(names):
        if _LIST.fullmatch(name):
            found.update(_from_lines(read_text(folder / name).splitlines()))
    if "requirements" in names:
        found.update(_from_requirements_folder(folder / "requirements"))
    return found


def runtime_of(package: dict[str, Any]) -> dict[str, str | None]:
    """What a ``package.json`` needs at run time."""
    return {**_constraints(package.get("peerDependencies")), **_constraints(package.get("dependencies"))}


def describes_a_project(package: dict[str, Any]) -> bool:
    """False for a ``package.json`` that only tells the loader something, such as ``{"type": "module"}`` in a build folder."""
    return not {"name", "dependencies", "devDependencies", "scripts"}.isdisjoint(package)


def read_text(path: Path) -> str:
    """The text of a small file; empty when there is none that can be read."""
    try:
        data, _ = as_utf8(read_bytes(str(path), _MAX_BYTES))
    except (OSError, ValueError):
        return ""
    return (data or b"").decode("utf-8", "replace")


def read_start(path: Path, count: int) -> bytes:
    """The first ``count`` bytes of a file; empty when it cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError:
        return b""


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty when there is none."""
    try:
        value = json.loads(read_text(path))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a TOML file; empty when there is none."""
    try:
        return tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _constraints(section: object) -> dict[str, str | None]:
    if not isinstance(section, dict):
        return {}
    return {name: version if isinstance(version, str) else None for name, version in section.items()}


def _from_pyproject(project: dict[str, Any]) -> dict[str, str | None]:
    standard = _table(project, "project")
    lists = [
        *_table(standard, "optional-dependencies").values(),
        *_table(project, "dependency-groups").values(),
        standard.get("dependencies"),
    ]
    found: dict[str, str | None] = {}
    for requirements in lists:
        if isinstance(requirements, list):
            found.update(_from_lines([line for line in requirements if isinstance(line, str)]))
    poetry = _table(_table(project, "tool"), "poetry")
    groups = [_table(group, "dependencies") for group in _table(poetry, "group").values() if isinstance(group, dict)]
    for table in (poetry.get("dev-dependencies"), *groups, poetry.get("dependencies")):
        found.update(_from_table(table))
    found.pop("python", None)
    return found


def _table(parent: dict[str, Any], key: str) -> dict[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _from_table(table: object) -> dict[str, str | None]:
    """Poetry's and Pipfile's way: name to constraint, or to a table with a ``version``."""
    found: dict[str, str | None] = {}
    for name, wanted in table.items() if isinstance(table, dict) else ():
        version = wanted.get("version") if isinstance(wanted, dict) else wanted
        found[_python_name(name)] = version if isinstance(version, str) and version != "*" else None
    return found


def _from_lines(lines: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for line in lines:
        # An option (-r, --hash, -e) or a bare address names no package that could be matched.
        match = _REQUIREMENT.match(line.partition(" --hash")[0].rstrip("\\ \t")[:500])
        if match:
            found[_python_name(match[1])] = match[2] or None
    return found


def _from_requirements_folder(folder: Path) -> dict[str, str | None]:
    """``requirements/base.txt`` and its like."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in (".txt", ".in"))
    except OSError:
        return {}
    found: dict[str, str | None] = {}
    for name in names[:20]:
        found.update(_from_lines(read_text(folder / name).splitlines()))
    return found


def _from_setup(folder: Path, text: str) -> dict[str, str | None]:
    """What ``setup.py`` names, and what the lists hold that it opens: ``open("src/app_requirements.txt")``."""
    text = text[:100_000]
    found: dict[str, str | None] = {}
    opened = dict.fromkeys(path for _, path in _QUOTED.findall(text) if _LIST.fullmatch(path.rpartition("/")[2]))
    for path in list(opened)[:10]:
        if "/" in path and ".." not in path and not path.startswith("/"):
            found.update(_from_lines(read_text(folder / path).splitlines()))
    return found | _from_lines([quoted for body in _INSTALL_REQUIRES.findall(text) for _, quoted in _QUOTED.findall(body)])


def _python_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
