"""Refunds and captures that a platform has asked a plugin for, where nobody reads what the payment system answered: the platform takes
them as made."""

import re
from collections.abc import Iterator

from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.effects import Effect, Plain
from tillproof.commerce.entries import Entry
from tillproof.commerce.model import Model
from tillproof.commerce.sendings import Sending
from tillproof.commerce.unlooked import unlooked
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

_MOVES = re.compile(r"(process)?_?(refund|capture)(_?payment)?", re.IGNORECASE)
_NEAR = 4
_ASKED = Plain("refund.create", True, None, False)


def unread_answers(model: Model) -> Iterator[Ruling]:
    """One ruling per call whose answer is thrown away, in the methods by which a platform has money given back or taken."""
    asked = [e for e in model.entries if e.role == "platform" and e.style == "class" and _MOVES.fullmatch(model.program.name(e.target.fn))]
    for entry in asked:
        for i, sending in _unread(model, entry.target.fn):
            yield _broken(model, entry, i, sending)


def _unread(model: Model, fn: Fn) -> Iterator[tuple[int, Sending]]:
    """The calls of a function that send a request by a client which tells of a failure by its answer alone, and throw that away,
    or keep it without a look."""
    strangers = (s for s in model.sendings.strange if s.fn == fn and s.provider is None)
    own = [s for s in strangers if s.request is not None and s.request.method != "GET"]
    for sending in own:
        place = unlooked(model, Effect(_ASKED, fn, sending.instr, None, model.records))
        if place is not None:
            yield place.instr, sending
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    for i, op in enumerate(body.op):
        if op != Op.CALL or defuse.uses(i):
            continue
        targets = [o for o in options(model.evaluator.value(fn, body.args(i)[0])) if isinstance(o, FunctionV)]
        near = {f for t in targets for f, depth in model.reach.of([t]).functions.items() if depth <= _NEAR}
        if not near or any(Op.RAISE in model.program.body(f).op for f in near):
            continue  # a failure is raised there
        sent = next((s for s in model.sendings.all if s.fn in near and s.client is not None and s.client.tells == "value"), None)
        strange = sent or next(
            (s for s in model.sendings.strange if s.fn in near and s.client is not None and s.client.tells == "value"), None
        )
        if strange is not None and strange.provider is None and strange.request is not None and strange.request.method != "GET":
            yield i, strange


def _broken(model: Model, entry: Entry, i: int, sending: Sending) -> Ruling:
    program, fn = model.program, entry.target.fn
    body, name = program.body(fn), program.name(fn)
    what = "refund" if "refund" in name.lower() else "capture"
    ruling = Ruling("resilience/swallowed-failure", "broken", "platform-hook", fn.file, body.line[i])
    ruling.severity, ruling.confidence = "high", "likely"
    ruling.anchor = extent(program, fn, i)
    ruling.title = f"Nobody reads what the payment system answers to a {what}"
    ruling.message = (
        f"The shop's platform takes the {what} as made when `{name}` returns, and the answer to the request is thrown away here: one that "
        "is refused, or never arrived, is booked all the same, and the books of the shop and of the payment system no longer agree."
    )
    ruling.remediation = (
        f"Look at the answer, and throw (or return the error that the platform asks for) unless it says that the {what} was made."
    )
    ruling.evidence = [
        Evidence(fn.file, body.line[i], "the answer is thrown away here", "missing"),
        at(program, sending.fn, sending.instr, "the request is sent here; a failure is told by the answer alone", "sink"),
    ]
    return ruling
