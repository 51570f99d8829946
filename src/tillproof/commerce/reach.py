"""What an entry point reaches: functions, provider calls, texts; each once, whatever the context."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.names import speaks_of
from tillproof.commerce.recognise import Known
from tillproof.commerce.strange_calls import VERIFIES
from tillproof.flow.common_names import REGISTERING
from tillproof.flow.left_open import asked_of_itself, is_left_open, lent_to
from tillproof.flow.outside import wrapped
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, Ctx, External, FunctionV, Instance, Member, ModuleV, Result, Seq, Value, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Operation, Verifier

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST = 160
_MOST_WAYS = 8
_SHORT = 4
_DEEPEST = 7
_DISTINCT = 15
# What these yield is no function, for any caller.
_DATA = {Op.CONST, Op.TEXT, Op.RECORD, Op.LIST, Op.BINARY, Op.UNARY, Op.AWAIT, Op.PARAM}
_EQUAL = ("==", "===", "!=", "!==", "is", "is not")
_SIGNED = re.compile(r"signature|hmac|digest|checksum|phish|(^|[_-])(hash|mac|sign|sig|token|secret|key)(_|$)", re.IGNORECASE)
DIGESTS = ("hash", "sha1", "md5", "sha256", "sha512", "openssl_digest")
"""Digests without a key of their own: a proof when a secret is part of what they are made of."""
_IN_BROWSER = re.compile(rb"\s*+(?>/\*[\s\S]*?\*/\s*+|//[^\n]*\n\s*+)*+['\"]use client['\"]")
_ASKING = re.compile(
    rb"request|_POST|_GET|_SERVER|_COOKIE|php://input|header|verif|signature|hmac|hash|session|\bglobal\b|current_", re.IGNORECASE
)
_NO_WORD = re.compile(r"\W+")
_GUARD_METHODS = (
    "handle",
    "canActivate",
    "__invoke",
    "process",
    "use",
    "__call__",
    "dispatch",
    "intercept",
    "has_permission",
    "authenticate",
    "process_request",
    "process_view",
)


@dataclass(slots=True)
class Facts:
    """What one function shows by itself, or several taken together."""

    operations: list[tuple[Fn, int, Known]] = field(default_factory=list)
    verifiers: list[tuple[Fn, int, Known]] = field(default_factory=list)
    texts: dict[str, tuple[Fn, int]] = field(default_factory=dict)
    compared: set[str] = field(default_factory=set)
    unresolved: list[tuple[Fn, int, str]] = field(default_factory=list)

    def add(self, more: "Facts") -> None:
        self.operations += more.operations
        self.verifiers += more.verifiers
        self.unresolved += more.unresolved
        self.compared |= more.compared
        for text, place in more.texts.items():
            self.texts.setdefault(text, place)


class Closure:
    """Functions reached with how deep they lie; and, once somebody asks, the calls and texts in them."""

    def __init__(self, functions: dict[Fn, int], facts_of: "Callable[[Fn], Facts]") -> None:
        self.functions = functions
        self._facts_of = facts_of

    @cached_property
    def facts(self) -> Facts:
        out = Facts()
        for fn in self.functions:
            out.add(self._facts_of(fn))
        return out

    @property
    def operations(self) -> list[tuple[Fn, int, Known]]:
        return self.facts.operations

    @property
    def verifiers(self) -> list[tuple[Fn, int, Known]]:
        return self.facts.verifiers

    @property
    def texts(self) -> dict[str, tuple[Fn, int]]:
        return self.facts.texts

    @property
    def compared(self) -> set[str]:
        return self.facts.compared

    @property
    def unresolved(self) -> list[tuple[Fn, int, str]]:
        return self.facts.unresolved


class Reach:
    """Closures of functions, kept per function."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._edges: dict[Fn, list[Fn]] = {}
        self._in_place: dict[Fn, tuple[Fn, ...]] = {}
        self._facts: dict[Fn, Facts] = {}
        self._matters: dict[Fn, bool] = {}
        self._tells: dict[Fn, bool] = {}
        self._asks: dict[Fn, bool] = {}

    def of(self, targets: list[Value]) -> Closure:
        """The closure of some values that are called: functions, or classes and objects with a guard's method."""
        reached: dict[Fn, int] = {}
        lent = {v.fn: lent_to(self.model.program, v) for v in targets if isinstance(v, FunctionV)}
        waiting = deque((fn, 0, lent.get(fn)) for v in targets for fn in self.functions_of(v))
        while waiting and len(reached) < _MOST:
            fn, depth, cls = waiting.popleft()
            if fn in reached:
                continue
            reached[fn] = depth
            if depth < _DEEPEST:
                waiting += [(f, depth + 1, c) for f, c in self._steps(fn, cls)]
        return Closure(reached, self._facts_of)

    def _steps(self, fn: Fn, cls: ClassId | None) -> Iterator[tuple[Fn, ClassId | None]]:
        """What a function may call; on an object whose class is known, the methods of that class for what it asks of itself."""
        own = {i: (method, name) for i, name, method in asked_of_itself(self.model.evaluator.scope, cls, fn)} if cls is not None else {}
        if not own:
            yield from ((callee, None) for callee in self.callees(fn))
            return
        named = {name for _, name in own.values()}
        yield from ((method, cls) for method, _ in own.values())
        yield from ((callee, None) for callee in self.callees(fn) if self.model.program.name(callee) not in named)

    def around(self, functions: list[Fn]) -> Closure:
        """Some functions taken together, all of them near."""
        return Closure({fn: min(n, 3) for n, fn in enumerate(functions[:_MOST])}, self._facts_of)

    def matters(self, fn: Fn) -> bool:
        """Whether anything that a function may call could prove, do or pass on something: the others need no walk."""
        known = self._matters.get(fn)
        if known is not None:
            return known
        if _IN_BROWSER.match(self.model.program.sources[fn.file]):
            return False
        seen: dict[Fn, None] = {fn: None}
        waiting = [fn]
        hit = False
        while waiting and not hit:
            here = waiting.pop()
            hit = self._matters.get(here) is True or self._telling(here) or len(seen) > _MOST
            if not hit:
                for callee in self.callees(here):
                    if callee not in seen and self._matters.get(callee) is not False:
                        seen[callee] = None
                        waiting.append(callee)
        if hit:
            self._matters[fn] = True
        else:
            self._matters.update(dict.fromkeys(seen, False))
        return hit

    def asks(self, fn: Fn) -> bool:
        """Whether a function, or one that it calls, may look at the request, the visitor's session or a proof by itself."""
        if fn not in self._asks:
            self._asks[fn] = False
            function = self.model.program.function(fn)
            text = self.model.program.sources[fn.file][function.start : function.end] if function else b""
            self._asks[fn] = bool(_ASKING.search(text)) or any(self.asks(callee) for callee in self.callees(fn))
        return self._asks[fn]

    def _telling(self, fn: Fn) -> bool:
        """Whether a function itself proves, does or passes on something, or calls what only its caller knows."""
        if fn not in self._tells:
            self._tells[fn] = self._tells_something(fn)
        return self._tells[fn]

    def _tells_something(self, fn: Fn) -> bool:
        model, recogniser = self.model, self.model.recogniser
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.SET_FIELD and any(model.words.has(k, body.name(i)) for k in ("paid_fields", "status_fields", "stock_fields")):
                return True
            if op == Op.CONST and body.args(i)[0] == Kind.STRING and body.name(i).strip("'\"") in self.event_names:
                return True
            if op == Op.RAISE and len(body.blocks) <= _SHORT:
                return True  # it may be how others refuse
            if op == Op.BINARY and (_may_compare(body, i) or self._asks_whether_owed(fn, i)):
                return True  # a digest that the caller made may be compared with what was sent
            if op != Op.CALL:
                if op == Op.NEW and recogniser.known(fn, i):
                    return True  # what an SDK's object asks where it is made
                continue
            callee = body.args(i)[0]
            if body.op[callee] not in (Op.NAME, Op.FIELD) or is_left_open(model.evaluator.scope, fn, i):
                return True
            name = body.name(callee).rpartition(".")[2]
            if (
                self.model.handovers.hands_on(fn, i)
                or name == "getattr"
                or (body.op[callee] == Op.NAME and name in {p.name for p in body.params})
            ):
                return True
            if name in DIGESTS or (name.startswith("set") and model.words.has("status_fields", name[3:].lstrip("_"))):
                return True
            if model.words.fulfils(name) or recogniser.effect(fn, i) or recogniser.known(fn, i):
                return True
            proves = VERIFIES.search(name) is not None and not recogniser.is_ours(fn, i, None)
            if proves or any(recogniser.is_(kind, fn, i) for kind in ("exits", "http", "compares", "verifies", "macs", "opens")):
                return True
        return False

    def _asks_whether_owed(self, fn: Fn, i: int) -> bool:
        """Whether a comparison may ask if there is anything to pay."""
        body = self.model.program.body(fn)
        const = body.const(body.args(i)[2]) or body.const(body.args(i)[1])
        return const is not None and const[1] == "0" and self.model.vocabulary.money(fn)

    @cached_property
    def event_names(self) -> frozenset[str]:
        """Every event that a provider may send."""
        return frozenset(e for p in self.model.knowledge.providers.values() for inbound in p.inbound for e in inbound.events)

    def functions_of(self, value: Value, depth: int = 0) -> list[Fn]:
        """The functions that run when a value is used as handler or guard."""
        out: list[Fn] = []
        for option in options(value):
            if isinstance(option, FunctionV):
                out += [option.fn, *self.put_in_place(option.fn)]
            elif isinstance(option, ModuleV):  # a CommonJS module that is one function
                one = self.model.evaluator.scope.exported(option.file, "default", option.at)
                out += self.functions_of(one, depth + 1) if depth < 2 and not isinstance(one, ModuleV) else []
            elif isinstance(option, (ClassV, Instance)):
                for name in _GUARD_METHODS:
                    method = self.model.evaluator.scope.method(option.cls, name)
                    if method is not None:
                        out.append(method)
            elif isinstance(option, Result) and option.instr >= 0 and depth < 2:
                # what an outside wrapper is given: UseGuards(SignatureGuard), asyncHandler(verify), method_decorator(signed)
                out += [fn for _, given in self.model.evaluator.arguments(option) for fn in self.functions_of(given, depth + 1)]
            elif isinstance(option, Seq):
                out += [fn for item in option.items for fn in self.functions_of(item, depth + 1)]
        return out

    def put_in_place(self, fn: Fn) -> tuple[Fn, ...]:
        """The functions that a decorator returns, to be run in the place of what it is given: they are written in it."""
        if fn not in self._in_place:
            body = self.model.program.body(fn)
            given = (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN) if Op.FUNCTION in body.op else ()
            found = (o.fn for v in given if v >= 0 for o in options(self.model.evaluator.value(fn, v)) if isinstance(o, FunctionV))
            own = dict.fromkeys(f for f in found if self.model.program.parent(f) == fn)
            self._in_place[fn] = tuple(one for f in own for one in (f, *self.put_in_place(f)))
        return self._in_place[fn]

    def callees(self, fn: Fn) -> list[Fn]:
        """Functions of the repository that a function may call, sets off, or hands to somebody who may call them."""
        if fn not in self._edges:
            body = self.model.program.body(fn)
            calls = (i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW))
            self._edges[fn] = list(dict.fromkeys(target for i in calls for target in self._led_to(fn, i)))
        return self._edges[fn]

    def ways(self, target: FunctionV, to: Fn) -> list[Ctx]:
        """The contexts in which a function runs when ``target`` is called from outside, by the shortest way of calls; none when there is
        no such way, or when it is the target itself."""
        before: dict[Fn, Fn] = {target.fn: target.fn}
        waiting = deque([target.fn])
        while waiting and to not in before:
            here = waiting.popleft()
            for callee in self.callees(here):
                if callee not in before and len(before) < _MOST:
                    before[callee] = here
                    waiting.append(callee)
        if to not in before or to == target.fn:
            return []
        way = [to]
        while way[-1] != target.fn:
            way.append(before[way[-1]])
        contexts: list[Ctx | None] = [self.model.evaluator.entry_context(target)]
        for caller, callee in zip(way[::-1], way[-2::-1], strict=False):
            contexts = [c for ctx in contexts for c in self._calls(caller, callee, ctx)][:_MOST_WAYS]
        return [c for c in contexts if c is not None]

    def _calls(self, caller: Fn, callee: Fn, ctx: Ctx | None) -> list[Ctx | None]:
        """The context of each call by which one function reaches another."""
        body = self.model.program.body(caller)
        out: list[Ctx | None] = []
        for i, op in enumerate(body.op):
            if op not in (Op.CALL, Op.NEW):
                continue
            called, arguments = body.call(i)
            given = [(called, False), *((a, True) for _, a in arguments if body.op[a] in (Op.FUNCTION, Op.NAME, Op.FIELD))]
            for a, callback in given:
                value = self.model.evaluator.value(caller, a, ctx)
                named = self.model.evaluator.scope.by_name(value, self.model.program.language(caller.file)) if not callback else []
                out += [
                    self.model.evaluator.context(o, caller, i, ctx, callback)
                    for o in (*options(value), *named)
                    if isinstance(o, FunctionV) and o.fn == callee
                ]
        return out

    def _led_to(self, fn: Fn, i: int) -> Iterator[Fn]:
        """The functions that one call may lead to."""
        evaluator = self.model.evaluator
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        value = evaluator.value(fn, callee)
        yield from (named.fn for named in evaluator.scope.by_name(value, self.model.program.language(fn.file)))
        yield from (heard.fn for heard in (*evaluator.heard(fn, i, None), *evaluator.answering(fn, i, None)))
        yield from (own.fn for own in self.model.record_methods.targets(fn, i, None) if own.fn != fn)
        yield from (own.fn for own in wrapped(evaluator, value))
        yield from (asked.fn for asked in self.model.asked_for.of(fn, i))
        for run in evaluator.scope.run_by_call(value):
            yield run.fn
            yield from self.model.handovers.through(run, fn, i)
        for option in options(value):
            if isinstance(option, ClassV):
                made = (evaluator.scope.method(option.cls, n) for n in ("__init__", "constructor", "__construct"))
                yield from [m for m in made if m][:1]
        registers = body.op[callee] in (Op.NAME, Op.FIELD) and body.name(callee).rpartition(".")[2] in REGISTERING
        for _, argument in () if registers else arguments:
            if self._may_be_function(fn, argument):
                yield from (o.fn for o in options(evaluator.value(fn, argument)) if isinstance(o, FunctionV))

    def _may_be_function(self, fn: Fn, i: int) -> bool:
        """Whether a value may be a function, by how it is come by: a quick look that spares valuing what is data."""
        body = self.model.program.body(fn)
        if body.op[i] == Op.FIELD:
            return body.name(i) in self.model.program.functions_by_name
        if body.op[i] != Op.NAME:
            return body.op[i] == Op.FUNCTION
        stores = self.model.evaluator.defuse(fn).stores.get(body.name(i))
        return not stores or any(body.op[body.args(s)[1]] not in _DATA for s in stores)

    @cached_property
    def _wrapped(self) -> dict[tuple[Fn, int], Known]:
        """Calls of our own wrappers that are a provider's operation in that context, at every level of the way to it."""
        found: dict[tuple[Fn, int], Known] = {}
        for site in self.model.operations.sites:
            for ctx in site.ctx.chain() if site.ctx else ():
                found.setdefault((ctx.caller, ctx.call), Known(site.provider, site.operation, site.certain, site.operation.op))
        return found

    def _compared(self, fn: Fn, i: int) -> list[str]:
        """Texts that something is compared with, or that choose an entry of a table."""
        body = self.model.program.body(fn)
        args = body.args(i)
        if body.op[i] == Op.RECORD:
            functions = (Op.FUNCTION, Op.NAME, Op.FIELD)
            return [
                body.name(k).strip("'\"")
                for k, v in zip(args[::2], args[1::2], strict=True)
                if k >= 0 and body.op[k] == Op.CONST and body.op[v] in functions
            ]
        out = []
        for a in args[1:3]:
            if body.op[a] == Op.CONST:
                out.append(body.name(a).strip("'\""))
            elif body.op[a] in (Op.LIST, Op.RECORD):
                out += [body.name(x).strip("'\"") for x in body.args(a) if x >= 0 and body.op[x] == Op.CONST]
            elif body.op[a] in (Op.FIELD, Op.NAME):
                text = constant(self.model.evaluator.value(fn, a))
                out += [text] if text else []
        return out

    def compared(self, fn: Fn) -> set[str]:
        """The texts that a function itself compares something with."""
        return self._facts_of(fn).compared

    @cached_property
    def _told_fields(self) -> frozenset[str]:
        """The fields that tell whose message it is, so that whatever reads one of them reads such a message: they hold the provider's own
        name, or nobody else's webhooks have them and they are long enough for no shop to call something so by chance."""
        told = [(p, b) for p in self.model.knowledge.providers.values() for b in p.inbound]
        owners = Counter(f for p in self.model.knowledge.providers.values() for f in {f for b in p.inbound for f in b.fields})
        alone = {f for _, b in told if b.kind != "redirect-return" for f in b.fields if owners[f] == 1 and len(f) >= _DISTINCT}
        return frozenset(f for p, b in told for f in b.fields if speaks_of(f.lower(), p.id) or f in alone)

    @cached_property
    def _event_constants(self) -> dict[str, str]:
        """Events by the names that SDKs give to them: ``PAYMENT_INTENT_SUCCEEDED`` is ``payment_intent.succeeded``."""
        return {name: event for event in sorted(self.event_names) if "_" in (name := _NO_WORD.sub("_", event).upper())}

    def _event_meant(self, fn: Fn, i: int) -> str:
        """The event that a constant of an SDK stands for: ``Stripe.Event.PAYMENT_INTENT_SUCCEEDED``. Empty when it is none, or our own."""
        event = self._event_constants.get(self.model.program.body(fn).name(i), "")
        found = options(self.model.evaluator.value(fn, i)) if event else []
        return event if any(isinstance(o, External) or (isinstance(o, Member) and isinstance(o.base, External)) for o in found) else ""

    def _note_text(self, facts: Facts, fn: Fn, i: int) -> None:
        """Keep what a text, or a field that stands for one, says."""
        body = self.model.program.body(fn)
        if body.op[i] == Op.CONST:
            text = body.name(i).strip("'\"") if body.args(i)[0] == Kind.STRING else ""
            told = (part for part in text.split(".") if part in self._told_fields)  # a path: `get(body, "item.reference")`
            for word in (text, *told) if 2 < len(text) < 80 else ():
                facts.texts.setdefault(word, (fn, i))
        elif body.name(i) in self._told_fields:
            facts.texts.setdefault(body.name(i), (fn, i))
        elif body.name(i).isupper() and (event := self._event_meant(fn, i)):
            facts.texts.setdefault(event, (fn, i))
            facts.compared.add(event)  # an event's own constant has no other use

    def _facts_of(self, fn: Fn) -> Facts:
        if fn in self._facts:
            return self._facts[fn]
        facts = self._facts[fn] = Facts()
        model = self.model
        body = model.program.body(fn)
        keys = written_keys(body)
        for i, op in enumerate(body.op):
            if op in (Op.CONST, Op.FIELD):
                if i not in keys or header(body.name(i).strip("'\"")) not in model.handlers.proving_headers:  # a header that we send
                    self._note_text(facts, fn, i)
            elif op in (Op.BINARY, Op.RECORD):
                facts.compared.update(self._compared(fn, i))
            elif op in (Op.CALL, Op.NEW):
                known = model.operations.at(fn, i)
                if known is not None and isinstance(known.thing, Operation):
                    facts.operations.append((fn, i, known))
                elif (wrapped := self._wrapped.get((fn, i))) is not None:
                    facts.operations.append((fn, i, wrapped))
                elif known is not None and isinstance(known.thing, Verifier):
                    facts.verifiers.append((fn, i, known))
                elif not model.recogniser.is_ours(fn, i, None):
                    callee = body.args(i)[0]
                    if body.op[callee] in (Op.FIELD, Op.NAME):
                        facts.unresolved.append((fn, i, body.name(callee).rpartition(".")[2]))
        return facts


