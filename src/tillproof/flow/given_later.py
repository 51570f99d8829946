"""What an object of a class of ours is given, once it is there, by whoever made it: ``recorder = Recorder(); recorder.payload = body``."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Instance, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_PASSED = (Op.AWAIT, Op.CAST)


class GivenLater:
    """Asked for a field of an object; each making call is looked at once."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self._known: dict[tuple[Fn, int], dict[str, list[int]]] = {}

    def of(self, value: Instance, name: str) -> list[Value]:
        """The values that a field is set to in the function that made the object, on the variable that holds it and nothing else."""
        if value.made is None:
            return []
        fn, call, ctx = value.made
        return [self.evaluator.value(fn, i, ctx) for i in self._set(fn, call).get(name, ())]

    def _set(self, fn: Fn, call: int) -> dict[str, list[int]]:
        """By field, the instructions whose values are stored into the object that a call has made."""
        if (fn, call) not in self._known:
            found = self._known[fn, call] = {}
            body = self.evaluator.program.body(fn)
            if Op.SET_FIELD not in body.op:
                return found
            stores = self.evaluator.defuse(fn).stores
            holding = {name for name, kept in stores.items() if len(kept) == 1 and self._made_at(fn, body.args(kept[0])[1]) == call}
            for i, op in enumerate(body.op) if holding else ():
                holder = body.args(i)[0] if op == Op.SET_FIELD else -1
                if holder >= 0 and body.op[holder] == Op.NAME and body.name(holder) in holding:
                    found.setdefault(body.name(i), []).append(body.args(i)[2])
        return self._known[fn, call]

    def _made_at(self, fn: Fn, i: int) -> int:
        """The instruction that makes a value, behind what only passes it on."""
        body = self.evaluator.program.body(fn)
        while i >= 0 and body.op[i] in _PASSED:
            i = body.args(i)[0] if body.op[i] == Op.AWAIT else body.args(i)[1]
        return i
