"""Where a sum of goods decides what shipping costs, and whether discounts have been taken off it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, Element, FunctionV, Member, Mix, Param, Place, Value, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_ORDER = ("<", "<=", ">", ">=")
_SHIPPING = re.compile(rb"(?i)shipping|delivery|freight|postage")
_ABOUT_SHIPPING = (b"shipping", b"delivery", b"freight", b"postage")
_TOTAL = re.compile(rb"total|items?_?price|threshold|free_?(?:from|over|above|shipping|delivery)")
_THRESHOLDS = (
    r"(\w+_)?threshold(_\w+)?",
    r"(\w+_)?free_?(shipping|delivery|over|above|from)(_\w+)?",
    r"(\w+_)?min(imum)?_?(order|spend|purchase|cart|basket|sub_?total)?(_(amount|total|value|price))?",
    r"order_?min(imum)?",
    r"min(imum)?_\w*(amount|total|price|value)",
)
_SUMS = (
    r"(\w+_)?sub_?total(_\w+)?",
    r"(\w+_)?(items?|goods|products?|merchandise)_?(sub_?)?(price|total|amount|cost)(_\w+)?",
    r"(\w+_)?(cart|order|basket)_?(sub_?)?total(_\w+)?",
    r"total(_?(price|amount|value))?",
)
_THRESHOLD = re.compile("|".join(_THRESHOLDS))
_SUM = re.compile("|".join(_SUMS))
_TAKEN_OFF = re.compile(r"discount|coupon|voucher|promo|rebate|reduction|saving", re.IGNORECASE)
_NET = re.compile(r"discount|after|net_|_net|reduced|payable|to_pay|grand|final", re.IGNORECASE)
_DISCOUNTED = re.compile(rb"(?i)\b\w*sub_?total\w*discount\w*\b|\b\w*discounted_?\w*sub_?total\w*\b")
_KEYS = re.compile(r"fingerprint|hash|cache|key|log|debug|format|serialize|test", re.IGNORECASE)
_HANDED = re.compile(r"(\w+_)?(total|value|sub_?total|amount|price)(_\w+)?")
_ORDERED = re.compile(r"gte?|lte?|(is_)?(greater|less)_than(_or_equal(_to)?)?")
_CONVERTING = re.compile(r"number|parse_float|parse_int|float|int|decimal|big|big_number|floatval|intval|doubleval|str|string|d")
_TO_NUMBER = re.compile(r"to_number|value_of|to_float|to_string|float_value|double_value|get_amount")
_CONVERSIONS = 4
_MOST = 40
_MOST_CALLERS = 6
_Twins: TypeAlias = "dict[str, tuple[str, Place]]"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A place at which a sum decides what shipping costs. ``off``: where a discount is taken off the same sum, or the discounted sum
    (``beside``) is kept; None when the sum is the discounted one (``net``), or the shop is not known to give discounts."""

    fn: Fn
    instr: int
    name: str
    net: bool
    off: Place | None
    beside: str = ""


def thresholds(model: Model) -> Iterator[Threshold]:
    """Comparisons of a sum with a threshold for shipping, and sums that are handed on to what decides it."""
    kept_beside = cache(lambda unit: _kept_beside(model, unit))
    for file in model.program.indices:
        source = model.program.sources[file]
        low = source.lower()
        if not any(w in low for w in _ABOUT_SHIPPING) and not _SHIPPING.search(file.encode()):
            continue
        if model.program.language(file) == "php" and b"$" not in source:
            continue  # texts for people: nothing is compared without a variable
        for fn in model.program.functions_at(file, (m.start() for m in _TOTAL.finditer(low))):
            yield from _compared(model, fn)
            yield from _handed_on(model, fn, kept_beside)


def _about_shipping(model: Model, fn: Fn) -> bool:
    """Whether a function, or the one that it stands in, speaks of shipping."""
    tokens = model.vocabulary.tokens(fn)
    name = model.program.name(fn) if fn.number != TOP else ""
    return any(_SHIPPING.search(t.encode()) for t in (name, *tokens))


