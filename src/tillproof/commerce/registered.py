"""Functions registered under the name of a provider's event: ``@on("invoice.paid")``, ``events.on("invoice.paid", settle)``.

Whatever takes the message, and finds out by the event's name whom to call, is another entry, and proves the sender. What is called owes the
rest: that it bears the same event twice, that what was paid is what is owed.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_AFTER = (".", ":", "/")
_REGISTERS = re.compile(r"on|once|register\w*|handle\w*|add_?(event_?)?(handler|listener)|listen|subscribe|bind", re.IGNORECASE)


def registered(model: "Model") -> Iterator[Entry]:
    """One entry per function that nobody outside reaches in another way."""
    named = model.handlers.events.named
    mentioned: dict[str, list[str]] = {}
    for name in named:
        for file in model.program.mentioning(name):
            mentioned.setdefault(file, []).append(name)
    reached: set[Fn] | None = None
    for file in model.operations.candidates():
        told = () if file not in mentioned or model.browser.runs(file) else sorted(mentioned[file])
        places = sorted({m.start() for name in told for m in re.finditer(re.escape(name.encode()), model.program.sources[file])})
        for event, target, line in _in_file(model, file, places) if places else ():
            if reached is None:
                open_ = [entry for entry in model.entries if entry.role != "internal"]
                reached = {f for entry in open_ for f in model.handlers.closure(entry).functions}
                reached |= {later for f in reached for later in model.handovers.of(f)}
            provider = next((p for p in model.handlers.paying(model.program.unit(file)) if p.id in named[event]), None)
            if target.fn not in reached and provider is not None:
                note = f"It is called for `{event}`; what takes the message is another function."
                yield Entry(target, None, ("NONE",), provider.id, "told", (), "platform", None, (file, line), note)


def _in_file(model: "Model", file: str, places: list[int]) -> Iterator[tuple[str, FunctionV, int]]:
    """The functions that a file registers, each with the event and the line that says so."""
    for fn in dict.fromkeys([Fn(file, TOP), *model.program.functions_at(file, places)]):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            line = body.line[i]
            if op == Op.DECORATE and body.args(i)[0] == 0 and (event := _event_in(model, fn, body.args(i)[2])):
                yield event, model.wiring.handler(Fn(file, body.args(i)[1]), (file, line)), line
            elif (
                op == Op.CALL and _REGISTERS.fullmatch(body.called(i)) and len(body.call(i)[1]) == 2 and (event := _event_in(model, fn, i))
            ):
                for option in options(model.evaluator.value(fn, body.call(i)[1][1][1])):
                    if isinstance(option, FunctionV):
                        yield event, option, line


def _event_in(model: "Model", fn: Fn, call: int) -> str:
    """The event that a call is given by name, or by a name that ends with it; empty when it is given none."""
    body = model.program.body(fn)
    if body.op[call] != Op.CALL:
        return ""
    for _, argument in body.call(call)[1]:
        if body.op[argument] == Op.CONST and body.args(argument)[0] == Kind.STRING:
            text = body.name(argument).strip("'\"")
            found = next((e for e in model.handlers.events.named if text == e or text.endswith(tuple(mark + e for mark in _AFTER))), "")
            if found:
                return found
    return ""
