"""Failures that are taken for success: where a failure of what an entry point does ends."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tillproof.commerce.charged_at_once import is_confirmed
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.moves_by_hand import moves_by_hand
from tillproof.commerce.names import written
from tillproof.commerce.noted_failures import asks_what_was_noted
from tillproof.commerce.told_alike import told_alike
from tillproof.commerce.touches import Touch
from tillproof.commerce.unlooked import unlooked
from tillproof.flow.facts import Condition
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch, reached_from, reached_onward
from tillproof.flow.values import constant, options
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE
from tillproof.ir.ops import Op

# What is done about money where no customer waits for the answer.
_UNATTENDED = ("payment.capture", "refund.create", "transfer.create", "payout.create")
_MOVES = (*_UNATTENDED, "payment.cancel", "payment.void")
_CHARGE = "payment.create"
_MOVING = re.compile(r"cancel|void|refund|capture", re.IGNORECASE)
_LOCKED = re.compile(r"is_(\w+_)?locked(_\w+)?|(\w+_)?is_locked")
_SAME_MESSAGE = re.compile(r"event|message|delivery", re.IGNORECASE)
_STEPS = 4
_BEGINS = ("forEach", "map")
"""Methods of a list that call a function for each element and wait for none of them."""
_COMMANDS = re.compile(r"(^|/)(management/commands|Console/Commands)/")
_UNHEARD = {
    "unread": "the error that is answered, and not raised, is never read, and success is answered",
    "dropped": "the error that is answered, and not raised, leads to nothing, and success is answered",
    "none": "the error that is answered is never read, and no row is taken for one that there was no need to write; success is answered",
    "unread-given": "the error that the callback is given is never read, and success is answered",
    "dropped-given": "the error that the callback is given leads to nothing, and success is answered",
}


class Lost(NamedTuple):
    """A failure that is taken for success: the effect that may fail, where that ends, and how. ``goes_on``: the rest is done all the
    same. ``answered``: it is told by a value, which nobody acts upon; ``for_none``: the row that is not there is taken for one that there
    was no need to write. ``left_alone``: nobody waits for the work. ``again``: where else
    on the way it ends, or would end if it came through here, and how."""

    effect: Effect
    fn: Fn
    instr: int
    how: str
    goes_on: bool = False
    answered: bool = False
    for_none: bool = False
    again: tuple[tuple[Fn, int, str], ...] = ()
    left_alone: bool = False


def moved_unseen(model: Model, entry: Entry) -> list[Lost]:
    """Where a listener or job takes or gives back money, or a platform asks for that or for a cancellation, and a failure of it is dropped
    without a word."""
    if entry.role not in ("internal", "platform"):
        return []
    asked = entry.role == "platform" and entry.style == "class"
    kinds = _MOVES if asked else _UNATTENDED
    moved = [e for e in model.effects.of(entry.target) if e.kind in kinds]
    found = (lost(model, e) for e in moved)
    ends = [end for end in found if end is not None and end.instr >= 0 and not model.failures.kept_in_answer(end.fn, end.instr)]
    if asked and _MOVING.search(model.program.name(entry.target.fn)):
        ends += [unread(e, place) for e in moved if (place := unlooked(model, e, returned=True)) is not None]
    return [e for e in ends if _is_begun(model, e) or entry.role == "platform" or model.failures.says_nothing(e.fn, e.instr)]


def _is_begun(model: Model, end: Lost) -> bool:
    """Whether it ends where work is begun that nobody waits for, so that nothing hears of its failure."""
    return model.program.body(end.fn).op[end.instr] == Op.CALL


def taken_for_done(model: Model, entry: Entry) -> tuple[list[Lost], list[Lost]]:
    """Where a capture, refund or cancellation that an entry point or a job asks a provider for has failed, and the state of the order or
    payment is written down as if it had been; and where, with nothing written, success is answered all the same to customers or staff."""
    asked = (getattr(known.thing, "op", "") for _, _, known in model.handlers.closure(entry).operations)
    by_hand = moves_by_hand(model, entry) if entry.role != "platform" else []
    if entry.role == "platform" or not (by_hand or any(op in _MOVES or op == _CHARGE for op in asked)):
        return [], []
    effects = model.effects.of(entry.target)
    moved = [e for e in effects if e.kind in _MOVES or _is_charged(model, e)] + by_hand
    states = [e for e in effects if e.touch is not None and e.touch.writes and _settles(model, e.touch)] if moved else []
    ends = [end for e in moved if (end := lost(model, e) or (_unasked(model, e) if states else None)) is not None and end.instr >= 0]
    ends += [unread(e, place) for e in moved if (place := unlooked(model, e)) is not None]
    if states:
        return [end for end in ends if any(_belongs(model, end, s) and follows(model, end, s) for s in states)], []
    unseen = [end for end in ends if end.effect.kind != _CHARGE and end.effect not in by_hand]
    return [], [end for end in unseen if entry.role != "internal" and model.failures.only_logs(end.fn, end.instr)]


def _is_charged(model: Model, effect: Effect) -> bool:
    """Whether a call has money taken at once, so that its failure means that none came."""
    known = effect.operation
    if effect.kind != _CHARGE or known is None:
        return False
    return is_confirmed(model, effect.fn, effect.instr, known, effect.ctx)


def _belongs(model: Model, end: Lost, state: Effect) -> bool:
    """Whether a state says that what failed was done: of a charge only one that says paid, since an order may well be made that is not."""
    touch = state.touch
    if end.effect.kind != _CHARGE or touch is None:
        return True
    flags = [v for name, v in touch.fields.items() if v is not None and model.words.has("paid_fields", name)]
    if any(model.words.has("paid_values", text) for text in touch.said()):
        return True
    return any((constant(o) or "").lower() == "true" for v in flags for o in options(v))


def _unasked(model: Model, effect: Effect) -> Lost | None:
    """Where an exception of an effect is caught, and no caller's way hangs on what is answered then, though it may be kept."""
    for n, place, catch in model.failures.on_the_way(effect.way):
        if not model.failures.swallows(place.fn, catch) or model.outcomes.decides(effect.way[n + 1 :]):
            return None
        return Lost(effect, place.fn, catch.caught, "the exception is caught, and what is answered then is taken for the provider's answer")
    return None


