"""``pci/card-data-on-server``: a card's number, code and stripe never reach our server."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.pci.hosted_fields import instead
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.card_pages import CardField
from tillproof.commerce.card_uses import CardUse
from tillproof.commerce.model import Model
from tillproof.flow.program import TOP

_MOST = 6
_WHAT = {"number": "the card number", "code": "the security code", "track": "the card's track data"}
_HOW = {
    "request": "read from the request",
    "form": "taken from the request into a form or body of ours",
    "object": "put into or taken from a card object on our server",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per place that takes card data, and one per unit and provider whose own page or form takes it instead."""
    uses = model.card_uses.all
    fields = model.card_pages.fields
    for group in _sent_alike(model, _grouped(uses)):
        yield _taken(model, group, fields)
    known = {u.name.lower() for u in uses}
    for file in dict.fromkeys(f.file for f in fields):
        here = [f for f in fields if f.file == file]
        if not any(f.to == "ours" and f.name.lower() in known for f in here):
            yield _entered(model, here)
    yield from _hosted(model)


def _grouped(uses: list[CardUse]) -> list[list[CardUse]]:
    """The uses of one class, or of one function outside of classes, are one place."""
    groups: dict[tuple[str, str, int], list[CardUse]] = {}
    for use in uses:
        key = ("class", use.cls.number) if use.cls is not None else ("function", use.fn.number if use.fn else -2)
        groups.setdefault((use.file, *key), []).append(use)
    return list(groups.values())


def _sent_alike(model: Model, groups: list[list[CardUse]]) -> list[list[CardUse]]:
    """What several places of a unit read of the same field of a request is one flaw: the form has that field."""
    found: list[list[CardUse]] = []
    by_field: dict[tuple[str, str], list[CardUse]] = {}
    for group in groups:
        unit = model.program.files[group[0].file].unit
        sent = [(unit, u.name.lower()) for u in group if u.kind != "object" and not _is_staff(model, u)]
        into = next((by_field[key] for key in sent if key in by_field), None)
        if into is None:
            found.append(into := [])
        into += group
        by_field.update({key: into for key in sent if key not in by_field})
    return found


def _comes_in(use: CardUse) -> bool:
    """Whether this is where the request arrives: a form, a page, an entry point."""
    return use.kind == "form" or use.entry is not None or (use.fn is not None and use.fn.number == TOP)


def _is_staff(model: Model, use: CardUse) -> bool:
    return use.fn is not None and use.fn.number != TOP and model.staff_only(use.fn)


def _taken(model: Model, group: list[CardUse], fields: list[CardField]) -> Ruling:
    first = min(group, key=lambda u: (u.kind == "object", not _comes_in(u), u.file, u.line))
    ruling = Ruling("pci/card-data-on-server", "broken", "card-data", first.file, first.line)
    names = {u.name.lower() for u in group}
    for field in [f for f in fields if f.to == "ours" and f.name.lower() in names][:_MOST]:
        ruling.evidence.append(Evidence(field.file, field.line, f"the customer enters {_WHAT.get(field.part, 'card data')} here", "source"))
    for use in _shown(group):
        ruling.evidence.append(
            Evidence(use.file, use.line, f"{_WHAT.get(use.part, 'card data')} (`{use.name}`) is {_HOW[use.kind]}", "sink")
        )
    parts = list(dict.fromkeys(_WHAT.get(u.part, "card data") for u in group))
    staff = _is_staff(model, first)
    ruling.severity = "high" if staff else "critical"
    ruling.confidence = "certain" if any(u.kind == "request" or u.entry for u in group) else "likely"
    ruling.anchor = (first.file, first.line, first.line)
    ruling.title = "Card data reaches our server"
    ruling.message = (
        f"{' and '.join(parts).capitalize()} {'is' if len(parts) == 1 else 'are'} {_HOW[first.kind]}: every system that this code runs "
        "on or is connected to comes into the scope of PCI DSS (SAQ D), and whoever breaks into it reads the cards of everyone who pays."
        + (" Only staff reach it, which bounds who enters cards here and changes nothing of the scope." if staff else "")
    )
    ruling.remediation = (
        f"Keep cards away from the server: {instead(model, first.file)}. Remove these fields from the form, the request and the code."
    )
    return ruling


def _shown(group: list[CardUse]) -> list[CardUse]:
    """The uses that are shown: the first ones of each file in turn."""
    by_file: dict[str, list[CardUse]] = {}
    for use in group:
        by_file.setdefault(use.file, []).append(use)
    ranks = {(u.file, u.line, u.name): (n, u.file, u.line) for uses in by_file.values() for n, u in enumerate(uses)}
    kept = sorted(group, key=lambda u: ranks[u.file, u.line, u.name])[:_MOST]
    return sorted(kept, key=lambda u: (u.file, u.line))


def _entered(model: Model, fields: list[CardField]) -> Ruling:
    """Fields of a page that nothing on our side is seen to read."""
    first = next((f for f in fields if f.to == "ours"), fields[0])
    ruling = Ruling("pci/card-data-on-server", "held", "card-form", first.file, first.line)
    if first.to == "provider":
        ruling.evidence.append(
            Evidence(first.file, first.line, "the page sends the card itself to the provider; our server gets a token", "guard")
        )
        return ruling
    if first.to == "unseen":
        ruling.outcome = "unknown"
        ruling.question = Evidence(
            first.file, first.line, f"Where does what is entered in `{first.name}` go: to our server, to the provider, or nowhere?"
        )
        return ruling
    ruling.outcome, ruling.severity = "broken", "critical"
    ruling.confidence = "likely"
    ruling.evidence = [
        Evidence(f.file, f.line, f"a form field of our own for {_WHAT.get(f.part, 'card data')}", "source") for f in fields[:_MOST]
    ]
    ruling.anchor = (first.file, first.line, first.line)
    ruling.title = "A form of our own sends card data to our server"
    ruling.message = (
        f"The field `{first.name}` is part of a form that is sent to us and not to the provider: the card number crosses our server, its "
        f"logs and its "
        "proxies, which makes all of them subject to PCI DSS (SAQ D)."
    )
    ruling.remediation = f"Take the card fields out of the form: {instead(model, first.file)}."
    return ruling


def _hosted(model: Model) -> Iterator[Ruling]:
    """What keeps the card away from us: a page that the provider hosts, or its own form in ours."""
    seen: set[tuple[str, str]] = set()
    for place in model.card_scope.of("provider page", "provider form"):
        key = (place.system, model.program.files[place.file].unit)
        if key not in seen:
            seen.add(key)
            yield _kept_away(place.file, place.line, place.note)


def _kept_away(file: str, line: int, note: str) -> Ruling:
    ruling = Ruling("pci/card-data-on-server", "held", "card-entry", file, line)
    ruling.evidence.append(Evidence(file, line, note, "guard"))
    return ruling


CHECK = Check(id="pci/card-data-on-server", title="No card data reaches our server", severity="critical", rule=rule)
