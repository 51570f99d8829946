"""A source, indexed and lowered, in a form that tests can read: values as expressions, blocks as who reaches whom."""

from collections.abc import Callable

from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import NAMES, Op
from tillproof.languages.base import Spec, index_file, lower, parse


class Lowered:
    def __init__(self, spec: Spec, source: str) -> None:
        self.spec = spec
        self.source = source.encode("utf-8", "surrogatepass")
        self.index = index_file(spec, "file", self.source, [])
        self.tree = parse(spec, self.source)

    def lower(self, number: int) -> Body:
        return lower(self.spec, self.index, self.source, self.tree, number)

    def body(self, name: str) -> Body:
        """The body of the function of this name; ``""`` is the top level."""
        return self.lower(next((n for n, f in enumerate(self.index.functions) if f.name == name), -1) if name else -1)

    def all(self, op: int, number: int = -1) -> list[str]:
        """Every instruction of this kind, in the order of the table."""
        body = self.lower(number)
        return [expression(body, i) for i in range(len(body.op)) if body.op[i] == op]

    def last(self) -> str:
        body = self.lower(-1)
        return expression(body, len(body.op) - 1)

    def stores(self, name: str = "") -> list[str]:
        """Every store as ``target = value``; parameters stored under their own name are left out."""
        body = self.body(name)
        out = [expression(body, i) for i in range(len(body.op)) if body.op[i] in (Op.STORE, Op.SET_FIELD, Op.SET_INDEX)]
        return [line for line in out if "= PARAM" not in line]

    def decorations(self) -> list[str]:
        """What each DECORATE says: the decorated, and with what."""
        body = self.lower(-1)
        out = []
        for i in range(len(body.op)):
            if body.op[i] == Op.DECORATE:
                kind, number, value = body.args(i)
                declared = self.index.classes if kind == 1 else self.index.functions
                name = body.text(number) if kind == 2 else "class " * kind + declared[number].name
                out.append(f"{name}: {expression(body, value)}")
        return out

    def under(self, condition: str, name: str = "") -> dict[str, str]:
        """Which calls and echoes stand on only one side of the branch on this condition."""
        body = self.body(name)
        for number, block in enumerate(body.blocks):
            last = block.end - 1
            if block.end > block.start and body.op[last] == Op.BRANCH and expression(body, body.args(last)[0]) == condition:
                sides = {kind: _effects(body, _reachable(body, [target], number)) for kind, target in block.next}
                yes, no = sides[EDGE_TRUE], sides[EDGE_FALSE]
                return {e: "true" if e in yes else "false" for e in sorted(yes ^ no)}
        raise AssertionError(f"no branch on {condition}")

    def reach(self, effect: str, name: str = "") -> set[str]:
        """The calls and echoes that may run after this one."""
        body = self.body(name)
        for block in body.blocks:
            for i in range(block.start, block.end):
                if _is_effect(body, i) and expression(body, i) == effect:
                    later = {expression(body, j) for j in range(i + 1, block.end) if _is_effect(body, j)}
                    return later | _effects(body, _reachable(body, [target for _, target in block.next]))
        raise AssertionError(f"no {effect}")

    def raises_before(self, effect: str, name: str = "") -> bool:
        """Whether a handler may be reached without this call having run."""
        body = self.body(name)
        return any(
            any(kind == EDGE_RAISE for kind, _ in block.next)
            for block in body.blocks
            for i in range(block.start, block.end)
            if expression(body, i) == effect
        )

    def check_all(self) -> None:
        """Every span lies in the file, and every body is well-formed."""
        lines = self.source.count(b"\n") + 1
        functions = [(f.start, f.end, f.line, f.end_line) for f in self.index.functions]
        classes = [(c.start, c.end, c.line, c.end_line) for c in self.index.classes]
        for start, end, line, end_line in functions + classes:
            assert 0 <= start <= end <= len(self.source)
            assert 1 <= line <= end_line <= lines
        for number in range(-1, len(self.index.functions)):
            body = self.lower(number)
            covered = sorted(i for block in body.blocks for i in range(block.start, block.end))
            assert covered == list(range(len(body.op)))
            for i in range(len(body.op)):
                assert 1 <= body.line[i] <= body.end_line[i] <= lines
                expression(body, i)
            assert all(0 <= target < len(body.blocks) for block in body.blocks for _, target in block.next)


