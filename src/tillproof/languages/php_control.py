"""PHP's assignments and control flow, among HTML too."""

from collections.abc import Callable, Iterator
from functools import partial

from tree_sitter import Node

from tillproof.ir.ops import Kind, Op
from tillproof.languages import rules
from tillproof.languages.php_names import docblock, documented_element, dotted, of_type, parts, text, variable
from tillproof.languages.walker import Rule, Walker

# --- assignment


def holder(node: Node) -> tuple[Node | None, Node | None]:
    """Object (or class) and name of a member access."""
    if node.type == "class_constant_access_expression":
        inside = parts(node)
        return (inside[0], inside[-1]) if len(inside) > 1 else (None, None)
    return node.child_by_field_name("object") or node.child_by_field_name("scope"), node.child_by_field_name("name")


def names_member(node: Node, name: Node | None) -> bool:
    """Whether the member is named in the source, not by a value."""
    if name is not None and name.type == "name":
        return True
    return node.type == "scoped_property_access_expression" and name is not None and name.type == "variable_name"


def assignment(w: Walker, node: Node) -> int:
    value = w.value(node.child_by_field_name("right"))
    bind(w, node.child_by_field_name("left"), value)
    return value


def augmented(w: Walker, node: Node) -> int:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = w.text(node.child_by_field_name("operator")).removesuffix("=")
    if operator == "??":
        value = rules.choose(w, "coalesce", w.value(left), lambda: w.value(right), node)
    elif operator == ".":
        value = rules.join(w, [w.value(left), w.value(right)], node)
    else:
        value = w.emit(Op.BINARY, [w.string(operator), w.value(left), w.value(right)], node)
    bind(w, left, value)
    return value


def update(w: Walker, node: Node) -> int:
    argument = node.child_by_field_name("argument")
    operator = w.text(node.child_by_field_name("operator"))[:1]
    value = w.emit(Op.BINARY, [w.string(operator), w.value(argument), w.const(Kind.NUMBER, "1", node)], node)
    bind(w, argument, value)
    return value


def bind(w: Walker, target: Node | None, value: int) -> None:
    """Store a value in a target: variable, member, element or a pattern of them."""
    if target is None:
        return
    if target.type == "variable_name":
        w.store(variable(target), value, target)
    elif target.type in ("member_access_expression", "nullsafe_member_access_expression", "scoped_property_access_expression"):
        owner, name = holder(target)
        obj = w.value(owner)
        if names_member(target, name):
            w.emit(Op.SET_FIELD, [obj, w.string(variable(name)), value], target)
        else:
            w.emit(Op.SET_INDEX, [obj, w.value(name), value], target)
    elif target.type == "subscript_expression":
        inside = parts(target)
        obj = w.value(inside[0] if inside else None)
        w.emit(Op.SET_INDEX, [obj, w.value(inside[1]) if len(inside) > 1 else -1, value], target)
    elif target.type == "list_literal":
        for key, position, part in _pattern(target):
            index = w.value(key) if key is not None else w.const(Kind.NUMBER, str(position), part)
            bind(w, part, w.emit(Op.INDEX, [value, index], part))
    elif target.type in ("by_ref", "parenthesized_expression"):
        bind(w, next(iter(parts(target)), None), value)
    else:
        w.visit(target)


def _pattern(node: Node) -> Iterator[tuple[Node | None, int, Node]]:
    """Key, position and target of each element of ``[$a, , 'k' => $b]``; a hole counts as a position."""
    position = 0
    key: Node | None = None
    last: Node | None = None
    for child in [*node.children, None]:
        if child is None or child.type == ",":
            if last is not None:
                yield key, position, last
            position, key, last = position + 1, None, None
        elif child.type == "=>":
            key, last = last, None
        elif child.is_named and child.type != "comment":
            last = child


# --- control


def _bodies(node: Node) -> list[Node]:
    """The parts of a statement's body: the colon syntax leaves HTML beside it, and a ``for`` has one per statement."""
    return [c for n, c in enumerate(node.children) if node.field_name_for_child(n) == "body" or c.type == "text_interpolation"]


def if_statement(w: Walker, node: Node) -> int:
    """if / elseif / else: the alternatives are siblings, and HTML that ends an arm stands beside it."""
    arms: list[tuple[Node | None, Callable[[], None]]] = []
    otherwise = None
    rest: Node | None = node
    while rest is not None:
        clauses, rest = _clauses(rest), None
        for clause, body in clauses:
            if clause.type != "else_clause":
                arms.append((clause.child_by_field_name("condition"), partial(w.block, body)))
            elif len(body) == 1 and body[0].type == "if_statement":
                rest = body[0]
            else:
                otherwise = partial(w.block, body)
    return rules.chain(w, arms, otherwise)


def _clauses(node: Node) -> list[tuple[Node, list[Node]]]:
    """The arms of one if statement, each with what stands in it."""
    out: list[tuple[Node, list[Node]]] = [(node, [])]
    for number, child in enumerate(node.children):
        field = node.field_name_for_child(number)
        if field == "alternative":
            out.append((child, _bodies(child)))
        elif field == "body" or child.type == "text_interpolation":
            out[-1][1].append(child)
    return out


def while_statement(w: Walker, node: Node) -> int:
    condition = node.child_by_field_name("condition")
    w.loop(lambda into, out: w.condition(condition, into, out), lambda: w.block(_bodies(node)))
    return -1


