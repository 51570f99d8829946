"""Flags on what a request is carried by, which are set where the sender is proven and asked by whoever handles the message:
``req.verified = true`` behind the comparison of the signature, and ``if (!req.verified) return res.sendStatus(400)`` in the handler."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.facts import Condition
from tillproof.flow.paths import Walk
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, constant
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.proof import SenderPolicy

_SAYS = re.compile(
    r"(\w+_)?(verified|valid|authentic(ated)?|authori[sz]ed|signed|trusted|genuine|secured?|checked|proven|signature_ok)(_\w+)?"
)
_GETS, _SETS = ("get", "getattribute", "has"), ("set", "put", "add", "setattribute")
_MOST_WRITES = 6
_PAIR = 2


def asked_flag(model: "Model", fn: Fn, i: int) -> str:
    """The name of a flag that is read: as a field, ``request.state.verified``, or by its name, ``attributes->get('verified')``."""
    body = model.program.body(fn)
    if body.op[i] == Op.FIELD:
        name = body.name(i)
    elif body.op[i] == Op.CALL and body.called(i).lower() in _GETS and body.call(i)[1]:
        name = (body.const(body.call(i)[1][0][1]) or ("", ""))[1].strip("'\"")
    else:
        return ""
    return name if _SAYS.fullmatch(snake(name)) else ""


def set_where_proven(model: "Model", policy: "SenderPolicy", fn: Fn, name: str) -> bool:
    """Whether a flag is set in other functions, and only where the sender is proven by then, or to what the proof itself says."""
    walk = Walk(model.program, model.evaluator, policy)
    found = False
    for writer, place, given in _writes(model, fn, name):
        value = model.evaluator.value(writer, given)
        if isinstance(value, Const) and value.falsy:
            continue
        within = walk.walking(writer, None)
        held = (f for f in model.effects.facts(writer).at(place) if isinstance(f, Condition))
        if not within.implies(given, True) and not any(within.implies(f.instr, f.truth) for f in held):
            return False
        found = True
    return found


def _writes(model: "Model", fn: Fn, name: str) -> Iterator[tuple[Fn, int, int]]:
    """The places that set a flag, with the instruction of what it is set to. Too many are another matter."""
    found: list[tuple[Fn, int, int]] = []
    for writer in model.program.functions_near(fn, name):
        body = model.program.body(writer)
        for i, op in enumerate(body.op):
            if op == Op.SET_FIELD and body.name(i) == name:
                found.append((writer, i, body.args(i)[2]))
            elif op == Op.CALL and (given := _set_by_name(model, writer, i, name)) >= 0:
                found.append((writer, i, given))
    if len(found) <= _MOST_WRITES:
        yield from found


def _set_by_name(model: "Model", fn: Fn, i: int, name: str) -> int:
    """The instruction of what a call sets a flag of that name to, ``attributes->set('verified', …)``; -1 where it sets none."""
    body = model.program.body(fn)
    given = body.call(i)[1]
    if body.called(i).lower() not in _SETS or len(given) != _PAIR:
        return -1
    return given[1][1] if constant(model.evaluator.value(fn, given[0][1])) == name else -1
