"""Rules that languages share: each factory takes the names of the grammar's fields and gives the rule for a node kind."""

from collections.abc import Callable, Sequence

from tree_sitter import Node

from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE
from tillproof.ir.ops import ARG_POSITIONAL, Kind, Op
from tillproof.languages.walker import Rule, Walker


def skip(walker: Walker, node: Node) -> int:
    """Types, comments, declarations that do nothing at run time."""
    return -1


def inner(walker: Walker, node: Node) -> int:
    """The value of the first named child: parentheses, expression statements, non-null assertions."""
    for child in node.named_children:
        if child.type != "comment":
            return walker.visit(child)
    return -1


def each(walker: Walker, node: Node) -> int:
    """A block of statements."""
    walker.block(node.named_children)
    return -1


def field_rule(name: str) -> Rule:
    """The value of one field."""
    return lambda w, n: w.visit(n.child_by_field_name(name))


def literal(kind: int) -> Rule:
    return lambda w, n: w.const(kind, w.text(n), n)


def fixed(kind: int, text: str) -> Rule:
    return lambda w, n: w.const(kind, text, n)


def read_name(walker: Walker, node: Node) -> int:
    return walker.name(walker.text(node), node)


def member(obj: str, name: str, strip: str = "") -> Rule:
    """a.b"""

    def rule(w: Walker, n: Node) -> int:
        value = w.value(n.child_by_field_name(obj))
        return w.field(value, w.text(n.child_by_field_name(name)).lstrip(strip), n)

    return rule


def subscript(obj: str, key: str) -> Rule:
    """a[k]"""

    def rule(w: Walker, n: Node) -> int:
        value = w.value(n.child_by_field_name(obj))
        return w.emit(Op.INDEX, [value, w.value(n.child_by_field_name(key))], n)

    return rule


def binary(left: str, right: str, operator: str, logic: dict[str, str], joins: Sequence[str] = ()) -> Rule:
    """Arithmetic, comparison and short circuit. ``logic`` maps operator text to and/or/coalesce; ``joins`` are string concatenations."""
    return Binary(left, right, operator, logic, tuple(joins))


class Binary:
    """A binary operator; short circuits become control flow, so that what only one side proves is known to hold on one path only."""

    def __init__(self, left: str, right: str, operator: str, logic: dict[str, str], joins: tuple[str, ...]) -> None:
        self.left, self.right, self.operator, self.words, self.joins = left, right, operator, logic, joins

    def kind(self, w: Walker, n: Node) -> str:
        op = n.child_by_field_name(self.operator)
        return w.text(op) if op is not None else ""

    def __call__(self, w: Walker, n: Node) -> int:
        text = self.kind(w, n)
        word = self.words.get(text.lower())
        left, right = n.child_by_field_name(self.left), n.child_by_field_name(self.right)
        if word is None:
            a = w.value(left)
            b = w.value(right)
            if text in self.joins and (is_text(w, a) or is_text(w, b) or text == "."):
                return join(w, [a, b], n)
            return w.emit(Op.BINARY, [w.string(text.lower()), a, b], n)
        return choose(w, word, w.value(left), lambda: w.value(right), n)

    def logic(self, w: Walker, n: Node, true: int, false: int) -> bool:
        word = self.words.get(self.kind(w, n).lower())
        if word not in ("and", "or"):
            return False
        middle = w.build.reserve()
        left, right = n.child_by_field_name(self.left), n.child_by_field_name(self.right)
        w.condition(left, middle if word == "and" else true, middle if word == "or" else false)
        w.build.start(middle)
        w.condition(right, true, false)
        return True


def choose(w: Walker, word: str, first: int, second: Callable[[], int], n: Node) -> int:
    """``a and b``, ``a or b``, ``a ?? b`` as a value: the second side runs on one branch only."""
    other, after = w.build.reserve(), w.build.reserve()
    w.emit(Op.BRANCH, [first], n)
    w.build.link(other, EDGE_TRUE if word == "and" else EDGE_FALSE)
    w.build.link(after, EDGE_FALSE if word == "and" else EDGE_TRUE)
    w.build.close()
    w.build.start(other)
    got = second()
    w.build.jump(after)
    w.build.start(after)
    return w.emit(Op.CHOICE, [w.string(word), first, got], n)


def is_text(w: Walker, value: int) -> bool:
    """Whether a value is a string for certain: ``amount + 1`` is arithmetic, ``amount + "1"`` is not."""
    found = w.build.op[value]
    return found == Op.TEXT or (found == Op.CONST and w.build.operands[w.build.at[value]] == Kind.STRING)


def join(w: Walker, parts: list[int], n: Node) -> int:
    """Concatenation; nested ones are flattened."""
    flat: list[int] = []
    for part in parts:
        if w.build.op[part] == Op.TEXT:
            flat.extend(w.build.operands[w.build.at[part] : w.build.at[part + 1]])
        else:
            flat.append(part)
    return w.emit(Op.TEXT, flat, n)


