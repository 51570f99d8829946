"""What a chat partner sets off by a word or a press of a button: it is no request from outside, and no clock's work either."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.entries import Entry
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, constant
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.effects import Effect
    from tillproof.commerce.model import Model


_INVOICES = frozenset(["send_invoice", "answer_invoice", "reply_invoice", "create_invoice_link"])
_PAID_BY = "provider_token"  # the token of a payment system that takes cards in the chat's own form; empty for what the chat itself sells


class PressedFor(NamedTuple):
    """A question to a payment system that is asked when somebody presses for it: the way in, and the call that asks."""

    entry: Entry
    fn: Fn
    instr: int


def in_chat(model: "Model", entry: Entry) -> bool:
    """Whether a chat partner sets a way into the code off."""
    framework = model.knowledge.frameworks.get(entry.framework)
    return framework is not None and framework.chats


def pressed_for(model: "Model", provider: str) -> PressedFor | None:
    """Where a chat partner's press asks a system, by its id, what became of a payment, and nothing that goes on by itself does: neither
    work that is begun in the same process, nor a way that waits before it asks again. None where something does, or nobody asks."""
    pressed = [e for e in model.entries if in_chat(model, e)]
    if not pressed or any(_questions(model, job.target, provider) for job in model.queues.all if job.queue.in_process):
        return None
    asked = [(entry, effect) for entry in pressed for effect in _questions(model, entry.target, provider)]
    if any(_goes_on(model, effect) for _, effect in asked):
        return None
    return next((PressedFor(entry, effect.fn, effect.instr) for entry, effect in asked), None)


def card_invoices(model: "Model") -> Iterator[tuple[Fn, int]]:
    """Calls that have a chat show a bill which is paid by card, in a form that is the chat's and a payment system's."""
    for file in sorted(model.program.mentioning(_PAID_BY)):
        for fn in model.program.functions_calling(file, _INVOICES):
            body = model.program.body(fn)
            for i, op in enumerate(body.op):
                given = body.call(i)[1] if op == Op.CALL and body.called(i) in _INVOICES else []
                token = next((v for k, v in given if k == _PAID_BY), -1)
                if token >= 0 and constant(model.evaluator.value(fn, token)) not in ("", "''", '""', "None"):
                    yield fn, i


def _questions(model: "Model", target: FunctionV, provider: str) -> "list[Effect]":
    """The calls behind a function that ask the system for a payment."""
    found = [e for e in model.effects.of(target) if e.operation is not None and e.operation.op == "payment.retrieve"]
    return [e for e in found if (known := model.operations.at(e.fn, e.instr, e.ctx)) is not None and known.provider.id == provider]


def _goes_on(model: "Model", effect: "Effect") -> bool:
    """Whether time passes on the way to a call, or somebody on it is not waited for."""
    left = model.queues.left_in_process
    if any((place.fn, place.instr) in left for place in effect.way):
        return True
    bodies = [(fn, model.program.body(fn)) for fn in dict.fromkeys(place.fn for place in effect.way)]
    return any(op == Op.CALL and model.retries.waits.waits(fn, i) for fn, body in bodies for i, op in enumerate(body.op))
