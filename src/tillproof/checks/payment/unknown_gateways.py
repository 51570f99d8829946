"""Payment systems that no pack knows, by library or over HTTP: what they answer may be the provider's word, and nobody here can tell."""

import re
from collections.abc import Iterator
from functools import lru_cache

from tillproof.checks.payment.amounts import AmountSite, chosen_by_client
from tillproof.commerce.entries import Entry
from tillproof.commerce.given import given_at
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.strange_calls import ASKS, asked_over_http, payment_call
from tillproof.commerce.strange_sums import strange_sites
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx
from tillproof.ir.ops import Op
from tillproof.knowledge.loader import Knowledge

_CHARGES = re.compile(
    r"(charge|pay|purchase|confirm|capture|authori[sz]e|execute|complete|create|init|initiate|initialize|request|send|make|process)(_|$)"
)
_MOST_CALLERS = 20


def asked_outside(model: Model, entry: Entry) -> tuple[Fn, int, str] | None:
    """The call behind an entry point by which a payment system that no pack knows is asked, and whose answer somebody looks at."""
    for fn in model.handlers.closure(entry).functions:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            name = (payment_call(model, fn, i, ASKS) or asked_over_http(model, fn, i)) if op == Op.CALL else ""
            if name and model.evaluator.defuse(fn).uses(i) and not _is_known_client(model, name):
                return fn, i, name
    return None


def _is_known_client(model: Model, name: str) -> bool:
    """Whether a call is one of a client that a pack names, which sends what it is handed: what it is handed says what is asked."""
    return name.startswith(_clients(model.knowledge))


@lru_cache(maxsize=2)
def _clients(knowledge: Knowledge) -> tuple[str, ...]:
    """How the calls of all clients that packs name begin."""
    return tuple({f"{c}." for p in knowledge.providers.values() for each in p.clients.values() for c in each})


def outside_charges(model: Model) -> Iterator[AmountSite]:
    """The sums that a customer chose and that are handed to such a library, for each caller by itself."""
    for fn in model.customer_functions:
        if not model.vocabulary.money(fn):
            continue
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.CALL and (name := payment_call(model, fn, i, _CHARGES)):
                for _, argument in body.call(i)[1]:
                    if model.words.money(written(model.program, fn, argument).rpartition(".")[2].lstrip("$")):
                        yield from _chosen(model, fn, i, argument, name)


def _chosen(model: Model, fn: Fn, i: int, argument: int, name: str) -> Iterator[AmountSite]:
    for ctx in (None, *model.callers.above(fn, None)[:_MOST_CALLERS]):
        value = model.evaluator.value(fn, argument, ctx)
        if chosen_by_client(model, value):
            yield AmountSite("charge", name, fn, i, value, True)
            return


def sent_sums(model: Model) -> Iterator[AmountSite]:
    """The sums that a customer chose and that go to such a system by a request."""
    for site in strange_sites(model):
        given = ((path, ctx, value) for path in site.operation.amount for ctx, value in given_at(model, site, path))
        found = ((p, v) for p, ctx, v in given if chosen_by_client(model, v) and not model.staff_only(_outermost(site.fn, ctx)))
        for path, value in found:
            host = site.provider.name
            yield AmountSite("charge", f"a payment at {host}", site.fn, site.instr, value, True, path.rpartition(".")[2])
            break


def _outermost(fn: Fn, ctx: Ctx | None) -> Fn:
    """The first function on the way to a call."""
    callers = [c.caller for c in (ctx.chain() if ctx else ()) if c.call >= 0]
    return callers[-1] if callers else fn
