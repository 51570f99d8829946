"""What webhook-unverified and webhook-weak-verification share: whether a handler is a site, and what it does first."""

import re
from collections.abc import Iterator

from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.failures import says_failure
from tillproof.commerce.handled import Handler, Walked
from tillproof.commerce.model import Model
from tillproof.commerce.strange_calls import VERIFIES
from tillproof.commerce.touches import text_of
from tillproof.flow.defuse import value_operands
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Happening
from tillproof.flow.sure_names import lands_surely
from tillproof.flow.values import Ctx, FunctionV, Instance, Param, Result, Unknown, options
from tillproof.ir.ops import Op

_VERIFIES = re.compile(
    r"(verif|signature|hmac|authentic|is_?valid|validate_?(webhook|request|ipn|signature|hmac)|check_?(sign|hash|hmac))", re.IGNORECASE
)
# What takes nothing from the shop: an order in a state that is not the paid one, a word said to somebody.
_SPOILS = ("order.write", "order.note", "cart.write", "mail")
_ORDINARY = {"validate", "is_valid", "isvalid", "full_clean", "validated_data", "email_verified", "verify_password"}
_CART = re.compile(r"(\w+_)?(cart|basket|quote)")
_ACCESS = re.compile(r"(\w+_)?(access_?token|token|credential)s?")
_GIVEN_BACK = re.compile(r"refund|charge_?back|disput|rembours|reembols")
_MOST = 60
_COPIED = ("record", "sql", "dispatch")
_OF_GOODS = ("catalog.read", "catalog.write", "order.read", "other", "rates.quote")
_RECORDS = ("order", "stock", "record", "refund", "user", "cart", "sql")


def is_site(handler: Handler) -> bool:
    """A handler owes a proof when it does something with the message, or asks which event it is."""
    return bool(handler.walked.happenings)


def unproven_acts(model: Model, walked: Walked) -> list[Happening]:
    """What is done unproven, the gravest first: money and records before mail.

    To ask which event it is counts where nothing else is seen. Beside a proof, to note that a message was refused does not count.
    """
    acts = [h for h in walked.unproven if h.kind != "dispatch" and not (walked.proofs and _is_harmless(model, walked, h))]
    if not acts and not walked.acts:
        acts = walked.unproven
    return sorted(acts, key=lambda h: (h.kind.rstrip("?").split(".")[0] not in (*_RECORDS, "payment", "fulfil"), _keeps_access(model, h)))


def only_spoils(walked: Walked, unproven: list[Happening]) -> bool:
    """Whether everything by which an order counts as paid is proven, and what is done without a proof gives nothing away: another state of
    it or a note is written, a cart is changed, a mail is sent."""
    paying = [h for h in walked.acts if h.kind.rstrip("?") in ("order.paid", "fulfil")]
    return bool(paying) and all(h.proven for h in paying) and all(h.kind.rstrip("?") in _SPOILS for h in unproven)


def mirrored(model: Model, handler: Handler, unproven: list[Happening]) -> list[str] | None:
    """The records that a commerce platform's message changes in our copy of them, where it does nothing else unproven.

    Who was charged, and what is sent to whom, the platform decides: the code here shows nobody who is served by a forged message, though
    people who work from the copy may be. None where a message moves goods or money, or is a payment system's.
    """
    if handler.provider.kind == "payment" or any(a.kind.rstrip("?").split(".")[0] not in _COPIED for a in unproven):
        return None
    touches = [model.records.touch(act.fn, act.instr, act.ctx) for act in unproven]
    names = {touch.entity.replace("_", " ") for touch in touches if touch is not None}
    return sorted(names) if names and None not in touches else None


def only_counts(model: Model, handler: Handler) -> bool:
    """Whether a message of a marketplace, a platform or the like only changes figures of ours, stock and listings: nobody gets anything
    for it."""
    if handler.provider.kind == "payment":
        return False
    told = model.effects.of(handler.entry.target)
    pays = (e for e in told if e.kind in ("fulfil", "order.paid", "order.write") or (e.operation is not None and e.kind not in _OF_GOODS))
    return next(pays, None) is None and not any(
        e.touch is not None and e.touch.writes and (model.words.entity(e.touch.entity) or model.repeats.harm(e) == "money") for e in told
    )


def _keeps_access(model: Model, act: Happening) -> bool:
    """Whether an act only keeps, or forgets, what gives us access to the provider: the token that is fetched before anything is asked."""
    touch = model.records.touch(act.fn, act.instr, act.ctx) if act.kind.startswith("record") else None
    return touch is not None and _ACCESS.fullmatch(touch.entity) is not None


def _is_harmless(model: Model, walked: Walked, act: Happening) -> bool:
    aside = _says_nothing(model, act) or _notes_aside(model, act) or _only_refuses(model, act) or _keeps_failure(model, act)
    return aside or _proves_later(walked, act) or _tells_of_refusal(walked, act)


def _only_refuses(model: Model, act: Happening) -> bool:
    """Whether what is done unproven is to note that the payment was not accepted, in the record or in a row of its states: nobody is
    served by a message that is refused so. That money went back is no such note: who is owed it gets none."""
    touch = model.records.touch(act.fn, act.instr, act.ctx)
    if touch is None or not touch.writes:
        return False
    words = model.words
    states = [value for name, value in touch.fields.items() if words.says_state(name)]
    texts = [text_of(option) for value in states if value is not None for option in options(value)]
    dead = all(text is not None and (words.has("dead_values", text) or words.has("refused_values", text)) for text in texts)
    back = any(text is not None and _GIVEN_BACK.search(text) for text in texts)
    return bool(texts) and dead and not back and None not in states and not any(words.money(name) for name in touch.fields)


