"""Orders and payments that a view takes over as they are sent, by what it inherits alone: their sums, and that they are paid."""

import re
from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.plain_views import PlainView, plain_views
from tillproof.flow.program import ClassId

_LESSER = re.compile(r"refund|tax|fee|discount|shipping")


def sums_as_sent(model: Model) -> Iterator[Ruling]:
    """One ruling of ``payment/client-amount`` per class by which customers fill in what an order costs."""
    seen: set[ClassId] = set()
    for found in _open(model):
        columns = [c for c in found.columns if model.words.money(c) and _LESSER.search(snake(c)) is None]
        if not columns or found.fills in seen:
            continue
        seen.add(found.fills)
        ruling = _begun("payment/client-amount", model, found, columns[0])
        ruling.title = "The client chooses what he pays"
        ruling.message = (
            f"`{columns[0]}` is among the fields that `{model.program.cls(found.fills).name}` takes from a request, and "
            f"`{model.program.cls(found.view).name}` stores them as they are sent ({found.does}): whoever owns the order sends another "
            "sum, one cent included, and pays that."
        )
        how = remedies.code(model, found.fills.file, "load")
        ruling.remediation = (
            f'Put `"{columns[0]}"` into `Meta.read_only_fields`, and compute it from the stored prices where the order is made, as in '
            f"{how}."
        )
        yield ruling


def paid_as_sent(model: Model) -> Iterator[Ruling]:
    """One ruling of ``payment/fulfil-on-redirect`` per class by which customers say that an order is paid."""
    seen: set[ClassId] = set()
    for found in _open(model):
        state = next((c for c in found.columns if _may_be_paid(model, found, c)), "")
        if not state or found.fills in seen:
            continue
        seen.add(found.fills)
        ruling = _begun("payment/fulfil-on-redirect", model, found, state)
        ruling.title = "A request of the customer marks the order as paid"
        ruling.message = (
            f"`{state}` is among the fields that `{model.program.cls(found.fills).name}` takes from a request, and "
            f"`{model.program.cls(found.view).name}` stores them as they are sent ({found.does}); no payment system is asked whether money "
            "came: whoever sends that his order is paid gets it for nothing."
        )
        ruling.remediation = (
            f'Put `"{state}"` into `Meta.read_only_fields`, and set it only where the payment system has confirmed that money came.'
        )
        yield ruling


def _open(model: Model) -> Iterator[PlainView]:
    """The views that customers may send to; a change goes before what makes a record."""
    found = [v for v in plain_views(model) if v.role in ("public", "customer")]
    yield from sorted(found, key=lambda v: v.does != "update")


def _begun(check: str, model: Model, found: PlainView, column: str) -> Ruling:
    """The frame of a finding at the list that lets a column be sent."""
    declared, (file, line) = model.program.cls(found.view), found.listed
    ruling = Ruling(check, "broken", "order-total" if check.endswith("amount") else "client-route", file, line)
    ruling.severity, ruling.confidence = "critical", "likely"
    ruling.anchor = (file, line, line)
    ruling.evidence = [
        Evidence(file, line, f"`{column}` may be filled in by who sends the request ({found.role})", "source"),
        Evidence(found.view.file, declared.line, f"its inherited `{found.does}` stores what was sent", "sink"),
    ]
    return ruling


def _may_be_paid(model: Model, found: PlainView, column: str) -> bool:
    """Whether a column says that something is paid, or holds states of which one is that, as far as they are written down."""
    if model.words.has("paid_fields", column):
        return True
    states = model.state_codes.choices(found.kind, column) if model.words.says_state(column) else None
    return states is not None and (not states or any(model.words.has(kind, s) for s in states for kind in ("paid_values", "fulfil_values")))
