"""The lowered body of one function (or of a file's top level): a flat instruction table, and basic blocks over it."""

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from tillproof.ir.ops import ARG_NAMED_SPREAD, ARG_POSITIONAL, ARG_SPREAD, Op

_NAMED_SECOND = frozenset([Op.FIELD, Op.SET_FIELD, Op.CONST])
EDGE_NEXT, EDGE_TRUE, EDGE_FALSE, EDGE_RAISE = 0, 1, 2, 3


class Param(msgspec.Struct, array_like=True):
    """A parameter. ``kind``: ``""``, ``rest`` or ``named-rest``. ``decorators``: name, then the text of its first argument, per
    decorator."""

    name: str
    type: str = ""
    kind: str = ""
    decorators: list[tuple[str, str]] = []


class Block(msgspec.Struct, array_like=True):
    """Instructions ``start`` up to ``end`` (exclusive), run in order. ``next``: (edge kind, block). A raise edge leaves from the state at
    the block's start: bodies are cut before every call inside a try, so what a failed call would have proven is not proven there."""

    start: int
    end: int = 0
    next: list[tuple[int, int]] = []

    @property
    def onward(self) -> list[int]:
        """The blocks that may follow when nothing is raised."""
        return [target for kind, target in self.next if kind != EDGE_RAISE]


class Body(msgspec.Struct, array_like=True, dict=True):
    """Instructions as parallel columns. ``at[i]:at[i + 1]`` are the operands of instruction ``i`` in ``operands``; ``line`` is 1-based.

    ``regions``: blocks of statements under a context manager: its value, and the instructions inside from the second up to the third.
    """

    params: list[Param]
    strings: list[str]
    op: list[int]
    at: list[int]
    operands: list[int]
    line: list[int]
    end_line: list[int]
    blocks: list[Block]
    returns: str = ""
    generator: bool = False
    regions: list[tuple[int, int, int]] = []

    def args(self, i: int) -> list[int]:
        """The operands of instruction ``i``."""
        return self.operands[self.at[i] : self.at[i + 1]]

    def text(self, s: int) -> str:
        return self.strings[s]

    def name(self, i: int) -> str:
        """The name that a NAME, FIELD, STORE or SET_FIELD instruction carries; the literal of a CONST."""
        return self.strings[self.operands[self.at[i] + (self.op[i] in _NAMED_SECOND)]]

    def names_function(self, i: int) -> bool:
        """Whether a NAME is a function's and no variable's, however like one it is spelt."""
        return self.at[i + 1] - self.at[i] > 1

    def const(self, i: int) -> tuple[int, str] | None:
        """(kind, text) of a CONST, else None."""
        if i < 0 or self.op[i] != Op.CONST:
            return None
        a = self.at[i]
        return self.operands[a], self.strings[self.operands[a + 1]]

    def called(self, i: int) -> str:
        """The last part of the name by which a CALL or NEW calls: ``update`` of ``db.orders.update(…)``; empty where it calls no name."""
        callee = self.operands[self.at[i]]
        return self.name(callee).rpartition(".")[2] if self.op[callee] in (Op.NAME, Op.FIELD) else ""

    def is_self(self, i: int) -> bool:
        """Whether a value is the object whose method this is: ``this``, ``self``."""
        return self.op[i] == Op.NAME and self.name(i) in ("this", "self")

    def negates(self, i: int) -> bool:
        """Whether an instruction is the negation of its one operand: ``not x``, ``!x``."""
        return self.op[i] == Op.UNARY and self.text(self.args(i)[0]) in ("not", "!")

    def holds(self, i: int, number: int) -> bool:
        """Whether a value is that function of the file, or a record that keeps it: ``{ handler: async () => … }``."""
        if self.op[i] == Op.RECORD:
            return any(v >= 0 and self.op[v] == Op.FUNCTION and self.args(v)[0] == number for v in self.args(i)[1::2])
        return self.op[i] == Op.FUNCTION and self.args(i)[0] == number

    def rows(self, blocks: Iterable[int]) -> Iterator[int]:
        """The instructions of some blocks, block by block."""
        for block in blocks:
            yield from range(self.blocks[block].start, self.blocks[block].end)

    def unreached(self) -> frozenset[int]:
        """The blocks to which no way leads: what stands behind a return or a raise. One in which a function is declared is not counted,
        since that one is known before the block is come to."""
        reached, waiting = {0}, [0]
        while waiting:
            for _, target in self.blocks[waiting.pop()].next:
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
        left = [n for n in range(len(self.blocks)) if n not in reached] if len(reached) < len(self.blocks) else []
        return frozenset(n for n in left if Op.FUNCTION not in self.op[self.blocks[n].start : self.blocks[n].end])

    @cached_property
    def left_whole(self) -> frozenset[str]:
        """The parameters that stay as they came: nothing stores them again, adds to them, or asks them for a member."""
        stored: dict[str, list[int]] = {}
        for i, op in enumerate(self.op):
            if op == Op.STORE:
                stored.setdefault(self.name(i), []).append(self.args(i)[1])
        kept = {name for name, values in stored.items() if len(values) == 1 and self._comes_from_parameter(values[0])}
        for i, op in enumerate(self.op):
            if op in (Op.SET_FIELD, Op.SET_INDEX, Op.FIELD) and self.op[of := self.args(i)[0]] == Op.NAME:
                kept.discard(self.name(of))
        return frozenset(kept)

    def _comes_from_parameter(self, i: int) -> bool:
        """Whether a value is a parameter, or that unless it was not given."""
        return self.op[i] == Op.PARAM or (self.op[i] == Op.CHOICE and any(v >= 0 and self.op[v] == Op.PARAM for v in self.args(i)[1:]))

    def bare(self, i: int) -> int:
        """An instruction without the awaiting and casting around it: the call of ``(await find(id)) as Order``."""
        while self.op[i] in (Op.AWAIT, Op.CAST):
            i = self.args(i)[0 if self.op[i] == Op.AWAIT else 1]
        return i

    def call(self, i: int) -> tuple[int, list[tuple[str, int]]]:
        """Callee and arguments of a CALL or NEW. An argument's key is ``""`` (positional), ``*``, ``**`` or its name."""
        ops = self.args(i)
        out: list[tuple[str, int]] = []
        for n in range(1, len(ops), 2):
            k = ops[n]
            key = "" if k == ARG_POSITIONAL else "*" if k == ARG_SPREAD else "**" if k == ARG_NAMED_SPREAD else self.strings[k]
            out.append((key, ops[n + 1]))
        return ops[0], out


