"""Messages that an application in Laravel lets the package ``spatie/laravel-webhook-client`` take: a route by which name, and what the
settings say under that name of who proves a message and which job works on it; and those of Stripe, by kind, that its sister package
proves. https://github.com/spatie/laravel-webhook-client, https://github.com/spatie/laravel-stripe-webhooks"""

from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.entry_styles.arguments import entries, items
from tillproof.commerce.entry_styles.callables import php_class
from tillproof.commerce.entry_styles.wiring import Declared, Wiring
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import FunctionV, Record, Value, constant, options
from tillproof.ir.ops import Op

STYLE = "webhook-client"
"""The style of these entries: without a guard of ours the package compares a keyed digest of the body before it runs the job."""
_SETTINGS = "config/webhook-client.php"
_ROUTES = "webhooks"
_ALL = "default"
_OF_STRIPE = "config/stripe-webhooks.php"
_TO_STRIPE = "stripeWebhooks"


class _Taken(NamedTuple):
    """A job for messages, and what proves them, where that is ours."""

    job: FunctionV
    proof: FunctionV | None


def declared(wiring: Wiring) -> Iterator[Declared]:
    """The jobs, each by the route whose messages it is for."""
    program = wiring.program
    yield from _of_stripe(wiring)
    for file in _named(wiring, _SETTINGS):
        taken = dict(_configured(wiring, file))
        for path, name, place in _routed(wiring, program.unit(file), _ROUTES) if taken else ():
            one = taken.get(name) or (next(iter(taken.values())) if len(taken) == 1 else None)
            if one is not None:
                chain = (one.proof,) if one.proof is not None else ()
                yield Declared(one.job, path, ("POST",), "laravel", STYLE, place, chain)


def _named(wiring: Wiring, settings: str) -> list[str]:
    return sorted(f for f in wiring.program.indices if f == settings or f.endswith("/" + settings))


def _of_stripe(wiring: Wiring) -> Iterator[Declared]:
    """The jobs that are told of Stripe's messages, each of those of one kind: ``'jobs' => ['charge_failed' => MarkFailed::class]``."""
    for file in _named(wiring, _OF_STRIPE):
        top = Fn(file, TOP)
        body = wiring.program.body(top)
        returned = [wiring.evaluator.value(top, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.RETURN]
        kinds = [
            v for value in returned for held in entries(value, "jobs") for o in options(held) if isinstance(o, Record) for _, v in o.entries
        ]
        jobs = dict.fromkeys(job for kind in kinds if (job := _method(wiring, top, kind, "handle")) is not None)
        for path, _, place in _routed(wiring, wiring.program.unit(file), _TO_STRIPE):
            for job in jobs:
                yield Declared(job, path, ("POST",), "stripe", "told", place, (), "platform", "The package proves that Stripe sent it.")


def _configured(wiring: Wiring, file: str) -> Iterator[tuple[str, _Taken]]:
    """What the settings say of each kind of messages, by the name that they give it."""
    top = Fn(file, TOP)
    body = wiring.program.body(top)
    for returned in (wiring.evaluator.value(top, body.args(i)[0]) for i, op in enumerate(body.op) if op == Op.RETURN):
        for one in (one for listed in entries(returned, "configs") for one in items(listed)):
            job = _method(wiring, top, next(entries(one, "process_webhook_job"), None), "handle")
            if job is not None:
                name = next((text for v in entries(one, "name") if (text := constant(v)) is not None), _ALL)
                yield name, _Taken(job, _method(wiring, top, next(entries(one, "signature_validator"), None), "isValid"))


def _method(wiring: Wiring, fn: Fn, named: Value | None, method: str) -> FunctionV | None:
    """The method of a class of ours that the settings name; None where it is the package's."""
    cls = php_class(wiring, named, fn) if named is not None else None
    return wiring.method(cls, method, named.at) if cls is not None and named is not None else None


def _routed(wiring: Wiring, unit: str, word: str) -> Iterator[tuple[str, str, tuple[str, int]]]:
    """Address and name of each ``Route::webhooks('hooks/shop', 'shop')``, and where it stands."""
    program = wiring.program
    for file in program.mentioning(word):
        if program.language(file) != "php" or program.unit(file) != unit:
            continue
        for fn in program.functions_calling_name(file, word):
            body = program.body(fn)
            for i in (i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == word):
                texts = [constant(wiring.evaluator.value(fn, given)) for _, given in body.call(i)[1]]
                if texts and texts[0] is not None:
                    yield "/" + texts[0].lstrip("/"), (texts[1] if len(texts) > 1 and texts[1] else _ALL), (file, body.line[i])