def unread(effect: Effect, place: Place) -> Lost:
    return Lost(effect, place.fn, place.instr, "nobody looks at what is answered", goes_on=True)


def follows(model: Model, end: Lost, later: Effect) -> bool:
    """Whether an effect is reached from where a failure ends, there or in one of the functions around it, in the same turn of a loop; what
    the handler itself writes is its word that something failed, and what is done only when the answer was yes does not follow a no."""
    ways = [place.fn for place in end.effect.way]
    own = next((c.blocks for c in model.failures.catches(end.fn) if c.caught == end.instr), frozenset[int]())
    for place in end.effect.way[ways.index(end.fn) if end.fn in ways else len(ways) :]:
        body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
        start = end.instr if place.fn == end.fn else place.instr
        for other in later.way:
            if other.fn == place.fn and other.instr != place.instr:
                block = defuse.block_of[other.instr]
                told = (place.fn == end.fn and block in own) or asks_what_was_noted(model, end.fn, own, other, end.effect.ctx)
                told = told or (end.instr == place.instr and block in _when_yes(model, place))
                return not told and other.instr > start and block in reached_onward(body, defuse.block_of[start])
    return False


def _when_yes(model: Model, place: Place) -> frozenset[int]:
    """The blocks that are run only where a call answered yes: ``done, message = cancel(order)`` … ``if done:``."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    found = frozenset[int]()
    for branch, positive in model.outcomes.asking(place):
        ways = dict(body.blocks[defuse.block_of[branch]].next)
        yes, no = (ways.get(EDGE_TRUE), ways.get(EDGE_FALSE)) if positive else (ways.get(EDGE_FALSE), ways.get(EDGE_TRUE))
        if yes is not None and no is not None:
            found |= reached_from(body, yes) - reached_from(body, no)
    return found


def comes_round_again(model: Model, fn: Fn) -> bool:
    """Whether a run that the shop's own clock sets off again and again does what a function does: what a message loses there is looked
    for anew a little later."""
    runs = [e for e in model.entries_to(fn) if e.role == "internal" and e.target.fn != fn]
    if any(_COMMANDS.search(e.target.fn.file) for e in runs):
        return True
    packs = [model.knowledge.frameworks.get(e.framework) for e in runs if e.style == "hook"]
    return any(model.program.mentioning(word) for pack in packs if pack is not None for word in pack.recurring)


def lost(model: Model, effect: Effect, alone: bool = False) -> Lost | None:
    """Where a failure of an effect ends without being raised, answered or kept; None when it is told. ``alone``: what a listener sees to
    counts for itself, and not for whoever stored the record that it listens for."""
    found = _raised(model, effect, alone) or _told_to_nobody(model, effect)
    return found and found._replace(again=(*found.again, *_again(model, effect, found)))


def _again(model: Model, effect: Effect, found: Lost) -> Iterator[tuple[Fn, int, str]]:
    """The calls further out on the way by whose answer a failure is told and nobody asks, and the handlers that would take it for success
    as well if it came through, with what happens there."""
    places = [place.fn for place in effect.way]
    inner = places.index(found.fn) if found.fn in places else len(places)
    told = [place for place in effect.way[inner + 1 :] if model.outcomes.answer(place) != "handed"]
    if told and found.instr >= 0 and model.outcomes.answer(told[0]) == "lost" and not model.outcomes.unused(told[0]):
        yield told[0].fn, told[0].instr, "what this call answers says so, and nobody asks"
    for _, place, catch in model.failures.on_the_way(effect.way[inner + 1 :]):
        if not model.failures.swallows(place.fn, catch):
            return
        yield place.fn, catch.caught, "what came through would be caught here as well, and success is answered"


def _told_to_nobody(model: Model, effect: Effect) -> Lost | None:
    """Where the error that a write answers with, and does not raise, ends without being acted upon."""
    place, *callers = effect.way
    unheard = model.error_values.unheard(place)
    if unheard is None or (unheard.returns and callers and not goes_on_quietly(model, callers)):
        return None
    if unheard.returns and callers and model.program.language(place.fn.file) == "php" and not model.outcomes.unused(callers[0]):
        return None  # who asks answers otherwise, in whatever way the sender of the message reads
    if _refuses_anyway(model, place):
        return None
    none = unheard.how == "none"
    return Lost(effect, place.fn, unheard.instr, _UNHEARD[unheard.how], goes_on=not unheard.returns, answered=True, for_none=none)


def _raised(model: Model, effect: Effect, alone: bool) -> Lost | None:
    """Where an exception of an effect ends."""
    way = effect.way
    if any(is_left_behind(model, place) for place in way[1:]):
        return None  # nobody hears of anything that fails in there, which is one flaw and no-dead-letter's
    raised_anew = False
    apart = max((n for n, place in enumerate(way) if not alone and _does_its_own(model, effect, place)), default=-1)
    for n, place in enumerate(way):
        logged = model.outcomes.only_logged(place) if n or _answers_failure(model, effect) else None
        if logged is not None and (n or not way[1:] or goes_on_quietly(model, way[1:])):
            told = effect.touch is not None and not n
            return Lost(effect, place.fn, logged, "the answer says that it failed; that is logged, and success is answered", answered=told)
        if (given_up := model.outcomes.given_up(place, way[n + 1 :])) is not None:
            return Lost(effect, place.fn, given_up, "the answer is an error; the work is given up, and success is answered")
        if (dropped := _dropped(model, effect, n)) is not None:
            return Lost(effect, place.fn, *dropped, left_alone=True)
        catch = model.failures.around(place, ours=effect.touch is not None, raised_anew=raised_anew)
        if catch is None:
            continue
        handed_on = model.failures.raises_again(place.fn, catch) or (n > apart and _hands_on_some(model, place.fn, catch))
        raised_anew = raised_anew or handed_on
        if handed_on or model.failures.tries_otherwise(place.fn, catch, effect):
            continue
        if n <= apart or not model.failures.swallows(place.fn, catch) or _of_a_later_job(model, way[n + 1 :]):
            return None
        if (catch.falls and _marks_message(model, effect)) or any(_fails_anyway(model, outer) for outer in way[n + 1 :]):
            return None
        if model.failures.answers(place.fn, catch):
            return Lost(effect, place.fn, catch.caught, "the exception is caught, and success is answered")
        quiet = goes_on_quietly(model, way[n + 1 :]) or _answered(model, way[n:], catch) or _told_nothing(model, way[n:], catch)
        quiet = quiet or _settles_aside(model, effect, place.fn, catch)
        if not quiet or (_only_asks(effect) and not _hangs_on(model, way[n + 1 :])):
            return None
        if n + 1 < len(way) and model.failures.answers_failure(place.fn, catch):
            caught = place.fn, catch.caught, "the exception is caught here, and told by a value"
            told = model.outcomes.only_logged(way[n + 1]) is not None
            how = f"this call answers that it failed, {'that is only logged' if told else 'nobody asks'}, and success is answered"
            return Lost(effect, way[n + 1].fn, way[n + 1].instr, how, again=(caught,))
        goes_on = model.failures.goes_on(place.fn, catch)
        how = "the exception is caught, the rest goes on without it" if goes_on else "the exception is caught"
        return Lost(effect, place.fn, catch.caught, f"{how}, and success is answered", goes_on)
    return None


def _hands_on_some(model: Model, fn: Fn, catch: Catch) -> bool:
    """Whether a handler hands on whatever it does not know for harmless, ``if (error.code !== 'resource_missing') throw error``, and does
    nothing else about it."""
    body = model.program.body(fn)
    ops = {body.op[i] for i in body.rows(catch.blocks)}
    return Op.RAISE in ops and Op.RETURN not in ops and not model.failures.keeps(fn, catch)


def _dropped(model: Model, effect: Effect, n: int) -> tuple[int, str] | None:
    """Where nobody waits for the functions that a place on the way begins, or what they promise is dropped."""
    place, inner = effect.way[n], effect.way[n - 1].fn if n else None
    if inner is not None and _nobody_waits(model, place, inner):
        return place.instr, "nobody waits for the functions that are begun here, and success is answered"
    return model.promises.dropped(place, inner) if weighs(model, effect) else None


def weighs(model: Model, effect: Effect) -> bool:
    """Whether money, goods or an order's state hang on an effect; what is counted or noted beside may be left to itself."""
    touch, words = effect.touch, model.words
    if effect.kind in _MOVES:
        return True
    if touch is None or model.repeats.harm(effect) in ("money", "goods"):
        return model.repeats.harm(effect) in ("money", "goods")
    return words.entity(touch.entity) or any(words.says_state(name) for name in touch.fields)


