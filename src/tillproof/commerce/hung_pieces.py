"""What one function hangs on a request, or beside it, for those that run behind it: ``req.order = …``, ``res.locals.sum = …``,
``ctx.state.sum = …``, ``g.sum = …``."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn, Program
from tillproof.flow.values import External, Member, Param, Place, Value
from tillproof.ir.ops import Op

_REQUESTS = ("req", "request", "ctx", "c", "context")
_BESIDE = {"locals": ("res", "response"), "state": ("ctx", "context", "request", "req")}
OF_REQUEST = ("flask.g", "quart.g")
"""Objects of packages that keep what is hung on them for the length of a request."""
_Key: TypeAlias = tuple[str, str, str]
_T = TypeVar("_T")
_MOST = 6
_LONGEST_CHAIN = 12


class HungPieces:
    """Asked for members of a request that no pack names; kept by place, name and unit. What is hung may be made of what was hung under the
    same name before, ``req.cart = {...req.cart, sum}``: while one name is looked behind it is not looked behind again."""

    def __init__(self, program: Program, evaluator: Evaluator) -> None:
        self.program = program
        self.evaluator = evaluator
        self._stored: dict[_Key, list[Value]] = {}
        self._members: dict[tuple[_Key, tuple[str, ...], Place], list[Value]] = {}
        self._open: set[_Key] = set()

    def first(self, value: Member | External, look: Callable[[Value], _T]) -> _T | None:
        """The first that is found in what was hung under a name on the way to a value, with the members of it that the value is."""
        key, below = (self._of(value) if isinstance(value, Member) else self._kept(value)) or (None, ())
        if key is None or key in self._open:
            return None
        told = (key, below, value.at)
        if told not in self._members:
            self._members[told] = [self._member(v, below, value.at) for v in self._hung(key)]
        self._open.add(key)
        try:
            return next((found for v in self._members[told] if (found := look(v)) is not None), None)
        finally:
            self._open.discard(key)

    def _of(self, value: Member) -> tuple[_Key, tuple[str, ...]] | None:
        below: list[str] = []
        here: Value = value
        while isinstance(here, Member) and len(below) < _LONGEST_CHAIN:
            if place := _place(here.base):
                return (place, here.name, self.program.unit(value.at[0])), tuple(below)
            below.append(here.name)
            here = here.base
        return None

    def _kept(self, value: External) -> tuple[_Key, tuple[str, ...]] | None:
        """The same for what Flask keeps for the length of a request: ``g.sum``."""
        told = next((g for g in OF_REQUEST if value.name.startswith(g + ".")), "")
        if not told:
            return None
        name, *below = value.name[len(told) + 1 :].split(".")
        return ("g", name, self.program.unit(value.at[0])), tuple(reversed(below))

    def _member(self, value: Value, below: tuple[str, ...], at: Place) -> Value:
        for name in reversed(below):
            value = self.evaluator.member(value, name, at)
        return value

    def _hung(self, key: _Key) -> list[Value]:
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
    return "g" if isinstance(value, External) and value.name in OF_REQUEST else ""
