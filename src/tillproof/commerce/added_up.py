"""Objects in which a function adds up what it has read, and which nobody keeps: the lines of a report, by day or by product."""

from tillproof.flow.captured import ARRAY_FOLD, FOLDS
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import TOP, Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_TAKES = ("get", "find", "at")
_FILLS = {"set": 1, "push": 0, "unshift": 0}
_LISTS = ("values", "entries")
# What only holds the fields that are put into it.
_PLAIN = ("stdclass", "simplenamespace")
_DEEPEST = 8


class AddedUp:
    """Whether an object was written down by the function itself, perhaps to be found again in a collection that it fills with such
    objects alone: ``days[key] = days[key] || { sold: 0 }; days[key].sold += 1``."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.program = evaluator.program

    def is_own(self, fn: Fn, i: int) -> bool:
        """Whether the object at an instruction is one."""
        return self._is_own(fn, i, set(), 0)

    def _is_own(self, fn: Fn, i: int, seen: set[tuple[Fn, int]], depth: int) -> bool:
        body = self.program.body(fn)
        if depth > _DEEPEST:
            return False
        if (fn, i) in seen:  # an entry that is put back where it was
            return True
        seen.add((fn, i))
        op, args = body.op[i], body.args(i)
        if op == Op.RECORD:
            return True
        if op in (Op.NEW, Op.CALL) and body.called(i).lower() in _PLAIN:
            return True
        if op == Op.PARAM and (begins := self._folded_from(fn, i)) is not None:
            return self._is_own(*begins, seen, depth + 1)
        if op in (Op.CAST, Op.STORE):
            return self._is_own(fn, args[1], seen, depth + 1)
        if op == Op.CHOICE:
            return all(self._is_own(fn, v, seen, depth + 1) for v in args[1:])
        if op == Op.NAME:
            reach = self.evaluator.defuse(fn).reaching(i, body.name(i))
            made = [body.args(s)[1] for s in reach.stores]
            return bool(made) and not reach.entry and all(self._is_own(fn, v, seen, depth + 1) for v in made)
        holder = self._holder(body, i)
        return holder >= 0 and self._fills(fn, body.name(holder), seen, depth + 1)

    def _holder(self, body: Body, i: int) -> int:
        """The variable in whose collection an entry is found; -1 where it is none."""
        op, args = body.op[i], body.args(i)
        if op == Op.CALL and body.op[args[0]] == Op.FIELD and body.name(args[0]) in _TAKES:
            i = body.args(args[0])[0]
        elif op == Op.CALL and body.op[args[0]] == Op.FIELD and body.name(args[0]) in _LISTS and len(body.call(i)[1]) == 1:
            i = body.call(i)[1][0][1]  # Object.values(days)
        elif op in (Op.INDEX, Op.ELEMENT):
            i = args[0]
            if body.op[i] == Op.CALL:
                return self._holder(body, i)
        else:
            return -1
        return i if body.op[i] == Op.NAME else -1

    def _fills(self, fn: Fn, name: str, seen: set[tuple[Fn, int]], depth: int) -> bool:
        """Whether the function, or one around it, begins an empty collection, and puts only such objects into it."""
        home: Fn | None = fn
        functions = []
        while home is not None and home.number != TOP:
            functions.append(home)
            stored = self.evaluator.defuse(home).stores.get(name)
            if stored:
                values = [self.program.body(home).args(s)[1] for s in stored]
                begun = all(self._is_begun(home, v) for v in values)
                return begun and all(self._is_own(f, v, seen, depth) for f, v in self._put(home, functions, name))
            home = self.program.parent(home)
        return False

    def _is_begun(self, fn: Fn, i: int) -> bool:
        """Whether a collection begins empty, here or as what ``reduce`` begins with."""
        body = self.program.body(fn)
        op, args = body.op[i], body.args(i)
        if op in (Op.RECORD, Op.LIST):
            return not args
        if op in (Op.NEW, Op.CALL):
            return body.called(i) == "Map" and not body.call(i)[1]
        if op == Op.CAST:
            return self._is_begun(fn, args[1])
        begins = self._folded_from(fn, i) if op == Op.PARAM else None
        return begins is not None and self._is_begun(*begins)

    def _folded_from(self, fn: Fn, i: int) -> tuple[Fn, int] | None:
        """What the first parameter of a function begins with that makes one value of a list: the last thing that ``reduce`` is told, behind
        the list where that is told as well."""
        around = self.program.parent(fn)
        if self.program.body(fn).args(i)[0] != 0 or around is None:
            return None
        outer = self.program.body(around)
        for c, code in enumerate(outer.op):
            if code == Op.CALL and outer.called(c) in (*FOLDS, ARRAY_FOLD):
                given = [v for _, v in outer.call(c)[1]]
                told = [v for v in given if outer.op[v] == Op.FUNCTION and outer.args(v)[0] == fn.number]
                listed = outer.called(c) == ARRAY_FOLD or self.program.language(fn.file) == "python"  # reduce(make, rows, {})
                if told and given[-1] not in told and len(given) > 1 + listed:
                    return around, given[-1]
        return None

    def _put(self, home: Fn, functions: list[Fn], name: str) -> list[tuple[Fn, int]]:
        """What is put into a collection, where it is begun and in the functions in it."""
        every = [Fn(home.file, n) for n in range(len(self.program.indices[home.file].functions))]
        found = []
        for fn in dict.fromkeys((*functions, *(f for f in every if self._stands_in(f, home)))):
            body = self.program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.SET_INDEX and body.op[body.args(i)[0]] == Op.NAME and body.name(body.args(i)[0]) == name:
                    found.append((fn, body.args(i)[2]))
                elif op == Op.CALL and body.op[callee := body.args(i)[0]] == Op.FIELD and body.name(callee) in _FILLS:
                    given = [v for _, v in body.call(i)[1]]
                    place = _FILLS[body.name(callee)]
                    holder = body.args(callee)[0]
                    if body.op[holder] == Op.NAME and body.name(holder) == name and place < len(given):
                        found.append((fn, given[place]))
        return found

    def _stands_in(self, fn: Fn, home: Fn) -> bool:
        around: Fn | None = fn
        while around is not None and around != home:
            around = self.program.parent(around)
        return around == home
