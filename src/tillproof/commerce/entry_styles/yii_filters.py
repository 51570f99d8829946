"""What controllers of Yii's first version list as filters, and their rules of access: who may call which action."""

import re
from collections.abc import Iterable, Iterator

from tillproof.commerce.entry_styles.arguments import entries, items, words
from tillproof.commerce.entry_styles.callables import named_class
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import Const, Place, Seq, Value, constant, options
from tillproof.ir.ops import Kind, Op

Filter = tuple[Value, frozenset[str], frozenset[str]]
"""A guard, the methods that it alone stands before (none: all), and those that it does not stand before."""

# ``accessControl + edit, remove``; ``application.filters.StaffFilter -login,logout``
_NAMED = re.compile(r"\s*([\w.]+)\s*(?:([+-])\s*([\w\s,]+))?\s*")
_ANYBODY, _SIGNED_IN = "*", "@"
SIGNED_IN, NAMED = "accessRules:@", "accessRules:named"
"""What is asked of the caller by rules of access: that he is signed in, or that he is one of those whom they name."""


def filters_before(wiring: Wiring, cls: ClassId, method: str, place: Place) -> Iterator[Value]:
    """The filters that run before a method of a controller, each followed by its own method that asks, where it is of a class of ours."""
    for value, only, unless in _filters_of(wiring, cls):
        if (only and method not in only) or method in unless:
            continue
        yield value
        named = named_class(wiring, constant(value) or "", cls.file)
        asks = wiring.method(named, "preFilter", place) if named is not None else None
        if asks is not None:
            yield asks


def _filters_of(wiring: Wiring, owner: ClassId) -> Iterator[Filter]:
    """The filters that a controller's own ``filters()`` lists, or that of a base of ours."""
    for listed in _returned(wiring, owner, "filters"):
        first = listed.items[0] if isinstance(listed, Seq) and listed.items else listed
        told = _NAMED.fullmatch(constant(first) or "")
        if told is None:
            continue
        only, unless = (_methods(told[3].split(",")) if told[2] == sign else frozenset() for sign in "+-")
        if told[1] != "accessControl":
            yield Const(first.at, Kind.STRING, told[1].rpartition(".")[2]), only, unless
            continue
        yield from _rules(wiring, owner, only, unless)


def _rules(wiring: Wiring, owner: ClassId, only: frozenset[str], unless: frozenset[str]) -> Iterator[Filter]:
    """The rules that allow, in order: what none of them allows, the last one denies to everybody."""
    seen = unless
    for rule in _returned(wiring, owner, "accessRules"):
        if "allow" not in words(_parts(rule)):
            continue
        actions = _methods(words([v for told in entries(rule, "actions") for v in items(told)]))
        users = words([v for told in entries(rule, "users") for v in items(told)])
        further = bool(list(entries(rule, "roles"))) or bool(list(entries(rule, "expression")))
        if not (_ANYBODY in users and not further):
            asked = SIGNED_IN if _SIGNED_IN in users and not further else NAMED
            yield Const(rule.at, Kind.STRING, asked), (actions & only if only else actions) or only, seen
        seen |= actions


def _parts(rule: Value) -> list[Value]:
    return [v for o in options(rule) for v in o.parts()]


def _methods(actions: Iterable[str]) -> frozenset[str]:
    return frozenset("action" + a[:1].upper() + a[1:] for name in actions if (a := name.strip()))


def _returned(wiring: Wiring, owner: ClassId, name: str) -> Iterator[Value]:
    """What a method of a controller lists."""
    listing: Fn | None = wiring.evaluator.scope.method(owner, name)
    if listing is None:
        return
    body = wiring.program.body(listing)
    for given in (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0):
        yield from items(wiring.evaluator.value(listing, given))
