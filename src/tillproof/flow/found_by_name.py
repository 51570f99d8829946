"""Modules, classes and functions that code finds by a name which it puts together: ``import_module(f"shop.{group}_handlers")``,
``getattr(module, name + "Handler")``, ``require(`./handlers/${type}`)``."""

import posixpath
import re
from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    FunctionV,
    Instance,
    Mix,
    ModuleV,
    Place,
    Record,
    Text,
    Value,
    before_writes,
    choice,
    constant,
    options,
)  # fmt: skip

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_MOST = 24
_TELLS = 3
"""Letters that are written down and say enough of a name."""
_ACCESSOR = re.compile(r"_*(get|set|has|add|is|with)_?")
"""What any field's method begins with: it says nothing of which one is called."""


def modules_named(ev: "Evaluator", file: str, name: Value, at: Place) -> Value | None:
    """The modules of the repository that a name with gaps may mean; None when it says too little, or means none of them."""
    if not _says_enough(name):
        return None
    if ev.program.language(file) == "python":
        path = re.compile(rf"(?:.*/)?{_spelt(name, '[^/]*').replace(chr(92) + '.', '/')}(?:/__init__)?\.py")
    else:
        path = re.compile(rf"(?:{re.escape(posixpath.dirname(file))}/)?{_below(_spelt(name, '[^/]*'))}(?:/index)?(?:\.[cm]?[jt]sx?)?")
    found = sorted(p for p in ev.program.indices if path.fullmatch(p))
    if not 0 < len(found) <= _MOST:
        return None
    given = [ev.scope.exported(p, "default", at) if ev.program.language(file) == "javascript" else None for p in found]
    return choice(at, [g if isinstance(g, (FunctionV, ClassV)) else ModuleV(at, p) for p, g in zip(found, given, strict=True)])


def classes_named(ev: "Evaluator", name: Text, at: Place) -> Value | None:
    """The classes of a namespace in PHP that a text with gaps may name: ``'App\\Stripe\\' . $event . 'Handler'``."""
    if not _says_enough(name) or not any(isinstance(p, Const) and "\\" in p.text for p in name.pieces):
        return None
    wanted = re.compile(_spelt(name, r"\w*").replace(r"\\\\", r"\\").replace(r"\\", r"\.").removeprefix(r"\."))
    found: list[Value] = [
        ClassV(at, ClassId(path, number))
        for path, index in ev.program.indices.items() if index.namespace
        for number, declared in enumerate(index.classes) if wanted.fullmatch(f"{index.namespace}.{declared.name}")
    ]  # fmt: skip
    return choice(at, found) if 0 < len(found) <= _MOST else None


def imported(ev: "Evaluator", file: str, name: Value, at: Place) -> Value | None:
    """The class or function that a dotted text names whole, written down or kept in the settings:
    ``import_string("shop.gateways.StripeGateway")``."""
    kept = (o for v in ev.scope.settings.declared(name) for o in options(v))
    told = [text.replace(":", ".").rpartition(".") for v in (name, *kept) if (text := constant(v))]
    found = [ev.scope.module(file, module, last, at) for module, _, last in told if module and last]
    ours = [v for v in found if isinstance(v, (ClassV, FunctionV))]
    return choice(at, list(ours)) if ours else None


def members_named(ev: "Evaluator", module: ModuleV, name: Value, at: Place) -> list[Value]:
    """The classes and functions of a module that a name with gaps may mean."""
    if not _says_enough(name):
        return []
    index, wanted = ev.program.indices[module.file], re.compile(_spelt(name, r"\w*"))
    declared = (*(c.name for c in index.classes), *(f.name for f in index.functions if f.owner < 0 and f.parent < 0))
    fitting = list(dict.fromkeys(n for n in declared if n and wanted.fullmatch(n)))
    return [ev.member(module, n, at) for n in fitting] if len(fitting) <= _MOST else []


def members_chosen(ev: "Evaluator", value: Value, key: Value, at: Place) -> Value | None:
    """The methods of an object or class of ours that a table, or a few texts, name: ``$this->$method`` behind ``$method =
    self::METHODS[$type]``, ``this[methods[type]]``; or those that a name with gaps may mean, ``$this->{"handle_{$type}"}``. None where
    the key says too little, or nothing bears such a name."""
    value = before_writes(value)
    if isinstance(value, ModuleV):
        return _exported_by(ev, value, at)
    if not isinstance(value, (Instance, ClassV)):
        return None
    told = dict.fromkeys(text for o in key.options if (text := constant(o))) if isinstance(key, Choice) else {}
    if not told and _says_enough(key) and not _ACCESSOR.fullmatch(_spelt(key, "")):
        wanted = re.compile(_spelt(key, r"\w*"))
        names = dict.fromkeys(n for cls in ev.scope.lineage(value.cls) for n in ev.program.methods(cls))
        told = {n: None for n in names if wanted.fullmatch(n)}
    found = [ev.member(value, text, at) for text in told if ev.scope.method(value.cls, text) is not None]
    return choice(at, found) if 0 < len(found) <= _MOST else None


def _exported_by(ev: "Evaluator", module: ModuleV, at: Place) -> Value | None:
    """Whatever a module that is used as a table has under its names: ``require('./gateways')[name]``."""
    held = ev.scope.exported(module.file, "default", at)
    found = [v for o in options(held) if isinstance(o, Record) for _, v in o.entries]
    if not found and ev.program.language(module.file) == "javascript":
        found = [ev.scope.exported(module.file, e.name, at) for e in ev.program.indices[module.file].exports if e.name != "default"]
        found = [v for v in found if isinstance(v, (FunctionV, ClassV, Instance))]
    return choice(at, found) if 0 < len(found) <= _MOST else None


def _below(spelt: str) -> str:
    """A path in JavaScript as it begins in the folder of who asks: ``./handlers/…``."""
    return re.sub(r"^(?:\\\./)+", "", spelt)


def _spelt(value: Value, gap: str) -> str:
    """What a text may be, as a pattern in which whatever is not known is a gap."""
    if isinstance(value, Const):
        return re.escape(value.text.strip("'\""))
    if isinstance(value, Text) or (isinstance(value, Mix) and value.op == "+"):
        return "".join(_spelt(part, gap) for part in value.parts())
    if isinstance(value, Choice):
        return f"(?:{'|'.join(dict.fromkeys(_spelt(o, gap) for o in value.options))})"
    return gap


def _says_enough(value: Value) -> bool:
    """Whether enough of a name is written down, and not all of it."""
    written = re.sub(r"\W", "", _spelt(value, ""))
    return constant(value) is None and len(written) >= _TELLS
