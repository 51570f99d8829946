"""The entry points to which the same message may come twice, and how their effects stand a second delivery."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tillproof.checks.idempotency.keys import kept, look, random_source
from tillproof.checks.ways import anchor
from tillproof.commerce.conditions import AnyOf, Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.firsts import comes_back
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.operations import STARTS
from tillproof.commerce.recognise import Known
from tillproof.commerce.repeats import Guard, Repeat
from tillproof.commerce.thin_routes import only_hands_on
from tillproof.commerce.updates_told import told_several_times
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, Element, Member, Result, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

_WHAT = {
    "fulfil": "the order is fulfilled",
    "mail": "a message is sent",
    "job": "the other services are told",
    "refund.create": "a refund is made",
    "transfer.create": "money is transferred",
    "payout.create": "money is paid out",
    "payment.create": "a payment is started",
    "checkout.create": "a checkout is started",
    "subscription.create": "a subscription is started",
    "shipment.create": "a shipment is bought",
    "order.write": "the order is made in the other system",
}
# Records of the messages that were handled.
_NOTED = re.compile(r"(\w+_)?(event|webhook|message|notification|delivery|ipn)(_\w+)?")
_TAKES = ("payment.capture", "payment.confirm")
_IS, _IS_NOT = ("==", "===", "in"), ("!=", "!==", "not in")
_WENT_WELL = re.compile(r"(is_?|was_?|get_?)?(success|successful|succeeded|ok|completed|captured|approved)")
_PIECES = 60
RANK = {"money": 0, "goods": 1, "record": 2, "message": 3}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A handler, or the part of it that handles one kind of message, with the effects that must not happen twice: those that nothing
    guards, and those that something does. ``place``: where the guard stands or has to go."""

    handler: Handler
    place: Place
    bare: tuple[Repeat, ...]
    guarded: tuple[Repeat, ...]

    @property
    def worst(self) -> Repeat:
        """The gravest effect that would happen again."""
        return min(self.bare, key=lambda r: RANK[r.harm])

    def racy(self, model: Model) -> list[tuple[Repeat, Guard]]:
        """Guarded effects that neither a guard nor the database keeps from two deliveries at once, with the guard that says most."""
        plain = [r for r in self.guarded if r.guards and r.harm != "message" and not any(g.atomic for g in r.guards)]
        return [(r, _telling(r)) for r in plain if not kept_once(model, r)]


@lru_cache(maxsize=2)
def deliveries(model: Model) -> tuple[Delivery, ...]:
    """Every handler that does something of which a second time would be harm, in order of file and line."""
    return tuple(_deliveries(model))


def _deliveries(model: Model) -> Iterator[Delivery]:
    for handler in model.handlers.all:
        if not hears(model, handler):
            continue
        found = model.repeats.of(handler.entry.target)
        parts: dict[Fn, list[tuple[Place, Repeat]]] = {}
        for repeat in found:
            place = _told_at(model, repeat, handler.entry.target.fn) or _asked_by(repeat) or anchor(model, repeat.effect, handler.provider)
            parts.setdefault(place.fn, []).append((place, repeat))
        for part in parts.values():
            bare = [(p, r) for p, r in part if (not r.guards or told_several_times(model, r)) and not kept_once(model, r)]
            place = min(bare or part, key=lambda pair: RANK[pair[1].harm])[0]
            left = tuple(r for _, r in bare)
            yield Delivery(handler, place, left, tuple(r for _, r in part if r not in left))


def _told_at(model: Model, repeat: Repeat, handler: Fn) -> Place | None:
    """The handler's own call of another module that tells people something: mails that it has written there are one matter."""
    way = repeat.effect.way if repeat.effect.kind == "mail" else ()
    if not way or way[-1].fn != handler or only_hands_on(model, handler, way[-1].instr):
        return None
    while len(way) > 1 and way[-2].fn.number == TOP:  # the handler is a script that is included
        way = way[:-1]
    return way[-1] if all(p.fn.file != way[-1].fn.file for p in way[:-1]) else None


