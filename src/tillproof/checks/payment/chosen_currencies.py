"""Currencies that a client chooses while the number is the server's: given to a charge, or kept with the cart or order that is charged."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tillproof.checks.payment.amounts import chosen_by_client
from tillproof.checks.payment.charges import CREATES, Charge, Charges, argument_line, ruling_of
from tillproof.checks.payment.own_lines import CART
from tillproof.checks.payment.set_over import set_over
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.currencies import Currency
from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.given import depends_on_caller, values_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.priced_payments import selecting
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Element, Member, Result, Value, choice, options, pieces

_PIECES = 120
_LEVELS = 3
_MOST_CALLERS = 12
_KEEPS = ("create", "write", "upsert")
_CONVERTS = re.compile(r"(\w+_)?(convert|exchange|fx)(_\w+)?")
_BY_RATE = re.compile(r"(\w+_)?(exchange|conversion|currency|fx)_rates?(_\w+)?|(\w+_)?convert_(\w+_)?(currency|money|price|amount)(_\w+)?")
_PRICES = re.compile(r"(\w+_)?prices?(_(list|book|entry|item|tier|amount))?|(money|price)_?amounts?")
_WORKED_OUT = "the sum is worked out for the currency that is asked for"
_TITLE = "The client chooses the currency of the charge"
_REMEDY = "Take the currency from the order or the shop's settings, and keep prices per currency where customers may choose one."


def owing(charges: Charges) -> Iterator[Charge]:
    """The charges that have to say their currency; not those at a provider of a single country, unless it counts in two units."""
    asked = (c for c in charges.all if c.site.operation.op in CREATES and c.site.operation.currency)
    yield from (
        c for c in asked if not c.site.provider.currencies or (c.site.operation.currency_without and len(c.site.provider.currencies) > 1)
    )


def given_to_charges(charges: Charges) -> Iterator[Ruling]:
    """One ruling per charge whose currency is the client's."""
    asked = (one for c in owing(charges) for one in (list(_asked_by_callers(charges, c)) or [c]))
    yield from (r for c in asked if c.currency is not None and c.currency.origin == "client" and (r := _rule(charges, c, c.currency)))


def _asked_by_callers(charges: Charges, charge: Charge) -> Iterator[Charge]:
    """A charge as callers further up ask for it, where they hand over the currency and not the sum: ``pay(user, req.body)``."""
    model, site = charges.model, charge.site
    waiting: Sequence[Ctx | None] = [charge.ctx]
    for level in range(_LEVELS + 1):
        further: list[Ctx] = []
        for ctx in waiting:
            told = _currencies(charges, charge, ctx)
            above = list(model.callers.above(site.fn, ctx)) if any(depends_on_caller(model, v) for v in told) else []
            further += above
            sums = [] if above and level < _LEVELS else list(values_at(model, site, charge.path, ctx))
            if told and sums and level:
                yield replace(charge, ctx=ctx, value=choice(sums[0].at, sums), currency=charges.currencies.of(choice(told[0].at, told)))
        waiting = further[:_MOST_CALLERS]


def _currencies(charges: Charges, charge: Charge, ctx: Ctx | None) -> list[Value]:
    return [v for path in charge.site.operation.currency for v in values_at(charges.model, charge.site, path, ctx)]


def _rule(charges: Charges, charge: Charge, currency: Currency) -> Ruling | None:
    model = charges.model
    if model.requests.source(charge.value) is not None or _is_chosen(model, charge.value):
        return None  # who chooses the number as well is not helped by the currency
    ruling = ruling_of(charges, charge, "payment/missing-currency", "payment-call")
    if model.staff_only(charge.site.fn):
        ruling.evidence.append(at(model.program, charge.site.fn, charge.site.instr, "only staff reach this", "guard"))
        return ruling
    chosen = model.requests.sources_in(currency.value, _PIECES)
    if _follows_choice(charges, charge, currency):
        ruling.evidence.append(Evidence(*charge.value.at, _WORKED_OUT, "guard"))
        return ruling
    line = argument_line(model.program, charge, next(iter(charge.site.operation.currency)))
    file, there = _read_at(model, chosen[0][1]) if chosen and charge.ctx is not None else (ruling.file, line)
    ruling.anchor = (file, there, there)
    _break(ruling, "the amount is the server's number")
    ruling.evidence = [Evidence(*v.at, "the currency is read from the request", "source") for _, v in chosen[:2]] + ruling.evidence
    return ruling


def _read_at(model: Model, piece: Value) -> tuple[str, int]:
    """Where a piece is read from the request, before others lower its case or hand it on."""
    source = model.requests.source(piece)
    inner = (p for p in pieces([piece], _PIECES, model.evaluator.made_of) if isinstance(p, Member))
    asked = [
        p
        for p in inner
        if (s := model.requests.source(p)) is not None and source is not None and (s.kind, s.key) == (source.kind, source.key)
    ]
    return asked[-1].at if asked else piece.at


