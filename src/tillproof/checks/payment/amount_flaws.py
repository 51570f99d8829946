"""What can be wrong with a sum that a provider is given: the unit, the rounding, the decimals of its currency."""

import re
from dataclasses import dataclass
from typing import Literal

from tillproof.checks.payment.charges import Charge, Charges, argument_line, did, line_in_request
from tillproof.checks.payment.declared_bounds import CHOSEN_FROM, WHOLE, declared_bound
from tillproof.checks.payment.order_currency import declared_codes
from tillproof.checks.payment.shown_hundredths import divided_by_hundred
from tillproof.commerce.currencies import Currency, Followed
from tillproof.commerce.money import Money, Step, name_of
from tillproof.contract import Confidence, Severity
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, FunctionV, Member, Mix, Param, Result, Value, options, pieces
from tillproof.ir.ops import Kind, Op

What = Literal[
    "twice", "cent-lost", "unrounded", "major", "minor", "factor", "decimals", "other-currency", "unconverted", "thousandths",
    "float", "cent-perhaps", "cut-first", "cut-off", "marks", "cent-compared",
]  # fmt: skip

_FEW = 12
_SENT = 40
_DECLARED = 4  # lines of a declaration
_CODE = re.compile(r"(?<![\w])['\"]?([A-Za-z]{3})['\"]?(?=\s*[,\])|'\"])")


@dataclass(frozen=True, slots=True)
class Flaw:
    """``value`` is where the sum goes wrong; ``other`` where what it disagrees with stands."""

    what: What
    value: Value
    severity: Severity
    confidence: Confidence
    other: Value | Followed | None = None
    code: str = ""


def flaw(charges: Charges, charge: Charge, money: Money) -> Flaw | None:
    """The worst that is wrong with a sum in one of the ways in which it may come about."""
    if charge.taken != "unknown" and (marked := did(money, "mark")) is not None:
        return Flaw("marks", marked.value, "high", "likely")
    if charge.taken == "minor":
        lossy = rounding(charges, charge, money)
        if lossy is not None and lossy.what != "cent-perhaps":
            return lossy
        return _unit(charges, charge, money) or _currency(charges, charge, money) or lossy  # what is only asked comes last
    if charge.taken in ("decimal-string", "decimal"):
        return _in_decimals(charges, charge, money)
    return None


# --- integers of the smallest unit


def rounding(charges: Charges, charge: Charge, money: Money) -> Flaw | None:
    """A fraction that is cut off or sent along."""
    confidence: Confidence = "certain" if money.sure or _from_client(charges, charge) else "likely"
    cut = next((s for s in money.steps if s.loses), None)
    if cut is not None:
        return Flaw("cut-first" if cut.fraction else "cent-lost", cut.value, "high", confidence)
    perhaps = next((s for s in money.steps if s.loses is None), None)
    if perhaps is not None:
        return Flaw("cent-perhaps", perhaps.value, "high", "possible")
    scaled = did(money, "up")
    if scaled is None and money.unit == "major" and money.inexact and not money.whole and _is_whole_currency(charges, charge):
        return Flaw("unrounded", _given(charges, charge), "high", confidence)  # 99.5 of what has no halves
    if scaled is None or money.whole or _is_sent_whole(charges, charge, scaled.value):
        return None
    language = charges.model.program.language(scaled.value.at[0])
    if money.inexact or (language == "python" and money.number == "float"):  # Python sends 0.5 * 100 as "50.0"
        php = language == "php"
        return Flaw("unrounded", scaled.value, "medium" if php else "high", "likely" if php else confidence)
    return None


def _unit(charges: Charges, charge: Charge, money: Money) -> Flaw | None:
    """A sum of another unit than the provider takes."""
    if money.unit == "over":
        told = did(money, "told")
        where = _asked_for(charges, _last(money, "up", "convert").value, told)
        return Flaw("twice", where, "high", "certain" if told is not None else "likely", told.value if told else None)
    if money.unit == "major" and not _is_whole_currency(charges, charge) and not charges.follows(charge) and not charges.misses(charge):
        return Flaw("major", _given(charges, charge), "high", "certain" if money.sure or did(money, "fix") else "likely", _teller(money))
    return None