def _asked_by(repeat: Repeat) -> Place | None:
    """Where the client of another system is asked to make an order there: who asks knows whether it was made before."""
    way = repeat.effect.way if repeat.effect.kind == "order.write" else ()
    return next((p for p in way if p.fn.file != repeat.effect.fn.file), None)


def hears(model: Model, handler: Handler) -> bool:
    """Whether a handler is told of a payment. A page that only shows an order, or starts another payment for it, is not."""
    if handler.kind != "redirect-return":
        return True
    framework = model.knowledge.frameworks.get(handler.entry.framework)
    name = model.program.name(handler.entry.target.fn)
    if framework is not None and any(r.once and name in r.verbs for r in framework.routes):
        return False  # its platform calls it once
    effects = model.effects.of(handler.entry.target)
    proven = handler.walked.proofs or handler.closure.verifiers
    begun = (e for e in effects if e.kind in STARTS)  # a subscription behind a proven payment is charged to what was paid with
    return bool(proven or _marks_paid(model, handler)) and all(proven and e.kind == "subscription.create" for e in begun)


def _marks_paid(model: Model, handler: Handler) -> bool:
    """Whether a page to which the browser comes back sets an order to paid, though it asks nobody whether it was."""
    return any(model.words.has("paid_values", to) for t in model.transitions.of(handler.entry.target) for to in t.to)


def kept_once(model: Model, repeat: Repeat) -> str:
    """Why the database or the provider keeps an effect from happening twice; empty when neither does."""
    effect, touch = repeat.effect, repeat.effect.touch
    if effect.operation is not None:
        return _keyed(model, effect)
    if taken := _taken_once(model, effect):
        return taken
    ids = (model.handovers.once(*place) for place in effect.way[1:])
    if any(one is not None and random_source(model, one) is None for one in ids):
        return "the queue takes work of the same id only once"
    if repeat.refused is not None:
        where = f"{repeat.refused.file}:{repeat.refused.line}"
        return f"the database refuses the row that is made with it a second time, and takes the effect back ({where})"
    if touch is None or touch.kind not in ("create", "upsert"):
        return ""
    if touch.kind == "upsert":  # but what it adds to a row that is there, it adds again, as it does what it worked out of the old value
        stock = model.stock_writes.write(touch)
        again = bool(touch.relative and touch.overwrites != frozenset()) or (stock is not None and stock.how != "set")
        return "" if again else "the row is inserted only once"
    constraint = model.states.claim(touch)
    return f"the database refuses a second row for it ({constraint.file}:{constraint.line})" if constraint is not None else ""


def _taken_once(model: Model, effect: Effect) -> str:
    """Whether an effect comes only after the provider has taken the money, which it does once: ``if payment.execute():``, or where its
    answer says so: ``capture.status === 'COMPLETED'``."""
    for held in model.effects.held(effect):
        for atom in model.conditions.behind(held):
            each = atom.groups if isinstance(atom, AnyOf) else ((atom,),)
            takers = [next((t for one in group if isinstance(one, Atom) and (t := _taker(model, one))), "") for group in each]
            if takers and all(takers):
                return f"{takers[0]} takes the same payment only once"
    return ""


def _taker(model: Model, atom: Atom) -> str:
    """The provider whose answer to the call that takes the money a condition asks for, and is told that it did. One that is sent the same
    key again answers what it answered before."""
    body = model.program.body(atom.fn)
    asked = body.op[atom.instr]
    if asked == Op.CALL and atom.truth is not False and (known := _takes(model, atom.fn, atom.instr, atom.ctx)) is not None:
        return known.provider.name if atom.truth or _raises(model, known, atom) else ""
    if (known := _answers_error(model, atom)) is not None:
        return known.provider.name
    sides = _told_by(body, atom)
    waiting, seen = [o for side in sides for o in options(model.evaluator.value(atom.fn, side, atom.ctx))], 0
    while waiting and seen < _PIECES:
        here, seen = waiting.pop(), seen + 1
        if isinstance(here, Result) and here.instr >= 0:
            known = _takes(model, here.fn, here.instr, here.ctx)
            if known is not None and not _keyed_at(model, here.fn, here.instr):
                return known.provider.name
            waiting += [here.callee, *(v for _, v in model.evaluator.arguments(here)[:2])]
        elif isinstance(here, (Member, Element)):
            waiting += options(here.base)
        else:
            waiting += here.parts()[:4]
    return ""


