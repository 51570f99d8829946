"""The handlers as the report shows them."""

from collections.abc import Sequence
from typing import Literal

from tillproof.checks.ruling import Ruling
from tillproof.commerce.handlers import Handler
from tillproof.commerce.model import Model
from tillproof.contract import Handler as Row
from tillproof.flow.program import TOP

_SAYS = {
    "dispatch": "asks which event it is", "order.paid": "marks the order paid", "fulfil": "fulfils the order", "order.write": "writes the order",
    "record.create": "creates records", "record.write": "writes records", "record.delete": "deletes records", "sql": "runs SQL", "mail": "sends mail",
    "job": "queues work", "stock.write": "writes stock", "refund.create": "refunds", "refund.record": "records a refund", "cart.write": "changes the cart",
    "payment.create": "starts a payment", "payment.capture": "captures a payment", "payment.cancel": "cancels a payment", "payment.confirm": "confirms a payment",
    "user.write": "changes a user", "file.write": "writes a file", "event": "tells other handlers",
}  # fmt: skip


def handler_rows(model: Model, rulings: Sequence[Ruling] = ()) -> list[Row]:
    """One row per handler, in order of file and line. ``rulings`` that found a verification wanting make it weak."""
    flawed = {
        (r.file, r.line) for r in rulings
        if r.check == "payment/webhook-weak-verification" and r.outcome == "broken" and r.severity in ("critical", "high")
    }  # fmt: skip
    rows = []
    for handler in model.handlers.all:
        entry, program = handler.entry, model.program
        function = program.function(entry.target.fn)
        line = function.line if function else _first_line(model, handler)
        kinds = list(dict.fromkeys(_SAYS.get(h.kind.rstrip("?"), h.kind.rstrip("?")) for h in handler.walked.happenings))
        rows.append(
            Row(
                file=entry.target.fn.file, line=line, provider=handler.provider.id, kind=handler.kind, route=entry.route, role=entry.role,
                verified="weak" if (entry.target.fn.file, line) in flawed and verified(handler) == "yes" else verified(handler), dedup="unknown", acts=", ".join(kinds[:5]) or "changes nothing that is seen", unit=program.unit(entry.target.fn.file),
            )
        )  # fmt: skip
    return sorted(rows, key=lambda r: (r.file, r.line))


def _first_line(model: Model, handler: Handler) -> int:
    """A page without functions stands at its first call to the provider, or at its top."""
    places = [(fn, i) for fn, i, _ in (*handler.closure.verifiers, *handler.closure.operations) if fn == handler.entry.target.fn]
    body = model.program.body(handler.entry.target.fn)
    return min((body.line[i] for _, i in places), default=1) if handler.entry.target.fn.number == TOP else 1


def verified(handler: Handler) -> Literal["yes", "no", "weak"]:
    """Whether the sender is proven: on every path that does something, on some, or on none."""
    walked = handler.walked
    if handler.kind == "redirect-return" and not walked.acts:
        return "yes" if handler.closure.verifiers or any(getattr(k.thing, "confirms", False) for _, _, k in handler.closure.operations) else "no"
    if not walked.proofs:
        return "no"
    if handler.kind == "redirect-return" and walked.acts and not any(h.proven for h in walked.acts):
        return "no"
    if walked.unproven or any(p.how == "search" for p in walked.proofs):
        return "weak"
    return "yes"
