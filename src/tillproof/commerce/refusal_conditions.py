"""What a condition on the way from a failure to the next attempt says of a refusal: a 4xx answer, a declined card."""

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from tillproof.commerce.lexicon import snake
from tillproof.commerce.retry_policies import caught_names
from tillproof.flow.program import Fn
from tillproof.flow.values import ClassV, Const, FunctionV, Result, Seq, Value, names, options
from tillproof.ir.body import returns
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_STATUSES = (400, 402, 422)
_STATUS_NAMES = ("status", "status_code", "http_status", "http_code", "code", "response_code", "get_status_code", "get_http_status",
                 "wp_remote_retrieve_response_code", "get_code", "statuscode", "http_status_code")  # fmt: skip
_STATUS_ENDS = ("_status_code", "_http_status", "_http_code", "_response_code")
_TYPE_NAMES = (
    "type",
    "code",
    "name",
    "error",
    "decline_code",
    "error_code",
    "get_error",
    "get_stripe_code",
    "get_code",
    "reason",
    "error_type",
)
_DECISIVE = ("card", "declin", "invalid_request", "insufficient", "bad_request", "validation", "unprocessable", "client_error")
_GOOD = ("ok", "is_ok", "success", "successful", "succeeded", "is_success", "is_successful")
_BAD = ("error", "errors", "failed", "failure", "err", "has_error", "has_errors", "exception", "client_error", "response", "e")
_NETWORK = ("is_wp_error", "curl_errno", "curl_error", "is_network_error", "is_timeout", "server_error")
_NO_REFUSALS = ("408", "425", "429", "500", "502", "503", "504")
_LIBRARIES = ("axios-retry", "axios", "p-retry", "got", "async-retry", "tenacity", "urllib3", "requests")
_DEEPEST = 6

Tag: TypeAlias = Literal["plain", "in", "out", "unknown"]


_MAKERS = ("constructor", "__init__", "__construct")


def _carries_status(name: str) -> bool:
    plain = snake(name.lstrip("$"))
    return plain in _STATUS_NAMES or plain in ("response", "res")


class Mark(NamedTuple):
    """How a condition comes to be true or false for a refusal. ``in``: because it is one; ``out``: only for some of them; ``unknown``:
    nobody can tell. ``place``: the comparison that says so."""

    tag: Tag
    place: tuple[Fn, int] | None = None


Outcomes: TypeAlias = dict[bool, Mark]
"""What a condition may be for a refusal."""
PLAIN = Mark("plain")
EITHER: Outcomes = {True: PLAIN, False: PLAIN}


