"""Statuses that are no statuses: a framework that makes a body of all that is returned sends ``return {"error": …}, 500`` as a list, with
200; and who is sent on to another page gets the status of a redirect, whatever else is handed to it: ``redirect('failed', status=500)``."""

from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SENDS_ON = ("redirect", "HttpResponseRedirect", "RedirectResponse")


def sends_on(body: Body, i: int) -> bool:
    """Whether a call makes an answer that sends the browser on."""
    return body.op[i] in (Op.CALL, Op.NEW) and body.called(i) in _SENDS_ON


def sent_whole(model: "Model", fn: Fn) -> frozenset[int]:
    """The parts of the tuples that such a framework's handler returns, and what redirects are given."""
    body = model.program.body(fn)
    sent_on = (a for i in range(len(body.op)) if sends_on(body, i) for _, a in body.call(i)[1])
    packs = [model.knowledge.frameworks.get(e.framework) for e in model.entries_to(fn) if e.target.fn == fn]
    if not packs or not all(pack is not None and pack.tuple_is_body for pack in packs):
        return frozenset(sent_on)
    returned = (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN)
    return frozenset((*sent_on, *(part for r in returned if r >= 0 and body.op[r] == Op.LIST for part in body.args(r))))
