"""The states of orders and payments that a platform's own functions are told, by a word, a setting of the shop or a transition."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.values import CONVERSIONS, ClassV, Const, Ctx, Element, Member, Mix, Result, Value, constant, names, options
from tillproof.ir.ops import Kind
from tillproof.knowledge.schema import Effect

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_STATE_ID = re.compile(r"stat(e|us)(_id)?$")
_SETTLED = re.compile(
    r"(^|_)(paid|os_(ws_)?payment|complete[d]?|success(ful)?|captured|settled|charged|approved|accepted|authori[sz]ed)(_|$)"
)
_OF_SHOP = re.compile(r"config_|default_")  # the state in which the shop makes its orders
_MOST_SETTINGS = 12
_OF_ENUM = ("from", "tryFrom")
UNSETTLED = re.compile(
    r"await|pending|_open|wait|error|fail|cancel|refund|unpaid|bankwire|cheque|transfer|preparation|cod_?valid|declin|denied|reject|void"
    r"|expire|revers|charge_?back|partial|review|unsuccess"
)
"""What a shop's settings call the states of an order that is not paid."""


def by_platform(model: "Model", effect: Effect, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[tuple[str, Value, bool]]:
    """(field, value, whether it is the setting that the shop keeps a paid state in) of the states that a platform's function is handed."""
    arguments = [v for _, v in model.program.body(fn).call(i)[1]]
    for name, place in effect.writes.items():
        if place.isdigit() and int(place) < len(arguments) and _STATE_ID.search(name):
            value = model.evaluator.value(fn, arguments[int(place)], ctx)
            set_to = [snake(setting(model, o)) for o in options(value)]
            yield name.removesuffix("_id"), value, any(_SETTLED.search(s) and not UNSETTLED.search(s) for s in set_to)


def transitions(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> Iterator[Value]:
    """The words of the transitions of a payment that a state machine is told by their constants."""
    marks = [mark for framework in model.wiring.active.of(fn.file) for mark in framework.transitions]
    if not marks:
        return
    for _, v in model.program.body(fn).call(i)[1]:
        for name in (n for option in options(model.evaluator.value(fn, v, ctx)) for n in names(option)):
            told = (name.rpartition(mark)[2] for mark in marks if mark in name)
            yield from (Const((fn.file, 0), Kind.STRING, word.lower()) for word in told)


def setting(model: "Model", value: Value) -> str:
    """The name of the setting that a value is read from: ``Configuration::get('PS_OS_CHEQUE')``."""
    while isinstance(value, Mix) and value.op in CONVERSIONS:
        value = value.operands[0]
    if not isinstance(value, Result) or value.instr < 0 or not model.recogniser.result_is("config", value):
        return ""
    given = model.evaluator.arguments(value)
    return snake((constant(given[0][1]) if given else None) or "")


def unconverted(model: "Model", value: Value) -> Iterator[Value]:
    """What a value may be, whatever kind of number or text, or which member of an enumeration, it is made into: ``(int)$state``,
    ``OrderStatus::from($state)``, ``OrderStatus[state]``."""
    for option in options(value):
        if isinstance(option, Mix) and option.op in CONVERSIONS:
            yield from unconverted(model, option.operands[0])
        elif (word := _word_of_member(model, option)) is not None:
            yield from unconverted(model, word)
        else:
            yield option


def _word_of_member(model: "Model", value: Value) -> Value | None:
    """The word by which a member of an enumeration of ours is found."""
    if isinstance(value, Element) and isinstance(value.base, ClassV):
        return value.key
    if not isinstance(value, Result) or value.instr < 0 or not isinstance(value.callee, Member):
        return None
    found = value.callee.name in _OF_ENUM and isinstance(value.callee.base, ClassV)
    return next((v for _, v in model.evaluator.arguments(value)), None) if found else None


def set_to(model: "Model", *values: Value) -> set[str]:
    """The names of the settings that values may be read from; among them an empty one where a value may be something else."""
    found: set[str] = set()
    waiting = [o for value in values for o in options(value)]
    while waiting and len(found) < _MOST_SETTINGS:
        here = waiting.pop()
        if isinstance(here, Mix) and here.op in CONVERSIONS:
            waiting += options(here.operands[0])
        else:
            found.add(setting(model, here))
    return found


def chosen_state(model: "Model", touch: Touch) -> bool:
    """Whether an order is put into a state that the shop's owner chose in the settings of a way to pay, unless its name says that it waits
    or failed: ``config->get('payment_acme_order_status_id')``."""
    if touch.kind != "write" or not model.words.entity(touch.entity):
        return False
    values = [v for name, v in touch.fields.items() if v is not None and model.words.says_state(name.removesuffix("_id"))]
    return any(name and not UNSETTLED.search(name) and not _OF_SHOP.match(name) for v in values for name in set_to(model, v))


def state_kept(model: "Model", value: Value) -> str | None:
    """The state that a setting of the shop stands for, by the setting's name: ``config->get('payment_acme_pending_status_id')``."""
    name = setting(model, value)
    if not name:
        return None
    if _SETTLED.search(name) and not UNSETTLED.search(name):
        return "paid"
    kinds = ("dead_values", "open_values", "fulfil_values")
    return next((word for word in reversed(name.split("_")) if any(model.words.has(kind, word) for kind in kinds)), None)
