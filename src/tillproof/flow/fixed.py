"""What of a body is the same for every caller, told from the body alone.

Most of a function has nothing to do with who calls it. To know which part does spares asking the rest again in every context.
"""

from collections.abc import Callable
from functools import cached_property
from operator import ge, gt, le, lt

from tillproof.flow.decided import Decided
from tillproof.flow.defuse import DefUse, value_operands
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

EQUALITY = {"==", "===", "is", "!=", "!==", "is not"}
COMPACT = "compact"
"""PHP's function that makes a record of variables by their names."""
_FETCHES = ("fetch", "fetchall", "fetchcolumn", "fetchobject", "get_result")
RANKS: dict[str, Callable[[float, float], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}
"""What the operators ask that put one number before another."""
ABSENCE = ("empty", "isset")
"""PHP's questions whether a variable holds anything."""
COUNTS = ("count", "sizeof", "len")
"""Functions that tell how many a list holds."""
THIS = {"this", "self", "cls", "static"}
_OF_OBJECT = THIS | {"super", "parent"}
NOTHING, OBJECT, CALLER = 0, 1, 2
_PLAIN = {Op.CONST, Op.CLASS, Op.CAUGHT}
_PASSING = {
    Op.FIELD, Op.INDEX, Op.AWAIT, Op.SPREAD, Op.REST, Op.STORE, Op.CAST, Op.ELEMENT, Op.KEY, Op.UNARY, Op.BINARY, Op.OPAQUE, Op.TEXT,
    Op.LIST, Op.RECORD, Op.CHOICE, Op.CALL, Op.NEW,
}  # fmt: skip
_ANYTHING = {Op.CONST, Op.TEXT, Op.PARAM, Op.FIELD, Op.INDEX, Op.CALL, Op.ELEMENT}


def membership(body: Body, i: int) -> tuple[int, int, bool] | None:
    """The value that a condition looks for, the written list that it looks in, and whether it is to be in there: ``status in ("paid",
    "sent")``, ``in_array($status, ['paid', 'sent'])``, ``["paid", "sent"].includes(status)``."""
    op, args = body.op[i], body.args(i)
    if op == Op.BINARY and body.text(args[0]) in ("in", "not in"):
        asked, listed, wanted = args[1], args[2], body.text(args[0]) == "in"
    elif op == Op.CALL and (given := [v for k, v in body.call(i)[1] if k == ""]):
        callee, wanted = args[0], True
        if body.op[callee] == Op.NAME and body.name(callee) == "in_array" and len(given) > 1:
            asked, listed = given[0], given[1]
        elif body.op[callee] == Op.FIELD and body.called(i) == "includes":
            asked, listed = given[0], body.args(callee)[0]
        else:
            return None
    else:
        return None
    return (asked, listed, wanted) if body.op[listed] == Op.LIST and all(body.op[v] == Op.CONST for v in body.args(listed)) else None


def keyed(body: Body, i: int) -> tuple[str, int, bool] | None:
    """The key that a condition looks for, the variable in which it looks, and whether it is to be in there: ``"event" in data``,
    ``array_key_exists('event', $data)``."""
    op, args = body.op[i], body.args(i)
    if op == Op.BINARY and body.text(args[0]) in ("in", "not in"):
        asked, holder, wanted = args[1], args[2], body.text(args[0]) == "in"
    elif op == Op.CALL and body.op[args[0]] == Op.NAME and body.name(args[0]) == "array_key_exists" and len(body.call(i)[1]) > 1:
        (_, asked), (_, holder), wanted = *body.call(i)[1][:2], True
    else:
        return None
    const = body.const(asked)
    return (const[1], holder, wanted) if const is not None and const[0] == Kind.STRING and body.op[holder] == Op.NAME else None


class Fixed:
    """Questions about one body. ``captured``: whether a name that the body does not store is one of a function around it. ``added``:
    whether a function inside it adds to a name that it does store. ``method``: whether its first parameter may be the object that it is
    called on, as in Python."""

    def __init__(self, body: Body, flow: DefUse, captured: Callable[[str], bool], added: Callable[[str], bool], method: bool) -> None:
        self.body = body
        self.flow = flow
        self._captured = captured
        self._added = added
        self._method = method
        self._hangs_on: dict[int, int] = {}
        self._constant: dict[int, bool] = {}

    @cached_property
    def returns(self) -> tuple[int, ...]:
        """RETURN instructions that give a value."""
        return tuple(i for i, op in enumerate(self.body.op) if op == Op.RETURN and self.body.args(i)[0] >= 0)

    @cached_property
    def decided(self) -> Decided:
        """The branches that earlier questions of the body decide."""
        return Decided(self.body, self.flow, self._added)

    @cached_property
    def yields(self) -> tuple[int, ...]:
        return tuple(i for i, op in enumerate(self.body.op) if op == Op.YIELD)

    @cached_property
    def deciding(self) -> frozenset[int]:
        """The blocks that end in a branch which the caller may decide."""
        body = self.body
        return frozenset(
            number
            for number, block in enumerate(body.blocks)
            if block.end > block.start and body.op[block.end - 1] == Op.BRANCH and self._decidable(body.args(block.end - 1)[0])
        )

    @cached_property
    def leaning(self) -> dict[int, int]:
        """The blocks that ask a member of a parameter which the function elsewhere asks whether it is anything, and where each names it."""
        body = self.body
        asked = {body.name(a) for number in self.deciding for a in self._named(body.args(body.blocks[number].end - 1)[0])}
        asked = {name for name in asked & self._handed if len(self.flow.stores.get(name, ())) < 2}
        found: dict[int, int] = {}
        for i, op in enumerate(body.op) if asked else ():
            if op == Op.FIELD and body.op[on := body.args(i)[0]] == Op.NAME and body.name(on) in asked:
                found.setdefault(self.flow.block_of[i], on)
        return found

    def _named(self, i: int) -> list[int]:
        """The names that a condition compares or asks for themselves."""
        body = self.body
        pieces = body.args(i)[1:] if body.op[i] in (Op.UNARY, Op.BINARY) else (i,)
        return [p for p in pieces if body.op[p] == Op.NAME]

    @cached_property
    def _handed(self) -> frozenset[str]:
        return frozenset(p.name for p in self.body.params) - THIS

    def _decidable(self, i: int) -> bool:
        """Whether a condition may be constant."""
        body = self.body
        op, args = body.op[i], body.args(i)
        if op == Op.NAME:
            return self._may_be_constant(i)
        if op == Op.FIELD:  # of a record that the caller writes down: ``options.idempotencyKey``
            return body.op[args[0]] == Op.NAME and body.name(args[0]) in self._handed
        if op == Op.UNARY:
            return body.negates(i) and self._decidable(args[1])
        if (asked := membership(body, i)) is not None:
            return self._may_be_constant(asked[0])
        if (key := keyed(body, i)) is not None:  # of a record that the caller writes down
            return body.name(key[1]) in self._handed
        if op == Op.BINARY and body.text(args[0]) in RANKS:
            return body.op[args[2]] == Op.CONST and body.op[args[1]] == Op.CALL and self._decidable(args[1])
        if op == Op.BINARY:
            return body.text(args[0]) in EQUALITY and all(self._may_be_constant(a) for a in args[1:])
        if op != Op.CALL or body.op[args[0]] != Op.NAME:
            return False
        if body.name(args[0]) in (*ABSENCE, *COUNTS):  # asked of a variable: what is in a request or a record is never written down
            given = body.call(i)[1]
            return len(given) == 1 and body.op[given[0][1]] == Op.NAME and self._may_be_constant(given[0][1])
        return body.name(args[0]) in ("function_exists", "is_null")

    def _may_be_constant(self, i: int) -> bool:
        """Whether a value may be a literal in some context."""
        if i < 0:
            return True
        known = self._constant.get(i)
        if known is None:
            self._constant[i] = True  # while it is being found out
            known = self._constant[i] = self._look_for_constant(i)
        return known

    def _look_for_constant(self, i: int) -> bool:
        body = self.body
        op, args = body.op[i], body.args(i)
        if op in _ANYTHING:
            return True
        if op == Op.NAME:
            name = body.text(args[0])
            stores = self.flow.stores.get(name)
            return any(self._may_be_constant(s) for s in stores) if stores else name not in THIS
        if op in (Op.STORE, Op.CAST):
            return self._may_be_constant(args[1])
        if op in (Op.AWAIT, Op.SPREAD, Op.REST):
            return self._may_be_constant(args[0])
        return op == Op.CHOICE and any(self._may_be_constant(a) for a in args[1:])

    def hangs_on(self, i: int) -> int:
        """What an instruction's value hangs on: ``NOTHING`` outside the body, the ``OBJECT`` that the method is called on, or the
        ``CALLER``."""
        if i < 0:
            return NOTHING
        known = self._hangs_on.get(i)
        if known is None:
            self._hangs_on[i] = CALLER  # while it is being found out
            known = self._hangs_on[i] = self._look_for_caller(i)
        return known

    def _look_for_caller(self, i: int) -> int:
        body = self.body
        op = body.op[i]
        if op in _PLAIN:
            return NOTHING
        if op == Op.NAME:
            return self._of_name(body.name(i))
        if op == Op.PARAM:
            return OBJECT if self._method and body.args(i)[0] == 0 and body.params[0].name in ("self", "cls") else CALLER
        if op not in _PASSING or (op == Op.CHOICE and body.text(body.args(i)[0]) == "default"):
            return CALLER
        if op == Op.CALL and body.params and (self._fetches(i) or body.called(i) == COMPACT):
            return CALLER
        if op == Op.CHOICE and self.deciding and body.text(body.args(i)[0]) in ("ternary", "match"):
            return CALLER
        return max((self.hangs_on(a) for a in (body.args(i) if op == Op.RECORD else value_operands(body, i))), default=NOTHING)

    def _fetches(self, i: int) -> bool:
        """Whether a call gives the rows of a statement: those of what was bound to it by a call of its own."""
        body = self.body
        callee, given = body.call(i)
        plain = body.op[callee] == Op.FIELD and body.name(callee).lower() in _FETCHES
        return plain and all(body.op[v] in (Op.CONST, Op.FIELD) for _, v in given)

    def _of_name(self, name: str) -> int:
        if name in self.flow.writes or name in self.flow.added or name in self.flow.below:
            return CALLER
        stores = self.flow.stores.get(name)
        if not stores:
            return OBJECT if name in _OF_OBJECT else CALLER if self._captured(name) else NOTHING
        if (len(stores) > 1 and self.deciding) or self._added(name) or name in self.flow.lent:
            return CALLER
        return max(self.hangs_on(s) for s in stores)
