"""Rules by which what is sent is checked before anything is done with it, where they say how large a field may be."""

import re
from collections.abc import Iterator
from itertools import pairwise

from tillproof.commerce.lexicon import snake
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_UP_TO = re.compile(r"(?:^|\|)\s*(?:max|lte?|max_?value):$")
_LARGEST = re.compile(r"max|lte?|le|max_?value(_validator)?|less_?than(_or_?equals?)?|at_?most|range|between|max_range")
_TEXTS = (Op.LIST, Op.TEXT, Op.BINARY)
_DEEPEST = 8


def ceilings(body: Body) -> Iterator[tuple[int, str, list[int]]]:
    """The fields for which a largest value is worked out, with what it is made of: ``'amount' => "integer|max:{$left}"``,
    ``amount: z.number().max(left)``, ``amount = IntegerField(max_value=left)``. The name of one that is put together,
    ``$rules["qty_$id"] = ['max:' . $left]``, is empty."""
    for i, op in enumerate(body.op):
        if op == Op.RECORD:
            for key, value in zip(body.args(i)[::2], body.args(i)[1::2], strict=False):
                const = body.const(key) if key >= 0 else None
                if const is not None and (limits := list(_limits(body, value, 0))):
                    yield value, const[1].strip("'\"").rpartition(".")[2], limits
        elif op in (Op.SET_FIELD, Op.SET_INDEX, Op.STORE):
            value = body.args(i)[-1]
            const = body.const(body.args(i)[1]) if op == Op.SET_INDEX else None
            field = const[1].strip("'\"") if const is not None else body.name(i) if op != Op.SET_INDEX else ""
            rules = (Op.CALL, Op.NEW, *(_TEXTS if op == Op.SET_INDEX else ()))
            if body.op[value] in rules and (limits := list(_limits(body, value, 0))):
                yield value, field, limits


def _limits(body: Body, i: int, depth: int) -> Iterator[int]:
    """What is given as the largest, in one field's rules."""
    if i < 0 or depth > _DEEPEST:
        return
    op = body.op[i]
    if op == Op.TEXT or _joins(body, i):
        yield from _told(body, list(_parts(body, i, 0)))
    elif op == Op.LIST:
        for part in body.args(i):
            yield from _limits(body, part, depth + 1)
    elif op in (Op.CALL, Op.NEW):
        callee, given = body.call(i)
        largest = _LARGEST.fullmatch(snake(body.called(i))) is not None
        for name, value in given:
            named = _LARGEST.fullmatch(snake(name)) is not None if name else largest
            if named and body.op[value] != Op.CONST:
                yield value
            elif not named:
                yield from _limits(body, value, depth + 1)
        if body.op[callee] == Op.FIELD:
            yield from _limits(body, body.args(callee)[0], depth + 1)


def _parts(body: Body, i: int, depth: int) -> Iterator[int]:
    """The parts that a text is put together from, in order."""
    inner = body.args(i) if body.op[i] == Op.TEXT else body.args(i)[1:] if _joins(body, i) else []
    if not inner or depth > _DEEPEST:
        yield i
    for part in inner:
        yield from _parts(body, part, depth + 1)


def _joins(body: Body, i: int) -> bool:
    return body.op[i] == Op.BINARY and body.text(body.args(i)[0]) in (".", "+")


def _told(body: Body, parts: list[int]) -> Iterator[int]:
    """The parts that follow on ``max:``."""
    for before, part in pairwise(parts):
        const = body.const(before)
        if const is not None and body.op[part] != Op.CONST and _UP_TO.search(const[1].strip("'\"")):
            yield part
