"""What a provider operation is given: the values at a path into its arguments, in the calling contexts that decide them."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.declared_fields import declared_by_sender
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.request_arguments import reads_request, taken_from_request
from tillproof.flow.program import TOP, Fn
from tillproof.flow.set_on import made_in_chain, set_on
from tillproof.flow.shape import gathers, shape
from tillproof.flow.values import (
    Choice,
    Ctx,
    Element,
    Instance,
    Member,
    Overlay,
    Param,
    Record,
    Result,
    Seq,
    Value,
    before_writes,
    options,
    pieces,
)
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LEVELS = 3
_PIECES = 200
_CALLERS = 24
_FEW = 40
_TOGETHER = re.compile(r"\$?(data|params|options|opts|payload|input|args|props|details|dto|body|request|req)?", re.IGNORECASE)
"""A parameter that holds what others are given one by one; one without a name is taken apart where it is declared."""
_BODIES = ("body", "data", "json", "form_params", "params")


def given_at(model: "Model", site: OperationSite, path: str) -> Iterator[tuple[Ctx | None, Value]]:
    """The values at a path, each with its calling context: one for every caller where a parameter hides it, and one for whoever calls
    from outside where the function is a way in by itself."""
    yield from _specific(model, site, path, site.ctx, 0)


def _specific(model: "Model", site: OperationSite, path: str, ctx: Ctx | None, level: int) -> Iterator[tuple[Ctx | None, Value]]:
    values = values_at(model, site, path, ctx)
    open_ended = any(depends_on_caller(model, v) for v in values or arguments(model, site, ctx))
    known = site.ctx.depth if site.ctx is not None and (not values or any(_is_handed_on(model, v) for v in values)) else 0
    if open_ended and level < _LEVELS and (ctx is None or ctx.depth <= level + known):
        contexts = _calls(model, site.fn, ctx) or _run_later(model, site.fn, ctx)
        if contexts:
            if any(model.requests.sources_in(v, _FEW) for v in values):  # it is called from outside as well, with whatever is sent
                yield from ((ctx, v) for v in values)
            for deeper in contexts[:_CALLERS]:
                yield from _specific(model, site, path, deeper, level + 1)
            values = [v for v in values if _sent(model, v)]
    yield from ((ctx, v) for v in values)


def _calls(model: "Model", fn: Fn, ctx: Ctx | None) -> list[Ctx]:
    """The contexts that know one call more; the line that registers a handler, ``pay.bind(controller)``, hands it nothing."""
    contexts = model.callers.above(fn, ctx)
    if not any(e.target.fn == model.callers.outermost(fn, ctx) for e in model.entries_to(fn)):
        return contexts
    return [c for c in contexts if list(c.chain())[-1].caller.number != TOP]


def _run_later(model: "Model", fn: Fn, ctx: Ctx | None) -> list[Ctx]:
    """The contexts in which a function runs in a job, where nothing calls its outermost caller."""
    return model.callers.below(ctx, model.handovers.contexts(model.callers.outermost(fn, ctx)))


def values_at(model: "Model", site: OperationSite, path: str, ctx: Ctx | None) -> list[Value]:
    """The values at a path in one calling context."""
    values = [v for a in arguments(model, site, ctx) for v in _at_path(model, a, path.split("."))]
    if not values and path.isdigit():
        positional = [v for k, v in keyed(model, site, ctx) if k == ""]
        values = positional[int(path) : int(path) + 1]
    return values


def is_open(model: "Model", site: OperationSite, path: str, ctx: Ctx | None) -> bool:
    """Whether something that is not known could give what stands at a path: a parameter, what a spread brings along, a filter's answer."""
    return any(_open_at(model, a, path.split(".")) for a in arguments(model, site, ctx))


def _open_at(model: "Model", value: Value, path: list[str]) -> bool:
    got = shape(model.evaluator, value)
    if got.open or not path:
        return bool(got.open)
    name = path[0].removesuffix("[]")
    inner = [e for k, e in {**got.may, **got.must}.items() if k == name or k in _BODIES]
    return any(
        _open_at(model, i, path[1:] if path[0].removesuffix("[]") == name else path) for e in inner for i in _elements_of(e, path[0])
    )


def _elements_of(value: Value, word: str) -> list[Value]:
    return _elements(value) if word.endswith("[]") else [value]


def depends_on_caller(model: "Model", value: Value) -> bool:
    """Whether a parameter that no caller has filled yet is part of a value, cleaned or converted perhaps."""

    def onward(here: Value) -> list[Value]:
        if gathers(here):
            return model.evaluator.made_of(here)
        return [*here.parts(), *(model.requests.carried(here) if isinstance(here, Result) else ())]

    return any(
        isinstance(here, Param) or (isinstance(here, Instance) and here.origin is not None) for here in pieces([value], _PIECES, onward)
    )


def _is_handed_on(model: "Model", value: Value) -> bool:
    """Whether a value is made of a parameter itself, or of one of those that are handed over together: ``({ amount, email }) => …``,
    ``params.amount``. What is read of an order that is handed over is known well enough."""

    def onward(here: Value) -> Iterable[Value]:
        if isinstance(here, Member) and isinstance(here.base, Param) and _TOGETHER.fullmatch(here.base.name):
            return (here.base,)
        if isinstance(here, (Member, Element)):
            return ()
        return [*here.parts(), *(model.requests.carried(here) if isinstance(here, Result) else ())]

    return any(isinstance(here, Param) for here in pieces([value], _PIECES, onward))


