"""What may stand between a client's figure and a charge: the server's own total that it has to equal, bounds that it has to keep."""

import re
from collections.abc import Iterator

from tillproof.checks.payment.amounts import AmountSite
from tillproof.checks.payment.declared_bounds import BROKEN, LISTED, WHOLE, Barrier, declared_bound
from tillproof.checks.payment.own_lines import LINE
from tillproof.checks.payment.purses import fills_purse
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.purse_names import is_balance
from tillproof.commerce.recognition import kept_in
from tillproof.commerce.requests import FLOORS
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.flow.values import Const, Element, External, Member, Mix, Param, Result, Value, constant, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_EQUAL = ("==", "===", "!=", "!==", "<>")
_ORDER = ("<", "<=", ">", ">=")
_AMONG = ("includes", "contains", "has")
_AT_LEAST = ("max", "abs", "absint")
_WHOLE = ("int", "intval", "parseInt", "floor", "round", "ceil", "trunc", "absint", "is_int", "isInteger", "ctype_digit", "integer")
_ANY_NUMBER = ("is_numeric", "isNaN", "isFinite", "float", "floatval", "parseFloat", "Number", "Decimal")
_PLAIN_DIGITS = ("isdigit", "isdecimal", "isnumeric", "ctype_digit")
_OF_DIGITS = (*_PLAIN_DIGITS, "test", "match", "fullmatch", "preg_match")
_DIGITS = re.compile(r"^r?['\"]?/?\^?(\[0-9\]|\[1-9\]|\\\\?d)(\\\\?d|\[0-9\])?[+*{][\d,}]*\$?/?\w*['\"]?$")
_GIFT = re.compile(
    r"donat|tip(?:s|_|$)|pledge|gift|contribut|pay_?what|sponsor|fundrais|top_?up|deposit|withdraw|cash_?out|add_?funds|recharge"
    r"|(?<![a-z])(?:add|buy|purchase|load)?_?credits?(?![a-z_]*(?:card|note|memo|limit|debit))(?![a-z])",
    re.IGNORECASE,
)
_PURSE = re.compile(r"wallet/?$")
_FREELY = re.compile(
    r"donat|tip(?:s|_|$)|pledge|contribut|pay_?what|sponsor|fundrais|gift_?cards?(?!_?(?:amount|total))|add_?funds", re.IGNORECASE
)
_COUNT = re.compile(r"(\w+_)?(amount|credits?|tokens?|points?|coins?)")
_PRICE = re.compile(r"(^|[._])(unit_)?(price|cost)s?(_per_\w+|_each|_cents)?$|per_(credit|token|point|coin|unit)")
_KIND = re.compile(r"(type|kind|purpose|category|reason)['\"]?\s*(=>|[:=])[^,]*(" + _GIFT.pattern + ")", re.IGNORECASE)
_MOVED = re.compile(
    r"(\w+_)?(transactions?|transfers?|pay_?outs?|withdrawals?|disbursements?|movements?|ledgers?(_entr(y|ies))?)(_model|_repository)?"
)
_PIECES = 40


def barrier(model: Model, site: AmountSite, key: str) -> Barrier | None:
    """What keeps the client's ``key`` from lowering the sum, seen in what is reached together with the charge; None when nothing is."""
    word = key.rpartition(".")[2].removesuffix("[]")
    around = [fn for fn in _around(model, site.fn) if word in model.vocabulary.tokens(fn)]
    if model.words.has("quantity_fields", word):
        return lower_bound(model, around, word) or declared_bound(model, around, word) or floor_under(model, site.value)
    same = _same_as_ours(model, around, word) or _counted_at_our_price(model, around, word)
    if same is None and (_gift(model, site) or _given_away(model, site, around, word)):
        return lower_bound(model, around, word) or declared_bound(model, around, word) or _asked_for(model, site)
    return same or declared_bound(model, around, word, LISTED)


