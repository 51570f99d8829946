"""Which parameters of our functions are the request, or a piece of it, and what hangs on them."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import TypeAlias

from tillproof.commerce.entries import Entry
from tillproof.commerce.entry_styles.active import Active
from tillproof.commerce.names import fits, strip
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.given_fields import is_dataclass
from tillproof.flow.members import is_message
from tillproof.flow.parameters import parameter
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.values import ClassV, External, FunctionV, Instance, Param, Result, Value, constant, names, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Argument, Framework

# What a wrapper adds to what was sent; and the names of what was sent, where it hands on both in one record.
_MADE_HERE = frozenset(
    [
        "ctx",
        "context",
        "user",
        "session",
        "auth",
        "team",
        "org",
        "organization",
        "account",
        "profile",
        "member",
        "db",
        "tx",
        "prisma",
        "supabase",
    ]
)
_MESSAGES = ("input", "parsedInput", "data", "formData", "values", "payload", "body", "params", "args")
_REQUEST_NAMES = {"req", "request", "ctx", "validated_data"}
_TOLD = ("body", "rawBody", "payload", "message")
_TYPE_WORD = re.compile(r"[A-Za-z_\\$][\w.\\$]*")
_CALLED = re.compile(r",\s*([\w.]+)\s*\(([^()]*)")
_PLACEHOLDER = re.compile(r"<(?:[\w.]+:)?(\w+)>|\{(\w+)[^}]*\}|:(\w+)|\[(?:\.\.\.)?(\w+)\]|\(\?P<(\w+)>")
_PLAIN_TYPE = re.compile(r"(string|number|boolean|bigint|Date|null|undefined)(\s*\|\s*(string|number|boolean|bigint|null|undefined))*")
_PATH_VALUES = ("Uuid", "Ulid", "UuidInterface", "Stringable")
"""Classes of what stands in a path itself."""
_ID = re.compile(r"(^i|I|_i)d$")
_PLAIN = re.compile(r"[a-z]+")
_DATACLASS = "dataclasses.dataclass"
_OWN = "own.Request"
"""The packs' name for a class of ours that is the request."""
_SUPERGLOBALS = re.compile(rb"\$_(?:POST|GET|REQUEST|SERVER)\b|php://input")
_SKIPPED_TYPES = {"Annotated", "Optional", "List", "list", "Union", "None", "Promise", "Readonly", "Partial"}

_LOCATIONS = {
    "query": "query", "querystring": "query", "headers": "headers", "cookies": "headers", "path": "path", "view_args": "path",
}  # fmt: skip
"""Where what a decorator reads stands, when it is not the body."""
KINDS = ("body", "query", "path", "headers", "raw", "session")

Found: TypeAlias = tuple[Argument, str | None]
"""What a parameter holds of the request, and the key of the piece when its declaration names one."""


