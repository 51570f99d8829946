"""What PHP's constants hold that another file defines: ``define('SHOP_TABLE', 'shop_payments')`` in the file of the plugin, or in a
method of its that sets them up, is there for all that it loads."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.values import Const, Mix, Text, Value, choice, constant, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]{3,}")
_SWITCH = re.compile(
    r"\d*|test|testing|live|sandbox|production|prod|dev|develop(ment)?|debug|local|staging|on|off|yes|no|true|false", re.IGNORECASE
)
"""What whoever sets a shop up changes: on which way the code goes then is not written here."""
_DEFINES = "define"
_MOST = 3


def defined(scope: "Scope", name: str, at: tuple[str, int]) -> Value | None:
    """The text that a constant of any file of the repository holds; None where none defines it, or what is set there is a switch."""
    name = name.rpartition(".")[2]
    if not _CONSTANT.fullmatch(name):
        return None
    written = re.compile(rb"\bdefine\s*\(\s*['\"]" + name.encode() + rb"['\"]")
    found: list[Value] = []
    for file in scope.program.words.files(name):
        if scope.program.language(file) != "php":
            continue
        starts = [m.start() for m in written.finditer(scope.program.sources[file])]
        for fn in scope.program.functions_at(file, starts) if starts else ():
            body = scope.program.body(fn)
            for i, op in enumerate(body.op):
                given = [a for _, a in body.call(i)[1]] if op == Op.CALL and body.called(i) == _DEFINES else []
                if len(given) > 1 and body.op[given[0]] == Op.CONST and body.name(given[0]).strip("'\"") == name:
                    found.append(scope.evaluator.value(fn, given[1]))
    told = [o for value in found for o in options(value)]
    return choice(at, told) if 0 < len(told) <= _MOST and all(map(_is_text, told)) else None


def _is_text(value: Value) -> bool:
    if isinstance(value, Const):
        return value.kind == Kind.STRING and not _SWITCH.fullmatch(value.text.strip("'\""))
    return isinstance(value, (Text, Mix)) and constant(value) is None
