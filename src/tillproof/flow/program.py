"""The program under review: declarations of every file, and bodies lowered when somebody asks."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from tillproof.flow.trees import SyntaxTrees
from tillproof.flow.words import FileWords
from tillproof.ir.body import Body
from tillproof.ir.declarations import Class, FileIndex, Function
from tillproof.ir.ops import Op
from tillproof.languages import FAMILY, spec_of
from tillproof.languages.base import lower
from tillproof.languages.python_runners import ADAPTS, PREPARES, RUNS
from tillproof.source.files import SourceFile

TOP = -1
_ONE_WORD = re.compile(r"[\w$]+", re.ASCII)
# A name before the bracket of a call, with TypeScript's type arguments, in PHP's braces (``->{$method}(``), or after ``new``.
_CALLED = re.compile(
    rb"\bnew\s+(?:[\w$]+[.\\]|\\)*([\w$]++)|(?<![\w$\x80-\xff])([A-Za-z_$\x80-\xff][\w$\x80-\xff]*+)(?:\s|\?\.|!|<[^()]{0,600}>)*+\("
    rb"|->\{\s*(\$\w++)\s*\}\s*\("
)

# What a method is chosen of by its name, and called: ``axios[method](url)``.
_CHOSEN = re.compile(rb"(?<![\w$])([A-Za-z_$][\w$]*+)\[[^\[\]\n]{1,40}\](?:<[^()\n]{0,100}>)?\(")

# A method that is handed to another call as it is, and Python's calls that run what they are handed.
_HANDED = re.compile(rb"\.(\w+)\s*[,)]")
_FIRST = "|".join([*(name for name, at in RUNS.items() if at == 0), *ADAPTS, PREPARES])
_SECOND = "|".join(name for name, at in RUNS.items() if at == 1)
_RUN = re.compile(rf"(?<![\w$])(?:(?:{_FIRST})\s*\(\s*|(?:{_SECOND})\s*\([^,()]*,\s*)([\w.]+)\s*[,)]".encode())


class Fn(NamedTuple):
    """A function of the program: its file and its number there; ``TOP`` is the file's top level."""

    file: str
    number: int


class ClassId(NamedTuple):
    file: str
    number: int


