"""Declarations in code, instruction by instruction, so that every column keeps its own line.

A ``Node`` is an instruction of a function. Variables are followed to the write that gives them their value, in their file or the one that
they are imported from.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.names import strip, written
from tillproof.commerce.sql.filled import filled, without_holes
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import TOP, ClassId, Fn, Program
from tillproof.flow.values import Instance, Value, constant, names, options
from tillproof.ir.ops import Op

_THROUGH = (Op.AWAIT, Op.SPREAD, Op.STORE, Op.CAST)
_MAX_STEPS = 8


class Node(NamedTuple):
    fn: Fn
    i: int


class Entry(NamedTuple):
    """A key of a record, and the instruction of its value. ``at``: where the key stands."""

    key: str
    value: Node
    at: Node


class Call(NamedTuple):
    """A call: dotted names of the callee, its last word, and the arguments by position and by name."""

    node: Node
    names: tuple[str, ...]
    word: str
    args: list[Node]
    named: dict[str, Node]


class Code:
    """Questions about instructions of the program."""

    def __init__(self, program: Program, evaluator: Evaluator) -> None:
        self.program = program
        self.evaluator = evaluator
        self._by_class: dict[str, dict[str, list[tuple[str, Node]]]] = {}

    def op(self, node: Node) -> int:
        body = self.program.body(node.fn)
        return body.op[node.i] if 0 <= node.i < len(body.op) else -1

    def line(self, node: Node) -> int:
        body = self.program.body(node.fn)
        return body.line[node.i] if 0 <= node.i < len(body.op) else 1

    def end_line(self, node: Node) -> int:
        body = self.program.body(node.fn)
        return body.end_line[node.i] if 0 <= node.i < len(body.op) else 1

    def operands(self, node: Node) -> list[Node]:
        return [Node(node.fn, a) for a in self.program.body(node.fn).args(node.i)]

    def value(self, node: Node) -> Value:
        return self.evaluator.value(node.fn, node.i)

    def text(self, node: Node | None) -> str | None:
        """A constant's text."""
        return constant(self.value(node)) if node is not None else None

    def pattern(self, node: Node) -> str:
        """A text without the parts that are not known; empty when nothing of it is."""
        texts = filled(self.value(node), self.evaluator)
        return without_holes(texts[0].text) if texts else ""

    def default(self, node: Node | None) -> str | None:
        """A default's text; None for none, and for NULL, which is as good as none."""
        text = self.text(node)
        return None if text is None or text.lower() in ("null", "none", "undefined") else text

    def is_true(self, node: Node | None) -> bool:
        return (self.text(node) or "").lower() in ("true", "1")

    def resolve(self, node: Node) -> Node:
        """The instruction behind variables, casts and the like."""
        for _ in range(_MAX_STEPS):
            op = self.op(node)
            if op in _THROUGH:
                node = self.operands(node)[1 if op in (Op.CAST, Op.STORE) else 0]
            elif op == Op.NAME:
                found = self._stored(node)
                if found is None or found == node:
                    return node
                node = found
            else:
                return node
        return node

    def _stored(self, node: Node) -> Node | None:
        """The value that a variable has, when one write gives it; here, around here, or in the file that it is imported from."""
        name = self.program.body(node.fn).name(node.i)
        reach = self.evaluator.defuse(node.fn).reaching(node.i, name)
        if len(reach.stores) == 1:
            return Node(node.fn, reach.stores[0])
        around = self.program.parent(node.fn)
        while around is not None:
            stores = self.evaluator.defuse(around).stores.get(name)
            if stores:
                return Node(around, stores[0]) if len(stores) == 1 else None
            around = self.program.parent(around)
        return self._imported(node.fn.file, name)

    def _imported(self, file: str, name: str) -> Node | None:
        found = next((i for i in self.program.indices[file].imports if i.local == name), None)
        target = self.evaluator.scope.modules.find(file, found.module) if found else None
        if found is None or target is None:
            return None
        exported = next((e for e in self.program.indices[target].exports if e.name == found.name and not e.module), None)
        stores = self.evaluator.defuse(Fn(target, TOP)).stores.get(exported.local if exported else found.name)
        return Node(Fn(target, TOP), stores[0]) if stores and len(stores) == 1 else None

    def call(self, node: Node) -> Call | None:
        """A CALL or NEW taken apart."""
        if self.op(node) not in (Op.CALL, Op.NEW):
            return None
        callee, arguments = self.program.body(node.fn).call(node.i)
        found = tuple(strip(n) for n in names(self.evaluator.value(node.fn, callee)))
        spelt = written(self.program, node.fn, callee)
        word = spelt.rpartition(".")[2] or (found[0].rpartition(".")[2] if found else "")
        return Call(
            node,
            (*found, spelt),
            word,
            [Node(node.fn, a) for k, a in arguments if k in ("", "*")],
            {k: Node(node.fn, a) for k, a in arguments if k and "*" not in k},
        )

    def calls(self, fn: Fn) -> Iterator[Call]:
        """The calls of a function in order."""
        for i, op in enumerate(self.program.body(fn).op):
            if op in (Op.CALL, Op.NEW) and (found := self.call(Node(fn, i))) is not None:
                yield found

    def chain(self, node: Node) -> list[tuple[str, Call]]:
        """``table.integer('x').unsigned()`` as its calls from the first to the last; what they hang on comes first, with an empty word
        when it is no call."""
        out: list[tuple[str, Call]] = []
        while (call := self.call(node)) is not None:
            callee = self.operands(node)[0]
            out.append((call.word, call))
            if self.op(callee) != Op.FIELD:
                break
            node = self.operands(callee)[0]
        return out[::-1]

    def root(self, node: Node) -> Node:
        """What a chain of calls and members hangs on."""
        while self.op(node) in (Op.CALL, Op.FIELD, Op.NEW, Op.INDEX):
            node = self.operands(node)[0]
        return node

    def elements(self, node: Node | None) -> list[Node]:
        """The elements of a list, resolved; the node itself when it is none."""
        if node is None:
            return []
        node = self.resolve(node)
        if self.op(node) != Op.LIST:
            return [node]
        out: list[Node] = []
        for item in self.operands(node):
            resolved = self.resolve(item)
            spread = self.op(item) == Op.SPREAD and self.op(resolved) == Op.LIST
            out += self.elements(resolved) if spread else [resolved]
        return out

    def entries(self, node: Node | None, depth: int = 0) -> tuple[list[Entry], bool]:
        """The keys of a record in order, spreads looked into; and whether there may be more."""
        if node is None:
            return [], False
        node = self.resolve(node)
        if self.op(node) != Op.RECORD or depth > 4:
            return [], True
        out: list[Entry] = []
        more = False
        operands = self.program.body(node.fn).args(node.i)
        for k, v in zip(operands[::2], operands[1::2], strict=False):
            value = Node(node.fn, v)
            if k < 0:
                below, open_ = self.entries(value, depth + 1)
                out += below
                more = more or open_
            elif (text := self.text(Node(node.fn, k))) is not None:
                out.append(Entry(text, value, Node(node.fn, k)))
            else:
                more = True
        return out, more

    def record(self, node: Node | None) -> dict[str, Node]:
        """The keys of a record with the instructions of their values; empty for what is no record."""
        return {e.key: e.value for e in self.entries(node)[0]}

    def texts(self, node: Node | None) -> tuple[str, ...]:
        """The constant texts of a list, or of one value."""
        return tuple(t for n in self.elements(node) if (t := self.text(n)) is not None)

    def fields(self, cls: ClassId) -> Iterator[tuple[str, Node]]:
        """What a class stores under its name: fields, with the instruction that stores them."""
        methods = self.program.methods(cls)
        for field, node in self._members(cls.file).get(self.program.cls(cls).name, ()):
            if field not in methods:
                yield field, node

    def _members(self, file: str) -> dict[str, list[tuple[str, Node]]]:
        """What the classes of a file store under their names, nested classes under both names."""
        if file not in self._by_class:
            found: dict[str, list[tuple[str, Node]]] = {}
            for name, stores in self.evaluator.defuse(Fn(file, TOP)).stores.items():
                owner, dot, field = name.rpartition(".")
                if dot:
                    found.setdefault(owner, []).append((field, Node(Fn(file, TOP), stores[-1])))
            self._by_class[file] = found
        return self._by_class[file]

    def declared_type(self, node: Node) -> str:
        """The type that is written at a field; empty when there is none."""
        value = self.operands(node)[1] if self.op(node) == Op.STORE else node
        body = self.program.body(value.fn)
        return body.text(body.args(value.i)[0]) if self.op(value) == Op.CAST else ""

    def variables(self, node: Node) -> list[str]:
        """The variables that a value is stored in."""
        body = self.program.body(node.fn)
        out: list[str] = []
        for user in self.evaluator.defuse(node.fn).uses(node.i):
            if body.op[user] == Op.STORE:
                out += [body.name(user)] if body.name(user) != "default" else []
            elif body.op[user] == Op.CAST:
                out += self.variables(Node(node.fn, user))
        return out

    def meta(self, cls: ClassId, name: str) -> Node | None:
        """``name`` (dotted) as the class stores it: ``Meta.constraints``, ``__table_args__``."""
        top = Fn(cls.file, TOP)
        stores = self.evaluator.defuse(top).stores.get(f"{self.program.cls(cls).name}.{name}")
        return Node(top, stores[-1]) if stores else None

    def decorations(self, file: str) -> dict[str | int, list[Call]]:
        """The decorators of classes (by number) and of fields (by ``Class.field``) in a file, as calls; one that is no call is one without
        arguments."""
        top = Fn(file, TOP)
        body = self.program.body(top)
        out: dict[str | int, list[Call]] = {}
        for i, op in enumerate(body.op):
            if op != Op.DECORATE or body.args(i)[0] == 0:
                continue
            kind, owner, value = body.args(i)
            node = Node(top, value)
            spelt = written(self.program, top, value)
            found = self.call(node) or Call(node, (*map(strip, names(self.value(node))), spelt), spelt.rpartition(".")[2], [], {})
            out.setdefault(body.text(owner) if kind == 2 else owner, []).append(found)
        return out

    def made_of(self, node: Node) -> list[str]:
        """Dotted names of what a call makes: the callee's, and for a class of ours those that it derives from."""
        found: list[str] = []
        for option in options(self.value(node)):
            if isinstance(option, Instance):
                found += [self.program.cls(option.cls).name, *self.evaluator.scope.foreign_bases(option.cls)]
        call = self.call(node)
        return [*(call.names if call else ()), *found]

    def sql(self, node: Node, depth: int = 0) -> str:
        """An expression as SQL would write it, as far as that goes: ``quantity >= 0``."""
        node = self.resolve(node) if self.op(node) != Op.NAME else node
        op, body = self.op(node), self.program.body(node.fn)
        if depth > 6 or op < 0:
            return "?"
        if op == Op.CONST:
            return body.name(node.i)
        if op in (Op.NAME, Op.FIELD):
            return body.name(node.i)
        if op == Op.BINARY:
            _, left, right = self.operands(node)
            word = {"&": "AND", "|": "OR", "==": "=", "===": "="}.get(body.text(body.args(node.i)[0]), body.text(body.args(node.i)[0]))
            return f"{self.sql(left, depth + 1)} {word} {self.sql(right, depth + 1)}"
        if op == Op.UNARY:
            word = body.text(body.args(node.i)[0])
            return f"{'NOT ' if word in ('~', 'not', '!') else word}({self.sql(self.operands(node)[1], depth + 1)})"
        if op == Op.TEXT:
            return "".join(self.sql(p, depth + 1) for p in self.operands(node))
        if op in (Op.CALL, Op.NEW):
            call = self.call(node)
            return " ".join(self.sql(a, depth + 1) for a in call.args) if call is not None else "?"
        return "?"
