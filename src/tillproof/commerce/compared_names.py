"""What a comparison compares, by the names of its sides: sums and differences are taken apart, forms of the same sum are that sum."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.pack_effects import digests
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, constant
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_COMPARES = ("==", "===", "!=", "!==", "<", ">", "<=", ">=", "<>", "<=>", "is", "is not")
_CALLS = ("bccomp", "equals", "eq", "is_equal", "isequalto", "isequal", "comp", "compare", "gte", "lte", "gt", "lt", "isclose", "compareto",
          "greaterthan",
          "greaterthanorequal", "lessthan", "lessthanorequal", "equalto")  # fmt: skip
# What parts of a coin are counted in.
_COINS = re.compile(r"(\w+_)?(satoshis?|sats|bits|wei|gwei|lamports|msats?|piconeros?)(_\w+)?")
# Keys that say what they hold only together with what they stand in: `amount["value"]`.
_PLAIN = ("value", "total", "number")


class ComparedNames:
    """Reads comparisons, by operator or by a call that compares."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def money(self, name: str) -> bool:
        """Whether a name is that of a sum."""
        return self.model.words.money(name.removeprefix("get_")) or "amount" in name or _COINS.fullmatch(name) is not None

    def of(self, atom: Atom) -> list[str]:
        """The names of what a comparison compares, sums and differences taken apart."""
        body = self.model.program.body(atom.fn)
        op, args = body.op[atom.instr], body.args(atom.instr)
        if op == Op.BINARY and body.text(args[0]) in _COMPARES:
            return [n for side in args[1:3] for n in self._names(atom.fn, side, atom.ctx, 0)]
        if op == Op.CALL:
            callee, arguments = body.call(atom.instr)
            if body.op[callee] in (Op.NAME, Op.FIELD) and body.name(callee).rpartition(".")[2].lower() in _CALLS:
                sides = [a for _, a in arguments] + ([body.args(callee)[0]] if body.op[callee] == Op.FIELD else [])
                return [n for side in sides for n in self._names(atom.fn, side, atom.ctx, 0)]
        return []

    def _names(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> list[str]:
        body = self.model.program.body(fn)
        if depth > 6 or i < 0:
            return []
        op, args = body.op[i], body.args(i)
        if op in (Op.BINARY, Op.UNARY, Op.CHOICE, Op.LIST):
            return [n for a in (args if op == Op.LIST else args[1:]) for n in self._names(fn, a, ctx, depth + 1)]
        if op in (Op.AWAIT, Op.SPREAD) or (op == Op.TEXT and len(args) == 1):  # a sum written out: `f"{order.total:.2f}"`
            return self._names(fn, args[0], ctx, depth + 1)
        if op in (Op.CAST, Op.STORE):
            return self._names(fn, args[1], ctx, depth + 1)
        if op == Op.FIELD:
            name = snake(body.name(i))
            return self._names(fn, args[0], ctx, depth + 1) or [name] if name == "value" else [name]
        if op == Op.INDEX:
            const = body.const(args[1])
            key = snake(const[1].strip("'\"")) if const else ""
            if key and key not in _PLAIN:
                return [key]
            table = self._names(fn, args[0], ctx, depth + 1)  # one of `PRICES` is a price
            return [*([key] if key else []), *(n.removesuffix("s") if self.money(n.removesuffix("s")) else n for n in table)]
        if op == Op.NAME:
            reach = self.model.evaluator.defuse(fn, ctx).reaching(i, body.name(i))
            below = [n for s in reach.stores[:3] for n in self._names(fn, body.args(s)[1], ctx, depth + 1)]
            return [*([snake(body.name(i))] if not any(self.money(n) for n in below) else []), *below]
        if op == Op.PARAM:
            given = self.model.records.chains.argument(fn, args[0], ctx)
            return self._names(given[0], given[1], given[2], depth + 1) if given else []
        return self._of_call(fn, i, ctx, depth) if op == Op.CALL else []

    def _of_call(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> list[str]:
        body = self.model.program.body(fn)
        if digests(self.model.recogniser, fn, i):
            return []  # a signature is over a sum, and is none
        callee, arguments = body.call(i)
        inner = [n for _, a in arguments for n in self._names(fn, a, ctx, depth + 1)]
        last = written(self.model.program, fn, callee).rpartition(".")[2]
        own = [snake(last).removeprefix("get_")] if body.op[callee] == Op.FIELD and not any(self.money(n) for n in inner) else []
        if own and not self.money(own[0]):  # a form of the same sum: `Number(order.total).toFixed(2)`
            inner += self._names(fn, body.args(callee)[0], ctx, depth + 1)
        told = [t for _, a in arguments if (t := constant(self.model.evaluator.value(fn, a, ctx))) and self.money(snake(t))]
        if told and not any(self.money(n) for n in inner):
            inner.append(snake(told[0]).strip("_"))  # a getter is told what to get: `get_prop($order, 'order_total')`
        asked = constant(self.model.evaluator.value(fn, arguments[0][1], ctx)) if len(arguments) == 1 else None
        return [*own, *inner, *([snake(asked)] if asked and own and own[0] in ("input", "get", "query", "post", "attribute") else [])]