def _asked_for(charges: Charges, converted: Value, told: Step | None) -> Value:
    """Where a function of ours that converts is asked to, for a sum that comes from elsewhere: for others it may be right."""
    if told is None or not isinstance(converted, (Mix, Result)) or converted.ctx is None or converted.ctx.call < 0:
        return converted
    program, here = charges.model.program, converted.ctx
    function = program.function(converted.fn)
    if (
        function is None
        or here.fn != converted.fn
        or (told.value.at[0] == converted.fn.file and function.line <= told.value.at[1] <= function.end_line)
    ):
        return converted
    return Const((here.caller.file, program.body(here.caller).line[here.call]), Kind.NULL, "")


def _is_whole_currency(charges: Charges, charge: Charge) -> bool:
    """Whether a charge is in a currency that has no smaller unit, so that its major unit is its smallest."""
    of_all = frozenset(() if charge.site.operation.hundredths else charge.site.provider.currencies)
    codes = charge.currency.codes if charge.currency is not None else of_all
    return bool(codes) and all(charges.currencies.decimals(code) == 0 for code in codes)


def _currency(charges: Charges, charge: Charge, money: Money) -> Flaw | None:
    """Decimals that are not those of the currency."""
    other = _other_currency(charges, charge, money)
    if other is not None:
        return other
    if not money.two or not _says_two(money):
        return _unconverted(charges, charge, money) or _shown_hundredths(charges, charge, money)
    where = _where_two(charges, charge, money)
    varies = varying(charges, charge)
    if isinstance(varies, str):
        return Flaw("factor", where, "high", "certain", None, varies)
    if varies is None:
        return None
    follows = charges.follows(charge)
    if follows:
        if not _knows_none(charges, charge) or any(charges.currencies.decimals(c.upper()) == 3 for f in follows for c in f.codes):
            return None
        scaled = [s.value for m in charges.units.of(charge.value) for s in m.steps if s.did in ("up", "down")]
        return Flaw("thousandths", _decides(charges, follows[0]), "low", "likely", scaled[0] if scaled else where)
    if charges.pinned(charge) is not None or charges.misses(charge):
        return None  # what is never found is told where it is looked for
    return Flaw("factor", where, "medium", "likely", varies.value)


def _decides(charges: Charges, place: Followed) -> Value:
    """Where it is decided how many decimals a currency has: in a function of ours that is asked, or where it is compared."""
    program = charges.model.program
    body = program.body(place.fn)
    if body.op[place.instr] == Op.CALL:
        for option in options(charges.model.evaluator.value(place.fn, body.args(place.instr)[0], place.ctx)):
            function = program.function(option.fn) if isinstance(option, FunctionV) else None
            if function is not None and isinstance(option, FunctionV):
                return Const((option.fn.file, function.line), Kind.NULL, "")
    return Const((place.fn.file, body.line[place.instr]), Kind.NULL, "")


def _knows_none(charges: Charges, charge: Charge) -> bool:
    """Whether a conversion that follows the currency knows currencies without decimals alone: nothing scales by a thousand, or by what a
    currency's decimals say."""
    steps = [s for m in charges.units.of(charge.value) for s in m.steps]
    return all(s.exponent == 2 for s in steps if s.did in ("up", "down")) and not any(s.did == "convert" for s in steps)


def _says_two(money: Money) -> bool:
    """Whether two decimals are worked with, not merely written down as a literal."""
    return any(s.did in ("up", "down", "fix", "told") and not isinstance(s.value, Const) for s in money.steps)


def _where_two(charges: Charges, charge: Charge, money: Money) -> Value:
    """The conversion that takes two decimals for granted; the call, where a sum of such hundredths is handed on as it is kept."""
    scaled = _left_up(money) or did(money, "up") or did(money, "down") or did(money, "fix")
    return scaled.value if scaled is not None else _given(charges, charge)


def _left_up(money: Money) -> Step | None:
    """The last step that scales a sum up for good: ``round($sum * 100) / 100`` only takes what is behind the cents away."""
    left: list[Step] = []
    for step in money.steps:
        if step.did == "up":
            left.append(step)
        elif step.did == "down" and left:
            left.pop()
    return left[-1] if left else None


