"""Is what a function logs the very body that it sends? By the variables that both are made of."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.lexicon import snake
from tillproof.commerce.logs import LogSite
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Result, Value, constant
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_KEYS = ("body", "data", "json", "form_params", "form", "payload", "multipart")
_FIELDS = "CURLOPT_POSTFIELDS"
_SECOND = ("post", "put", "patch")
# Functions that take all of the request, its body with it, as their second argument.
_WHOLE = ("wp_remote_post", "wp_safe_remote_post", "wp_remote_request", "wp_safe_remote_request")
_WRITES = words_of(
    "json_encode wp_json_encode http_build_query print_r wc_print_r var_export serialize stringify dumps str inspect "
    "urlencode rtrim encode pformat saferepr repr deepcopy"
)
_JOINS = words_of("sprintf vsprintf array_merge")
# A function that puts together what is to be logged of what it is given.
_ENTRY = re.compile(r"(format|build|prepare|make|create|get)_(\w+_)?(log|log_(entry|data|message|context|line))")
_OF_BUYERS = re.compile(r"e_?mail|phone|mobile|tel|msisdn|name|address|customer|billing|shipping|payer|buyer|card|contact|user|client")
_TOKEN = re.compile(r"token|oauth|login", re.IGNORECASE)
# What a function is called that sends what it is given, wherever it is written.
_SENDS = re.compile(
    r"(\w+_)?(make|send|do|perform|execute|post|call|submit)_(\w+_)?(request|api|call|post|payload|json)(_\w+)?"
    r"|(\w+_)?(api_(call|request|post)|http_post|post_json|make_api_call)"
)
_READS = re.compile(r"(^|_)get(_|$)", re.IGNORECASE)
_DEEPEST = 6
_SECOND_PLACE = 2
_FEW = 3


class Sent(NamedTuple):
    """A body that is sent by the call at ``instr``. ``made_of``: the instructions of which it is put together. ``provider``: to whom."""

    instr: int
    made_of: tuple[int, ...]
    provider: Provider | None


class SentBodies:
    """Answers by function; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._of: dict[Fn, list[Sent]] = {}

    def logged(self, site: LogSite) -> Sent | None:
        """The body of a request that a logging call writes out, where it may hold a buyer's data."""
        shown = {key for a in site.arguments for key in self._variables(site.fn, a)}
        for sent in self.of(site.fn) if shown else ():
            if sent.instr != site.instr and any(
                shown.intersection(self._variables(site.fn, i)) and self._may_tell_of_buyers(site.fn, i) for i in sent.made_of
            ):
                return sent
        return None

    def of(self, fn: Fn) -> list[Sent]:
        """The bodies that a function sends by raw HTTP."""
        if fn not in self._of:
            self._of[fn] = []
            body = self.model.program.body(fn)
            for i, op in enumerate(body.op):
                request = self.model.http.request(fn, i) if op == Op.CALL else None
                if request is None and op == Op.CALL and (made_of := tuple(self._handed_on(body, i))):
                    self._of[fn].append(Sent(i, made_of, None))
                if request is None or request.method in ("GET", "HEAD") or _TOKEN.search(request.url):
                    continue
                made_of = tuple(self._bodies(body, i))
                if made_of:
                    self._of[fn].append(Sent(i, made_of, self.model.http.provider(request)))
        return self._of[fn]

    @staticmethod
    def _handed_on(body: Body, i: int) -> Iterator[int]:
        """What is handed to a function that sends it: ``self._make_request('/charges', payload)``."""
        callee, arguments = body.call(i)
        name = snake(body.name(callee).rpartition(".")[2]) if body.op[callee] in (Op.NAME, Op.FIELD) else ""
        if _SENDS.fullmatch(name.strip("_")) and not _READS.search(name):
            yield from (a for key, a in arguments if (key in _KEYS or not key) and body.const(a) is None)

    def _bodies(self, body: Body, i: int) -> Iterator[int]:
        if body.called(i) in ("curl_exec", "curl_init"):
            for n, op in enumerate(body.op):
                if op == Op.CALL and body.called(n) == "curl_setopt" and len(given := body.call(n)[1]) > _SECOND_PLACE:
                    if body.op[given[1][1]] == Op.NAME and body.name(given[1][1]) == _FIELDS:
                        yield given[2][1]
                elif op == Op.RECORD:
                    args = body.args(n)
                    for k, v in zip(args[::2], args[1::2], strict=True):
                        if k >= 0 and body.op[k] == Op.NAME and body.name(k) == _FIELDS:
                            yield v
            return
        _, arguments = body.call(i)
        for number, (key, a) in enumerate(arguments):
            if body.op[a] == Op.RECORD and body.called(i) in _WHOLE:
                yield from self._within(body, a)
            elif key in _KEYS or (number == 1 and key == "" and (body.called(i).lower() in _SECOND or body.called(i) in _WHOLE)):
                yield a
            elif body.op[a] == Op.RECORD:
                yield from self._within(body, a)

    @staticmethod
    def _within(body: Body, record: int) -> Iterator[int]:
        args = body.args(record)
        for k, v in zip(args[::2], args[1::2], strict=True):
            const = body.const(k) if k >= 0 else None
            if const is not None and const[1].lower() in _KEYS:
                yield v

    def _variables(self, fn: Fn, i: int, depth: int = 0) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The variables that are written out as they are, with the stores that reach them."""
        body = self.model.program.body(fn)
        op, args = body.op[i], body.args(i)
        if depth > _DEEPEST:
            return
        if op == Op.NAME:
            yield body.name(i), tuple(sorted(self.model.evaluator.defuse(fn).reaching(i, body.name(i)).stores))
        elif op in (Op.TEXT, Op.LIST, Op.AWAIT, Op.CAST):
            for a in args[1:] if op == Op.CAST else args:
                yield from self._variables(fn, a, depth + 1)
        elif op == Op.BINARY:
            for a in args[1:3]:
                yield from self._variables(fn, a, depth + 1)
        elif op == Op.RECORD:
            for v in args[1::2]:
                yield from self._variables(fn, v, depth + 1)
        elif op == Op.CALL and body.called(i) in _WRITES:
            for _, a in body.call(i)[1][:1]:
                yield from self._variables(fn, a, depth + 1)
        elif op == Op.CALL and (body.called(i) in _JOINS or _ENTRY.fullmatch(snake(body.called(i)))):
            for _, a in body.call(i)[1]:
                yield from self._variables(fn, a, depth + 1)

    def _may_tell_of_buyers(self, fn: Fn, i: int) -> bool:
        """Whether a body may hold who buys: unless all its keys are known, and none of them is about a person."""
        return self._tells(self.model.evaluator.value(fn, i))

    def _tells(self, value: Value, depth: int = 0) -> bool:
        if constant(value) is not None:
            return False
        if isinstance(value, Result) and getattr(value.callee, "name", "").rpartition(".")[2] in _WRITES and depth < _FEW:
            return any(self._tells(v, depth + 1) for _, v in self.model.evaluator.arguments(value)[:1])
        got = shape(self.model.evaluator, value)
        entries = {**got.may, **got.must}
        inner = [v for key, v in entries.items() if key in _KEYS and depth < _FEW]
        told = any(_OF_BUYERS.search(snake(key)) for key in entries) or any(self._tells(v, depth + 1) for v in inner)
        return not entries or bool(got.open) or told
