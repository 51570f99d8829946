"""Members that are read and are methods all the same: a Python property, a JavaScript getter."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Instance, Place, Unknown, Value, choice, options
from tillproof.ir.body import returns

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope


def is_property(scope: "Scope", fn: Fn) -> bool:
    """Whether reading the member calls the method: a Python property, a JavaScript getter."""
    if fn not in scope.properties:
        scope.properties[fn] = _is_property(scope, fn)
    return scope.properties[fn]


def _is_property(scope: "Scope", fn: Fn) -> bool:
    function = scope.program.function(fn)
    if function is None:
        return False
    source = scope.program.sources[fn.file]
    if scope.program.language(fn.file) == "python":
        before = source[max(0, function.start - 60) : function.start]
        return b"property" in before.rpartition(b"\n\n")[2] and b"@" in before.rpartition(b"\n\n")[2]
    return source[function.start : function.start + 4] == b"get " and scope.program.language(fn.file) == "javascript"


def got_from(scope: "Scope", entry: Value) -> Value:
    """What is read where a record of JavaScript has a getter for a member: ``{ get client() { return makeClient(); } }``."""
    if not isinstance(entry, FunctionV) or scope.program.language(entry.fn.file) != "javascript" or not is_property(scope, entry.fn):
        return entry
    return read_property(scope, entry)


def service_of_row(scope: "Scope", row: Value, name: str, at: Place) -> Value | None:
    """The object that a property of a fetched row's class makes, ``payment.account.client``; None where it works out plain data, of which
    the name of the field says more."""
    declared = scope.program.functions_by_name.get(name, ())
    if not any(is_property(scope, fn) for fn in declared) or (cls := scope.row_class(row)) is None:
        return None
    fn = scope.method(cls, name)
    if fn is None or not is_property(scope, fn):
        return None
    given = read_property(scope, FunctionV(at, fn, None, Instance(at, cls, None, row)))
    return given if all(isinstance(o, Instance) and o.made is not None for o in options(given)) else None


def read_property(scope: "Scope", bound: FunctionV) -> Value:
    """What reading a member gives that calls the method."""
    body = scope.program.body(bound.fn)
    known = isinstance(bound.this, Instance) and (bound.this.made is not None or bound.this.origin is not None)
    ctx = scope.evaluator.entry_context(bound) if known else None  # what the object was made of, or read from
    values = [scope.evaluator.value(bound.fn, body.args(r)[0], ctx) for r in returns(body) if body.args(r)[0] >= 0]
    return choice(bound.at, values) if values else Unknown(bound.at, "a property without a value")