def _sent(model: "Model", value: Value) -> bool:
    """Whether a value hangs on what a stranger hands over when he calls the function himself, as he may a server action."""
    return any(isinstance(part, Param) for source, part in model.requests.sources_in(value, _PIECES) for part in pieces([part], _PIECES))


def keyed(model: "Model", site: OperationSite, ctx: Ctx | None) -> list[tuple[str, Value]]:
    """What an operation is given, by key; of a raw request its pieces."""
    if site.request is not None:
        request = model.http.request(site.fn, site.instr, ctx) or site.request
        return [("", a) for a in request.arguments]
    return model.evaluator.given(site.fn, site.instr, ctx) or _made_with(model, site, ctx)


def _made_with(model: "Model", site: OperationSite, ctx: Ctx | None) -> list[tuple[str, Value]]:
    """What the request was made with that a call without arguments sends: ``$gateway->purchase($parameters)->send()``."""
    body = model.program.body(site.fn)
    callee = body.args(site.instr)[0]
    before = options(model.evaluator.value(site.fn, body.args(callee)[0], ctx)) if body.op[callee] == Op.FIELD else ()
    made = [o for o in before if isinstance(o, Result) and o.instr >= 0]
    known = {name.rpartition(".")[0].rpartition(".")[2] for calls in site.operation.calls.values() for name in calls}
    named = [o for o in made if isinstance(o.callee, Member) and o.callee.name in known]
    return [pair for one in named for pair in model.evaluator.arguments(one)]


def arguments(model: "Model", site: OperationSite, ctx: Ctx | None) -> list[Value]:
    """What may hold named parameters: records given, and keyword arguments as one record."""
    out: list[Value] = []
    for key, value in keyed(model, site, ctx):
        if key in ("", "*", "**"):
            out.append(value)
        else:
            out.append(Record(value.at, ((key, value),)))
    if reads_request(model, site, ctx):
        out.append(taken_from_request(model, site, ctx))
    return out + _filled(model, site, ctx)


def _filled(model: "Model", site: OperationSite, ctx: Ctx | None) -> list[Value]:
    """The object of a package's that the operation is made of, or asked of, where the code sets what it is to hold: ``new
    OrdersCreateRequest()`` before ``request.requestBody({…})``, ``$payment->create($context)`` after ``$payment->setTransactions([…])``."""
    if site.request is not None:
        return []
    body = model.program.body(site.fn)
    callee = body.args(site.instr)[0]
    owner = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
    objects = [model.evaluator.value(site.fn, i, ctx) for i in (site.instr, owner) if i >= 0]
    made = [m for o in objects for one in options(o) if isinstance(one, Result) and (m := made_in_chain(one)) is not None]
    return [m for m in made if m.instr != site.instr or any(True for _ in set_on(model.evaluator, m))]


def _at_path(model: "Model", value: Value, path: list[str], within: bool = False) -> list[Value]:
    """The values at a dotted path: ``line_items[].price_data.unit_amount``. ``within``: a part of the path lies behind already."""
    if not path:
        return [value]
    if isinstance(value, Choice):
        return [v for o in value.options for v in _at_path(model, o, path, within)]
    word, rest = path[0], path[1:]
    name = word.removesuffix("[]")
    got = shape(model.evaluator, value)
    found = [keys[name] for keys in (got.must, got.may) if name in keys]
    if not found:
        nested = [e for k, e in {**got.may, **got.must}.items() if k in _BODIES]
        return [v for e in nested for v in _at_path(model, e, path)] if nested else _of_whole(model, value, path, within)
    out: list[Value] = []
    for entry in found[:1]:
        items = _elements(entry) if word.endswith("[]") else [entry]
        for item in items:
            out += _at_path(model, item, rest, True)
    return out


def _of_whole(model: "Model", value: Value, path: list[str], within: bool) -> list[Value]:
    """The value at a path into what was sent, where that is handed on as it came: ``create(**body.model_dump())``,
    ``client.order.create(request.json)``, ``line_items=request.json["items"]``."""
    name = path[0].removesuffix("[]")
    declared = declared_by_sender(model, value)
    sent = model.requests.source(value) if not declared and name not in _BODIES else None
    read = sent is not None and (sent.kind == "body" or (sent.kind == "raw" and isinstance(before_writes(value), Result)))
    whole = read and sent is not None and (within or sent.key is None)
    entry = declared.get(name) or (model.evaluator.member(value, name, value.at) if whole else None)
    if entry is None:
        return []
    items = _elements(entry) if path[0].endswith("[]") else [entry]
    return [v for item in items for v in _at_path(model, item, path[1:], True)]


def _elements(value: Value) -> list[Value]:
    if isinstance(value, Seq):
        return list(value.items)
    if isinstance(value, Choice):
        return [e for o in value.options for e in _elements(o)]
    if isinstance(value, Overlay):  # what is appended to a list, one by one
        base = _elements(value.base) if isinstance(value.base, (Seq, Choice, Overlay)) else []
        appended = [v for key, v, _ in value.writes if key in (None, "[]")]
        return [*base, *appended] or [Element(value.at, value, None)]
    return [Element(value.at, value, None)]
