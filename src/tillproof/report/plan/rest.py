"""Scenarios for what no other scenario settles: each open obligation is shown by something that a person can do."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from tillproof.contract import Obligation
from tillproof.report.plan import shell
from tillproof.report.plan.draft import READ_ORDER, STAGING, Draft, Ground, asked_by, holes, lines, most, places
from tillproof.report.plan.request import as_form, send, send_all, sends_body, write


class _Trial(NamedTuple):
    """What is tried for some checks. ``act``: what sets it off; the requests that lead there are sent, ``times`` at once."""

    checks: tuple[str, ...]
    kind: str
    scenario: str
    why: str
    before: tuple[str, ...]
    act: str
    after: tuple[str, ...]
    expected: str
    times: int = 1


_PROXY = (
    "PROVIDER_HOST is the host that is called there; on the staging host it resolves to this machine (/etc/hosts). toxiproxy and mitmproxy "
    "are there"
)
_STRANGER = (
    "HOST is the server that is called there; on the staging host it resolves to this machine (/etc/hosts), which has mitmproxy, whose "
    "certificate is trusted nowhere"
)
_SENT_TO = (
    """jq -r --arg n "$TEST_CARD" '.log.entries[].request | select((.postData.text // "") + .url """
    """| gsub("[ +-]|%20"; "") | contains($n)) | .url' shop.har"""
)
_TRIALS = (
    _Trial(
        ("idempotency/dedup-race", "idempotency/handler-not-idempotent", "idempotency/dedup-ttl-short"),
        "two-at-once", "Two requests for one payment at the same moment",
        "The look at what was done and the note that it is done are two steps, and two requests fit in between.",
        ("An order is paid in test mode, and its message and the customer's return are held back (a breakpoint, or a proxy)",),
        "Let both through at the same moment, and the return five times",
        (READ_ORDER,),
        "The payment is processed once: one charge, one change of the order, one mail; whoever comes second waits or leaves.",
        5,
    ),
    _Trial(
        ("idempotency/missing-key", "idempotency/unstable-key"),
        "same-call", "The same call twice",
        "A call whose answer is lost is made again; without the same key the provider takes it for another one.",
        (_PROXY,),
        "Hold the provider's answer back (`toxiproxy-cli toxic add -t timeout -a timeout=0 --downstream provider`), set the call off, let "
        "answers through and set it off again",
        ("Compare the idempotency keys of both requests, and count what they did, in the provider's test dashboard",),
        "Both requests carry the same key, and the provider did it once.",
    ),
    _Trial(
        ("boundary/insecure-transport",),
        "certificates", "A certificate that nobody vouches for",
        "A connection that takes any certificate gives credentials and customers' data to whoever stands in between.",
        (_STRANGER,),
        "Start `mitmdump --mode reverse:https://$HOST@443` (for a mail server `openssl s_server -accept 465 -key own.pem -cert own.pem` "
        "with a certificate of your own), then set the call off",
        ("Look at what the proxy saw",),
        "The connection is broken off: the proxy saw a handshake and no request, and the shop reports the failure.",
    ),
    _Trial(
        ("pci/card-data-on-server",),
        "card-form", "Where the card number goes",
        "Who takes a card number on its own server is in scope of PCI DSS with all that it has.",
        ("TEST_CARD is the number of a test card of the provider, without spaces; the browser keeps its network log over pages",),
        "Pay with the test card and export the network log as shop.har",
        (lines("Where the number was sent", _SENT_TO),),
        "Only hosts of the provider are named, none of the shop's own.",
    ),
    _Trial(
        ("resilience/swallowed-failure", "resilience/no-dead-letter"),
        "failing-work", "The work behind a payment fails",
        "What fails after money has moved has to come to rest where somebody sees it.",
        ("The user of the staging database can be forbidden to write",),
        "Forbid it after the payment was made and before its result is written, then set the work off",
        ("Look at the answer, the log, the failed jobs and the alert channel; allow writing again and repeat it", READ_ORDER),
        "The failure is answered or kept as one and somebody is told; afterwards the work is done, once.",
    ),
    _Trial(
        ("resilience/no-timeout", "resilience/no-retry", "resilience/retry-without-backoff"),
        "provider-timeout", "A system does not answer",
        "A call without an end holds the customer, a worker and perhaps a lock; one that is repeated at once keeps the system down.",
        (_PROXY,),
        "Keep the answers back (`toxiproxy-cli toxic add -t timeout -a timeout=0 --downstream provider`), then cut the connection "
        "(`-t reset_peer`), then answer 503 (mitmproxy); each time set the call off",
        ("Note how long the shop waits, how often it tries and with which pauses, and what the customer is told",),
        "The call ends after seconds, is tried a few times with growing pauses, and then fails as a failure; nothing else hangs with it.",
    ),
    _Trial(
        ("order/event-order-assumed",),
        "event-order", "Messages in another order than that in which things happened",
        "Providers do not promise to deliver in order.",
        (),
        "Let the provider deliver the success and the failure of one payment in the wrong order",
        (READ_ORDER,),
        "The order ends in the state that the provider's dashboard shows.",
    ),
    _Trial(
        ("payment/webhook-unverified", "payment/webhook-weak-verification"),
        "forged-webhook", "A message that the provider did not send",
        "Whoever knows the address can send it.",
        (),
        "Send a message that says that an unpaid order was paid, without a proof, and with one made with an empty secret",
        (READ_ORDER,),
        "It is refused, and the order is still unpaid.",
    ),
)  # fmt: skip


def scenarios(ground: Ground, settled: Collection[str]) -> Iterator[Draft]:
    """One for each trial that is needed. ``settled``: the obligations that other scenarios settle."""
    for trial in _TRIALS:
        owed = [o for o in ground.owed(*trial.checks, open_only=True) if o.id not in settled]
        if owed:
            yield _draft(ground, trial, owed)


def _draft(ground: Ground, trial: _Trial, owed: list[Obligation]) -> Draft:
    ways = most(ground.asked(owed))
    steps = []
    if ways and trial.times > 1:
        way = ways[0]
        steps = [write(way, ground.words, "again.json")] if way.fields and sends_body(way) else []
        request = send(way, "again.json" if way.fields else "")
        ways = ways[:1]
        steps.append(lines(trial.act, f"for n in {' '.join(str(n + 1) for n in range(trial.times))}; do {request} & done; wait"))
    elif ways:
        steps.append(lines(f"{trial.act}, for example by this", *send_all(ways, ground.words, "again")))
    else:
        steps.append(trial.act)
    titles = ", ".join(f"{way.method} {shell.path(way.route)}" for way in ways)
    return Draft(
        trial.kind,
        trial.scenario + (f": {titles}" if titles else ""),
        trial.why,
        [STAGING, *trial.before, *asked_by(ways), *as_form(ways), *holes(way.route for way in ways)],
        [*steps, *trial.after, f"The code: {places(owed)}"],
        trial.expected,
        owed,
    )
