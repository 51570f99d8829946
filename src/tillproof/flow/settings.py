"""Settings that PHP code asks for by a path: ``config('services.gateway.url')`` is what ``config/services.php`` returns there. Packs name
the calls, and the folder in which the files lie."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, External, Overlay, Place, Record, Result, Value, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_ADDRESS = ("http://", "https://")


class Settings:
    """Answers by path and file; what a file returns is worked out once by whoever evaluates it."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self.folders: dict[str, str] = {}
        """The folder of the files that a call asks, by its name."""
        self._files: dict[str, dict[str, list[str]]] = {}

    def address(self, call: str, path: str, file: str, at: Place) -> Value | None:
        """The address that is kept under a path of the settings that a call asks; of others it is enough to know that they are settings."""
        first, *inner = path.split(".")
        kept = self._near(self.folders[call], first, file) if inner else None
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

    def _near(self, folder: str, name: str, file: str) -> str | None:
        """The file of settings of that name that belongs to the application in which a file lies."""
        if folder not in self._files:
            kept = self._files[folder] = {}
            for path in self.evaluator.program.indices:
                around, _, last = path.rpartition("/")
                if f"{around}/".endswith(f"{folder}/") and last.endswith(".php"):
                    kept.setdefault(last.removesuffix(".php"), []).append(path)
        near = [p for p in self._files[folder].get(name, ()) if file.startswith(p.rpartition(f"{folder}/")[0])]
        return max(near, key=len, default=None)
