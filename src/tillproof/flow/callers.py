"""Who calls a function, found by name in the text and then by what the callee's value is; in a roundabout way where nobody names it."""

from tillproof.flow.above import names_above
from tillproof.flow.alike import of_row
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.fixed import THIS
from tillproof.flow.left_open import lands_in
from tillproof.flow.parameters import parameter
from tillproof.flow.program import TOP, Fn, Program
from tillproof.flow.roundabout import Roundabout
from tillproof.flow.values import ClassV, Ctx, FunctionV, Instance, Member, Param, options
from tillproof.ir.ops import Op

_LIMIT = 60
_MOST_CONTEXTS = 300
_MAKERS = 8
_CONSTRUCTORS = ("__init__", "constructor", "__construct")


class Callers:
    """Call sites of the repository's functions."""

    def __init__(self, program: Program, evaluator: Evaluator) -> None:
        self.program = program
        self.evaluator = evaluator
        self._memo: dict[Fn, list[tuple[Fn, int, FunctionV]]] = {}
        self._handed: set[tuple[Fn, int, Fn]] = set()
        self._roundabout = Roundabout(program, evaluator)

    def of(self, fn: Fn) -> list[tuple[Fn, int, FunctionV]]:
        """(caller, call instruction, callee as that call sees it), in order of file and line."""
        if fn not in self._memo:
            self._memo[fn] = []
            self._memo[fn] = self._find(fn) or self._in_a_roundabout_way(fn)
        return self._memo[fn]

    def _in_a_roundabout_way(self, fn: Fn) -> list[tuple[Fn, int, FunctionV]]:
        if fn.number == TOP:
            return []
        calls = self._roundabout.of(fn)
        self._handed.update((call.caller, call.instr, fn) for call in calls if call.handed)
        return [(call.caller, call.instr, call.target) for call in calls]

    def context(self, fn: Fn, caller: Fn, call: int, target: FunctionV, parent: Ctx | None) -> Ctx:
        """The context of a function in a call of it, or in one that it is handed to."""
        return self.evaluator.context(target, caller, call, parent, (caller, call, fn) in self._handed)

    def _find(self, fn: Fn) -> list[tuple[Fn, int, FunctionV]]:
        name = self.program.name(fn)
        if not name or name == "<top>":
            return []
        owner = self.program.owner(fn)
        constructing = name in _CONSTRUCTORS and owner is not None
        word = self.program.cls(owner).name if constructing and owner else name
        language = self.program.language(fn.file)
        found: list[tuple[Fn, int, FunctionV]] = []
        for file in self.program.mentioning(word):
            if self.program.language(file) != language:
                continue
            for caller in self.program.functions_calling_name(file, word):
                found += self._calls_in(caller, fn, word, constructing)
                if len(found) >= _LIMIT:
                    return found
        return found

    def _calls_in(self, caller: Fn, fn: Fn, word: str, constructing: bool) -> list[tuple[Fn, int, FunctionV]]:
        body = self.program.body(caller)
        out: list[tuple[Fn, int, FunctionV]] = []
        for i in self.program.calls(caller).get(word, ()):
            callee = body.args(i)[0]
            if constructing:
                made = self.evaluator.value(caller, i)
                out += [
                    (caller, i, FunctionV(option.at, fn, None, option))
                    for option in options(made)
                    if isinstance(option, Instance) and self.evaluator.scope.method(option.cls, self.program.name(fn)) == fn
                ]
                continue
            for option in options(self.evaluator.value(caller, callee)):
                target: FunctionV | None = option if isinstance(option, FunctionV) else None
                if isinstance(option, Member):  # of a row that was looked up: `Product.objects.get(…).take(2)`
                    target = of_row(self.evaluator.scope, option) or self._given(option, fn)
                if target is not None and target.fn == fn:
                    out.append((caller, i, target))
                    break
            else:
                if (cls := lands_in(self.evaluator.scope, caller, i, fn)) is not None:
                    at = (caller.file, body.line[i])
                    out.append((caller, i, FunctionV(at, fn, None, Instance(at, cls))))
        return out

    def _given(self, member: Member, fn: Fn) -> FunctionV | None:
        """A method of what a constructor is given, where its declaration does not say of which class that is: ``self.gateway.charge``."""
        param = member.base
        if not isinstance(param, Param) or param.type is not None or self.program.name(param.fn) not in _CONSTRUCTORS:
            return None
        for caller, call, target in self.of(param.fn)[:_MAKERS]:
            frame = self.evaluator.frame(param.fn, self.context(param.fn, caller, call, target, None))
            for given in options(parameter(self.evaluator, frame, param.number, param.at)):
                if isinstance(given, Instance) and self.evaluator.scope.method(given.cls, member.name) == fn:
                    return FunctionV(member.at, fn, None, given)
        return None

    def above(self, fn: Fn, ctx: Ctx | None) -> list[Ctx]:
        """The contexts of a function that know one call more than ``ctx`` does; none when nothing calls its outermost caller."""
        top = self.outermost(fn, ctx)
        return self.below(ctx, [self.context(top, caller, call, target, None) for caller, call, target in self.of(top)])

    def outermost(self, fn: Fn, ctx: Ctx | None) -> Fn:
        """The outermost caller of a function that a context knows; the function itself without one."""
        return list(ctx.chain())[-1].caller if ctx else fn

    def below(self, ctx: Ctx | None, roots: list[Ctx]) -> list[Ctx]:
        """The contexts that ``ctx`` is when its outermost caller runs in one of ``roots``; none in a recursion."""
        chain = list(ctx.chain()) if ctx else []
        if any(link.fn == root.fn for link in chain for root in roots):
            return []
        return [one for root in roots if (one := self._rooted(chain, root)) is not None]

    def _rooted(self, chain: list[Ctx], root: Ctx) -> Ctx | None:
        """The same calls, innermost first in ``chain``, with one more around them; None where the object that this one is made on answers
        one of them with a method of its own. Calls on the object itself are made on the object of the call around them."""
        for link in reversed(chain):
            this = link.this
            of_itself = self._on_itself(link)
            if of_itself and isinstance(root.this, (ClassV, Instance)):
                if of_itself != "parent" and not self._answers(root.this, link.fn):
                    return None
                this = root.this
            target = FunctionV((link.caller.file, 1), link.fn, link.outer, this)
            root = self.evaluator.context(target, link.caller, link.call, root, link.callback)
        return root

    def _on_itself(self, link: Ctx) -> str:
        """The word by which a method calls one of its own object, ``static::send()``, ``$this->send()``; empty for every other call."""
        body = self.program.body(link.caller)
        callee = body.args(link.call)[0]
        if link.callback or body.op[callee] != Op.FIELD:
            return ""
        if names_above(self.program, link.caller, body, body.args(callee)[0]):
            return "parent"
        if body.op[body.args(callee)[0]] != Op.NAME:
            return ""
        word = body.name(body.args(callee)[0])
        if word == "self" and self.program.language(link.caller.file) == "php":
            return "parent"  # no class derived from this one answers either
        return word if word in THIS else ""

    def _answers(self, this: ClassV | Instance, fn: Fn) -> bool:
        """Whether an object may answer a call with that very method: its class has it, or one derived from its class."""
        if self.evaluator.scope.method(this.cls, self.program.name(fn)) == fn:
            return True
        exact = isinstance(this, ClassV) or this.made is not None
        return not exact and any(f == fn for f, _ in self.evaluator.scope.overrides(this.cls, self.program.name(fn)))

    def contexts(self, fn: Fn, levels: int = 1) -> list[Ctx]:
        """Contexts in which a function runs, one per call site, ``levels`` calls up; none when nothing calls it."""
        out: list[Ctx] = []
        for caller, call, target in self.of(fn):
            above: list[Ctx | None] = [None]
            if levels > 1:
                above = [c for c in self.contexts(caller, levels - 1) if all(x.fn != fn for x in c.chain())] or [None]
            out += [self.context(fn, caller, call, target, parent) for parent in above]
            if len(out) > _MOST_CONTEXTS:
                break
        return out[:_MOST_CONTEXTS]
