"""Arguments of a declaring call by the places that packs name, and the handlers that stand in them."""

from collections.abc import Iterator

from tillproof.commerce.thin_routes import handed_on
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    FunctionV,
    Instance,
    Member,
    Mix,
    ModuleV,
    Overlay,
    Record,
    Result,
    Seq,
    Value,
    constant,
    options,
    pattern,
)  # fmt: skip
from tillproof.ir.body import returns
from tillproof.ir.ops import Op

_LONGEST_CHAIN = 16
_DEEPEST = 3
_CLASS_AND_METHOD = 2


class Arguments:
    """The evaluated arguments of one call."""

    def __init__(self, evaluator: Evaluator, fn: Fn, i: int) -> None:
        self.evaluator = evaluator
        self.fn, self.i = fn, i
        body = evaluator.program.body(fn)
        self.all: list[tuple[str, Value]] = []
        if body.op[i] in (Op.CALL, Op.NEW):
            self.all = [(k, evaluator.value(fn, v)) for k, v in body.call(i)[1]]
        self.positional = [v for k, v in self.all if k == ""]

    def at(self, place: str) -> list[Value]:
        """The values at a place: position, range, keyword, option key or path; ``()`` behind it for what the function there gives."""
        head, _, rest = place.partition(".")
        every, called = head.endswith("[]"), head.endswith("()")
        head = head.removesuffix("[]").removesuffix("()")
        if place.endswith("..") and place[:-2].isdigit():
            return self.positional[int(place[:-2]) : -1]
        if head.lstrip("-").isdigit():
            number = int(head)
            inside = -len(self.positional) <= number < len(self.positional)
            found = [self.positional[number]] if inside else []
        else:
            found = self._keyed(head)
        if every:
            found = [item for value in found for item in items(value)]
        if called:
            given = [o for value in found for o in options(value) if isinstance(o, FunctionV)]
            found = [self.evaluator.returned(f, self.fn, self.i, None, callback=True) for f in given]
        return [v for value in found for v in self._below(value, rest)] if rest else found

    def _keyed(self, key: str) -> list[Value]:
        named = [v for k, v in self.all if k == key]
        return named or [v for value in self.positional for v in self._below(value, key)]

    def _below(self, value: Value, path: str) -> list[Value]:
        head, _, rest = path.partition(".")
        every = head.endswith("[]")
        found = list(entries(value, head.removesuffix("[]")))
        if every:
            found = [item for v in found for item in items(v)]
        return [v for f in found for v in self._below(f, rest)] if rest else found

    def first(self, places: tuple[str, ...]) -> list[Value]:
        """The values at the first of the places that holds any."""
        return next((found for place in places if (found := self.at(place))), [])


def entries(value: Value, key: str) -> Iterator[Value]:
    """What a record literal holds under a key, later writes included."""
    for option in options(value):
        if isinstance(option, Record):
            yield from (v for k, v in option.entries if k == key)
        elif isinstance(option, Overlay):
            yield from (v for k, v, _ in option.writes if k == key)
            yield from entries(option.base, key)


def items(value: Value) -> list[Value]:
    """The members of a list, or the value alone."""
    if isinstance(value, Seq):
        return [item for v in value.items for item in items(v)]
    if isinstance(value, Overlay) and isinstance(value.base, Seq):
        return [*items(value.base), *(v for k, v, _ in value.writes if k == "[]")]
    if isinstance(value, Mix) and any(isinstance(part, Seq) for part in value.parts()):  # two lists that are put together
        return [item for part in value.parts() for item in items(part)]
    return [value]


def words(values: list[Value]) -> tuple[str, ...]:
    """The constant texts in values and in lists of them; of a member its name, so that ``HttpMethod.POST`` is POST."""
    out: list[str] = []
    for value in values:
        for item in items(value):
            text = constant(item)
            if text is None and isinstance(item, Choice):
                out += [t for o in item.options if (t := constant(o)) is not None]
            elif text is not None:
                out += [t for t in text.replace("|", ",").replace(" ", "").split(",") if t]
            elif (name := getattr(item, "name", "")) and isinstance(name, str):
                out.append(name.rpartition(".")[2].removeprefix("METHOD_"))
    return tuple(out)