def _break(ruling: Ruling, number: str) -> None:
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "critical", "likely"
    ruling.title, ruling.remediation = _TITLE, _REMEDY
    ruling.message = (
        f"The currency comes from the client's request while {number}: a changed request pays the same number in the cheapest currency "
        "there is."
    )


def _is_chosen(model: Model, value: Value) -> bool:
    """Whether a part of the sum itself is the client's, and not written over by the server."""
    chosen = chosen_by_client(model, value)
    return any(c.key is None or (model.words.money(c.word) and not set_over(model, c)) for c in chosen)


def _follows_choice(charges: Charges, charge: Charge, currency: Currency) -> bool:
    """Whether the currency that the client chose takes part in the sum: as a key into prices, or handed to what converts it."""
    model, value = charges.model, charge.value
    chosen = {(s.kind, s.key) for s, _ in model.requests.sources_in(currency.value, _PIECES)}
    if all(isinstance(o, Const) for o in options(value)) and not selecting(model, charge.site.fn).isdisjoint(chosen):
        return True  # `PRICES[currency]`: one of the sums that are written down

    def onward(here: Value) -> list[Value]:
        given: list[Value] = []
        if isinstance(here, Result) and here.instr >= 0:
            if model.operations.at(here.fn, here.instr, here.ctx) is not None:
                return []  # a provider works with the number that it is given
            given = [v for _, v in model.evaluator.arguments(here)]
        key = [here.key] if isinstance(here, Element) and here.key is not None else []
        return [*given, *key, *here.parts()]

    sources = (model.requests.source(here) for here in pieces([value], _PIECES, onward))
    return any((source.kind, source.key) in chosen for source in sources if source is not None)


# --- kept with a cart or an order


def kept_to_charge(charges: Charges) -> Iterator[Ruling]:
    """Where a request of a customer says in which currency a cart or order is, of units that charge records in their own currency."""
    model = charges.model
    charged = {model.program.unit(c.site.fn.file) for c in charges.all if c.currency is not None and c.currency.origin == "record"}
    told = {r.anchor[:2] for r in given_to_charges(charges) if r.outcome == "broken" and r.anchor is not None} if charged else set()
    for entry in model.handlers.of_customers:
        unit = model.program.unit(entry.target.fn.file)
        if unit not in charged:
            continue
        for effect in model.effects.of(entry.target):
            value = _currency_kept(model, effect)
            if value is not None and not _priced_by(model, unit, entry):
                ruling = Ruling(
                    "payment/client-amount", "broken", "order-total", effect.fn.file, model.program.body(effect.fn).line[effect.instr]
                )
                read = _read_at(model, value)
                ruling.anchor = (*read, read[1])
                if read in told:
                    continue
                _break(ruling, "prices keep the numbers that they have in the shop's")
                ruling.evidence = [
                    Evidence(*value.at, "the currency is read from the request", "source"),
                    at(model.program, effect.fn, effect.instr, "kept as the currency in which it is charged", "sink"),
                ]
                yield ruling


def _currency_kept(model: Model, effect: Effect) -> Value | None:
    """The client's currency that an effect keeps with a cart or an order, of which he does not say the sum as well."""
    touch = effect.touch
    if touch is None or touch.kind not in _KEEPS or not (model.words.entity(touch.entity) or CART.fullmatch(touch.entity)):
        return None
    if any(v is not None and model.words.money(n) and _is_chosen(model, v) for n, v in touch.fields.items()):
        return None
    for name, value in touch.fields.items():
        source = model.requests.source(value) if value is not None and model.words.has("currency_fields", snake(name)) else None
        if value is not None and source is not None and source.key and source.kind in ("body", "query"):
            last = source.key.rpartition(".")[2].removesuffix("[]")
            return value if model.words.has("currency_fields", snake(last)) else None
    return None


def _converts(model: Model, fn: Fn) -> bool:
    """Whether a function speaks of converting sums: pictures are converted, too, and letters exchanged."""
    said = {snake(t) for t in model.vocabulary.tokens(fn)}
    plainly = any(_BY_RATE.fullmatch(t) for t in said)
    return plainly or (any(_CONVERTS.fullmatch(t) for t in said) and any(model.words.has("currency_fields", t) for t in said))


def _priced_by(model: Model, unit: str, entry: Entry) -> bool:
    """Whether prices follow the currency: they are kept per currency, looked up by one, or converted."""
    for table in model.schema.mentioning(["currency"]):
        if table.unit == unit and _PRICES.fullmatch(snake(table.entity or table.name)):
            return True
    for fn in model.customer_functions:
        if model.program.unit(fn.file) == unit and _converts(model, fn):
            return True
    touches = (e.touch for e in model.effects.of(entry.target))
    return any(t is not None and t.kind == "read" and any(model.words.has("currency_fields", snake(k)) for k in t.keys) for t in touches)
