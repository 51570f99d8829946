"""What a method that chooses permissions chooses for one action: ``get_permissions`` of a view set that asks ``self.action``."""

from tillproof.commerce.entry_styles.arguments import items
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import Fn
from tillproof.flow.values import Choice, FunctionV, Value, constant
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

_CHOOSING = "get_permissions"
_HOOKS = "perform_"
_METHODS = {"put": "update", "patch": "partial_update", "post": "create", "get": "list", "delete": "destroy"}


def chosen(wiring: Wiring, chain: tuple[Value, ...], target: Fn) -> tuple[Value, ...]:
    """A chain in which what such a method chooses for the handler stands for it, and for the guards of the class, which count no more
    unless it hands on to the class above."""
    choosing = next((v for v in chain if isinstance(v, FunctionV) and wiring.program.name(v.fn) == _CHOOSING), None)
    if choosing is None or wiring.program.language(choosing.fn.file) != "python":
        return chain
    name = wiring.program.name(target).removeprefix(_HOOKS)
    body = wiring.program.body(choosing.fn)
    if not any(op == Op.FIELD and body.name(i) == "action" for i, op in enumerate(body.op)):
        return chain
    rows = list(body.rows(_reached(wiring, choosing.fn, body, _METHODS.get(name, name))))
    if any(body.op[i] == Op.CALL and body.called(i) == _CHOOSING for i in rows):
        return tuple(v for v in chain if v is not choosing)
    returned = [body.args(i)[0] for i in rows if body.op[i] == Op.RETURN and body.args(i)[0] >= 0]
    stored = [body.args(i)[1] for i in rows if body.op[i] == Op.STORE]
    for i in (*returned, *stored):  # `[permission() for permission in permissions]` is any of those that were stored
        held = items(wiring.evaluator.value(choosing.fn, i)) if body.op[i] == Op.LIST and body.args(i) else []
        if held and not any(isinstance(v, Choice) for v in held):
            return tuple(held)
    return chain


def _reached(wiring: Wiring, fn: Fn, body: Body, action: str) -> set[int]:
    """The blocks that run for an action."""
    waiting, seen = [0], {0}
    while waiting:
        block = body.blocks[waiting.pop()]
        last = block.end - 1
        told = _answer(wiring, fn, body, body.args(last)[0], action) if block.end > block.start and body.op[last] == Op.BRANCH else None
        for kind, onward in block.next:
            if kind == EDGE_RAISE or (told is not None and kind == (EDGE_FALSE if told else EDGE_TRUE)):
                continue
            if onward not in seen:
                seen.add(onward)
                waiting.append(onward)
    return seen


def _answer(wiring: Wiring, fn: Fn, body: Body, i: int, action: str) -> bool | None:
    """Whether a condition holds for an action; None where it asks something else."""
    if body.op[i] != Op.BINARY:
        return None
    word, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
    if body.op[left] != Op.FIELD or body.name(left) != "action":
        return None
    told = [constant(v) for v in items(wiring.evaluator.value(fn, right))]
    if word in ("==", "!=") and len(told) == 1:
        return (told[0] == action) == (word == "==")
    return (action in told) == (word == "in") if word in ("in", "not in") and None not in told else None
