"""The words of payment/amount-unit: what goes wrong in money, and what to write instead in the language at hand."""

from dataclasses import dataclass, field

from tillproof.checks.payment.amount_flaws import Flaw
from tillproof.checks.payment.charges import Charge, Charges
from tillproof.checks.ruling import Evidence, at
from tillproof.commerce.currencies import Followed
from tillproof.commerce.units import Money, name_of
from tillproof.flow.values import Value

_ROUNDED = {
    "python": "Keep prices as `Decimal` (or integer cents) and convert with `int((amount * 100).to_integral_value(ROUND_HALF_UP))`.",
    "javascript": "Round before it becomes an integer: `Math.round(amount * 100)`, or keep prices as integer cents.",
    "php": "Round before the cast: `(int) round($amount * 100)`, or keep prices as integer cents.",
}
_SCALED = {
    "python": "Multiply by ten to the power of the currency's decimals: `int((amount * 10 ** decimals(currency)).to_integral_value())`, with 0 for "
    "JPY, KRW … and 3 for KWD, BHD …; or refuse every currency that has not two.",
    "javascript": "Multiply by ten to the power of the currency's decimals: `Math.round(amount * 10 ** decimals(currency))`, with 0 for JPY, KRW … "
    "and 3 for KWD, BHD …; or refuse every currency that has not two.",
    "php": "Multiply by ten to the power of the currency's decimals: `(int) round($amount * 10 ** $decimals)`, with 0 for JPY, KRW … and 3 for "
    "KWD, BHD …; or refuse every currency that has not two.",
}
_WRITTEN = {
    "python": "Write the sum from a `Decimal`: `str(amount.quantize(Decimal('0.01')))`.",
    "javascript": "Write the sum with fixed decimals, from integer cents: `(cents / 100).toFixed(2)`.",
    "php": "Write the sum with fixed decimals: `number_format($amount, 2, '.', '')`.",
}


@dataclass(slots=True)
class Said:
    """A finding's words, and the lines that they speak of."""

    title: str
    message: str
    remediation: str
    evidence: list[Evidence] = field(default_factory=list)


def words_for(charges: Charges, charge: Charge, found: Flaw, money: Money) -> Said:
    """What to say of a flaw."""
    language = charges.model.program.language(charge.site.fn.file)
    provider = charge.site.provider.name
    said = _TEXTS[found.what](provider, found, name_of(charge.value))
    said.remediation = said.remediation or {
        "cent-lost": _ROUNDED, "unrounded": _ROUNDED, "factor": _SCALED, "decimals": _SCALED, "float": _WRITTEN,
    }[found.what][language]  # fmt: skip
    said.evidence = [Evidence(*found.value.at, said.title, "missing"), *_other(charges, found.other)]
    return said


def _other(charges: Charges, other: Value | Followed | None) -> list[Evidence]:
    if isinstance(other, Followed):
        return [at(charges.model.program, other.fn, other.instr, "here the decimals follow a currency")]
    return [Evidence(*other.at, "compare this line")] if other is not None else []


def _twice(provider: str, found: Flaw, name: str) -> Said:
    return Said(
        "The sum is converted between units twice",
        f"The sum is already in the unit that {provider} reads when it is scaled by a hundred once more, so the customer pays a hundred times too "
        "much or too little.",
        "Take the conversion away at one of the two places, and let the name of the field say its unit (`total_cents`).",
    )


def _cent_lost(provider: str, found: Flaw, name: str) -> Said:
    return Said(
        "A cent is lost on the way to the smallest unit",
        "A binary float times a hundred often lies just below the whole number, and the fraction is cut off instead of rounded: 19.99 becomes 1998, "
        f"so {provider} charges a cent less than the order says, and the two no longer agree.",
        "",
    )


def _unrounded(provider: str, found: Flaw, name: str) -> Said:
    return Said(
        "The sum in the smallest unit is no whole number",
        "A binary float times a hundred is not rounded: 19.99 becomes 1998.9999999999998. "
        f"{provider} takes whole numbers only, so some prices cannot be paid.",
        "",
    )


def _major(provider: str, found: Flaw, name: str) -> Said:
    return Said(
        "The sum is given in major units",
        f"{provider} reads the number as the smallest unit of the currency, and gets major units with decimals: 20.00 is charged as 20 cents, and a "
        "sum with a fraction is refused.",
        "Convert to the smallest unit first: times a hundred (ten to the power of the currency's decimals), rounded to a whole number.",
    )


def _minor(provider: str, found: Flaw, name: str) -> Said:
    return Said(
        "The sum is given in the smallest unit",
        f"{provider} reads major units with decimals and gets whole cents: an order of 20.00 is charged as 2000.00.",
        "Divide by ten to the power of the currency's decimals and write the sum out with them, e.g. `20.00`.",
    )


def _factor(provider: str, found: Flaw, name: str) -> Said:
    if found.code:
        return Said(
            f"The sum is scaled for two decimals, but {found.code} has others",
            f"{found.code} is given as the currency while the sum counts hundredths: {provider} charges a hundred times too much of a currency "
            "without decimals, a tenth of one with three.",
            "",
        )
    return Said(
        "Two decimals are taken for granted, whatever the currency",
        "The currency varies, but the sum is always scaled by a hundred: an order in JPY or KRW, which have no smaller unit, is charged a hundred "
        "times over, one in KWD or BHD, which have thousandths, at a tenth.",
        "",
    )


def _decimals(provider: str, found: Flaw, name: str) -> Said:
    which = found.code or "a currency such as JPY"
    return Said(
        "The sum is written with two decimals, whatever the currency",
        f"{provider} refuses decimals for a currency that has none: an order in {which} cannot be paid or refunded.",
        "",
    )


def _other_currency(provider: str, found: Flaw, name: str) -> Said:
    return Said(
        "The sum is converted with the decimals of another currency",
        "No currency is given to the conversion, so it takes the shop's; the sum is that of an order, which has a currency of its own. Where the "
        "two differ in decimals, a hundred times too much or too little is asked for.",
        "Give the order's own currency to the conversion.",
    )


def _unconverted(provider: str, found: Flaw, name: str) -> Said:
    return Said(
        "The sum is not converted as the charge's is",
        "The charge is converted to the smallest unit by its currency; this sum, of the same payment, is handed on as it comes. For a currency "
        "without decimals it is a hundred times too large.",
        "Put the sum through the same conversion as the charge, with the payment's currency.",
    )


def _float(provider: str, found: Flaw, name: str) -> Said:
    return Said(
        "The sum is a binary float",
        f"{provider} takes a text with fixed decimals; a float that was worked out can read 30.299999999999997, and loses its trailing zeros, so "
        "the request is refused or its parts do not add up.",
        "",
    )


_TEXTS = {
    "twice": _twice, "cent-lost": _cent_lost, "unrounded": _unrounded, "major": _major, "minor": _minor, "factor": _factor, "decimals": _decimals,
    "other-currency": _other_currency, "unconverted": _unconverted, "float": _float,
}  # fmt: skip
