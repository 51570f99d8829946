"""``resilience/retry-on-client-error``: what the provider refuses is not sent again."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.idempotency.keys import look
from tillproof.checks.resilience.repairs import CHARGES, put_right
from tillproof.checks.resilience.systems import matters, named
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.charged_at_once import may_charge_at_once
from tillproof.commerce.model import Model
from tillproof.commerce.refusals import Judgement
from tillproof.commerce.requeues import Requeue, find
from tillproof.commerce.retries import Retry
from tillproof.contract import Severity
from tillproof.flow.program import Fn

_MOST = 6


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per retry; per condition where several retries ask the same one, and per request of a function whose loops ask nothing."""
    shared: dict[tuple[object, ...], Ruling] = {}
    for retry in model.retries.all:
        judgement = model.refusals.judge(retry)
        if judgement is None or _mends(model, retry, judgement) or _only_tells(retry):
            continue
        ruling = _rule(model, retry, judgement)
        sent = frozenset((s.fn, s.instr) for s in retry.sendings)
        blind = (retry.fn, sent) if retry.how == "loop" else None  # a loop's function, where nothing is asked
        place: tuple[object, ...] | None = judgement.place or blind if ruling.outcome == "broken" else None
        if place is None:
            yield ruling
        elif place in shared:
            shared[place].evidence.append(
                at(model.program, retry.fn, retry.instr, "the same question, or none, before the next attempt", "step")
            )
        else:
            shared[place] = ruling
    yield from shared.values()
    yield from _requeued(model)


def _only_tells(retry: Retry) -> bool:
    """Whether all that is tried again is to tell somebody: no card is declined by a mail that could not be sent."""
    return bool(retry.sendings) and all(s.provider is not None and s.provider.kind == "notification" for s in retry.sendings)


def _mends(model: Model, retry: Retry, judgement: Judgement) -> bool:
    """Whether one certain refusal is answered by one other request: a repair, not a retry. Either the request is made again in another
    way, or what it was refused for is put right in between."""
    repeat = retry.repeat
    if repeat is None or repeat.how != "recursion" or repeat.wait is not None or judgement.kind == "left":
        return False
    body = model.program.body(retry.fn)
    if put_right(model, retry, repeat):
        return True
    return judgement.place is not None and any(
        (c := body.const(a)) is not None and c[1].lower() in ("false", "true", "0", "1") for _, a in body.call(repeat.again)[1]
    )


def _rule(model: Model, retry: Retry, judgement: Judgement) -> Ruling:
    program = model.program
    body = program.body(retry.fn)
    line = body.line[retry.instr] if retry.instr >= 0 else 1
    ruling = Ruling("resilience/retry-on-client-error", "held", "retry", retry.fn.file, line)
    if judgement.kind == "left":
        where = judgement.place or (retry.fn, retry.instr)
        ruling.evidence.append(at(program, where[0], where[1], judgement.what, "guard"))
        return ruling
    if judgement.kind == "unknown":
        ruling.outcome = "unknown"
        where = judgement.place or (retry.fn, retry.instr)
        place = at(program, where[0], where[1], "")
        ruling.question = Evidence(place.file, place.line, "Is a declined card or another 4xx answer kept from being tried again here?")
        return ruling
    _break(model, ruling, retry, judgement)
    return ruling


def _break(model: Model, ruling: Ruling, retry: Retry, judgement: Judgement) -> None:
    program = model.program
    fn, instr = judgement.place or _line(retry)
    body = program.body(fn)
    whom = named(model, retry.sendings, retry.fn.file)
    charging = _recharges(model, retry)
    ruling.outcome = "broken"
    ruling.severity = _severity(model, retry, charging)
    ruling.confidence = "certain" if judgement.place is not None or (retry.repeat is not None and retry.sendings) else "likely"
    line = body.line[instr] if instr < len(body.line) else 1
    ruling.anchor = (fn.file, line, line)
    ruling.title = f"{whom[:1].upper()}{whom[1:]}: a refused request is sent again"
    ruling.message = (
        f"Bad requests and declined cards are tried again here like a lost connection ({judgement.what}). The answer will not change: the "
        f"customer waits for attempts that cannot work and is not told, the card issuer counts each as a new attempt, and {whom} "
        "may limit the shop."
    )
    if charging:
        ruling.message += (
            " The same handler repeats a request whose answer was lost, and no idempotency key is sent: a payment that did go through is "
            "made a second time."
        )
    ruling.remediation = _remedy(model, retry, charging)
    ruling.evidence.append(at(program, fn, instr, "refusals lead to another attempt", "missing"))
    if judgement.place is not None:
        ruling.evidence.append(at(program, retry.fn, retry.instr, "the next attempt", "step"))
    for one in retry.sendings[:_MOST]:
        ruling.evidence.append(at(program, one.fn, one.instr, "the request that is sent again", "sink"))


