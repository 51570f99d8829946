"""What is asked of a provider's answer: whether anybody tests the status of a payment that was fetched.

A status that is only logged, kept beside the order or sent to the browser decides nothing: the order is paid whatever it says. Nor does an
answer that is kept whole, where nobody reads it again by the name under which it is kept. What goes
out of sight (to whoever calls the entry, into a variable of a module) is taken for tested.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tillproof.commerce.awaited_together import awaited_among
from tillproof.commerce.chosen_elements import chosen_by_state
from tillproof.commerce.lexicon import snake
from tillproof.commerce.recognise import Known
from tillproof.commerce.told_answers import SENDS, is_told
from tillproof.flow.asked import reads, reads_inside
from tillproof.flow.called_back import BODY, passed_on
from tillproof.flow.parameters import arrives
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, Ctx, External, FunctionV, Instance, Record, Seq, before_writes, options
from tillproof.flow.worded import leads_to, only_worded
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 10
_SAYS = ("success", "error", "errors", "result", "code", "captured", "received", "refunded", "outcome", "event", "charge")
_HOLDS = ("charge", "event", "result", "outcome")
"""Of these what may be an object with a status of its own; where a member of it is read, it is that member which must say it."""
_ELSE = re.compile(r"(get_)?(\w+_)?(id|amount|total|currency|created(_at)?|updated(_at)?|date|e?mail|reference|live_?mode|description)")
"""What an answer says of anything but what came of the payment."""
_STATES = ("status_fields", "paid_fields", "paid_values", "authorised_values", "fulfil_values", "dead_values")
_WRAPS = ("body", "data", "content", "contents", "text", "payload")
"""What the whole answer is kept in by libraries that send any request."""
_STATUS = -1
"""In the place of a layer: what is followed is the status itself."""
_REQUEST = "Request"
"""Ends the name of a class of requests."""
_OF_HTTP = ("ok", "status", "status_code", "status_text", "is_success", "reason", "http_code")
_OF_THE_REQUEST = ("is_wp_error", "wp_remote_retrieve_response_code", "wp_remote_retrieve_response_message", "curl_errno", "curl_error")
_COMPARES = ("==", "===", "!=", "!==", "<", ">", "<=", ">=", "<>", "<=>", "in", "not in", "is", "is not", "instanceof")
_SAME = ("==", "===", "!=", "!==", "in", "not in", "is", "is not", "<>")
_CHOOSES = ("find", "findLast", "some", "first", "contains")
_HOLDS_ONE = ("in_array",)
_LISTS = ("includes", "contains", "has")
_TELLS = ("loggers", "reporters", "answers", "revealing")
_TOLD = ("record.create", "record.write", "order.write", "sql", "mail", "notify")


@dataclass(slots=True)
class Asked:
    """What is asked of one answer. ``tests``: every plain test of its status, by its comparison, member or call, with the truth by which
    money came. ``hidden``: something else hangs on it, or it goes out of sight. ``handed``: a function of ours is given it."""

    tests: dict[tuple[Fn, int], bool] = field(default_factory=dict)
    hidden: bool = False
    handed: bool = False

    @property
    def looked_at(self) -> bool:
        """Whether the status is tested, or may be: the whole answer is handed on, compared or kept."""
        return bool(self.tests) or self.hidden or self.handed

    @property
    def all_tests(self) -> dict[tuple[Fn, int], bool] | None:
        """The tests, where they are all that hangs on the answer."""
        return self.tests if self.tests and not self.hidden else None


class Answers:
    """What is asked of the answers to calls; each is followed once."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[tuple[Fn, int, int, tuple[str, ...]], tuple[Ctx | None, Asked]] = {}

    def of(self, fn: Fn, i: int, ctx: Ctx | None, envelope: tuple[str, ...] = ()) -> Asked:
        """What is asked of what a call gives. ``envelope``: the names in the answer that say only that there is one; nor does more an
        answer's status in HTTP, where the request is sent by hand."""
        key = (fn, i, id(ctx), envelope)
        if key not in self._known:
            skipped = (_OF_HTTP, envelope) if self.model.http.request(fn, i) is not None else (envelope,)
            known = self.model.operations.at(fn, i, ctx)
            reader = _Reader(self.model, skipped, request=self._is_request(fn, i, known))
            reader.whole(fn, i, ctx, 0, 0)
            reader.read_again()
            self._known[key] = ctx, reader.asked
        return self._known[key][1]

    def _is_request(self, fn: Fn, i: int, known: Known | None) -> bool:
        """Whether what a pack knows is an object that is made to be sent, or to be filled with the answer."""
        made = self.model.program.body(fn).op[i] == Op.NEW
        return known is not None and (made or known.name.endswith(_REQUEST))

    def asked_before(self, fn: Fn, i: int, ctx: Ctx | None, envelope: tuple[str, ...], way: Sequence[tuple[Fn, int]]) -> bool:
        """Whether the status in an answer is tested, or may be, before something happens: by the calls that lead to it, and it itself."""
        skipped = (_OF_HTTP, envelope) if self.model.http.request(fn, i) is not None else (envelope,)
        reader = _Reader(self.model, skipped, request=self._is_request(fn, i, self.model.operations.at(fn, i, ctx)), way=way)
        reader.whole(fn, i, ctx, 0, 0)
        reader.read_again()
        return reader.asked.looked_at

    def hangs_on(self, fn: Fn, i: int) -> bool:
        """Whether anything hangs on a value that says what became of a payment, or may."""
        reader = _Reader(self.model, ())
        reader.status(fn, i, None, 0)
        reader.read_again()
        return reader.asked.looked_at

    def tested(self, fn: Fn, i: int) -> bool:
        """Whether a value that may say what became of a payment is tested, as far as it can be followed."""
        reader = _Reader(self.model, ())
        reader.status(fn, i, None, 0)
        reader.read_again()
        return bool(reader.asked.tests)


