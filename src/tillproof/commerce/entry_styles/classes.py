"""Handlers that are methods of a class: controllers with decorators or attributes, and classes derived from a framework's base."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tillproof.commerce.entry_styles.arguments import Arguments, entries, items, path_text, words
from tillproof.commerce.entry_styles.data_files import records
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, join, named, path_expression, plain_names
from tillproof.commerce.entry_styles.yii_filters import filters_before
from tillproof.commerce.names import fits
from tillproof.flow.left_open import asked_of_itself, is_empty, lent_to
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import FunctionV, Instance, Place, Record, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Routes

_HIDDEN = re.compile(rb"\s*(?:(?:final|static|async|abstract)\s+)*(?:private|protected)\b")
_INSTANCE = re.compile(rb"instanceof\s+([\w\\]+)")
_MOST_COMPLETIONS = 40
_MOST_STEPS = 12  # methods that call one another on the object
_CONSTRUCTORS = {"__init__", "constructor", "__construct", "__destruct", "__get", "__set", "__call"}


def derived(wiring: Wiring) -> Iterator[Declared]:
    """Methods of classes whose base is a framework's. A base of ours whose method others complete is no way in itself, unless they are
    so many that to follow each would take too long."""
    for frameworks, files in wiring.active.files():
        rules = [(f, r) for f in frameworks for r in f.routes if r.style == "class"]
        wanted = {b.rpartition(".")[2] for _, r in rules for b in r.bases}
        ways: list[Declared] = []
        for cls in candidates(wiring, files, wanted):
            bases = wiring.evaluator.scope.foreign_bases(cls)
            fitting = [(f, r) for f, r in rules if any(fits(b, base) for b in r.bases for base in bases)]
            found: dict[tuple[Fn, tuple[str, ...]], Declared] = {}
            for framework, routes in sorted(fitting, key=lambda rule: rule[1].role == "public"):  # a base that restricts goes first
                for one in _methods(wiring, framework, routes, cls):
                    found.setdefault((one.target.fn, one.methods), one)
            ways += found.values()
        completions = Counter(one.target.fn for one in ways if lent_to(wiring.program, one.target) is not None)
        told_apart = {fn for fn, classes in completions.items() if classes <= _MOST_COMPLETIONS}
        yield from (one for one in ways if (one.target.fn in told_apart) == (lent_to(wiring.program, one.target) is not None))


def candidates(wiring: Wiring, files: list[str], wanted: set[str]) -> list[ClassId]:
    """Classes that name a wanted base, or a class that does, by last words alone, and by its own name where it is imported by another:
    ``use …\\Controller as BaseController``."""
    by_base: dict[str, list[ClassId]] = defaultdict(list)
    for file in files:
        index = wiring.program.indices[file]
        own = {i.local: i.name for i in index.imports if i.local != i.name and i.name not in ("", "*", "default")}
        for number, declared in enumerate(index.classes):
            for base in declared.bases:
                by_base[own.get(base) or re.split(r"[.\\]", base)[-1]].append(ClassId(file, number))
    found: dict[ClassId, None] = {}
    waiting = sorted(wanted)
    seen = set(waiting)
    while waiting:
        for cls in by_base.get(waiting.pop(), ()):
            if cls not in found:
                found[cls] = None
                name = wiring.program.cls(cls).name
                if name not in seen:
                    seen.add(name)
                    waiting.append(name)
    return sorted(found)


def public(wiring: Wiring, fn: Fn) -> bool:
    """Whether a method can be called from outside its class, and is no constructor."""
    function = wiring.program.function(fn)
    if function is None or function.name.startswith("_") or function.name in _CONSTRUCTORS:
        return False
    return not _HIDDEN.match(wiring.program.sources[fn.file], function.start)


def listed(wiring: Wiring, routes: Routes, cls: ClassId) -> list[Fn]:
    """The functions and methods that members of a class list as handlers: ``actions = [refund, 'cancel']``."""
    out: dict[Fn, None] = {}
    for value in members(wiring, cls, routes.listed):
        for option in options(value):
            if isinstance(option, FunctionV):
                out[option.fn] = None
            elif (name := constant(option)) is not None and (fn := wiring.evaluator.scope.method(cls, name)) is not None:
                out[fn] = None
    return list(out)


def _methods(wiring: Wiring, framework: Framework, routes: Routes, cls: ClassId) -> Iterator[Declared]:
    for fn in listed(wiring, routes, cls):
        place = wiring.place(fn)
        note = routes.note if routes.role != "public" else ""
        yield Declared(
            wiring.handler(fn, place), None, routes.without_methods or ("ANY",), framework.id, "class", place, (), routes.role, note, False
        )
    if routes.asks:
        yield from _for_messages(wiring, framework, routes, cls)
        return
    handled = [name for name in routes.verbs if name not in routes.before]
    own = wiring.program.methods(cls)
    lent = {name: base for name in routes.verbs if name not in own and (base := _completed(wiring, cls, name)) is not None}
    for name, fn in (*own.items(), *lent.items()):
        verb = routes.verbs.get(name) or (_by_pattern(routes, name) if public(wiring, fn) else None)
        if verb is None:
            continue
        place = wiring.place(fn) if name in own else (cls.file, wiring.program.cls(cls).line)
        first = first_of_all(wiring, cls, routes.before, handled, place)
        if first and name in routes.before:
            continue
        filters = filters_before(wiring, cls, name, place) if framework.language == "php" else ()
        chain = (*members(wiring, cls, routes.guards), *first, *filters)
        path = _route(wiring, routes, cls.file)
        if path is not None and routes.unnamed and name != routes.unnamed:
            path = join(path, name)
        yield Declared(
            FunctionV(place, fn, None, Instance(place, cls)),
            path,
            (verb,),
            framework.id,
            "class",
            place,
            chain,
            routes.role,
            routes.note if routes.role != "public" else "",
            False,
        )


def _completed(wiring: Wiring, cls: ClassId, name: str) -> Fn | None:
    """The method of that name that a class has from another of ours, if it asks the object for a step that is empty there and that the
    class, or one between them, has: ``mutate`` that calls ``cls.resolve_mutation``."""
    scope, program = wiring.evaluator.scope, wiring.program
    inherited = scope.method(cls, name)
    waiting = [inherited] if inherited is not None else []
    for fn in waiting:
        for _, asked, method in asked_of_itself(scope, cls, fn):
            owner = program.owner(fn)
            above = scope.method(owner, asked) if owner is not None else None
            if above != method and (above is None or is_empty(program.body(above))):
                return inherited
            if method not in waiting and len(waiting) < _MOST_STEPS:
                waiting.append(method)
    return None


def _for_messages(wiring: Wiring, framework: Framework, routes: Routes, cls: ClassId) -> Iterator[Declared]:
    """The method of a class that takes messages of the kinds that another of its methods says."""
    asks = wiring.program.methods(cls).get(routes.asks)
    function = wiring.program.function(asks) if asks is not None else None
    if function is None:
        return
    told = {t.rpartition(b"\\")[2].decode() for t in _INSTANCE.findall(wiring.program.sources[cls.file][function.start : function.end])}
    for key, said in routes.verbs.items():
        name, _, message = key.removesuffix(")").partition("(")
        fn = wiring.evaluator.scope.method(cls, name)
        if fn is not None and message in told:
            verb, _, path = said.partition(" ")
            place = wiring.place(fn)
            target = FunctionV(place, fn, None, Instance(place, cls))
            note = routes.note if routes.role != "public" else ""
            yield Declared(target, path or None, (verb,), framework.id, "class", place, (), routes.role, note, False)


def _by_pattern(routes: Routes, name: str) -> str | None:
    """The HTTP method of a public method that begins or ends as handlers do, ``action*`` or ``*Action``, where all that do are; or of any,
    ``*``."""
    begins = [k for k in routes.verbs if k.endswith("*") and len(k) > 1 and name.startswith(k[:-1]) and name[len(k) - 1 :][:1].isupper()]
    ends = [k for k in routes.verbs if k.startswith("*") and len(k) > 1 and name.endswith(k[1:])]
    return next((routes.verbs[k] for k in (*begins, *ends)), routes.verbs.get("*"))


def first_of_all(wiring: Wiring, cls: ClassId, before: tuple[str, ...], handled: Iterable[str], place: Place) -> tuple[FunctionV, ...]:
    """The methods of a class of ours through which each request comes to one of its handlers: ``dispatch`` before ``post``."""
    if not any("*" in name or wiring.evaluator.scope.method(cls, name) is not None for name in handled):
        return ()
    found = (wiring.method(cls, name, place) for name in before)
    return tuple([target for target in found if target is not None])


def _route(wiring: Wiring, routes: Routes, file: str) -> str | None:
    """The path of a class's file below its folder, after the front name of the module that the folder lies in, where it has one."""
    folder = next((f for f in routes.root if f"/{f}/" in "/" + file), None)
    if folder is None:
        return None
    module, _, below = ("/" + file).partition(f"/{folder}/")
    if not routes.files:
        return join("", re.sub(r"(?<=[\w-])controller$", "", posixpath.splitext(below)[0].lower()))
    for path in sorted(wiring.program.files):
        if ("/" + path).startswith(module + "/") and any(path_expression(p).match("/" + path) for p in routes.files):
            found = records(path, wiring.text(path) or b"")
            front = next((r[routes.path] for r in found if isinstance(r.get(routes.path), str)), None)
            if front is not None:
                return join(front, posixpath.splitext(below)[0].lower())
    return None


