"""Columns of whole numbers that count hundredths whatever the currency, as the code itself shows: it divides them by a hundred."""

from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_HUNDRED = ("100", "100.0", "1e2")
_BY_CURRENCY = ("zero", "decimal", "exponent", "fraction", "minor")


def divided_by_hundred(model: Model, name: str, unit: str) -> tuple[str, int] | None:
    """(file, line) of the first place in a unit that takes a field of that name for hundredths and asks for no currency's decimals."""
    for file in model.program.mentioning(name):
        if model.program.unit(file) != unit or b"100" not in model.program.sources[file]:
            continue
        for fn in model.program.functions_around(file, name):
            if not any(part in token.lower() for token in model.vocabulary.tokens(fn) for part in _BY_CURRENCY):
                line = _divided(model, fn, name)
                if line is not None:
                    return file, line
    return None


def _divided(model: Model, fn: Fn, name: str) -> int | None:
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.BINARY and body.text(body.args(i)[0]) == "/":
            whole, by = body.args(i)[1:]
            const = body.const(by)
            if const is not None and const[1] in _HUNDRED and _is_field(body, whole, name):
                return body.line[i]
    return None


def _is_field(body: Body, i: int, name: str) -> bool:
    """``order.totalAmount``, ``Number(order.totalAmount)``."""
    if body.op[i] == Op.CALL and len(body.call(i)[1]) == 1:
        return _is_field(body, body.call(i)[1][0][1], name)
    return body.op[i] == Op.FIELD and body.name(i) == name
