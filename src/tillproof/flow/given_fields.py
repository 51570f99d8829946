"""The fields that an object is made with where its class leaves construction to its declarations: a dataclass, a named tuple, a model."""

from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, ClassId, Fn, Program
from tillproof.flow.values import Instance, Value

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope


def given_fields(scope: "Scope", cls: ClassId) -> list[str]:
    """The fields that an object of a Python class is made with, in order, where the class leaves construction to its declarations: a
    dataclass, a named tuple, a model."""
    lineage = scope.lineage(cls)
    if scope.program.language(cls.file) != "python" or any("__init__" in scope.program.methods(c) for c in lineage):
        return []
    declared: dict[str, None] = {}
    for one in reversed(lineage):
        prefix = scope.program.path(one) + "."
        fields = (s[len(prefix) :] for s in scope.evaluator.defuse(Fn(one.file, TOP)).stores if s.startswith(prefix))
        declared.update(dict.fromkeys(f for f in fields if "." not in f and f not in scope.program.methods(one)))
    return list(declared)


def given_field(scope: "Scope", value: Instance, name: str) -> Value | None:
    """What the call that made an object gave for a field that it is made with by the declarations of its class."""
    declared = given_fields(scope, value.cls) if value.made is not None else []
    if value.made is None or name not in declared:
        return None
    fn, call, ctx = value.made
    arguments = scope.program.body(fn).call(call)[1]
    if any(key == name for key, _ in arguments):
        return next(scope.evaluator.value(fn, v, ctx) for key, v in arguments if key == name)
    if (spread := next((v for key, v in reversed(arguments) if key == "**"), None)) is not None:
        return scope.evaluator.member(scope.evaluator.value(fn, spread, ctx), name, value.at)
    positional = [v for key, v in arguments if key == ""]
    number = declared.index(name)
    return scope.evaluator.value(fn, positional[number], ctx) if number < len(positional) else None


def is_decorated_with(program: Program, fn: Fn, word: bytes) -> bool:
    """Whether a decorator of that name stands before a function of Python."""
    function = program.function(fn)
    if function is None:
        return False
    lines = program.sources[fn.file][: function.start].split(b"\n")
    return _decorated(lines, word)


def is_dataclass(program: Program, cls: ClassId) -> bool:
    """Whether a class of Python is made one that only holds fields: ``@dataclass``, pydantic's too."""
    lines = program.sources[cls.file][: program.cls(cls).start].split(b"\n")
    return program.language(cls.file) == "python" and _decorated(lines, b"dataclass")


def _decorated(lines: list[bytes], word: bytes) -> bool:
    """Whether one of the decorators that end a text has a name."""
    for line in reversed(lines[:-1]):
        plain = line.strip()
        if not plain.startswith((b"@", b")")) and not plain.endswith((b",", b"(")):
            return False
        if plain.startswith(b"@") and plain.partition(b"(")[0].rpartition(b".")[2].strip(b"@ ") == word:
            return True
    return False
