"""``payment/amount-unit``: a provider gets the sum in the unit, and with the decimals, in which it reads it."""

import re
from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.payment.amount_flaws import Flaw, flaw, rounding
from tillproof.checks.payment.amount_words import words_for
from tillproof.checks.payment.charges import Charge, Charges, did, ruling_of
from tillproof.checks.payment.conversions import conversions
from tillproof.checks.payment.currency_case import lookups_missed
from tillproof.checks.ruling import Evidence, Ruling, at, each_once
from tillproof.commerce.model import Model
from tillproof.commerce.money import Money, name_of
from tillproof.flow.values import Choice, Const, Member, Missing, Mix, Result, Unknown, Value, pieces

_WORST = (
    "twice",
    "marks",
    "cut-first",
    "cut-off",
    "cent-lost",
    "major",
    "minor",
    "unrounded",
    "other-currency",
    "unconverted",
    "factor",
    "decimals",
    "thousandths",
    "float",
    "cent-perhaps",
)
"""What is said of a sum that several things are wrong with."""

_MOST = 4
_MOST_PIECES = 40
_FLOAT = "Is this sum a Decimal, or a float? int() of a float times a hundred can lose a cent (19.99 becomes 1998)."
_DECLARED = re.compile(r"`(\w+)` is declared as ")


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per sum that a provider is given; one finding per line that has to change, however many sums go through it."""
    charges = Charges(model)
    sums = (c for c in charges.all if not (isinstance(c.value, Const) and c.value.falsy))
    told = list(each_once(ruling for charge in sums if (ruling := _rule(charges, charge)) is not None))
    told += each_once(ruling for charge in charges.strange if (ruling := _strange(charges, charge)) is not None)
    yield from told
    yield from lookups_missed(charges)
    yield from _converted_elsewhere(charges, told)


def _converted_elsewhere(charges: Charges, told: list[Ruling]) -> Iterator[Ruling]:
    """What no charge was seen to come from, in functions of which nothing is said yet."""
    program = charges.model.program
    said = [r.anchor[:2] for r in told if r.outcome == "broken" and r.anchor is not None]
    for found in conversions(charges):
        function = program.function(found.fn)
        whole_file = (1, program.sources[found.fn.file].count(b"\n") + 1)
        first, last = (function.line, function.end_line) if function is not None else whole_file
        if not any(file == found.fn.file and first <= line <= last for file, line in said):
            yield _broken(charges, found.charge, found.flaw, list(charges.units.of(found.charge.value)))


def _rule(charges: Charges, charge: Charge) -> Ruling | None:
    ways = charges.units.of(charge.value)
    flaws = [(f, m) for m in ways if (f := flaw(charges, charge, m)) is not None]
    if charge.path.endswith("_decimal"):  # fractions of a cent are welcome there, and it is cents all the same
        flaws = [(f, m) for f, m in flaws if f.what in ("major", "twice")]
        if not flaws:
            return None
    if flaws:
        worst = min((f for f, _ in flaws), key=lambda f: (_is_refused(f), _WORST.index(f.what)))
        if worst.what == "cent-perhaps":
            return _question(charges, charge, worst.value, _FLOAT)
        if _is_refused(worst):
            refuses = f"{charge.site.provider.name} refuses them in those that have none (JPY, for one)"
            return _question(charges, charge, worst.value, f"Is every currency that is taken one of two decimals? {refuses}.")
        return _broken(charges, charge, worst, [m for f, m in flaws if f.what == worst.what])
    for money in sorted(ways, key=lambda m: did(m, "up") is None and did(m, "down") is None and did(m, "fix") is None):
        held = _held(charges, charge, money)
        if held:
            ruling = _ruling(charges, charge)
            ruling.evidence = [*held, *ruling.evidence]
            return ruling
    return _unknown(charges, charge)


def _strange(charges: Charges, charge: Charge) -> Ruling | None:
    """Of a sum for a system that no pack knows: whether a part of a cent is lost, or sent along, where it is made hundredths, or a mark is
    put between its thousands."""
    ways = charges.units.of(charge.value)
    if marked := [(step, m) for m in ways if (step := did(m, "mark")) is not None]:
        return _broken(charges, charge, Flaw("marks", marked[0][0].value, "high", "likely"), [m for _, m in marked])
    flaws = [(f, m) for m in ways if did(m, "up") and (f := rounding(charges, charge, m)) is not None and f.what != "cent-perhaps"]
    if flaws:
        return _broken(charges, charge, flaws[0][0], [m for _, m in flaws])
    held = next((lines for m in ways if (lines := _held(charges, charge, m))), None)
    if held is None:
        return None
    ruling = _ruling(charges, charge)
    ruling.evidence = [*held, *ruling.evidence]
    return ruling


def _ruling(charges: Charges, charge: Charge) -> Ruling:
    return ruling_of(charges, charge, "payment/amount-unit", "payment-amount")


def _broken(charges: Charges, charge: Charge, found: Flaw, ways: list[Money]) -> Ruling:
    ruling = _ruling(charges, charge)
    file, line = found.value.at
    ruling.outcome, ruling.severity, ruling.confidence = "broken", found.severity, found.confidence
    ruling.anchor = (file, line, line)
    kept = dict.fromkeys(m[1] for money in ways for s in money.steps if (m := _DECLARED.match(s.note)) is not None)
    said = words_for(charges, charge, found, kept)
    ruling.title, ruling.message, ruling.remediation = said.title, said.message, said.remediation
    sources = [
        Evidence(s.value.at[0], s.value.at[1], s.note or "the sum comes from here", "source")
        for money in ways
        for s in money.steps
        if s.did == "told" and s.value.at != found.value.at
    ]
    if (worked := _worked_out(charges, charge, found)) is not None:
        sources.append(Evidence(*worked, "the sum is worked out here", "source"))
    ruling.evidence = [*dict.fromkeys(sources), *said.evidence, *ruling.evidence]
    return ruling


def _worked_out(charges: Charges, charge: Charge, found: Flaw) -> tuple[str, int] | None:
    """Where a binary float that is handed over elsewhere is worked out."""
    if found.what != "float" or isinstance(found.value, Mix):
        return None
    inside = pieces([charge.value], _MOST_PIECES, charges.model.evaluator.made_of)
    sums = (p.at for p in inside if isinstance(p, Mix) and p.op in ("*", "/", "+", "-") and p.at != found.value.at)
    return next(((at[0], at[1]) for at in sums), None)


def _held(charges: Charges, charge: Charge, money: Money) -> list[Evidence]:
    """The lines that make a sum right: one, or all that ask for the currency's decimals."""
    minor = charge.taken == "minor"
    written = charge.value
    follows = charges.follows(charge)
    if follows and (did(money, "up") or did(money, "down") or did(money, "fix")):
        program = charges.model.program
        found = (at(program, place.fn, place.instr, "the decimals follow the currency", "guard") for place in follows)
        return list(dict.fromkeys(found))[:_MOST]
    step = did(money, "convert") or did(money, "round") or did(money, "fix") or did(money, "up") or did(money, "down")
    if minor and money.unit == "minor" and step is not None:
        return [Evidence(*step.value.at, "converted to the smallest unit and whole", "guard")]
    if not minor and step is not None and money.number in ("string", "decimal"):
        return [Evidence(*step.value.at, "written out with the currency's decimals", "guard")]
    told = did(money, "told")
    if told is not None and (money.unit == "minor") == minor and money.unit:
        return [Evidence(*told.value.at, told.note or "the sum is kept in the provider's unit", "guard")]
    if told is not None and minor and money.whole:
        return [Evidence(*told.value.at, f"{told.note or 'an integer'}, handed over as it is", "guard")]
    if isinstance(written, Const) and written.text.strip("'\"").replace(".", "").isdigit():
        return [Evidence(*written.at, "the sum is written down in the provider's unit", "guard")]
    return []


