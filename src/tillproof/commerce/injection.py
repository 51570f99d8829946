"""What a container hands out for a type that it is asked for: ``{provide: PaymentPort, useClass: StripeGateway}``."""

from collections.abc import Iterator
from functools import cached_property

from tillproof.commerce.entry_styles.arguments import entries
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, FunctionV, Instance, Record, Result, Seq, Value, constant, options
from tillproof.ir.ops import Op

_DEEPEST = 4
_Token = ClassId | tuple[Fn, int] | str


class Injection:
    """The bindings of a program, found once somebody asks for one."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._finding = False

    def handed_out(self, cls: ClassId) -> list[ClassId]:
        """The classes whose objects are handed out where ``cls`` is asked for, other than its own."""
        if self._finding:  # what a binding says must not hang on bindings
            return []
        found: dict[ClassId, None] = {}
        self._follow(cls, found, 0)
        found.pop(cls, None)
        return list(found)

    def listed_under(self, token: Value) -> Value | None:
        """The list of objects of ours that is handed out for a token, where it is known of each which it is."""
        known = None if self._finding else _token(token)
        for value in self._bindings.get(known, ()) if known is not None else ():
            if isinstance(value, Seq) and value.items and all(isinstance(v, Instance) for v in value.items):
                return value
        return None

    def _follow(self, token: _Token, found: dict[ClassId, None], depth: int) -> None:
        for value in self._bindings.get(token, ()) if depth < _DEEPEST else ():
            for option in options(value):
                if isinstance(option, (ClassV, Instance)):
                    found[option.cls] = None
                if (further := _token(option)) is not None and further != token:
                    self._follow(further, found, depth + 1)

    @cached_property
    def _bindings(self) -> dict[_Token, list[Value]]:
        out: dict[_Token, list[Value]] = {}
        self._finding = True
        for frameworks, files in self.wiring.active.files():
            provides = {asked: given for f in frameworks for asked, given in f.provides.items()}
            for file in files:
                if any(asked.encode() in self.wiring.program.sources[file] for asked in provides):
                    for token, value in self._declared(file, provides):
                        out.setdefault(token, []).append(value)
        self._finding = False
        return out

    def _declared(self, file: str, provides: dict[str, tuple[str, ...]]) -> Iterator[tuple[_Token, Value]]:
        evaluator, top = self.wiring.evaluator, Fn(file, TOP)
        for i, op in enumerate(self.wiring.program.body(top).op):
            record = evaluator.value(top, i) if op == Op.RECORD else None
            if not isinstance(record, Record):
                continue
            for asked, given in provides.items():
                tokens = [t for v in entries(record, asked) for o in options(v) if (t := _token(o)) is not None]
                for value in (v for key in given for v in entries(record, key)):
                    for token in tokens:
                        yield token, self._made(value)

    def _made(self, value: Value) -> Value:
        """What a factory makes; what is given else."""
        if not isinstance(value, FunctionV):
            return value
        evaluator, body = self.wiring.evaluator, self.wiring.program.body(value.fn)
        ends = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
        return evaluator.value(value.fn, ends[-1]) if ends else value


def _token(value: Value) -> _Token | None:
    """By what a binding is known: a class, a text, or the call that made a symbol."""
    if isinstance(value, ClassV):
        return value.cls
    if isinstance(value, Result) and value.instr >= 0:
        return (value.fn, value.instr)
    return constant(value)
