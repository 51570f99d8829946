"""Functions of ours that are called by a reference which a generator makes of the files they stand in:
``ctx.runMutation(internal.orders.settle, { sessionId })`` runs ``settle`` of ``convex/orders.ts``."""

from functools import cached_property

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import External, FunctionV, Record, Result, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import References as Told

_MOST = 4


class References:
    """Answers by the callee of a call; what was asked is kept."""

    def __init__(self, evaluator: Evaluator, knowledge: Knowledge) -> None:
        self.evaluator = evaluator
        self.program = evaluator.program
        self.told = [f.references for f in knowledge.frameworks.values() if f.references.calls]
        self.words = frozenset(name.rpartition(".")[2] for told in self.told for name in told.calls)
        self._memo: dict[tuple[Fn, int], FunctionV | None] = {}

    @cached_property
    def _files(self) -> dict[str, list[str]]:
        """The files below a folder of such functions, by their path there without its ending."""
        found: dict[str, list[str]] = {}
        for folder in dict.fromkeys(told.folder for told in self.told):
            for file in self.program.indices:
                _, here, below = f"/{file}".rpartition(f"/{folder}/")
                if here:
                    found.setdefault(below.rpartition(".")[0], []).append(file)
        return found

    @property
    def known(self) -> bool:
        """Whether there is any file of such functions."""
        return bool(self._files)

    def target(self, fn: Fn, callee: int) -> FunctionV | None:
        """The function that a call runs whose callee stands there, with what is handed over in the places of its parameters."""
        key = (fn, callee)
        if key not in self._memo:
            self._memo[key] = None
            if self._files and self.program.language(fn.file) == "javascript":
                body = self.program.body(fn)
                calls = [c for c in self.evaluator.defuse(fn).uses(callee) if body.op[c] == Op.CALL and body.args(c)[0] == callee]
                given = body.call(calls[0])[1][:1] if calls else []
                if given and body.op[given[0][1]] == Op.FIELD:
                    self._memo[key] = self.of(self.evaluator.value(fn, given[0][1]), fn.file)
        return self._memo[key]

    def of(self, value: Value, asked_in: str) -> FunctionV | None:
        """The function that a reference means."""
        for option in options(value):
            name = option.name if isinstance(option, External) else ""
            for told in self.told:
                root = next((r for r in told.roots if name.startswith(r + ".")), "")
                path, _, export = name.removeprefix(root + ".").rpartition(".") if root else ("", "", "")
                files = self._files.get(path.replace(".", "/"), []) if path else []
                for file in sorted(files, key=lambda f: self.program.unit(f) != self.program.unit(asked_in))[:_MOST]:
                    if (found := self._exported(file, export, told)) is not None:
                        return found
        return None

    def _exported(self, file: str, name: str, told: Told) -> FunctionV | None:
        """The function behind an export: the one that its declaration is handed, or that stands there under a key."""
        for declared in options(self.evaluator.scope.exported(file, name, (file, 1))):
            given = self.evaluator.argument(declared, 0) if isinstance(declared, Result) and declared.instr >= 0 else None
            for option in options(given) if given is not None else ():
                inner = self.evaluator.member(option, told.member, option.at) if isinstance(option, Record) else option
                for one in options(inner):
                    if isinstance(one, FunctionV):
                        return one
        return None
