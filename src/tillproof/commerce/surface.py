"""What can be set off from outside, as plain data: requests that lead to a provider, messages that handlers take, requests behind a line.

The staging plan is made of it. Nothing here rules on anything.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.commerce.noted import notes_read
from tillproof.commerce.request_fields import fields_of
from tillproof.commerce.transitions import order_made
from tillproof.flow.program import TOP, Fn, Program
from tillproof.knowledge.schema import Inbound, Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_WAYS = 6
_MOST_READ = 24
_MOVING = ("payment.", "checkout.", "refund.", "subscription.", "payout.", "transfer.")
_FORMS = (b"$_POST", b"request.POST", b"request.form", b"filter_input(INPUT_POST")
_ROLES = ("public", "customer", "platform", "staff")


@dataclass(frozen=True, slots=True)
class Way:
    """A request that somebody outside can send. ``fields``: pieces of its body and query that are read, dotted (``items[].quantity``).
    ``form``: the body is read as a form, so JSON would not be taken."""

    method: str
    route: str
    role: str
    file: str
    line: int
    unit: str
    framework: str = ""
    fields: tuple[str, ...] = ()
    form: bool = False


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """A call that asks a provider for ``op``, and the requests that lead to it. ``takes_amount``: the operation can be for a part."""

    system: str
    op: str
    resource: str
    file: str
    line: int
    end_line: int
    unit: str
    takes_amount: bool = False
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What a handler takes: by which method, which events it tells apart, and how the provider writes and signs such a message.
    ``fields``: what a page that browsers come back to reads of the request; ``form``: as a form. ``notes``: what is read of the notes that
    the shop itself gave the payment."""

    file: str
    line: int
    method: str
    inbound: Inbound
    events: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    form: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surface:
    """``ways``: the requests that lead to a line which an obligation speaks of. ``orders``: those by which customers place an order, where
    stock is kept. ``providers``: the packs of the systems in use."""

    calls: tuple[ProviderCall, ...] = ()
    messages: dict[tuple[str, int], Message] = field(default_factory=dict)
    ways: dict[tuple[str, int], tuple[Way, ...]] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)
    orders: tuple[Way, ...] = ()


def surface(model: "Model", places: Iterable[tuple[str, int]], stock: bool = False) -> Surface:
    """The surface of a program. ``places``: file and line of what the obligations stand at. ``stock``: some of them speak of stock."""
    ways = _Ways(model)
    orders = ways.placing_orders() if stock else ()  # first of all, since only so many requests are read
    calls = tuple(_calls(model, ways))
    messages = {}
    for handler in model.handlers.all:
        function = model.program.function(handler.entry.target.fn)
        place = (handler.entry.target.fn.file, function.line if function else 1)
        known = frozenset(handler.inbound.events)
        fields, form = ways.read(handler.entry) if handler.kind == "redirect-return" else ((), False)
        messages[place] = Message(
            *place,
            "POST" if form and _method(handler.entry) == "ANY" else _method(handler.entry),
            handler.inbound,
            tuple(e for e in handler.inbound.events if e in handler.closure.compared & known),
            fields,
            form,
            () if handler.kind == "redirect-return" else notes_read(model.program, handler.closure.functions),
        )
    return Surface(
        calls=calls,
        messages=messages,
        ways={place: found for place in dict.fromkeys(places) if (found := ways.to(_function_at(model.program, *place)))},
        providers={p.id: p for p in model.knowledge.providers.values()},
        orders=orders,
    )


def _calls(model: "Model", ways: "_Ways") -> Iterator[ProviderCall]:
    seen: set[tuple[str, str, str, str, int]] = set()
    for site in model.operations.sites:
        if not site.operation.op.startswith(_MOVING):
            continue
        top = list(site.ctx.chain())[-1] if site.ctx else None
        fn, instr = (top.caller, top.call) if top else (site.fn, site.instr)
        body = model.program.body(fn)
        key = (site.provider.id, site.operation.op, site.operation.resource, fn.file, body.line[instr])
        if key not in seen:
            seen.add(key)
            yield ProviderCall(
                *key,
                end_line=body.end_line[instr],
                unit=model.program.unit(fn.file),
                takes_amount=bool(site.operation.amount),
                ways=ways.to(fn),
            )


class _Ways:
    """The requests that lead to a function; each entry is described once."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._made: dict[int, Way] = {}
        self._read = 0

    def to(self, fn: Fn | None) -> tuple[Way, ...]:
        """Those that have an address: what strangers and customers send first."""
        if fn is None:
            return ()
        own = [e for e in self._outside if e.target.fn == fn]
        known = sorted(own or self._reaching.get(fn, []), key=lambda e: _ROLES.index(e.role))
        found: dict[tuple[str, str], Way] = {}
        for entry in known[:_MOST_WAYS]:
            way = self._way(entry)
            found.setdefault((way.method, way.route), way)
        return tuple(found.values())

    @cached_property
    def _outside(self) -> list[Entry]:
        """The entries that a request can reach."""
        return [e for e in self.model.entries if e.route is not None and e.role != "internal" and "NONE" not in e.methods]

    @cached_property
    def _reaching(self) -> dict[Fn, list[Entry]]:
        """Which of them reach a function: made of closures that the checks have asked for already."""
        found: dict[Fn, list[Entry]] = {}
        for entry in self._outside:
            for fn in self.model.handlers.closure(entry).functions:
                found.setdefault(fn, []).append(entry)
        return found

    def _way(self, entry: Entry) -> Way:
        if id(entry) not in self._made:
            function = self.model.program.function(entry.target.fn)
            fields, form = self.read(entry) if entry.role != "platform" else ((), False)
            self._made[id(entry)] = Way(
                method="POST" if form and _method(entry) == "ANY" else _method(entry),
                route=entry.route or "",
                role=entry.role,
                file=entry.target.fn.file,
                line=function.line if function else 1,
                unit=self.model.program.unit(entry.target.fn.file),
                framework=entry.framework,
                fields=fields,
                form=form,
            )
        return self._made[id(entry)]

    def read(self, entry: Entry) -> tuple[tuple[str, ...], bool]:
        """What an entry point reads of its request, and whether as a form. Of so many entries only; of the others nothing is told."""
        function = self.model.program.function(entry.target.fn)
        source = self.model.program.sources[entry.target.fn.file]
        text = source[function.start : function.end] if function is not None else source
        form = any(mark in text for mark in _FORMS)
        if self._read >= _MOST_READ:
            return (), form
        self._read += 1
        return fields_of(self.model, entry), form

    def placing_orders(self) -> tuple[Way, ...]:
        """The requests by which a customer places an order."""
        found = [e for e in self._outside if e.role in ("public", "customer") and _method(e) == "POST" and self._places(e)]
        return tuple(self._way(entry) for entry in found[:_MOST_WAYS])

    def _places(self, entry: Entry) -> bool:
        return any(order_made(effect) for effect in self.model.effects.of(entry.target))


def _method(entry: Entry) -> str:
    """The HTTP method that brings a body, where there is a choice."""
    return next((m for m in entry.methods if m in ("POST", "PUT", "PATCH")), entry.methods[0] if entry.methods else "ANY")


def _function_at(program: Program, file: str, line: int) -> Fn | None:
    """The innermost function around a line; the top level where there is none."""
    index = program.indices.get(file)
    if index is None:
        return None
    around = [(f.line, n) for n, f in enumerate(index.functions) if f.line <= line <= f.end_line]
    return Fn(file, max(around)[1]) if around else Fn(file, TOP)
