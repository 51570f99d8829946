"""Requests whose answer nobody looks at, by clients that tell of a refusal by the answer alone: ``requests.post(url)``, or ``fetch(url)``
with no look at ``ok``. What is refused, an error of the provider or an unknown payment, then passes for done."""

from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.flow.asked import reads
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_READS = frozenset(
    ["json", "text", "body", "content", "getbody", "getcontents", "data", "parse", "loads", "json_decode", "object", "collect"]
)
_MOST = 60


def unlooked(model: "Model", effect: Effect) -> Place | None:
    """The request, or the call that leads to it, whose answer is thrown away or at most logged; None where anybody may look at it."""
    own = (s for s in model.sendings.by_function.get(effect.fn, ()) if s.instr == effect.instr)
    if not any(s.client is not None and s.client.tells in ("connection", "value") for s in own):
        return None
    for place in effect.way:
        handed = _handed(model, place)
        if handed is not True:
            return place if handed is False else None
    return None


def _handed(model: "Model", place: Place) -> bool | None:
    """Whether the answer of a call is returned and nothing else; False where it is left alone, None where it is looked at, kept or handed
    to a function."""
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
            elif op in (Op.AWAIT, Op.CAST, Op.TEXT, Op.INDEX) or (op == Op.FIELD and body.name(use).lower() in _READS):
                waiting.append(use)
            elif op == Op.CALL and (model.recogniser.is_("loggers", place.fn, use) is not None):
                continue
            elif op == Op.CALL and body.called(use).lower() in _READS:
                waiting.append(use)
            else:
                return None
    return returned
