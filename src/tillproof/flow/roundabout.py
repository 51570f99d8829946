"""Calls of a function that do not name it: what is kept in a variable, a field or a table is called from there; what a function returns is
called where that one is; what is handed over is called by whoever was given it."""

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.flow.common_names import REGISTERING
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import TOP, Fn, Program
from tillproof.flow.scope import CALLED
from tillproof.flow.values import ClassV, FunctionV, Member, ModuleV, Param, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_DEEPEST = 4
_MOST_WORDS = 6
_MOST_FILES = 12
_MOST_CALLS = 20
_REGISTERING = REGISTERING | {
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "all",
    "use",
    "route",
    "add_url_rule",
    "on",
    "once",
    "path",
    "re_path",
}
"""What keeps a function for a request or a message to come; who sends that is the entry's matter."""
_NAMELESS = ("", "default")
_CARRIES = (Op.RECORD, Op.LIST, Op.CHOICE, Op.CAST, Op.AWAIT, Op.SPREAD)


class Call(NamedTuple):
    """A call by which a function runs. ``handed``: it is given to the call, which calls it itself."""

    caller: Fn
    instr: int
    target: FunctionV
    handed: bool


class _Kept(NamedTuple):
    """A word under which a function can be got at, and the file beyond which a function's variable is not seen (None: anywhere)."""

    word: str
    within: str | None


class Roundabout:
    """Finds them. What the calls of a function run is asked for many others, so it is kept."""

    def __init__(self, program: Program, evaluator: Evaluator) -> None:
        self.program, self.evaluator = program, evaluator
        self._runs: dict[Fn, dict[Fn, list[Call]]] = {}

    def of(self, fn: Fn) -> list[Call]:
        """The calls, each once, in order of file and place."""
        search = _Search(self, fn)
        for holder, i in search.references():
            search.follow(holder, i, 0)
        named = {(call.caller, call.instr): call for call in search.by_words()} | search.by_parameter
        return (list(named.values()) or list(search.handed.values()))[:_MOST_CALLS]

    def run_in(self, caller: Fn) -> dict[Fn, list[Call]]:
        """What the calls of a function run, or set off, in order of place."""
        found = self._runs.get(caller)
        if found is None:
            found = {}
            body, evaluator = self.program.body(caller), self.evaluator
            for i, op in enumerate(body.op):
                if op == Op.CALL:
                    run = evaluator.scope.run_by_call(evaluator.value(caller, body.args(i)[0]))
                    calls = {t.fn: Call(caller, i, t, False) for t in reversed(run)}
                    for told in (*evaluator.heard(caller, i, None), *evaluator.answering(caller, i, None)):
                        calls.setdefault(told.fn, Call(caller, i, told, True))
                    for fn, call in calls.items():
                        found.setdefault(fn, []).append(call)
            self._runs[caller] = found
        return found