def _compared(model: Model, fn: Fn) -> Iterator[Threshold]:
    if not _about_shipping(model, fn):
        return
    body = model.program.body(fn)
    said: set[tuple[str, bool]] = set()  # where the same sum is asked again, as to show what is left to free shipping, it is one flaw
    for i, op in enumerate(body.op):
        sides = [_unconverted(body, side) for side in _sides(body, i)] if op in (Op.BINARY, Op.CALL) else []
        for sum_, bound in (sides, sides[::-1]) if sides else ():
            name = _name(model, fn, body, sum_)
            handed = body.op[sum_] == Op.NAME and _is_handed(model, fn, sum_)  # who calls knows what it is
            if (handed or _SUM.fullmatch(name)) and _bounds(model, fn, body, bound) and _decides_shipping(model, fn, i):
                told = list(_told_sums(model, fn, sum_))
                if told or not _SUM.fullmatch(name):
                    yield from told
                    break
                net = bool(_NET.search(name)) or _stored_less(model, fn, sum_) or _less_discount(model, model.evaluator.value(fn, sum_))
                net = net or _handed_less(model, model.evaluator.value(fn, sum_))
                if (name, net) not in said:
                    said.add((name, net))
                    yield Threshold(fn, i, name, net, None if net else _taken_off(model, fn, name))
                break


def _sides(body: Body, i: int) -> list[int]:
    """The two sides of an order: ``subtotal >= threshold``, ``subtotal.gte(threshold)``."""
    if body.op[i] == Op.BINARY:
        return body.args(i)[1:3] if body.text(body.args(i)[0]) in _ORDER else []
    callee, given = body.call(i)
    ordered = body.op[callee] == Op.FIELD and len(given) == 1 and _ORDERED.fullmatch(snake(body.name(callee))) is not None
    return [body.args(callee)[0], given[0][1]] if ordered else []


def _unconverted(body: Body, i: int) -> int:
    """What a number is made of: ``method.threshold`` of ``Number(method.threshold)`` and of ``method.threshold.toNumber()``."""
    for _ in range(_CONVERSIONS):
        if body.op[i] not in (Op.CALL, Op.NEW, Op.CAST):
            break
        if body.op[i] == Op.CAST:
            i = body.args(i)[1]
            continue
        callee, given = body.call(i)
        name = snake(body.called(i).rpartition(".")[2])
        if len(given) == 1 and _CONVERTING.fullmatch(name):
            i = given[0][1]
        elif not given and body.op[callee] == Op.FIELD and _TO_NUMBER.fullmatch(name):
            i = body.args(callee)[0]
        else:
            break
    return i


def _told_sums(model: Model, fn: Fn, sum_: int) -> Iterator[Threshold]:
    """The calls that tell a function which sum decides what shipping costs, and that take a discount off the same sum afterwards:
    ``shipping = shippingFee(subtotal); total = subtotal + shipping - discount``. There is what has to change."""
    params = model.program.body(fn).params
    for value in options(model.evaluator.value(fn, sum_)):
        if not isinstance(value, Param) or value.fn != fn:
            continue
        for caller, call in [(c, i) for c, i, _ in model.callers.of(fn)[:_MOST_CALLERS]] or _called_by_name(model, fn):
            body = model.program.body(caller)
            at = value.number - (1 if params[0].name in ("self", "cls") else 0)
            given = [v for k, v in body.call(call)[1] if k == params[value.number].name]
            positional = [v for k, v in body.call(call)[1] if k == ""]
            given = given or (positional[at : at + 1] if at >= 0 else [])
            name = _name(model, caller, body, given[0]) if given else ""
            if not name or _stored_less(model, caller, given[0]) or _less_discount(model, model.evaluator.value(caller, given[0])):
                continue
            off = _taken_off_here(model, caller, name)
            if off is not None and (_NET.search(name) is None or off[1] > body.line[call]):  # net of what else
                yield Threshold(caller, call, name, False, off)


def _is_handed(model: Model, fn: Fn, i: int) -> bool:
    """Whether a variable is a parameter of the function, as it was handed over."""
    return all(isinstance(o, Param) and o.fn == fn for o in options(model.evaluator.value(fn, i)))


def _called_by_name(model: Model, fn: Fn) -> list[tuple[Fn, int]]:
    """The calls by a function's name in its unit where what is called is chosen while the shop runs: ``modules.shipping.fee(sum)``."""
    program, name = model.program, model.program.name(fn)
    found: list[tuple[Fn, int]] = []
    for file in program.mentioning(name) if name else ():
        if program.unit(file) != program.unit(fn.file) or len(found) >= _MOST_CALLERS:
            continue
        for caller in program.functions_around(file, name):
            body = program.body(caller)
            calls = (i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i).rpartition(".")[2] == name)
            found += [(caller, i) for i in calls if not _is_known(model, caller, body.args(i)[0])]
    return found[:_MOST_CALLERS]


