"""Sums that lose a cent where they are made hundredths, in code that works with a provider of smallest units: a line of a request that is
put together far away, what a route answers the provider, a converter of the project's own."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from tillproof.checks.payment.amount_flaws import Flaw
from tillproof.checks.payment.charges import CREATES, Charge, Charges, did
from tillproof.commerce.lexicon import snake
from tillproof.commerce.money import Money, name_of
from tillproof.commerce.operations import OperationSite
from tillproof.flow.defuse import DefUse
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, Element, Member, Mix, Param, Result, Value, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_HUNDREDFOLD = re.compile(rb"\*\s*\(?-?100(?![\d.%])(?:\.0)?|(?<![\d.])-?100(?:\.0)?\s*\*(?!\*)")
_PIECES = 30
_MOST_CALLERS = 12
_STEPS = 4  # through variables and what only converts
_EQUALS = ("==", "===", "!=", "!==")
_CONVERTING = ("intval", "int", "strval", "str", "String", "Number", "round", "absint", "max", "abs")


Use: TypeAlias = Literal["kept", "compared"]


class Conversion(NamedTuple):
    """``charge``: the sum, with a request of the provider that the code around works with."""

    fn: Fn
    charge: Charge
    flaw: Flaw


def conversions(charges: Charges) -> Iterator[Conversion]:
    """The first such place of each function."""
    for file, site in _files(charges):
        program = charges.model.program
        offsets = [m.start() for m in _HUNDREDFOLD.finditer(program.sources[file])]
        for fn in program.functions_at(file, offsets) if offsets else ():
            converts = _converts(charges, fn)
            asked = _is_used(charges, fn) if converts else charges.model.vocabulary.money(fn)
            found = next(_lossy(charges, fn), None) if asked else None
            if found is not None:
                value, flaw = found
                yield Conversion(fn, Charge(site, None, "", value, None), flaw)


def _files(charges: Charges) -> Iterator[tuple[str, OperationSite]]:
    """The files of the units that ask a payment provider for sums in the smallest unit, each with such a request."""
    program, asking = charges.model.program, dict[str, OperationSite]()
    for site in charges.model.operations.sites:
        if (
            site.provider.kind == "payment"
            and (site.operation.amount or site.operation.op in CREATES)
            and (site.operation.money or site.provider.money) == "minor"
        ):
            asking.setdefault(program.unit(site.fn.file), site)
    for file in program.indices:
        site_of = asking.get(program.unit(file))
        if site_of is not None and not charges.model.browser.runs(file):
            yield file, site_of


def _lossy(charges: Charges, fn: Fn) -> Iterator[tuple[Value, Flaw]]:
    body = charges.model.program.body(fn)
    for i, op in enumerate(body.op):
        used = _used_as(charges, fn, body, i) if op in (Op.CALL, Op.CAST, Op.BINARY) else None
        if used is None:
            continue
        values = [charges.model.evaluator.value(fn, i, ctx) for ctx in _ways(charges, fn, i)]
        flaws = [(value, flaw) for value in values if (flaw := _flaw(charges, fn, value)) is not None]
        if flaws and len(flaws) == len(values):
            value, flaw = flaws[0]
            compared = used == "compared" and flaw.what == "cent-lost"
            yield (value, Flaw("cent-compared", flaw.value, "medium", flaw.confidence)) if compared else (value, flaw)


def _ways(charges: Charges, fn: Fn, i: int) -> list[Ctx | None]:
    """Each call of a function by itself, where a sum is what callers hand over: what is whole loses nothing."""
    value = charges.model.evaluator.value(fn, i)
    if not any(isinstance(p, Param) for p in pieces([value], _PIECES, charges.model.evaluator.made_of)):
        return [None]
    return list(charges.model.callers.above(fn, None)[:_MOST_CALLERS]) or [None]


def _flaw(charges: Charges, fn: Fn, value: Value) -> Flaw | None:
    """What a conversion does to a sum, as far as it is done right here."""
    for money in charges.units.of(value) if isinstance(value, (Mix, Result)) else ():
        last = money.steps[-1] if money.steps else None
        if last is None or last.value is not value or not _is_sum(charges, fn, value):
            continue
        if last.did == "cut" and last.loses:
            return Flaw("cent-lost", value, "high", "likely")
        if last.did == "up" and (_cut_before(money) or (_converts(charges, fn) and _casts_first(money))):
            return Flaw("cut-first", value, "high", "likely")
        if money.unit == "over" and last.did in ("up", "cut") and _twice_here(money, fn):
            return Flaw("twice", value, "high", "likely")
    return None


def _twice_here(money: Money, fn: Fn) -> bool:
    """Whether one expression converts twice: ``number_format($sum, 2, '', '') * 100`` has hundredths before it is scaled."""
    return sum(s.did in ("up", "convert") and isinstance(s.value, (Mix, Result)) and s.value.fn == fn for s in money.steps) > 1


def _cut_before(money: Money) -> bool:
    return any(s.loses and s.fraction for s in money.steps)


def _casts_first(money: Money) -> bool:
    """Whether a sum is made an integer before it is scaled, and nothing says that it was one."""
    before = [s for s in money.steps if s.did == "cut"]
    return bool(before) and did(money, "told") is None and name_of(before[0].value) not in ("ceil", "floor")


def _converts(charges: Charges, fn: Fn) -> bool:
    """Whether a function says by its name that it converts to the smallest unit: what it is given has decimals."""
    return fn.number != TOP and charges.model.words.has("minor_fields", charges.model.program.name(fn))


def _is_used(charges: Charges, fn: Fn) -> bool:
    """Whether anything names a converter beside its own declaration: through one that nobody uses no sum goes."""
    program, name = charges.model.program, charges.model.program.name(fn)
    named = re.compile(rb"\b" + re.escape(name.encode()) + rb"\b")
    near = (file for file in program.mentioning(name) if program.unit(file) == program.unit(fn.file))
    return sum(len(named.findall(program.sources[file])) for file in near) > 1


def _is_sum(charges: Charges, fn: Fn, value: Value) -> bool:
    """Whether what is converted is a sum by its name, or by what the function is for."""
    if _converts(charges, fn):
        return True
    words = charges.model.words
    inside = (value, *pieces([value], _PIECES, charges.model.evaluator.made_of))
    named = (name_of(p).removeprefix("get_") for p in inside if isinstance(p, (Member, Param, Result, Element)))
    return any(words.money(name) and not words.has("rate_fields", name) for name in named)


def _used_as(charges: Charges, fn: Fn, body: Body, i: int) -> Use | None:
    """What is done with what an instruction gives: it is put under the name of a sum, or given back by a function that is named for one;
    or it is held against a sum that should be the same. None where it is neither."""
    waiting, seen = [(i, 0)], set[int]()
    defuse = charges.model.evaluator.defuse(fn)
    while waiting:
        here, steps = waiting.pop()
        for use in defuse.uses(here):
            op = body.op[use]
            if op == Op.RECORD and any(_is_money(charges, body, k) for k in _keys_of(body, use, here)):
                return "kept"
            if op in (Op.SET_INDEX, Op.SET_FIELD) and body.args(use)[-1] == here and _is_set_money(charges, body, use):
                return "kept"
            if op == Op.BINARY and body.text(body.args(use)[0]) in _EQUALS and _is_other_money(charges, fn, body, use, here):
                return "compared"
            if op == Op.RETURN and _is_named(charges, charges.model.program.name(fn)):
                return "kept"
            if op == Op.STORE and steps < _STEPS and use not in seen:
                seen.add(use)
                waiting += [(n, steps + 1) for n in _reads(body, use, defuse)]
            if steps < _STEPS and (op in (Op.CHOICE, Op.CAST) or (op == Op.CALL and body.called(use) in _CONVERTING)):
                waiting.append((use, steps + 1))
    return None


def _is_other_money(charges: Charges, fn: Fn, body: Body, comparison: int, side: int) -> bool:
    """Whether what a value is held to be the same as is called a sum: what the provider has of it."""
    other = next((a for a in body.args(comparison)[1:3] if a != side), -1)
    found = pieces([charges.model.evaluator.value(fn, other)], _PIECES, charges.model.evaluator.made_of) if other >= 0 else ()
    return any(isinstance(p, (Member, Element)) and _is_named(charges, name_of(p)) for p in found)


def _reads(body: Body, store: int, defuse: DefUse) -> Iterator[int]:
    """Where what a variable is given here is read."""
    name = body.name(store)
    for n, op in enumerate(body.op):
        if op == Op.NAME and body.name(n) == name and store in defuse.reaching(n, name).stores:
            yield n


def _keys_of(body: Body, record: int, value: int) -> Iterator[int]:
    args = body.args(record)
    yield from (k for k, v in zip(args[::2], args[1::2], strict=True) if v == value and k >= 0)


def _is_set_money(charges: Charges, body: Body, use: int) -> bool:
    """Whether a field or key is named for a sum. A list that it is put at the end of, the columns of a line, names nothing."""
    if body.op[use] == Op.SET_FIELD:
        return _is_named(charges, body.name(use))
    return body.args(use)[1] < 0 or _is_money(charges, body, body.args(use)[1])


def _is_money(charges: Charges, body: Body, key: int) -> bool:
    const = body.const(key)
    return const is not None and _is_named(charges, const[1].strip("'\""))


def _is_named(charges: Charges, name: str) -> bool:
    """Whether a name is that of a sum, and not of a share of one."""
    words, plain = charges.model.words, snake(name).removeprefix("get_")
    return (words.money(plain) or words.has("minor_fields", plain)) and not words.has("rate_fields", plain)
