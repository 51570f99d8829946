"""Work that is handed on and runs later or elsewhere: tasks, jobs, queues, events. Whose function of ours a handing-over call sets off."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.entry_styles.callables import php_callables
from tillproof.commerce.sockets import over_socket
from tillproof.flow.chained import task
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import (
    ClassV,
    Ctx,
    External,
    FunctionV,
    Instance,
    Member,
    ModuleV,
    Param,
    Record,
    Result,
    Value,
    constant,
    options,
    pattern,
)
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Handover

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST = 6
_LONGEST_PATH = 4
_COLLECTIONS = ("collection", "doc")
_TELLING = 5
_TELLING_PART = 8  # letters of a name with holes
_COMPOUND = re.compile(r"[._:/-]|[a-z][A-Z]|^[a-z]{6,}$")
_NAMED = ("name", "actor_name")
_RUNS, _INJECTS = "process", "InjectQueue"
_ENVELOPE = re.compile(r"\bEnvelope(\.wrap)?$")
_KINDS = ("type", "event_type", "eventType", "event", "event_name", "topic")
_TYPE = re.compile(r"[A-Za-z_]\w*")


class Handed(NamedTuple):
    """A function that runs later. ``called``: whether it is handed the arguments of the call as they stand."""

    target: FunctionV
    called: bool


class Handovers:
    """Answers by call; who is registered for which name is found once somebody hands over by name."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._of: dict[Fn, list[Fn]] = {}
        self._wrappers: dict[Fn, list[int]] = {}
        self._registered: dict[tuple[str, str], list[FunctionV]] = {}

    @cached_property
    def _words(self) -> dict[str, dict[str, list[Handover]]]:
        """Per language, the last words of the calls that hand work over."""
        out: dict[str, dict[str, list[Handover]]] = {}
        for framework in self.model.knowledge.frameworks.values():
            for handover in framework.handovers:
                for name in handover.calls:
                    out.setdefault(framework.language, {}).setdefault(name.rpartition(".")[2], []).append(handover)
        return out

    def words(self, language: str) -> set[str]:
        """The last words, in lower case, of the calls that hand work over."""
        return {word.lower() for word in self._words.get(language, ())}

    def targets(self, fn: Fn, i: int, ctx: Ctx | None) -> list[Handed]:
        """The functions of ours that a call of outside has run later; none when it hands nothing over, or that is not known."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return []
        word = body.name(callee).rpartition(".")[2]
        handovers = self._words.get(self.model.program.language(fn.file), {}).get(word, [])
        return list(self._run(handovers, fn, i, ctx).values())[:_MOST]

    def _run(self, handovers: list[Handover], fn: Fn, i: int, ctx: Ctx | None) -> dict[Fn, Handed]:
        """What a call sets off; where too many calls lie around it for the message to be known, as its nearest caller makes it."""
        out: dict[Fn, Handed] = {}
        away = over_socket(self.model.program, fn, i)
        for handover in (h for h in handovers if not (h.at_once and away)):
            for handed in self._one(handover, fn, i, ctx, self.model.program.body(fn)):
                if handed.called or handed.target.fn not in out:
                    out[handed.target.fn] = handed
        if ctx is None and len(out) > 1 and self.hands_on(fn, i):
            return {}  # a bus: whoever calls it says which
        if not out and ctx is not None and ctx.parent is not None and ctx.call >= 0 and not ctx.callback and self.hands_on(fn, i):
            near = self.model.evaluator.context(FunctionV((fn.file, 1), fn, None, ctx.this), ctx.caller, ctx.call, None)
            return self._run(handovers, fn, i, near)
        return out

    def at_once(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FunctionV]:
        """The functions of ours that have run when a call of outside returns: the handlers of a message that a bus is given."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[i] != Op.CALL or body.op[callee] != Op.FIELD or body.name(callee) not in self._waiting:
            return []
        handovers = self._words.get(self.model.program.language(fn.file), {}).get(body.name(callee), [])
        return [handed.target for handed in self._run([h for h in handovers if h.at_once], fn, i, ctx).values()][:_MOST]

    def hands_on(self, fn: Fn, i: int) -> bool:
        """Whether a call gives a bus what only the function's caller knows: ``function send(object $m) { $this->handle($m); }``."""
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        given = [a for _, a in arguments[:1] if body.op[a] == Op.NAME and body.name(a) in {p.name for p in body.params}]
        return bool(given) and body.op[callee] == Op.FIELD and body.name(callee) in self._waiting

    def through(self, target: FunctionV, fn: Fn, i: int) -> list[Fn]:
        """The functions that run when a function of ours gives a bus what this very call hands it."""
        if target.fn not in self._wrappers:
            body = self.model.program.body(target.fn)
            self._wrappers[target.fn] = [j for j, op in enumerate(body.op) if op == Op.CALL and self.hands_on(target.fn, j)]
        calls = self._wrappers[target.fn] if target.fn != fn else []
        near = self.model.evaluator.context(target, fn, i, None) if calls else None
        return [run.fn for j in calls for run in self.at_once(target.fn, j, near)]

    @cached_property
    def _waiting(self) -> set[str]:
        every = (h for framework in self.model.knowledge.frameworks.values() for h in framework.handovers if h.at_once)
        return {name.rpartition(".")[2] for handover in every for name in handover.calls}

    def of(self, fn: Fn) -> list[Fn]:
        """The functions that a function hands work to, whatever its caller."""
        if fn not in self._of:
            body = self.model.program.body(fn)
            calls = (i for i, op in enumerate(body.op) if op == Op.CALL)
            self._of[fn] = list(dict.fromkeys(h.target.fn for i in calls for h in self.targets(fn, i, None)))
        return self._of[fn]

    def contexts(self, fn: Fn) -> list[Ctx]:
        """The contexts in which a function runs later with what a call hands it: the arguments of the call, or the job that it makes of
        them. They say what its parameters are and nothing of what holds where it runs: no lock or transaction lasts so long."""
        program = self.model.program
        language = program.language(fn.file)
        owner, params = program.owner(fn), [p for p in program.body(fn).params if p.name not in ("self", "this")]
        named = {program.name(fn), *([program.cls(owner).name] if owner else []), *(_TYPE.findall(params[0].type) if params else [])}
        words = {word.lower() for word in self._words.get(language, {})}
        files = sorted({file for name in named if name for file in program.mentioning(name) if program.language(file) == language})
        callers = (caller for file in files for caller in program.functions_calling(file, words))
        return [ctx for caller in callers for ctx in self._later(fn, caller)][:_MOST]

    def _later(self, fn: Fn, caller: Fn) -> Iterator[Ctx]:
        """The contexts that the calls of one caller give a function that runs later."""
        for i, op in enumerate(self.model.program.body(caller).op):
            for handed in self.targets(caller, i, None) if op == Op.CALL else ():
                if handed.target.fn == fn:
                    yield self.model.evaluator.context(handed.target, caller, i, None, not handed.called)

    def _one(self, handover: Handover, fn: Fn, i: int, ctx: Ctx | None, body: Body) -> Iterator[Handed]:
        evaluator = self.model.evaluator
        callee, arguments = body.call(i)
        base = evaluator.value(fn, body.args(callee)[0], ctx) if body.op[callee] == Op.FIELD else None
        if handover.runs == "callee" and base is not None:
            for option in options(base):
                if isinstance(option, FunctionV):
                    yield Handed(task(evaluator, option), handover.as_called)
        elif handover.runs == "reference":
            found = (self.model.references.of(evaluator.value(fn, v, ctx), fn.file) for _, v in arguments)
            yield from (Handed(target, handover.as_called) for target in found if target is not None)
        elif handover.runs == "made" and base is not None:
            for target in self._made_of(handover, base):
                yield Handed(target, handover.as_called)
        elif handover.runs == "object":
            for value in (*([base] if base is not None else []), *(evaluator.value(fn, v, ctx) for _, v in arguments[:1])):
                for option in options(self._unwrapped(value)):
                    if isinstance(option, (ClassV, Instance)):
                        made = option if isinstance(option, Instance) else Instance(option.at, option.cls, (fn, i, ctx))
                        for target in self._handlers(made, handover):
                            yield Handed(target, handover.as_called and target.this is not made)
        else:
            for name in self._names(handover, fn, i, ctx, base):
                under = self._at(name) if handover.paths else self.under(self.model.program.language(fn.file), name)
                yield from (Handed(f, False) for f in under)

    def once(self, fn: Fn, i: int, ctx: Ctx | None) -> Value | None:
        """The id under which a call that hands work over lets the same work in only once."""
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return None
        word = body.name(callee).rpartition(".")[2]
        handovers = self._words.get(self.model.program.language(fn.file), {}).get(word, ())
        names = {name for handover in handovers for name in handover.once}
        given = [o for _, v in arguments if names for o in options(self.model.evaluator.value(fn, v, ctx))]
        return next((v for o in given if isinstance(o, Record) for k, v in o.entries if k is not None and k in names), None)

    # --- jobs and messages that are objects

    def _made_of(self, handover: Handover, base: Value) -> Iterator[FunctionV]:
        """The function in the record of which an object was made."""
        evaluator = self.model.evaluator
        makers = {name.rpartition(".")[2] for name in handover.registers}
        for option in options(base):
            if isinstance(option, Result) and isinstance(option.callee, External) and option.callee.name.rpartition(".")[2] in makers:
                told = evaluator.argument(option, 0)
                if isinstance(told, Record):
                    given = (evaluator.member(told, key, option.at) for key in handover.methods)
                    yield from (o for value in given for o in options(value) if isinstance(o, FunctionV))

    def _unwrapped(self, value: Value) -> Value:
        """The message in an envelope: ``new Envelope($message, $stamps)``."""
        if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, External) and _ENVELOPE.search(value.callee.name):
            return self.model.evaluator.argument(value, 0) or value
        return value

    def _handlers(self, made: Instance, handover: Handover) -> Iterator[FunctionV]:
        """The job's own method, else the methods of others whose first parameter is of its class."""
        evaluator = self.model.evaluator
        for name in handover.methods:
            if (own := evaluator.scope.method(made.cls, name)) is not None:
                yield FunctionV(made.at, own, None, made)
                return
        known = evaluator.scope.lineage(made.cls)  # a handler may take all of a kind
        if made.made is None:  # of a declared kind: whichever it is
            known = [*known, *evaluator.scope.subclasses(made.cls)]
        kinds = {cls: self.model.program.cls(cls).name for cls in known}
        for name in handover.methods:
            for fn in self.model.program.functions_by_name.get(name, ()):
                owner, source = self.model.program.owner(fn), self.model.program.sources[fn.file]
                takes = (self._takes(fn, cls, wanted) for cls, wanted in kinds.items() if wanted.encode() in source)
                if owner is not None and any(takes):
                    yield FunctionV(made.at, fn, None, Instance(made.at, owner))

    def _takes(self, fn: Fn, cls: ClassId, name: str) -> bool:
        params = [p for p in self.model.program.body(fn).params if p.name not in ("self", "this")]
        if not params or name not in _TYPE.findall(params[0].type):
            return False
        typed = self.model.evaluator.scope.typed(fn.file, params[0].type, (fn.file, 1))
        return not isinstance(typed, Instance) or typed.cls == cls

    # --- names

    def _names(self, handover: Handover, fn: Fn, i: int, ctx: Ctx | None, base: Value | None) -> list[str]:
        """The names that a call hands work over to."""
        _, arguments = self.model.program.body(fn).call(i)
        if handover.runs == "receiver":
            return queue_names(self.model, base) if base is not None else []
        if handover.runs == "collection":
            return self._collection(fn, base, arguments) if self._has_triggers else []
        if not handover.runs.isdigit() or len(arguments) <= int(handover.runs):
            return []
        named = next((v for key, v in arguments if handover.named and key == handover.named), None)
        value = self.model.evaluator.value(fn, arguments[int(handover.runs)][1] if named is None else named, ctx)
        return [name for o in options(value) for name in (self._events if _says_which(o) else [pattern(o)])]

    def _collection(self, fn: Fn, base: Value | None, arguments: list[tuple[str, int]]) -> list[str]:
        """The collection that a document is put into: ``db.collection('events').add(…)``, ``setDoc(doc(db, 'events', id), …)``."""
        here = base if base is not None else self.model.evaluator.value(fn, arguments[0][1]) if arguments else None
        for _ in range(_LONGEST_PATH):
            if not isinstance(here, Result) or here.instr < 0:
                break
            told = [text for _, v in self.model.evaluator.arguments(here)[:2] if (text := constant(v))]
            if told and isinstance(here.callee, (Member, External)) and here.callee.name.rpartition(".")[2] in _COLLECTIONS:
                return [told[0].partition("/")[0]]
            here = here.callee.base if isinstance(here.callee, Member) else None
        return []

    @cached_property
    def _has_triggers(self) -> bool:
        """Whether functions of a cloud wait for documents anywhere."""
        return any(self.model.program.mentioning(word) for word in self._trigger_words)

    @cached_property
    def _trigger_words(self) -> frozenset[str]:
        every = (h for framework in self.model.knowledge.frameworks.values() for h in framework.handovers if h.runs == "collection")
        return frozenset(name.rpartition(".")[2] for handover in every for name in handover.registers)

    @cached_property
    def _events(self) -> list[str]:
        """The events of providers that the code names: what is told by a message's own type may be any of them."""
        return sorted(name for name in self.model.reach.event_names if self.model.program.mentioning(name))

    def under(self, language: str, name: str) -> list[FunctionV]:
        """What runs under a name; where it has holes, under all names that it may be."""
        key = (language, name)
        if key not in self._registered:
            found: dict[Fn, FunctionV] = {}
            words = self._registering_words.get(language, set())
            pieces = name.split("{}")
            known = max(pieces, key=len).strip("._:/-") if pieces[1:] else name
            telling = len(known) >= (_TELLING if known == name else _TELLING_PART) and _COMPOUND.search(known) is not None
            meant = re.compile(".+".join(map(re.escape, pieces)))
            for file in self.model.program.mentioning(known) if telling and words else ():
                if self.model.program.language(file) == language:
                    for fn in self.model.program.functions_calling(file, words):
                        found.update((target.fn, target) for own, target in self._registering(fn, words) if meant.fullmatch(own))
            if not found and language == "python":
                found.update((target.fn, target) for target in self._by_path(name, words))
            self._registered[key] = list(found.values())
        return self._registered[key]

    def _by_path(self, name: str, words: set[str]) -> Iterator[FunctionV]:
        """A task of Python that is given no name goes by its module and function: ``shop.tasks.capture``."""
        for target in self._at(name):
            around = self.model.program.parent(target.fn)
            if around is not None and self._is_task(around, target.fn, words):
                yield target

    def _at(self, name: str) -> Iterator[FunctionV]:
        """The function of Python at a path: ``shop.tasks.capture``, ``shop.tasks:capture``."""
        module, _, last = name.replace(":", ".").rpartition(".")
        for fn in self.model.program.functions_by_name.get(last, ()) if module else ():
            dotted = fn.file.removesuffix(".py").replace("/", ".")
            if f".{dotted}".endswith(f".{module}"):
                yield FunctionV((fn.file, 1), fn, None)

    def _is_task(self, around: Fn, fn: Fn, words: set[str]) -> bool:
        body = self.model.program.body(around)
        marks = [body.args(i)[2] for i, op in enumerate(body.op) if op == Op.DECORATE and body.args(i)[:2] == [0, fn.number]]
        return any((body.called(m) if body.op[m] == Op.CALL else body.name(m).rpartition(".")[2]).lower() in words for m in marks)

    @cached_property
    def _registering_words(self) -> dict[str, set[str]]:
        out: dict[str, set[str]] = {}
        for framework in self.model.knowledge.frameworks.values():
            for handover in framework.handovers:
                out.setdefault(framework.language, set()).update(n.rpartition(".")[2].lower() for n in handover.registers)
        return out

    def _registering(self, fn: Fn, words: set[str]) -> Iterator[tuple[str, FunctionV]]:
        """``agenda.define('capture', fn)``, ``new Worker('orders', fn)``, ``queue.process(fn)``, ``@OnEvent('order.paid')``."""
        evaluator, body = self.model.evaluator, self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.DECORATE and body.args(i)[0] == 0 and body.op[body.args(i)[2]] == Op.CALL:
                call, target = body.args(i)[2], Fn(fn.file, body.args(i)[1])
                given = [v for k, v in body.call(call)[1] if k in _NAMED] or [v for k, v in body.call(call)[1] if k == ""]
                name = constant(evaluator.value(fn, given[0])) if given else None
                if name is not None and body.called(call).lower() in words:
                    owner = self.model.program.owner(target)
                    at = (fn.file, body.line[i])
                    yield name, FunctionV(at, target, None, Instance(at, owner) if owner else None)
            elif op == Op.DECORATE and body.args(i)[0] == 1 and body.op[body.args(i)[2]] == Op.CALL:
                yield from self._by_class(fn, i, words)
            elif op in (Op.CALL, Op.NEW) and body.called(i).lower() in words and not over_socket(self.model.program, fn, i):
                callee, arguments = body.call(i)
                values = [evaluator.value(fn, v) for _, v in arguments]
                if body.called(i) in self._trigger_words:
                    yield from self._triggers(fn, callee, values)
                    continue
                first = constant(values[0]) if values else None
                base = evaluator.value(fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else None
                found = [first] if first is not None else queue_names(self.model, base) if base is not None else []
                yield from ((name, run) for value in values for run in self._functions(value, fn, first) for name in found)

    def _triggers(self, fn: Fn, callee: int, values: list[Value]) -> Iterator[tuple[str, FunctionV]]:
        """``onDocumentCreated('events/{id}', fn)``, ``onDocumentWritten({document: 'events/{id}'}, fn)``, and as it was written before,
        ``firestore.document('events/{id}').onCreate(fn)``: by the collection."""
        body, evaluator = self.model.program.body(fn), self.model.evaluator
        told = values[0] if values else None
        if isinstance(told, Record):
            told = next((v for k, v in told.entries if k == "document"), None)
        on = evaluator.value(fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else None
        if (told is None or constant(told) is None) and isinstance(on, Result) and on.instr >= 0:
            told = evaluator.argument(on, 0)
        path = constant(told) if told is not None else None
        if path:
            yield from ((path.strip("/").partition("/")[0], run) for value in values for run in self._functions(value, fn, path))

    def _by_class(self, fn: Fn, i: int, words: set[str]) -> Iterator[tuple[str, FunctionV]]:
        """The methods of a class that runs a queue's jobs: ``@Processor('orders') class Orders { process(job) {…} }``, or each of those
        that are decorated, ``@Process('paid') paid(job) {…}``."""
        body = self.model.program.body(fn)
        _, number, call = body.args(i)
        given = [v for _, v in body.call(call)[1]]
        if body.called(call).lower() not in words or not given:
            return
        told = self.model.evaluator.value(fn, given[0])
        named = next((v for k, v in told.entries if k == "name"), told) if isinstance(told, Record) else told
        cls, at = ClassId(fn.file, number), (fn.file, body.line[i])
        own = [f for f in self.model.program.all_functions(fn.file) if self.model.program.owner(f) == cls]
        marked = {body.args(j)[1] for j, op in enumerate(body.op) if op == Op.DECORATE and body.args(j)[0] == 0 and self._runs(body, j)}
        for f in own:
            if f.number in marked or self.model.program.name(f) == _RUNS:
                yield constant(named) or "", FunctionV(at, f, None, Instance(at, cls))

    def _runs(self, body: Body, i: int) -> bool:
        mark = body.args(i)[2]
        return (body.called(mark) if body.op[mark] == Op.CALL else body.name(mark)).lower() == _RUNS

    def _functions(self, value: Value, fn: Fn, name: str | None) -> list[FunctionV]:
        """The functions that are registered."""
        own = [o for o in options(value) if isinstance(o, FunctionV)]
        if own or self.model.program.language(fn.file) != "php" or constant(value) == name:
            return own
        return [f for f, _ in php_callables(self.model.wiring, value, fn)]


def _says_which(value: Value) -> bool:
    """Whether a value is what a message says of its kind: ``bus.emit(event.type, event)``."""
    return isinstance(value, Member) and value.name in _KINDS


def queue_names(model: "Model", value: Value) -> list[str]:
    """The name that a queue was made with: ``new Queue('orders')``."""
    out = []
    for option in _given_out(model, value):
        if isinstance(option, Result) and option.instr >= 0 and not isinstance(option.callee, Member):
            given = model.evaluator.argument(option, 0)
            out += [name] if given is not None and (name := constant(given)) is not None else []
        elif isinstance(option, Param):  # constructor(@InjectQueue('orders') private readonly queue: Queue)
            out += [text for mark, text in model.program.body(option.fn).params[option.number].decorators if mark == _INJECTS and text]
    return out


def _given_out(model: "Model", value: Value) -> Iterator[Value]:
    """What a value may be, for a CommonJS module the one thing that it gives: ``const queue = require('./queue')``."""
    for option in options(value):
        yield from options(model.evaluator.scope.exported(option.file, "default", option.at)) if isinstance(option, ModuleV) else (option,)
