"""Requests that are sent by a method whose name is handed over, or by calling the client itself."""

from tillproof.commerce.recognise import CLIENT, GETS, Recogniser
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, Element, Instance, Member, Param, Result, names, options
from tillproof.ir.ops import Op


def sends_by_name(recogniser: Recogniser, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call sends a request so: ``Http::withToken($token)->$method($url)``, ``getattr(requests, method)(url)``."""
    if chosen_method(recogniser, fn, i) < 0:
        return _calls_client(recogniser, fn, i, ctx)
    return bool(recogniser.shared[recogniser.program.language(fn.file), "http"].find(chosen_names(recogniser, fn, i, ctx)))


def chosen_names(recogniser: Recogniser, fn: Fn, i: int, ctx: Ctx | None) -> tuple[str, ...]:
    """The names of what a call finds by a name that is handed over, as if that were one method that sends."""
    body = recogniser.program.body(fn)
    callee = body.args(i)[0]
    if body.op[callee] == Op.INDEX:
        of = [o.base for o in options(recogniser.evaluator.value(fn, callee, ctx)) if isinstance(o, Element)]
    else:
        getter = _getter(recogniser, fn, callee)
        of = [recogniser.evaluator.value(fn, body.call(getter)[1][0][1], ctx)] if getter >= 0 else []
    return tuple(name for base in of for o in options(base) for name in names(Member(o.at, o, "post")))


def chosen_method(recogniser: Recogniser, fn: Fn, i: int) -> int:
    """The instruction that names the method of what a call finds by its name; -1 where none does."""
    body = recogniser.program.body(fn)
    callee = body.args(i)[0]
    if body.op[callee] == Op.INDEX:
        return body.args(callee)[1]
    getter = _getter(recogniser, fn, callee)
    return body.call(getter)[1][1][1] if getter >= 0 else -1


def _getter(recogniser: Recogniser, fn: Fn, callee: int) -> int:
    """The call that finds a method by its name, where that is what is called, at once or from a variable that is written once:
    ``send = getattr(session, method)``; -1 where it is not."""
    body = recogniser.program.body(fn)
    if body.op[callee] == Op.NAME and GETS in recogniser.program.called(fn.file):
        stores = recogniser.evaluator.defuse(fn).stores.get(body.name(callee), ())
        callee = body.args(stores[0])[1] if len(stores) == 1 else callee
    return callee if body.op[callee] == Op.CALL and body.called(callee) == GETS and len(body.call(callee)[1]) > 1 else -1


def _calls_client(recogniser: Recogniser, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a client that a library has made sends by being called itself: ``axios.create({…})({ url, method })``."""
    body = recogniser.program.body(fn)
    callee = body.args(i)[0]
    named = body.op[i] == Op.CALL and body.op[callee] in (Op.NAME, Op.FIELD) and CLIENT.fullmatch(body.name(callee).rpartition(".")[2])
    if not named or recogniser.program.language(fn.file) != "javascript" or not body.call(i)[1]:
        return False
    table = recogniser.shared["javascript", "http"]
    made = (o for o in options(recogniser.evaluator.value(fn, callee, ctx)) if isinstance(o, (Result, Param, Instance)))
    return any(table.find(names(Member(o.at, o, "request"))) for o in made)