def _is_effect(body: Body, i: int) -> bool:
    return body.op[i] in (Op.CALL, Op.NEW, Op.ECHO)


def _reachable(body: Body, starts: list[int], without: int = -1) -> set[int]:
    """The blocks that may run after these, but for what only a loop back through ``without`` reaches."""
    seen = {without}
    stack = list(starts)
    while stack:
        block = stack.pop()
        if block not in seen:
            seen.add(block)
            stack += [target for _, target in body.blocks[block].next]
    return seen - {without}


def _effects(body: Body, blocks: set[int]) -> set[str]:
    return {expression(body, i) for b in blocks for i in range(body.blocks[b].start, body.blocks[b].end) if _is_effect(body, i)}


def expression(body: Body, i: int, depth: int = 0) -> str:
    """A value as one would write it; instructions without a notation as ``OP(operands)``."""
    if i < 0:
        return ""
    if depth > 40:
        return "…"
    op = body.op[i]

    def value(operand: int) -> str:
        return expression(body, operand, depth + 1)

    if op in (Op.CALL, Op.NEW):
        callee, passed = body.call(i)
        inside = ", ".join((key + "=" if key and "*" not in key else key) + value(v) for key, v in passed)
        return f"{'new ' * (op == Op.NEW)}{value(callee)}({inside})"
    if op in NOTATION:
        return NOTATION[op](body.args(i), value, body.text)
    return f"{NAMES[op]}({', '.join(value(v) for v in body.args(i))})"


Text = Callable[[int], str]


def _record(args: list[int], value: Text) -> str:
    pairs = zip(args[::2], args[1::2], strict=True)
    return "{" + ", ".join(f"{value(k)}: {value(v)}" if k >= 0 else f"**{value(v)}" for k, v in pairs) + "}"


NOTATION: dict[int, Callable[[list[int], Text, Text], str]] = {
    Op.CONST: lambda a, _, text: repr(text(a[1])),
    Op.NAME: lambda a, _, text: text(a[0]),
    Op.FIELD: lambda a, value, text: f"{value(a[0])}.{text(a[1])}",
    Op.INDEX: lambda a, value, _: f"{value(a[0])}[{value(a[1])}]",
    Op.LIST: lambda a, value, _: f"[{', '.join(map(value, a))}]",
    Op.SPREAD: lambda a, value, _: f"*{value(a[0])}",
    Op.RECORD: lambda a, value, _: _record(a, value),
    Op.BINARY: lambda a, value, text: f"({value(a[1])} {text(a[0])} {value(a[2])})",
    Op.UNARY: lambda a, value, text: f"{text(a[0])}({value(a[1])})",
    Op.CHOICE: lambda a, value, text: f"CHOICE({', '.join([text(a[0]), *map(value, a[1:])])})",
    Op.CAST: lambda a, value, text: f"CAST({text(a[0])}, {value(a[1])})",
    Op.STORE: lambda a, value, text: f"{text(a[0])} = {value(a[1])}",
    Op.SET_FIELD: lambda a, value, text: f"{value(a[0])}.{text(a[1])} = {value(a[2])}",
    Op.SET_INDEX: lambda a, value, _: f"{value(a[0])}[{value(a[1])}] = {value(a[2])}",
    Op.REST: lambda a, value, text: f"REST({', '.join([value(a[0]), *map(text, a[1:])])})",
    Op.CAUGHT: lambda a, _, text: f"CAUGHT({', '.join(map(text, a))})",
    Op.FUNCTION: lambda a, _, __: f"FUNCTION({a[0]})",
    Op.CLASS: lambda a, _, __: f"CLASS({a[0]})",
    Op.PARAM: lambda a, _, __: f"PARAM({a[0]})",
    Op.DECORATE: lambda a, value, _: f"DECORATE({a[0]}, {a[1]}, {value(a[2])})",
}
