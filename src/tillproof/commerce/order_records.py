"""Which records say how far an order or payment has come, and which are only called after one."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.entities import ORDER
from tillproof.commerce.lexicon import snake
from tillproof.commerce.plain_metas import OF_POST
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Instance, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What says how far the order has come that a post of WordPress's stands for.
_OF_POST = re.compile(r"(\w+_)?(order|booking|payment|donation|registration|invoice|transaction|reservation)_(status|state)|(is_)?paid")
_OF_SUPPORT = frozenset(("subject", "priority", "department", "department_id", "urgency", "topic"))
"""Columns of what somebody asks to be helped with."""
# Whatever else their names say: a payment's session is open, paid or failed as the payment is.
_NAMED_FOR_IT = re.compile(rf"(\w+_)?({ORDER}|payment_session)")
_NOT_ORDERS = ("user", "customer", "cart", "session", "product", "email", "log", "webhook", "token", "job", "queue", "sync")


def is_order(model: "Model", touch: Touch) -> bool:
    """Whether a touch is one of an order, a payment or the like."""
    words = model.words
    if touch.entity == OF_POST:
        return any(_OF_POST.fullmatch(name) for name in touch.fields)
    return (
        words.entity(touch.entity)
        and not words.has("outgoing_entities", touch.entity)
        and (_NAMED_FOR_IT.fullmatch(touch.entity) is not None or not any(w in touch.entity.split("_") for w in _NOT_ORDERS))
        and not _waits_in_line(model, touch)
        and not _asks_for_help(model, touch)
    )


def _asks_for_help(model: "Model", touch: Touch) -> bool:
    """Whether a ticket lets nobody in: its table says what somebody needs help with, and how urgently."""
    table = model.schema.table(touch.entity, touch.fn.file) if touch.entity.removesuffix("s") == "ticket" else None
    return table is not None and not _OF_SUPPORT.isdisjoint(snake(name) for name in table.columns)


def _waits_in_line(model: "Model", touch: Touch) -> bool:
    """Whether an object stands for an order in a queue of work, by what its class says of itself: its state is that of the work."""
    scope = model.evaluator.scope
    kinds = [o.cls for o in options(touch.record) if isinstance(o, Instance)] if touch.record is not None else []
    names = (snake(name) for cls in kinds for c in scope.lineage(cls) for name in model.program.methods(c))
    return any("queue" in name.split("_") for name in names)
