"""``payment/no-settlement-webhook``: what creates payments hears that they are paid, whatever the browser does."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.payment import settlement
from tillproof.checks.payment.served_at_once import served_at_once
from tillproof.checks.payment.settlement import Heard, Integration, Jobs
from tillproof.checks.payment.unknown_gateways import asked_outside
from tillproof.checks.payment.unknown_until_return import Unknown, unknown_until_return
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import called, entry_line
from tillproof.commerce.chats import PressedFor, pressed_for
from tillproof.commerce.entries import Entry
from tillproof.commerce.model import Model
from tillproof.contract import Confidence
from tillproof.flow.program import Fn
from tillproof.knowledge.schema import Operation, Provider

ID = "payment/no-settlement-webhook"
_MOST = 4


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per provider and deployable unit in which payments are created, or count as paid when the browser returns."""
    jobs = settlement.Jobs(model)
    for integration in settlement.integrations(model):
        yield _rule(model, integration, jobs)


def _rule(model: Model, integration: Integration, jobs: Jobs) -> Ruling:
    ruling = _opened(model, integration)
    handlers = settlement.handlers_of(model, integration)
    idle = bool(handlers) and settlement.by_browser(model, integration) and all(settlement.idle(model, h, jobs) for h in handlers)
    if handlers and not idle:
        heard = settlement.heard(model, integration, handlers)
        told = _by_webhook(model, integration, ruling, heard)
        lost = unknown_until_return(model, handlers, integration.provider.id) if told.outcome == "held" else None
        return told if lost is None else _lost(model, integration, told, heard, lost)
    asked = settlement.poll(model, integration)
    if asked is not None:
        ruling.evidence.append(at(model.program, *asked, f"a job asks {integration.provider.name} what became of the payment", "guard"))
        return ruling
    if idle:
        events = {e for o in integration.operations for e in settlement.settling(integration.provider, o)}
        return _ignored(model, integration, ruling, handlers[0].entry, settlement.dispatch(handlers[0], integration.provider, events))
    pressed = pressed_for(model, integration.provider.id)
    hidden = _hidden(model, integration, ruling, pressed is not None)
    if hidden is not None:
        return hidden
    if pressed is not None and not integration.returns:
        return _only_pressed(model, integration, ruling, pressed)
    return _unheard(model, integration, ruling)


def _opened(model: Model, integration: Integration) -> Ruling:
    """A ruling at the first call that creates a payment, or at the route after which it counts as paid."""
    if integration.creates:
        site = min(integration.creates, key=lambda s: (s.fn, s.instr))
        source = at(model.program, site.fn, site.instr, f"{integration.provider.name}: {_named(site.operation)} is created here", "source")
    else:
        fn = integration.returns[0].entry.target.fn
        function = model.program.function(fn)
        told = f"the browser tells here that it has paid with {integration.provider.name}"
        source = Evidence(fn.file, function.line if function else 1, told, "source")
    return Ruling(ID, "held", "integration", source.file, source.line, [source])


def _named(operation: Operation) -> str:
    return operation.resource or "a payment"


# --- with a webhook


