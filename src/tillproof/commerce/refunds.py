"""Where money goes back: calls that ask a provider for a refund, and records of ours that say how much was refunded."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.entries import Entry
from tillproof.commerce.given import depends_on_caller, given_at, is_open, values_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.requests import Source
from tillproof.commerce.spoken import LOOKED_UP
from tillproof.commerce.touches import Touch
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Const, Ctx, External, FunctionV, Instance, Member, Missing, Param, Result, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_RECORD = re.compile(r"(\w+_)?(refund|credit_?memo|credit_?note)(_(record|transaction|entry))?")
_WRITING = frozenset(
    words_of(
        "create insert add save persist upsert create_many createMany bulk_create insertGetId insertOne insertMany firstOrCreate "
        "updateOrCreate get_or_create update_or_create execute query create_refund forceCreate build attach"
    )
)
_CARRIER = re.compile(r"(DTO|Dto|Input|Request|Payload|Form|Command)$")
CHOSEN = ("body", "query", "path", "raw")
"""The pieces of a request that whoever sends it chooses."""
_PIECES = 80
_LEVELS = 3
_MOST = 24


@dataclass(frozen=True, slots=True)
class Refund:
    """One way in which money goes back. ``amount`` is None where none is given: all that is left goes back. ``ctx``: the calls that hand
    the amount over. ``told``: the amount may be given in a part that is not known. ``provider``: who is asked; None where only a record of
    ours is written. ``within``: where the functions are written in which it stands: ``retried(() => refunds.create(…))``."""

    what: Literal["provider", "record"]
    provider: Provider | None
    fn: Fn
    instr: int
    ctx: Ctx | None
    amount: Value | None
    told: bool
    entries: tuple[Entry, ...]
    within: tuple[tuple[Fn, int], ...] = ()

    @property
    def functions(self) -> list[Fn]:
        """The function that refunds, and those that call it on this way."""
        return [self.fn, *(c.caller for c in (self.ctx.chain() if self.ctx else ()) if c.call >= 0)]

    @property
    def calls(self) -> list[tuple[Fn, int, Ctx | None]]:
        """The call that refunds, and those that lead to it on this way, with their contexts."""
        above = [c for c in (self.ctx.chain() if self.ctx else ()) if c.call >= 0]
        way = [(self.fn, self.instr, self.ctx), *((c.caller, c.call, c.parent) for c in above)]
        known = {fn for fn, _, _ in way}
        return [*way, *((fn, i, None) for fn, i in self.within if fn not in known)]

    @property
    def staff_only(self) -> bool:
        """Whether nobody but staff sets it off, as far as is seen."""
        return bool(self.entries) and all(e.role in ("staff", "internal") for e in self.entries)


class Refunds:
    """All refunds of a program, in order of file and line."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def all(self) -> list[Refund]:
        """Those that ask a provider, and the records in code that asks none."""
        asked = [r for site in self.sites for r in self._asked(site)]
        near = {fn for r in asked for fn in r.functions}
        ours = (r for r in self._recorded() if not near & set(r.functions) and not self._is_told_of(r))
        return sorted([*asked, *ours], key=lambda r: (r.fn, r.instr))

    def _is_told_of(self, refund: Refund) -> bool:
        """Whether a provider's own message says what went back: the money moved before, and what is written down limits nothing."""
        proven = {h.entry.target.fn for h in self.model.handlers.all if h.kind != "redirect-return" and (h.walked.proofs or h.admits)}
        return bool(refund.entries) and all(e.target.fn in proven for e in refund.entries)

    @cached_property
    def sites(self) -> list[OperationSite]:
        """The calls that ask a payment provider or a platform for a refund."""
        wanted = ("payment", "platform")
        return [s for s in self.model.operations.sites if s.operation.op == "refund.create" and s.provider.kind in wanted]

    def _asked(self, site: OperationSite) -> Iterator[Refund]:
        model = self.model
        for path in site.operation.amount:
            found = list(given_at(model, site, path))
            if not found and "." in path:
                found = list(given_at(model, site, path.partition(".")[0]))
            given = [(ctx, value) for ctx, value in found if not isinstance(value, Missing)]
            for ctx, value in given[:_MOST]:
                if not _nothing(value):
                    yield self._refund("provider", site.provider, site.fn, site.instr, ctx, value, False)
            if any(not _nothing(v) for _, v in given):
                yield from self._without(site)
                return
        told = any(is_open(model, site, path, site.ctx) for path in site.operation.amount)
        yield self._refund("provider", site.provider, site.fn, site.instr, site.ctx, None, told)

    def _without(self, site: OperationSite) -> Iterator[Refund]:
        """The callers of a wrapper that name no amount where others do: all that is left goes back."""
        for ctx in self.model.callers.above(site.fn, site.ctx)[:_MOST]:
            paths = site.operation.amount
            if not any(is_open(self.model, site, path, ctx) for path in paths) and all(
                _nothing(v) for path in paths for v in values_at(self.model, site, path, ctx)
            ):
                yield self._refund("provider", site.provider, site.fn, site.instr, ctx, None, False)

    def _recorded(self) -> Iterator[Refund]:
        """Refunds that are written down with their amount."""
        for file in self.model.program.indices:
            if any("efund" in t or "redit" in t for t in self.model.vocabulary.tokens(Fn(file, -1))):
                for fn in self.model.program.functions_calling(file, _WRITING):
                    if any("efund" in t or "redit" in t for t in self.model.vocabulary.tokens(fn)):
                        yield from self._records_in(fn)

    def _records_in(self, fn: Fn) -> Iterator[Refund]:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            touch = self.model.records.touch(fn, i, None)
            if touch is None or touch.kind not in ("create", "upsert", "write") or not _RECORD.fullmatch(touch.entity):
                continue
            value = self._sum_of(touch)
            if value is not None:
                for ctx in self._contexts(fn, value):
                    inner = self.model.records.touch(fn, i, ctx)
                    here = self._sum_of(inner) if inner is not None else value
                    yield self._refund("record", None, fn, i, ctx, here or value, False)

    def _sum_of(self, touch: Touch) -> Value | None:
        """The amount that a record of a refund is written with: one that the caller hands over before one that is worked out here."""
        sums = [v for k, v in touch.fields.items() if v is not None and self.model.words.money(snake(k)) and not _nothing(v)]
        return next((v for v in sums if depends_on_caller(self.model, v)), sums[0] if sums else None)

    def _contexts(self, fn: Fn, value: Value) -> list[Ctx | None]:
        """The contexts that say where an amount comes from."""
        if not depends_on_caller(self.model, value):
            return [None]
        return list(self.model.callers.contexts(fn, _LEVELS)[:_MOST]) or [None]

    def _refund(
        self,
        what: Literal["provider", "record"],
        provider: Provider | None,
        fn: Fn,
        i: int,
        ctx: Ctx | None,
        amount: Value | None,
        told: bool,
    ) -> Refund:
        above = [c for c in (ctx.chain() if ctx else ()) if c.call >= 0]
        top = above[-1].caller if above else fn
        within = tuple(self._within(fn))
        return Refund(what, provider, fn, i, ctx, amount, told, tuple(self.model.entries_to(top)), within)

    def _within(self, fn: Fn) -> Iterator[tuple[Fn, int]]:
        """The functions around one that is written in another, with the place where it stands there."""
        for inner, around in pairwise((fn, *self.model.program.around(fn))):
            body = self.model.program.body(around)
            yield from ((around, i) for i, op in enumerate(body.op) if op == Op.FUNCTION and body.args(i)[0] == inner.number)

    def asked(self, refund: Refund) -> tuple[Source, ...]:
        """The pieces of a request that an amount is made of, converted by functions of others perhaps, or handed over in an object that
        carries what a request said."""
        out: dict[Source, None] = {}
        for here in self.made_of(refund):
            found = (s for s, _ in self.model.requests.sources_in(here, _PIECES) if s.kind in CHOSEN)
            out.update(dict.fromkeys(s for s in found if self._measures(s.key)))
            if refund.entries and isinstance(here, (Member, Param)) and self.model.words.money(here.name) and self._carried(here):
                out[Source("body", here.name, here.at)] = None
        return tuple(out)

    def made_of(self, refund: Refund) -> Iterator[Value]:
        """The values that an amount is made of, through what converts it."""
        waiting = deque([refund.amount] if refund.amount is not None else [])
        seen: set[int] = set()
        while waiting and len(seen) < _PIECES:
            here = waiting.popleft()
            if id(here) in seen:
                continue
            seen.add(id(here))
            yield here
            waiting += here.parts()
            if isinstance(here, Result) and here.instr >= 0 and isinstance(here.callee, External):
                waiting += [v for _, v in self.model.evaluator.arguments(here) if not isinstance(v, FunctionV)]

    def _measures(self, key: str | None) -> bool:
        """Whether a piece of a request may be a sum or a quantity: it is not what something is looked up by."""
        name = snake((key or "").rpartition(".")[2].removesuffix("[]"))
        return not LOOKED_UP.search(name) and not self.model.words.has("currency_fields", name)

    def _carried(self, value: Member | Param) -> bool:
        """Whether a sum is handed over in an object that carries a request's data, by the name of its class, which is no record's."""
        if isinstance(value, Param):
            owner = self.model.program.owner(value.fn)
            return owner is not None and self._carries(owner)
        return any(self._carries(o.cls) for o in options(value.base) if isinstance(o, Instance) and o.made is None)

    def _carries(self, cls: ClassId) -> bool:
        return _CARRIER.search(self.model.program.cls(cls).name) is not None and self.model.schema.table(cls) is None

    def around(self, refund: Refund) -> list[tuple[Fn, Ctx | None]]:
        """The functions of the way to a refund, and those that they call or run in a transaction, each in its context."""
        way = [(fn, ctx) for fn, _, ctx in refund.calls]
        if len(way) == 1:  # nothing of a caller's is in the amount, but one that is alone may have looked at it
            callers = {caller for caller, _, _ in self.model.callers.of(refund.fn)}
            way += [(caller, None) for caller in callers] if len(callers) == 1 else []
        found = dict(reversed(way))
        for fn, ctx in way:
            body = self.model.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.CALL and self._speaks(fn, i):
                    value = self.model.evaluator.value(fn, body.args(i)[0], ctx)
                    named = self.model.evaluator.scope.by_name(value, self.model.program.language(fn.file))
                    for option in (*options(value), *named):
                        if isinstance(option, FunctionV) and option.fn not in found:
                            found[option.fn] = self.model.evaluator.context(option, fn, i, ctx)
                if op == Op.CALL and (run := self.model.conditions.transacted(fn, i, ctx)) is not None and run.fn not in found:
                    found[run.fn] = self.model.evaluator.context(run, fn, i, ctx, callback=True)
        return list(found.items())

    def _speaks(self, fn: Fn, i: int) -> bool:
        """Whether a call may be of a function of ours."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        return body.op[callee] in (Op.NAME, Op.FIELD) and body.name(callee).rpartition(".")[2] in self.model.program.functions_by_name


def _nothing(value: Value) -> bool:
    return all(isinstance(o, (Missing, FunctionV)) or (isinstance(o, Const) and o.falsy) for o in options(value))
