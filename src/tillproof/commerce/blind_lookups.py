"""Look-ups of a currency's decimals that never find any: the list is asked for the sum, or for its places and not for what is in it."""

from typing import TYPE_CHECKING, Literal, TypeAlias

from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Seq, Value
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.currencies import Currencies

Blind: TypeAlias = Literal["sum", "places", ""]
_IN = ("in", "not in")
_AMONG = ("in_array", "includes", "contains", "has", "indexof", "array_search")
_BY_KEY = ("array_key_exists", "hasown", "hasownproperty")
_FEWEST = 2


def asked_blindly(currencies: "Currencies", fn: Fn, i: int, ctx: Ctx | None) -> tuple[int, int, Blind] | None:
    """What a list of codes is asked for, the list, and what is wrong with that; None where an instruction asks for no such thing."""
    body, language = currencies.program.body(fn), currencies.program.language(fn.file)
    by_key: list[tuple[int, int]] = []
    among: list[tuple[int, int]] = []
    if body.op[i] == Op.BINARY and body.text(body.args(i)[0]) in _IN:
        (among if language == "python" else by_key).append((body.args(i)[1], body.args(i)[2]))
    elif body.op[i] == Op.INDEX and language != "python" and body.args(i)[1] >= 0:
        by_key.append((body.args(i)[1], body.args(i)[0]))
    elif body.op[i] == Op.CALL:
        pairs, name = _asked(body, i)
        (by_key if name in _BY_KEY else among if name in _AMONG else []).extend(pairs)
    for key, container in by_key:
        listed = currencies.model.evaluator.value(fn, container, ctx)
        if isinstance(listed, Seq) and _lists_codes(currencies, listed) and currencies.is_currency(fn, key, ctx):
            return key, container, "places"
    for about, container in among:
        if _is_sum(currencies, fn, about) and _lists_codes(currencies, currencies.model.evaluator.value(fn, container, ctx)):
            return about, container, "sum"
    return None


def _asked(body: Body, i: int) -> tuple[list[tuple[int, int]], str]:
    """What a call may ask for among what, and its name in lower case."""
    callee, arguments = body.call(i)
    if body.op[callee] not in (Op.NAME, Op.FIELD):
        return [], ""
    name, given = body.name(callee).rpartition(".")[2].lower(), [v for _, v in arguments]
    if body.op[callee] == Op.FIELD and given:
        return [(given[0], body.args(callee)[0])], name
    return [(given[0], given[1])] if len(given) > 1 else [], name


def _lists_codes(currencies: "Currencies", container: Value) -> bool:
    """Whether a container lists codes, most of them of currencies that have not two decimals."""
    codes = currencies.listed(container)
    return len(codes) >= _FEWEST and 2 * sum(currencies.decimals(code) != 2 for code in codes) > len(codes)


def _is_sum(currencies: "Currencies", fn: Fn, i: int) -> bool:
    """Whether what is asked for is called as a sum is, or is a number."""
    body = currencies.program.body(fn)
    if body.op[i] == Op.CONST:
        value = currencies.model.evaluator.value(fn, i)
        return isinstance(value, Const) and value.kind == Kind.NUMBER
    key = body.const(body.args(i)[1]) if body.op[i] == Op.INDEX else None  # `$order['total']`
    spelt = key[1].strip("'\"") if key is not None else written(currencies.program, fn, i).rpartition(".")[2]
    name = snake(spelt).removeprefix("get_")
    return currencies.model.words.money(name) and "currency" not in name
