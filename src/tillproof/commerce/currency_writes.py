"""Which currencies are ever written into the records of a unit: a field that only ever gets EUR has no other decimals than EUR."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.program import Fn
from tillproof.flow.values import Param, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.currencies import Currencies

_WORD = "urrency"


def only_codes(currencies: "Currencies", unit: str) -> frozenset[str] | None:
    """The codes of all currencies that are written down where a field of that name gets its value; None where one comes from elsewhere (a
    request, a setting, a parameter), or none is written at all. A currency that is read from another record adds nothing."""
    codes: set[str] = set()
    for value in _written(currencies, unit):
        found = currencies.of(value)
        if found.origin == "record":
            continue
        if found.origin != "fixed":
            return None
        codes |= found.codes
    return frozenset(codes) or None


def _written(currencies: "Currencies", unit: str) -> Iterator[Value]:
    """What fields, named arguments and record keys that are called a currency are given. What is said to a provider is not kept: where one
    is asked, only what goes into records of ours counts; nor is what an object that only carries a message is made with."""
    program = currencies.model.program
    asking = {site.fn for site in currencies.model.operations.sites}
    for file in program.indices:
        if program.unit(file) == unit and _WORD.encode() in program.sources[file]:
            for fn in program.functions_around(file, _WORD):
                yield from _in_records(currencies, fn) if fn in asking else _in_function(currencies, fn)


def _in_records(currencies: "Currencies", fn: Fn) -> Iterator[Value]:
    model = currencies.model
    for i, op in enumerate(model.program.body(fn).op):
        touch = model.records.touch(fn, i, None) if op == Op.CALL else None
        for name, value in touch.fields.items() if touch is not None and touch.writes else ():
            if value is not None and model.words.has("currency_fields", snake(name)):
                yield value


def _in_function(currencies: "Currencies", fn: Fn) -> Iterator[Value]:
    model = currencies.model
    body = model.program.body(fn)

    def named(text: str) -> bool:
        return model.words.has("currency_fields", snake(text.strip("'\"")))

    owner = model.program.owner(fn)
    kind = model.program.cls(owner).name if owner is not None else ""
    carries = bool(kind) and not model.words.entity(kind) and model.schema.table(kind, fn.file) is None
    for i, op in enumerate(body.op):
        if op == Op.SET_FIELD and carries and isinstance(model.evaluator.value(fn, body.args(i)[2]), Param):
            continue
        if op == Op.SET_FIELD and named(body.name(i)):
            yield model.evaluator.value(fn, body.args(i)[2])
        elif op == Op.RECORD:
            for k, v in zip(body.args(i)[::2], body.args(i)[1::2], strict=True):
                if k >= 0 and (const := body.const(k)) and named(const[1]):
                    yield model.evaluator.value(fn, v)
        elif op in (Op.CALL, Op.NEW):
            yield from (model.evaluator.value(fn, v) for key, v in body.call(i)[1] if named(key))
