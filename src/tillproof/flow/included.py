"""What PHP's files share: the variables of an included file are those of the file that includes it, and functions reach them as global."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Value, choice, constant
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_MOST = 20
_FEW = 4


def included(scope: "Scope", file: str, name: str, at: tuple[str, int], seen: list[str]) -> Value | None:
    """What a file that this one includes, or one included there, keeps in a variable; ``seen``: the files that were looked into."""
    stored = re.compile(rb"\$" + re.escape(name.encode()) + rb"\s*=")
    for item in scope.program.indices[file].imports:
        found = scope.modules.find(file, item.module) if item.local == "*" else None
        if found is None or found in seen or len(seen) > _MOST:
            continue
        seen.append(found)
        if stored.search(scope.program.sources[found]) and name in scope.evaluator.defuse(Fn(found, TOP)).stores:
            return scope.global_name(found, name, at)
        if (further := included(scope, found, name, at, seen)) is not None:
            return further
    return None


def of_all_files(scope: "Scope", file: str, name: str, at: tuple[str, int]) -> Value | None:
    """What ``global $name`` and ``$GLOBALS['name']`` mean in a file: what it keeps at its top, or a file that it includes; else what is set
    as such in the application, or kept at the top of the only file of it that keeps something by that name."""
    if name in scope.evaluator.defuse(Fn(file, TOP)).stores:
        return scope.global_name(file, name, at)
    if (shared := included(scope, file, name, at, [file])) is not None:
        return shared
    key = (scope.program.unit(file), name)
    if key not in scope.shared:
        scope.shared[key] = None  # while it is being found out
        scope.shared[key] = _set_somewhere(scope, key[0], name, at)
    return scope.shared[key]


def _set_somewhere(scope: "Scope", unit: str, name: str, at: tuple[str, int]) -> Value | None:
    spelt = re.escape(name.encode())
    stored, set_ = re.compile(rb"\$" + spelt + rb"\s*=[^=]"), re.compile(rb"\$GLOBALS\[\s*['\"]" + spelt + rb"['\"]\s*\]\s*=[^=]")
    of_unit = [(f, s) for f, s in scope.program.sources.items() if scope.program.language(f) == "php" and scope.program.unit(f) == unit]
    set_there = [v for f, source in of_unit for v in _written(scope, f, name, [m.start() for m in set_.finditer(source)])]
    if set_there:
        return choice(at, set_there) if len(set_there) <= _FEW else None
    tops = [f for f, source in of_unit if stored.search(source)]
    kept = [f for f in tops if name in scope.evaluator.defuse(Fn(f, TOP)).stores] if len(tops) <= _MOST else []
    return scope.global_name(kept[0], name, at) if len(kept) == 1 else None


def _written(scope: "Scope", file: str, name: str, places: list[int]) -> list[Value]:
    """What is set as ``$GLOBALS['name']`` at these places of a file."""
    found: list[Value] = []
    for fn in scope.program.functions_at(file, places):
        body, value = scope.program.body(fn), scope.evaluator.value
        sets = (body.args(i) for i, op in enumerate(body.op) if op == Op.SET_INDEX and body.args(i)[1] >= 0)
        found += [value(fn, v) for held, key, v in sets if _is_of_globals(body, held) and constant(value(fn, key)) == name]
    return found


def _is_of_globals(body: Body, i: int) -> bool:
    return body.op[i] == Op.NAME and body.name(i) == "GLOBALS"
