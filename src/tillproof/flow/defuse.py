"""Which writes of a variable reach a read of it, inside one body."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_WRITTEN_DOWN = (Op.RECORD, Op.LIST)
_PUSHING = ("array_push", "array_unshift")
_ADDING = {"append", "push", "add", "unshift", "extend"}
_MERGING = {"update", "merge"}
_OPTIONS = "CURLOPT_"
_DEEPEST = 3  # keys below the first, of a record that is written into


class Write(NamedTuple):
    """A later write into an object held by a variable: instruction, key (None when not constant), value, certain or not."""

    instr: int
    key: str | None
    value: int
    certain: bool


class Below(NamedTuple):
    """A later write into what such an object holds: ``order["price"]["total"] = x``, of which ``keys`` are both words."""

    instr: int
    keys: tuple[str, ...]
    value: int
    certain: bool


class Reach(NamedTuple):
    """``stores``: STORE instructions that may reach. ``entry``: some path reaches the read with none. ``writes``: into the object
    meanwhile. ``added``: what was put into a list that the object holds under the key; ``below``: what was written into what it holds."""

    stores: tuple[int, ...]
    entry: bool
    writes: tuple[Write, ...]
    added: tuple[Write, ...] = ()
    below: tuple[Below, ...] = ()


class DefUse:
    """Reaching writes of one body, searched backwards on demand. Blocks in ``dead`` are taken for unreachable."""

    def __init__(self, body: Body, dead: frozenset[int] = frozenset()) -> None:
        self.body = body
        self.dead = dead
        self.block_of = [0] * len(body.op)
        self.previous: list[list[int]] = [[] for _ in body.blocks]
        for number, block in enumerate(body.blocks):
            for i in range(block.start, block.end):
                self.block_of[i] = number
            for _, target in () if number in dead else block.next:
                self.previous[target].append(number)
        self.stores: dict[str, list[int]] = {}
        self.writes: dict[str, list[tuple[int, str | None, int]]] = {}
        self.added: dict[str, list[tuple[int, str | None, int]]] = {}
        self.below: dict[str, list[tuple[int, tuple[str, ...], int]]] = {}
        self._scan()
        self._memo: dict[tuple[int, str], Reach] = {}
        self._uses: dict[int, list[int]] | None = None

    @cached_property
    def kept(self) -> dict[str, list[int]]:
        """What is kept as members of members, by how they are written: ``frappe.local.gateway = x``."""
        found: dict[str, list[int]] = {}
        for i, op in enumerate(self.body.op):
            if op == Op.SET_FIELD and self.body.op[self.body.args(i)[0]] == Op.FIELD and (base := spelt(self.body, self.body.args(i)[0])):
                found.setdefault(f"{base}.{self.body.name(i)}", []).append(self.body.args(i)[2])
        return found

    @cached_property
    def elements(self) -> dict[tuple[str, str], list[int]]:
        """What is kept as elements of variables and fields, by how both and their keys are written: ``self::$made[$id] = $x``."""
        found: dict[tuple[str, str], list[int]] = {}
        for i, op in enumerate(self.body.op):
            if op == Op.SET_INDEX and self.body.args(i)[1] >= 0:
                base, key, value = self.body.args(i)
                place = spelt(self.body, base), spelt(self.body, key)
                if all(place):
                    found.setdefault(place, []).append(value)
        return found

    @cached_property
    def lent(self) -> dict[str, list[tuple[int, int]]]:
        """The calls for whose answer nobody asks that are handed a record or list which a variable holds, with the place of that argument:
        ``addShipping(params, order)`` may write into it."""
        body, found = self.body, dict[str, list[tuple[int, int]]]()
        for i, op in enumerate(body.op):
            if op == Op.CALL and not (set(map(body.op.__getitem__, self.uses(i))) - {Op.AWAIT}):
                for number, (key, v) in enumerate(body.call(i)[1]):
                    name = self._variable(v)
                    made = [body.op[body.args(s)[1]] for s in self.stores.get(name, ())] if name and not key else []
                    if name and made and all(m in _WRITTEN_DOWN for m in made):
                        found.setdefault(name, []).append((i, number))
        return found

    def _scan(self) -> None:
        body = self.body
        for i, op in enumerate(body.op):
            if self.block_of[i] in self.dead:
                continue
            if op == Op.STORE:
                self.stores.setdefault(body.name(i), []).append(i)
            elif op in (Op.SET_FIELD, Op.SET_INDEX):
                obj, key, value = body.args(i)
                name = self._variable(obj)
                text = body.text(key) if op == Op.SET_FIELD else self._key(key)
                if name:
                    self.writes.setdefault(name, []).append((i, text, value))
                elif op == Op.SET_INDEX and key < 0 and (held := self._held(obj)) is not None:  # `$order['lines'][] = $line`
                    self.added.setdefault(held[0], []).append((i, held[1], value))
                elif text and (path := self._path(obj)) is not None:
                    self.below.setdefault(path[0], []).append((i, (*path[1:], text), value))
            elif op == Op.CALL:
                self._scan_call(i)

    def _scan_call(self, i: int) -> None:
        """x.append(v), x.update(v), Object.assign(x, v) and array_push($x, v) write into x; x["key"].append(v) into the list that x
        holds."""
        body = self.body
        callee, arguments = body.call(i)
        if body.op[callee] == Op.NAME and body.name(callee) in _PUSHING and arguments and (name := self._variable(arguments[0][1])):
            self.writes.setdefault(name, []).extend((i, "[]", value) for _, value in arguments[1:])
        if body.op[callee] != Op.FIELD or not arguments:
            return
        method = body.name(callee)
        if method == "setdefault" and len(arguments) > 1:
            name, key = self._variable(body.args(callee)[0]), body.const(arguments[0][1])
            if name and key:
                self.writes.setdefault(name, []).append((i, key[1], arguments[1][1]))
            return
        if method in _ADDING or method in _MERGING:
            base = body.args(callee)[0]
            name = self._variable(base)
            if name and method == "update":  # `params.update(key=value)`
                self.writes.setdefault(name, []).extend((i, k, v) for k, v in arguments if k.isidentifier())
            if arguments[0][0]:
                return
            if name:
                self.writes.setdefault(name, []).append((i, "[]" if method in _ADDING else "**", arguments[0][1]))
            elif method in _ADDING and (held := self._held(base)) is not None:
                self.added.setdefault(held[0], []).append((i, held[1], arguments[0][1]))
        elif method == "assign" and len(arguments) > 1:
            name = self._variable(arguments[0][1])
            if name:
                self.writes.setdefault(name, []).extend((i, "**", v) for _, v in arguments[1:])

    def _held(self, i: int) -> tuple[str, str] | None:
        """The variable and the constant key of ``x.key`` or ``x["key"]``."""
        body = self.body
        if body.op[i] not in (Op.FIELD, Op.INDEX):
            return None
        obj, key = body.args(i)[:2]
        name = self._variable(obj)
        const = body.const(key) if body.op[i] == Op.INDEX else None
        text = body.text(key) if body.op[i] == Op.FIELD else const[1] if const else None
        return (name, text) if name and text else None

    def _key(self, i: int) -> str | None:
        """The key under which something is written: a literal, or the name of one of cURL's options, which stand for themselves."""
        if i < 0:
            return None
        const = self.body.const(i)
        named = self.body.name(i) if self.body.op[i] == Op.NAME else ""
        return const[1] if const else named if named.startswith(_OPTIONS) else None

    def _path(self, i: int) -> tuple[str, ...] | None:
        """The variable and the constant keys of ``x.key.other``, as deep as records are written."""
        keys: list[str] = []
        while len(keys) < _DEEPEST:
            if (held := self._held(i)) is not None:
                return (*held, *reversed(keys))
            if self.body.op[i] not in (Op.FIELD, Op.INDEX):
                return None
            obj, key = self.body.args(i)[:2]
            const = self.body.const(key) if self.body.op[i] == Op.INDEX else None
            text = self.body.text(key) if self.body.op[i] == Op.FIELD else const[1] if const else None
            if not text:
                return None
            keys.append(text)
            i = obj
        return None

    def _variable(self, i: int) -> str | None:
        return self.body.name(i) if i >= 0 and self.body.op[i] == Op.NAME else None

    def reaching(self, i: int, name: str) -> Reach:
        """What a read of ``name`` at instruction ``i`` may see."""
        key = (i, name)
        if key not in self._memo:
            self._memo[key] = self._search(i, name)
        return self._memo[key]

    def _search(self, i: int, name: str) -> Reach:
        stores = self.stores.get(name, [])
        if self.body.op[i] == Op.NAME and self.body.names_function(i):  # what a function was declared as, not what a variable holds
            stores = [s for s in stores if self.body.op[self.body.args(s)[1]] == Op.FUNCTION]
            return Reach(tuple(stores[-1:]), not stores, ())
        found, entry, passed = self._backwards(i, set(stores))
        writes, added = (tuple(self._since(i, stores, passed, into.get(name, []))) for into in (self.writes, self.added))
        below = tuple(self._written_below(i, name, passed)) if name in self.below else ()
        return Reach(tuple(sorted(found)), entry, writes, added, below)

    def _written_below(self, i: int, name: str, passed: set[int]) -> Iterator[Below]:
        """The writes into what an object holds that a read of its variable may see: what is put there anew later has none of them."""
        for at, keys, value in self.below[name]:
            if self.block_of[at] in passed:
                anew = [w for w, key, _ in self.writes.get(name, ()) if key == keys[0]]
                stop, reached, _ = self._backwards(i, {*self.stores.get(name, ()), *anew, at})
                if at in stop:
                    yield Below(at, keys, value, stop == {at} and not reached)

    def _since(self, i: int, stores: list[int], passed: set[int], writes: list[tuple[int, str | None, int]]) -> Iterator[Write]:
        """The writes into an object that a read of its variable may see."""
        for at, key, value in writes:
            if self.block_of[at] in passed:
                stop, reached, _ = self._backwards(i, {*stores, at})
                if at in stop:
                    yield Write(at, key, value, stop == {at} and not reached)

    def _backwards(self, i: int, barriers: set[int]) -> tuple[set[int], bool, set[int]]:
        """The barriers met first going back from ``i``, whether the entry is reached, and the blocks gone through."""
        found: set[int] = set()
        entry = False
        by_block: dict[int, list[int]] = {}
        for b in barriers:
            by_block.setdefault(self.block_of[b], []).append(b)
        start = self.block_of[i]
        passed = {start}
        stack = [(start, i)]
        seen: set[int] = set()
        while stack:
            block, before = stack.pop()
            inside = [b for b in by_block.get(block, []) if b < before]
            if inside:
                found.add(max(inside))
                continue
            if block == 0:
                entry = True
            for previous in self.previous[block]:
                if previous not in seen:
                    seen.add(previous)
                    passed.add(previous)
                    stack.append((previous, len(self.body.op)))
        return found, entry, passed

    def last_before(self, i: int, among: set[int]) -> set[int]:
        """Those of ``among`` that are met first on some path back from ``i``."""
        return self._backwards(i, among)[0]

    def passes(self, i: int, through: int, start: int | None = None) -> bool:
        """Whether every path to ``i``, from ``start`` or the entry, goes through the instruction ``through``."""
        met, entry, _ = self._backwards(i, {through} if start is None else {through, start})
        return through in met and not entry and start not in met

    def uses(self, i: int) -> list[int]:
        """The instructions that take the value of ``i`` as an operand."""
        if self._uses is None:
            self._uses = {}
            for user in range(len(self.body.op)):
                for operand in value_operands(self.body, user):
                    self._uses.setdefault(operand, []).append(user)
        return self._uses.get(i, [])


