"""``payment/missing-currency``: a charge names its currency, and it is the order's own."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.payment.charges import Charge, Charges, argument_line, ruling_of
from tillproof.checks.payment.chosen_currencies import given_to_charges, owing
from tillproof.checks.payment.order_currency import asked_for, currency_of_orders, holder_of, kept_by_default
from tillproof.checks.payment.unkept_currencies import Unkept, unkept
from tillproof.checks.ruling import Evidence, Ruling, each_once
from tillproof.commerce.currencies import Currency
from tillproof.commerce.given import is_open, values_at
from tillproof.commerce.model import Model
from tillproof.commerce.request_arguments import reads_request
from tillproof.flow.values import Choice, Member, Param, pieces

_OWN = "Give the currency that is stored with the order, next to the amount that is stored with it."


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per charge, or per caller where a caller gives the currency."""
    charges = Charges(model)
    yield from each_once(ruling for charge in owing(charges) if (ruling := _rule(charges, charge)) is not None)
    # A system that no pack knows may take one currency alone, and need none: but not the shop's for the order's.
    strange = ((c, c.currency) for c in charges.of_strangers if c.currency is not None and c.currency.origin == "shop")
    yield from each_once(ruling for charge, currency in strange if (ruling := _of_the_shop(charges, charge, currency)) is not None)
    yield from each_once(given_to_charges(charges))


def _rule(charges: Charges, charge: Charge) -> Ruling | None:
    currency = charge.currency
    if currency is None:
        return None if reads_request(charges.model, charge.site, charge.ctx) else _absent(charges, charge)  # the page may send one
    if (asked := unkept(charges, charge)) is not None:
        return _not_kept(charges, charge, asked)
    if currency.origin == "client":
        return None  # `given_to_charges` speaks of it
    rules = {"shop": _of_the_shop, "fixed": _fixed, "record": _held, "setting": _held}
    return rules.get(currency.origin, _unknown)(charges, charge, currency)


def _ruling(charges: Charges, charge: Charge) -> Ruling:
    return ruling_of(charges, charge, "payment/missing-currency", "payment-call")


def _break(charges: Charges, charge: Charge) -> Ruling:
    ruling = _ruling(charges, charge)
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    line = argument_line(charges.model.program, charge, next(iter(charge.site.operation.currency)))
    ruling.anchor = (ruling.file, line, line)
    ruling.remediation = _OWN
    return ruling


def _absent(charges: Charges, charge: Charge) -> Ruling | None:
    """Nothing is given as the currency."""
    site = charge.site
    path = next(iter(site.operation.currency))
    provider = site.provider.name
    if is_open(charges.model, site, path, charge.ctx):
        return None
    ruling = _break(charges, charge)
    if not is_open(charges.model, site, path, None):  # whoever calls the wrapper, it sends none
        ruling.file, ruling.line = site.fn.file, charges.model.program.body(site.fn).line[site.instr]
    beside = argument_line(charges.model.program, charge, charge.path) if charge.place[0] == site.fn else ruling.line
    ruling.anchor = (ruling.file, beside, beside)  # where the sum is put in, its currency belongs beside it
    orders = _own_currency(charges, charge)
    without = site.operation.currency_without
    ruling.confidence = "certain" if orders is not None or not without else "likely"
    ruling.severity = "high" if orders is not None and without else "medium" if orders is not None or not without else "info"
    ruling.title = f"{provider}: no currency is given to the charge"
    happens = (
        f"{provider} then charges the number in {without}"
        if without
        else f"{provider} then refuses the request, or takes the account's default currency"
    )
    ruling.message = f"The call gives an amount without its currency; {happens}." + (
        " Orders have a currency of their own, so one of another currency is charged number for number in the wrong one."
        if orders is not None
        else " That is right only as long as the shop has that one currency."
    )
    if provider == "Braintree":
        ruling.remediation = (
            "Pass the merchant account of the order's currency (`merchantAccountId`), and refuse currencies without one; or assert that "
            "the order is in the default account's currency."
        )
    ruling.evidence += [Evidence(*orders, "an order has a currency of its own")] if orders is not None else []
    return ruling


