"""The sums that provider operations are given, each with the currency beside it and the way in which it is worked out."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tillproof.checks.operation_words import done
from tillproof.checks.ruling import Ruling, at
from tillproof.commerce.currencies import Currencies, Currency, Followed
from tillproof.commerce.given import given_at, values_at
from tillproof.commerce.model import Model
from tillproof.commerce.money import Money, Step, name_of
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.strange_sums import strange_sites
from tillproof.commerce.units import Units
from tillproof.flow.program import Fn, Program
from tillproof.flow.values import Const, Ctx, Member, Mix, Param, Record, Result, Value, choice, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

CREATES = ("payment.create", "checkout.create", "transfer.create", "payout.create", "subscription.create")
_MOST_CALLERS = 30
_MOVES = (*CREATES, "payment.update", "payment.capture", "payment.confirm", "refund.create", "catalog.write")


@dataclass(frozen=True, slots=True)
class Charge:
    """A sum given to a provider. ``currency``: what is given as its currency; None when nothing is. ``path``: where the sum stands."""

    site: OperationSite
    ctx: Ctx | None
    path: str
    value: Value
    currency: Currency | None

    @property
    def taken(self) -> str:
        """How the provider takes the sum: ``minor``, ``decimal-string``, ``decimal`` or ``unknown``."""
        return self.site.operation.money or self.site.provider.money

    @property
    def place(self) -> tuple[Fn, int]:
        """The call that decides what is given: the provider's, or that of a wrapper by its outermost caller that has a say."""
        if self.ctx is None:
            return self.site.fn, self.site.instr
        top = list(self.ctx.chain())[-1]
        return (top.caller, top.call) if top.call >= 0 else (self.site.fn, self.site.instr)


class Charges:
    """All sums of a program that are given to payment providers; kept."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.units = Units(model)
        self.currencies = Currencies(model, self.units)

    @cached_property
    def all(self) -> list[Charge]:
        """In order of file and line; the same sum in the same context once."""
        found: list[Charge] = []
        for site in self.model.operations.sites:
            if site.provider.kind == "payment" and site.operation.op in _MOVES:
                for path in site.operation.amount:
                    found += self._at(site, path)
        return found

    @cached_property
    def strange(self) -> list[Charge]:
        """The sums that systems are asked for which no pack knows, where somebody has counted them in hundredths: that says what they
        take. And those between whose thousands he has put a mark, which none takes."""
        return [c for c in self.of_strangers if any(did(money, "up") or did(money, "mark") for money in self.units.of(c.value))]

    @cached_property
    def of_strangers(self) -> list[Charge]:
        """The sums that systems are asked for which no pack knows."""
        return [c for site in strange_sites(self.model) for path in site.operation.amount for c in self._at(site, path)]

    def _at(self, site: OperationSite, path: str) -> Iterator[Charge]:
        seen: set[int] = set()
        for ctx, value in given_at(self.model, site, path):
            if isinstance(value, Record):
                continue  # at a position where an SDK takes a sum, or a record that holds it
            if id(value) not in seen:
                seen.add(id(value))
                yield Charge(site, ctx, path, value, self._currency(site, path, ctx))

    def _currency(self, site: OperationSite, path: str, ctx: Ctx | None) -> Currency | None:
        """The currency that stands nearest to a sum."""
        paths = sorted(site.operation.currency, key=lambda p: -_common(p, path))
        for candidate in paths:
            values = [v for v in values_at(self.model, site, candidate, ctx) if not (isinstance(v, Const) and v.falsy)]
            if values:
                return self.currencies.of(choice(values[0].at, [o for v in values for o in options(v)]))
        return None

    def shop_currencies(self, charge: Charge) -> list[Currency]:
        """The currencies in which the same provider is asked for money in the same unit: those of a capture or refund that names none."""
        unit = self.model.program.unit(charge.site.fn.file)
        return [
            c.currency
            for c in self.all
            if c.currency is not None and c.site.provider.id == charge.site.provider.id and self.model.program.unit(c.site.fn.file) == unit
        ]

    # --- does the code follow the currency's decimals?

    def follows(self, charge: Charge, money: Money | None = None) -> list[Followed]:
        """Where, on the way of a sum to the provider, the code goes on by the currency."""
        out: list[Followed] = []
        for fn, ctx in self.way(charge, money):
            out += [p for p in self.currencies.followed(fn, ctx) if not p.missed]
        return list(dict.fromkeys(out))

    def misses(self, charge: Charge) -> bool:
        """Whether, on the way of a sum to the provider, a currency's decimals are looked for where they are never found."""
        return any(p.missed for fn, ctx in self.way(charge) for p in self.currencies.followed(fn, ctx))

    def way(self, charge: Charge, money: Money | None = None) -> list[tuple[Fn, Ctx | None]]:
        """The functions that a sum goes through, each in its context."""
        found: dict[tuple[Fn, int], tuple[Fn, Ctx | None]] = {}

        def add(fn: Fn, ctx: Ctx | None) -> None:
            found.setdefault((fn, id(ctx)), (fn, ctx))
            for link in ctx.chain() if ctx is not None else ():
                if link.call >= 0:
                    found.setdefault((link.caller, id(link.parent)), (link.caller, link.parent))

        for sum_ in (money,) if money is not None else self.units.of(charge.value):
            for step in sum_.steps:
                if isinstance(step.value, (Mix, Result)):
                    add(step.value.fn, step.value.ctx)
        add(charge.site.fn, charge.ctx)
        return list(found.values())

    def holder(self, money: Money) -> Value | None:
        """The order (or the like) that a sum is read from, where such a record tells a currency of its own."""
        for step in money.steps:
            value = step.value
            base = value.callee.base if isinstance(value, Result) and isinstance(value.callee, Member) else None
            base = value.base if isinstance(value, Member) else base
            if step.did == "told" and base is not None and self._is_order(base) and self.own_currency(base) is not None:
                return base
        return None

    def _is_order(self, value: Value) -> bool:
        name = name_of(value)
        for prefix in ("wc_", "get_", "create_"):
            name = name.removeprefix(prefix)
        return self.model.words.entity(name) and not any(w in name for w in ("cart", "basket", "checkout", "quote"))

    def own_currency(self, record: Value) -> str | None:
        """The name by which a framework's records tell their own currency, if it has one that fits a record. Of an object that nothing says
        to be the framework's it is not known, unless the code asks orders for their currency by that name."""
        file = record.at[0]
        for framework in self.model.requests.active.of(file) if file in self.model.program.indices else ():
            for name in framework.currencies.own:
                if name.startswith(".") and (not isinstance(record, Param) or self._asked(name[1:], file)):
                    return name[1:]
        return None

    def _asked(self, name: str, file: str) -> bool:
        """Whether the unit of a file asks anything for its currency by a name."""
        program = self.model.program
        return any(program.unit(f) == program.unit(file) for f in program.mentioning(name))

    def pinned(self, charge: Charge) -> Followed | None:
        """Where a caller of the charge, however far up, looks at a currency and goes on accordingly."""
        waiting, seen = [charge.site.fn], {charge.site.fn}
        for fn in waiting:
            found = self.currencies.followed(fn, None)
            if found:
                return found[0]
            above = [caller for caller, _, _ in self.model.callers.of(fn) if caller not in seen]
            waiting += above[: _MOST_CALLERS - len(seen)]
            seen.update(above)
        return None