def _answers_error(model: Model, atom: Atom) -> Known | None:
    """The call that takes the money and hands its error to a callback, ``execute(id, details, (error, payment) => …)``, which asks whether
    there is none: where it was taken before, there is one."""
    body, ctx = model.program.body(atom.fn), atom.ctx
    if atom.truth is not False or ctx is None or ctx.fn != atom.fn or not ctx.callback or ctx.call < 0:
        return None
    error = body.op[atom.instr] == Op.NAME and len(body.params) > 1 and body.name(atom.instr) == body.params[0].name
    return _takes(model, ctx.caller, ctx.call, ctx.parent) if error else None


def _told_by(body: Body, atom: Atom) -> list[int]:
    """What a condition holds to be so: the sides of a comparison that came out as equal, or the answer that says of itself that it went
    well, ``result.is_success``, ``$response->isSuccessful()``."""
    asked, args = body.op[atom.instr], body.args(atom.instr)
    if asked == Op.BINARY and atom.truth is not None and body.text(args[0]) in (_IS if atom.truth else _IS_NOT):
        return args[1:3]
    said = args[0] if asked == Op.CALL and body.op[args[0]] == Op.FIELD else atom.instr
    return [body.args(said)[0]] if atom.truth and body.op[said] == Op.FIELD and _WENT_WELL.fullmatch(snake(body.name(said))) else []


def _raises(model: Model, known: Known, atom: Atom) -> bool:
    """Whether a call that takes the money comes back only when it did: where it was taken before, the SDK raises."""
    insists = isinstance(known.thing, Operation) and known.thing.insists and model.http.request(atom.fn, atom.instr, atom.ctx) is None
    return insists and not _keyed_at(model, atom.fn, atom.instr) and not comes_back(model, atom.fn, atom.instr)


def _takes(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> Known | None:
    known = model.operations.at(fn, i, ctx)
    thing = known.thing if known is not None else None
    return known if isinstance(thing, Operation) and thing.op in _TAKES and thing.repeatable == "state-guarded" else None


def _keyed_at(model: Model, fn: Fn, i: int) -> bool:
    """Whether a call is sent under a key that may be the same the next time."""
    looks = (look(model, site, site.ctx).found for site in model.operations.sites_at(fn, i))
    return any(found is not None and random_source(model, found.value) is None for found in looks)


def _keyed(model: Model, effect: Effect) -> str:
    """Whether the provider answers a repeated call with the first one's result, because it carries the same key."""
    for site in model.operations.sites:
        here = (site.fn, site.instr) == (effect.fn, effect.instr)
        if here or any((c.caller, c.call) == (effect.fn, effect.instr) for c in (site.ctx.chain() if site.ctx else ())):
            found = look(model, site, effect.ctx if here else site.ctx).found
            if found is not None and found.certain and (random_source(model, found.value) is None or kept(found.value)):
                return f"{site.provider.name} takes a call with the same {found.key} for the same one"
    return ""


def _telling(repeat: Repeat) -> Guard:
    """The guard that is made for it, in which the message itself is noted; then one that reads the record that is written, before one that
    only looks at something beside it."""
    entity = repeat.effect.touch.entity if repeat.effect.touch else ""

    def written(guard: Guard) -> list[str]:
        return [snake(e.touch.entity if e.touch else "") for e in guard.by]

    return min(repeat.guards, key=lambda g: (not any(_NOTED.fullmatch(n) for n in written(g)), entity not in written(g)))


def describe(repeat: Repeat) -> str:
    """What an effect does, in words."""
    effect = repeat.effect
    if effect.touch is not None and effect.touch.entity:
        name = effect.touch.entity.replace("_", " ")
        if effect.touch.kind == "create":
            return f"another {name} is created"
        fields = ", ".join(sorted(effect.touch.fields)[:2])
        return f"{fields} of the {name} is changed" if fields else f"the {name} is changed"
    return _WHAT.get(effect.kind, "the same is done")
