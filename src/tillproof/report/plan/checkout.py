"""Scenarios for the way to a payment: the last unit, a provider that does not answer, declined cards."""

from collections.abc import Iterator, Sequence

from tillproof.commerce.surface import ProviderCall, Way
from tillproof.report.plan import shell
from tillproof.report.plan.draft import READ_ORDER, STAGING, Draft, Ground, asked_by, holes, lines, most, places, told
from tillproof.report.plan.request import as_form, send, sends_body, write

STOCK = ("inventory/oversell-race", "inventory/non-atomic-write", "inventory/no-db-constraint", "inventory/sync-in-payment")
KEYS = ("idempotency/missing-key", "idempotency/unstable-key")
FAILING = (
    "resilience/no-timeout",
    "resilience/no-retry",
    "resilience/retry-without-backoff",
    "resilience/retry-on-client-error",
    "resilience/swallowed-failure",
)
_STARTS = ("payment.create", "checkout.create", "subscription.create", "payment.confirm")
_CUSTOMERS = ("public", "customer")
_FROM_SESSION = "Put the product into the cart; this shop starts the payment from the session's cart"


def scenarios(ground: Ground) -> Iterator[Draft]:
    """All of them, the last unit first."""
    starts = started(ground)
    yield from _last_unit(ground, starts)
    yield from _unanswered(ground, starts)


def started(ground: Ground) -> list[ProviderCall]:
    """The calls that start a payment."""
    return [c for c in ground.surface.calls if c.op in _STARTS]


def of_customers(ways: Sequence[Way]) -> list[Way]:
    """The requests that customers send."""
    return [way for way in ways if way.role in _CUSTOMERS]


def starting(starts: Sequence[ProviderCall]) -> list[Way]:
    """The requests by which customers start a payment, those with a body first."""
    found = {(w.unit, w.method, w.route): w for call in starts for w in of_customers(call.ways)}
    return sorted(found.values(), key=lambda w: not w.fields)


def body(ground: Ground, way: Way) -> str:
    """The step that writes the body of a checkout."""
    return write(way, ground.words, "checkout.json") if sends_body(way) else _FROM_SESSION


def _last_unit(ground: Ground, starts: Sequence[ProviderCall]) -> Iterator[Draft]:
    owed = ground.owed(*STOCK)
    if not owed:
        return
    ways = of_customers(ground.ways(owed)) or list(ground.surface.orders) or starting(starts)
    ways = [w for w in ways if sends_body(w)] or ways
    where = places(owed)
    reading = f"Read the stock of the product and the orders placed. The code that decides: {where}"
    steps = [body(ground, ways[0])] if ways else ["Put the product into the carts of two customers and go to the last step of the checkout"]
    if ways:
        way = ways[0]
        at_once = send(way, "checkout.json")
        steps.append(
            lines("Two customers, five requests each, at the same moment", f"for n in 1 2 3 4 5 6 7 8 9 10; do {at_once} & done; wait")
        )
    else:
        steps.append("Press the button that places the order in both browsers at the same moment, ten times over with new carts")
    yield Draft(
        "last-unit",
        f"Concurrent checkout of the last unit{f': {ways[0].method} {shell.path(ways[0].route)}' if ways else ''}",
        told(
            owed,
            "Stock is decremented under a guard; this shows that the guard holds on the deployed database.",
            "The stock is read, compared and written in a way that two checkouts at once can both pass.",
            "It could not be decided whether two checkouts at once can both take the last unit.",
        ),
        [
            STAGING,
            "One product has a stock of exactly 1; PRODUCT_ID is its id",
            *asked_by(ways[:1] or ()),
            *as_form(ways[:1]),
            *holes(w.route for w in ways[:1]),
        ],
        [*steps, reading],
        "One order has the unit. Every other request is refused as out of stock, before anything is paid; the stock is 0 and never below, "
        "and "
        "as many payments are open at the provider as there are orders.",
        owed,
    )


