"""``payment/partial-capture-unhandled``: an order of which a part is captured is not recorded as paid in full."""

import re
from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.payment.captures import Capture, captures
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import anchor, lines
from tillproof.commerce.browser_paid import paid_on_the_way
from tillproof.commerce.effects import Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Happening
from tillproof.ir.ops import Op

ID = "payment/partial-capture-unhandled"
_MOST = 8
_PARTIAL = re.compile(
    r"partial|(amount|total)_captured|captured_(amount|total|cents)|amount_received|(amount|total)_paid|paid_(amount|total)|remaining|outstanding"
)


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per capture whose amount the request chooses, so that it may be a part, and after which records say paid."""
    for capture in captures(model):
        if capture.origin == "request":
            found = _paid_after(model, capture)
            if found is not None:
                yield _rule(model, capture, *found)


def _paid_after(model: Model, capture: Capture) -> tuple[Happening, Entry] | None:
    """The first paid transition on the way of an entry that captures, and the entry."""
    for entry in capture.entries:
        found = paid_on_the_way(model, entry).paid
        paid = [h for h in found if (h.fn, h.instr) != (capture.site.fn, capture.site.instr)]
        if paid:
            return next((h for h in paid if model.program.body(h.fn).op[h.instr] == Op.SET_FIELD), paid[0]), entry
    return None


def _decided(model: Model, paid: Happening, entry: Entry) -> Place:
    """Where it is decided that the order is paid: the transition, or the call of a helper that others call too."""
    line = model.program.body(paid.fn).line
    there = (e for e in model.effects.of(entry.target) if e.fn == paid.fn and line[e.instr] == line[paid.instr])
    return next((anchor(model, e) for e in there), Place(paid.fn, paid.instr, None))


def _rule(model: Model, capture: Capture, paid: Happening, entry: Entry) -> Ruling:
    site = capture.site
    place = at(model.program, site.fn, site.instr, "an amount that the request chooses is captured here", "source")
    ruling = Ruling(ID, "held", "capture", place.file, place.line, [place])
    held = _kept_apart(model, [*capture.around, paid.fn])
    if held:
        what = "what is captured is recorded, or a part told from the whole"
        ruling.evidence += [Evidence(fn.file, line, what, "guard") for fn, line in held[:_MOST]]
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = lines(model, _decided(model, paid, entry))
    ruling.title = "A partial capture is recorded as paid in full"
    ruling.message = (
        "The request may capture a part of what was authorised, and the order is marked paid all the same: the rest is never asked for, "
        "the books show money that is not there, and a refund may give back more than came."
    )
    ruling.remediation = (
        "Add up what is captured (the amount in the provider's answer) on the payment, mark the order paid when it reaches the total, and "
        "`partially_paid` before that."
    )
    ruling.evidence.append(at(model.program, paid.fn, paid.instr, "paid from here on, whatever was captured", "sink"))
    return ruling


def _kept_apart(model: Model, functions: list[Fn]) -> list[tuple[Fn, int]]:
    """Where functions name a part, or what is captured so far: each line once."""
    found: list[tuple[Fn, int]] = []
    for fn in dict.fromkeys(functions):
        words = [t.encode() for t in sorted(model.vocabulary.tokens(fn)) if _PARTIAL.search(snake(t))]
        function = model.program.function(fn)
        if words:
            first, last = (function.line, function.end_line) if function else (1, 10_000)
            text = model.program.sources[fn.file].split(b"\n")
            lines_of = [n for n in range(first, min(last, len(text)) + 1) if any(w in text[n - 1] for w in words)]
            found += [(fn, n) for n in lines_of or [first]]
    return found


CHECK = Check(id=ID, title="A partial capture is recorded as partial", severity="medium", rule=rule)
