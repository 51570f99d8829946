"""Articles that are made for an order of what its request says, and whose price is then read back as the shop's own."""

from collections.abc import Iterator

from tillproof.checks.payment.amounts import AmountSite, chosen_by_client
from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import KEEPS, ORDERS
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn

MADE = "article made for the order"
_BEGIN = ("payment.create", "checkout.create", "subscription.create")


def made_articles(model: Model) -> Iterator[AmountSite]:
    """The prices of articles that a customer's request makes and orders at once. Where it only makes them, somebody offers what is his."""
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries:
        if entry.role not in ("public", "customer"):
            continue
        effects = model.effects.of(entry.target)
        if not any(_orders(e) for e in effects):
            continue
        for effect in effects:
            if (effect.fn, effect.instr) not in seen and (site := _priced(model, effect)) is not None:
                seen.add((effect.fn, effect.instr))
                yield site


def _orders(effect: Effect) -> bool:
    """Whether an effect makes an order, or begins to pay for one."""
    touch = effect.touch
    return effect.kind in _BEGIN or (touch is not None and touch.kind == "create" and ORDERS.fullmatch(touch.entity) is not None)


def _priced(model: Model, effect: Effect) -> AmountSite | None:
    """The price that the request says of an article which is made."""
    touch = effect.touch
    if touch is None or touch.kind not in ("create", "upsert") or not KEEPS.fullmatch(touch.entity) or model.words.entity(touch.entity):
        return None
    for name, value in touch.fields.items():
        if value is not None and model.words.money(snake(name)) and chosen_by_client(model, value):
            return AmountSite("article", MADE, effect.fn, effect.instr, value, True, name, effect.ctx)
    return None