def _unanswered(ground: Ground, starts: Sequence[ProviderCall]) -> Iterator[Draft]:
    systems = list(dict.fromkeys(call.system for call in starts))
    if not systems:
        return
    at = {(c.file, line) for c in starts for line in range(c.line, c.end_line + 1)}
    owed = [
        o for o in ground.owed(*KEYS, *FAILING)
        if (o.site.file, o.site.line) in at or (o.check in FAILING and set(systems) & set(o.systems))
    ]  # fmt: skip
    ways = most(starting(starts))
    requests = [send(way, "checkout.json") for way in ways]
    hosts = ", ".join(f"{_host(ground, system)} ({ground.name(system)})" for system in systems)
    keys = ", ".join(dict.fromkeys(_key_name(ground, system) for system in systems))

    def submit(what: str) -> str:
        return lines(what, *requests) if requests else f"{what}: in a browser"

    steps = [body(ground, ways[0])] if ways else []
    steps += [
        lines("Submit the same checkout twice at once", f"for n in 1 2; do {requests[0]} & done; wait") if requests
        else "Submit the same checkout in two tabs at once",
        lines("Stand between shop and provider: on the staging host its name resolves to this machine (/etc/hosts), and here",
              'toxiproxy-cli create -l 0.0.0.0:443 -u "$(dig +short $PROVIDER_HOST @1.1.1.1 | tail -1):443" provider'),
        lines("Let requests through and keep the answers back",
              "toxiproxy-cli toxic add -t timeout -a timeout=0 -n lost --downstream provider"),
        submit("Submit the checkout, note how long the shop waits and what the customer is told"),
        lines("Let answers through again and cut the connection instead", "toxiproxy-cli toxic remove -n lost provider",
              "toxiproxy-cli toxic add -t reset_peer -a timeout=0 -n cut provider"),
        submit("Submit the same checkout again"),
        lines("Answer 503 after the provider has acted: mitmproxy in toxiproxy's place, its certificate trusted by the staging host",
              "cat > answer503.py <<'END'", "from mitmproxy import http", "def response(flow):",
              "    flow.response = http.Response.make(503, b'{}')", "END",
              'mitmdump --mode "reverse:https://$PROVIDER_HOST@443" -s answer503.py'),
        submit("Submit it a third time, take the proxy away, and submit it a last time"),
        f"Count the payments of this order in the provider's test dashboard, and compare {keys} of the requests in its request log",
    ]  # fmt: skip
    yield Draft(
        "provider-timeout",
        f"{_and(ground, systems)}: no answer or 5xx, and the same checkout again",
        told(
            [o for o in owed if o.check in KEYS],
            "A repeated request must not be a second payment.",
            "A call was found that sends no key, or a new one each time: the provider takes the repetition for a new payment.",
            "It could not be decided whether a repeated call carries the same key.",
        ),
        [
            STAGING,
            "toxiproxy and mitmproxy are there",
            f"PROVIDER_HOST is, one run each: {hosts}",
            *asked_by(ways),
            *as_form(ways),
            *holes(w.route for w in ways),
        ],
        steps,
        f"One payment per order, however often it was submitted, and every repetition carries the same {keys}. The shop gives up after "
        "seconds, "
        "not minutes, retries with growing pauses, and tells the customer what happened; no order is paid or cancelled on a guess.",
        owed,
    )


def _host(ground: Ground, system: str) -> str:
    """Where the provider is reached in test mode."""
    pack = ground.surface.providers.get(system)
    return next(iter((*pack.sandbox_hosts, *pack.hosts) if pack else ()), "its API host")


def _key_name(ground: Ground, system: str) -> str:
    """The header, or else the parameter, that carries an idempotency key."""
    pack = ground.surface.providers.get(system)
    names = pack.idempotency.names if pack and pack.idempotency else ()
    return next((n for n in names if "-" in n), next(iter(names), "the idempotency key"))


def _and(ground: Ground, systems: Sequence[str]) -> str:
    names = [ground.name(system) for system in systems]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def declined(ground: Ground) -> Iterator[Draft]:
    """A card that the provider declines is the customer's business, not the retry's."""
    owed = ground.owed("resilience/retry-on-client-error", open_only=True)
    for system in dict.fromkeys(s for o in owed for s in (o.systems or [""])):
        mine = [o for o in owed if system in (o.systems or [""])]
        name = ground.name(system) if system else "the provider"
        yield Draft(
            "declined-card",
            f"A declined payment is not tried again: {name}",
            "A decline or a bad request stays one, however often it is repeated; each repetition looks like card testing to the provider.",
            [STAGING, f"One of the test payment methods that {name} documents as declined is at hand"],
            ["Pay with the declined payment method", f"Count the attempts in {name}'s test dashboard within the next minutes", READ_ORDER],
            "One attempt. The customer is told that the payment was declined and can choose another way; the order stays unpaid.",
            mine,
        )