def _answers_failure(model: Model, effect: Effect) -> bool:
    """Whether a call tells by what it answers, and not by an exception, that it failed: a request by hand, a platform's service."""
    known = model.recogniser.effect(effect.fn, effect.instr)
    if known is not None:
        return known[0].returns_error and known[0].effect != "refund.record"  # of which order/refund-not-recorded tells
    sent = (s for s in model.sendings.by_function.get(effect.fn, ()) if s.instr == effect.instr)
    return any(s.client is not None and s.client.tells != "throws" for s in sent)


def is_left_behind(model: Model, place: Place) -> bool:
    """Whether a call begins work that goes on in the same process after the answer: ``asyncio.create_task(handle(event))``."""
    left = model.queues.left_in_process
    return (place.fn, place.instr) in left or any((place.fn, u) in left for u in model.evaluator.defuse(place.fn).uses(place.instr))


def _marks_message(model: Model, effect: Effect) -> bool:
    """Whether a row is made that says that this message came: the work itself goes on without it."""
    touch = effect.touch
    return touch is not None and touch.kind == "create" and not model.words.entity(touch.entity) and model.states.claim(touch) is not None


def _fails_anyway(model: Model, place: Place) -> bool:
    """Whether whoever calls here raises afterwards in any case, as what notes a failure and hands it on does."""
    body = model.program.body(place.fn)
    onward = reached_from(body, model.evaluator.defuse(place.fn).block_of[place.instr])
    ends = [b for b in onward if not body.blocks[b].onward]
    return bool(ends) and all(body.blocks[b].end > body.blocks[b].start and body.op[body.blocks[b].end - 1] == Op.RAISE for b in ends)


