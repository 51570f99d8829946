"""What may prove the sender of a message in a way that code alone does not settle: a question is better than a guess."""

from tillproof.checks.payment.unknown_gateways import asked_outside
from tillproof.checks.payment.written_addresses import compared_sender, listed_sender
from tillproof.checks.ruling import Evidence, at
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.flow.proofs import Happening

_UNSIGNED = ("none", "refetch", "basic")


def let_in(model: Model, handler: Handler, acts: list[Happening]) -> Evidence | None:
    """The question whether the address of the sender, by which alone each of these effects is let through, is the provider's."""
    compared = [found for act in acts if (found := compared_sender(model, act)) is not None]
    if len(compared) < len(acts):
        return None
    place = at(model.program, *compared[0], "")
    question = (
        f"Is the address of the sender, by which alone the message is let through here, {handler.provider.name}'s own, can nobody write it "
        "himself, and is the check never switched off?"
    )
    return Evidence(place.file, place.line, question)


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
    fn = listed_sender(model, handler)
    if fn is None:
        return None
    function, name = model.program.function(fn), model.program.name(fn)
    question = f"Are the addresses that `{name}` lets in {handler.provider.name}'s own, and can the sender not name his address himself?"
    return Evidence(fn.file, function.line if function else 1, question)
