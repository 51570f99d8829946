"""``resilience/no-retry``: a call that fails for a moment is made again, or something else makes up for it."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.operation_words import done
from tillproof.checks.resilience.systems import SALE, system
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.dropped import Dropped, find
from tillproof.commerce.model import Model
from tillproof.commerce.recoveries import Recovery
from tillproof.commerce.sendings import Sending
from tillproof.contract import Severity

# What is lost when the call is: from money that moved or has to move back, to what the customer simply tries again.
_HEAVY = (
    *("refund.create", "payout.create", "transfer.create", "payment.capture", "payment.confirm", "payment.create", "invoice.pay"),
    *("subscription.create", "payment.cancel", "shipment.create", "order.write", "catalog.write"),
)
_LIGHT = ("checkout.create", "tax.calculate", "rates.quote")
_ASKED = "payment.retrieve"
_MOST = 10


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per unit, provider and library; and one per call whose failure nobody would notice."""
    groups: dict[tuple[str, str, str], list[Sending]] = {}
    for one in model.sendings.all:
        if one.provider is not None and one.provider.kind in SALE and _ops(model, one) and _known(model, one):
            library = one.sdk.package if one.sdk is not None else one.client.id if one.client is not None else ""
            groups.setdefault((model.program.unit(one.fn.file), one.provider.id, library), []).append(one)
    dropped = list(find(model))
    queued = {lost.sending.fn.file for lost in dropped}  # work is kept until it is done there, and told where it is not
    for group in groups.values():
        ruling = _rule(model, group) if any(one.fn.file not in queued for one in group) else None
        if ruling is not None:
            yield ruling
    for lost in dropped:
        yield _dropped(model, lost)


def _known(model: Model, one: Sending) -> bool:
    """Whether it is known what the library does by itself."""
    default = model.timeouts.default(one)
    return default is not None and default.retries is not None


def _ops(model: Model, one: Sending) -> list[str]:
    """The operations of a request that owe a second try: those that may be made again without paying twice; to ask how a payment stands
    owes one where an order is settled by the answer."""
    keyed = one.provider is not None and one.provider.idempotency is not None and one.provider.idempotency.supported
    found = [
        o.op
        for o in one.operations
        if o.op in (*_HEAVY, *_LIGHT) and not (o.moves_money and o.repeatable == "needs-key" and not (keyed and o.supports_key))
    ]
    asks = any(o.op == _ASKED and o.confirms for o in one.operations) and _settles(model, one)
    return [*found, _ASKED] if asks else found


def _settles(model: Model, one: Sending) -> bool:
    """Whether a handler of the provider's messages or of the customer's return gets its word by this request, and nothing else does."""
    for handler in model.handlers.all:
        mine = one.provider is not None and handler.provider.id == one.provider.id
        if mine and handler.walked.acts and one.fn in handler.closure.functions and all(p.refetch for p in handler.walked.proofs):
            return True
    return False


def _rule(model: Model, group: list[Sending]) -> Ruling | None:
    program = model.program
    found = [(one, model.recoveries.of(one)) for one in group]
    open_ = [one for one, recovery in found if recovery is None and not _by_staff(model, one)]
    first = group[0]
    ruling = Ruling("resilience/no-retry", "held", "outbound-call", first.fn.file, program.body(first.fn).line[first.instr])
    made_up = next((r for _, r in found if r is not None), None)
    if not open_ and made_up is None:
        return None
    if made_up is not None and (not open_ or _of_ours(model, found)):
        ruling.evidence.append(Evidence(made_up.at[0], made_up.at[1], made_up.what, "guard"))
        return ruling
    _break(model, ruling, open_)
    return ruling


def _by_staff(model: Model, one: Sending) -> bool:
    """Whether a person sees the failure and tries again."""
    return model.staff_only(one.fn)


def _of_ours(model: Model, found: list[tuple[Sending, Recovery | None]]) -> bool:
    """Whether the heaviest of the calls are made again: then somebody has thought about which to repeat."""
    heavy = [r for one, r in found if any(o in _HEAVY for o in _ops(model, one))]
    return bool(heavy) and any(r is not None and r.thought_of for r in heavy)


def _told_besides(model: Model, one: Sending) -> bool:
    """Whether the provider's message settles an order without this request."""
    mine = (h for h in model.handlers.all if one.provider is not None and h.provider.id == one.provider.id)
    return any(h.kind != "redirect-return" and one.fn not in h.closure.functions for h in mine)


def _weight(model: Model, one: Sending) -> int:
    return min(((*_HEAVY, _ASKED, *_LIGHT).index(o) for o in _ops(model, one)), default=99)