def _given_away(model: Model, site: AmountSite, around: list[Fn], word: str) -> bool:
    """Whether a record is of money that goes from one purse to another, and what is in the purse is held against the figure: whoever gives
    it away says how much, and buys nothing with it."""
    body = model.program.body(site.fn)
    if body.op[site.instr] not in (Op.CALL, Op.NEW):
        return False
    callee, given = body.call(site.instr)
    spelt = [snake(written(model.program, site.fn, i)) for i in (callee, *(a for _, a in given))]  # `db.add(transfer)`
    moved = any(_MOVED.fullmatch(part) for name in spelt for part in name.split("."))
    return moved and any(is_balance(_name(other)) for _, _, _, other in _comparisons(model, around, _ORDER, word))


def _counted_at_our_price(model: Model, around: list[Fn], word: str) -> Barrier | None:
    """Where the client's figure says how many are bought, whatever it is called: ``config('credits.price') * amount``. A provider takes no
    sum of nothing or less."""
    for fn in around if _COUNT.fullmatch(snake(word)) else ():
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.BINARY or body.text(body.args(i)[0]) != "*":
                continue
            left, right = (model.evaluator.value(fn, a) for a in body.args(i)[1:3])
            for theirs, ours in ((left, right), (right, left)):
                if _holds(model, theirs, word) and not _holds(model, ours, word) and any(_PRICE.search(n) for n in _words(model, ours)):
                    return Barrier(fn.file, body.line[i], "the client says how many, and the price of each is the server's")
    return None


def _words(model: Model, value: Value) -> Iterator[str]:
    """The members and settings that a figure is made of, unless it is the request's."""
    if model.requests.sources_in(value, _PIECES):
        return
    for piece in (value, *pieces([value], _PIECES, model.evaluator.made_of)):
        if isinstance(piece, Member):
            yield snake(piece.name)
        elif isinstance(piece, Const) and piece.kind == Kind.STRING:
            yield snake(piece.text.strip("'\""))
        elif isinstance(piece, Result) and piece.instr >= 0:
            yield from (snake(text) for _, given in model.evaluator.arguments(piece) if (text := constant(given)) is not None)


def _asked_for(model: Model, site: AmountSite) -> Barrier | None:
    """Where a provider is asked for what the payer gives and nothing is bought: it takes no sum below its own least one."""
    freely = any(_FREELY.search(snake(t)) for t in _told(model, site))
    if not (freely and site.what == "charge") and not fills_purse(model, site):
        return None
    return Barrier(site.fn.file, model.program.body(site.fn).line[site.instr], "the payer is meant to say how much he gives")


def _around(model: Model, fn: Fn) -> list[Fn]:
    """The function itself and all that runs in the same requests."""
    found = {fn: None}
    for entry in model.entries_to(fn):
        found.update(dict.fromkeys(model.handlers.closure(entry).functions))
    return list(found)


def _comparisons(model: Model, around: list[Fn], operators: tuple[str, ...], word: str) -> Iterator[tuple[Fn, int, Value, Value]]:
    """Comparisons of which one side (the first given) holds the client's figure."""
    for fn in around:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.BINARY and body.text(body.args(i)[0]) in operators:
                left, right = (model.evaluator.value(fn, a) for a in body.args(i)[1:3])
                for one, other in ((left, right), (right, left)):
                    if _holds(model, one, word):
                        yield fn, i, one, other


def _holds(model: Model, value: Value, word: str) -> bool:
    """Whether a value is the field of that name, or computed from it."""
    if any(_name(v) == snake(word) for v in _pieces(model, value)):
        return True
    sent = (s.key or "" for s, _ in model.requests.sources_in(value, _PIECES))
    return any(snake(key.rpartition(".")[2].removesuffix("[]")) == snake(word) for key in sent)


def _pieces(model: Model, value: Value) -> Iterator[Value]:
    return pieces([value], _PIECES, lambda here: () if isinstance(here, (Member, Element)) else model.evaluator.made_of(here))


