"""``payment/webhook-weak-verification``: the verification that is there cannot be skipped, ignored or fooled."""

from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.payment.back_doors import back_door
from tillproof.checks.payment.bot_updates import skipped_updates
from tillproof.checks.payment.bypass import Bypass, find_bypass
from tillproof.checks.payment.chosen_keys import chosen_key
from tillproof.checks.payment.empty_keys import asked_first, empty_key, empty_option, read_too_late, written_option
from tillproof.checks.payment.overwritten import made_the_same
from tillproof.checks.payment.posted_back import unencoded
from tillproof.checks.payment.sender import ask_about, guessed_call, is_site, mirrored, only_spoils, unproven_acts
from tillproof.checks.payment.signed_bytes import parsed_before, serialised_again, time_unchecked, verifier_of
from tillproof.checks.payment.written_addresses import written_address, written_beside
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import entry_line
from tillproof.commerce.effects import Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.proof import Proven
from tillproof.contract import Severity
from tillproof.flow.values import Const, Result, Value
from tillproof.ir.ops import Op

_ID = "payment/webhook-weak-verification"


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler that has a verification, and one more for each flaw in the verification itself."""
    seen: set[tuple[str, int]] = set()
    for handler in model.handlers.all:
        walked = handler.walked
        signed = [p for p in walked.proofs if not p.refetch]
        if not walked.proofs and handler.kind != "redirect-return" and is_site(handler):
            yield from _addressed(model, handler)
        if handler.kind == "redirect-return" and not signed:
            continue
        if not walked.proofs or not (is_site(handler) or any(p.mac for p in signed)):
            continue
        rulings = [*_rulings(model, handler, signed or walked.proofs), *_beside(model, handler)]
        for ruling in rulings:
            anchor = (ruling.anchor or (ruling.file, ruling.line, 0))[:2]
            if ruling.outcome != "broken" or anchor not in seen:
                seen.add(anchor)
                yield ruling
    yield from skipped_updates(model)


def _rulings(model: Model, handler: Handler, proofs: list[Proven]) -> Iterator[Ruling]:
    program = model.program
    base = Ruling(_ID, "held", handler.kind, *entry_line(model, handler.entry))
    base.evidence = [at(program, p.fn, p.instr, p.what, "guard") for p in proofs[:3]]
    acts = unproven_acts(model, handler.walked)
    returns = handler.kind == "redirect-return"  # what is done past the proof of one is fulfil-on-redirect, a door in the proof is here
    asked = all(p.refetch for p in proofs) and only_spoils(handler.walked, acts)  # what is done before is webhook-unverified
    way = find_bypass(model, handler, proofs) if acts and not asked else None
    if way is not None and (way.shut or (returns and not back_door(model, way))):
        way = None
    if way is not None and way.kind != "swallowed" and all(p.refetch for p in proofs):
        way = None  # what is asked for one kind of message proves no other: that is webhook-unverified, too
    flawed = way is not None
    if way is not None:
        call = guessed_call(model, way.act.ctx) or next((c for p in proofs if (c := guessed_call(model, p.ctx)) is not None), None)
        where = "the verification, or past it"
        yield _bypassed(model, handler, way, base) if call is None else ask_about(model, _as_asked(base), call, where)
    if (rebuilt := _rebuilt(model, handler, base)) is not None:
        flawed = True
        yield rebuilt
    for proof in proofs:
        for ruling in _flaws(model, handler, proof, base):
            if ruling is not None:
                flawed = True
                yield ruling
    if not flawed and not (acts and returns):
        yield base


def _flaws(model: Model, handler: Handler, proof: Proven, base: Ruling) -> Iterator[Ruling | None]:
    yield _overwritten(model, handler, proof, base)
    yield _serialised(model, handler, proof, base)
    yield (_chosen_secret(model, handler, proof, base) or _empty_secret(model, proof, base) or _written_secret(model, proof, base))
    yield _unequal_time(model, proof, base)
    yield _ageless(model, proof, base)


def _addressed(model: Model, handler: Handler) -> Iterator[Ruling]:
    """The only proof is the address that a message comes from, and the sender says which that is."""
    written = written_address(model, handler)
    if written is None:
        return
    acts = unproven_acts(model, handler.walked)
    ruling = Ruling(_ID, "broken", handler.kind, *entry_line(model, handler.entry), confidence="likely")
    ruling.severity = _gravity(handler, mirrored(model, handler, acts))
    ruling.anchor = (written.file, written.line, written.line)
    provider = handler.provider.name
    ruling.title = f"Whoever writes one of {provider}'s addresses into a header passes for {provider}"
    ruling.message = (
        "The sender is known by his address alone, and that is read from a header that he writes himself; proxies only add to it: a forged "
        f"{provider} event with one of the listed addresses in front is processed like a real one."
    )
    ruling.remediation = (
        "Prove the message itself: ask the provider for what it names with our own credentials, or check its signature. Where the address "
        "has to do, take that of the connection, or the one that our own proxy wrote (the last)."
    )
    ruling.evidence.append(written)
    ruling.evidence += [at(model.program, act.fn, act.instr, "what is then done with the unproven message", "sink") for act in acts[:1]]
    yield ruling


def _beside(model: Model, handler: Handler) -> Iterator[Ruling]:
    """The address that is asked for beside another proof is what the sender says it is."""
    written = written_beside(model, handler) if handler.kind != "redirect-return" else None
    if written is None:
        return
    provider = handler.provider.name
    ruling = Ruling(_ID, "broken", handler.kind, *entry_line(model, handler.entry), severity="medium", confidence="likely")
    ruling.anchor = (written.file, written.line, written.line)
    ruling.title = f"The list of {provider}'s addresses keeps nobody out"
    ruling.message = (
        "The sender's address is read from a header that he writes himself; proxies only add to it: whoever puts a listed address in front "
        "passes. What else is proven of the message still stands, alone."
    )
    ruling.remediation = "Take the address of the connection, or the one that our own proxy wrote (the last); or leave the list out."
    ruling.evidence.append(written)
    yield ruling


def _gravity(handler: Handler, copies: list[str] | None) -> Severity:
    """How grave it is that a message can be forged. ``copies``: the records of which it changes no more than our copy."""
    return "critical" if copies is None and not _tells_of_parcels(handler) else "high"


def _tells_of_parcels(handler: Handler) -> bool:
    """Whether messages are news of parcels, by which nobody pays."""
    return handler.provider.kind == "shipping"


def _as_asked(base: Ruling) -> Ruling:
    return Ruling(base.check, "unknown", base.kind, base.file, base.line, list(base.evidence))


def _copy(base: Ruling) -> Ruling:
    return Ruling(base.check, "broken", base.kind, base.file, base.line, list(base.evidence), confidence="certain")


def _bypassed(model: Model, handler: Handler, way: Bypass, base: Ruling) -> Ruling:
    program = model.program
    ruling = _copy(base)
    door = back_door(model, way)
    sender = way.chooser == "sender" or door
    copies = mirrored(model, handler, unproven_acts(model, handler.walked))
    ruling.severity = _gravity(handler, copies) if sender else "high"
    ruling.anchor = (way.fn.file, way.line, way.line)
    provider = handler.provider.name
    refuse = remedies.code(model, way.fn.file, "refuse") or "400"
    ruling.title, why, mend = {
        "skipped": (
            f"{provider}'s verification can be skipped" + (" by whoever sends the message" if sender else ""),
            ("The sender decides by what he sends (a header that is left out is enough) whether the signature is checked" if sender
             else "Our configuration decides whether the signature is checked: where the secret is not set or the switch is on, the "
             "message is taken as it comes"),
            f"Refuse the message when the signature or the secret is missing ({refuse}); no branch may go on without the verification.",
        ),
        "swallowed": (
            f"{provider}'s verification fails without consequence", "The failure of the verification is caught and the handler goes on",
            f"Refuse the message in the handler of the exception: {refuse}.",
        ),
        "ignored": (
            f"The result of {provider}'s verification is not looked at", ("The verification answers whether the message is genuine, and "
            "nobody acts on the answer here"),
            f"Test the result, and refuse the message when it is not true: {refuse}.",
        ),
        "elsewhere": (
            "The messages of one payment system are taken unverified", ("Which of several functions looks at a message is decided when it "
            f"comes: {provider}'s verification is made in one of them, and this one makes none"),
            f"Verify the message here by what its sender gives for it (a signature, or asking for the payment by its id): {refuse}.",
        ),
    }[way.kind]  # fmt: skip
    if way.kind == "elsewhere":
        ruling.confidence, provider = "likely", "payment"
    if door:
        ruling.title = f"A text that stands in the code passes for {provider}'s signature"
        why = "Whoever sends the text that is compared here is let through, and everybody knows it who has seen the code"
        mend = f"Take the branch out; no text may stand in for the signature ({refuse}). Have tests sign with a secret of their own."
    harm = "an order counts as paid that nobody paid for"
    if _tells_of_parcels(handler):
        harm = "a parcel counts as sent, delivered or lost that is not"
    if copies:
        harm = f"what is kept here of {provider}'s data ({', '.join(copies)}) can be made up"
    ruling.message = f"{why}, so a forged {provider} event is processed like a real one: {harm}."
    ruling.remediation = mend
    note = {
        "skipped": "this condition decides whether the proof is made",
        "swallowed": "the failed proof is caught here",
        "ignored": "the answer of the proof is lost here",
    }
    if way.kind == "elsewhere":
        ruling.evidence.append(Evidence(*way.also[0], "one of several functions is called here", "step"))
        ruling.evidence.append(Evidence(way.fn.file, way.line, "this one proves nothing", "missing"))
    else:
        ruling.evidence.append(at(program, way.fn, way.guard, note[way.kind], "guard"))
        ruling.evidence.append(Evidence(way.fn.file, way.way, "the way past the verification", "missing"))
        ruling.evidence += [Evidence(file, line, "another way past it begins here", "step") for file, line in way.also]
    ruling.evidence.append(at(program, way.act.fn, way.act.instr, "what is then done with the unproven message", "sink"))
    return ruling


def _serialised(model: Model, handler: Handler, proof: Proven, base: Ruling) -> Ruling | None:
    """The body that is verified is not the bytes that were signed: a parser has read it."""
    again = serialised_again(model, handler, proof)
    parsed = again or parsed_before(model, handler, proof)
    if parsed is None:
        return None
    ruling = _copy(base)
    ruling.severity, ruling.confidence = "high", "certain" if parsed.seen else "likely"
    line = parsed.evidence.line if again else model.program.body(proof.fn).line[proof.instr]
    ruling.anchor = (parsed.evidence.file if again else proof.fn.file, line, line)
    ruling.title = f"The signature is checked over a body that was parsed{' and serialised again' if again else ' before'}"
    ruling.message = (
        "The bytes that are verified are not those that were signed: genuine events fail, "
        "and whoever mends that by skipping the check lets forged ones in."
    )
    ruling.remediation = _raw_body(model, handler, proof)
    ruling.evidence.append(parsed.evidence)
    return ruling


def _overwritten(model: Model, handler: Handler, proof: Proven, base: Ruling) -> Ruling | None:
    """What is compared is made the same before, because of what was sent."""
    found = made_the_same(model, proof)
    if found is None:
        return None
    ruling = _copy(base)
    ruling.severity, ruling.confidence = "critical", "likely"
    body = model.program.body(found.fn)
    ruling.anchor = (found.fn.file, body.line[found.condition], body.line[found.store])
    provider = handler.provider.name
    ruling.title = f"{provider}'s signature is overwritten before it is compared"
    ruling.message = (
        "Both sides of the comparison hold the same here, whatever was signed, and who sends the message decides whether that is done: a "
        f"forged {provider} event of this kind passes for a genuine one, and what it tells of is done to any order."
    )
    refuse = remedies.code(model, found.fn.file, "refuse") or "400"
    ruling.remediation = f"Take the branch out, and refuse every message whose signature does not fit ({refuse}), of this kind too."
    ruling.evidence.append(at(model.program, found.fn, found.condition, "what was sent decides this", "guard"))
    ruling.evidence.append(at(model.program, found.fn, found.store, "the signature is overwritten here", "missing"))
    return ruling


def _rebuilt(model: Model, handler: Handler, base: Ruling) -> Ruling | None:
    """What goes back to the provider to be confirmed is put together anew from fields that nobody encodes."""
    place = unencoded(model, handler)
    if place is None:
        return None
    requests = [model.http.request(p.fn, p.instr, p.ctx) for p in handler.walked.proofs if model.program.body(p.fn).op[p.instr] == Op.CALL]
    by_address = any(request is not None and request.method == "GET" for request in requests)
    ruling = _copy(base)
    ruling.severity, ruling.confidence = "critical" if by_address else "high", "likely"
    line = model.program.body(place.fn).line[place.instr]
    ruling.anchor = (place.fn.file, line, line)
    provider = handler.provider.name
    ruling.title = f"{provider} is asked to confirm another message than the one that came"
    how = " and put into an address, which a `#` in a value ends" if by_address else ""
    ruling.message = (
        f"The fields of the message are joined again without being encoded{how}: a value with `&` or `#` in it changes the message. "
        f"Whoever puts a genuine message of his own in front has {provider} confirm that one, and what he adds is believed; genuine "
        "messages with such a value are refused."
    )
    ruling.remediation = f"Send {provider} the raw body as it came, by POST, behind its command: {_as_came(model, handler)}."
    ruling.evidence.append(Evidence(place.fn.file, line, "name and value are joined as they were sent", "missing"))
    return ruling


def _as_came(model: Model, handler: Handler) -> str:
    return remedies.code(model, handler.entry.target.fn.file, "verify-ipn", handler.provider) or "the bytes of the request, unread"


def _raw_body(model: Model, handler: Handler, proof: Proven) -> str:
    kept = remedies.code(model, proof.fn.file, "raw", route=handler.entry.route or "/webhook")
    body = remedies.code(model, proof.fn.file, "body")
    how = f": {kept}" if kept else " (a raw parser on this route, or a verify hook of the JSON parser)"
    return f"Keep the raw body{how}. Give exactly those bytes, {body}, to the verification." if body else f"Keep the raw body{how}."


def _ageless(model: Model, proof: Proven, base: Ruling) -> Ruling | None:
    """A time that is signed with the body and compared with nothing."""
    signed = time_unchecked(model, proof)
    if signed is None:
        return None
    ruling = _copy(base)
    ruling.severity, ruling.confidence = "low", "likely"
    ruling.anchor = (signed.file, signed.line, signed.line)
    ruling.title = "The signed time of the message is not compared with the clock"
    ruling.message = "A message that was captured once stays valid for ever: whoever has it can send it again, and it is genuine each time."
    ruling.remediation = "Refuse a message whose signed time is more than five minutes from now."
    ruling.evidence.append(signed)
    return ruling


def _empty_secret(model: Model, proof: Proven, base: Ruling) -> Ruling | None:
    """An empty secret is given to a verifier or to a digest that takes it: everyone can sign with the empty key."""
    found = _empty_in_verifier(model, proof) or empty_key(model, proof)
    if found is None:
        return None
    ruling = _fallen_back(model, base, found, "Give the secret no empty default", "the secret falls back to an empty text")
    ruling.title = "The webhook secret may be empty, and the empty secret is accepted"
    ruling.message = (
        "Where no secret is configured the verification runs with an empty key, which everyone knows: forged events pass as genuine."
    )
    if read_too_late(model, found[1]):
        ruling.severity = "medium"  # it is noticed: the provider's own messages are refused then
        ruling.message = (
            "The environment is read outside the files of settings: once these are cached, as deployments do, it answers null, and the "
            "verification runs with an empty key, which everyone knows: forged events pass as genuine, and genuine ones are refused."
        )
        ruling.remediation = (
            "Read the variable in a file under `config/`, ask for the secret with `config('…')`, and refuse the message when there is none."
        )
        at_setting = found[1].at
        ruling.evidence[-1] = Evidence(at_setting[0], at_setting[1], "this is null once the settings are cached", "source")
    return ruling


def _fallen_back(model: Model, base: Ruling, found: tuple[Place, Value], mend: str, note: str) -> Ruling:
    """The frame of what is wrong with a secret that is another where none is configured. ``found``: where it proves, and that other one."""
    place, fallback = found
    ruling = _with_key(model, base, place)
    required = remedies.code(model, place.fn.file, "require", variable=_variable(model, fallback))
    ruling.remediation = f"{mend}, so that the application does not start without it: {required}."
    ruling.evidence.append(Evidence(fallback.at[0], fallback.at[1], note, "source"))
    return ruling


def _with_key(model: Model, base: Ruling, place: Place) -> Ruling:
    """The frame of what is wrong with the key by which a place proves the sender."""
    ruling = _copy(base)
    ruling.severity, ruling.confidence = "high", "likely"
    line = model.program.body(place.fn).line[place.instr]
    ruling.anchor = (place.fn.file, line, line)
    return ruling


def _chosen_secret(model: Model, handler: Handler, proof: Proven, base: Ruling) -> Ruling | None:
    """The sender says by which of our keys his message is proven, and one of them may be empty."""
    found = chosen_key(model, handler, proof)
    if found is None:
        return None
    ruling = _with_key(model, base, found.place)
    ruling.severity = "critical" if found.spare else "high"
    ruling.title = "Whoever sends the message chooses the key that proves it"
    ruling.message = (
        "What is sent decides by which secret the signature is checked, and one that nobody has set up is empty: who names that one signs "
        "his own messages with the empty key, and they pass as genuine: an order counts as paid that nobody paid for."
    )
    refuse = remedies.code(model, found.place.fn.file, "refuse") or "400"
    ruling.remediation = (
        "Take the key from what is known here, such as how the order found was to be paid and the mode that is configured, never from the "
        f"message; refuse it ({refuse}) when the key is empty."
    )
    ruling.evidence += [found.chooser, found.empty]
    return ruling


def _written_secret(model: Model, proof: Proven, base: Ruling) -> Ruling | None:
    """The secret falls back to a text that stands in the code."""
    given = _given_secret(model, proof)
    value = model.evaluator.value(proof.fn, given, proof.ctx) if given is not None else None
    text = written_option(model, value) if value is not None else None
    found = (Place(proof.fn, proof.instr, proof.ctx), text) if text is not None else empty_key(model, proof, written_option)
    if found is None:
        return None
    ruling = _fallen_back(model, base, found, "Give the secret no default", "the secret falls back to a text that is written here")
    place, written = found
    if written.at[0] != place.fn.file:  # it is the settings that have to change
        ruling.anchor = (*written.at, written.at[1])
        ruling.evidence.append(at(model.program, place.fn, place.instr, "it proves the sender here", "sink"))
    ruling.title = "The webhook secret falls back to one that stands in the code"
    ruling.message = (
        "Where no secret is configured the verification runs with a key that everybody who has seen the code knows: forged events pass as "
        "genuine, and an order counts as paid that nobody paid for."
    )
    return ruling


def _given_secret(model: Model, proof: Proven) -> int | None:
    """The instruction whose value a verifier of a pack is given as the secret."""
    verifier = verifier_of(model, proof)
    body = model.program.body(proof.fn)
    if verifier is None or verifier.secret is None or body.op[proof.instr] not in (Op.CALL, Op.NEW):
        return None
    given = body.call(proof.instr)[1]
    return given[verifier.secret][1] if verifier.secret < len(given) else None


def _empty_in_verifier(model: Model, proof: Proven) -> tuple[Place, Value] | None:
    verifier = verifier_of(model, proof)
    language = model.program.language(proof.fn.file)
    secret = _given_secret(model, proof)
    if secret is None or verifier is None or verifier.empty_secret.get(language) != "accepted":  # type: ignore[call-overload]
        return None
    empty = empty_option(model, model.evaluator.value(proof.fn, secret, proof.ctx))
    if empty is None or asked_first(model, proof.fn, secret, proof.instr):
        return None
    return Place(proof.fn, proof.instr, proof.ctx), empty


def _variable(model: Model, value: Value) -> str:
    """The setting that holds the secret, as far as the fallback tells."""
    name = model.evaluator.argument(value, 0) if isinstance(value, Result) and value.instr >= 0 else None
    text = name.text.strip("'\"") if isinstance(name, Const) else ""
    return text if text.isidentifier() else "WEBHOOK_SECRET"


def _unequal_time(model: Model, proof: Proven, base: Ruling) -> Ruling | None:
    """A keyed digest, or a secret that is sent along, compared with ``==``: how long it takes tells how much of it is right."""
    if proof.how != "secret" and not (proof.how in ("equality", "search") and proof.mac):
        return None
    ruling = _copy(base)
    ruling.severity = "low"
    line = model.program.body(proof.fn).line[proof.instr]
    ruling.anchor = (proof.fn.file, line, line)
    compared = "secret" if proof.how == "secret" else "signature"
    ruling.title = f"The {compared} is not compared in constant time"
    ruling.message = (
        f"The comparison stops at the first byte that differs, so its duration tells an attacker how much of a guessed {compared} is right."
    )
    ruling.remediation = f"Compare with {remedies.code(model, proof.fn.file, 'compare')}."
    return ruling


CHECK = Check(id=_ID, title="The verification of a webhook cannot be skipped", severity="high", rule=rule)