def _is_refused(found: Flaw) -> bool:
    """Whether the provider only refuses the sum, and only in currencies of which nobody says that the shop takes them."""
    return found.what == "decimals" and not found.code


def _question(charges: Charges, charge: Charge, value: Value, question: str) -> Ruling:
    ruling = _ruling(charges, charge)
    ruling.outcome = "unknown"
    ruling.question = Evidence(*value.at, question)
    return ruling


def _unknown(charges: Charges, charge: Charge) -> Ruling | None:
    """Nothing tells the unit; where nothing tells what the sum is at all, another check asks."""
    if isinstance(charge.value, (Unknown, Missing)) or (isinstance(charge.value, Choice) and len(charge.value.options) > 3):
        return None
    if charge.taken not in ("minor", "decimal-string"):
        return None
    ruling = _ruling(charges, charge)
    ruling.outcome = "unknown"
    unit = "the smallest unit of its currency (cents)" if charge.taken == "minor" else "a text with the currency's decimals"
    name = name_of(_inner(charges, charge.value))
    named = f"`{name}`" if name else "this sum"
    ruling.question = Evidence(
        *charge.value.at, f"In which unit is {named} kept? {charge.site.provider.name} takes {unit}, and nothing here says that it is."
    )
    return ruling


def _inner(charges: Charges, value: Value) -> Value:
    """What is cleaned or converted."""
    for _ in range(4):
        told = charges.units.sums.known(value)
        if not isinstance(value, Result) or value.instr < 0 or told is None:
            break
        base = value.callee.base if isinstance(value.callee, Member) else None
        value = (charges.model.evaluator.argument(value, told.sum) if told.sum is not None else base) or value
    return value


CHECK = Check(id="payment/amount-unit", title="The provider gets the sum in the unit that it reads", severity="high", rule=rule)
