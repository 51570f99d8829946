"""Settings that PHP code asks for by a path: ``config('services.gateway.url')`` is what ``config/services.php`` returns there."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, External, Overlay, Place, Record, Result, Value, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

ASKS = ("config", "Illuminate.Support.Facades.Config.get", "Config.get")
_FOLDER = "config/"
_ADDRESS = ("http://", "https://")


class Settings:
    """Answers by path and file; what a file returns is worked out once by whoever evaluates it."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self._files: dict[str, list[str]] | None = None

    def address(self, path: str, file: str, at: Place) -> Value | None:
        """The address that is kept under a path; of other settings who asks needs to know no more than that they are settings."""
        first, *inner = path.split(".")
        kept = self._near(first, file) if inner else None
        body = self.evaluator.program.body(Fn(kept, TOP)) if kept is not None else None
        if kept is None or body is None:
            return None
        ends = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
        value = self.evaluator.value(Fn(kept, TOP), ends[-1]) if ends else None
        for key in inner:
            if not isinstance(value, (Record, Overlay)):
                return None
            value = self.evaluator.member(value, key, at)
        return value if value is not None and all(self._is_address(o) for o in options(value)) else None

    def _is_address(self, value: Value) -> bool:
        """Whether a value is an address that is written down, or one that the environment may put another in the place of."""
        if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, External) and value.callee.name == "env":
            default = self.evaluator.argument(value, 1)
            return default is not None and self._is_address(default)
        return isinstance(value, Const) and value.kind == Kind.STRING and value.text.strip("'\"").startswith(_ADDRESS)

    def _near(self, name: str, file: str) -> str | None:
        """The file of settings of that name that belongs to the application in which a file lies."""
        if self._files is None:
            self._files = {}
            for path in self.evaluator.program.indices:
                folder, _, last = path.rpartition("/")
                if f"{folder}/".endswith(_FOLDER) and last.endswith(".php"):
                    self._files.setdefault(last.removesuffix(".php"), []).append(path)
        around = [p for p in self._files.get(name, ()) if file.startswith(p.rpartition(_FOLDER)[0])]
        return max(around, key=len, default=None)
