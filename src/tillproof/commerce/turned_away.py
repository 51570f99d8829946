"""A second row that the database refuses, where a handler hears of just that and leaves, while any other failure only is noted:
``try: create(row) except: if it is a duplicate: return; log it``. What comes behind is done for the first row alone. So is what is done
only where a row was looked for and the failure says that there is none: ``try: get(row) except DoesNotExist: create(row)``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import EQUAL, UNEQUAL, Atom
from tillproof.commerce.effects import Held, Place
from tillproof.flow.facts import Passed
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch, reached_from, reached_round
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

THERE = re.compile(
    r"P2002|E?11000\b|\b23505\b|\b23000\b|\b1062\b|unique|duplicat|dup_?(key|entry)|already_?exist|integrity|constraint|conflict|collision",
    re.IGNORECASE,
)
"""What databases and their libraries call a row that is there already."""
_NOT_THERE = re.compile(r"does_?not_?exist|not_?found|no_?result|no_?rows|missing", re.IGNORECASE)
_DEEPEST = 5


def turned_away(model: "Model", place: Place) -> Iterator[Atom]:
    """The creations of rows before a place of which a second one would not have led there, though a handler goes on from other failures."""
    catches = model.failures.catches(place.fn)
    yield from _found_none(model, place, catches)
    if not any(c.falls for c in catches):
        return
    body, block_of = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of
    for catch in catches:
        if block_of[place.instr] in catch.blocks or block_of[place.instr] in catch.tried:
            continue
        beside = [c for c in catches if c.tried == catch.tried]
        if not any(_leaves(model, place.fn, c) for c in beside):
            continue
        walls = {b for c in beside for b in c.blocks}
        for i in body.rows(sorted(catch.tried)):
            if body.op[i] != Op.CALL or block_of[place.instr] in reached_round(body, walls | {block_of[i]}):
                continue
            for atom in model.conditions.behind(Held(Passed(i), place.fn, place.ctx)):
                if isinstance(atom, Atom) and atom.truth is None and _creates(model, atom):
                    yield atom


def _found_none(model: "Model", place: Place, catches: list[Catch]) -> Iterator[Atom]:
    """The reads of rows that have failed on every way to a place since there was no such row."""
    body, block = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of[place.instr]
    for catch in catches:
        if not catch.types or not all(_NOT_THERE.search(t) for t in catch.types) or block in catch.tried:
            continue
        if block in reached_round(body, catch.blocks) and block not in catch.blocks:
            continue
        for i in body.rows(sorted(catch.tried)):
            touch = model.records.touch(place.fn, i, place.ctx) if body.op[i] == Op.CALL else None
            if touch is not None and touch.kind == "read":
                yield Atom(place.fn, i, False, place.ctx)


def _creates(model: "Model", atom: Atom) -> bool:
    made = model.records.touch(atom.fn, atom.instr, atom.ctx)
    return made is not None and made.kind == "create"


def _leaves(model: "Model", fn: Fn, catch: Catch) -> bool:
    """Whether a handler does not go on where the failure says that the row was there."""
    if not catch.falls:
        return bool(catch.types) and all(THERE.search(t) for t in catch.types)
    body = model.program.body(fn)
    for number in catch.blocks:
        block = body.blocks[number]
        last = block.end - 1
        if last < block.start or body.op[last] != Op.BRANCH:
            continue
        asked = says_there(model, fn, body.args(last)[0], True)
        way = next((t for k, t in block.next if asked is not None and k == (EDGE_TRUE if asked else EDGE_FALSE)), None)
        if way is not None and reached_from(body, way) <= catch.blocks:
            return True
    return False


def says_there(model: "Model", fn: Fn, i: int, truth: bool, depth: int = 0) -> bool | None:
    """The truth of a condition where the failure says that the row was there; None when it asks something else."""
    body = model.program.body(fn)
    op, args = body.op[i], body.args(i)
    if depth > _DEEPEST:
        return None
    if body.negates(i):
        return says_there(model, fn, args[1], not truth, depth + 1)
    if op in (Op.CAST, Op.AWAIT):
        return says_there(model, fn, args[1 if op == Op.CAST else 0], truth, depth + 1)
    if op == Op.CHOICE and body.text(args[0]) in ("and", "or"):
        return next((a for part in args[1:] if (a := says_there(model, fn, part, truth, depth + 1)) is not None), None)
    if op == Op.NAME:
        stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
        return next((a for s in sorted(stores) if (a := says_there(model, fn, body.args(s)[1], truth, depth + 1)) is not None), None)
    if op == Op.BINARY:
        operator = body.text(args[0])
        told = any((c := body.const(side)) is not None and THERE.search(c[1]) for side in args[1:3])
        return (operator in EQUAL) == truth if told and operator in (*EQUAL, *UNEQUAL) else None
    return truth if op == Op.CALL and _names_it(model, fn, i) else None


def _names_it(model: "Model", fn: Fn, call: int) -> bool:
    """Whether a call asks for the failure by its own name or by a text: ``isDuplicate(e)``, ``/unique/i.test(e.message)``."""
    body = model.program.body(fn)
    callee, arguments = body.call(call)
    rows = [callee, *(v for _, v in arguments), *(body.args(callee)[:1] if body.op[callee] == Op.FIELD else [])]
    texts = [c[1] for row in rows if (c := body.const(row)) is not None]
    names = [body.name(row) for row in rows if body.op[row] in (Op.NAME, Op.FIELD)]
    return any(THERE.search(t) for t in (*texts, *names))
