"""Which methods a call on an object of unknown class may land in: those that are named alike, or that of the row that was fetched."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.common_names import COMMON_METHODS
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Element, External, FunctionV, Instance, Member, Param, Record, Result, Seq, Value, options

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

FEW_METHODS = 6
LOCATES = ("get", "make", "makeWith", "app", "resolve", "create", "getService", "getInstance")
"""What a container is asked for a service by."""
_SERVICE = re.compile(r"[A-Za-z_][\w.:-]*")
_SHORTEST = 5


def named_alike(scope: "Scope", callee: Member, language: str) -> list[FunctionV]:
    """The methods of that name, when it is telling and they are few; of a row that was fetched, the one of its class."""
    row = of_row(scope, callee)
    if row is not None:
        return [row]
    if callee.name.lower() in COMMON_METHODS or len(callee.name) < _SHORTEST:
        return []
    root: Value = callee
    while isinstance(root, (Member, Element)):
        root = root.base
    private = language == "python" and callee.name.startswith("_")  # on a library's object it can only be one of ours
    of_package = isinstance(root, Result) and isinstance(root.callee, External) and not (root is callee.base and _looked_up(scope, root))
    foreign = isinstance(root, (External, Const, Seq, Record)) or of_package
    if foreign and not private:
        return []
    if isinstance(root, Param) and isinstance(root.type, External) and root is callee.base and language == "php":
        return []  # declared to be of a class that is not here
    if isinstance(root, Param) and isinstance(root.type, External) and root.type.name in scope.clients:
        return []
    found = []
    named = scope.program.functions_by_name
    meant = [callee.name] if callee.name in named else scope.stand_ins.get(callee.name, ())
    for fn in (f for name in meant for f in named.get(name, ())):
        owner = scope.program.owner(fn)
        if owner is not None and scope.program.language(fn.file) == language:
            found.append(FunctionV(callee.at, fn, None, Instance(callee.at, owner)))
    served = isinstance(root, Result) and isinstance(root.callee, External) and not private
    return found if len(found) <= (1 if served else FEW_METHODS) else []  # a service is of one class: which of several, its name must say


def _looked_up(scope: "Scope", given: Result) -> bool:
    """Whether an object is asked for by a name of the product's own, ``tix('gateway')``, ``container.resolve('orders')``: what is
    kept under it is as likely one of ours as of a package."""
    if given.instr < 0 or not isinstance(given.callee, External):
        return False
    arguments = [v for _, v in scope.evaluator.arguments(given)]
    name = given.callee.name
    asks = "." not in name if scope.program.language(given.fn.file) == "php" else name.rpartition(".")[2] in LOCATES
    return (
        asks and len(arguments) == 1 and isinstance(arguments[0], Const) and _SERVICE.fullmatch(arguments[0].text.strip("'\"")) is not None
    )


def of_row(scope: "Scope", callee: Member) -> FunctionV | None:
    """The method of a row's own class that a call on it runs: ``$orders->findOneBy([…])->setPaid(true)``."""
    kept = scope.row_class(callee.base) if callee.name in scope.program.functions_by_name else None
    fn = scope.method(kept, callee.name) if kept is not None else None
    return FunctionV(callee.at, fn, None, Instance(callee.at, kept)) if fn is not None and kept is not None else None


def worked_out_by_row(scope: "Scope", given: Value) -> Value | None:
    """The plain data that a method of a fetched row's class works out: ``$voucher->discount($total)``, which is the voucher's share of the
    total."""
    if not isinstance(given, Result) or given.instr < 0 or not isinstance(given.callee, Member):
        return None
    method = of_row(scope, given.callee)
    return scope.evaluator.returned(method, given.fn, given.instr, given.ctx) if method is not None else None


def served_by_row(scope: "Scope", callee: Value, fn: Fn, i: int, ctx: Ctx | None) -> Value | None:
    """The object that a method of a fetched row's class makes: ``payment.account.client().refund(…)``. Plain data that one works out is
    told by the call itself."""
    asked = isinstance(callee, Member) and isinstance(callee.base, (Result, Member, Element))
    method = of_row(scope, callee) if asked and isinstance(callee, Member) else None
    given = scope.evaluator.returned(method, fn, i, ctx) if method is not None else None
    made = given is not None and all(isinstance(o, Instance) and o.made is not None for o in options(given))
    return given if made else None
