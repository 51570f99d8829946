"""The one walker: turns a syntax tree into a body, driven by a language's table from node kind to rule.

A rule is a callable ``(walker, node) -> value index`` (-1 when the node has no value). The rules in ``rules.py`` cover what languages
share; a language
module binds them to its node kinds and adds hooks for what only it has. Nothing else knows about syntax.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from tree_sitter import Node

from tillproof.ir.body import EDGE_FALSE, EDGE_NEXT, EDGE_RAISE, EDGE_TRUE, Body, Builder, Param
from tillproof.ir.declarations import FileIndex
from tillproof.ir.ops import Kind, Op

Rule: TypeAlias = "Callable[[Walker, Node], int]"
MAX_DEPTH = 300
"""Nesting beyond this is not looked into (OPAQUE); ``base.lower`` makes room for it on the stack."""


class Walker:
    """Lowers one function body, or the top level of a file. ``functions``/``classes`` map a node's start byte to its number in the file;
    ``stored`` are the names that bodies of classes have defined so far."""

    def __init__(self, table: Mapping[str, Rule], index: FileIndex, source: bytes) -> None:
        self.table = table
        self.index = index
        self.source = source
        self.build = Builder()
        self.functions = {f.start: n for n, f in enumerate(index.functions)}
        self.classes = {c.start: n for n, c in enumerate(index.classes)}
        self.breaks: list[tuple[int, int]] = []
        self.scope: list[str] = []
        self.stored: set[str] = set()
        self.depth = 0

    # --- values

    def visit(self, node: Node | None) -> int:
        """Lower a node; the index of its value, or -1."""
        if node is None:
            return -1
        if self.depth > MAX_DEPTH:
            return self.emit(Op.OPAQUE, [], node)
        rule = self.table.get(node.type)
        self.depth += 1
        try:
            return rule(self, node) if rule else self.children(node)
        finally:
            self.depth -= 1

    def value(self, node: Node | None) -> int:
        """Lower a node that must have a value."""
        got = self.visit(node)
        if got >= 0 or node is None:
            return got if got >= 0 else self.null(None)
        return self.emit(Op.OPAQUE, [], node)

    def children(self, node: Node) -> int:
        """Lower the named children in order; the value of the last one, or of an opaque mixture when several have one."""
        got = [v for v in (self.visit(c) for c in node.named_children) if v >= 0]
        if len(got) <= 1:
            return got[0] if got else -1
        return self.emit(Op.OPAQUE, got, node)

    def block(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            self.visit(node)

    def emit(self, op: int, operands: list[int], node: Node | None) -> int:
        line, end = (node.start_point[0] + 1, node.end_point[0] + 1) if node is not None else (self.last_line(), self.last_line())
        return self.build.emit(op, operands, line, end)

    def last_line(self) -> int:
        return self.build.line[-1] if self.build.line else 1

    def string(self, text: str) -> int:
        return self.build.string(text)

    def text(self, node: Node | None) -> str:
        return "" if node is None else self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def const(self, kind: int, text: str, node: Node | None) -> int:
        return self.emit(Op.CONST, [kind, self.string(text)], node)

    def null(self, node: Node | None) -> int:
        return self.const(Kind.NULL, "null", node)

    def name(self, text: str, node: Node | None) -> int:
        return self.emit(Op.NAME, [self.string(text)], node)

    def function_name(self, text: str, node: Node | None) -> int:
        """A name that is never a variable's, in a language that keeps the two apart: ``session()`` beside ``$session``."""
        return self.emit(Op.NAME, [self.string(text), 1], node)

    def store(self, name: str, value: int, node: Node | None) -> int:
        self.emit(Op.STORE, [self.string(name), value], node)
        if self.scope:
            self.stored.add(name)
        return value

    def field(self, value: int, name: str, node: Node | None) -> int:
        return self.emit(Op.FIELD, [value, self.string(name)], node)

    def call(self, callee: int, arguments: list[int], node: Node | None, op: int = Op.CALL) -> int:
        """``arguments`` are key/value pairs as in Op.CALL."""
        self.build.cut()
        return self.emit(op, [callee, *arguments], node)

    # --- control

    def condition(self, node: Node | None, true: int, false: int) -> None:
        """Lower a condition with short circuits, ending in jumps to the two blocks. Rules of and/or/not are known by their ``logic``."""
        rule = self.table.get(node.type) if node is not None else None
        logic = getattr(rule, "logic", None)
        if node is not None and logic is not None and self.depth <= MAX_DEPTH:
            self.depth += 1
            try:
                if logic(self, node, true, false):
                    return
            finally:
                self.depth -= 1
        self.branch(self.value(node), true, false, node)

    def branch(self, value: int, true: int, false: int, node: Node | None) -> None:
        self.emit(Op.BRANCH, [value], node)
        self.build.link(true, EDGE_TRUE)
        self.build.link(false, EDGE_FALSE)
        self.build.close()

    def fork(self, condition: Node | None, then: Callable[[], int], other: Callable[[], int] | None) -> tuple[int, int]:
        """if/else and ternary: the values of both arms. Either may be -1."""
        yes, no, after = self.build.reserve(), self.build.reserve(), self.build.reserve()
        self.condition(condition, yes, no)
        self.build.start(yes)
        first = then()
        self.build.jump(after)
        self.build.start(no)
        second = other() if other else -1
        self.build.jump(after)
        self.build.start(after)
        return first, second

    def loop(self, head: Callable[[int, int], None], body: Callable[[], None], step: Callable[[], None] | None = None) -> None:
        """A loop. ``head(into, out)`` lowers the test and jumps; ``step`` runs before each next round."""
        again, into, turn, out = (self.build.reserve() for _ in range(4))
        self.build.jump(again)
        self.build.start(again)
        head(into, out)
        self.build.start(into)
        self.breaks.append((out, turn))
        body()
        self.breaks.pop()
        self.build.jump(turn)
        self.build.start(turn)
        if step:
            step()
        self.build.jump(again)
        self.build.start(out)

    def attempt(
        self,
        body: Callable[[], None],
        handlers: Sequence[Callable[[], None]],
        final: Callable[[], None] | None,
        other: Callable[[], None] | None = None,
        finally_clause: Node | None = None,
    ) -> None:
        """try/catch/finally. A finally is lowered where the normal path goes on; a raise that no handler takes leaves the function, unless
        the finally itself returns: then whatever is raised ends there."""
        if final is not None and finally_clause is not None and _returns(finally_clause):
            inner = (lambda: self.attempt(body, handlers, None, other)) if handlers or other else body
            self.attempt(inner, [partial(self._end_all, finally_clause, final)], final)
            return
        caught, after = self.build.reserve(), self.build.reserve()
        fresh = self.build.reserve()
        self.build.jump(fresh)
        self.build.start(fresh)
        if handlers:
            self.build.handlers.append(caught)
            self.build.link(caught, 3)
        body()
        if handlers:
            self.build.handlers.pop()
            fresh = self.build.reserve()
            self.build.jump(fresh)
            self.build.start(fresh)
        if other:
            other()
        self.build.jump(after)
        if handlers:
            self.build.start(caught)
            entries = [self.build.reserve() for _ in handlers]
            for entry in entries:
                self.build.link(entry, EDGE_NEXT)
            self.build.close()
            for entry, handler in zip(entries, handlers, strict=True):
                self.build.start(entry)
                handler()
                self.build.jump(after)
        self.build.start(after)
        if final:
            final()

    def _end_all(self, clause: Node, final: Callable[[], None]) -> None:
        """Whatever is raised, a finally that returns has it end there."""
        self.emit(Op.CAUGHT, [], clause)
        final()

    def leave(self, op: int, value: int, node: Node) -> int:
        """return or raise."""
        if op == Op.RAISE and self.build.handlers and self.build.open:
            self.emit(op, [value], node)
            self.build.link(self.build.handlers[-1], EDGE_RAISE)
            self.build.close()
            return -1
        self.emit(op, [value], node)
        self.build.close()
        return -1

    def break_out(self, again: bool) -> int:
        if self.breaks:
            out, turn = self.breaks[-1]
            self.build.jump(turn if again else out)
        return -1

    # --- functions

    def function_value(self, node: Node) -> int:
        """A nested function as a value; its body is lowered by itself, on demand."""
        number = self.functions.get(node.start_byte)
        return self.emit(Op.OPAQUE, [], node) if number is None else self.emit(Op.FUNCTION, [number], node)

    def parameter(self, param: Param, default: Node | None, node: Node | None) -> int:
        """Declare the next parameter and store its value under its name; the value, for patterns to take apart."""
        number = len(self.build.params)
        self.build.params.append(param)
        value = self.emit(Op.PARAM, [number], node)
        if default is not None:
            value = self.emit(Op.CHOICE, [self.string("default"), value, self.value(default)], node)
        if param.name:
            self.store(param.name, value, node)
        return value

    def finish(self) -> Body:
        return self.build.finish()


def _returns(clause: Node) -> bool:
    """Whether a finally returns by a statement of its own, and not only in a function that is written there."""
    waiting = list(clause.named_children)
    while waiting:
        here = waiting.pop()
        if here.type == "return_statement":
            return True
        if not any(word in here.type for word in ("function", "lambda", "method", "class")):
            waiting += here.named_children
    return False
