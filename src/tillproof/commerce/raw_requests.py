"""Requests that go through an SDK's own transport, by path: ``$api->request->request('POST', 'orders/1', $body)``. What they ask for is not
known, but that they leave, and to whom."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.names import fits, strip
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


def find(model: "Model") -> Iterator[tuple[Provider, Fn, int]]:
    """Those in files that speak of the provider, in order."""
    program = model.program
    for provider in model.knowledge.providers.values():
        for language, patterns in provider.raw.items():
            words = {p.rpartition(".")[2].lower() for p in patterns}
            for file in program.indices:
                if program.language(file) == language and model.recogniser.mentions(provider, file):
                    for fn in program.functions_calling(file, words):
                        yield from ((provider, fn, i) for i in _calls(model, fn, words, patterns))


def _calls(model: "Model", fn: Fn, words: set[str], patterns: tuple[str, ...]) -> Iterator[int]:
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.CALL and body.called(i).lower() in words and not model.recogniser.is_ours(fn, i, None):
            known = [strip(n) for n in model.recogniser.callee_names(fn, i, None)]
            if any(fits(pattern, name) for pattern in patterns for name in known):
                yield i
