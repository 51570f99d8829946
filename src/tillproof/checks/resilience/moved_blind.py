"""Money that was not moved, or a subscription that was not ended, wherever it is asked for: in plugins, listeners and services that a
registry, an event or a container calls, and no way in is seen to lead there."""

from collections.abc import Iterator

from tillproof.checks.resilience.losses import Lost, lost, unread
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.effects import Effect, Place, Plain
from tillproof.commerce.model import Model
from tillproof.commerce.noted_failures import asks_what_was_noted
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.told_alike import told_alike
from tillproof.commerce.unlooked import unlooked
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from, reached_onward
from tillproof.flow.values import Const, Ctx, options
from tillproof.ir.ops import Op

_ENDS = ("payment.cancel", "subscription.cancel")
_MOVES = {
    "payment.capture": "capture",
    "refund.create": "refund",
    "transfer.create": "transfer",
    "payout.create": "payout",
    **dict.fromkeys(_ENDS, "cancellation"),
}
_CHARGES = ("payment.create", "checkout.create")
_MOST = 12
_DEEPEST = 3
_LEFT = {
    "capture": "the money is never taken, and the shop counts on it",
    "refund": "the customer never gets his money back, and the shop counts it as returned",
    "transfer": "whoever was to be paid never is",
    "payout": "whoever was to be paid never is",
    "cancellation": "the customer goes on being charged for what he has ended",
    "charge": "the shop counts as paid what nobody has paid",
}


def moved_blind(model: Model, seen: set[tuple[Fn, int]]) -> Iterator[Ruling]:
    """One ruling per place where the failure of such a request ends, and nobody can tell it from success."""
    for site in model.operations.sites:
        op = site.operation.op
        if site.provider.kind not in ("payment", "platform") or not (op in _CHARGES or op in _MOVES):
            continue
        for ctx in _contexts(model, site):
            effect = Effect(Plain(op, site.certain, site.operation, False), site.fn, site.instr, ctx, model.records)
            end = _lost(model, effect) if op in _MOVES else None
            end = end or _unread(model, effect)
            if end is not None and end.instr >= 0 and (end.fn, end.instr) not in seen:
                seen.add((end.fn, end.instr))
                yield _broken(model, end, _MOVES.get(op, "charge"), site.provider.name)


def _contexts(model: Model, site: OperationSite) -> list[Ctx | None]:
    """The ways to a request, as far out as callers are known."""
    waiting: list[Ctx | None] = [site.ctx]
    found: list[Ctx | None] = []
    for ctx in waiting:
        above = model.callers.above(site.fn, ctx) if len(waiting) < _MOST and (ctx is None or ctx.depth < _DEEPEST) else []
        waiting += above
        if not above:
            found.append(ctx)
    return found


def _lost(model: Model, effect: Effect) -> Lost | None:
    """Where the exception of a request is caught, and what follows says that all went well."""
    end = lost(model, effect)
    place = next((p for p in effect.way if end is not None and p.fn == end.fn), None)
    if end is None or place is None or end.instr < 0:
        return None
    catch = model.failures.caught_at(end.fn, end.instr)
    if catch is None or model.failures.leaves_trace(end.fn, end.instr):
        return None
    if effect.kind in _ENDS and not _of_subscription(model, effect):
        return None  # a payment that is still open may be left to run out
    silent = model.failures.says_nothing(end.fn, end.instr)
    if silent and (catch.falls or told_alike(model, place, catch)):
        return end
    logged = model.failures.only_logs(end.fn, end.instr)
    return end if _erases(model, place, catch.blocks, end.instr, logged) else None


def _of_subscription(model: Model, effect: Effect) -> bool:
    """Whether what is ended is paid again and again: the words of the call, of its address or of the functions around it say so."""
    return any("subscription" in token.lower() for place in effect.way[:2] for token in model.vocabulary.tokens(place.fn))


def _erases(model: Model, place: Place, own: frozenset[int], start: int, before: bool) -> bool:
    """Whether the record that knows of it is deleted behind the handler, or its state written, as if it had been done; ``before``: or was
    so already when it was asked for, and nothing puts it back."""
    body, block_of = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of
    onward = reached_onward(body, block_of[start]) - own
    for i in (n for n, op in enumerate(body.op) if op in (Op.CALL, Op.SET_FIELD)):
        led = i < place.instr and block_of[place.instr] in reached_from(body, block_of[i]) if before else False
        plain = model.effects.plain(place.fn, i) if led or (i > place.instr and block_of[i] in onward) else None
        if plain is None or not plain.touches:
            continue
        touch = model.records.touch(place.fn, i, place.ctx)
        if touch is None or not model.words.entity(touch.entity):
            continue
        if asks_what_was_noted(model, place.fn, own, Place(place.fn, i, place.ctx), place.ctx):
            continue
        if touch.kind == "delete" or any(model.words.says_state(name) for name in touch.fields):
            return True
    return False


def _unread(model: Model, effect: Effect) -> Lost | None:
    """Where nobody looks at the answer to a request, and the function around it says yes."""
    place = unlooked(model, effect)
    if place is None or not _says_yes(model, place):
        return None
    return unread(effect, place)


def _says_yes(model: Model, place: Place) -> bool:
    """Whether all that a function returns behind a place is the constant yes."""
    body, block_of = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of
    ends = model.failures.ends(place.fn, reached_onward(body, block_of[place.instr]))
    said = [o for end in ends if end > place.instr for o in options(model.evaluator.value(place.fn, end, place.ctx))]
    return bool(said) and all(isinstance(o, Const) and not o.falsy for o in said)


def _broken(model: Model, end: Lost, what: str, name: str) -> Ruling:
    body = model.program.body(end.fn)
    at = body.line[end.instr]
    ruling = Ruling("resilience/swallowed-failure", "broken", "payment-step", end.fn.file, at, severity="high", confidence="likely")
    ruling.anchor = (end.fn.file, at, at)
    ruling.title = f"A {what} that fails is taken for done"
    ruling.message = (
        f"When {name} refuses or cannot be reached in `{model.program.qualified(end.fn)}`, {end.how.partition(',')[0]}, and "
        f"whoever called is told that all went well: {_LEFT[what]}."
    )
    ruling.remediation = (
        "Let the failure through, or answer it in a way that the caller asks about; write or delete what is kept of it only behind the "
        "provider's answer."
    )
    ruling.evidence = [Evidence(end.fn.file, at, end.how, "missing")]
    first = end.effect.way[0]
    if (first.fn, first.instr) != (end.fn, end.instr):
        line = model.program.body(first.fn).line[first.instr]
        ruling.evidence.append(Evidence(first.fn.file, line, "this may fail", "sink"))
    return ruling