def _name(value: Value) -> str:
    if isinstance(value, (Member, Param)):
        return snake(value.name)
    if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, Member):
        return ""
    if isinstance(value, Element) and value.key is not None and (told := constant(value.key)) is not None:
        return snake(told)
    return _name(value.base) if isinstance(value, Element) else ""  # one of `data['qty']`


def _same_as_ours(model: Model, around: list[Fn], word: str) -> Barrier | None:
    """A comparison with a figure that is no constant and not the client's own: ``if data.total != order.total: refuse``."""
    for fn, i, one, other in _comparisons(model, around, (*_EQUAL, *_ORDER), word):
        body = model.program.body(fn)
        ours: Value | None = other
        if body.text(body.args(i)[0]) in _ORDER:
            ours = _taken_off(model, one, word) if _tolerance(other) else None
        if ours is None or _nothing(ours) or _holds(model, ours, word) or _figured_by_client(model, ours):
            continue
        if not _goes_on_either_way(model, fn, i):
            return Barrier(fn.file, body.line[i], "the client's figure is compared with the server's")
    return _one_of_ours(model, around, word)


def _figured_by_client(model: Model, value: Value) -> bool:
    """Whether more of a figure than how many pieces are bought comes from the request: the price of each is the server's then."""
    sent = (snake((source.key or "").rpartition(".")[2].removesuffix("[]")) for source, _ in model.requests.sources_in(value, _PIECES))
    return any(not model.words.has("quantity_fields", word) for word in sent)


def _one_of_ours(model: Model, around: list[Fn], word: str) -> Barrier | None:
    """The client's figure is looked for among figures of ours: ``in_array($sum, $sums)``, ``sum in sums``, ``sums.includes(sum)``."""
    for fn in around:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            asked = _looked_for(body, i) if op in (Op.CALL, Op.BINARY) else None
            if asked is None:
                continue
            theirs, ours = (model.evaluator.value(fn, a) for a in asked)
            if not _holds(model, theirs, word) or _holds(model, ours, word) or _figured_by_client(model, ours):
                continue
            if not _goes_on_either_way(model, fn, i):
                return Barrier(fn.file, body.line[i], "the client's figure has to be one of the server's")
    return None


def _looked_for(body: Body, i: int) -> tuple[int, int] | None:
    """What is looked for, and among what, where an instruction asks whether one of several is the same."""
    args = body.args(i)
    if body.op[i] == Op.BINARY:
        return (args[1], args[2]) if body.text(args[0]) in ("in", "not in") else None
    given = [a for _, a in body.call(i)[1]]
    if body.called(i) == "in_array" and len(given) > 1:
        return given[0], given[1]
    if body.called(i) in _AMONG and given and body.op[args[0]] == Op.FIELD:
        return given[0], body.args(args[0])[0]
    return None


def _goes_on_either_way(model: Model, fn: Fn, i: int) -> bool:
    """Whether a comparison only chooses between two ways of going on, neither of which refuses."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    asked = [i, *(u for u in defuse.uses(i) if body.op[u] == Op.UNARY)]
    branches = [u for a in asked for u in defuse.uses(a) if body.op[u] == Op.BRANCH]
    for branch in branches:
        sides = body.blocks[defuse.block_of[branch]].onward
        for side in sides:
            others = frozenset(b for other in sides if other != side for b in reached_from(body, other))
            rows = (i for i in body.rows(reached_from(body, side) - others))
            if any(body.op[r] in (Op.RETURN, Op.RAISE) or (body.op[r] == Op.CALL and model.recogniser.is_("exits", fn, r)) for r in rows):
                return False
    return bool(branches)


def _taken_off(model: Model, value: Value, word: str) -> Value | None:
    """What the client's figure is subtracted from, or is taken off it: ``abs(theirs - ours) < 0.01``."""
    difference = next((v for v in _pieces(model, value) if isinstance(v, Mix) and v.op == "-"), None)
    return next((v for v in difference.operands if not _holds(model, v, word)), None) if difference else None