do_statement = rules.do_statement("condition", lambda w, n: w.block(_bodies(n)))


def for_statement(w: Walker, node: Node) -> int:
    w.visit(node.child_by_field_name("initialize"))
    condition = node.child_by_field_name("condition")

    def head(into: int, out: int) -> None:
        if condition is None:
            w.build.jump(into)
        else:
            w.condition(condition, into, out)

    w.loop(head, lambda: w.block(_bodies(node)), lambda: rules.each_of(w, node.child_by_field_name("update")))
    return -1


def foreach_statement(w: Walker, node: Node) -> int:
    bodies = _bodies(node)
    heads = [c for c in parts(node) if c not in bodies]
    iterable = w.value(heads[0] if heads else None)
    target = heads[1] if len(heads) > 1 else None
    pair = parts(target) if target is not None and target.type == "pair" else []

    def bind_element(collection: int) -> None:
        if pair:
            bind(w, pair[0], w.emit(Op.KEY, [collection], pair[0]))
        element, variable = w.emit(Op.ELEMENT, [collection], target), pair[-1] if pair else target
        kind = documented_element(docblock(node), w.text(variable))
        bind(w, variable, w.emit(Op.CAST, [w.string(kind), element], target) if kind else element)

    return rules.for_each(w, iterable, bind_element, lambda: w.block(bodies), node)


def switch_statement(w: Walker, node: Node) -> int:
    """Tests in order, then the cases in order: one that does not end falls through to the next."""
    condition = node.child_by_field_name("condition")
    subject = _subject(w, condition)
    after = w.build.reserve()
    cases: list[tuple[int, Node, list[Node]]] = []
    for child in parts(node.child_by_field_name("body")):
        if child.type in ("case_statement", "default_statement"):
            value = child.child_by_field_name("value")
            cases.append((w.build.reserve(), child, [c for c in parts(child) if c != value]))
        elif cases:
            cases[-1][2].append(child)
    otherwise = after
    for run, case, _ in cases:
        if case.type == "default_statement":
            otherwise = run
        else:
            other = w.build.reserve()
            _test(w, subject, "==", case.child_by_field_name("value"), run, other)
            w.build.start(other)
    w.build.jump(otherwise)
    w.breaks.append((after, after))
    for run, _, statements in cases:
        w.build.jump(run)
        w.build.start(run)
        w.block(statements)
    w.breaks.pop()
    w.build.jump(after)
    w.build.start(after)
    return -1


def _subject(w: Walker, condition: Node | None) -> int | None:
    """The value that cases are compared with; None for ``switch (true)`` and ``match (true)``, whose cases are conditions."""
    return None if text(condition).strip("() \t\r\n").lower() == "true" else w.value(condition)


def _test(w: Walker, subject: int | None, operator: str, value: Node | None, yes: int, no: int) -> None:
    if subject is None:
        w.condition(value, yes, no)
    else:
        w.branch(w.emit(Op.BINARY, [w.string(operator), subject, w.value(value)], value), yes, no, value)


def match_expression(w: Walker, node: Node) -> int:
    subject = _subject(w, node.child_by_field_name("condition"))
    arms = parts(node.child_by_field_name("body"))
    after = w.build.reserve()
    values: list[int] = []

    def run(arm: Node) -> None:
        value = w.visit(arm.child_by_field_name("return_expression"))
        values.extend([value] if value >= 0 else [])
        w.build.jump(after)

    for arm in of_type(node.child_by_field_name("body"), "match_conditional_expression"):
        taken, other = w.build.reserve(), w.build.reserve()
        conditions = parts(arm.child_by_field_name("conditional_expressions"))
        for condition in conditions:
            _test(w, subject, "===", condition, taken, other)
            if condition != conditions[-1]:
                w.build.start(other)
                other = w.build.reserve()
        w.build.start(taken)
        run(arm)
        w.build.start(other)
    default = next((a for a in arms if a.type == "match_default_expression"), None)
    if default is not None:
        run(default)
    else:
        w.leave(Op.RAISE, -1, node)
    w.build.start(after)
    return w.emit(Op.CHOICE, [w.string("match"), *values], node)


def try_statement(w: Walker, node: Node) -> int:
    final = next(iter(of_type(node, "finally_clause")), None)
    w.attempt(
        lambda: rules.each_of(w, node.child_by_field_name("body")),
        [lambda clause=clause: _catch(w, clause) for clause in of_type(node, "catch_clause")],  # type: ignore[misc]
        (lambda: rules.each_of(w, final.child_by_field_name("body"))) if final is not None else None,
        finally_clause=final,
    )
    return -1


def _catch(w: Walker, node: Node) -> None:
    types = [w.string(dotted(w.text(kind))) for kind in parts(node.child_by_field_name("type"))]
    bind(w, node.child_by_field_name("name"), w.emit(Op.CAUGHT, types, node))
    w.visit(node.child_by_field_name("body"))


def jump(again: bool) -> Rule:
    """break and continue, out of as many loops as are named; ``continue`` leaves a switch."""

    def rule(w: Walker, node: Node) -> int:
        written = w.text(next(iter(parts(node)), None))
        level = int(written) if written.isdecimal() and len(written) < 4 else 1
        if 0 < level <= len(w.breaks):
            out, turn = w.breaks[-level]
            w.build.jump(turn if again else out)
        return -1

    return rule
