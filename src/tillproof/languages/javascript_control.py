"""JavaScript and TypeScript: loops, switch, labels and try."""

from tree_sitter import Node

from tillproof.ir.ops import Op
from tillproof.languages import rules
from tillproof.languages.javascript_modules import FUNCTIONS, named
from tillproof.languages.javascript_patterns import bind
from tillproof.languages.walker import Rule, Walker

LOOPS = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})


def for_statement(w: Walker, node: Node) -> int:
    test = node.child_by_field_name("condition")
    w.visit(node.child_by_field_name("initializer"))

    def head(into: int, out: int) -> None:
        if test is None or test.type == "empty_statement":
            w.build.jump(into)
        else:
            w.condition(test, into, out)

    body, increment = node.child_by_field_name("body"), node.child_by_field_name("increment")
    w.loop(head, lambda: rules.each_of(w, body), lambda: rules.each_of(w, increment))
    return -1


def for_in_statement(w: Walker, node: Node) -> int:
    iterable, left = w.value(node.child_by_field_name("right")), node.child_by_field_name("left")
    op = Op.KEY if w.text(node.child_by_field_name("operator")) == "in" else Op.ELEMENT
    return rules.for_each(
        w, iterable, lambda v: bind(w, left, w.emit(op, [v], left)), lambda: rules.each_of(w, node.child_by_field_name("body")), node
    )


do_statement = rules.do_statement("condition", lambda w, n: w.visit(n.child_by_field_name("body")))


def switch_statement(w: Walker, node: Node) -> int:
    """Tests in source order, then the default; each case's statements go on into the next case's unless they leave."""
    subject_node = node.child_by_field_name("value")
    cases = [c for c in named(node.child_by_field_name("body")) if c.type in ("switch_case", "switch_default")]
    runs = [w.build.reserve() for _ in cases]
    after = w.build.reserve()
    otherwise = after
    subject = -1 if w.text(subject_node).strip("() ") == "true" else w.value(subject_node)
    for case, run in zip(cases, runs, strict=True):
        if case.type == "switch_default":
            otherwise = run
            continue
        following, wanted = w.build.reserve(), case.child_by_field_name("value")
        if subject < 0:  # switch (true): the cases are conditions
            w.condition(wanted, run, following)
        else:
            w.branch(w.emit(Op.BINARY, [w.string("=="), subject, w.value(wanted)], case), run, following, case)
        w.build.start(following)
    w.build.jump(otherwise)
    w.breaks.append((after, after))
    for number, (case, run) in enumerate(zip(cases, runs, strict=True)):
        w.build.start(run)
        w.block(case.children_by_field_name("body"))
        w.build.jump(runs[number + 1] if number + 1 < len(runs) else after)
    w.breaks.pop()
    w.build.start(after)
    return -1


def labeled_statement(w: Walker, node: Node) -> int:
    body = node.child_by_field_name("body")
    if body is None or not _holds_block(node):
        return w.visit(body)
    after = w.build.reserve()
    w.breaks.append((after, after))
    w.visit(body)
    w.breaks.pop()
    w.build.jump(after)
    w.build.start(after)
    return -1


def _holds_block(labeled: Node) -> bool:
    """Whether a label stands before a plain statement, which only a break with that label leaves."""
    body = labeled.child_by_field_name("body")
    return body is not None and body.type not in LOOPS and body.type != "switch_statement"


def leave_loop(again: bool) -> Rule:
    """break and continue, with or without label: the statement meant is found by going outwards."""

    def rule(w: Walker, node: Node) -> int:
        label, passed, at = w.text(node.child_by_field_name("label")), 0, node.parent
        while at is not None and at.type not in FUNCTIONS and passed < len(w.breaks):
            marks = at.type in LOOPS or at.type == "switch_statement"
            block = at.type == "labeled_statement" and _holds_block(at)
            passed += marks or block
            if _means(w, at, label, again) if marks else block and w.text(at.child_by_field_name("label")) == label:
                w.build.jump(w.breaks[-passed][again])
                return -1
            at = at.parent
        w.build.close()  # no such statement: the code is broken here
        return -1

    return rule


def _means(w: Walker, loop: Node, label: str, again: bool) -> bool:
    if not label:
        return not again or loop.type != "switch_statement"
    outer = loop.parent
    return outer is not None and outer.type == "labeled_statement" and w.text(outer.child_by_field_name("label")) == label


def try_statement(w: Walker, node: Node) -> int:
    handler, final = node.child_by_field_name("handler"), node.child_by_field_name("finalizer")

    def caught(clause: Node) -> None:
        bind(w, clause.child_by_field_name("parameter"), w.emit(Op.CAUGHT, [], clause))
        w.visit(clause.child_by_field_name("body"))

    w.attempt(
        lambda: rules.each_of(w, node.child_by_field_name("body")),
        [lambda: caught(handler)] if handler is not None else [],
        (lambda: rules.each_of(w, final.child_by_field_name("body"))) if final is not None else None,
        finally_clause=final,
    )
    return -1
