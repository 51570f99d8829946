"""Every way into the code from outside: routes, hooks, jobs and pages, with what runs before them and who may take them."""

import re
from dataclasses import dataclass, replace

from tillproof.commerce.entry_styles import (
    adapters,
    buttons,
    calls,
    classes,
    data_tables,
    files,
    function_tables,
    hooks,
    listed_routes,
    menus,
    model_events,
    named_methods,
    own_controllers,
    php_lists,
    php_routes,
    registries,
    servers,
    tables,
    told,
    webhook_client,
)
from tillproof.commerce.entry_styles.arguments import Arguments, unwrap, words
from tillproof.commerce.entry_styles.by_action import chosen
from tillproof.commerce.entry_styles.defaults import Defaults
from tillproof.commerce.entry_styles.guarded_areas import area_of, areas
from tillproof.commerce.entry_styles.guarded_paths import before, guarded
from tillproof.commerce.entry_styles.signed_everywhere import everywhere
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, named, plain_names
from tillproof.commerce.names import fits
from tillproof.commerce.role_names import RANK
from tillproof.commerce.roles import Roles
from tillproof.flow.left_open import lent_to
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import Const, Element, FunctionV, Instance, Place, Result, Seq, Text, Value, constant, options
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Role

_METHOD_DECORATORS = {"require_POST": ("POST",), "require_GET": ("GET",), "require_safe": ("GET", "HEAD")}
_TYPE_NAME = re.compile(r"[A-Za-z_][\w.]*")
_ATTRIBUTES = 300  # bytes around the beginning of a handler in which its attributes stand
_ANNOTATED = re.compile(r"(?:Depends|Security)\(\s*([\w.]+)(?:\s*,\s*scopes\s*=\s*\[([^\]]*)\])?")
_SCOPES = "scopes"
_QUOTED = re.compile(r"['\"]([^'\"]+)['\"]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A way into the code.

    ``target``: the handler as the evaluator sees it, a method bound to an object of its class. ``route``: the whole path with the prefixes
    of its routers, parameters as written; None when no path leads there or none is known. ``methods``: HTTP methods, ``ANY`` for all,
    ``NONE`` when no request does. ``framework``: the pack's id; empty for a route file beside the handler. ``chain``: middleware, guards
    and decorators in running order. ``role``: the least that a caller must be, with ``role_because`` (file, line, what) when a guard says
    so. ``place``: where it is declared. ``note``: the platform's precondition. ``hands``: the class of what the handler is handed first.
    """

    target: FunctionV
    route: str | None
    methods: tuple[str, ...]
    framework: str
    style: str
    chain: tuple[Value, ...]
    role: Role
    role_because: tuple[str, int, str] | None
    place: Place
    note: str
    hands: str = ""


def find_entries(wiring: Wiring) -> list[Entry]:
    """All entries, in order of file and place."""
    found: list[Declared] = []
    for style in (
        calls.declared,
        servers.declared,
        php_routes.declared,
        buttons.declared,
        php_lists.declared,
        named_methods.declared,
        tables.declared,
        data_tables.declared,
        function_tables.declared,
        menus.declared,
        listed_routes.declared,
        classes.decorated,
        told.declared,
        webhook_client.declared,
        registries.declared,
        hooks.declared,
        model_events.declared,
        files.declared,
        classes.derived,
    ):
        found += style(wiring)
    found += own_controllers.declared(wiring, found)
    found += adapters.declared(wiring, found)
    found = [arm for one in found for arm in servers.by_path(wiring, one)]
    roles = Roles(wiring)
    paths, kept, defaults = guarded(wiring), areas(wiring), Defaults(wiring)
    access, signing = data_tables.Access(wiring), everywhere(wiring)
    out = []
    merged = _merged(wiring, found)
    shown = _shown(wiring, merged)
    for one in merged:
        own = one.chain or _of_view(wiring, one)
        asked = (*_decorators(wiring, one), *_dependencies(wiring, one), *_admitting(wiring, one))
        signed = (e.guard for e in signing if e.unit == wiring.program.unit(one.target.fn.file))
        chain = (*signed, *before(wiring, paths, one), *own, *asked)
        chain = tuple(dict.fromkeys(unwrap(wiring.evaluator, guard) for guard in (*chain, *defaults.of(one))))
        chain = chosen(wiring, chain, one.target.fn)
        pages = [(*page.chain, *chain) for page in _pages(wiring, shown, one)] or [chain]
        least = _kept_for(wiring, one) or (access.of(one.route, False) if one.route and _has_access(wiring, one) else one.least)
        found_roles = (roles.of(one.target, page, least if one.least == "public" else one.least) for page in pages)
        role, because = min(found_roles, key=lambda found: RANK.get(found[0], len(RANK)))  # whoever is shown one of the pages
        area = area_of(kept, one, wiring.program.unit(one.target.fn.file))
        if area is not None and role in ("public", "customer"):
            role, because = "staff", area.because
        out.append(
            Entry(one.target, one.route, one.methods, one.framework, one.style, chain, role, because, one.place, one.note, one.hands)
        )
    return sorted(out, key=lambda e: (e.target.fn, e.place, e.route or "", e.methods))


def _has_access(wiring: Wiring, one: Declared) -> bool:
    """Whether the settings of a way's framework may keep its path for a role."""
    framework = wiring.knowledge.frameworks.get(one.framework)
    return framework is not None and bool(framework.access)


def _of_view(wiring: Wiring, one: Declared) -> tuple[Value, ...]:
    """What a view demands of whoever calls one of its methods that a decorator makes a handler of, where that one demands nothing else:
    ``@action(detail=True)`` below ``permission_classes``."""
    owner = wiring.program.owner(one.target.fn) if one.style == "decorator" else None
    if owner is None:
        return ()
    bases = wiring.evaluator.scope.foreign_bases(owner)
    views = [r for f in wiring.active.of(owner.file) if f.id == one.framework for r in f.routes if r.style == "class" and r.guards]
    return next((classes.members(wiring, owner, r.guards) for r in views if any(fits(b, base) for b in r.bases for base in bases)), ())


def _shown(wiring: Wiring, found: list[Declared]) -> dict[ClassId, list[Declared]]:
    """The routes that show a page by the class of its component."""
    out: dict[ClassId, list[Declared]] = {}
    for one in found:
        owner = wiring.program.owner(one.target.fn)
        if one.route is not None and owner is not None and wiring.evaluator.scope.shows_page(owner):
            out.setdefault(owner, []).append(one)
    return out


def _pages(wiring: Wiring, shown: dict[ClassId, list[Declared]], one: Declared) -> list[Declared]:
    """The routes of the pages whose component a method is of: it answers only whoever was shown one of them."""
    owner = wiring.program.owner(one.target.fn) if one.route is None else None
    return shown.get(owner, []) if owner is not None else []


def _kept_for(wiring: Wiring, one: Declared) -> Role | None:
    """The role for which a platform keeps all routes that begin so: the admin API of Shopware."""
    if one.least != "public" or not one.route:
        return None
    for framework in wiring.active.of(one.target.fn.file):
        for begins, role in framework.paths.items():
            if one.route.startswith(begins):
                function = wiring.program.function(one.target.fn)
                at = function.start if function else 0
                above = wiring.program.sources[one.target.fn.file][max(0, at - _ATTRIBUTES) : at + _ATTRIBUTES]
                return None if any(mark.encode() in above for mark in framework.exempt) else role
    return None


def _merged(wiring: Wiring, found: list[Declared]) -> list[Declared]:
    """Each way once. A handler known only by its base class counts when no route to it is seen; a decorator that names the methods alone
    (``api_view``) lends them to the route that the table gives."""
    routed: dict[Fn, list[Declared]] = {}
    for one in found:
        if one.route is not None and one.certain:
            routed.setdefault(one.target.fn, []).append(one)
    out: dict[tuple[Fn, ClassId | None, str | None, tuple[str, ...]], Declared] = {}
    for one in found:
        others = [o for o in routed.get(one.target.fn, ()) if o is not one]
        if one.route is None and others and one.least == "public":
            if one.style == "decorator":
                for other in others:
                    if other.methods == ("ANY",):
                        other.methods = one.methods
                    other.rows |= one.rows
            continue
        if not one.certain and others:
            continue
        if one.style == "call" and (one.route, one.methods) == ("/", ("ANY",)) and any(o.style == "table" for o in others):
            continue  # known by what makes it alone, and a table says where it is
        key = (one.target.fn, lent_to(wiring.program, one.target), one.route, one.methods)
        if key not in out or (one.style == "hook" and out[key].least == "customer" and one.least == "public"):
            out[key] = one  # hung on one hook for who has signed in and on another for anybody
    for one in out.values():
        if one.methods == ("ANY",):
            one.methods = _by_decorator(wiring, one)
    return [replace(one) for one in out.values()]


def _by_decorator(wiring: Wiring, one: Declared) -> tuple[str, ...]:
    """HTTP methods that a decorator of the handler allows."""
    if wiring.program.language(one.target.fn.file) != "python" or one.target.fn.number == TOP:
        return one.methods
    around = wiring.around(one.target.fn)
    body = wiring.program.body(around)
    for i, kind, number in wiring.decorations(around):
        if kind or number != one.target.fn.number:
            continue
        applied = body.args(i)[2]
        name = body.name(applied).rpartition(".")[2] if body.op[applied] in (Op.NAME, Op.FIELD) else ""
        if name in _METHOD_DECORATORS:
            return _METHOD_DECORATORS[name]
        if any(n.endswith(".require_http_methods") for n in plain_names(wiring.decorated(around, i))):
            return words(Arguments(wiring.evaluator, around, applied).at("0")) or one.methods
    return one.methods


def _decorators(wiring: Wiring, one: Declared) -> list[Value]:
    """Decorators of the handler's class and then of the handler, outermost first, without those that declare the route, and those above
    an application's own (``@login_required`` over ``@app.post(path)``), which has taken the function before they are put around it."""
    fn = one.target.fn
    if fn.number == TOP:
        return []
    owner = wiring.program.owner(fn)
    around = wiring.around(fn)
    out: list[Value] = []
    taken = _taken_at(wiring, one)
    for wanted, number in ((1, owner.number if owner else -1), (0, fn.number)):
        for i, kind, decorated in wiring.decorations(around):
            if kind == wanted and decorated == number and (around, i) not in one.rows and (kind == 1 or i > taken):
                value = wiring.decorated(around, i)
                if not _declares(wiring, fn.file, value):
                    out.append(value)
    return out


def _taken_at(wiring: Wiring, one: Declared) -> int:
    """The first of the decorators by which an application takes a Python function as it then is; -1 when none does."""
    routes = wiring.knowledge.frameworks[one.framework].routes if one.framework in wiring.knowledge.frameworks else ()
    takes = wiring.program.language(one.target.fn.file) == "python" and any(r.style == "decorator" and r.receivers for r in routes)
    return min((i for fn, i in one.rows if fn == wiring.around(one.target.fn)), default=-1) if takes else -1


def _declares(wiring: Wiring, file: str, value: Value) -> bool:
    """Whether a decorator declares a route of its own."""
    return any(
        named(value, tuple(n for n in (*r.names, *r.prefixes) if not n.startswith(".")))
        for f in wiring.active.of(file) for r in f.routes if r.style in ("decorator", "class-decorator")
    )  # fmt: skip


def _dependencies(wiring: Wiring, one: Declared) -> list[Value]:
    """What a handler's parameters depend on: ``user = Depends(current_user)``, ``Annotated[User, Depends(current_user)]``; and what that
    depends on itself."""
    fn = one.target.fn
    if fn.number == TOP or not _supplied_by(wiring, fn.file):
        return []
    out: dict[Value, None] = {}
    seen = {fn}
    waiting = [fn]
    while waiting:
        found = _depends_on(wiring, waiting.pop(0), one.place)
        out.update(dict.fromkeys(found))
        further = {o.fn: None for o in found if isinstance(o, FunctionV) and o.fn not in seen}
        seen.update(further)
        waiting += further
    return list(out)


def _admitting(wiring: Wiring, one: Declared) -> list[Value]:
    """The methods without whose yes a handler is not called with what its parameters are made of: Laravel's ``FormRequest::authorize``."""
    fn = one.target.fn
    rules = {base: method for f in wiring.active.of(fn.file) for base, method in f.admits.items()}
    out: list[Value] = []
    for param in wiring.program.body(fn).params if rules and fn.number != TOP else ():
        typed = wiring.evaluator.scope.typed(fn.file, param.type, one.place) if param.type else None
        for cls in (o.cls for o in options(typed) if isinstance(o, Instance)) if typed is not None else ():
            bases = wiring.evaluator.scope.foreign_bases(cls)
            asked = (m for base, m in rules.items() if any(fits(base, b) for b in bases))
            out += [admits for m in asked if (admits := wiring.method(cls, m, one.place)) is not None]
    return out


def _supplied_by(wiring: Wiring, file: str) -> frozenset[str]:
    """The last words of the calls by which the frameworks of a file are told what function supplies a parameter."""
    return frozenset(name.rpartition(".")[2] for f in wiring.active.of(file) for name in f.supplies)


def _depends_on(wiring: Wiring, fn: Fn, place: Place) -> list[Value]:
    """What the parameters of one function depend on."""
    if not (words := _supplied_by(wiring, fn.file)):
        return []
    body = wiring.program.body(fn)
    out: list[Value] = []
    for i, op in enumerate(body.op):
        if op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD) and body.name(body.args(i)[0]) in words:
            given = body.call(i)[1]
            if given:
                out += options(wiring.evaluator.value(fn, given[0][1]))
                out += _rights(wiring, fn, given)
        elif op == Op.CHOICE and body.text(body.args(i)[0]) == "default":
            out += _made_dependencies(wiring, fn, body.args(i)[2])
    for param in body.params:
        for match in _ANNOTATED.finditer(param.type):
            guard = _dotted(wiring, fn.file, match[1], place)
            out += [*options(guard), *(_with_right(guard, text, place) for text in _QUOTED.findall(match[2] or ""))]
        if _TYPE_NAME.fullmatch(param.type):
            out += _named_dependencies(wiring, _dotted(wiring, fn.file, param.type, place))
    return out


