"""States that whoever updates a record may send, by what a view inherits, or a list of records lets be set, alone."""

from collections.abc import Iterator

from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.edited_lists import edited_lists
from tillproof.commerce.entities import entity
from tillproof.commerce.model import Model
from tillproof.commerce.plain_views import plain_views
from tillproof.flow.values import Place


def sent_states(model: Model) -> Iterator[Ruling]:
    """One ruling per list that lets the state of an order be set as it is sent: of the fields of a view, or of the records of a page."""
    yield from _by_views(model)
    yield from _by_lists(model)


def _by_views(model: Model) -> Iterator[Ruling]:
    """Lists of fields that let the state be sent with the rest of an order; of several views that go by one, that of the one that most
    people may call."""
    seen: set[Place] = set()
    for found in sorted(plain_views(model), key=lambda v: v.role not in ("public", "customer")):
        field = next((c for c in found.columns if model.words.says_state(c)), "") if found.does == "update" else ""
        if not field or found.listed in seen:
            continue
        seen.add(found.listed)
        declared, kind = model.program.cls(found.view), model.program.cls(found.kind)
        name = entity(kind.name).replace("_", " ")
        outside = found.role in ("public", "customer")
        ruling = Ruling("order/unguarded-transition", "broken", found.role, found.view.file, declared.line)
        ruling.severity, ruling.confidence = "high" if outside else "medium", "likely"
        file, line = found.listed
        ruling.anchor = (file, line, line)
        ruling.title = f"The {name} becomes the state that the request names whatever state it is in"
        ruling.message = (
            f"`{declared.name}` writes what is sent into the {name}, and `{field}` is one of the fields that may be sent: "
            f"{'a customer' if outside else 'whoever has the right'} sets any state from any other, an order that was refunded to paid or "
            "one that was sent to cancelled, so money and goods no longer agree with what the order says."
        )
        ruling.remediation = (
            f"Make `{field}` a field that is only shown (`read_only_fields`, or leave it out), and change it in an action of its own "
            "that looks at the present state first."
        )
        ruling.evidence = [
            Evidence(found.view.file, declared.line, f"`{declared.name}`: called by {found.role}", "source"),
            Evidence(found.kind.file, kind.line, f"`{field}` of the {name} is written as it was sent", "sink"),
            Evidence(file, line, "the present state is not asked for", "missing"),
        ]
        yield ruling


def _by_lists(model: Model) -> Iterator[Ruling]:
    """Lists of records in which staff may set the state of any of them."""
    for listed in edited_lists(model):
        name = entity(model.program.cls(listed.kind).name).replace("_", " ")
        declared, (file, line) = model.program.cls(listed.cls), listed.place
        ruling = Ruling("order/unguarded-transition", "broken", listed.role, listed.cls.file, declared.line)
        ruling.severity, ruling.confidence = "medium", "likely"
        ruling.anchor = (file, line, line)
        ruling.title = f"The {name} becomes any state in the list of all of them"
        ruling.message = (
            f"`{listed.member}` of `{declared.name}` lets staff set the `{listed.field}` of any {name} in the list, from any state to "
            "any other and without what belongs to it: an unpaid order counts as paid, one that was refunded or sent is open again, so "
            "money and goods no longer agree with what the order says."
        )
        ruling.remediation = (
            f"Only show `{listed.field}` in the list, and change it in an action that looks at the present state first and does what "
            "the new one means."
        )
        ruling.evidence = [
            Evidence(listed.cls.file, declared.line, f"`{declared.name}`: called by {listed.role}", "source"),
            Evidence(file, line, f"`{listed.field}` is set as it was sent, and the present state is not asked for", "missing"),
        ]
        yield ruling