def _not_kept(charges: Charges, charge: Charge, asked: Unkept) -> Ruling:
    """A currency that a record is asked for by a name under which it keeps none."""
    ruling = _break(charges, charge)
    provider, without = charge.site.provider.name, charge.site.operation.currency_without
    ruling.severity, ruling.confidence = "high" if without else "medium", "certain"
    ruling.title = f"The record is asked for `{asked.asked}`, and keeps its currency as `{asked.kept}`"
    happens = f"{provider} charges the number in {without}" if without else f"{provider} refuses the request, or takes a default"
    ruling.message = f"The answer is always empty, so no currency is sent: {happens}, whatever the order's currency."
    ruling.remediation = f"Give `{asked.kept}`, and refuse to charge where it is empty."
    ruling.evidence.append(Evidence(*asked.read, "nothing is answered here", "missing"))
    ruling.evidence += [Evidence(*asked.declared, "the currency is kept here", "source")] if asked.declared is not None else []
    return ruling


def _of_the_shop(charges: Charges, charge: Charge, currency: Currency) -> Ruling | None:
    """The shop's currency, for the sum of an order."""
    holder = next((h for m in charges.units.of(charge.value) if (h := charges.holder(m)) is not None), None)
    if holder is None:
        return _held(charges, charge, currency)
    ruling = _break(charges, charge)
    ruling.title = "The sum is an order's, the currency is the shop's"
    ruling.message = (
        "The amount is the order's own total, but the currency is the shop's current setting: an order in another currency is charged "
        "number for number in the wrong one."
    )
    ruling.remediation = f"Give the order's own currency: `{charges.own_currency(holder)}()`."
    ruling.evidence = [Evidence(*holder.at, "the order that the sum is from", "source"), *ruling.evidence]
    ruling.evidence.append(Evidence(*currency.value.at, "the currency is the shop's", "missing"))
    return ruling


def _fixed(charges: Charges, charge: Charge, currency: Currency) -> Ruling | None:
    """A currency that is written down: right as long as orders have none of their own."""
    orders = _own_currency(charges, charge)
    if (
        orders is None
        or len(currency.codes) > 1  # one of several, by what somebody is: nothing is always so
        or _reads_record(charges, charge)
        or kept_by_default(charges, currency.codes)
        or currency.codes == charges.currencies.only_codes(charges.model.program.unit(charge.site.fn.file))
    ):
        return _held(charges, charge, currency)
    code = ", ".join(sorted(currency.codes))
    if (asked := asked_for(charges, charge, code)) is not None:
        ruling = _ruling(charges, charge)
        ruling.outcome = "unknown"
        ruling.question = Evidence(*asked, f"Is this charge made only where the currency is {code}, as is asked here?")
        return ruling
    ruling = _break(charges, charge)
    file, line = currency.value.at
    if file == charge.site.fn.file:  # written down where it is asked for, whoever calls
        ruling.anchor = (file, line, line)
    ruling.title = f"The charge is always in {code}, whatever the order's currency"
    ruling.message = (
        f"{code} is written down here while orders have a currency of their own: an order in another one is charged number for number "
        "in the wrong one."
    )
    ruling.evidence.append(Evidence(*orders, "an order has a currency of its own"))
    return ruling


def _reads_record(charges: Charges, charge: Charge) -> bool:
    """Whether the call itself hands over a record's own currency, whatever the shop gives its records."""
    given = [v for path in charge.site.operation.currency for v in values_at(charges.model, charge.site, path, None)]
    return any(isinstance(p, Member) and "currency" in p.name.lower() for p in pieces(given, 20))


def _own_currency(charges: Charges, charge: Charge) -> tuple[str, int] | None:
    """Where the code shows that orders have a currency of their own."""
    holder = holder_of(charges, charge)
    if holder is not None and charges.own_currency(holder) is not None:
        return holder.at
    return currency_of_orders(charges, charge)


def _held(charges: Charges, charge: Charge, currency: Currency) -> Ruling:
    ruling = _ruling(charges, charge)
    note = {
        "record": "the currency is read from the record",
        "setting": "the currency is the shop's setting",
        "shop": "the currency is the shop's, as the sum is",
    }.get(currency.origin, "the currency is one of several" if len(currency.codes) > 1 else "the currency is the shop's only one")
    ruling.evidence.insert(0, Evidence(*currency.value.at, note, "guard"))
    return ruling


def _unknown(charges: Charges, charge: Charge, currency: Currency) -> Ruling | None:
    if not isinstance(currency.value, Param):
        return None if isinstance(currency.value, Choice) else _held(charges, charge, currency)
    ruling = _ruling(charges, charge)
    ruling.outcome = "unknown"
    ruling.question = Evidence(
        *currency.value.at,
        f"Which currency is handed over as `{currency.value.name}`, and is it that of the amount? No caller is in the repository.",
    )
    return ruling


CHECK = Check(id="payment/missing-currency", title="A charge names its currency, and it is the order's own", severity="medium", rule=rule)
