"""Where what a browser calls marks something as paid: each route of strangers and customers with the transitions that it reaches."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.browser_returns import of_goods
from tillproof.commerce.conditions import Atom
from tillproof.commerce.entries import Entry
from tillproof.commerce.granted import granted
from tillproof.commerce.handled import Handler
from tillproof.commerce.later_steps import later_step
from tillproof.commerce.paid import PaidPolicy
from tillproof.commerce.recognition import called
from tillproof.commerce.tenants import sold_by_whoever_signs_in
from tillproof.flow.paths import MAX_CALLS, SHALLOWER, Walk
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Happening
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BODIES = frozenset(["body", "json", "get_json", "getJson", "formData", "all", "validated", "dto", "dict", "model_dump", "setattr"])
"""By what a request's body is read, or handed on as it is."""


@dataclass(frozen=True, slots=True)
class Transitions:
    """An entry point, where records say paid on the way from it, and the policy of the walk with the proofs that it met. ``later``: the
    conditions behind which records go on that must have been paid before."""

    entry: Entry
    policy: PaidPolicy
    paid: list[Happening]
    later: tuple[Atom, ...] = ()


def paid_on_the_way(model: "Model", entry: Entry, returns: bool = False) -> Transitions:
    """What an entry point marks as paid; where there is too much to walk, what lies near, as long as no proof is lost by it."""
    found, cut = _walk(model, entry, MAX_CALLS, returns)
    for shallower in SHALLOWER:
        nearer, still = _walk(model, entry, shallower, returns) if cut else (found, False)
        if not cut or found.policy.proofs.keys() - nearer.policy.proofs.keys():
            break
        found, cut = nearer, still
    return found


def _walk(model: "Model", entry: Entry, deepest: int, returns: bool) -> tuple[Transitions, bool]:
    policy = PaidPolicy(model, returns)
    walk = Walk(model.program, model.evaluator, policy, deepest)
    summary = walk.run(entry.target.fn, model.evaluator.entry_context(entry.target))
    return Transitions(entry, policy, [h for h in summary.happenings if h.kind == "paid"]), walk.cut


