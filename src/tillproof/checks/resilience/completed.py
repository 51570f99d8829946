"""What is done when a job has completed: its queue is done with it by then, and nothing makes again what fails there.
``worker.on('completed', async (job, answer) => { await orders.create(…); })`` after a job that has charged a card."""

from collections.abc import Iterator

from tillproof.checks.resilience.losses import Lost, lost
from tillproof.commerce.model import Model
from tillproof.commerce.queues import Job
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

_HEARS = ("on", "once", "addListener")
_DONE = ("completed", "succeeded")
_CHARGES = (
    "payment.create",
    "payment.capture",
    "payment.confirm",
    "subscription.create",
    "invoice.pay",
    "transfer.create",
    "payout.create",
)


def lost_when_completed(model: Model) -> Iterator[tuple[Job, Fn, Lost]]:
    """The first failure of each such listener by which an order or payment is lost, with the job that took the money."""
    for job in model.queues.all:
        if job.queue.in_process or not any(e.kind in _CHARGES for e in model.effects.of(job.target)):
            continue
        for listener in _listeners(model, job.target.fn.file):
            effects = (
                e for e in model.effects.of(listener) if e.touch is not None and e.touch.writes and model.words.entity(e.touch.entity)
            )
            ends = (found for e in effects if (found := lost(model, e)) is not None and found.instr >= 0)
            first = next((end for end in ends if not model.failures.leaves_trace(end.fn, end.instr)), None)
            if first is not None:
                yield job, listener.fn, first


def _listeners(model: Model, file: str) -> Iterator[FunctionV]:
    """The functions of a file that hear of jobs that have completed."""
    for fn in model.program.functions_calling(file, {word.lower() for word in _HEARS}):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            arguments = body.call(i)[1] if op == Op.CALL and body.called(i) in _HEARS else []
            const = body.const(arguments[0][1]) if len(arguments) > 1 else None
            if const is not None and const[1] in _DONE:
                yield from (o for o in options(model.evaluator.value(fn, arguments[1][1])) if isinstance(o, FunctionV))
