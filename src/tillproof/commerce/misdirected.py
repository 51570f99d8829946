"""Refunds whose outcome a provider is told to send to the route of another one, which cannot read it."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.names import speaks_of
from tillproof.commerce.operations import OperationSite
from tillproof.commerce.told_addresses import is_for_messages
from tillproof.flow.values import Const, FunctionV, Result, Value, pieces
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PIECES = 40
_CALLED = 2


class Misdirected(NamedTuple):
    """``site``: the refund. ``key``: where the address is given. ``other``: whose route it is; ``handler``: what takes its messages."""

    site: OperationSite
    key: Place
    other: Provider
    handler: Handler


class MisdirectedRefunds:
    """Found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def all(self) -> list[Misdirected]:
        """In order of file and line."""
        found = (self._misdirected(site) for site in self.model.refunds.sites if site.provider.kind == "payment")
        return [one for one in found if one is not None]

    def _misdirected(self, site: OperationSite) -> Misdirected | None:
        takes = {h.provider.id: h for h in self.model.handlers.all if h.kind != "redirect-return" and h.provider.id != site.provider.id}
        for key, row in self._addresses(site) if takes else ():
            texts = set(self._texts(self.model.evaluator.value(site.fn, row, site.ctx), 0))
            if any(_names(text, site.provider) for text in texts):
                continue
            for handler in takes.values():
                if any(_names(text, handler.provider) for text in texts):
                    return Misdirected(site, Place(site.fn, key, site.ctx), handler.provider, handler)
        return None

    def _addresses(self, site: OperationSite) -> Iterator[tuple[int, int]]:
        """Where a call names an address for messages: the key, and what stands under it."""
        body = self.model.program.body(site.fn)
        for name, given in body.call(site.instr)[1]:
            if name and is_for_messages(name):
                yield given, given
            if body.op[given] == Op.RECORD:
                for k, v in zip(body.args(given)[::2], body.args(given)[1::2], strict=True):
                    const = body.const(k) if k >= 0 else None
                    if const is not None and is_for_messages(const[1].strip("'\"")):
                        yield k, v

    def _texts(self, value: Value, depth: int) -> Iterator[str]:
        """The texts that an address is made of, and by which a function is asked for it: ``route('payment.acme.notify')``."""
        for here in pieces([value], _PIECES):
            if isinstance(here, Const) and here.kind == Kind.STRING:
                yield here.text.lower()
            elif isinstance(here, Result) and here.instr >= 0 and depth < _CALLED:
                for _, given in self.model.evaluator.arguments(here):
                    if not isinstance(given, FunctionV):
                        yield from self._texts(given, depth + 1)


def _names(text: str, provider: Provider) -> bool:
    return any(speaks_of(text, name.replace("_", "-")) or speaks_of(text, name) for name in (provider.id, *provider.names))
