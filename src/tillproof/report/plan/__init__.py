"""The staging test plan: what a person runs against a staging shop, and which obligations that settles.

It is made of what was found: routes, providers, events, fields. Everything goes to ``$STAGING_URL`` with test-mode credentials; nothing in
a plan talks to a provider in live mode, and the review itself runs none of it.
"""

from collections.abc import Mapping, Sequence

from tillproof.commerce.lexicon import Words
from tillproof.commerce.surface import Surface
from tillproof.contract import Boundary, Handler, Obligation, Scenario
from tillproof.report.plan import checkout, messages, money, operations, rest, returns, sums
from tillproof.report.plan.draft import Draft, Ground, one_line

KINDS = (
    "last-unit", "forged-webhook", "webhook-replay", "two-at-once", "event-order", "tampered-totals", "amounts", "free-shipping",
    "unpaid-return", "underpaid", "refund", "capture", "cancellation", "provider-timeout", "same-call", "declined-card", "webhook-failure",
    "failing-work", "order-transitions", "late-success", "fulfilment", "rates", "sync", "card-form", "card-numbers", "credentials",
    "certificates", "logs",
)  # fmt: skip


def staging_plan(
    handlers: Sequence[Handler],
    obligations: Sequence[Obligation],
    surface: Surface,
    boundaries: Sequence[Boundary],
    words: Words,
    severities: Mapping[str, int] | None = None,
) -> list[Scenario]:
    """The scenarios: those that settle an unknown first, then those that show a flaw, the worst first, then those that show that all is
    well. ``severities``: how bad a broken obligation is, by its id, from 0."""
    ground = Ground(handlers, obligations, surface, words)
    drafts: list[Draft] = [
        *messages.scenarios(ground),
        *returns.scenarios(ground),
        *checkout.scenarios(ground),
        *checkout.declined(ground),
        *sums.scenarios(ground),
        *money.scenarios(ground),
        *operations.scenarios(ground, boundaries),
    ]
    drafts += rest.scenarios(ground, {o.id for draft in drafts for o in draft.obligations})
    drafts.sort(key=lambda draft: (draft.weight(severities or {}), KINDS.index(draft.kind)))
    return [
        Scenario(
            id=f"T{number}",
            kind=draft.kind,
            scenario=one_line(draft.scenario),
            why=one_line(draft.why),
            preconditions=list(dict.fromkeys(map(one_line, draft.preconditions))),
            steps=[one_line(step) for step in draft.steps],
            expected=one_line(draft.expected),
            obligations=list(dict.fromkeys(o.id for o in draft.obligations)),
        )
        for number, draft in enumerate(drafts, 1)
    ]