def _made_dependencies(wiring: Wiring, fn: Fn, default: int) -> list[Value]:
    """What a parameter depends on by what a function of ours has made for it: ``user = require_role("admin")``, which gives back
    ``Depends(checker)``."""
    given = options(wiring.evaluator.value(fn, default)) if wiring.program.body(fn).op[default] in (Op.CALL, Op.NAME) else ()
    made = [o for o in given if isinstance(o, Result) and o.instr >= 0 and (o.fn, o.instr) != (fn, default)]
    supplied = [(o, at) for o in made for n in plain_names(o.callee) if (at := wiring.evaluator.supplies.get(n)) is not None]
    return [o for call, at in supplied if (one := wiring.evaluator.argument(call, at)) is not None for o in options(one)]


def _rights(wiring: Wiring, fn: Fn, given: list[tuple[str, int]]) -> list[Value]:
    """The rights that a dependency is told to ask for, ``Security(user, scopes=["orders:write"])``: as a guard that is told each.
    None where it is its type alone: ``Annotated[Form, Depends()]``."""
    if not given:
        return []
    guard = wiring.evaluator.value(fn, given[0][1])
    told = [wiring.evaluator.value(fn, v) for key, v in given if key == _SCOPES]
    texts = [(t, right.at) for value in told for o in options(value) if isinstance(o, Seq) for right in o.items if (t := constant(right))]
    return [_with_right(guard, text.strip("'\""), at) for text, at in texts]