class Builder:
    """Builds a Body: emits instructions into the current block and links blocks."""

    def __init__(self) -> None:
        self.params: list[Param] = []
        self.strings: list[str] = []
        self.ids: dict[str, int] = {}
        self.op: list[int] = []
        self.at: list[int] = [0]
        self.operands: list[int] = []
        self.line: list[int] = []
        self.end_line: list[int] = []
        self.blocks: list[Block] = [Block(0)]
        self.current = 0
        self.open = True
        self.handlers: list[int] = []
        self.returns = ""
        self.generator = False
        self.regions: list[tuple[int, int, int]] = []

    def string(self, text: str) -> int:
        found = self.ids.get(text)
        if found is None:
            found = self.ids[text] = len(self.strings)
            self.strings.append(text)
        return found

    def emit(self, op: int, operands: list[int], line: int, end_line: int) -> int:
        if not self.open:  # code after return or raise: kept, in a block that nothing leads to
            self.start(self.reserve())
        self.op.append(op)
        self.operands.extend(operands)
        self.at.append(len(self.operands))
        self.line.append(line)
        self.end_line.append(end_line)
        return len(self.op) - 1

    def reserve(self) -> int:
        """A new block, to be filled later."""
        self.blocks.append(Block(-1, -1, []))
        return len(self.blocks) - 1

    def start(self, block: int) -> None:
        """Close the current block and go on in ``block``; no edge is made."""
        if self.open:
            self.blocks[self.current].end = len(self.op)
        self.blocks[block].start = len(self.op)
        self.current, self.open = block, True

    def link(self, target: int, kind: int = EDGE_NEXT) -> None:
        if self.open:
            self.blocks[self.current].next.append((kind, target))

    def close(self) -> None:
        """The current block ends here: nothing follows but what was linked."""
        if self.open:
            self.blocks[self.current].end = len(self.op)
            self.open = False

    def jump(self, target: int) -> None:
        self.link(target)
        self.close()

    def cut(self) -> None:
        """Begin a new block before something that may raise, when a handler would see it."""
        if not self.handlers or not self.open:
            return
        fresh = self.reserve()
        if self.blocks[self.current].start != len(self.op):
            self.link(fresh)
            self.start(fresh)
        else:
            self.blocks.pop()
        for handler in self.handlers[-1:]:
            if (EDGE_RAISE, handler) not in self.blocks[self.current].next:
                self.blocks[self.current].next.append((EDGE_RAISE, handler))

    def finish(self) -> Body:
        self.close()
        for block in self.blocks:
            if block.start < 0:
                block.start = block.end = len(self.op)
        return Body(
            self.params, self.strings, self.op, self.at, self.operands, self.line, self.end_line, self.blocks, self.returns, self.generator,
            self.regions,
        )  # fmt: skip


def const(builder: Builder, kind: int, text: str, line: int) -> int:
    """Emit a literal that the source does not spell out (an omitted value, a key of a destructuring)."""
    return builder.emit(Op.CONST, [kind, builder.string(text)], line, line)


def entries(body: Body, i: int) -> list[tuple[str, int]]:
    """What a RECORD or a SET_INDEX puts under keys that are written down, with the values; of any other instruction, nothing."""
    args = body.args(i)
    if body.op[i] == Op.SET_INDEX:
        pairs = [(args[1], args[2])]
    else:
        pairs = list(zip(args[::2], args[1::2], strict=True)) if body.op[i] == Op.RECORD else []
    return [(found[1].strip("'\""), value) for key, value in pairs if (found := body.const(key)) is not None]


def returns(body: Body) -> list[int]:
    """RETURN instructions."""
    return [i for i, op in enumerate(body.op) if op == Op.RETURN]
