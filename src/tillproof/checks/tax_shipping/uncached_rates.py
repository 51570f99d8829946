"""``tax-shipping/uncached-rates``: carriers are asked for rates once per cart, not once per page."""

import re
from collections.abc import Container, Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.entries import Entry
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.operations import OperationSite
from tillproof.flow.facts import Condition, Either
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import names
from tillproof.ir.ops import Op

_MOST = 24
_KEPT = re.compile(r"cache|expir|fresh|stale|fingerprint|ttl|valid_until|quoted|_rates$|^rates$|shipping_?quote|memo", re.IGNORECASE)
_CACHE = re.compile(r"cache|redis", re.IGNORECASE)
_READS = ("get", "fetch", "has", "get_or_set", "remember", "wrap")
_AS_CALLED = re.compile(r"_?create_?(shipments?|orders?)", re.IGNORECASE)
_SENDING = re.compile(r"label|purchase|buy|fulfil|dispatch|ship_?order|create_?shipment|pickup|manifest", re.IGNORECASE)


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per call that asks a carrier for rates and that customers' requests reach."""
    said: set[tuple[Fn, int]] = set()
    for site in model.operations.sites:
        if site.operation.op == "rates.quote" and (site.fn, site.instr) not in said:
            said.add((site.fn, site.instr))
            ruling = _rule(model, site)
            if ruling is not None:
                yield ruling


def _rule(model: Model, site: OperationSite) -> Ruling | None:
    way = _way(model, site)
    sending = {fn for fn in way if _sends(model, fn) and not _named_as_the_call(model, fn, way)}
    if site.fn in sending or any(link.caller in sending for link in (site.ctx.chain() if site.ctx is not None else ())):
        return None  # what is asked for when a parcel goes out is bought with the label
    way = _way(model, site, sending)
    program = model.program
    call = at(program, site.fn, site.instr, f"{site.provider.name} is asked for rates", "sink")
    ruling = Ruling("tax-shipping/uncached-rates", "held", "rate-request", site.fn.file, program.body(site.fn).line[site.instr], [call])
    kept = next((e for fn, i in way.items() if (e := _kept(model, fn, i))), None)
    if kept is not None:
        ruling.evidence.insert(0, kept)
        return ruling
    targets: dict[Fn, Entry] = {}
    for entry in model.entries:
        if entry.role in ("public", "customer", "platform"):
            targets.setdefault(entry.target.fn, entry)
    reached = [targets[fn] for fn in way if fn in targets]
    if not reached:
        return None
    entry = reached[0]
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    above = (one for one in way.items() if one[0] != site.fn and "rates" in model.vocabulary.tokens(one[0]))
    named = _named_as_the_call(model, site.fn, way)
    fn, instr = next(above) if named else _asks(model, site)  # what only names the call has nothing to keep
    ruling.file, ruling.line = fn.file, program.body(fn).line[instr]
    ruling.anchor = (ruling.file, ruling.line, program.body(fn).end_line[instr])
    route = f"`{entry.route}`" if entry.route else f"`{program.qualified(entry.target.fn)}`"
    ruling.title = f"{site.provider.name}: rates are fetched anew on every request"
    ruling.message = (
        f"Each request to {route} asks {site.provider.name} for rates, also when nothing in the cart has changed: checkout waits for the "
        "carrier, stops when it is down, and runs into its limits; and the customer may be charged another rate than was shown."
    )
    ruling.remediation = (
        "Keep the rates with the cart, under a key made of destination, items and weights, for some minutes; ask again only when the key "
        "changes, and charge the kept rate that the customer chose."
    )
    ruling.evidence.insert(0, Evidence(entry.target.fn.file, entry.place[1], f"{route} leads here", "source"))
    ruling.evidence.append(at(program, site.fn, site.instr, "nothing kept is looked for before the call", "missing"))
    return ruling


def _asks(model: Model, site: OperationSite) -> tuple[Fn, int]:
    """The call that asks for rates: not that of a client which is asked for other things as well."""
    shared = any(s.operation.op != site.operation.op for s in model.operations.sites_at(site.fn, site.instr))
    return (site.asked if shared else None) or (site.fn, site.instr)


