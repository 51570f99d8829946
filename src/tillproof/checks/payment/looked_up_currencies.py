"""Currencies that a client chooses by something else that he says, his country or how he pays, while the number stays the same:
``amount: 10000, currency: CURRENCIES[req.query.country]``."""

from collections.abc import Iterator, Sequence

from tillproof.checks.payment.charges import Charge, Charges, ruling_of
from tillproof.checks.payment.chosen_currencies import owing
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.model import Model
from tillproof.commerce.requests import Source
from tillproof.flow.choosing import conditions_of
from tillproof.flow.defuse import DefUse
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, Ctx, Value, options
from tillproof.flow.values import Place as At
from tillproof.ir.body import Body, entries
from tillproof.ir.ops import Op

_ALIKE = frozenset(["USD", "EUR", "GBP", "CHF", "CAD", "AUD", "NZD", "SGD", "BND"])
"""Of these a unit is worth about as much as one of another: a shop may mean to ask for the same number of either."""
_SENT = ("body", "query", "path")
_PASSING = (Op.AWAIT, Op.CAST, Op.TEXT, Op.SPREAD)
_DEEPEST = 6
_LEVELS = 2
_MOST_CALLERS = 12
_PIECES = 60


def by_something_else(charges: Charges) -> Iterator[Ruling]:
    """One ruling per charge of one number in one of several currencies, by what the request says of something else."""
    model = charges.model
    for charge in owing(charges):
        currency = charge.currency
        if currency is None or currency.origin != "fixed" or len(currency.codes) < 2 or currency.codes <= _ALIKE:
            continue
        if len({o.text for o in options(charge.value) if isinstance(o, Const)}) != 1 or not isinstance(charge.value, Const):
            continue  # another number for another currency
        chosen = next(iter(_chosen(charges, charge)), None)
        if chosen is None or model.staff_only(charge.site.fn):
            continue
        (source, value), (file, line) = chosen
        ruling = ruling_of(charges, charge, "payment/client-amount", "payment-call")
        ruling.outcome, ruling.severity, ruling.confidence = "broken", "critical", "likely"
        ruling.anchor = (file, line, line)
        ruling.title = "The client chooses the currency of the charge"
        ruling.message = (
            f"`{source.key}` comes from the client's request and decides in which of {len(currency.codes)} currencies the same number is "
            "charged: whoever names the cheapest of them pays the same number of units of it, and gets the same goods."
        )
        ruling.remediation = (
            "Keep a price for each currency in which you sell, and take number and currency together from the same entry; or take the "
            "currency from the order or the shop's settings."
        )
        ruling.evidence = [
            Evidence(*value.at, f"`{source.key}` is read from the request, and the currency is looked up by it", "source"),
            Evidence(*charge.value.at, "the number is the same whatever the currency", "step"),
            *ruling.evidence,
        ]
        yield ruling


def _chosen(charges: Charges, charge: Charge) -> Iterator[tuple[tuple[Source, Value], At]]:
    """The pieces of a request by which the currency of a charge is chosen, here or in what callers hand over, and where it is put in."""
    model, inner = charges.model, charge.site.fn
    for fn in (inner, *(around for around in model.program.around(inner) if around.number != TOP)):
        for given in _given(charges, charge, fn):
            rows = set(_deciding(model, fn, given, 0))
            place = (fn.file, model.program.body(fn).line[given])
            yield from ((found, place) for found in _sent(model, fn, rows, charge.ctx if fn == inner else None))


def _sent(model: Model, fn: Fn, rows: set[int], ctx: Ctx | None) -> Iterator[tuple[Source, Value]]:
    """The pieces of a request among what instructions of a function give, as it is called."""
    contexts: Sequence[Ctx | None] = [ctx]
    for _ in range(_LEVELS + 1):
        for here in contexts:
            for row in sorted(rows):
                found = model.requests.sources_in(model.evaluator.value(fn, row, here), _PIECES)
                yield from ((s, v) for s, v in found if s.kind in _SENT and s.key)
        contexts = [deeper for here in contexts for deeper in model.callers.above(fn, here)][:_MOST_CALLERS]


def _given(charges: Charges, charge: Charge, fn: Fn) -> Iterator[int]:
    """The instructions that are put in as the currency, in the function that asks the provider or in one around it."""
    body = charges.model.program.body(fn)
    names = {path.rpartition(".")[2].removesuffix("[]") for path in charge.site.operation.currency}
    for i, op in enumerate(body.op):
        if op == Op.RECORD or (fn, i) == (charge.site.fn, charge.site.instr):
            held = entries(body, i) if op == Op.RECORD else body.call(i)[1]
            yield from (v for k, v in held if k in names and v >= 0)


def _deciding(model: Model, fn: Fn, i: int, depth: int) -> Iterator[int]:
    """What decides which of several constants an instruction gives: keys, arguments and conditions."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    if i < 0 or depth > _DEEPEST:
        return
    op, args = body.op[i], body.args(i)
    if op == Op.NAME:
        for store in flow.reaching(i, body.name(i)).stores:
            yield from _asked(body, flow, store)
            yield from _deciding(model, fn, body.args(store)[1], depth + 1)
    elif op == Op.INDEX:
        yield args[1]
    elif op == Op.CHOICE:
        for one in args[1:]:
            yield from _asked(body, flow, one) if one >= 0 else ()
            yield from _deciding(model, fn, one, depth + 1)
    elif op == Op.CALL:
        given = [v for _, v in body.call(i)[1]]
        yield from given
        if not given and body.op[args[0]] == Op.FIELD:
            yield from _deciding(model, fn, body.args(args[0])[0], depth + 1)
    elif op in _PASSING:
        for below in args:
            yield from _deciding(model, fn, below, depth + 1)


def _asked(body: Body, flow: DefUse, i: int) -> Iterator[int]:
    """What is compared where it is decided whether an instruction is reached."""
    for condition in conditions_of(body, flow, i):
        yield from body.args(condition.instr)[1:3] if body.op[condition.instr] == Op.BINARY else (condition.instr,)
