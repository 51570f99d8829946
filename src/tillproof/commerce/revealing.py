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
            if op != Op.CALL or around.op[around.args(n)[0]] != Op.FIELD or around.name(around.args(n)[0]) != "catch":
                continue
            if any(around.op[a] == Op.FUNCTION and around.args(a)[0] == fn.number for _, a in around.call(n)[1]):
                inner = around.args(around.args(n)[0])[0]
                while around.op[inner] in (Op.CALL, Op.FIELD):
                    if around.op[inner] == Op.CALL:
                        yield from self._thrown_by(outer, inner, None, 0)
                    inner = around.args(inner)[0]

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
                if op == Op.CALL and self._lets_through(target.fn, body, block_of[n]):
                    self._escaping[key] += self._thrown_by(target.fn, n, inner, depth)
        return self._escaping[key]

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
