"""Literals that stand where a mode does and open no test world: an answer of an error, a form before it is filled, a name for a value."""

from typing import TYPE_CHECKING

from tillproof.commerce.defaults_unmet import is_unmet
from tillproof.commerce.lexicon import snake
from tillproof.flow.defuse import DefUse
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEP = 6
# Calls by which pages keep what somebody types.
_STATES = ("useState", "useForm", "useReducer", "useFormik", "ref", "reactive", "createSignal")
_SWITCHED = ("true", "1", "yes", "on")


def opens_nothing(model: "Model", fn: Fn, i: int, name: str) -> bool:
    """Whether a literal that stands under the name of a mode opens nothing all the same."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    return (
        _only_asks(model.program.sources[fn.file])
        or _begins_form(body, defuse, i)
        or _is_excuse(model, fn, i)
        or _is_its_own_name(name, body.name(i).strip("'\""))
        or (
            not model.words.has("live_switches", name)  # where the live world is what is asked for, a no is the test world
            and any(body.op[use] == Op.CALL and is_unmet(body, defuse, use, i) for use in defuse.uses(i))
        )
    )


def _only_asks(source: bytes) -> bool:
    """Whether a browser file only asks a wallet if this device can pay, and takes no payment by it."""
    return b"isReadyToPay" in source and b"loadPaymentData" not in source


def _is_excuse(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a mode is what the handler of an exception answers with, beside an id that is empty."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    used = next(iter(defuse.uses(i)), -1)
    caught = used >= 0 and body.op[used] == Op.RECORD and any(defuse.block_of[i] in h.blocks for h in model.failures.catches(fn))
    return caught and any((const := body.const(v)) is not None and not const[1].strip("'\"") for v in body.args(used)[1::2])


def _begins_form(body: Body, defuse: DefUse, i: int) -> bool:
    """Whether a literal is what a page's state begins with, until what is stored has been loaded: ``useState({ test_mode: true })``."""
    here: int | None = i
    for _ in range(_DEEP):
        if here is None or body.op[here] == Op.CALL:
            break
        here = next((u for u in defuse.uses(here) if body.op[u] in (Op.RECORD, Op.CALL)), None)
    return here is not None and body.op[here] == Op.CALL and body.called(here) in _STATES


def _is_its_own_name(name: str, value: str) -> bool:
    """Whether a constant only gives a value a name that says which it is: ``const MODE_TEST = 'test'``."""
    return name.isupper() and not value.isupper() and value.lower() not in _SWITCHED and snake(value) in snake(name).split("_")
