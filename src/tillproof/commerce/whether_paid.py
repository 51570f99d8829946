"""Whether what a message says became of a payment is asked anywhere behind its handler. A signature proves who speaks, and an answer whom
we asked; of a payment that was cancelled, refused or is still open they say so as genuinely as of one that was made.

Whoever asks anything that may say it is taken to have asked: a status, a type of event, a code, anything compared with a word."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tillproof.commerce.answers import says_outcome
from tillproof.commerce.effects import Effect
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.reach import Closure
from tillproof.commerce.told_answers import is_fetched, is_told
from tillproof.flow.program import Fn
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_TELLS = re.compile(
    r"(^|_)(type|event|topic|kind|action|operation|name|notification|result|response|code|rc|success\w*|ok|outcome|state|stat|status\w*"
    r"|error\w*|err|fail\w*|reason|message|msg|resource|paid|flag|ack|decision|completed?|approved|captured|cancel\w*)($|_)"
)
_HANDED = re.compile(r"(\w+_)?(type|topic|status|state|outcome|success|paid|code|action)|event_?name")
"""Parameters that say it by themselves: others hold the whole message."""
_ELSE = re.compile(r"currency|receiver|business|e?mail|method|sign|hash|mac\b|amount|total|gross|secret|token|key|length|header|version")
_GETTERS = re.compile(r"get\w*|input|post|query|params?|request|filter_input|value|data|json|attr\w*|offset_get|read\w*|field|only|arg")
_OF_SHOP = ("this", "self", "settings", "config", "env", "options")
_COMPARES = ("==", "===", "!=", "!==", "<>", "is", "is not", "in", "not in")
_FEW = 20
_PLAIN = re.compile(r"[a-z]+")
"""Events that are named like a state: of which payment it is asked has to be looked at."""
_BY_NAME = frozenset(["call_user_func", "call_user_func_array", "method_exists", "getattr", "eval", "Reflect"])


def asks_whether_paid(model: "Model", handler: Handler, paid: Sequence[Effect]) -> bool:
    """Whether a handler asks, or may ask, what came of the payment that it hears of; or what runs later and marks the order as ``paid``."""
    on_the_way = dict.fromkeys(place.fn for effect in paid for place in effect.way)
    later = [fn for fn in on_the_way if fn not in handler.closure.functions]
    near = dict.fromkeys([*later, *(callee for fn in later for callee in model.reach.callees(fn))])
    return _asks_in(model, handler, handler.closure) or (bool(near) and _asks_in(model, handler, model.reach.around(list(near))))


def _asks_in(model: "Model", handler: Handler, closure: Closure) -> bool:
    provider = handler.provider
    events = {event for told in provider.inbound for event in (*told.events, *told.settles) if not _PLAIN.fullmatch(event)}
    named = {model.program.name(fn) for fn in closure.functions}  # of the entries of a table of handlers
    if not events.isdisjoint(closure.compared) or not events.isdisjoint(closure.texts) or not events.isdisjoint(named):
        return True
    paid_only = frozenset(field for told in provider.inbound if told.signs == "paid" for field in told.fields if "sign" in field)
    if any(not paid_only.isdisjoint(model.vocabulary.tokens(fn)) for fn in closure.functions):
        return True
    genuine = frozenset(text for verifier in provider.verifiers for text in verifier.genuine)
    return any(asks_outcome(model, fn, genuine) for fn in closure.functions)


def asks_sent(model: "Model", fn: Fn) -> bool:
    """Whether a function tests anything of what was sent or answered that may say what came of a payment: more than that it reads it, or
    asks a record of ours."""
    body = model.program.body(fn)
    methods = {body.args(i)[0] for i, op in enumerate(body.op) if op == Op.CALL and body.call(i)[1]}
    for i, op in enumerate(body.op):
        if op == Op.BINARY and body.text(body.args(i)[0]) in _COMPARES and _compares(model, fn, i, frozenset()):
            if any(_is_sent(model, fn, side) for side in body.args(i)[1:3]):
                return True
            continue
        name = _read(model, fn, i) if i not in methods else ""
        if name and (_TELLS.search(name) or says_outcome(model, name)) and _is_sent(model, fn, i) and model.answers.tested(fn, i):
            return True
    return False


def _is_sent(model: "Model", fn: Fn, i: int) -> bool:
    value = model.evaluator.value(fn, i)
    return is_told(model, value) or is_fetched(model, value) or bool(model.requests.sources_in(value, _FEW))


def asks_outcome(model: "Model", fn: Fn, genuine: frozenset[str] = frozenset()) -> bool:
    """Whether a function asks anything that may say what came of a payment. ``genuine``: what proves the sender, and says nothing else."""
    if not _BY_NAME.isdisjoint(model.vocabulary.tokens(fn)):
        return True
    body = model.program.body(fn)
    methods = {body.args(i)[0] for i, op in enumerate(body.op) if op == Op.CALL and body.call(i)[1]}
    for i, op in enumerate(body.op):
        if op == Op.CALL and body.op[body.args(i)[0]] in (Op.CALL, Op.INDEX):
            return True  # one of several functions, chosen as it runs
        if op == Op.BINARY and body.text(body.args(i)[0]) in _COMPARES and _compares(model, fn, i, genuine):
            return True
        name = _read(model, fn, i) if i not in methods else ""
        if name and (_TELLS.search(name) or says_outcome(model, name)) and not _ours(model, fn, i) and model.answers.hangs_on(fn, i):
            return True
    return False


def _read(model: "Model", fn: Fn, i: int) -> str:
    """The name of what an instruction reads out of something: a member, a key, what a getter is told to get, a parameter."""
    body = model.program.body(fn)
    op = body.op[i]
    if op == Op.FIELD:
        return snake(body.name(i))
    if op == Op.PARAM:
        name = snake(body.params[body.args(i)[0]].name)
        return name if _HANDED.fullmatch(name) else ""
    key = -1
    if op == Op.INDEX:
        key = body.args(i)[1]
    elif op == Op.CALL and _GETTERS.fullmatch(snake(body.called(i))):
        key = next((a for _, a in body.call(i)[1] if body.op[a] == Op.CONST), -1)
    const = body.const(key) if key >= 0 else None
    return snake(const[1].strip("'\"")) if const is not None and const[0] == Kind.STRING else ""


def _compares(model: "Model", fn: Fn, i: int, genuine: frozenset[str]) -> bool:
    """Whether something that was sent, and is no sum, currency or proof, is compared with a word or a number."""
    body = model.program.body(fn)
    for side, other in (body.args(i)[1:3], body.args(i)[2:0:-1]):
        const = body.const(side)
        if const is None or const[0] not in (Kind.STRING, Kind.NUMBER) or not const[1].strip("'\""):
            continue
        given = [a for _, a in body.call(other)[1]] if body.op[other] == Op.CALL else []
        if any((told := body.const(a)) is not None and told[1].strip("'\"") in genuine for a in (side, *given)):
            continue
        name = _read(model, fn, other) or snake(written(model.program, fn, other).rpartition(".")[2])
        if not _ELSE.search(name) and not _ours(model, fn, other):
            return True
    return False


def _ours(model: "Model", fn: Fn, i: int) -> bool:
    """Whether what is read is kept in a record or in the settings of ours, and so says nothing of this message."""
    if _is_sent(model, fn, i):
        return False  # whatever it is called: `order = paypal.get_order(id)`
    kept = model.states.field(fn, i, None)
    if kept and all(model.words.has("order_entities", read.entity) and model.words.says_state(read.field) for read in kept):
        return True
    body = model.program.body(fn)
    here = i
    while body.op[here] in (Op.FIELD, Op.INDEX) or (body.op[here] == Op.CALL and body.op[body.args(here)[0]] == Op.FIELD):
        here = body.args(here)[0]
        if model.records.read_behind(model.evaluator.value(fn, here)) is not None:
            return True
    return body.op[here] == Op.NAME and body.name(here) in _OF_SHOP
