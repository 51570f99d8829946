"""How long a request may take: the bound that the code gives, that its client keeps, or that the library has by itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.lent_senders import spread
from tillproof.commerce.sdk_defaults import LONGEST_DEFAULT, in_force
from tillproof.commerce.sendings import Sending
from tillproof.commerce.time_limits import TimeLimits
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    Ctx,
    Element,
    Instance,
    Member,
    Overlay,
    Param,
    Place,
    Record,
    Result,
    Seq,
    Value,
    names,
    options,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import HttpClient, SdkDefault

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

MADE_ELSEWHERE = "the client is made elsewhere"
_LEVELS = 3
_LONGEST_CHAIN = 14
_HOLDERS = (
    "config",
    "option",
    "settings",
    "httpclientoptions",
    "http_options",
    "defaults",
    "agent",
    "curl",
    "request",
    "client",
    "transport",
)
_ALWAYS = ("timeout",)
"""By what names a package is told a bound where no version says otherwise."""
_WHOLE = ("timeout", "total", "read")
"""The arguments of a settings object that leave an answer unbounded when they are nothing."""
_SENDERS = ("request", "send", "_request", "_call")


@dataclass(frozen=True, slots=True)
class Bound:
    """What bounds a request. ``given``: at ``at``, in words ``what``. ``default``: the library's own, ``seconds``; ``late`` if that is
    longer than ``LONGEST_DEFAULT``. ``connect``: the connection alone. ``off``: switched off at ``at``. ``hidden``: it could stand at
    ``at``. ``none``: nothing does."""

    kind: Literal["given", "default", "late", "connect", "off", "hidden", "none"]
    at: Place | None = None
    what: str = ""
    seconds: float = 0

    @property
    def holds(self) -> bool:
        return self.kind in ("given", "default")


class Timeouts:
    """Bounds of sendings, kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._limits = TimeLimits(model)
        self._wide: dict[tuple[str, str], Place | None] = {}

    def of(self, one: Sending) -> Bound:
        """The bound of a request, whoever calls: the weakest that a caller leaves it."""
        default = self._default(one)
        found = self._in(one, None, 0)
        if found.kind == "none" and (self._injected(one) or self._is_generated(one)):
            found = Bound("hidden", (one.fn.file, self.model.program.body(one.fn).line[one.instr]), MADE_ELSEWHERE)
        if found.kind in ("none", "hidden", "connect"):
            wide = self._wide_of(one)
            if wide is not None:
                return Bound("given", wide, "a bound for every request")
            if default is not None and default.timeout and default.timeout <= LONGEST_DEFAULT:
                return Bound("default", None, default.package, default.timeout)
            if default is not None and default.timeout and found.kind == "none":
                return Bound("late", None, default.package, default.timeout)
            if default is None or default.timeout is None:
                return Bound("hidden", None, "whether the library has a bound of its own is not known") if found.kind == "none" else found
        return found

    def _is_generated(self, one: Sending) -> bool:
        """Whether a generator wrote the client that sends: it is handed its settings by whoever makes its configuration."""
        return one.made is None and self.model.program.files[one.fn.file].role == "generated"

    def _injected(self, one: Sending) -> bool:
        """Whether the client is known by its type alone: whoever makes it decides, unless nobody makes any and it is the library itself."""
        if one.client is None or one.made is not None:
            return False
        known = [n.replace("()", "") for n in self.model.recogniser.callee_names(one.fn, one.instr, None)]
        handed = any(n.startswith(t + ".") for n in known for t in one.client.handed_as)
        return any("Interface." in n for n in known) or (handed and self._makes_any(one.client))

    def _makes_any(self, client: HttpClient) -> bool:
        """Whether anything makes an object of a library that keeps settings of its own."""
        program, recogniser = self.model.program, self.model.recogniser
        for module, _, word in (made.rpartition(".") for made in client.makes):
            for file in program.mentioning(module) if word else ():
                for fn in program.functions_calling_name(file, word):
                    body = program.body(fn)
                    calls = (i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == word)
                    if any(f"{module}.{word}" in recogniser.callee_names(fn, i, None) for i in calls):
                        return True
        return False

    def default(self, one: Sending) -> SdkDefault | None:
        """What the library does by itself."""
        return self._default(one)

    def _default(self, one: Sending) -> SdkDefault | None:
        if one.sdk is not None:
            return one.sdk
        if one.client is None:
            return None
        known = in_force(self.model, one.fn.file, one.client.defaults)
        return known[0] if known else one.client.defaults[-1]

    def told(self, one: Sending, wanted: tuple[str, ...]) -> tuple[Value, Place] | None:
        """What a request or its client is told under one of some names."""
        plain = {_plain(n) for n in wanted}
        for key, value, at in self._settings(one, one.contexts[0] if one.contexts else None):
            if _plain(key.rpartition(".")[2]) in plain:
                return value, at
        beside = self.model.http.clients.set_beside(one.fn, one.instr, None, plain)
        return (beside.value, beside.value.at) if beside is not None else None

    # --- given

    def _names(self, one: Sending) -> set[str]:
        default = self._default(one)
        by_version = one.client is not None and default is not None and default.timeout_names != _ALWAYS
        names_ = one.client.timeouts if one.client and not by_version else default.timeout_names if default else ()
        return {_plain(n) for n in names_}

    def _in(self, one: Sending, ctx: Ctx | None, depth: int) -> Bound:
        lent = ctx is None and self._is_lent(one)
        found = self._at_call(one, ctx)
        if (found.kind != "hidden" and not lent) or depth >= _LEVELS:
            return found
        above = one.contexts if lent else self.model.callers.above(one.fn, ctx)
        further = [self._in(one, c, depth + 1) for c in above]
        if not further:
            return found
        return min(further, key=lambda b: ("off", "none", "connect", "hidden", "given", "default").index(b.kind))

    def _is_lent(self, one: Sending) -> bool:
        """Whether what sends is handed over by the callers, with what it is told: ``retry(axios.post, url, body, { timeout })``."""
        body = self.model.program.body(one.fn)
        callee = body.args(one.instr)[0]
        return bool(one.contexts) and body.op[callee] == Op.NAME and body.name(callee) in {p.name for p in body.params}

    def _at_call(self, one: Sending, ctx: Ctx | None) -> Bound:
        wanted = self._names(one)
        connect = {_plain(n) for n in one.client.connect_only} if one.client else set()
        hidden: Bound | None = None
        only: Bound | None = None
        for key, value, at in self._settings(one, ctx):
            plain = _plain(key.rpartition(".")[2])
            if plain in wanted:
                return self._switched(value, at)
            if plain in connect:
                only = Bound("connect", at, key)
            if key == "?" and hidden is None:
                hidden = Bound("hidden", value.at, "options that could hold a timeout")
        beside = self.model.http.clients.set_beside(one.fn, one.instr, ctx, wanted, fields=not self._unheard(one))
        if beside is not None:
            return self._switched(beside.value, beside.value.at)
        held = self._raced(one) or self._class_bound(one, ctx) or self._given_up(one)
        return held or hidden or only or Bound("none")

    def _settings(self, one: Sending, ctx: Ctx | None) -> "list[tuple[str, Value, Place]]":
        """(name, value, place) of everything that a request and its client are told; the name is ``?`` for options that are not known."""
        program, evaluator = self.model.program, self.model.evaluator
        body = program.body(one.fn)
        out: list[tuple[str, Value, Place]] = []
        _, arguments = body.call(one.instr)
        word = body.called(one.instr)
        if word in ("curl_exec", "curl_init", "curl_multi_exec"):
            return [(k, v, v.at) for k, v in self.model.http.curl_settings(one.fn, one.instr, ctx)]
        given = spread([(k, evaluator.value(one.fn, v, ctx)) for k, v in arguments])
        out += self._positional(one, [v for k, v in given if k == ""])
        for number, (key, value) in enumerate(given):
            if key and key not in ("*", "**"):
                out.append((key, value, value.at))
                out += self._within(value, 1) if _holds_options(key) else []
            elif key == "**" or number > 0 or _is_record(value):
                out += self._within(value, 0)
                if isinstance(value, Param) and (key == "**" or _holds_options(value.name)):
                    out.append(("?", value, value.at))
        return out + self._of_client(one, ctx)

    def _unheard(self, one: Sending) -> set[str]:
        """The names under which the library's client object does not listen to what is set on it."""
        return {_plain(name) for name in one.client.unheard} if one.client else set()

    def _of_client(self, one: Sending, ctx: Ctx | None) -> "list[tuple[str, Value, Place]]":
        """What the object that sends was made with, and told since."""
        evaluator, body = self.model.evaluator, self.model.program.body(one.fn)
        callee = body.args(one.instr)[0]
        out: list[tuple[str, Value, Place]] = []
        value = evaluator.value(one.fn, callee, ctx)
        for record in self.model.http.clients.given(value) if body.op[callee] in (Op.FIELD, Op.INDEX) else ():
            out += self._within(record, 0)
        if one.made == (one.fn, one.instr):  # the making of a client: what it is told later
            for record in self.model.http.clients.given(evaluator.value(one.fn, one.instr, ctx)):
                out += self._within(record, 0)
        out += self._chain(value)
        unheard = self._unheard(one) if not self._is_ours(value) else ()
        return [found for found in out if _plain(found[0]) not in unheard]

    def _is_ours(self, callee: Value) -> bool:
        """Whether a client is an object of a class of ours, which may listen to more than the library's."""
        found = [b for o in options(callee) for b in (options(o.base) if isinstance(o, Member) else ())]
        return any(isinstance(base, Instance) for o in found for base in (o, o.base if isinstance(o, Overlay) else o))

    def _positional(self, one: Sending, values: list[Value]) -> "list[tuple[str, Value, Place]]":
        places = one.client.timeout_at if one.client else {}
        said = {n.replace("()", "") for n in self.model.recogniser.callee_names(one.fn, one.instr, None)}
        at = next((n for call, n in places.items() if call in said), -1)
        return [("timeout", values[at], values[at].at)] if 0 <= at < len(values) else []

    def _within(self, value: Value, depth: int) -> "list[tuple[str, Value, Place]]":
        """The keys of a record and of the options records in it."""
        if depth > 2 or isinstance(value, Const):
            return []
        got = shape(self.model.evaluator, value)
        out = [(k, v, v.at) for k, v in (*got.must.items(), *got.may.items())]
        for key, entry in (*got.must.items(), *got.may.items()):
            if isinstance(entry, (Record, Overlay, Choice, Result, Instance)) and _holds_options(key):
                out += self._within(entry, depth + 1)
        out += [("?", v, v.at) for v in got.open if isinstance(v, Param) and depth == 0 and _holds_options(v.name)]
        return out

    def _chain(self, value: Value) -> "list[tuple[str, Value, Place]]":
        """Calls in the chain up to this one, each with its first argument: ``Http::timeout(5)->retry(3)``; and what made its root."""
        out: list[tuple[str, Value, Place]] = []
        for option in options(value)[:4]:
            here: Value | None = option
            for _ in range(_LONGEST_CHAIN):
                if isinstance(here, Result):
                    if here.instr >= 0:
                        given = self.model.evaluator.arguments(here)
                        name = getattr(here.callee, "name", "").rpartition(".")[2]
                        out += [(name, given[0][1], here.at)] if given else []
                        for key, v in given:
                            out += [(key, v, v.at)] if key and key not in ("*", "**") else [*self._within(v, 1), *self._of_object(v)]
                    here = here.callee
                elif isinstance(here, (Member, Element)):
                    here = here.base
                elif isinstance(here, Overlay):
                    out += [(k, v, v.at) for k, v, _ in here.writes if k]
                    here = here.base
                elif isinstance(here, Instance) and here.made:
                    fn, i, ctx = here.made
                    arguments = self.model.program.body(fn).call(i)[1]
                    told = [(k, self.model.evaluator.value(fn, a, ctx)) for k, a in arguments if k]
                    out += [(k, v, v.at) for k, v in told]
                    break
                else:
                    break
        return out

    def _of_object(self, value: Value) -> "list[tuple[str, Value, Place]]":
        """The named arguments with which a settings object of a library was made."""
        if not isinstance(value, Result) or value.instr < 0:
            return []
        return [(k, v, v.at) for k, v in self.model.evaluator.arguments(value) if k and k not in ("*", "**")]

    def _switched(self, value: Value, at: Place) -> Bound:
        """A bound that is given, or switched off: by a zero, null or false, or a settings object of one, ``Timeout(10, read=None)``; or a
        signal that nothing ever gives."""
        empty = isinstance(value, Seq) and value.items and all(map(_is_nothing, value.items))
        told = self.model.evaluator.arguments(value) if isinstance(value, Result) and value.instr >= 0 else []
        whole = any(_is_nothing(v) and (n == 0 if key == "" else key in _WHOLE) for n, (key, v) in enumerate(told))
        if _is_nothing(value) or empty or whole or self._never_given(value):
            return Bound("off", at, "no bound")
        return Bound("given", at, " ".join(names(value))[:60])

    def _never_given(self, value: Value) -> bool:
        """Whether a signal is that of a controller which is made here, and which nothing in the file tells to abort."""
        base = value.base if isinstance(value, Member) and value.name == "signal" else None
        if not isinstance(base, Result) or not any("AbortController" in n for n in names(base)):
            return False
        return b".abort" not in self.model.program.sources[base.fn.file]

    # --- bounds of another kind

    def _raced(self, one: Sending) -> Bound | None:
        """The function races the request against a timer."""
        tokens = self.model.vocabulary.tokens(one.fn)
        if "race" in tokens and "setTimeout" in tokens:
            return Bound("given", (one.fn.file, self.model.program.body(one.fn).line[one.instr]), "a timer that it is raced against")
        return None

    def _given_up(self, one: Sending) -> Bound | None:
        """Whatever stands around the request gives up after a time."""
        at = self._limits.around(one.fn, one.instr)
        return Bound("given", at, "what stands around the request gives up") if at is not None else None

    def _class_bound(self, one: Sending, ctx: Ctx | None) -> Bound | None:
        """A class of ours that bounds what goes through it: a session that sends with a timeout, an adapter that is mounted."""
        program, evaluator = self.model.program, self.model.evaluator
        body = program.body(one.fn)
        callee = body.args(one.instr)[0]
        if body.op[callee] != Op.FIELD:
            return None
        for option in options(evaluator.value(one.fn, body.args(callee)[0], ctx)):
            if isinstance(option, Instance):
                for cls in evaluator.scope.lineage(option.cls):
                    for name in _SENDERS:
                        method = program.methods(cls).get(name)
                        if method is not None and method != one.fn and (at := self._says_timeout(method)):
                            return Bound("given", at, "our own class gives it")
        for fn in dict.fromkeys((one.fn, *([one.made[0]] if one.made else ()))):
            if (mounted := self._mounted(fn)) is not None:
                return mounted
        return None

    def _mounted(self, fn: Fn) -> Bound | None:
        """``session.mount(prefix, TimeoutAdapter(…))`` or ``session.request = partial(session.request, timeout=…)``"""
        program, evaluator = self.model.program, self.model.evaluator
        body = program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) == "mount":
                for _, a in body.call(i)[1]:
                    for option in options(evaluator.value(fn, a)):
                        if isinstance(option, (Instance, ClassV)):
                            for method in program.methods(option.cls).values():
                                if at := self._says_timeout(method):
                                    return Bound("given", at, "the adapter gives it")
            elif op == Op.SET_FIELD and body.name(i) in _SENDERS:
                value = evaluator.value(fn, body.args(i)[2])
                if isinstance(value, Result) and value.instr >= 0 and any(k == "timeout" for k, _ in evaluator.arguments(value)):
                    return Bound("given", value.at, "every request of the session is given it")
        return None

    def _says_timeout(self, method: Fn) -> Place | None:
        function = self.model.program.function(method)
        if function is None or "timeout" not in self.model.vocabulary.tokens(method):
            return None
        source = self.model.program.sources[method.file]
        at = source.find(b"timeout", function.start)
        return method.file, source.count(b"\n", 0, at) + 1

    def _wide_of(self, one: Sending) -> Place | None:
        """Where the unit bounds every request of the library."""
        unit = self.model.program.unit(one.fn.file)
        for name in one.client.wide if one.client else ():
            key = (unit, name)
            if key not in self._wide:
                self._wide[key] = self._find_wide(unit, name)
            if self._wide[key] is not None:
                return self._wide[key]
        return None

    def _find_wide(self, unit: str, name: str) -> Place | None:
        program = self.model.program
        word = name.encode()
        for file in program.mentioning(name.partition(".")[0]):
            source = program.sources[file]
            at = source.find(word)
            if at >= 0 and program.unit(file) == unit and (b"timeout" in word or b"timeout" in source[at : at + 400].lower()):
                return file, source.count(b"\n", 0, at) + 1
        return None


def _plain(name: str) -> str:
    """``setTimeout``, ``withTimeout``, ``CURLOPT_TIMEOUT`` and ``timeout`` without their way of being written."""
    word = name.lower().replace("-", "_")
    for prefix in ("set", "with"):
        word = word.removeprefix(prefix) if len(word) > len(prefix) + 3 else word
    return word.replace("_", "")


def _is_record(value: Value) -> bool:
    return any(isinstance(o, (Record, Overlay)) for o in options(value))


def _holds_options(name: str) -> bool:
    return any(h in name.lower() for h in _HOLDERS) or name.lower() in ("args", "opts", "kwargs", "params", "init")


def _is_nothing(value: Value) -> bool:
    return isinstance(value, Const) and (value.falsy or value.kind == Kind.NULL)
