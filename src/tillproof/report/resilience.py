"""The resilience assessment: idempotency, retries, deduplication and dead letters, over all and by integration."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tillproof.contract import Assessment, Boundary, Handler, Obligation, Resilience, Status, Step, SystemAssessment
from tillproof.report.checklist import status_of, telling_step
from tillproof.report.wording import count

_MOST_EVIDENCE = 8


class _Topic(NamedTuple):
    """What is assessed: the checks that have a say, each with what their held rulings count, the question if none of them ruled, and what
    was looked for where nothing of it was found."""

    checks: dict[str, str]
    question: str
    absent: str


_IDEMPOTENCY = _Topic(
    {
        "idempotency/missing-key": "Payment calls that carry an idempotency key",
        "idempotency/unstable-key": "Keys that are the same on a retry",
    },
    "whether payment calls carry an idempotency key",
    "No call was found that moves money.",
)
_RETRY = _Topic(
    {
        "resilience/no-timeout": "Calls with a bounded timeout",
        "resilience/no-retry": "Calls whose transient failure is retried or recovered",
        "resilience/retry-without-backoff": "Retries that back off, with jitter and an end",
        "resilience/retry-on-client-error": "Retries that leave client errors and declines alone",
    },
    "whether calls to external systems time out, retry with back-off and leave client errors alone",
    "No call of an external system was found.",
)
_DEDUPLICATION = _Topic(
    {
        "idempotency/handler-not-idempotent": "Handlers for which the same event twice has one effect",
        "idempotency/dedup-race": "Guards that two deliveries at once cannot both pass",
        "idempotency/dedup-ttl-short": "Records of events that are kept for at least a day",
    },
    "what a repeated event does",
    "No webhook or IPN was found that could be delivered twice.",
)
_DEAD_LETTER = _Topic(
    {
        "resilience/swallowed-failure": "Handlers and payment steps that answer a failure as one",
        "resilience/no-dead-letter": "Handlers whose failing events come to rest where somebody sees them",
    },
    "whether a webhook that keeps failing comes to rest where somebody sees it",
    "No handler or payment step was found whose failure could be lost.",
)
_DEDUP_WORDS = {
    "no": ("does nothing against a repeated event", "do nothing against a repeated event"),
    "racy": ("has a guard that two deliveries at once both pass", "have a guard that two deliveries at once both pass"),
    "unknown": ("is left undecided", "are left undecided"),
    "state-guard": ("is guarded by the order's state", "are guarded by the order's state"),
    "yes": ("remembers the events it has handled", "remember the events they have handled"),
}
_DEDUP_STATUS: dict[str, Status] = {"no": "broken", "racy": "broken", "unknown": "unknown", "state-guard": "held", "yes": "held"}


def resilience(
    obligations: Sequence[Obligation], handlers: Sequence[Handler], boundaries: Sequence[Boundary], ran: Collection[str]
) -> Resilience:
    """All four assessments. ``ran``: ids of the checks that ruled in this review."""
    calls = any(b.direction == "outbound" for b in boundaries)
    deliveries = [h for h in handlers if h.kind != "redirect-return"]  # a browser's return is no delivery
    return Resilience(
        idempotency=_assess(_IDEMPOTENCY, obligations, ran, False),
        retry=_assess(_RETRY, obligations, ran, calls),
        deduplication=_deduplication(obligations, deliveries, ran),
        dead_letter=_assess(_DEAD_LETTER, obligations, ran, bool(deliveries)),
    )


def _assess(topic: _Topic, obligations: Sequence[Obligation], ran: Collection[str], concerned: bool) -> Assessment:
    """From rulings alone. ``concerned``: there is something that owes it, so that silence means that nobody looked."""
    owed = [o for o in obligations if o.check in topic.checks]
    unseen = [check for check in topic.checks if check not in ran]
    if not owed:
        if unseen and (concerned or len(unseen) < len(topic.checks)):
            return Assessment(status="unknown", statement=f"Not examined by this version: {topic.question}.", evidence=[])
        return Assessment(status="not-applicable", statement=topic.absent, evidence=[])
    status = status_of(owed, not unseen)
    statement = _counted(topic, owed)
    if unseen:
        statement += f" Not examined: {', '.join(f'`{check}`' for check in unseen)}."
    return Assessment(status=status, statement=statement, evidence=_evidence(owed, status), by_system=_by_system(topic, owed, unseen))


def _by_system(topic: _Topic, owed: Sequence[Obligation], unseen: Sequence[str]) -> list[SystemAssessment]:
    found: dict[str, list[Obligation]] = {}
    for obligation in owed:
        for system in obligation.systems:
            found.setdefault(system, []).append(obligation)
    out = []
    for system, mine in sorted(found.items()):
        status = status_of(mine, not unseen)
        out.append(SystemAssessment(system=system, status=status, statement=_counted(topic, mine), evidence=_evidence(mine, status)))
    return out


def _counted(topic: _Topic, owed: Iterable[Obligation]) -> str:
    parts = []
    counts = Counter((o.check, o.ruling) for o in owed)
    for check, what in topic.checks.items():
        held, broken, unknown = (counts[check, ruling] for ruling in ("held", "broken", "unknown"))
        if held + broken + unknown:
            undecided = f" ({unknown} undecided)" if unknown else ""
            parts.append(f"{what}: {held} of {held + broken + unknown}{undecided}.")
    return " ".join(parts)


def _deduplication(obligations: Sequence[Obligation], deliveries: Sequence[Handler], ran: Collection[str]) -> Assessment:
    """What the checks ruled; where none did, what was seen at the handlers."""
    if any(o.check in _DEDUPLICATION.checks for o in obligations):
        return _assess(_DEDUPLICATION, obligations, ran, True)
    if not deliveries:
        return Assessment(status="not-applicable", statement=_DEDUPLICATION.absent, evidence=[])
    statuses = {_DEDUP_STATUS[h.dedup] for h in deliveries}
    status = next(s for s in _WORST_FIRST if s in statuses)
    hint = " Replay an event in staging." if status == "unknown" else ""
    systems = dict.fromkeys(h.provider for h in deliveries)
    return Assessment(
        status=status,
        statement=_of_handlers(deliveries) + hint,
        evidence=_seen(deliveries),
        by_system=[_system_of_handlers(system, [h for h in deliveries if h.provider == system]) for system in sorted(systems)],
    )


_WORST_FIRST: tuple[Status, ...] = ("broken", "unknown", "held")


def _system_of_handlers(system: str, handlers: Sequence[Handler]) -> SystemAssessment:
    statuses = {_DEDUP_STATUS[h.dedup] for h in handlers}
    status = next(s for s in _WORST_FIRST if s in statuses)
    return SystemAssessment(system=system, status=status, statement=_of_handlers(handlers), evidence=_seen(handlers))


def _of_handlers(handlers: Sequence[Handler]) -> str:
    kinds = Counter[str](h.dedup for h in handlers)
    told = "; ".join(f"{kinds[kind]} {one if kinds[kind] == 1 else many}" for kind, (one, many) in _DEDUP_WORDS.items() if kinds[kind])
    return f"Of {count(len(handlers), 'webhook')}, {told}."


def _seen(handlers: Sequence[Handler]) -> list[Step]:
    steps = [Step(file=h.file, line=h.line, note=f"the {h.provider} {h.kind} {_DEDUP_WORDS[h.dedup][0]}", kind="step") for h in handlers]
    return steps[:_MOST_EVIDENCE]


def _evidence(owed: Sequence[Obligation], status: str) -> list[Step]:
    telling = [o for o in owed if o.ruling == status] or list(owed)
    places = {(step.file, step.line): step for step in reversed([telling_step(o) for o in telling])}
    return [places[key] for key in sorted(places)][:_MOST_EVIDENCE]
