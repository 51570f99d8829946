"""The words of payment/amount-unit: what goes wrong in money, and what to write instead in the language at hand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tillproof.checks.payment.amount_flaws import Flaw
from tillproof.checks.payment.charges import Charge, Charges
from tillproof.checks.ruling import Evidence, at
from tillproof.commerce.currencies import Followed
from tillproof.flow.values import Value

# `order.get_total() * 100`: names, members and calls that are given nothing.
_TIMES = re.compile(r"([$A-Za-z_][\w$.]*(?:(?:\(\)|->)[\w$.]*)*)\s*\*\s*100\b")
_ROUNDED = {
    "python": "Round before it becomes an integer: `round({sum} * 100)`. And keep prices as `Decimal` or integer cents{columns}.",
    "javascript": "Round before it becomes an integer: `Math.round({sum} * 100)`, and keep prices as integer cents{columns}.",
    "php": "Round before the cast: `(int) round({sum} * 100)`, and keep prices as integer cents{columns}.",
}
_OR_REFUSE = ", with 0 for JPY, KRW … and 3 for KWD, BHD …; or refuse every currency that has not two."
_BY_CURRENCY = "Multiply by ten to the power of the currency's decimals: "
_SCALED = {
    "python": f"{_BY_CURRENCY}`int((amount * 10 ** decimals(currency)).to_integral_value())`{_OR_REFUSE}",
    "javascript": f"{_BY_CURRENCY}`Math.round(amount * 10 ** decimals(currency))`{_OR_REFUSE}",
    "php": f"{_BY_CURRENCY}`(int) round($amount * 10 ** $decimals)`{_OR_REFUSE}",
}
_SPELT = {
    "python": 'Write the sum with the currency\'s decimals: `f"{amount:.{decimals(currency)}f}"`, none for JPY.',
    "javascript": "Write the sum with the currency's decimals: `amount.toFixed(decimals(currency))`, none for JPY.",
    "php": "Write the sum with the currency's decimals: `number_format($amount, $decimals, '.', '')`, none for JPY.",
}
_WRITTEN = {
    "python": "Write the sum from a `Decimal`: `str(amount.quantize(Decimal('0.01')))`.",
    "javascript": "Write the sum with fixed decimals, from integer cents: `(cents / 100).toFixed(2)`.",
    "php": "Write the sum with fixed decimals: `number_format($amount, 2, '.', '')`.",
}
_KEPT_WHOLE = "; where whole units alone are taken, round the order's own total before the customer sees it, and charge that."
_KEPT = {
    "python": f"Hand the sum on as it is, `str(amount.quantize(Decimal('0.01')))`{_KEPT_WHOLE}",
    "javascript": f"Hand the sum on as it is, `amount.toFixed(2)`{_KEPT_WHOLE}",
    "php": f"Hand the sum on as it is, `number_format($amount, 2, '.', '')`{_KEPT_WHOLE}",
}
_PLAIN = {
    "python": 'Write the sum without marks: `f"{amount:.2f}"`, or as a whole number of the smallest unit.',
    "javascript": "Write the sum without marks: `amount.toFixed(2)`, or as a whole number of the smallest unit.",
    "php": "Name the marks: `number_format($amount, 2, '.', '')`, or give a whole number of the smallest unit.",
}


class _Text(NamedTuple):
    """``remedy``: one text, or one for each language."""

    title: str
    message: str
    remedy: str | dict[str, str]


_TEXTS = {
    "twice": _Text(
        "The sum is converted between units twice",
        (
            "The sum is already in the unit that {provider} reads when it is scaled by a hundred once more, so a hundred times too much or "
            "too little is charged."
        ),
        "Take the conversion away at one of the two places, and let the name of the field say its unit (`total_cents`).",
    ),
    "cent-lost": _Text(
        "A cent is lost on the way to the smallest unit",
        (
            "A binary float times a hundred often lies just below the whole number, and what is behind the point is cut off instead of "
            "rounded: 19.99 becomes 1998. {provider} charges a cent less than the order says, and the two no longer agree."
        ),
        _ROUNDED,
    ),
    "cent-compared": _Text(
        "A sum loses a cent before it is compared",
        (
            "A binary float times a hundred often lies just below the whole number, and what is behind the point is cut off instead of "
            "rounded: 19.99 becomes 1998. {provider} has the whole sum, so what agrees is taken for another, and what was rightly paid is "
            "refused or asked for again."
        ),
        _ROUNDED,
    ),
    "cut-first": _Text(
        "The cents are cut off before they are counted",
        (
            "What is behind the point is cut off first and the rest is scaled then: 19.99 becomes 1900. {provider} charges up to 99 cents "
            "less than the order says, and the two no longer agree."
        ),
        _ROUNDED,
    ),
    "cut-off": _Text(
        "What is behind the point is cut off the sum",
        (
            "The order says 19.99 and {provider} is asked for 19: up to 99 cents of each order are never charged, and what was paid no "
            "longer agrees with what the order says."
        ),
        _KEPT,
    ),
    "marks": _Text(
        "The sum is written with a mark between thousands",
        (
            "From a thousand on the text reads `1,234.50`, which is no number: {provider} refuses it, and a cast on the way makes it 1. "
            "Dear orders cannot be paid, or are paid with next to nothing."
        ),
        _PLAIN,
    ),
    "unrounded": _Text(
        "The sum in the smallest unit is no whole number",
        (
            "A binary float times a hundred is not rounded: 19.99 becomes 1998.9999999999998. {provider} takes whole numbers only, so some "
            "prices cannot be paid."
        ),
        _ROUNDED,
    ),
    "major": _Text(
        "The sum is given in major units",
        (
            "{provider} reads the number as the smallest unit of the currency and gets major units with decimals: 20.00 is charged as 20 "
            "cents, and a sum with a fraction is refused."
        ),
        "Convert to the smallest unit first: times a hundred (ten to the power of the currency's decimals), rounded to a whole number.",
    ),
    "minor": _Text(
        "The sum is given in the smallest unit",
        "{provider} reads major units with decimals and gets whole cents: an order of 20.00 is charged as 2000.00.",
        "Divide by ten to the power of the currency's decimals and write the sum out with them, e.g. `20.00`.",
    ),
    "factor": _Text(
        "Two decimals are taken for granted, whatever the currency",
        (
            "The currency varies but the sum always counts hundredths: an order in JPY or KRW, which have no smaller unit, is charged a "
            "hundred times over, one in KWD or BHD, which have thousandths, at a tenth."
        ),
        _SCALED,
    ),
    "factor-code": _Text(
        "The sum counts hundredths, but {code} has none",
        (
            "{code} is given as the currency while the sum is scaled for two decimals: {provider} charges a hundred times too much of a "
            "currency without decimals, a tenth of one with three."
        ),
        _SCALED,
    ),
    "decimals": _Text(
        "The sum is written with two decimals, whatever the currency",
        "{provider} refuses decimals for a currency that has none: an order in {code} cannot be paid or refunded.",
        _SPELT,
    ),
    "other-currency": _Text(
        "The sum is converted with the decimals of another currency",
        (
            "No currency is given to the conversion, so it takes the shop's; the sum is that of an order, which has a currency of its own. "
            "Where the two differ in decimals, a hundred times too much or too little is asked for."
        ),
        "Give the order's own currency to the conversion.",
    ),
    "unconverted": _Text(
        "The sum is not converted as the charge's is",
        (
            "The charge is converted to the smallest unit; this sum, of the same payment, is handed on as it comes, so a hundred times too "
            "little or too much is moved, in some currencies at least."
        ),
        "Put the sum through the same conversion as the charge, with the payment's currency.",
    ),
    "thousandths": _Text(
        "Currencies with three decimals are charged at a tenth",
        (
            "The conversion knows currencies without decimals and takes two for all others: an order in KWD, BHD or JOD, which have "
            "thousandths, is charged at a tenth."
        ),
        _SCALED,
    ),
    "float": _Text(
        "The sum is a binary float",
        (
            "{provider} takes a text with fixed decimals; a float that was worked out can read 30.299999999999997 and loses its trailing "
            "zeros, so the request is refused or its parts do not add up."
        ),
        _WRITTEN,
    ),
}


@dataclass(slots=True)
class Said:
    """A finding's words, and the lines that they speak of."""

    title: str
    message: str
    remediation: str
    evidence: list[Evidence] = field(default_factory=list)


