"""The staging test plan: what a person runs against a staging shop, and which obligations that settles.

It is made of what was found: routes, providers, events, fields. Everything goes to ``$STAGING_URL`` with test-mode credentials; nothing in
a plan talks to a provider in live mode, and the review itself runs none of it.
"""

from collections.abc import Sequence

from tillproof.commerce.lexicon import Words
from tillproof.commerce.surface import Surface
from tillproof.contract import Boundary, Handler, Obligation, Scenario
from tillproof.report.plan import checkout, messages, money, operations, returns
from tillproof.report.plan.draft import Draft, Ground, one_line

KINDS = (
    "last-unit", "forged-webhook", "webhook-replay", "event-order", "tampered-totals", "unpaid-return", "underpaid", "refund", "capture",
    "cancellation", "provider-timeout", "declined-card", "webhook-failure", "order-transitions", "late-success", "fulfilment", "rates",
    "sync", "credentials", "logs",
)  # fmt: skip


def staging_plan(
    handlers: Sequence[Handler], obligations: Sequence[Obligation], surface: Surface, boundaries: Sequence[Boundary], words: Words
) -> list[Scenario]:
    """The scenarios: those that settle an unknown first, then those that show a flaw, then those that show that all is well."""
    ground = Ground(handlers, obligations, surface)
    drafts: list[Draft] = [
        *messages.scenarios(ground),
        *returns.scenarios(ground),
        *checkout.scenarios(ground, words),
        *checkout.declined(ground),
        *money.scenarios(ground),
        *operations.scenarios(ground, boundaries),
    ]
    drafts.sort(key=lambda draft: (draft.weight, KINDS.index(draft.kind)))
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
