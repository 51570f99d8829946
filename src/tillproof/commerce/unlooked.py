"""Requests whose answer nobody looks at, by clients that tell of a refusal by the answer alone: ``requests.post(url)``, or ``fetch(url)``
with no look at ``ok``. What is refused, an error of the provider or an unknown payment, then passes for done."""

from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.refused_items import is_let_through
from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_READS = frozenset(
    [
        *("json", "text", "body", "content", "getbody", "getcontents", "data", "parse", "loads", "json_decode", "object", "collect"),
        *("wp_remote_retrieve_body", "stringify", "json_encode", "sprintf", "string", "str", "strval", "dumps"),
    ]
)
_MOST = 60
_NEAR = 2
_RAISES = frozenset(["raise_for_status", "throw", "throwIf", "throwUnless", "throwUnlessStatus", "throwOnError", "abort"])
_SAYS = frozenset(
    ["ok", "status", "statuscode", "status_code", "success", "error", "errors", "message", "code", "getstatuscode", "successful", "failed"]
)
"""What is read of an answer by whoever means to know whether it is a good one."""


def unlooked(model: "Model", effect: Effect, returned: bool = False) -> Place | None:
    """The request, or the call that leads to it, whose answer is thrown away, logged or kept without a look; None where anybody may look
    at it. ``returned``: whoever calls the entry point takes whatever that returns for a good answer."""
    an_object = _answers_object(model, effect.place)
    if not (an_object or tells_by_answer(model, effect.place)):
        return None
    for place in effect.way:
        handed = _handed(model, place, an_object)
        if handed is not True:
            return place if handed is False else None
    return effect.way[-1] if returned and an_object else None


def _answers_object(model: "Model", place: Place) -> bool:
    """Whether an SDK answers what its provider refuses with an object, which is there whatever it says; what is handed a callback tells
    that."""
    body = model.program.body(place.fn)
    known = model.operations.at(place.fn, place.instr, place.ctx)
    if known is None or known.provider.errors != "answered" or model.http.request(place.fn, place.instr, place.ctx) is not None:
        return False
    return all(body.op[v] != Op.FUNCTION for _, v in body.call(place.instr)[1])


def tells_by_answer(model: "Model", place: Place) -> bool:
    """Whether the library that sends a request raises nothing for an answer that says no, by itself or because it is told not to."""
    own = [s for s in model.sendings.by_function.get(place.fn, ()) if s.instr == place.instr]
    clients = [c for c in (*(s.client for s in own), model.sendings.client_of(place.fn, place.instr, place.ctx)) if c is not None]
    if not clients:
        return _sent_below(model, place)
    if any(c.tells != "throws" for c in clients):
        return True
    options = [(place.fn, place.instr), *(s.made for s in own if s.made is not None)]
    return any(is_let_through(model.program.body(fn), i) for fn, i in options)


def _sent_below(model: "Model", place: Place) -> bool:
    """Whether a call leads to a function of ours that sends by such a library, asks nothing of the answer and raises nothing."""
    body = model.program.body(place.fn)
    if body.op[place.instr] != Op.CALL:
        return False
    callee = model.evaluator.value(place.fn, body.args(place.instr)[0], place.ctx)
    targets: list[Value] = [o for o in options(callee) if isinstance(o, FunctionV)]
    near = {fn for fn, depth in model.reach.of(targets).functions.items() if depth <= _NEAR} if targets else set[Fn]()
    clients = [c for fn in near for s in model.sendings.by_function.get(fn, ()) if (c := s.client) is not None]
    loud = any(Op.RAISE in model.program.body(fn).op or not _RAISES.isdisjoint(model.vocabulary.tokens(fn)) for fn in near)
    return bool(clients) and not loud and all(c.tells != "throws" for c in clients)


def _handed(model: "Model", place: Place, an_object: bool) -> bool | None:
    """Whether the answer of a call is returned and nothing else; False where it is left alone, or only kept, None where it is looked at or
    handed to a function. That there is ``an_object`` says nothing."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    waiting, seen, returned = [place.instr], set[int](), False
    while waiting and len(seen) < _MOST:
        here = waiting.pop()
        for use in defuse.uses(here):
            if use in seen:
                continue
            seen.add(use)
            op = body.op[use]
            if op == Op.STORE:
                waiting += reads(body, defuse, use)
            elif op == Op.RETURN:
                returned = True
            elif an_object and (op == Op.BRANCH or body.negates(use)):
                continue
            elif _hands_on(model, place, body, here, use):
                waiting.append(use)
            elif not _keeps(model, place, body, here, use):
                return None
    return returned


def _hands_on(model: "Model", place: Place, body: Body, here: int, use: int) -> bool:
    """Whether what is made of an answer is still the answer, or a part of it that says nothing of whether it is a good one. A part of a
    part that is not there raises."""
    op = body.op[use]
    if op == Op.CALL:
        return body.called(use).lower() in _READS
    if op == Op.INDEX:
        raises = model.program.language(place.fn.file) == "python"
        said = body.const(body.args(use)[1]) if len(body.args(use)) > 1 and body.args(use)[1] >= 0 else None
        return not raises and (said is None or snake(said[1].strip("'\"")) not in _SAYS)
    if op == Op.FIELD:
        return snake(body.name(use)) not in _SAYS and body.args(use)[0] == here
    return op in (Op.AWAIT, Op.CAST, Op.TEXT, Op.RECORD)


def _keeps(model: "Model", place: Place, body: Body, here: int, use: int) -> bool:
    """Whether an answer, or a part of it, only goes into a log, a note or a record of ours."""
    op = body.op[use]
    if op in (Op.SET_FIELD, Op.SET_INDEX):
        return True
    if op != Op.CALL or body.args(use)[0] == here:
        return False
    if model.recogniser.is_("loggers", place.fn, use) is not None or model.recogniser.is_("journals", place.fn, use) is not None:
        return True
    plain = model.effects.plain(place.fn, use)
    return plain is not None and plain.touches
