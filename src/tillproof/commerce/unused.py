"""Code that was left standing: the old way of paying that no route leads to any more, beside the one that a route does.

Only where the routes of its neighbours are known, and nothing else in the tree, no page and no text in it, says its name.
"""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.addresses import in_comment
from tillproof.flow.initialised import CONSTRUCTORS
from tillproof.flow.program import TOP, ClassId, Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SHORTEST = 5
_CONTROLLER = re.compile(r"\w+Controller")
_LIBRARY = re.compile(r"(^|/)application/libraries/\w+\.php$")
_TRAIT = re.compile(rb"[{;}]\s*use\s+[A-Z\\]")
_LARAVEL = b"Illuminate\\"
# Lines that bring a name in or hand it out, and call nothing.
_CARRIES = re.compile(
    rb"\s*(?:import\b|from\s+[\w.]+\s+import\b|export\s*\{|use\s+[\w\\]+;|(?:const|let|var)\s*\{[^}]*\}\s*=\s*(?:await\s+)?(?:require|import)\b"
    rb"|(?:module\.)?exports\b)"
)
# What stands before the name of a method of PHP where it is called or told: a word in a sentence, or the end of a route's name, is neither.
_TOLD = (b"->", b"::", b"@", b"'", b'"')
_EXPORTED = (
    rb"\bexports(?:\.NAME\b|\s*=\s*\{[^}]*\bNAME\b)|\bexport\s+(?:default\s+)?(?:async\s+)?(?:function|const|let)\s+NAME\b"
    rb"|\bexport\s*\{[^}]*\bNAME\b"
)


class Unused:
    """Answers by place; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._memo: dict[Fn, bool] = {}

    def stands_at(self, file: str, line: int) -> bool:
        """Whether a line of code is in a function that nothing leads to."""
        index = self.model.program.indices.get(file)
        around = [n for n, f in enumerate(index.functions) if f.line <= line <= f.end_line and f.parent == TOP] if index else []
        return bool(around) and all(self.is_unused(Fn(file, n)) for n in around)

    def is_unused(self, fn: Fn) -> bool:
        """Whether nothing leads to a function that stands beside others which a route leads to."""
        if fn not in self._memo:
            self._memo[fn] = self._may_be(fn) and not self._is_named(fn)
        return self._memo[fn]

    def left_behind(self, fn: Fn) -> bool:
        """Whether no way in leads to a function of a unit that has ways in, and nothing in the tree says its name."""
        program, outer = self.model.program, self.model.program.outermost(fn)
        name = program.name(outer)
        if len(name) < _SHORTEST or not name.isidentifier() or outer in self._entered or self.model.entries_to(fn):
            return False
        function = program.function(outer)
        if function is None or self._is_decorated(outer.file, function.line) or program.language(outer.file) == "php":
            return False
        return program.unit(outer.file) in self._served and not self._is_named(outer)

    @cached_property
    def _served(self) -> set[str]:
        """The units that a request can reach."""
        return {self.model.program.unit(e.target.fn.file) for e in self.model.entries if e.route and e.methods != ("NONE",)}

    @cached_property
    def _routed(self) -> set[tuple[str, ClassId | None]]:
        """The files and classes of functions that a route leads to."""
        program = self.model.program
        asked = (entry for entry in self.model.entries if entry.route and entry.methods != ("NONE",))
        return {(fn.file, program.owner(fn)) for fn in (program.outermost(entry.target.fn) for entry in asked)}

    @cached_property
    def _entered(self) -> set[Fn]:
        handlers = (handler.entry for handler in self.model.handlers.all)
        return {self.model.program.outermost(entry.target.fn) for entry in (*self.model.entries, *handlers)}

    def _may_be(self, fn: Fn) -> bool:
        """Whether a function could only be reached by its name, as those beside it are by routes."""
        program = self.model.program
        function = program.function(fn)
        name = program.name(fn)
        if function is None or len(name) < _SHORTEST or not name.isidentifier() or name.startswith("__") or name in CONSTRUCTORS:
            return False
        if fn in self._entered or self._is_decorated(fn.file, function.line):
            return False
        owner, language = program.owner(fn), program.language(fn.file)
        if language == "php" and owner is not None and self._is_library(owner):
            return True
        if language == "php":
            if owner is None or not _CONTROLLER.fullmatch(program.cls(owner).name) or _LARAVEL not in program.sources[fn.file]:
                return False
            if _TRAIT.search(program.class_text(owner)):
                return False  # what a trait of the framework's calls: `use RegistersUsers`
        elif owner is not None and (language == "python" or program.cls(owner).bases):
            return False  # who wrote the class above calls its methods
        elif owner is None and language == "javascript" and not self._is_exported(fn.file, name):
            return False  # a method of an object, whose holder calls it
        return (fn.file, owner) in self._routed

    def _is_library(self, cls: ClassId) -> bool:
        """Whether a class is one of those that CodeIgniter's third version loads by its name from a folder of libraries, and of which
        another method is named: an application's copy of what a provider's sample has, of which it calls a few."""
        program = self.model.program
        if not _LIBRARY.search(cls.file) or program.cls(cls).bases:
            return False
        return any(self._is_named(fn) for name, fn in program.methods(cls).items() if len(name) >= _SHORTEST)

    def _is_exported(self, file: str, name: str) -> bool:
        """Whether a module hands a function out by its name."""
        return re.search(_EXPORTED.replace(b"NAME", re.escape(name.encode())), self.model.program.sources[file]) is not None

    def _is_decorated(self, file: str, line: int) -> bool:
        """Whether something above a function that begins at a line may register it."""
        return any(self.model.program.line_text(file, n).lstrip().startswith(("@", "#[")) for n in (line, line - 1))

    def _is_named(self, fn: Fn) -> bool:
        """Whether anything says a function's name but where it is declared, brought in or handed out."""
        program = self.model.program
        name = program.name(fn).encode()
        start = program.indices[fn.file].functions[fn.number].start
        kept_in = program.owner(fn) if program.language(fn.file) == "php" else None
        owner = program.cls(kept_in).name.encode() if kept_in is not None else None
        word = re.compile(rb"(?<![\w$])" + re.escape(name) + rb"(?![\w$])")
        alone = re.compile(rb"\s*" + re.escape(name) + rb"\s*,?\s*")
        for file in self.model.texts.files:
            text = self.model.texts.text(file.path)
            if name not in text:
                continue
            own = file.path == fn.file
            found = [match.start() for match in word.finditer(text)]
            declared = min(found, key=lambda at: abs(at - start)) if own and found else -1
            for at in found:
                if at == declared or (owner is not None and not text.endswith(_TOLD, 0, at)):
                    continue
                begin = text.rfind(b"\n", 0, at) + 1
                line = text[begin : end if (end := text.find(b"\n", at)) >= 0 else len(text)]
                if _CARRIES.match(line) or (own and alone.fullmatch(line)) or in_comment(text, at, begin):
                    continue
                if owner is None or not _of_another(line, name, owner):
                    return True
        return False


def _of_another(line: bytes, name: bytes, owner: bytes) -> bool:
    """Whether a line of PHP declares or names the method of another class so called: ``[CheckoutController::class, 'pay']``."""
    if re.search(rb"\bfunction\s+&?" + name + rb"\s*\(", line):
        return True
    named = re.search(rb"(\w+)::class\s*,\s*['\"]" + name + rb"['\"]|(\w+)@" + name + rb"\b", line)
    return named is not None and owner not in named.groups()