def _refuses_anyway(model: Model, place: Place) -> bool:
    """Whether each way on from a place ends in an answer that says that something failed: a claim that is given back before a 500."""
    body = model.program.body(place.fn)
    onward = reached_from(body, model.evaluator.defuse(place.fn).block_of[place.instr])
    ends = [b for b in onward if not body.blocks[b].onward]
    return bool(ends) and all(model.failures.passes_on(place.fn, frozenset([b])) for b in ends)


def _of_a_later_job(model: Model, callers: Sequence[Place]) -> bool:
    """Whether it is a job that fails which another job has planned: the message itself was worked off by then."""
    plans = [plain for place in callers if (plain := model.effects.plain(place.fn, place.instr)) is not None and plain.kind == "job"]
    return len(plans) > 1


def _does_its_own(model: Model, effect: Effect, place: Place) -> bool:
    """Whether a function listens for records being stored and sees to matters of its own, not to what becomes of an order. What
    fails in it and is caught there is not what the message brought."""
    return model.record_methods.hears(place.fn) and not _settles(model, effect.touch)


def _settles(model: Model, touch: Touch | None) -> bool:
    """Whether an order or payment is made or changes its state."""
    if touch is None or not model.words.entity(touch.entity):
        return False
    return touch.kind == "create" or any(model.words.has(k, name) for k in ("paid_fields", "status_fields") for name in touch.fields)


