"""Times that say how long a customer may use what he has bought, and whether a write makes them longer: ``user.expires_at += days``,
``sub.ends_at = max(now, sub.ends_at) + timedelta(days=30)``, ``SET paid_until = paid_until + interval '30 days'``."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Member, Result, Value, names, options, pieces

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PERIOD = re.compile(
    r"(\w+_)?(expir(es|y|ation|ed)?(_(at|on|date|time|ts))?|(end|ends|ending)(_(at|on|date|time|ts))?|valid_(to|till|until)"
    r"|(paid|access|active|premium|vip|pro|subscri\w+|member\w*|licen[cs]e\w*)_(until|till|through|to)|until|days_left|(remaining|left)_days)"
)
_DATE = re.compile(
    r"date(_?time(_immutable)?)?|dayjs|moment|carbon(_immutable)?|parse(_iso|_date)?|from(_?iso(format)?|_?js_?date)|strtotime|to_date"
)
_MOST_PIECES = 40


def lengthened(model: "Model", touch: Touch) -> str:
    """The field by which a write gives somebody more time than he had; empty when there is none."""
    return next((name for name, value in touch.fields.items() if _PERIOD.fullmatch(snake(name)) and _grows(model, touch, name, value)), "")


def _as_written(model: "Model", value: Value) -> Iterator[Value]:
    """What a value may be, before it was only read as a date: ``new Date(row.periodEnd)`` is the date that was there."""
    waiting, seen = list(options(value)), 0
    while waiting and seen < _MOST_PIECES:
        here, seen = waiting.pop(), seen + 1
        asked = [v for _, v in model.evaluator.arguments(here)] if isinstance(here, Result) and here.instr >= 0 else []
        read_as_date = len(asked) == 1 and any(_DATE.fullmatch(snake(n.rpartition(".")[2].removesuffix("()"))) for n in _called(here))
        if read_as_date:
            waiting += options(asked[0])
        yield here


def _called(value: Value) -> tuple[str, ...]:
    return names(value.callee) if isinstance(value, Result) else ()


def _grows(model: "Model", touch: Touch, name: str, value: Value | None) -> bool:
    """Whether a new value is made of the one that the same record had: what a provider says of it is the same each time."""
    if name in touch.relative:
        return True
    given = list(_as_written(model, value)) if value is not None else []
    own = {id(o) for o in options(touch.record)} if touch.record is not None else set[int]()
    for piece in pieces(given, _MOST_PIECES, model.evaluator.made_of):
        if isinstance(piece, Member) and piece.name == name and not any(piece is o for o in given):
            if any(id(o) in own for o in options(piece.base)):
                return True
            read = model.records.read_behind(piece.base)
            if read is not None and read.entity == touch.entity:
                return True
    return False
