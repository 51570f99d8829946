"""``payment/webhook-unverified``: a handler proves who sent a message before it acts on it."""

from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.payment.bot_updates import unproven_updates
from tillproof.checks.payment.bypass import find_bypass
from tillproof.checks.payment.doubts import doubted, let_in
from tillproof.checks.payment.empty_verifiers import empty_verifier
from tillproof.checks.payment.sender import (
    ask_about,
    guessed_call,
    is_site,
    mirrored,
    only_counts,
    only_spoils,
    unproven_acts,
    unresolved_verifier,
)
from tillproof.checks.payment.written_addresses import compared_sender, written_address
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.thin_routes import only_hands_on
from tillproof.contract import Severity
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Assumed, Happening


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per webhook or IPN handler that acts on what it is sent."""
    for handler in model.handlers.all:
        if handler.kind != "redirect-return" and is_site(handler):
            yield _rule(model, handler)
    yield from unproven_updates(model)


def _rule(model: Model, handler: Handler) -> Ruling:
    program, entry = model.program, handler.entry
    function = program.function(entry.target.fn)
    line = function.line if function else 1
    ruling = Ruling("payment/webhook-unverified", "held", handler.kind, entry.target.fn.file, line)
    walked, acts = handler.walked, unproven_acts(model, handler.walked)
    ruling.evidence.append(
        Evidence(entry.target.fn.file, line, f"{handler.provider.name} {handler.kind} handler: {handler.evidence}", "source")
    )
    if handler.admits is not None:
        file, line, what = handler.admits
        ruling.evidence.append(Evidence(file, line, f"nobody else may call this ({what})", "guard"))
        return ruling
    # A proof that is there and can be got round is the matter of webhook-weak-verification; one that comes too late, or beside, is none.
    signed = [p for p in walked.proofs if not p.refetch]
    if walked.proofs and (not acts or (signed and find_bypass(model, handler, signed) is not None)):
        for proof in walked.proofs[:3]:
            ruling.evidence.append(at(program, proof.fn, proof.instr, proof.what, "guard"))
        return ruling
    if not walked.proofs and (written := written_address(model, handler)) is not None:  # a proof, which webhook-weak-verification judges
        ruling.evidence.append(Evidence(written.file, written.line, "the sender is known by his address", "guard"))
        return ruling
    # Where the proof is in one of several methods of a name, which of them it is decides.
    guessed = {call: proof for proof in reversed(walked.proofs) if (call := guessed_call(model, proof.ctx)) is not None}
    if guessed and not unproven_acts(model, model.handlers.supposing(handler, Assumed(calls=frozenset(guessed)))):
        call = min(guessed)
        return ask_about(model, ruling, call, f"`{program.qualified(guessed[call].fn)}`, which proves the message")
    hidden = unresolved_verifier(model, handler)
    sure = [a for a in acts if guessed_call(model, a.ctx) is None]
    act = (sure or acts or walked.happenings)[0]
    if hidden is not None and not walked.proofs:
        ruling.outcome = "unknown"
        fn, i, name = hidden
        place = at(program, fn, i, "")
        ruling.question = Evidence(
            place.file,
            place.line,
            f"Does `{name}` prove that {handler.provider.name} sent this message? Its body is not in the repository.",
        )
        return ruling
    doubt = doubted(model, handler)
    if doubt is not None and not walked.proofs:
        ruling.outcome, ruling.question = "unknown", doubt
        return ruling
    if (doubt := let_in(model, handler, sure or [act])) is not None:
        ruling.outcome, ruling.question = "unknown", doubt
        return ruling
    if behind := [a for a in acts if compared_sender(model, a) is not None]:  # the others are reached without it
        acts = [a for a in acts if a not in behind]
        act = next((a for a in sure if a not in behind), act)
    if (call := guessed_call(model, act.ctx)) is not None:
        return ask_about(model, ruling, call, f"`{program.qualified(act.fn)}`, which acts on the message unverified")
    ruling.outcome = "broken"
    ruling.confidence = "certain" if handler.evidence.startswith("it") and act.kind != "fulfil" else "likely"
    fn, i = _own_place(model, handler, act)
    shown = program.body(fn).line[i]
    ruling.anchor = (fn.file, shown, shown)
    ruling.title = f"{handler.provider.name} {handler.kind} acts on a message that nobody has verified"
    where = f"{entry.route}" if entry.route else program.qualified(entry.target.fn)
    ruling.severity, harm = _harm(model, handler, acts)
    ruling.message = f"Anyone who can reach {where} can post a made-up {handler.provider.name} event: {harm}"
    ruling.remediation = remedy(model, handler)
    what = "the first effect that is reached unproven" if act.kind != "dispatch" else "the event is acted on unproven"
    ruling.evidence.append(Evidence(entry.target.fn.file, line, "no verification between here and the effect", "missing"))
    ruling.evidence.append(at(program, act.fn, act.instr, what, "sink"))
    if (empty := empty_verifier(model, entry, act)) is not None:
        _nothing_verified(model, handler, empty, ruling)
    return ruling


def _nothing_verified(model: Model, handler: Handler, empty: Fn, ruling: Ruling) -> None:
    """The handler asks before it acts; what has to change is the verifier, which says yes to whatever it is asked."""
    written, name = model.program.function(empty), model.program.qualified(empty)
    first, last = (written.line, written.end_line) if written is not None else (1, 1)
    ruling.confidence, ruling.anchor = "certain", (empty.file, first, last)
    ruling.title = f"The verification of {handler.provider.name}'s messages lets everything through"
    ruling.message += f" `{name}` is asked, and says of any message that it is genuine."
    ruling.evidence.insert(1, Evidence(empty.file, first, f"`{name}` looks at nothing of what it is given", "missing"))


def _harm(model: Model, handler: Handler, acts: list[Happening]) -> tuple[Severity, str]:
    """How grave it is that anybody may send the message, and what he does with it: only goods or money for nothing are critical."""
    unproven = "nothing on the way to this line proves the sender, so "
    if handler.provider.kind == "shipping":
        return "high", (
            f"{unproven}a forged message has the same effect as a real one, and a parcel counts as sent, delivered or lost that is not."
        )
    if only_spoils(handler.walked, acts):
        return "high", (
            "that money came is proven before it counts, and nothing proves the sender before this line, so a forged message takes an "
            "order that somebody else is paying for out of his hands: it fails, or waits."
        )
    if (copies := mirrored(model, handler, acts)) is not None:
        return "high", (
            f"{unproven}a stranger makes up, overwrites or deletes what is kept here of its data ({', '.join(copies)}); whoever sends, "
            "bills or counts by it goes by what nobody ordered."
        )
    if only_counts(model, handler):
        return "high", (
            f"{unproven}a forged message changes stock, prices or listings as a real one does, and one for every item empties the shop."
        )
    return "critical", f"{unproven}a forged “paid” message has the same effect as a real one and goods go out for nothing."


def _own_place(model: Model, handler: Handler, act: Happening) -> tuple[Fn, int]:
    """Where a handler acts: the act, or where other handlers share the code of the act, the call by which this one alone comes there; where
    it is one of several addresses of one handler, the place in that."""
    target = handler.entry.target.fn
    shared = {
        fn
        for other in model.handlers.all
        if other.entry.target.fn != target
        for h in other.walked.happenings
        for fn in (h.fn, *(step.fn for step in (h.ctx.chain() if h.ctx else ())))
    }
    places = [(act.fn, act.instr), *((step.caller, step.call) for step in (act.ctx.chain() if act.ctx else ()) if step.call >= 0)]
    own = next((place for place in places if place[0] not in shared), places[0])
    alone = len(places) > 1 and own == places[-1] and only_hands_on(model, *own)
    return places[-2] if alone else own  # in the one handler that this address shares with others


def remedy(model: Model, handler: Handler) -> str:
    """The call that proves the sender, for the provider, framework and language in hand."""
    file, provider, inbound = handler.entry.target.fn.file, handler.provider, handler.inbound
    if inbound.proof == "refetch":
        asked = remedies.code(model, file, "confirm", provider)
        how = f": {asked}" if asked else ""
        return (
            f"Take only the id from the message, ask {provider.name} for the payment with our own credentials, and act on that answer{how}."
        )
    header = "-".join(word.capitalize() for word in inbound.headers[0].split("-")) if inbound.headers else "X-Signature"
    need = "verify-ipn" if handler.kind == "ipn" else "verify"
    said = remedies.code(model, file, need, provider, name=header) or _packed(model, handler)
    if not said and handler.kind == "ipn":
        return f"Send the message back to {provider.name} as it came, and act only when the answer says that it is genuine."
    by_hand = not said
    said = said or remedies.code(model, file, "hmac", name=header)
    over_body = by_hand or remedies.uses(model, file, need, "body", provider)
    raw = remedies.code(model, file, "raw", route=handler.entry.route or "/webhook") if over_body else ""
    kept = f"Keep the raw body on this route: {raw}. " if raw else ""
    return f"{kept}Prove the sender before anything else: {said}; act only on what is proven, and answer 400 to the rest."


def _packed(model: Model, handler: Handler) -> str:
    """The first call that the provider's pack knows to prove it in this language."""
    language = model.program.language(handler.entry.target.fn.file)
    for verifier in handler.provider.verifiers:
        for name, calls in verifier.calls.items():
            if name == language and calls:
                return f"`{calls[0].lstrip('.')}` on the message as it was sent"
    return ""


CHECK = Check(id="payment/webhook-unverified", title="A webhook proves its sender before it acts", severity="critical", rule=rule)