def _is_known(model: Model, fn: Fn, callee: int) -> bool:
    return any(isinstance(o, FunctionV) for o in options(model.evaluator.value(fn, callee)))


def _bounds(model: Model, fn: Fn, body: Body, i: int, deep: int = 0) -> bool:
    """Whether a side is a threshold: by its name or that of the setting that it is read from, or a number of some size; either of
    ``settings.freeShippingThreshold || 100``."""
    i = _unconverted(body, i)
    if body.op[i] == Op.CHOICE and deep < _CONVERSIONS:
        return any(_bounds(model, fn, body, a, deep + 1) for a in body.args(i)[1:])
    const = body.const(i)
    if const is not None:
        return const[0] == Kind.NUMBER and const[1].replace(".", "", 1).isdigit() and float(const[1]) >= 5
    if _THRESHOLD.fullmatch(_name(model, fn, body, i)):
        return True
    if body.op[i] == Op.CALL:
        key = body.const(body.call(i)[1][0][1]) if body.call(i)[1] else None
        return key is not None and key[0] == Kind.STRING and bool(_THRESHOLD.fullmatch(snake(key[1].strip("'\"").rpartition(".")[2])))
    if body.op[i] == Op.NAME and deep < _CONVERSIONS:
        stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
        return any(not body.const(v) and _bounds(model, fn, body, v, deep + 1) for v in (body.args(s)[1] for s in stores))
    return False


def _decides_shipping(model: Model, fn: Fn, i: int) -> bool:
    """Whether shipping is spoken of where the comparison stands: on its line, the next ones, or in the function's name."""
    program = model.program
    line = program.body(fn).line[i]
    near = " ".join(program.line_text(fn.file, n) for n in range(max(1, line - 1), line + 3))
    return bool(_SHIPPING.search(near.encode()) or _SHIPPING.search(program.name(fn).encode()) or _SHIPPING.search(fn.file.encode()))


def _less_discount(model: Model, value: Value) -> bool:
    """Whether a discount is taken off on the way to a value."""
    return any(
        isinstance(here, Mix) and here.op == "-" and len(here.operands) == 2 and any(_TAKEN_OFF.search(n) for n in _names(here.operands[1]))
        for here in pieces([value], _MOST, model.evaluator.made_of)
    )


def _handed_less(model: Model, value: Value) -> bool:
    """Whether who asks a function what shipping costs hands it a sum off which a discount has been taken."""
    if not isinstance(value, Param):
        return False
    for caller, call, _ in model.callers.of(value.fn)[:_MOST_CALLERS]:
        given = [v for _, v in model.program.body(caller).call(call)[1]]
        if any(_less_discount(model, model.evaluator.value(caller, v)) or _stored_less(model, caller, v) for v in given):
            return True
    return False


def _stored_less(model: Model, fn: Fn, i: int) -> bool:
    """Whether the variable that is read was last given a difference of something and a discount."""
    body = model.program.body(fn)
    if body.op[i] != Op.NAME or fn.number == TOP:
        return False
    values = [body.args(s)[1] for s in model.evaluator.defuse(fn).reaching(i, body.name(i)).stores]
    less = [v for v in values if body.op[v] == Op.BINARY and body.text(body.args(v)[0]) == "-"]
    return bool(less) and all(_TAKEN_OFF.search(written(model.program, fn, body.args(v)[2])) for v in less)


def _names(value: Value) -> Iterator[str]:
    stack = [value]
    for _ in range(_MOST):
        if not stack:
            break
        here = stack.pop()
        if isinstance(here, (Member, Param)):
            yield here.name
        if isinstance(here, Element) and isinstance(here.key, Const):
            yield here.key.text
        stack += here.parts()


def _taken_off(model: Model, fn: Fn, name: str) -> Place | None:
    """Where a discount is taken off a sum of that name: in the same function, then in the same unit."""
    here = _taken_off_here(model, fn, name)
    if here is not None:
        return here
    words = name.split("_")
    spelt = rb"_?".join(w.encode() for w in words)
    pattern = re.compile(rb"(?i)\b\w*" + spelt + rb"['\"\])(]*\s*-=?\s*[\w$.>\-\[\]'\"(]*(?:discount|coupon|voucher|promo)")
    unit = model.program.unit(fn.file)
    for file in model.program.indices:
        if model.program.unit(file) == unit and (found := pattern.search(model.program.sources[file])):
            return file, model.program.sources[file].count(b"\n", 0, found.start()) + 1
    return None


