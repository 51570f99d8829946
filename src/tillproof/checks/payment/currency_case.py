"""Decimals of a currency that are looked for and never found: by a code in the wrong letters (``jpy`` among ``JPY``), by the sum instead of
the code, or among the places of a list instead of what stands in it. Two decimals are taken then, whatever the currency."""

from collections.abc import Iterator

from tillproof.checks.payment.charges import Charges
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.currencies import Followed
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx

_LEVELS = 3
_MOST = 60
_CODES = ("JPY", "jpy")


def lookups_missed(charges: Charges) -> Iterator[Ruling]:
    """One ruling per conversion that is asked for with a code in letters in which it is not known."""
    said: set[tuple[str, int]] = set()
    for fn in _looking(charges):
        for place in _in_contexts(charges, fn):
            ruling = _blind(charges, place) if place.blind else _in_letters(charges, place)
            if (ruling.file, ruling.line) not in said:
                said.add((ruling.file, ruling.line))
                yield ruling


def _looking(charges: Charges) -> list[Fn]:
    """Functions that look decimals up by a code whose letters matter."""
    program = charges.model.program
    calls = {n.rpartition(".")[2] for f in charges.model.knowledge.frameworks.values() for n in f.currencies.upper}
    found: dict[Fn, None] = {}
    for word in (*sorted(calls), *_CODES):
        for file in program.mentioning(word):
            for fn in program.functions_around(file, "urrency") if word in _CODES else program.functions_calling_name(file, word):
                found[fn] = None
    for charge in charges.all:  # the list may stand in another file
        found.update((fn, None) for fn, _ in charges.way(charge))
    return [fn for fn in found if _looks_up_decimals(charges, fn)]


def _looks_up_decimals(charges: Charges, fn: Fn) -> bool:
    """Whether a function asks by a code how many decimals there are: one that knows codes with two of them looks for something else."""
    followed = charges.currencies.followed(fn, None)
    if any(p.blind for p in followed):
        return True
    return any(p.case for p in followed) and not any(charges.currencies.decimals(c.upper()) == 2 for p in followed for c in p.codes)


def _in_contexts(charges: Charges, fn: Fn) -> Iterator[Followed]:
    """The places of a function that miss: by themselves, or for a caller that hands the code over."""
    own = [p for p in charges.currencies.followed(fn, None) if p.missed]
    if own:
        yield own[0]
        return
    contexts: list[Ctx] = []
    for level in range(1, _LEVELS + 1):
        contexts += [c for c in charges.model.callers.contexts(fn, level) if c.depth == level][:_MOST]
    for ctx in contexts:
        missed = next((p for p in charges.currencies.followed(fn, ctx) if p.missed), None)
        if missed is not None:
            yield missed


def _broken(charges: Charges, fn: Fn, instr: int) -> Ruling:
    program = charges.model.program
    ruling = Ruling("payment/amount-unit", "broken", "currency-decimals", fn.file, program.body(fn).line[instr])
    ruling.severity, ruling.confidence = "high", "certain"
    ruling.anchor = extent(program, fn, instr)
    return ruling


def _in_letters(charges: Charges, place: Followed) -> Ruling:
    ruling = _broken(charges, *_asked_at(charges, place))
    ruling.title = "The currency's decimals are looked up in the wrong letters"
    given = "lower" if place.case == "upper" else "upper"
    ruling.message = (
        f"The code comes in {given} case and is looked for in {place.case} case: it is never found and two decimals are taken, so a sum in "
        "JPY is recorded at a hundredth (or charged a hundred times over), one in KWD at ten times (or charged at a tenth)."
    )
    ruling.remediation = f"Put the code into {place.case} case before the lookup, inside the function that looks it up."
    ruling.evidence = [
        Evidence(*place.currency.at, f"the code comes in {given} case", "source"),
        at(charges.model.program, place.fn, place.instr, f"it is looked for in {place.case} case", "missing"),
    ]
    return ruling


def _blind(charges: Charges, place: Followed) -> Ruling:
    """A list of codes that is not asked whether it holds the currency."""
    ruling = _broken(charges, place.fn, place.instr)
    code = min(place.codes)
    if place.blind == "sum":
        ruling.title = "The list of currencies without decimals is searched for the sum"
        asked = "What is looked for among the codes is the sum and no code, so it is never found"
        ruling.remediation = "Look the currency's code up in the list, in the letters in which the list spells it."
    else:
        ruling.title = "The list of currencies without decimals is asked for its places, not for its codes"
        asked = "The code is looked for among the places of the list (0, 1, 2 …) and not among the codes in it, so it is never found"
        ruling.remediation = "Ask whether the list contains the code (`includes`, `in_array`), or keep the codes as the keys of a table."
    ruling.message = f"{asked}: two decimals are taken for every currency, and an order of 5000 {code} is charged as 500000."
    ruling.evidence = [at(charges.model.program, place.fn, place.instr, "the currency is never found here", "missing")]
    return ruling


def _asked_at(charges: Charges, place: Followed) -> tuple[Fn, int]:
    """The call that asks for the conversion: the innermost one of a function that is more than a lookup of decimals."""
    fn, instr = place.fn, place.instr
    for link in place.ctx.chain() if place.ctx is not None else ():
        if link.call < 0:
            break
        lookup = charges.model.words.has("decimals_fields", charges.model.program.name(link.fn))
        fn, instr = link.caller, link.call
        if not lookup:
            break
    return fn, instr
