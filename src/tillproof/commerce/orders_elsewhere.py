"""Orders that are made in another system, an ERP, a print shop or a carrier's, and that nothing there keeps from being made twice."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names_below import below
from tillproof.flow.values import constant
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# The shop's own number for the order, by which such a system knows it again.
_OWN_NUMBER = re.compile(r"external_?(order_?|reference_?)?(id|number|ref|code)|external_reference", re.IGNORECASE)
_CREATES = "create"
_SOUGHT = re.compile(
    r"(.*_)?(find|search|look_?up|get|fetch|load|exists?|check|is|has|already|existing|known|read|query|count)(_.*)?"
    r"|(.*_)?(existing|imported|synced|created|processed|seen|mapped|done|duplicate)(_.*)?"
)
_ORDER = re.compile(
    r"(.*_)?(orders?|sales?|invoices?|imported|synced|processed|seen|duplicates?|mapping|mapped|exists?|existing|already)(_.*)?"
)


def makes_order(model: "Model", effect: Effect) -> bool:
    """Whether an effect makes an order in a system that takes the same one twice, and nobody has asked before whether it is there."""
    return makes_another(model, effect) and not _is_asked(model, effect)


def makes_another(model: "Model", effect: Effect) -> bool:
    """Whether an effect makes an order in a system that takes the same one twice."""
    if effect.operation is None or effect.kind != "order.write":
        return False
    if not (effect.operation.repeatable == "needs-key" or _tells_to_create(model, effect)):
        return False
    return not _is_named(model, effect)


def _tells_to_create(model: "Model", effect: Effect) -> bool:
    """Whether an RPC is told to create an order: ``execute_kw(…, "sale.order", "create", …)``."""
    body = model.program.body(effect.fn)
    if effect.operation is None or _CREATES not in effect.operation.says or body.op[effect.instr] != Op.CALL:
        return False
    given = [constant(model.evaluator.value(effect.fn, v, effect.ctx)) or "" for _, v in body.call(effect.instr)[1]]
    return _CREATES in given and any(model.words.entity(snake(text.replace(".", "_"))) for text in given)


def _is_named(model: "Model", effect: Effect) -> bool:
    """Whether the order is given a number of the shop's own that the system refuses a second time."""
    return any(_OWN_NUMBER.fullmatch(t) for place in effect.way for t in model.vocabulary.tokens(place.fn))


def _is_asked(model: "Model", effect: Effect) -> bool:
    """Whether a condition on the way hangs on what was looked up of orders, here or there."""
    atoms = flat([a for held in model.effects.held(effect) for a in model.conditions.behind(held)])
    return any(atom.truth is not None and _looks_up(model, atom) for atom in atoms)


def _looks_up(model: "Model", atom: Atom) -> bool:
    """Whether a condition names orders that were looked up: variables, members and the calls that gave them."""
    body = model.program.body(atom.fn)
    asked = (n for n in below(model, atom.fn, atom.instr) if body.op[n] != Op.CONST)
    names = (snake(body.name(n).rpartition(".")[2]) for n in asked)
    return any(_SOUGHT.fullmatch(name) and _ORDER.fullmatch(name) for name in names)
