"""``idempotency/missing-key``: a call that starts, takes or returns a payment carries an idempotency key."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.idempotency.keys import Keyed, kept, key_code, keyed_places, random_source, sends_header
from tillproof.checks.idempotency.own_repeats import AGAIN, repeated_by_us
from tillproof.checks.operation_words import again, done
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.given import values_at
from tillproof.commerce.model import Model
from tillproof.commerce.sdk_defaults import in_force
from tillproof.contract import Severity
from tillproof.flow.shape import find_key
from tillproof.flow.values import constant


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per provider call, or per caller where a wrapper's callers decide."""
    for place in keyed_places(model):
        worst = min(place, key=_rank)
        if not _is_random(model, worst) and not _opens_nothing(model, worst):
            ruling = _rule(model, worst)
            ruling.evidence += _asked_for(model, place) if ruling.outcome == "broken" else ()
            yield ruling


def _opens_nothing(model: Model, keyed: Keyed) -> bool:
    """Whether nothing is ever paid on the page that a call opens, which only keeps a card: its sum is 0, or its mode is ``setup``."""
    site = keyed.site
    if site.operation.op != "checkout.create":
        return False
    sums = [v for path in site.operation.amount for v in values_at(model, site, path, keyed.ctx)]
    modes = values_at(model, site, "mode", keyed.ctx)
    return (bool(sums) and all(constant(v) == "0" for v in sums)) or (bool(modes) and all(constant(v) == "setup" for v in modes))


def _is_random(model: Model, keyed: Keyed) -> bool:
    """Whether the key that some ways send is a new one every time: that is the flaw, and ``unstable-key`` tells it."""
    found = keyed.found
    return found is not None and not found.certain and random_source(model, found.value) is not None and not kept(found.value)


def _rank(keyed: Keyed) -> tuple[bool, bool, bool]:
    """The worst first: no key, then perhaps none; what is paid twice before what the provider's state guards."""
    held = keyed.found is not None and keyed.found.certain
    return held, keyed.found is None and bool(keyed.hidden), keyed.site.operation.repeatable == "state-guarded"


def _rule(model: Model, keyed: Keyed) -> Ruling:
    site, program = keyed.site, model.program
    fn, instr = keyed.place
    body = program.body(fn)
    name = f"{site.provider.name} {site.operation.resource or site.operation.op}"
    what = done(site.operation.op, site.operation.resource)
    call = at(program, site.fn, site.instr, f"{what} ({name})", "sink")
    ruling = Ruling("idempotency/missing-key", "held", "payment-call", fn.file, body.line[instr], [call])
    if keyed.found is not None and keyed.found.certain:
        where = keyed.found.value.at
        ruling.evidence.insert(0, Evidence(where[0], where[1], f"the key is sent as {keyed.found.key}", "guard"))
        return ruling
    if keyed.found is None and site.operation.key_without:
        note = f"{site.provider.name} knows a repeat by {site.operation.key_without}, as no other key is sent"
        ruling.evidence.insert(0, at(program, fn, instr, note, "guard"))
        return ruling
    if keyed.found is None and keyed.hidden:
        ruling.outcome = "unknown"
        hidden = keyed.hidden[0].at
        ruling.question = Evidence(
            hidden[0],
            hidden[1],
            f"Do the options by which {done(site.operation.op, site.operation.resource)} carry an idempotency key for every caller?",
        )
        return ruling
    ruling.outcome = "broken"
    automatic = _automatic(model, keyed)
    ruling.severity = _severity(model, keyed, automatic)
    ruling.confidence = "certain" if site.certain and keyed.found is None else "likely"
    ruling.anchor = extent(program, fn, instr)
    harm = again(site.operation.op, site.operation.resource)
    ruling.title = f"{what[:1].upper()}{what[1:]} without an idempotency key ({name})"
    sometimes = f" on every path (it is set as {keyed.found.key} on some only)" if keyed.found else ""
    repeated = repeated_by_us(model, keyed)
    if repeated is not None:
        ruling.severity = "critical"
        ruling.evidence.append(at(program, repeated.fn, max(repeated.instr, 0), "our own code makes the call again here", "step"))
    own = " The SDK adds a random key to each call, which covers its own retries only." if automatic else ""
    ruling.message = (
        f"The call sends no idempotency key{sometimes}: when the answer is lost and the request is repeated, or the customer submits "
        f"twice, {site.provider.name} cannot tell it from {harm}.{AGAIN if repeated else _so_grave(ruling.severity)}{own}"
    )
    ruling.remediation = _remedy(model, keyed)
    ruling.evidence.append(at(program, fn, instr, "no idempotency key is given here", "missing"))
    return ruling


def _asked_for(model: Model, place: list[Keyed]) -> list[Evidence]:
    """The calls that say what a request is for which they share, and send no key along."""
    calls = dict.fromkeys(k.site.asked for k in place if k.site.asked is not None and k.found is None)
    return [at(model.program, *call, "asked for here, without a key", "missing") for call in calls if call != place[0].place]


def _so_grave(severity: Severity) -> str:
    """Why it weighs more or less than others of its kind."""
    told = {
        "critical": " A saved payment method is charged by the call itself, so two clicks are two charges.",
        "low": " A second call is refused by the state that the first one left, so little more than its answer is lost.",
    }
    return told.get(severity, "")


def _severity(model: Model, keyed: Keyed, automatic: bool) -> Severity:
    if _charges_again(model, keyed):
        return "critical"
    if keyed.site.operation.repeatable == "state-guarded":
        return "low"
    opened = keyed.site.operation.op == "checkout.create"  # nothing is paid until the customer pays there
    return "medium" if automatic or opened else "high"


def _charges_again(model: Model, keyed: Keyed) -> bool:
    """Whether a customer who submits twice is charged twice at once: a saved payment method is charged by the call itself."""
    site = keyed.site
    if not (site.operation.at_once and site.operation.saved) or site.request is not None or keyed.place[0] not in model.customer_functions:
        return False
    arguments = model.program.body(site.fn).call(site.instr)[1]
    return any(
        key in site.operation.saved
        or any(find_key(model.evaluator, model.evaluator.value(site.fn, value, keyed.ctx), {name})[0] for name in site.operation.saved)
        for key, value in arguments
    )


def _automatic(model: Model, keyed: Keyed) -> bool:
    """Whether the SDK in use makes a key of its own for each call, at its declared version; the newest where none is declared."""
    if keyed.site.request is not None:
        return False
    newest = in_force(model, keyed.site.fn.file, keyed.site.provider.defaults)
    return bool(newest) and all(d.automatic_keys for d in newest)


def _remedy(model: Model, keyed: Keyed) -> str:
    how = key_code(model, keyed)
    where = "header" if sends_header(keyed) else "key"
    return (
        f"Send a {where} that is the same whenever this call is repeated for the same order: {how}. `attempt` is kept with the order and "
        "counted up only after a decline."
    )


CHECK = Check(id="idempotency/missing-key", title="Payment calls carry an idempotency key", severity="high", rule=rule)