def _way(model: Model, site: OperationSite, sending: Container[Fn] = ()) -> dict[Fn, int]:
    """The function of the call and those that call it, with the instruction that leads on; not those that send what was asked for."""
    found: dict[Fn, int] = {site.fn: site.instr}
    for link in site.ctx.chain() if site.ctx is not None else ():
        if link.call >= 0:
            found.setdefault(link.caller, link.call)
    for fn in (waiting := list(found)[-1:]):  # a helper that sends any request has other callers too
        for caller, call, _ in model.callers.of(fn):
            if caller not in found and caller not in sending and len(found) < _MOST:
                found[caller] = call
                waiting.append(caller)
    return found


def _named_as_the_call(model: Model, fn: Fn, way: dict[Fn, int]) -> bool:
    """Whether a function is named after the call that it makes, by which some carriers tell their rates (``createShipment``), and who calls
    it reads the rates."""
    if next(iter(way)) != fn or not _AS_CALLED.fullmatch(model.program.name(fn)):
        return False
    return any("rates" in model.vocabulary.tokens(caller) for caller in way if caller != fn)


def _sends(model: Model, fn: Fn) -> bool:
    """Whether a function is about sending a parcel: by its name, or since it buys a label."""
    if fn.number != TOP and _SENDING.search(model.program.name(fn)):
        return True
    return any(s.fn == fn and s.operation.op == "shipment.create" for s in model.operations.sites)


def _kept(model: Model, fn: Fn, i: int) -> Evidence | None:
    """What gives kept rates instead: a cache that is read, a decorator, a stored quote that a branch looks at, the platform."""
    program = model.program
    body = program.body(fn)
    for n, op in enumerate(body.op):
        if op == Op.CALL and n != i and (model.recogniser.is_("caches", fn, n) or _reads_cache(model, fn, n)):
            return at(program, fn, n, "what was kept is looked for first", "guard")
    for fact in model.effects.facts(fn).at(i):
        for condition in fact.conditions if isinstance(fact, Either) else (fact,) if isinstance(fact, Condition) else ():
            if _speaks_of_kept(model, fn, condition.instr):
                return at(program, fn, condition.instr, "only when the kept rates no longer hold", "guard")
    return _by_platform(model, fn) or _decorated(model, fn)


def _reads_cache(model: Model, fn: Fn, n: int) -> bool:
    """Whether a call reads from something that is called a cache: ``self._cache.get(key)``."""
    receiver, _, name = written(model.program, fn, model.program.body(fn).args(n)[0]).rpartition(".")
    return name in _READS and _CACHE.search(receiver) is not None


def _speaks_of_kept(model: Model, fn: Fn, i: int) -> bool:
    """Whether a condition reads something that is called a cache, or asks how old it is."""
    body = model.program.body(fn)
    stack, seen = [i], set[int]()
    while stack:
        here = stack.pop()
        if here < 0 or here in seen or len(seen) > _MOST:
            continue
        seen.add(here)
        if body.op[here] in (Op.NAME, Op.FIELD, Op.CALL) and any(_KEPT.search(p) for p in written(model.program, fn, here).split(".")):
            return True
        if body.op[here] in (Op.BINARY, Op.UNARY, Op.CHOICE):
            stack += body.args(here)[1:]
        elif body.op[here] == Op.CALL:
            stack += [v for _, v in body.call(here)[1]]
    return False


def _by_platform(model: Model, fn: Fn) -> Evidence | None:
    owner = model.program.owner(fn)
    bases = model.evaluator.scope.foreign_bases(owner) if owner is not None else []
    name = model.program.name(fn)
    language = model.program.language(fn.file)
    if any(model.recogniser.shared[language, "caches"].find((f"{base}.{name}",)) for base in bases):
        function = model.program.function(fn)
        return Evidence(fn.file, function.line if function else 1, "the platform asks only when it has kept nothing for this cart", "guard")
    return None


def _decorated(model: Model, fn: Fn) -> Evidence | None:
    around = model.program.parent(fn)
    if around is None:
        return None
    body = model.program.body(around)
    table = model.recogniser.shared[model.program.language(fn.file), "caches"]
    for i, op in enumerate(body.op):
        mine = op == Op.DECORATE and body.args(i)[:2] == [0, fn.number]
        if mine and table.find(names(model.evaluator.value(around, body.args(i)[2]))):
            return at(model.program, around, i, "what it gave before is kept", "guard")
    return None


CHECK = Check(id="tax-shipping/uncached-rates", title="Carriers are asked for rates once per cart", severity="medium", rule=rule)
