"""Where a body gives a value a name: variables, fields, keys, arguments, what a function like ``define`` is told."""

from collections.abc import Iterator
from typing import NamedTuple

from tillproof.flow.defuse import DefUse
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

# Calls whose first argument names the second: what is set so, or what stands in for a setting.
_NAMING = frozenset(
    ["define", "set", "setenv", "putenv", "setdefault", "set_config", "add", "put", "config", "get", "getenv", "env", "get_option",
     "getsetting", "get_setting", "getconfig", "get_config", "default",
     "str", "bool", "get_value", "get_str", "get_string"]
)  # fmt: skip
_OF_OBJECT = ("getattr", "setattr")
"""The same, where the first argument is what holds it and the second names it."""
_DEEP = 12
_TRANSLATES = ("__", "_", "_x", "esc_html__", "esc_attr__", "gettext", "gettext_lazy", "trans")
"""Functions that give a text back in the reader's language."""
_CLEANS = ("lower", "upper", "strip", "casefold", "toLowerCase", "toUpperCase", "trim", "toString")
"""Methods of a text that give it back in another spelling."""
_THROUGH = (Op.TEXT, Op.CHOICE, Op.CAST, Op.AWAIT, Op.SPREAD, Op.LIST)


class Slot(NamedTuple):
    """A value (instruction ``value``) that instruction ``holder`` gives a name."""

    name: str
    value: int
    holder: int


def slots(body: Body) -> Iterator[Slot]:
    """Every named value of a body, in order: of variables, fields, keys, named arguments, ``define('A', v)`` and ``getenv('A', v)``."""
    for i, op in enumerate(body.op):
        args = body.args(i)
        if op == Op.STORE:
            yield Slot(body.name(i), args[1], i)
        elif op == Op.SET_FIELD:
            yield Slot(body.text(args[1]), args[2], i)
        elif op == Op.SET_INDEX:
            const = body.const(args[1])
            if const:
                yield Slot(const[1], args[2], i)
        elif op == Op.RECORD:
            for k, v in zip(args[::2], args[1::2], strict=True):
                key = _key(body, k)
                if key:
                    yield Slot(key, v, i)
        elif op in (Op.CALL, Op.NEW):
            yield from _given(body, i)


def _given(body: Body, i: int) -> Iterator[Slot]:
    callee, arguments = body.call(i)
    for name, value in arguments:
        if name and name not in ("*", "**"):
            yield Slot(name, value, i)
    called = body.called(i).lower()
    if len(arguments) >= 2 and called in _NAMING:
        key = _key(body, arguments[0][1])
        if key:
            yield Slot(key, arguments[1][1], i)
    elif len(arguments) == 3 and (called.endswith("_setopt") or called in _OF_OBJECT):
        key = _key(body, arguments[1][1])
        if key:
            yield Slot(key, arguments[2][1], i)
    elif len(arguments) == 1 and called.startswith("set") and len(called) > 4 and body.op[callee] == Op.FIELD:
        yield Slot(body.name(callee)[3:].lstrip("_"), arguments[0][1], i)


def _key(body: Body, i: int) -> str | None:
    """A key's text, or the name of the constant that is one."""
    if i < 0:
        return None
    const = body.const(i)
    if const:
        return const[1]
    return body.name(i).rpartition(".")[2] if body.op[i] in (Op.NAME, Op.FIELD) and body.name(i).isupper() else None


def names_around(body: Body, defuse: DefUse, i: int) -> list[str]:
    """The names that a value stands under, the nearest first: of ``services = {stripe: {secret: v}}`` secret, stripe, services."""
    found: list[str] = []
    here = i
    for _ in range(_DEEP):
        user = next(iter(defuse.uses(here)), None)
        if user is None:
            break
        op, args = body.op[user], body.args(user)
        if op == Op.RECORD:
            keys = [body.const(k) for k, v in zip(args[::2], args[1::2], strict=True) if v == here]
            found += [key[1] for key in keys if key]
        elif op == Op.STORE:
            found += reversed(body.name(user).split("."))
            break
        elif op == Op.SET_FIELD:
            found += [body.text(args[1]), *_chain(body, args[0])] if here == args[2] else []
            break
        elif op == Op.SET_INDEX:
            key = body.const(args[1])
            found += [*([key[1]] if key else []), *_chain(body, args[0])] if here == args[2] else []
            break
        elif op == Op.CALL and body.op[args[0]] == Op.NAME and body.name(args[0]) in _TRANSLATES:
            pass  # `'default' => __('sandbox', 'shop')`
        elif op in (Op.CALL, Op.NEW):
            callee = args[0]
            found += [slot.name for slot in _given(body, user) if slot.value == here]
            found += _chain(body, callee)
            if op == Op.CALL and body.op[callee] != Op.FIELD:
                break  # what a function makes of it is another value
        elif op == Op.FIELD and here == args[0] and body.name(user) in _CLEANS:  # `(given or "sandbox").lower()`
            cleaned = next((u for u in defuse.uses(user) if body.op[u] == Op.CALL and body.args(u)[0] == user), None)
            if cleaned is None:
                break
            user = cleaned
        elif op not in _THROUGH:
            break
        here = user
    return found


def _chain(body: Body, i: int) -> list[str]:
    """The parts of a dotted name, the last one first."""
    parts: list[str] = []
    while i >= 0 and body.op[i] in (Op.FIELD, Op.NAME, Op.CALL, Op.INDEX):
        if body.op[i] == Op.FIELD:
            parts.append(body.name(i))
        elif body.op[i] == Op.NAME:
            parts += reversed(body.name(i).split("."))
            break
        i = body.args(i)[0]
    return parts
