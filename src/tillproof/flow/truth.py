"""Which conditions are certain, and which blocks no path reaches because of it."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from tillproof.flow.fixed import ABSENCE, COUNTS, EQUALITY, RANKS, keyed, membership
from tillproof.flow.values import Const, External, Missing, Overlay, Record, Seq, Text, Value, options
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Kind, Op
from tillproof.source.kinds import words

ValueAt = Callable[[int], Value]
"""The value of an instruction of the body at hand."""
_NOT_GIVEN = ""
# A constant of a class: ``OrderTransactionStates::STATE_CANCELLED``, an enumeration's ``Status.Paid``.
_CONSTANT = re.compile(r".*[.\\]([A-Z]\w+)\.([A-Z]\w*)")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TWICE = re.compile(r"(.)\1")
# Words that libraries choose for the same outcome: two constants so named may well hold the same text.
_GOOD = words("PAID SUCES SUCESFUL SUCEDED COMPLETE COMPLETED CONFIRMED CAPTURED SETLED APROVED ACEPTED PROCESED DONE OK")
_BAD = words("CANCELED CANCEL VOID VOIDED EXPIRED FAILED FAIL FAILURE DECLINED REJECTED DENIED REFUSED EROR")


def dead_blocks(body: Body, deciding: AbstractSet[int], leaning: Mapping[int, int], value: ValueAt) -> frozenset[int]:
    """Blocks that no path reaches once the conditions at the end of the ``deciding`` blocks are decided, as far as they are certain.
    From a ``leaning`` block, which asks a member of what stands there, no path leads on when that is nothing."""
    reached = {0}
    waiting = [0]
    while waiting:
        number = waiting.pop()
        block = body.blocks[number]
        certain = truth(body, body.args(block.end - 1)[0], value) if number in deciding else None
        ends = number in leaning and _is_null(value(leaning[number]))
        for kind, target in block.next:
            if ends and kind != EDGE_RAISE:
                continue
            if certain is not None and kind == (EDGE_FALSE if certain else EDGE_TRUE):
                continue
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return frozenset(range(len(body.blocks))) - reached


def _is_null(value: Value) -> bool:
    return isinstance(value, Const) and value.kind == Kind.NULL


def truth(body: Body, i: int, value: ValueAt) -> bool | None:
    """Whether a condition is certainly true or false."""
    op, args = body.op[i], body.args(i)
    if body.negates(i):
        inner = truth(body, args[1], value)
        return None if inner is None else not inner
    if op == Op.BINARY and body.text(args[0]) in EQUALITY:
        equal = certainly_equal(value(args[1]), value(args[2]))
        return None if equal is None else equal == (body.text(args[0]) in ("==", "===", "is"))
    if (asked := membership(body, i)) is not None:
        found = {certainly_equal(value(asked[0]), value(v)) for v in body.args(asked[1])}
        inside = True if True in found else None if None in found else False
        return None if inside is None else inside == asked[2]
    if (key := keyed(body, i)) is not None:
        has = {_has(_plain(o), key[0]) for o in options(value(key[1]))}
        return None if len(has) != 1 or None in has else (True in has) == key[2]
    if op == Op.BINARY and body.text(args[0]) in RANKS:
        return _ranked(body, i, value)
    if (counted := _counted(body, i, value)) is not None:
        return counted > 0
    if op in (Op.NAME, Op.FIELD):
        agreed = {_truthy(_plain(o)) for o in options(value(i))}
        return agreed.pop() if len(agreed) == 1 else None
    if op != Op.CALL or body.op[args[0]] != Op.NAME:
        return None
    name = body.name(args[0])
    if name == "function_exists":
        return True  # what a current runtime has; the other arm is for those of long ago
    if name in ABSENCE and len(body.call(i)[1]) == 1:
        asked_of = body.call(i)[1][0][1]
        return _absence(name, [_plain(o) for o in options(value(asked_of))], whole=_is_whole(body, asked_of))
    if name == "is_null" and len(body.call(i)[1]) == 1:
        said = _plain(value(body.call(i)[1][0][1]))
        return said.kind == Kind.NULL if isinstance(said, Const) else None
    return None


def _has(said: Value, key: str) -> bool | None:
    """Whether a record that is written out has a key."""
    if isinstance(said, Overlay):
        sure = {name: not isinstance(given, Missing) for name, given, certain in said.writes if certain and name not in ("**", "[]")}
        return sure.get(key) or (None if said.writes else _has(said.base, key))
    if not isinstance(said, Record):
        return None
    named = {name for name, _ in said.entries}
    return True if key in named else None if None in named else False


def _absence(name: str, said: list[Value], *, whole: bool) -> bool | None:
    """What PHP says of a variable that it is asked of: whether it is empty, or set at all. ``whole``: nothing is added to it here."""
    if name == "empty":
        holds = {bool(n) if whole and (n := _length(o)) is not None else _truthy(o) for o in said}
        return None if len(holds) != 1 or None in holds else True not in holds
    set_ = {o.kind != Kind.NULL if isinstance(o, Const) else True if isinstance(o, (Record, Text)) else None for o in said}
    return set_.pop() if len(set_) == 1 else None


def _length(said: Value) -> int | None:
    """How many entries a list or record has that is written out."""
    if isinstance(said, Seq):
        return len(said.items)
    return len(said.entries) if isinstance(said, Record) and all(key is not None for key, _ in said.entries) else None


def _counted(body: Body, i: int, value: ValueAt) -> int | None:
    """What a call that counts says of a list that is written out: ``count($data)`` where nobody gives one and the default is empty."""
    if (
        body.op[i] != Op.CALL
        or body.op[body.args(i)[0]] != Op.NAME
        or body.name(body.args(i)[0]) not in COUNTS
        or len(body.call(i)[1]) != 1
    ):
        return None
    asked = body.call(i)[1][0][1]
    said = {_length(_plain(o)) for o in options(value(asked))} if _is_whole(body, asked) else set()
    return said.pop() if len(said) == 1 else None


def _is_whole(body: Body, i: int) -> bool:
    """Whether a value is a parameter that stays as it came."""
    return body.op[i] == Op.NAME and body.name(i) in body.left_whole


def _ranked(body: Body, i: int, value: ValueAt) -> bool | None:
    """Whether a count is more or less than a number that is written down."""
    word, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
    counted, told = _counted(body, left, value), body.const(right)
    if counted is None or told is None or told[0] != Kind.NUMBER or not told[1].isdigit():
        return None
    return RANKS[word](counted, int(told[1]))


def _truthy(said: Value) -> bool | None:
    """Whether a value counts as true where a condition is asked for."""
    if isinstance(said, Record):  # an empty one is no only in Python and PHP
        return True if any(key is not None for key, _ in said.entries) else None
    if isinstance(said, Overlay):
        return (
            True
            if any(sure and key and not isinstance(given, Missing) for key, given, sure in said.writes if key not in ("**", "[]"))
            else None
        )
    if isinstance(said, Text):  # with a letter of its own it is neither empty nor "0"
        return True if any(isinstance(p, Const) and p.text.strip("0") for p in said.pieces) else None
    return not said.falsy if isinstance(said, Const) else None


def certainly_equal(left: Value, right: Value) -> bool | None:
    """Whether two values are certainly equal or certainly not: every alternative of one against every one of the other."""
    found = {_same(_plain(a), _plain(b)) for a in options(left) for b in options(right)}
    return found.pop() if len(found) == 1 else None


def _same(left: Value, right: Value) -> bool | None:
    if isinstance(left, Const) and isinstance(right, Const):
        if left.kind == right.kind == Kind.NULL and left.text != right.text:
            return True if _NOT_GIVEN in (left.text, right.text) else None  # null is undefined for == and not for ===
        return left.text == right.text
    if isinstance(left, External) and isinstance(right, External):
        return _same_constant(left.name, right.name)
    if isinstance(left, Const) and isinstance(right, Text):
        left, right = right, left
    if isinstance(left, Text) and isinstance(right, Const) and left.pieces:
        head, tail = left.pieces[0], left.pieces[-1]
        if (isinstance(head, Const) and not right.text.startswith(head.text)) or (
            isinstance(tail, Const) and not right.text.endswith(tail.text)
        ):
            return False
    return None


def _same_constant(left: str, right: str) -> bool | None:
    """Whether two constants of packages, whose values are not seen, hold the same: by what they are called."""
    one, other = _CONSTANT.fullmatch(f".{left}"), _CONSTANT.fullmatch(f".{right}")
    if one is None or other is None:
        return None
    if left == right:
        return True
    ends = _last_word(one[2]), _last_word(other[2])
    if ends[0] == ends[1] or any(set(ends) <= alike for alike in (_GOOD, _BAD)):
        return None
    return None if ends[0].startswith(ends[1]) or ends[1].startswith(ends[0]) else False


def _last_word(name: str) -> str:
    """The word that a constant's name ends in, in capitals, with double letters written once: CANCELLED and CANCELED are one word."""
    word = _HUMP.sub("_", name).rpartition("_")[2].upper()
    return _TWICE.sub(r"\1", word)


def _plain(value: Value) -> Value:
    """A missing argument reads as null; a record that nothing is in reads as itself."""
    return Const(value.at, Kind.NULL, _NOT_GIVEN) if isinstance(value, Missing) else value
