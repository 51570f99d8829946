"""Scenarios for running the shop: credentials, logs, synchronisation, rates, fulfilment."""

from collections.abc import Iterator, Sequence

from tillproof.contract import Boundary, Obligation
from tillproof.knowledge.schema import Provider
from tillproof.report.plan.draft import READ_ORDER, STAGING, Draft, Ground, asked_by, holes, lines, most, places, told
from tillproof.report.plan.request import as_form, send_all

CREDENTIALS = ("payment/test-credentials-in-prod", "boundary/hardcoded-secret")
LOGS = ("boundary/secret-logged", "pci/card-data-logged", "resilience/payment-event-not-logged", "pci/card-data-stored")
LITERAL = ("pci/card-data-literal",)
SYNC = ("inventory/sync-drops-failures",)
RATES = ("tax-shipping/uncached-rates", "tax-shipping/incomplete-tax-request")
FULFILMENT = ("order/fulfilment-not-propagated",)
_SHORT = 8
_CARD = "[^0-9]([0-9][ -]?){13,19}[^0-9]"
SETTLEMENT = ("payment/no-settlement-webhook",)


def scenarios(ground: Ground, boundaries: Sequence[Boundary]) -> Iterator[Draft]:
    """Credentials wherever payments are made; the others where something is owed."""
    yield from _credentials(ground, boundaries)
    yield from _settlement(ground)
    yield from _fulfilment(ground)
    yield from _rates(ground)
    yield from _sync(ground)
    yield from _logs(ground)


def _credentials(ground: Ground, boundaries: Sequence[Boundary]) -> Iterator[Draft]:
    used = dict.fromkeys(b.system for b in boundaries if b.kind == "payment")
    packs = [pack for system in used if (pack := ground.surface.providers.get(system)) is not None and (pack.keys or pack.sandbox_hosts)]
    owed = ground.owed(*CREDENTIALS)
    if not packs and all(o.ruling == "held" for o in owed):
        return
    written = [o for o in owed if o.check == "boundary/hardcoded-secret" and o.ruling != "held"]
    test = sorted({key.prefix for pack in packs for key in pack.keys if key.mode == "test" and _telling(key.prefix)})
    live = sorted({key.prefix for pack in packs for key in pack.keys if key.mode == "live" and _telling(key.prefix)})
    hosts = sorted({host for pack in packs for host in pack.sandbox_hosts})
    steps = []
    if live:
        steps.append(lines("On the staging host: no live credential (prints prefixes only)", _grep(live)))
    if test or hosts:
        steps.append(lines("On the production host: no test credential and no sandbox host (prints prefixes only)", _grep([*test, *hosts])))
    published = sorted({key.prefix for pack in packs for key in pack.keys if key.kind == "publishable" and _telling(key.prefix)})
    if published:
        steps.append(
            lines(
                "The checkout page of each, as a customer gets it",
                f"curl -sS \"$SHOP_URL/\" | grep -oE '({_alternatives(published)})' | sort | uniq -c",
            )
        )
    if written:
        steps.append(f"Try each credential that stood at {places(written)}: its system refuses it")
    steps.append("Start each application with the variables that name the mode and the secrets unset: it must refuse to start")
    names = ", ".join(pack.name for pack in packs)
    yield Draft(
        "credentials",
        "Test and live credentials" + (f": {names}" if names else ""),
        told(
            owed,
            "A production shop in test mode gives goods away; a staging shop in live mode takes money.",
            "A credential or a sandbox address was found in the code or its configuration.",
            "It could not be decided which credentials reach production.",
        ),
        [STAGING, "A shell on the staging and the production host; SHOP_URL is the address of the shop that is looked at"],
        steps,
        "Staging holds test credentials only, production live ones only, each page has the publishable key of its own mode, and neither "
        "starts when they are missing." + (" What was written down is revoked." if written else ""),
        owed,
    )


def _telling(prefix: str) -> bool:
    """Whether a prefix is found nowhere but in a key: ``sk_test_`` is, ``test`` is not."""
    return len(prefix) > _SHORT or not prefix.isalnum()


def _grep(prefixes: Sequence[str]) -> str:
    return f"env | grep -oE '({_alternatives(prefixes)})' | sort | uniq -c"


def _alternatives(prefixes: Sequence[str]) -> str:
    """Prefixes of keys and hosts as a regular expression for grep, inside single quotes."""
    return "|".join("".join(c if c.isalnum() or c in "_-" else f"[{c}]" if c in ".$" else "." for c in prefix) for prefix in prefixes)


def _settlement(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*SETTLEMENT, open_only=True)
    if not owed:
        return
    systems = list(dict.fromkeys(s for o in owed for s in o.systems))
    packs: list[Provider] = [ground.surface.providers[s] for s in systems if s in ground.surface.providers]
    events = list(dict.fromkeys(event for pack in packs for inbound in pack.inbound for event in inbound.settles))[:6]
    sends = f" (it sends {', '.join(events)})" if events else ""
    name = ", ".join(pack.name for pack in packs) or "the provider"
    yield Draft(
        "late-success",
        f"A payment that succeeds after the customer has gone: {name}",
        "Bank debits, vouchers and reviews settle minutes or days later; somebody has to hear of it.",
        [STAGING, f"A test payment method of {name} that settles later, or fails later, is at hand"],
        [
            "Pay with it and close the browser on the provider's page",
            f"Let the payment succeed in the provider's test dashboard{sends}",
            READ_ORDER,
            "Repeat it with a payment that fails later",
        ],
        "The first order becomes paid without the customer's browser; the second never does, and its stock is released.",
        owed,
    )


