"""What one function hangs on a request, or beside it, for those that run behind it: ``req.order = …``, ``res.locals.sum = …``,
``ctx.state.sum = …``, ``g.sum = …``."""

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn, Program
from tillproof.flow.values import External, Member, Param, Value
from tillproof.ir.ops import Op

_REQUESTS = ("req", "request", "ctx", "c", "context")
_BESIDE = {"locals": ("res", "response"), "state": ("ctx", "context", "request", "req")}
_GLOBAL = ("flask.g", "quart.g")
_MOST = 6
_LONGEST_CHAIN = 12


class HungPieces:
    """Asked for members of a request that no pack names; kept by place, name and unit."""

    def __init__(self, program: Program, evaluator: Evaluator) -> None:
        self.program = program
        self.evaluator = evaluator
        self._stored: dict[tuple[str, str, str], list[Value]] = {}

    def of(self, value: Member) -> list[Value]:
        """What was hung under a name on the way to a value, with the members of it that the value is."""
        below: list[str] = []
        here: Value = value
        while isinstance(here, Member) and len(below) < _LONGEST_CHAIN:
            if place := _place(here.base):
                found = self._hung(place, here.name, self.program.unit(value.at[0]))
                return [self._member(v, below, value.at) for v in found]
            below.append(here.name)
            here = here.base
        return []

    def kept(self, value: External) -> list[Value]:
        """The same for what Flask keeps for the length of a request: ``g.sum``."""
        told = next((g for g in _GLOBAL if value.name.startswith(g + ".")), "")
        if not told:
            return []
        name, *below = value.name[len(told) + 1 :].split(".")
        return [self._member(v, below[::-1], value.at) for v in self._hung("g", name, self.program.unit(value.at[0]))]

    def _member(self, value: Value, below: list[str], at: tuple[str, int]) -> Value:
        for name in reversed(below):
            value = self.evaluator.member(value, name, at)
        return value

    def _hung(self, place: str, name: str, unit: str) -> list[Value]:
        key = (place, name, unit)
        if key not in self._stored:
            self._stored[key] = []
            self._stored[key] = self._find(*key)
        return self._stored[key]

    def _find(self, place: str, name: str, unit: str) -> list[Value]:
        out: list[Value] = []
        for file in self.program.mentioning(name):
            if file not in self.program.indices or self.program.unit(file) != unit:
                continue
            for fn in self.program.functions_around(file, name):
                out += self._in(fn, place, name)
        return out[:_MOST]

    def _in(self, fn: Fn, place: str, name: str) -> list[Value]:
        body = self.program.body(fn)
        stores = (i for i, op in enumerate(body.op) if op == Op.SET_FIELD and body.name(i) == name)
        found = [i for i in stores if _place(self.evaluator.value(fn, body.args(i)[0])) == place]
        return [self.evaluator.value(fn, body.args(i)[2]) for i in found]


def _place(value: Value) -> str:
    """What a value is, of the things on which functions hang what they have found; empty for anything else."""
    if isinstance(value, Param):
        return "request" if value.name in _REQUESTS else ""
    if isinstance(value, Member) and isinstance(value.base, Param):
        return value.name if value.base.name in _BESIDE.get(value.name, ()) else ""
    return "g" if isinstance(value, External) and value.name in _GLOBAL else ""
