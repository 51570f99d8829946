"""What names mean outside a function body: globals, imports, exports, classes and their methods, declared types."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from tillproof.flow import unwired
from tillproof.flow.alike import FEW_METHODS, named_alike
from tillproof.flow.defined import defined
from tillproof.flow.facades import on_the_fly
from tillproof.flow.global_names import set_as_globals
from tillproof.flow.included import included
from tillproof.flow.members import MOST_OVERRIDES, named_constant
from tillproof.flow.modules import Modules
from tillproof.flow.only_in_records import only_in_record
from tillproof.flow.passed_on import package_of
from tillproof.flow.program import TOP, ClassId, Fn, Program
from tillproof.flow.published import Bases, Published
from tillproof.flow.settings import Settings
from tillproof.flow.types import field, listed, served, typed
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    External,
    FunctionV,
    Instance,
    Member,
    ModuleV,
    Param,
    Place,
    Result,
    Seq,
    Value,
    choice,
    options,
)  # fmt: skip
from tillproof.ir.declarations import Import
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_SCRIPT = "include:"
_SUPERGLOBALS = {"_POST", "_GET", "_REQUEST", "_SERVER", "_COOKIE", "_SESSION", "_ENV", "_FILES", "GLOBALS"}
CALLED = ("__invoke", "__call__")
"""Methods that run when their object is called."""


class Scope:
    """Names to values, for whole files and classes."""

    def __init__(self, evaluator: "Evaluator", program: Program, modules: Modules) -> None:
        self.evaluator = evaluator
        self.program = program
        self.modules = modules
        self.properties: dict[Fn, bool] = {}
        self._globals: dict[tuple[str, str], Value] = {}
        self.shared: dict[tuple[str, str], Value | None] = {}
        """What the files of an application keep in PHP's global variables, by the application and the name."""
        self._bases: dict[ClassId, Bases] = {}
        self._subclasses: dict[str, list[ClassId]] | None = None
        self._fields: dict[tuple[ClassId, str], list[tuple[Fn, int]]] = {}
        self.settings = Settings(evaluator)
        self.published = Published(program)
        self.stand_ins: dict[str, tuple[str, ...]] = {}
        self._named: dict[int, tuple[Member, list[FunctionV]]] = {}
        self.told_members: frozenset[str] = frozenset()
        """Members that a platform keeps its own objects under: their methods are never ours."""
        self.clients: frozenset[str] = frozenset()
        """Classes of others whose objects, and all that these have, are never ours."""
        self.exposed: Callable[[ClassId, str], bool] = unwired.sets_no_field
        """Whether somebody outside the program may set that field of an object of that class."""
        self.shows_page: Callable[[ClassId], bool] = unwired.shows_no_page
        """Whether a class is a piece of a page, whose methods the page that shows it calls."""
        self.handed_out: Callable[[ClassId], list[ClassId]] = unwired.hands_out_nothing
        """The classes of which a container hands out an object where this one is asked for."""
        self.listed_under: Callable[[Value], Value | None] = unwired.lists_nothing
        """The list of services that a container hands out for a token."""
        self.kept: Callable[[ClassId, str], list[ClassId]] = unwired.keeps_nothing
        """The classes of which a loader keeps an object under that member of an object of that class."""
        self.service: Callable[[str], str] = unwired.has_no_names
        """The name of the class of which a container hands out an object under a name of its own."""
        self.addressed: Callable[[str, str, str], tuple[tuple[str | None, Value], ...]] = unwired.finds_nothing
        """The functions, by their names, at the address that a call of that name in a file is given."""
        self.bound: Callable[[str], Value | None] = unwired.binds_nothing
        """What a container was told, in code, to hand out under a name of its own."""
        self.running: Callable[[Result, str, Place], Value | None] = unwired.runs_nothing
        """The object in a field of what a call gives that asks for the object which runs at the time."""
        self.row_class: Callable[[Value], ClassId | None] = unwired.fetches_nothing
        """The class of ours of which a mapper makes an object that was fetched, in a language."""

    # --- globals

    def global_name(self, file: str, name: str, at: tuple[str, int]) -> Value:
        """A name at the top level of a file: import, declaration, variable, or something of outside."""
        key = (file, name)
        if key not in self._globals:
            self._globals[key] = External(at, name)  # while it is being found out
            self._globals[key] = self._find_global(file, name, at)
        return self._globals[key]

    def function_name(self, file: str, name: str, at: tuple[str, int]) -> Value:
        """What a function's name means in a language where a variable may be spelt alike: never what the variable holds."""
        found = self.global_name(file, name, at)
        named = isinstance(found, FunctionV) or (isinstance(found, External) and found.name.endswith(name))
        return found if named else self.php_name(file, name, at)

    def _find_global(self, file: str, name: str, at: tuple[str, int]) -> Value:
        index = self.program.indices[file]
        php = index.language == "php"
        if php and name.startswith(_SCRIPT):
            return self._script(file, name.removeprefix(_SCRIPT), at)
        head, _, rest = name.partition(".") if php else (name, "", "")
        for item in index.imports:
            if item.local == name:
                return self.module(file, item.module, item.name, at)
            if php and rest and item.local == head and not self._from_root(file, item, rest):
                return self.php_name(file, f"{item.module}.{item.name}.{rest}", at)
        if php and name in _SUPERGLOBALS:
            return External(at, "$" + name)
        own = self._declared(file, name, at)
        if own is not None:
            return own
        if php and (shared := included(self, file, name, at, [file])) is not None:
            return shared
        for item in index.imports:
            if item.local == "*" and index.language == "python":
                target = self.modules.find(file, item.module)
                if target and self._declares(target, name):
                    return self.exported(target, name, at)
        return (defined(self, name, at) or self.php_name(file, name, at)) if php else External(at, name)

    def _script(self, file: str, path: str, at: tuple[str, int]) -> Value:
        """The statements of an included file; those of one that declares classes are there for the classes."""
        found = self.modules.find(file, path)
        runs = found is not None and not self.program.indices[found].classes
        return FunctionV(at, Fn(found, TOP), None) if found is not None and runs else External(at, "include")

    def _from_root(self, file: str, item: Import, rest: str) -> bool:
        """Whether a name of two parts begins at the root and not at an import: ``\\Stripe\\Webhook`` beside ``use Stripe\\Stripe``."""
        path = f"{item.module}.{item.name}"
        a_class = item.module.partition(".")[0] == item.local or self.modules.php_class(file, path) is not None
        return a_class and self.modules.php_class(file, f"{path}.{rest}") is None

    def php_name(self, file: str, name: str, at: tuple[str, int]) -> Value:
        if cls := self.modules.php_class(file, name):
            return ClassV(at, cls)
        if fn := self.modules.php_function(file, name):
            return FunctionV(at, fn, None)
        if (made := on_the_fly(self, file, name, at)) is not None:
            return made
        return External(at, name.lstrip("."))

    def _declares(self, file: str, name: str) -> bool:
        index = self.program.indices[file]
        return (
            any(f.name == name and f.owner < 0 and f.parent < 0 for f in index.functions)
            or any(c.name == name for c in index.classes)
            or any(i.local == name for i in index.imports)
            or name in self.evaluator.defuse(Fn(file, TOP)).stores
        )

    def _declared(self, file: str, name: str, at: tuple[str, int]) -> Value | None:
        """A class, function or variable that the file's top level declares."""
        index, source = self.program.indices[file], self.program.sources[file]
        for number, function in enumerate(index.functions):
            if function.name == name and function.owner < 0 and function.parent < 0:
                if index.language == "javascript" and only_in_record(source, function):
                    continue
                if package := package_of(self.program, Fn(file, number)):
                    return External((file, function.line), package)
                return FunctionV((file, function.line), Fn(file, number), None)
        for number, cls in enumerate(index.classes):
            if cls.name == name:
                return ClassV((file, cls.line), ClassId(file, number))
        if name == "default" or name.encode() in self.program.sources[file]:  # ``module.exports = x`` stores it without the word
            stores = self.evaluator.defuse(Fn(file, TOP)).stores.get(name)
            values = [self.evaluator.value(Fn(file, TOP), s) for s in stores or ()]
            later = set_as_globals(self, file, name) if index.language == "python" else []
            if later:
                values = [*(v for v in values if not (isinstance(v, Const) and v.kind == Kind.NULL)), *later]
            if values:
                return choice(at, [v if isinstance(v, Seq) else named_constant(v, name, name.isupper()) for v in values])
        return None

    def module(self, file: str, module: str, name: str, at: tuple[str, int]) -> Value:
        """What an import of ``name`` from ``module`` gives."""
        language = self.program.indices[file].language
        if language == "php":
            return self.php_name(file, f"{module}.{name}" if module else name, at)
        target = self.modules.find(file, module)
        if language == "python":
            if name == "*":
                return ModuleV(at, target) if target else External(at, module)
            submodule = self.modules.find(file, f"{module}{'' if module.endswith('.') else '.'}{name}")
            # a package that imports from itself, ``from . import orders`` in its ``__init__.py``, has no such name but the module's
            if target and target != file and (self._declares(target, name) or not submodule):
                return self.exported(target, name, at)
            return ModuleV(at, submodule) if submodule else External(at, f"{module}.{name}")
        if not target:
            root = self.modules.generated(file, module) or module.removeprefix("node:")
            return External(at, root if name in ("*", "default") else f"{root}.{name}")
        return ModuleV(at, target) if name == "*" else self.published.imported(module, name, self.exported(target, name, at))

    def exported(self, file: str, name: str, at: tuple[str, int]) -> Value:
        """What a file gives to those who import ``name`` from it."""
        index = self.program.indices[file]
        passed_on = []
        for export in index.exports:
            if export.name == name:
                if export.module:
                    return self.module(file, export.module, export.local or name, at)
                return self.global_name(file, export.local, at)
            if export.name == "*":
                passed_on.append(export.module)
        if name == "__init__" or index.language in ("python", "php"):
            return self.global_name(file, name, at)
        for module in passed_on:
            target = self.modules.find(file, module)
            if target and target != file:
                found = self.exported(target, name, at)
                if not isinstance(found, External):
                    return found
        default = next((e for e in index.exports if e.name == "default"), None)
        whole = self.global_name(file, default.local, at) if default is not None and name != "default" and not default.module else None
        if isinstance(whole, Result) and (hung := self.evaluator.hung.on(whole, name, at)) is not None:
            return hung
        declared = self._declared(file, name, at)
        if declared is not None:
            return declared
        return self.evaluator.member(whole, name, at) if whole is not None else External(at, name)

    # --- classes

    def bases(self, cls: ClassId) -> Bases:
        """Direct bases of a class."""
        if cls not in self._bases:
            self._bases[cls] = Bases([], [], [])  # while they are being found out
            told = Bases([], [], [])
            for name in self.program.cls(cls).bases:
                value = self.dotted(cls.file, name)
                for found in options(value):  # ``const Base = require("./base")`` is the one class that the file exports
                    option = self.exported(found.file, "default", found.at) if isinstance(found, ModuleV) else found
                    if isinstance(option, ClassV) and option.cls != cls:
                        told.own.append(option.cls)
                        told.published.extend(filter(None, [option.known_as or self.published.of_class(option.cls)]))
                    elif isinstance(option, External):
                        told.foreign.append(option.name)
            self._bases[cls] = told
        return self._bases[cls]

    def dotted(self, file: str, name: str) -> Value:
        at = (file, 1)
        if self.program.indices[file].language == "php":
            return self.global_name(file, name.lstrip("\\").replace("\\", "."), at)
        head, *rest = name.split(".")
        value = self.global_name(file, head, at)
        for part in rest:
            value = self.evaluator.member(value, part, at)
        return value

    def lineage(self, cls: ClassId) -> list[ClassId]:
        """The class and its bases in the repository, nearest first."""
        out: list[ClassId] = []
        waiting = [cls]
        while waiting and len(out) < 20:
            here = waiting.pop(0)
            if here not in out:
                out.append(here)
                waiting += self.bases(here).own
        return out

    def foreign_bases(self, cls: ClassId) -> list[str]:
        """Dotted names of the bases outside the repository, of the class and all that it derives from; and of those inside that packs
        speak of, since a platform's own source may lie beside the plugins for it."""
        return [*self.outside_bases(cls), *(name for c in self.lineage(cls) for name in self.bases(c).published)]

    def outside_bases(self, cls: ClassId) -> list[str]:
        """Those of the bases outside the repository alone."""
        return [name for c in self.lineage(cls) for name in self.bases(c).foreign]

    def subclasses(self, cls: ClassId) -> list[ClassId]:
        """Classes of the repository that name this one as a base, and theirs."""
        if self._subclasses is None:
            self._subclasses = {}
            for path, index in self.program.indices.items():
                renamed = {i.local for i in index.imports if i.name not in (i.local, "*")}
                for number, declared in enumerate(index.classes):
                    words = dict.fromkeys(re.split(r"[.\\]", base)[-1] for base in declared.bases)
                    if renamed & words.keys():  # ``use Contracts\Store as Contract``
                        words.update(dict.fromkeys(self.program.cls(c).name for c in self.bases(ClassId(path, number)).own))
                    for word in words:
                        self._subclasses.setdefault(word, []).append(ClassId(path, number))
        found: list[ClassId] = []
        for candidate in self._subclasses.get(self.program.cls(cls).name, []):
            if candidate != cls and cls in self.bases(candidate).own and candidate not in found:
                found += [candidate, *[c for c in self.subclasses(candidate) if c not in found]]
        return found[:40]

    def method(self, cls: ClassId, name: str) -> Fn | None:
        """A method by name, from the class or its nearest base."""
        return next((self.program.methods(c)[name] for c in self.lineage(cls) if name in self.program.methods(c)), None)

    def run_by_call(self, value: Value) -> list[FunctionV]:
        """The functions of ours that run when a value is called: itself, what its class has for that, PHP's ``__invoke``, or the one
        function that a CommonJS module is: ``const reserve = require('./reserve')``."""
        out: list[FunctionV] = []
        for option in options(value):
            if isinstance(option, FunctionV):
                out.append(option)
            elif isinstance(option, ModuleV):
                out += [o for o in options(self.exported(option.file, "default", option.at)) if isinstance(o, FunctionV)]
            elif isinstance(option, Instance):
                own = next((fn for name in CALLED if (fn := self.method(option.cls, name)) is not None), None)
                out += [FunctionV(option.at, own, None, option)] if own is not None else []
        return out

    def overrides(self, cls: ClassId, name: str) -> list[tuple[Fn, ClassId]]:
        """Methods of that name in subclasses, what those have from a base that is no kin of the class (``class Orders extends Store
        implements OrderStore``), and in what stands in for the class without being derived from it; each with the class of the object."""
        declared = self.method(cls, name)
        found: dict[Fn, ClassId] = {}
        for c in self.subclasses(cls):
            fn = self.program.methods(c).get(name) or self.method(c, name)
            if fn is not None and fn != declared:
                found.setdefault(fn, c)
        for c in self.handed_out(cls):
            if (fn := self.method(c, name)) is not None:
                found.setdefault(fn, self.program.owner(fn) or c)
        return list(found.items())[:MOST_OVERRIDES]

    def by_name(self, callee: Value, language: str) -> list[FunctionV]:
        """Methods that a call on an object of unknown class may land in: those of that name, when the name is telling and they are few.

        The same callee gets the same methods of the same objects, so that a call made twice is one context.
        """
        if isinstance(callee, Choice):
            return [f for o in callee.options for f in self.by_name(o, language)][:FEW_METHODS]
        if not isinstance(callee, Member) or (isinstance(callee.base, Member) and callee.base.name in self.told_members):
            return []
        known = self._named.get(id(callee))
        if known is None:
            known = self._named[id(callee)] = (callee, named_alike(self, callee, language))
        return known[1]

    def field_writes(self, cls: ClassId, name: str) -> list[tuple[Fn, int]]:
        """(method, value instruction) of every write of ``this.name`` in a class's methods."""
        key = (cls, name)
        if key not in self._fields:
            found: list[tuple[Fn, int]] = []
            word = name.encode()
            source = self.program.sources[cls.file]
            for fn in self.program.methods(cls).values():
                function = self.program.function(fn)
                if function is None or word not in source[function.start : function.end]:
                    continue
                body = self.program.body(fn)
                for i, op in enumerate(body.op):
                    if op == Op.SET_FIELD and body.name(i) == name:
                        obj = body.args(i)[0]
                        if body.op[obj] == Op.NAME and body.name(obj) in ("self", "this", "static"):
                            found.append((fn, body.args(i)[2]))
            self._fields[key] = found
        return self._fields[key]

    def typed(self, file: str, text: str, at: tuple[str, int]) -> Value | None:
        """An object of a declared type: an instance of a class of ours, or of something of outside; None for plain data types."""
        return typed(self, file, text, at)

    def listed(self, file: str, text: str, at: tuple[str, int]) -> Value | None:
        """An object of what a list of services of a declared type holds."""
        return listed(self, file, text, at) if "<" in text or "[" in text else None

    def served(self, file: str, text: str, at: tuple[str, int]) -> Value | None:
        """A service of a declared type."""
        return served(self, file, text, at)

    def declared_field(self, value: Param, name: str, at: tuple[str, int]) -> Value | None:
        """A field of a parameter whose type is written out where it stands."""
        return field(self, value, name, at)