class _Reader:
    """Follows one answer through the code to all that hangs on it. ``skipped``: names that say nothing of the payment, of what wraps it
    from the outside in. ``request``: what is followed at first is a request that is still to be sent. ``way``: the calls that lead to
    something that happens, and it itself; what comes after them is not followed."""

    def __init__(
        self, model: "Model", skipped: tuple[tuple[str, ...], ...], *, request: bool = False, way: Sequence[tuple[Fn, int]] = ()
    ) -> None:
        self.model = model
        self.request = request
        self.way = way
        self.skipped = skipped
        self.asked = Asked()
        self.seen: set[tuple[Fn, int, int]] = set()
        self.own: set[tuple[Fn, int]] = set()
        self.kept: list[tuple[Fn, tuple[str, ...], Ctx | None, bool]] = []

    def _hangs(self, fn: Fn, i: int, use: int) -> None:
        """Something hangs on a status, value ``i``, by one use of it."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        op = body.op[use]
        branches = [use] if op == Op.BRANCH else defuse.uses(use) if op == Op.BINARY else []
        told = (body.op[b] == Op.BRANCH and only_worded(body, defuse, b, lambda call: self._tells(fn, call, None)) for b in branches)
        if branches and all(told):
            return
        test = use if op == Op.BINARY else i
        means = self._means(fn, test) if op in (Op.BINARY, Op.BRANCH, Op.UNARY) else None
        if means is None:
            self._out_of_sight()
        else:
            self.asked.tests[fn, test] = means

    def _out_of_sight(self) -> None:
        """The answer, or a status of it, goes where nobody can follow it."""
        self.asked.hidden = True

    # --- the answer itself

    def whole(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, layer: int) -> None:
        """Follows an answer to the statuses in it. ``layer``: in how many wrappings of it this lies."""
        self._each_use(fn, i, ctx, depth, layer)

    def status(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> None:
        """Follows a value that says what became of a payment to what hangs on it."""
        self._each_use(fn, i, ctx, depth, _STATUS)

    def _each_use(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, layer: int) -> None:
        if depth > _DEEPEST:
            self._out_of_sight()
        elif (fn, i, layer) not in self.seen:
            self.seen.add((fn, i, layer))
            evaluator = self.model.evaluator
            onward, uses = passed_on(evaluator, fn, i, evaluator.defuse(fn).uses(i), ctx)
            for spot in onward:
                body = self.model.program.body(spot.fn)
                read = body.op[spot.instr] == Op.PARAM and body.args(spot.instr)[0] == BODY  # (error, response, body) => …
                self._each_use(*spot, depth, max(layer, len(self.skipped) - 1) if read and layer != _STATUS else layer)
            for n in self.model.http.read_off(fn, i, ctx) if depth == 0 else ():
                self._each_use(fn, n, ctx, 1, layer)
            for use in uses:
                if all(where != fn or leads_to(self.model.program.body(fn), evaluator.defuse(fn), use, act) for where, act in self.way):
                    self._use(fn, i, use, ctx, depth + 1, layer)

    def _use(self, fn: Fn, i: int, use: int, ctx: Ctx | None, depth: int, layer: int) -> None:
        model = self.model
        body = model.program.body(fn)
        op = body.op[use]
        if op == Op.STORE:
            if fn.number == TOP and model.program.language(fn.file) != "php":
                self._out_of_sight()  # whoever imports the file may read it
            for inner, read in reads_inside(model.program, fn, body.name(use)):
                self._each_use(inner, read, None, depth, layer)
            for read in reads(body, model.evaluator.defuse(fn), use):
                self._each_use(fn, read, ctx, depth, layer)
        elif op in (Op.AWAIT, Op.CAST, Op.CHOICE, Op.SPREAD):
            self._each_use(fn, use, ctx, depth, layer)
        elif op == Op.RETURN:
            self._returned(fn, ctx, depth, layer)
        elif layer == _STATUS:
            self._decides(fn, i, use, ctx, depth)
        elif op in (Op.FIELD, Op.INDEX) and body.args(use)[0] == i:
            self._member(fn, use, ctx, depth, layer)
        elif op in (Op.BRANCH, Op.OPAQUE):
            pass  # that there is an answer says nothing
        elif op == Op.CALL and model.requests.is_cleaner(model.recogniser.callee_names(fn, use, ctx), model.program.language(fn.file)):
            self.whole(fn, use, ctx, depth, max(layer, len(self.skipped) - 1))  # the body, whatever it came in
        else:
            self._handed_whole(fn, i, use, ctx, depth, layer)

    def _returned(self, fn: Fn, ctx: Ctx | None, depth: int, layer: int) -> None:
        """Follows what a function gives to whoever called it."""
        step = ctx is not None and ctx.callback and self._is_step(ctx)
        if step and any(tested == fn for tested, _ in self.asked.tests):
            self._out_of_sight()  # what the next step is given, if anything, hangs on that test
        if ctx is not None and ctx.fn == fn and ctx.call >= 0 and (step or not ctx.callback):
            self._each_use(ctx.caller, ctx.call, ctx.parent, depth, layer)
        else:
            self._out_of_sight()

    def _is_step(self, ctx: Ctx) -> bool:
        """Whether a function is a step of a promise, which hands on what it returns: ``.then((answer) => answer.json())``."""
        return self.model.program.body(ctx.caller).called(ctx.call) == "then"

    def _handed_whole(self, fn: Fn, i: int, use: int, ctx: Ctx | None, depth: int, layer: int) -> None:
        """Follows an answer, or a request for one, into whatever is given it whole."""
        one = awaited_among(self.model.program.body(fn), self.model.evaluator.defuse(fn), use, i)
        if one is not None:
            for n in one:
                self._each_use(fn, n, ctx, depth, layer)
        elif keys := self._kept_under(fn, i, use, ctx):
            self.kept.append((fn, keys, ctx, True))
        elif self._sends(fn, i, use):
            self.whole(fn, use, ctx, depth, layer)
        elif not self._tells(fn, use, ctx):
            self._arrives(fn, i, use, ctx, depth, layer)

    def _sends(self, fn: Fn, i: int, use: int) -> bool:
        """Whether a call sends a request that was made before, ``client.execute(new OrdersGetRequest(id))``: it gives the answer."""
        body = self.model.program.body(fn)
        return self.request and body.op[use] == Op.CALL and body.args(use)[0] != i and body.called(use) in SENDS

    def _arrives(self, fn: Fn, i: int, use: int, ctx: Ctx | None, depth: int, layer: int) -> None:
        """Follows what is handed to a function of ours."""
        called = self.model.program.body(fn).op[use] in (Op.CALL, Op.NEW)
        into = arrives(self.model.evaluator, fn, use, i, ctx) if called else None
        if into is None:
            self._out_of_sight()
            return
        self.asked.handed = True
        for spot in into:
            self._each_use(*spot, depth, layer)

    def _member(self, fn: Fn, i: int, ctx: Ctx | None, depth: int, layer: int) -> None:
        """Follows a member of the answer that may say it, one below it, or what its call gives: ``answer["payment"].status``,
        ``answer.json()``."""
        body = self.model.program.body(fn)
        self.own.add((fn, i))
        if body.op[i] == Op.FIELD:
            uses = self.model.evaluator.defuse(fn).uses(i)
            found = {use: _looked_up(self.model, fn, use) for use in uses if body.op[use] == Op.CALL}
            # the order that the answer names is found by it: what is done then hangs on the answer, whatever else it says
            asked = {use: key for use, key in found.items() if key and not self.model.words.entity(key)}
            for call, key in asked.items():  # a map is the body itself, whatever the library calls what it gives
                self._named(fn, call, key, ctx, depth + 1, max(layer, len(self.skipped) - 1))
            if asked and len(asked) == len(uses):
                return
            name: str | None = body.name(i)
        else:
            const = body.const(body.args(i)[1])
            name = const[1].strip("'\"") if const else None
        if name is None:
            self._out_of_sight()
            return
        self._named(fn, i, name, ctx, depth, layer)

    def _named(self, fn: Fn, i: int, name: str, ctx: Ctx | None, depth: int, layer: int) -> None:
        """Follows what stands in the answer under a name."""
        body = self.model.program.body(fn)
        uses = self.model.evaluator.defuse(fn).uses(i)
        self.own.add((fn, i))
        if snake(name) in (self.skipped[layer] if layer < len(self.skipped) else ()):
            return
        if snake(name) in _WRAPS:
            self.whole(fn, i, ctx, depth, layer + 1)
        if name.isdigit():  # one of a list
            self.whole(fn, i, ctx, depth, layer)
            return
        below = [use for use in uses if body.op[use] in (Op.FIELD, Op.INDEX) and body.args(use)[0] == i]
        called = [use for use in uses if body.op[use] == Op.CALL and body.args(use)[0] == i]
        if _says(self.model, name) and not (below and any(w in snake(name) for w in _HOLDS)):
            for said in (i, *called):
                self.status(fn, said, ctx, depth)
            return
        if _ELSE.fullmatch(snake(name)):
            return
        for use in below:
            self._member(fn, use, ctx, depth + 1, layer)
        for use in called:
            if name in _CHOOSES and chosen_by_state(self.model, fn, use, ctx, partial(says_outcome, self.model)):
                self.status(fn, use, ctx, depth)  # one is found, if any: `payments.find((p) => p.status === 'SUCCESS')`
            else:
                self.whole(fn, use, ctx, depth, layer + 1)

    # --- a status in it

    def _decides(self, fn: Fn, i: int, use: int, ctx: Ctx | None, depth: int) -> None:
        """Follows one use of a status to what hangs on it."""
        body = self.model.program.body(fn)
        op, args = body.op[use], body.args(use)
        if op == Op.BINARY:
            if body.text(args[0]) not in _COMPARES:
                self.status(fn, use, ctx, depth)
            elif not self._says_dead(fn, args[2] if args[1] == i else args[1]):
                self._hangs(fn, i, use)
        elif op in (Op.TEXT, Op.FIELD, Op.LIST, Op.ELEMENT) or (op in (Op.INDEX, Op.CALL) and args[0] == i):
            self.status(fn, use, ctx, depth)
        elif op == Op.RECORD:
            self.kept.append((fn, _keys(body, use, i), ctx, False))
        elif op == Op.SET_FIELD:
            self.kept.append((fn, (body.name(use),), ctx, False))
        elif op == Op.SET_INDEX:
            key = body.const(args[1]) if args[1] >= 0 else None
            if args[1] == i:
                self._out_of_sight()
            self.kept.append((fn, (key[1].strip("'\""),) if key else (), ctx, False))
        elif op in (Op.CALL, Op.NEW):
            self._handed(fn, i, use, ctx, depth)
        elif op != Op.ECHO and not self._asks_dead(fn, i):
            self._hangs(fn, i, use)

    def _asks_dead(self, fn: Fn, i: int) -> bool:
        """Whether a member or call asks only for whether a payment has failed: ``$payment->isCanceled()``."""
        body = self.model.program.body(fn)
        name = body.name(i) if body.op[i] == Op.FIELD else body.called(i) if body.op[i] == Op.CALL else ""
        return bool(name) and self.model.words.has("dead_values", _bare(name))

    def _says_dead(self, fn: Fn, i: int) -> bool:
        """Whether a status is held against a word alone by which a payment has failed: what has not is not paid for that."""
        const = self.model.program.body(fn).const(i)
        return const is not None and const[0] == Kind.STRING and self.model.words.has("dead_values", const[1].strip("'\""))

    def _tells(self, fn: Fn, call: int, ctx: Ctx | None) -> bool:
        """Whether a call writes what it is given down, or tells it to somebody; or asks of it whether the request itself went well."""
        recogniser = self.model.recogniser
        if self.model.program.body(fn).op[call] not in (Op.CALL, Op.NEW):
            return False
        if self.model.program.body(fn).called(call) in _OF_THE_REQUEST:
            return True
        return any(recogniser.is_(kind, fn, call, ctx) for kind in _TELLS)  # type: ignore[arg-type]

    def _handed(self, fn: Fn, i: int, call: int, ctx: Ctx | None, depth: int) -> None:
        """Follows a status into a call that is given it and may test it. One that writes it down or tells it to somebody does not."""
        callee = self.model.evaluator.value(fn, self.model.program.body(fn).args(call)[0], ctx)
        if self._tells(fn, call, ctx):
            return
        if any(isinstance(o, FunctionV) for o in options(callee)):
            self._arrives(fn, i, call, ctx, depth, _STATUS)
            return
        got = self.model.recogniser.effect(fn, call, ctx)
        if got is not None and got[0].effect in _TOLD:
            if keys := tuple(key for key, value in self.model.program.body(fn).call(call)[1] if value == i and key.isidentifier()):
                self.kept.append((fn, keys, ctx, False))
            return
        uses = self.model.evaluator.defuse(fn).uses
        body = self.model.program.body(fn)
        waited = [use for use in uses(call) if body.op[use] == Op.AWAIT]
        if any(use not in waited or uses(use) for use in uses(call)):
            self.status(fn, call, ctx, depth)
        else:
            self._out_of_sight()

    def _kept_under(self, fn: Fn, i: int, use: int, ctx: Ctx | None) -> tuple[str, ...]:
        """The names under which a whole answer is put into a record of ours, or into what is made for one; none where it is not."""
        body = self.model.program.body(fn)
        op, args = body.op[use], body.args(use)
        if op == Op.SET_FIELD and args[0] != i:
            return (body.name(use),)
        if op == Op.RECORD:
            return _keys(body, use, i)
        got = self.model.recogniser.effect(fn, use, ctx) if op in (Op.CALL, Op.NEW) else None
        if got is None or got[0].effect not in _TOLD:
            return ()
        return tuple(key for key, value in body.call(use)[1] if value == i and key.isidentifier())

    def read_again(self) -> None:
        """What was kept goes out of sight where it is read by its name, here or in a function on the way: ``{ status: intent.status }``; a
        whole answer, where anybody does."""
        for fn, keys, ctx, whole in self.kept:
            around = {fn, *(c.caller for c in (ctx.chain() if ctx else ()) if c.call >= 0)}
            if not keys or any(self._is_read(here, key, whole) for key in keys for here in (self._naming(key) if whole else around)):
                self._out_of_sight()

    def _naming(self, key: str) -> list[Fn]:
        """Every function in a file that speaks of a name."""
        program = self.model.program
        return [fn for file in program.mentioning(key) if file in program.indices for fn in (Fn(file, TOP), *program.all_functions(file))]

    def _is_read(self, fn: Fn, key: str, whole: bool) -> bool:
        """Whether a function reads what stands under a name, anywhere but in the answer itself; in what was sent to us, or in the answer to
        another question, stands something else under it."""
        asked = (i for i in _reading(self.model, fn, key) if (fn, i) not in self.own)
        return any(not whole or self._may_be_kept(fn, i) for i in asked)

    def _may_be_kept(self, fn: Fn, i: int) -> bool:
        """Whether what is read may be what was kept somewhere before, by what it is read from."""
        body, read = self.model.program.body(fn), self.model.evaluator.value(fn, i)
        if isinstance(read, External) or self.model.requests.source(read) is not None:
            return False
        holder = self.model.evaluator.value(fn, body.args(body.args(i)[0] if body.op[i] == Op.CALL else i)[0])
        return any(isinstance(o, (Record, Instance)) or not is_told(self.model, o) for o in map(before_writes, options(holder)))

    # --- what a test means

    def _means(self, fn: Fn, i: int) -> bool | None:
        """Whether a test that is true says that money came, or that it did not; None for what is no plain test."""
        body = self.model.program.body(fn)
        op = body.op[i]
        if op == Op.FIELD:
            return not self._is_open(body.name(i))
        if op == Op.BINARY and body.text(body.args(i)[0]) in _SAME:
            return self._means_texts(fn, [a for a in body.args(i)[1:3] if _texts(self.model, fn, a)])
        if op != Op.CALL:
            return None
        callee, given = body.call(i)
        name = body.called(i)
        if name in _HOLDS_ONE or (body.op[callee] == Op.FIELD and name in _LISTS):
            sides = [a for _, a in given] + ([body.args(callee)[0]] if body.op[callee] == Op.FIELD else [])
            return self._means_texts(fn, [a for a in sides if _texts(self.model, fn, a)])
        if body.op[callee] != Op.FIELD or given or not says_outcome(self.model, name):
            return None
        return not self._is_open(name)

    def _means_texts(self, fn: Fn, sides: list[int]) -> bool | None:
        said = [text for a in sides for text in _texts(self.model, fn, a)]
        if len(sides) != 1 or not said:
            return None
        return not all(self._is_open(t) or self.model.words.has("dead_values", t) for t in said)

    def _is_open(self, said: str) -> bool:
        """Whether a word says that no money has come yet; what is authorised has come as far as a shop asks."""
        words = self.model.words
        return words.has("open_values", _bare(said)) and not words.has("authorised_values", _bare(said))


def _texts(model: "Model", fn: Fn, i: int) -> list[str]:
    """The texts that a value is, or that a list holds; none where it is anything else."""
    value = model.evaluator.value(fn, i)
    items = [item for o in options(value) for item in (o.items if isinstance(o, Seq) else (o,))]
    each = [o for item in items for o in options(item)]
    return (
        [o.text.strip("'\"") for o in each if isinstance(o, Const) and o.kind == Kind.STRING]
        if all(isinstance(o, Const) for o in each)
        else []
    )


def _bare(name: str) -> str:
    """``isPaid`` without what only makes a question of it."""
    return snake(name).removeprefix("get_").removeprefix("is_").removeprefix("has_").removeprefix("was_")


def _keys(body: Body, record: int, i: int) -> tuple[str, ...]:
    """The keys under which a value stands in a record."""
    args = body.args(record)
    keys = [body.const(key) for key, value in zip(args[::2], args[1::2], strict=False) if value == i and key >= 0]
    return tuple(key[1].strip("'\"") for key in keys if key)


def _reading(model: "Model", fn: Fn, key: str) -> Iterator[int]:
    """Where a function reads what stands under a name."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.FIELD and body.name(i) == key and model.evaluator.defuse(fn).uses(i):
            yield i
        named = body.args(i)[1] if op == Op.INDEX else body.call(i)[1][0][1] if op == Op.CALL and _looks_up(model, fn, i) else -1
        const = body.const(named) if named >= 0 else None
        if const is not None and const[1].strip("'\"") == key:
            yield i