def _by_webhook(model: Model, integration: Integration, ruling: Ruling, heard: Heard) -> Ruling:
    provider = integration.provider
    settles = {e for o in integration.operations for e in settlement.settling(provider, o)}
    fn, instr = settlement.dispatch(heard.handler, provider, settles & heard.events)
    wanted = heard.operation.late if heard.operation is not None and heard.missing == "late" else _settling(provider, heard.operation)
    if not heard.missing or heard.operation is None or not wanted:  # of a provider whose pack names no such event any message may be it
        taken = settlement.heard_at(heard.handler, settles & heard.events) or [(fn, instr)]
        ruling.evidence += [at(model.program, *place, f"{provider.name}'s message is taken here", "guard") for place in taken[:_MOST]]
        return ruling
    if heard.missing == "kind":
        return _unhandled(model, integration, ruling, heard, settlement.dispatch(heard.handler, provider, heard.events), list(wanted))
    elsewhere = settlement.spoken_of(model, integration.unit, wanted)
    if heard.missing == "late" and settlement.reads_status(model, heard.handler):
        asked = f"Can a {_named(heard.operation)} be paid by a method that succeeds days later (a bank debit, a voucher)?"
        return _unknown(ruling, at(model.program, fn, instr, ""), f"{asked} Then `{wanted[0]}` is missing.")
    if elsewhere is not None:
        return _unknown(
            ruling, Evidence(elsewhere, 1, ""), f"Does {provider.name}'s message reach the code here that speaks of `{wanted[0]}`?"
        )
    return _unhandled(model, integration, ruling, heard, (fn, instr), list(wanted))


def _lost(model: Model, integration: Integration, ruling: Ruling, heard: Heard, lost: Unknown) -> Ruling:
    """The webhook finds nobody whom the browser has not brought back before."""
    name, entity = integration.provider.name, lost.entity.replace("_", " ")
    fn, instr = settlement.dispatch(heard.handler, integration.provider, heard.events)
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = (fn.file, _line(model, fn, instr), _line(model, fn, instr))
    ruling.title = f"The webhook knows only {name} payments whose customer has come back"
    ruling.message = (
        f"The webhook finds the {entity} by `{lost.column}`, and nothing but {called(model, lost.by.entry)}, which the browser calls when "
        f"it comes back from {name}, stores that: who pays and closes the window has paid, every later message finds no {entity}, and "
        "nothing is served."
    )
    events = _events(integration)
    further = f"handle `{events[0]}` and store it there as well" if events else "store it in the webhook as well"
    ruling.remediation = (
        f"Store `{lost.column}` before the customer is sent to {name} (create the customer first), or {further}, found by what was put "
        "into the payment when it was begun (`client_reference_id`, `metadata`)."
    )
    sought = lost.sought
    ruling.evidence.append(at(model.program, sought.fn, sought.instr, f"the {entity} is looked for by `{lost.column}` here", "sink"))
    ruling.evidence.append(at(model.program, lost.stored.fn, lost.stored.instr, f"`{lost.column}` is stored here alone", "missing"))
    return ruling


def _settling(provider: Provider, operation: Operation | None) -> list[str]:
    return sorted(settlement.settling(provider, operation)) if operation is not None else []


def _unknown(ruling: Ruling, place: Evidence, question: str) -> Ruling:
    ruling.outcome = "unknown"
    ruling.question = Evidence(place.file, place.line, question)
    return ruling