def varying(charges: Charges, charge: Charge) -> Currency | str | None:
    """The currency where it may have other decimals than two: itself when it varies, the code when it is certain; None when it has two
    decimals, or nobody knows, or the provider counts them all alike."""
    if charge.site.operation.hundredths:
        return None
    only = charge.site.provider.currencies
    found = [charge.currency] if charge.currency is not None else [] if only else charges.shop_currencies(charge)
    for currency in found:
        odd = sorted(c for c in currency.codes if charges.currencies.decimals(c) != 2)
        if currency.origin in ("client", "record", "shop") and not only:
            written = charges.currencies.only_codes(charges.model.program.unit(charge.site.fn.file))
            if currency.origin in ("client", "record") and _are_all_listed(charges, charge):
                continue
            if currency.origin == "record" and (kept := declared_codes(charges, charge)):
                odd = sorted(c for c in kept if charges.currencies.decimals(c) != 2)
                if not odd:
                    continue
            if currency.origin == "client" or written is None or any(charges.currencies.decimals(c) != 2 for c in written):
                return currency
        if odd and (not only or set(odd) & set(only)):
            return odd[0]
    return None


def _are_all_listed(charges: Charges, charge: Charge) -> bool:
    """Whether whoever sends a currency to the unit of a charge may choose among such alone; what a record keeps was sent as well."""
    program = charges.model.program
    unit = program.unit(charge.site.fn.file)
    sent = [(c, c.currency) for c in charges.all if c.currency is not None and program.unit(c.site.fn.file) == unit]
    chosen = [(c, currency) for c, currency in sent if currency.origin == "client"]
    return bool(chosen) and all(_are_listed_alike(charges, c, currency) for c, currency in chosen)


def _are_listed_alike(charges: Charges, charge: Charge, currency: Currency) -> bool:
    """Whether the client may choose among currencies alone that are written down and have two decimals: ``.isIn(['usd', 'eur'])``."""
    sent = charges.model.requests.sources_in(currency.value, _SENT)
    words = {(s.key or "").rpartition(".")[2] for s, _ in sent}
    around = _around(charges, charge)
    for word in words:
        place = declared_bound(charges.model, around, word, CHOSEN_FROM) if word else None
        text = " ".join(charges.model.program.line_text(place.file, place.line + n) for n in range(_DECLARED)) if place is not None else ""
        listed = CHOSEN_FROM.search(text)
        codes = [c.upper() for c in _CODE.findall(text[listed.start() :])] if listed is not None else []
        if not codes or any(charges.currencies.decimals(code) != 2 for code in codes):
            return False
    return bool(words)


def _around(charges: Charges, charge: Charge) -> list[Fn]:
    model = charges.model
    return [fn for e in model.entries_to(charge.site.fn) for fn in model.handlers.closure(e).functions]


def _other_currency(charges: Charges, charge: Charge, money: Money) -> Flaw | None:
    """Decimals of the shop's currency, for a sum that is in the currency of its order."""
    holder = charges.holder(money)
    if holder is None and (charge.currency is None or charge.currency.origin != "record"):
        return None
    if charge.currency is not None and charge.currency.origin in ("shop", "fixed", "setting"):
        return None  # the sum and the currency agree with one another; whether with the order is another question
    for place in charges.follows(charge, money):
        if charges.currencies.of(place.currency).origin == "shop" and place.ctx is not None and place.ctx.call >= 0:
            ctx = place.ctx
            body = charges.model.program.body(ctx.caller)
            at = (ctx.caller.file, body.line[ctx.call])
            return Flaw("other-currency", Const(at, Kind.NULL, ""), "high", "certain" if holder is not None else "likely", place)
    return None