class Conditions:
    """Reads them. ``about_answer``: the failure is an answer, so that what is asked of an error may be about another call's; else it is an
    exception that was caught."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program, self.evaluator = model.program, model.evaluator
        self.about_answer = True

    def kind(self, name: str) -> Literal["client", "transient", "any"]:
        """What sort of failure a name means."""
        last = name.replace("\\", ".").rpartition(".")[2]
        if self.model.words.has("client_errors", last):
            return "client"
        return "transient" if self.model.words.has("transient_errors", last) else "any"

    def outcomes(self, fn: Fn, i: int, depth: int) -> Outcomes:
        """What a condition may be when the failure is a refusal."""
        body = self.program.body(fn)
        if i < 0 or depth > 10:
            return EITHER
        op, args = body.op[i], body.args(i)
        if op == Op.UNARY:
            return {not k: t for k, t in self.outcomes(fn, args[1], depth + 1).items()} if body.text(args[0]) in ("!", "not") else EITHER
        if op in (Op.AWAIT, Op.CAST, Op.STORE):
            return self.outcomes(fn, args[0 if op == Op.AWAIT else 1], depth + 1)
        if op == Op.CHOICE:
            return self._combined(body.text(args[0]), [self.outcomes(fn, a, depth + 1) for a in args[1:]])
        if op == Op.BINARY:
            return self._compared(fn, i, body.text(args[0]), args[1], args[2])
        if op == Op.CALL:
            return self._asked(fn, i, depth)
        if op in (Op.FIELD, Op.NAME):
            return self._named(fn, i, depth)
        if op == Op.CONST:
            const = Const((fn.file, 1), args[0], body.text(args[1]))
            return {not const.falsy: PLAIN}
        return EITHER

    def _combined(self, word: str, parts: list[Outcomes]) -> Outcomes:
        if word in ("or", "coalesce", "and"):
            decides = word != "and"
            out: Outcomes = {}
            one = [p[decides] for p in parts if decides in p]  # any of them is enough
            if one:
                out[decides] = min(one, key=lambda m: ("in", "plain", "unknown", "out").index(m.tag))
            every = [p[not decides] for p in parts if (not decides) in p]  # all of them are needed
            if len(every) == len(parts):
                out[not decides] = min(every, key=lambda m: ("out", "unknown", "in", "plain").index(m.tag))
            return out or EITHER
        merged: Outcomes = {}
        for part in parts[-2:]:
            for truth, mark in part.items():
                merged[truth] = mark if truth not in merged or merged[truth].tag == "plain" else merged[truth]
        return merged or EITHER

    def _compared(self, fn: Fn, i: int, op: str, left: int, right: int) -> Outcomes:
        body = self.program.body(fn)
        if op == "instanceof":
            return self._is_a(fn, i, right)
        if op in ("in", "not in"):
            found = self._member(fn, i, left, self.evaluator.value(fn, right))
            return found if op == "in" else {not k: t for k, t in found.items()}
        if self._reads(fn, left, _STATUS_NAMES) and (number := self._number(fn, right)) is not None:
            return self._by_number(fn, i, op, number, False)
        if self._reads(fn, right, _STATUS_NAMES) and (number := self._number(fn, left)) is not None:
            return self._by_number(fn, i, op, number, True)
        for side, other in ((left, right), (right, left)):
            nothing = body.op[other] == Op.NAME and body.name(other) == "undefined"
            if nothing and not self.about_answer and body.op[side] == Op.FIELD and body.name(side) == "response":
                return {op not in ("==", "==="): PLAIN}  # the exception of a refusal holds the answer
            value = self.evaluator.value(fn, other)
            if isinstance(value, Const) and value.kind == Kind.STRING and self._reads(fn, side, _TYPE_NAMES):
                return self._by_text(fn, i, op, value.text)
            if self.about_answer and isinstance(value, Const) and value.kind == Kind.NULL and self._is_answer(fn, side):
                return {op not in ("==", "===", "is"): PLAIN}  # who refuses has answered
            if isinstance(value, Const) and value.kind in (Kind.NULL, Kind.BOOL) and body.op[side] in (Op.CALL, Op.FIELD, Op.NAME):
                found = self.outcomes(fn, side, 1)
                same = (op in ("==", "===", "is")) != value.falsy
                return found if same else {not k: t for k, t in found.items()}
        return EITHER

    def _is_answer(self, fn: Fn, i: int) -> bool:
        """Whether a variable holds what a request was answered with, or nothing while there is no answer: ``await fetch(url).catch(() =>
        null)``, ``let res = null; try { res = await fetch(url); } …``."""
        body = self.program.body(fn)
        stores = self.evaluator.defuse(fn).reaching(i, body.name(i)).stores if body.op[i] == Op.NAME else []
        held = [body.args(s)[1] for s in stores]
        given = [v for v in held if v >= 0 and not self._is_nothing(fn, v)]
        return bool(given) and all(self._is_sent(fn, v) for v in given)

    def _is_nothing(self, fn: Fn, i: int) -> bool:
        body = self.program.body(fn)
        const = body.const(i)
        return (const is not None and const[0] == Kind.NULL) or (body.op[i] == Op.NAME and body.name(i) == "undefined")

    def _is_sent(self, fn: Fn, here: int) -> bool:
        """Whether an expression is the answer of a request."""
        body = self.program.body(fn)
        while here >= 0:
            if body.op[here] == Op.AWAIT:
                here = body.args(here)[0]
            elif body.op[here] == Op.CALL:
                if self.model.recogniser.is_("http", fn, here) is not None:
                    return True
                callee = body.args(here)[0]
                here = body.args(callee)[0] if body.op[callee] == Op.FIELD and body.name(callee) in ("catch", "finally") else -1
            else:
                return False
        return False

    def _reads(self, fn: Fn, i: int, wanted: tuple[str, ...]) -> bool:
        """Whether an expression reads a status or type."""
        body = self.program.body(fn)
        op = body.op[i]
        if op in (Op.FIELD, Op.NAME):
            name = snake(body.name(i))
            if name in wanted or any(name.endswith("_" + w) for w in wanted):
                return True
            if op == Op.NAME:
                return any(
                    self._reads(fn, body.args(s)[1], wanted)
                    for s in self.evaluator.defuse(fn).reaching(i, body.name(i)).stores
                    if body.args(s)[1] < s
                )
            return False
        if op == Op.INDEX:
            key = body.const(body.args(i)[1])
            return bool(key and snake(key[1]) in wanted)
        if op == Op.CALL:
            word = body.called(i)
            asked = snake(word)
            return (
                asked in wanted
                or (wanted is _STATUS_NAMES and asked.endswith(_STATUS_ENDS))
                or (word in ("int", "intval", "Number", "parseInt") and any(self._reads(fn, a, wanted) for _, a in body.call(i)[1]))
            )
        return op in (Op.CAST, Op.CHOICE, Op.AWAIT) and any(self._reads(fn, a, wanted) for a in body.args(i)[1:] or body.args(i))

    def _number(self, fn: Fn, i: int) -> float | None:
        value = self.evaluator.value(fn, i)
        try:
            return float(value.text) if isinstance(value, Const) and value.kind == Kind.NUMBER else None
        except ValueError:
            return None

    def _by_number(self, fn: Fn, i: int, op: str, number: float, swapped: bool) -> Outcomes:
        compare = {
            "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
            "==": lambda a, b: a == b, "===": lambda a, b: a == b, "!=": lambda a, b: a != b, "!==": lambda a, b: a != b,
        }.get(op)  # fmt: skip
        if compare is None or not 100 <= number < 1000:
            return EITHER
        found = {compare(number, s) if swapped else compare(s, number) for s in _STATUSES}
        return self._tagged(fn, i, found, bool(400 <= number < 500 or op not in ("==", "===", "!=", "!==")))

    def _tagged(self, fn: Fn, i: int, found: set[bool], about: bool) -> Outcomes:
        """``about``: the condition speaks of refusals at all, rather than of some other answer."""
        here = Mark("in" if about else "plain", (fn, i))
        if len(found) == 1:
            return {next(iter(found)): here}
        return {True: here, False: Mark("out", (fn, i))}

    def _by_text(self, fn: Fn, i: int, op: str, text: str) -> Outcomes:
        equal = op in ("==", "===", "is")
        if not self.model.words.has("client_errors", text):
            transient = self.model.words.has("transient_errors", text) or (text.startswith("E") and text.isupper())
            return {not equal: PLAIN} if transient else EITHER
        decisive = any(word in snake(text) for word in _DECISIVE)
        return {equal: Mark("in", (fn, i)), not equal: Mark("out" if decisive else "plain", (fn, i))}

    def _member(self, fn: Fn, i: int, item: int, over: Value) -> Outcomes:
        """Whether a status or type is among several."""
        for given in options(over):
            option = given
            if isinstance(option, Result) and option.instr >= 0:  # new Set([…])
                option = self.evaluator.argument(option, 0) or option
            if isinstance(option, Seq) and option.items and all(isinstance(x, Const) for x in option.items):
                texts = [x.text for x in option.items if isinstance(x, Const)]
                numbers = {int(t) for t in texts if t.isdigit()}
                if numbers and self._reads(fn, item, _STATUS_NAMES):
                    return self._tagged(fn, i, {s in numbers for s in _STATUSES}, bool(numbers & {400, 402, 422}))
                kinds = [self._by_text(fn, i, "==", t) for t in texts]
                if any(True in k and k[True].tag == "in" for k in kinds):
                    return {True: Mark("in", (fn, i)), False: Mark("out", (fn, i))}
                return {False: PLAIN} if all(True not in k for k in kinds) else EITHER
            if isinstance(option, Seq):
                return EITHER
        word = self.evaluator.value(fn, item)
        return self._by_words(fn, i, word.text) if isinstance(word, Const) and word.kind == Kind.STRING else EITHER

    def _by_words(self, fn: Fn, i: int, text: str) -> Outcomes:
        """Whether the message of a failure has some words: ``error.message.includes('rate limit')``, ``'429' in str(error)``."""
        if text.isdigit():
            return {False: PLAIN} if text in _NO_REFUSALS else EITHER
        return self._by_text(fn, i, "==", "_".join(text.lower().split()))

    def _is_a(self, fn: Fn, i: int, cls: int) -> Outcomes:
        found = {self.kind(n) for n in caught_names(self.evaluator.value(fn, cls))}
        if "client" in found:
            return {True: Mark("in", (fn, i)), False: Mark("out", (fn, i))}
        if found == {"transient"}:
            return {False: PLAIN}
        return {True: PLAIN} if not self.about_answer and self._keeps_status(self.evaluator.value(fn, cls)) else EITHER

    def _keeps_status(self, value: Value) -> bool:
        """Whether a class is an error of ours that is made with the status of an answer, as every refusal then is."""
        for option in options(value):
            makers = self.program.methods(option.cls) if isinstance(option, ClassV) else {}
            made = next((makers[name] for name in _MAKERS if name in makers), None)
            if made is None or not any(_carries_status(p.name) for p in self.program.body(made).params):
                return False
        return True

    def _asked(self, fn: Fn, i: int, depth: int) -> Outcomes:
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        word = body.called(i)
        plain = snake(word)
        given = [a for _, a in arguments]
        if word in ("in_array", "includes", "contains", "has", "indexOf") and given:
            over = given[1] if word == "in_array" and len(given) > 1 else body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
            return self._member(fn, i, given[0], self.evaluator.value(fn, over)) if over >= 0 else EITHER
        if word in ("str_contains", "strpos", "stripos", "mb_strpos") and len(given) > 1:
            return self._member(fn, i, given[1], self.evaluator.value(fn, given[0]))
        if word in ("isinstance", "is_a") and len(given) > 1:
            return self._is_a(fn, i, given[1])
        if plain in _NETWORK:
            return {False: PLAIN}
        if word in ("isAxiosError", "isHTTPError") and not self.about_answer:
            return {True: PLAIN}
        own = [o.fn for o in options(self.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
        if own and depth < _DEEPEST:
            return self.answered(own[0], depth + 1)
        if word in ("empty", "isset") and given:
            found = self.outcomes(fn, given[0], depth + 1)
            return {not k: t for k, t in found.items()} if word == "empty" else found
        if plain in _GOOD or plain in _BAD:
            return EITHER if self.about_answer else {plain in _BAD: PLAIN}
        if "retry" in plain or "transient" in plain:
            if plain.startswith("is") and any(n.partition(".")[0].lower() in _LIBRARIES for n in names(self.evaluator.value(fn, callee))):
                return {False: PLAIN}  # the library's own question
            return {True: Mark("unknown", (fn, i)), False: PLAIN}
        return EITHER

    def answered(self, fn: Fn, depth: int) -> Outcomes:
        """What a question of ours answers about a refusal."""
        body, flow = self.program.body(fn), self.model.retries.repeats.flow(fn)
        out: Outcomes = {}
        for r in returns(body):
            way: Mark | None = PLAIN
            for branch, truth in flow.conditions(flow.block_of(r)):
                mark = self.outcomes(fn, body.args(branch)[0], depth).get(truth)
                if mark is None or way is None:
                    way = None
                    break
                way = mark if mark.tag != "plain" else way
            if way is None or body.args(r)[0] < 0:
                continue
            for truth, mark in self.outcomes(fn, body.args(r)[0], depth).items():
                best = mark if mark.tag != "plain" else way
                if truth not in out or (best.tag == "in" and truth) or out[truth].tag == "out":
                    out[truth] = best
        return out or EITHER

    def _named(self, fn: Fn, i: int, depth: int) -> Outcomes:
        body = self.program.body(fn)
        name = snake(body.name(i))
        if body.op[i] == Op.NAME and depth < _DEEPEST:
            stores = self.evaluator.defuse(fn).reaching(i, body.name(i)).stores
            if len(stores) == 1 and body.op[body.args(stores[0])[1]] not in (Op.PARAM, Op.CAUGHT):
                found = self.outcomes(fn, body.args(stores[0])[1], depth + 1)
                if found != EITHER:
                    return found
        if self.about_answer and body.op[i] == Op.NAME and self._is_answer(fn, i):
            return {True: PLAIN}
        if name in _GOOD or name.endswith("_success"):
            return EITHER if self.about_answer else {False: PLAIN}
        if body.op[i] == Op.FIELD and (name in _BAD or (name in _STATUS_NAMES and name != "code")):
            return EITHER if self.about_answer and name in _BAD else {True: PLAIN}
        if "retryable" in name or name == "should_retry":
            return {True: Mark("unknown", (fn, i)), False: PLAIN}
        return EITHER
