"""Routes that follow from where a file lies: Next.js, Medusa, serverless functions, plain PHP pages, and route files beside the handler."""

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from tillproof.commerce.entry_styles.arguments import entries, functions_in, handlers, unwrap
from tillproof.commerce.entry_styles.classes import public
from tillproof.commerce.entry_styles.file_routes import file_route
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, join, path_expression
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, Const, FunctionV, Instance, Value, options
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Framework, Role, Routes

# What pages are called that hear of payments.
_HEARS = re.compile(r"notif|call_?back|web_?hook|(^|[_-])ipn|return|confirm|validat|response|result|success|payment", re.IGNORECASE)
# What pages are called that end an order by what the visitor's session holds, and may read nothing else of the request.
_ENDS = re.compile(r"thank|success|complete|done|finish|place|order|check_?out|cancel|confirm|payment|paid", re.IGNORECASE)
_SESSION = re.compile(rb"\$_SESSION\b")
_READS = re.compile(rb"\$_(?:GET|POST|REQUEST|FILES)\b|php://input|HTTP_RAW_POST_DATA|filter_input|\$_SERVER\[\s*['\"]HTTP_")
_EVENT = re.compile(rb"\b(?:event|evt|req|request)\b")
_OF_EVENT = re.compile(rb"\b(?:body|queryStringParameters|httpMethod|headers)\b")
_NAMED = re.compile(r"^(?:\[(?P<after>[^\]]*)\])?(?P<name>[^\[\]]+?)(?:\[(?P<before>[^\]]*)\])?$")
_COMMENTS = rb"\s*+(?>/\*[\s\S]*?\*/\s*+|//[^\n]*\n\s*+)*+"
_CLIENT = re.compile(_COMMENTS + rb"['\"]use client['\"]")


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Entries by the place of their file."""
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            taken: set[str] = set()
            for routes in framework.routes:
                if routes.style == "file" and not routes.path.startswith("config.matcher"):
                    yield from _rule(wiring, framework, routes, files, taken)
    yield from _beside(wiring)


def _rule(wiring: Wiring, framework: Framework, routes: Routes, files: list[str], taken: set[str]) -> Iterator[Declared]:
    """One rule of a framework; of several rules for the same file the first counts."""
    for file in files:
        if file in taken and not routes.directive:
            continue
        unit = wiring.program.unit(file)
        inside = file[len(unit) + 1 :] if unit and unit != "." and file.startswith(unit + "/") else file
        if not any(path_expression(p).match("/" + (file if p.startswith("**/") else inside)) for p in routes.files):
            if "/" in unit or not any(path_expression(p).match("/" + file) for p in routes.files):
                continue
            inside = file  # the folder that the routes lie in is all that is deployed
        found = list(_in_file(wiring, framework, routes, file, inside))
        if found and not routes.directive:
            taken.add(file)
        yield from found


def _in_file(wiring: Wiring, framework: Framework, routes: Routes, file: str, inside: str) -> Iterator[Declared]:
    program = wiring.program
    source = program.sources[file]
    if framework.id == "php-core" or (framework.language == "php" and not framework.packages):
        yield from _page(wiring, framework, routes, file)
        return
    if "page" in routes.verbs:
        if routes.directive.encode() in source:
            top, verb = FunctionV((file, 1), Fn(file, TOP), None), routes.verbs["page"]
            yield Declared(top, "/" + inside, (verb,), framework.id, "file", (file, 1), (), routes.role, routes.note)
        return
    if framework.language == "php":
        yield from _named_after_file(wiring, framework, routes, file)
        for number, _ in enumerate(program.indices[file].classes):
            for name, fn in program.methods(ClassId(file, number)).items():
                if "*" in routes.verbs and public(wiring, fn):
                    page = join(file_route(routes, inside), "" if name == "index" else name)
                    yield Declared(
                        wiring.handler(fn, wiring.place(fn)),
                        page,
                        (routes.verbs["*"],),
                        framework.id,
                        "file",
                        wiring.place(fn),
                        (),
                        routes.role,
                    )
        return
    if routes.directive:
        yield from _with_directive(wiring, framework, routes, file)
        return
    if _CLIENT.match(source) or posixpath.basename(file).startswith("_"):
        return
    whole = not routes.root and routes.path == "" and routes.role == "public"
    event = _EVENT.search(source) if whole and b"andler" in source else None
    if whole and (event is None or _OF_EVENT.search(source, event.end()) is None):
        return
    route = file_route(routes, inside) if routes.role != "internal" and routes.root else None
    for name, verb in routes.verbs.items():
        for target, wrappers in _exported(wiring, file, name):
            note = routes.note if routes.role != "public" else ""
            yield Declared(target, route, (verb,), framework.id, "file", wiring.place(target.fn), wrappers, routes.role, note)


def _named_after_file(wiring: Wiring, framework: Framework, routes: Routes, file: str) -> Iterator[Declared]:
    """The plain functions by whose names a platform knows what a module does, ``acme_capture`` of ``acme.php``."""
    verbs = {name.replace("{file}", _stem(file)): verb for name, verb in routes.verbs.items() if "{file}" in name}
    for number, function in enumerate(wiring.program.indices[file].functions) if verbs else ():
        fn = Fn(file, number)
        if function.name in verbs and wiring.program.owner(fn) is None:
            place = wiring.place(fn)
            yield Declared(
                wiring.handler(fn, place), None, (verbs[function.name],), framework.id, "file", place, (), routes.role, routes.note, False
            )


def _exported(wiring: Wiring, file: str, name: str) -> list[tuple[FunctionV, tuple[Value, ...]]]:
    """The functions behind an export, or behind a key of an exported record; none when the file does not export that name."""
    name, _, key = name.partition(".")
    if key != "*" and key.encode() not in wiring.program.sources[file]:
        return []
    out: list[tuple[FunctionV, tuple[Value, ...]]] = []
    index = wiring.program.indices[file]
    exports = [e.name for e in index.exports if name in (e.name, "*")]
    if wiring.program.language(file) == "python":  # which exports all that stands at the file's own level
        exports = [f.name for f in index.functions if f.parent < 0 and f.name == name]
    for export in dict.fromkeys(exports):
        value = wiring.evaluator.scope.exported(file, export, (file, 1))
        if key == "*":
            out += [(wiring.handler(fn, wiring.place(fn)), ()) for fn in _methods(wiring, file, unwrap(wiring.evaluator, value))]
            continue
        for held in entries(unwrap(wiring.evaluator, value), key) if key else (value,):
            out += [h for one in (held, *functions_in(held)) for h in handlers(wiring.evaluator, one)]
    return out


def _methods(wiring: Wiring, file: str, value: Value) -> list[Fn]:
    """The methods of a class of the file that is exported, or of an object of it."""
    classes = dict.fromkeys(o.cls for o in options(value) if isinstance(o, (ClassV, Instance)) and o.cls.file == file)
    return [fn for cls in classes for fn in wiring.program.methods(cls).values() if public(wiring, fn)]


def _with_directive(wiring: Wiring, framework: Framework, routes: Routes, file: str) -> Iterator[Declared]:
    """Exported functions of a file that opens with the directive, and functions that open with it themselves."""
    source = wiring.program.sources[file]
    mark = re.compile(_COMMENTS + rb"['\"]" + re.escape(routes.directive.encode()) + rb"['\"]")
    if routes.directive.encode() not in source:
        return
    whole = bool(mark.match(source))
    found: list[tuple[FunctionV, tuple[Value, ...]]] = []
    if whole:
        for export in wiring.program.indices[file].exports:
            found += _exported(wiring, file, export.name)
    else:
        inner = re.compile(rb"\{\s*['\"]" + re.escape(routes.directive.encode()) + rb"['\"]")
        for number, function in enumerate(wiring.program.indices[file].functions):
            opening = inner.search(source, function.start, function.end)
            first = source.find(b"{", function.start)
            if opening and source.count(b"\n", first, opening.start()) <= 4:
                found.append((wiring.handler(Fn(file, number), wiring.place(Fn(file, number))), ()))
    verbs = (routes.verbs.get("*", "POST"),)
    for target, wrappers in found:
        if target.fn.file == file:
            place = wiring.place(target.fn)
            yield Declared(target, None, verbs, framework.id, "file", place, wrappers, routes.role, routes.note)


def _page(wiring: Wiring, framework: Framework, routes: Routes, file: str) -> Iterator[Declared]:
    """A PHP page: file-level code that reads the request, or talks to a provider."""
    index, source = wiring.program.indices[file], wiring.program.sources[file]
    name = posixpath.basename(file)
    named = _HEARS.search(name) is not None
    ends = _ENDS.search(name) is not None and _reads_here(wiring, Fn(file, TOP), _SESSION)
    if not (_READS.search(source) or index.words or named or ends) or _needs_framework(source) or _is_framework_s(wiring, file):
        return
    top = Fn(file, TOP)
    owned = any(r.style in ("call", "hook", "class-decorator") for f in wiring.active.of(file) if f.packages for r in f.routes)
    asked = ends or _reads_here(wiring, top) or (named and _has_read(wiring, top))
    if not (asked or (index.words and not owned and _provider_here(wiring, file))):
        return
    body = wiring.program.body(top)
    if not any(op in (Op.NEW, Op.ECHO) or (op == Op.CALL and body.called(i) not in _DECLARING) for i, op in enumerate(body.op)):
        return
    yield Declared(FunctionV((file, 1), top, None), "/" + file, ("ANY",), framework.id, "file", (file, 1), (), routes.role)


# What a file calls that is there for the classes and constants in it.
_DECLARING = {"defined", "define", "class_exists", "interface_exists", "function_exists", "class_alias", "dirname"}


def _needs_framework(source: bytes) -> bool:
    """A file that stops unless a platform's constant is defined is no page of its own."""
    return bool(
        re.search(
            rb"defined\(\s*['\"](?:ABSPATH|WPINC|_PS_VERSION_|BASEPATH|APPPATH|DIR_SYSTEM|_JEXEC|TYPO3_MODE|WP_UNINSTALL_PLUGIN)['\"]",
            source[:3000],
        )
    )


