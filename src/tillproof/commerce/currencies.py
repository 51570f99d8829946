"""In which currency: what a currency's value may be, and whether code follows the decimals of a currency or takes two for granted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from tillproof.commerce.blind_lookups import Blind, asked_blindly
from tillproof.commerce.currency_writes import only_codes
from tillproof.commerce.lexicon import snake
from tillproof.commerce.money import name_of
from tillproof.commerce.names import written
from tillproof.commerce.units import Units
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import (
    Choice,
    Const,
    Ctx,
    Element,
    External,
    Instance,
    Member,
    Param,
    Record,
    Result,
    Seq,
    Value,
    constant,
    names,
)
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Case: TypeAlias = Literal["upper", "lower", ""]
Origin: TypeAlias = Literal["client", "record", "shop", "setting", "unknown", "fixed"]
_ORDER: tuple[Origin, ...] = ("client", "record", "shop", "setting", "unknown", "fixed")
_MOST = 60
_FEW = 6
_IN = ("in", "not in")
_EQUAL = ("==", "===", "!=", "!==", "is", "is not")
_MEMBERSHIP = ("includes", "in_array", "has", "contains", "indexof", "array_key_exists", "some", "find", "get", "hasown")
_LISTS = ("Set", "set", "frozenset", "tuple", "list", "freeze", "collect", "immutableSet")
"""What makes a set or list of another."""
_TO_UPPER = ("touppercase", "tolocaleuppercase", "upper", "strtoupper", "mb_strtoupper")
_TO_LOWER = ("tolowercase", "tolocalelowercase", "lower", "strtolower", "mb_strtolower")
_PRESENCE = ("isset", "empty", "is_null", "is_string", "strlen", "bool", "boolean", "len", "string", "typeof")


@dataclass(frozen=True, slots=True)
class Currency:
    """What a currency may be. ``codes``: the constants among it, in upper case. ``holder``: the record that tells its own."""

    origin: Origin
    codes: frozenset[str]
    value: Value
    holder: Value | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """A place at which code looks at a currency and goes on accordingly. ``codes``: those that it is looked for
    among, as they are spelt; ``case``: their letters. ``missed``: the currency is never found, since it comes in the other letters, or
    since it is not what is asked for: ``blind``."""

    fn: Fn
    instr: int
    ctx: Ctx | None
    currency: Value
    codes: frozenset[str]
    case: Case
    missed: bool
    blind: Blind = ""


class Currencies:
    """Answers by value and by function; what was asked is kept."""

    def __init__(self, model: "Model", units: Units) -> None:
        self.model = model
        self.program = model.program
        self.units = units
        lexicon = model.knowledge.lexicon
        self.zero = frozenset(lexicon.zero_decimal_currencies)
        self.three = frozenset(lexicon.three_decimal_currencies)
        self._only: dict[str, frozenset[str] | None] = {}
        self._followed: dict[tuple[Fn, int], list[Followed]] = {}

    def decimals(self, code: str) -> int:
        """How many decimals a currency has."""
        return 0 if code in self.zero else 3 if code in self.three else 2

    def of(self, value: Value) -> Currency:
        """What a value says as a currency: the least trustworthy of its origins, and all constants."""
        codes: set[str] = set()
        found: dict[Origin, Value | None] = {}
        stack, seen = [value], set[int]()
        while stack and len(seen) < _MOST:
            here = stack.pop()
            if id(here) in seen:
                continue
            seen.add(id(here))
            if isinstance(here, Choice):
                stack += here.options
                continue
            code = _code(here)
            if code and self._is_default(here):
                found.setdefault("record", None)
            elif code:
                codes.add(code)
            elif not (isinstance(here, Const) and here.falsy):
                origin, holder = self._origin(here)
                below = [] if origin else [v for v in self.model.requests.carried(here) if not isinstance(v, External)]
                if not origin and not below and isinstance(here, Param):
                    below = self._handed(here)
                stack += below
                if origin or not below:
                    found.setdefault(origin or "unknown", holder)
        origins = [o for o in _ORDER if o in found]
        if not origins:
            return Currency("fixed" if codes else "unknown", frozenset(codes), value)
        return Currency(origins[0], frozenset(codes), value, found[origins[0]])

    def _is_default(self, code: Value) -> bool:
        """Whether a code stands where a class declares a column of that name, ``#[Column] private string $currency = 'EUR'``: what a row
        begins with that nobody has told anything else."""
        file, line = code.at
        if file not in self.program.indices or self.program.language(file) != "php":
            return False
        tables = (self.model.schema.table(cls.name, file) for cls in self.program.indices[file].classes)
        columns = (c for t in tables if t is not None for c in t.columns.values())
        return any(c.file == file and c.line <= line <= c.end_line and self._is_name(c.name) for c in columns)

    def _origin(self, value: Value) -> tuple[Origin | None, Value | None]:
        source = self.model.requests.source(value)
        if source is not None and source.kind in ("body", "query", "path", "raw"):
            return "client", None
        told = self.units.sums.tells_currency(value, self._first(value))
        if told is not None:
            holder = value.callee.base if isinstance(value, Result) and isinstance(value.callee, Member) else None
            holder = value.base if isinstance(value, Member) else holder
            return ("record" if told.own else "shop"), holder
        if self.model.recogniser.result_is("config", value) or _reads_setting(value):
            return "setting", None
        if isinstance(value, (Member, Element)):
            return "record", value.base
        if isinstance(value, Instance) and isinstance(value.origin, Member):
            return "record", value.origin.base
        if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, Member) and self._is_name(value.callee.name):
            return "record", value.callee.base
        if isinstance(value, Param) and self.program.owner(value.fn) and snake(self.program.name(value.fn)).startswith("set_"):
            return ("record", None) if self._is_name(self.program.name(value.fn)) else (None, None)  # what an object of ours was once told
        return None, None

    def _handed(self, param: Param) -> list[Value]:
        """What the callers of a function hand it as a currency, as to the object that carries a payment's figures."""
        if not self._is_name(param.name):
            return []
        body = self.program.body(param.fn)
        taken = next((i for i, op in enumerate(body.op) if op == Op.PARAM and body.args(i)[0] == param.number), None)
        contexts = self.model.callers.contexts(param.fn)[:_FEW] if taken is not None else []
        return [self.model.evaluator.value(param.fn, taken, ctx) for ctx in contexts] if taken is not None else []

    def _first(self, value: Value) -> str:
        first = self.model.evaluator.argument(value, 0) if isinstance(value, Result) and value.instr >= 0 else None
        return (constant(first) or "").strip("'\"") if first is not None else ""

    def _is_name(self, name: str) -> bool:
        return self.model.words.has("currency_fields", snake(name).removeprefix("get_")) or "currency" in snake(name)

    def only_codes(self, unit: str) -> frozenset[str] | None:
        """The codes that records of a unit ever get, where all of them are written down; None where one may be anything."""
        if unit not in self._only:
            self._only[unit] = only_codes(self, unit)
        return self._only[unit]

    # --- code that follows a currency

    def followed(self, fn: Fn, ctx: Ctx | None) -> list[Followed]:
        """Where a function goes on by a currency: it looks it up in a table of decimals, or asks whether it is one of some."""
        key = (fn, id(ctx))
        if key not in self._followed:
            self._followed[key] = []
            if any(self._is_name(t) for t in self.model.vocabulary.tokens(fn)):
                self._followed[key] = self._find(fn, ctx)
        return self._followed[key]

    def _find(self, fn: Fn, ctx: Ctx | None) -> list[Followed]:
        body = self.program.body(fn)
        out = []
        for i, op in enumerate(body.op):
            asked: int | None = None
            blindly = asked_blindly(self, fn, i, ctx)
            if blindly is not None:
                about = self.model.evaluator.value(fn, blindly[0], ctx)
                codes = frozenset(self.listed(self.model.evaluator.value(fn, blindly[1], ctx)))
                out.append(Followed(fn, i, ctx, about, codes, "", True, blindly[2]))
            elif op == Op.BINARY:
                asked = self._compared(fn, i, ctx)
            elif op in (Op.CALL, Op.NEW):
                asked = self._asked(fn, i, ctx)
            elif op == Op.INDEX:
                base, key = body.args(i)
                asked = key if self.is_currency(fn, key, ctx) and self._decimals_table(fn, base, ctx) else None
            if asked is not None:
                currency = self.model.evaluator.value(fn, asked, ctx)
                codes, given = self._codes(fn, i, asked, ctx), self.case_of(currency)
                known = "upper" if self._by_upper_case(fn, i, ctx) else _case(codes)
                out.append(Followed(fn, i, ctx, currency, codes, known, bool(known and given and known != given)))
        return out

    # --- upper and lower case

    def case_of(self, value: Value) -> Case:
        """In which letters a currency's code comes, where that is known."""
        if isinstance(value, Choice):
            found = {self.case_of(o) for o in value.options if not (isinstance(o, Member) and isinstance(o.base, Const))}
            return found.pop() if len(found) == 1 else ""
        if isinstance(value, Const):
            return _case({value.text.strip("'\"")})
        if isinstance(value, Result) and value.instr >= 0:
            name = (names(value.callee) or ("",))[0].rpartition(".")[2].lower()
            if name in _TO_UPPER:
                return "upper"
            if name in _TO_LOWER:
                return "lower"
        provider = self.units.declared.provider(value) or self.units.declared.typed_by(value)
        return provider.currency_case if provider is not None else ""

    def _by_upper_case(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a function of a library is asked that knows codes in upper case only."""
        body = self.program.body(fn)
        return body.op[i] in (Op.CALL, Op.NEW) and self.units.sums.by_upper_case(self.model.evaluator.value(fn, body.args(i)[0], ctx))

    def _codes(self, fn: Fn, i: int, asked: int, ctx: Ctx | None) -> frozenset[str]:
        """The codes that a currency is looked for among, as they are spelt."""
        body = self.program.body(fn)
        if body.op[i] in (Op.CALL, Op.NEW):
            callee = body.args(i)[0]
            receiver = [body.args(callee)[0]] if body.op[callee] == Op.FIELD else []
            others = [v for v in (*receiver, *(v for _, v in body.call(i)[1])) if v != asked]
        else:
            others = [v for v in body.args(i)[-2:] if v != asked]
        return frozenset(
            c for o in others for item in _items(self.model.evaluator, self.model.evaluator.value(fn, o, ctx)) if (c := _spelt(item))
        )

    def _compared(self, fn: Fn, i: int, ctx: Ctx | None) -> int | None:
        """``currency in ZERO_DECIMAL``, ``currency === 'JPY'``"""
        body = self.program.body(fn)
        operator, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
        if operator in _IN:
            return left if self.is_currency(fn, left, ctx) and self._tells(self.model.evaluator.value(fn, right, ctx)) else None
        if operator not in _EQUAL:
            return None
        for one, other in ((left, right), (right, left)):
            if self.is_currency(fn, one, ctx) and _code(self.model.evaluator.value(fn, other, ctx)):
                return one
        return None

    def _asked(self, fn: Fn, i: int, ctx: Ctx | None) -> int | None:
        """``ZERO_DECIMAL.includes(currency)``, ``currencyHasFractionPart(code)``, ``get_currency_precision(currency)``"""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return None
        name = body.name(callee).rpartition(".")[2]
        receiver = [body.args(callee)[0]] if body.op[callee] == Op.FIELD else []
        given = [v for _, v in arguments]
        about = next((v for v in given if self.is_currency(fn, v, ctx)), None)
        if about is None:
            return None
        if self.model.words.has("decimals_fields", name):
            return about
        if name.lower() in _MEMBERSHIP:
            others = [v for v in (*receiver, *given) if v != about]
            return about if all(self._tells(self.model.evaluator.value(fn, o, ctx)) for o in others) else None
        if name.lower() in _PRESENCE or body.op[i] == Op.NEW:
            return None
        return about if self._decides(fn, i) else None

    def _decides(self, fn: Fn, i: int) -> bool:
        """Whether a branch depends on what a call answers."""
        body = self.program.body(fn)
        users = self.model.evaluator.defuse(fn).uses(i)
        return any(
            body.op[u] == Op.BRANCH
            or (body.op[u] == Op.UNARY and any(body.op[x] == Op.BRANCH for x in self.model.evaluator.defuse(fn).uses(u)))
            for u in users
        )

    def is_currency(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether an instruction gives a currency, by what it is called or by where it comes from."""
        i = self._uncased(fn, i)
        if any(self._is_name(p) for p in written(self.program, fn, i).split(".") if p not in ("?", "")):
            return True
        body = self.program.body(fn)
        if body.op[i] == Op.INDEX and (key := body.const(body.args(i)[1])) is not None:
            return self._is_name(key[1].strip("'\""))  # `$order['currency']`
        if body.op[i] not in (Op.NAME, Op.CALL):
            return False
        stores = self.model.evaluator.defuse(fn).reaching(i, body.name(i)).stores if body.op[i] == Op.NAME else ()
        kept = [self._uncased(fn, body.args(s)[1]) for s in stores]  # `const code = currency.toUpperCase()`
        if kept and all(any(self._is_name(p) for p in written(self.program, fn, k).split(".")) for k in kept if k >= 0):
            return True
        return self.of(self.model.evaluator.value(fn, i, ctx)).origin in ("record", "shop") and self._is_name(
            name_of(self.model.evaluator.value(fn, i, ctx))
        )

    def _uncased(self, fn: Fn, i: int) -> int:
        """What is put into upper or lower case, by a function; a method's object is seen by its chain."""
        body = self.program.body(fn)
        while body.op[i] == Op.CALL and body.op[body.args(i)[0]] == Op.NAME and len(body.call(i)[1]) == 1:
            if body.name(body.args(i)[0]).lower() not in (*_TO_UPPER, *_TO_LOWER, "trim", "str", "string", "strval"):
                break
            i = body.call(i)[1][0][1]
        return i

    def listed(self, container: Value) -> set[str]:
        """The codes that a list, set or table holds, in upper case."""
        return {code for item in _items(self.model.evaluator, container) if (code := _code(item))}

    def _tells(self, container: Value) -> bool:
        """Whether being in a container says something of the decimals: not when it holds currencies with two and with others."""
        codes = self.listed(container)
        return not codes or len({self.decimals(c) == 2 for c in codes}) == 1

    def _decimals_table(self, fn: Fn, base: int, ctx: Ctx | None) -> bool:
        if self.model.words.has("decimals_fields", written(self.program, fn, base).rpartition(".")[2]):
            return True
        value = self.model.evaluator.value(fn, base, ctx)
        entries = value.entries if isinstance(value, Record) else ()
        return bool(entries) and all(isinstance(e, Const) and e.text in ("0", "1", "2", "3", "4", "10", "100", "1000") for _, e in entries)


def _code(value: Value) -> str:
    """The ISO code that a value is: a text of three letters, or the member of an enum."""
    if isinstance(value, Const):
        text = value.text.strip("'\"") if value.kind == Kind.STRING else ""
        return text.upper() if len(text) == 3 and text.isalpha() and text.isascii() else ""
    if isinstance(value, (Member, External)):
        name = value.name.rpartition(".")[2]
        return name if len(name) == 3 and name.isalpha() and name.isupper() else ""
    return ""


def _spelt(value: Value) -> str:
    """A code as it is written down."""
    return value.text.strip("'\"") if isinstance(value, Const) and _code(value) else ""


def _case(codes: set[str] | frozenset[str]) -> Case:
    if codes and all(c.isupper() for c in codes):
        return "upper"
    return "lower" if codes and all(c.islower() for c in codes) else ""


def _items(evaluator: Evaluator, container: Value) -> list[Value]:
    if isinstance(container, Result) and container.instr >= 0 and (names(container.callee) or ("",))[0].rpartition(".")[2] in _LISTS:
        given = evaluator.arguments(container)  # `new Set(['JPY', 'KRW'])`, `frozenset(…)`
        return _items(evaluator, given[0][1]) if given else []
    if isinstance(container, Seq):
        return list(container.items)
    if isinstance(container, Record):
        return [Const(v.at, Kind.STRING, k) if not isinstance(v, Const) or v.kind != Kind.STRING else v for k, v in container.entries if k]
    if isinstance(container, Choice):
        return [i for o in container.options for i in _items(evaluator, o)]
    if isinstance(container, Const):
        return [container]
    return []


def _reads_setting(value: Value) -> bool:
    """A member of something that is called settings, configuration or environment."""
    here: Value = value
    for _ in range(6):
        if isinstance(here, Result):
            here = here.callee
        elif isinstance(here, (Member, Element)):
            if isinstance(here, Member) and snake(here.name) in _SETTINGS:
                return True
            here = here.base
        else:
            break
    name = here.name.rpartition(".")[2] if isinstance(here, External) else here.name if isinstance(here, Param) else ""
    return snake(name) in _SETTINGS


_SETTINGS = (
    "settings",
    "config",
    "configuration",
    "env",
    "environ",
    "options",
    "process",
    "conf",
    "constants",
    "setting",
    "get_config",
    "get_setting",
)