def _with_right(guard: Value, right: str, at: Place) -> Value:
    """A guard that is told a right, written as those are that are strings: ``{}:orders:write``."""
    return Text(at, (guard, Const(at, Kind.STRING, f":{right}")))


def _dotted(wiring: Wiring, file: str, name: str, place: Place) -> Value:
    """What a dotted name means in a file."""
    head, *rest = name.split(".")
    value = wiring.evaluator.scope.global_name(file, head, place)
    for part in rest:
        value = wiring.evaluator.member(value, part, place)
    return value


def _named_dependencies(wiring: Wiring, value: Value) -> list[Value]:
    """The functions in a type that has a name of its own: ``CurrentUser = Annotated[User, Depends(current_user)]``."""
    if not (isinstance(value, Element) and named(value.base, ("typing.Annotated", "typing_extensions.Annotated"))):
        return []
    parts = value.key.items if isinstance(value.key, Seq) else ()
    asked = [
        p
        for p in parts
        if isinstance(p, Result) and p.instr >= 0 and any(n.endswith(("Depends", "Security")) for n in plain_names(p.callee))
    ]
    guards = [o for p in asked if (given := wiring.evaluator.argument(p, 0)) is not None for o in options(given)]
    return guards + [right for p in asked for right in _rights(wiring, p.fn, wiring.program.body(p.fn).call(p.instr)[1])]
