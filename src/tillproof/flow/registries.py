"""Tables of functions, classes and objects that fill themselves: ``HANDLERS = {}`` and a decorator that keeps what it is given under a
name, or a function that is called with each."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, FunctionV, Instance, Param, Place, Record, Value, options
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
        """The functions, classes and objects that a table at the top of a file of Python comes to hold, where it is begun empty."""
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
        """The variable, or the field of an object or a class, that keeps a table which is written down on a line."""
        for fn in (Fn(file, TOP), *self._makers(file, line)):
            body = self.program.body(fn)
            for i, op in enumerate(body.op):
                if op not in (Op.STORE, Op.SET_FIELD):
                    continue
                made = body.args(i)[1 if op == Op.STORE else 2]
                made = body.args(made)[1] if body.op[made] == Op.CAST else made
                if body.line[made] == line and body.op[made] == Op.RECORD and (op == Op.STORE or body.is_self(body.args(i)[0])):
                    return body.name(i).rpartition(".")[2]
        return ""

    def _makers(self, file: str, line: int) -> list[Fn]:
        """The constructor around a line, in which an object is given its tables."""
        functions = self.program.indices[file].functions
        return [Fn(file, n) for n, f in enumerate(functions) if f.name == "__init__" and f.line <= line <= f.end_line]

    def _filled(self, file: str, name: str) -> list[Value]:
        found: list[Value] = []
        for fn in self.program.functions_around(file, name):
            body = self.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.SET_INDEX and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD) and body.name(body.args(i)[0]) == name:
                    for option in options(self.evaluator.value(fn, body.args(i)[2])):
                        if isinstance(option, ClassV) and self.program.name(fn) == "__init_subclass__":
                            found += [ClassV(option.at, cls) for cls in self.evaluator.scope.subclasses(option.cls)]
                        elif isinstance(option, (FunctionV, ClassV, Instance)):
                            found.append(option)
                        elif isinstance(option, Param):
                            found += self._decorated(option.fn) or self._handed(option)
        return found

    def _handed(self, param: Param) -> list[Value]:
        """What a function that fills the table is called with: ``register(Card())``."""
        found: list[Value] = []
        name = self.program.name(param.fn)
        for file in self.program.mentioning(name) if name else ():
            for caller in self.program.functions_calling_name(file, name):
                body = self.program.body(caller)
                for i, op in enumerate(body.op):
                    if op != Op.CALL or body.called(i) != name:
                        continue
                    callee, given = body.call(i)
                    handed = [v for key, v in given if key in ("", param.name)]
                    ours = [o for o in options(self.evaluator.value(caller, callee)) if isinstance(o, FunctionV) and o.fn == param.fn]
                    number = param.number - (1 if ours and ours[0].this is not None else 0)
                    if ours and 0 <= number < len(handed):
                        values = options(self.evaluator.value(caller, handed[number]))
                        found += [o for o in values if isinstance(o, (FunctionV, ClassV, Instance))]
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
