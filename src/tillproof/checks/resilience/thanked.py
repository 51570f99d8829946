"""Payments that were refused and are thanked for: the order is paid only where the answer is good, and the customer is told so always."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.checks.ruling import Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step
from tillproof.commerce.browser_paid import Transitions
from tillproof.commerce.effects import Effect, Place, way_to
from tillproof.commerce.model import Model
from tillproof.flow.asked import own_side
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.flow.values import Const, Instance, Value, leaves
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE
from tillproof.ir.ops import Op

_GOOD_NEWS = re.compile(r"thank|success|confirm|paid|receipt|invoice|complete", re.IGNORECASE)
_NO_NEWS = re.compile(r"status|fail|remind|cancel|declin|pending|unpaid|unsuccess", re.IGNORECASE)

_PIECES = 40
_TITLE = 120  # letters of a text that are its title


class Thanked(NamedTuple):
    """Where an answer is asked for, what counts as paid where it is good, and the message that goes out whatever it is."""

    asked: Place
    paid: Place
    told: Effect


def thanked(model: Model, seen: set[tuple[Fn, int]]) -> Iterator[Ruling]:
    """One ruling per page to which a customer comes back. ``seen``: the places of which another finding tells."""
    for paid in model.browser_paid.all:
        found = _thanked(model, paid)
        if found is not None and (found.told.fn, found.told.instr) not in seen:
            seen.add((found.told.fn, found.told.instr))
            yield _broken(model, paid, found)


def _thanked(model: Model, paid: Transitions) -> Thanked | None:
    effects = model.effects.of(paid.entry.target)
    letters = [e for e in effects if e.kind == "mail" and _is_good_news(model, e)]
    written = [way_to(Place(h.fn, h.instr, h.ctx)) for h in paid.paid]
    for asked in (e for e in effects if letters and e.operation is not None and e.operation.confirms):
        for place in asked.way:
            for branch in model.outcomes.about(place):
                if (found := _on_both_sides(model, place, branch, written, letters)) is not None:
                    return found
    return None


def _on_both_sides(model: Model, place: Place, branch: int, written: list[tuple[Place, ...]], letters: list[Effect]) -> Thanked | None:
    """The message that follows a question on both sides, where the one side alone counts as paid."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    arms = dict(body.blocks[defuse.block_of[branch]].next)
    for truth in (True, False):
        good, bad = own_side(body, defuse, branch, truth), arms.get(EDGE_FALSE if truth else EDGE_TRUE)
        if not good or bad is None:
            continue
        onward = reached_from(body, bad) - good
        paid = [p for way in written for p in way if p.fn == place.fn]
        if not paid or not all(defuse.block_of[p.instr] in good for p in paid):
            continue
        for letter in letters:
            sent = [defuse.block_of[p.instr] for p in letter.way if p.fn == place.fn and p.instr != place.instr]
            if any(block in onward and not _hangs_on_more(model, place.fn, block, branch) for block in sent):
                return Thanked(place, paid[0], letter)
    return None


def _hangs_on_more(model: Model, fn: Fn, block: int, branch: int) -> bool:
    """Whether a block is gone through only where some other question is answered one way: it may be about the payment too."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    others = (i for i, op in enumerate(body.op) if op == Op.BRANCH and i != branch)
    return any(block in (own_side(body, defuse, i, truth) or ()) for i in others for truth in (True, False))


def _is_good_news(model: Model, letter: Effect) -> bool:
    """Whether a message is called after what it says, and that is that a payment or an order went well."""
    body = model.program.body(letter.fn)
    given = body.call(letter.instr)[1] if body.op[letter.instr] in (Op.CALL, Op.NEW) else ()
    told = [n for _, v in given for o in leaves(model.evaluator.value(letter.fn, v, letter.ctx), _PIECES) for n in _names(model, o)]
    return any(map(_GOOD_NEWS.search, told)) and not any(map(_NO_NEWS.search, told))


def _names(model: Model, value: Value) -> list[str]:
    if isinstance(value, Instance):
        return [model.program.cls(value.cls).name]
    return [value.text[:_TITLE]] if isinstance(value, Const) else []


def _broken(model: Model, paid: Transitions, found: Thanked) -> Ruling:
    entry = paid.entry
    file, line = entry_line(model, entry)
    ruling = Ruling("resilience/swallowed-failure", "broken", "redirect-return", file, line, severity="medium", confidence="likely")
    ruling.anchor = lines(model, found.told.place)
    ruling.title = "A payment that was refused is thanked for"
    ruling.message = (
        f"{called(model, entry)} counts the order as paid only where the answer is good, but goes on the same way where it is not: the "
        "customer is told that all went well, and waits for goods that nobody sends, or is sent them by who trusts the message."
    )
    ruling.remediation = "Leave with an error where the payment was refused, before anything is sent, and let the customer pay again."
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: the customer comes back"),
        step(model, found.asked, "whether it was paid is asked here"),
        step(model, found.paid, "the order is paid only where it was"),
        step(model, found.told.place, "sent whatever the answer was", "sink"),
    ]
    return ruling