def words_for(charges: Charges, charge: Charge, found: Flaw, kept: Iterable[str] = ()) -> Said:
    """What to say of a flaw. ``kept``: the columns that the sum is worked out from."""
    kind = "factor-code" if found.what == "factor" and found.code else found.what
    title, message, remedy = _TEXTS[kind]
    names = {"provider": charge.site.provider.name, "code": found.code or "a currency such as JPY"}
    title = title.format(**names)
    language = charges.model.program.language(found.value.at[0])
    told = remedy if isinstance(remedy, str) else remedy[language]
    if remedy is _ROUNDED:
        columns = ", ".join(f"`{name}`" for name in kept)
        told = told.format(sum=_scaled(charges, found, language), columns=f" ({columns})" if columns else "")
    said = Said(title, message.format(**names), told)
    said.evidence = [Evidence(*found.value.at, title, "missing"), *_other(charges, found.other)]
    return said


def _scaled(charges: Charges, found: Flaw, language: str) -> str:
    """What is multiplied by a hundred, as it is written there."""
    file, line = found.value.at
    lines = charges.model.program.sources[file].decode("utf-8", "replace").splitlines()
    written = _TIMES.search(lines[line - 1]) if 0 < line <= len(lines) else None
    return written[1] if written is not None else "$amount" if language == "php" else "amount"


def _other(charges: Charges, other: Value | Followed | None) -> list[Evidence]:
    if isinstance(other, Followed):
        return [at(charges.model.program, other.fn, other.instr, "here the decimals follow a currency")]
    return [Evidence(*other.at, "compare this line", "sink")] if other is not None else []
