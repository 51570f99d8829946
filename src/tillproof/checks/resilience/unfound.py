"""Payments that are dropped since the order that they name is not found: the look-up gives nothing, and success is answered."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tillproof.checks.resilience.losses import goes_on_quietly
from tillproof.checks.resilience.refused_requests import leads_past
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.transitions import Transition
from tillproof.flow.asked import branches, reads
from tillproof.flow.defuse import DefUse
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch, reached_from
from tillproof.flow.values import Const, Value, options
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE, Body
from tillproof.ir.ops import Kind, Op

_NONE = re.compile(r"does_?not_?exist|not_?found|no_?result", re.IGNORECASE)
_FETCHES = (
    "first",
    "one_or_none",
    "scalar_one_or_none",
    "scalar",
    "scalars",
    "mappings",
    "fetchone",
    "fetchall",
    "fetch",
    "fetch_assoc",
    "lean",
    "exec",
    "all",
    "unique",
)
_ROWS = ("rows", "data", "docs")
_COUNTS = ("length", "rowCount", "size")
_SIGNS = {"==": False, "===": False, "<": False, "!=": True, "!==": True, ">": True}
_MOST = 24
_PAID = re.compile(r"(.*_)?paid(_.*)?")
_NO = re.compile(r"fail|error|\bng\b", re.IGNORECASE)
_KEPT = re.compile(r"(.*_)?(event|webhook|notification|message|delivery|inbox|ipn|callback)s?(_.*)?")
_SUBSCRIBED = re.compile(r"(\w+_)?subscription_?(id|code|ref|reference)")
# What an account gets for money: a plan, a level, the right to use something.
_PLAN = re.compile(
    r"(\w+_)?(plan|tier|membership|subscription|package|quota)(_?(id|name|type|level|status|state|tier|plan|key|slug|amount|limit))?"
)
_NONE_GIVEN = re.compile(r"free|none|basic|trial\w*|starter|default|inactive|0|")
_SUBSCRIPTIONS = re.compile(r"(\w+_)?(subscriptions?|memberships?|entitlements?|licen[cs]es?)")
_OWNERS = re.compile(r"(\w+_)?(user|customer|account|member|profile|tenant|organi[sz]ation|workspace|company|team|subscriber)s?")


class Unfound(NamedTuple):
    """What is left undone, the look-up that finds nothing, and where the handler leaves then. ``owner``: it is the account of whoever has
    paid that is looked for."""

    effect: Effect
    looked: Place
    dropped: Place
    side: frozenset[int]
    owner: bool = False


def unfound(model: Model, handler: Handler) -> list[Unfound]:
    """Each look-up of an order, of a payment or of who has paid once that decides in silence whether a payment is taken in. None where the
    message itself is kept or an order is made of it whatever is found, or where a platform's own plugins share one account among shops."""
    effects = model.effects.of(handler.entry.target)
    if handler.kind == "redirect-return" or handler.provider.kind != "payment" or _in_platform(model, handler):
        return []
    kept = [e for e in effects if e.touch is not None and e.touch.kind in ("create", "upsert") and _keeps(model, e)]
    found: dict[tuple[Fn, int], Unfound] = {}
    paid = {(t.effect.fn, t.effect.instr) for t in model.transitions.of(handler.entry.target) if pays(model, t)}
    for effect in effects:
        given = _is_given(model, effect)
        if given or (effect.fn, effect.instr) in paid:
            for one in _on_way(model, effect, given):
                if not any(_is_kept_anyway(model, e, one) for e in kept):
                    found.setdefault((one.looked.fn, one.looked.instr), one)
    return list(found.values())


def _is_kept_anyway(model: Model, kept: Effect, one: Unfound) -> bool:
    """Whether a row is made of the message although nothing was found: before the question, or where it is answered no."""
    if not model.repeats.together(kept, one.effect):
        return False  # another kind of message
    inside = next((p for p in kept.way if p.fn == one.dropped.fn), None)
    if inside is None:
        return True
    body, block_of = model.program.body(inside.fn), model.evaluator.defuse(inside.fn).block_of
    if any(block_of[inside.instr] in reached_from(body, b) for b in one.side):
        return True
    return inside.instr < one.dropped.instr and block_of[one.looked.instr] in reached_from(body, block_of[inside.instr])