def _looked_up(model: "Model", fn: Fn, call: int) -> str:
    """The name under which a call looks something up: ``answer.get("status", "")``; empty for any other call."""
    given = model.program.body(fn).call(call)[1]
    const = model.program.body(fn).const(given[0][1]) if given else None
    return const[1].strip("'\"") if const is not None and const[0] == Kind.STRING and _looks_up(model, fn, call) else ""


def _looks_up(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call asks a map for what stands under a name: ``answer.get("status")``. What was sent, or is configured, is no answer."""
    body = model.program.body(fn)
    callee, given = body.call(i)
    asks = bool(given) and body.op[callee] == Op.FIELD and body.name(callee) == "get" and model.program.language(fn.file) == "python"
    return asks and not model.recogniser.is_("config", fn, i) and model.requests.source(model.evaluator.value(fn, i)) is None


def _says(model: "Model", name: str) -> bool:
    """Whether a member says what became of a payment, or how much has come of it. What it is over says neither."""
    plain = snake(name)
    return says_outcome(model, name) or "ok" in plain.split("_") or any(w in plain for w in _SAYS)


def says_outcome(model: "Model", name: str) -> bool:
    """Whether a member, by its name, says in which state a payment is: ``status``, ``isApproved()``."""
    words, asked = model.words, snake(name).removeprefix("get_")
    plain = _bare(name)
    kinds = _STATES if plain == asked else (*_STATES, "open_values")
    return any(words.has(kind, plain) for kind in kinds)
