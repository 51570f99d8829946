"""The resilience assessment: idempotency, retries, deduplication and dead letters, each with what it rests on."""

from collections import Counter
from collections.abc import Collection, Sequence

from tillproof.contract import Assessment, Boundary, Handler, Obligation, Resilience, Step
from tillproof.report.checklist import status_of, telling_step
from tillproof.report.wording import count

_IDEMPOTENCY = ("idempotency/missing-key", "idempotency/unstable-key")
_RETRY = ("resilience/no-timeout", "resilience/no-retry", "resilience/retry-without-backoff", "resilience/retry-on-client-error")
_DEDUPLICATION = ("idempotency/handler-not-idempotent", "idempotency/dedup-race")
_DEAD_LETTER = ("resilience/no-dead-letter", "resilience/swallowed-failure")
_MOST_EVIDENCE = 8

_DEDUP_WORDS = {
    "no": "does nothing against a repeated event",
    "racy": "is guarded by a check that two deliveries at once both pass",
    "unknown": "is left undecided",
    "state-guard": "is guarded by the order's state",
    "yes": "remembers the events it has handled",
}


def resilience(
    obligations: Sequence[Obligation], handlers: Sequence[Handler], boundaries: Sequence[Boundary], ran: Collection[str]
) -> Resilience:
    """All four assessments. ``ran``: ids of the checks that ruled in this review."""
    calls = any(b.direction == "outbound" for b in boundaries)
    return Resilience(
        idempotency=_idempotency(obligations, ran),
        retry=_by_checks(
            obligations, ran, _RETRY, calls, "whether calls to external systems time out, retry with back-off and leave client errors alone"
        ),
        deduplication=_deduplication(obligations, handlers),
        dead_letter=_by_checks(
            obligations,
            ran,
            _DEAD_LETTER,
            bool(_deliveries(handlers)),
            "whether a webhook that keeps failing comes to rest where somebody sees it",
        ),
    )


def _idempotency(obligations: Sequence[Obligation], ran: Collection[str]) -> Assessment:
    owed = [o for o in obligations if o.check in _IDEMPOTENCY]
    if not owed:
        return _by_checks(owed, ran, _IDEMPOTENCY, False, "whether payment calls carry an idempotency key")
    sent = Counter(o.ruling for o in owed if o.check == _IDEMPOTENCY[0])
    stable = Counter(o.ruling for o in owed if o.check == _IDEMPOTENCY[1])
    parts = []
    if sent:
        parts.append(f"Payment calls that carry an idempotency key: {sent['held']} of {sent.total()}.")
    if stable:
        parts.append(f"Keys that are the same on a retry: {stable['held']} of {stable.total()}.")
    unknown = sent["unknown"] + stable["unknown"]
    if unknown:
        parts.append(f"Undecided: {count(unknown, 'case')}.")
    status = status_of(owed, all(check in ran for check in _IDEMPOTENCY))
    return Assessment(status=status, statement=" ".join(parts), evidence=_evidence(owed, status))


def _deliveries(handlers: Sequence[Handler]) -> list[Handler]:
    """What a provider delivers again when it is not answered; a browser's return is no delivery."""
    return [h for h in handlers if h.kind != "redirect-return"]


def _deduplication(obligations: Sequence[Obligation], handlers: Sequence[Handler]) -> Assessment:
    owed = [o for o in obligations if o.check in _DEDUPLICATION]
    deliveries = _deliveries(handlers)
    if owed:
        status = status_of(owed, complete=True)
        held = sum(o.ruling == "held" for o in owed)
        return Assessment(status=status, statement=f"{held} of {count(len(owed), 'obligation')} held.", evidence=_evidence(owed, status))
    if not deliveries:
        return Assessment(status="not-applicable", statement="No webhook or IPN was found that could be delivered twice.", evidence=[])
    kinds = Counter(h.dedup for h in deliveries)
    told = "; ".join(f"{sum(h.dedup == kind for h in deliveries)} {words}" for kind, words in _DEDUP_WORDS.items() if kind in kinds)
    evidence = [Step(file=h.file, line=h.line, note=f"the {h.provider} {h.kind} {_DEDUP_WORDS[h.dedup]}", kind="step") for h in deliveries]
    statement = f"Of {count(len(deliveries), 'webhook')}, {told}."
    if kinds["no"] or kinds["racy"]:
        return Assessment(status="broken", statement=statement, evidence=evidence[:_MOST_EVIDENCE])
    if kinds["unknown"]:
        hint = " Deduplication is not yet examined by this version as an obligation of its own: replay an event in staging."
        return Assessment(status="unknown", statement=statement + hint, evidence=evidence[:_MOST_EVIDENCE])
    return Assessment(status="held", statement=statement, evidence=evidence[:_MOST_EVIDENCE])


def _by_checks(
    obligations: Sequence[Obligation], ran: Collection[str], checks: tuple[str, ...], concerned: bool, question: str
) -> Assessment:
    """From rulings alone; honest where no check of this version has ruled. ``concerned``: there is something that owes it."""
    owed = [o for o in obligations if o.check in checks]
    complete = all(check in ran for check in checks)
    if owed:
        status = status_of(owed, complete)
        held = sum(o.ruling == "held" for o in owed)
        rest = "" if complete else " Not all of it is examined by this version."
        return Assessment(
            status=status, statement=f"{held} of {count(len(owed), 'obligation')} held.{rest}", evidence=_evidence(owed, status)
        )
    if complete or not concerned:
        return Assessment(status="not-applicable", statement="Nothing was found that owes it.", evidence=[])
    return Assessment(status="unknown", statement=f"Not yet examined by this version: {question}.", evidence=[])


def _evidence(owed: Sequence[Obligation], status: str) -> list[Step]:
    telling = [o for o in owed if o.ruling == status] or list(owed)
    places = {(step.file, step.line): step for step in reversed([telling_step(o) for o in telling])}
    return [places[key] for key in sorted(places)][:_MOST_EVIDENCE]
