"""``tax-shipping/client-tax``: tax, shipping and discounts are the server's own figures."""

import re
from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.payment.amounts import AmountSite, Chosen, amount_sites, beside_the_price, chosen_by_client, told_by_provider
from tillproof.checks.payment.bounds import barrier
from tillproof.checks.payment.order_totals import order_totals
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.values import CONVERSIONS, Mix, Place, Value, options
from tillproof.ir.ops import Op

_KINDS = (("tax_fields", "tax"), ("shipping_fields", "shipping"), ("discount_fields", "discount"))
_SUM = re.compile(r"(^|_)(amount|total|costs?|fees?|price|charges?|value|cents|ongkir|ongkos_?kirim|frete|flete|\w*kosten|ucreti)$")
_NO_FIGURES = ("reference", "boolean", "time")
_REMEDY = {
    "tax": "Compute the tax on the server from the destination and the items (a tax table or the tax provider).",
    "shipping": "Let the client choose a method by its code, and take the cost from the rates that the server has quoted for this cart.",
    "discount": "Let the client send a coupon code, look the coupon up, check its conditions and compute the discount on the server.",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per charge or stored order that takes such figures, whatever their number."""
    found: dict[tuple[Fn, int], list[tuple[AmountSite, list[Chosen]]]] = {}
    for site in (*amount_sites(model), *order_totals(model)):
        if _keeps_no_figure(model, site):
            continue
        chosen = [c for c in chosen_by_client(model, site.value) if beside_the_price(model, c.named) or _is_taken_over(model, site, c)]
        if site.what == "order-total" and told_by_provider(model, site.fn, chosen):
            continue
        if chosen or beside_the_price(model, site.key):
            found.setdefault((site.fn, site.instr), []).append((site, chosen))
    flawed: dict[Fn | tuple[str, int], Ruling] = {}
    rulings: list[Ruling] = []
    for (fn, _), sites in found.items():
        ruling = _rule(model, sites)
        if ruling.outcome == "broken" and sites[0][0].what != "charge":
            read = [c.value.at for _, pieces in sites for c in pieces]
            told = flawed.get(fn) or (flawed[read[0]] if all(place in flawed for place in read) else None)
            if told is not None:  # the same figures on their way to another record
                told.severity = "critical" if "critical" in (told.severity, ruling.severity) else told.severity
                continue
            flawed.update(dict.fromkeys((fn, *read), ruling))
        rulings.append(ruling)
    yield from rulings


def _keeps_no_figure(model: Model, site: AmountSite) -> bool:
    """Whether an order keeps no figure in a column, but which vouchers were used: a reference, or a list."""
    touch = model.records.touch(site.fn, site.instr, None) if site.what == "order-total" else None
    column = model.schema.column(touch.entity, site.key, site.fn.file) if touch is not None and touch.entity else None
    return column is not None and (column.kind in _NO_FIGURES or column.type.rpartition(".")[2].lower() in ("array", "objectid"))


def _is_taken_over(model: Model, site: AmountSite, chosen: Chosen) -> bool:
    """Whether a figure that says it is a sum is what was sent, by whatever name: ``'shipping_cost' => $request->ongkir``."""
    return _SUM.search(snake(site.key)) is not None and beside_the_price(model, site.key) and _is_itself(site.value, chosen.value)


def _is_itself(value: Value, piece: Value) -> bool:
    """Whether a value is a piece of a request as it came, or the number that it spells."""
    return any(o is piece or (isinstance(o, Mix) and o.op in CONVERSIONS and _is_itself(o.operands[0], piece)) for o in options(value))


def _rule(model: Model, sites: list[tuple[AmountSite, list[Chosen]]]) -> Ruling:
    program = model.program
    first = sites[0][0]
    body = program.body(first.fn)
    ruling = Ruling("tax-shipping/client-tax", "held", first.what, first.fn.file, body.line[first.instr])
    chosen = [(site, c) for site, pieces in sites for c in pieces]
    if not chosen:
        ruling.evidence.append(Evidence(*first.value.at, f"`{first.key}` is the server's own figure", "guard"))
        return ruling
    if model.staff_only(first.fn):
        ruling.evidence.append(at(program, first.fn, first.instr, "only staff reach this: they may set them", "guard"))
        return ruling
    barriers = [barrier(model, site, c.key or "") if c.key else None for site, c in chosen]
    free = [c for c, stands in zip(chosen, barriers, strict=True) if stands is None]
    if not free:
        ruling.evidence += [Evidence(b.file, b.line, b.what, "guard") for b in dict.fromkeys(b for b in barriers if b)]
        return ruling
    if first.what != "charge" and (doubt := model.counter.behind(first.fn)) is not None:
        ruling.outcome, ruling.question = "unknown", Evidence(*doubt)
        return ruling
    _break(model, ruling, free)
    return ruling


def _break(model: Model, ruling: Ruling, free: list[tuple[AmountSite, Chosen]]) -> None:
    site, piece = free[0]
    names = list(dict.fromkeys(f"`{c.key}`" for _, c in free))
    kinds = list(dict.fromkeys(_kind(model, c.named) or _kind(model, s.key) for s, c in free))
    lowers = site.what == "charge" or any(model.is_charged(s.key) for s, _ in free) or _with_total(model, site)
    ruling.outcome, ruling.confidence = "broken", "certain"
    ruling.severity = "critical" if lowers else "high"
    read = _read(model, site, piece)  # what all routes share has nothing to change
    file, line = read if site.what == "charge" or read[0] == site.fn.file else (site.fn.file, model.program.body(site.fn).line[site.instr])
    ruling.anchor = (file, line, line)
    ruling.title = (
        f"The client says what {' and '.join(kinds)} he gets"
        if kinds == ["discount"]
        else f"The client says what {' and '.join(kinds)} costs"
    )
    end = "is part of what is charged" if site.what == "charge" else "is stored as the order's own"
    gain = "pays less for the same goods" if lowers else "changes what the order says, the books and the tax return with it"
    ruling.message = (
        f"{', '.join(names)} comes from the client's request and {end}; nothing works it out again, so a changed request {gain}."
    )
    ruling.remediation = f"Do not read {' and '.join(names)} from the request. {' '.join(_REMEDY[k] for k in kinds)}"
    ruling.evidence = [Evidence(*c.read, f"`{c.key}` is read from the request", "source") for _, c in free[:4]]
    ruling.evidence.append(at(model.program, site.fn, site.instr, end, "sink"))


def _read(model: Model, site: AmountSite, piece: Chosen) -> Place:
    """Where a figure is read of the request: in the function that was asked, rather than in one that only makes a number of it."""
    place = piece.at if piece.at[0] != site.fn.file else piece.value.at
    asked = model.program.function(site.begins_at)
    if asked is None or place[0] != site.begins_at.file or asked.line <= place[1] <= asked.end_line:
        return place
    body = model.program.body(site.begins_at)
    named = (body.line[i] for i, op in enumerate(body.op) if op == Op.FIELD and body.name(i) == piece.word)
    return place[0], next(named, place[1])


def _kind(model: Model, word: str) -> str:
    return next((name for fields, name in _KINDS if model.words.has(fields, word)), "")


def _with_total(model: Model, site: AmountSite) -> bool:
    """Whether the total of the same record hangs on the client too: it is computed from these figures, or the client's own."""
    totals = (s for s in order_totals(model) if (s.fn, s.instr) == (site.fn, site.instr) and not beside_the_price(model, s.key))
    return any(chosen_by_client(model, s.value) for s in totals)


CHECK = Check(id="tax-shipping/client-tax", title="Tax, shipping and discounts are the server's own figures", severity="high", rule=rule)
