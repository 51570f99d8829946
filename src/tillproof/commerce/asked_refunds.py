"""Sums that customers ask to have back: they are stored with the request for a refund, and given back once somebody has agreed."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.entities import same
from tillproof.commerce.lexicon import snake
from tillproof.commerce.refunds import CHOSEN, Refund
from tillproof.commerce.requests import Source
from tillproof.flow.values import Instance, Member, Param, Value, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_REQUEST = re.compile(r"(\w+_)?(refund|return|rma|claim|dispute|reimbursement)(_(request|claim|case|application|order))?")
_ASKING = ("public", "customer")
_PIECES = 80


class Stored(NamedTuple):
    """A sum of a request, in a field of a record. ``source``: the piece of the request that it was."""

    entity: str
    field: str
    source: Source


class AskedRefunds:
    """Found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def of(self, refund: Refund) -> Source | None:
        """What a customer asked for and nothing was held against, where it is what goes back; None where it is not."""
        if not any(entry.role in ("staff", "internal") for entry in refund.entries):
            return None
        for here in self.model.refunds.made_of(refund) if self.stored else ():
            if not isinstance(here, Member):
                continue
            kinds = set(self._kinds(here.base))
            for one in self.stored:
                if snake(here.name) == one.field and any(same(kind, one.entity) for kind in kinds):
                    return one.source
        return None

    def _kinds(self, record: Value) -> Iterator[str]:
        """What a record is: by how it was read, by its class, or by what it is called."""
        read = self.model.records.read_behind(record)
        if read is not None:
            yield read.entity
        for option in options(record):
            if isinstance(option, Instance):
                yield snake(self.model.program.cls(option.cls).name)
            elif isinstance(option, (Member, Param)):
                yield snake(option.name)

    @cached_property
    def stored(self) -> list[Stored]:
        """In order of file and line, those that nothing limits where they are stored."""
        found: dict[Stored, None] = {}
        for entry in self.model.entries:
            if entry.role not in _ASKING:
                continue
            for effect in self.model.effects.of(entry.target):
                touch = effect.touch
                if touch is None or touch.kind not in ("create", "upsert") or not _REQUEST.fullmatch(touch.entity):
                    continue
                for name, value in touch.fields.items():
                    if value is None or not self.model.words.money(snake(name)):
                        continue
                    sources = [s for s, _ in self.model.requests.sources_in(value, _PIECES) if s.kind in CHOSEN]
                    if sources and self._is_free(Refund("record", None, effect.fn, effect.instr, effect.ctx, value, False, (entry,))):
                        found[Stored(touch.entity, snake(name), sources[0])] = None
        return list(found)

    def _is_free(self, refund: Refund) -> bool:
        """Whether nothing is held against a sum where it is stored, and it is made of nothing but what was sent."""
        return self.model.refund_bounds.of(refund).kind == "none"
