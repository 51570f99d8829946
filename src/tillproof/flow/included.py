"""What PHP's included files bring along: their variables are those of the file that includes them."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Value

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_MOST = 20


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