def _says_no(model: Model, fn: Fn, i: int) -> bool:
    """Whether what is returned is a text that says that it failed, as some providers read the answer: ``return 'fail'``."""
    found = options(model.evaluator.value(fn, i)) if i >= 0 else ()
    return any(isinstance(o, Const) and o.kind == Kind.STRING and _NO.search(o.text) for o in found)


def _in_platform(model: Model, handler: Handler) -> bool:
    return model.program.language(handler.entry.target.fn.file) == "php" and handler.entry.style == "hook"


def _keeps(model: Model, effect: Effect) -> bool:
    touch = effect.touch
    return touch is not None and (_KEPT.fullmatch(touch.entity) is not None or model.words.entity(touch.entity))


def pays(model: Model, change: Transition) -> bool:
    """Whether a record counts as paid from here on."""
    if _PAID.fullmatch(snake(change.field)):
        return True
    states = change.to
    return any(model.words.has(kind, text) for kind in ("paid_values", "fulfil_values") for text in states)


def _is_given(model: Model, effect: Effect) -> bool:
    """Whether somebody's account is given what he has paid for, or what the provider knows him or his subscription by."""
    touch = effect.touch
    if touch is None or not touch.writes or touch.kind == "delete":
        return False
    if any(_SUBSCRIBED.fullmatch(snake(name)) for name in touch.fields):
        return True
    if touch.kind in ("create", "upsert"):
        return model.words.entity(touch.entity) or _SUBSCRIPTIONS.fullmatch(touch.entity) is not None
    if not _OWNERS.fullmatch(touch.entity):
        return False
    if model.repeats.harm(effect) in ("money", "goods"):
        return not any(model.stock_writes.takes_away(touch, name, v) for name, v in touch.fields.items() if v is not None)
    return any(_may_give(model, name, value) for name, value in touch.fields.items())


def _may_give(model: Model, name: str, value: Value | None) -> bool:
    """Whether a field says what an account may use, and is not set to what costs nothing."""
    if not (model.words.has("paid_fields", name) or _PLAN.fullmatch(snake(name))):
        return False
    told = options(value) if value is not None else ()
    return not told or not all(
        isinstance(o, Const) and (o.falsy or model.words.has("dead_values", o.text) or _NONE_GIVEN.fullmatch(snake(o.text))) for o in told
    )


def _on_way(model: Model, effect: Effect, owners: bool) -> Iterator[Unfound]:
    for n, place in enumerate(effect.way):
        quiet = n + 1 == len(effect.way) or goes_on_quietly(model, effect.way[n + 1 :]) or _handed(model, effect.way[n + 1 :])
        for i in _looks_up(model, place.fn, owners) if quiet else ():
            if i == place.instr:
                continue
            left = _left_by_question(model, place, i)
            left = left if left is not None else _left_by_exception(model, place, i)
            if left is not None and not _told(model, place.fn, left):
                yield Unfound(effect, Place(place.fn, i, place.ctx), Place(place.fn, left[0], place.ctx), left[1], owners)


def _handed(model: Model, callers: Sequence[Place]) -> bool:
    """Whether what is answered then is only shown to whoever sent the message: ``res.json(await settle(event))``."""
    outcomes = model.outcomes
    return bool(callers) and all(outcomes.answer(place) == "handed" or outcomes.only_shown(place) for place in callers)


def _looks_up(model: Model, fn: Fn, owners: bool) -> Iterator[int]:
    """The calls of a function that read one of our own orders or payments, or, ``owners``, the account of whoever has paid."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        touch = model.records.touch(fn, i, None) if op == Op.CALL else None
        if touch is None or touch.kind != "read" or not touch.keys:
            continue
        if model.words.entity(touch.entity) or (owners and _OWNERS.fullmatch(touch.entity) is not None):
            yield i


def _left_by_question(model: Model, place: Place, i: int) -> tuple[int, frozenset[int]] | None:
    """The branch on whether a row is there that leads past the place, with the blocks of the side where none is."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    for branch, there in (one for r in _rows(body, defuse, i) for one in (*branches(body, defuse, r), *_counted(body, defuse, r))):
        arms = dict(body.blocks[defuse.block_of[branch]].next)
        none, some = (arms.get(EDGE_FALSE), arms.get(EDGE_TRUE)) if there else (arms.get(EDGE_TRUE), arms.get(EDGE_FALSE))
        if none is None or some is None or defuse.block_of[place.instr] in reached_from(body, none):
            continue
        if leads_past(model, place, branch):
            return branch, frozenset(reached_from(body, none) - reached_from(body, some))
    return None