class Not:
    """Negation: swaps the branches of a condition."""

    def __init__(self, argument: str) -> None:
        self.argument = argument

    def operand(self, n: Node) -> Node | None:
        return n.child_by_field_name(self.argument)

    def __call__(self, w: Walker, n: Node) -> int:
        return w.emit(Op.UNARY, [w.string("not"), w.value(self.operand(n))], n)

    def logic(self, w: Walker, n: Node, true: int, false: int) -> bool:
        w.condition(self.operand(n), false, true)
        return True


class Inner:
    """Parentheses, casts and the like around a condition or value."""

    def __call__(self, w: Walker, n: Node) -> int:
        return inner(w, n)

    def logic(self, w: Walker, n: Node, true: int, false: int) -> bool:
        children = [c for c in n.named_children if c.type != "comment"]
        if not children:
            return False
        w.condition(children[0], true, false)
        return True


def ternary(condition: str, then: str, other: str) -> Rule:
    def rule(w: Walker, n: Node) -> int:
        then_node = n.child_by_field_name(then)
        if then_node is None:  # PHP's short ternary
            return choose(w, "or", w.value(n.child_by_field_name(condition)), lambda: w.value(n.child_by_field_name(other)), n)
        a, b = w.fork(n.child_by_field_name(condition), lambda: w.value(then_node), lambda: w.value(n.child_by_field_name(other)))
        return w.emit(Op.CHOICE, [w.string("ternary"), a, b], n)

    return rule


def if_statement(condition: str, then: str, other: str) -> Rule:
    """if, with the rest of the chain in the field ``other``."""

    def rule(w: Walker, n: Node) -> int:
        rest = n.child_by_field_name(other)
        w.fork(n.child_by_field_name(condition), lambda: w.visit(n.child_by_field_name(then)), (lambda: w.visit(rest)) if rest else None)
        return -1

    return rule


def chain(w: Walker, arms: Sequence[tuple[Node | None, Callable[[], object]]], otherwise: Callable[[], object] | None) -> int:
    """if / else if / else as (condition, body) pairs. Without recursion: generated code has chains of thousands."""
    after = w.build.reserve()
    for condition, body in arms:
        yes, no = w.build.reserve(), w.build.reserve()
        w.condition(condition, yes, no)
        w.build.start(yes)
        body()
        w.build.jump(after)
        w.build.start(no)
    if otherwise:
        otherwise()
    w.build.jump(after)
    w.build.start(after)
    return -1


def do_statement(condition: str, body: Callable[[Walker, Node], object]) -> Rule:
    """A loop of which the first turn runs before the test."""

    def rule(w: Walker, n: Node) -> int:
        into, test, out = (w.build.reserve() for _ in range(3))
        w.build.jump(into)
        w.build.start(into)
        w.breaks.append((out, test))
        body(w, n)
        w.breaks.pop()
        w.build.jump(test)
        w.build.start(test)
        w.condition(n.child_by_field_name(condition), into, out)
        w.build.start(out)
        return -1

    return rule


def while_statement(condition: str, body: str) -> Rule:
    def rule(w: Walker, n: Node) -> int:
        w.loop(lambda into, out: w.condition(n.child_by_field_name(condition), into, out), lambda: each_of(w, n.child_by_field_name(body)))
        return -1

    return rule


def each_of(w: Walker, node: Node | None) -> None:
    w.visit(node)


def for_each(w: Walker, iterable: int, bind: Callable[[int], None], body: Callable[[], None], node: Node) -> int:
    """Go through a collection: ``bind`` takes the iterable's value and stores the element."""

    def head(into: int, out: int) -> None:
        w.branch(w.emit(Op.OPAQUE, [iterable], node), into, out, node)

    def run() -> None:
        bind(iterable)
        body()

    w.loop(head, run)
    return -1


def leave(op: int) -> Rule:
    """return, raise and throw."""

    def rule(w: Walker, n: Node) -> int:
        children = [c for c in n.named_children if c.type != "comment"]
        return w.leave(op, w.visit(children[0]) if children else -1, n)

    return rule


def jump(again: bool) -> Rule:
    return lambda w, n: w.break_out(again)


def positional(w: Walker, nodes: Sequence[Node]) -> list[int]:
    """Plain positional arguments as key/value pairs of Op.CALL."""
    out: list[int] = []
    for node in nodes:
        out += [ARG_POSITIONAL, w.value(node)]
    return out


def wrap(op: int) -> Rule:
    """await, yield: one value inside."""

    def rule(w: Walker, n: Node) -> int:
        children = [c for c in n.named_children if c.type != "comment"]
        if op == Op.YIELD:
            w.build.generator = True
        return w.emit(op, [w.value(children[0]) if children else w.null(n)], n)

    return rule
