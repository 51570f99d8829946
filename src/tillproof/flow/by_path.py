"""Classes and functions of Python that code names by their path: ``import_string('shop.gateways.Stripe')``, whatever a function of ours
imports by the path that it is handed, and the path that a setting has where nobody sets it."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import ClassV, Const, External, FunctionV, ModuleV, Place, Text, Value, choice, constant, options, pattern
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator
    from tillproof.flow.frames import Frame

_PATH = re.compile(r"[a-z_]\w*(\.\w+)*\.[A-Za-z_]\w*")
_MODULE = re.compile(r"[a-z_]\w*(\.[a-z_]\w*)*")
_STANDS_IN = re.compile(r"(Base|Abstract|Dummy|Fake|Null|Mock)[A-Z]|(?:[A-Z]\w*)(Base|Interface)$")
_MOST = 12
_LOADS = ("import_string", "import_from_string", "import_object", "load_object", "import_by_path")
_IMPORTS = ("import_module", "__import__", *_LOADS)


def of_call(ev: "Evaluator", callee: External, f: "Frame", arguments: list[tuple[str, int]], at: Place) -> Value | None:
    """What a package's function imports by the path that it is handed, where that is ours."""
    word = callee.name.rpartition(".")[2]
    if not arguments or word not in _IMPORTS or ev.program.language(f.file) != "python":
        return None
    told = ev.at(f, arguments[0][1])
    if word in _LOADS:
        return _ours(ev, f.file, told, at)
    text = (constant(told) or "").strip("'\"")
    found = ev.scope.module(f.file, text, "*", at) if _MODULE.fullmatch(text) else None
    return found if isinstance(found, ModuleV) else None


def through(ev: "Evaluator", target: FunctionV, caller: "Frame", i: int, at: Place) -> Value | None:
    """What a function of ours imports by the path that it is handed: ``load(settings.GATEWAY)``."""
    if ev.program.language(target.fn.file) != "python" or not _imports(ev, target.fn):
        return None
    given = [ev.at(caller, v) for _, v in caller.body.call(i)[1]]
    return next((found for value in given if (found := _ours(ev, caller.file, value, at)) is not None), None)


def is_default_path(value: Value) -> bool:
    """Whether a value is a path by which something of ours may be meant."""
    return isinstance(value, (Const, Text)) and _PATH.fullmatch(pattern(value).strip("'\"")) is not None


def _ours(ev: "Evaluator", file: str, value: Value, at: Place) -> Value | None:
    found: list[Value] = []
    for option in options(value):
        text = pattern(option).strip("'\"") if isinstance(option, (Const, Text)) else ""
        module, _, name = text.rpartition(".")
        named = ev.scope.module(file, module, name, at) if _PATH.fullmatch(text) else None
        found += [named] if isinstance(named, (ClassV, FunctionV)) else []
        if isinstance(named, ClassV) and option.at != at:
            found[-1:] = _configured(ev, named, at)
    return choice(at, found) if found else None


def _configured(ev: "Evaluator", default: ClassV, at: Place) -> list[Value]:
    """The classes that a setting may name which has a path where nobody sets it: that one, and those derived from it; these alone where it
    only stands for them."""
    derived: list[Value] = [ClassV(at, cls) for cls in ev.scope.subclasses(default.cls)[:_MOST]]
    return derived if derived and _STANDS_IN.match(ev.program.cls(default.cls).name) else [default, *derived]


def _imports(ev: "Evaluator", fn: Fn) -> bool:
    body = ev.program.body(fn)
    calls = {body.called(i).rpartition(".")[2] for i, op in enumerate(body.op) if op == Op.CALL}
    return not calls.isdisjoint(_LOADS) or (not calls.isdisjoint(_IMPORTS) and "getattr" in calls)
