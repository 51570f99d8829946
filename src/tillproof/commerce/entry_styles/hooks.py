"""Callbacks that a platform runs: WordPress actions and filters, framework signals."""

import re
from collections.abc import Iterator
from functools import lru_cache

from tillproof.commerce.entry_styles.arguments import Arguments, handlers
from tillproof.commerce.entry_styles.callables import php_callables, php_hooked
from tillproof.commerce.entry_styles.scan import around
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, named, plain_names
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Choice, Const, Instance, Member, Mix, Result, Text, Value, constant
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Hook, Routes

_READS = re.compile(rb"\$_(?:GET|POST|REQUEST|SERVER|COOKIE|FILES)\b|php://input|get_query_var|filter_input|\brg(?:post|get)\s*\(")
_SCHEDULES = re.compile(
    rb"(?:wp_schedule_(?:single_)?event|as_schedule_\w+|as_enqueue_async_action|queue\(\)\s*->\s*(?:add|schedule_\w+))\s*\(([^;]*)"
)
_QUOTED = re.compile(rb"['\"]([\w-]+)['\"]")
_NEAR = 2
_FEW = 2
_OWN_CALL = re.compile(rb"(?:\$this->|self::|static::)(\w+)\s*\(")
_STATIC_CALL = re.compile(rb"\b([A-Z]\w*)::(\w+)\s*\(")
_PLAIN_CALL = re.compile(rb"(?<![\w>:$\\])([a-z]\w*)\s*\(")


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Hook callbacks and signal receivers."""
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            for routes in framework.routes:
                if routes.style != "hook":
                    continue
                if framework.language == "php":
                    yield from _actions(wiring, framework, routes, files)
                else:
                    yield from _signals(wiring, framework, routes, files)
        if files and wiring.program.language(files[0]) == "php":
            yield from _registered(wiring, frameworks, files)


def registering_calls(wiring: Wiring, names: tuple[str, ...], files: list[str]) -> Iterator[tuple[Fn, int]]:
    """Calls of functions by name."""
    last = {n.rpartition(".")[2] for n in names}
    expression = re.compile(rb"(?<![\w$])(?:" + b"|".join(re.escape(w.encode()) for w in sorted(last)) + rb")\s*\(")
    for file in files:
        places = {m.start() for m in expression.finditer(wiring.program.sources[file])}
        for fn in around(wiring, file, places) if places else ():
            body = wiring.program.body(fn)
            for i, op in enumerate(body.op):
                if (
                    op == Op.CALL
                    and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD)
                    and body.name(body.args(i)[0]).rpartition(".")[2] in last
                ):
                    yield fn, i


def _actions(wiring: Wiring, framework: Framework, routes: Routes, files: list[str]) -> Iterator[Declared]:
    scheduled = {name.decode() for f in files for given in _SCHEDULES.findall(wiring.program.sources[f]) for name in _QUOTED.findall(given)}
    for fn, i in registering_calls(wiring, routes.names, files):
        arguments = Arguments(wiring.evaluator, fn, i)
        hung = arguments.positional[int(routes.handler[0]) if routes.handler != ("-1",) else 1 :]
        if not hung:
            continue
        for name in hook_names(wiring, arguments.positional[0]):
            hook = Hook("*", role="internal", note="Set off by the scheduler.") if name in scheduled else _hook(routes, name)
            if hook is None or (hook.name == "*" and name not in scheduled):
                continue
            place = (fn.file, wiring.program.body(fn).line[i])
            for target, wrappers in php_hooked(wiring, hung, fn):
                if hook.request and "*" not in hook.name and not reads_request(wiring, target.fn):
                    continue
                route, methods = _address(hook, name)
                yield Declared(
                    target, route, methods, framework.id, "hook", place, wrappers, hook.role, hook.note or routes.note * (not routes.hooks)
                )


def hook_names(wiring: Wiring, value: Value) -> list[str]:
    """The names that a hook may have, ``{}`` for what is not known of them."""
    if isinstance(value, Choice):
        return list(dict.fromkeys(n for o in value.options for n in hook_names(wiring, o)))[:8]
    if isinstance(value, Const):
        return [value.text]
    if isinstance(value, Text) or (isinstance(value, Mix) and value.op in ("+", ".")):
        out = [""]
        for piece in value.parts():
            out = [a + b for a in out for b in hook_names(wiring, piece)[:4]][:8]
        return out
    if isinstance(value, Result) and value.instr >= 0:
        inner = [v for _, v in wiring.evaluator.arguments(value)]
        word = plain_names(value)[0].rpartition(".")[2] if plain_names(value) else ""
        if word in ("strtolower", "sanitize_title", "sanitize_key") and inner:
            return [n.lower() for n in hook_names(wiring, inner[0])]
        if word == "get_class" and inner and isinstance(inner[0], Instance):
            return [wiring.program.cls(inner[0].cls).name]
    if isinstance(value, Member) and value.name == "class" and isinstance(value.base, Instance):
        return [wiring.program.cls(value.base.cls).name]
    return ["{}"]


@lru_cache(maxsize=1024)
def _expression(name: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(re.escape(part) for part in name.split("*")), re.IGNORECASE)


def _hook(routes: Routes, name: str) -> Hook | None:
    return next((h for h in routes.hooks if _expression(h.name).fullmatch(name)), None) if routes.hooks else Hook(name, role=routes.role)


def _address(hook: Hook, name: str) -> tuple[str | None, tuple[str, ...]]:
    """Route and methods of the request that sets a hook off."""
    verb, _, path = hook.route.partition(" ")
    if not path:
        return None, ("NONE",)
    match = _expression(hook.name).fullmatch(name)
    for piece in match.groups() if match else ():
        path = path.replace("*", piece.strip("_"), 1)
    return path, (verb,)


def reads_request(wiring: Wiring, fn: Fn, depth: int = 0) -> bool:
    """Whether a function, or what it calls by its name, reads the request: a method of its class or of another, a function of ours."""
    function = wiring.program.function(fn)
    if function is None or depth > _NEAR:
        return False
    text = wiring.program.sources[fn.file][function.start : function.end]
    return _READS.search(text) is not None or any(m != fn and reads_request(wiring, m, depth + 1) for m in _called(wiring, fn, text))


def _called(wiring: Wiring, fn: Fn, text: bytes) -> list[Fn]:
    """The functions of ours that a text calls by their names."""
    program, method, found = wiring.program, wiring.evaluator.scope.method, dict[Fn | None, None]()
    if (owner := program.owner(fn)) is not None:
        found.update((method(owner, name), None) for name in sorted({m.decode() for m in _OWN_CALL.findall(text)}))
    for cls, name in sorted({(c.decode(), m.decode()) for c, m in _STATIC_CALL.findall(text)}):
        found.update((method(c, name), None) for c in program.classes_by_name.get(cls, ())[:1])
    for name in sorted({m.decode() for m in _PLAIN_CALL.findall(text)}):
        plain = (f for f in program.functions_by_name.get(name, ())[:_FEW] if program.owner(f) is None)
        found.update((f, None) for f in plain if program.unit(f.file) == program.unit(fn.file))
    return [f for f in found if f is not None]


def _registered(wiring: Wiring, frameworks: tuple[Framework, ...], files: list[str]) -> Iterator[Declared]:
    """Plain function calls that declare a route: ``register_rest_route``, ``add_shortcode``, menu pages."""
    for framework in frameworks:
        for routes in framework.routes:
            plain = tuple(n for n in routes.names if "." not in n)
            if routes.style != "call" or not plain:
                continue
            for fn, i in registering_calls(wiring, plain, files):
                arguments = Arguments(wiring.evaluator, fn, i)
                path = "/".join(_pieces(wiring, arguments, (*routes.prefixes, routes.path))) if routes.path else ""
                if routes.prefixes and routes.path:
                    path = "/wp-json/" + path.strip("/").replace("//", "/")
                place = (fn.file, wiring.program.body(fn).line[i])
                yield from _one_registered(wiring, framework, routes, arguments, fn, path, place)


def _one_registered(
    wiring: Wiring, framework: Framework, routes: Routes, arguments: Arguments, fn: Fn, path: str, place: tuple[str, int]
) -> Iterator[Declared]:
    handler_values = [v for p in routes.handler for v in arguments.at(p)]
    method_values = [v for p in routes.methods for v in arguments.at(p)]
    guard_values = [v for p in routes.guards for v in arguments.at(p)]
    for number, value in enumerate(handler_values):
        methods = _rest_methods(method_values[number]) if number < len(method_values) else routes.without_methods or ("ANY",)
        guard = guard_values[number : number + 1] or guard_values[-1:]
        chain: tuple[Value, ...] = tuple(f for g in guard for f in _resolved(wiring, g, fn))
        for target, wrappers in php_callables(wiring, value, fn):
            yield Declared(
                target,
                path or None,
                methods,
                framework.id,
                "call",
                place,
                (*chain, *wrappers),
                routes.role,
                routes.note if routes.role != "public" else "",
                hands=routes.hands,
            )


def _resolved(wiring: Wiring, guard: Value, fn: Fn) -> list[Value]:
    """The functions that a guard names, or the guard itself."""
    found: list[Value] = [c for c, _ in php_callables(wiring, guard, fn)]
    return found or [guard]


def _pieces(wiring: Wiring, arguments: Arguments, places: tuple[str, ...]) -> list[str]:
    out = []
    for place in places:
        for value in arguments.at(place)[:1]:
            out += hook_names(wiring, value)[:1]
    return [p.strip("/") for p in out if p]


_REST = {
    "READABLE": ("GET",),
    "CREATABLE": ("POST",),
    "EDITABLE": ("POST", "PUT", "PATCH"),
    "DELETABLE": ("DELETE",),
    "ALLMETHODS": ("ANY",),
}


def _rest_methods(value: Value) -> tuple[str, ...]:
    text = constant(value)
    if text is not None:
        return tuple(w.strip().upper() for w in text.split(",") if w.strip())
    if value.parts() and all(constant(p) for p in value.parts()):
        return tuple((constant(p) or "").upper() for p in value.parts())
    return next((_REST[w] for n in plain_names(value) if (w := n.rpartition(".")[2]) in _REST), ("ANY",))


def _signals(wiring: Wiring, framework: Framework, routes: Routes, files: list[str]) -> Iterator[Declared]:
    """``@receiver(signal)`` and ``signal.connect(handler)``."""
    decorating = tuple(n for n in routes.names if not n.startswith("."))
    modules = {n.rpartition(".")[0] for n in decorating}
    last = {n.rpartition(".")[2] for n in decorating}
    receivers = {r.rpartition(".")[0] for r in routes.receivers} | set(routes.receivers)
    for file in files:
        if not any(i.module in modules or i.module in receivers for i in wiring.program.indices[file].imports):
            continue
        top = Fn(file, TOP)
        shown = any(
            b"@" + w.encode() in wiring.program.sources[file] or b"." + w.encode() + b"(" in wiring.program.sources[file] for w in last
        )
        for i, kind, number in wiring.decorations(top) if shown else ():
            if kind == 0 and named(wiring.decorated(top, i), decorating) and not _is_sent_by_ours(wiring, framework, top, i):
                line = wiring.program.body(top).line[i]
                target = wiring.handler(Fn(file, number), (file, line))
                yield Declared(
                    target, None, ("NONE",), framework.id, "hook", (file, line), (), routes.role, routes.note, True, frozenset({(top, i)})
                )
        if b".connect(" in wiring.program.sources[file]:
            yield from _connected(wiring, framework, routes, file)


def _connected(wiring: Wiring, framework: Framework, routes: Routes, file: str) -> Iterator[Declared]:
    for fn, i in registering_calls(wiring, (".connect",), [file]):
        body = wiring.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] != Op.FIELD:
            continue
        base = wiring.evaluator.value(fn, body.args(callee)[0])
        if not any(n == r or n.startswith(r + ".") for n in plain_names(base) for r in routes.receivers):
            continue
        if _has_sender(wiring, framework, file, body.name(body.args(callee)[0]).rpartition(".")[2]):
            continue
        for value in Arguments(wiring.evaluator, fn, i).positional[:1]:
            for target, wrappers in handlers(wiring.evaluator, value):
                yield Declared(target, None, ("NONE",), framework.id, "hook", (file, body.line[i]), wrappers, routes.role, routes.note)


def _is_sent_by_ours(wiring: Wiring, framework: Framework, top: Fn, decoration: int) -> bool:
    """Whether functions of ours send each signal that ``@receiver(signal)`` names: its way in is theirs, which leads on to it."""
    body = wiring.program.body(top)
    call = body.args(decoration)[2]
    given = body.call(call)[1][:1] if body.op[call] == Op.CALL else []
    heard = [s for _, v in given for s in (body.args(v) if body.op[v] == Op.LIST else (v,))]
    spelt = [body.name(s).rpartition(".")[2] if body.op[s] in (Op.NAME, Op.FIELD) else "" for s in heard]
    return bool(spelt) and all(_has_sender(wiring, framework, top.file, name) for name in spelt)


def _has_sender(wiring: Wiring, framework: Framework, file: str, signal: str) -> bool:
    """Whether a signal of that name is sent in the unit of a file; those of the mapper it sends by itself."""
    if not signal or any(signal in names for names in framework.records.signals.values()):
        return False
    program = wiring.program
    words = b"|".join(re.escape(n.lstrip(".").encode()) for n in framework.records.sends)
    sent = re.compile(rb"(?<![\w.])(?:\w+\.)?%b\.(?:%b)\(" % (re.escape(signal.encode()), words)) if words else None
    near = (f for f in program.mentioning(signal) if program.unit(f) == program.unit(file))
    return sent is not None and any(sent.search(program.sources[f]) for f in near)