def _unconverted(charges: Charges, charge: Charge, money: Money) -> Flaw | None:
    """A capture or refund of which the sum is handed on as it comes, while the charge's is converted by its currency."""
    if charge.site.operation.op not in ("refund.create", "payment.capture") or money.unit or money.steps or money.whole:
        return None
    sum_ = _as_kept(charges, charge.value)
    if not isinstance(sum_, (Param, Member)) or charges.units.declared.provider(sum_) is not None:
        return None
    unit = charges.model.program.unit(charge.site.fn.file)
    for sibling in charges.all:
        same = sibling.site.provider.id == charge.site.provider.id and charges.model.program.unit(sibling.site.fn.file) == unit
        if same and sibling.site.operation.op in ("payment.create", "checkout.create"):
            places = charges.follows(sibling)
            ways = charges.units.of(sibling.value)
            converted = any(did(m, "up") or did(m, "down") or did(m, "convert") for m in ways)
            if places and converted:
                return Flaw("unconverted", _given(charges, charge), "high", "likely", places[0])
            scaled = next((s.value for m in ways for s in m.steps if s.did == "up" and _is_alike(charges, s.value, sum_)), None)
            if scaled is not None:
                return Flaw("unconverted", _given(charges, charge), "high", "likely", scaled)
    return None


def _shown_hundredths(charges: Charges, charge: Charge, money: Money) -> Flaw | None:
    """A column of whole numbers that is handed on as it is kept, in a currency that varies, while the code divides it by a hundred
    elsewhere, whatever the currency."""
    told = did(money, "told")
    if told is None or not money.whole or money.unit or not isinstance(charge.value, Member):
        return None
    varies = varying(charges, charge)
    if varies is None or isinstance(varies, str) or charges.follows(charge, None) or charges.pinned(charge) is not None:
        return None
    shown = divided_by_hundred(charges.model, charge.value.name, charges.model.program.unit(charge.site.fn.file))
    if shown is None:
        return None
    sending, (file, line) = charges.model.program.function(charge.site.fn), charge.value.at
    here = sending is not None and file == charge.site.fn.file and sending.line <= line <= sending.end_line
    where = charge.value if here else _given(charges, charge)
    return Flaw("factor", where, "medium", "likely", Const(shown, Kind.NULL, ""))


def _as_kept(charges: Charges, value: Value) -> Value:
    """What a sum is read from, where it is only made a number of: ``Number(input.amount)``."""
    told = charges.units.sums.known(value) if isinstance(value, Result) and value.instr >= 0 else None
    if told is not None and told.does == "keeps" and told.sum is not None and isinstance(value, Result):
        return charges.model.evaluator.argument(value, told.sum) or value
    return value


def _is_alike(charges: Charges, scaled: Value, other: Value) -> bool:
    """Whether what is scaled elsewhere is called as a sum is, of what is called as its holder is, ``input.amount`` in both; or both are
    what methods beside each other are handed, as those of a gateway are by its platform."""
    if not isinstance(scaled, Mix) or not isinstance(other, Member):
        return False
    found = [
        p for p in pieces(scaled.operands, _FEW, charges.model.evaluator.made_of) if isinstance(p, Member) and name_of(p) == name_of(other)
    ]
    return any(
        (bool(name_of(p.base)) and name_of(p.base) == name_of(other.base))
        or (isinstance(p.base, Param) and isinstance(other.base, Param) and p.base.fn.file == other.base.fn.file)
        for p in found
    )


# --- decimals in major units


