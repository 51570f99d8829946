"""Rows by which somebody gets what he has bought, without a word of a state: a course that is his from then on."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.entities import ORDER
from tillproof.commerce.lexicon import snake
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.told_answers import is_told
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Value, options
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PEOPLE = r"(user|customer|member|buyer|client|student|learner|reader|player|subscriber|account|profile)"
_GOODS = (
    r"(course|lesson|class|module|book|e_?book|video|movie|game|track|song|album|episode|template|theme|asset|file|download|product|plan"
    r"|package|licen[cs]e|content|workshop|webinar|seat|feature)"
)
_ROW = re.compile(
    rf"{_PEOPLE}s?_{_GOODS}s?(_access(es)?)?|{_GOODS}s?_{_PEOPLE}s?|{_GOODS}s?_access(es)?|{_PEOPLE}s?_access(es)?"
    rf"|(purchased|owned|bought|enrolled)_{_GOODS}s?|{_GOODS}_(purchases?|ownerships?)|(\w+_)?(enrol\w*|entitlements?)|access_grants?|library_(items?|entr(y|ies))"
)
_LIST = re.compile(
    rf"(purchased|owned|bought|enrolled|unlocked|my)_?{_GOODS}s?|{_GOODS}s_(purchased|owned|bought|enrolled|unlocked)|(course|content)_access"
)

_BOUGHT = re.compile(rf"(\w+_)?({ORDER}|reservation|appointment|ticket|registration|donation|rental|membership)")
"""What is there once somebody has paid for it, where the row that says so keeps the payment's number."""
_PAST = re.compile(r"(\w+_)?purchase")
"""What is called so has been bought."""
_WAITS = re.compile(
    r"\W*(\w+[._])?(un_?paid|(payment_?)?(pending|awaiting|waiting)(_?\w*)?|new|created|draft|initiated|incomplete|open)\W*", re.IGNORECASE
)


def granted(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a row is made that joins somebody with what is sold, or it is put on the list of what is his."""
    touch = model.records.touch(fn, i, ctx)
    if touch is None or touch.kind not in ("create", "upsert", "write"):
        return False
    if touch.kind != "write" and (_ROW.fullmatch(snake(touch.entity)) or _bought(model, touch)):
        return True
    return any(_LIST.fullmatch(snake(name)) for name in touch.fields)


def _bought(model: "Model", touch: Touch) -> bool:
    """Whether a row is what somebody has paid for by now: an order or booking in no state that keeps the number of its payment."""
    entity = snake(touch.entity)
    if _BOUGHT.fullmatch(entity) is None or any(says_state(model, k, v) for k, v in touch.fields.items()):
        return False
    numbers = [v for k, v in touch.fields.items() if v is not None and PAYMENT_ID.fullmatch(snake(k))]
    if not numbers and _PAST.fullmatch(entity) is None:
        return False
    return not any(is_told(model, v, begins=True) for v in numbers) and not waits_for_message(model, touch)


def says_state(model: "Model", name: str, value: Value | None) -> bool:
    """Whether a field says in which state an order is; a number with which it begins says nothing to whoever reads it."""
    if not (model.words.has("status_fields", name) or (model.words.has("paid_fields", name) and not model.words.money(name))):
        return False
    return not (value is not None and all(isinstance(o, Const) and o.kind == Kind.NUMBER and not o.name for o in options(value)))


def waits_for_message(model: "Model", touch: Touch) -> bool:
    """Whether a new row begins, by what its table says, in a state that waits to be paid, and a provider's message is taken that may end
    that: the number which the browser brings is only what it is found by then."""
    table = model.schema.table(touch.entity, touch.fn.file)
    states = [c for c in table.columns.values() if model.words.has("status_fields", c.name.rpartition(".")[2])] if table is not None else []
    if not any(c.default is not None and _WAITS.fullmatch(c.default) for c in states):
        return False
    unit = model.program.unit(touch.fn.file)
    told = (h for h in model.handlers.all if h.kind != "redirect-return" and h.provider.kind == "payment")
    return any(model.program.unit(h.entry.target.fn.file) == unit and h.walked.happenings for h in told)