class _Search:
    def __init__(self, finder: Roundabout, fn: Fn) -> None:
        self.finder, self.fn = finder, fn
        self.program, self.evaluator = finder.program, finder.evaluator
        self.name = self.program.name(fn)
        self.words: dict[_Kept, None] = {}
        self.handed: dict[tuple[Fn, int], Call] = {}
        self.by_parameter: dict[tuple[Fn, int], Call] = {}
        self._seen: set[tuple[Fn, int]] = set()

    def references(self) -> Iterator[tuple[Fn, int]]:
        """Where the function is taken as a value: where it is written down, or where it is named and not called."""
        parent = self.program.parent(self.fn)
        if parent is not None and self.program.owner(self.fn) is None:
            body = self.program.body(parent)
            yield from ((parent, i) for i, op in enumerate(body.op) if op == Op.FUNCTION and body.args(i)[0] == self.fn.number)
        if self.name in _NAMELESS:
            for local in self._imported_as():
                self.words[_Kept(local, None)] = None
                yield from self._named(local)
            return
        self.words[_Kept(self.name, None)] = None  # a method is called by a text that names it
        if self.name in CALLED and (owner := self.program.owner(self.fn)) is not None:
            self.words[_Kept(self.program.cls(owner).name, None)] = None
        yield from self._named(self.name)

    def _imported_as(self) -> list[str]:
        """The names by which other files know a function that has none of its own: ``module.exports = async (request) => …``."""
        if self.program.language(self.fn.file) != "javascript" or self.program.parent(self.fn) != Fn(self.fn.file, TOP):
            return []
        stem = posixpath.splitext(posixpath.basename(self.fn.file))[0]
        stem = posixpath.basename(posixpath.dirname(self.fn.file)) if stem == "index" else stem
        found: dict[str, None] = {}
        for file in self.program.mentioning(stem)[:_MOST_FILES] if stem else ():
            for item in self.program.indices[file].imports:
                if stem in item.module and item.local not in found and item.local != "*":
                    value = self.evaluator.scope.global_name(file, item.local, (file, item.line))
                    if any(o.fn == self.fn for o in self._functions(value)):
                        found[item.local] = None
        return list(found)

    def _named(self, name: str) -> Iterator[tuple[Fn, int]]:
        """Where the function is named, and not called."""
        language = self.program.language(self.fn.file)
        files = [f for f in self.program.mentioning(name) if self.program.language(f) == language][:_MOST_FILES]
        for holder in (h for f in files for h in self.program.functions_around(f, name)):
            body, flow = self.program.body(holder), self.evaluator.defuse(holder)
            for i, op in enumerate(body.op):
                named = op in (Op.NAME, Op.FIELD) and body.name(i) == name
                taken = named and any(not self._calls(holder, user, i) for user in flow.uses(i))
                if taken and self._means(holder, i) is not None:
                    yield holder, i

    def _calls(self, holder: Fn, user: int, i: int) -> bool:
        body = self.program.body(holder)
        return body.op[user] in (Op.CALL, Op.NEW) and body.args(user)[0] == i

    def _means(self, holder: Fn, i: int) -> FunctionV | None:
        """The function, as the value of an instruction; None when that is something else."""
        return next((o for o in self._functions(self.evaluator.value(holder, i)) if o.fn == self.fn), None)

    def _functions(self, value: Value) -> list[FunctionV]:
        """The functions that a value is; a module of JavaScript stands for what it exports by default."""
        exported = (self.evaluator.scope.exported(o.file, "default", o.at) if isinstance(o, ModuleV) else o for o in options(value))
        return [o for value in exported for o in options(value) if isinstance(o, FunctionV)]

    def follow(self, holder: Fn, i: int, depth: int) -> None:
        """Note where a value goes in which the function is kept."""
        if depth > _DEEPEST or (holder, i) in self._seen:
            return
        self._seen.add((holder, i))
        body = self.program.body(holder)
        for user in self.evaluator.defuse(holder).uses(i):
            op = body.op[user]
            if op == Op.STORE:
                self.words[_Kept(body.name(user).rpartition(".")[2], None if holder.number == TOP else holder.file)] = None
            elif op == Op.SET_FIELD:
                self.words[_Kept(body.name(user), None)] = None
            elif op in _CARRIES:
                self._note_keys(holder, user, i)
                self.follow(holder, user, depth + 1)
            elif op == Op.RETURN:
                self._follow_returned(holder, depth)
            elif op in (Op.CALL, Op.NEW) and not self._calls(holder, user, i):
                self._hand(holder, user, i)  # `new Promise((resolve) => …)` runs what it is given, too

    def _note_keys(self, holder: Fn, record: int, i: int) -> None:
        body = self.program.body(holder)
        if body.op[record] == Op.RECORD:
            pairs = zip(body.args(record)[::2], body.args(record)[1::2], strict=True)
            keys = [const[1].strip("'\"") for k, v in pairs if v == i and (const := body.const(k)) is not None]
            self.words.update(dict.fromkeys(_Kept(key, None) for key in keys if key))

    def _follow_returned(self, holder: Fn, depth: int) -> None:
        name = self.program.name(holder)
        if name and name != "<top>":
            self.words[_Kept(name, None)] = None
            return
        parent = self.program.parent(holder)
        if parent is not None:
            body = self.program.body(parent)
            for i, op in enumerate(body.op):
                if op == Op.FUNCTION and body.args(i)[0] == holder.number:
                    self.follow(parent, i, depth + 1)

    def _hand(self, holder: Fn, call: int, i: int) -> None:
        """The function is given to a call of outside, or to an object that keeps it; a function of ours calls it by its parameter."""
        body = self.program.body(holder)
        callee = body.args(call)[0]
        ours = self._functions(self.evaluator.value(holder, callee))
        for to in ours:
            self._note_calls_by_parameter(holder, call, i, to)
        target = self._means(holder, i)
        if target is None or ours or any(isinstance(o, ClassV) for o in options(self.evaluator.value(holder, callee))):
            return
        if body.called(call) not in _REGISTERING:
            self.handed[holder, call] = Call(holder, call, target, True)
        keeper = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
        if keeper >= 0 and body.op[keeper] in (Op.NAME, Op.FIELD):
            self.words[_Kept(body.name(keeper), None)] = None

    def _note_calls_by_parameter(self, holder: Fn, call: int, i: int, to: FunctionV) -> None:
        """The calls by which a function of ours, or one that is written inside it, runs what it was handed, alone or in a record:
        ``adapt = (handle) => (req, res) => handle(req)``, ``make = ({ pay }) => (req) => pay(req.body)``."""
        body = self.program.body(holder)
        place = next((n for n, (key, v) in enumerate(body.call(call)[1]) if v == i and key == ""), -1)
        number = place + (1 if to.this is not None and self.evaluator.is_python_method(to.fn) else 0)
        if place < 0:
            return
        given = self.evaluator.value(holder, i)
        for inner in self._within(to.fn):
            inside = self.program.body(inner)
            for j in (j for j, op in enumerate(inside.op) if op == Op.CALL):
                path = _read_of(self.evaluator.value(inner, inside.args(j)[0]), to.fn, number)
                value = given
                for name in path or ():
                    value = self.evaluator.member(value, name, (inner.file, inside.line[j]))
                run = None if path is None else next((o for o in self._functions(value) if o.fn == self.fn), None)
                if run is not None:
                    self.by_parameter[inner, j] = Call(inner, j, run, False)

    def _within(self, fn: Fn) -> Iterator[Fn]:
        """A function and those that are written inside it."""
        inside = {fn}
        for other in self.program.all_functions(fn.file):
            if other == fn or self.program.parent(other) in inside:
                inside.add(other)
                yield other

    def by_words(self) -> Iterator[Call]:
        """The calls of what is got at by the words that were noted."""
        language, found = self.program.language(self.fn.file), set[tuple[Fn, int]]()
        for kept in list(self.words)[:_MOST_WORDS]:
            files = [kept.within] if kept.within is not None else self.program.mentioning(kept.word)
            for file in [f for f in files if self.program.language(f) == language][:_MOST_FILES]:
                for caller in self.program.functions_around(file, kept.word):
                    for call in self._called_in(caller):
                        if (caller, call.instr) not in found:
                            found.add((caller, call.instr))
                            yield call

    def _called_in(self, caller: Fn) -> Iterator[Call]:
        body = self.program.body(caller)
        calls = self.finder.run_in(caller).get(self.fn, ())
        return (call for call in calls if self.name == "bind" or not _binds(body, call.instr))


def _read_of(value: Value, fn: Fn, number: int) -> list[str] | None:
    """The members by which a value is read of a parameter; None where it is not."""
    path: list[str] = []
    while isinstance(value, Member):
        path.append(value.name)
        value = value.base
    return path[::-1] if isinstance(value, Param) and (value.fn, value.number) == (fn, number) else None


def _binds(body: Body, i: int) -> bool:
    """Whether a call only gives a function its object, ``this.pay = this.pay.bind(this)``, and does not call it."""
    return body.called(i) == "bind" and body.op[body.args(i)[0]] == Op.FIELD
