"""What project files say about imports: path aliases, workspace package names, and the versions of dependencies by unit."""

import json
import posixpath
import re
from pathlib import Path
from typing import NamedTuple

from tillproof.source.files import Tree
from tillproof.source.projects import dependencies

_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r",(\s*[}\]])")
_LARGEST = 1 << 20
_PRISMA = "@prisma/client"
_GENERATOR = re.compile(r"generator\s+\w+\s*\{([^}]*)\}")
# What a framework's own configuration means by names, beside what it says of others: below the folder in which it lies.
_BY_FRAMEWORK = {
    "svelte.config": (("$lib", "src/lib"),),
    "nuxt.config": (("~~/", ""), ("@@/", ""), ("#shared/", "shared")),
}
_ALIAS_BLOCK = re.compile(r"\balias\s*:\s*\{([^{}]*)\}")
_ALIAS_ENTRY = re.compile(r"""(?:^|[,{\s])["']?([$#@~\w][\w$@/*-]*)["']?\s*:\s*["'](\.{0,2}/?[\w./*-]+)["']""")
_IMPORT_MAPS = ("deno.json", "deno.jsonc", "import_map.json")
_OUTPUT = re.compile(r"^\s*output\s*=\s*\"([^\"]+)\"", re.MULTILINE)


class Alias(NamedTuple):
    """Imports that begin with ``prefix`` are found below ``folder``. ``scope``: the folder in which that is so, since each application of a
    workspace may mean its own files by ``@/``; None for the name of a package, which holds everywhere. ``package``: whose code is generated
    into that folder, and is not kept in the repository; empty otherwise."""

    prefix: str
    folder: str
    scope: str | None
    package: str = ""


def import_aliases(tree: Tree) -> list[Alias]:
    """``paths`` and ``baseUrl`` of tsconfig and jsconfig, what frameworks and import maps say, the names of the workspace's own packages,
    and where a client is generated to."""
    out: dict[tuple[str, str | None], Alias] = {}
    for file in tree.files:
        name = posixpath.basename(file.path)
        if name == "package.json":
            data = _read(tree.root / file.path)
            package = data.get("name")
            if isinstance(package, str) and posixpath.dirname(file.path):
                out.setdefault((package, None), Alias(package, posixpath.dirname(file.path), None))
        elif name.endswith(".prisma"):
            for folder in _generated(tree.root / file.path, posixpath.dirname(file.path)):
                out.setdefault((folder, _PRISMA), Alias("", folder, None, _PRISMA))
        elif (found := _told(tree, file.path, name)) is not None:
            scope = posixpath.dirname(file.path)
            for prefix, folder in found:
                out.setdefault((prefix, scope), Alias(prefix, folder, scope))
    return list(out.values())


def _told(tree: Tree, path: str, name: str) -> list[tuple[str, str]] | None:
    """Beginnings of imports with the folder that they mean, as a configuration says; None for a file that is none."""
    scope = posixpath.dirname(path)
    if name.startswith(("tsconfig", "jsconfig")) and name.endswith(".json"):
        data = _read(tree.root / path)
        return [*_paths(scope, data), *_below(scope, data, tree)]
    if name in _IMPORT_MAPS:
        given = _read(tree.root / path).get("imports")
        named = given.items() if isinstance(given, dict) else ()
        return [(str(k), _joined(scope, v)) for k, v in named if isinstance(v, str) and v.startswith(".")]
    known = _BY_FRAMEWORK.get(posixpath.splitext(name)[0])
    if known is None or not name.endswith((".js", ".ts", ".mjs", ".cjs", ".mts")):
        return None
    told = [pair for block in _ALIAS_BLOCK.findall(_text(tree.root / path)) for pair in _ALIAS_ENTRY.findall(block)]
    return [(prefix.removesuffix("*"), _joined(scope, folder.removesuffix("*"))) for prefix, folder in (*told, *known)]


def _joined(scope: str, folder: str) -> str:
    path = posixpath.normpath(posixpath.join(scope, folder))
    return "" if path == "." else path


def _generated(path: Path, folder: str) -> list[str]:
    """The folders that the generators of a Prisma schema write a client to."""
    told = (m[1] for block in _GENERATOR.findall(_text(path)) if (m := _OUTPUT.search(block)))
    return [posixpath.normpath(posixpath.join(folder, out)) for out in told]


def _below(folder: str, data: dict[str, object], tree: Tree) -> list[tuple[str, str]]:
    """The folders below ``baseUrl``: imports may begin with their names."""
    options = data.get("compilerOptions")
    base = options.get("baseUrl") if isinstance(options, dict) else None
    if not isinstance(base, str):
        return []
    root = posixpath.normpath(posixpath.join(folder, base))
    start = "" if root == "." else root + "/"
    names = {f.path[len(start) :].partition("/")[0] for f in tree.files if f.path.startswith(start) and "/" in f.path[len(start) :]}
    return [(name + "/", start + name) for name in sorted(names) if not name.startswith(".") and name != "node_modules"]


def _paths(folder: str, data: dict[str, object]) -> list[tuple[str, str]]:
    options = data.get("compilerOptions")
    paths = options.get("paths") if isinstance(options, dict) else None
    if not isinstance(options, dict) or not isinstance(paths, dict):
        return []
    base = posixpath.join(folder, str(options.get("baseUrl", ".")))
    out = []
    for pattern, targets in paths.items():
        if isinstance(targets, list) and targets and isinstance(targets[0], str):
            target = posixpath.normpath(posixpath.join(base, targets[0].removesuffix("*")))
            out.append((str(pattern).removesuffix("*"), "" if target == "." else target))
    return out


def _text(path: Path) -> str:
    """The beginning of a file; empty when it cannot be read."""
    try:
        return path.read_bytes()[:_LARGEST].decode("utf-8", "replace")
    except OSError:
        return ""


def _read(path: Path) -> dict[str, object]:
    """A JSON file with comments and trailing commas; empty when it is no object or cannot be read."""
    try:
        raw = path.read_bytes()
        if len(raw) > _LARGEST:
            return {}
        text = _COMMENT.sub(lambda m: m[1] or "", raw.decode("utf-8-sig", "replace"))
        data = json.loads(_TRAILING.sub(r"\1", text))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def unit_versions(tree: Tree) -> dict[str, dict[str, str | None]]:
    """Dependencies with their version constraints by unit."""
    return {unit.id: dependencies(tree.root, unit) for unit in tree.units}