class Program:
    """Declarations, sources and bodies. Nothing here knows what the code is about."""

    def __init__(self, files: dict[str, SourceFile], indices: dict[str, FileIndex], sources: dict[str, bytes]) -> None:
        self.files = files
        self.indices = indices
        self.sources = sources
        self._bodies: dict[Fn, Body] = {}
        self._calls: dict[Fn, dict[str, list[int]]] = {}
        self._trees = SyntaxTrees(sources)
        self.classes_by_name: dict[str, list[ClassId]] = defaultdict(list)
        self.functions_by_name: dict[str, list[Fn]] = defaultdict(list)
        for path, index in indices.items():
            for number, cls in enumerate(index.classes):
                self.classes_by_name[cls.name].append(ClassId(path, number))
            for number, function in enumerate(index.functions):
                if function.name:
                    self.functions_by_name[function.name].append(Fn(path, number))
        self._methods: dict[ClassId, dict[str, Fn]] = {}
        self._class_paths: dict[str, list[str]] = {}
        self.words = FileWords({path: sources[path] for path in indices})
        self._mentions: dict[str, list[str]] = {}
        self._called: dict[str, dict[str, list[int]]] = {}
        self._calls_of: dict[str, re.Pattern[bytes]] = {}
        self._runs: dict[str, list[tuple[bytes, int]]] = {}

    def language(self, file: str) -> str:
        """The language as packs name it: python, javascript or php."""
        return FAMILY[self.indices[file].language]

    def unit(self, file: str) -> str:
        return self.files[file].unit

    def function(self, fn: Fn) -> Function | None:
        """The declaration, or None for a file's top level."""
        return None if fn.number == TOP else self.indices[fn.file].functions[fn.number]

    def name(self, fn: Fn) -> str:
        function = self.function(fn)
        return function.name if function else "<top>"

    def qualified(self, fn: Fn) -> str:
        """``Class.method`` or the plain name, for people."""
        owner = self.owner(fn)
        name = self.name(fn) or "<anonymous>"
        return f"{self.cls(owner).name}.{name}" if owner else name

    def cls(self, cls: ClassId) -> Class:
        return self.indices[cls.file].classes[cls.number]

    def class_text(self, cls: ClassId) -> bytes:
        """A class as it is written, from its keyword to its end."""
        declared = self.cls(cls)
        return self.sources[cls.file][declared.start : declared.end]

    def path(self, cls: ClassId) -> str:
        """The dotted name under which a class keeps what it declares; one that stands in another, as a list of states does in its model,
        after that one: ``Order.Status``."""
        return self._paths(cls.file)[cls.number]

    def inner(self, cls: ClassId, name: str) -> ClassId | None:
        """The class of that name which stands in another one."""
        path = f"{self.path(cls)}.{name}"
        return next((ClassId(cls.file, n) for n, p in enumerate(self._paths(cls.file)) if p == path), None)

    def _paths(self, file: str) -> list[str]:
        """The dotted names of a file's classes, in order; only Python's classes keep others."""
        found = self._class_paths.get(file)
        if found is None:
            classes, nests = self.indices[file].classes, self.language(file) == "python"
            found = self._class_paths[file] = []
            around: list[tuple[int, str]] = []  # what ends where: a class stands in the file after the one around it
            for c in classes:
                while around and around[-1][0] <= c.start:
                    around.pop()
                found.append(f"{around[-1][1]}.{c.name}" if nests and around else c.name)
                around.append((c.end, found[-1]))
        return found

    def owner(self, fn: Fn) -> ClassId | None:
        function = self.function(fn)
        return ClassId(fn.file, function.owner) if function and function.owner >= 0 else None

    def parent(self, fn: Fn) -> Fn | None:
        """The function that a nested function stands in; a file's top level for the others; None for the top level itself."""
        function = self.function(fn)
        return None if function is None else Fn(fn.file, function.parent)

    def around(self, fn: Fn) -> Iterator[Fn]:
        """The functions in which a nested function stands, from the inside out; not the file's top level."""
        here = self.parent(fn)
        while here is not None and here.number != TOP:
            yield here
            here = self.parent(here)

    def outermost(self, fn: Fn) -> Fn:
        """The function that others know: the last of those in which one stands, or that one itself."""
        return next(reversed((fn, *self.around(fn))))

    def method_class(self, fn: Fn) -> ClassId | None:
        """The class whose ``this`` a function sees: its own, or that of the method around it."""
        here: Fn | None = fn
        while here is not None and here.number != TOP:
            if (owner := self.owner(here)) is not None:
                return owner
            here = self.parent(here)
        return None

    def class_around(self, file: str, line: int) -> ClassId | None:
        """The innermost class in whose text a line of a file stands."""
        around = [(c.end_line - c.line, n) for n, c in enumerate(self.indices[file].classes) if c.line <= line <= c.end_line]
        return ClassId(file, min(around)[1]) if around else None

    def methods(self, cls: ClassId) -> dict[str, Fn]:
        """The methods that a class declares itself, by name."""
        found = self._methods.get(cls)
        if found is None:
            functions = self.indices[cls.file].functions
            found = self._methods[cls] = {f.name: Fn(cls.file, n) for n, f in enumerate(functions) if f.owner == cls.number and f.name}
        return found

    def body(self, fn: Fn) -> Body:
        """The lowered body; made once."""
        found = self._bodies.get(fn)
        if found is None:
            index, source = self.indices[fn.file], self.sources[fn.file]
            tree = self._trees.of(fn.file, index.language)
            found = self._bodies[fn] = lower(spec_of(index.language), index, source, tree, fn.number)
        return found

    def calls(self, fn: Fn) -> dict[str, list[int]]:
        """The calls of a function, in order, by the last part of the name that they call by."""
        found = self._calls.get(fn)
        if found is None:
            body = self.body(fn)
            found = self._calls[fn] = {}
            for i, op in enumerate(body.op):
                if op in (Op.CALL, Op.NEW) and (name := body.called(i)):
                    found.setdefault(name, []).append(i)
        return found

    def mentioning(self, word: str) -> list[str]:
        """Analysed files whose text holds a word, in order of path."""
        found = self._mentions.get(word)
        if found is None:
            found = self.words.files(word)
            if found and not _ONE_WORD.fullmatch(word):
                raw = word.encode()
                pattern = re.compile(rb"(?<![\w$])" + re.escape(raw) + rb"(?![\w$])")
                found = [p for p in found if raw in self.sources[p] and pattern.search(self.sources[p])]
            self._mentions[word] = found
        return found

    def functions_around(self, file: str, word: str) -> list[Fn]:
        """The innermost functions (or the top level) of a file in which a word stands."""
        return self.functions_at(file, (m.start() for m in re.finditer(re.escape(word.encode()), self.sources[file])))

    def functions_near(self, fn: Fn, word: str) -> Iterator[Fn]:
        """The innermost functions in which a word stands, of all files of another one's unit that are written in its language."""
        for file in self.mentioning(word):
            if self.language(file) == self.language(fn.file) and self.unit(file) == self.unit(fn.file):
                yield from self.functions_around(file, word)

    def functions_calling(self, file: str, words: AbstractSet[str]) -> list[Fn]:
        """The innermost functions (or the top level) of a file in whose text one of ``words`` (lower case) is called or made by ``new``."""
        if file not in self._called and words.isdisjoint(self.words.lower(file)):
            return []
        called = self.called(file)
        return self.functions_at(file, (at for word in words & called.keys() for at in called[word]))

    def called(self, file: str) -> dict[str, list[int]]:
        """The last names (lower case) by which a file calls something, or makes it by ``new``, and the offsets at which it does."""
        found = self._called.get(file)
        if found is None:
            found = self._called[file] = {}
            for match in _CALLED.finditer(self.sources[file]):
                name = (match[1] or match[2] or match[3]).decode("utf-8", "replace").lower()
                found.setdefault(name, []).append(match.start(match.lastindex or 0))
            for match in _HANDED.finditer(self.sources[file]) if self.language(file) == "python" else ():
                found.setdefault(match[1].decode("utf-8", "replace").lower(), []).append(match.start(1))
            for match in _CHOSEN.finditer(self.sources[file]) if self.language(file) == "javascript" else ():
                found.setdefault(match[1].decode("utf-8", "replace").lower(), []).append(match.start(1))
        return found

    def functions_calling_name(self, file: str, name: str) -> list[Fn]:
        """``functions_calling`` for one name as it is spelt."""
        pattern = self._calls_of.get(name)
        if pattern is None:
            word = re.escape(name.encode())
            called = rb"(?:\s|\?\.|!|<[^()]{0,600}>)*+\("
            pattern = self._calls_of[name] = re.compile(word + rb"(?![\w$])(?:" + called + rb"|(?<=new " + word + rb"))")
        source = self.sources[file]
        places = [m.start() for m in pattern.finditer(source)]
        if self.language(file) == "python":
            if file not in self._runs:
                self._runs[file] = [(m[1].rpartition(b".")[2], m.start()) for m in _RUN.finditer(source)]
            places += [at for run, at in self._runs[file] if run == name.encode()]
        return self.functions_at(file, places)

    def functions_at(self, file: str, offsets: Iterable[int]) -> list[Fn]:
        """The innermost functions (or the top level) of a file that stand around offsets (bytes), in order."""
        functions = self.indices[file].functions
        starts: list[int] | None = None
        found: set[int] = set()
        for at in offsets:
            if starts is None:
                starts = [f.start for f in functions]
            inner = bisect_right(starts, at) - 1
            while inner >= 0 and functions[inner].end <= at:
                inner = functions[inner].parent
            found.add(max(inner, TOP))
        return [Fn(file, n) for n in sorted(found)]

    def all_functions(self, file: str) -> list[Fn]:
        """The top level of a file and all its functions."""
        return [Fn(file, n) for n in range(TOP, len(self.indices[file].functions))]

    def line_text(self, file: str, line: int) -> str:
        """A line of a file of code without its end; empty for one that there is not, or that is no code."""
        lines = self.sources.get(file, b"").split(b"\n")
        return lines[line - 1].decode("utf-8", "replace").rstrip() if 0 < line <= len(lines) else ""