def _line(retry: Retry) -> tuple[Fn, int]:
    """The handler that catches too much, else the next attempt."""
    if retry.repeat is not None and retry.repeat.caught:
        return retry.fn, retry.repeat.caught[0]
    return retry.fn, max(retry.instr, 0)


def _recharges(model: Model, retry: Retry) -> bool:
    """Whether a request that charges is repeated after any failure, lost answers among them, without a key."""
    if retry.repeat is not None and not retry.repeat.caught:
        return False
    for sending in retry.sendings:
        sites = [s for s in model.operations.sites_at(sending.fn, sending.instr) if s.operation.op in CHARGES]
        for site in sites:
            op = site.operation
            moves = op.moves_money and op.repeatable == "needs-key" and op.supports_key
            if (
                moves
                and (op.confirms or op.op != "payment.create" or may_charge_at_once(model, site.fn, site.instr, site.ctx))
                and look(model, site, site.ctx).state == "none"
            ):
                return True
    return False


def _severity(model: Model, retry: Retry, charging: bool) -> Severity:
    if charging:
        return "high" if retry.told is not None and retry.told.policy.repeats == "job" else "critical"
    if retry.sendings and not any(matters(model, s) for s in retry.sendings):
        return "low"
    kinds = {s.provider.kind for s in retry.sendings if s.provider is not None}
    return "medium" if not retry.sendings or kinds & {"payment", "platform", "marketplace"} else "low"


def _remedy(model: Model, retry: Retry, charging: bool) -> str:
    language = model.program.language(retry.fn.file)
    providers = {s.provider.id for s in retry.sendings if s.provider is not None}
    if retry.told is not None and language == "php" and retry.told.policy.repeats == "client":
        asked = "$e instanceof ConnectionException || $e->response->serverError() || $e->response->status() === 429"
        return f"Give `retry` a condition: `fn ($e) => {asked}`."
    told = {
        "python": "Catch what may pass only: `except (stripe.APIConnectionError, stripe.RateLimitError)`" if "stripe" in providers
        else "Catch timeouts and connection errors only, and look at the status of the rest: 429 and 5xx",
        "javascript": "Throw at once unless there was no answer, or its status is 409, 429 or 5xx: "
        "`if (err.statusCode && err.statusCode < 500 && ![409, 429].includes(err.statusCode)) throw err`",
        "php": "Try again after `ApiConnectionException` and `RateLimitException` only" if "stripe" in providers
        else "Try again only after no answer, 409, 429 or 5xx",
    }[language]  # fmt: skip
    rest = " and tell the customer what was refused."
    key = " Send an idempotency key that is derived from the order, the same for every attempt." if charging else ""
    return f"{told}{rest}{key}"


# --- queues of our own


def _requeued(model: Model) -> Iterator[Ruling]:
    """One ruling per function that puts work back after an answer."""
    first: dict[Fn, tuple[Requeue, Judgement]] = {}
    for requeue in find(model):
        judgement = model.refusals.leads_to(requeue.fn, requeue.call)
        if judgement.kind != "repeated" or judgement.place is None:
            continue
        first.setdefault(requeue.fn, (requeue, judgement))
    for fn, (requeue, judgement) in first.items():
        yield _put_back(model, fn, requeue, judgement)


def _put_back(model: Model, fn: Fn, requeue: Requeue, judgement: Judgement) -> Ruling:
    program = model.program
    where, instr = judgement.place or (fn, requeue.call)
    body = program.body(where)
    ruling = Ruling("resilience/retry-on-client-error", "broken", "retry", fn.file, body.line[instr])
    ruling.severity, ruling.confidence = "low", "likely"
    ruling.anchor = (where.file, body.line[instr], body.line[instr])
    ruling.title = "A refused request is put back into the queue"
    ruling.message = (
        "Answers that say that the request itself is wrong take the same way as those of an overloaded provider: the record stays in the "
        "queue and the same request is refused again by each of the next runs, while nobody is told what is wrong with it."
    )
    ruling.remediation = (
        "Mark the record as failed at once on 400, 401, 403, 404 and 422, with the provider's reason; put it back on no answer, 429 and "
        "5xx only."
    )
    ruling.evidence = [
        at(program, where, instr, "refusals and overload are asked for together", "missing"),
        at(program, fn, requeue.call, "the record is put back", "step"),
        at(program, requeue.counts[0], requeue.counts[1], "one more failed attempt is counted", "step"),
    ]
    return ruling


CHECK = Check(id="resilience/retry-on-client-error", title="Refusals are not retried", severity="medium", rule=rule)
