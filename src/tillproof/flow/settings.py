"""Settings that code asks for by a path or a name: ``config('services.gateway.url')`` is what ``config/services.php`` returns there, and
``settings.GATEWAY_URL`` what a module of Django's settings keeps under that name. Packs name PHP's calls, and the folder in which the files
lie."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, External, Overlay, Place, Record, Result, Value, choice, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_ADDRESS = ("http://", "https://")
_MODULES = {"django.conf.settings": "settings"}
"""The object that stands for the modules of settings, and what one of them is called, or the package that they lie in."""


class Settings:
    """Answers by path and file; what a file returns is worked out once by whoever evaluates it."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator = evaluator
        self.folders: dict[str, str] = {}
        """The folder of the files that a call asks, by its name."""
        self._files: dict[str, dict[str, list[str]]] = {}
        self._named: dict[tuple[str, str], Value | None] = {}

    def address(self, call: str, path: str, file: str, at: Place) -> Value | None:
        """The address that is kept under a path of the settings that a call asks; of others it is enough to know that they are settings."""
        value = self._under(call, path, file, at)
        return value if value is not None and all(self._is_address(o) for o in options(value)) else None

    def _under(self, call: str, path: str, file: str, at: Place) -> Value | None:
        """Whatever is kept under a path of the settings that a call asks."""
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
        return value

    def kept(self, held: str, name: str, at: Place) -> Value | None:
        """The address that the modules of settings keep under a name, of each module its own; of others it is enough to know that they are
        settings."""
        module = _MODULES.get(held)
        if module is None or at[0] not in self.evaluator.program.indices or not name.isupper():
            return None
        key = (self.evaluator.program.unit(at[0]), name)
        if key not in self._named:
            near = (file for file in self._modules_of(module) if self.evaluator.program.unit(file) == key[0])
            found = [o for file in near for v in self._at_top(file, name) for o in options(v)]
            told = [address for v in found if (address := self._written(v)) is not None]
            self._named[key] = choice(at, list(told)) if told and len(told) == len(found) else None
        return self._named[key]

    def declared(self, value: Value) -> list[Value]:
        """What the modules of settings keep under the name that a value is asked by, ``settings.HOOK_SECRET``, or the file of settings
        under the path that a call is given, ``config('services.gateway.hook_secret')``; none for what is no such setting."""
        if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, External) and value.callee.name in self.folders:
            path = self.evaluator.argument(value, 0)
            told = self._under(value.callee.name, path.text.strip("'\""), value.at[0], value.at) if isinstance(path, Const) else None
            return [told] if told is not None else []
        held, _, name = value.name.rpartition(".") if isinstance(value, External) else ("", "", "")
        module, file = _MODULES.get(held), value.at[0]
        if module is None or file not in self.evaluator.program.indices:
            return []
        unit = self.evaluator.program.unit(file)
        return [v for f in self._modules_of(module) if self.evaluator.program.unit(f) == unit for v in self._at_top(f, name)]

    def asking(self, wanted: Callable[[str], bool]) -> list[str]:
        """The files that ask for an address, one of those ``wanted``, which stands in a module of settings elsewhere."""
        out: dict[str, None] = {}
        for file in (f for module in _MODULES.values() for f in self._modules_of(module)):
            for name, stores in self.evaluator.defuse(Fn(file, TOP)).stores.items():
                values = (self.evaluator.value(Fn(file, TOP), s) for s in stores) if name.isupper() else ()
                if any((address := self._written(v)) is not None and wanted(address.text) for v in values):
                    out.update(dict.fromkeys(self.evaluator.program.mentioning(name)))
        return list(out)

    def _modules_of(self, module: str) -> list[str]:
        """The files of such modules: ``shop/settings.py``, ``config/settings/base.py``."""
        if module not in self._files:
            parts = ((path, path.removesuffix(".py").split("/")) for path in self.evaluator.program.indices if path.endswith(".py"))
            self._files[module] = {"": [path for path, names in parts if module in names]}
        return self._files[module][""]

    def _at_top(self, file: str, name: str) -> list[Value]:
        """What a file keeps under a name, by each line that sets it, unless the file does not speak of it."""
        if name.encode() not in self.evaluator.program.sources[file]:
            return []
        stores = self.evaluator.defuse(Fn(file, TOP)).stores.get(name, ())
        return [self.evaluator.value(Fn(file, TOP), s) for s in stores]

    def _written(self, value: Value) -> Const | None:
        """The address that a value is, or that is written beside the setting of the environment that may be put in its place:
        ``os.environ.get("GATEWAY_URL", "https://…")``, ``config("GATEWAY_URL", default="https://…")``."""
        if isinstance(value, Const):
            return value if self._is_address(value) else None
        given = self.evaluator.arguments(value) if isinstance(value, Result) and value.instr >= 0 else []
        beside = [v for _, v in given[1:2]] + [v for key, v in given if key == "default"]
        return next((v for v in beside if isinstance(v, Const) and self._is_address(v)), None)

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
