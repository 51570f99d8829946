"""What an operand speaks of: the names of the fields, calls and records that it is worked out from, and which of them a sender chose.

``order.total - refunded`` with ``refunded = sum(r.amount for r in order.refunds)`` speaks of ``total``, ``sum``, ``amount``, ``refunds``.
A variable stands for what was stored in it: that it is called ``max`` says nothing when its definition is there to be read.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.lexicon import snake
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, FunctionV, options
from tillproof.ir.body import returns
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 9
_STORES = 4
_PIECES = 60
_MOST_UNDER = 6
LOOKED_UP = re.compile(r"(^|_)(id|ids|uuid|ref|reference|code|number|key|slug|token|pk|hash)$")
"""Names by which something is looked up."""
_CHOSEN = ("body", "query", "raw")


class Word(NamedTuple):
    """A name, in lower snake case. ``chosen``: what it names is taken from the request, or worked out from what was. ``of``: the names
    that it hangs on: ``amount`` in ``order.refunds.sum(r => r.amount)`` is one of ``refunds``. ``alias``: a variable's name beside what
    was stored in it."""

    name: str
    chosen: bool
    of: tuple[str, ...] = ()
    alias: bool = False


def spoken(model: "Model", fn: Fn, i: int, ctx: Ctx | None = None) -> list[Word]:
    """The names that an instruction speaks of, each once."""
    return list(dict.fromkeys(_Reader(model).words(fn, i, ctx, 0, False, ())))


class _Reader:
    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self.seen: set[tuple[Fn, int, int, bool]] = set()

    def words(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, chosen: bool, of: tuple[str, ...]) -> Iterator[Word]:
        key = (fn, i, id(ctx), chosen)
        if i < 0 or depth > _DEEPEST or key in self.seen:
            return
        self.seen.add(key)
        body = self.program.body(fn)
        op, args = body.op[i], body.args(i)
        if op == Op.NAME:
            yield from self._variable(fn, i, ctx, depth, chosen, of)
        elif op in (Op.FIELD, Op.INDEX):
            yield from self._member(fn, i, ctx, depth, chosen, of)
        elif op in (Op.CALL, Op.NEW):
            yield from self._call(fn, i, ctx, depth, chosen, of)
        elif op in (Op.BINARY, Op.UNARY, Op.CHOICE, Op.CAST, Op.STORE):
            for a in args[1:]:
                yield from self.words(fn, a, ctx, depth + 1, chosen, of)
        elif op in (Op.AWAIT, Op.SPREAD, Op.ELEMENT, Op.TEXT, Op.OPAQUE):
            for a in args:
                yield from self.words(fn, a, ctx, depth + 1, chosen, of)
        elif op == Op.PARAM:
            yield from self._parameter(fn, i, ctx, depth, chosen, of)
        elif op == Op.FUNCTION:
            yield from self._inside(Fn(fn.file, args[0]), depth, chosen, of)

    def _variable(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, chosen: bool, of: tuple[str, ...]) -> Iterator[Word]:
        body = self.program.body(fn)
        name = body.name(i)
        stores = [] if fn.number == TOP else self.evaluator.defuse(fn, ctx).reaching(i, name).stores[:_STORES]
        known = any(key[:3] == (fn, body.args(s)[1], id(ctx)) for s in stores for key in self.seen)
        told = [w for s in stores for w in self.words(fn, body.args(s)[1], ctx, depth + 1, chosen, of)]
        if told:
            yield from told
            yield Word(snake(name.lstrip("$")), all(w.chosen for w in told), of, True)
        elif not known:
            yield Word(snake(name.lstrip("$")), chosen or self.chosen(fn, i, ctx), of)

    def _member(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, chosen: bool, of: tuple[str, ...]) -> Iterator[Word]:
        body = self.program.body(fn)
        args = body.args(i)
        const = body.const(args[1]) if body.op[i] == Op.INDEX else None
        name = body.name(i) if body.op[i] == Op.FIELD else const[1].strip("'\"") if const else ""
        mine = chosen or self.chosen(fn, i, ctx)
        below = list(self.words(fn, args[0], ctx, depth + 1, mine, of))
        if name:
            under = (*of, *(w.name for w in below[:_MOST_UNDER]))
            yield Word(snake(name), mine or (bool(below) and all(w.chosen for w in below)), under)
        yield from below

    def _call(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, chosen: bool, of: tuple[str, ...]) -> Iterator[Word]:
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        mine = chosen or self.chosen(fn, i, ctx) or self._made_of_request(fn, arguments, ctx)
        if body.op[callee] in (Op.NAME, Op.FIELD):
            name = snake(body.name(callee).rpartition(".")[2])
            below = list(self.words(fn, body.args(callee)[0], ctx, depth + 1, mine, of)) if body.op[callee] == Op.FIELD else []
            of = (*of, *(w.name for w in below[:_MOST_UNDER]))
            yield Word(name, mine, of)
            yield from below
            of = (*of, name)
        for _, a in arguments:
            yield from self.words(fn, a, ctx, depth + 1, mine, of)
        for option in options(self.evaluator.value(fn, callee, ctx))[:2]:
            if isinstance(option, FunctionV):
                yield from self._inside(option.fn, depth, mine, of)

    def _made_of_request(self, fn: Fn, arguments: list[tuple[str, int]], ctx: Ctx | None) -> bool:
        """Whether a call is given more of the request than the number of what it looks up."""
        body = self.program.body(fn)
        for _, a in arguments:
            if body.op[a] == Op.FUNCTION or not self.chosen(fn, a, ctx):
                continue
            names = [w.name for w in _Reader(self.model).words(fn, a, ctx, _DEEPEST - 3, True, ())]
            source = self.model.requests.source(self.evaluator.value(fn, a, ctx))
            names += [snake(source.key)] if source is not None and source.key else []  # ``request.POST.get("id")``
            if names and not any(LOOKED_UP.search(n) for n in names):
                return True
        return False

    def _parameter(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, chosen: bool, of: tuple[str, ...]) -> Iterator[Word]:
        body = self.program.body(fn)
        number = body.args(i)[0]
        given = self.model.records.chains.argument(fn, number, ctx) if ctx is not None else None
        told = list(self.words(*given, depth + 1, chosen, of)) if given else []
        yield from told
        if not told and number < len(body.params):
            yield Word(snake(body.params[number].name.lstrip("$")), chosen or self.chosen(fn, i, ctx), of)

    def _inside(self, fn: Fn, depth: int, chosen: bool, of: tuple[str, ...]) -> Iterator[Word]:
        """What a function answers, or a callback works out."""
        body = self.program.body(fn)
        ends = returns(body)
        for end in ends[:_STORES]:
            yield from self.words(fn, body.args(end)[0] if body.op[end] == Op.RETURN else end, None, depth + 2, chosen, of)

    def chosen(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a value is put together from what the sender of a request chose."""
        value = self.evaluator.value(fn, i, ctx)
        return any(s.kind in _CHOSEN for s, _ in self.model.requests.sources_in(value, _PIECES))
