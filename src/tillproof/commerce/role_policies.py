"""What decides away from the handler whether somebody may go on: Laravel's policies and form requests, whose answer is the verdict."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from tillproof.commerce.lexicon import snake
from tillproof.commerce.role_checks import holding
from tillproof.commerce.role_names import highest, lowest
from tillproof.commerce.role_rights import over_the_seller, told
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.facts import Condition, Either, Facts
from tillproof.flow.members import static_member
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.values import ClassV, External, FunctionV, Instance, Member, Record, Result, Value, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Role

_DEMANDING = re.compile(
    r"(restrict|authori[sz]e|require|demand|enforce|ensure|assert|check|verify|must|guard|deny_unless|deny_access_unless)"
    r"(_\w*(permissions?|rights?|can|access|abilit(y|ies)|privileges?|granted|allowed|authori[sz]ed|to))?|is_action_authorized"
)
_BARE = ("check", "verify", "ensure", "assert", "must", "require", "demand", "enforce")
"""What may demand anything of anything: that an event is genuine, say."""
_RIGHTS = ("permission", "permissions", "permission_required", "required_permission", "required_permissions")
_FORM = "Illuminate.Foundation.Http.FormRequest"
_VERDICT = "authorize"
_ASKED = ("authorize", "allows", "can", "check", "any")

Asks = Callable[[Fn, int], Role | None]


class Policies:
    """Asked for handlers of Laravel. ``asks``: what a condition that is true says of the caller."""

    def __init__(self, evaluator: Evaluator, asks: Asks) -> None:
        self.evaluator = evaluator
        self.program = evaluator.program
        self._asks = asks
        self._verdicts: dict[Fn, Role | None] = {}

    @cached_property
    def _named(self) -> dict[str, list[ClassId]]:
        """The policies of the repository, by name."""
        found: dict[str, list[ClassId]] = {}
        for file, index in self.program.indices.items():
            for number, declared in enumerate(index.classes if index.language == "php" else ()):
                if declared.name.endswith("Policy"):
                    found.setdefault(declared.name, []).append(ClassId(file, number))
        return found

    def of_forms(self, fn: Fn) -> Iterator[tuple[Role, Fn]]:
        """What the form requests demand that a handler is handed: each runs its ``authorize`` before the handler does."""
        scope = self.evaluator.scope
        for param in self.program.body(fn).params if self.program.language(fn.file) == "php" else ():
            if not param.type.endswith("Request"):
                continue
            named = scope.dotted(fn.file, param.type.lstrip("?\\").replace("\\", "."))
            cls = named.cls if isinstance(named, ClassV) else None
            if cls is None or _FORM not in scope.foreign_bases(cls):
                continue
            asks = scope.method(cls, _VERDICT)
            if asks is not None and (role := self.verdict(asks)):
                yield role, asks

    def of_call(self, fn: Fn, i: int) -> Fn | None:
        """The method of a policy that a call runs: ``$this->authorize('update', $order)`` is ``OrderPolicy::update``."""
        body = self.program.body(fn)
        if self.program.language(fn.file) != "php" or body.called(i) not in _ASKED or len(body.call(i)[1]) != 2:
            return None
        ability, about = (v for _, v in body.call(i)[1])
        name = constant(self.evaluator.value(fn, ability))
        policy = f"{_kind(self.evaluator.value(fn, about), self.program) or _called(body, about)}Policy"
        if not name or not name.replace("-", "_").replace(" ", "_").isidentifier() or len(policy) <= len("Policy"):
            return None
        wanted = snake(name.replace("-", "_").replace(" ", "_")).replace("_", "")
        for cls in self._named.get(policy, ()):
            for method, found in self.program.methods(cls).items():
                if method.lower() == wanted:
                    return found
        return None

    def of_member(self, cls: ClassId) -> Role | None:
        """Who holds the right that a class names in a member, for a mix-in of ours to ask for: ``permission = 'can_change_orders'``."""
        at = (cls.file, self.program.cls(cls).line)
        return highest(told([static_member(self.evaluator.scope, ClassV(at, cls), member, at)]) for member in _RIGHTS)

    def insisted(self, fn: Fn, i: int) -> Role | None:
        """What a call demands whose answer nobody waits for: by the policy that it runs, by what authority is asked over, by the right that
        it is told."""
        body = self.program.body(fn)
        if body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD) or not _DEMANDING.fullmatch(snake(body.called(i))):
            return None
        policy = self.of_call(fn, i)
        if policy is not None:
            return self.verdict(policy)
        given = [self.evaluator.value(fn, v) for _, v in body.call(i)[1]]
        plain = snake(body.called(i)) in _BARE
        return "staff" if not plain and any(over_the_seller(v, self.program) for v in given) else told(given)

    def of_callback(self, call: Result, given: list[Value]) -> Role | None:
        """What the function demands that a guard is told to ask:
        ``withAuth({ callbacks: { authorized: ({ token }) => token?.role === 'admin' } })``."""
        for value in given:
            callbacks = self.evaluator.member(value, "callbacks", call.at) if isinstance(value, Record) else None
            asked = self.evaluator.member(callbacks, "authorized", call.at) if callbacks is not None else None
            for option in options(asked) if asked is not None else ():
                if isinstance(option, FunctionV):
                    return self.verdict(option.fn)
        return None

    def verdict(self, fn: Fn) -> Role | None:
        """The least that somebody must be for a method to answer that he may; None when it lets anybody pass."""
        if fn not in self._verdicts:
            self._verdicts[fn] = None
            self._verdicts[fn] = self._read(fn)
        return self._verdicts[fn]

    def _read(self, fn: Fn) -> Role | None:
        body = self.program.body(fn)
        facts = Facts(body, lambda _: False)
        found: list[Role | None] = []
        for end, held in facts.ends():
            given = body.args(end)[0] if end >= 0 else -1
            const = body.const(given) if given >= 0 else None
            if given < 0 or (const is not None and const[1].lower() in ("false", "null", "none", "0")):
                continue
            passed: list[Role | None] = []
            for fact in held:
                if isinstance(fact, Condition) and fact.truth:
                    passed.append(self._asks(fn, fact.instr))
                elif isinstance(fact, Either):
                    passed.append(lowest([self._asks(fn, c.instr) if c.truth else None for c in fact.conditions]))
            if const is None or const[0] != Kind.BOOL:
                passed.append(self._answered(fn, given))
            found.append(highest(passed))
        return lowest(found)

    def _answered(self, fn: Fn, i: int) -> Role | None:
        """What is true when an answer is: each side of an ``and``, either side of an ``or``."""
        body = self.program.body(fn)
        i = body.bare(i)
        if body.op[i] == Op.CHOICE and body.text(body.args(i)[0]) == "or":
            return lowest([self._answered(fn, v) for v in body.args(i)[1:]])
        return highest([self._asks(fn, one) for one in holding(body, i, True)])


def _kind(value: Value, program: Program) -> str:
    for option in options(value):
        if isinstance(option, Member) and option.name == "class":  # ``Order::class``
            return _kind(option.base, program)
        if isinstance(option, (ClassV, Instance)):
            return program.cls(option.cls).name
        text = constant(option) or (option.name.removesuffix(".class").replace(".", "\\") if isinstance(option, External) else None)
        if text and "\\" in text:
            return text.rpartition("\\")[2]
    return ""


def _called(body: Body, i: int) -> str:
    """The kind that a variable is named after: ``$order``."""
    name = body.name(i).rpartition(".")[2].lstrip("$") if body.op[i] in (Op.NAME, Op.FIELD) else ""
    return "".join(part.capitalize() for part in snake(name).split("_"))
