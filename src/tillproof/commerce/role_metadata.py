"""Guards that ask a route's metadata: ``@Allow(Permission.UpdateOrder)`` below one guard that holds for the whole application."""

import re

from tillproof.commerce.entry_styles.wiring import Wiring, plain_names
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, External, FunctionV, Instance, Member, Record, Result, Seq, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Role

_OPEN = re.compile(
    r"(is_?)?(public|owner|anonymous|skip_?auth|no_?auth|allow_?anonymous|optional_?auth\w*|auth\w*_?optional)(_key)?|none", re.IGNORECASE
)
_KINDS = re.compile(r"auth(entication)?_?(type|kind|strategy)?s?(_key)?", re.IGNORECASE)
_MACHINES = re.compile(r"(\w+_)?(api_?key|webhook|signature|hmac|machine|service_account|shared_secret)(_\w+)?")
_JOINTS = ("and", "or", "all", "any", "true", "false")
_SIGNED_IN = re.compile(r"authenticated|user|customer|member|buyer|guest", re.IGNORECASE)
_OWN = re.compile(r"(?<![a-z])(own|self|mine|my)(?![a-z])")
"""A right to what is one's own, which customers have: ``view_own_orders``, ``order:read:own``."""
_STAFF = re.compile(r"admin|staff|manager|super|operator|permission|role", re.IGNORECASE)
_NESTED = 3
_KEPT = re.compile(r"(\w+)\s*(?::[^=]*)?=(?!=)")
_READERS = {"get", "getAllAndOverride", "getAllAndMerge", "getHandler", "getMetadata"}


class Metadata:
    """What routes say of themselves by ``SetMetadata``, and which guards read it."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._asked: dict[ClassId, tuple[str, ...] | None] = {}

    def apart(self, chain: tuple[Value, ...], depth: int = 0) -> tuple[Value, ...]:
        """A chain with each decorator that is put together from others taken apart: ``applyDecorators(Roles('admin'))``."""
        out: list[Value] = []
        for value in chain:
            joined = [o for o in options(value) if isinstance(o, Result) and any(n.endswith(".applyDecorators") for n in plain_names(o))]
            if joined and joined[0].instr >= 0 and depth < _NESTED:
                out += self.apart(tuple(v for _, v in self.wiring.evaluator.arguments(joined[0])), depth + 1)
            else:
                out.append(value)
        return tuple(out)

    def of(self, chain: tuple[Value, ...]) -> dict[str, tuple[str, ...]]:
        """Metadata of a route: key to the words of its values."""
        out: dict[str, tuple[str, ...]] = {}
        for value in chain:
            for option in options(value):
                if not isinstance(option, Result) or option.instr < 0:
                    continue
                given = [v for _, v in self.wiring.evaluator.arguments(option)]
                if (key := self._made(option.callee)) is not None:
                    out[key] = tuple(w for v in given for w in _words(v))
                elif given and any(n.endswith(".SetMetadata") for n in plain_names(option)):
                    out[constant(given[0]) or "?"] = tuple(w for v in given[1:] for w in _words(v))
        return out

    def _made(self, value: Value) -> str | None:
        """The key of a decorator that Nest has made, the name by which it is kept: ``Roles = Reflector.createDecorator()``."""
        for option in options(value):
            if isinstance(option, Result) and any(n.endswith("Reflector.createDecorator") for n in plain_names(option)):
                kept = _KEPT.search(self.wiring.program.line_text(*option.at))
                return kept[1] if kept else "?"
        return None

    def asked_on(self, chain: tuple[Value, ...]) -> set[str]:
        """The keys of metadata that the guards of a route read."""
        guards = (one for value in chain for one in self.guards_in(value) or (value,))
        return {key for one in guards for key in self.asked_by(one) or ()}

    def guards_in(self, value: Value) -> list[Value]:
        """The guard classes that a decorator is handed: ``@UseGuards(SessionGuard, RolesGuard)``."""
        if not isinstance(value, Result) or value.instr < 0 or isinstance(value.callee, FunctionV):
            return []
        return [v for _, v in self.wiring.evaluator.arguments(value) if isinstance(v, (ClassV, Instance))]

    def asked_by(self, value: Value) -> tuple[str, ...] | None:
        """The metadata keys that a guard class reads; None when it reads none."""
        for option in options(value):
            if isinstance(option, (ClassV, Instance)):
                if option.cls not in self._asked:
                    self._asked[option.cls] = self._keys(option.cls)
                return self._asked[option.cls]
        return None

    def _keys(self, cls: ClassId) -> tuple[str, ...] | None:
        method = self.wiring.evaluator.scope.method(cls, "canActivate")
        if method is None:
            return None
        own = [fn for name, fn in self.wiring.program.methods(cls).items() if name != "constructor"]
        return tuple(key for fn in dict.fromkeys([method, *own]) for key in self._read_in(fn)) or None

    def _read_in(self, method: Fn) -> list[str]:
        body = self.wiring.program.body(method)
        found: list[str] = []
        for i, op in enumerate(body.op):
            if op != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD or body.name(body.args(i)[0]) not in _READERS:
                continue
            base = body.args(body.args(i)[0])[0]
            if body.op[base] not in (Op.NAME, Op.FIELD) or "reflector" not in body.name(base).lower():
                continue
            _, given = body.call(i)
            asked = self.wiring.evaluator.value(method, given[0][1]) if given else None
            found.append((asked is not None and (constant(asked) or self._made(asked))) or "?")
        return found

    def demand(self, keys: tuple[str, ...], said: dict[str, tuple[str, ...]]) -> Role | None:
        """What a guard that reads ``keys`` demands of a route that says ``said``."""
        told = [w for key in keys for w in said.get(key, ()) if w not in _JOINTS]
        if any(_OPEN.fullmatch(key) and said.get(key) is not None for key in keys):
            return None
        if not told:  # a guard that can be opened is shut without it; one that looks for roles lets pass where none are named
            return "customer" if any(_OPEN.fullmatch(key) or _KINDS.fullmatch(key) for key in keys) else None
        if any(_OPEN.fullmatch(w) for w in told):
            return None
        if all(_MACHINES.fullmatch(snake(w)) for w in told):
            return "internal"  # a secret of ours that a machine has been told
        if any(_KINDS.fullmatch(key) for key in keys) and not any(_STAFF.search(w) for w in told):
            return "customer"
        return "customer" if any(_SIGNED_IN.fullmatch(w) or _OWN.search(snake(w)) for w in told) else "staff"


def _words(value: Value) -> list[str]:
    if isinstance(value, (Seq, Record)):
        return [w for v in value.parts() for w in _words(v)]
    text = constant(value)
    if text is None and isinstance(value, (Member, External)):
        text = value.name.rpartition(".")[2]
    return [text] if text else []
