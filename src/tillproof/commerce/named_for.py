"""Which of the classes that a view names one of its handlers works with: ``return CancelSerializer if self.action == "cancel" else …``,
``{"cancel": CancelSerializer}.get(self.action, …)``, ``@action(serializer_class=CancelSerializer)``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.choosing import words_of
from tillproof.flow.facts import Condition
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, Record, Value, before_writes, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Inherited

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_ASKED = ("action", "method")  # by which a view tells which of its handlers runs
_PART_OF = {"perform_create": "create", "perform_update": "update", "perform_destroy": "destroy"}
_BY_METHOD = {"create": "post", "update": "put", "partial_update": "patch", "list": "get", "retrieve": "get", "destroy": "delete"}
_METHODS = ("get", "post", "put", "patch", "delete")


def named_for(model: "Model", rule: Inherited, view: ClassId, handler: Fn) -> list[ClassId]:
    """The classes that a view names for one of its handlers; empty where it does not tell."""
    if told := _by_decorator(model, rule, handler):
        return told
    name = _PART_OF.get(model.program.name(handler), model.program.name(handler))
    asks = (model.evaluator.scope.method(view, named) for named in rule.named_in)
    method = next((m for m in asks if m is not None), None)
    if method is None:
        return []
    fitting: list[Value] = []
    others: list[Value] = []
    for value, fits in _returned(model, method, name):
        if fits is not False:
            (fitting if fits else others).append(value)
    return _classes(fitting) or _classes(others)


def _classes(values: list[Value]) -> list[ClassId]:
    return list(dict.fromkeys(o.cls for value in values for o in options(value) if isinstance(o, ClassV)))


def _by_decorator(model: "Model", rule: Inherited, handler: Fn) -> list[ClassId]:
    """What a decorator of the handler says instead of the view."""
    top = Fn(handler.file, TOP)
    body = model.program.body(top)
    marks = [body.args(i)[2] for i, op in enumerate(body.op) if op == Op.DECORATE and body.args(i)[:2] == [0, handler.number]]
    told = [v for mark in marks if body.op[mark] == Op.CALL for key, v in body.call(mark)[1] if key in rule.named_in]
    return _classes([model.evaluator.value(top, v) for v in told])


def _returned(model: "Model", method: Fn, name: str) -> Iterator[tuple[Value, bool | None]]:
    """What a method returns, and whether that is for the handler of a name: None where nothing says so."""
    body, evaluator = model.program.body(method), model.evaluator
    facts = model.effects.facts(method)
    for i, op in enumerate(body.op):
        if op != Op.RETURN or body.args(i)[0] < 0:
            continue
        asked = [_asks_for(body, c, name) for c in facts.at(i) if isinstance(c, Condition)]
        fits = False if False in asked else (True if True in asked else None)
        chosen = _looked_up(model, method, body.args(i)[0], name)
        if chosen is not None:
            yield from chosen
        elif body.op[body.args(i)[0]] == Op.CHOICE:  # ``A if self.action == "cancel" else B``
            for side in body.args(body.args(i)[0])[1:]:
                told = [_asks_for(body, c, name) for c in facts.at(side) if isinstance(c, Condition)]
                yield evaluator.value(method, side), False if False in told else (True if True in told else fits)
        else:
            yield evaluator.value(method, body.args(i)[0]), fits


def _asks_for(body: Body, condition: Condition, name: str) -> bool | None:
    """Whether a condition holds for the handler of a name: None where it asks for something else."""
    words = list(words_of(body, condition.instr))
    if not any(word in _ASKED for word in words):
        return None
    if "method" in words:  # of HTTP, by which a handler with a name of its own may be called too
        name = _BY_METHOD.get(name, name)
        if name not in _METHODS:
            return None
    texts = {word.strip("'\"").lower() for word in words} - {"self", "request", *_ASKED}
    unequal = body.op[condition.instr] == Op.BINARY and body.text(body.args(condition.instr)[0]) in ("!=", "not in", "is not")
    if (name.lower() in texts) is (condition.truth is not unequal):
        return True if name.lower() in texts else None
    return False


def _looked_up(model: "Model", method: Fn, i: int, name: str) -> list[tuple[Value, bool | None]] | None:
    """The entry of a table that a handler's name stands for, or what stands in for it."""
    body, evaluator = model.program.body(method), model.evaluator
    if body.op[i] == Op.CALL and body.called(i) == "get" and body.op[body.args(i)[0]] == Op.FIELD:
        holder, given = body.args(body.args(i)[0])[0], [v for _, v in body.call(i)[1]]
        key, default = given[0] if given else -1, given[1] if len(given) > 1 else -1
    elif body.op[i] == Op.INDEX:
        holder, key, default = body.args(i)[0], body.args(i)[1], -1
    else:
        return None
    tables = [t for o in options(evaluator.value(method, holder)) if isinstance(t := before_writes(o), Record)]
    if not tables or key < 0 or not any(word in _ASKED for word in words_of(body, key)):
        return None
    found = [v for table in tables for k, v in table.entries if k == name]
    if found:
        return [(v, True) for v in found]
    return [(evaluator.value(method, default), None)] if default >= 0 else []