def _in_decimals(charges: Charges, charge: Charge, money: Money) -> Flaw | None:
    if money.unit in ("minor", "over"):
        teller = did(money, "up") or did(money, "told")
        follows = charges.follows(charge)
        return (
            None
            if follows
            else Flaw("minor", _given(charges, charge), "high", "certain" if teller else "likely", teller.value if teller else None)
        )
    cut = next((s for s in money.steps if s.did == "cut" and (s.fraction or s.of in ("decimal", "float") or _floors(s, money))), None)
    if cut is not None and not _is_whole_currency(charges, charge) and not charges.follows(charge):
        return Flaw("cut-off", cut.value, "high", "certain" if money.sure else "likely")
    if money.unit == "under":
        return Flaw("twice", _last(money, "down", "convert").value, "high", "likely", None)
    fixed = did(money, "fix")
    if charge.taken == "decimal-string" and fixed is not None and fixed.exponent and money.number in ("string", "decimal"):
        varies = varying(charges, charge)
        if isinstance(varies, str) and charges.currencies.decimals(varies) == 0:
            return Flaw("decimals", fixed.value, "medium", "certain", None, varies)
        # Who names a currency himself that the provider then refuses to take decimals of is only refused.
        named = isinstance(varies, Currency) and varies.origin != "client"
        if isinstance(varies, Currency) and named and not charges.follows(charge) and charges.pinned(charge) is None:
            return Flaw("decimals", fixed.value, "medium", "likely", varies.value)
        return None
    if charge.taken == "decimal-string" and _is_kept_float(charges, charge, money):
        return Flaw("float", _sent(charges, charge), "medium", "likely", _teller(money))
    worked = money.number == "float" or (money.number == "string" and money.inexact)
    if charge.taken == "decimal-string" and worked and (money.inexact or _cast(money)):
        where = fixed.value if fixed is not None else _sent(charges, charge)
        return Flaw("float", where, "medium" if money.inexact else "low", "likely" if money.sure or money.inexact else "possible")
    return None


def _is_kept_float(charges: Charges, charge: Charge, money: Money) -> bool:
    """Whether a sum is kept as a binary float and handed on, or written out, with as many decimals as that has. PHP writes the text of a
    float with fourteen digits, so that its error is gone."""
    told = next((s for s in money.steps if s.did == "told" and s.of == "float"), None)
    if told is None or any(s.did in ("fix", "round", "cut", "convert") for s in money.steps):
        return False
    return money.number == "float" or (money.number == "string" and charges.model.program.language(charge.site.fn.file) != "php")


def _floors(step: Step, money: Money) -> bool:
    """Whether a sum is rounded down by a function that is of no use to whole numbers, before anything is counted in cents."""
    return name_of(step.value) in ("floor", "trunc") and not any(s.did in ("up", "convert") for s in money.steps)


def _cast(money: Money) -> bool:
    """Whether a step makes the sum a float, rounded or not."""
    return bool(money.steps) and money.steps[-1].did in ("fix", "float")


# --- shared


def _given(charges: Charges, charge: Charge) -> Value:
    """The sum where it is handed over: on its own line of the call, or at the call where it is put together elsewhere."""
    fn, instr = charge.place
    body = charges.model.program.body(fn)
    if charge.value.at[0] == fn.file and body.line[instr] <= charge.value.at[1] <= body.end_line[instr]:
        return charge.value
    return Const((fn.file, argument_line(charges.model.program, charge, charge.path)), Kind.NULL, "")


def _sent(charges: Charges, charge: Charge) -> Value:
    """Where the sum is put into what the provider is sent: whatever hands it over, there it has to be written out."""
    found = line_in_request(charges.model.program, charge)
    return Const(found, Kind.NULL, "") if found is not None else _given(charges, charge)


def _teller(money: Money) -> Value | None:
    step = did(money, "told") or did(money, "fix") or did(money, "down")
    return step.value if step else None


def _last(money: Money, *what: str) -> Step:
    return next((s for s in reversed(money.steps) if s.did in what), money.steps[-1])


def _is_sent_whole(charges: Charges, charge: Charge, scaled: Value) -> bool:
    """Whether what is scaled is a field of the request that its declaration takes whole numbers for alone: ``body('amount').isInt()``."""
    model = charges.model
    sent = [s for s, _ in model.requests.sources_in(scaled, _SENT) if s.kind in ("body", "query")]
    if not sent or any(s.key is None for s in sent):
        return False
    around = _around(charges, charge)
    words = {(s.key or "").rpartition(".")[2].removesuffix("[]") for s in sent}
    near = {w: [fn for fn in around if w in model.vocabulary.tokens(fn)] for w in words}
    return all(fns and declared_bound(model, fns, w, WHOLE) is not None for w, fns in near.items())


def _from_client(charges: Charges, charge: Charge) -> bool:
    """Whether the sum is the client's number, which may have any decimals."""
    return any(s.kind in ("body", "query") for s, _ in charges.model.requests.sources_in(charge.value, 40))