def _is_framework_s(wiring: Wiring, file: str) -> bool:
    """Whether a file imports from a framework that has routes of its own."""
    roots = {p.lower() for f in wiring.active.of(file) if f.routes for p in f.packages}
    return any(i.local != "*" and (i.module or i.name).partition(".")[0].lower() in roots for i in wiring.program.indices[file].imports)


def _reads_here(wiring: Wiring, top: Fn, what: re.Pattern[bytes] = _READS) -> bool:
    """Whether the file's own level, not a function of it, reads the request, or what of it is asked for."""
    source = wiring.program.sources[top.file]
    functions = wiring.program.indices[top.file].functions
    return any(not any(f.start <= m.start() < f.end for f in functions) for m in what.finditer(source))


def _has_read(wiring: Wiring, top: Fn) -> bool:
    """Whether a page has a function of ours, or a method or constructor of what it makes, read the request:
    ``$module = new Acme(); $module->hear();``."""
    program, body = wiring.program, wiring.program.body(top)
    called = (wiring.evaluator.value(top, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.CALL)
    targets = [o.fn for value in called for o in options(value) if isinstance(o, FunctionV)]
    made = (o for i, op in enumerate(body.op) if op == Op.NEW for o in options(wiring.evaluator.value(top, i)) if isinstance(o, Instance))
    targets += [fn for one in made if (fn := wiring.evaluator.scope.method(one.cls, "__construct")) is not None]
    found = ((program.function(fn), program.sources[fn.file]) for fn in targets)
    return any(f is not None and _READS.search(source, f.start, f.end) for f, source in found)


def _provider_here(wiring: Wiring, file: str) -> bool:
    source = wiring.program.sources[file].lower()
    functions = wiring.program.indices[file].functions
    for word in wiring.program.indices[file].words:
        at = source.find(word.lower().encode())
        while at >= 0:
            line = source.rfind(b"\n", 0, at) + 1
            comment = source[line:at].lstrip().startswith((b"//", b"*", b"#", b"/*", b"use ", b"namespace", b"<!--"))
            if not comment and not any(f.start <= at < f.end for f in functions):
                return True
            at = source.find(word.lower().encode(), at + 1)
    return False


# --- route files beside the handler

_PLAIN = re.compile(rb"\s*(?P<methods>[A-Z]+(?: *, *[A-Z]+)*)\s+(?P<path>/[\x21-\x7e]*)\s*")


def _beside(wiring: Wiring) -> Iterator[Declared]:
    """``route.json``, or a plain ``route`` of two lines, in the folder of the modules that handle the route."""
    tables = [p for p in wiring.program.files if posixpath.basename(p) in ("route.json", "routes.json", "route")]
    folders: dict[str, list[str]] = {}
    for file in wiring.program.indices if tables else ():
        if file.endswith((".tsx", ".jsx")):  # what is shown, not what handles
            continue
        folders.setdefault(posixpath.dirname(file), []).append(file)
    shared = _Shared(folders)
    for table in sorted(tables):
        folder = posixpath.dirname(table)
        modules = folders.get(folder)
        rule = _rule_file(wiring.text(table)) if modules else None
        if rule is None or not modules:
            continue
        route, methods, access = rule
        least: Role = "staff" if access in ("private", "admin", "staff", "internal") else "public"
        mark: tuple[Value, ...] = (Const((table, 1), Kind.STRING, access),) if access else ()
        common = [] if access else shared.of(folder)
        before: list[Value] = [*mark, *(f for m in _ordered(common) for f, _ in _exported(wiring, m, "default"))]
        awaited = {w for m in modules if (match := _NAMED.match(_stem(m))) for w in re.split(r"\s*,\s*", match["after"] or "")}
        for module in _ordered(modules):
            for target, wrappers in _exported(wiring, module, "default"):
                if _plain_stem(module) in awaited:  # it runs before another one, which answers
                    before = [*before, target]
                    continue
                yield Declared(target, route, methods, "", "beside", (table, 1), (*before, *wrappers), least)
                before = [*before, target]


class _Shared:
    """Folders named ``all`` or ``global``, whose modules run before every route of folders of the same kind, wherever they lie."""

    def __init__(self, folders: dict[str, list[str]]) -> None:
        self._by_place: dict[tuple[str, ...], list[str]] = {}
        for folder, modules in folders.items():
            parts = folder.split("/")
            if parts[-1] in ("all", "global"):
                for length in (1, 2):
                    self._by_place.setdefault(tuple(parts[-1 - length : -1]), []).extend(modules)

    def of(self, folder: str) -> list[str]:
        """Modules that run before those of a folder: shared by its kind (``pages/admin``), and by the kind above."""
        parts = folder.split("/")
        places = [tuple(parts[-3:-1]), tuple(parts[-2:-1])] if len(parts) > 2 else []
        found = [m for place in places for m in self._by_place.get(place, ())]
        return list(dict.fromkeys(found))


def _rule_file(raw: bytes | None) -> tuple[str, tuple[str, ...], str] | None:
    """(route, methods, access) of a route file."""
    if (plain := _PLAIN.fullmatch(raw or b"")) is not None:
        return join(plain["path"].decode()), tuple(plain["methods"].decode().replace(" ", "").split(",")), ""
    try:
        data: Any = json.loads(raw or b"")
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    path = data.get("path") or data.get("route")
    methods = data.get("methods") or data.get("method")
    if not isinstance(path, str) or not isinstance(methods, (str, list)):
        return None
    named = [methods] if isinstance(methods, str) else [m for m in methods if isinstance(m, str)]
    access = data.get("access")
    return join(path), tuple(m.upper() for m in named) or ("ANY",), access if isinstance(access, str) else ""


def _stem(module: str) -> str:
    return posixpath.splitext(posixpath.basename(module))[0]


def _plain_stem(module: str) -> str:
    """The name of a module without the brackets that say what runs before and after it."""
    match = _NAMED.match(_stem(module))
    return match["name"] if match else _stem(module)


def _ordered(modules: list[str]) -> list[str]:
    """Modules in running order: ``[before]name[after].js`` runs after those in its first brackets and before those in its last."""
    names: dict[str, str] = {}
    after: dict[str, set[str]] = {}
    for module in modules:
        stem = posixpath.splitext(posixpath.basename(module))[0]
        match = _NAMED.match(stem)
        name = match["name"] if match else stem
        names[name] = module
        after.setdefault(name, set()).update(w.strip() for w in (match["after"] or "").split(",") if w.strip()) if match else None
        for later in (match["before"] or "").split(",") if match else ():
            if later.strip():
                after.setdefault(later.strip(), set()).add(name)
    out: list[str] = []
    waiting = sorted(names)
    while waiting:
        ready = next((n for n in waiting if not any(b in waiting and b != n for b in after.get(n, ()))), waiting[0])
        waiting.remove(ready)
        out.append(names[ready])
    return out
