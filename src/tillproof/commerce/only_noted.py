"""What only writes down that a message arrived, what it held, or that it was refused: nobody takes it for genuine by that."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.failures import is_log
from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.flow.values import Ctx, FunctionV, Overlay, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# Fields that keep what arrived and what became of it.
_MESSAGE = re.compile(
    r"(.*_)?(webhook|stripe|paypal|provider|payment|gateway|inbound|incoming|external|raw|notification|callback|ipn)_?"
    r"(event|message|notification|webhook|inbox|log)(_.*)?|webhook|inbox|ipn(_.*)?"
)
_WHOLE = re.compile(r"payload|body|raw|headers|^data$|json|content")
_NOTES = re.compile(
    r"(last_|raw_)?(webhook|callback|notification|ipn)(_(payload|body|data|at|error))?|(last_|raw_)(payload|body|response|event|error\w*)"
    r"|(gateway_|provider_|payment_)?(info|response|extra)(_data)?|(gateway|provider|raw)_(data|details)"
    r"|(status_|error_|failure_|last_)(details?|messages?|reasons?|codes?)|errors?|attempts|retries|(retry|error|failure)_count"
    r"|(updated|modified|received|failed|last_attempt)(_at|_on|_date)?"
)
_HOUSEKEEPING = re.compile(
    r"(\w+_)?(credentials?|(access|oauth|bearer|refresh|api|auth)_?tokens?|tokens?|options?|settings?|config(uration)?s?|transients?|cache)"
)
_BECAME = re.compile(r"(\w+_)?(status|state|reason|valid|verified|processed|handled)(_(at|on))?|(event|message)_?(type|id)")
_ARRIVED = re.compile(r"(\w+_)?(notifications?|ipns?|webhooks?|callbacks?)")  # a row of these is nothing that anybody goes by
_TELLS = re.compile(
    r"(\w+_)?(topic|type|kind|event|resource|id|owner|account|preference|source|action|reference|received|status|state)(_id|_at|_on)?"
)
_WAITS = re.compile(r"(\w+_)?(pending|new|received|unprocessed|queued|open|waiting|created|to_?process)", re.IGNORECASE)
_FEW_PIECES = 60
_FLUSHES = re.compile(r"flush|commit")
_SAVING = ("update_fields", "force_insert", "force_update", "using")
"""What a record is told when it is saved, and keeps nowhere."""


def only_notes(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a record is written that only says what arrived, or that it was refused: nobody takes the message for genuine by it."""
    touch = model.records.touch(fn, i, ctx)
    if touch is None:
        return False
    if (touch.kind != "delete" and is_log(touch)) or _keeps_house(model, touch, fn, i, ctx):
        return True
    if touch.kind == "flush" and _keeps_pending_notes(model, fn, i):
        return True
    written = {name: value for name, value in touch.fields.items() if name not in _SAVING}
    body = model.program.body(fn)
    callee, arguments = body.call(i)
    kept = arguments[0][1] if touch.kind == "flush" and arguments else body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
    saved = touch.kind == "flush" or (touch.kind == "write" and not written)
    for option in options(model.evaluator.value(fn, kept, ctx)) if saved and kept >= 0 else ():
        if not isinstance(option, Overlay):
            return False
        written.update({key: value for key, value, _ in option.writes if key is not None})
    if touch.kind in ("create", "upsert") and _only_arrived(model, touch, written):
        return True
    if touch.kind == "create":
        words = model.words
        if _keeps_messages(model, touch.entity) and any(_WHOLE.search(snake(n)) for n in written):
            return True  # kept as it came, to be proven before anything is done with it
        states = [text_of(o) for name, v in written.items() if v is not None and words.says_state(name) for o in options(v)]
        return bool(states) and all(t is not None and words.has("refused_values", t) for t in states)
    own = _BECAME if _keeps_messages(model, touch.entity) else _NOTES  # of the message's own record, what became of it
    return bool(written) and all(own.fullmatch(snake(n)) or _NOTES.fullmatch(snake(n)) for n in written)


def _only_arrived(model: "Model", touch: Touch, written: dict[str, Value | None]) -> bool:
    """Whether a row says that a notification came, of which kind and about what, and that nobody has looked into it yet."""
    named = {**written, **touch.keys}
    if _ARRIVED.fullmatch(touch.entity) is None or not all(_TELLS.fullmatch(snake(n)) for n in named):
        return False
    states = [text_of(o) for name, v in named.items() if v is not None and model.words.says_state(name) for o in options(v)]
    return bool(states) and all(t is not None and _WAITS.fullmatch(t) for t in states)


def _keeps_house(model: "Model", touch: Touch, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether what is written is a token or setting of the shop's own, in which nothing of the message is: asking a provider needs one,
    whatever the message says."""
    if _HOUSEKEEPING.fullmatch(touch.entity) is None:
        return False
    body = model.program.body(fn)
    given = [model.evaluator.value(fn, a, ctx) for _, a in body.call(i)[1]]
    kept = [*given, *(v for v in touch.fields.values() if v is not None)]
    return not any(model.requests.sources_in(value, _FEW_PIECES) for value in kept)


def _keeps_pending_notes(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a unit of work is flushed, ``db.commit()``, in the handler of an exception, and all that was set on records on the way there
    is what went wrong. What was set behind a call in the try is not on the way: it is set only where that call went well."""
    catch = model.failures.caught_at(fn, i) if _takes_no_record(model, fn, i) else None
    if catch is None or not catch.tried:
        return False
    body, block_of = model.program.body(fn), model.evaluator.defuse(fn).block_of
    begun = min(catch.tried)
    names: list[str] = []
    for n, op in enumerate(body.op):
        block = block_of[n]
        if (block in catch.blocks and n < i) or (block not in catch.tried and begun in reached_from(body, block)):
            names += _set_at(model, fn, n) if op in (Op.SET_FIELD, Op.CALL) else []
    return bool(names) and all(_NOTES.fullmatch(name) for name in names)


def _takes_no_record(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call names no record that it would write, but writes whatever waits."""
    callee, arguments = model.program.body(fn).call(i)
    return not arguments and _FLUSHES.fullmatch(model.program.body(fn).called(i)) is not None and callee >= 0


def _set_at(model: "Model", fn: Fn, n: int) -> list[str]:
    """The fields of records that an instruction sets: by itself, or in a function of ours that it calls."""
    body = model.program.body(fn)
    if body.op[n] == Op.SET_FIELD:
        return [snake(body.name(n))]
    found = options(model.evaluator.value(fn, body.args(n)[0]))
    inside = ((o.fn, model.program.body(o.fn)) for o in found if isinstance(o, FunctionV))
    return [snake(other.name(m)) for _, other in inside for m, op in enumerate(other.op) if op == Op.SET_FIELD]


def _keeps_messages(model: "Model", entity: str) -> bool:
    """Whether a record is by its name one of what arrived: of messages in general, or of one provider's (``midtrans_notification``)."""
    sender, _, rest = entity.partition("_")
    return any(kind.fullmatch(entity) for kind in (_MESSAGE, _ARRIVED)) or (
        sender in model.knowledge.providers and _MESSAGE.fullmatch(f"provider_{rest}") is not None
    )
