"""Python's targets and patterns: what an assignment stores, and what a ``case`` tests and binds."""

import re
from collections.abc import Callable, Sequence

from tree_sitter import Node

from tillproof.ir.ops import ARG_POSITIONAL, Kind, Op
from tillproof.languages.walker import Walker


def scoped(w: Walker, name: str) -> str:
    """A name as it is stored: inside a class body, under the class."""
    return ".".join([*w.scope, name]) if w.scope else name


def key(w: Walker, node: Node) -> int:
    """The key of a subscript; a tuple when there are several. A slice is no key: nobody knows which elements it takes."""
    keys = [w.value(k) for k in node.children_by_field_name("subscript")]
    return keys[0] if len(keys) == 1 else w.emit(Op.LIST, keys, node)


def bind(w: Walker, target: Node | None, value: int) -> None:
    """Store a value in a target: name, member, element or a pattern of them."""
    if target is None:
        return
    if target.type == "identifier":
        w.store(scoped(w, w.text(target)), value, target)
    elif target.type == "attribute":
        obj = w.value(target.child_by_field_name("object"))
        w.emit(Op.SET_FIELD, [obj, w.string(w.text(target.child_by_field_name("attribute"))), value], target)
    elif target.type == "subscript":
        obj = w.value(target.child_by_field_name("value"))
        w.emit(Op.SET_INDEX, [obj, key(w, target), value], target)
    elif target.type in ("pattern_list", "tuple_pattern", "list_pattern"):
        for n, child in enumerate(target.named_children):
            if child.type == "list_splat_pattern":
                bind(w, child.named_children[0], w.emit(Op.REST, [value], child))
            else:
                bind(w, child, w.emit(Op.INDEX, [value, w.const(Kind.NUMBER, str(n), child)], child))
    elif target.type in ("as_pattern_target", "parenthesized_expression"):
        bind(w, target.named_children[0] if target.named_children else None, value)


def copied(w: Walker, body: Node | None, clauses: Sequence[Node]) -> tuple[Node | None, bool] | None:
    """The record that a comprehension copies entry by entry, ``{k: v for k, v in given.items() if v is not None}``, and whether it leaves
    entries out by their keys; None when it makes something else of them."""
    loop, *tests = clauses
    left, right = loop.child_by_field_name("left"), loop.child_by_field_name("right")
    if body is None or body.type != "pair" or left is None or right is None or right.type != "call":
        return None
    names = [w.text(n) for n in left.named_children]
    pair = [w.text(body.child_by_field_name(part)) for part in ("key", "value")]
    asked = right.child_by_field_name("function")
    if len(names) != len(pair) or names != pair or asked is None or asked.type != "attribute":
        return None
    if w.text(asked.child_by_field_name("attribute")) != "items" or any(t.type != "if_clause" for t in tests):
        return None
    return asked.child_by_field_name("object"), any(re.search(rf"\b{re.escape(names[0])}\b", w.text(t)) for t in tests)


# --- match


def match_statement(w: Walker, node: Node) -> int:
    """Cases in order; each tests its pattern, then its guard."""
    subjects = [w.value(s) for s in node.children_by_field_name("subject")]
    subject = subjects[0] if len(subjects) == 1 else w.emit(Op.LIST, subjects, node)
    body = node.child_by_field_name("body")
    after = w.build.reserve()
    for case in body.named_children if body is not None else []:
        if case.type != "case_clause":
            continue
        run, other = w.build.reserve(), w.build.reserve()
        guard = case.child_by_field_name("guard")
        matched = run if guard is None else w.build.reserve()
        patterns = [p for p in case.named_children if p.type == "case_pattern"]
        if len(patterns) == 1:
            _test(w, patterns[0], subject, matched, other)
        else:
            _each(w, [_element(w, p, subject, n) for n, p in enumerate(patterns)], matched, other)
        if guard is not None:
            w.build.start(matched)
            w.condition(guard.named_children[0] if guard.named_children else None, run, other)
        w.build.start(run)
        w.visit(case.child_by_field_name("consequence"))
        w.build.jump(after)
        w.build.start(other)
    w.build.jump(after)
    w.build.start(after)
    return -1


