"""Which file an import means: Python dotted modules, JavaScript paths, aliases and workspaces, PHP namespaces."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tillproof.flow.program import ClassId, Fn, Program
from tillproof.source.aliases import Alias

_JS_ENDINGS = ("", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", "/index.ts", "/index.tsx", "/index.js", "/index.jsx", "/index.mjs")
_STARTS = ("manage.py", "main.py", "app.py", "run.py", "wsgi.py")


class Modules:
    """Finds files and classes by the names that imports use. ``aliases``: what tsconfig paths and package names say of them."""

    def __init__(self, program: Program, aliases: Iterable[Alias]) -> None:
        self.program = program
        self._aliases: dict[str | None, list[Alias]] = defaultdict(list)
        self._generated: list[tuple[str, str]] = []
        self.ends: dict[str, str] = {}
        """Ends of the paths of modules that a generator writes, and the package that each stands for."""
        self.carried: Mapping[str, frozenset[str]] = {}
        """PHP classes of others that packs speak of, by full name in lower case, with the methods that are spoken of. Plugins carry copies
        of the libraries that they need: what these do is read from the pack."""
        for alias in sorted(aliases, key=lambda a: -len(a.prefix)):
            if alias.package:
                self._generated.append((alias.folder, alias.package))
            else:
                self._aliases[alias.scope].append(alias)
        self._in_force: dict[str, list[Alias]] = {}
        self._python: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._php: dict[str, ClassId] = {}
        self._php_functions: dict[str, Fn] = {}
        self._memo: dict[tuple[str, str], str | None] = {}
        for path, index in program.indices.items():
            if index.language == "python":
                dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                self._python[dotted.rpartition(".")[2]].append((dotted, path))
            elif index.language == "php":
                prefix = index.namespace + "." if index.namespace else ""
                for number, cls in enumerate(index.classes):
                    self._php.setdefault((prefix + cls.name).lower(), ClassId(path, number))
                # One that is declared inside another is known everywhere, too, once that has run.
                for number, function in sorted(enumerate(index.functions), key=lambda pair: pair[1].parent >= 0):
                    if function.owner < 0 and function.name:
                        self._php_functions.setdefault((prefix + function.name).lower(), Fn(path, number))

    def find(self, importer: str, module: str) -> str | None:
        """The file that ``module`` names when ``importer`` asks for it, or None when it is not in the repository."""
        key = (importer, module)
        if key not in self._memo:
            language = self.program.indices[importer].language
            find = {"python": self._find_python, "php": self._find_include}.get(language, self._find_javascript)
            self._memo[key] = find(importer, module)
        return self._memo[key]

    def generated(self, importer: str, module: str) -> str:
        """The package whose code is generated to where ``module`` lies, with what stands below it; empty when none is."""
        for folder, package in self._generated:
            for path in self._paths(importer, module):
                if path == folder or path.startswith(folder + "/"):
                    return package
        return next((package for end, package in self.ends.items() if f"/{module.removesuffix('.js')}".endswith(f"/{end}")), "")

    def _paths(self, importer: str, module: str) -> Iterator[str]:
        """The paths that a JavaScript import may mean, whether anything is there or not."""
        if module.startswith("."):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(importer), module))
            return
        for prefix, folder, *_ in self._aliases_in(posixpath.dirname(importer)):
            if module == prefix or module.startswith(prefix if prefix.endswith("/") else prefix + "/"):
                yield posixpath.normpath(posixpath.join(folder, module[len(prefix) :].lstrip("/")))
        if module.startswith(("@/", "~/")):
            unit = self.program.unit(importer)
            yield from (posixpath.normpath(posixpath.join(base, module[2:])) for base in (unit, posixpath.join(unit, "src"), "", "src"))

    def _find_python(self, importer: str, module: str) -> str | None:
        if module.startswith("."):
            level = len(module) - len(module.lstrip("."))
            folder = importer.split("/")[:-level]
            dotted = ".".join([*folder, *[p for p in module.lstrip(".").split(".") if p]])
            exact = [p for d, p in self._python.get(dotted.rpartition(".")[2], []) if d == dotted]
            return exact[0] if exact else None
        found = [p for d, p in self._python.get(module.rpartition(".")[2], []) if d == module or self._below_a_root(d, module, importer)]
        return self._nearest(importer, [p for p in found if "." in module or not self._is_itself(p, module, importer)])

    def _is_itself(self, path: str, module: str, importer: str) -> bool:
        """Whether a file would import itself by its bare name, as would one that asks for that name (``from celery import Celery`` in the
        project's own ``celery.py``), or the empty package that it lies in: it means a package of others."""
        folder, _, name = path.rpartition("/")
        inside = name == "__init__.py" and importer.startswith(folder + "/")
        asks = any(one.module == module for one in self.program.indices[path].imports)
        return path == importer or asks or (inside and not self.program.sources[path].strip())

    def _below_a_root(self, dotted: str, module: str, importer: str) -> bool:
        """Whether a module may be imported by that name: the folder above it is on the path of the importer, and is no package itself or is
        where the program is started, which puts it on the path whatever else lies there."""
        if not dotted.endswith("." + module):
            return False
        above = dotted[: -len(module) - 1].replace(".", "/")
        on_path = importer.startswith(above + "/") or above.rpartition("/")[2] in ("src", "lib", "python", "apps")
        indices = self.program.indices
        return on_path and (above + "/__init__.py" not in indices or any(f"{above}/{start}" in indices for start in _STARTS))

    def _nearest(self, importer: str, candidates: list[str]) -> str | None:
        if not candidates:
            return None
        return max(candidates, key=lambda p: (len(posixpath.commonprefix([p, importer])), -len(p), p))

    def _find_javascript(self, importer: str, module: str) -> str | None:
        if module.startswith("."):
            return self._with_ending(posixpath.normpath(posixpath.join(posixpath.dirname(importer), module)))
        for prefix, folder, *_ in self._aliases_in(posixpath.dirname(importer)):
            if module == prefix or module.startswith(prefix if prefix.endswith("/") else prefix + "/"):
                rest = module[len(prefix) :].lstrip("/")
                for base in (folder, posixpath.join(folder, "src")):
                    found = self._with_ending(posixpath.normpath(posixpath.join(base, rest)) if rest else base)
                    if found:
                        return found
        if module.startswith(("@/", "~/", "src/", "app/", "lib/")):
            tail = module.removeprefix("@/").removeprefix("~/")
            unit = self.program.unit(importer)
            for base in (unit, posixpath.join(unit, "src"), posixpath.join(unit, "app"), "", "src"):
                found = self._with_ending(posixpath.normpath(posixpath.join(base, tail)))
                if found:
                    return found
        return None

    def _aliases_in(self, folder: str) -> list[Alias]:
        """The aliases for the files of a folder: those of the nearest project file first, then packages, then what others say."""
        if folder not in self._in_force:
            around = [s for s in _upwards(folder) if s in self._aliases]
            scopes = [*around, None, *(s for s in self._aliases if s is not None and s not in around)]
            self._in_force[folder] = [alias for scope in scopes for alias in self._aliases.get(scope, ())]
        return self._in_force[folder]

    def _with_ending(self, base: str) -> str | None:
        base = base.removeprefix("./")
        indices = self.program.indices
        for ending in _JS_ENDINGS:
            if base + ending in indices:
                return base + ending
        stem, dot, ending = base.rpartition(".")
        if dot and ending in ("js", "jsx", "mjs", "cjs"):
            return next((stem + e for e in (".ts", ".tsx", ".mts", ".cts") if stem + e in indices), None)
        return None

    def _find_include(self, importer: str, module: str) -> str | None:
        tail = posixpath.normpath(module).lstrip("./")
        return self._nearest(importer, [p for p in self.program.indices if p == tail or p.endswith("/" + tail)]) if tail else None

    def php_class(self, importer: str, name: str) -> ClassId | None:
        """A PHP class by its written name, full or relative to the file's namespace."""
        namespace = self.program.indices[importer].namespace
        for candidate in ((namespace + "." + name) if namespace else name, name):
            if found := self._php.get(candidate.lower()):
                return None if self.is_carried(found) else found
        return None

    def is_carried(self, cls: ClassId) -> bool:
        """Whether a class of PHP is a copy of one of others. One without a namespace must have a method that it is known by: ``class
        Paystack`` may be anybody's."""
        index = self.program.indices[cls.file]
        full = f"{index.namespace}.{self.program.cls(cls).name}".lstrip(".").lower()
        methods = self.carried.get(full) if index.language == "php" else None
        if methods is None or "." in full or "_" in full:
            return methods is not None
        return any(f.owner == cls.number and f.name.lower() in methods for f in index.functions)

    def php_function(self, importer: str, name: str) -> Fn | None:
        namespace = self.program.indices[importer].namespace
        for candidate in ((namespace + "." + name) if namespace else name, name):
            if found := self._php_functions.get(candidate.lower()):
                return found
        return None


def _upwards(folder: str) -> Iterator[str]:
    """A folder and those that it lies in, up to the root."""
    yield folder
    while folder:
        folder = posixpath.dirname(folder)
        yield folder
