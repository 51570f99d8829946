"""Which calls owe an idempotency key, and whether they carry one: shared by missing-key and unstable-key."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from tillproof.checks import remedies
from tillproof.commerce.given import keyed
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.request_arguments import reads_request
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.shape import Found, find_key
from tillproof.flow.values import (
    Choice,
    Const,
    Ctx,
    External,
    Instance,
    Member,
    Overlay,
    Param,
    Record,
    Result,
    Text,
    Value,
    before_writes,
    leaves,
    names,
    options,
    pieces,
)  # fmt: skip
from tillproof.ir.ops import Op
from tillproof.source.kinds import is_seed

_PAYING = ("payment.create", "checkout.create", "refund.create", "payout.create", "transfer.create", "subscription.create", "invoice.pay",
           "payment.capture", "payment.confirm", "payment.cancel")  # fmt: skip
_LEVELS = 3
_MOST_CALLERS = 60
# Calls that only write out what they are given: nothing is in the text that is not in that.
_WRITERS = ("stringify", "dumps", "json_encode", "urlencode", "http_build_query")
_BODIES = ("body", "data", "json", "params", "form", "payload", "content", "query", "form_params", "postfields")
_MOST_PARTS = 80
_DEEPEST = 200
_NEW_EACH_TIME = re.compile(
    r"(get_)?(utc_?)?now(_utc|_datetime)?|(current_)?time(stamp)?|time_ns|micro_?time|uuid_?v?[147]?|random_\w+|nano_?id|cuid2?|ulid"
)
"""Helpers from outside whose name alone says that they give something else each time."""
# Types of all that a request is made with.
_OPTIONS = ("RequestInit", "AxiosRequestConfig", "RequestOptions")


@dataclass(frozen=True, slots=True)
class Keyed:
    """A call that owes a key, in one calling context. ``hidden``: values that could hold a key that was not seen."""

    site: OperationSite
    ctx: Ctx | None
    found: Found | None
    hidden: tuple[Value, ...]

    @property
    def state(self) -> Literal["sent", "sometimes", "hidden", "none"]:
        """Whether a key is sent."""
        if self.found is not None:
            return "sent" if self.found.certain else "sometimes"
        return "hidden" if self.hidden else "none"

    @property
    def place(self) -> tuple[Fn, int]:
        """The call that has to change: the outermost one that decides what is sent."""
        if self.ctx is None:
            return self.site.fn, self.site.instr
        top = list(self.ctx.chain())[-1]
        return top.caller, top.call


def keyed_places(model: Model) -> Iterator[list[Keyed]]:
    """The calls that owe a key, by the place that decides what is sent: a business caller is one, however many ways its call goes."""
    found: dict[tuple[Fn, int], list[Keyed]] = {}
    for site in model.operations.sites:
        op = site.operation
        if op.op not in _PAYING or op.repeatable == "natural" or not _takes_key(site) or in_browser(model, site) or is_seed(site.fn.file):
            continue
        if reads_request(model, site, site.ctx):
            continue  # the page names the key that is sent along
        for one in _in_contexts(model, site):
            found.setdefault(one.place, []).append(one)
    yield from found.values()


def _takes_key(site: OperationSite) -> bool:
    """Whether a provider takes a key for an operation: one for all of them, or a number of ours that this one is known again by."""
    idempotency = site.provider.idempotency
    return site.operation.supports_key and (bool(site.operation.key_names) or (idempotency is not None and idempotency.supported))


def in_browser(model: Model, site: OperationSite) -> bool:
    """Calls of a provider's browser SDK offer the page no key."""
    imports = {i.module for i in model.program.indices[site.fn.file].imports}
    return (
        model.program.language(site.fn.file) == "javascript"
        and bool(imports & {"react", "@stripe/react-stripe-js", "@stripe/stripe-js", "vue"})
        and (site.request is None and not any(i.startswith("next/server") for i in imports) and "stripe" not in imports)
    )


def _in_contexts(model: Model, site: OperationSite) -> Iterator[Keyed]:
    """Once where the call itself decides, else once for every caller that does."""
    own = look(model, site, None)
    if not _open(own):
        yield own
    else:
        yield from _upwards(model, site, own if site.ctx is None else look(model, site, site.ctx))


def _upwards(model: Model, site: OperationSite, here: Keyed) -> Iterator[Keyed]:
    depth = here.ctx.depth if here.ctx else 0
    above = model.callers.above(site.fn, here.ctx) if _open(here) and depth < _LEVELS else []
    further = [k for ctx in above[:_MOST_CALLERS] for k in _upwards(model, site, look(model, site, ctx))]
    if here.found is not None and here.found.certain:
        yield from further or [here]
    elif all(k.state == here.state for k in further):
        yield here  # whoever calls changes nothing
    else:
        yield from further