class BrowserPaid:
    """Found once; several checks ask."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._quick = PaidPolicy(model)

    @cached_property
    def all(self) -> list[Transitions]:
        """One per entry point that strangers or customers call and that reaches a paid transition, in order of the entries."""
        return [found for found in self.with_later if found.paid]

    @cached_property
    def with_later(self) -> list[Transitions]:
        """Those, and the entry points by which only what was paid before goes on."""
        model = self.model
        near = bool(model.operations.candidates())
        told = [h for h in model.handlers.all if h.kind != "redirect-return"]
        webhooks = {h.entry.target.fn for h in model.handlers.all if self._comes_proven(h)}
        webhooks |= {h.entry.target.fn for h in told if h.entry.role != "customer"}
        webhooks |= model.gateways.dispatching  # each of those that it chooses between is a way in of its own
        returned = {h.entry.target.fn for h in model.handlers.all if h.kind == "redirect-return"}
        taken: set[Fn] = set()
        out: list[Transitions] = []
        for entry in model.entries:
            fn = entry.target.fn
            if entry.role not in ("public", "customer") or fn in webhooks or fn in taken:
                continue
            if fn not in returned and of_goods(f"{entry.route or ''} {called(model, entry)}"):
                continue  # what is done there is done with a parcel that comes back
            if self.may_pay(entry) or (fn in returned and self._may_grant(entry)):
                taken.add(fn)
                found = paid_on_the_way(model, entry, fn in returned)
                paid = [h for h in found.paid if near or found.policy.is_written(h.fn, h.instr)]
                paid = [h for h in paid if entry.role == "public" or not self._is_of_sellers(h)]
                later = {h: atom for h in paid if (atom := later_step(model, entry, h)) is not None}
                if paid:
                    out.append(Transitions(entry, found.policy, [h for h in paid if h not in later], tuple(later.values())))
        return out

    def _is_of_sellers(self, paid: Happening) -> bool:
        """Whether those who sign in sell what is marked as paid, so that no buyer can have done it; changes that are put together first are
        written in the same function."""
        own = self.model.records.touch(paid.fn, paid.instr, None)
        body = self.model.program.body(paid.fn)
        calls = (i for i, op in enumerate(body.op) if op == Op.CALL)
        touched = [own] if own is not None else [t for i in calls if (t := self.model.records.touch(paid.fn, i, None)) is not None]
        return any(t.writes and sold_by_whoever_signs_in(self.model, t.entity, paid.fn.file) for t in touched)

    def _comes_proven(self, handler: Handler) -> bool:
        """Whether a message is proven before its handler runs, by what stands before it: the walk behind the handler meets no proof. A
        customer who comes back logged in has proven who he is, and no payment."""
        if handler.kind == "redirect-return" and handler.entry.role == "customer":
            return False
        proofs, before = {p.fn for p in handler.walked.proofs}, self.model.reach.of(list(handler.entry.chain)).functions.keys()
        return bool(proofs) and proofs <= before and not handler.walked.unproven

    def _may_grant(self, entry: Entry) -> bool:
        """Whether anything that a page reaches to which the browser comes back could hand over what was bought, by a row that says so."""
        near = self.model.handlers.closure(entry).functions
        return any(granted(self.model, fn, i, None) for fn in near for i, op in enumerate(self.model.program.body(fn).op) if op == Op.CALL)

    def may_pay(self, entry: Entry) -> bool:
        """Whether anything that an entry reaches could mark something as paid: a quick look before the walk."""
        words = self.model.vocabulary
        near = self.model.handlers.closure(entry).functions
        functions = dict.fromkeys([*near, *(later for fn in near for later in self.model.handovers.of(fn))])
        said = any(words.paid_value(fn) for fn in functions)
        if any(
            (
                (said and words.status(fn))
                or words.paid_name(fn)
                or words.payment_number(fn)
                or words.purse(fn)
                or words.received(fn)
                or not self._settling.isdisjoint(words.tokens(fn))
            )
            and self._quick.pays_somewhere(fn)
            for fn in functions
        ):
            return True
        return any((words.status(fn) or not _BODIES.isdisjoint(words.tokens(fn))) and self._quick.begins_somewhere(fn) for fn in functions)

    @cached_property
    def _settling(self) -> frozenset[str]:
        """The names of the platforms' own functions that put orders into a state: `validateOrder`, `addInvoicePayment`."""
        known = self.model.knowledge
        kept = (*(f.effects for f in known.frameworks.values()), *(p.effects for p in known.providers.values()))
        effects = (e for each in kept for e in each if e.effect == "order.paid" or (e.effect == "order.write" and e.writes))
        return frozenset(call.rpartition(".")[2] for e in effects for calls in e.calls.values() for call in calls)

    def provider(self, found: Transitions) -> Provider | None:
        """The payment provider that an entry point is about: it returns from it, asks it, stands in the file of what
        does, or it is the only one."""
        handler = next((h for h in self.model.handlers.all if h.entry.target.fn == found.entry.target.fn), None)
        if handler is not None:
            return handler.provider
        closure = self.model.handlers.closure(found.entry)
        asked = {k.provider.id: k.provider for _, _, k in (*closure.operations, *closure.verifiers) if k.provider.kind == "payment"}
        if not asked:  # one of several, each in a file of its own
            own = (s for s in self.model.operations.sites if s.fn.file == found.entry.target.fn.file and s.provider.kind == "payment")
            asked = {s.provider.id: s.provider for s in own}
        if not asked:
            asked = {p.id: p for p in self.model.handlers.paying(self.model.program.unit(found.entry.target.fn.file))}
        return next(iter(asked.values())) if len(asked) == 1 else None if asked else self.model.connected.of(found.entry)