def _nobody_waits(model: Model, place: Place, inner: Fn) -> bool:
    """Whether a list is worked off by functions that promise to be done one day, and the promises are dropped:
    ``lines.forEach(async (line) => { … })``."""
    body = model.program.body(place.fn)
    if body.op[place.instr] != Op.CALL or body.called(place.instr) not in _BEGINS or Op.AWAIT not in model.program.body(inner).op:
        return False
    given = body.call(place.instr)[1]
    if not given or body.op[given[0][1]] != Op.FUNCTION or Fn(place.fn.file, body.args(given[0][1])[0]) != inner:
        return False
    uses = list(model.evaluator.defuse(place.fn).uses(place.instr))
    if not uses or (body.called(place.instr) == "map" and all(body.op[u] == Op.AWAIT for u in uses)):  # a list is no promise
        return True
    return body.called(place.instr) == "map" and _only_asked_for(model, place.fn, place.instr, 0)


def _only_asked_for(model: Model, fn: Fn, i: int, depth: int) -> bool:
    """Whether a list of promises is kept, and nothing but whether there is one is asked of it: ``const done = lines.map(async …)`` and
    ``if (done)``."""
    body = model.program.body(fn)
    for use in model.evaluator.defuse(fn).uses(i) if depth < _STEPS else ():
        op = body.op[use]
        if op == Op.STORE:
            name = body.name(use)
            if _is_captured(model, fn, name):
                return False
            reads = [r for r, o in enumerate(body.op) if o == Op.NAME and r > use and body.name(r) == name]
            if not all(_only_asked_for(model, fn, r, depth + 1) for r in reads):
                return False
        elif op in (Op.CHOICE, Op.CAST):
            if not _only_asked_for(model, fn, use, depth + 1):
                return False
        elif op not in (Op.BRANCH, Op.UNARY):
            return False
    return depth < _STEPS