class Parameters:
    """Looks parameters up in the packs, in their order: decorator, type, path, name, position."""

    def __init__(self, program: Program, evaluator: Evaluator, active: Active, entries: list[Entry]) -> None:
        self.program = program
        self.evaluator = evaluator
        self.active = active
        self._entries: dict[Fn, list[Entry]] = defaultdict(list)
        for entry in entries:
            self._entries[entry.target.fn].append(entry)
        self._supplying = _supplying(evaluator, entries)
        self._memo: dict[tuple[Fn, int], Found | None] = {}

    def argument(self, param: Param) -> Found | None:
        """What a parameter holds of the request, and the key of the piece when its declaration names one; None when it is no request."""
        key = (param.fn, param.number)
        if key not in self._memo:
            self._memo[key] = None
            self._memo[key] = self._find(param)
        return self._memo[key]

    def _find(self, param: Param) -> Found | None:
        if (told := self._told(param)) is not None:
            return told
        frameworks = [f for f in self._frameworks(param.fn) if f.request]
        if not frameworks:
            return None
        if (wrapped := self._wrapped(param, frameworks) or self._filled_in(param)) is not None:
            return wrapped
        for name, key in self._decorators(param):
            for framework in frameworks:
                for wanted, argument in framework.request.items():
                    if wanted.startswith("@") and fits(wanted[1:], name) and not wanted.startswith("@@nestjs/common.RawBodyRequest"):
                        return argument, key
        return self._by_type(param, frameworks) or self._handed_over(param, frameworks) or self._by_place(param, frameworks)

    def _told(self, param: Param) -> Found | None:
        """The message that a provider's package tells a function of ours of: ``callback: async (topic, shop, body) => …``."""
        told = any(e.style == "told" for e in self._entries.get(param.fn, ()))
        if not told or self.program.language(param.fn.file) != "javascript" or param.name not in _TOLD:
            return None
        return Argument(raw=("*",)), None

    def _handed_over(self, param: Param, frameworks: list[Framework]) -> Found | None:
        """What a decorator of the handler hands it of the request: ``@bp.arguments(OrderSchema)``, ``@use_kwargs(schema,
        location="query")``."""
        entries = self._entries.get(param.fn, ())
        named = {w for e in entries if e.route for m in _PLACEHOLDER.findall(e.route) for w in m if w}
        if not entries or param.name in named or param.name in ("self", "cls"):
            return None
        for value in (v for e in entries for v in e.chain if isinstance(v, Result) and v.instr >= 0):
            made = [strip(n) for n in names(value.callee)]
            for wanted, argument in ((w[1:], a) for f in frameworks for w, a in f.request.items() if w.startswith("=")):
                if any(fits(wanted, name) for name in made):
                    given = dict(self.evaluator.arguments(value))
                    kind = _LOCATIONS.get((constant(given["location"]) or "").strip("'\"")) if "location" in given else None
                    by_name = wanted.endswith("kwargs") or "as_kwargs" in given
                    return Argument(**{kind: ("*",)}) if kind else argument, param.name if by_name else None
        return None

    def _by_type(self, param: Param, frameworks: list[Framework]) -> Found | None:
        """By declared type. What is a piece as a whole (a body model) is one only where a framework fills it: in a handler."""
        own = {e.framework for e in self._entries.get(param.fn, ())} | self._supplying.get(param.fn, set())
        for name in self._types(param):
            for framework in frameworks:
                for wanted, argument in framework.request.items():
                    if _PLAIN.fullmatch(wanted) or not _is_type(wanted, name):
                        continue
                    if framework.id in own or any(m != "*" for k in KINDS for m in getattr(argument, k)) or argument == Argument():
                        return argument, None
        return None

    def _frameworks(self, fn: Fn) -> list[Framework]:
        """Frameworks of the file, those of the function's own entries first."""
        ids = {e.framework for e in self._entries.get(fn, ())}
        active = self.active.of(fn.file)
        return [f for f in active if f.id in ids] + [f for f in active if f.id not in ids]

    def _by_place(self, param: Param, frameworks: list[Framework]) -> Found | None:
        entries = self._entries.get(param.fn, [])
        own = {e.framework for e in entries} | self._supplying.get(param.fn, set())
        placeholders = {w for e in entries if e.route for m in _PLACEHOLDER.findall(e.route) for w in m if w}
        if param.name in placeholders and not self._is_looked_up(param):
            for framework in frameworks:
                if "{}" in framework.request:
                    return framework.request["{}"], param.name
        called = {
            e.framework for e in entries if e.role not in ("platform", "internal")
        }  # not what the platform runs for a document of its own
        if (sent := self._sent_by_name(param, frameworks, called)) is not None:
            return sent
        for framework in frameworks if own else ():
            for name in self._types(param):
                if framework.id in own and _PLAIN.fullmatch(name) and name in framework.request:
                    argument = framework.request[name]
                    return argument, None if argument.body or argument.raw else param.name
        for framework in frameworks:
            if param.name in framework.request and (param.name in _REQUEST_NAMES or framework.id in own):
                return framework.request[param.name], None
        place = str(self._position(param))
        for framework in frameworks:
            if place in framework.request and (framework.id in own or (entries and "" in own)):
                return self._by_caller(param, framework.request[place], entries)
        if param.name in _REQUEST_NAMES and param.type is None:
            return next(((f.request["0"], None) for f in frameworks if "0" in f.request and f.routes), None)
        return None

    def _is_given(self, param: Param, entries: list[Entry]) -> bool:
        """Whether a framework of PHP gives a parameter what it has itself, a service or a record, or no message comes with the request:
        the ``mount`` of a component."""
        php = self.program.language(param.fn.file) == "php"
        return php and (self._is_looked_up(param) or all(e.methods == ("GET",) for e in entries))

    def _is_looked_up(self, param: Param) -> bool:
        """Whether a piece of the path is declared as a class, of ours or from elsewhere: a record is looked up by it."""
        declared = self.program.body(param.fn).params[param.number].type.strip("?: ").rpartition("\\")[2]
        php = self.program.language(param.fn.file) == "php"
        return isinstance(param.type, ClassV) or (php and declared[:1].isupper() and declared not in _PATH_VALUES)

    def _sent_by_name(self, param: Param, frameworks: list[Framework], own: set[str]) -> Found | None:
        """What was sent, where a framework calls a handler with it: as named arguments, Odoo's ``def callback(self, **data)``, or as what
        follows on the handler's own name in the address, CodeIgniter's ``cancel($id)``."""
        given = next((f.request["**"] for f in frameworks if f.id in own and "**" in f.request), None)
        if given is None or param.name in ("self", "cls") or (self.program.language(param.fn.file) == "php" and self._is_looked_up(param)):
            return None
        rest = self.program.body(param.fn).params[param.number].kind == "named-rest"
        return given, None if rest else param.name

    def _by_caller(self, param: Param, argument: Argument, entries: list[Entry]) -> Found | None:
        """What a parameter holds that whoever calls fills as a whole. Where a wrapper of ours calls in his place it is what that hands on:
        the message first, beside whom it has found to be signed in. A function of Python is called by the names of what was sent, and its
        decorators hand on what they were given."""
        if argument.body == ("*",) and self._is_given(param, entries):
            return None
        if argument.body == ("*",) and self.program.language(param.fn.file) == "python":
            return argument, None if self.program.body(param.fn).params[param.number].kind else param.name
        if argument.body == ("*",) and self._is_piece(param):
            return argument, param.name
        if argument.body != ("*",) or not any(e.chain for e in entries):
            return argument, None
        if self._position(param) != 0 or param.name in _MADE_HERE:
            return None
        return (argument if param.name else Argument(body=_MESSAGES)), None

    def _is_piece(self, param: Param) -> bool:
        """Whether a parameter can only be one piece of a message, by its declared type or because it is an id: the others are beside it."""
        declared = self.program.body(param.fn).params[param.number].type
        return _PLAIN_TYPE.fullmatch(declared.strip(": ")) is not None or _ID.search(param.name) is not None

    def _position(self, param: Param) -> int:
        params = self.program.body(param.fn).params
        return param.number - (1 if params and params[0].name in ("self", "cls") else 0)

    def _decorators(self, param: Param) -> Iterator[tuple[str, str | None]]:
        """Names of a parameter's decorators, and the key that their first argument names."""
        declared = self.program.body(param.fn).params[param.number]
        for name, text in declared.decorators:
            for value in options(self._named(param, name)):
                yield from ((strip(n), text or None) for n in names(value))
        default = self._default(param)
        if isinstance(default, Result) and default.instr >= 0:
            given = self.evaluator.arguments(default)
            alias = next((constant(v) for k, v in given if k == "alias"), None)
            by_type = not given or isinstance(given[0][1], ClassV)
            yield from ((strip(n), alias or param.name) for n in names(default.callee) if not (by_type and self._fills(param, n)))
        for name, told in _CALLED.findall(declared.type):
            found = names(self._named(param, name))
            yield from ((strip(n), param.name) for n in found if not (not told.strip() and self._fills(param, n)))

    def _fills(self, param: Param, name: str) -> bool:
        """Whether a call that names no function has a parameter filled by its type, which declares a message: ``pay: Pay = Depends()``."""
        return (
            strip(name) in self.evaluator.supplies and isinstance(param.type, ClassV) and is_message(self.evaluator.scope, param.type.cls)
        )

    def _default(self, param: Param) -> Value | None:
        body = self.program.body(param.fn)
        for i, op in enumerate(body.op):
            if op == Op.CHOICE and body.text(body.args(i)[0]) == "default":
                given = body.args(i)[1]
                if body.op[given] == Op.PARAM and body.args(given)[0] == param.number:
                    return self.evaluator.value(param.fn, body.args(i)[2])
        return None

    def _named(self, param: Param, dotted: str) -> Value:
        head, *rest = dotted.replace("\\", ".").lstrip(".").split(".")
        value = self.evaluator.scope.global_name(param.fn.file, head, param.at)
        for part in rest:
            value = self.evaluator.member(value, part, param.at)
        return value

    def _types(self, param: Param) -> Iterator[str]:
        """Names of the declared type, and of the foreign bases of a class of ours."""
        if isinstance(param.type, External):
            yield param.type.name
        if isinstance(param.type, ClassV):
            foreign = self.evaluator.scope.foreign_bases(param.type.cls)
            yield from foreign
            if is_dataclass(self.program, param.type.cls):
                yield _DATACLASS
            if not foreign and self._wraps_request(param.type.cls):
                yield _OWN
            return
        php = self.program.language(param.fn.file) == "php"
        declared = self.program.body(param.fn).params[param.number].type
        if not declared and self._position(param) == 0:
            yield from (e.hands for e in self._entries.get(param.fn, ()) if e.hands)
        for word in _TYPE_WORD.findall(declared):
            if word in _SKIPPED_TYPES:
                continue
            if not php and word.islower():
                yield word
            for value in options(self._named(param, word)):
                if isinstance(value, External):
                    yield value.name
                elif isinstance(value, (ClassV, Instance)):
                    yield from self.evaluator.scope.foreign_bases(value.cls)

    def _wrapped(self, param: Param, frameworks: list[Framework]) -> Found | None:
        """What the constructor of such a class is handed: ``new Request($_GET, $_POST)``."""
        owner = self.program.owner(param.fn) if self.program.name(param.fn) == "__construct" else None
        if owner is None or not self._wraps_request(owner):
            return None
        own = next((f.request[_OWN] for f in frameworks if _OWN in f.request), Argument())
        kind = next((k for k in KINDS if param.name in getattr(own, k)), None)
        return (Argument(**{kind: ("*",)}), None) if kind else None

    def _filled_in(self, param: Param) -> Found | None:
        """What the constructor of a class is handed that a framework makes of what was sent: ``#[MapRequestPayload] OrderDto $order``."""
        owner = self.program.owner(param.fn) if self.program.name(param.fn) == "__construct" else None
        argument = self._made_of_messages.get(owner) if owner is not None else None
        return (argument, param.name) if argument is not None else None

    @cached_property
    def _made_of_messages(self) -> dict[ClassId, Argument]:
        """The classes of PHP of which a handler is given an object that was made of what was sent, and of what."""
        found: dict[ClassId, Argument] = {}
        for fn in (fn for fn in self._entries if self.program.language(fn.file) == "php"):
            for number in (n for n, declared in enumerate(self.program.body(fn).params) if declared.decorators):
                given = parameter(self.evaluator, self.evaluator.frame(fn), number, (fn.file, 1))
                sent = self.argument(given.origin) if isinstance(given, Instance) and isinstance(given.origin, Param) else None
                if isinstance(given, Instance) and sent is not None and "*" in sent[0].body:
                    found[given.cls] = sent[0]
        return found

    def _wraps_request(self, cls: ClassId) -> bool:
        """Whether a class of ours is the one that PHP's superglobals are wrapped in."""
        return (
            cls.file.endswith(".php")
            and self.program.cls(cls).name.endswith("Request")
            and _SUPERGLOBALS.search(self.program.sources[cls.file]) is not None
        )


def _supplying(evaluator: Evaluator, entries: list[Entry]) -> dict[Fn, set[str]]:
    """The functions that supply parameters of handlers, by frameworks that fill their own parameters alike."""
    found: dict[Fn, set[str]] = defaultdict(set)
    for entry in entries if evaluator.supplies else ():
        for guard in (o for v in entry.chain for o in options(v) if isinstance(o, FunctionV)):
            found[guard.fn].add(entry.framework)
    return found


def _is_type(wanted: str, name: str) -> bool:
    """Whether a key of a pack is a type of that name; a bare one is known by its last word."""
    return wanted == name or ("." not in wanted and wanted[:1].isupper() and wanted == name.rpartition(".")[2])
