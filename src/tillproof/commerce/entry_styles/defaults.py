"""Guards that hold where a view names none of its own: ``DEFAULT_PERMISSION_CLASSES`` of Django REST framework's settings."""

from tillproof.commerce.entry_styles.arguments import entries, items
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, named
from tillproof.commerce.names import fits
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import External, Value, constant
from tillproof.knowledge.schema import Routes


class Defaults:
    """Asked for each way in; the settings of a unit are read once."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._known: dict[tuple[str, str], tuple[Value, ...]] = {}

    def of(self, one: Declared) -> tuple[Value, ...]:
        """What stands before a way in whose class, or function, says nothing of who may take it."""
        file = one.target.fn.file
        for framework in self.wiring.active.of(file):
            for routes in framework.routes:
                if routes.default and self._is_of(routes, one) and not self._says(routes, one):
                    return self._guards(self.wiring.program.unit(file), routes.default)
        return ()

    def of_view(self, view: ClassId) -> tuple[Value, ...]:
        """What stands before the handlers that a view inherits, where nothing in it or its bases says who may take them."""
        scope = self.wiring.evaluator.scope
        for framework in self.wiring.active.of(view.file):
            for routes in (r for r in framework.routes if r.default and r.style == "class"):
                if any(fits(wanted, base) for wanted in routes.bases for base in scope.foreign_bases(view)):
                    said = any(self._stores(cls, guard) for cls in scope.lineage(view) for guard in routes.guards[:1])
                    said = said or any(scope.method(view, guard) is not None for guard in routes.guards)
                    return () if said else self._guards(self.wiring.program.unit(view.file), routes.default)
        return ()

    def _is_of(self, routes: Routes, one: Declared) -> bool:
        owner = self.wiring.program.owner(one.target.fn)
        if routes.style == "class":
            bases = self.wiring.evaluator.scope.foreign_bases(owner) if owner is not None else ()
            return any(fits(wanted, base) for wanted in routes.bases for base in bases)
        return owner is None and any(named(value, routes.names) for value in self._decorators(one.target.fn))

    def _says(self, routes: Routes, one: Declared) -> bool:
        owner = self.wiring.program.owner(one.target.fn)
        if owner is None:
            return any(named(value, tuple("." + g for g in routes.guards)) for value in self._decorators(one.target.fn))
        scope = self.wiring.evaluator.scope
        guards = routes.guards[:1]
        stored = any(self._stores(cls, guard) for cls in scope.lineage(owner) for guard in guards)
        return stored or any(scope.method(owner, guard) is not None for guard in routes.guards) or bool(one.chain)

    def _stores(self, cls: ClassId, member: str) -> bool:
        name = self.wiring.program.cls(cls).name
        return bool(self.wiring.evaluator.defuse(Fn(cls.file, TOP)).stores.get(f"{name}.{member}"))

    def _decorators(self, fn: Fn) -> list[Value]:
        around = self.wiring.around(fn)
        rows = self.wiring.decorations(around) if fn.number != TOP else []
        return [self.wiring.decorated(around, i) for i, kind, number in rows if kind == 0 and number == fn.number]

    def _guards(self, unit: str, setting: str) -> tuple[Value, ...]:
        key = (unit, setting)
        if key not in self._known:
            self._known[key] = self._read(unit, *setting.split("."))
        return self._known[key]

    def _read(self, unit: str, variable: str, member: str) -> tuple[Value, ...]:
        program, evaluator = self.wiring.program, self.wiring.evaluator
        for file in program.mentioning(member):
            if file not in program.indices or program.unit(file) != unit or program.language(file) != "python":
                continue
            held = evaluator.scope.exported(file, variable, (file, 1))
            told = [t for v in entries(held, member) for item in items(v) if (t := constant(item))]
            if told:
                return tuple(self._named(file, text) for text in told)
        return ()

    def _named(self, file: str, text: str) -> Value:
        """A class that a setting names by its dotted path: one of ours, or one of the framework."""
        module, _, name = text.rpartition(".")
        target = self.wiring.evaluator.scope.modules.find(file, module)
        return self.wiring.evaluator.scope.exported(target, name, (file, 1)) if target else External((file, 1), text)
