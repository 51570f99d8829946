"""Exceptions that hold the request that failed, headers and all: is one caught here, and does a credential of ours ride in it?"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Ctx, FunctionV, Missing, Overlay, Record, Value, options
from tillproof.ir.body import EDGE_NEXT, EDGE_RAISE, Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 4
_STEPS = 4
# The client's own hook for failures takes the credential out.
_CLEANED = re.compile(
    rb"delete\s+[\w.?]*config[\w.?]*headers|config\.headers(?:\.\w+|\[[^\]]+\])?\s*=\s*(?:undefined|null|\{\}|[\"'])|\bredact\s*:"
)
_HEADERS = ("headers", "auth", "common")
_LONGEST_CHAIN = 8
_PROMISE = "Promise"
_REJECTS = 1  # the place of that parameter of what a promise is made with
_ONWARD = ("catch", "then", "finally")
_FAILS = {"catch": 0, "then": 1}
"""Methods of a promise that are given a function for its failure, with the place of that argument."""


class Revealed(NamedTuple):
    """The request that an exception holds, and the key under which a credential goes with it."""

    fn: Fn
    instr: int
    key: str


class Revealing:
    """Answers by the place where an exception is caught; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._words = {lang: model.recogniser.shared[lang, "revealing"].words() for lang in ("javascript", "python", "php")}
        self._memo: dict[tuple[Fn, int], Revealed | None] = {}
        self._escaping: dict[tuple[Fn, int], list[Revealed]] = {}

    def caught(self, fn: Fn, i: int) -> Revealed | None:
        """What a CAUGHT instruction, or the parameter of a ``.catch`` callback, may hold."""
        key = (fn, i)
        if key not in self._memo:
            body = self.model.program.body(fn)
            found = self._in_try(fn, body, i) if body.op[i] == Op.CAUGHT else self._in_promise(fn, body, i)
            self._memo[key] = next(iter(found), None)
        return self._memo[key]

    def _in_try(self, fn: Fn, body: Body, i: int) -> Iterator[Revealed]:
        block_of = self.model.evaluator.defuse(fn).block_of
        for n, op in enumerate(body.op):
            if op == Op.CALL and block_of[i] in handlers_of(body, block_of[n]):
                yield from self._thrown_by(fn, n, None, 0)

    def _in_promise(self, fn: Fn, body: Body, i: int) -> Iterator[Revealed]:
        """``axios.get(…).catch((error) => …)``"""
        outer = self.model.program.parent(fn)
        if outer is None or body.op[i] != Op.PARAM or body.args(i)[0] != 0:
            return
        around = self.model.program.body(outer)
        for n, op in enumerate(around.op):
            handler = _handler(around, n) if op == Op.CALL else -1
            if handler >= 0 and around.op[handler] == Op.FUNCTION and around.args(handler)[0] == fn.number:
                yield from self._failed(outer, around.args(around.args(n)[0])[0])

    def _failed(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Iterator[Revealed]:
        """What a promise may fail with: what the calls of its chain throw, and what the functions do that go on from them."""
        body = self.model.program.body(fn)
        while body.op[i] in (Op.CALL, Op.FIELD):
            if body.op[i] == Op.CALL:
                if _handler(body, i) >= 0 and body.called(i) == "catch" and not self._passes_on(fn, _handler(body, i)):
                    return
                yield from self._thrown_by(fn, i, ctx, 0)
                for _, given in body.call(i)[1] if body.called(i) in _ONWARD else ():
                    if body.op[given] == Op.FUNCTION:
                        yield from self._settled(Fn(fn.file, body.args(given)[0]))
            i = body.args(i)[0]

    def _settled(self, fn: Fn) -> Iterator[Revealed]:
        """What may be thrown by the calls that a function waits for, or gives to whoever waits for it."""
        body, flow = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        for n, op in enumerate(body.op):
            waited = op == Op.CALL and any(body.op[use] in (Op.RETURN, Op.AWAIT) for use in flow.uses(n))
            if waited and self._lets_through(fn, body, flow.block_of[n]):
                yield from self._failed(fn, n)

    def _passes_on(self, fn: Fn, handler: int) -> bool:
        """Whether what a promise failed with goes on behind the function that is told of it: it throws or rejects."""
        body = self.model.program.body(fn)
        if body.op[handler] != Op.FUNCTION:
            return body.op[handler] == Op.NAME
        inner = self.model.program.body(Fn(fn.file, body.args(handler)[0]))
        return any(op == Op.RAISE or (op == Op.CALL and inner.called(n) == "reject") for n, op in enumerate(inner.op))

    def _rejected(self, fn: Fn) -> Iterator[Revealed]:
        """What promises that a function makes by hand are rejected with: ``new Promise((resolve, reject) => axios(…).catch(reject))``."""
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            given = body.call(i)[1] if op == Op.NEW and body.called(i) == _PROMISE else []
            if not given or body.op[given[0][1]] != Op.FUNCTION:
                continue
            made = Fn(fn.file, body.args(given[0][1])[0])
            params = self.model.program.body(made).params
            if len(params) > _REJECTS:
                for inner in self._within(made):
                    yield from self._rejects(inner, params[_REJECTS].name)

    def _rejects(self, fn: Fn, reject: str) -> Iterator[Revealed]:
        """What a function, or one written in it, hands to ``reject``."""
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            handler = _handler(body, i)
            if handler >= 0 and body.op[handler] == Op.NAME and body.name(handler) == reject:
                yield from self._failed(fn, body.args(body.args(i)[0])[0])
            elif body.called(i) == reject and (given := body.call(i)[1]) and (caught := self._caught_at(fn, given[0][1])) >= 0:
                found = self.caught(fn, caught)
                yield from (found,) if found is not None else ()

    def _caught_at(self, fn: Fn, i: int) -> int:
        """The CAUGHT or PARAM instruction that a variable holds; -1 when it holds none."""
        body = self.model.program.body(fn)
        if body.op[i] in (Op.CAUGHT, Op.PARAM):
            return i
        stores = self.model.evaluator.defuse(fn).reaching(i, body.name(i)).stores if body.op[i] == Op.NAME else ()
        return next((body.args(s)[1] for s in stores if body.op[body.args(s)[1]] in (Op.CAUGHT, Op.PARAM)), -1)

    def _within(self, fn: Fn) -> Iterator[Fn]:
        """A function, and those that are written in it."""
        yield fn
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.FUNCTION:
                yield from self._within(Fn(fn.file, body.args(i)[0]))

    def _thrown_by(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> list[Revealed]:
        """What a call may throw that holds a request of ours."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return []
        if self.model.recogniser.is_("revealing", fn, i, ctx):
            key = self._credential(fn, i, ctx)
            return [Revealed(fn, i, key)] if key and not self._cleaned(fn.file) else []
        if depth >= _DEEPEST:
            return []
        value = self.model.evaluator.value(fn, callee, ctx)
        own = [o for o in options(value) if isinstance(o, FunctionV)] or self.model.evaluator.scope.by_name(
            value, self.model.program.language(fn.file)
        )
        return [found for o in own[:3] for found in self._escapes(o, fn, i, ctx, depth + 1)][:2]

    def _escapes(self, target: FunctionV, caller: Fn, call: int, ctx: Ctx | None, depth: int) -> list[Revealed]:
        """What a function of ours lets through: what it does not catch, or throws again as it is."""
        key = (target.fn, id(target.this))
        if key not in self._escaping:
            self._escaping[key] = []
            body = self.model.program.body(target.fn)
            inner = self.model.evaluator.context(target, caller, call, ctx)
            block_of = self.model.evaluator.defuse(target.fn).block_of
            for n, op in enumerate(body.op):
                if op == Op.CALL and self._lets_through(target.fn, body, block_of[n]) and not self._is_settled(target.fn, n):
                    self._escaping[key] += self._thrown_by(target.fn, n, inner, depth)
            self._escaping[key] += self._rejected(target.fn)
        return self._escaping[key]

    def _is_settled(self, fn: Fn, i: int) -> bool:
        """Whether what a call fails with is dealt with by the chain that hangs on it: ``axios.get(…).catch(() => null)``."""
        body, flow = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        for _ in range(_LONGEST_CHAIN):
            field = next((u for u in flow.uses(i) if body.op[u] == Op.FIELD and body.name(u) in _ONWARD), -1)
            call = next((u for u in flow.uses(field) if body.op[u] == Op.CALL), -1) if field >= 0 else -1
            if call < 0:
                return False
            if body.name(field) == "catch" and (handler := _handler(body, call)) >= 0 and not self._passes_on(fn, handler):
                return True
            i = call
        return False

    def _lets_through(self, fn: Fn, body: Body, block: int) -> bool:
        """Whether what is thrown in a block leaves the function as it is."""
        handlers = handlers_of(body, block)
        if not handlers:
            return True
        defuse = self.model.evaluator.defuse(fn)
        for i, op in enumerate(body.op):
            if op == Op.RAISE and body.args(i)[0] >= 0 and body.op[body.args(i)[0]] == Op.NAME:
                thrown = body.args(i)[0]
                stores = defuse.reaching(thrown, body.name(thrown)).stores
                if any(body.op[body.args(s)[1]] == Op.CAUGHT and defuse.block_of[s] in handlers for s in stores):
                    return True
        return False

    def _credential(self, fn: Fn, i: int, ctx: Ctx | None) -> str:
        """The key under which a request carries a credential, in its own options or those of its client."""
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        given = [self.model.evaluator.value(fn, a, ctx) for _, a in arguments]
        if body.op[callee] == Op.FIELD:
            given += self.model.http.clients.given(self.model.evaluator.value(fn, body.args(callee)[0], ctx))
        return next((key for value in given for key in self.secret_keys(value)), "")

    def secret_keys(self, value: Value, depth: int = 0) -> Iterator[str]:
        """Keys of a record, and of the records in it, whose name says that a credential stands under them."""
        if depth > 3 or isinstance(value, Const):
            return
        got = shape(self.model.evaluator, value)
        for key, entry in {**got.may, **got.must}.items():
            if isinstance(entry, (Const, Missing)) or self.model.cards.is_masked(entry):
                continue
            if key.lower() == "auth" or self.model.words.secret(key):
                yield key
            elif isinstance(entry, (Record, Overlay)) or key.lower() in _HEADERS:
                yield from self.secret_keys(entry, depth + 1)

    def _cleaned(self, file: str) -> bool:
        """Whether the unit cleans such exceptions where its client meets them."""
        unit = self.model.program.unit(file)
        return any(
            b"interceptors" in source and self.model.program.unit(path) == unit and _CLEANED.search(source)
            for path, source in self.model.program.sources.items()
        )


def _handler(body: Body, i: int) -> int:
    """What a call of a promise is given for its failure: ``.catch(handler)``, ``.then(done, handler)``; -1 when it is none."""
    callee, given = body.call(i)
    place = _FAILS.get(body.name(callee), -1) if body.op[callee] == Op.FIELD else -1
    return given[place][1] if 0 <= place < len(given) else -1


def handlers_of(body: Body, block: int) -> set[int]:
    """The blocks in which what a block throws is caught, with those that follow at once."""
    out: set[int] = set()
    for kind, target in body.blocks[block].next:
        if kind == EDGE_RAISE:
            here: list[int] = [target]
            for _ in range(_STEPS):
                out.update(here)
                here = [t for b in here for k, t in body.blocks[b].next if k == EDGE_NEXT and body.blocks[b].end == body.blocks[b].start]
    return out
