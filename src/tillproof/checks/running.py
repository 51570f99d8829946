"""All rulings of a review: check by check, and for a large tree in two processes at once."""

import os
from collections.abc import Callable, Sequence
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Ruling
from tillproof.commerce.model import Model

Tell = Callable[[str, int, int], None]


class Ruled(NamedTuple):
    """The rulings by check, and what went wrong inside a check: that is told, and the other checks go on."""

    rulings: dict[str, list[Ruling]]
    problems: list[str]


_ALONE = 200
_FIRST = (
    "boundary/hardcoded-secret",
    "inventory/no-db-constraint",
    "pci/card-data-literal",
    "tax-shipping/threshold-before-discount",
)
"""What asks for neither entry points nor operations nor handlers: ruled beside the search for those."""
_BESIDE = ("idempotency", "inventory", "resilience")
"""The categories that are ruled in another process than the rest. They ask other questions of the code, so little is found out twice; what
the rest finds out is what the report goes on to ask for."""
_WRITTEN_DOWN = ("boundary", "pci")
"""The categories of what must not be written down anywhere, not even in code that nothing leads to."""


def rule(model: Model, checks: Sequence[Check], tell: Tell) -> tuple[list[Ruling], list[str]]:
    """The rulings of all checks, in their order, and what went wrong inside some of them.

    Which check is ruled where depends on the tree and the checks alone, never on the machine, so that the same tree gets the same report.
    """
    if len(checks) > 1 and len(model.program.indices) > _ALONE and "fork" in get_all_start_methods():
        found = _at_once(model, checks, tell)
    else:
        found = _ruled(model, checks, tell)
    rulings: list[Ruling] = []
    for check in checks:
        ruled, anywhere = found.rulings[check.id], check.category in _WRITTEN_DOWN
        rulings += ruled if anywhere else [ruling for ruling in ruled if not _in_vain(model, ruling)]
    return rulings, sorted(found.problems)


def _in_vain(model: Model, ruling: Ruling) -> bool:
    """Whether what is ruled lies in code that nothing leads to: it owes nobody anything."""
    return model.unused.stands_at(*(ruling.anchor or (ruling.file, ruling.line))[:2])


def _ruled(model: Model, checks: Sequence[Check], tell: Tell) -> Ruled:
    found = Ruled({}, [])
    for number, check in enumerate(checks):
        tell(check.id, number, len(checks))
        found.rulings[check.id] = []
        try:
            found.rulings[check.id] += check.rule(model)
        except Exception as error:  # a mistake of ours in one check must not cost the user the others
            if os.environ.get("TILLPROOF_DEBUG") == "1":
                raise
            found.problems.append(f"{check.id} was not ruled to its end: {type(error).__name__}: {error}; please report it")
    return found


def _at_once(model: Model, checks: Sequence[Check], tell: Tell) -> Ruled:
    """In two processes at a time: first what needs no handlers, while this one finds the handlers, then two halves of the rest."""
    later = [c for c in checks if c.id not in _FIRST]
    first = _Beside(model, [c for c in checks if c.id in _FIRST])
    model.prepare()
    beside = _Beside(model, [c for c in later if c.category in _BESIDE])
    found = _ruled(model, [c for c in later if c.category not in _BESIDE], tell)
    parts = (found, first.ruled(tell), beside.ruled(tell))
    return Ruled({k: v for part in parts for k, v in part.rulings.items()}, [p for part in parts for p in part.problems])


class _Beside:
    """Some checks that are ruled in a process of their own, from what was found before it began."""

    def __init__(self, model: Model, checks: Sequence[Check]) -> None:
        self._model, self._checks = model, checks
        context = get_context("fork")
        self._receiving, sending = context.Pipe(duplex=False)
        self._process = context.Process(target=self._send, args=(sending,), daemon=True)
        self._process.start()
        sending.close()

    def ruled(self, tell: Tell) -> Ruled:
        """What was found there. When the process is lost it is found here."""
        try:
            found: Ruled = self._receiving.recv()
        except EOFError:
            found = _ruled(self._model, self._checks, tell)
        self._process.join()
        return found

    def _send(self, sending: Connection) -> None:
        sending.send(_ruled(self._model, self._checks, lambda *_: None))