def _is_captured(model: Model, fn: Fn, name: str) -> bool:
    """Whether a function in this one reads a variable of its."""
    functions = model.program.indices[fn.file].functions
    inner = (model.program.body(Fn(fn.file, n)) for n, f in enumerate(functions) if f.parent == fn.number)
    return any(op == Op.NAME and body.name(i) == name for body in inner for i, op in enumerate(body.op))


def _only_asks(effect: Effect) -> bool:
    """Whether an effect asks a provider for something and changes nothing."""
    return effect.operation is not None and effect.operation.op.endswith((".retrieve", ".read"))


def _hangs_on(model: Model, callers: Sequence[Place]) -> bool:
    """Whether something is left undone where a question that could not be put is taken for answered no: what its first caller who asks for
    the answer does when it is yes. True where nobody is seen to ask."""
    for place in callers:
        found = model.outcomes.done_if(place)
        if found is not None:
            return found
    return True


def left_to_another(model: Model, effect: Effect) -> Lost | None:
    """Where the work is left to whoever holds a lock on the record, and success is answered: that one works on what it has read, not on
    this message, which never comes again. None where it is refused, or nobody asks."""
    for n, place in enumerate(effect.way):
        body = model.program.body(place.fn)
        last = n == len(effect.way) - 1
        for fact in model.effects.facts(place.fn).at(place.instr):
            if not isinstance(fact, Condition) or fact.truth or body.op[fact.instr] not in (Op.CALL, Op.FIELD):
                continue
            called = body.op[fact.instr] == Op.CALL
            name = body.called(fact.instr) if called else body.name(fact.instr)
            given = [written(model.program, place.fn, a) for _, a in body.call(fact.instr)[1]] if called else []
            if not _LOCKED.fullmatch(snake(name)) or any(_SAME_MESSAGE.search(text) for text in given):
                continue
            if model.outcomes.passes_over(place.fn, fact.instr, answers=last):
                how = "other work has locked the record, the message is passed over, and success is answered"
                return Lost(effect, place.fn, fact.instr, how)
    return None


def _told_nothing(model: Model, way: Sequence[Place], catch: Catch) -> bool:
    """Whether what a handler answers tells its caller nothing: it is what success answers too, or nothing at all, which an entry point
    puts into its own answer without a look."""
    if len(way) < 2:
        return False
    if told_alike(model, way[0], catch):
        return True
    return len(way) == 2 and model.failures.says_no(way[0].fn, catch) and model.outcomes.only_shown(way[1])


def _settles_aside(model: Model, effect: Effect, fn: Fn, catch: Catch) -> bool:
    """Whether a platform's function that settles an order is called aside: its failure is only logged, and what follows and is answered is
    the same, unless a flag that is set behind the call says otherwise."""
    touch, body = effect.touch, model.program.body(fn)
    if touch is None or touch.effect != "order.paid" or not catch.falls or not model.failures.only_logs(fn, catch.caught):
        return False
    flags = (i for i in body.rows(sorted(catch.tried)) if body.op[i] in (Op.STORE, Op.SET_FIELD, Op.SET_INDEX))
    return not any(body.const(body.args(i)[-1]) is not None for i in flags if body.args(i)[-1] >= 0)


def _answered(model: Model, way: Sequence[Place], catch: Catch) -> bool:
    """Whether what is returned behind a handler goes back as it is through every caller, and so becomes the answer: plain data in Python,
    nothing at all where a framework of JavaScript answers with what it is given back."""
    fn = way[0].fn
    if any(model.outcomes.answer(p) != "handed" for p in way[1:]):
        return False
    if model.program.language(fn.file) == "python":
        return model.failures.answers_plainly(fn, catch)
    packs = [model.knowledge.frameworks.get(e.framework) for e in model.entries_to(way[-1].fn)]
    return any(pack is not None and pack.sends_returned for pack in packs) and not model.failures.ends(fn, catch.blocks)


def goes_on_quietly(model: Model, callers: Sequence[Place]) -> bool:
    """Whether the first caller that may ask for the answer of what failed does not; with no caller there is nobody to ask."""
    told = [answer for place in callers if (answer := model.outcomes.answer(place)) != "handed"]
    return told[0] == "lost" if told else not callers
