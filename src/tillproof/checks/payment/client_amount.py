"""``payment/client-amount``: what is charged, and what an order is said to cost, is the server's own figure."""

from collections.abc import Iterator
from dataclasses import dataclass

from tillproof.checks.catalog import Check
from tillproof.checks.payment.amounts import AmountSite, amount_sites, free_by_choice, order_totals
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.values import Param, Unknown, Value, leaves


@dataclass(slots=True)
class _Chosen:
    """A piece of an amount that the client chose."""

    key: str | None
    value: Value


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per charge and per stored order total."""
    seen: set[tuple[str, int]] = set()
    flawed: set[Fn] = set()
    for site in (*amount_sites(model), *order_totals(model), *free_by_choice(model)):
        ruling = _rule(model, site)
        if ruling is None:
            continue
        anchor = (ruling.anchor or (ruling.file, ruling.line, 0))[:2]
        if ruling.outcome == "broken":
            if anchor in seen or (site.fn in flawed and site.what != "charge"):
                continue
            flawed.add(site.fn)
            seen.add(anchor)
        yield ruling


def _rule(model: Model, site: AmountSite) -> Ruling | None:
    program = model.program
    body = program.body(site.fn)
    ruling = Ruling("payment/client-amount", "held", site.what, site.fn.file, body.line[site.instr])
    chosen = [_Chosen(s.key, v) for s, v in model.requests.sources_in(site.value, 200) if s.kind in ("body", "query", "path", "raw")]
    chosen = [c for c in chosen if _is_amount(model, site, c)]
    if chosen and model.staff_only(site.fn):
        ruling.evidence.append(at(program, site.fn, site.instr, "only staff reach this: they may set prices", "guard"))
        return ruling
    if not chosen:
        unknown = next((x for x in leaves(site.value) if isinstance(x, Unknown)), None)
        param = site.value if isinstance(site.value, Param) else None
        if site.what == "charge" and (param is not None or isinstance(site.value, Unknown)):
            place = (param or unknown or site.value).at
            ruling.outcome = "unknown"
            ruling.question = Evidence(place[0], place[1], f"Where does the amount of this {site.operation} come from? No caller that gives it is in the repository.")
            return ruling
        ruling.evidence.append(Evidence(site.value.at[0], site.value.at[1], "the amount is the server's own", "guard"))
        return ruling if site.what == "charge" or site.trusted else None
    _break(model, site, chosen[0], ruling)
    return ruling


def _is_amount(model: Model, site: AmountSite, chosen: _Chosen) -> bool:
    """Whether what the client chose is (part of) the sum: a quantity or an id that only takes part is not."""
    key = chosen.key
    if key is None:
        return site.what == "charge" or site.direct
    if model.words.has("quantity_fields", key):
        return False
    if model.words.money(key) or model.words.has("currency_fields", key):
        return True
    return site.what != "order-total" and not key.lower().endswith("id") and site.direct


def _break(model: Model, site: AmountSite, chosen: _Chosen, ruling: Ruling) -> None:
    program = model.program
    ruling.outcome, ruling.severity = "broken", "critical"
    ruling.confidence = "certain" if chosen.key is not None and model.words.money(chosen.key) else "likely"
    at_file, at_line = site.value.at if site.value.at[0] == site.fn.file else (site.fn.file, program.body(site.fn).line[site.instr])
    here = program.body(site.fn).line[site.instr]
    end = program.body(site.fn).end_line[site.instr]
    ruling.anchor = (site.fn.file, at_line, at_line) if here <= at_line <= end and at_file == site.fn.file else (site.fn.file, here, here)
    named = f"`{chosen.key}`" if chosen.key else "a value"
    currency = chosen.key is not None and model.words.has("currency_fields", chosen.key)
    what = {"charge": f"charged ({site.operation})", "order-total": "stored as what the order costs", "free": "what decides whether anything has to be paid"}[site.what]
    ruling.title = "The client chooses " + ("the currency of the charge" if currency else "what he pays")
    ruling.message = (
        f"{named} comes from the client's request and is {what}; nothing computes it again from the server's prices, so a changed request buys the same "
        f"goods for {'the same number of a cheaper currency' if currency else 'any sum, one cent included'}."
    )
    ruling.remediation = (
        "Take the currency from the order or the shop's settings." if currency else
        "Load the products by id, compute the total from their stored prices, tax and shipping, and use that sum; from the client take only ids and quantities."
    )  # fmt: skip
    ruling.evidence = [
        Evidence(chosen.value.at[0], chosen.value.at[1], f"{named} is read from the request", "source"),
        at(program, site.fn, site.instr, what, "sink"),
    ]


CHECK = Check(id="payment/client-amount", title="The server decides what is charged", severity="critical", rule=rule)