def _common(one: str, other: str) -> int:
    """How many keys two paths have in common."""
    return len(posixpath.commonprefix([one.split("."), other.split(".")]))


def argument_line(program: Program, charge: Charge, path: str) -> int:
    """The line on which an argument is written into the call that decides, or into a record before it; that of the call when none is."""
    fn, instr = charge.place
    body = program.body(fn)
    key, found = path.rpartition(".")[2].removesuffix("[]"), body.line[instr]
    for i in range(instr):
        if body.op[i] == Op.RECORD:
            for k, v in _pairs(body.args(i)):
                if _is_key(body, k, key):
                    found = body.line[v]
    return found


def line_in_request(program: Program, charge: Charge) -> tuple[str, int] | None:
    """The line on which a sum is put under its key into what the provider is sent, in the innermost function that does so."""
    key = charge.path.rpartition(".")[2].removesuffix("[]")
    links = charge.ctx.chain() if charge.ctx is not None else ()
    for fn, instr in ((charge.site.fn, charge.site.instr), *((c.caller, c.call) for c in links if c.call >= 0)):
        body = program.body(fn)
        found = [(i, v) for i in range(len(body.op)) if body.op[i] == Op.RECORD for k, v in _pairs(body.args(i)) if _is_key(body, k, key)]
        before = [v for i, v in found if i < instr]
        if found:
            return fn.file, body.line[before[-1] if before else found[0][1]]
    return None


def _pairs(entries: Sequence[int]) -> Iterator[tuple[int, int]]:
    return zip(entries[::2], entries[1::2], strict=True)


def _is_key(body: Body, k: int, key: str) -> bool:
    return k >= 0 and (const := body.const(k)) is not None and const[1].strip("'\"") == key


def ruling_of(charges: Charges, charge: Charge, check: str, kind: str) -> Ruling:
    """A ruling on a charge, held until something else is said, with the call that sends it."""
    program, site = charges.model.program, charge.site
    fn, instr = charge.place
    sends = at(program, site.fn, site.instr, f"{done(site.operation.op, site.operation.resource)} at {site.provider.name}", "sink")
    return Ruling(check, "held", kind, fn.file, program.body(fn).line[instr], [sends])


def did(money: Money, what: str) -> Step | None:
    """The last step of a kind."""
    return next((s for s in reversed(money.steps) if s.did == what), None)
