"""Which calls owe an idempotency key, and whether they carry one: shared by missing-key and unstable-key."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.checks.payment.amounts import depends_on_caller
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.flow.program import Fn
from tillproof.flow.shape import Found, find_key
from tillproof.flow.values import Ctx, Param, Value, names

_PAYING = ("payment.create", "checkout.create", "refund.create", "payout.create", "transfer.create", "subscription.create", "invoice.pay",
           "payment.capture", "payment.confirm", "payment.cancel")  # fmt: skip
_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Keyed:
    """A call that owes a key, in one calling context. ``hidden``: values that could hold a key that was not seen."""

    site: OperationSite
    ctx: Ctx | None
    found: Found | None
    hidden: tuple[Value, ...]

    @property
    def place(self) -> tuple[Fn, int]:
        """The call that has to change: the outermost one that decides what is sent."""
        if self.ctx is None:
            return self.site.fn, self.site.instr
        top = list(self.ctx.chain())[-1]
        return top.caller, top.call


def keyed_sites(model: Model) -> Iterator[Keyed]:
    """Every provider call that owes a key, once per context that matters."""
    seen: set[tuple[Fn, int, Fn, int]] = set()
    for site in model.operations.sites:
        op = site.operation
        key_support = site.provider.idempotency is not None and site.provider.idempotency.supported and op.supports_key
        if op.op not in _PAYING or op.repeatable == "natural" or not key_support or in_browser(model, site):
            continue
        for keyed in _in_contexts(model, site):
            place = (site.fn, site.instr, *keyed.place)
            if place not in seen:
                seen.add(place)
                yield keyed


def in_browser(model: Model, site: OperationSite) -> bool:
    """Calls of a provider's browser SDK offer the page no key."""
    imports = {i.module for i in model.program.indices[site.fn.file].imports}
    return model.program.language(site.fn.file) == "javascript" and bool(imports & {"react", "@stripe/react-stripe-js", "@stripe/stripe-js", "vue"}) and (
        site.request is None and not any(i.startswith("next/server") for i in imports) and "stripe" not in imports
    )


def _in_contexts(model: Model, site: OperationSite) -> Iterator[Keyed]:
    own = look(model, site, site.ctx)
    if own.found is None and own.hidden and site.ctx is None:
        contexts = model.callers.contexts(site.fn)
        if contexts:
            yield from (_deepest(model, site, ctx) for ctx in contexts)
            return
    if own.found is not None and site.ctx is None and depends_on_caller(own.found.value):
        contexts = model.callers.contexts(site.fn)
        if contexts:
            yield from (_deepest(model, site, ctx) for ctx in contexts)
            return
    yield own


def _deepest(model: Model, site: OperationSite, ctx: Ctx) -> Keyed:
    """Go further up while what is sent still depends on a parameter."""
    got = look(model, site, ctx)
    if ctx.depth < _LEVELS and ((got.found is None and got.hidden) or (got.found and depends_on_caller(got.found.value))):
        deeper = [c for c in model.callers.contexts(site.fn, ctx.depth + 1) if c.caller == ctx.caller and c.call == ctx.call and c.depth > ctx.depth]
        results = [_deepest(model, site, c) for c in deeper[:8]]
        worst = next((r for r in results if r.found is None and not r.hidden), None) or next((r for r in results if r.found is None), None)
        return worst or (results[0] if results else got)
    return got


def look(model: Model, site: OperationSite, ctx: Ctx | None) -> Keyed:
    """Look for the key in all that a call is given."""
    evaluator = model.evaluator
    idempotency = site.provider.idempotency
    wanted = {n.lower() for n in (*(idempotency.names if idempotency else ()), *site.operation.key_names)}
    body = model.program.body(site.fn)
    if site.request is not None:
        request = model.http.request(site.fn, site.instr, ctx) or site.request
        arguments = [("", v) for v in request.arguments]
    else:
        arguments = [(k, evaluator.value(site.fn, v, ctx)) for k, v in body.call(site.instr)[1]]
    hidden: list[Value] = []
    maybe: Found | None = None
    for position, (key, value) in enumerate(arguments):
        if key.lower() in wanted:
            return Keyed(site, ctx, Found(value, True, key), ())
        found, more = find_key(evaluator, value, wanted)
        if found is not None and found.certain:
            return Keyed(site, ctx, found, ())
        maybe = maybe or found
        if key and key not in ("*", "**") and not any(w in key.lower() for w in ("option", "header", "config")):
            continue  # a named argument of its own meaning hides no key
        if position > 0 or key in ("*", "**") or site.request is not None:
            hidden += [h for h in more if may_carry_options(model, h, position, site)]
    return Keyed(site, ctx, maybe, tuple(hidden))


def may_carry_options(model: Model, value: Value, position: int, site: OperationSite) -> bool:
    """Whether an unknown value stands where options go; the address and the body of a request do not."""
    if site.request is not None:
        text = " ".join(names(value)).lower()
        return isinstance(value, Param) and ("option" in text or "config" in text or "header" in text or "args" in text)
    return isinstance(value, Param) or position > 0