def members(wiring: Wiring, cls: ClassId, names: tuple[str, ...]) -> tuple[Value, ...]:
    """What stands in class members such as ``permission_classes``, of the class or its nearest base that has it."""
    out: list[Value] = []
    for name in names:
        for owner in wiring.evaluator.scope.lineage(cls):
            stores = wiring.evaluator.defuse(Fn(owner.file, TOP)).stores.get(f"{wiring.program.cls(owner).name}.{name}")
            if stores:
                out += [item for s in stores for item in items(wiring.evaluator.value(Fn(owner.file, TOP), s))]
                break
    return tuple(out)


# --- decorators and attributes on methods


def decorated(wiring: Wiring) -> Iterator[Declared]:
    """Methods with a verb as decorator or attribute, below the prefix on their class."""
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            for routes in framework.routes:
                if routes.style == "class-decorator" or (routes.style == "decorator" and framework.language == "javascript"):
                    yield from _Decorated(wiring, framework, routes).all(files)


def _after(routes: Routes, arguments: Arguments) -> tuple[Value, ...]:
    """The middleware among the arguments of a decorator, from the place ``1..`` on: ``@httpPost('/hook', verifySignature)``."""
    first = next((int(place[:-2]) for place in routes.guards if place.endswith("..") and place[:-2].isdigit()), None)
    return tuple(item for value in arguments.positional[first:] for item in items(value)) if first is not None else ()