def _fulfilment(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*FULFILMENT, open_only=True)
    if owed:
        yield Draft(
            "fulfilment",
            "Shipped and delivered reach the order and the customer",
            "A parcel that is on its way while the order still says paid is a support call, and sometimes a second parcel.",
            [STAGING, "An order is paid and handed to fulfilment"],
            [
                f"Let the carrier or warehouse report it as shipped, then as delivered. The code: {places(owed)}",
                "Report shipped once more, after delivered",
                READ_ORDER,
            ],
            "The order is shipped, then delivered, and stays so; the customer has one mail for each with the tracking number.",
            owed,
        )


def _rates(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*RATES, open_only=True)
    if owed:
        ways = most([way for way in ground.asked(owed) if way.role != "staff"])
        requests = send_all(ways, ground.words, "quote")
        show = (
            [lines("Show the same cart ten times", "for n in 1 2 3 4 5 6 7 8 9 10; do", *requests, "done")]
            if requests
            else [f"Show the same cart ten times. The code: {places(owed)}"]
        )
        yield Draft(
            "rates",
            "Tax and shipping rates are asked for once per cart, and in full",
            "Carriers and tax engines bill per request and answer slowly; a request without addresses or line items is answered wrongly.",
            [
                STAGING,
                "The log of the tax engine's or carrier's sandbox, or of a proxy in front of it, can be read",
                *asked_by(ways),
                *as_form(ways),
                *holes(w.route for w in ways),
            ],
            [
                *show,
                "Count the requests in the provider's log and read the last: ship-from, ship-to, every line with its amount and tax code",
                "Change the address, then a quantity, and count again",
            ],
            "One request per quote, one more after each change, and each is complete.",
            owed,
        )


def _sync(ground: Ground) -> Iterator[Draft]:
    owed = ground.owed(*SYNC, open_only=True)
    if owed:
        yield Draft(
            "sync",
            "A catalogue sync of which some items fail",
            "An item that is dropped in silence is sold at an old price or from stock that is not there.",
            [STAGING, "The source of the sync has at least ten items that can be changed"],
            [
                "Make three of ten items invalid (no price, an unknown category, a text of 10 MB)",
                f"Run the sync, and stop the source's API in the middle of a second run. The code: {places(owed)}",
                "Mend the three items and run it again",
            ],
            "Seven items are synchronised at once, three are named in the result and in whatever keeps failures; the broken run goes on "
            "where it "
            "stopped, and afterwards all ten are right.",
            owed,
        )


def _logs(ground: Ground) -> Iterator[Draft]:
    written = ground.owed(*LITERAL, open_only=True)
    if written:
        yield _written_down(written)
    owed = ground.owed(*LOGS, open_only=True)
    if owed:
        yield Draft(
            "logs",
            "What the logs and tables hold after a payment",
            "Logs are read by many and kept for long: an order must be found in them, a card or a key must not.",
            [STAGING, "The scenarios above were run; LOG is the shop's log of that time, DUMP a dump of its database"],
            [
                lines("Card numbers and security codes (prints the numbers of the lines only)",
                      _found(_CARD, "cv[vc]2?[^a-z]{1,6}[0-9]{3,4}")),
                lines("Credentials, likewise", _found("[sr]k_(live|test)_", "whsec_", "(Bearer|Basic) [A-Za-z0-9+/=._-]{8}")),
                lines("What is told of one payment", 'grep -n "$ORDER_ID" "$LOG"'),
                f"Look at the lines that write them: {places(owed)}",
            ],
            "The first two find nothing. The third finds, for each event, order id, event id, amount, currency and outcome.",
            owed,
        )  # fmt: skip


def _written_down(owed: list[Obligation]) -> Draft:
    return Draft(
        "card-numbers",
        "Card numbers in the code and its history",
        "Whoever has a clone, an image or the page has the number, and a commit that takes it out leaves it in the history.",
        ["A fresh clone of the repository is the working directory"],
        [
            lines("Card numbers in the files as they are (prints places only)", f"git grep -nIE '{_CARD}' | cut -d: -f1,2"),
            lines(
                "And in every file that was ever committed (prints commits only)", f"git log --all --oneline --pickaxe-regex -S'{_CARD}'"
            ),
            f"Look at what is found, {places(owed)} first: it is no number, or one that a provider publishes for tests",
        ],
        "Nothing is left but numbers that a provider publishes for tests, and the acquirer knows of the one that was there.",
        owed,
    )


def _found(*patterns: str) -> str:
    return f'grep -niE \'{"|".join(patterns)}\' "$LOG" "$DUMP" | cut -d: -f1,2'
