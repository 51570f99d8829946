"""Whether anything asks the rules that decorators put on fields: class-validator's run in a pipe, or where code calls it."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PACKAGE = "class-validator"
_SERVES = ("@nestjs/common",)
_RUNS = (
    "ValidationPipe", "validate", "validateOrReject", "validateSync", "transformAndValidate", "transformAndValidateSync", "Validator",
    "PipeTransform", "UsePipes", "APP_PIPE", "useGlobalPipes",
)  # fmt: skip
"""What asks the rules, or may: a pipe of one's own as well."""
_DERIVES = re.compile(r"\b(extends|(Partial|Pick|Omit|Intersection|Mapped)Type)\b")
_HANDED = re.compile(r"@(Body|Query|Param|Payload|MessageBody|Args|Headers|RequestBody|Input|Data)\b")
_DECORATOR = re.compile(r"^\s*@[\w.]+(\((?:[^()]|\([^()]*\))*\))?")
_HELD = re.compile(
    r"\s*(?:(?:public|private|protected|readonly|declare)\s+)*\w+\s*[?!]?\s*:\s*(?:Array<\s*)?(?P<name>\w+)\s*(?:\[\]|>)?\s*(?:\|[^;(]*)?[;=]?\s*"
)
_ATTRIBUTES = 12  # lines before a field in which its decorators stand


def unasked(model: "Model", file: str, line: int) -> bool:
    """Whether a field's rules stand in a class of class-validator's whose rules nothing asks: no pipe runs in the service, or the class is
    only that of elements of another one's field, which does not say ``@ValidateNested()``."""
    program = model.program
    if program.language(file) != "javascript" or not any(i.module == _PACKAGE for i in program.indices[file].imports):
        return False
    if not any(i.module in _SERVES for index in program.indices.values() for i in index.imports):
        return False  # other frameworks run them by themselves
    if not any(program.mentioning(word) for word in _RUNS):
        return True
    number = next((n for n, c in enumerate(program.indices[file].classes) if c.line <= line <= c.end_line), None)
    return number is not None and _is_held_alone(model, ClassId(file, number))


def _is_held_alone(model: "Model", cls: ClassId) -> bool:
    """Whether a class is what a field of another class holds, where no such field passes validation on to it, and is handed to no handler
    itself."""
    name, held = model.program.cls(cls).name, False
    word = re.compile(rf"\b{re.escape(name)}\b")
    for file in model.program.mentioning(name):
        lines = model.program.sources[file].decode("utf-8", "replace").splitlines()
        for number in (n for n, text in enumerate(lines) if word.search(text)):
            before = " ".join(lines[_first_attribute(lines, number) : number + 1])
            derived = _DERIVES.search(lines[number])
            if (derived is not None and word.search(lines[number], derived.end())) or _HANDED.search(before):
                return False
            field = _HELD.fullmatch(_undecorated(lines[number]))
            if field is not None and field["name"] == name:
                if "ValidateNested" in before:
                    return False
                held = True
    return held


def _undecorated(text: str) -> str:
    """A line without the decorators that it begins with."""
    while (found := _DECORATOR.match(text)) is not None:
        text = text[found.end() :]
    return text


def _first_attribute(lines: list[str], number: int) -> int:
    """The line on which the decorators of a field begin: behind the end of the field before it."""
    first = number
    while (
        first > 0 and number - first < _ATTRIBUTES and lines[first - 1].strip() and not lines[first - 1].rstrip().endswith((";", "{", "}"))
    ):
        first -= 1
    return first