def _unhandled(model: Model, integration: Integration, ruling: Ruling, heard: Heard, place: tuple[Fn, int], wanted: list[str]) -> Ruling:
    """The webhook is there and the event that settles the payment is not."""
    program, provider = model.program, integration.provider
    fn, instr = place
    late = heard.missing == "late"
    named = _named(heard.operation) if heard.operation else "payment"
    kinds = sorted(k for inbound in provider.inbound for k in inbound.settling_kinds) if heard.missing == "kind" else []
    asked = ", ".join(f"`{e}`" for e in sorted(heard.events)[:4])
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium" if late else "high", "likely" if late else "certain"
    here = settlement.paid_first(model, integration) if settlement.only_of_what_comes_back(heard.events) else None
    at_file, at_line = (here[0].file, _line(model, *here)) if here is not None else (fn.file, _line(model, fn, instr))
    ruling.anchor = (at_file, at_line, at_line)
    if late:
        ruling.title = f"{provider.name} payments that succeed late are taken as paid, or never"
        ruling.message = (
            f"The webhook takes {asked} as the payment, but a {named} that is paid by bank debit or voucher completes unpaid and is paid "
            f"(or not) days later; nobody reads `payment_status` and `{wanted[0]}` is not handled: goods leave before the money, or never."
        )
        ruling.remediation = (
            f"Fulfil only when `payment_status` is `paid`, and handle `{wanted[0]}` (and its failure) in the same way; or allow immediate "
            f"methods only (`{heard.operation.methods if heard.operation else ''}: ['card']`)."
        )
    elif kinds:
        ruling.title = f"The webhook takes no message about {provider.name} payments"
        ruling.message = (
            f"It takes what {provider.name} tells of {asked} and lets all else pass: that a payment succeeds, fails, is cancelled or "
            f"charged back reaches no order, though that is known only days after it was begun."
        )
        ruling.remediation = (
            f"Take the messages of `payments` in this dispatch as well: find the order by the stored id, mark it paid on `{wanted[0]}` and "
            f"failed on the events that say so."
        )
    else:
        ruling.title = f"The webhook does not hear that a {provider.name} {named} is paid"
        ruling.message = (
            f"A {named} is created here, and the webhook asks for {asked} only: {provider.name} never sends that for it, so a payment "
            f"whose customer closes the browser is taken and no order is ever served."
        )
        ruling.remediation = (
            f"Handle `{wanted[0]}` in this dispatch: find the order by the stored id, compare amount and currency, mark it paid once."
        )
    site = next((s for s in integration.creates if s.operation is heard.operation), None)
    if site is not None:
        ruling.evidence[:1] = [at(program, site.fn, site.instr, f"{provider.name}: {named} is created here", "source")]
    if here is not None:
        ruling.evidence += _brought_by(model, integration, here)
    what = "messages" if kinds else "events"
    ruling.evidence.append(at(program, fn, instr, f"these {what} are asked for: {asked}", "sink"))
    ruling.evidence += _asked_besides(model, integration, heard)
    ruling.evidence.append(Evidence(fn.file, _line(model, fn, instr), f"none of {', '.join((kinds or wanted)[:4])} is", "missing"))
    return ruling


def _asked_besides(model: Model, integration: Integration, heard: Heard) -> list[Evidence]:
    """Where the other handlers of a provider's messages ask which event it is."""
    others = [h for h in settlement.handlers_of(model, integration) if h is not heard.handler]
    places = (settlement.dispatch(h, integration.provider, ()) for h in others)
    return [at(model.program, *place, "nor is any of them asked for here", "sink") for place in places][:_MOST]


def _ignored(model: Model, integration: Integration, ruling: Ruling, entry: Entry, place: tuple[Fn, int]) -> Ruling:
    """The webhook is there and does nothing, or nothing but ask which message it is at a place."""
    name, function = integration.provider.name, model.program.function(entry.target.fn)
    fn, instr = place
    line = _line(model, fn, instr) if instr or function is None else function.line
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = (fn.file, line, line)
    ruling.title = f"The webhook hears of {name} payments and does nothing with them"
    ruling.message = (
        f"What {name} sends here is acknowledged, and no order changes: the order counts as paid only when the customer's browser comes "
        f"back. Who pays and closes the window, or loses the connection, has paid {name} and gets nothing."
    )
    ruling.remediation = _remedy(integration, there=True)
    ruling.evidence.append(Evidence(fn.file, line, "nothing is done with the message", "missing"))
    return ruling


def _line(model: Model, fn: Fn, instr: int) -> int:
    lines = model.program.body(fn).line
    return lines[instr] if 0 <= instr < len(lines) else 1


# --- without one