def _open(here: Keyed) -> bool:
    """Whether a caller may still decide if, or which, key is sent."""
    if here.found is None:
        return bool(here.hidden)
    return not here.found.certain or any(isinstance(x, Param) for x in leaves(here.found.value))


def look(model: Model, site: OperationSite, ctx: Ctx | None) -> Keyed:
    """Look for the key in all that a call is given."""
    evaluator = model.evaluator
    idempotency = site.provider.idempotency
    wanted = {n.lower() for n in (*(idempotency.names if idempotency else ()), *site.operation.key_names)}
    if site.request is not None:
        request = model.http.request(site.fn, site.instr, ctx) or site.request
        arguments = [("", v) for v in request.arguments]
    else:
        arguments = keyed(model, site, ctx)
    hidden: list[Value] = []
    maybe = model.http.clients.set_beside(site.fn, site.instr, ctx, wanted) or _of_client(model, site, ctx, wanted)
    if maybe is not None and maybe.certain:
        return Keyed(site, ctx, maybe, ())
    for headers in model.http.clients.set_in_loops(site.fn, site.instr, ctx) if site.request is not None else ():
        found, more = find_key(evaluator, headers, wanted)
        if found is not None and found.certain:
            return Keyed(site, ctx, found, ())
        maybe = maybe or found
        hidden += more
    for position, (key, value) in enumerate(arguments):
        if key.lower() in wanted:
            return Keyed(site, ctx, Found(value, True, key), ())
        if not key and site.request is None and position == site.operation.key_at and not _nothing(value):
            return Keyed(site, ctx, Found(value, not any(_nothing(o) for o in options(value)), "idempotency key"), ())
        found, more = find_key(evaluator, value, wanted)
        found = found or _further_in(evaluator, value, wanted) or _in_an_object(model, value, wanted)
        if found is not None and found.certain:
            return Keyed(site, ctx, found, ())
        maybe = maybe or found
        if key and key not in ("*", "**") and not any(w in key.lower() for w in ("option", "header", "config")):
            continue  # a named argument of its own meaning hides no key
        if site.request is None and site.operation.key_at >= 0 and key not in ("*", "**"):
            continue  # the method takes the key as an argument of its own, which this is not
        if position > 0 or key in ("*", "**") or site.request is not None:
            hidden += [h for h in more if may_carry_options(h, position, site) or _hands_on(model, h)]
    if maybe is None and site.request is not None and _is_of_body(site, wanted):
        maybe, sealed = in_sealed_body(evaluator, [v for _, v in arguments], wanted)
        hidden += sealed
    return Keyed(site, ctx, maybe, tuple(hidden))


def _is_of_body(site: OperationSite, wanted: set[str]) -> bool:
    """Whether the key may be a field of what is sent, and not a header alone."""
    return bool(site.operation.key_names) or any("." in name for name in wanted) or not any("-" in name for name in wanted)


def _are_headers(names: Collection[str]) -> bool:
    """Whether the key is sent as a header alone, whatever else a call takes."""
    return bool(names) and all("-" in name for name in names)


def _of_client(model: Model, site: OperationSite, ctx: Ctx | None, wanted: set[str]) -> Found | None:
    """The key among the headers with which the client of an SDK was made: ``new Client({ headers: { … } }).refunds.create(…)``."""
    if site.request is not None or not _are_headers(wanted):
        return None
    body = model.program.body(site.fn)
    here = body.args(site.instr)[0]
    while body.op[here] == Op.FIELD:
        here = body.args(here)[0]
    for option in options(model.evaluator.value(site.fn, here, ctx)):
        for _, given in model.evaluator.arguments(option) if isinstance(option, Result) and option.instr >= 0 else ():
            if (found := find_key(model.evaluator, given, wanted)[0]) is not None:
                return found
    return None


def _nothing(value: Value) -> bool:
    """Whether an argument is certainly no key: null or an empty text."""
    return isinstance(value, Const) and value.falsy


def _further_in(evaluator: Evaluator, value: Value, wanted: set[str]) -> Found | None:
    """The key where a provider wants it in a part of what it is sent: ``transaction_details.order_id``."""
    for name in sorted(wanted):
        outer, _, inner = name.partition(".")
        part = find_key(evaluator, value, {outer})[0] if inner else None
        found = find_key(evaluator, part.value, {inner})[0] if part is not None else None
        if part is not None and found is not None:
            return Found(found.value, part.certain and found.certain, found.key)
    return None


def _in_an_object(model: Model, value: Value, wanted: set[str]) -> Found | None:
    """An argument that is called as the key is, of an object that is made for the call: ``new CreatePayment($token, $idempotencyKey)``."""
    plain = {w.replace("_", "") for w in wanted}
    for option in options(value):
        made = before_writes(option)  # it may have been told more since
        if not isinstance(made, Result) or not made.new or made.instr < 0:
            continue
        body = model.program.body(made.fn)
        for _, given in body.call(made.instr)[1]:
            if body.op[given] == Op.NAME and body.name(given).lstrip("$").replace("_", "").lower() in plain:
                return Found(model.evaluator.value(made.fn, given, made.ctx), True, body.name(given))
    return None