def _element(w: Walker, pattern: Node, value: int, position: int) -> tuple[Node, Callable[[], int]]:
    return pattern, lambda: w.emit(Op.INDEX, [value, w.const(Kind.NUMBER, str(position), pattern)], pattern)


def _each(w: Walker, parts: Sequence[tuple[Node, Callable[[], int]]], yes: int, no: int) -> None:
    """All of these patterns, each against its own value."""
    for pattern, value in parts:
        middle = w.build.reserve()
        _test(w, pattern, value(), middle, no)
        w.build.start(middle)
    w.build.jump(yes)


def _test(w: Walker, pattern: Node, value: int, yes: int, no: int) -> None:
    """Test a value against a pattern and bind its names; ends in jumps."""
    while pattern.type == "case_pattern" and pattern.named_children:
        pattern = pattern.named_children[0]
    parts = [c for c in pattern.named_children if c.type != "comment"]
    if pattern.type == "case_pattern":  # _
        w.build.jump(yes)
    elif pattern.type == "union_pattern":
        for part in parts:
            other = w.build.reserve() if part != parts[-1] else no
            _test(w, part, value, yes, other)
            if part != parts[-1]:
                w.build.start(other)
    elif pattern.type == "as_pattern" and len(parts) == 2:
        matched = w.build.reserve()
        _test(w, parts[0], value, matched, no)
        w.build.start(matched)
        w.store(w.text(parts[1]), value, parts[1])
        w.build.jump(yes)
    elif pattern.type == "dotted_name" and len(parts) == 1:
        w.store(w.text(pattern), value, pattern)
        w.build.jump(yes)
    elif pattern.type == "splat_pattern":
        if parts:
            w.store(w.text(parts[0]), w.emit(Op.REST, [value], pattern), pattern)
        w.build.jump(yes)
    elif pattern.type in ("class_pattern", "dict_pattern", "list_pattern", "tuple_pattern"):
        _structure(w, pattern, parts, value, yes, no)
    else:
        w.branch(w.emit(Op.BINARY, [w.string("=="), value, _constant(w, pattern)], pattern), yes, no, pattern)


def _structure(w: Walker, pattern: Node, parts: list[Node], value: int, yes: int, no: int) -> None:
    """A class, mapping or sequence: the kind of the value, then its parts."""
    fits = w.build.reserve()
    if pattern.type == "class_pattern":
        kind, *parts = parts
        callee = w.name("isinstance", pattern)
        w.branch(w.call(callee, [ARG_POSITIONAL, value, ARG_POSITIONAL, _constant(w, kind)], pattern), fits, no, pattern)
    else:
        w.branch(w.emit(Op.OPAQUE, [value], pattern), fits, no, pattern)
    w.build.start(fits)
    if pattern.type == "dict_pattern":
        keys, values = pattern.children_by_field_name("key"), pattern.children_by_field_name("value")
        inside = [_entry(w, k, v, value) for k, v in zip(keys, values, strict=False)]
        inside += [(p, lambda: value) for p in parts if p.type == "splat_pattern"]
    else:
        inside = [_part(w, part, value, n) for n, part in enumerate(parts)]
    _each(w, inside, yes, no)


def _entry(w: Walker, name: Node, pattern: Node, value: int) -> tuple[Node, Callable[[], int]]:
    return pattern, lambda: w.emit(Op.INDEX, [value, _constant(w, name)], name)


def _part(w: Walker, pattern: Node, value: int, position: int) -> tuple[Node, Callable[[], int]]:
    """``name=pattern`` is about a field, a starred pattern about the rest, any other about the element at its position."""
    inner = pattern.named_children[0] if pattern.type == "case_pattern" and pattern.named_children else pattern
    if inner.type == "keyword_pattern" and len(inner.named_children) == 2:
        field = w.text(inner.named_children[0])
        return inner.named_children[1], lambda: w.field(value, field, inner)
    return (inner, lambda: value) if inner.type == "splat_pattern" else _element(w, pattern, value, position)


def _constant(w: Walker, node: Node) -> int:
    """A literal, or a constant by its dotted name."""
    if node.type != "dotted_name":
        return w.value(node)
    first, *rest = node.named_children
    value = w.name(w.text(first), node)
    for part in rest:
        value = w.field(value, w.text(part), node)
    return value
