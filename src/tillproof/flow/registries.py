"""Tables of functions and classes that fill themselves: ``HANDLERS = {}`` and a decorator that keeps what it is given under a name."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, FunctionV, Param, Place, Record, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_MOST = 40


class Registries:
    """What was put into a table by the functions of its file; kept per table."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self.program = evaluator.program
        self._kept: dict[Place, list[Value]] = {}

    def of(self, table: Value) -> list[Value]:
        """The functions and classes that a table at the top of a file of Python comes to hold, where it is begun empty."""
        if not isinstance(table, Record) or table.entries or table.at[0] not in self.program.indices:
            return []
        file, line = table.at
        if self.program.language(file) != "python":
            return []
        if table.at not in self._kept:
            self._kept[table.at] = []
            name = self._name(file, line)
            self._kept[table.at] = self._filled(file, name)[:_MOST] if name else []
        return self._kept[table.at]

    def _name(self, file: str, line: int) -> str:
        """The variable that keeps a table which is written down on a line of a file's top."""
        top = self.program.body(Fn(file, TOP))
        stores = ((i, top.args(i)[1]) for i, op in enumerate(top.op) if op == Op.STORE)
        made = ((i, top.args(v)[1] if top.op[v] == Op.CAST else v) for i, v in stores)
        return next((top.name(i) for i, v in made if top.line[v] == line and top.op[v] == Op.RECORD), "")

    def _filled(self, file: str, name: str) -> list[Value]:
        found: list[Value] = []
        for fn in self.program.functions_around(file, name):
            body = self.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.SET_INDEX and body.op[body.args(i)[0]] == Op.NAME and body.name(body.args(i)[0]) == name:
                    for option in options(self.evaluator.value(fn, body.args(i)[2])):
                        if isinstance(option, (FunctionV, ClassV)):
                            found.append(option)
                        elif isinstance(option, Param):
                            found += self._decorated(option.fn)
        return found

    def _decorated(self, decorator: Fn) -> list[Value]:
        """What a decorator is given: the functions and classes above which it stands, by itself or made by the function around it."""
        outer = self.program.parent(decorator)
        word = self.program.name(outer if outer is not None and outer.number != TOP else decorator)
        found: list[Value] = []
        for file in self.program.mentioning(word):
            for holder in self.program.functions_around(file, word):
                body = self.program.body(holder)
                for i, op in enumerate(body.op):
                    if op != Op.DECORATE:
                        continue
                    kind, number, mark = body.args(i)
                    if any(isinstance(o, FunctionV) and o.fn == decorator for o in options(self.evaluator.value(holder, mark))):
                        at = (file, body.line[i])
                        found.append(FunctionV(at, Fn(file, number), None) if kind == 0 else ClassV(at, ClassId(file, number)))
        return found