def _tolerance(value: Value) -> bool:
    """Whether a number is so small that what differs by less is the same sum; a larger one is a limit of something else."""
    if not isinstance(value, Const) or value.kind != Kind.NUMBER:
        return False
    return re.fullmatch(r"(0?\.\d+|\d)(\.\d+)?|\de-\d+", value.text) is not None


def _nothing(value: Value) -> bool:
    return isinstance(value, Const) or (isinstance(value, Member) and value.name in ("undefined", "length"))


def lower_bound(model: Model, around: list[Fn], word: str) -> Barrier | None:
    """A comparison with a number, or a floor put under it. For a quantity the number is none or one: a ceiling lets it go below zero."""
    counts = model.words.has("quantity_fields", word)
    for fn, i, one, other in _comparisons(model, around, _ORDER, word):
        number = isinstance(other, Const) and other.kind == Kind.NUMBER and (other.text in ("0", "1") or not counts)
        if number and not (counts and (_is_reckoned(model, one) or _is_what_is_there(model, one, word))) and _is_held_up(model, one, word):
            least = other.text if isinstance(other, Const) else ""
            return Barrier(fn.file, model.program.body(fn).line[i], "the client's figure has to keep bounds", least)
    for fn in around:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL or body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD):
                continue
            name = body.called(i)
            given = [model.evaluator.value(fn, a) for _, a in body.call(i)[1]] if name in _AT_LEAST else []
            if any(_is_held_up(model, value, word) and not (counts and _is_reckoned(model, value)) for value in given):
                return Barrier(fn.file, body.line[i], "the client's figure has a floor")
            if name in _OF_DIGITS and _digits_alone(model, fn, body, i, word):
                return Barrier(fn.file, body.line[i], "only digits are let through")
    return None


def floor_under(model: Model, value: Value) -> Barrier | None:
    """The floor that a figure got where it was worked out, wherever that is: ``max(1, $quantity)`` in the class that carries it."""
    for piece in pieces([value], _PIECES, model.requests.carried):
        if isinstance(piece, Result) and piece.instr >= 0 and isinstance(piece.callee, External) and piece.callee.name in FLOORS:
            given = [v for _, v in model.evaluator.arguments(piece)]
            least = next((v.text for v in given if isinstance(v, Const) and v.kind == Kind.NUMBER), None)
            if least is not None and not least.startswith("-"):
                return Barrier(*piece.at, "the client's figure has a floor", least)
    return None


def lets_parts(model: Model, site: AmountSite, word: str) -> bool:
    """Whether a charge takes any number for how many are bought, as far as what is reached together with it says. Where a column of whole
    numbers keeps how many, the order may never be made."""
    unit = model.program.unit(site.fn.file)
    for table in model.schema.mentioning([word]):
        column = table.column(word) if table.unit == unit else None
        if column is not None and column.kind == "integer":
            return False
    around = [fn for fn in _around(model, site.fn) if word in model.vocabulary.tokens(fn)]
    return model.words.has("quantity_fields", word) and lets_fractions(model, around, word)


def lets_fractions(model: Model, around: list[Fn], word: str, any_number: bool = False) -> bool:
    """Whether code says that it takes any number for the client's figure, ``is_numeric($quantity)``, and nothing makes it a whole one.
    ``any_number``: it is known to be one as it came, whatever code says."""
    said = any_number or declared_bound(model, around, word, BROKEN) is not None
    for fn in around:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            said = said or _is_any_number(model, fn, i, word)
            name = body.called(i) if op == Op.CALL else body.text(body.args(i)[0]).strip("()") if op == Op.CAST else ""
            if name in (*_WHOLE, *_ANY_NUMBER):
                given = [a for _, a in body.call(i)[1]] if op == Op.CALL else [body.args(i)[-1]]
                values = [model.evaluator.value(fn, a) for a in given]  # a sum that is rounded was made of parts before
                if any(_holds(model, v, word) and not _is_reckoned(model, v) for v in values):
                    if name in _WHOLE:
                        return False
                    said = True
    return said and declared_bound(model, around, word, WHOLE) is None


