"""Which keys of what was sent a filter lets through: ``Object.entries(body).filter(([key]) => allowed.includes(key))``."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, Member, Record, Result, Seq, Value, constant, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Lets = Callable[[str], bool]
_ASKS = ("includes", "has", "contains", "indexOf", "in_array", "hasOwnProperty")
_FILTERS = ("filter", "pickBy", "reduce")
_DEEPEST = 4


def let_through(model: "Model", value: Value) -> Lets:
    """Whether a key gets through the filters that what was sent has passed; every one does where none of them asks for the key."""
    asked: list[Lets] = []
    for _ in range(_DEEPEST):
        if not isinstance(value, Result) or value.instr < 0:
            break
        given = [v for _, v in model.evaluator.arguments(value)]
        if isinstance(value.callee, Member) and value.callee.name in _FILTERS:
            asked += [lets for by in given[:1] if isinstance(by, FunctionV) for lets in _asked(model, by)]
        inner = value.callee.base if isinstance(value.callee, Member) and not _of_object(value.callee) else next(iter(given), None)
        if inner is None:
            break
        value = inner
    return lambda key: all(lets(key) for lets in asked)


def _of_object(callee: Member) -> bool:
    return callee.name in ("entries", "fromEntries", "keys", "assign")


def _asked(model: "Model", by: FunctionV) -> Iterator[Lets]:
    """What the function of a filter asks of the key: whether it is in a list, or not."""
    body = model.program.body(by.fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL or body.called(i) not in _ASKS or body.op[body.args(i)[0]] != Op.FIELD:
            continue
        listed = _listed(model, by.fn, body.args(body.args(i)[0])[0], None)
        turned = any(o == Op.UNARY and body.text(body.args(n)[0]) in ("!", "not") and body.args(n)[1] == i for n, o in enumerate(body.op))
        if listed is None:
            yield lambda _: False  # a list that is not known here: of what it lets through nothing is known
        else:
            yield _barring(listed) if turned else _allowing(listed)


def _allowing(listed: frozenset[str]) -> Lets:
    return lambda key: key in listed


def _barring(listed: frozenset[str]) -> Lets:
    return lambda key: key not in listed


def _listed(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> frozenset[str] | None:
    """The texts of a list, a set, or the keys of a record; None where they are not all written down."""
    out: set[str] = set()
    for option in options(model.evaluator.value(fn, i, ctx)):
        value: Value = option
        if isinstance(value, Result) and value.new and value.instr >= 0:  # `new Set([…])`
            value = next((v for _, v in model.evaluator.arguments(value)), value)
        if isinstance(value, Record):
            out |= {key for key, _ in value.entries if key}
            continue
        texts = [constant(v) for v in value.items] if isinstance(value, Seq) else [None]
        if None in texts:
            return None
        out |= {t for t in texts if t is not None}
    return frozenset(out)
