"""Payments by which a customer fills his own purse: what the provider says was paid is added to what he has with the shop."""

import re

from tillproof.checks.payment.amounts import AmountSite
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.purse_names import holds_balance, is_balance
from tillproof.commerce.touches import Touch
from tillproof.flow.values import Element, External, Member, constant, pieces

_MOST = 60
_PAYMENT = re.compile(r"(\w+_)?(payment|transaction|top_?up|deposit)")
_BALANCE = re.compile(r"((get|calc|calculate|compute|current|total|available|own)_)*balance")


def fills_purse(model: Model, site: AmountSite) -> bool:
    """Whether all that comes of a payment here is that its own sum is added to a balance: who pays more has more, and gets no goods."""
    if site.what == "order-total":
        return _is_summed_up(model, site)
    heard = [h for h in model.handlers.all if site.what == "charge" and site.operation.startswith(f"{h.provider.name} ")]
    touches = [e.touch for h in heard for e in model.effects.of(h.entry.target) if e.touch is not None]
    settles = any(model.words.entity(t.entity) and any(model.words.says_state(n) for n in t.fields) for t in touches)
    return not settles and any(_adds_what_came(model, t) for t in touches)


def _is_summed_up(model: Model, site: AmountSite) -> bool:
    """Whether a balance is what the rows of payments come to, of which a sum is stored: ``getBalance()`` adds up ``transactions``."""
    touch = model.records.touch(site.fn, site.instr, site.ctx)
    kind = (
        touch.entity if touch is not None else model.records.holder(site.fn, model.program.body(site.fn).args(site.instr)[0], site.ctx)[0]
    )
    if not kind or _PAYMENT.fullmatch(kind) is None:
        return False
    named = model.program.functions_by_name
    balances = (fn for name, functions in named.items() if _BALANCE.fullmatch(snake(name)) for fn in functions)
    return any({f"{kind}s", site.key} <= model.vocabulary.tokens(fn) for fn in balances)


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
