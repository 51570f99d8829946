"""Validators of MongoDB's collections: what the database itself refuses, whichever model the code has for them."""

import re
from collections.abc import Iterator

from tillproof.commerce.schema.changes import Change
from tillproof.commerce.schema.code import Call, Code, Node
from tillproof.commerce.schema.readers.builders import goes_down
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.tables import Check

_CALLS = {"createcollection", "create_collection", "command", "runcommand", "admincommand"}


def read(code: Code, file: str) -> Iterator[Change]:
    for fn in code.program.functions_calling(file, _CALLS):
        if goes_down(code, fn):
            continue
        for call in code.calls(fn):
            name, validator = _collection(code, call)
            checks = list(_bounds(code, validator)) if validator is not None else []
            if name and checks:
                yield Change("alter", name, file, code.line(call.node), "mongodb", checks=checks, documents=True)


def _collection(code: Code, call: Call) -> tuple[str, Node | None]:
    """The collection that a call makes or changes, and its validator."""
    if not call.args:
        return "", None
    options = {k: v for a in call.args for k, v in code.record(a).items()} | call.named
    if "collMod" in options:
        return code.text(options["collMod"]) or "", options.get("validator")
    texts = [t for a in call.args if (t := code.text(a)) is not None]
    named = texts[1:] if texts[:1] == ["collMod"] else texts
    return (named[0] if named else ""), options.get("validator")


def _bounds(code: Code, validator: Node) -> Iterator[Check]:
    """``{ $jsonSchema: { properties: { stock: { minimum: 0 } } } }``, and ``{ stock: { $gte: 0 } }``."""
    given = code.record(validator)
    properties = code.record(code.record(given.get("$jsonSchema")).get("properties")) or given
    for name, node in properties.items():
        rules = code.record(node)
        least = rules.get("minimum") or rules.get("$gte")
        if least is not None:
            yield Check(f"{name} >= {code.text(least) or '?'}", node.fn.file, code.line(least))


_PATTERN = re.compile(rb"create_?[cC]ollection|collMod")
VALIDATORS = Reader("javascript", (b"validator",), (_PATTERN,), read)
PYTHON_VALIDATORS = Reader("python", (b"validator",), (_PATTERN,), read)