def _break(model: Model, ruling: Ruling, group: list[Sending]) -> None:
    program = model.program
    ranked = sorted(group, key=lambda s: (_weight(model, s), s.fn.file, program.body(s.fn).line[s.instr]))
    worst = ranked[0]
    fn, instr = worst.made if worst.made is not None and _makes_client(worst) else (worst.fn, worst.instr)
    body = program.body(fn)
    whom = system(worst)
    what = _ops(model, worst)[0]
    later = model.recoveries.settles_later(worst) and (what != _ASKED or _told_besides(model, worst))
    ruling.outcome = "broken"
    ruling.severity = _severity(model, worst, later)
    ruling.confidence = "likely"
    ruling.file, ruling.line = fn.file, body.line[instr]
    ruling.anchor = extent(program, fn, instr)
    ruling.title = f"{whom}: calls are made once, and nothing makes up for one that fails"
    ruling.message = (
        f"A lost connection or a 503 of {whom} ends the call by which {done(what)}: its SDK or client repeats nothing unless it is told "
        f"to, and no retry, job or poll of ours was found around it. {_harm(what)}"
    )
    if later:
        ruling.message += " A webhook tells of the payments that went through all the same."
    ruling.remediation = _remedy(model, worst)
    for one in ranked[:_MOST]:
        ruling.evidence.append(
            at(program, one.fn, one.instr, f"{', '.join(dict.fromkeys(map(done, _ops(model, one))))}: tried once", "missing")
        )


def _makes_client(one: Sending) -> bool:
    return (one.sdk is not None and not one.carried) or (one.client is not None and bool(one.client.makes) and one.client.keeps_timeout)


def _harm(op: str) -> str:
    if op in _LIGHT:
        return "The customer gets an error in the middle of the checkout and may not try again."
    if op == "refund.create":
        return "The customer's refund is not made, and nobody comes back to it."
    if op == _ASKED:
        return "The shop never learns that the customer has paid, and the order stays open."
    if op.startswith(("payment", "subscription")):
        return "The payment fails, or went through without the shop's knowing, and the customer pays again."
    return "The other system does not hear of it, and the two no longer agree."


def _severity(model: Model, worst: Sending, told_later: bool) -> Severity:
    return "low" if told_later or all(o in _LIGHT for o in _ops(model, worst)) else "medium"


def _remedy(model: Model, one: Sending) -> str:
    key = (
        " Send an idempotency key with it, the same for each attempt."
        if one.provider and one.provider.idempotency and one.provider.idempotency.supported
        else ""
    )
    by_sdk = {
        ("stripe", "python"): "Set `stripe.max_network_retries = 2`.",
        ("stripe", "php"): r"Call `\Stripe\Stripe::setMaxNetworkRetries(2)`.",
        ("stripe", "javascript"): "Make the client with `{ maxNetworkRetries: 2 }`.",
        ("paypal", "php"): "Add `->enableRetries(true)->numberOfRetries(3)` to the client's builder.",
        ("razorpay", "python"): "Call `client.enable_retry(True)`.",
    }
    language = model.program.language(one.fn.file)
    if one.sdk is not None and one.provider is not None and one.sdk.retry_names and (one.provider.id, language) in by_sdk:
        return by_sdk[one.provider.id, language] + key
    by_client = {
        "axios": "Add `axiosRetry(client, { retries: 3, retryDelay: axiosRetry.exponentialDelay })`, and let its "
        "`retryCondition` take POSTs that carry a key.",
        "requests": "Mount an `HTTPAdapter(max_retries=Retry(total=3, backoff_factor=1, status_forcelist=[502, 503, 504]))` on a session.",
        "Guzzle": "Push `Middleware::retry()` with a growing delay onto the client's handler stack.",
        "Laravel's HTTP client": "Add `->retry(3, fn ($n) => 200 * 2 ** $n, fn ($e) => $e instanceof ConnectionException)`.",
    }
    told = by_client.get(one.client.id if one.client is not None else "")
    return (
        told or "Try again two or three times, with a wait that doubles and is spread at random, after no answer, 429 and 5xx only."
    ) + key


def _dropped(model: Model, found: Dropped) -> Ruling:
    program = model.program
    body = program.body(found.fn)
    line = body.line[found.call]
    whom = system(found.sending)
    ruling = Ruling("resilience/no-retry", "broken", "outbound-call", found.fn.file, line)
    ruling.severity, ruling.confidence = "medium", "certain"
    ruling.anchor = (found.fn.file, line, body.end_line[found.forgets] if body.line[found.forgets] - line < 4 else line)  # fmt: skip
    ruling.title = f"{whom}: the answer is thrown away, and the work counts as done"
    ruling.message = (
        f"The client tells of a failure by its return value, which nobody looks at here; the next step removes what would have led to "
        f"another attempt. When {whom} cannot be reached, or answers 429 or 5xx, it never hears of this, and the two systems "
        "disagree for good."
    )
    ruling.remediation = (
        "Look at the answer first: remove the record only after a 2xx (or a 404 of a deletion), else leave it in the queue for the "
        "next run."
    )
    ruling.evidence = [
        at(program, found.fn, found.call, "the answer, an error among them, is thrown away", "missing"),
        at(program, found.fn, found.forgets, "the work counts as done", "sink"),
        at(program, found.sending.fn, found.sending.instr, f"the request to {whom}", "step"),
    ]
    return ruling


CHECK = Check(id="resilience/no-retry", title="Transient failures are recovered", severity="medium", rule=rule)
