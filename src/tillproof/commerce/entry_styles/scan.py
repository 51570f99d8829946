"""Where declarations may stand: bodies of the files in which a declaring word occurs, found in the text before anything is lowered."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import TOP, Fn
from tillproof.knowledge.schema import Framework, Routes

_SCANNED = ("call", "decorator", "table", "hook", "class-decorator")
_TYPES = r"(?:<[^()]{0,600}?>)?"  # ``server.post<{ Body: Order }>('/orders', …)``
_REQUIRED_OF = re.compile(rb"\brequire\(\s*['\"]([^'\"]+)['\"]\s*\)\s*\.")  # ``const { get } = require('kit').helpers``
_SHORT_PATH = r"\(\s*(?:f?['\"`]|async\b|function\b|[A-Z\[/(]|[\w$.]+\s*,)"


class Words(NamedTuple):
    """Last words by which declarations are told: of methods on an object, of those that mount routers, of those that take a record, of
    imported names, of decorators."""

    methods: frozenset[str]
    mounts: frozenset[str]
    keyed: frozenset[str]
    names: frozenset[str]
    modules: frozenset[str]


@lru_cache(maxsize=64)
def _words(given: tuple[tuple[str, ...], ...], mounts: frozenset[str], keyed: frozenset[str]) -> Words:
    methods: set[str] = set()
    full: set[str] = set()
    modules: set[str] = set()
    for names in given:
        for name in names:
            before, _, last = name.rpartition(".")
            if name.startswith("."):
                methods.update(part for part in (last, before.rpartition(".")[2]) if part)  # the path stands in ``.route("/x").post(…)``
            else:
                full.add(last)
                while before:  # the whole package may be imported: ``functions.https.onCall``
                    modules.add(before)
                    before = before.rpartition(".")[0]
    return Words(frozenset(methods), mounts, keyed, frozenset(full), frozenset(modules))


def bodies(wiring: Wiring, frameworks: tuple[Framework, ...], files: Iterable[str]) -> Iterator[Fn]:
    """The bodies of the files that may declare a route, a mount or a hook of one of the frameworks, in order."""
    given = tuple(
        (*r.names, *r.mounts, *(p for p in r.prefixes if p.startswith("."))) for f in frameworks for r in f.routes if r.style in _SCANNED
    )
    called = [r for f in frameworks for r in f.routes if r.style == "call"]
    mounts = frozenset(m[1:] for r in called for m in r.mounts if m.startswith("."))
    keyed = frozenset(n[1:] for r in called if _takes_record(r) for n in r.names if n.startswith("."))
    words = _words(given, mounts, keyed)
    if not (words.methods or words.names):
        return
    for file in files:
        language = wiring.program.language(file)
        source = wiring.program.sources[file]
        places: set[int] = set()
        for expression in _expressions(language, words, _imports_names(wiring, file, words, language)):
            places.update(m.start() for m in expression.finditer(source))
        if places:
            yield from around(wiring, file, places)


def _takes_record(routes: Routes) -> bool:
    """Whether the path, or the handler, is given under a key of a record: ``consumer.run({ eachMessage })``."""
    return (routes.path.isidentifier() and routes.path != "route") or any(place.startswith("0.") for place in routes.handler)


def _imports_names(wiring: Wiring, file: str, words: Words, language: str) -> bool:
    if language == "php":
        return True
    for item in wiring.program.indices[file].imports:
        module = item.module.removeprefix("node:")
        if item.name in words.names or module in words.modules or f"{module}.{item.name}" in words.modules:
            return True
    source = wiring.program.sources[file]
    if any(found[1].decode("utf-8", "replace") in words.modules for found in _REQUIRED_OF.finditer(source)):
        return True
    return any(module.encode() + b"." in source for module in words.modules if module[:1].isupper())  # an object of the runtime: Deno


@lru_cache(maxsize=256)
def _expressions(language: str, words: Words, names: bool) -> tuple[re.Pattern[bytes], ...]:
    methods = "|".join(map(re.escape, sorted(words.methods)))
    full = "|".join(map(re.escape, sorted(words.names)))
    out: list[str] = []
    if language == "python":
        if methods:
            out.append(rf"@[\w.]+\.(?:{methods})\b")
            rare = sorted(words.methods - {"get", "post", "put", "patch", "delete", "head", "options", "route", "task", "use", "on"})
            out += [rf"\.{re.escape(word)}\(" for word in rare]
        if full and names:
            out.append(rf"\b(?:{full})\b\s*\(|@(?:[\w.]+\.)?(?:{full})\b")
    elif language == "javascript":
        if methods:
            out.append(rf"\.(?:{methods}){_TYPES}(?:{_SHORT_PATH}|\(\s*\w+\s*\))")
            out.append(r"(?i:app|router|server|fastify|api)\[[\w$.]+(?:\(\))?\]\(")  # by the method that a row of a table names
        if words.mounts:  # a router that a function makes: ``app.use(orders(db))``
            out.append(rf"\.(?:{'|'.join(map(re.escape, sorted(words.mounts)))})\(\s*[\w$.]+\(")
        if words.keyed:  # ``app.route({ method: 'POST', url: '/orders', handler })``
            out.append(rf"\.(?:{'|'.join(map(re.escape, sorted(words.keyed)))}){_TYPES}\(\s*\{{")
        if full and names:
            out.append(rf"(?<![\w$.])(?:{full}){_TYPES}\s*\(|@(?:{full})\b|\.(?:{full}){_TYPES}\(")
    else:
        if methods:
            out.append(rf"->(?:{methods})\s*\(")
        out.append(rf"(?<![\w$>])(?:{full})\s*\(") if full else None
    return tuple(re.compile(text.encode()) for text in out)


def around(wiring: Wiring, file: str, places: set[int]) -> list[Fn]:
    """The innermost functions at the places and, since decorators may stand in or before what they decorate, those around them."""
    functions = wiring.program.indices[file].functions
    found: set[int] = set()
    for at in places:
        inner = TOP
        for number, function in enumerate(functions):
            if function.start <= at < function.end and (inner == TOP or function.start >= functions[inner].start):
                inner = number
        while inner not in found:
            found.add(inner)
            inner = functions[inner].parent if inner != TOP else TOP
    return [Fn(file, n) for n in sorted(found)]


def by_word(frameworks: tuple[Framework, ...], styles: tuple[str, ...]) -> dict[str, list[tuple[Framework, Routes]]]:
    """Declarations of some styles by the last word of their names."""
    out: dict[str, list[tuple[Framework, Routes]]] = {}
    for framework in frameworks:
        for routes in framework.routes:
            if routes.style in styles:
                for word in {n.rpartition(".")[2] for n in routes.names}:
                    out.setdefault(word, []).append((framework, routes))
    return out
