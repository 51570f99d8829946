"""Webhooks that find the record of a payment by an id which only the browser's return has stored there."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Member, options

_OF_PROVIDER = re.compile(r"(customer|subscription|session|payment|intent|charge|transaction|checkout|order)_?(intent_?)?(id|ref(erence)?)")


class Unknown(NamedTuple):
    """The column of a record, where a webhook looks for it, and where the browser's return stores it."""

    entity: str
    column: str
    sought: Place
    stored: Effect
    by: Handler


def unknown_until_return(model: Model, handlers: Sequence[Handler], provider: str) -> Unknown | None:
    """What all that the webhooks change is found by, where nothing but the browser's return from the provider stores it: who pays and does
    not come back is never found. None where a webhook makes a record, or finds one by anything else."""
    found: dict[tuple[str, str], Touch] = {}
    for effect in (e for h in handlers for e in model.effects.of(h.entry.target)):
        if effect.touch is None or effect.touch.kind in ("read", "flush", "delete"):
            continue
        read = _sought(model, effect.touch) if effect.touch.kind == "write" else None
        column = next(iter(read.keys), "") if read is not None and len(read.keys) == 1 else ""
        if read is None or not _names(provider, column):
            return None
        found[read.entity, column] = read
    if len(found) != 1:
        return None
    (entity, column), read = found.popitem()
    stored = list(_stored(model, entity, column))
    backs = {h.entry.target.fn: h for h in model.handlers.all if h.kind == "redirect-return" and h.provider.id == provider}
    if not stored or not all(target in backs for target, _ in stored):
        return None
    target, effect = stored[0]
    return Unknown(entity, column, Place(read.fn, read.instr, read.ctx), effect, backs[target])


def _names(provider: str, column: str) -> bool:
    """Whether a column is named for the provider's id of something: ``stripeCustomerId``."""
    name = snake(column)
    return name.startswith(provider.partition("-")[0]) and _OF_PROVIDER.search(name) is not None


def _sought(model: Model, touch: Touch) -> Touch | None:
    """The look-up by which the row that is written was found: the write's own, or the read that the row's id is of."""
    kept = (o.base for v in touch.keys.values() for o in options(v) if isinstance(o, Member))
    reads = [read for base in kept if (read := model.records.read_behind(base)) is not None]
    if not touch.keys and touch.record is not None:
        reads += [read for o in options(touch.record) if (read := model.records.read_behind(o)) is not None]
    if reads:
        return reads[0] if reads[0].entity == touch.entity else None
    return touch if touch.keys and all(isinstance(o, Member) for v in touch.keys.values() for o in options(v)) else None


def _stored(model: Model, entity: str, column: str) -> Iterator[tuple[Fn, Effect]]:
    """Where a column is filled, by entry point; to empty it is not to fill it."""
    for entry in model.entries:
        for effect in model.effects.of(entry.target):
            touch = effect.touch
            if touch is None or touch.entity != entity or touch.kind not in ("write", "create", "upsert") or column not in touch.fields:
                continue
            value = touch.fields[column]
            if value is None or not all(isinstance(o, Const) and o.falsy for o in options(value)):
                yield entry.target.fn, effect