def written_keys(body: Body) -> frozenset[int]:
    """The instructions that name a key which something is written under: ``{'X-Signature': mine}``, ``headers['X-Signature'] = mine``."""
    stored = (body.args(i)[1] for i, op in enumerate(body.op) if op == Op.SET_INDEX)
    literal = (k for i, op in enumerate(body.op) if op == Op.RECORD for k in body.args(i)[::2])
    return frozenset(k for k in (*stored, *literal) if k >= 0)


def header(text: str) -> str:
    """A header's name however it is written: ``HTTP_STRIPE_SIGNATURE`` is ``stripe-signature``."""
    return text.lower().replace("_", "-").removeprefix("http-")


def _spelt(body: Body, i: int) -> str:
    """What a variable, member or key is called; empty for anything else."""
    if body.op[i] in (Op.NAME, Op.FIELD):
        return body.name(i)
    key = body.const(body.args(i)[1]) if body.op[i] == Op.INDEX else None
    return key[1].strip("'\"") if key is not None else ""


def _may_compare(body: Body, i: int) -> bool:
    """Whether a computation asks if something named as a digest is the same, or if two things that a function is given are, or sets two
    texts against each other byte by byte."""
    operator, sides = body.text(body.args(i)[0]), body.args(i)[1:3]
    if operator not in _EQUAL:
        return operator == "^"
    given = {p.name for p in body.params}
    return all(body.op[a] == Op.NAME and body.name(a) in given for a in sides) or any(_SIGNED.search(_spelt(body, a)) for a in sides)