def path_text(value: Value) -> str | None:
    """A path as written, unknown pieces as ``{}``; None when nothing of it is known."""
    for item in items(value):
        text = pattern(item)
        return None if text == "{}" else text
    return None


def unwrap(evaluator: Evaluator, value: Value) -> Value:
    """A module stands for its default export, an object that was written into for itself."""
    if isinstance(value, Overlay) and not isinstance(value.base, (Record, Seq)):
        return unwrap(evaluator, value.base)
    if isinstance(value, ModuleV):
        found = evaluator.scope.exported(value.file, "default", value.at)
        return found if not isinstance(found, ModuleV) else value
    if isinstance(value, Seq):
        return Seq(value.at, tuple(unwrap(evaluator, item) for item in value.items))
    return value


def _alternatives(evaluator: Evaluator, value: Value) -> list[Value]:
    return [unwrap(evaluator, option) for option in options(unwrap(evaluator, value))]


def handlers(evaluator: Evaluator, value: Value, depth: int = 0) -> list[tuple[FunctionV, tuple[Value, ...]]]:
    """The functions that a handler argument stands for, each with the wrappers and functions that run before it."""
    out: list[tuple[FunctionV, tuple[Value, ...]]] = []
    if depth > 4:
        return out
    for option in _alternatives(evaluator, value):
        if isinstance(option, FunctionV):
            out += _unwrapped(evaluator, option, depth)
        elif isinstance(option, Seq) and (named := _of_controller(evaluator, option)) is not None:
            out.append((named, ()))
        elif isinstance(option, Seq) and option.items:
            before = tuple(items(option)[:-1])
            out += [(f, (*before, *w)) for f, w in handlers(evaluator, items(option)[-1], depth + 1)]
        elif isinstance(option, Result) and option.instr >= 0:
            out += _in_wrapper(evaluator, option, depth)
        elif isinstance(option, (Record, Overlay)):  # `{ rest: 'POST /pay', async handler(ctx) { … } }`
            out += [found for kept in entries(option, "handler") for found in handlers(evaluator, kept, depth + 1)]
        elif isinstance(option, (ClassV, Instance)):
            instance = option if isinstance(option, Instance) else Instance(option.at, option.cls)
            for name in ("__invoke", "__call__"):
                if method := evaluator.scope.method(option.cls, name):
                    out.append((FunctionV(option.at, method, None, instance), ()))
                    break
    return out


def _of_controller(evaluator: Evaluator, listed: Seq) -> FunctionV | None:
    """The method of a controller that a list names: ``[PaymentsController, 'pay']``, the class perhaps loaded by a function."""
    name = constant(listed.items[1]) if len(listed.items) == _CLASS_AND_METHOD else None
    for option in options(listed.items[0]) if name is not None else ():
        given = [option]
        if isinstance(option, FunctionV):  # `() => import('#controllers/payments_controller')`
            body = evaluator.program.body(option.fn)
            given = [evaluator.value(option.fn, body.args(i)[0]) for i in returns(body) if body.args(i)[0] >= 0]
        for cls in (o.cls for value in given for o in _alternatives(evaluator, value) if isinstance(o, (ClassV, Instance))):
            if (found := evaluator.scope.method(cls, name or "")) is not None:
                return FunctionV(listed.at, found, None, Instance(listed.at, cls))
    return None