def in_sealed_body(evaluator: Evaluator, values: list[Value], wanted: set[str]) -> tuple[Found | None, list[Value]]:
    """The key in what a signed or encrypted body is made of; else the calls that made it, which could hide it."""
    waiting, seen = [(value, True) for value in values], 0
    sealed: list[Value] = []
    while waiting and seen < _MOST_PARTS:
        seen += 1
        here, whole = waiting.pop(0)
        found, _ = find_key(evaluator, here, wanted)
        if found is not None:
            return found, []
        if isinstance(here, Result) and here.instr >= 0:
            if whole and evaluator.program.body(here.fn).called(here.instr).lower() not in _WRITERS:
                sealed.append(here)
            waiting += [(v, whole) for _, v in evaluator.arguments(here)]
        elif isinstance(here, Param):
            sealed += [here] if whole else []
        elif isinstance(here, Record):
            waiting += [(v, whole and (key is None or key.lower() in _BODIES)) for key, v in here.entries]  # no other field holds one
        elif isinstance(here, (Choice, Text, Overlay)):
            waiting += [(v, whole) for v in here.parts()]
    return None, sealed


def may_carry_options(value: Value, position: int, site: OperationSite) -> bool:
    """Whether an unknown value stands where options go; the address and the body of a request do not."""
    if site.request is not None:
        text = " ".join((*names(value), value.name if isinstance(value, Param) else "")).lower()
        return isinstance(value, Param) and ("option" in text or "config" in text or "header" in text or "args" in text)
    return isinstance(value, Param) or position > 0


def _hands_on(model: Model, value: Value) -> bool:
    """Whether a value is all that a caller gives for the request: ``**request``, ``request: RequestInit``."""
    if not isinstance(value, Param):
        return False
    param = model.program.body(value.fn).params[value.number]
    return param.kind == "named-rest" or param.type.rpartition(".")[2] in _OPTIONS


def key_code(model: Model, here: Keyed) -> str:
    """The line that hands over a stable key, as this provider and language write it."""
    site = here.site
    names = _key_names(site)
    if sends_header(here):
        header = next((n for n in names if "-" in n), "Idempotency-Key")
        return remedies.code(model, site.fn.file, "key-header", parameter=header)
    language = model.program.language(site.fn.file)
    parameter = next((n for n in names if _is_spelt_in(language, n)), next(iter(names), "idempotency_key"))
    own = None if site.operation.key_names else site.provider
    return remedies.code(model, site.fn.file, "key", own, parameter=parameter)


def sends_header(here: Keyed) -> bool:
    """Whether the key is a header of a request; with some providers it is a field of what is sent."""
    names = _key_names(here.site)
    if here.site.request is None:
        return _are_headers(names)
    return not names or any("-" in n for n in names)


def _key_names(site: OperationSite) -> tuple[str, ...]:
    """What the key is called where this operation is asked for."""
    return site.operation.key_names or (site.provider.idempotency.names if site.provider.idempotency else ())


def _is_spelt_in(language: str, name: str) -> bool:
    """Whether a language writes names of parameters so."""
    if language == "python":
        return name.islower() and "-" not in name
    return "-" not in name and (language == "php" or ("_" not in name and name[:1].islower()))


def random_source(model: Model, value: Value) -> Value | None:
    """A random or clock value that the key is made of, through any function of the repository."""

    def onward(here: Value) -> list[Value]:
        if isinstance(here, Result):
            if (found := model.records.read_behind(here)) is not None and found.kind == "read":
                return []  # what is found by the time comes from the database
            return [here.callee, *((v for _, v in model.evaluator.arguments(here)) if here.instr >= 0 else ())]
        if isinstance(here, Member) and (made := model.records.read_behind(here.base)) is not None and made.kind == "create":
            field = made.fields.get(here.name)  # its other fields come from the database
            return [field] if field is not None else []
        return list(here.parts())

    walked = pieces([value], _DEEPEST, onward)
    return next((here for here in walked if isinstance(here, Result) and _differs(model, here)), None)


def _differs(model: Model, made: Result) -> bool:
    """Whether a call gives something else each time: a pack says so, or the name of a helper from outside that is given nothing does."""
    if model.recogniser.result_is("random", made):
        return True
    name = snake(made.callee.name.rpartition(".")[2]) if isinstance(made.callee, External) else ""
    return bool(_NEW_EACH_TIME.fullmatch(name)) and made.instr >= 0 and not model.evaluator.arguments(made)


def kept(value: Value) -> bool:
    """Whether the key may also be one that is read from a stored record: the random one is only made when there is none yet."""
    options = value.options if isinstance(value, Choice) else ()
    return any(isinstance(o, (Member, Instance)) for o in options)
