"""What PHP's containers are told in code to hand out under a name: ``$this->app->singleton('alipay', fn () => Pay::alipay($config))``."""

import re
from collections.abc import Iterator

from tillproof.commerce.entry_styles.arguments import Arguments
from tillproof.commerce.entry_styles.scan import around
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Instance, Value, choice, class_named, constant, options
from tillproof.ir.ops import Op

_TELLS = ("bind", "bindIf", "singleton", "singletonIf", "scoped", "scopedIf", "instance", "set", "factory")
_TOLD = re.compile(rb"(?:app|container|ci|App)(?:\(\))?(?:->|::)(?:%s)\(\s*['\"]([\w.-]+)['\"]" % b"|".join(t.encode() for t in _TELLS))


class NamedBindings:
    """Found once somebody asks; what a binding says must not hang on bindings."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._found: dict[str, list[Value]] | None = None

    def of(self, name: str) -> Value | None:
        """What is handed out under a name; None where no code says."""
        if self._found is None:
            self._found = {}
            found: dict[str, list[Value]] = {}
            for told, value in self._told():
                found.setdefault(told, []).append(value)
            self._found = found
        values = self._found.get(name, [])
        return choice(values[0].at, values) if values else None

    def _told(self) -> Iterator[tuple[str, Value]]:
        program = self.wiring.program
        for file, source in sorted(program.sources.items()):
            places = {m.start() for m in _TOLD.finditer(source)} if file.endswith(".php") else set()
            for fn in around(self.wiring, file, places) if places else ():
                body = program.body(fn)
                for i, op in enumerate(body.op):
                    if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.called(i) in _TELLS:
                        given = Arguments(self.wiring.evaluator, fn, i).positional
                        name = constant(given[0]) if len(given) > 1 else None
                        if name and (made := self._made(given[1], fn)) is not None:
                            yield name, made

    def _made(self, value: Value, fn: Fn) -> Value | None:
        """The object that a factory makes, of a class that is named, or that is given ready."""
        made: list[Value] = []
        for option in options(value):
            if isinstance(option, FunctionV):
                body = self.wiring.program.body(option.fn)
                ends = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
                made += [self.wiring.evaluator.value(option.fn, end) for end in ends]
            elif (named := class_named(option)) is not None:
                made.append(Instance(option.at, named.cls))
            elif isinstance(option, Instance):
                made.append(option)
        return choice((fn.file, 1), made) if made else None
