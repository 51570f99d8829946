"""What an object of a package's class is given call by call: ``$amount->setTotal($sum)``, ``request.requestBody({…})``,
``(new Payment())->setIntent('sale')->setTransactions([…])``. Its class is not in the repository; what its setters are named after is."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.asked import reads
from tillproof.flow.values import External, Member, Result, Value, choice, names, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_CLASS = re.compile(r"(^|\.)[A-Z]\w*[a-z]\w*$")
_SETTER = re.compile(r"set_?([A-Z]\w*|(?<=_)[a-z]\w*)")
_WHOLE = re.compile(r"(set)?_?(request_?)?body", re.IGNORECASE)
_LONGEST = 40
_BUILDS = frozenset(["build", "create", "make", "getRequest"])
_GETTER = re.compile(r"get_?([A-Z]\w*|(?<=_)[a-z]\w*)")

Given = tuple[str, Value, bool]
"""A key, its value, and whether it is given on every way on which the object is made."""


def is_made(value: Value) -> bool:
    """Whether a value is an object of a class that a package declares."""
    if not isinstance(value, Result) or value.instr < 0 or not isinstance(value.callee, External):
        return False
    return value.new or _CLASS.search(value.callee.name) is not None


def made_in_chain(value: Result) -> Result | None:
    """The object that a chain of setters began with, where the value is what the last of them gives back."""
    here: Value = value
    for _ in range(_LONGEST):
        if is_made(here) and isinstance(here, Result):
            return here
        if not isinstance(here, Result) or not isinstance(here.callee, Member) or not key_of(here.callee.name):
            return None
        here = here.callee.base
    return None


def key_of(method: str) -> str:
    """The key that a setter is named after, in lower camel case; ``body`` for one that takes the whole of a request; empty for others."""
    if _WHOLE.fullmatch(method):
        return "body"
    found = _SETTER.fullmatch(method)
    return found[1][0].lower() + found[1][1:] if found else ""


def told_in_chain(evaluator: "Evaluator", callee: Value) -> Value | None:
    """What a getter of an object gives that a builder made in one chain: ``$transfer->getHeaders()`` of ``$builder->setUri($to)
    ->setHeaders([…])->build()``. None where the chain does not tell."""
    found = _GETTER.fullmatch(callee.name) if isinstance(callee, Member) else None
    if found is None or not isinstance(callee, Member):
        return None
    wanted, told = key_of("set" + found[1][0].upper() + found[1][1:]), []
    for option in options(callee.base):
        if not isinstance(option, Result) or not isinstance(option.callee, Member) or option.callee.name not in _BUILDS:
            return None
        given = _given_to(evaluator, option.callee.base, wanted)
        if given is None:
            return None
        told.append(given)
    return choice(callee.at, told) if told else None


def _given_to(evaluator: "Evaluator", here: Value, wanted: str) -> Value | None:
    """What the last setter of that key in a chain is given."""
    for _ in range(_LONGEST):
        if not isinstance(here, Result) or here.instr < 0 or not isinstance(here.callee, Member):
            return None
        if key_of(here.callee.name) == wanted:
            return evaluator.argument(here, 0)
        here = here.callee.base
    return None


def set_on(evaluator: "Evaluator", made: Result) -> Iterator[Given]:
    """What is set on an object in the function that makes it, in the order of the code: by setters in a chain, on the variable that keeps
    it, and by assignments to its members. A key of several words is given as the setter spells it and with underscores."""
    body, defuse = evaluator.program.body(made.fn), evaluator.defuse(made.fn)
    held = [made.instr]
    for store in defuse.uses(made.instr):
        held += reads(body, defuse, store) if body.op[store] == Op.STORE else []
    seen: set[int] = set()
    given: list[tuple[int, str, int]] = []
    while held and len(seen) < _LONGEST:
        here = held.pop()
        if here in seen:
            continue
        seen.add(here)
        for use in defuse.uses(here):
            if body.op[use] == Op.SET_FIELD and body.args(use)[0] == here:
                given.append((use, body.name(use), body.args(use)[2]))
            elif body.op[use] == Op.FIELD and (key := key_of(body.name(use))):
                for call in (c for c in defuse.uses(use) if body.op[c] == Op.CALL and body.args(c)[0] == use):
                    arguments = body.call(call)[1]
                    if len(arguments) == 1:
                        given.append((call, key, arguments[0][1]))
                        held.append(call)
            if body.op[use] == Op.STORE:  # `$payment = $payment->setIntent('sale')`
                held += reads(body, defuse, use)
    for at, key, value in sorted(given):
        same = defuse.block_of[at] == defuse.block_of[made.instr]
        for spelt in dict.fromkeys((key, re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower())):
            yield spelt, evaluator.value(made.fn, value, made.ctx), same


def after_setters(value: Value) -> tuple[str, ...]:
    """Names of a method of a package's object that setters in a chain gave back: ``(new Payment())->setIntent('sale')`` is the payment."""
    if not isinstance(value, Member):
        return ()
    chains = [o for o in options(value.base) if isinstance(o, Result) and isinstance(o.callee, Member)]
    made = [m for o in chains if (m := made_in_chain(o)) is not None]
    return tuple(f"{name}.{value.name}" for m in made for name in names(m))