def _is_any_number(model: Model, fn: Fn, i: int, word: str) -> bool:
    """Whether the client's figure is asked for no more than that it is a number: ``typeof quantity === 'number'``."""
    body = model.program.body(fn)
    if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in _EQUAL:
        return False
    left, right = body.args(i)[1:3]
    const = body.const(right)
    asked = (
        body.op[left] == Op.UNARY and body.text(body.args(left)[0]) == "typeof" and const is not None and const[1].strip("'\"") == "number"
    )
    return asked and _holds(model, model.evaluator.value(fn, body.args(left)[1]), word)


def _digits_alone(model: Model, fn: Fn, body: Body, i: int, word: str) -> bool:
    """Whether a call asks if the client's figure is written in digits alone: ``quantity.isdigit()``, ``/^\\d+$/.test(quantity)``."""
    callee, arguments = body.call(i)
    asked = [a for _, a in arguments] + ([body.args(callee)[0]] if body.op[callee] == Op.FIELD else [])
    patterns = [const[1] for a in asked if (const := body.const(a)) is not None]
    if body.called(i) not in _PLAIN_DIGITS and not any(_DIGITS.search(p) for p in patterns):
        return False
    return any(_holds(model, model.evaluator.value(fn, a), word) for a in asked if body.const(a) is None)


def _is_reckoned(model: Model, value: Value) -> bool:
    """Whether a value is a price times how many, or what such a sum differs by from another."""
    return any(isinstance(piece, Mix) and piece.op == "*" for piece in (value, *_pieces(model, value)))


def _is_what_is_there(model: Model, value: Value, word: str) -> bool:
    """Whether a figure is what our own record says of what is for sale, and no line's: ``variant.quantity <= 0``."""
    named = [piece for piece in _pieces(model, value) if _name(piece) == snake(word)]
    read = [model.records.read_behind(piece.base) for piece in named if isinstance(piece, Member)]
    kinds = [touch.entity for touch in read if touch is not None]
    if not named or len(kinds) != len(named) or model.requests.sources_in(value, _PIECES):
        return False
    return not any(LINE.fullmatch(kind) or model.words.entity(kind) for kind in kinds)


def _is_held_up(model: Model, value: Value, word: str) -> bool:
    """Whether what a value has to be at least holds for the client's figure: not where that is taken off something, as in
    ``max(0, sold - n)`` and ``stock - n < 0``."""
    for option in options(value):
        if isinstance(option, Mix) and option.op == "-" and len(option.operands) == 2:
            if _is_held_up(model, option.operands[0], word):
                return True
        elif _holds(model, option, word):
            return True
    return False


def _gift(model: Model, site: AmountSite) -> bool:
    """Whether the payer is meant to choose: a donation, a tip, what he puts into his own wallet."""
    program = model.program
    names = [
        program.name(site.fn),
        *(name for e in model.entries_to(site.begins_at) for name in (e.route or "", program.name(e.target.fn))),
    ]
    told = any(_GIFT.search(snake(t)) for t in _told(model, site)) or any(_PURSE.search(snake(n)) for n in names)
    return told or _is_kind_of_gift(model, site) or fills_purse(model, site)


def _told(model: Model, site: AmountSite) -> list[str]:
    """What the place of a charge and those that lead to it are called."""
    program = model.program
    entries = (
        f"{e.route or e.target.fn.file} {program.qualified(e.target.fn)} {kept_in(model, e)}" for e in model.entries_to(site.begins_at)
    )
    return [program.qualified(site.fn), site.fn.file, *entries]


def _is_kind_of_gift(model: Model, site: AmountSite) -> bool:
    """Whether what is stored or asked for says of itself that the payer fills his own purse with it: ``type='deposit'``."""
    body = model.program.body(site.fn)
    lines = model.program.sources[site.fn.file].split(b"\n")[body.line[site.instr] - 1 : body.end_line[site.instr]]
    return any(_KIND.search(line.decode("utf-8", "replace")) for line in lines)
