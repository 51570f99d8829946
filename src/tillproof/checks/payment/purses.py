"""Payments by which a customer fills his own purse: what the provider says was paid is added to what he has with the shop."""

from tillproof.checks.payment.amounts import AmountSite
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.purse_names import holds_balance, is_balance
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Element, External, Member, constant, pieces

_MOST = 60


def fills_purse(model: Model, site: AmountSite) -> bool:
    """Whether all that comes of a payment here is that its own sum is added to a balance: who pays more has more, and gets no goods."""
    heard = [h for h in model.handlers.all if site.what == "charge" and site.operation.startswith(f"{h.provider.name} ")]
    touches = [e.touch for h in heard for e in model.effects.of(h.entry.target) if e.touch is not None]
    settles = any(model.words.entity(t.entity) and any(model.words.says_state(n) for n in t.fields) for t in touches)
    return not settles and any(_adds_what_came(model, t) for t in touches)


def _adds_what_came(model: Model, touch: Touch) -> bool:
    """Whether a balance is raised by the sum that a message tells."""
    for name, value in touch.fields.items():
        if value is None or not holds_balance(touch.entity, name):
            continue
        for piece in pieces([value], _MOST, model.evaluator.made_of):
            read = (
                piece.name
                if isinstance(piece, (Member, External))
                else constant(piece.key)
                if isinstance(piece, Element) and piece.key
                else ""
            )
            last = snake((read or "").rpartition(".")[2])
            if model.words.money(last) and not is_balance(last):
                return True
    return False
