"""Which ways of weakening fit which check, and the files that they make.

A mutation is found in the syntax tree of one file, for the check whose obligation was held there, and is only offered when the file that it
makes still parses. What lies in a schema or a page, which has no tree here, is changed in its text.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from weakenings import amounts, disclosures, guards, losses, proofs, rows
from weakenings.spots import Edit, Found, Spot, Way

from tillproof.languages import ANALYSED, spec_of
from tillproof.languages.base import parse


class Mutation(NamedTuple):
    """``what`` is done to a file, for people, and the edits that do it."""

    what: str
    edits: list[Edit]


def mutations(language: str, source: bytes, check: str, line: int, note: str) -> list[Mutation]:
    """All weakenings of a line that apply and leave the file as well-formed as it was, without repetition."""
    if note.startswith(("the platform", "the provider is asked for the payment whose id is kept")) or "holds what failed for good" in note:
        return []  # nothing of ours does it
    if language not in ANALYSED or check in _ANYWHERE:
        return [Mutation(what, edits) for way in _TEXT.get(check, ()) for what, edits in way(source, line)]
    root = parse(spec_of(language), source).root_node
    spot = Spot(language, source, root, check, line, note)
    found: dict[bytes, Mutation] = {}
    for way in _WAYS.get(check, ()):
        for what, edits in way(spot):
            mutant = apply(source, edits)
            if mutant != source and (root.has_error or not parse(spec_of(language), mutant).root_node.has_error):
                found.setdefault(mutant, Mutation(what, edits))
    return list(found.values())


def apply(source: bytes, edits: Iterable[Edit]) -> bytes:
    """The text after the edits. Of two that overlap, what they both take out is taken out once, and the outer one is made."""
    done = len(source) + 1
    for edit in sorted(set(edits), key=lambda e: (-e.end, e.start)):
        end = min(edit.end, done) if not edit.text else edit.end
        if edit.start <= end <= done:
            source = source[: edit.start] + edit.text.encode() + source[end:]
            done = edit.start
    return source


def _first(*ways: Way) -> tuple[Way, ...]:
    """One way: the first of these that fits the line."""

    def way(spot: Spot) -> Found:
        for one in ways:
            found = list(one(spot))
            if found:
                yield from found
                return

    return (way,)


_PROOF: tuple[Way, ...] = (proofs.drop_statement, proofs.negate_condition, proofs.pass_through)
_ONCE = _first(rows.drop_lock_here, rows.drop_unique, guards.open_guard, guards.open_later, rows.drop_condition, rows.drop_lock)
_STATE = _first(guards.open_guard, rows.drop_condition, guards.open_later)
_BOUND = _first(guards.open_guard, guards.unbounded, rows.drop_condition, guards.open_later)
_LOST = _first(losses.drop_call)
_SWALLOWED = _first(guards.swallow)

_WAYS: dict[str, tuple[Way, ...]] = {
    "payment/webhook-unverified": _PROOF,
    "payment/webhook-weak-verification": _PROOF,
    "payment/fulfil-on-redirect": _PROOF,
    "idempotency/missing-key": (proofs.remove_key,),
    "idempotency/unstable-key": (proofs.random_key,),
    "payment/client-amount": (proofs.client_value,),
    "tax-shipping/client-tax": (proofs.client_value,),
    "boundary/hardcoded-secret": (disclosures.literal,),
    "boundary/insecure-transport": (disclosures.plain_http,),
    "boundary/secret-logged": (disclosures.whole,),
    "idempotency/handler-not-idempotent": _ONCE,
    "idempotency/dedup-race": _ONCE,
    "idempotency/dedup-ttl-short": (amounts.shorter,),
    "inventory/no-db-constraint": (rows.drop_constraint,),
    "inventory/oversell-race": _first(rows.drop_condition, rows.drop_lock, rows.drop_constraint),
    "inventory/non-atomic-write": _first(rows.absolute, rows.drop_lock),
    "inventory/sync-drops-failures": _first(losses.empty_handler, losses.drop_call),
    "inventory/sync-in-payment": _first(losses.empty_handler, amounts.wait_outside),
    "order/cancel-order": _LOST,
    "order/event-order-assumed": _STATE,
    "order/unguarded-transition": _STATE,
    "order/fulfilment-not-propagated": _LOST,
    "order/refund-exceeds-capture": _BOUND,
    "order/refund-not-recorded": _LOST,
    "payment/capture-exceeds-auth": _BOUND,
    "payment/amount-not-reconciled": _first(rows.drop_named, guards.open_guard, guards.answered_yes, guards.open_later),
    "payment/amount-unit": (amounts.wrong_unit,),
    "payment/missing-currency": (losses.drop_named(r"^currency"),),
    "payment/no-settlement-webhook": (amounts.other_event,),
    "payment/partial-capture-unhandled": _first(guards.unbounded, amounts.taken_for_whole, losses.drop_call),
    "payment/test-credentials-in-prod": (amounts.sandbox,),
    "pci/card-data-logged": (disclosures.log_card,),
    "pci/card-data-stored": _first(disclosures.whole, disclosures.keep_card),
    "resilience/no-dead-letter": _first(losses.keep_nothing, guards.swallow),
    "resilience/no-retry": (losses.give_up,),
    "resilience/no-timeout": (losses.wait_for_ever,),
    "resilience/payment-event-not-logged": _LOST,
    "resilience/retry-on-client-error": _first(losses.catch_all, guards.successes_only, guards.open_guard),
    "resilience/retry-without-backoff": (losses.same_pause,),
    "resilience/swallowed-failure": _SWALLOWED,
    "tax-shipping/incomplete-tax-request": (losses.drop_part,),
    "tax-shipping/threshold-before-discount": (amounts.undiscounted,),
    "tax-shipping/uncached-rates": _first(amounts.never, guards.forget),
}

_TEXT: dict[str, tuple[Callable[[bytes, int], Found], ...]] = {
    "inventory/no-db-constraint": (rows.drop_check_text,),
    "inventory/oversell-race": (rows.drop_check_text,),
    "idempotency/handler-not-idempotent": (rows.drop_unique_text,),
    "idempotency/dedup-race": (rows.drop_unique_text,),
    "pci/card-data-literal": (disclosures.real_number,),
    "pci/card-data-on-server": (disclosures.own_form,),
}

# What is looked for in the whole tree where it does not stand in the file of the evidence: the one setting that all requests share.
ELSEWHERE = {"resilience/no-retry": "max_network_retries"}

# Nothing but the text of the line counts.
_ANYWHERE = frozenset({"pci/card-data-literal"})

# Of several guards each may suffice alone: all are weakened together.
TOGETHER = frozenset(
    {
        "payment/amount-unit",
        "idempotency/handler-not-idempotent",
        "idempotency/dedup-race",
        "inventory/oversell-race",
        "order/cancel-order",
        "order/event-order-assumed",
        "order/unguarded-transition",
        "order/refund-exceeds-capture",
        "order/refund-not-recorded",
        "payment/capture-exceeds-auth",
        "payment/partial-capture-unhandled",
        "payment/no-settlement-webhook",
        "payment/amount-not-reconciled",
        "resilience/no-dead-letter",
        "resilience/payment-event-not-logged",
    }
)
