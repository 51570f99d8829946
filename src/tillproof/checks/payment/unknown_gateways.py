"""Payment systems that no pack knows, by library or over HTTP: what they answer may be the provider's word, and nobody here can tell."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tillproof.checks.payment.amounts import AmountSite, chosen_by_client
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import strip, written
from tillproof.flow.program import Fn
from tillproof.flow.values import names
from tillproof.ir.ops import Op

# What such a library's call for a payment's outcome is named, by its first word.
_ASKS = re.compile(r"(confirm|verify|validate|capture|charge|query|retrieve|inquire|inquiry|execute|complete|check|fetch|get)(_|$)")
_CHARGES = re.compile(
    r"(charge|pay|purchase|confirm|capture|authori[sz]e|execute|complete|create|init|initiate|initialize|request|send|make|process)(_|$)"
)
_OF_PAYMENTS = re.compile(r"(^|_)(pay(ment|ments)?|gateway|transaction|transactions|checkout|charge|invoice|bank|wallet|card)s?(_|$)")
_PLAIN = 2
_MOST_CALLERS = 20


def asked_outside(model: Model, entry: Entry) -> tuple[Fn, int, str] | None:
    """The call behind an entry point by which a payment system that no pack knows is asked, and whose answer somebody looks at."""
    for fn in model.handlers.closure(entry).functions:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            name = (_payment_call(model, fn, i, _ASKS) or _asked_over_http(model, fn, i)) if op == Op.CALL else ""
            if name and model.evaluator.defuse(fn).uses(i):
                return fn, i, name
    return None


def _asked_over_http(model: Model, fn: Fn, i: int) -> str:
    """The name of a call that asks a host that no pack knows: its address, or the function around it, says that something is verified."""
    request = model.http.request(fn, i)
    if request is None or model.http.provider(request) is not None:
        return ""
    path = urlsplit(request.url.replace("{}", "")).path
    asks = _ASKS.match(snake(model.program.name(fn)).lstrip("_")) or any(_ASKS.match(snake(part)) for part in path.split("/"))
    return model.program.body(fn).called(i) if asks else ""


def outside_charges(model: Model) -> Iterator[AmountSite]:
    """The sums that a customer chose and that are handed to such a library, for each caller by itself."""
    for fn in model.customer_functions:
        if not model.vocabulary.money(fn):
            continue
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.CALL and (name := _payment_call(model, fn, i, _CHARGES)):
                for _, argument in body.call(i)[1]:
                    if model.words.money(written(model.program, fn, argument).rpartition(".")[2].lstrip("$")):
                        yield from _chosen(model, fn, i, argument, name)


def _chosen(model: Model, fn: Fn, i: int, argument: int, name: str) -> Iterator[AmountSite]:
    for ctx in (None, *model.callers.above(fn, None)[:_MOST_CALLERS]):
        value = model.evaluator.value(fn, argument, ctx)
        if chosen_by_client(model, value):
            yield AmountSite("charge", name, fn, i, value, True)
            return


def _payment_call(model: Model, fn: Fn, i: int, verbs: re.Pattern[str]) -> str:
    """The name of a call of such a library by one of these verbs; empty when it is none."""
    body = model.program.body(fn)
    callee = body.args(i)[0]
    if body.op[callee] != Op.FIELD or not verbs.match(snake(body.name(callee))) or model.recogniser.is_ours(fn, i, None):
        return ""
    spelt = [strip(n) for n in names(model.evaluator.value(fn, callee)) if not n.startswith(("?", "#", "."))]
    called = next((n for n in spelt if n.count(".") >= _PLAIN), "")
    known = model.operations.at(fn, i, None) or model.recogniser.effect(fn, i) or model.recogniser.is_("reads", fn, i)
    if not called or known or model.recogniser.of_framework(called, fn):
        return ""
    if _is_message(model, fn, body.args(callee)[0]):
        return ""
    speaks = _OF_PAYMENTS.search(snake(called.rpartition(".")[0].replace(".", "_"))) or model.vocabulary.paying(fn)
    return called if speaks else ""


def _is_message(model: Model, fn: Fn, i: int) -> bool:
    """Whether a value is what the sender sent, parsed: what is read of it is his word."""
    return next(iter(model.requests.sources_in(model.evaluator.value(fn, i), _MOST_CALLERS)), None) is not None