def _hidden(model: Model, integration: Integration, ruling: Ruling, chats: bool) -> Ruling | None:
    """What could take the provider's messages without being seen: then nothing is said of their absence. ``chats``: a chat partner asks
    for them; such a program needs no other way in."""
    provider = integration.provider
    joined = model.connected.joins(provider)
    if model.strangers.knows(provider) and not joined:
        question = (
            f"Does {provider.name} tell of payments by messages of its own? Nothing here takes any: only the customer's browser comes back."
        )
        return _unknown(ruling, ruling.evidence[0], question)
    package = settlement.receiver(model, integration)
    if package is not None:
        question = f"Does `{package}`, which can take {provider.name}'s webhooks by itself, mark these payments as paid?"
        return _unknown(ruling, ruling.evidence[0], question)
    told = settlement.notified(model, integration)
    lost = model.handlers.told.leads_nowhere(provider.id, model.entries) if told is not None else None
    if told is not None and lost is not None:
        ruling.evidence.append(at(model.program, *told, f"messages are sent to `{lost}`, which no route here takes", "missing"))
    elif told is not None:
        question = f"What takes {provider.name}'s message at the address that is handed over here? No handler of it is recognised."
        return _unknown(ruling, at(model.program, *told, ""), question)
    entry = settlement.unnamed_hook(model, integration)
    if entry is not None and settlement.is_empty(model, entry):
        return _ignored(model, integration, ruling, entry, (entry.target.fn, 0))
    if entry is not None:
        place = Evidence(entry.place[0], entry.place[1], "")
        return _unknown(
            ruling, place, f"Does {provider.name} send its messages to `{entry.route or 'this handler'}`? It names no provider."
        )
    outside = [asked_outside(model, paid.entry) for paid in integration.returns] if not integration.creates else []
    if outside and not joined and (asked := outside[0]) is not None and None not in outside:
        question = (
            f"Is a payment settled for good when `{asked[2]}` answers? It is not seen how one begins here, nor what becomes of it later."
        )
        return _unknown(ruling, at(model.program, asked[0], asked[1], ""), question)
    if not chats and not settlement.has_routes(model, integration):
        question = (
            f"What hears of {provider.name}'s asynchronous success? No route into this unit is seen, so its webhook may be elsewhere."
        )
        return _unknown(ruling, ruling.evidence[0], question)
    return None


def _unheard(model: Model, integration: Integration, ruling: Ruling) -> Ruling:
    program, provider = model.program, integration.provider
    back = settlement.come_back(model, integration)
    place = settlement.paid_first(model, integration) or settlement.captured(model, integration) or back
    if place is None and integration.creates:
        site = min(integration.creates, key=lambda s: (s.fn, s.instr))
        place = site.fn, site.instr
    brought = place is not None and bool(integration.returns or back)
    fn, instr = place or (integration.returns[0].entry.target.fn, 0)
    once = settlement.at_once(model, integration)
    line = _line(model, fn, instr)
    sure: Confidence = "likely" if model.strangers.knows(provider) else "certain"
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium" if once else "high", "possible" if once else sure
    ruling.anchor = (fn.file, line, line)
    if once:
        ruling.title = f"Nothing hears of what {provider.name} decides later"
        ruling.message = (
            f"The answer of that moment is all that is known: a payment that {provider.name} leaves pending, or later declines or "
            f"reverses, stays as it was recorded, so goods go out for money that never comes, or a paid order is never served."
        )
    else:
        ruling.title = f"Nothing hears of a {provider.name} payment but the browser"
        ruling.message = (
            f"The order counts as paid only when the customer's browser comes back: who pays and closes the window, or loses the "
            f"connection, has paid {provider.name} and gets nothing, and nobody learns of it."
        )
    ruling.remediation = _remedy(integration)
    entries = sum(program.unit(e.target.fn.file) == integration.unit for e in model.entries)
    where = "this repository" if integration.unit in ("", ".") else f"`{integration.unit}`"
    searched = (
        f"looked through {entries} ways into {where}: none takes a message of {provider.name}, and no job or command asks it for a payment"
    )
    ruling.evidence += _brought_by(model, integration, (fn, instr))
    ruling.evidence.append(Evidence(fn.file, line, searched, "missing"))
    ruling.evidence.append(
        at(
            program,
            fn,
            instr,
            "what the browser brings decides here" if brought else "created here",
            "sink",
        )
    )
    paid = dict.fromkeys((h.fn, h.instr) for found in integration.returns for h in found.paid if (h.fn, h.instr) != (fn, instr))
    ruling.evidence += [at(program, *one, "and here", "sink") for one in list(paid)[:_MOST]]
    if not integration.returns:
        note = "the order is made here, whatever becomes of its payment"
        ruling.evidence += [at(program, served.fn, served.instr, note, "sink") for served in served_at_once(model, integration)]
    return ruling


