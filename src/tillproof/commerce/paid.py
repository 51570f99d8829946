"""The moment at which an order counts as paid: the policy of the walk behind fulfil-on-redirect."""

from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.commerce.proof import SenderPolicy
from tillproof.flow.paths import Proof
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Ctx, External, Member, Value, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WRITES = ("record.create", "record.write", "order.write", "sql")
_ZERO = ("0", "0.0", "0.00")


class PaidPolicy(SenderPolicy):
    """Proof: the provider's own word that money came, or that there is nothing to pay. Effect: ``paid``, where the shop's own records say so."""

    def __init__(self, model: "Model") -> None:
        super().__init__(model, frozenset())

    def _comparison_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        return super()._comparison_proof(fn, i, ctx) or self._nothing_to_pay(fn, i, ctx)

    def _nothing_to_pay(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """A total of the server's own that is zero needs no payment."""
        body = self.model.program.body(fn)
        if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in ("==", "===", "<=", ">", "!=", "!=="):
            return None
        _, left, right = body.args(i)
        const = body.const(right)
        if const is None or const[1] not in _ZERO:
            return None
        name = written(self.model.program, fn, left).rpartition(".")[2]
        if not self.model.words.money(name) and not self.model.words.money(name.removeprefix("get_").removeprefix("get")):
            return None
        if self.model.requests.sources_in(self.model.evaluator.value(fn, left, ctx), 20):
            return None
        return Proof("boolean") if body.text(body.args(i)[0]) in ("==", "===", "<=", "!=", "!==") else None

    def _find_effect(self, fn: Fn, i: int, ctx: Ctx | None) -> str | None:
        body = self.model.program.body(fn)
        op = body.op[i]
        if op == Op.SET_FIELD:
            obj, _, value = body.args(i)
            return "paid" if self._says_paid(body.name(i), self.model.evaluator.value(fn, value, ctx), self._holder(fn, obj)) else None
        if op == Op.CALL:
            return "paid" if self._call_pays(fn, i, ctx) else None
        return None

    def _holder(self, fn: Fn, obj: int) -> str:
        return written(self.model.program, fn, obj).rpartition(".")[2]

    def _says_paid(self, name: str, value: Value, holder: str) -> bool:
        """Whether writing ``value`` into ``name`` of ``holder`` says that money came."""
        words = self.model.words
        texts = [_text(o) for o in options(value)]
        if any(t is not None and (words.has("dead_values", t) or words.has("open_values", t)) for t in texts):
            return False  # a status that is worked out, not the statement that money came
        if words.has("paid_fields", name):
            if any(isinstance(o, Const) and o.falsy for o in options(value)):
                return False
            status = words.has("status_fields", name)
            return not status or any(t is not None and words.has("paid_values", t) for t in texts)
        if words.has("status_fields", name):
            entity = words.entity(holder) or holder in ("this", "self", "")
            return any(t is not None and (words.has("paid_values", t) or (entity and words.entity(holder) and words.has("fulfil_values", t))) for t in texts)
        return False

    def _call_pays(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        model = self.model
        body = model.program.body(fn)
        if model.recogniser.is_ours(fn, i, ctx) or model.operations.at(fn, i, ctx) is not None:
            return False
        callee = body.args(i)[0]
        name = body.name(callee).rpartition(".")[2] if body.op[callee] in (Op.FIELD, Op.NAME) else ""
        got = model.recogniser.effect(fn, i, ctx)
        if got is not None and got[0].effect == "order.paid":
            return self._not_open(fn, i, ctx)
        spelt = written(model.program, fn, callee)
        if got is not None and got[0].effect in _WRITES:
            holder = _entity_in(spelt)
            for _, argument in body.call(i)[1]:
                if self._record_pays(model.evaluator.value(fn, argument, ctx), holder, 0):
                    return True
            return got[0].effect == "record.create" and "invoice" in spelt.lower()
        if model.words.fulfils(name):
            return True
        return name == "create" and "invoice" in spelt.lower()

    def _not_open(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """``update_status('failed')`` is the same call and pays nothing."""
        arguments = [self.model.evaluator.value(fn, a, ctx) for _, a in self.model.program.body(fn).call(i)[1]]
        texts = [t for a in arguments[:1] for o in options(a) if (t := _text(o)) is not None]
        return not texts or not all(self.model.words.has("open_values", t) or self.model.words.has("dead_values", t) for t in texts)

    def _record_pays(self, value: Value, holder: str, depth: int) -> bool:
        if depth > 2 or isinstance(value, Const):
            return False
        got = shape(self.model.evaluator, value)
        for key, entry in {**got.may, **got.must}.items():
            if self._says_paid(key, entry, holder):
                return True
            if key in ("data", "$set", "values", "set", "update", "defaults") and self._record_pays(entry, holder, depth + 1):
                return True
        return False


def _entity_in(spelt: str) -> str:
    """The part of a chain that names the record: ``prisma.order.update`` is about ``order``."""
    parts = [p for p in spelt.split(".") if p not in ("objects", "this", "self", "query", "model", "db", "prisma")]
    return parts[-2] if len(parts) > 1 else ""


def _text(value: Value) -> str | None:
    """A constant's text, or an enum member's name."""
    if isinstance(value, Const) and value.kind == Kind.STRING:
        return value.text.strip("'\"")
    if isinstance(value, Member):
        return value.name
    if isinstance(value, External):
        return value.name.rpartition(".")[2]
    return None
