"""Routes that a PHP file lists as data for a router of one's own: ``['POST', '/pay', [Checkout::class, 'pay']]``, ``'POST /pay' => …``."""

import re
from collections.abc import Iterator

from tillproof.commerce.entry_styles.callables import php_callables, php_class
from tillproof.commerce.entry_styles.php_routes import spoken
from tillproof.commerce.entry_styles.wiring import Declared, Wiring
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, FunctionV, Record, Seq, Value, constant, options
from tillproof.ir.ops import Op

_FILES = re.compile(r"(^|/)(routes?|routing|urls)(/[\w.-]+|[\w.-]*)\.php$", re.IGNORECASE)
_METHOD = re.compile(r"(?:(?:GET|POST|PUT|PATCH|DELETE|OPTIONS|ANY)\|?)+", re.IGNORECASE)
_NAMES = ("routes", "$routes", "route", "$route")
_DEEPEST = 4


def declared(wiring: Wiring) -> Iterator[Declared]:
    """Routes in files that are named as lists of routes."""
    for file in sorted(wiring.program.indices):
        if not _FILES.search(file) or wiring.program.language(file) != "php":
            continue
        top = Fn(file, TOP)
        body = wiring.program.body(top)
        for i, op in enumerate(body.op):
            held = body.args(i)[0] if op == Op.RETURN else body.args(i)[1] if op == Op.STORE and body.name(i) in _NAMES else -1
            if held >= 0:
                yield from _listed(wiring, wiring.evaluator.value(top, held), top, "", 0)


def _listed(wiring: Wiring, value: Value, fn: Fn, key: str, depth: int) -> Iterator[Declared]:
    """What a list says, and the lists in it: by method, by path, or a line with both."""
    for option in options(value) if depth <= _DEEPEST else ():
        if isinstance(option, Record):
            for name, entry in option.entries:
                yield from _keyed(wiring, entry, fn, key, name or "", depth)
        elif isinstance(option, Seq):
            texts = [constant(v) or "" for v in option.items[:2]]
            if len(option.items) > 2 and _METHOD.fullmatch(texts[0]) and texts[1].startswith("/"):
                yield from _one(wiring, option.items[2:], fn, texts[0], texts[1])
            else:
                for entry in option.items:
                    yield from _listed(wiring, entry, fn, key, depth + 1)


def _keyed(wiring: Wiring, entry: Value, fn: Fn, key: str, name: str, depth: int) -> Iterator[Declared]:
    said = spoken(name)
    if said is not None:
        yield from _one(wiring, (entry,), fn, *said)
    elif name.startswith("/") and _METHOD.fullmatch(key or "ANY"):
        found = list(_one(wiring, (entry,), fn, key or "ANY", name))
        yield from found or _listed(wiring, entry, fn, name, depth + 1)
    elif _METHOD.fullmatch(name) and key.startswith("/"):
        yield from _one(wiring, (entry,), fn, name, key)
    else:
        yield from _listed(wiring, entry, fn, name if _METHOD.fullmatch(name) else key, depth + 1)


def _one(wiring: Wiring, handler: tuple[Value, ...], fn: Fn, method: str, path: str) -> Iterator[Declared]:
    """The handler of one line: a callable, or a class with the method's name beside it."""
    first = handler[0]
    cls = php_class(wiring, first, fn) if len(handler) > 1 and isinstance(handler[1], Const) and not isinstance(first, FunctionV) else None
    named = wiring.method(cls, constant(handler[1]) or "", first.at) if cls else None
    targets = [(named, ())] if named else php_callables(wiring, first, fn)
    methods = tuple(m for m in method.upper().split("|") if m)
    for target, wrappers in targets:
        yield Declared(target, path, methods, "php-routers", "table", first.at, wrappers)
