"""Which fields come through a schema that refuses or drops all others: ``Joi.object({ eventId: Joi.string() }).validate(body).value``."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.declared_serializers import declared, serializer_of
from tillproof.flow.values import External, Member, Record, Result, Value

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_CHECKS = ("validate", "validateAsync", "attempt", "parse", "safeParse", "parseAsync", "safeParseAsync")
_OBJECT = re.compile(r"(@hapi/joi|joi|zod)(\.z|\.default)?\.(strictO|o)bject")
_ADDS = ("keys", "append", "extend", "safeExtend")
_LEAVES = frozenset([
    "required", "optional", "nullable", "nullish", "strict", "strip", "refine", "superRefine", "partial", "deepPartial", "describe", "min",
    "max", "length", "or", "and", "xor", "oxor", "nand", "with", "without", "label", "messages", "message", "custom", "readonly", "brand",
])  # fmt: skip
"""What is said of a schema and changes nothing of the fields that it knows."""
_READS = frozenset(["get", "pop", "items", "keys", "values", "copy", "update", "setdefault"])
_LONGEST = 12
_NESTED = 2


def lets_none_but(evaluator: "Evaluator", checked: Value) -> frozenset[str] | None:
    """The fields that a value may have which a schema has checked; None where it may have others, or where that is not known."""
    if (serializer := serializer_of(evaluator, checked)) is not None:
        fields = declared(evaluator, serializer)
        return fields and fields | _READS
    base = checked.base if isinstance(checked, Member) and checked.name in ("value", "data") else checked
    if not (isinstance(base, Result) and base.instr >= 0 and isinstance(base.callee, Member) and base.callee.name in _CHECKS):
        return None
    given = [v for _, v in evaluator.arguments(base)]
    if len(given) > 1 and not _only(given[1], ("abortEarly", "stripUnknown", "convert", "errors", "messages")):
        return None
    return _of_schema(evaluator, base.callee.base)


def _only(options: Value, known: tuple[str, ...]) -> bool:
    """Whether options are written down, and none but these."""
    return isinstance(options, Record) and all(key in known for key, _ in options.entries)


def _of_schema(evaluator: "Evaluator", schema: Value, depth: int = 0) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for _ in range(_LONGEST):
        if not isinstance(schema, Result) or schema.instr < 0:
            return None
        given = [v for _, v in evaluator.arguments(schema)]
        if isinstance(schema.callee, External):
            keys = _keys(given[0]) if _OBJECT.fullmatch(schema.callee.name) and given else None
            return None if keys is None else found | keys
        if not isinstance(schema.callee, Member):
            return None
        said = schema.callee.name
        if said in _ADDS or said == "merge":
            more = _added(evaluator, said, given, depth)
            if more is None:
                return None
            found |= more
        elif said not in _LEAVES:
            return None
        schema = schema.callee.base
    return None


def _added(evaluator: "Evaluator", said: str, given: list[Value], depth: int) -> frozenset[str] | None:
    """The fields that a schema is given beside its own: ``schema.keys({ note: Joi.string() })``, ``schema.merge(other)``."""
    if not given or depth > _NESTED:
        return None
    return _keys(given[0]) if said in _ADDS else _of_schema(evaluator, given[0], depth + 1)


def _keys(written: Value) -> frozenset[str] | None:
    """The keys of a record that is written down whole."""
    if not isinstance(written, Record):
        return None
    out: set[str] = set()
    for key, entry in written.entries:
        below = _keys(entry) if key is None else frozenset([key])
        if below is None or key == "?":
            return None
        out |= below
    return frozenset(out)
