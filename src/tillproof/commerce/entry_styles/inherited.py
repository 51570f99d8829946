"""Handlers that a view inherits from its framework, and which run a method of another class of ours: a viewset that only names its
serializer runs that one's ``create``."""

from collections.abc import Iterator

from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.commerce.names import fits
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, FunctionV, Instance, Place, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Inherited


def handlers(wiring: Wiring, frameworks: tuple[Framework, ...], view: ClassId, place: Place) -> Iterator[tuple[str, FunctionV]]:
    """The methods of ours behind the handlers that a view inherits, each with the name of the view's handler."""
    rules = [r for f in frameworks for r in f.inherited]
    bases = wiring.evaluator.scope.foreign_bases(view) if rules else []
    for rule in rules:
        for method, views in rule.views.items():
            if any(fits(b, base) for b in views for base in bases) and not is_replaced(wiring, rule, view, method):
                for cls in named_classes(wiring, rule, view):
                    if (target := run(wiring, rule, cls, method, place)) is not None:
                        yield method, target
                        break


def is_replaced(wiring: Wiring, rule: Inherited, view: ClassId, method: str) -> bool:
    """Whether a view has a handler of its own for what it would inherit."""
    return any(wiring.evaluator.scope.method(view, name) is not None for name in rule.instead.get(method, ()))


def run(wiring: Wiring, rule: Inherited, cls: ClassId, method: str, place: Place) -> FunctionV | None:
    """A method that is run on an object of a class, when that is one of those which the framework's base is for and has the method."""
    scope = wiring.evaluator.scope
    fn = scope.method(cls, method)
    if fn is None or not any(fits(b, base) for b in rule.bases for base in scope.foreign_bases(cls)):
        return None
    return FunctionV(place, fn, None, Instance(place, cls))


def named_classes(wiring: Wiring, rule: Inherited, view: ClassId) -> list[ClassId]:
    """The classes that a view names for its objects, in a method or a member; the method goes first."""
    scope, program = wiring.evaluator.scope, wiring.program
    for name in rule.named_in:
        method = scope.method(view, name)
        if method is not None:
            body = program.body(method)
            given = [wiring.evaluator.value(method, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.RETURN]
        else:
            given = []
            for owner in scope.lineage(view):
                top = Fn(owner.file, TOP)
                if stores := wiring.evaluator.defuse(top).stores.get(f"{program.cls(owner).name}.{name}"):
                    given = [wiring.evaluator.value(top, s) for s in stores]
                    break
        if found := [o.cls for value in given for o in options(value) if isinstance(o, ClassV)]:
            return list(dict.fromkeys(found))
    return []
