"""What is asked of a provider's answer: whether anybody tests the status of a payment that was fetched.

A status that is only logged, kept beside the order or sent to the browser decides nothing: the order is paid whatever it says. What goes
out of sight (into a function of ours, a closure, whoever calls the entry) is taken for tested.
"""

from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.asked import reads
from tillproof.flow.called_back import passed_on
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, FunctionV, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 10
_SAYS = ("success", "error", "errors", "result", "code", "captured", "refunded", "amount", "total", "outcome", "event", "charge")
_HOLDS = ("charge", "event", "result", "outcome")
"""Of these what may be an object with a status of its own; where a member of it is read, it is that member which must say it."""
_STATES = ("status_fields", "paid_fields", "paid_values", "authorised_values", "fulfil_values", "dead_values")
_WRAPS = ("body", "data", "content", "contents", "text", "payload")
"""What the whole answer is kept in by libraries that send any request."""
_STATUS = -1
"""In the place of a layer: what is followed is the status itself."""
_OF_HTTP = ("ok", "status", "status_code", "status_text", "is_success", "reason", "http_code")
_COMPARES = ("==", "===", "!=", "!==", "<", ">", "<=", ">=", "<>", "<=>", "in", "not in", "is", "is not", "instanceof")
_TELLS = ("loggers", "reporters", "answers", "revealing")
_TOLD = ("record.create", "record.write", "order.write", "sql", "mail", "notify")


def answered(model: "Model", fn: Fn, i: int, ctx: Ctx | None, envelope: tuple[str, ...] = ()) -> bool:
    """Whether the status of what a call gives is tested, or may be: the whole answer is handed on, compared or kept. ``envelope``: the
    names in the answer that say only that there is one; nor does more an answer's status in HTTP, where the request is sent by hand."""
    sent = model.http.request(fn, i) is not None
    skipped = (_OF_HTTP, envelope) if sent else (envelope,)
    return _Reader(model, skipped).whole(fn, i, ctx, 0, 0)


def hangs_on(model: "Model", fn: Fn, i: int) -> bool:
    """Whether anything hangs on a value that says what became of a payment, or may."""
    return _Reader(model, ()).status(fn, i, None, 0)


