"""Times that say how long a customer may use what he has bought, and whether a write makes them longer: ``user.expires_at += days``,
``sub.ends_at = max(now, sub.ends_at) + timedelta(days=30)``, ``SET paid_until = paid_until + interval '30 days'``."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Member, Value, options, pieces

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PERIOD = re.compile(
    r"(\w+_)?(expir(es|y|ation|ed)?(_(at|on|date|time|ts))?|(end|ends|ending)(_(at|on|date|time|ts))?|valid_(to|till|until)"
    r"|(paid|access|active|premium|vip|pro|subscri\w+|member\w*|licen[cs]e\w*)_(until|till|through|to)|until|days_left|(remaining|left)_days)"
)
_MOST_PIECES = 40


def lengthened(model: "Model", touch: Touch) -> str:
    """The field by which a write gives somebody more time than he had; empty when there is none."""
    return next((name for name, value in touch.fields.items() if _PERIOD.fullmatch(snake(name)) and _grows(model, touch, name, value)), "")


def _grows(model: "Model", touch: Touch, name: str, value: Value | None) -> bool:
    """Whether a new value is made of the one that the same record had: what a provider says of it is the same each time."""
    if name in touch.relative:
        return True
    given = list(options(value)) if value is not None else []
    own = {id(o) for o in options(touch.record)} if touch.record is not None else set[int]()
    for piece in pieces(given, _MOST_PIECES, model.evaluator.made_of):
        if isinstance(piece, Member) and piece.name == name and not any(piece is o for o in given):
            if any(id(o) in own for o in options(piece.base)):
                return True
            read = model.records.read_behind(piece.base)
            if read is not None and read.entity == touch.entity:
                return True
    return False
