"""What the object behind a call was given: when it was made, in the chain of calls up to this one, or by a setter beside it."""

from collections.abc import Iterator

from tillproof.commerce.names import written
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn, Program
from tillproof.flow.shape import Found, shape
from tillproof.flow.values import Const, Ctx, Element, FunctionV, Member, Missing, Overlay, Record, Result, Value, options
from tillproof.ir.body import returns
from tillproof.ir.ops import Op

_LONGEST_CHAIN = 12
_ADDRESSES = {"baseurl", "setbaseurl", "withbaseuri"}
_SETTERS = {"set", "add", "header", "setheader", "addheader", "withheader", "update", "append", "replaceheaders"}
_SELF = ("this", "self", "cls", "static")


class Clients:
    """Reads clients, request builders and option objects; it keeps what it found."""

    def __init__(self, program: Program, evaluator: Evaluator) -> None:
        self.program = program
        self.evaluator = evaluator
        self._made: dict[tuple[Fn, int, int], list[Value]] = {}

    def given(self, receiver: Value) -> list[Value]:
        """Records of what a client puts into each of its requests: ``axios.create({…})``, ``Http::withHeaders([…])``, session headers."""
        out: list[Value] = []
        for option in options(receiver):
            here: Value | None = option
            for _ in range(_LONGEST_CHAIN):
                if isinstance(here, Overlay):
                    out.append(here)
                    here = here.base
                elif isinstance(here, Result) and here.instr >= 0:
                    out += self._given_by(here)
                    here = here.callee.base if isinstance(here.callee, Member) else None
                elif isinstance(here, (Member, Element)):
                    here = here.base
                else:
                    break
        return out

    def _given_by(self, call: Result) -> list[Value]:
        key = (call.fn, call.instr, id(call.ctx))
        if key not in self._made:
            self._made[key] = []  # an interceptor may use its own client
            self._made[key] = [*self._arguments(call), *self._later(call)]
        return self._made[key]

    def _arguments(self, call: Result) -> Iterator[Value]:
        named: list[tuple[str | None, Value]] = []
        positional: list[Value] = []
        for key, value in self.evaluator.arguments(call):
            if key and key not in ("*", "**"):
                named.append((key, value))
            else:
                positional.append(value)
        if named:
            yield Record(call.at, tuple(named))
        name = getattr(call.callee, "name", "").rpartition(".")[2].lower()
        if name in _ADDRESSES and positional:
            yield Record(call.at, (("base_url", positional[0]),))
        elif name in _SETTERS and len(positional) == 2 and isinstance(positional[0], Const):
            yield Record(call.at, ((positional[0].text, positional[1]),))
        else:
            yield from positional

    def _later(self, call: Result) -> Iterator[Value]:
        """What is written into the client in the function that makes it: default headers, interceptors."""
        body = self.program.body(call.fn)
        holders = self._holders(call.fn, call.instr)
        for n, op in enumerate(body.op) if holders else ():
            if op in (Op.SET_INDEX, Op.SET_FIELD) and self._below(written(self.program, call.fn, body.args(n)[0]), holders):
                _, key, value = body.args(n)
                const = body.const(key) if op == Op.SET_INDEX else (0, body.text(key))
                if const:
                    yield Record(call.at, ((const[1], self.evaluator.value(call.fn, value, call.ctx)),))
            elif op == Op.CALL and n != call.instr and body.op[body.args(n)[0]] == Op.FIELD:
                callee, arguments = body.call(n)
                if body.name(callee) in ("update", "use", "set") and self._below(
                    written(self.program, call.fn, body.args(callee)[0]), holders
                ):
                    yield from self._handed(call, [self.evaluator.value(call.fn, a, call.ctx) for _, a in arguments])

    def _handed(self, call: Result, values: list[Value]) -> Iterator[Value]:
        if len(values) == 2 and isinstance(values[0], Const):
            yield Record(call.at, ((values[0].text, values[1]),))
        for value in values:
            for option in options(value):
                if isinstance(option, FunctionV):
                    yield from self._interceptor(option.fn)
                elif isinstance(option, (Record, Overlay, Result)):
                    yield option

    def _interceptor(self, fn: Fn) -> Iterator[Value]:
        """What a function that every request goes through adds to it; the request itself, its parameter, is nothing new."""
        body = self.program.body(fn)
        for n, op in enumerate(body.op):
            if op not in (Op.SET_INDEX, Op.SET_FIELD):
                continue
            _, key, value = body.args(n)
            const = body.const(key) if op == Op.SET_INDEX else (0, body.text(key))
            if const:
                yield Record((fn.file, body.line[n]), ((const[1], self.evaluator.value(fn, value)),))
        for r in returns(body):
            got = shape(self.evaluator, self.evaluator.value(fn, body.args(r)[0]))
            yield Record((fn.file, body.line[r]), tuple(got.must.items()))

    def _holders(self, fn: Fn, i: int) -> set[str]:
        """The variables and fields of a function that hold what an instruction yields, as spelt."""
        body = self.program.body(fn)
        found: set[str] = set()
        held = {i}
        for n in range(i + 1, len(body.op)):
            op = body.op[n]
            if op == Op.AWAIT and body.args(n)[0] in held:
                held.add(n)
            elif op == Op.STORE and body.args(n)[1] in held:
                found.add(body.name(n))
            elif op == Op.SET_FIELD and body.args(n)[2] in held:
                found.add(f"{written(self.program, fn, body.args(n)[0])}.{body.text(body.args(n)[1])}")
        return found

    @staticmethod
    def _below(spelt: str, holders: set[str]) -> bool:
        return any(spelt == h or spelt.startswith(h + ".") for h in holders)

    def set_beside(self, fn: Fn, i: int, ctx: Ctx | None, wanted: set[str], fields: bool = True) -> Found | None:
        """A key that is set on the object behind a call, on an object given to it, or on the request that it makes:
        ``$client->setIdempotencyKey($key)`` before, ``request.headers["PayPal-Request-Id"] = key`` after.
        ``fields``: by setting a field of it, too."""
        body = self.program.body(fn)
        holders = self._beside(fn, i)
        plain = {_plain(w) for w in wanted}
        maybe: Found | None = None
        for n in range(len(body.op)) if holders else ():
            if not fields and body.op[n] == Op.SET_FIELD:
                continue
            key, value = self._set(fn, n, plain, holders)
            if value < 0 or n == i:
                continue
            given = self.evaluator.value(fn, value, ctx)
            if isinstance(given, Missing) or (isinstance(given, Const) and given.falsy):
                continue
            certain = self._certain(fn, n, i)
            found = Found(given, certain, key)
            if certain:
                return found
            maybe = maybe or found
        return maybe

    def set_in_loops(self, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[Value]:
        """The collections of which every entry is set on what a call is given: ``foreach ($headers as $name => $value) { $request =
        $request->withHeader($name, $value); }``."""
        body = self.program.body(fn)
        holders = self._beside(fn, i)
        for n in range(len(body.op)) if holders else ():
            if body.op[n] != Op.CALL or body.op[body.args(n)[0]] != Op.FIELD or n == i:
                continue
            callee, arguments = body.call(n)
            if body.name(callee).lower() not in _SETTERS or len(arguments) != 2:
                continue
            if not self._below(written(self.program, fn, body.args(callee)[0]), holders):
                continue
            named, given = (self.evaluator.value(fn, a, ctx) for _, a in arguments)
            if isinstance(named, Element) and isinstance(given, Element) and named.base is given.base:
                yield named.base

    def _beside(self, fn: Fn, i: int) -> set[str]:
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        parts = written(self.program, fn, callee).split(".")
        chains = {".".join(parts[:n]) for n in range(1, len(parts))} if body.op[i] == Op.CALL else set()
        chains |= self._giving(fn, i, parts[0]) if body.op[i] == Op.CALL else set()
        names = {body.name(a) for _, a in arguments if body.op[a] == Op.NAME}
        return (chains | names | self._holders(fn, i)) - set(_SELF) - {"?", ""}

    def _giving(self, fn: Fn, i: int, name: str) -> set[str]:
        """The object that gave what a variable holds: the client of ``$customer``, ``$client->customers->get($id)``."""
        body = self.program.body(fn)
        found: set[str] = set()
        for n in range(i):
            given = body.args(n)[1] if body.op[n] == Op.STORE and body.name(n) == name else -1
            given = body.args(given)[0] if given >= 0 and body.op[given] == Op.AWAIT else given
            if given >= 0 and body.op[given] == Op.CALL:
                parts = written(self.program, fn, body.args(given)[0]).split(".")
                found |= {".".join(parts[:k]) for k in range(1, len(parts))}
        return found

    def _set(self, fn: Fn, n: int, plain: set[str], holders: set[str]) -> tuple[str, int]:
        """(key, value instruction) of what an instruction sets of the keys looked for on one of the holders; the value is -1 when none."""
        body = self.program.body(fn)
        op = body.op[n]
        if op in (Op.SET_INDEX, Op.SET_FIELD):
            target, key, value = body.args(n)
            const = body.const(key) if op == Op.SET_INDEX else (0, body.text(key))
            if const and _plain(const[1]) in plain and self._below(written(self.program, fn, target), holders):
                return const[1], value
        elif op == Op.CALL and body.op[body.args(n)[0]] == Op.FIELD:
            callee, arguments = body.call(n)
            name = body.name(callee)
            if not arguments or not self._below(written(self.program, fn, body.args(callee)[0]), holders):
                return "", -1
            told = [v for _, v in arguments if body.op[v] != Op.FUNCTION]  # ``request.setTimeout(5000, () => …)``
            if _plain(name) in plain and len(told) == 1:
                return name, told[0]
            const = body.const(arguments[0][1]) if name.lower() in _SETTERS and len(arguments) == 2 else None
            if const and _plain(const[1]) in plain:
                return const[1], arguments[1][1]
        return "", -1

    def _certain(self, fn: Fn, n: int, i: int) -> bool:
        """Whether the key is set on every path: before the call, or between the making of a request and its sending."""
        defuse = self.evaluator.defuse(fn)
        if n < i:
            return defuse.passes(i, n)
        names = self._holders(fn, i)
        body = self.program.body(fn)
        sent = [
            u
            for u in range(n + 1, len(body.op))
            if body.op[u] == Op.CALL and any(body.op[a] == Op.NAME and body.name(a) in names for _, a in body.call(u)[1])
        ]
        return all(defuse.passes(u, n, i) for u in sent[:1]) if sent else defuse.block_of[n] == defuse.block_of[i]


def _plain(name: str) -> str:
    """A key's name without the ways to write it: ``setIdempotencyKey``, ``Idempotency-Key`` and ``idempotency_key`` are one."""
    return name.lower().removeprefix("set").removeprefix("with").replace("-", "").replace("_", "")