class _Reader:
    """Follows one answer through the code. ``skipped``: names that say nothing of the payment, of what wraps it from the outside in."""

    def __init__(self, model: "Model", skipped: tuple[tuple[str, ...], ...]) -> None:
        self.model = model
        self.skipped = skipped
        self.seen: set[tuple[Fn, int, int]] = set()

    # --- the answer itself

    def whole(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, layer: int) -> bool:
        """Whether a status in an answer is tested, or the answer goes out of sight. ``layer``: in how many wrappings of it this lies."""
        return self._any_use(fn, i, ctx, depth, layer)

    def status(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> bool:
        """Whether something hangs on a value that says what became of a payment."""
        return self._any_use(fn, i, ctx, depth, _STATUS)

    def _any_use(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, layer: int) -> bool:
        if depth > _DEEPEST:
            return True
        if (fn, i, layer) in self.seen:
            return False
        self.seen.add((fn, i, layer))
        evaluator = self.model.evaluator
        onward, uses = passed_on(evaluator, fn, i, evaluator.defuse(fn).uses(i), ctx)
        if any(self._any_use(*spot, depth, layer) for spot in onward):
            return True
        return any(self._use(fn, i, use, ctx, depth + 1, layer) for use in uses)

    def _use(self, fn: Fn, i: int, use: int, ctx: Ctx | None, depth: int, layer: int) -> bool:
        model = self.model
        body = model.program.body(fn)
        op = body.op[use]
        if op == Op.STORE:
            read = reads(body, model.evaluator.defuse(fn), use)
            return _captured(model, fn, body.name(use)) or any(self._any_use(fn, n, ctx, depth, layer) for n in read)
        if op in (Op.AWAIT, Op.CAST, Op.CHOICE, Op.SPREAD):
            return self._any_use(fn, use, ctx, depth, layer)
        if op == Op.RETURN:
            inside = ctx is not None and ctx.fn == fn and ctx.call >= 0 and not ctx.callback
            return not inside or (ctx is not None and self._any_use(ctx.caller, ctx.call, ctx.parent, depth, layer))
        if layer == _STATUS:
            return self._decides(fn, i, use, ctx, depth)
        if op in (Op.FIELD, Op.INDEX) and body.args(use)[0] == i:
            return self._member(fn, use, ctx, depth, layer)
        return op not in (Op.BRANCH, Op.OPAQUE)  # that there is an answer says nothing

    def _member(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, layer: int) -> bool:
        """Whether a member of the answer says it and is tested, one below it, or what its call gives: ``answer["payment"].status``,
        ``answer.json()``."""
        model = self.model
        body = model.program.body(fn)
        uses = model.evaluator.defuse(fn).uses(i)
        if body.op[i] == Op.FIELD:
            name: str | None = body.name(i)
        else:
            const = body.const(body.args(i)[1])
            name = const[1].strip("'\"") if const else None
        if name is None:
            return True
        if snake(name) in (self.skipped[layer] if layer < len(self.skipped) else ()):
            return False
        if snake(name) in _WRAPS and self.whole(fn, i, ctx, depth, layer + 1):
            return True
        if name.isdigit():  # one of a list
            return self.whole(fn, i, ctx, depth, layer)
        below = [use for use in uses if body.op[use] in (Op.FIELD, Op.INDEX) and body.args(use)[0] == i]
        called = [use for use in uses if body.op[use] == Op.CALL and body.args(use)[0] == i]
        if _says(model, name) and not (below and any(w in snake(name) for w in _HOLDS)):
            return self.status(fn, i, ctx, depth) or any(self.status(fn, use, ctx, depth) for use in called)
        return any(self._member(fn, use, ctx, depth + 1, layer) for use in below) or any(
            self.whole(fn, use, ctx, depth, layer + 1) for use in called
        )

    # --- a status in it

    def _decides(self, fn: Fn, i: int, use: int, ctx: Ctx | None, depth: int) -> bool:
        """Whether one use of a status lets something hang on it."""
        body = self.model.program.body(fn)
        op, args = body.op[use], body.args(use)
        if op == Op.BINARY:
            if body.text(args[0]) not in _COMPARES:
                return self.status(fn, use, ctx, depth)
            return not self._says_dead(fn, args[2] if args[1] == i else args[1])
        if op in (Op.TEXT, Op.FIELD, Op.LIST, Op.ELEMENT) or (op == Op.INDEX and args[0] == i):
            return self.status(fn, use, ctx, depth)
        if op == Op.RECORD:
            keys = [body.const(key) for key, value in zip(args[::2], args[1::2], strict=False) if value == i and key >= 0]
            return self._kept_and_read(fn, [key[1].strip("'\"") for key in keys if key], ctx)
        if op == Op.SET_FIELD:
            return self._kept_and_read(fn, [body.name(use)], ctx)
        if op == Op.SET_INDEX:
            key = body.const(args[1]) if args[1] >= 0 else None
            return args[1] == i or self._kept_and_read(fn, [key[1].strip("'\"")] if key else [], ctx)
        if op == Op.CALL and args[0] == i:
            return self.status(fn, use, ctx, depth)
        if op in (Op.CALL, Op.NEW):
            return self._handed(fn, use, ctx, depth)
        return op != Op.ECHO

    def _says_dead(self, fn: Fn, i: int) -> bool:
        """Whether a status is held against a word alone by which a payment has failed: what has not is not paid for that."""
        const = self.model.program.body(fn).const(i)
        return const is not None and const[0] == Kind.STRING and self.model.words.has("dead_values", const[1].strip("'\""))

    def _handed(self, fn: Fn, call: int, ctx: Ctx | None, depth: int) -> bool:
        """Whether a call that is given a status may test it. One that writes it down or tells it to somebody does not."""
        recogniser = self.model.recogniser
        callee = self.model.evaluator.value(fn, self.model.program.body(fn).args(call)[0], ctx)
        if any(recogniser.is_(kind, fn, call, ctx) for kind in _TELLS):  # type: ignore[arg-type]
            return False
        if any(isinstance(o, FunctionV) for o in options(callee)):
            return True
        got = recogniser.effect(fn, call, ctx)
        if got is not None and got[0].effect in _TOLD:
            return False
        uses = self.model.evaluator.defuse(fn).uses
        body = self.model.program.body(fn)
        waited = [use for use in uses(call) if body.op[use] == Op.AWAIT]
        return not any(use not in waited or uses(use) for use in uses(call)) or self.status(fn, call, ctx, depth)

    def _kept_and_read(self, fn: Fn, keys: list[str], ctx: Ctx | None) -> bool:
        """Whether what was put under a key is read by that key, here or in a function on the way: ``{ status: intent.status }``."""
        around = {fn, *(c.caller for c in (ctx.chain() if ctx else ()) if c.call >= 0)}
        return not keys or any(_reads_key(self.model, here, key) for here in around for key in keys)


def _reads_key(model: "Model", fn: Fn, key: str) -> bool:
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.FIELD and body.name(i) == key and model.evaluator.defuse(fn).uses(i):
            return True
        named = body.args(i)[1] if op == Op.INDEX else body.call(i)[1][0][1] if op == Op.CALL and _looks_up(model, fn, i) else -1
        const = body.const(named) if named >= 0 else None
        if const is not None and const[1].strip("'\"") == key:
            return True
    return False


def _looks_up(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call asks a map for what stands under a name: ``answer.get("status")``. What was sent, or is configured, is no answer."""
    body = model.program.body(fn)
    callee, given = body.call(i)
    asks = bool(given) and body.op[callee] == Op.FIELD and body.name(callee) == "get" and model.program.language(fn.file) == "python"
    return asks and not model.recogniser.is_("config", fn, i) and model.requests.source(model.evaluator.value(fn, i)) is None


def _captured(model: "Model", fn: Fn, name: str) -> bool:
    """Whether a variable may be read by functions inside this one, or by whoever imports the file."""
    inside = (f for f in model.program.all_functions(fn.file) if model.program.parent(f) == fn)
    return (fn.number == TOP and model.program.language(fn.file) != "php") or any(name in model.vocabulary.tokens(f) for f in inside)


def _says(model: "Model", name: str) -> bool:
    """Whether a member says what became of a payment, or how much was paid."""
    plain = snake(name)
    return says_outcome(model, name) or "ok" in plain.split("_") or any(w in plain for w in _SAYS)


def says_outcome(model: "Model", name: str) -> bool:
    """Whether a member, by its name, says in which state a payment is: ``status``, ``isApproved()``."""
    words, asked = model.words, snake(name).removeprefix("get_")
    plain = asked.removeprefix("is_").removeprefix("has_").removeprefix("was_")
    kinds = _STATES if plain == asked else (*_STATES, "open_values")
    return any(words.has(kind, plain) for kind in kinds)
