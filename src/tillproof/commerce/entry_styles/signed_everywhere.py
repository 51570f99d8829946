"""Middleware that asks every request for a signature: a class that Django's settings list, a subscriber to Symfony's kernel events.

Other middleware of every request is left out: whom it lets pass is seldom a matter of one route.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.entry_styles.arguments import entries
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.commerce.names import fits
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Instance, Record, Value, constant, options
from tillproof.ir.body import returns
from tillproof.knowledge.schema import Framework

_SIGNS = re.compile(rb"hmac|signature", re.IGNORECASE)
_DOTTED = re.compile(rb"[\"']([\w.]+)\.(\w+)[\"']")


class Everywhere(NamedTuple):
    """A guard of all routes of a unit."""

    unit: str
    guard: Value


def everywhere(wiring: Wiring) -> list[Everywhere]:
    """All of them, in order of the units and files."""
    out: list[Everywhere] = []
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            if framework.everywhere:
                out += _listed(wiring, framework, files)
            for base, method in framework.subscribes.items():
                out += _subscribed(wiring, files, base, method)
    return out


def _listed(wiring: Wiring, framework: Framework, files: list[str]) -> Iterator[Everywhere]:
    program = wiring.program
    listed = re.compile(rb"\b(?:%b)\b[^=\n]*=\s*[\[(]([^\])]*)" % b"|".join(name.encode() for name in framework.everywhere))
    for file in files:
        for place in listed.finditer(program.sources[file]):
            for module, name in ((m[1].decode(), m[2].decode()) for m in _DOTTED.finditer(place[1])):
                end = module.replace(".", "/")
                for other in (f for f in program.mentioning(name) if f.endswith((f"{end}.py", f"{end}/__init__.py"))):
                    numbers = (n for n, cls in enumerate(program.indices[other].classes) if cls.name == name)
                    for cls in (ClassId(other, n) for n in numbers if _SIGNS.search(program.sources[other])):
                        yield Everywhere(program.unit(file), Instance((other, program.cls(cls).line), cls))


def _subscribed(wiring: Wiring, files: list[str], base: str, method: str) -> Iterator[Everywhere]:
    """The methods that a subscriber names for what happens before a controller is called."""
    program, evaluator = wiring.program, wiring.evaluator
    for file in (f for f in files if method.encode() in program.sources[f] and _SIGNS.search(program.sources[f])):
        for cls in (ClassId(file, n) for n in range(len(program.indices[file].classes))):
            told = evaluator.scope.method(cls, method)
            if told is None or not any(fits(base, b) for b in evaluator.scope.foreign_bases(cls)):
                continue
            for name in _named(wiring, told):
                if (hook := wiring.method(cls, name, (file, program.cls(cls).line))) is not None:
                    yield Everywhere(program.unit(file), hook)


def _named(wiring: Wiring, told: Fn) -> Iterator[str]:
    """The names of methods in what ``getSubscribedEvents()`` returns for a request or a controller."""
    body = wiring.program.body(told)
    for value in (wiring.evaluator.value(told, body.args(r)[0]) for r in returns(body) if body.args(r)[0] >= 0):
        for record in (o for o in options(value) if isinstance(o, Record)):
            for _, entry in record.entries:
                for option in (*options(entry), *entries(entry, "0")):
                    if (name := constant(option)) is not None:
                        yield name