def _rows(body: Body, defuse: DefUse, i: int) -> list[int]:
    """A look-up, what is waited for of it, and the row or rows that are taken from it: ``result.scalar_one_or_none()``, ``{ rows }``,
    ``rows[0]``."""
    found, waiting = [i], [i]
    while waiting and len(found) < _MOST:
        here = waiting.pop()
        for use in defuse.uses(here):
            op = body.op[use]
            taken = (
                op == Op.AWAIT
                or (op == Op.FIELD and body.name(use) in (*_ROWS, *_FETCHES))
                or (op == Op.INDEX and body.args(use)[0] == here)
            )
            called = op == Op.CALL and body.args(use)[0] == here and body.op[here] == Op.FIELD and body.name(here) in _FETCHES
            more = reads(body, defuse, use) if op == Op.STORE else [use] if taken or called else []
            waiting += [m for m in more if m not in found]
            found += [m for m in more if m not in found]
    return found


def _counted(body: Body, defuse: DefUse, rows: int) -> Iterator[tuple[int, bool]]:
    """The branches on how many rows there are: ``rows.length === 0``, ``if (!result.rowCount)``."""
    for use in defuse.uses(rows):
        if body.op[use] != Op.FIELD or body.name(use) not in _COUNTS:
            continue
        yield from branches(body, defuse, use)
        for asked in defuse.uses(use):
            sides = body.args(asked)[1:3] if body.op[asked] == Op.BINARY else []
            other = next((body.const(s) for s in sides if s != use), None)
            sign = body.text(body.args(asked)[0]) if sides else ""
            if other is not None and other[1] == "0" and sign in _SIGNS:
                yield from ((branch, positive == _SIGNS[sign]) for branch, positive in branches(body, defuse, asked))


def _left_by_exception(model: Model, place: Place, i: int) -> tuple[int, frozenset[int]] | None:
    """The handler of the exception that tells that there is no row, which leaves without a word to whoever sent the message."""
    defuse, body = model.evaluator.defuse(place.fn), model.program.body(place.fn)
    for catch in model.failures.catches(place.fn):
        named = bool(catch.types) and all(_NONE.search(t) for t in catch.types)
        if not named or defuse.block_of[i] not in catch.tried or not _leaves(model, place, catch):
            continue
        if defuse.block_of[place.instr] not in reached_from(body, defuse.block_of[i]):
            continue  # looked up for another matter
        if catch.falls and model.failures.goes_on(place.fn, catch):
            continue
        if model.failures.swallows(place.fn, catch) and not model.failures.works(place.fn, catch.blocks):
            start = body.blocks[defuse.block_of[catch.caught]]
            return catch.caught, frozenset({*catch.blocks, *(t for _, t in start.next if t in catch.blocks)})
    return None


def _leaves(model: Model, place: Place, catch: Catch) -> bool:
    """Whether a handler does not lead to a place."""
    body, block = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of[place.instr]
    return all(block not in reached_from(body, b) for b in catch.blocks)


def _told(model: Model, fn: Fn, left: tuple[int, frozenset[int]]) -> bool:
    """Whether somebody is told on the side where no row is there: a tracker of errors, a person, a record."""
    body, recogniser = model.program.body(fn), model.recogniser
    for i in body.rows(left[1]):
        if body.op[i] == Op.RETURN and any(_says_no(model, fn, a) for a in body.args(i)[:1]):
            return True
        if body.op[i] != Op.CALL:
            continue
        if (
            any(recogniser.is_(kind, fn, i) is not None for kind in ("journals", "reporters"))
            or recogniser.is_("loggers", fn, i) == "report"
        ):
            return True
        plain = model.effects.plain(fn, i)
        if plain is not None and (plain.touches or plain.kind in ("mail", "job")):
            return True
    return False