def _tells_of_refusal(walked: Walked, act: Happening) -> bool:
    """Whether a mail goes out beside a proof behind which everything else is done: it says that a message was refused."""
    return act.kind.rstrip("?") == "mail" and all(h.proven or h.kind in ("mail", "dispatch") or h.kind.endswith("?") for h in walked.acts)


def _proves_later(walked: Walked, act: Happening) -> bool:
    """Whether work is only queued that proves the sender itself: what it then does before its proof counts by itself."""
    if act.kind.rstrip("?") != "job":
        return False
    return any((step.caller, step.call) == (act.fn, act.instr) for p in walked.proofs if p.ctx for step in p.ctx.chain())


def _notes_aside(model: Model, act: Happening) -> bool:
    """Whether something is noted in a cache only, as what limits the rate of requests does before anything else, or a cart is opened
    again, or emptied, for who has not paid."""
    if act.kind.rstrip("?") == "cart.write":
        return True
    touch = model.records.touch(act.fn, act.instr, act.ctx) if act.kind.startswith("record") else None
    return touch is not None and (touch.entity == "cache" or _CART.fullmatch(touch.entity) is not None)


def _keeps_failure(model: Model, act: Happening) -> bool:
    """Whether the handler of an exception adds a row by which somebody can see which message failed, and why: nobody is served by it."""
    touch = model.records.touch(act.fn, act.instr, act.ctx)
    if touch is None or touch.kind not in ("create", "upsert"):
        return False
    if not says_failure(touch) and (act.kind.rstrip("?") != "record" or model.words.entity(touch.entity)):
        return False
    calls = [(step.caller, step.call) for step in (act.ctx.chain() if act.ctx else ()) if step.call >= 0]
    return any(model.failures.caught_at(fn, i) is not None for fn, i in ((act.fn, act.instr), *calls))


def _says_nothing(model: Model, act: Happening) -> bool:
    """Whether a record is written of which nothing, neither the record nor what is written, can come from the message."""
    body = model.program.body(act.fn)
    if not act.kind.startswith("record") or body.op[act.instr] != Op.CALL or not body.call(act.instr)[1]:
        return False
    waiting = [model.evaluator.value(act.fn, v, act.ctx) for v in value_operands(body, act.instr)]
    if (touch := model.records.touch(act.fn, act.instr, act.ctx)) is not None:  # told by calls before, as CodeIgniter's builder is
        waiting += [v for v in (*touch.fields.values(), *touch.keys.values()) if v is not None]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if len(seen) > _MOST or isinstance(value, (Param, Unknown, Instance)) or model.requests.source(value) is not None:
            return False
        waiting += value.parts()
        if isinstance(value, Result) and value.instr >= 0:
            waiting += [v for _, v in model.evaluator.arguments(value)]
    return True


def unresolved_verifier(model: Model, handler: Handler) -> tuple[Fn, int, str] | None:
    """A call by whose name it may verify the sender, and whose body is not there to read.

    A keyed digest is none: what it does is known, and unless its result is compared it proves nothing. Nor is the check of a visitor's
    token.
    """
    for fn, i, name in handler.closure.unresolved:
        near = handler.closure.functions.get(fn, 9) <= 3
        known = any(model.recogniser.is_(kind, fn, i, None) for kind in ("macs", "verifies"))
        verifies = _VERIFIES.search(name) or VERIFIES.search(name)
        if near and not known and verifies and name.lower() not in _ORDINARY:
            return fn, i, name
    return None


def guessed_call(model: Model, ctx: Ctx | None) -> tuple[Fn, int] | None:
    """The first call on the way to a place that is resolved by its name alone, so that the way may not be taken at all."""
    for step in reversed(list(ctx.chain()) if ctx else []):
        if step.call < 0 or step.callback or (step.caller, step.call) in model.gateways.choosing:
            continue
        body = model.program.body(step.caller)
        callee = body.args(step.call)[0]
        value = model.evaluator.value(step.caller, callee, step.parent)
        if lands_surely(model.evaluator.scope, value, model.program.language(step.caller.file)):
            continue
        if model.evaluator.scope.run_by_call(value):
            continue
        if not any(target.fn == step.fn for target in set_off(model, step.caller, step.call, step.parent)):
            return step.caller, step.call
    return None


def set_off(model: Model, fn: Fn, call: int, ctx: Ctx | None) -> Iterator[FunctionV]:
    """The functions that a call sets off by what it is told, or on a record of a known kind, which is no guess."""
    yield from model.record_methods.targets(fn, call, ctx)
    yield from model.evaluator.heard(fn, call, ctx)
    yield from model.evaluator.answering(fn, call, ctx)


def ask_about(model: Model, ruling: Ruling, call: tuple[Fn, int], what: str) -> Ruling:
    """The ruling turned into a question about where a call leads."""
    place = at(model.program, *call, "")
    ruling.outcome = "unknown"
    ruling.question = Evidence(place.file, place.line, f"Does this call lead to {what}? What it calls is known by its name alone.")
    return ruling
