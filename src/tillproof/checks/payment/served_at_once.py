"""Orders that are made right behind the call that begins their payment: they are there whatever becomes of it."""

from tillproof.checks.payment.settlement import Integration
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.model import Model

_MOST_ENTRIES = 6
_MOST_PLACES = 4
_MADE = ("order", "booking", "purchase", "subscription")


def served_at_once(model: Model, integration: Integration) -> list[Place]:
    """Where an entry point that begins a payment goes on to make the order, in the innermost function that does both."""
    found: dict[tuple[object, int], Place] = {}
    for site in integration.creates:
        for entry in model.entries_to(site.fn)[:_MOST_ENTRIES]:
            effects = model.effects.of(entry.target)
            begun = next((n for n, e in enumerate(effects) if (e.fn, e.instr) == (site.fn, site.instr)), None)
            for effect in effects[begun + 1 :] if begun is not None else ():
                if begun is not None and _makes_order(model, effect) and (place := _where(effects[begun], effect)) is not None:
                    found.setdefault((place.fn, place.instr), place)
    return list(found.values())[:_MOST_PLACES]


def _makes_order(model: Model, effect: Effect) -> bool:
    touch = effect.touch
    if touch is None or touch.kind != "create" or model.words.has("outgoing_entities", touch.entity):
        return False
    return touch.entity.rpartition("_")[2] in _MADE


def _where(begun: Effect, effect: Effect) -> Place | None:
    """The line of the innermost function on both ways that leads to the second effect."""
    both = {place.fn for place in begun.way}
    return next((place for place in effect.way if place.fn in both), None)