_VALUES = {
    Op.FIELD: (0,), Op.INDEX: (0, 1), Op.SPREAD: (0,), Op.UNARY: (1,), Op.BINARY: (1, 2), Op.AWAIT: (0,), Op.YIELD: (0,), Op.STORE: (1,),
    Op.SET_FIELD: (0, 2), Op.SET_INDEX: (0, 1, 2), Op.ELEMENT: (0,), Op.KEY: (0,), Op.REST: (0,), Op.RETURN: (0,), Op.RAISE: (0,),
    Op.BRANCH: (0,), Op.CAST: (1,), Op.DECORATE: (2,),
}  # fmt: skip
_ALL_VALUES = (Op.TEXT, Op.LIST, Op.RECORD, Op.ECHO, Op.OPAQUE)


def value_operands(body: Body, i: int) -> list[int]:
    """Operands of an instruction that are values."""
    op, args = body.op[i], body.args(i)
    if op in (Op.CALL, Op.NEW):
        return [args[0], *args[2::2]]
    if op == Op.CHOICE:
        return [a for a in args[1:] if a >= 0]
    if op in _ALL_VALUES:
        return [a for a in args if a >= 0]
    return [args[n] for n in _VALUES.get(op, ()) if n < len(args) and args[n] >= 0]


def variables(body: Body, defuse: "DefUse", i: int, stores: int) -> set[str]:
    """The variables of which a value is put together, through so many that they are kept in."""
    found: set[str] = set()
    waiting, seen = [(i, stores)], set[int]()
    while waiting:
        here, left = waiting.pop()
        if here < 0 or here in seen:
            continue
        seen.add(here)
        if body.op[here] == Op.NAME:
            found.add(body.name(here))
            made = defuse.reaching(here, body.name(here)).stores if left else ()
            waiting += [(body.args(s)[1], left - 1) for s in made if body.op[s] == Op.STORE]
        else:
            waiting += [(a, left) for a in value_operands(body, here)]
    return found


def spelt(body: Body, i: int) -> str:
    """A variable, a member of one or a literal as it is written; empty for anything else."""
    if body.op[i] == Op.FIELD:
        base = spelt(body, body.args(i)[0])
        return f"{base}.{body.name(i)}" if base else ""
    return body.name(i) if body.op[i] in (Op.NAME, Op.CONST) else ""
