"""Retries that a library is told to make: decorators, options of a job, members of a job class, a client's adapter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.job_options import JobOptions
from tillproof.commerce.names import fits, strip
from tillproof.commerce.waits import Growth, GrowthKind
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, FunctionV, Member, Mix, Record, Result, Seq, Value, names, options
from tillproof.ir.body import returns
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import RetryPolicy

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.waits import Waits

_NESTED = ("retry_kwargs", "kwargs", "options", "opts", "retry", "backoff", "defaultjoboptions")
_APPLIED = re.compile(rb"^[ \t]*@([\w.]+)", re.MULTILINE)
_MOST = 60
_OBJECTS = ("self", "task")
_ROWS = ("data", "where", "select", "include", "set", "$set", "$inc", "create", "update", "values", "orderBy", "_sum", "_max")
_TELLS = ("log", "debug", "info", "warn", "warning", "error", "fatal", "json", "send")

# The wait that a task's decorator declares for each try.
_DECLARED = "default_retry_delay"


@dataclass(frozen=True, slots=True)
class Told:
    """A policy as our code declares it: where, what it repeats (functions; empty when that is a client's requests), how the wait grows and
    whether it ends. ``errors``: the values that say what is repeated; None when everything is. ``waits``: where else the wait is declared
    that holds for it."""

    policy: RetryPolicy
    fn: Fn
    instr: int
    repeats: tuple[Fn, ...]
    growth: Growth
    bounded: bool
    errors: tuple[Value, ...] | None
    waits: tuple[Fn, int] | None = None


class Policies:
    """Finds them by the packs' names."""

    def __init__(self, model: "Model", waits: "Waits") -> None:
        self.model, self.waits = model, waits
        self.program, self.evaluator = model.program, model.evaluator
        self.jobs = JobOptions(model)
        self._roots: dict[str, set[str]] = {}

    def found(self) -> list[Told]:
        """All, in order of file and place."""
        out: list[Told] = []
        for framework in self.model.knowledge.frameworks.values():
            for policy in framework.retries:
                if policy.bases:
                    out += self._of_classes(framework.language, policy)
                elif policy.record:
                    out += self._of_records(framework.language, policy)
                else:
                    out += self._of_calls(framework.language, policy)
        unique: dict[tuple[Fn, int], Told] = {}
        for told in out:
            known = unique.get((told.fn, told.instr))
            more = tuple(f for f in told.repeats if known is not None and f not in known.repeats)
            unique[told.fn, told.instr] = replace(known, repeats=(*known.repeats, *more)) if known is not None else told
        return sorted(unique.values(), key=lambda t: (t.fn.file, self._line(t.fn, t.instr), t.instr))

    def _line(self, fn: Fn, i: int) -> int:
        body = self.program.body(fn)
        return body.line[i] if i < len(body.line) else 1

    def _roots_of(self, file: str) -> set[str]:
        """What a file's imports begin with."""
        if file not in self._roots:
            self._roots[file] = {_root(i.module or i.name) for i in self.program.indices[file].imports}
        return self._roots[file]

    @cached_property
    def _imported(self) -> dict[str, set[str]]:
        """What imports begin with, by language."""
        out: dict[str, set[str]] = {"python": set(), "javascript": set(), "php": set()}
        for file in self.program.indices:
            out[self.program.language(file)] |= self._roots_of(file)
        return out

    # --- calls and decorators

    def _of_calls(self, language: str, policy: RetryPolicy) -> Iterator[Told]:
        if not any(_root(name) in self._imported[language] for name in policy.names):
            return
        lasts = {name.rpartition(".")[2] for name in policy.names}
        for file, words in self._files(language, policy, lasts):
            source = self.program.sources[file]
            for word in sorted(words):
                if policy.repeats == "decorated":
                    marks = (m.start() for m in _APPLIED.finditer(source) if m[1].rpartition(b".")[2] == word.encode())
                    around = self.program.functions_at(file, marks)
                else:
                    around = self.program.functions_calling_name(file, word)
                for fn in around:
                    yield from self._in_function(fn, word, policy)
                for name in self._kept_names(file, word, policy) if policy.repeats == "decorated" else ():
                    for user in self.program.mentioning(name):
                        marks = (
                            m.start() for m in _APPLIED.finditer(self.program.sources[user]) if m[1].rpartition(b".")[2] == name.encode()
                        )
                        for fn in self.program.functions_at(user, marks):
                            yield from self._in_function(fn, name, policy)

    def _kept_names(self, file: str, word: str, policy: RetryPolicy) -> list[str]:
        """The names under which a file keeps such a decorator for others: a variable, or a function that gives it."""
        out: dict[str, None] = {}
        for fn in self.program.functions_calling_name(file, word):
            body = self.program.body(fn)
            made = {i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == word and self._is(fn, i, policy.names)}
            for i, op in enumerate(body.op):
                if fn.number == TOP and op == Op.STORE and body.args(i)[1] in made:
                    out[body.name(i).rpartition(".")[2]] = None
                elif fn.number != TOP and op == Op.RETURN and body.args(i)[0] in made:
                    out[self.program.name(fn)] = None
        return list(out)

    def _files(self, language: str, policy: RetryPolicy, lasts: set[str]) -> Iterator[tuple[str, set[str]]]:
        """The files where a policy may be declared, with the words by which they would call it: the pack's, and their own names for what
        they import."""
        roots = {_root(n) for n in policy.names} - {""}
        free = {n.rpartition(".")[2] for n in policy.names if n.startswith(".") or "." not in n or n.partition(".")[0] in _OBJECTS}
        for file, index in self.program.indices.items():
            if self.program.language(file) != language:
                continue
            mine = [i for i in index.imports if _root(i.module or i.name) in roots] if roots & self._roots_of(file) else []
            source = self.program.sources[file]
            words = {w for w in (lasts if mine else free) if w.encode() in source}
            words |= {i.local for i in mine if i.local.isidentifier()}
            if words:
                yield file, words

    def _in_function(self, fn: Fn, word: str, policy: RetryPolicy) -> Iterator[Told]:
        body = self.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.DECORATE and policy.repeats == "decorated":
                kind, number, applied = body.args(i)
                if kind == 0 and (told := self._decorator(fn, applied, number, policy)):
                    yield told
            elif op in (Op.CALL, Op.NEW) and policy.repeats != "decorated":
                callee = body.args(i)[0]
                if (
                    body.op[callee] in (Op.NAME, Op.FIELD)
                    and body.name(callee).rpartition(".")[2] == word
                    and (self._is(fn, i, policy.names) or (policy.repeats == "task" and self._of_itself(fn, callee)))
                ):
                    told = self._told(policy, fn, i, self._repeated(fn, i, policy), self._given(fn, i))
                    if told is not None:
                        yield replace(told, waits=self._declaring(told)) if policy.repeats == "task" else told

    def _is(self, fn: Fn, i: int, patterns: tuple[str, ...]) -> bool:
        if self.model.recogniser.is_ours(fn, i, None):
            return False
        known = [strip(n).lstrip("?") for n in self.model.recogniser.callee_names(fn, i, None)]
        return any(fits(pattern, name) for pattern in patterns for name in known)

    def _declaring(self, told: Told) -> tuple[Fn, int] | None:
        """The decorator that declares how long a task waits before each try, where its own call for one more names no wait."""
        given, around = self._given(told.fn, told.instr), self.program.parent(told.fn)
        if around is None or set(given) & set(told.policy.delays):
            return None
        body = self.program.body(around)
        applied = (body.args(i)[2] for i, op in enumerate(body.op) if op == Op.DECORATE and body.args(i)[:2] == [0, told.fn.number])
        declaring = (i for i in applied if body.op[i] == Op.CALL and _DECLARED in {key for key, _ in body.call(i)[1]})
        return next(((around, i) for i in declaring), None)

    def _of_itself(self, fn: Fn, callee: int) -> bool:
        """Whether a function calls a method of its own name, which it has as the task that a decorator makes of it:
        ``raise capture.retry(exc=e)`` in ``capture``."""
        value = self.evaluator.value(fn, callee)
        return isinstance(value, Member) and isinstance(value.base, FunctionV) and value.base.fn == fn

    def _decorator(self, fn: Fn, applied: int, number: int, policy: RetryPolicy) -> Told | None:
        body = self.program.body(fn)
        target = Fn(fn.file, number)
        if body.op[applied] == Op.CALL and self._is(fn, applied, policy.names):
            return self._told(policy, fn, applied, (target,), self._given(fn, applied))
        for kept in options(self.evaluator.value(fn, applied)):
            if isinstance(kept, Result) and kept.instr >= 0 and kept.fn != fn and self._is(kept.fn, kept.instr, policy.names):
                return self._told(policy, kept.fn, kept.instr, (target,), self._given(kept.fn, kept.instr))
        if body.op[applied] == Op.CALL:
            return None
        known = [strip(n) for n in names(self.evaluator.value(fn, applied))]
        if any(fits(pattern, name) for pattern in policy.names for name in known):
            return self._told(policy, fn, applied, (target,), {})
        return None

    def _repeated(self, fn: Fn, i: int, policy: RetryPolicy) -> tuple[Fn, ...]:
        if policy.repeats == "task":
            return (fn,)
        if policy.repeats != "argument":
            return ()
        given = [a for _, a in self.program.body(fn).call(i)[1]]
        return tuple(o.fn for a in given for o in options(self.evaluator.value(fn, a)) if isinstance(o, FunctionV))

    def _given(self, fn: Fn, i: int) -> dict[str, Value]:
        """What a call is given, by position and by name; the keys of its records too."""
        out: dict[str, Value] = {}
        position = 0
        for key, a in self.program.body(fn).call(i)[1]:
            value = self.evaluator.value(fn, a)
            if key and key not in ("*", "**"):
                out[key] = value
                if key.lower() in _NESTED:
                    self._keys(value, out)
            else:
                out[str(position)] = value
                position += 1
                self._keys(value, out)
        return out

    def _keys(self, value: Value, out: dict[str, Value]) -> None:
        if isinstance(value, (Const, FunctionV)):
            return
        got = shape(self.evaluator, value)
        for key, entry in (*got.may.items(), *got.must.items()):
            out.setdefault(key, entry)
            if key.lower() in _NESTED and isinstance(entry, Record):
                self._keys(entry, out)

    # --- records and classes

    def _of_records(self, language: str, policy: RetryPolicy) -> Iterator[Told]:
        """Options records of a job: ``{ attempts: 5, backoff: … }`` in code that uses the queue's package."""
        roots = {n.partition(".")[0] if not n.startswith("@") else _root(n) for n in policy.names if not n.startswith(".")}
        if not any(_root(n) in self._imported[language] for n in roots):
            return
        for file in self.program.mentioning(policy.record[0]):
            unit = self.model.versions.get(self.program.unit(file), {})
            imported = {i.module for i in self.program.indices[file].imports}
            if self.program.language(file) != language or not (roots & imported or roots & unit.keys()):
                continue
            for fn in self.program.functions_around(file, policy.record[0]):
                body = self.program.body(fn)
                for i, op in enumerate(body.op):
                    if op != Op.RECORD:
                        continue
                    keys = {const[1] for k in body.args(i)[::2] if k >= 0 and (const := body.const(k))}
                    if set(policy.record) <= keys and (keys & set(policy.delays) or self._is_job(fn, i, imported & roots)):
                        given: dict[str, Value] = {}
                        self._keys(self.evaluator.value(fn, i), given)
                        told = self._told(policy, fn, i, self.jobs.jobs(fn, i, policy.names), given)
                        if told is not None:
                            yield told

    def _is_job(self, fn: Fn, record: int, imported: set[str]) -> bool:
        """Whether a record with a number of attempts alone belongs to a job: the file uses the queue, and the record is handed to ``add``
        or is the queue's default."""
        body = self.program.body(fn)
        calls = [body.call(i) for i, op in enumerate(body.op) if op == Op.CALL]
        if any(a == record and body.op[c] == Op.FIELD and body.name(c) in _TELLS for c, given in calls for _, a in given):
            return False  # how often it was tried is only told
        if self._of_a_row(fn, record):
            return False
        if imported:
            return True
        return any(
            op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) in ("add", "addBulk")
            and any(a == record for _, a in body.call(i)[1])
            for i, op in enumerate(body.op)
        )  # fmt: skip

    def _of_a_row(self, fn: Fn, record: int) -> bool:
        """Whether a record says which rows are read, or what is written into one: attempts are counted there."""
        body = self.program.body(fn)
        for i, op in enumerate(body.op):
            pairs = zip(body.args(i)[::2], body.args(i)[1::2], strict=True) if op == Op.RECORD else ()
            for key, value in pairs:
                const = body.const(key) if key >= 0 else None
                if value == record and const is not None:
                    return const[1].strip("'\"") in _ROWS or self._of_a_row(fn, i)
        return False

    def _of_classes(self, language: str, policy: RetryPolicy) -> Iterator[Told]:
        lasts = {b.rpartition(".")[2] for b in policy.bases}
        for file, index in self.program.indices.items():
            if self.program.language(file) != language:
                continue
            for number, cls in enumerate(index.classes):
                if not any(re.split(r"[.\\]", base)[-1] in lasts for base in cls.bases):
                    continue
                me = ClassId(file, number)
                given, places = self._members(me, cls.name)
                run = tuple(m for n, m in self.program.methods(me).items() if n in ("handle", "__invoke", "run", "perform"))
                said = next((w for w in policy.when if w in given), None)
                told = self._told(policy, Fn(file, TOP), places.get(said, -1), run, given) if said and run else None
                if told is not None:
                    yield told

    def _members(self, me: ClassId, name: str) -> tuple[dict[str, Value], dict[str, int]]:
        """Fields that a class declares, and what its methods without arguments return; with the instruction that declares each."""
        top = Fn(me.file, TOP)
        given: dict[str, Value] = {}
        places: dict[str, int] = {}
        for key, stores in self.evaluator.defuse(top).stores.items():
            if key.startswith(name + ".") and stores:
                given[key[len(name) + 1 :]] = self.evaluator.value(top, stores[-1])
                places[key[len(name) + 1 :]] = stores[-1]
        for method, fn in self.program.methods(me).items():
            if method in ("backoff", "tries", "retryUntil", "maxExceptions"):
                body = self.program.body(fn)
                values = [self.evaluator.value(fn, body.args(r)[0]) for r in returns(body) if body.args(r)[0] >= 0]
                given[method] = values[0] if values else Const((me.file, 1), Kind.NULL, "null")
        return given, places

    # --- what it says

    def _told(self, policy: RetryPolicy, fn: Fn, i: int, repeats: tuple[Fn, ...], given: dict[str, Value]) -> Told | None:
        if policy.when and not any(n in given and not _off(given[n]) for n in policy.when):
            return None
        if policy.when and all(isinstance(given.get(n), Const) and given[n].text == "1" for n in policy.when if n in given):  # type: ignore[attr-defined]
            return None
        growth = self._growth(policy, fn, given)
        limits = [given[n] for n in policy.limits if n in given]
        if any(isinstance(v, Const) and v.kind == Kind.NUMBER and v.text == "0" for v in limits):
            return None  # ``self.retry(exc=e, max_retries=0)`` raises, and nothing is done again
        bounded = policy.bounded or bool(limits)
        if any(isinstance(v, Const) and (v.kind == Kind.NULL or v.text == "-1") for v in limits):
            bounded = False
        errors = [given[n] for n in policy.errors if n in given]
        return Told(policy, fn, i, repeats, growth, bounded, tuple(errors) if errors else None)

    def _growth(self, policy: RetryPolicy, fn: Fn, given: dict[str, Value]) -> Growth:
        kind: GrowthKind = policy.growth
        jitter = policy.jitter and kind == "exponential"
        for name in policy.delays:
            if name in given and not isinstance(given[name], FunctionV) and not _off(given[name]):
                found = self._wait(policy, fn, given[name])
                if name == "0" and isinstance(given[name], Const) and policy.repeats != "task":
                    continue  # a number of tries, not a list of waits
                kind, jitter = found.kind, found.jitter or (policy.jitter and found.kind == "exponential")
                break
            handed = given.get(name)
            if isinstance(handed, FunctionV):
                found = self._by_function(policy, handed)
                kind, jitter = found.kind, found.jitter
                break
        if any(n in given and self._grows(policy, given[n]) for n in policy.grows):
            kind, jitter = "exponential", policy.jitter
        for name in policy.jitters:
            if name in given:
                jitter = not _off(given[name])
        return Growth(kind, jitter and kind != "none")

    @staticmethod
    def _grows(policy: RetryPolicy, value: Value) -> bool:
        """Whether an option makes the wait grow: a delay that is multiplied by one stays what it is, a factor of one second doubles."""
        return not _off(value) and not (bool(policy.delays) and isinstance(value, Const) and value.text == "1")

    def _wait(self, policy: RetryPolicy, fn: Fn, value: Value) -> Growth:
        """A wait by one of the policy's kinds, by a sum of several, by a record that names one, or by its value."""
        found = [g for o in options(value) for g in self._kinds(policy, o)]
        if found:
            kind = max((g.kind for g in found), key=("none", "fixed", "linear", "exponential").index)
            return Growth(kind, any(g.jitter for g in found))
        named = [v.text for o in options(value) if isinstance(o, Record) for k, v in o.entries if k == "type" and isinstance(v, Const)]
        if named and policy.strategies:
            return self._by_strategy(policy, fn, named[0])
        return self.waits.growth(value, fn)

    def _by_strategy(self, policy: RetryPolicy, fn: Fn, name: str) -> Growth:
        """A wait of a kind of our own, by the function that the queue is told of for it."""
        for word in policy.strategies:
            for file in self.program.mentioning(word):
                if self.program.unit(file) != self.program.unit(fn.file):
                    continue
                for around in self.program.functions_around(file, word):
                    body = self.program.body(around)
                    for i in (n for n, op in enumerate(body.op) if op == Op.RECORD):
                        for key, value in zip(body.args(i)[::2], body.args(i)[1::2], strict=True):
                            const = body.const(key) if key >= 0 else None
                            made = self.evaluator.value(around, value) if const is not None and const[1] in (name, word) else None
                            for option in options(made) if made is not None else ():
                                if isinstance(option, FunctionV):
                                    return self._by_function(policy, option)
        return Growth("unknown")

    def _kinds(self, policy: RetryPolicy, value: Value) -> list[Growth]:
        if isinstance(value, Mix):
            return [g for o in value.operands for g in self._kinds(policy, o)]
        if isinstance(value, Record):
            return [g for k, v in value.entries if k == "type" for g in self._kinds(policy, v)]
        known = [value.text] if isinstance(value, Const) else [strip(n) for n in names(value)]
        if isinstance(value, Result):
            known += [strip(n) for n in names(value.callee)]
        said = next((policy.kinds[n] for n in known if n in policy.kinds), None)
        if said is None:
            said = next(
                (kind for n in known for name, kind in policy.kinds.items() if "." in name and n.endswith("." + name.rpartition(".")[2])),
                None,
            )
        if said is None:
            return []
        kind, _, more = said.partition("+")
        return [Growth(kind, more == "jitter")]  # type: ignore[arg-type]

    def _by_function(self, policy: RetryPolicy, value: FunctionV) -> Growth:
        """A function that computes the wait."""
        body = self.program.body(value.fn)
        found = [
            self._wait(policy, value.fn, self.evaluator.value(value.fn, body.args(r)[0])) for r in returns(body) if body.args(r)[0] >= 0
        ]
        tokens = " ".join(sorted(self.model.vocabulary.tokens(value.fn)))
        jitter = any(g.jitter for g in found) or bool(re.search(r"rand|jitter", tokens, re.IGNORECASE))
        kind = found[0].kind if found else "unknown"
        return Growth("linear" if kind == "unknown" and body.params else kind, jitter)


def _root(name: str) -> str:
    """The package that a dotted name or a module begins with."""
    if name.startswith("@"):
        return "/".join(name.split("/")[:2]).partition(".")[0].lower()
    return name.partition(".")[0].partition("/")[0].lower()


def _off(value: Value) -> bool:
    if isinstance(value, Seq):
        return not value.items
    return isinstance(value, Const) and value.falsy


def caught_names(value: Value) -> list[str]:
    """The exception classes that an errors value names."""
    out: list[str] = []
    waiting: list[Value] = [value]
    while waiting and len(out) < _MOST:
        here = waiting.pop(0)
        if isinstance(here, Seq):
            waiting += here.items
        elif isinstance(here, Member):
            out.append(here.name)
        else:
            out += [strip(n).rpartition(".")[2] for n in names(here) if n not in ("?", "#")]
    return out
