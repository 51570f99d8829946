"""What the sender of a request chose: which values are a piece of a request, and from which pieces a value is put together."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from tillproof.commerce.checked_fields import lets_none_but
from tillproof.commerce.entries import Entry
from tillproof.commerce.entry_styles.arguments import entries as entries_of
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.commerce.form_fields import FormFields
from tillproof.commerce.hung_pieces import HungPieces
from tillproof.commerce.lexicon import Words, snake
from tillproof.commerce.names import Table, strip
from tillproof.commerce.request_parameters import Parameters
from tillproof.commerce.serializer_data import CHECKED, SerializerData
from tillproof.flow.called_back import LISTENS
from tillproof.flow.captured import ARRAY_FOLD, ARRAY_SUM, FOLDS, SUMS
from tillproof.flow.values import (
    CONVERSIONS,
    Choice,
    Const,
    Element,
    External,
    FunctionV,
    Instance,
    Member,
    Mix,
    Overlay,
    Param,
    Record,
    Result,
    Seq,
    Text,
    Value,
    constant,
    names,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Argument

SourceKind = Literal["body", "query", "path", "headers", "raw", "session"]
KINDS: tuple[SourceKind, ...] = ("body", "query", "path", "headers", "raw", "session")
_TWO = 2
FLOORS = ("Math.max", "max", "builtins.max")
_PICKS = (*FLOORS, "Math.min", "min", "builtins.min")
"""Functions that give back one of what they are given: a floor or a ceiling leaves a sum whose it is."""
_COMPARISONS = {
    "==",
    "===",
    "!=",
    "!==",
    "<",
    ">",
    "<=",
    ">=",
    "<=>",
    "in",
    "not in",
    "is",
    "is not",
    "!",
    "not",
    "instanceof",
    "typeof",
    "isset",
    "empty",
}
_KEYED = (
    "get", "input", "header", "param", "query", "post", "cookie", "pop", "only", "string", "integer", "float", "boolean", "file", "server",
    "json", "value", "field", "item", "offsetget", "data", "setdefault",
)  # fmt: skip
_STEPS = 60
_FEW = 20
_NESTED = 4
# Under these names what was checked stands in the answer of a check that does not throw.
_CHECKED = ("data", "value", "output", "validated", "payload", "right")
_CHECKS = ("validate", "validateAsync", "validateSync", "validateUsing", "cast", "decode")
_CLEANS = re.compile(
    r"(?:^|[._/-])(?:(?:de)?sanit[iy]\w*|escape\w*|strip(?:s|_?tags|_?html|_?slashes)?|clean\w*|purify)(?=$|[._-])", re.IGNORECASE
)
"""What a package, or its function, is called that gives a text back without what is dangerous in it."""
_FORM = "entries"
"""A method of a form by which all of it is read."""


@dataclass(frozen=True, slots=True)
class Source:
    """A piece of a request. ``key``: which one, dotted (``items[].price``); None for the whole, or when the key is not constant."""

    kind: SourceKind
    key: str | None
    at: tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Part:
    """The request object itself, or something on the way to its pieces: ``request.request`` before ``.get('x')``."""

    argument: Argument
    path: str


_RELATES = (b"RelatedField", b"ForeignKey", b"OneToOneField")
_RELATED = re.compile(rb"^[ \t]+(\w+)\s*=\s*(?:\w+\.)*(?:\w*RelatedField|ForeignKey|OneToOneField)\(", re.MULTILINE)


@lru_cache(maxsize=2)
def _cleaners(knowledge: Knowledge) -> dict[str, Table[str]]:
    """By language, what gives back its argument or object cleaned or converted; the same for the same packs, and nobody adds to it."""
    found: dict[str, Table[str]] = defaultdict(Table)
    for framework in knowledge.frameworks.values():
        found[framework.language].add(framework.passthrough, framework.id)
    for language, names_ in knowledge.lexicon.passthrough.items():
        found[language].add(names_, "")
    return dict(found)


class Requests:
    """Answers by value; what was asked is kept."""

    def __init__(self, wiring: Wiring, entries: list[Entry]) -> None:
        program, evaluator, knowledge = wiring.program, wiring.evaluator, wiring.knowledge
        self.program = program
        self.evaluator = evaluator
        self.active = wiring.active
        self.words = Words(knowledge.lexicon)
        self.parameters = Parameters(program, evaluator, self.active, entries)
        self._hung = HungPieces(program, evaluator)
        self._forms = FormFields(evaluator, self.active)
        self._memo: dict[int, tuple[Value, Source | _Part | None]] = {}
        self._serializers = SerializerData(program, evaluator, self._holds_sent)
        self._conversions: dict[int, tuple[Value, list[Value]]] = {}
        self._sources: dict[int, Table[SourceKind]] = {}
        self._clean = _cleaners(knowledge)
        self._chosen = frozenset(member for f in knowledge.frameworks.values() for member in f.chosen)

    def source(self, value: Value) -> Source | None:
        """The piece of a request that a value is, cleaned or converted perhaps; None when it is none or made of several."""
        found = self._find(value, 0)
        return found if isinstance(found, Source) else None

    def is_request(self, value: Value) -> bool:
        """Whether a value is the request itself, with all that came in it."""
        found = self._find(value, 0)
        return isinstance(found, _Part) and not found.path and isinstance(value, (Param, Instance))

    def sources_in(self, value: Value, limit: int = 200) -> list[tuple[Source, Value]]:
        """All pieces of requests from which a value is put together, with the value that is the piece, in order.

        Followed are members, elements, texts, arithmetic, records, lists and calls that clean. A call that looks something up by a piece
        is not made of it, nor is what a comparison says.
        """
        out: list[tuple[Source, Value]] = []
        seen: set[int] = set()
        stack = [value]
        while stack and len(seen) < limit:
            here = stack.pop()
            if id(here) in seen:
                continue
            seen.add(id(here))
            found = None if isinstance(here, Choice) else self.source(here)
            if found:
                out.append((found, here))
            if not found or isinstance(here, Overlay):
                stack.extend(reversed(self.carried(here)))
        return out

    def carried(self, value: Value) -> list[Value]:
        """The values that a value carries further: what it is a member of, put together or cleaned from."""
        if isinstance(value, Mix):
            return [] if value.op in _COMPARISONS else list(value.operands)
        if isinstance(value, Overlay):
            return [value.base, *(v for _, v, _ in value.writes)]
        if isinstance(value, Member) and self._serializers.is_set(value):
            return []
        if isinstance(value, Member) and (self._exposed(value.base) or self._is_related(value.base) or self._is_refused(value)):
            return []  # what hangs on a record that the page only names
        if isinstance(value, (Choice, Text, Record, Seq, Member, Element)):
            return list(value.parts())
        if isinstance(value, Instance):
            return [value.origin] if value.origin is not None else []
        if isinstance(value, Result) and value.instr >= 0 and (made := self._folded(value)) is not None:
            return [made]
        if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, External) and value.callee.name in _PICKS:
            return self._picked(value, value.callee.name in FLOORS)
        if isinstance(value, Result) and value.instr >= 0 and self.cleans(value):
            receiver = [value.callee.base] if isinstance(value.callee, Member) else []
            return [*receiver, *(v for _, v in self.evaluator.arguments(value) if not isinstance(v, FunctionV))]
        if isinstance(value, Result) and value.instr >= 0:
            if id(value) not in self._conversions:
                self._conversions[id(value)] = (value, [])
                self._conversions[id(value)] = (value, self._converted(value))
            return self._conversions[id(value)][1]
        return []

    def _picked(self, value: Result, floors: bool) -> list[Value]:
        """What the largest or smallest of some values is one of; none where it is at least as much as the server's own figure. What was
        worked out in the turn before may be among them again."""
        key = id(value)
        if key not in self._conversions:
            self._conversions[key] = (value, [])
            given = [v for _, v in self.evaluator.arguments(value)]
            if not (floors and any(not isinstance(v, Const) and not self.sources_in(v, _FEW) for v in given)):
                self._conversions[key] = (value, given)
        return self._conversions[key][1]

    def _converted(self, value: Result) -> list[Value]:
        """The sum that a function or class of a package gives back in another form, or what one of its methods gives of it:
        ``toMinorUnits(total)``, ``new Money(total).getAmount()``. What is named after no sum is as likely what something is found by."""
        if isinstance(value.callee, Member) and isinstance(value.callee.base, Result) and value.callee.base.instr >= 0:
            return [value.callee.base] if self._converted(value.callee.base) else []
        if not isinstance(value.callee, External):
            return []
        name = snake(re.split(r"[./]", value.callee.name)[-1].replace("-", "_"))
        if not self.words.has("converts_money", name):
            return []
        return [v for _, v in self.evaluator.arguments(value) if any(self._sum(*found) for found in self.sources_in(v, _FEW))]

    def _sum(self, found: Source, piece: Value) -> bool:
        """Whether a piece of a request, or the parameter that it arrives in, is called a sum of money."""
        name = found.key or (piece.name if isinstance(piece, Param) else "")
        return self.words.money(name.rpartition(".")[2])

    def _folded(self, value: Result) -> Value | None:
        """What a function of ours makes of the elements of a list, one after the other: ``lines.reduce((sum, line) => …, 0)``,
        ``$lines->sum(fn ($line) => …)``; of a list of sums those themselves: ``$lines->map(…)->sum()``, ``array_sum($sums)``."""
        if not isinstance(value.callee, (Member, External)):
            return None
        name = value.callee.name
        if name not in (*FOLDS, *SUMS, ARRAY_FOLD, ARRAY_SUM):
            return None
        given = [v for _, v in self.evaluator.arguments(value)]
        made_by = given[1:2] if name == ARRAY_FOLD else given[:1] if isinstance(value.callee, Member) else []
        if made_by and isinstance(made_by[0], FunctionV):
            return self.evaluator.returned(made_by[0], value.fn, value.instr, value.ctx, callback=True)
        if name == ARRAY_SUM and given:
            return given[0]
        return value.callee.base if name in SUMS and not given and isinstance(value.callee, Member) else None

    # --- one value

    def _find(self, value: Value, depth: int) -> Source | _Part | None:
        known = self._memo.get(id(value))
        if known is not None:
            return known[1]
        if depth > _STEPS:
            return None
        self._memo[id(value)] = (value, None)
        found = self._look(value, depth)
        self._memo[id(value)] = (value, found)
        return found

    def _look(self, value: Value, depth: int) -> Source | _Part | None:
        if isinstance(value, Choice):
            return next((f for o in value.options if (f := self._find(o, depth + 1))), None)
        if isinstance(value, Overlay):
            return self._find(value.base, depth + 1) or self._of_pieces(value, depth)
        if isinstance(value, Mix):
            return self._find(value.operands[0], depth + 1) if value.op in CONVERSIONS else self._of_pieces(value, depth)
        if isinstance(value, Instance):
            return self._find(value.origin, depth + 1) if value.origin is not None else None
        if isinstance(value, Param):
            return self._parameter(value)
        if isinstance(value, External):
            return self._global(value) or self._hung_before(value, depth)
        if isinstance(value, Member):
            known = self._member(value, depth) or self._known(value, value.at)
            return known or self._hung_before(value, depth)
        if isinstance(value, Element):
            return self._element(value, depth)
        if isinstance(value, Result) and value.instr >= 0:
            return self._result(value, depth)
        return None

    def _of_pieces(self, value: Overlay | Mix, depth: int) -> Source | None:
        """The message as it came, put together of its pieces: ``body += chunk``, where it begins with nothing, ``chunks.push(chunk)``."""
        if isinstance(value, Mix):
            begins = value.op == "+" and len(value.operands) == _TWO and constant(value.operands[0]) == ""
            held: list[Value] = [value.operands[1]] if begins else []
        else:
            held = [v for key, v, _ in value.writes if key == "[]"] if isinstance(value.base, Seq) and not value.base.items else []
        found = (self._find(v, depth + 1) for v in held)
        return next((f for f in found if isinstance(f, Source) and f.kind == "raw"), None)

    def _hung_before(self, value: Member | External, depth: int) -> Source | _Part | None:
        """What a function that ran before hung under that name."""

        def look(hung: Value) -> Source | _Part | None:
            return self._find(hung, depth + 1)

        return self._hung.first(value, look)

    def _parameter(self, param: Param) -> Source | _Part | None:
        found = self.parameters.argument(param)
        if found is None or self._serializers.is_put_together(param):
            return None
        argument, key = found
        whole = [k for k in KINDS if "*" in getattr(argument, k)]
        if whole and all(not getattr(argument, k) or getattr(argument, k) == ("*",) for k in KINDS):
            return Source(whole[0], key, param.at)
        return _Part(argument, "")

    def _holds_sent(self, value: Value) -> bool:
        return bool(self.sources_in(value, _FEW))

    def _exposed(self, value: Value) -> bool:
        """Whether a value is a field that the page keeps and its visitor may set."""
        return (
            isinstance(value, Member)
            and isinstance(value.base, Instance)
            and value.base.made is None
            and self.evaluator.scope.exposed(value.base.cls, value.name)
        )

    def _member(self, value: Member, depth: int) -> Source | _Part | None:
        if self._exposed(value):
            return Source("body", value.name, value.at)
        if named := self._forms.read(value):
            return Source("body", named, value.at)
        if self._exposed(value.base) or self._serializers.is_set(value):
            return None
        if self._is_of_form(value.base) or self._is_related(value.base):
            return None  # a field of the record that was chosen in a form: the form hands out the record itself
        base = self._find(value.base, depth + 1)
        if isinstance(base, Source):
            return Source(base.kind, _below(base.key, value.name), value.at) if not self._is_refused(value) else None
        if isinstance(base, _Part):
            return self._named(base, value) or self._starred(base, value)
        return next((f for v in self._cleaned_entry(value) if (f := self._find(v, depth + 1))), None)

    def _is_refused(self, value: Member) -> bool:
        """Whether a value is a field that the schema refuses or drops by which the body was checked."""
        listed = lets_none_but(self.evaluator, value.base)
        if listed is not None:
            return value.name not in {*listed, *_CHECKED, "error", "success"}
        return self._serializers.is_never_taken(value)

    def _is_related(self, value: Value) -> bool:
        """Whether a value is the record that a serializer has looked up by what was sent: ``validated_data["variant"]``, declared as a
        ``PrimaryKeyRelatedField``, or by the model as a reference."""
        here: Value
        if isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, Member) and value.callee.name in ("get", "pop"):
            told = self.evaluator.argument(value, 0)
            name, here = (constant(told) if told is not None else None) or "", value.callee.base
        elif isinstance(value, Member):
            name, here = value.name, value.base
        else:
            return False
        if name not in self._related:
            return False
        steps = 0
        while isinstance(here, (Member, Element, Overlay, Param, Result)) and steps < _STEPS:
            if isinstance(here, (Member, Param)) and here.name == CHECKED:
                return True
            if isinstance(here, Result) and isinstance(here.callee, Member) and here.callee.name in ("get", "pop"):
                here = here.callee  # the lines of an order, each with its record: `validated_data.pop("lines")`
            if isinstance(here, (Param, Result)):
                return False
            here, steps = here.base, steps + 1
        return False

    @cached_property
    def _related(self) -> frozenset[str]:
        """The fields of serializers that hand out records."""
        sources = self.program.sources
        declared = [f for f in self.program.indices if f.endswith(".py") and any(word in sources[f] for word in _RELATES)]
        return frozenset(found[1].decode() for f in declared for found in _RELATED.finditer(self.program.sources[f]))

    def _is_of_form(self, value: Value) -> bool:
        """Whether a value is what a form has made of a field: ``form.cleaned_data['plan']``, ``.get('plan')``."""
        asked = value.callee if isinstance(value, Result) else value
        if isinstance(value, Result) and not (isinstance(asked, Member) and asked.name == "get"):
            return False
        return isinstance(asked, (Element, Member)) and isinstance(asked.base, Member) and asked.base.name in self._chosen

    def _cleaned_entry(self, value: Member) -> list[Value]:
        """What stood under that name in the record that was checked: ``schema.safeParse({ status: form.get('status') }).data.status``."""
        path = [value.name]
        base = value.base
        while isinstance(base, Member) and len(path) < _NESTED:
            path.append(base.name)
            base = base.base
        if not (isinstance(base, Result) and base.instr >= 0 and self.cleans(base)):
            return []
        held: list[Value] = [v for _, v in self.evaluator.arguments(base) if isinstance(v, (Record, Overlay))]
        for at, name in enumerate(reversed(path)):
            inner = [v for h in held for v in entries_of(h, name)]
            if not inner and not (at == 0 and name in _CHECKED):
                return []
            held = inner or held
        return held

    def _named(self, part: _Part, value: Member) -> Source | _Part | None:
        """A member of the request that its pack names, or one on the way to such."""
        path = f"{part.path}.{value.name}".lstrip(".")
        on_the_way = False
        for kind in KINDS:
            for member in getattr(part.argument, kind):
                if path == member or path.startswith(member + "."):
                    return Source(kind, path[len(member) + 1 :] or None, value.at)
                on_the_way = on_the_way or member.startswith(path + ".")
        return _Part(part.argument, path) if on_the_way else None

    def _starred(self, part: _Part, value: Member) -> Source | None:
        kind = next((k for k in KINDS if "*" in getattr(part.argument, k)), None)
        return Source(kind, value.name, value.at) if kind and not part.path else None

    def _element(self, value: Element, depth: int) -> Source | None:
        base = self._find(value.base, depth + 1)
        if isinstance(base, _Part) and value.key is None and not base.path and "on" in base.argument.raw:
            return Source("raw", None, value.at)  # a piece of the stream: `for await (const chunk of req)`
        if not isinstance(base, Source):
            return None
        text = constant(value.key) if value.key is not None else None
        if text is not None and not text.isdigit():
            return Source(base.kind, _below(base.key, text), value.at)
        return Source(base.kind, (base.key or "") + "[]", value.at)

    # --- calls

    def _result(self, value: Result, depth: int) -> Source | _Part | None:
        arguments = [v for _, v in self.evaluator.arguments(value)]
        first = constant(arguments[0]) if arguments and not _is_switch(arguments[0]) else None
        if isinstance(value.callee, Member):
            if self._folded(value) is not None:
                return None  # made of several: what its function says
            base = self._asked_of_global(value.callee) or self._find(value.callee.base, depth + 1)
            if isinstance(base, Source):
                return replace(base, key=_below(base.key, first) if first and _takes_key(value.callee.name) else base.key, at=value.at)
            if isinstance(base, _Part):
                found = self._named(base, value.callee)
                if value.callee.name in LISTENS and isinstance(found, Source):
                    return found  # what is heard there, whatever the event is called
                if found is None and first and value.callee.name == "get" and self.program.language(value.fn.file) == "python":
                    return self._named(base, Member(value.at, value.callee.base, first))  # a request that is a dictionary
                return replace(found, key=_below(found.key, first) if first else found.key) if isinstance(found, Source) else found
        elif isinstance(value.callee, (External, Param)):
            called = self._called(value.callee)
            if called is None and isinstance(value.callee, Param) and not arguments and self.program.language(value.fn.file) == "php":
                return self._find(value.callee, depth + 1)  # `request()` gives what `$request` is
            if called is not None:
                takes = first and (called.key is None or _takes_key(called.key.rpartition(".")[2]))
                key = called.key.rpartition(".")[0] or None if called.key and _takes_key(called.key.rpartition(".")[2]) else called.key
                return replace(called, key=_below(key, first) if takes and first else key, at=value.at)
        known = self._known(value, value.at, arguments)
        if known is not None:
            return known
        if self.cleans(value) or self._checks(value, arguments, depth):
            cleaned = [self._find(a, depth + 1) for a in arguments if not isinstance(a, (FunctionV, Const))]
            form = any(isinstance(f, _Part) and not f.path and _FORM in f.argument.body for f in cleaned)
            return next((f for f in cleaned if isinstance(f, Source)), Source("body", None, value.at) if form else None)
        return None

    def _asked_of_global(self, method: Member) -> Source | None:
        """What a method gives of the request that a function hands out, where a pack names the two together: ``request()->getContent()``
        gives the bytes, and not a field of the body."""
        base = method.base
        if not isinstance(base, Result) or not isinstance(base.callee, (External, Param)) or base.instr < 0:
            return None
        language = self.program.language(base.fn.file)
        if language != "php" or self.program.body(base.fn).op[base.instr] != Op.CALL or self.evaluator.arguments(base):
            return None
        found = self._global(External(base.callee.at, f"{base.callee.name}.{method.name}"))
        return found if found is not None and found.key is None else None

    def _checks(self, value: Result, arguments: list[Value], depth: int) -> bool:
        """Whether a call by such a name checks the whole body, by a schema that is known to whoever handed it over alone."""
        if not isinstance(value.callee, Member) or value.callee.name not in _CHECKS or not arguments:
            return False
        sent = self._find(arguments[0], depth + 1)
        return isinstance(sent, Source) and sent.kind == "body" and sent.key is None

    def _called(self, callee: External | Param) -> Source | None:
        """The source that a called name is. A PHP function and a parameter of its name are written alike in the IR."""
        if isinstance(callee, External):
            return self._global(callee)
        return self._global(External(callee.at, callee.name)) if self.program.language(callee.fn.file) == "php" else None

    def cleans(self, value: Result) -> bool:
        """Whether a call gives back its argument or object, cleaned or converted."""
        return self.is_cleaner(names(value.callee), self.program.language(value.fn.file)) or self._is_sanitizer(value)

    def _is_sanitizer(self, value: Result) -> bool:
        """Whether a function of a package is given one text alone and called after cleaning it: ``sanitizeHtml(text)``."""
        if not isinstance(value.callee, External) or value.instr < 0 or _CLEANS.search(value.callee.name) is None:
            return False
        return len(self.evaluator.arguments(value)) == 1

    def is_cleaner(self, called: tuple[str, ...], language: str) -> bool:
        """Whether a callee of one of these names gives back its argument or object, cleaned or converted."""
        table = self._clean.get(language)
        return bool(table and table.find(called))

    # --- names that packs know

    def _table(self, file: str) -> Table[SourceKind] | None:
        if file not in self.program.indices:
            return None
        frameworks = self.active.of(file)
        found = self._sources.get(id(frameworks))
        if found is None:
            found = self._sources[id(frameworks)] = Table()
            for framework in frameworks:
                for kind in KINDS:
                    found.add([n.removeprefix("self") if n.startswith("self.") else n for n in getattr(framework.sources, kind)], kind)
        return found

    def _global(self, value: External) -> Source | None:
        """``flask.request.json.amount``: the longest beginning of the name that a pack knows, the rest being the key."""
        table = self._table(value.at[0])
        parts = value.name.split(".")
        for end in range(len(parts), 0, -1) if table else ():
            name = ".".join(parts[:end])
            for kind, _, _, text in table.find((name,)) if table else ():
                if not text:
                    return Source(kind, ".".join(parts[end:]) or None, value.at)
        return None

    def _known(self, value: Value, at: tuple[str, int], arguments: list[Value] | None = None) -> Source | None:
        """A member or call that a pack lists as chosen by the sender, whatever it stands on."""
        table = self._table(at[0])
        if not table:
            return None
        for kind, _, _, text in table.find(tuple(strip(n) for n in names(value))):
            if arguments is None:
                if not text:
                    return Source(kind, None, at)
                continue
            told = [constant(a) or (a.name if isinstance(a, External) else "") for a in arguments]
            if text:
                if told and told[0] == text:
                    return Source(kind, told[1] if len(told) > 1 and told[1] else None, at)
            else:
                return Source(kind, told[0] if told and told[0] else None, at)
        return None


def _below(key: str | None, name: str) -> str:
    return f"{key}.{name}" if key else name


def _is_switch(value: Value) -> bool:
    """Whether an argument says how to read and names nothing: ``request.get_json(force=True)``, ``$input->post(null, true)``."""
    return isinstance(value, Const) and value.kind in (Kind.NULL, Kind.BOOL)


def _takes_key(method: str) -> bool:
    """Whether the first argument of a method names the piece that it gives."""
    return method.lower().startswith(_KEYED)
