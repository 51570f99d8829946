"""Sums that are charged as they stand in a document which the customer's own browser may write."""

from tillproof.checks.payment.amounts import AmountSite
from tillproof.checks.payment.bounds import barrier
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import lines
from tillproof.commerce.effects import Place
from tillproof.commerce.model import Model
from tillproof.flow.values import Member, Result, options, pieces

_MOST = 60


def written_by_its_buyer(model: Model, site: AmountSite) -> Ruling | None:
    """The ruling on a charge whose sum is read from such a document: the server asks its own database and is told what the buyer wrote."""
    for piece in pieces([site.value], _MOST, model.evaluator.made_of):
        if not isinstance(piece, Member) or not model.words.money(piece.name) or barrier(model, site, piece.name) is not None:
            continue
        for holder in options(piece.base):
            read = model.records.read_behind(holder) if isinstance(holder, Result) else None
            opened = model.document_rules.open(read.entity) if read is not None else None
            if read is not None and opened is not None:
                return _broken(model, site, piece, read.entity, opened)
    return None


def _broken(model: Model, site: AmountSite, sum_: Member, kind: str, opened: tuple[str, int]) -> Ruling:
    place = Place(site.fn, site.instr, site.ctx)
    ruling = Ruling("payment/client-amount", "broken", site.what, site.fn.file, lines(model, place)[1])
    ruling.severity, ruling.confidence = "critical", "likely"
    ruling.anchor = lines(model, place)
    kind = kind.replace("_", " ")
    ruling.title = "What is charged stands where the customer writes"
    ruling.message = (
        f"`{sum_.name}` of the {kind} is charged as it stands in the database, and the database's rules let the customer write the {kind} "
        "himself, every field of it: who sets it to one cent from the browser's console buys the same goods for one cent."
    )
    ruling.remediation = (
        f"Compute the sum here from the prices of the products, by the ids and quantities in the {kind}; or let the rules refuse a change "
        "of its sums and prices, and have the server write them."
    )
    ruling.evidence = [
        Evidence(*opened, f"the customer may write every field of the {kind}", "source"),
        Evidence(*sum_.at, f"`{sum_.name}` is read from it", "step"),
        at(model.program, site.fn, site.instr, f"charged ({site.operation})", "sink"),
    ]
    return ruling
