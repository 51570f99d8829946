"""What containers are told in code to hand out under a name: PHP's, ``$this->app->singleton('alipay', fn () => Pay::alipay($config))``, and
Awilix, ``container.register({ orders: asClass(Orders).singleton() })``, which gives whatever it makes the others by their names."""

import posixpath
import re
from collections.abc import Iterator

from tillproof.commerce.entry_styles.arguments import Arguments, unwrap
from tillproof.commerce.entry_styles.scan import around
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import ClassV, External, FunctionV, Instance, Member, Result, Value, choice, class_named, constant, options
from tillproof.ir.ops import Op

_TELLS = ("bind", "bindIf", "singleton", "singletonIf", "scoped", "scopedIf", "instance", "set", "factory")
_MAKES = ("asClass", "asFunction", "asValue")
_GLOB = re.compile(rb"['\"`]([^'\"`\s]*\*[^'\"`\s]*)['\"`]")
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
            for told, value in (*self._told(), *self._registered(), *self._loaded()):
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
            elif isinstance(option, ClassV):
                made.append(Instance(option.at, option.cls))
            elif isinstance(option, Instance):
                made.append(option)
        return choice((fn.file, 1), made) if made else None

    def _registered(self) -> Iterator[tuple[str, Value]]:
        """What Awilix is told to make, by the key of the record that tells it or by the text before it."""
        program, evaluator = self.wiring.program, self.wiring.evaluator
        for file in (f for f in program.indices if any(f"{m}(".encode() in program.sources[f] for m in _MAKES)):
            places = {m.start() for m in re.finditer(rb"\b(?:asClass|asFunction|asValue)\(", program.sources[file])}
            for fn in around(self.wiring, file, places):
                body = program.body(fn)
                for i, op in enumerate(body.op):
                    if op == Op.RECORD:
                        pairs = zip(body.args(i)[::2], body.args(i)[1::2], strict=True)
                        told = [(const[1], v) for k, v in pairs if (const := body.const(k)) is not None]
                    elif op == Op.CALL and body.called(i) == "register" and len(body.call(i)[1]) > 1:
                        first, second = (v for _, v in body.call(i)[1][:2])
                        told = [(const[1], second)] if (const := body.const(first)) is not None else []
                    else:
                        continue
                    for name, v in told:
                        if (made := self._resolved(evaluator.value(fn, v), fn)) is not None:
                            yield name.strip("'\"`"), made

    def _resolved(self, value: Value, fn: Fn) -> Value | None:
        """What ``asClass(Orders).singleton()`` and its like make; None for what is none of them."""
        while isinstance(value, Result) and isinstance(value.callee, Member):
            value = value.callee.base
        if not isinstance(value, Result) or not isinstance(value.callee, External) or value.instr < 0:
            return None
        how = value.callee.name.rpartition(".")[2]
        given = next((v for _, v in self.wiring.evaluator.arguments(value)), None)
        if how not in _MAKES or given is None:
            return None
        return given if how == "asValue" else self._made(unwrap(self.wiring.evaluator, given), fn)

    def _loaded(self) -> Iterator[tuple[str, Value]]:
        """What Awilix makes of every file that a pattern of its finds, by the name of the file: ``loadModules(['services/*.js'])``."""
        program = self.wiring.program
        patterns: set[str] = set()
        for file in (f for f in program.indices if b"awilix" in program.sources[f] and b"loadModules(" in program.sources[f]):
            patterns |= {m[1].decode("utf-8", "replace") for m in _GLOB.finditer(program.sources[file])}
        folders = {part for p in patterns for part in p.replace("**", "*").split("/") if part.isidentifier()}
        for file in sorted(program.indices) if folders else ():
            if folders.isdisjoint(file.split("/")[:-1]):
                continue
            stem = posixpath.basename(file).rpartition(".")[0]
            words = [w for w in re.split(r"[^A-Za-z0-9]+", stem) if w]
            value = unwrap(self.wiring.evaluator, self.wiring.evaluator.scope.exported(file, "default", (file, 1)))
            if words and (made := self._made(value, Fn(file, TOP))) is not None:
                yield words[0][:1].lower() + words[0][1:] + "".join(w[:1].upper() + w[1:] for w in words[1:]), made
                yield stem, made
