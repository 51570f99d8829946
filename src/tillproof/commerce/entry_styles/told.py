"""Functions that a package of others tells of a provider's message which it has verified itself: dj-stripe's handlers, PayPal's signals,
the callbacks by topic that Shopify's library is handed."""

import re
from collections.abc import Iterator

from tillproof.commerce.entry_styles.arguments import handlers
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, named, plain_names
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import FunctionV, ModuleV, Overlay, Record, Seq, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Inbound, Language, Provider

_RECEIVER = ("django.dispatch.receiver", "django.dispatch.dispatcher.receiver")
_CONNECTS = "connect"
_HANDLES = "handle"
_HANDLER = "Handler"
_CALLED_BACK = frozenset(["callback", "webhookHandler", "onEvent", "onPayload"])
_DEEPEST = 4
_OF_ONE_KIND = re.compile(r"handle(?!Webhook$)[A-Z]\w+")


def declared(wiring: Wiring) -> Iterator[Declared]:
    """One entry per function and provider."""
    for provider in wiring.knowledge.providers.values():
        for inbound in provider.inbound:
            for language, names in inbound.tells.items():
                derived = _derived(wiring, names) if language == "php" else iter(())
                handed = _handed(wiring, provider, inbound, names) if language == "javascript" else iter(())
                for place, target in (*_told(wiring, language, names), *derived, *handed):
                    yield Declared(
                        target, None, ("NONE",), provider.id, "told", place, (), "platform",
                        f"The package tells of messages that it has found to be {provider.name}'s own.",
                    )  # fmt: skip


def _told(wiring: Wiring, language: Language, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, int], FunctionV]]:
    """The functions that are told by one of the names, and where that is said."""
    program = wiring.program
    imported = [name for name in names if not name.startswith(".")]
    for file in dict.fromkeys(f for name in imported for f in _mentioning(wiring, name) if program.language(f) == language):
        for fn in program.all_functions(file):
            body = program.body(fn)
            for i, op in enumerate(body.op):
                place = (file, body.line[i])
                if op == Op.DECORATE and body.args(i)[0] == 0 and _tells(wiring, fn, body.args(i)[2], names):
                    yield place, wiring.handler(Fn(file, body.args(i)[1]), place)
                elif op == Op.CALL and body.called(i) == _CONNECTS and body.call(i)[1]:
                    callee, given = body.call(i)
                    if body.op[callee] == Op.FIELD and _bears(wiring.evaluator.value(fn, body.args(callee)[0]), names):
                        yield from ((place, f) for f, _ in handlers(wiring.evaluator, wiring.evaluator.value(fn, given[0][1])))


def _handed(wiring: Wiring, provider: Provider, inbound: Inbound, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, int], FunctionV]]:
    """The functions that stand in a record of handlers which one of the calls is given, each under the message it is for:
    ``processWebhooks({ webhookHandlers: { ORDERS_PAID: { callback } } })``, ``Webhooks({ onOrderPaid })``."""
    program, events = wiring.program, frozenset(_bare(event) for event in inbound.events)
    packages = provider.packages.get("javascript", ())
    for name in names:
        for file in program.mentioning(name.rpartition(".")[2]):
            if program.language(file) != "javascript" or not _in_use(wiring, file, packages):
                continue
            for fn in program.all_functions(file):
                body = program.body(fn)
                for i in (i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and body.called(i) == name.rpartition(".")[2]):
                    callee, given = body.call(i)
                    if named(wiring.evaluator.value(fn, callee), (name,)):
                        for _, argument in given:
                            for target in _for_messages(wiring.evaluator.value(fn, argument), "", events, 0):
                                yield (file, body.line[i]), target


def _in_use(wiring: Wiring, file: str, packages: tuple[str, ...]) -> bool:
    """Whether anything that is deployed together with a file imports one of the packages."""
    program, unit = wiring.program, wiring.program.unit(file)
    return any(
        program.unit(f) == unit and any(i.module.startswith(packages) for i in index.imports) for f, index in program.indices.items()
    )


def _for_messages(value: Value, key: str, events: frozenset[str], depth: int) -> Iterator[FunctionV]:
    if depth > _DEEPEST:
        return
    for option in options(value):
        if isinstance(option, FunctionV):
            if key in _CALLED_BACK or _bare(key.removeprefix("on")) in events:
                yield option
        elif isinstance(option, ModuleV):
            continue
        else:
            for inner, below in _held(option):
                yield from _for_messages(below, inner if inner is not None else key, events, depth + 1)


def _held(value: Value) -> Iterator[tuple[str | None, Value]]:
    """What a record or list holds, with the keys; what is spread into it or stands in a list has none of its own."""
    if isinstance(value, Record):
        yield from value.entries
    elif isinstance(value, Overlay):
        yield None, value.base
        yield from ((k, v) for k, v, _ in value.writes)
    elif isinstance(value, Seq):
        yield from ((None, item) for item in value.items)


def _bare(event: str) -> str:
    """The words of an event, however they are joined: ``orders/paid``, ``ORDERS_PAID``, ``OrderPaid`` but for number."""
    return "_".join(word.rstrip("s") for word in snake(re.sub(r"\W+", "_", event)).split("_") if word)


def _derived(wiring: Wiring, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, int], FunctionV]]:
    """The methods of classes that derive from a package's own handler, each for the kind of message that it is named after:
    ``handleInvoicePaid``; and those of listeners that take one of its events, ``handle(WebhookReceived $event)``."""
    program, scope = wiring.program, wiring.evaluator.scope
    for name in names:
        last = name.rpartition(".")[2]
        named = set.intersection(*(set(program.mentioning(part)) for part in name.split(".")))
        for file in sorted(f for f in named if f in program.indices and program.language(f) == "php"):
            for number, _ in enumerate(program.indices[file].classes):
                cls = ClassId(file, number)
                derives = any(base.replace("\\", ".").lstrip(".") == name for base in scope.foreign_bases(cls))
                for method, fn in program.methods(cls).items():
                    first = [p.type.rpartition("\\")[2] for p in program.body(fn).params[:1]]
                    takes = method == _HANDLES and (first == [last] or (derives and last == _HANDLER))
                    if (derives and _OF_ONE_KIND.fullmatch(method)) or takes:
                        function = program.function(fn)
                        place = (file, function.line if function is not None else 1)
                        yield place, wiring.handler(fn, place)


def _mentioning(wiring: Wiring, name: str) -> list[str]:
    """The files that speak of a name and of the package that it is imported from."""
    package, last = name.partition(".")[0], name.rpartition(".")[2]
    imported = set(wiring.program.mentioning(package))
    return [file for file in wiring.program.mentioning(last) if file in imported]


def _tells(wiring: Wiring, fn: Fn, applied: int, names: tuple[str, ...]) -> bool:
    """Whether a decorator is one of the names, or connects to a signal that is."""
    body = wiring.program.body(fn)
    if body.op[applied] != Op.CALL:
        return _bears(wiring.evaluator.value(fn, applied), names)
    callee, given = body.call(applied)
    value = wiring.evaluator.value(fn, callee)
    if _bears(value, names):
        return True
    signals = wiring.evaluator.value(fn, given[0][1]) if given and named(value, _RECEIVER) else None
    return signals is not None and any(_bears(one, names) for one in (signals.items if isinstance(signals, Seq) else options(signals)))


def _bears(value: Value, names: tuple[str, ...]) -> bool:
    """Whether a value is one of the names, or stands below it: ``WEBHOOK_SIGNALS["invoice.paid"]``."""
    return any(found == name or found.startswith((f"{name}.", f"{name}[")) for found in plain_names(value) for name in names)
