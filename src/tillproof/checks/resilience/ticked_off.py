"""Work that is ticked off whatever became of it: a stored event, an order or a message counts as processed, exported or sent although what
was to be done for it has failed, so that no later run takes it up again."""

import re
from collections.abc import Iterator

from tillproof.checks.resilience.losses import Lost, follows, lost, unread
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, source, steps
from tillproof.commerce.effects import Effect, Plain
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.moves_by_hand import ways_to
from tillproof.commerce.touches import words_of
from tillproof.commerce.unlooked import unlooked
from tillproof.flow.program import Fn
from tillproof.flow.values import constant, options

_DONE = re.compile(
    r"(is_|was_|has_)?(been_)?(\w+_)?(processed|handled|exported|synced|synchroni[sz]ed|pushed|transmitted|transferred|submitted|forwarded"
    r"|(hook|webhook|erp|order|event|message)_?sent)(_at|_on|_date)?"
)
"""Fields by which what has been worked off is known from what has not."""
_DONE_VALUES = ("processed", "handled", "exported", "synced", "done", "completed")
_ABOUT_WORK = re.compile(r"(\w+_)?(events?|webhooks?|messages?|jobs?|queue\w*|outbox|inbox|notifications?|tasks?)(_\w+)?")
_PEOPLE = re.compile(r"mail|sms|push_?notif|slack|telegram|whatsapp|discord", re.IGNORECASE)
_SENT_ON = Plain("order.write", True, None, False)


def ticked_off(model: Model, seen: set[tuple[Fn, int]]) -> Iterator[Ruling]:
    """One ruling per place where such a failure ends."""
    for entry in model.entries:
        effects = model.effects.of(entry.target)
        marks = [e for e in effects if _is_mark(e)]
        for effect in [*(e for e in effects if e not in marks and _is_work(model, e)), *_handed_on(model, entry)] if marks else ():
            end = lost(model, effect)
            if end is None and effect.kind == _SENT_ON.kind and (place := unlooked(model, effect)) is not None:
                end = unread(effect, place)
            mark = next((m for m in marks if end is not None and end.instr >= 0 and follows(model, end, m)), None)
            if end is not None and mark is not None and (end.fn, end.instr) not in seen:
                seen.add((end.fn, end.instr))
                yield _broken(model, entry, end, mark)


def _is_mark(effect: Effect) -> bool:
    """Whether a record is marked as worked off."""
    touch = effect.touch
    if touch is None or touch.kind != "write":
        return False
    for name, value in touch.fields.items():
        said = [(constant(o) or "").lower() for o in options(value)] if value is not None else []
        if _DONE.fullmatch(snake(name)) and not any(text in ("false", "0", "none", "null") for text in said):
            return True
        if _ABOUT_WORK.fullmatch(touch.entity) and any(text.lower() in _DONE_VALUES for text in words_of(value)):
            return True
    return False


def _is_work(model: Model, effect: Effect) -> bool:
    """Whether an order or payment is made, or its state written."""
    touch = effect.touch
    if touch is None or not touch.writes or not model.words.entity(touch.entity):
        return False
    return touch.kind == "create" or any(model.words.says_state(name) for name in touch.fields)


def _handed_on(model: Model, entry: Entry) -> Iterator[Effect]:
    """The requests by which an entry point tells another system of an order, but for those that tell people."""
    reached = model.handlers.closure(entry).functions
    guessed = (s for s in model.sendings.all if s.provider is not None and not s.certain and not s.operations)
    for sending in (*model.sendings.strange, *guessed):
        request = sending.request
        if sending.fn not in reached or request is None or request.method == "GET" or not model.vocabulary.order(sending.fn):
            continue
        if _PEOPLE.search(request.url) or _PEOPLE.search(model.program.name(sending.fn)):
            continue
        yield from (Effect(_SENT_ON, sending.fn, sending.instr, ctx, model.records) for ctx in ways_to(model, entry, sending.fn))


def _broken(model: Model, entry: Entry, end: Lost, mark: Effect) -> Ruling:
    file, line = entry_line(model, entry)
    at = model.program.body(end.fn).line[end.instr]
    handed = end.effect.kind == _SENT_ON.kind
    ruling = Ruling("resilience/swallowed-failure", "broken", "order-handover", file, line, severity="high", confidence="likely")
    ruling.severity = "medium" if handed else "high"
    ruling.anchor = (end.fn.file, at, at)
    ruling.title = "What failed is ticked off as done"
    lost_then = "the other system never hears of the order" if handed else "what was paid, refunded or cancelled is never booked"
    ruling.message = (
        f"When the work of {called(model, entry)} fails, {end.how.partition(',')[0]}, and the record is marked as done all the same: no "
        f"later run takes it up again, {lost_then}, and nobody is told."
    )
    ruling.remediation = (
        "Set the mark only behind what succeeded; where it fails, leave the record open, count the attempt with its reason, and tell "
        "somebody after the last one."
    )
    ruling.evidence = [
        source(model, entry, f"{called(model, entry)}: what must not be lost"),
        Evidence(end.fn.file, at, end.how, "missing"),
        Evidence(mark.fn.file, model.program.body(mark.fn).line[mark.instr], "it counts as done here", "step"),
        *steps(model, end.effect, "this may fail"),
    ]
    return ruling
