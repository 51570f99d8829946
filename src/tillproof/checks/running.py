"""All rulings of a review: check by check, and for a large tree in two processes at once."""

from collections.abc import Callable, Sequence
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Ruling
from tillproof.commerce.model import Model

Rulings = dict[str, list[Ruling]]
Tell = Callable[[str, int, int], None]

_ALONE = 200
_BESIDE = ("idempotency", "order", "payment")
"""The categories that are ruled in the second process. They ask other questions of the code than the rest, so little is found out twice;
what the rest finds out is what the report goes on to ask for."""


def rule(model: Model, checks: Sequence[Check], tell: Tell) -> list[Ruling]:
    """The rulings of all checks, in their order.

    Which check is ruled where depends on the tree and the checks alone, never on the machine, so that the same tree gets the same report.
    """
    beside = [c for c in checks if c.category in _BESIDE]
    own = [c for c in checks if c.category not in _BESIDE]
    found: Rulings = {}
    if own and beside and len(model.program.indices) > _ALONE and "fork" in get_all_start_methods():
        found = _at_once(model, own, beside, tell)
    else:
        found = _ruled(model, checks, tell)
    return [ruling for check in checks for ruling in found[check.id]]


def _ruled(model: Model, checks: Sequence[Check], tell: Tell) -> Rulings:
    found: Rulings = {}
    for number, check in enumerate(checks):
        tell(check.id, number, len(checks))
        found[check.id] = list(check.rule(model))
    return found


def _at_once(model: Model, own: Sequence[Check], beside: Sequence[Check], tell: Tell) -> Rulings:
    """Two parts at once; what both need is found first. A part whose process is lost is ruled here."""
    model.prepare()
    context = get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sending, model, beside), daemon=True)
    process.start()
    sending.close()
    found = _ruled(model, own, tell)
    try:
        found |= receiving.recv()
    except EOFError:
        found |= _ruled(model, beside, tell)
    process.join()
    return found


def _send(sending: Connection, model: Model, checks: Sequence[Check]) -> None:
    """Rule some checks in a process of their own. What goes wrong there goes wrong again, and is told, where it is ruled instead."""
    sending.send(_ruled(model, checks, lambda *_: None))
