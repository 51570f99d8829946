"""Locks on rows that are let go as soon as they are taken, since no transaction is open around them."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import TOP, Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_OPENS = re.compile(
    r"(.*_)?(transactions?|transactional|trans|trx|tx|begin|atomic|autocommit|commit|savepoint|unit_of_work|uow|work)(_.*)?"
)
_MOST_CALLERS = 12
_LEVELS = 4
# Python's drivers open a transaction by themselves, and Django refuses such a read outside of one.
_EACH_BY_ITSELF = ("javascript", "php")


def lets_go(model: "Model", lock: Place) -> bool:
    """Whether a read that locks rows runs by itself, on every way to it from an entry point: nothing there so much as speaks of a
    transaction, so the database ends one with the statement and the row is free before anything is written."""
    if model.program.language(lock.fn.file) not in _EACH_BY_ITSELF or not _locks_rows(model, lock):
        return False
    entered = {entry.target.fn for entry in model.handlers.entries}
    here, seen = [lock.fn], dict[Fn, None]()
    for _ in range(_LEVELS):
        above: list[Fn] = []
        for fn in here:
            seen[fn] = None
            if any(_OPENS.fullmatch(snake(t)) for t in model.vocabulary.tokens(fn)):
                return False
            callers = [c for c, _, _ in model.callers.of(fn)]
            outer = model.program.parent(fn)
            around = [outer] if outer is not None and outer.number != TOP and not callers else []
            if not callers and not around and fn not in entered and fn.number != TOP:
                return False  # who calls it is not seen, nor what is open there
            above += [c for c in (*callers[:_MOST_CALLERS], *around) if c not in seen]
        here = above
    return not here


def _locks_rows(model: "Model", lock: Place) -> bool:
    touch = model.records.touch(lock.fn, lock.instr, lock.ctx)
    return touch.locked if touch is not None else model.regions.locks_rows(lock)
