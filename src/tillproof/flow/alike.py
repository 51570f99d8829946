"""Which methods a call on an object of unknown class may land in: those that are named alike, or that of the row that was fetched."""

from typing import TYPE_CHECKING

from tillproof.flow.common_names import COMMON_METHODS
from tillproof.flow.values import Const, Element, External, FunctionV, Instance, Member, Param, Record, Result, Seq, Value

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

FEW_METHODS = 6
_SHORTEST = 5


def named_alike(scope: "Scope", callee: Member, language: str) -> list[FunctionV]:
    """The methods of that name, when it is telling and they are few; of a row that was fetched, the one of its class."""
    row = of_row(scope, callee, language)
    if row is not None:
        return [row]
    if callee.name.lower() in COMMON_METHODS or len(callee.name) < _SHORTEST:
        return []
    root: Value = callee
    while isinstance(root, (Member, Element)):
        root = root.base
    private = language == "python" and callee.name.startswith("_")  # on a library's object it can only be one of ours
    foreign = isinstance(root, (External, Const, Seq, Record)) or (isinstance(root, Result) and isinstance(root.callee, External))
    if foreign and not private:
        return []
    if isinstance(root, Param) and isinstance(root.type, External) and root is callee.base and language == "php":
        return []  # declared to be of a class that is not here
    found = []
    named = scope.program.functions_by_name
    meant = [callee.name] if callee.name in named else scope.stand_ins.get(callee.name, ())
    for fn in (f for name in meant for f in named.get(name, ())):
        owner = scope.program.owner(fn)
        if owner is not None and scope.program.language(fn.file) == language:
            found.append(FunctionV(callee.at, fn, None, Instance(callee.at, owner)))
    return found if len(found) <= FEW_METHODS else []


def of_row(scope: "Scope", callee: Member, language: str) -> FunctionV | None:
    """The method of a row's own class that a call on it runs: ``$orders->findOneBy([…])->setPaid(true)``."""
    kept = scope.row_class(callee.base, language) if callee.name in scope.program.functions_by_name else None
    fn = scope.method(kept, callee.name) if kept is not None else None
    return FunctionV(callee.at, fn, None, Instance(callee.at, kept)) if fn is not None and kept is not None else None
