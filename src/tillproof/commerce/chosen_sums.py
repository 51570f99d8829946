"""The sum and the currency that were paid, among the columns by which a statement chooses the record that it marks as paid:
``UPDATE orders SET status = 'paid' WHERE reference = ? AND total = ? AND currency = ?``. Another sum leaves it as it was."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom
from tillproof.flow.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from tillproof.commerce.effects import Effect
    from tillproof.commerce.model import Model

_CURRENCY = re.compile(r"(\w+_)?currency(_\w+)?|(\w+_)?ccy")
_FEW = 12


def chosen_by_sum(model: "Model", effect: "Effect", told: "Callable[[Value], bool]") -> tuple[list[Atom], list[Atom]]:
    """The statement as the comparison of the amount, and of the currency, that it makes. ``told``: whether a provider answered a value."""
    touch = effect.touch
    if touch is None or touch.kind not in ("write", "upsert"):
        return [], []
    came = [k for k, v in touch.keys.items() if model.requests.sources_in(v, _FEW) or told(v)]
    here = Atom(touch.fn, touch.instr, True, touch.ctx)
    amount = any(model.words.money(k) for k in came)
    return [here] if amount else [], [here] if any(_CURRENCY.fullmatch(k) for k in came) else []