class _Decorated:
    """One declaration of a framework, over the files of a unit."""

    def __init__(self, wiring: Wiring, framework: Framework, routes: Routes) -> None:
        self.wiring = wiring
        self.framework = framework
        self.routes = routes
        self.program = wiring.program
        self._global: tuple[str, tuple[Value, ...]] = ("", ())

    def all(self, files: list[str]) -> Iterator[Declared]:
        last = {n.rpartition(".")[2] for n in self.routes.names}
        modules = {n.rpartition(".")[0] for n in self.routes.names}
        marks = (b"#[", b"* @") if self.framework.language == "php" else (b"@",)
        chosen = [f for f in files if any(m in self.program.sources[f] for m in marks) and self._imports(f, last, modules)]
        if chosen and self.routes.prefixes:
            self._global = self._everywhere(files)
        for file in chosen:
            yield from self._file(file)

    def _imports(self, file: str, last: set[str], modules: set[str]) -> bool:
        return any(
            (i.name in last and i.module in modules) or f"{i.module}.{i.name}" in modules or i.local in last
            for i in self.program.indices[file].imports
        )

    def _file(self, file: str) -> Iterator[Declared]:
        top = Fn(file, TOP)
        rows = self.wiring.decorations(top)
        on_class: dict[int, list[tuple[int, Value]]] = defaultdict(list)
        on_function: dict[int, list[tuple[int, Value]]] = defaultdict(list)
        for i, kind, number in rows:
            (on_class if kind else on_function)[number].append((i, self.wiring.decorated(top, i)))
        for number, decorators in on_function.items():
            fn = Fn(file, number)
            owner = self.program.owner(fn)
            above = on_class.get(owner.number, []) if owner else []
            for i, value in decorators:
                if named(value, self.routes.names):
                    yield self._one(top, i, value, fn, above)
        for number, decorators in on_class.items():
            for i, value in decorators:
                if named(value, self.routes.names):
                    yield from self._whole_class(top, i, value, ClassId(file, number), on_function)

    def _one(self, top: Fn, i: int, value: Value, fn: Fn, above: list[tuple[int, Value]]) -> Declared:
        line = self.program.body(top).line[i]
        word = plain_names(value)[0].rpartition(".")[2]
        arguments = Arguments(self.wiring.evaluator, top, self.program.body(top).args(i)[2])
        verb = self.routes.verbs.get(word)
        named_methods = tuple(w.upper() for w in words(arguments.first(self.routes.methods)))
        methods = named_methods or ((verb,) if verb else self.routes.without_methods or ("NONE",))
        rows = frozenset({(top, i), *((top, j) for j, v in above if named(v, self.routes.prefixes) and not named(v, self.routes.guards))})
        route = None
        guards: tuple[Value, ...] = ()
        if verb or self.routes.path:
            prefix = self._prefix(top, above)
            route = self._path(arguments, fn)
            if route is not None:
                base, guards = self._global
                route = join(base, prefix, route)
        guards = (*guards, *self._handed(top, above), *_after(self.routes, arguments))
        return Declared(
            self.wiring.handler(fn, (fn.file, line)), route, methods, self.framework.id, self.routes.style, (fn.file, line), guards,
            self.routes.role, self.routes.note if self.routes.role != "public" else "", True, rows,
        )  # fmt: skip

    def _handed(self, top: Fn, above: list[tuple[int, Value]]) -> tuple[Value, ...]:
        """The middleware that the decorator of a class is handed for all of its methods."""
        prefixes = (i for i, value in above if named(value, self.routes.prefixes))
        given = (Arguments(self.wiring.evaluator, top, self.program.body(top).args(i)[2]) for i in prefixes)
        return tuple(guard for one in given for guard in _after(self.routes, one))

    def _path(self, arguments: Arguments, fn: Fn) -> str | None:
        if not self.routes.path:
            return None
        if self.routes.path == "name":  # an operation of one common endpoint
            given = next((t for v in arguments.at("name") if (t := constant(v))), None)
            return "graphql#" + (given or self.program.name(fn))
        return next((t for v in (arguments.at(self.routes.path) or arguments.at("path")) if (t := path_text(v)) is not None), "")

    def _prefix(self, top: Fn, above: list[tuple[int, Value]]) -> str:
        for i, value in above:
            if named(value, self.routes.prefixes):
                arguments = Arguments(self.wiring.evaluator, top, self.program.body(top).args(i)[2])
                given = [v for p in arguments.positional for v in (list(entries(p, "path")) or [p])] + arguments.at("path")
                text = next((t for v in given if not isinstance(v, Record) and (t := path_text(v))), "")
                if text and self.routes.path != "name":
                    return text
        return ""

    def _whole_class(
        self, top: Fn, i: int, value: Value, cls: ClassId, on_function: dict[int, list[tuple[int, Value]]]
    ) -> Iterator[Declared]:
        """An attribute on the class of an invokable handler."""
        for name in ("__invoke", *self.routes.verbs):
            fn = self.program.methods(cls).get(name)
            if fn is None or any(named(v, self.routes.names) for _, v in on_function.get(fn.number, ())):
                continue
            if name != "__invoke" and self.routes.role == "public":
                continue
            yield self._one(top, i, value, fn, [])

    def _everywhere(self, files: list[str]) -> tuple[str, tuple[Value, ...]]:
        """A global prefix, and guards that hold for every route of the application."""
        prefix = ""
        guards: list[Value] = []
        for file in files:
            source = self.program.sources[file]
            for word in ("setGlobalPrefix", "useGlobalGuards"):
                for fn in self.program.functions_around(file, word) if word.encode() in source else ():
                    body = self.program.body(fn)
                    for i, op in enumerate(body.op):
                        if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) == word:
                            given = Arguments(self.wiring.evaluator, fn, i).positional
                            if word == "setGlobalPrefix":
                                prefix = (path_text(given[0]) if given else "") or ""
                            else:
                                guards += given
            if b"APP_GUARD" in source:
                guards += self._provided(file)
        return prefix, tuple(guards)

    def _provided(self, file: str) -> list[Value]:
        """Guards that a module provides for the whole application."""
        top = Fn(file, TOP)
        out: list[Value] = []
        for i, op in enumerate(self.program.body(top).op):
            value = self.wiring.evaluator.value(top, i) if op == Op.RECORD else None
            for option in options(value) if value is not None else ():
                if isinstance(option, Record) and any(n.endswith("APP_GUARD") for v in entries(option, "provide") for n in plain_names(v)):
                    out += [v for key in ("useClass", "useExisting") for v in entries(option, key)]
        return out