def _only_pressed(model: Model, integration: Integration, ruling: Ruling, pressed: PressedFor) -> Ruling:
    """Nobody asks for the payment unless its buyer presses for it in the chat."""
    name = integration.provider.name
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "certain"
    ruling.title = f"A {name} payment is asked for only when its buyer presses a button"
    ruling.message = (
        f"What became of a payment is asked only when the buyer comes back to the chat and presses for it, while the button is there and "
        f"the conversation is remembered. Who pays and does not, or after the bot has started anew, has paid {name} and gets nothing."
    )
    ruling.remediation = _remedy(integration)
    asked = f"`{called(model, pressed.entry)}`, which a press of the buyer's sets off, asks here, and nothing else does"
    first = ruling.evidence[0]
    ruling.evidence.append(at(model.program, pressed.fn, pressed.instr, asked, "sink"))
    ruling.evidence.append(Evidence(first.file, first.line, f"no message of {name} is taken, and no job asks for the payment", "missing"))
    return ruling


def _brought_by(model: Model, integration: Integration, place: tuple[Fn, int]) -> list[Evidence]:
    """The routes by which the browser alone brings the news, and where each goes on to what it decides."""
    shown: dict[tuple[str, int], Evidence] = {}
    for found in integration.returns:
        own = found.entry.target.fn
        ways = [[(c.caller, c.call) for c in (h.ctx.chain() if h.ctx else ()) if c.call >= 0] for h in found.paid]
        calls = [call for way in ways for call in reversed(way)]  # the route's own first
        for fn, instr in ((own, 0), *calls):
            note = f"{called(model, found.entry)}: the browser calls this" if not instr else "the route goes on to it here"
            shown.setdefault((fn.file, _line(model, fn, instr)), at(model.program, fn, instr, note, "source"))
    if not integration.returns:
        for entry in (e for e in model.entries_to(place[0]) if e.role in ("public", "customer", "platform")):
            file, line = entry_line(model, entry)
            shown.setdefault((file, line), Evidence(file, line, f"{called(model, entry)}: the browser calls this", "source"))
    return list(shown.values())[:_MOST]


def _events(integration: Integration) -> list[str]:
    """What a webhook can hear that settles what is created, the best first; nothing where the provider sends none."""
    provider = integration.provider
    events = [e for o in integration.operations for e in (*o.settles, *o.emits) if e in settlement.settling(provider, o)]
    events += [e for inbound in provider.inbound for e in inbound.settles]
    return events if any(inbound.kind in ("webhook", "ipn") for inbound in provider.inbound) else []


def _remedy(integration: Integration, there: bool = False) -> str:
    """The events to hear, or the question to ask."""
    provider, events = integration.provider, _events(integration)
    if events:
        first = "Here" if there else f"Add a route that takes {provider.name}'s webhook,"
        return (
            f"{first} prove the sender, and mark the order paid on `{events[0]}`; keep the "
            f"browser's return for showing the result. A job that asks for payments still open does as well."
        )
    calls = (c for o in provider.operations if o.op == "payment.retrieve" for names in o.calls.values() for c in names)
    asks = next((f" (`{c.lstrip('.')}`)" for c in calls), "")
    return f"Let a job ask {provider.name} for every payment that is still open{asks} until it is paid, failed or expired."


CHECK = Check(id=ID, title="Payments are heard of without the browser", severity="high", rule=rule)
