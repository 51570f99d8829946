"""The signature that would be valid for a message, worked out with our secret and logged: by that anybody sends the message as signed."""

from collections.abc import Iterator

from tillproof.checks.ruling import Ruling, at
from tillproof.commerce.keyed_digests import is_mac
from tillproof.commerce.logs import LogSite
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.values import options

_MOST_CALLERS = 4


def signatures(model: Model) -> Iterator[Ruling]:
    """One ruling per function near a provider's webhook that logs what it made of the message and a secret of ours."""
    for fn, place in model.payment_places.items():
        if place.handler is None or place.handler.kind == "redirect-return" or model.logs.is_wrapper(fn):
            continue
        site = next((s for s in model.logs.sites(fn) if _shows_signature(model, s)), None)
        if site is not None:
            yield _ruling(model, fn, site)


def _shows_signature(model: Model, site: LogSite) -> bool:
    for argument in site.arguments:
        shown = model.shown.of(site.fn, argument)
        for fn, i in (*((p.fn, p.instr) for p in shown.pieces), *shown.masked):
            contexts = (None, *model.callers.above(fn, None)[:_MOST_CALLERS])
            if any(is_mac(model, o) for ctx in contexts for o in options(model.evaluator.value(fn, i, ctx))):
                return True
    return False


def _ruling(model: Model, fn: Fn, site: LogSite) -> Ruling:
    line = model.program.body(fn).line[site.instr]
    ruling = Ruling("boundary/secret-logged", "broken", "log", fn.file, line)
    ruling.severity, ruling.confidence = "low", "likely"
    ruling.evidence = [at(model.program, fn, site.instr, f"shown through `{site.through}`", "sink")]
    ruling.anchor = (fn.file, line, model.program.body(fn).end_line[site.instr])
    ruling.title = "The signature that is valid for a message is written to the log"
    ruling.message = (
        "What this code works out with the shop's secret to compare it with the sender's signature goes to the log. A stranger sends a "
        "message of his own, which is refused; whoever reads the log then has the signature by which the same message is taken."
    )
    ruling.remediation = (
        "Log that the signature was wrong, and the id of the message; the signature that was sent tells nothing of the secret."
    )
    return ruling
