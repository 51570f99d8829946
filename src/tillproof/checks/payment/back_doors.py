"""A back door of a verification: a text that stands in the code is let through in the signature's place."""

from tillproof.checks.payment.bypass import Bypass, asked, for_trial
from tillproof.commerce.model import Model
from tillproof.flow.values import Const, Seq, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_EQUAL = ("==", "===", "in")
_LOOKS = ("startswith", "includes", "in_array", "str_starts_with", "contains", "has", "hash_equals", "compare_digest", "equals")
_PIECES = 40


def back_door(model: Model, way: Bypass) -> bool:
    """Whether what leads past the proof is a comparison of what was sent with texts that are written here, which everybody may send who
    has seen the code: ``if signature == "test_signature": return True``. One that is open only while the shop is tried out is none."""
    if way.kind != "skipped" or for_trial(model, way):
        return False
    body = model.program.body(way.fn)
    conditions = asked(body, body.args(way.guard)[0])
    return any(_by_text(model, way, i) for i in conditions)


def _by_text(model: Model, way: Bypass, i: int) -> bool:
    body = model.program.body(way.fn)
    values = [model.evaluator.value(way.fn, side, way.ctx) for side in _sides(body, i)]
    return any(_is_written(one) and _is_sent(model, other) for one, other in (values, values[::-1])) if len(values) > 1 else False


def _sides(body: Body, i: int) -> list[int]:
    """The two things that a condition compares; none where it is no comparison for what is the same."""
    if body.op[i] == Op.BINARY:
        return body.args(i)[1:3] if body.text(body.args(i)[0]) in _EQUAL else []
    if body.op[i] != Op.CALL or body.called(i).rpartition(".")[2].lower() not in _LOOKS:
        return []
    callee, given = body.call(i)
    around = [body.args(callee)[0]] if body.op[callee] == Op.FIELD and len(given) == 1 else []
    return [*around, *(a for _, a in given)][:2]


def _is_written(value: Value) -> bool:
    """Whether a value is a text, or a list of texts, that stands in the code."""
    found = [item for o in options(value) for item in (o.items if isinstance(o, Seq) else (o,))]
    return bool(found) and all(isinstance(o, Const) and o.kind == Kind.STRING and len(o.text.strip("'\"")) > 1 for o in found)


def _is_sent(model: Model, value: Value) -> bool:
    """Whether a value was sent; the address that was called is no word of the sender's, but says which route it is."""
    if isinstance(value, Const):
        return False
    whole = model.requests.source(value)
    return whole.kind != "path" if whole is not None else any(s.kind != "path" for s, _ in model.requests.sources_in(value, _PIECES))