def _in_wrapper(evaluator: Evaluator, result: Result, depth: int) -> list[tuple[FunctionV, tuple[Value, ...]]]:
    """``wrap(handler)`` by something of outside: the last of its arguments that is a function. So is ``wrap(handler).use(parser())``."""
    made = result.callee.base if isinstance(result.callee, Member) and result.callee.name == "use" else None
    wrapped = handlers(evaluator, made, depth + 1) if isinstance(made, Result) else []
    if wrapped:
        return [(f, (*used_before(evaluator, result), *w)) for f, w in wrapped]
    for _, argument in reversed(evaluator.arguments(result)):
        if isinstance(argument, Const):
            continue
        found = handlers(evaluator, argument, depth + 1) if not isinstance(argument, (Instance, ClassV)) else []
        if found:
            return [(f, (*used_before(evaluator, result.callee), result.callee, *w)) for f, w in found]
    if isinstance(result.callee, Member) and result.callee.name == "bind":
        return handlers(evaluator, result.callee.base, depth + 1)
    return []


def functions_in(value: Value, depth: int = 0) -> Iterator[Value]:
    """What stands in a record of handlers, spread records included: ``{ placeOrder, ...cartResolvers }``."""
    for option in options(value) if depth <= _DEEPEST else ():
        if isinstance(option, Record):
            for key, entry in option.entries:
                yield from functions_in(entry, depth + 1) if key is None else (entry,)
        elif isinstance(option, Overlay):
            yield from functions_in(option.base, depth + 1)
            yield from (v for _, v, _ in option.writes)


def used_before(evaluator: Evaluator, callee: Value, names: tuple[str, ...] = ("use",)) -> tuple[Value, ...]:
    """What earlier calls of a chain put before the handler: ``client.use(signedIn).action(handler)``."""
    out: list[Value] = []
    here = callee
    for _ in range(_LONGEST_CHAIN):
        if isinstance(here, Member):
            here = here.base
        elif isinstance(here, Result) and here.instr >= 0:
            if isinstance(here.callee, Member) and here.callee.name in names:
                out = [*(v for _, v in evaluator.arguments(here)), *out]
            here = here.callee
        else:
            break
    return tuple(out)


def _unwrapped(evaluator: Evaluator, made: FunctionV, depth: int) -> list[tuple[FunctionV, tuple[Value, ...]]]:
    """A closure that a wrapper of ours made around a handler stands for that handler."""
    call = made.outer
    if call is not None and made.fn != call.fn and evaluator.program.parent(made.fn) == call.fn:
        number = _passed_on(evaluator, made.fn, call.fn)
        if number is not None:
            arguments = [v for k, v in evaluator.program.body(call.caller).call(call.call)[1] if k == ""]
            if number < len(arguments):
                inner = handlers(evaluator, evaluator.value(call.caller, arguments[number], call.parent), depth + 1)
                if inner:
                    wrapper = FunctionV(made.at, call.fn, call.outer, call.this)
                    return [(f, (wrapper, *w)) for f, w in inner]
    return [(handed_on(evaluator, made) or made, ())]


def _passed_on(evaluator: Evaluator, inner: Fn, outer: Fn) -> int | None:
    """The parameter of the outer function that the inner one, or one that is written inside it, calls with the inner one's parameters."""
    program = evaluator.program
    parameters = [p.name for p in program.body(outer).params]
    for fn in (inner, *(f for f in program.all_functions(inner.file) if program.parent(f) == inner)):
        body = program.body(fn)
        own = {p.name for p in (*program.body(inner).params, *body.params)}
        answers = {body.args(r)[0] for r in range(len(body.op)) if body.op[r] == Op.RETURN}
        answers |= {body.args(a)[0] for a in answers if a >= 0 and body.op[a] == Op.AWAIT}
        for i, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            callee, given = body.call(i)
            if body.op[callee] != Op.NAME or body.name(callee) not in parameters:
                continue
            values = [body.args(v)[0] if body.op[v] == Op.SPREAD else v for _, v in given]
            if any(body.op[v] == Op.NAME and body.name(v) in own for v in values) or (values and i in answers):
                return parameters.index(body.name(callee))
    return None
