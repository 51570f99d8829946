"""Objects of ours that Laravel finds by a class of ours: behind a facade, or as the driver of a manager.

``class Pay extends Facade { protected static function getFacadeAccessor() { return Gateway::class; } }`` makes ``Pay::charge($sum)`` a call
of the gateway's method; a name in place of the class is what a service provider has bound under it. ``use Facades\\App\\Gateway`` makes
one of any class.
"""

from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId
from tillproof.flow.values import FunctionV, Instance, Place, Value, choice, class_named, constant, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_ASKS = "getFacadeAccessor"
_MANAGER = "Illuminate.Support.Manager"
_MAKES = ("create", "Driver")
ON_THE_FLY = "Facades."


def behind_facade(scope: "Scope", cls: ClassId, at: Place) -> Value | None:
    """The object behind a facade; None where a class is none, or nothing says what stands behind it."""
    method = scope.method(cls, _ASKS) if scope.program.language(cls.file) == "php" else None
    if method is None:
        return None
    body = scope.program.body(method)
    found: list[Value] = []
    for i, op in enumerate(body.op):
        for option in options(scope.evaluator.value(method, body.args(i)[0])) if op == Op.RETURN and body.args(i)[0] >= 0 else ():
            named = class_named(option)
            told: Value | None = Instance(at, named.cls) if named is not None else option if isinstance(option, Instance) else None
            told = told or ((name := constant(option)) and scope.bound(name)) or None
            if told is not None:
                found.append(told)
    return choice(at, found) if found else None


def on_the_fly(scope: "Scope", file: str, name: str, at: Place) -> Value | None:
    """The object that a class of ours stands for where it is named below ``Facades``."""
    cls = scope.modules.php_class(file, name.removeprefix(ON_THE_FLY)) if name.startswith(ON_THE_FLY) else None
    return Instance(at, cls) if cls is not None else None


def driver_member(scope: "Scope", value: Instance, name: str, at: Place) -> Value | None:
    """A member of a manager of drivers, ``class Payments extends Manager``: its ``driver`` makes one of those that it has methods for, and
    whatever else it is asked for it asks of one."""
    if _MANAGER not in scope.outside_bases(value.cls):
        return None
    methods = {n: fn for cls in scope.lineage(value.cls) for n, fn in scope.program.methods(cls).items()}
    makers = [fn for n, fn in methods.items() if n.startswith(_MAKES[0]) and n.endswith(_MAKES[1])]
    if not makers:
        return None
    if name == "driver":
        return choice(at, [FunctionV(at, fn, None, value) for fn in makers])
    made = [
        scope.evaluator.value(fn, body.args(i)[0])
        for fn in makers
        for body in [scope.program.body(fn)]
        for i, op in enumerate(body.op)
        if op == Op.RETURN and body.args(i)[0] >= 0
    ]
    return choice(at, [scope.evaluator.member(one, name, at) for one in made]) if made else None
