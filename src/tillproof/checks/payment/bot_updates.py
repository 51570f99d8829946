"""Updates of a chat bot that sells, taken from whoever posts them."""

from collections.abc import Iterator

from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import step
from tillproof.commerce.bot_updates import BotUpdates
from tillproof.commerce.effects import Place
from tillproof.commerce.model import Model

_HARM = (
    "whoever posts a made-up update is the customer or the member of staff whose id he writes into it: he spends other people's balances, "
    "says of himself that he has paid (`successful_payment`), and gives the bot's own orders for staff"
)
_REMEDY = (
    "Make up a secret, hand it to `set_webhook(secret_token=…)`, and refuse every update whose header `X-Telegram-Bot-Api-Secret-Token` is "
    "not the same (`hmac.compare_digest`); aiogram's `SimpleRequestHandler` and `run_webhook` do that where they are given `secret_token`. "
    "Let the bot not start without one."
)


def unproven_updates(model: Model) -> Iterator[Ruling]:
    """One ruling per way in for updates."""
    for one in model.bot_updates.all:
        ruling = _ruling(model, "payment/webhook-unverified", one)
        if one.how != "nothing":
            place = one.at or Place(one.fn, one.instr, None)
            ruling.evidence.append(step(model, place, "the secret is asked for here", "guard"))
            yield ruling
            continue
        ruling.outcome, ruling.severity, ruling.confidence = "broken", "critical", "likely"
        ruling.title = "The bot takes updates from whoever posts them"
        ruling.message = f"Nothing proves here that the chat system sent an update; {_HARM}."
        ruling.remediation = _REMEDY
        ruling.evidence.append(at(model.program, one.fn, one.instr, "the bot is handed what was posted", "sink"))
        if one.somewhere:
            ruling.severity, ruling.confidence = "high", "possible"
            ruling.question = Evidence(one.fn.file, ruling.line, "Is the path that the settings name one that nobody can guess?")
        yield ruling


def skipped_updates(model: Model) -> Iterator[Ruling]:
    """One ruling per way in whose proof is left out where no secret is set."""
    for one in model.bot_updates.all:
        if one.how != "if set" or one.at is None:
            continue
        ruling = _ruling(model, "payment/webhook-weak-verification", one)
        ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
        ruling.title = "Without its secret the bot takes updates from whoever posts them"
        ruling.message = f"The secret is compared only where one is set. Where the setting is missing, {_HARM}."
        ruling.remediation = _REMEDY
        ruling.evidence = [
            step(model, one.at, "compared only where it is set", "missing"),
            at(model.program, one.fn, one.instr, "the bot is handed what was posted", "sink"),
        ]
        yield ruling


def _ruling(model: Model, check: str, one: BotUpdates) -> Ruling:
    body = model.program.body(one.fn)
    line = body.line[one.at.instr] if one.how == "if set" and one.at is not None else body.line[one.instr]
    ruling = Ruling(check, "held", "webhook", one.fn.file, line)
    ruling.anchor = (one.fn.file, line, line)
    return ruling