def _taken_off_here(model: Model, fn: Fn, name: str) -> Place | None:
    """Where a function takes a discount off a sum of that name, or off what it adds shipping and taxes up to."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.BINARY and body.text(body.args(i)[0]) == "-":
            _, left, right = body.args(i)
            off = written(model.program, fn, right)
            if not _TAKEN_OFF.search(off) or _SHIPPING.search(off.encode()) or _is_nothing(model, fn, right):
                continue
            if name in _addends(model, fn, body, left):
                return fn.file, body.line[i]
    return None


def _is_nothing(model: Model, fn: Fn, i: int) -> bool:
    """Whether what is taken off is nothing, whoever asks: ``const discount = 0``."""
    held = list(options(model.evaluator.value(fn, i)))
    return bool(held) and all(isinstance(o, Const) and o.text.strip("'\"") in ("0", "0.0", "0.00") for o in held)


def _addends(model: Model, fn: Fn, body: Body, i: int) -> Iterator[str]:
    """The names of what a value is added up from, a name alone too."""
    waiting = [i]
    for _ in range(_MOST):
        if not waiting:
            break
        here = waiting.pop()
        if body.op[here] == Op.BINARY and body.text(body.args(here)[0]) in ("+", "-"):
            waiting += body.args(here)[1 : 2 if body.text(body.args(here)[0]) == "-" else 3]
        else:
            yield _name(model, fn, body, here)


def _handed_on(model: Model, fn: Fn, kept_beside: Callable[[str], _Twins]) -> Iterator[Threshold]:
    """A sum without discounts that is put into what the price of shipping is decided by, while one with discounts is kept beside it."""
    program = model.program
    place = f"{fn.file} {program.name(fn)}"
    if not _SHIPPING.search(place.encode()) or _KEYS.search(program.name(fn)):
        return
    beside = kept_beside(program.unit(fn.file))
    if not beside:
        return
    body = program.body(fn)
    for i, op in enumerate(body.op):
        if op != Op.RECORD:
            continue
        for k, v in zip(body.args(i)[::2], body.args(i)[1::2], strict=True):
            key = body.const(k) if k >= 0 else None
            if key is None or not _HANDED.fullmatch(snake(key[1].strip("'\""))):
                continue
            name = _read_name(model, fn, v)
            twin = beside.get(name)
            if twin is not None and not any(t in model.vocabulary.tokens(fn) for t in (twin[0],)):
                yield Threshold(fn, v, name, False, twin[1], twin[0])


def _kept_beside(model: Model, unit: str) -> _Twins:
    """Names of sums of which one with discounts is kept too: ``sub_total`` beside ``sub_total_with_discount``."""
    found: _Twins = {}
    for file in model.program.indices:
        if model.program.unit(file) != unit:
            continue
        source = model.program.sources[file]
        low = source.lower()
        if b"discount" not in low or not (b"subtotal" in low or b"sub_total" in low):
            continue
        for match in _DISCOUNTED.finditer(source):
            twin = match[0].decode("ascii", "ignore")
            plain = re.sub(r"_(with|after|less|minus|incl|including)_discounts?|_discounted|discounted_|_discount", "", snake(twin))
            found.setdefault(plain, (twin, (file, source.count(b"\n", 0, match.start()) + 1)))
    return found


def _read_name(model: Model, fn: Fn, i: int) -> str:
    """The name of what a value is read by, converted perhaps: ``toNumber(cart.getData('sub_total'))``."""
    body = model.program.body(fn)
    for _ in range(4):
        if body.op[i] == Op.CALL:
            callee, arguments = body.call(i)
            const = body.const(arguments[0][1]) if len(arguments) == 1 else None
            if body.op[callee] == Op.FIELD and const is not None and const[0] == Kind.STRING:
                return snake(const[1].strip("'\""))
            if not arguments:
                return _name(model, fn, body, i)
            i = arguments[0][1]
        elif body.op[i] in (Op.AWAIT, Op.CAST, Op.UNARY):
            i = body.args(i)[-1]
        else:
            break
    return _name(model, fn, body, i)


def _name(model: Model, fn: Fn, body: Body, i: int) -> str:
    """The last name of what is read, in lower snake case: a field, a variable, a constant key, a getter."""
    if body.op[i] == Op.INDEX:
        const = body.const(body.args(i)[1])
        return snake(const[1].strip("'\"")) if const else ""
    return snake(written(model.program, fn, i).rpartition(".")[2]).removeprefix("get_")
