"""Objects of declared types: what an annotation or a type hint says of a parameter, a field or a result."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Choice, ClassV, Element, External, Instance, Member, Param, Result, Seq, Value

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_TYPE = re.compile(r"[A-Za-z_$][\w$.]*")
_ARGUMENT = re.compile(r"\s*[<\[]\s*[\"']?([A-Za-z_$][\w$.]*)")
_LISTED = re.compile(r"(?:[\w.\\]+<(?:[\w|.-]+\s*,\s*)?([\w.\\]+)>|([\w.\\]+)\[\])")
_LISTS = {
    "javascript": re.compile(r"(?:readonly\s+)?(?:(?:Readonly)?Array|ReadonlySet|Set|Iterable)<([\w.]+)>|(?:readonly\s+)?([\w.]+)\[\]"),
    "python": re.compile(
        r"(?:[\w]+\.)*(?:list|List|Sequence|Iterable|Collection|tuple|Tuple|set|Set)\[[\"']?([\w.]+)[\"']?(?:,\s*\.\.\.)?\]()"
    ),
}
_ALTERNATIVE = re.compile(r"\s*\|")
_FIELD = re.compile(r"\s*(?:readonly\s+)?([A-Za-z_$][\w$]*)\??\s*:")
_PLAIN = {
    "str",
    "int",
    "float",
    "bool",
    "dict",
    "Any",
    "any",
    "string",
    "number",
    "boolean",
    "object",
    "array",
    "mixed",
    "iterable",
    "None",
    "null",
    "void",
    "unknown",
}
_WRAPPERS = {
    "Promise",
    "Optional",
    "Annotated",
    "Type",
    "type",
    "List",
    "list",
    "Awaitable",
    "Readonly",
    "Partial",
    "Final",
    "ClassVar",
    "Mapped",
    "FromDishka",
    "Injected",
}


def typed(scope: "Scope", file: str, text: str, at: tuple[str, int]) -> Value | None:
    """An object of a declared type: an instance of a class of ours, or of something of outside; None for plain data types."""
    if text.lstrip(": ").startswith("{"):
        return None  # a type that is written out: its first word is a field's
    php = scope.program.indices[file].language == "php"
    if php:
        text = text.replace("\\", ".")
    for found in _TYPE.finditer(text):
        word = found.group().strip(".")
        if word in _WRAPPERS or word.rpartition(".")[2] in _WRAPPERS:
            continue
        if word in _PLAIN and _ALTERNATIVE.match(text, found.end()) is not None:
            continue  # `int|Product`: what is asked of an object is asked of the other
        if word in _PLAIN:
            return None
        value = _of_type(scope, file, scope.dotted(file, word), at)
        if isinstance(value, Instance) and (given := _ARGUMENT.match(text, found.end())) is not None:
            value.of = _kept(scope, file, given[1], at)
        return value
    return None


def listed(scope: "Scope", file: str, text: str, at: tuple[str, int]) -> Value | None:
    """An object of what a list is declared to hold, ``iterable<int, Processor>`` in a docblock of PHP, ``Processor[]``,
    ``list[Processor]``: of services alone, an interface of ours or a class that others are derived from. Of data the list itself says
    more."""
    found = _LISTS.get(scope.program.language(file), _LISTED).fullmatch(text.removesuffix("|null").lstrip("?: "))
    return served(scope, file, found[1] or found[2], at) if found is not None else None


def served(scope: "Scope", file: str, text: str, at: tuple[str, int]) -> Value | None:
    """An object of a type that is named, if that is one of services: an interface of ours, or a class with others below."""
    held = typed(scope, file, text, at)
    below = scope.subclasses(held.cls) if isinstance(held, Instance) else ()
    serves = isinstance(held, Instance) and below and any(scope.program.methods(c) for c in (*scope.lineage(held.cls), *below))
    return held if serves else None


def field(scope: "Scope", value: Param, name: str, at: tuple[str, int]) -> Value | None:
    """A field of a parameter whose type is written out where it stands, ``deps: { orders: OrderStore; db: Db }``: an object of the class of
    ours that its type names. Only classes that do something: of plain data the parameter itself says more."""
    text = scope.program.body(value.fn).params[value.number].type
    if not text.startswith("{"):
        return None
    held = typed(scope, value.fn.file, _field_type(text, name), at)
    if not isinstance(held, Instance) or not any(scope.program.methods(c) for c in scope.lineage(held.cls)):
        return None
    return Instance(at, held.cls, None, Member(at, value, name), held.of)


def _field_type(text: str, name: str) -> str:
    """The declared type of a field in a type that is written out; empty where it has none."""
    depth, start = 0, 1
    for end, letter in enumerate(text):
        depth += (letter in "{[(<") - (letter in "}])>" and text[end - 1] != "=")
        if (letter in ";,\n" and depth == 1) or depth == 0:
            found = _FIELD.match(text[start:end])
            if found is not None and found[1] == name:
                return text[start + found.end() : end].strip()
            start = end + 1
    return ""


def _kept(scope: "Scope", file: str, word: str, at: tuple[str, int]) -> ClassV | External | None:
    """What a type is given as its argument, where that is a class of ours or anything at all."""
    if word == "any":
        return External(at, word)
    given = scope.dotted(file, word)
    return given if isinstance(given, ClassV) else None


def _of_type(scope: "Scope", file: str, value: Value, at: tuple[str, int]) -> Value | None:
    """An object of a type that is given as a value; a name for ``Annotated[T, …]`` or ``Optional[T]`` means ``T``."""
    if isinstance(value, Choice):
        value = value.options[0]
    if isinstance(value, Element) and isinstance(value.base, External) and value.base.name.rpartition(".")[2] in _WRAPPERS:
        first = value.key.items[0] if isinstance(value.key, Seq) and value.key.items else value.key
        return _of_type(scope, file, first, at) if first is not None else None
    if isinstance(value, ClassV):
        return Instance(at, value.cls, known_as=value.known_as)
    if isinstance(value, External) and value.name not in _PLAIN:
        return Result(at, value, Fn(file, TOP), -1, None, True)
    return None
