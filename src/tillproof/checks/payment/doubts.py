"""What may prove the sender of a message in a way that code alone does not settle: a question is better than a guess."""

import re

from tillproof.checks.payment.unknown_gateways import asked_outside
from tillproof.checks.ruling import Evidence, at
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model

_NEAR = 4
_OF_SENDER = re.compile(r"remote_?addr(ess)?|(get_?)?client_?ip(_?address)?|(get_?)?remote_?ip|ip|x_?forwarded_?for", re.IGNORECASE)
_LISTED = re.compile(
    r"\w*(allow|white|safe|trusted|permitted|valid|authori[sz]ed)\w*(ip|ips|addr\w*|ranges?|cidrs?|hosts?)\w*|\w*ips?_?(white|allow|list|range)\w*|\w*cidr\w*",
    re.IGNORECASE,
)
_UNSIGNED = ("none", "refetch", "basic")


def doubted(model: Model, handler: Handler) -> Evidence | None:
    """The question that would settle who sends a message: which addresses are let in; of a system that no pack knows, who calls at all."""
    entry = handler.entry
    strange = model.strangers.knows(handler.provider)
    if strange or handler.inbound.proof in _UNSIGNED:
        listed = _by_address(model, handler)
        if listed is not None:
            return listed
    if not strange:
        return None
    if (asked := asked_outside(model, entry)) is not None:
        place = at(model.program, asked[0], asked[1], "")
        question = f"Is the answer of `{asked[2]}` the payment system's own word, and is nothing done unless it says that money came?"
        return Evidence(place.file, place.line, question)
    if entry.role_because is not None:
        file, line, what = entry.role_because
        return Evidence(file, line, f"Does `{what}` let nobody through but the payment system?")
    if not model.strangers.is_marked(entry):
        file, line = entry.place
        called = entry.route or model.program.qualified(entry.target.fn)
        return Evidence(
            file, line, f"Who calls {called}, and what proves it? Records change by what is sent, and nobody is asked who he is."
        )
    return None


def _by_address(model: Model, handler: Handler) -> Evidence | None:
    """Where the address of the sender is looked up in a list."""
    for fn, depth in handler.closure.functions.items():
        tokens = model.vocabulary.tokens(fn) if depth <= _NEAR else frozenset()
        if any(_LISTED.fullmatch(t) for t in tokens) and any(_OF_SENDER.fullmatch(t) for t in tokens):
            function = model.program.function(fn)
            name = model.program.name(fn)
            question = (
                f"Are the addresses that `{name}` lets in {handler.provider.name}'s own, and can the sender not name his address himself?"
            )
            return Evidence(fn.file, function.line if function else 1, question)
    return None
